//! A clock for waits. The clock on the wall may be put forward or back at any time; a wait is a length, and lasts no
//! longer than that whatever is done to it. This clock goes on with the one on the wall and stands still when that goes
//! back. (Put forward, it cannot be told from a computer that slept: what was waited for is then due at once.)

use parley_protocol::ids::UnixMillis;

/// A moment of the steady clock, in milliseconds since the engine was opened. Never stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::core) struct Moment(u64);

impl Moment {
    /// So many milliseconds after it.
    pub(in crate::core) const fn after(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds since an earlier moment.
    pub(in crate::core) const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The moment at which the clock on the wall, which shows `wall` at this moment, will show the other time: if it is
    /// not touched until then.
    pub(in crate::core) const fn when(self, wall: UnixMillis, shows: UnixMillis) -> Self {
        self.after(shows.0.saturating_sub(wall.0))
    }

    /// What the clock on the wall, which shows `wall` at this moment, will show at another one.
    pub(in crate::core) const fn shown_at(self, wall: UnixMillis, then: Self) -> UnixMillis {
        let (on, back) = (then.since(self), self.since(then));
        UnixMillis(wall.0.saturating_add(on).saturating_sub(back))
    }
}

/// What is waited for, and until when.
#[derive(Default)]
pub(in crate::core) struct Timers {
    /// Receipts are due.
    pub(in crate::core) receipts: Option<Moment>,
    /// Something that failed for now is tried again.
    pub(in crate::core) retry: Option<Moment>,
    /// Change sets that failed are offered again.
    pub(in crate::core) storage: Option<Moment>,
    /// The backup is written, or asked again.
    pub(in crate::core) backup: Option<Moment>,
    /// Keys of a group are replaced.
    pub(in crate::core) renewal: Option<Moment>,
    /// Messages disappear.
    pub(in crate::core) expiry: Option<Moment>,
    /// Drafts are told.
    pub(in crate::core) drafts: Option<Moment>,
    /// Something that was asked on this connection should have been answered.
    pub(in crate::core) answers: Option<Moment>,
    /// A removed device with nothing to keep ends.
    pub(in crate::core) last_words: Option<Moment>,
    /// For when a wake-up was asked for.
    pub(in crate::core) told: Option<Moment>,
    /// One was asked for at once, because the moment of one that was asked for is over.
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
