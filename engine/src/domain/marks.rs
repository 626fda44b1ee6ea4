//! Marks of a conversation in the list: pinned, archived, muted, marked as unread. All devices of the account have the same.

use parley_protocol::ids::UnixMillis;
use serde::{Deserialize, Serialize};

use crate::domain::conversation::ConversationKey;

/// As stored, and as devices tell each other. For each mark the latest value is valid, and of two set at once the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marks {
    pub(crate) conversation: ConversationKey,
    pinned: Said<bool>,
    archived: Said<bool>,
    /// Until when; the end of time means always.
    muted: Said<UnixMillis>,
    unread: Said<bool>,
}

/// A value, and when it was set, by the clock of that device.
type Said<T> = (UnixMillis, T);

/// A mark that a person sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    /// Whether the conversation stands above the others.
    Pinned(bool),
    /// Whether it stands apart from the others, until somebody writes something new.
    Archived(bool),
    /// Until when the app does not notify the person of new messages; a past time means that it does.
    Muted(UnixMillis),
    /// Whether views show it as unread.
    Unread(bool),
}

impl Marks {
    pub(crate) const fn new(conversation: ConversationKey) -> Self {
        let (never, no) = (UnixMillis(0), (UnixMillis(0), false));
        Self { conversation, pinned: no, archived: no, muted: (never, never), unread: no }
    }

    /// The person sets a mark now. Earlier values count as earlier, whatever the clock says.
    pub(crate) fn say(&mut self, mark: Mark, now: UnixMillis) {
        let after = |said: UnixMillis| UnixMillis(now.0.max(said.0.saturating_add(1)));
        match mark {
            Mark::Pinned(on) => self.pinned = (after(self.pinned.0), on),
            Mark::Archived(on) => self.archived = (after(self.archived.0), on),
            Mark::Muted(until) => self.muted = (after(self.muted.0), until),
            Mark::Unread(on) => self.unread = (after(self.unread.0), on),
        }
    }

    /// Merges another device's marks; returns whether anything is new.
    pub(crate) fn merge(&mut self, other: &Self) -> bool {
        let before = *self;
        self.pinned = self.pinned.max(other.pinned);
        self.archived = self.archived.max(other.archived);
        self.muted = self.muted.max(other.muted);
        self.unread = self.unread.max(other.unread);
        before != *self
    }

    pub(crate) const fn pinned(&self) -> bool {
        self.pinned.1
    }

    /// Whether it is archived and nobody has written since; for a muted conversation new messages do not count.
    pub(crate) fn archived(&self, changed: UnixMillis, now: UnixMillis) -> bool {
        let (since, archived) = self.archived;
        archived && (changed <= since || self.muted.1 > now)
    }

    pub(crate) const fn muted(&self) -> UnixMillis {
        self.muted.1
    }

    pub(crate) const fn unread(&self) -> bool {
        self.unread.1
    }
}

#[cfg(test)]
mod tests {
    use parley_protocol::ids::AccountId;

    use super::*;

    fn marks() -> Marks {
        Marks::new(ConversationKey::Peer(AccountId([4; 32])))
    }

    #[test]
    fn what_two_devices_say_comes_to_the_same_on_both() {
        let (mut one, mut other) = (marks(), marks());
        one.say(Mark::Pinned(true), UnixMillis(10));
        one.say(Mark::Archived(true), UnixMillis(11));
        other.say(Mark::Muted(UnixMillis(99)), UnixMillis(5));
        other.say(Mark::Archived(false), UnixMillis(12));
        let (first, second) = (one, other);
        assert!(one.merge(&second) && other.merge(&first) && !one.merge(&second));
        assert_eq!(one, other);
        assert_eq!((one.pinned(), one.archived.1, one.muted()), (true, false, UnixMillis(99)));
        one.say(Mark::Pinned(false), UnixMillis(1));
        other.merge(&one);
        assert!(!other.pinned(), "a clock that was rolled back does not keep it");
    }

    #[test]
    fn what_is_archived_comes_back_with_something_new_unless_it_is_muted() {
        let mut one = marks();
        one.say(Mark::Archived(true), UnixMillis(100));
        assert!(
            one.archived(UnixMillis(100), UnixMillis(200)) && !one.archived(UnixMillis(101), UnixMillis(200))
        );
        one.say(Mark::Muted(UnixMillis(u64::MAX)), UnixMillis(150));
        assert!(one.archived(UnixMillis(101), UnixMillis(200)));
    }

    #[test]
    fn what_is_stored_is_pinned() {
        let mut marks = marks();
        marks.say(Mark::Pinned(true), UnixMillis(300));
        marks.say(Mark::Muted(UnixMillis(900)), UnixMillis(301));
        let bytes = postcard::to_allocvec(&marks).unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(postcard::from_bytes::<Marks>(&bytes).unwrap(), marks);
    }
}
