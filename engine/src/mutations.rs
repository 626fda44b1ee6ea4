//! Deliberate mistakes, with which `tests/tests/sim/mutations.rs` shows that the simulator detects them.
//!
//! A test can choose a mistake only with the feature `mutations`, which nothing but the tests turns on. Without the feature
//! `on` is always false, and the compiler removes the mistakes.

/// A mistake that an engine could make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// Frames leave before the change set that they depend on is on disk (invariant 1).
    SendBeforePersist,
    /// A person is told that a message is on disk before it is (invariants 1 and 13).
    ReplyBeforePersist,
    /// The inbox is acknowledged, and so emptied, before what was in it is on disk (invariant 2).
    AcknowledgeBeforePersist,
    /// The cursor of a log is on disk one change set before the messages that it passed (invariant 2).
    CursorBeforeMessages,
    /// A change set that the disk refused counts as written (invariant 3).
    RefusalTakenForSuccess,
    /// What was encrypted is encrypted anew on every connection (invariant 4).
    RetryEncryptsAnew,
    /// A log is read on from one entry after the cursor (invariant 5).
    CursorOffByOne,
    /// An entry that comes too early is taken, and those before it are lost (invariant 5).
    GapAccepted,
    /// An entry that was read before is read again (invariant 5).
    ReplayAccepted,
    /// A device enters the epoch of its own commit before the commit is in its place in the log (invariant 6).
    CommitAppliedEarly,
}

#[cfg(feature = "mutations")]
mod chosen {
    use std::cell::Cell;

    use super::Mutation;

    thread_local! {
        static CHOSEN: Cell<Option<Mutation>> = const { Cell::new(None) };
    }

    /// Makes every engine of this thread make this mistake from now on, or none.
    pub fn choose(mutation: Option<Mutation>) {
        CHOSEN.set(mutation);
    }

    pub(crate) fn on(mutation: Mutation) -> bool {
        CHOSEN.get() == Some(mutation)
    }
}

#[cfg(feature = "mutations")]
pub use chosen::choose;
#[cfg(feature = "mutations")]
pub(crate) use chosen::on;

/// Whether this mistake is to be made.
#[cfg(not(feature = "mutations"))]
pub(crate) const fn on(_: Mutation) -> bool {
    false
}
