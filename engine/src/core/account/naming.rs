//! The names that people give themselves. When a contact takes another name than the one this person knows, the chat says so,
//! so that nobody takes the contact for somebody else.

use parley_protocol::ids::{AccountId, MessageId};

use crate::core::Engine;
use crate::core::channel::reading::At;
use crate::domain::conversation::{ConversationKey, id_of, marked};
use crate::domain::message::{Message, MessageBody};

impl Engine {
    /// An account tells its name, in an entry of a log.
    pub(in crate::core) fn name_came(&mut self, account: &AccountId, name: String, at: At) {
        let Some(contact) = self.contacts.get_mut(account) else { return };
        let before = contact.name.replace(name.clone());
        self.save_contact(account);
        let heard = self.consents_to(account);
        self.show_member(account);
        if let Some(from) = before.filter(|before| heard && *before != name) {
            self.say_renamed(account, at, MessageBody::Renamed { from, to: name });
        }
    }

    /// The line stands where the name was heard, and neither moves the chat up in the list nor brings it back into the list.
    fn say_renamed(&mut self, peer: &AccountId, at: At, body: MessageBody) {
        let At { log, seq, stored } = at;
        let id = MessageId(self.random.array());
        let message = Message { id, time: stored, stored, log: marked(&log), seq, author: None, body };
        if self.is_deleted(&ConversationKey::Peer(*peer), &message) {
            return;
        }
        let conversation = id_of(peer);
        self.store_message(conversation, &message);
        let view = self.message_view(conversation, &message);
        self.changed.messages.or_default(conversation).push(view);
    }
}
