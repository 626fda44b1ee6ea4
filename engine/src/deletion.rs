//! What a person deleted for themselves. It stays deleted, whichever way it comes again: late, in the history of another
//! device, or out of a backup.

use parley_protocol::ids::{AccountId, LogId, MessageId, Seq, UnixMillis};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::conversation::{beside, marked};
use crate::message::Message;
use crate::table::Table;
use crate::view::{BodyView, Order};

/// Deleted messages of one conversation that are remembered one by one.
const MAX_MARKS: usize = 10_000;
/// Marks that are told together.
pub(crate) const MARKS_TOLD: usize = 2_000;

/// The same on every device of the account, wherever the message stands there. It names what the message says too: who
/// writes a message under the id of another one must not have both deleted.
pub(crate) type Mark = [u8; 16];

/// The mark of what is said in the conversation with `peer`.
pub(crate) fn mark(peer: &AccountId, id: &MessageId, own: bool, body: &BodyView) -> Mark {
    let mut hash = Sha256::new();
    hash.update(b"parley deleted message v1\0");
    hash.update(peer.as_bytes());
    hash.update([u8::from(own)]);
    hash.update(id.as_bytes());
    // Into a Vec, postcard fails on nothing that this type contains.
    hash.update(postcard::to_allocvec(body).unwrap_or_default());
    let digest: [u8; 32] = hash.finalize().into();
    digest.first_chunk::<16>().copied().unwrap_or_default()
}

/// The mark of a message that is stored.
pub(crate) fn mark_of(peer: &AccountId, message: &Message) -> Mark {
    mark(peer, &message.id, message.own, &message.body)
}

/// The whole conversation, as one device had it when it was deleted there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WholeChat {
    /// Everything up to here in each of these logs.
    pub(crate) logs: Table<LogId, Seq>,
    /// In logs that have another name and are not in use any more, what the relay stored up to this moment.
    pub(crate) before: UnixMillis,
    /// It stands in no list until something new is said.
    pub(crate) hidden: bool,
}

/// As devices tell each other, and as it stands in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deleted {
    pub(crate) peer: AccountId,
    pub(crate) marks: Vec<Mark>,
    /// Where the newest of these messages stands on the device that says so.
    pub(crate) at: Option<Order>,
    pub(crate) chat: Option<WholeChat>,
    /// When it was deleted, by the clock of that device; drafts from before go too.
    pub(crate) when: UnixMillis,
}

/// What was deleted of one conversation. As it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deletions {
    /// Oldest deletion first, so that one more changes only the end of the record.
    marks: Vec<Mark>,
    chat: WholeChat,
}

impl Deletions {
    /// Remembers a message; whether it is news.
    pub(crate) fn add(&mut self, mark: Mark) -> bool {
        if self.marks.contains(&mark) {
            return false;
        }
        if self.marks.len() >= MAX_MARKS {
            self.marks.remove(0);
        }
        self.marks.push(mark);
        true
    }

    /// Remembers that the whole was deleted; whether any of it is news.
    pub(crate) fn add_chat(&mut self, chat: &WholeChat) -> bool {
        let mut news = chat.before > self.chat.before;
        self.chat.before = self.chat.before.max(chat.before);
        for (log, seq) in chat.logs.iter() {
            if self.chat.logs.get(log).is_none_or(|known| known < seq) {
                self.chat.logs.insert(*log, *seq);
                news = true;
            }
        }
        if news {
            self.chat.hidden = chat.hidden;
        }
        news
    }

    pub(crate) fn has(&self, mark: &Mark) -> bool {
        self.marks.contains(mark)
    }

    /// Whether the whole conversation was deleted after this place of a log; none if the log had no name then.
    pub(crate) fn covers(&self, log: &LogId, seq: Seq) -> Option<bool> {
        let named = [*log, beside(log), marked(log)];
        named.iter().find_map(|log| self.chat.logs.get(log)).map(|upto| seq <= *upto)
    }

    /// What was stored up to then in logs without a name went too.
    pub(crate) const fn before(&self) -> UnixMillis {
        self.chat.before
    }

    pub(crate) const fn is_hidden(&self) -> bool {
        self.chat.hidden
    }

    /// Shows the conversation again; whether it was hidden.
    pub(crate) fn unhide(&mut self) -> bool {
        std::mem::take(&mut self.chat.hidden)
    }

    /// All of it, in parts that fit into a message.
    pub(crate) fn told(&self, peer: AccountId) -> Vec<Deleted> {
        let part = |marks: &[Mark], chat| Deleted {
            peer,
            marks: marks.to_vec(),
            at: None,
            chat,
            when: UnixMillis::default(),
        };
        let mut parts: Vec<Deleted> = self.marks.chunks(MARKS_TOLD).map(|marks| part(marks, None)).collect();
        if self.chat != WholeChat::default() {
            parts.push(part(&[], Some(self.chat.clone())));
        }
        parts
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One message and a whole chat.
    pub(crate) fn deleted() -> Deleted {
        let logs = Table::from(vec![(LogId([7; 16]), Seq(300))]);
        Deleted {
            peer: AccountId([4; 32]),
            marks: vec![[5; 16]],
            at: Some(Order([6; 24])),
            chat: Some(WholeChat { logs, before: UnixMillis(1_790_000_000_000), hidden: true }),
            when: UnixMillis(1_790_000_000_001),
        }
    }

    #[test]
    fn a_mark_is_pinned_and_names_everything_that_a_message_is() {
        let (ada, bob) = (AccountId([1; 32]), AccountId([2; 32]));
        let (one, other) = (MessageId([3; 16]), MessageId([4; 16]));
        let text = |text: &str| BodyView::Text(text.to_owned());
        let pinned = mark(&ada, &one, true, &text("gone"));
        insta::assert_snapshot!(crate::hex(&pinned));
        for different in [
            mark(&bob, &one, true, &text("gone")),
            mark(&ada, &other, true, &text("gone")),
            mark(&ada, &one, false, &text("gone")),
            mark(&ada, &one, true, &text("stays")),
        ] {
            assert_ne!(different, pinned);
        }
    }

    #[test]
    fn what_is_stored_is_pinned() {
        let mut deletions = Deletions::default();
        let deleted = deleted();
        assert!(deletions.add(deleted.marks[0]) && !deletions.add(deleted.marks[0]));
        let chat = deleted.chat.unwrap();
        assert!(deletions.add_chat(&chat) && !deletions.add_chat(&chat));
        let bytes = postcard::to_allocvec(&deletions).unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(postcard::from_bytes::<Deletions>(&bytes).unwrap(), deletions);
    }

    #[test]
    fn a_whole_chat_goes_up_to_its_places_also_beside_them() {
        let mut deletions = Deletions::default();
        deletions.add_chat(&deleted().chat.unwrap());
        let log = LogId([7; 16]);
        for place in [log, beside(&log), marked(&log)] {
            assert_eq!(deletions.covers(&place, Seq(300)), Some(true));
            assert_eq!(deletions.covers(&place, Seq(301)), Some(false));
        }
        assert_eq!(deletions.covers(&LogId([8; 16]), Seq(1)), None);
        let mut less = deleted().chat.unwrap();
        less.logs.insert(log, Seq(200));
        assert!(!deletions.add_chat(&less), "an older deletion takes nothing back");
    }

    #[test]
    fn marks_are_bounded_and_the_oldest_goes_first() {
        let mut deletions = Deletions::default();
        let mark = |number: u32| {
            let mut mark = [0; 16];
            mark[..4].copy_from_slice(&number.to_be_bytes());
            mark
        };
        for number in 0..=u32::try_from(MAX_MARKS).unwrap() {
            deletions.add(mark(number));
        }
        assert!(!deletions.has(&mark(0)) && deletions.has(&mark(1)));
        assert_eq!(deletions.told(AccountId([4; 32])).len(), 5);
    }
}
