//! Files of messages in the view models.

use parley_protocol::ids::UnixMillis;
use serde::{Deserialize, Serialize};

use super::ConversationId;
use crate::attachment::stream;
use crate::domain::content::files::{ExternalPart, Files};
pub use crate::domain::content::files::{FileId, FileKind};
use crate::domain::file_name;

/// A text with files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesView {
    /// The caption; may be empty.
    pub text: String,
    /// At least one.
    pub files: Vec<FileView>,
}

/// A file of a message. All of it but `id` and `state` is what its sender says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileView {
    /// Which.
    pub id: FileId,
    /// Without folders and characters that deceive.
    pub name: String,
    /// The kind as its sender says; only the bytes show what the file is.
    pub kind: FileKind,
    /// Its length in bytes.
    pub size: u64,
    /// Width and height, if it has them.
    pub dimensions: Option<(u32, u32)>,
    /// In milliseconds, if it plays.
    pub duration: Option<u32>,
    /// Loudness from 0 to 255 at equal distances, of a voice message.
    #[serde(with = "serde_bytes")]
    pub waveform: Vec<u8>,
    /// A very small picture of what can be seen. Unverified: it may be no picture.
    #[serde(with = "serde_bytes")]
    pub preview: Vec<u8>,
    /// The state of the file.
    pub state: FileState,
}

impl core::fmt::Debug for FileView {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "FileView({:?}, {} bytes, {:?})", self.kind, self.size, self.state)
    }
}

/// The state of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileState {
    /// At the relay, as far as this device knows.
    There,
    /// The whole file is on this device.
    Here,
    /// The engine is sealing it.
    Preparing {
        /// Bytes sealed so far.
        done: u64,
    },
    /// This device uploads it, or waits until it can.
    Sending {
        /// Bytes at the relay so far.
        done: u64,
        /// Somebody has paused it.
        paused: bool,
    },
    /// This device downloads it, or waits until it can.
    Receiving {
        /// Bytes on this device so far.
        done: u64,
        /// Somebody has paused it.
        paused: bool,
    },
    /// The relay no longer has it.
    Gone,
    /// The bytes at the relay, or what the sender has named, are not valid.
    Damaged,
    /// The browser has no room for it.
    NoRoomHere,
    /// The relay has no room for it in this conversation. Not sent.
    NoRoomThere,
    /// The file was gone before the engine had sealed all of it. Not sent.
    Lost,
    /// A later version has sealed it, or it is larger than any file.
    Newer,
}

/// A file to be sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewFile {
    /// The id by which the host knows the chosen file ([`crate::io::FileWork::ReadSource`]); drawn at random.
    pub source: u64,
    /// Its name.
    pub name: String,
    /// Its media type, as far as it is known.
    pub content_type: String,
    /// Its length in bytes.
    pub size: u64,
    /// What it is to be shown as.
    pub kind: FileKind,
    /// Width and height.
    pub dimensions: Option<(u32, u32)>,
    /// In milliseconds.
    pub duration: Option<u32>,
    /// Loudness from 0 to 255; at most 100.
    #[serde(with = "serde_bytes")]
    pub waveform: Vec<u8>,
    /// A very small picture of at most 4 KiB.
    #[serde(with = "serde_bytes")]
    pub preview: Vec<u8>,
}

impl core::fmt::Debug for NewFile {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "NewFile({:?}, {} bytes)", self.kind, self.size)
    }
}

/// A file that uses space on this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// Which.
    pub id: FileId,
    /// The conversation of its message.
    pub conversation: ConversationId,
    /// What it is shown as.
    pub kind: FileKind,
    /// Its length in bytes.
    pub size: u64,
    /// When it came to this device.
    pub since: UnixMillis,
}

impl FilesView {
    pub(crate) fn of(files: &Files) -> Self {
        Self { text: files.text.clone(), files: files.parts.iter().map(FileView::of).collect() }
    }
}

impl FileView {
    fn of(part: &ExternalPart) -> Self {
        let hints = part.hints();
        Self {
            id: stream::id_of(&part.key),
            name: file_name::safe(&part.filename),
            kind: FileKind::of(part),
            size: part.size,
            dimensions: hints.dimensions,
            duration: hints.duration,
            waveform: hints.waveform,
            preview: hints.preview,
            state: if part.is_known() { FileState::There } else { FileState::Newer },
        }
    }
}
