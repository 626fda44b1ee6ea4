//! The trait [`Store`]: what the relay keeps, in the relay's own terms. SQLite implements it for one machine; every other
//! implementation must pass the same tests (`suite`).
//!
//! A method *submits*: it returns at once, and two calls one after the other take effect in that order. The [`Pending`] that it
//! returns is answered once the change is on disk. A refusal is what the relay tells the client; the cause of an internal
//! failure is logged where it happens and goes no further.

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

/// How much the store takes, and how long it keeps it.
#[derive(Debug, Clone, Copy)]
pub struct Quotas {
    /// How much room the disk has now.
    pub room: Room,
    /// Payload bytes in one conversation log, with its GroupInfo and its link slots.
    pub log_bytes: u64,
    /// How many of these bytes may be commits, which stay longer.
    pub commit_bytes: u64,
    /// Entries that wait in one inbox.
    pub inbox_entries: u64,
    /// Payload bytes that wait in one inbox.
    pub inbox_bytes: u64,
    /// One-time KeyPackages in one device's pool.
    pub pool: u64,
    /// Age in milliseconds beyond which messages, inbox entries and one-time KeyPackages are deleted.
    pub expiry_ms: u64,
    /// Age in milliseconds beyond which commits are deleted, and logs that got no entry in that time.
    pub commit_ms: u64,
    /// Bytes of one account's blobs. Each blob counts with its full size from its first part on.
    pub blob_bytes: u64,
    /// Blobs of one account.
    pub blobs: u64,
    /// Bytes of one log's blobs, counted alike.
    pub log_blob_bytes: u64,
    /// Blobs of one log.
    pub log_blobs: u64,
    /// Milliseconds after its last part when an unfinished blob is deleted.
    pub unfinished_ms: u64,
    /// Milliseconds after an account's last blob or head when all of them are deleted.
    pub backup_ms: u64,
}

/// The place from which a subscription reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenedLog {
    /// The answer to the client.
    pub state: Subscribed,
    /// The place after which reading goes on: the client's place, or the beginning of what it may read.
    pub start: Seq,
}

/// The place from which a client wants to read a log.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadFrom {
    /// The epoch in which the client joined, if the group era began before.
    pub since: Option<Epoch>,
    /// The last entry that the client has.
    pub after: Seq,
    /// An entry that the client knows to exist.
    pub known: Option<KnownPlace>,
}

/// The next entries of one group era of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// The entries in order and without a gap; empty if nothing has come since.
    pub entries: Vec<LogEntry>,
    /// Whether one of them is the commit that ends the group era.
    pub finished: bool,
}

/// A part of a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobPart {
    /// The length of the whole blob, in bytes.
    pub size: u64,
    /// The bytes at the offset; empty at the end of the stored bytes.
    pub bytes: Bytes<MAX_BLOB_PART>,
}

/// The contents of a device's pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolCount {
    /// One-time KeyPackages.
    pub one_time: u32,
    /// Whether there is one of last resort.
    pub last_resort: bool,
}

/// An account with a verified device log and username claim.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The hash of the first entry.
    pub account: AccountId,
    /// Its device log.
    pub entries: Vec<SignedEntry>,
    /// The devices that are in the log now.
    pub devices: Vec<DeviceRecord>,
    /// The recovery key that is in the log now.
    pub recovery_key: VerifyingKeyBytes,
    /// Its first username.
    pub username: Username,
}

/// A device log entry that was verified against the log up to and with `previous`.
#[derive(Debug, Clone)]
pub struct DeviceLogStep {
    /// The account of the log.
    pub account: AccountId,
    /// The hash of the entry before. The store takes the step only if that is still the last entry.
    pub previous: EntryHash,
    /// The entry.
    pub entry: SignedEntry,
    /// The effect on inboxes and pools.
    pub effect: DeviceLogEffect,
}

impl DeviceLogStep {
    /// The inbox that is deleted with a removed device.
    #[must_use]
    pub const fn removed(&self) -> Option<InboxAddress> {
        match self.effect {
            DeviceLogEffect::Remove(device) => Some(InboxAddress { account: self.account, device }),
            _ => None,
        }
    }
}

/// The effect of a device log entry on the store, beside its place in the log.
#[derive(Debug, Clone, Copy)]
pub enum DeviceLogEffect {
    /// Makes an inbox and a pool for a new device.
    Add(DeviceRecord),
    /// Deletes a removed device's inbox and pool.
    Remove(DeviceId),
    /// Replaces the key by which the account is found.
    ReplaceRecoveryKey(VerifyingKeyBytes),
    /// Nothing.
    None,
}

/// How much room the disk has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Enough for everything.
    Enough,
    /// So little that the store refuses new accounts, logs and blobs: existing ones need the rest.
    Little,
    /// None, except for device logs and for operations that free room.
    None,
}

impl Room {
    /// Checks that something new may begin.
    pub(crate) fn for_new(self) -> Result<(), RelayError> {
        if self == Self::Enough { Ok(()) } else { Err(RelayError::StorageFull) }
    }

    /// Checks that existing data may grow.
    pub(crate) fn to_grow(self) -> Result<(), RelayError> {
        if self == Self::None { Err(RelayError::StorageFull) } else { Ok(()) }
    }
}

/// The outcome of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// The commit is stored.
    Stored(Stored),
    /// The commit is not stored, because these inboxes have no room.
    Undelivered(Vec<InboxAddress>),
}

/// Who posts into an inbox, as far as that decides on the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poster {
    /// A device of the inbox's account.
    Own,
    /// Another account. The number is the same for all posts of one address into this inbox, and says nothing else.
    Other(i64),
    /// Another account, when others have already posted as much as is permitted now.
    Refused,
}

/// Which KeyPackages a client gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// One-time KeyPackages while there are some.
    OneTime,
    /// Those of last resort: the one-time KeyPackages are kept for others.
    LastResort,
}

/// The result of an expiry run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpiryRun {
    /// Rows deleted.
    pub deleted: u64,
    /// Whether old rows remain for another run.
    pub more: bool,
}

/// The relay's storage.
pub trait Store: Send + Sync + 'static {
    /// Makes a log with its Welcomes and GroupInfo. Does nothing if the same log was made before. `posters` are the posters of
    /// the Welcomes. Makes no log either if some inboxes have no room: the answer lists them, or is a refusal if none has room.
    fn create_log(
        &self,
        now: UnixMillis,
        request: CreateLog,
        posters: Vec<Poster>,
    ) -> Pending<Vec<InboxAddress>> {
        let request = CreateLinkedLog { creation: request, links: LinkSlots::default() };
        self.create_linked_log(now, request, posters)
    }
    /// Does the same, with link slots.
    fn create_linked_log(
        &self,
        now: UnixMillis,
        request: CreateLinkedLog,
        posters: Vec<Poster>,
    ) -> Pending<Vec<InboxAddress>>;
    /// Appends messages, all or none. A message that is already stored keeps its place.
    fn append_messages(&self, now: UnixMillis, request: AppendMessages) -> Pending<Vec<Stored>>;
    /// Appends a commit with its Welcomes and GroupInfo and begins the next epoch; appends nothing if some inboxes have no
    /// room. A commit that begins a group era deletes all link slots of the log.
    fn append_commit(
        &self,
        now: UnixMillis,
        request: AppendCommit,
        posters: Vec<Poster>,
    ) -> Pending<Committed> {
        let request = AppendLinkedCommit { commit: request, links: LinkSlots::default() };
        self.append_linked_commit(now, request, posters)
    }
    /// Does the same, with link slots in place of the deleted ones. Only a commit that begins a group era has any.
    fn append_linked_commit(
        &self,
        now: UnixMillis,
        request: AppendLinkedCommit,
        posters: Vec<Poster>,
    ) -> Pending<Committed>;
    /// The logs into which a link leads, the newest first. The answer is [`RelayError::UnknownLink`] if there are none.
    fn open_link(&self, now: UnixMillis, link: CapabilityHash) -> Pending<Vec<LinkOffer>>;
    /// Appends the commit of a client that joins by a link, and begins the next epoch of the same group era.
    fn join_by_link(&self, now: UnixMillis, request: JoinByLink) -> Pending<Stored>;
    /// Appends the request of who has a link to be let in, among the messages.
    fn ask_to_join(&self, now: UnixMillis, request: AskToJoin) -> Pending<Stored>;
    /// Finds the group era that a capability reads, and where to read on in it. If an entry is not there that the client
    /// knows, the answer is [`RelayError::RolledBack`].
    fn open_log(&self, log: LogId, capability: CapabilityHash, from: ReadFrom) -> Pending<OpenedLog>;
    /// Reads on in the group era that begins with this epoch. A marker stands for expired messages.
    fn read_log(&self, log: LogId, era: Epoch, after: Seq) -> Pending<LogPage>;
    /// The current epoch, whose group era the capability must read, and its sealed GroupInfo.
    fn group_info(&self, log: LogId, capability: CapabilityHash) -> Pending<(Epoch, Option<Vec<u8>>)>;

    /// Posts an entry into an inbox.
    fn post_inbox(&self, now: UnixMillis, post: InboxPost, poster: Poster) -> Pending<Stored>;
    /// Checks the capability of an inbox. The answer is the number of its last entry.
    fn open_inbox(&self, address: InboxAddress, capability: CapabilityHash) -> Pending<Seq>;
    /// Reads on in an inbox.
    fn read_inbox(&self, address: InboxAddress, after: Seq) -> Pending<Vec<InboxEntry>>;
    /// Deletes the entries of an inbox up to and with `upto`.
    fn ack_inbox(&self, address: InboxAddress, capability: CapabilityHash, upto: Seq) -> Pending<()>;

    /// Replaces the stamp of a device's inbox. The answer is the stamp before.
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

    /// Adds a verified account to the directory.
    fn register_account(&self, account: NewAccount) -> Pending<()>;
    /// Appends a verified entry by compare-and-set.
    fn append_device_log(&self, step: DeviceLogStep) -> Pending<()>;
    /// Gives an account a username, if `device` is still in its log.
    fn claim_username(&self, account: AccountId, device: DeviceId, username: Username) -> Pending<()>;
    /// The directory record of an account.
    fn account(&self, account: AccountId) -> Pending<DirectoryRecord>;
    /// The new entries of device logs.
    fn device_logs(&self, known: Vec<KnownDeviceLog>) -> Pending<Vec<DeviceLogNews>>;
    /// The directory record of the account with this username.
    fn resolve(&self, username: Username) -> Pending<DirectoryRecord>;
    /// The directory record of the account to which this recovery key leads: the first account that named it, if its log still
    /// does.
    fn recover(&self, key: VerifyingKeyBytes) -> Pending<DirectoryRecord>;

    /// Writes the next bytes of a blob. The answer is the number of its bytes on disk.
    fn put_blob(&self, now: UnixMillis, request: PutBlob) -> Pending<u64>;
    /// Reads a part of a blob.
    fn read_blob(&self, request: FetchBlob) -> Pending<BlobPart>;
    /// Writes the next bytes of a blob of a log. The answer is the number of its bytes on disk. A complete blob with another
    /// hash is deleted, and the answer is [`RelayError::WrongHash`].
    fn put_log_blob(&self, now: UnixMillis, request: PutLogBlob) -> Pending<u64>;
    /// Reads a part of a complete blob of a log.
    fn read_log_blob(&self, request: FetchLogBlob) -> Pending<BlobPart>;
    /// Deletes these blobs, as far as they belong to the account.
    fn delete_blobs(&self, request: DeleteBlobs) -> Pending<()>;
    /// Writes the head of an account's backup by compare-and-set. An empty head deletes all of the account's blobs.
    fn write_backup_head(&self, now: UnixMillis, request: WriteBackupHead) -> Pending<BackupHead>;
    /// The head of an account's backup.
    fn backup_head(&self, request: FetchBackupHead) -> Pending<BackupHead>;

    /// Deletes what is older than [`Quotas::expiry_ms`] or [`Quotas::commit_ms`], and expired link slots. One call deletes a
    /// bounded number of rows.
    fn expire(&self, now: UnixMillis) -> Pending<ExpiryRun>;
    /// Deletes the bytes of dropped blobs, unfinished blobs ([`Quotas::unfinished_ms`]), blobs of logs ([`Quotas::expiry_ms`],
    /// plus the time that one may stay unfinished) and old backups ([`Quotas::backup_ms`]). One call deletes a bounded number
    /// of rows.
    fn expire_blobs(&self, now: UnixMillis) -> Pending<ExpiryRun>;
    /// How much room the disk had at the last check.
    fn room(&self) -> Room;
    /// Writes something small to disk, to check that this works.
    fn probe(&self) -> Pending<()>;
    /// Finishes the submitted operations and closes the store. Later calls answer `Internal`.
    fn close(&self);
}
