//! What the worker, which has no localStorage, and its tab say to each other while the device opens.
//!
//! The worker speaks first, so nothing is said before it listens.

use serde::{Deserialize, Serialize};

use super::sight::Sight;

/// A place in localStorage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Slot {
    /// The sealed device key.
    Vault,
    /// The master key, wrapped by the browser's own key.
    Master,
}

impl Slot {
    /// Its name in localStorage.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vault => "parley.vault",
            Self::Master => "parley.master",
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
    /// The worker panicked: it must be ended, so that another can take the device over.
    Died,
    /// It has begun to listen, or answers [`ToWorker::AreYouThere`].
    Here,
    /// Another worker owns the device now: this one must be ended, and another may wait in its place.
    Replaced,
    /// A newer version of the app is in another tab: this one must be ended, and the page be loaded again.
    Older,
    /// The reader has looked at a picture.
    Saw(Sight),
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
}
