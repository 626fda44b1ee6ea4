//! What the relay keeps, as a trait in the relay's own terms. SQLite implements it for one machine; whatever
//! else implements it later has to pass the same tests (`suite`).
//!
//! A method *submits*: it returns at once, and two calls made one after the other take effect in that order.
//! The [`Pending`] that it returns is answered once the change is on disk. A refusal is what the client will
//! be told; what caused an internal failure is logged where it happens and goes no further.

mod pending;
pub mod sqlite;
#[cfg(test)]
mod suite;

use parley_protocol::bounded::Bytes;
use parley_protocol::capability::CapabilityHash;
use parley_protocol::device_log::{DeviceRecord, SignedEntry, VerifyingKeyBytes};
use parley_protocol::frame::{
    AppendCommit, AppendLinkedCommit, AppendMessages, AskToJoin, BackupHead, ClaimedKeyPackage,
    CreateLinkedLog, CreateLog, DeleteBlobs, DeviceLogNews, DirectoryRecord, FetchBackupHead, FetchBlob,
    FetchLogBlob, InboxAddress, InboxEntry, InboxPost, JoinByLink, KnownDeviceLog, KnownPlace, LinkOffer,
    LinkSlots, LogEntry, PublishKeyPackages, PutBlob, PutLogBlob, RelayError, Stored, Subscribed, SwapStamp,
    WriteBackupHead,
};
use parley_protocol::ids::{AccountId, DeviceId, EntryHash, Epoch, LogId, Seq, Stamp, UnixMillis};
use parley_protocol::limits::MAX_BLOB_PART;
use parley_protocol::username::Username;

pub use self::pending::{Pending, Reply};

/// How much of everything the store takes, and for how long it keeps it.
#[derive(Debug, Clone, Copy)]
pub struct Quotas {
    /// How much room the disk has now.
    pub room: Room,
    /// Payload bytes in one conversation log, its GroupInfo and what stands in its link slots included.
    pub log_bytes: u64,
    /// How many of them may be of commits, which stay longer.
    pub commit_bytes: u64,
    /// Entries that wait in one inbox.
    pub inbox_entries: u64,
    /// Payload bytes that wait in one inbox.
    pub inbox_bytes: u64,
    /// One-time KeyPackages in one device's pool.
    pub pool: u64,
    /// Age in milliseconds beyond which messages, inbox entries and one-time KeyPackages are deleted.
    pub expiry_ms: u64,
    /// Age in milliseconds beyond which commits are deleted, and logs in which nothing came meanwhile.
    pub commit_ms: u64,
    /// Bytes of one account's blobs, each counted whole from its first part on.
    pub blob_bytes: u64,
    /// Blobs of one account.
    pub blobs: u64,
    /// The same of one log.
    pub log_blob_bytes: u64,
    /// Blobs of one log.
    pub log_blobs: u64,
    /// Milliseconds after its last part when an unfinished blob is deleted.
    pub unfinished_ms: u64,
    /// Milliseconds after an account has written its last blob or head when all of them are deleted.
    pub backup_ms: u64,
}

/// The place from which a subscription reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenedLog {
    /// What the client is told.
    pub state: Subscribed,
    /// Reading goes on after this place: where the client stands, or where what it may read begins.
    pub start: Seq,
}

/// From where somebody wants to read a log.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadFrom {
    /// The epoch in which the client came, if the group era began before.
    pub since: Option<Epoch>,
    /// The last entry that it has.
    pub after: Seq,
    /// An entry that it knows to be there.
    pub known: Option<KnownPlace>,
}

/// The next entries of one group era of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// In order and without a gap; empty when nothing has come since.
    pub entries: Vec<LogEntry>,
    /// Whether the last of them, or one before, is the commit that ends the group era.
    pub finished: bool,
}

/// A part of a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobPart {
    /// Length of the whole blob, in bytes.
    pub size: u64,
    /// What stands at the offset; empty at the end of what is on disk.
    pub bytes: Bytes<MAX_BLOB_PART>,
}

/// What a device's pool holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolCount {
    /// One-time KeyPackages.
    pub one_time: u32,
    /// Whether there is one of last resort.
    pub last_resort: bool,
}

/// An account whose device log and username claim have been verified.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The hash of the first entry.
    pub account: AccountId,
    /// Its device log.
    pub entries: Vec<SignedEntry>,
    /// The devices that the log names now.
    pub devices: Vec<DeviceRecord>,
    /// The recovery key that it names now.
    pub recovery_key: VerifyingKeyBytes,
    /// Its first username.
    pub username: Username,
}

/// A device log entry that has been verified against the log up to and with `previous`.
#[derive(Debug, Clone)]
pub struct DeviceLogStep {
    /// Whose log.
    pub account: AccountId,
    /// The hash of the entry before: the step is taken only if that is still the last one.
    pub previous: EntryHash,
    /// The entry.
    pub entry: SignedEntry,
    /// What it means for inboxes and pools.
    pub effect: DeviceLogEffect,
}

impl DeviceLogStep {
    /// The inbox that goes with a device that is removed.
    #[must_use]
    pub const fn removed(&self) -> Option<InboxAddress> {
        match self.effect {
            DeviceLogEffect::Remove(device) => Some(InboxAddress { account: self.account, device }),
            _ => None,
        }
    }
}

/// What a device log entry means for the store, beside its place in the log.
#[derive(Debug, Clone, Copy)]
pub enum DeviceLogEffect {
    /// An inbox and a pool for a new device.
    Add(DeviceRecord),
    /// The end of a device's inbox and pool.
    Remove(DeviceId),
    /// Another key by which the account is found.
    ReplaceRecoveryKey(VerifyingKeyBytes),
    /// Nothing.
    None,
}

/// How much room the disk has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// As much as is asked for.
    Enough,
    /// So little that there are no new accounts, logs and blobs: it is for those that are there.
    Little,
    /// None but for device logs, and for what makes room.
    None,
}

impl Room {
    /// Whether something new may begin.
    pub(crate) fn for_new(self) -> Result<(), RelayError> {
        if self == Self::Enough { Ok(()) } else { Err(RelayError::StorageFull) }
    }

    /// Whether what is there may grow.
    pub(crate) fn to_grow(self) -> Result<(), RelayError> {
        if self == Self::None { Err(RelayError::StorageFull) } else { Ok(()) }
    }
}

/// What came of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// It is there.
    Stored(Stored),
    /// It is not: these inboxes have no room.
    Undelivered(Vec<InboxAddress>),
}

/// Who puts something into an inbox, as far as that decides how much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poster {
    /// A device of the inbox's account.
    Own,
    /// Somebody else. The number is the same for all that one address puts into this inbox, and says nothing else.
    Other(i64),
    /// Somebody else, when others have put in as much as may be for now.
    Refused,
}

/// Which KeyPackages somebody gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// One-time ones as long as there are some.
    OneTime,
    /// Those of last resort: one-time ones are kept for others.
    LastResort,
}

/// How far an expiry run came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpiryRun {
    /// Rows deleted.
    pub deleted: u64,
    /// Whether old rows are left for another run.
    pub more: bool,
}

/// The relay's memory.
pub trait Store: Send + Sync + 'static {
    /// Makes a log with its Welcomes and GroupInfo. Nothing happens if this very log was made before. `posters` are those of
    /// the Welcomes. Nothing happens either if some inboxes have no room: these are the answer, or a refusal if all
    /// are.
    fn create_log(
        &self,
        now: UnixMillis,
        request: CreateLog,
        posters: Vec<Poster>,
    ) -> Pending<Vec<InboxAddress>> {
        let request = CreateLinkedLog { creation: request, links: LinkSlots::default() };
        self.create_linked_log(now, request, posters)
    }
    /// The same, with ways in by links.
    fn create_linked_log(
        &self,
        now: UnixMillis,
        request: CreateLinkedLog,
        posters: Vec<Poster>,
    ) -> Pending<Vec<InboxAddress>>;
    /// Appends messages, all or none. Those that are there already keep their place.
    fn append_messages(&self, now: UnixMillis, request: AppendMessages) -> Pending<Vec<Stored>>;
    /// Appends a commit with its Welcomes and GroupInfo and begins the next epoch; or nothing, if some inboxes have no room.
    /// One with which a group era begins ends all ways into the log.
    fn append_commit(
        &self,
        now: UnixMillis,
        request: AppendCommit,
        posters: Vec<Poster>,
    ) -> Pending<Committed> {
        let request = AppendLinkedCommit { commit: request, links: LinkSlots::default() };
        self.append_linked_commit(now, request, posters)
    }
    /// The same, with ways in that take the place of those. Only a commit with which a group era begins has any.
    fn append_linked_commit(
        &self,
        now: UnixMillis,
        request: AppendLinkedCommit,
        posters: Vec<Poster>,
    ) -> Pending<Committed>;
    /// The logs into which a link leads, the newest first; if it leads nowhere the answer is [`RelayError::UnknownLink`].
    fn open_link(&self, now: UnixMillis, link: CapabilityHash) -> Pending<Vec<LinkOffer>>;
    /// Appends the commit of who comes by a link and begins the next epoch of the same group era.
    fn join_by_link(&self, now: UnixMillis, request: JoinByLink) -> Pending<Stored>;
    /// Appends the request of who has a link to be let in, among the messages.
    fn ask_to_join(&self, now: UnixMillis, request: AskToJoin) -> Pending<Stored>;
    /// Finds the group era that a capability reads, and where to read on in it. If an entry is not there that the client
    /// knows, the answer is [`RelayError::RolledBack`].
    fn open_log(&self, log: LogId, capability: CapabilityHash, from: ReadFrom) -> Pending<OpenedLog>;
    /// Reads on in the group era that begins with an epoch. For messages that have expired an entry stands.
    fn read_log(&self, log: LogId, era: Epoch, after: Seq) -> Pending<LogPage>;
    /// The current epoch, whose group era the capability has to read, and its sealed GroupInfo.
    fn group_info(&self, log: LogId, capability: CapabilityHash) -> Pending<(Epoch, Option<Vec<u8>>)>;

    /// Puts something into an inbox.
    fn post_inbox(&self, now: UnixMillis, post: InboxPost, poster: Poster) -> Pending<Stored>;
    /// Checks an inbox's capability; the answer is the inbox's last place.
    fn open_inbox(&self, address: InboxAddress, capability: CapabilityHash) -> Pending<Seq>;
    /// Reads on in an inbox.
    fn read_inbox(&self, address: InboxAddress, after: Seq) -> Pending<Vec<InboxEntry>>;
    /// Deletes what stands in an inbox up to and with `upto`.
    fn ack_inbox(&self, address: InboxAddress, capability: CapabilityHash, upto: Seq) -> Pending<()>;

    /// Swaps the stamp of a device's inbox; the answer is the one that stood there.
    fn swap_stamp(&self, request: SwapStamp) -> Pending<Option<Stamp>>;

    /// Adds KeyPackages to a device's pool.
    fn publish_key_packages(&self, now: UnixMillis, request: PublishKeyPackages) -> Pending<PoolCount>;
    /// Empties a device's pool.
    fn forget_key_packages(&self, address: InboxAddress, capability: CapabilityHash) -> Pending<PoolCount>;
    /// Counts a device's pool.
    fn count_key_packages(&self, address: InboxAddress, capability: CapabilityHash) -> Pending<PoolCount>;
    /// Takes one KeyPackage of each of these devices of an account.
    fn claim_key_packages(
        &self,
        account: AccountId,
        devices: Vec<(DeviceId, Claim)>,
    ) -> Pending<Vec<ClaimedKeyPackage>>;

    /// Puts a verified account into the directory.
    fn register_account(&self, account: NewAccount) -> Pending<()>;
    /// Appends a verified entry by compare-and-set.
    fn append_device_log(&self, step: DeviceLogStep) -> Pending<()>;
    /// Gives an account a username, provided that `device` is still in its log.
    fn claim_username(&self, account: AccountId, device: DeviceId, username: Username) -> Pending<()>;
    /// What the directory has of an account.
    fn account(&self, account: AccountId) -> Pending<DirectoryRecord>;
    /// What is new in device logs.
    fn device_logs(&self, known: Vec<KnownDeviceLog>) -> Pending<Vec<DeviceLogNews>>;
    /// What the directory has of the account with this username.
    fn resolve(&self, username: Username) -> Pending<DirectoryRecord>;
    /// What the directory has of the account to which this recovery key leads: the first one that named it, if its
    /// log still does.
    fn recover(&self, key: VerifyingKeyBytes) -> Pending<DirectoryRecord>;

    /// Puts the next bytes of a blob; the answer is how many of it are on disk.
    fn put_blob(&self, now: UnixMillis, request: PutBlob) -> Pending<u64>;
    /// Reads a part of a blob.
    fn read_blob(&self, request: FetchBlob) -> Pending<BlobPart>;
    /// Puts the next bytes of a blob of a log; the answer is how many of it are on disk. One that is whole then and has
    /// another hash is gone, and the answer is [`RelayError::WrongHash`].
    fn put_log_blob(&self, now: UnixMillis, request: PutLogBlob) -> Pending<u64>;
    /// Reads a part of a blob of a log that is whole.
    fn read_log_blob(&self, request: FetchLogBlob) -> Pending<BlobPart>;
    /// Deletes those of the blobs that are the account's.
    fn delete_blobs(&self, request: DeleteBlobs) -> Pending<()>;
    /// Writes the head of an account's backup by compare-and-set. An empty one deletes all of the account's blobs.
    fn write_backup_head(&self, now: UnixMillis, request: WriteBackupHead) -> Pending<BackupHead>;
    /// The head of an account's backup.
    fn backup_head(&self, request: FetchBackupHead) -> Pending<BackupHead>;

    /// Deletes what is older than [`Quotas::expiry_ms`] or [`Quotas::commit_ms`], and link slots whose time is over, a bounded number of rows in one call.
    fn expire(&self, now: UnixMillis) -> Pending<ExpiryRun>;
    /// Deletes the bytes of blobs that are gone, unfinished blobs ([`Quotas::unfinished_ms`]), blobs of logs
    /// ([`Quotas::expiry_ms`] and as long again as one may stay unfinished) and old backups ([`Quotas::backup_ms`]), a bounded
    /// number of rows in one call.
    fn expire_blobs(&self, now: UnixMillis) -> Pending<ExpiryRun>;
    /// How much room the disk had a moment ago.
    fn room(&self) -> Room;
    /// Writes something small to disk, to see whether that works.
    fn probe(&self) -> Pending<()>;
    /// Finishes what was submitted and closes the store. Calls made later answer `Internal`.
    fn close(&self);
}
