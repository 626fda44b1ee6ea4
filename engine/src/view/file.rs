//! View models of saving and restoring backup files.

use parley_protocol::ids::UnixMillis;
use serde::{Deserialize, Serialize};

/// Why a file cannot be restored. Nothing on this device was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum FileError {
    /// The file is no backup file.
    #[error("this is not a backup file")]
    Other,
    /// A newer app wrote it.
    #[error("a newer version wrote this backup file")]
    Newer,
    /// The beginning of the file is damaged or cut off; without it nothing of the file opens.
    #[error("the beginning of the backup file is damaged")]
    Damaged,
    /// The file belongs to another phrase.
    #[error("the recovery phrase does not open this backup file")]
    Phrase,
    /// No device of the account wrote the file.
    #[error("no device of the account wrote this backup file")]
    Forged,
}

/// A piece of a file being saved. The last piece stands at the front of the file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePart {
    /// The next bytes of the file.
    pub bytes: Vec<u8>,
    /// This is the head: it is the last piece, and belongs before all others.
    pub head: bool,
    /// Chats in the file so far.
    pub done: u32,
    /// Chats in all.
    pub of: u32,
}

impl core::fmt::Debug for FilePart {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "FilePart({} bytes)", self.bytes.len())
    }
}

/// What a file contained, and the result of reading it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileReport {
    /// The name of the account that the file is of.
    pub owner: String,
    /// When it was saved, by the clock of the device that saved it.
    pub made: UnixMillis,
    /// Chats and messages that it was saved with.
    pub chats: u32,
    /// Messages that it was saved with.
    pub messages: u64,
    /// Messages that were not on this device and are now.
    pub added: u64,
    /// Messages that are missing, because parts of the file are damaged or cut off.
    pub missing: u64,
    /// Pieces of the file that do not open.
    pub damaged: u64,
    /// The file's end is missing.
    pub cut: bool,
    /// The file is of another account: this device can read its chats and not write into them.
    pub other_account: bool,
    /// The device that saved it was removed from the account since.
    pub removed: bool,
}

impl FileReport {
    /// Whether all of the file is there.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.damaged == 0 && !self.cut && self.missing == 0
    }
}
