//! What was written and not sent: kept here, and, where the person wants that, in step on the account's devices.

use parley_protocol::ids::{AccountId, UnixMillis};
use parley_protocol::limits::MAX_TEXT;

use super::Engine;
use crate::content::{Body, Sync};
use crate::conversation::id_of;
use crate::draft::{Draft, DraftNews, DraftSetting};
use crate::outbox::OutboxEntry;
use crate::records::keys;
use crate::table::Table;
use crate::view::{CommandError, ConversationId, Reply};

/// How long a draft waits for more before the other devices are told, in milliseconds.
const PAUSE: u64 = 2_000;

/// Of all conversations, by the other account.
#[derive(Default)]
pub(super) struct Drafts {
    pub(super) known: Table<AccountId, Draft>,
    pub(super) setting: DraftSetting,
}

impl Engine {
    pub(super) fn set_draft(
        &mut self,
        conversation: ConversationId,
        text: String,
    ) -> Result<Option<Reply>, CommandError> {
        let peer = self.conversations.get(&conversation).map(|conversation| conversation.peer);
        let peer = peer.ok_or(CommandError::UnknownConversation)?;
        if text.len() > MAX_TEXT {
            return Err(CommandError::TextLength);
        }
        self.edit_draft(&peer, text);
        self.tell_drafts_soon();
        Ok(Some(Reply::Done))
    }

    /// If there is anything to tell, and nobody is waiting to tell it.
    pub(super) fn tell_drafts_soon(&mut self) {
        let untold = self.drafts.setting.on && self.drafts.known.values().any(|draft| !draft.told);
        if untold && self.timers.drafts.is_none() {
            self.timers.drafts = Some(UnixMillis(self.now.0.saturating_add(PAUSE)));
        }
    }

    fn edit_draft(&mut self, peer: &AccountId, text: String) {
        let now = self.now;
        if self.draft_of(peer) == text {
            return;
        }
        if let Some(draft) = self.drafts.known.or_default(*peer) {
            draft.edit(text, now);
        }
        self.save_draft(peer);
    }

    fn save_draft(&mut self, peer: &AccountId) {
        if let Some(draft) = self.drafts.known.get(peer) {
            self.save(&keys::draft(peer), draft);
            self.changed.conversations.insert(id_of(peer));
        }
    }

    pub(super) fn draft_of(&self, peer: &AccountId) -> &str {
        self.drafts.known.get(peer).map_or("", |draft| &draft.text)
    }

    /// What stood there was sent or deleted.
    pub(super) fn clear_draft(&mut self, peer: &AccountId) {
        self.edit_draft(peer, String::new());
        self.tell_drafts();
    }

    /// The conversation was deleted elsewhere: a draft goes too, but not one that was written after that.
    pub(super) fn drop_draft_before(&mut self, peer: &AccountId, when: UnixMillis) {
        if self.drafts.known.get(peer).is_some_and(|draft| draft.edited <= when) {
            self.clear_draft(peer);
        }
    }

    pub(super) fn set_drafts_in_step(&mut self, on: bool) -> Reply {
        if self.drafts.setting.on != on {
            self.drafts.setting.turn(on);
            self.sync(Sync::DraftSetting(self.drafts.setting));
            self.drafts_turned();
        }
        Reply::Done
    }

    pub(super) fn draft_setting_came(&mut self, setting: DraftSetting) {
        let before = self.drafts.setting.on;
        if self.drafts.setting.take(setting) {
            let turned = self.drafts.setting.on != before;
            self.save_draft_setting();
            if turned {
                self.drafts_turned();
            }
        }
    }

    fn save_draft_setting(&mut self) {
        self.save(keys::DRAFT_SETTING, &self.drafts.setting);
        self.changed.account = true;
    }

    fn drafts_turned(&mut self) {
        self.save_draft_setting();
        if self.drafts.setting.on {
            self.tell_all_drafts();
        } else {
            self.take_back_drafts(|_| true);
        }
    }

    /// Tells the other devices what they have not been told.
    pub(super) fn tell_drafts(&mut self) {
        self.timers.drafts = None;
        let untold = |draft: &Draft| !draft.told;
        self.tell_drafts_that(untold);
    }

    /// Tells them all, because one of them is new or they have not been in step.
    pub(super) fn tell_all_drafts(&mut self) {
        if self.drafts.setting != DraftSetting::default() {
            self.sync(Sync::DraftSetting(self.drafts.setting));
        }
        self.tell_drafts_that(|draft| !draft.told || !draft.text.is_empty());
    }

    fn tell_drafts_that(&mut self, wanted: impl Fn(&Draft) -> bool) {
        if !self.drafts.setting.on {
            return;
        }
        let all = self.drafts.known.iter().filter(|(_, draft)| wanted(draft));
        let news = |(peer, draft): &(AccountId, Draft)| DraftNews {
            peer: *peer,
            text: draft.text.clone(),
            edited: draft.edited,
        };
        let all: Vec<DraftNews> = all.map(news).collect();
        for news in all {
            let peer = news.peer;
            if let Some(draft) = self.drafts.known.or_default(peer) {
                draft.told = true;
            }
            self.save_draft(&peer);
            self.take_back_drafts(|waiting| waiting.peer == peer);
            self.sync(Sync::Draft(news));
        }
    }

    /// Drafts that were not encrypted yet are not told any more.
    fn take_back_drafts(&mut self, which: impl Fn(&DraftNews) -> bool) {
        let is_it = |entry: &OutboxEntry| match &entry.body {
            Body::Sync(Sync::Draft(news)) => entry.sealed.is_none() && which(news),
            _ => false,
        };
        let numbers: Vec<u64> =
            self.outbox.iter().filter(|(_, entry)| is_it(entry)).map(|(number, _)| *number).collect();
        for number in numbers {
            self.outbox.remove(&number);
            self.save_outbox(number);
        }
    }

    pub(super) fn draft_came(&mut self, news: &DraftNews) {
        if !self.drafts.setting.on || self.is_own_account(&news.peer) || news.text.len() > MAX_TEXT {
            return;
        }
        if self.drafts.known.or_default(news.peer).is_some_and(|draft| draft.take(news)) {
            self.save_draft(&news.peer);
        }
    }
}
