//! Deletions for oneself. A deleted message stays deleted, whichever way it comes again: late, in the history of another
//! device, or from a backup.

use parley_protocol::ids::{AccountId, LogId, MessageId, Seq, UnixMillis};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::conversation::{ConversationId, ConversationKey, beside, marked};
use crate::domain::message::{Message, MessageBody};

/// Most deleted messages of one conversation that are remembered singly: this many fit into one message, and into one chunk
/// of a backup.
const MAX_MARKS: usize = 4_000;
const LABEL: &[u8] = b"parley deleted message v1\0";

/// The mark of a message: the same on every device of the account, wherever the message stands there. The mark includes the
/// content, so that somebody who writes a message under the id of another one does not have both deleted.
pub(crate) type Mark = [u8; 16];

/// The mark of what is said in a conversation.
pub(crate) fn mark(
    conversation: ConversationId,
    id: &MessageId,
    author: Option<&AccountId>,
    body: &MessageBody,
) -> Mark {
    // Into a Vec, postcard fails on nothing that this type contains.
    let body = postcard::to_allocvec(body).unwrap_or_default();
    let author = author.map_or(&[0; 32], AccountId::as_bytes);
    let named = [LABEL, conversation.0.as_slice(), author, id.as_bytes(), &body].concat();
    let digest: [u8; 32] = Sha256::digest(named).into();
    digest.first_chunk::<16>().copied().unwrap_or_default()
}

/// The mark of a message that is stored.
pub(crate) fn mark_of(conversation: ConversationId, message: &Message) -> Mark {
    if let MessageBody::Deleted(trace) = &message.body {
        return trace.mark;
    }
    mark(conversation, &message.id, message.author.as_ref().map(|author| &author.account), &message.body)
}

/// The deletions of one conversation. As stored, as devices tell each other, and as in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deleted {
    pub(crate) conversation: ConversationKey,
    /// Messages, oldest deletion first, so that one more changes only the end of the list.
    pub(crate) marks: Vec<Mark>,
    /// For the whole conversation: everything up to this place in each of these logs.
    pub(crate) logs: Vec<(LogId, Seq)>,
    /// And, in logs that are not named and not in use any more, everything that the relay stored up to this time.
    pub(crate) before: UnixMillis,
    /// No list shows the conversation until somebody writes something new.
    pub(crate) hidden: bool,
    /// When it was deleted, by the clock of the device that deleted it; drafts from before are deleted with the whole
    /// conversation.
    pub(crate) when: UnixMillis,
}

impl Deleted {
    /// No deletions.
    pub(crate) const fn new(conversation: ConversationKey, when: UnixMillis) -> Self {
        Self { conversation, marks: Vec::new(), logs: Vec::new(), before: UnixMillis(0), hidden: false, when }
    }

    /// Merges another device's deletions; returns the new messages, and whether more of the whole conversation is deleted.
    pub(crate) fn merge(&mut self, other: &Self) -> (Vec<Mark>, bool) {
        let mut marks = other.marks.clone();
        marks.retain(|mark| !self.marks.contains(mark));
        self.marks.extend_from_slice(&marks);
        let over = self.marks.len().saturating_sub(MAX_MARKS);
        self.marks.drain(..over);
        let mut whole = other.before > self.before;
        self.before = self.before.max(other.before);
        for (log, seq) in &other.logs {
            match self.logs.iter_mut().find(|(known, _)| known == log) {
                Some((_, known)) if *known >= *seq => continue,
                Some((_, known)) => *known = *seq,
                None => self.logs.push((*log, *seq)),
            }
            whole = true;
        }
        if whole {
            self.hidden = other.hidden;
        }
        (marks, whole)
    }

    pub(crate) fn has(&self, mark: &Mark) -> bool {
        self.marks.contains(mark)
    }

    /// Whether a deletion of the whole conversation covers this place of a log; none if the log is not named.
    pub(crate) fn covers(&self, log: &LogId, seq: Seq) -> Option<bool> {
        let names = [*log, beside(log), marked(log)];
        self.logs.iter().find(|(log, _)| names.contains(log)).map(|(_, upto)| seq <= *upto)
    }

    /// Whether anything was deleted.
    pub(crate) const fn is_empty(&self) -> bool {
        self.marks.is_empty() && self.logs.is_empty()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::content::Part;

    /// One message and a whole chat.
    pub(crate) fn deleted() -> Deleted {
        Deleted {
            marks: vec![[5; 16]],
            logs: vec![(LogId([7; 16]), Seq(300))],
            before: UnixMillis(1_790_000_000_000),
            hidden: true,
            ..nothing(1_790_000_000_001)
        }
    }

    fn nothing(when: u64) -> Deleted {
        Deleted::new(ConversationKey::Peer(AccountId([4; 32])), UnixMillis(when))
    }

    #[test]
    fn a_mark_is_pinned_and_names_everything_that_a_message_is() {
        let (ada, bob) = (AccountId([1; 32]), AccountId([2; 32]));
        let (one, other) = (MessageId([3; 16]), MessageId([4; 16]));
        let text = |text: &str| MessageBody::Part(Part::of_text(text.to_owned()));
        let (with_ada, with_bob) =
            (crate::domain::conversation::id_of(&ada), crate::domain::conversation::id_of(&bob));
        let pinned = mark(with_ada, &one, Some(&ada), &text("gone"));
        insta::assert_snapshot!(crate::hex(&pinned));
        for different in [
            mark(with_bob, &one, Some(&ada), &text("gone")),
            mark(with_ada, &other, Some(&ada), &text("gone")),
            mark(with_ada, &one, Some(&bob), &text("gone")),
            mark(with_ada, &one, Some(&ada), &text("stays")),
        ] {
            assert_ne!(different, pinned);
        }
    }

    #[test]
    fn a_stored_message_has_the_mark_of_what_it_says() {
        let peer = crate::domain::conversation::id_of(&AccountId([1; 32]));
        let message = crate::domain::message::tests::message();
        assert_eq!(
            mark_of(peer, &message),
            mark(peer, &message.id, Some(&AccountId([8; 32])), &message.body)
        );
    }

    #[test]
    fn nothing_is_deleted_without_marks_and_logs() {
        assert!(nothing(5).is_empty() && !deleted().is_empty());
        assert!(!Deleted { marks: Vec::new(), ..deleted() }.is_empty());
        assert!(!Deleted { logs: Vec::new(), ..deleted() }.is_empty());
    }

    #[test]
    fn what_is_said_twice_is_no_news() {
        let mut known = nothing(0);
        assert_eq!(known.merge(&deleted()), (deleted().marks, true));
        known.hidden = false;
        assert_eq!(known.merge(&deleted()), (Vec::new(), false));
        assert!(!known.hidden, "something new was said meanwhile");
        let mut less = deleted();
        less.logs = vec![(LogId([7; 16]), Seq(200))];
        assert!(!known.merge(&less).1, "an older deletion takes nothing back");
        assert_eq!(known.logs, deleted().logs);
    }

    #[test]
    fn more_of_a_chat_is_news() {
        let mut known = deleted();
        let further =
            Deleted { logs: vec![(LogId([7; 16]), Seq(301)), (LogId([8; 16]), Seq(1))], ..deleted() };
        assert_eq!(known.merge(&further), (Vec::new(), true));
        assert_eq!(known.logs, further.logs);
        let later = Deleted { before: UnixMillis(deleted().before.0 + 1), ..further.clone() };
        assert_eq!(known.merge(&later), (Vec::new(), true));
        assert_eq!(known.before, later.before);
        assert_eq!(known.merge(&deleted()), (Vec::new(), false), "of an earlier moment");
        assert_eq!(known.before, later.before);
    }

    #[test]
    fn a_whole_chat_goes_up_to_its_places_also_beside_them() {
        let log = LogId([7; 16]);
        for place in [log, beside(&log), marked(&log)] {
            assert_eq!(deleted().covers(&place, Seq(300)), Some(true));
            assert_eq!(deleted().covers(&place, Seq(301)), Some(false));
        }
        assert_eq!(deleted().covers(&LogId([8; 16]), Seq(1)), None);
    }

    #[test]
    fn marks_are_bounded_and_the_oldest_goes_first() {
        let mark = |number: u32| {
            let mut mark = [0; 16];
            mark[..4].copy_from_slice(&number.to_be_bytes());
            mark
        };
        let most = u32::try_from(MAX_MARKS).unwrap();
        let mut known = nothing(0);
        known.marks = (0..most).map(mark).collect();
        known.merge(&Deleted { marks: vec![mark(most)], ..nothing(0) });
        assert!(!known.has(&mark(0)) && known.has(&mark(1)) && known.has(&mark(most)));
        let sync = crate::domain::content::Sync::Deleted(known);
        assert!(postcard::to_allocvec(&sync).unwrap().len() < parley_protocol::limits::MAX_TEXT);
    }
}
