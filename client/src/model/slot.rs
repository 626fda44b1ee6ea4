//! What the worker, which has no localStorage, and its tab say to each other.
//!
//! The worker speaks first, so nothing is said before it listens.

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
    /// Its name in localStorage.
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
    /// What do the slots hold?
    Read,
    /// Write this, or remove it, and say when it is done.
    Write {
        /// Repeated in the answer.
        id: u32,
        /// Where.
        slot: Slot,
        /// What; none removes it.
        value: Option<Vec<u8>>,
    },
    /// Write the master slot, if it still holds this, and say when it is done: several tabs may change the lock.
    Replace {
        /// Repeated in the answer.
        id: u32,
        /// What it must hold.
        old: Vec<u8>,
        /// What then.
        new: Vec<u8>,
    },
    /// The answer to [`ToWorker::Lock`].
    Lock(LockAnswer),
    /// The worker panicked: it must be ended, so that another can take the device over.
    Died,
    /// It has begun to listen, or answers [`ToWorker::AreYouThere`].
    Here,
    /// Another worker owns the device now: this one must be ended, and another may wait in its place.
    Replaced,
    /// A newer version of the app is in another tab: this one must be ended, and the page be loaded again.
    Older,
    /// The reader has looked at a picture.
    Saw(Scanned),
}

/// From the tab to its worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToWorker {
    /// What the slots hold.
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
        /// The write's.
        id: u32,
        /// Whether it is done.
        done: bool,
    },
    /// A worker that does not answer is frozen or gone.
    AreYouThere,
    /// Something about the lock; one question at a time.
    Lock(LockAsk),
}
