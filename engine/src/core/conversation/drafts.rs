//! Keeps drafts on this device and, if the person wants that, in step on the account's devices.

use parley_protocol::ids::UnixMillis;
use parley_protocol::limits::MAX_TEXT;

use crate::core::Engine;
use crate::domain::content::{Body, Sync};
use crate::domain::conversation::ConversationKey;
use crate::domain::draft::{Draft, DraftSetting};
use crate::domain::outbox::OutboxEntry;
use crate::records::keys;
use crate::view::{CommandError, ConversationId, Reply};

/// How long a changed draft waits for more before the engine tells the other devices, in milliseconds.
const PAUSE: u64 = 2_000;

impl Engine {
    pub(in crate::core) fn set_draft(
        &mut self,
        conversation: ConversationId,
        text: String,
        over: &str,
    ) -> Result<Option<Reply>, CommandError> {
        let key = self.conversations.get(&conversation).map(|conversation| conversation.key);
        let key = key.ok_or(CommandError::UnknownConversation)?;
        if text.len() > MAX_TEXT {
            return Err(CommandError::TextLength);
        }
        // Two views may write at the same time without knowing of each other: the draft of the first is saved, and the other
        // keeps its own.
        let known = self.draft_of(&key);
        if !known.is_empty() && known != over && known != text {
            return Err(CommandError::OtherDraft);
        }
        self.edit_draft(&key, text);
        self.tell_drafts_soon();
        Ok(Some(Reply::Done))
    }

    fn edit_draft(&mut self, key: &ConversationKey, text: String) {
        let now = self.now;
        self.sent_drafts.remove(key);
        if self.draft_of(key) == text {
            return;
        }
        if let Some(account_data) = self.account_data_mut(key) {
            account_data.draft.edit(text, now);
            account_data.told = false;
        }
        self.save_personal(key);
    }

    pub(in crate::core) fn draft_of(&self, key: &ConversationKey) -> &str {
        self.account_data.get(key).map_or("", |account_data| &account_data.draft.text)
    }

    /// The draft of a view was sent: removes the draft, unless another view has saved another one meanwhile.
    pub(in crate::core) fn draft_was_sent(&mut self, key: &ConversationKey, text: &str, over: &str) {
        let draft = self.draft_of(key);
        let as_it_stood = !draft.is_empty() && draft.trim() == text.trim();
        if as_it_stood || draft == over {
            self.clear_draft(key);
        }
        if as_it_stood {
            self.sent_drafts.insert(*key);
        }
    }

    /// Whether the last draft went because it was sent unchanged. The engine forgets this at a restart.
    pub(in crate::core) fn sent_as_it_stood(&self, key: &ConversationKey) -> bool {
        self.sent_drafts.contains(key)
    }

    /// The draft was sent or deleted.
    pub(in crate::core) fn clear_draft(&mut self, key: &ConversationKey) {
        if !self.draft_of(key).is_empty() {
            self.edit_draft(key, String::new());
            self.tell_drafts(false);
        }
    }

    /// The conversation was deleted on another device: removes a draft, unless it was written after that.
    pub(in crate::core) fn drop_draft_before(&mut self, key: &ConversationKey, when: UnixMillis) {
        if self.account_data.get(key).is_some_and(|account_data| account_data.draft.edited <= when) {
            self.clear_draft(key);
        }
    }

    pub(in crate::core) fn set_drafts_in_step(&mut self, on: bool) -> Reply {
        if self.draft_setting.is_on() != on {
            let turned = DraftSetting(self.draft_setting.0.saturating_add(1));
            self.draft_setting_came(turned);
        }
        Reply::Done
    }

    /// The person changed the setting, here or on another device.
    pub(in crate::core) fn draft_setting_came(&mut self, setting: DraftSetting) {
        if setting.0 <= self.draft_setting.0 {
            return;
        }
        self.draft_setting = setting;
        self.save(keys::DRAFT_SETTING, &self.draft_setting);
        self.changed.account = true;
        if !setting.is_on() {
            self.take_back_drafts(None);
        }
        self.tell_drafts(true);
    }

    /// Sets the timer to tell drafts, if there is anything to tell and no timer runs.
    pub(in crate::core) fn tell_drafts_soon(&mut self) {
        let untold =
            self.draft_setting.is_on() && self.account_data.values().any(|account_data| !account_data.told);
        if untold && self.timers.drafts.is_none() {
            self.timers.drafts = Some(self.steady.after(PAUSE));
        }
    }

    /// Tells the other devices the drafts that they do not know; or all drafts and the setting, because one device is new or
    /// the person changed the setting.
    pub(in crate::core) fn tell_drafts(&mut self, all: bool) {
        self.timers.drafts = None;
        if all && self.draft_setting.0 > 0 {
            self.sync(Sync::DraftSetting(self.draft_setting));
        }
        if !self.draft_setting.is_on() {
            return;
        }
        let peers: Vec<ConversationKey> = self.account_data.keys().copied().collect();
        for key in peers {
            let Some(account_data) = self.account_data.get_mut(&key) else { continue };
            if account_data.told && (!all || account_data.draft.text.is_empty()) {
                continue;
            }
            account_data.told = true;
            let draft = account_data.draft.clone();
            self.save_personal(&key);
            self.take_back_drafts(Some(key));
            self.sync(Sync::Draft(draft));
        }
    }

    /// Withdraws drafts (of one conversation) that were not encrypted yet.
    fn take_back_drafts(&mut self, of: Option<ConversationKey>) {
        let is_it = |entry: &OutboxEntry| match &entry.body {
            Body::Sync(Sync::Draft(draft)) => {
                entry.sealed.is_none() && of.is_none_or(|key| key == draft.conversation)
            }
            _ => false,
        };
        let numbers: Vec<u64> =
            self.outbox.iter().filter(|(_, entry)| is_it(entry)).map(|(number, _)| *number).collect();
        for number in numbers {
            self.outbox.remove(&number);
            self.save_outbox(number);
        }
    }

    pub(in crate::core) fn draft_came(&mut self, draft: Draft) {
        let key = draft.conversation;
        if !self.draft_setting.is_on() || self.is_own_conversation(&key) || draft.text.len() > MAX_TEXT {
            return;
        }
        if let Some(account_data) = self.account_data_mut(&key)
            && account_data.draft.take(draft)
        {
            account_data.told = true;
            self.sent_drafts.remove(&key);
            self.save_personal(&key);
        }
    }
}
