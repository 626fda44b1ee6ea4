//! Restores a backup file of this account: adds what this device lacks. Nothing that is on this device changes, except
//! settings of which the file has newer ones.

use parley_protocol::ids::{AccountId, LogId};

use super::Engine;
use crate::backup::{Item, Known, Place};
use crate::domain::content::{History, Part};
use crate::domain::conversation::{ConversationKey, beside};
use crate::domain::message::Message;
use crate::records::keys;
use crate::table::Table;

/// Nothing was stored later than this, in milliseconds since 1970: the places of waiting texts are behind it.
const LATEST: u64 = 1 << 53;

/// Whether a message is one that one of the two wrote, as this app stores it.
pub(super) fn is_sound(message: &Message, own: &AccountId, peer: &AccountId) -> bool {
    let by_either = message.is_by(own) || message.is_by(peer);
    by_either && is_said(message) && message.stored.0 < LATEST
}

/// The same in a group: a member wrote it, or it is a line.
fn is_sound_in_group(message: &Message) -> bool {
    let said = message.author.is_some() && is_said(message);
    (said || message.author.is_none() && message.is_history()) && message.stored.0 < LATEST
}

/// Whether somebody wrote a message, or it was deleted for everyone since.
fn is_said(message: &Message) -> bool {
    message.is_trace() || message.part().is_some_and(Part::is_sound)
}

impl Engine {
    /// `removed`: the device that saved the file was removed from the account.
    pub(super) fn restore_item(&mut self, item: Item, removed: bool) {
        match item {
            Item::Settings(settings) => {
                if self.account.as_ref().is_some_and(|account| settings.version > account.profile) {
                    self.settings_came(&settings);
                }
            }
            Item::Known(known) => self.restore_known(known, removed),
            Item::History(history) => self.restore_history(history, removed),
            // A removed device may have been stolen; the engine deletes nothing on its word.
            Item::Deleted(deleted) if !removed => self.take_item(Item::Deleted(deleted)),
            Item::Stance(told) if !removed || told.is_refusal() => self.take_item(Item::Stance(told)),
            // The person has chosen the file: an account in it is no stranger, unless the person decided otherwise here.
            Item::Stance(told) => self.knew_before(&told.account),
            Item::Token(token) if !removed => self.take_item(Item::Token(token)),
            Item::Group(card) => self.take_item(Item::Group(card)),
            Item::Deleted(_) | Item::Token(_) | Item::Newer => {}
        }
    }

    /// Adds a contact that this device does not know; of known contacts this device knows better. The word of a removed
    /// device verifies nobody: it may have been stolen, and the contact be made up.
    fn restore_known(&mut self, mut known: Known, removed: bool) {
        known.card.verified &= !removed;
        self.knew_before(&known.card.account);
        if !self.contacts.contains_key(&known.card.account) {
            self.take_item(Item::Known(known));
        }
    }

    /// A removed device may have been stolen; the engine edits and deletes nothing on its word either.
    fn restore_history(&mut self, history: History, removed: bool) {
        let key = history.conversation;
        let Some(conversation) = self.conversation_of_history(&key) else { return };
        self.receipts_told(&key, &history.receipts);
        let Some(own) = self.account.as_ref().map(|account| account.id) else { return };
        let sound = |message: &Message| match &key {
            ConversationKey::Peer(peer) => is_sound(message, &own, peer),
            ConversationKey::Group(_) => is_sound_in_group(message),
        };
        for message in history.messages.into_iter().filter(sound) {
            if self.is_deleted_history(&key, &message) || removed && message.relation().is_some() {
                continue;
            }
            if message.is_by(&own) {
                self.own_text_came(&message.log, message.seq, message.id);
            }
            let message = self.at_its_place(message);
            let Some(taking) = &mut self.files.taking else { return };
            if !taking.seen.add(conversation, &message) {
                continue;
            }
            taking.added = taking.added.saturating_add(1);
            self.put_into_history(conversation, &message);
            self.note_for_backup(conversation, message.order());
        }
        self.save_conversation(conversation);
    }

    /// A message that the contact was asked to send again gets the place that it has when it comes again, so that the chat
    /// has it once.
    fn at_its_place(&self, message: Message) -> Message {
        let asked = self.transcripts.get(&message.log).and_then(|transcript| transcript.asked);
        let comes_again = !self.is_mine(&message) && asked.is_some_and(|after| message.seq > after);
        if comes_again { Message { log: beside(&message.log), ..message } } else { message }
    }

    /// The account has come back without a backup: takes the logs of the file, as it would those of a backup.
    pub(super) fn take_logs_of_file(&mut self, logs: &Table<LogId, Place>) {
        if self.state.get_bytes(keys::UNASKED).is_some() {
            self.old_logs(logs);
        }
    }

    /// Asks everybody for what they have written since the file was saved.
    pub(super) fn ask_since_file(&mut self, logs: &Table<LogId, Place>) {
        if self.state.get_bytes(keys::UNASKED).is_some() {
            self.state.delete(keys::UNASKED);
            self.ask_for_what_came_since(logs);
            self.resume();
        }
    }
}

#[cfg(test)]
mod tests {
    use parley_protocol::ids::{AccountId, UnixMillis};
    use parley_protocol::limits::MAX_TEXT;

    use super::{LATEST, is_sound};
    use crate::domain::content::Part;
    use crate::domain::message::tests::message as any_message;
    use crate::domain::message::{Gap, Message, MessageBody};

    const OWN: AccountId = AccountId([8; 32]);
    const PEER: AccountId = AccountId([7; 32]);

    fn text(length: usize) -> MessageBody {
        MessageBody::Part(Part::of_text("x".repeat(length)))
    }

    fn message(body: MessageBody, stored: u64) -> Message {
        Message { stored: UnixMillis(stored), body, ..any_message() }
    }

    #[test]
    fn only_messages_as_this_app_stores_them_are_taken_from_a_file() {
        for (body, stored) in [(text(1), 0), (text(MAX_TEXT), 1), (text(1), LATEST - 1)] {
            assert!(is_sound(&message(body, stored), &OWN, &PEER));
        }
        let gap = MessageBody::Gap(Gap::Missing);
        for (body, stored) in [(text(0), 1), (text(MAX_TEXT + 1), 1), (text(1), LATEST), (gap, 1)] {
            assert!(!is_sound(&message(body, stored), &OWN, &PEER));
        }
    }

    #[test]
    fn what_neither_of_the_two_said_is_not_taken() {
        let message = message(text(1), 1);
        assert!(is_sound(&message, &PEER, &OWN));
        assert!(!is_sound(&message, &AccountId([6; 32]), &PEER));
        assert!(!is_sound(&Message { author: None, ..message }, &OWN, &PEER));
    }

    #[test]
    fn what_a_newer_version_wrote_is_taken_as_it_is() {
        let newer = MessageBody::Part(Part::newer("edited"));
        assert!(is_sound(&message(newer, 1), &OWN, &PEER));
    }
}
