//! Tells which messages are already on this device: restoring a file adds only missing messages and replaces none.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use crate::domain::message::{Gap, Message, MessageBody};
use crate::view::{ConversationId, Order};

/// Sixteen bytes for the place of each message, and sixteen for its content.
#[derive(Default)]
pub(super) struct Seen(BTreeSet<[u8; 16]>);

impl Seen {
    /// Notes a message that is on this device. A missing message, for which a marker stands, may be added.
    pub(super) fn here(&mut self, conversation: ConversationId, message: &Message) {
        match &message.body {
            MessageBody::Gap(gap) if !matches!(gap, Gap::Rejected | Gap::Removed) => {}
            MessageBody::Renamed { .. } | MessageBody::KeysChanged(_) | MessageBody::Group(_) => {}
            _ => drop(self.add(conversation, message)),
        }
    }

    /// Whether neither the message nor another at its place is here; notes the message.
    pub(super) fn add(&mut self, conversation: ConversationId, message: &Message) -> bool {
        let [place, said] = [place(conversation, message), said(conversation, message)];
        if self.0.contains(&place) || self.0.contains(&said) {
            return false;
        }
        self.0.extend([place, said]);
        true
    }
}

fn place(conversation: ConversationId, message: &Message) -> [u8; 16] {
    let place = Order::of_marker(message.stored, message.seq, message.log);
    digest(&[b"place", &conversation.0, &place.to_bytes()])
}

/// The hash of a message's content: a message that was sent again may stand at another place.
fn said(conversation: ConversationId, message: &Message) -> [u8; 16] {
    // Into a Vec, postcard fails on nothing that these types contain.
    let author = message.author.as_ref().map(|author| author.account);
    let said = postcard::to_allocvec(&(author, message.part())).unwrap_or_default();
    digest(&[b"said", &conversation.0, message.id.as_bytes(), &said])
}

fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    digest.first_chunk::<16>().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use parley_protocol::ids::{AccountId, DeviceId, LogId, MessageId, Seq, UnixMillis};

    use super::*;
    use crate::domain::content::Part;
    use crate::domain::message::Author;

    const CHAT: ConversationId = ConversationId([1; 16]);

    fn at(seq: u64, body: MessageBody) -> Message {
        let (id, log) = (MessageId([2; 16]), LogId([3; 16]));
        Message { id, time: UnixMillis(1), stored: UnixMillis(seq), log, seq: Seq(seq), author: None, body }
    }

    fn text(seq: u64, text: &str) -> Message {
        at(seq, MessageBody::Part(Part::of_text(text.to_owned())))
    }

    #[test]
    fn what_is_at_a_place_or_says_the_same_at_another_is_not_added() {
        let mut seen = Seen::default();
        assert!(seen.add(CHAT, &text(1, "hello")));
        assert!(!seen.add(CHAT, &text(1, "another")), "its place is taken");
        assert!(!seen.add(CHAT, &text(2, "hello")), "it stands elsewhere");
        assert!(seen.add(CHAT, &text(2, "another")));
        assert!(seen.add(ConversationId([9; 16]), &text(1, "hello")));
    }

    /// The author of a message that was sent again is the device that sent it again.
    #[test]
    fn p5_a_message_that_another_device_of_its_author_sent_again_is_not_added() {
        let by = |seq, device: u8| {
            let device = DeviceId([device; 16]);
            let author = Some(Author { account: AccountId([5; 32]), device, proof: None });
            Message { author, ..text(seq, "hello") }
        };
        let mut seen = Seen::default();
        assert!(seen.add(CHAT, &by(1, 6)) && !seen.add(CHAT, &by(2, 7)));
    }

    #[test]
    fn where_something_is_missing_it_may_come_and_where_it_was_rejected_it_may_not() {
        for (gap, comes) in [(Gap::Missing, true), (Gap::Restored, true), (Gap::Rejected, false)] {
            let mut seen = Seen::default();
            seen.here(CHAT, &at(1, MessageBody::Gap(gap)));
            assert_eq!(seen.add(CHAT, &text(1, "hello")), comes, "{gap:?}");
        }
    }
}
