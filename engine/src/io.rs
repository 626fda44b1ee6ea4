//! Inputs and outputs of the engine. Nothing else changes its state.
//!
//! The host (a browser worker, or a test) calls [`crate::Engine::handle`] with each [`Input`] and then
//! [`crate::Engine::poll`] until it answers `None`, carrying out every [`Output`] in order.

use parley_protocol::codec::Remedy;
use parley_protocol::ids::UnixMillis;

use crate::parts::{Code, Part};
use crate::view::{Event, FileId, Request, ViewRequestId};

/// What happened outside.
#[derive(Debug, Clone)]
pub enum Input {
    /// Somebody used a view.
    View(Request),
    /// The connection to the relay is open; nothing has been sent on it.
    Connected,
    /// The connection is gone; what was not answered may or may not have arrived.
    Disconnected {
        /// When the host will try again.
        retry_at: UnixMillis,
    },
    /// The relay sent these bytes.
    Received(Vec<u8>),
    /// The host does not know whether the connection still works: the relay is asked for something that it answers.
    /// Whether anything comes is the host's to see.
    Probe,
    /// The change set is on disk.
    Persisted(ChangeSetId),
    /// The change set is not on disk, nothing of it.
    PersistFailed(ChangeSetId, StorageFailure),
    /// The answer to a [`Output::Load`].
    Loaded {
        /// The load's id.
        id: LoadId,
        /// Newest first; at most as many as were asked for.
        records: Vec<Record>,
    },
    /// The time that [`Output::WakeAt`] named has come (or passed, or nearly).
    Timer,
    /// The half that was asked for.
    Part(Code),
    /// It does not come now.
    NoPart(Part),
    /// What came of a [`Output::File`], or a view has something to be sent.
    File(FileDone),
}

/// What the host has to do.
#[derive(Debug, Clone)]
#[cfg_attr(
    not(target_arch = "wasm32"),
    expect(clippy::large_enum_variant, reason = "few, each handed over once")
)]
pub enum Output {
    /// Write all of it in one transaction (the vault first, see [`ChangeSet::vault`]), then answer
    /// [`Input::Persisted`] or [`Input::PersistFailed`]. The next change set comes after the answer; one that failed
    /// comes again as it was.
    Persist(ChangeSet),
    /// Send these bytes to the relay as one binary WebSocket message; drop them when not connected.
    Send(Vec<u8>),
    /// Show this in the views.
    Event(Event),
    /// Read records of [`Store::Messages`], then answer [`Input::Loaded`].
    Load(Load),
    /// Call [`Input::Timer`] at this time; replaces what was asked before.
    WakeAt(UnixMillis),
    /// Close the connection and do not open it again: this app and the relay speak different versions.
    Halt(Remedy),
    /// Close the connection and open a new one after a pause: the relay did what no relay does.
    Reconnect,
    /// Close the connection and open a new one no sooner than after so many milliseconds: the relay asks for it.
    ComeBackAfter(u32),
    /// Close the connection and do not open it again: this device was removed.
    Close,
    /// Load this half, then answer [`Input::Part`] or [`Input::NoPart`].
    Need(Part),
    /// Delete everything of this device, the vault and all records, and run no engine on it any more.
    Erase,
    /// Do something with a file of a message. These are done one after the other, apart from all else.
    File(FileWork),
}

/// What is done with files of messages. Their chunks are sealed, each under its file's key.
#[derive(Debug, Clone)]
pub enum FileWork {
    /// Read from what a view has chosen; answer [`FileDone::Source`].
    ReadSource {
        /// By which the view named it.
        source: u64,
        /// Where to begin.
        from: u64,
        /// How many bytes.
        length: u32,
    },
    /// What a view has chosen is not needed any more.
    ForgetSource(u64),
    /// Write chunks, and answer [`FileDone::Written`] once they are on disk.
    Write {
        /// Of which file.
        file: FileId,
        /// The number of the first.
        first: u32,
        /// One after the other.
        chunks: Vec<Vec<u8>>,
    },
    /// Read chunks up to the first that is missing; answer [`FileDone::Read`].
    Read {
        /// Repeated in the answer.
        id: LoadId,
        /// Of which file.
        file: FileId,
        /// The number of the first.
        first: u32,
        /// At most so many.
        most: u32,
    },
    /// Delete a file's chunks. There is no answer.
    Delete(FileId),
    /// Delete the chunks of all other files. There is no answer.
    KeepOnly(Vec<FileId>),
    /// The next bytes of a file, for the view that asked for it.
    Give {
        /// The view's request.
        view: ViewRequestId,
        /// What comes next.
        bytes: Vec<u8>,
        /// That was all.
        last: bool,
    },
}

/// What came of work with files.
#[derive(Debug, Clone)]
pub enum FileDone {
    /// What a view has chosen was read.
    Source {
        /// Which.
        source: u64,
        /// From where on.
        from: u64,
        /// As many bytes as were asked for; none if it is gone or was changed.
        bytes: Option<Vec<u8>>,
    },
    /// A view offers something that it has chosen.
    Offered(u64),
    /// Chunks were written, or not.
    Written {
        /// Of which file.
        file: FileId,
        /// The number of the first.
        first: u32,
        /// Why not.
        result: Result<(), StorageFailure>,
    },
    /// Chunks that were read.
    Read {
        /// Of the request.
        id: LoadId,
        /// One after the other; fewer than asked for if one is missing.
        chunks: Vec<Vec<u8>>,
    },
}

/// Numbers change sets; counts up from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeSetId(pub u64);

/// Pairs a load with its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoadId(pub u64);

/// Where a record lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Store {
    /// Read whole when the engine opens.
    State,
    /// Messages: read page by page.
    Messages,
}

/// A sealed record. Its key says nothing (it is a keyed hash, and for messages an order), its value is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Unique in its store, ordered bytewise.
    pub key: Vec<u8>,
    /// Sealed under the master key; bound to store and key.
    pub value: Vec<u8>,
}

/// All or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSet {
    /// Its number.
    pub id: ChangeSetId,
    /// If there is one: the sealed device key, for localStorage. Written and flushed before the records, and
    /// written once in the life of a device.
    pub vault: Option<Vec<u8>>,
    /// Records to write, by store.
    pub puts: Vec<(Store, Record)>,
    /// Keys of records to delete.
    pub deletes: Vec<(Store, Vec<u8>)>,
    /// Every other record of the device is deleted in the same transaction.
    pub wipes: bool,
}

/// Where in a conversation reading begins, and which way it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadFrom {
    /// The newest record and those before it, greatest key first.
    Newest,
    /// Keys less than this one, greatest first.
    Before(Vec<u8>),
    /// Keys greater than this one, least first.
    After(Vec<u8>),
}

/// Records of [`Store::Messages`] whose key begins with `prefix`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// Repeated in the answer.
    pub id: LoadId,
    /// Sixteen bytes: the conversation.
    pub prefix: Vec<u8>,
    /// Where to begin.
    pub from: ReadFrom,
    /// At most so many.
    pub limit: u32,
}

impl Load {
    /// Whether a record with this key is asked for, were there no limit.
    #[must_use]
    pub fn asks_for(&self, key: &[u8]) -> bool {
        let is_there = match &self.from {
            ReadFrom::Newest => true,
            ReadFrom::Before(before) => key < before.as_slice(),
            ReadFrom::After(after) => key > after.as_slice(),
        };
        is_there && key.starts_with(&self.prefix)
    }

    /// Whether the answer begins with the least key.
    #[must_use]
    pub const fn is_oldest_first(&self) -> bool {
        matches!(self.from, ReadFrom::After(_))
    }
}

/// Why a change set could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageFailure {
    /// The browser has no room for this site.
    Full,
    /// Another tab owns the device now; this engine must stop.
    Fenced,
    /// Anything else.
    Unavailable,
}
