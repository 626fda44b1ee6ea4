//! Conversations: one for each contact, over one log or more (two, when both sides began at the same moment), and one for
//! each group.

use parley_protocol::ids::{AccountId, GroupId, LogId, MessageId, Seq, UnixMillis};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::content::Part;
use crate::domain::message::{Message, MessageBody};
use crate::domain::order::Order;

/// The id of a conversation, the same in every view and on every device of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConversationId(pub [u8; 16]);

impl ConversationId {
    /// The colour of the person or the group, as a number that a screen reduces to the colours that it has.
    #[must_use]
    pub const fn colour(&self) -> u8 {
        let [first, ..] = self.0;
        first
    }
}

/// With whom a conversation is: the same on every device of the account, in what it stores and tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum ConversationKey {
    /// One other account; the own account for what its devices tell each other.
    Peer(AccountId),
    /// The members of a group.
    Group(GroupId),
}

impl ConversationKey {
    /// The id by which views know the conversation.
    pub(crate) fn id(&self) -> ConversationId {
        match self {
            Self::Peer(peer) => hashed(b"parley 1:1 v1\0", peer.as_bytes()),
            Self::Group(group) => hashed(b"parley group v1\0", group.as_bytes()),
        }
    }

    /// The other account of a conversation of two.
    pub(crate) const fn peer(&self) -> Option<&AccountId> {
        match self {
            Self::Peer(peer) => Some(peer),
            Self::Group(_) => None,
        }
    }
}

/// As stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Conversation {
    pub(crate) key: ConversationKey,
    /// All logs, in order of id. Messages go to the first active log: both sides choose the same.
    pub(crate) logs: Vec<LogId>,
    pub(crate) changed: UnixMillis,
    pub(crate) unread: u32,
    pub(crate) last: Option<Last>,
}

/// The newest message, for the list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Last {
    pub(crate) id: MessageId,
    pub(crate) order: Order,
    pub(crate) time: UnixMillis,
    pub(crate) body: MessageBody,
    pub(crate) state: State,
}

impl Last {
    /// An own text that waits to be sent.
    pub(crate) fn waiting(id: MessageId, number: u64, time: UnixMillis, part: &Part) -> Self {
        let body = preview(&MessageBody::Part(part.clone()));
        Self { id, order: Order::of_waiting(number), time, body, state: State::OwnWaiting }
    }

    /// A message that is stored.
    pub(crate) fn of(message: &Message, own: bool, key: &ConversationKey) -> Self {
        let by = message.author.as_ref().filter(|_| key.peer().is_none()).map(|author| author.account);

        Self {
            id: message.id,
            order: message.order(),
            time: message.time,
            body: preview(&message.body),
            state: match by {
                _ if own => State::OwnStored(message.log, message.seq),
                Some(account) => State::By(account),
                None => State::Other,
            },
        }
    }
}

/// Whose the newest message is, and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    Other,
    /// This account's; it waits in the outbox.
    OwnWaiting,
    /// This account's, with its place.
    OwnStored(LogId, Seq),
    /// By another member of a group.
    By(AccountId),
}

impl Conversation {
    pub(crate) const fn new(key: ConversationKey, now: UnixMillis) -> Self {
        Self { key, logs: Vec::new(), changed: now, unread: 0, last: None }
    }

    pub(crate) fn add_log(&mut self, log: LogId) {
        if let Err(place) = self.logs.binary_search(&log) {
            self.logs.insert(place, log);
        }
    }
}

/// The conversation with one other account.
pub(crate) fn id_of(peer: &AccountId) -> ConversationId {
    ConversationKey::Peer(*peer).id()
}

/// The first half of `SHA-256(label || id)`.
fn hashed(label: &[u8], id: &[u8]) -> ConversationId {
    let mut hash = Sha256::new();
    hash.update(label);
    hash.update(id);
    let digest: [u8; 32] = hash.finalize().into();
    let mut id = [0; 16];
    id.copy_from_slice(digest.first_chunk::<16>().unwrap_or(&[0; 16]));
    ConversationId(id)
}

/// The places of a log's messages that were sent again: they have the time and number of their first place, and must never
/// replace another message.
pub(crate) fn beside(log: &LogId) -> LogId {
    LogId(log.as_bytes().map(|byte| !byte))
}

/// The places of a log's markers, for the same reason.
pub(crate) fn marked(log: &LogId) -> LogId {
    let [first, rest @ ..] = beside(log).0;
    let mut bytes = [first ^ 1; 16];
    bytes.iter_mut().skip(1).zip(rest).for_each(|(to, from)| *to = from);
    LogId(bytes)
}

/// What the list shows of a message.
pub(crate) fn preview(body: &MessageBody) -> MessageBody {
    body.part().map_or_else(|| body.clone(), |part| MessageBody::Part(part.abridged()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: LogId = LogId([0xA1, 0, 0xFF, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);

    #[test]
    fn a_log_is_added_once_and_in_order() {
        let mut conversation = Conversation::new(ConversationKey::Peer(AccountId([1; 32])), UnixMillis(0));
        for log in [5, 3, 5, 9, 3] {
            conversation.add_log(LogId([log; 16]));
        }
        assert_eq!(conversation.logs, [3, 5, 9].map(|log| LogId([log; 16])));
    }

    /// Places are stored: every build must compute the same.
    #[test]
    fn what_stands_beside_a_log_is_pinned() {
        let twice = [beside(&LOG), marked(&LOG)];
        assert_eq!(twice[0].0[..4], [0x5E, 0xFF, 0, 0xFC]);
        assert_eq!(twice[1].0[..4], [0x5F, 0xFF, 0, 0xFC]);
        assert_eq!(marked(&LogId([0xA0; 16])).0[..2], [0x5E, 0x5F], "one bit apart, whichever it is");
    }
}
