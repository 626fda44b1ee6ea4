//! A 1:1 conversation: one for each contact, over one log or more (two, when both began at the same moment).

use parley_protocol::ids::{AccountId, LogId, MessageId, Seq, UnixMillis};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::message::Message;
use crate::view::{BodyView, ConversationId, MessageView, Order};

/// As it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Conversation {
    pub(crate) peer: AccountId,
    /// All logs, in order of id. Messages go to the first that is active: both sides choose the same.
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
    pub(crate) body: BodyView,
    pub(crate) author: Author,
}

impl Last {
    /// An own message that waits to be sent.
    pub(crate) fn waiting(message: &MessageView) -> Self {
        Self {
            id: message.id,
            order: message.order,
            time: message.time,
            body: preview(&message.body),
            author: Author::OwnWaiting,
        }
    }

    /// A message that is stored.
    pub(crate) fn of(message: &Message) -> Self {
        Self {
            id: message.id,
            order: message.order(),
            time: message.time,
            body: preview(&message.body),
            author: if message.own { Author::OwnStored(message.log, message.seq) } else { Author::Other },
        }
    }
}

/// Who wrote the newest message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Author {
    Other,
    /// This account; it waits in the outbox.
    OwnWaiting,
    /// This account, and where the message landed.
    OwnStored(LogId, Seq),
}

impl Conversation {
    pub(crate) const fn new(peer: AccountId, now: UnixMillis) -> Self {
        Self { peer, logs: Vec::new(), changed: now, unread: 0, last: None }
    }

    pub(crate) fn add_log(&mut self, log: LogId) {
        if let Err(place) = self.logs.binary_search(&log) {
            self.logs.insert(place, log);
        }
    }
}

/// The same on every device of the account: the first half of `SHA-256("parley 1:1 v1\0" || peer)`.
pub(crate) fn id_of(peer: &AccountId) -> ConversationId {
    let mut hash = Sha256::new();
    hash.update(b"parley 1:1 v1\0");
    hash.update(peer.as_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let mut id = [0; 16];
    id.copy_from_slice(digest.first_chunk::<16>().unwrap_or(&[0; 16]));
    ConversationId(id)
}

/// Where messages of a log stand that were sent again: they have the time and number of their first place, and must
/// never take the place of another message.
pub(crate) fn beside(log: &LogId) -> LogId {
    LogId(log.as_bytes().map(|byte| !byte))
}

/// Where markers of a log stand, for the same reason.
pub(crate) fn marked(log: &LogId) -> LogId {
    let [first, rest @ ..] = beside(log).0;
    let mut bytes = [first ^ 1; 16];
    bytes.iter_mut().skip(1).zip(rest).for_each(|(to, from)| *to = from);
    LogId(bytes)
}

/// A preview: the first 120 characters.
pub(crate) fn preview(body: &BodyView) -> BodyView {
    match body {
        BodyView::Text(text) => BodyView::Text(text.chars().take(120).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: LogId = LogId([0xA1, 0, 0xFF, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);

    #[test]
    fn a_log_is_added_once_and_in_order() {
        let mut conversation = Conversation::new(AccountId([1; 32]), UnixMillis(0));
        for log in [5, 3, 5, 9, 3] {
            conversation.add_log(LogId([log; 16]));
        }
        assert_eq!(conversation.logs, [3, 5, 9].map(|log| LogId([log; 16])));
    }

    /// Places are stored: they are what every build says they are.
    #[test]
    fn what_stands_beside_a_log_is_pinned() {
        let twice = [beside(&LOG), marked(&LOG)];
        assert_eq!(twice[0].0[..4], [0x5E, 0xFF, 0, 0xFC]);
        assert_eq!(twice[1].0[..4], [0x5F, 0xFF, 0, 0xFC]);
        assert_eq!(marked(&LogId([0xA0; 16])).0[..2], [0x5E, 0x5F], "one bit apart, whichever it is");
    }
}
