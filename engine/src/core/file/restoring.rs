//! A file of this account: what is not here is added. Nothing that is here changes, but settings of which the file has newer
//! ones.

use parley_protocol::ids::LogId;

use super::Engine;
use crate::backup::{Item, Known, Place};
use crate::content::History;
use crate::conversation::beside;
use crate::message::Message;
use crate::records::keys;
use crate::table::Table;
use crate::view::BodyView;

/// Nothing was stored later than this, in milliseconds since 1970: what waits to be sent stands behind it.
const LATEST: u64 = 1 << 53;

/// Whether it is a message as this app stores them.
pub(super) fn is_sound(message: &Message) -> bool {
    let text = match &message.body {
        BodyView::Text(text) => text,
        BodyView::Newer | BodyView::Gap(_) | BodyView::Renamed { .. } | BodyView::KeysChanged(_) => {
            return false;
        }
    };
    !text.is_empty() && text.len() <= parley_protocol::limits::MAX_TEXT && message.stored.0 < LATEST
}

impl Engine {
    /// `removed`: the device that saved the file is out of the account.
    pub(super) fn restore_item(&mut self, item: Item, removed: bool) {
        match item {
            Item::Settings(settings) => {
                if self.account.as_ref().is_some_and(|account| settings.version > account.profile) {
                    self.settings_came(&settings);
                }
            }
            Item::Known(known) => self.restore_known(known, removed),
            Item::History(history) => self.restore_history(history),
            // A removed device may have been stolen, and must not have anything deleted.
            Item::Deleted(deleted) if !removed => self.take_item(Item::Deleted(deleted)),
            Item::Stance(told) if !removed || told.is_refusal() => self.take_item(Item::Stance(told)),
            // The person has chosen the file: whoever stands in it is no stranger, unless somebody here said otherwise.
            Item::Stance(told) => self.knew_before(&told.account),
            Item::Token(token) if !removed => self.take_item(Item::Token(token)),
            Item::Deleted(_) | Item::Token(_) | Item::Newer => {}
        }
    }

    /// Somebody whom this device does not know; of those whom it knows, it knows better. Nobody is verified because a
    /// removed device says so: it may have been stolen, and the contact be made up.
    fn restore_known(&mut self, mut known: Known, removed: bool) {
        known.card.verified &= !removed;
        self.knew_before(&known.card.account);
        if !self.contacts.contains_key(&known.card.account) {
            self.take_item(Item::Known(known));
        }
    }

    fn restore_history(&mut self, history: History) {
        let peer = history.peer;
        let Some(conversation) = self.conversation_of_history(&peer) else { return };
        self.receipts_told(&peer, &history.receipts);
        for message in history.messages.into_iter().filter(is_sound) {
            if self.is_deleted_history(&peer, &message) {
                continue;
            }
            if message.own {
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

    /// What the other was asked to send again takes the place that it has when it comes again, so that it is there once.
    fn at_its_place(&self, message: Message) -> Message {
        let asked = self.trails.get(&message.log).and_then(|trail| trail.asked);
        let comes_again = !message.own && asked.is_some_and(|after| message.seq > after);
        if comes_again { Message { log: beside(&message.log), ..message } } else { message }
    }

    /// The account has come back without a backup: the logs of the file are known from now on, as those of a backup would be.
    pub(super) fn take_logs_of_file(&mut self, logs: &Table<LogId, Place>) {
        if self.state.get_bytes(keys::UNASKED).is_some() {
            self.old_logs(logs);
        }
    }

    /// And everybody is asked for what they wrote since the file was saved.
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
    use parley_protocol::ids::{LogId, MessageId, Seq, UnixMillis};
    use parley_protocol::limits::MAX_TEXT;

    use super::{LATEST, is_sound};
    use crate::message::Message;
    use crate::view::{BodyView, Gap};

    fn message(body: BodyView, stored: u64) -> Message {
        Message {
            id: MessageId([1; 16]),
            time: UnixMillis(1),
            stored: UnixMillis(stored),
            log: LogId([2; 16]),
            seq: Seq(1),
            own: false,
            body,
        }
    }

    #[test]
    fn only_messages_as_this_app_stores_them_are_taken_from_a_file() {
        let text = |length| BodyView::Text("x".repeat(length));
        for (body, stored) in [(text(1), 0), (text(MAX_TEXT), 1), (text(1), LATEST - 1)] {
            assert!(is_sound(&message(body, stored)));
        }
        let gap = BodyView::Gap(Gap::Missing);
        for (body, stored) in
            [(text(0), 1), (text(MAX_TEXT + 1), 1), (text(1), LATEST), (gap, 1), (BodyView::Newer, 1)]
        {
            assert!(!is_sound(&message(body, stored)));
        }
    }
}
