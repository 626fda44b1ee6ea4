//! Inputs and outputs of the engine. Nothing else changes its state.
//!
//! The host (a browser worker, or a test) calls [`crate::Engine::handle`] with each [`Input`] and then
//! [`crate::Engine::poll`] until it answers `None`, carrying out every [`Output`] in order.

use parley_protocol::codec::Remedy;
use parley_protocol::ids::UnixMillis;

use crate::parts::{Code, Part};
use crate::view::{Event, FileId, Request, ViewRequestId};

/// What happened outside the engine.
#[derive(Debug, Clone)]
pub enum Input {
    /// A person used a view.
    View(Request),
    /// The connection to the relay is open; nothing has been sent on it.
    Connected,
    /// The connection is gone; requests without an answer may or may not have arrived.
    Disconnected {
        /// When the host will try again.
        retry_at: UnixMillis,
    },
    /// The relay sent these bytes.
    Received(Vec<u8>),
    /// The host does not know whether the connection still works: the engine sends the relay a request that the relay
    /// answers. The host watches whether anything comes.
    Probe,
    /// The change set is on disk.
    Persisted(ChangeSetId),
    /// Nothing of the change set is on disk.
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
    /// The half that the engine asked for.
    Part(Code),
    /// The half cannot be loaded now.
    NoPart(Part),
    /// The result of an [`Output::File`], or a view has a file to send.
    File(FileDone),
}

/// What the host has to do.
#[derive(Debug, Clone)]
#[cfg_attr(
    not(target_arch = "wasm32"),
    expect(clippy::large_enum_variant, reason = "few, each handed over once")
)]
pub enum Output {
    /// Write the whole change set in one transaction (the vault first, see [`ChangeSet::vault`]), then answer
    /// [`Input::Persisted`] or [`Input::PersistFailed`]. The next change set comes after the answer; the engine offers a
    /// failed one again unchanged.
    Persist(ChangeSet),
    /// Send these bytes to the relay as one binary WebSocket message; drop them when not connected.
    Send(Vec<u8>),
    /// Show this in the views.
    Event(Event),
    /// Read records of [`Store::Messages`], then answer [`Input::Loaded`].
    Load(Load),
    /// Send [`Input::Timer`] at this time; replaces the time asked for before.
    WakeAt(UnixMillis),
    /// Close the connection and do not open it again: this app and the relay speak different versions.
    Halt(Remedy),
    /// Close the connection and open a new one after a pause: the relay violated the protocol, or does not answer.
    Reconnect,
    /// Close the connection and open a new one no sooner than after this many milliseconds: the relay asks for that.
    ComeBackAfter(u32),
    /// Close the connection and do not open it again: this device was removed.
    Close,
    /// Load this half, then answer [`Input::Part`] or [`Input::NoPart`].
    Need(Part),
    /// Delete everything of this device, the vault and all records, and run no engine on this device any more.
    Erase,
    /// Do something with a file of a message. The host does these one after the other, independently of all else.
    File(FileWork),
}

/// Work with files of messages. Their chunks are sealed, each under its file's key.
#[derive(Debug, Clone)]
pub enum FileWork {
    /// Read from a file that a view has chosen; answer [`FileDone::Source`].
    ReadSource {
        /// The id by which the view named it.
        source: u64,
        /// Where to begin.
        from: u64,
        /// How many bytes.
        length: u32,
    },
    /// The engine does not need the file that a view has chosen any more.
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
        /// The most chunks.
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
        /// The next bytes.
        bytes: Vec<u8>,
        /// These are the last bytes.
        last: bool,
    },
}

/// Results of work with files.
#[derive(Debug, Clone)]
pub enum FileDone {
    /// The host has read from a file that a view has chosen.
    Source {
        /// Which.
        source: u64,
        /// From where on.
        from: u64,
        /// As many bytes as the engine asked for; none if the file is gone or was changed.
        bytes: Option<Vec<u8>>,
    },
    /// A view offers a file that it has chosen.
    Offered(u64),
    /// Chunks were written, or not.
    Written {
        /// Of which file.
        file: FileId,
        /// The number of the first.
        first: u32,
        /// The result of writing.
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

/// A sealed record. Its key reveals nothing (it is a keyed hash, and for messages an order), its value is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Unique in its store, ordered bytewise.
    pub key: Vec<u8>,
    /// Sealed under the master key; bound to store and key.
    pub value: Vec<u8>,
}

/// A change set: the host writes all of it or nothing.
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
    /// Whether the load asks for a record with this key, apart from the limit.
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
