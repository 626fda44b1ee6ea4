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
    /// What it is meant to be shown as. What it is, its bytes say.
    pub kind: FileKind,
    /// Its length in bytes.
    pub size: u64,
    /// Width and height, of what has them.
    pub dimensions: Option<(u32, u32)>,
    /// In milliseconds, of what is played.
    pub duration: Option<u32>,
    /// Loudness from 0 to 255 at equal distances, of what was spoken.
    #[serde(with = "serde_bytes")]
    pub waveform: Vec<u8>,
    /// A very small picture, of what is seen. Nothing is known of it: it may be no picture.
    #[serde(with = "serde_bytes")]
    pub preview: Vec<u8>,
    /// Where it is.
    pub state: FileState,
}

impl core::fmt::Debug for FileView {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "FileView({:?}, {} bytes, {:?})", self.kind, self.size, self.state)
    }
}

/// Where a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileState {
    /// At the relay, as far as is known.
    There,
    /// All of it is on this device.
    Here,
    /// It is being sealed; so many bytes are.
    Preparing {
        /// Bytes.
        done: u64,
    },
    /// It goes to the relay, or waits until it can.
    Sending {
        /// Bytes that are there.
        done: u64,
        /// Somebody has paused it.
        paused: bool,
    },
    /// It comes from the relay, or waits until it can.
    Receiving {
        /// Bytes that are here.
        done: u64,
        /// Somebody has paused it.
        paused: bool,
    },
    /// The relay has it no more.
    Gone,
    /// What the relay has, or the sender has named, is not what it should be.
    Damaged,
    /// The browser has no room for it.
    NoRoomHere,
    /// The relay has no room for it in this conversation. Not sent.
    NoRoomThere,
    /// It was gone before all of it was saved here. Not sent.
    Lost,
    /// A version to come has sealed it, or it is larger than any file.
    Newer,
}

/// A file that is to be sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewFile {
    /// By which the host knows what was chosen ([`crate::io::FileWork::ReadSource`]); drawn at random.
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

/// A file that takes room on this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// Which.
    pub id: FileId,
    /// Where it was said.
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
