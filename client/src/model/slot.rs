//! Messages between the worker, which has no localStorage, and its tab.
//!
//! The worker speaks first, so the tab sends nothing before the worker listens.

use serde::{Deserialize, Serialize};

use super::lock::{LockAnswer, LockAsk};
use super::scanned::Scanned;

/// A place in localStorage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Slot {
    /// The sealed device key.
    Vault,
    /// The master key, or its lock, wrapped by the browser's own key.
    Master,
    /// Wrong guesses at the lock.
    Guesses,
}

impl Slot {
    /// The slot's name in localStorage.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vault => "parley.vault",
            Self::Master => "parley.master",
            Self::Guesses => "parley.guesses",
        }
    }
}

/// From the worker to its tab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromWorker {
    /// Asks for the contents of the slots.
    Read,
    /// Asks the tab to write or remove a slot, and to confirm that.
    Write {
        /// Repeated in the answer.
        id: u32,
        /// The slot.
        slot: Slot,
        /// The value; `None` removes the slot.
        value: Option<Vec<u8>>,
    },
    /// Asks the tab to write the master slot if it still holds the old value, and to confirm that: several tabs may change the
    /// lock.
    Replace {
        /// Repeated in the answer.
        id: u32,
        /// The value that the slot must hold.
        old: Vec<u8>,
        /// The new value.
        new: Vec<u8>,
    },
    /// The answer to [`ToWorker::Lock`].
    Lock(LockAnswer),
    /// The worker panicked: the tab must end it, so that another can take the device over.
    Died,
    /// The worker has begun to listen, or answers [`ToWorker::AreYouThere`].
    Here,
    /// Another worker owns the device now: the tab must end this worker, and may start another that waits.
    Replaced,
    /// Another tab has a newer version of the app: the tab must end this worker and load the page again.
    Older,
    /// The reader has read a picture.
    Saw(Scanned),
}

/// From the tab to its worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToWorker {
    /// The contents of the slots.
    Slots {
        /// [`Slot::Vault`].
        vault: Option<Vec<u8>>,
        /// [`Slot::Master`].
        master: Option<Vec<u8>>,
        /// [`Slot::Guesses`].
        guesses: Option<Vec<u8>>,
        /// The browser denies the tab its localStorage.
        denied: bool,
    },
    /// The write is done, or the browser refused it.
    Written {
        /// The id of the write.
        id: u32,
        /// Whether it is done.
        done: bool,
    },
    /// Asks for a sign of life. A worker that does not answer is frozen or gone.
    AreYouThere,
    /// A request about the lock; only one at a time.
    Lock(LockAsk),
}
