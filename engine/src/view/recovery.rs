//! View models of the recovery phrase and the backup.

use parley_protocol::ids::UnixMillis;
use serde::{Deserialize, Serialize};

/// What is kept against the loss of all devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryView {
    /// The recovery phrase.
    pub phrase: PhraseState,
    /// The backup.
    pub backup: BackupState,
    /// When everything was last in the backup, read back and found right.
    pub backed_up: Option<UnixMillis>,
    /// So many KiB of a backup have come back, of so many; none when nothing is being restored.
    pub restoring: Option<(u32, u32)>,
    /// So many parts of the backup could not be restored; 0 once the person has seen it.
    pub lost: u32,
}

/// Where the recovery phrase is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PhraseState {
    /// On this device only: nobody has written it down.
    Unsaved,
    /// Written down, and on this device.
    Saved,
    /// Written down, and not on this device.
    Elsewhere,
    /// On another device only, as far as is known here.
    UnsavedElsewhere,
    /// A device that is no longer the account's made it: nothing is backed up to it any more.
    Fallen,
}

/// How the backup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BackupState {
    /// There is none: the person does not want one, or has no recovery phrase yet.
    Off,
    /// Up to date, or waiting for a little more to come.
    Ready,
    /// Being written: so many conversations are in it, of so many.
    Writing {
        /// Done.
        done: u32,
        /// Of.
        of: u32,
    },
    /// It cannot be written. It is tried again by itself.
    Failed(BackupFailure),
}

/// Why a backup could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum BackupFailure {
    /// The relay gives the account no more room.
    #[error("the relay has no more room for the backup")]
    Quota,
    /// What came back from the relay is not what was put there.
    #[error("the backup that the relay gives back is another")]
    Altered,
    /// The relay refuses, or fails.
    #[error("the relay failed")]
    Relay,
    /// Another device has another key for it, and has not told it here.
    #[error("the backup has another key")]
    OtherKey,
}

/// Twenty-four words, and which of them the person is asked for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhraseView {
    /// In order.
    pub words: Vec<String>,
    /// Places of three words, counted from 1, for [`super::Command::ConfirmPhrase`].
    pub ask: [u8; 3],
}

impl core::fmt::Debug for PhraseView {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PhraseView(..)")
    }
}

/// What somebody types who knows a secret; it does not print.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
pub struct Typed(pub String);

impl core::fmt::Debug for Typed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Typed(..)")
    }
}
