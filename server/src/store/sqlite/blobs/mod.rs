//! Stores blobs and the heads of backups in a database of their own: a part of a blob is a hundred times as long as a message,
//! and no append shall wait for its sync or checkpoint (docs/adr/0010-blobs-beside-the-logs.md).
//!
//! The relay's database decides who may write and read an account's blobs: the devices that are in the account's log now. It
//! also decides who may put a blob of a log: whoever may append to that log now. The writing thread has a connection of its own
//! for these questions, so an account's requests take effect in the order in which they came.

mod backups;
mod expiry;
mod owners;
mod parts;
mod reading;

use std::path::Path;
use std::sync::Arc;

use parley_protocol::capability::CapabilityHash;
use parley_protocol::frame::{
    BackupHead, DeleteBlobs, FetchBackupHead, FetchBlob, FetchLogBlob, InboxAddress, PutBlob, PutLogBlob,
    WriteBackupHead,
};
use parley_protocol::ids::UnixMillis;
use rusqlite::Connection;

use self::parts::Part;
use super::disk::Disk;
use super::failure::Failure;
use super::threads::Readers;
use super::writer::{Writer, Writes, in_savepoint};
use super::{OpenError, SqliteOptions, inbox, logs, migrate};
use crate::store::{BlobPart, ExpiryRun, Pending, Quotas};

/// The page size in bytes: four times SQLite's default, because most of the file consists of long rows.
const PAGE: i64 = 16 * 1024;
/// Pages in the write-ahead log (16 MiB) after which they are copied into the database.
const CHECKPOINT_PAGES: i64 = 1024;

/// The blobs.
pub(super) struct Blobs {
    writer: Writer<Writing>,
    readers: Readers,
    quotas: Quotas,
    disk: Arc<Disk>,
}

/// The state of the thread that writes blobs.
struct Writing {
    connection: Connection,
    /// Reads the relay's database, which has the devices' capabilities.
    directory: Connection,
    disk: Arc<Disk>,
}

impl Writes for Writing {
    const NAME: &'static str = "blob-writer";
    /// Bounds a group to 16 MiB of the longest parts.
    const MAX_GROUP: usize = 64;

    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn forget(&mut self) {}

    fn written(&mut self) {
        self.disk.look(&self.connection);
    }
}

impl Blobs {
    /// Opens the database; makes or migrates it first. The relay's database already exists.
    pub(super) fn open(options: &SqliteOptions, relay: &Path) -> Result<Self, OpenError> {
        let directory = super::connect_reading(relay)?;
        let path = options.folder.join("blobs.sqlite3");
        let mut connection = Connection::open(&path)?;
        // Only a new file takes the page size, and only as the first step.
        connection.pragma_update(None, "page_size", PAGE)?;
        super::configure(&connection)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        migrate::migrate(&mut connection, &migrate::BLOBS)?;
        if let Some(pages) = options.max_pages {
            connection.pragma_update(None, "max_page_count", pages)?;
        }
        let disk = Arc::new(Disk::new(&options.folder, options.floor));
        disk.look(&connection);
        Ok(Self {
            writer: Writer::spawn(Writing { connection, directory, disk: Arc::clone(&disk) })?,
            readers: reading::readers(&path, relay, options.readers)?,
            quotas: options.quotas,
            disk,
        })
    }

    fn quotas(&self) -> Quotas {
        Quotas { room: self.disk.room(), ..self.quotas }
    }

    /// Queues an operation for a device that must know the capability of its inbox.
    fn write<T, F>(&self, address: InboxAddress, capability: CapabilityHash, operation: F) -> Pending<T>
    where
        T: Send + 'static,
        F: Fn(&Connection, &Quotas) -> Result<T, Failure> + Send + 'static,
    {
        let quotas = self.quotas();
        self.writer.submit(move |writing| {
            inbox::find_owned(&writing.directory, &address, &capability)?;
            in_savepoint(&writing.connection, |c| operation(c, &quotas))
        })
    }

    /// Queues the next bytes of a blob, for a client that may write them according to the relay's database.
    fn put_part<R>(
        &self,
        now: UnixMillis,
        request: R,
        check: impl Fn(&Connection, &R) -> Result<(), Failure> + Send + 'static,
    ) -> Pending<u64>
    where
        R: Send + 'static,
        for<'a> Part<'a>: From<&'a R>,
    {
        let quotas = self.quotas();
        self.writer.submit(move |writing| {
            check(&writing.directory, &request)?;
            let part = Part::from(&request);
            // The refusal for a wrong hash is made outside of the savepoint, because the deletion of the blob must stay.
            in_savepoint(&writing.connection, |c| parts::put(c, now, &part, &quotas))?.answer()
        })
    }

    pub(super) fn put(&self, now: UnixMillis, request: PutBlob) -> Pending<u64> {
        let capability = request.capability.hash();
        self.put_part(now, request, move |directory, request| {
            inbox::find_owned(directory, &request.address, &capability).map(|_| ())
        })
    }

    pub(super) fn put_for_log(&self, now: UnixMillis, request: PutLogBlob) -> Pending<u64> {
        let capability = request.capability.hash();
        self.put_part(now, request, move |directory, request| {
            let log = logs::find(directory, &request.log)?;
            logs::authorise(directory, &log, request.epoch, &capability)
        })
    }

    pub(super) fn read_of_log(&self, request: FetchLogBlob) -> Pending<BlobPart> {
        self.readers.submit(move |c| parts::read_of_log(c, &request))
    }

    pub(super) fn read(&self, request: FetchBlob) -> Pending<BlobPart> {
        let capability = request.capability.hash();
        self.readers.submit(move |c| {
            reading::check(c, &request.address, &capability)?;
            parts::read(c, &request)
        })
    }

    pub(super) fn delete(&self, request: DeleteBlobs) -> Pending<()> {
        let capability = request.capability.hash();
        self.write(request.address, capability, move |c, _| parts::delete(c, &request))
    }

    pub(super) fn write_head(&self, now: UnixMillis, request: WriteBackupHead) -> Pending<BackupHead> {
        let capability = request.capability.hash();
        self.write(request.address, capability, move |c, _| backups::write_head(c, now, &request))
    }

    pub(super) fn head(&self, request: FetchBackupHead) -> Pending<BackupHead> {
        let capability = request.capability.hash();
        self.readers.submit(move |c| {
            reading::check(c, &request.address, &capability)?;
            backups::head(c, &request)
        })
    }

    pub(super) fn expire(&self, now: UnixMillis) -> Pending<ExpiryRun> {
        let quotas = self.quotas();
        self.writer
            .submit(move |writing| in_savepoint(&writing.connection, |c| expiry::expire(c, now, &quotas)))
    }

    pub(super) fn close(&self) {
        self.readers.close();
        self.writer.close();
    }
}
