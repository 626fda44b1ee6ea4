//! A clock for waits that survives changes of the wall clock. Somebody may put the wall clock forward or back at any time; a
//! wait is a length of time, and no such change makes it longer. This clock goes on with the wall clock and stands still when
//! that goes back. (The engine cannot tell a wall clock that was put forward from a computer that slept: the waits are then
//! due at once.)

use parley_protocol::ids::UnixMillis;

/// A moment of the steady clock, in milliseconds since the engine was opened. Never stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::core) struct Moment(u64);

impl Moment {
    /// The moment this many milliseconds later.
    pub(in crate::core) const fn after(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds since an earlier moment.
    pub(in crate::core) const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The moment at which the wall clock, which shows `wall` at this moment, will show `shows`, if nobody changes the clock
    /// until then.
    pub(in crate::core) const fn when(self, wall: UnixMillis, shows: UnixMillis) -> Self {
        self.after(shows.0.saturating_sub(wall.0))
    }

    /// What the wall clock, which shows `wall` at this moment, will show at another moment.
    pub(in crate::core) const fn shown_at(self, wall: UnixMillis, then: Self) -> UnixMillis {
        let (on, back) = (then.since(self), self.since(then));
        UnixMillis(wall.0.saturating_add(on).saturating_sub(back))
    }
}

/// The times that the engine waits for.
#[derive(Default)]
pub(in crate::core) struct Timers {
    /// Receipts are due.
    pub(in crate::core) receipts: Option<Moment>,
    /// The engine tries something that failed again.
    pub(in crate::core) retry: Option<Moment>,
    /// The engine offers failed change sets again.
    pub(in crate::core) storage: Option<Moment>,
    /// The engine writes the backup, or asks for it again.
    pub(in crate::core) backup: Option<Moment>,
    /// The engine replaces the keys of a group.
    pub(in crate::core) renewal: Option<Moment>,
    /// Messages expire.
    pub(in crate::core) expiry: Option<Moment>,
    /// The engine tells drafts to the other devices.
    pub(in crate::core) drafts: Option<Moment>,
    /// A request on this connection should have been answered.
    pub(in crate::core) answers: Option<Moment>,
    /// A removed device with nothing to keep ends.
    pub(in crate::core) last_words: Option<Moment>,
    /// The time of the wake-up that the engine asked for.
    pub(in crate::core) told: Option<Moment>,
    /// The engine asked for a wake-up at once, because the moment of an earlier one is over.
    pub(in crate::core) overdue: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_a_length_on_whichever_clock() {
        let (begin, wall) = (Moment(100), UnixMillis(5_000));
        let due = begin.after(250);
        assert_eq!((due.since(begin), begin.since(due)), (250, 0));
        assert_eq!(begin.shown_at(wall, due), UnixMillis(5_250));
        assert_eq!(begin.shown_at(UnixMillis(9), due), UnixMillis(259), "the clock was set back meanwhile");
        assert_eq!(due.shown_at(wall, begin), UnixMillis(4_750));
        assert_eq!(begin.when(wall, UnixMillis(5_250)), due);
        assert_eq!(begin.when(wall, UnixMillis(4_000)), begin, "it is over");
    }
}
