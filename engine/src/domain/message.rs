//! A message as it is stored.

mod body;
mod group_line;

use parley_protocol::ids::{AccountId, DeviceId, LogId, MessageId, Seq, UnixMillis};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use self::body::{Gap, KeyChange};
pub(crate) use self::body::{MessageBody, Trace};
pub use self::group_line::{DeviceChange, Dropped, GroupLine, Who, Why};
use crate::domain::content::Part;
use crate::domain::conversation::ConversationId;
use crate::domain::deletion::mark_of;
use crate::domain::order::{self, Fingerprint, Order};
use crate::domain::passage::Passage;
use crate::domain::relation::{MessageRef, Relation};
use crate::group::proof::Proof;
use crate::seal::{Purpose, Sealer};

const VERSION: u8 = 1;

/// As stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) id: MessageId,
    /// The time that views show: by the sender's clock, as far as its place allows.
    pub(crate) time: UnixMillis,
    /// The time of its place: by the relay's clock, as far as its log allows.
    pub(crate) stored: UnixMillis,
    pub(crate) log: LogId,
    pub(crate) seq: Seq,
    /// Who wrote it; none for what this device says itself.
    pub(crate) author: Option<Author>,
    pub(crate) body: MessageBody,
}

/// The author of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Author {
    pub(crate) account: AccountId,
    pub(crate) device: DeviceId,
    /// In groups, over the content: whoever has the message can prove its author to others. A conversation of two has no
    /// proof, so that nobody can.
    pub(crate) proof: Option<Proof>,
}

impl Message {
    /// Whether an account wrote it.
    pub(crate) fn is_by(&self, account: &AccountId) -> bool {
        self.author.as_ref().is_some_and(|author| author.account == *account)
    }

    /// The part, if there is something to read.
    pub(crate) const fn part(&self) -> Option<&Part> {
        self.body.part()
    }

    /// Whether it belongs to the history that other devices of the account and backups have: parts, and lines about a group.
    pub(crate) const fn is_history(&self) -> bool {
        matches!(self.body, MessageBody::Part(_) | MessageBody::Group(_) | MessageBody::Deleted(_))
    }

    /// Whether it was deleted for everyone.
    pub(crate) const fn is_trace(&self) -> bool {
        matches!(self.body, MessageBody::Deleted(_))
    }

    /// The relation, if the message is one: then it is no row of the chat.
    pub(crate) fn relation(&self) -> Option<Relation<'_>> {
        self.part()?.relation()
    }

    /// The reference by which others name it.
    pub(crate) fn named(&self) -> Option<MessageRef> {
        let author = self.author.as_ref()?.account;
        Some(MessageRef { author, id: self.id, stored: self.stored })
    }

    /// The trace that stays in this conversation after a deletion for everyone. It keeps its place and its author.
    pub(crate) fn trace(&self, conversation: ConversationId) -> Self {
        let trace = Trace { fingerprint: self.fingerprint(), mark: mark_of(conversation, self) };
        Self { body: MessageBody::Deleted(trace), ..self.clone() }
    }

    pub(crate) fn order(&self) -> Order {
        Order::new(self.stored, self.seq, self.log, self.fingerprint())
    }

    /// Distinguishes the message from every other message at its place. A sender chooses a message's id, may claim that
    /// something is "sent again" at any place, and may create a log of any id: none of that replaces another message.
    fn fingerprint(&self) -> Fingerprint {
        match &self.body {
            MessageBody::Gap(_) => return Fingerprint::default(),
            MessageBody::Deleted(trace) => return trace.fingerprint,
            _ => {}
        }
        // Into a Vec, postcard fails on nothing that this type contains.
        let body = postcard::to_allocvec(&self.body).unwrap_or_default();
        let mut hash = Sha256::new();
        hash.update(b"parley message fingerprint v1\0");
        hash.update(self.author.as_ref().map_or([0; 32], |author| author.account.0));
        hash.update(self.id.as_bytes());
        hash.update(body);
        let digest: [u8; 32] = hash.finalize().into();
        digest.first_chunk().copied().unwrap_or_default()
    }

    /// The id by which views know the message. A sender chooses a message's id and may choose that of another message, which
    /// must not be replaced on the screen: the place is part of the shown id of any message that is not by the own account.
    pub(crate) fn shown_id(&self, own: bool) -> MessageId {
        if own {
            return self.id;
        }
        let mut hash = Sha256::new();
        hash.update(b"parley shown message v2\0");
        hash.update(self.log.as_bytes());
        hash.update(self.seq.0.to_be_bytes());
        hash.update(self.fingerprint());
        let digest: [u8; 32] = hash.finalize().into();
        digest.first_chunk::<16>().map_or(self.id, |id| MessageId(*id))
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        // Into a Vec, postcard fails on nothing that this type contains.
        postcard::to_extend(self, vec![VERSION]).unwrap_or_default()
    }

    /// As it is stored: with the place of the message that was the newest before it, which must be there too, and how it passed
    /// the relay.
    pub(crate) fn encode_after(&self, before: &Order, passage: Option<&Passage>) -> Vec<u8> {
        let mut bytes = self.encode();
        bytes.extend_from_slice(&before.to_bytes());
        bytes.extend(passage.map(Passage::encode).unwrap_or_default());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        Self::decode_after(bytes).map(|(message, _)| message)
    }

    /// The message, and the place of the one before it; old records lack that place.
    pub(crate) fn decode_after(bytes: &[u8]) -> Option<(Self, Option<Order>)> {
        let (message, rest) = Self::split(bytes)?;
        Some((message, rest.first_chunk().map(Order::from_bytes)))
    }

    /// The message, and how it passed the relay, which is not said where this device did not see it.
    pub(crate) fn decode_with_passage(bytes: &[u8]) -> Option<(Self, Option<Passage>)> {
        let (message, rest) = Self::split(bytes)?;
        Some((message, rest.get(order::LENGTH..).and_then(Passage::decode)))
    }

    fn split(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let [VERSION, rest @ ..] = bytes else { return None };
        postcard::take_from_bytes(rest).ok()
    }
}

/// The id by which views know the marker of a message whose record does not open or is gone.
pub(crate) fn lost_id(conversation: &ConversationId, order: &Order) -> MessageId {
    let named = [b"parley lost message v1\0".as_slice(), &conversation.0, &order.to_bytes()].concat();
    let digest: [u8; 32] = Sha256::digest(named).into();
    MessageId(digest.first_chunk::<16>().copied().unwrap_or_default())
}

/// The first sixteen bytes of a conversation's message keys.
pub(crate) fn key_prefix(sealer: &Sealer, conversation: &ConversationId) -> [u8; 16] {
    sealer.hidden_name(Purpose::Message, &conversation.0)
}

/// The place of the message with this key.
pub(crate) fn order_of_key(key: &[u8]) -> Option<Order> {
    key.get(16..)?.try_into().ok().map(Order::from_bytes)
}

/// A message's key.
pub(crate) fn key(sealer: &Sealer, conversation: &ConversationId, order: &Order) -> Vec<u8> {
    [key_prefix(sealer, conversation).as_slice(), &order.to_bytes()].concat()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::passage;
    use crate::seal::MasterKey;

    pub(crate) fn message() -> Message {
        Message {
            id: MessageId([1; 16]),
            time: UnixMillis(300),
            stored: UnixMillis(301),
            log: LogId([2; 16]),
            seq: Seq(7),
            author: Some(Author { account: AccountId([8; 32]), device: DeviceId([9; 16]), proof: None }),
            body: MessageBody::Part(Part::of_text("hello".to_owned())),
        }
    }

    #[test]
    fn the_format_is_pinned_and_comes_back() {
        let bytes = message().encode();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(Message::decode(&bytes), Some(message()));
        let before = Order::from_bytes(&[8; order::LENGTH]);
        let after = message().encode_after(&before, None);
        assert_eq!(Message::decode_after(&after), Some((message(), Some(before))));
        assert_eq!(Message::decode_with_passage(&after), Some((message(), None)));
        let passage = passage::tests::passage(600);
        let passed = message().encode_after(&before, Some(&passage));
        assert_eq!(Message::decode_after(&passed), Some((message(), Some(before))));
        assert_eq!(Message::decode_with_passage(&passed), Some((message(), Some(passage))));
        assert_eq!(Message::decode_after(&bytes), Some((message(), None)));
        let newer = [&[VERSION + 1], &bytes[1..]].concat();
        assert_eq!(Message::decode(&newer), None);
        assert_eq!(Message::decode(&[]), None);
    }

    #[test]
    fn what_is_left_of_a_message_has_its_place_and_nothing_that_it_said() {
        let (message, id) = (message(), ConversationId([4; 16]));
        let trace = message.trace(id);
        assert_eq!((trace.order(), trace.shown_id(false)), (message.order(), message.shown_id(false)));
        assert_eq!(mark_of(id, &trace), mark_of(id, &message));
        assert_eq!(trace.trace(id), trace);
        assert!(trace.part().is_none() && trace.is_history());
        insta::assert_snapshot!(crate::hex(&trace.encode()));
    }

    #[test]
    fn a_key_has_the_place_and_hides_the_conversation() {
        let sealer = Sealer::new(&MasterKey::new([3; 32]));
        let (one, other) = (ConversationId([4; 16]), ConversationId([5; 16]));
        let bytes = key(&sealer, &one, &message().order());
        assert_eq!(order_of_key(&bytes), Some(message().order()));
        assert!(bytes.starts_with(&key_prefix(&sealer, &one)));
        assert_ne!(key_prefix(&sealer, &one), key_prefix(&sealer, &other));
        assert_ne!(key_prefix(&sealer, &one), one.0);
        assert_eq!(order_of_key(&bytes[1..]), None);
    }
}
