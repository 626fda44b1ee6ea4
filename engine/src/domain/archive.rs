//! Archives: chats of another account that came from a backup file. People can read them, and nothing is ever written into
//! them. This account knows neither the other person nor their keys, so archives are no conversations.

use parley_protocol::ids::{AccountId, UnixMillis};
use parley_protocol::username::Username;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::conversation::{ConversationId, preview};
use crate::domain::message::{Message, MessageBody};
use crate::domain::order::Order;

/// As stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Archive {
    /// The account whose chat it was, and the name that the account gave itself.
    pub(crate) account: AccountId,
    pub(crate) owner: String,
    /// The other person of the chat.
    pub(crate) peer: AccountId,
    pub(crate) name: Option<String>,
    pub(crate) username: Option<Username>,
    pub(crate) changed: UnixMillis,
    pub(crate) last: Option<Newest>,
}

/// The newest message, for the list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Newest {
    pub(crate) order: Order,
    pub(crate) time: UnixMillis,
    pub(crate) body: MessageBody,
    pub(crate) own: bool,
}

impl Archive {
    pub(crate) const fn new(account: AccountId, owner: String, peer: AccountId) -> Self {
        Self { account, owner, peer, name: None, username: None, changed: UnixMillis(0), last: None }
    }

    pub(crate) fn id(&self) -> ConversationId {
        id_of(&self.account, &self.peer)
    }

    /// The name to show for the other person.
    pub(crate) fn display_name(&self) -> String {
        let username = self.username.as_ref().map(ToString::to_string);
        self.name.clone().or(username).unwrap_or_else(|| "Somebody".to_owned())
    }

    pub(crate) fn show(&mut self, message: &Message) {
        let order = message.order();
        if self.last.as_ref().is_none_or(|last| last.order < order) {
            self.changed = message.stored;
            let body = preview(&message.body);
            self.last = Some(Newest { order, time: message.time, body, own: message.is_by(&self.account) });
        }
    }
}

/// The first half of `SHA-256("parley restored 1:1 v1\0" || account || peer)`: never the id of one of this account's
/// conversations.
pub(crate) fn id_of(account: &AccountId, peer: &AccountId) -> ConversationId {
    let mut hash = Sha256::new();
    hash.update(b"parley restored 1:1 v1\0");
    hash.update(account.as_bytes());
    hash.update(peer.as_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    ConversationId(digest.first_chunk::<16>().copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::Part;
    use crate::domain::message::tests::message as any_message;

    fn said(text: &str) -> MessageBody {
        MessageBody::Part(Part::of_text(text.to_owned()))
    }

    fn message(stored: u64, text: &str) -> Message {
        let (time, stored) = (UnixMillis(stored + 1), UnixMillis(stored));
        Message { time, stored, body: said(text), ..any_message() }
    }

    #[test]
    fn the_list_shows_the_newest_message_in_whatever_order_they_come() {
        let mut archive = Archive::new(AccountId([1; 32]), "Ada".to_owned(), AccountId([2; 32]));
        for (stored, shown) in [(5, 5), (9, 9), (7, 9), (9, 9)] {
            archive.show(&message(stored, &format!("{stored}")));
            assert_eq!(archive.changed, UnixMillis(shown));
            let last = archive.last.as_ref().map(|last| (last.time, last.body.clone()));
            assert_eq!(last, Some((UnixMillis(shown + 1), said(&format!("{shown}")))));
        }
    }

    #[test]
    fn somebody_has_a_name_a_username_or_neither() {
        let mut archive = Archive::new(AccountId([1; 32]), "Ada".to_owned(), AccountId([2; 32]));
        assert_eq!(archive.display_name(), "Somebody");
        archive.username = Username::parse("bob").ok();
        assert_eq!(archive.display_name(), "bob");
        archive.name = Some("Bob Martin".to_owned());
        assert_eq!(archive.display_name(), "Bob Martin");
    }
}
