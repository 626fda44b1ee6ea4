//! Shows every key change: changes by other devices of the account on this device, and changes of a contact's devices in the
//! chat with that contact.

use parley_protocol::device_log::{Author, Change, SignedEntry};
use parley_protocol::ids::{AccountId, LogId, MessageId, UnixMillis};

use crate::core::Engine;
use crate::domain::conversation::{ConversationKey, id_of, marked};
use crate::domain::message::{Message, MessageBody};
use crate::records::keys;
use crate::view::{KeyChange, OwnKeyChange, Reply};

/// Most changes that the engine keeps until the person has seen them.
const MOST_CHANGES: usize = 16;

impl Engine {
    /// A contact's device log has entries after the first `before`: the chat says what these changed, each kind once.
    pub(in crate::core) fn keys_changed(&mut self, account: &AccountId, before: usize) {
        let Some(contact) = self.contacts.get(account).filter(|_| self.consents_to(account)) else { return };
        let news = contact.log.entries().iter().skip(before).filter_map(|entry| entry.parse().ok());
        let mut said = Vec::new();
        for change in news.filter_map(|body| kind_of(&body.change)) {
            if !said.contains(&change) {
                said.push(change);
            }
        }
        let logs = self.conversations.get(&id_of(account)).map(|it| it.logs.clone()).unwrap_or_default();
        let Some(log) = self.usable_log(&ConversationKey::Peer(*account)).or(logs.last().copied()) else {
            return;
        };
        // After everything else, and no two lines at one place.
        let first = self.relay_time().max(self.reached(&log)).0;
        for (later, change) in (first..).zip(said) {
            self.say_keys_changed(account, &log, UnixMillis(later), change);
        }
    }

    /// The line neither moves the chat up in the list nor brings it back into the list.
    fn say_keys_changed(&mut self, peer: &AccountId, log: &LogId, stored: UnixMillis, change: KeyChange) {
        let conversation = id_of(peer);
        let Some(seq) = self.logs.get(log).map(|log| log.cursor.next()) else { return };
        let log = marked(log);
        let (id, body) = (MessageId(self.random.array()), MessageBody::KeysChanged(change));
        let message = Message { id, time: stored, stored, log, seq, author: None, body };
        self.store_message(conversation, &message);
        let view = self.message_view(conversation, &message);
        self.changed.messages.or_default(conversation).push(view);
    }

    /// The own device log has new entries. The views show a new device separately, until the person says that the device is
    /// theirs.
    pub(in crate::core) fn note_key_changes(&mut self, news: &[SignedEntry]) {
        let Some(own) = self.account.as_ref().map(|account| Author::Device(account.device)) else { return };
        if self.returning.is_some() {
            // The person uses the phrase on this device.
            return;
        }
        for body in news.iter().filter_map(|entry| entry.parse().ok()).filter(|body| body.author != own) {
            match body.change {
                Change::RemoveDevice(device) => {
                    let name = self.notes.of(&device).map(|note| note.name.clone()).unwrap_or_default();
                    self.note_key_change(OwnKeyChange::Removed(name));
                }
                Change::ReplaceRecoveryKey(_) => self.note_key_change(OwnKeyChange::Phrase),
                _ => {}
            }
        }
    }

    fn note_key_change(&mut self, change: OwnKeyChange) {
        if !self.key_changes.contains(&change) && self.key_changes.len() < MOST_CHANGES {
            self.key_changes.push(change);
            self.save(keys::KEY_CHANGES, &self.key_changes);
            self.changed.account = true;
        }
    }

    pub(in crate::core) fn accept_key_changes(&mut self) -> Reply {
        self.key_changes.clear();
        self.save(keys::KEY_CHANGES, &self.key_changes);
        self.changed.account = true;
        Reply::Done
    }
}

const fn kind_of(change: &Change) -> Option<KeyChange> {
    match change {
        Change::AddDevice(_) => Some(KeyChange::Added),
        Change::RemoveDevice(_) => Some(KeyChange::Removed),
        Change::ReplaceRecoveryKey(_) => Some(KeyChange::Phrase),
        Change::Genesis { .. } | Change::RolledBack(_) | Change::Missed(_) => None,
    }
}
