//! Handles the removal of this device from its account. The engine deletes the device's keys, state and messages at once.
//! Texts that were written on this device and exist nowhere else stay, sealed under the same key, until the person erases
//! them: the views can show and copy them. The engine never sends them, because nothing that a removed device signs counts.

use crate::core::Engine;
use crate::core::relay_session::steady::Moment;
use crate::domain::content::{Body, Sync};
use crate::domain::outbox::OutboxEntry;
use crate::io::{Input, Output};
use crate::records::keys;
use crate::table::Table;
use crate::view::{
    Command, CommandError, ConversationId, Event, KeptState, KeptText, RemovedView, Reply, Request,
};

/// A removed device with nothing to keep waits this long, in milliseconds, for texts in composers.
const LAST_WORDS: u64 = 2_000;

/// What a removed device still has.
#[derive(Debug, Default)]
pub(in crate::core) struct Removed {
    /// The texts that it keeps. As stored.
    pub(in crate::core) kept: RemovedView,
    /// Names of contacts, as long as views may still report texts in their composers.
    names: Table<ConversationId, String>,
    /// The rest of the state is still to be deleted.
    due: bool,
}

impl Removed {
    /// This device was removed before this start.
    pub(in crate::core) fn before(kept: RemovedView) -> Self {
        Self { kept, ..Self::default() }
    }
}

impl Engine {
    /// Another device of the account has removed this one and signed the removal. The rest follows at the end of the input:
    /// the code that led here may still read this device's state.
    pub(in crate::core) fn removed(&mut self) {
        self.removed.get_or_insert_with(|| Removed { due: true, ..Removed::default() });
    }

    /// Deletes what this device has of the account, if this input removed it.
    pub(in crate::core) fn leave_if_removed(&mut self) {
        let due = self.removed.as_mut().is_some_and(|removed| std::mem::take(&mut removed.due));
        if !due {
            return;
        }
        let names = self.conversations.values().filter_map(|conversation| {
            let name = self.contacts.get(conversation.key.peer()?)?.display_name();
            Some((conversation.key.id(), name))
        });
        let names: Table<ConversationId, String> = names.collect();
        let mut texts = self.unsent_texts(&names);
        texts.extend(self.drafts_of_this_device(&names));
        texts.sort_by_key(|text| text.time);
        let sent_requests = std::mem::take(&mut self.device.sent_requests);
        self.forget_account();
        // A view that repeats a request to send a kept text must not double it.
        self.device.sent_requests = sent_requests;
        self.timers = crate::core::Timers::default();
        self.out.wipe();
        self.out.at_once(Output::Close);
        self.removed = Some(Removed { kept: RemovedView { texts }, names, due: false });
        self.timers.last_words = Some(self.steady.after(LAST_WORDS));
        self.keep();
    }

    /// Texts that wait to be sent and were not deleted.
    fn unsent_texts(&self, names: &Table<ConversationId, String>) -> Vec<KeptText> {
        let kept = |number: u64, entry: &OutboxEntry| {
            let (part, again) = match &entry.body {
                Body::Part(part) => (part, false),
                // The relay has lost the text, or its log ended: it was sent once.
                Body::Again(again) => (&again.part, true),
                _ => return None,
            };
            let text = part.text()?.to_owned();
            let conversation = entry.conversation.id();
            let unsure = again || entry.sealed.is_some() && !entry.failed;
            (!self.is_deleted_waiting(number)).then(|| KeptText {
                conversation,
                name: names.get(&conversation).cloned().unwrap_or_default(),
                time: entry.time,
                text,
                state: if unsure { KeptState::Unsure } else { KeptState::Unsent },
            })
        };
        self.outbox.iter().filter_map(|(number, entry)| kept(*number, entry)).collect()
    }

    /// Drafts that the account's other devices may lack: only what has left the outbox is at the relay.
    fn drafts_of_this_device(&self, names: &Table<ConversationId, String>) -> Vec<KeptText> {
        let on_its_way = |entry: &OutboxEntry, key| matches!(&entry.body, Body::Sync(Sync::Draft(draft)) if draft.conversation == key);
        let drafts = self.account_data.iter().filter(|(key, account_data)| {
            let told = self.draft_setting.is_on()
                && account_data.told
                && !self.outbox.values().any(|entry| on_its_way(entry, **key));
            !told && !account_data.draft.text.trim().is_empty()
        });
        drafts
            .map(|(key, account_data)| {
                let conversation = key.id();
                KeptText {
                    conversation,
                    name: names.get(&conversation).cloned().unwrap_or_default(),
                    time: account_data.draft.edited,
                    text: account_data.draft.text.clone(),
                    state: KeptState::Draft,
                }
            })
            .collect()
    }

    /// Stores the kept texts, and tells the views.
    fn keep(&mut self) {
        let Some(kept) = self.removed.as_ref().map(|removed| &removed.kept) else { return };
        if kept.texts.is_empty() {
            self.state.delete(keys::KEPT);
        } else {
            self.save(keys::KEPT, kept);
        }
        self.tell_what_is_kept();
    }

    fn tell_what_is_kept(&mut self) {
        if let Some(removed) = &self.removed {
            self.out.push(Output::Event(Event::Removed(removed.kept.clone())));
        }
    }

    /// Handles the few inputs that a removed device still takes.
    pub(in crate::core) fn take_when_removed(&mut self, input: Input) {
        match input {
            Input::View(request) => self.command_when_removed(request),
            Input::Connected => self.out.at_once(Output::Close),
            Input::Timer => {
                let now = self.steady;
                self.timers.told = None;
                self.timers.overdue = false;
                let due = |timer: &mut Option<Moment>| timer.take_if(|at| *at <= now).is_some();
                if due(&mut self.timers.storage) {
                    self.out.offer_again();
                }
                if due(&mut self.timers.last_words) {
                    self.last_words_are_over();
                }
            }
            _ => {}
        }
    }

    fn command_when_removed(&mut self, request: Request) {
        let Request { id, command } = request;
        let done = match command {
            Command::Subscribe => {
                self.tell_what_is_kept();
                Ok(Reply::Snapshot(self.snapshot()))
            }
            Command::SetDraft { conversation, text, over } => {
                self.forget_kept_draft(conversation, [&text, &over]);
                self.keep_text(conversation, text, KeptState::Draft)
            }
            Command::SendText { .. } if self.device.sent_requests.contains(&id) => Ok(Reply::Done),
            Command::SendText { conversation, text, .. } => {
                self.device.sent_requests.push_back(id);
                self.keep_text(conversation, text, KeptState::Unsent)
            }
            Command::EraseKept => return self.erase_device(),
            _ => Err(CommandError::NoAccount),
        };
        self.reply(id, done.unwrap_or_else(Reply::Failed));
    }

    /// A draft replaces the one that its view knew, and no other: several views may have had one.
    fn forget_kept_draft(&mut self, conversation: ConversationId, texts: [&str; 2]) {
        if let Some(removed) = &mut self.removed {
            let is_it = |kept: &KeptText| kept.conversation == conversation && kept.state == KeptState::Draft;
            removed.kept.texts.retain(|kept| !(is_it(kept) && texts.contains(&kept.text.as_str())));
        }
    }

    /// A view had a text in a composer when this device was removed, or was about to send it.
    fn keep_text(
        &mut self,
        conversation: ConversationId,
        text: String,
        state: KeptState,
    ) -> Result<Reply, CommandError> {
        let time = self.now;
        let removed = self.removed.as_mut().ok_or(CommandError::NoAccount)?;
        let name = removed.names.get(&conversation).cloned().ok_or(CommandError::UnknownConversation)?;
        if !text.trim().is_empty() {
            removed.kept.texts.push(KeptText { conversation, name, time, text, state });
        }
        self.keep();
        Ok(Reply::Done)
    }

    /// Composers report nothing more: if there is nothing to keep, nothing of this device stays.
    fn last_words_are_over(&mut self) {
        if self.removed.as_ref().is_some_and(|removed| removed.kept.texts.is_empty()) {
            self.erase_device();
        }
    }

    /// The person erases the kept texts, or there are none.
    fn erase_device(&mut self) {
        self.erased = true;
        self.out.abandon();
        self.out.at_once(Output::Erase);
    }
}
