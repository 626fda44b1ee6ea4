//! View models of saving and restoring backup files.

use parley_protocol::ids::UnixMillis;
use serde::{Deserialize, Serialize};

/// Why a file cannot be restored. Nothing on this device was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum FileError {
    /// It is some other file.
    #[error("this is not a backup file")]
    Other,
    /// A newer app wrote it.
    #[error("a newer version wrote this backup file")]
    Newer,
    /// Its beginning is damaged or cut off, without which nothing of it opens.
    #[error("the beginning of the backup file is damaged")]
    Damaged,
    /// It belongs to another phrase.
    #[error("the recovery phrase does not open this backup file")]
    Phrase,
    /// Whoever wrote it was no device of the account.
    #[error("no device of the account wrote this backup file")]
    Forged,
}

/// A piece of a file that is being saved. The last one goes to the front.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePart {
    /// What comes next in the file.
    pub bytes: Vec<u8>,
    /// This is the head: there are no more, and it belongs before all others.
    pub head: bool,
    /// So many chats are in the file.
    pub done: u32,
    /// Of so many.
    pub of: u32,
}

impl core::fmt::Debug for FilePart {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "FilePart({} bytes)", self.bytes.len())
    }
}

/// What a file held, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileReport {
    /// What the account calls itself that it is of.
    pub owner: String,
    /// When it was saved, by the clock of who saved it.
    pub made: UnixMillis,
    /// Chats and messages that it was saved with.
    pub chats: u32,
    /// Messages that it was saved with.
    pub messages: u64,
    /// Messages that were not on this device and are now.
    pub added: u64,
    /// Messages that did not come: what of the file is damaged or cut off.
    pub missing: u64,
    /// Pieces of the file that do not open.
    pub damaged: u64,
    /// The file's end is missing.
    pub cut: bool,
    /// It is of another account than this device's: its chats can be read here and not written.
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
