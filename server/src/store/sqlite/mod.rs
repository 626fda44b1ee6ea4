//! The store in SQLite databases: WAL, `synchronous=FULL`, one writer with group commit
//! (docs/adr/0003-sqlite-group-commit.md), a few readers. Blobs have a database of their own
//! (docs/adr/0010-blobs-beside-the-logs.md).

mod appends;
mod blobs;
mod commits;
mod directory;
mod disk;
mod expiry;
mod failure;
mod groups;
mod heads;
mod inbox;
mod integers;
mod links;
mod logs;
mod migrate;
mod pools;
mod reading;
mod recovery_keys;
mod room;
mod threads;
mod writer;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parley_protocol::capability::CapabilityHash;
use parley_protocol::device_log::VerifyingKeyBytes;
use parley_protocol::frame::{
    AppendLinkedCommit, AppendMessages, AskToJoin, BackupHead, ClaimedKeyPackage, CreateLinkedLog,
    DeleteBlobs, DeviceLogNews, DirectoryRecord, FetchBackupHead, FetchBlob, FetchLogBlob, InboxAddress,
    InboxEntry, InboxPost, JoinByLink, KnownDeviceLog, LinkOffer, PublishKeyPackages, PutBlob, PutLogBlob,
    Stored, SwapStamp, WriteBackupHead,
};
use parley_protocol::ids::{AccountId, DeviceId, Epoch, LogId, Seq, Stamp, UnixMillis};
use parley_protocol::username::Username;
use rusqlite::Connection;

use self::blobs::Blobs;
use self::disk::Disk;
use self::failure::Failure;
use self::heads::Heads;
use self::threads::Readers;
use self::writer::{Writer, Writing, in_savepoint};
use super::{
    BlobPart, Claim, Committed, DeviceLogStep, ExpiryRun, LogPage, NewAccount, OpenedLog, Pending, PoolCount,
    Poster, Quotas, ReadFrom, Room, Store,
};

/// Prepared statements kept by each connection: more than there are in these files.
const STATEMENTS: usize = 64;

/// The writing connection's cache in KiB. A group dirties a page or two of each of its logs; with SQLite's 2,000
/// KiB they were written twice, once in the middle of the transaction, and read again for the next.
const WRITER_CACHE_KIB: i64 = 64 * 1024;

/// Pages in the write-ahead log (16 MiB) after which they are copied into the database. The more, the more often
/// a page was written again meanwhile and is copied once; and the longer all appends wait for the copy: with four
/// times as many the slowest hundredth waits a third longer.
const CHECKPOINT_PAGES: i64 = 4 * 1024;

/// Why the database does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// SQLite says why.
    #[error("the database does not open")]
    Sql(#[from] rusqlite::Error),
    /// A relay newer than this one has been here.
    #[error("a database has schema {found}, this relay knows schemas up to {known}: update the relay")]
    Newer {
        /// The schema of the file.
        found: usize,
        /// The newest schema of this build.
        known: usize,
    },
    /// A build from before the first release has been here. Nothing was changed.
    #[error(
        "a database has schema {found}, of a build from before the first release; this relay knows schemas from {oldest} \
         on: give it another data folder, or use the build that made this one"
    )]
    Older {
        /// The schema of the file.
        found: usize,
        /// The oldest schema that is opened.
        oldest: usize,
    },
    /// Another relay has the folder open. Two would not hear each other's wake-ups.
    #[error("another relay uses this data folder")]
    InUse,
    /// The folder or the threads could not be made.
    #[error("the store does not start")]
    Io(#[from] std::io::Error),
}

/// Where the databases are and how they are opened.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// The folder; it is made if it is not there.
    pub folder: PathBuf,
    /// Threads that read, for each of the two databases.
    pub readers: usize,
    /// Limits that operations check.
    pub quotas: Quotas,
    /// What of the disk is kept for accounts that are there, in bytes.
    pub floor: u64,
    /// Most pages of each file, which lets a test fill the disk. `None`: as many as there is room for.
    pub max_pages: Option<u32>,
}

/// The store.
pub struct SqliteStore {
    writer: Writer<Writing>,
    readers: Readers,
    blobs: Blobs,
    quotas: Quotas,
    disk: Arc<Disk>,
    /// Locked for as long as this lives.
    _lock: File,
}

impl SqliteStore {
    /// Opens the databases, makes or migrates them.
    pub fn open(options: &SqliteOptions) -> Result<Self, OpenError> {
        std::fs::create_dir_all(&options.folder)?;
        let lock = File::create(options.folder.join("relay.lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let path = options.folder.join("relay.sqlite3");
        let mut writing = connect(&path)?;
        writing.pragma_update(None, "cache_size", WRITER_CACHE_KIB.saturating_neg())?;
        writing.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        migrate::migrate(&mut writing, &migrate::RELAY)?;
        writing.execute("UPDATE era SET era = randomblob(8)", [])?;
        if let Some(pages) = options.max_pages {
            writing.pragma_update(None, "max_page_count", pages)?;
        }
        let blobs = Blobs::open(options, &path)?;
        let disk = Arc::new(Disk::new(&options.folder, options.floor));
        disk.look(&writing);
        let writing = Writing { connection: writing, heads: Heads::default(), disk: Some(Arc::clone(&disk)) };
        Ok(Self {
            writer: Writer::spawn(writing)?,
            readers: readers(&path, options.readers)?,
            blobs,
            quotas: options.quotas,
            disk,
            _lock: lock,
        })
    }

    fn quotas(&self) -> Quotas {
        Quotas { room: self.disk.room(), ..self.quotas }
    }

    fn write<T, F>(&self, operation: F) -> Pending<T>
    where
        T: Send + 'static,
        F: Fn(&Connection, &Quotas) -> Result<T, Failure> + Send + 'static,
    {
        let quotas = self.quotas();
        self.writer.submit(move |writing| in_savepoint(&writing.connection, |c| operation(c, &quotas)))
    }
}

fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    configure(&connection)?;
    Ok(connection)
}

fn configure(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)
}

/// A connection that cannot write.
fn connect_reading(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = connect(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// The threads that read a database.
fn readers(path: &Path, count: usize) -> Result<Readers, OpenError> {
    let connections = (0..count.max(1)).map(|_| connect_reading(path)).collect::<Result<Vec<_>, _>>()?;
    Ok(Readers::spawn(connections)?)
}

impl Store for SqliteStore {
    fn create_linked_log(
        &self,
        now: UnixMillis,
        request: CreateLinkedLog,
        posters: Vec<Poster>,
    ) -> Pending<Vec<InboxAddress>> {
        self.write(move |c, quotas| logs::create(c, now, (&request, &posters), quotas))
    }

    fn append_messages(&self, now: UnixMillis, request: AppendMessages) -> Pending<Vec<Stored>> {
        // Hashed here, on the caller's thread: the writing one is what everybody waits for.
        let (capability, quotas) = (request.capability.hash(), self.quotas());
        self.writer.submit(move |writing| appends::append(writing, now, &request, &capability, &quotas))
    }

    fn append_linked_commit(
        &self,
        now: UnixMillis,
        request: AppendLinkedCommit,
        posters: Vec<Poster>,
    ) -> Pending<Committed> {
        let quotas = self.quotas();
        self.writer.submit(move |writing| {
            writing.heads.forget(&request.commit.log);
            in_savepoint(&writing.connection, |c| logs::append_commit(c, now, (&request, &posters), &quotas))
        })
    }

    fn open_link(&self, now: UnixMillis, link: CapabilityHash) -> Pending<Vec<LinkOffer>> {
        self.readers.submit(move |c| links::offers(c, now, &link))
    }

    fn join_by_link(&self, now: UnixMillis, request: JoinByLink) -> Pending<Stored> {
        let (link, quotas) = (request.link.hash(), self.quotas());
        self.writer.submit(move |writing| {
            writing.heads.forget(&request.log);
            in_savepoint(&writing.connection, |c| links::join(c, now, (&request, &link), &quotas))
        })
    }

    fn ask_to_join(&self, now: UnixMillis, request: AskToJoin) -> Pending<Stored> {
        let (link, quotas) = (request.link.hash(), self.quotas());
        self.writer.submit(move |writing| {
            writing.heads.forget(&request.log);
            in_savepoint(&writing.connection, |c| links::ask(c, now, (&request, &link), &quotas))
        })
    }

    fn open_log(&self, log: LogId, capability: CapabilityHash, from: ReadFrom) -> Pending<OpenedLog> {
        self.readers.submit(move |c| reading::open(c, &log, &capability, from))
    }

    fn read_log(&self, log: LogId, era: Epoch, after: Seq) -> Pending<LogPage> {
        self.readers.submit(move |c| reading::page(c, &log, era, after))
    }

    fn group_info(&self, log: LogId, capability: CapabilityHash) -> Pending<(Epoch, Option<Vec<u8>>)> {
        self.readers.submit(move |c| reading::group_info(c, &log, &capability))
    }

    fn post_inbox(&self, now: UnixMillis, post: InboxPost, poster: Poster) -> Pending<Stored> {
        self.write(move |c, quotas| inbox::post(c, now, (&post, poster), quotas))
    }

    fn open_inbox(&self, address: InboxAddress, capability: CapabilityHash) -> Pending<Seq> {
        self.readers.submit(move |c| inbox::open(c, &address, &capability))
    }

    fn read_inbox(&self, address: InboxAddress, after: Seq) -> Pending<Vec<InboxEntry>> {
        self.readers.submit(move |c| inbox::page(c, &address, after))
    }

    fn ack_inbox(&self, address: InboxAddress, capability: CapabilityHash, upto: Seq) -> Pending<()> {
        self.write(move |c, _| inbox::acknowledge(c, &address, &capability, upto))
    }

    fn swap_stamp(&self, request: SwapStamp) -> Pending<Option<Stamp>> {
        self.write(move |c, _| inbox::swap_stamp(c, &request))
    }

    fn publish_key_packages(&self, now: UnixMillis, request: PublishKeyPackages) -> Pending<PoolCount> {
        self.write(move |c, quotas| pools::publish(c, now, &request, quotas))
    }

    fn forget_key_packages(&self, address: InboxAddress, capability: CapabilityHash) -> Pending<PoolCount> {
        self.write(move |c, _| pools::forget(c, &address, &capability))
    }

    fn count_key_packages(&self, address: InboxAddress, capability: CapabilityHash) -> Pending<PoolCount> {
        self.readers.submit(move |c| pools::count(c, &address, &capability))
    }

    fn claim_key_packages(
        &self,
        account: AccountId,
        devices: Vec<(DeviceId, Claim)>,
    ) -> Pending<Vec<ClaimedKeyPackage>> {
        self.write(move |c, _| pools::claim(c, &account, &devices))
    }

    fn register_account(&self, account: NewAccount) -> Pending<()> {
        self.write(move |c, quotas| directory::register(c, &account, quotas))
    }

    fn append_device_log(&self, step: DeviceLogStep) -> Pending<()> {
        self.write(move |c, _| directory::append(c, &step))
    }

    fn claim_username(&self, account: AccountId, device: DeviceId, username: Username) -> Pending<()> {
        self.write(move |c, _| directory::claim_username(c, &account, &device, &username))
    }

    fn account(&self, account: AccountId) -> Pending<DirectoryRecord> {
        self.readers.submit(move |c| directory::record(c, &account))
    }

    fn device_logs(&self, known: Vec<KnownDeviceLog>) -> Pending<Vec<DeviceLogNews>> {
        self.readers.submit(move |c| directory::news(c, &known))
    }

    fn resolve(&self, username: Username) -> Pending<DirectoryRecord> {
        self.readers.submit(move |c| directory::resolve(c, &username))
    }

    fn recover(&self, key: VerifyingKeyBytes) -> Pending<DirectoryRecord> {
        self.readers.submit(move |c| directory::recover(c, &key))
    }

    fn put_blob(&self, now: UnixMillis, request: PutBlob) -> Pending<u64> {
        self.blobs.put(now, request)
    }

    fn read_blob(&self, request: FetchBlob) -> Pending<BlobPart> {
        self.blobs.read(request)
    }

    fn put_log_blob(&self, now: UnixMillis, request: PutLogBlob) -> Pending<u64> {
        self.blobs.put_for_log(now, request)
    }

    fn read_log_blob(&self, request: FetchLogBlob) -> Pending<BlobPart> {
        self.blobs.read_of_log(request)
    }

    fn delete_blobs(&self, request: DeleteBlobs) -> Pending<()> {
        self.blobs.delete(request)
    }

    fn write_backup_head(&self, now: UnixMillis, request: WriteBackupHead) -> Pending<BackupHead> {
        self.blobs.write_head(now, request)
    }

    fn backup_head(&self, request: FetchBackupHead) -> Pending<BackupHead> {
        self.blobs.head(request)
    }

    fn expire(&self, now: UnixMillis) -> Pending<ExpiryRun> {
        let quotas = self.quotas();
        self.writer.submit(move |writing| {
            writing.heads.forget_all();
            in_savepoint(&writing.connection, |c| expiry::expire(c, now, &quotas))
        })
    }

    fn expire_blobs(&self, now: UnixMillis) -> Pending<ExpiryRun> {
        self.blobs.expire(now)
    }

    fn room(&self) -> Room {
        self.disk.room()
    }

    fn probe(&self) -> Pending<()> {
        self.write(|c, _| {
            c.prepare_cached("UPDATE probe SET written = written + 1 WHERE id = 1")?.execute([])?;
            Ok(())
        })
    }

    fn close(&self) {
        self.readers.close();
        self.blobs.close();
        // Last: whoever closes the last connection tidies up.
        self.writer.close();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tempfile::TempDir;

    use super::*;
    use crate::store::suite;

    #[tokio::test]
    async fn sqlite_does_what_a_store_does() {
        let folders: Mutex<Vec<TempDir>> = Mutex::default();
        suite::run(|| {
            let folder = tempfile::tempdir().unwrap();
            let options = SqliteOptions {
                folder: folder.path().to_owned(),
                readers: 2,
                quotas: suite::QUOTAS,
                floor: 0,
                max_pages: None,
            };
            folders.lock().unwrap().push(folder);
            SqliteStore::open(&options).unwrap()
        })
        .await;
    }
}
