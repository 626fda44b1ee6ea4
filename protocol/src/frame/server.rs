//! Frames from the relay to a client: answers and pushes.

use serde::{Deserialize, Serialize};

use super::{InboxAddress, LinkOffer, RelayError, RequestId};
use crate::bounded::{Bytes, List};
use crate::device_log::SignedEntry;
use crate::ids::{AccountId, AppendId, DeviceId, Epoch, Era, LogId, Seq, SlotId, Stamp, UnixMillis};
use crate::limits::{
    MAX_APPEND, MAX_BACKUP_HEAD, MAX_BLOB_PART, MAX_COMMIT, MAX_DEVICE_LOG, MAX_DEVICES, MAX_GROUP_INFO,
    MAX_KEY_PACKAGE, MAX_LINK_OFFERS, MAX_LOOKUPS, MAX_PUSH, MAX_SLOT, MAX_WELCOME, MAX_WELCOMES,
};
use crate::username::Username;

/// One frame from the relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerFrame {
    /// The answer to one request.
    Answer {
        /// The request's id.
        id: RequestId,
        /// The result.
        result: Result<Answer, RelayError>,
    },
    /// A push of a subscription.
    Push(Push),
    /// The relay ends the connection after this frame.
    Closing(ClosingReason),
}

/// Why the relay ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClosingReason {
    /// The relay restarts; connect again.
    ShuttingDown,
    /// The client does not read its subscriptions; connect again and read on.
    SlowReader,
    /// The client violated the protocol.
    ProtocolViolation,
    /// The relay takes no more connections from this address. It says so on a connection that it accepted only for that: a
    /// browser does not tell its page why a WebSocket was refused.
    Full {
        /// How long to wait, in milliseconds.
        retry_after_ms: u32,
    },
}

/// Successful answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// To `Hello`.
    Hello {
        /// The relay's clock.
        now: UnixMillis,
    },
    /// The request is carried out, and the result is on disk.
    Done,
    /// The appended entries are on disk.
    Stored(List<Stored, MAX_APPEND>),
    /// Pushes follow.
    Subscribed(Subscribed),
    /// The sealed GroupInfo, if there is one, and its epoch.
    GroupInfo {
        /// The log's current epoch.
        epoch: Epoch,
        /// From the last commit of the group era that brought one.
        sealed: Option<Bytes<MAX_GROUP_INFO>>,
    },
    /// One-time KeyPackages left.
    KeyPackageCount {
        /// How many.
        one_time: u32,
        /// Whether there is one of last resort.
        last_resort: bool,
    },
    /// One for each named device that has any.
    KeyPackages(List<ClaimedKeyPackage, MAX_DEVICES>),
    /// What the directory knows of an account.
    Directory(DirectoryRecord),
    /// The new stamp is on disk.
    StampSwapped {
        /// The device's stamp before; none at its first swap.
        before: Option<Stamp>,
    },
    /// The value of the slot.
    Slot(SlotState),
    /// As `Subscribed`, for a group era, or an epoch in it, that begins after the requested place.
    SubscribedFrom {
        /// The state of the log.
        state: Subscribed,
        /// The last entry before it: pushes begin after that entry.
        start: Seq,
    },
    /// How much of a blob is on disk.
    Blob {
        /// The next part begins here.
        stored: u64,
    },
    /// To `FetchBlob`.
    BlobPart {
        /// Length of the whole blob, in bytes.
        size: u64,
        /// The bytes at the offset; empty at the end of what is on disk.
        bytes: Bytes<MAX_BLOB_PART>,
    },
    /// The head of an account's backup.
    BackupHead(BackupHead),
    /// To `CreateLog` and `AppendCommit`: the relay did nothing, because these inboxes take nothing now. A request without
    /// their devices may succeed.
    Undelivered(List<InboxAddress, MAX_WELCOMES>),
    /// To `FetchDeviceLogs`, in the order of the request.
    DeviceLogs(List<DeviceLogNews, MAX_LOOKUPS>),
    /// To `OpenLink`, the newest log first; one or more.
    Links(List<LinkOffer, MAX_LINK_OFFERS>),
    /// To `ReadLog`.
    Entries {
        /// The next entries, in order and without a gap; one entry stands for a run of expired messages.
        entries: List<LogEntry, MAX_PUSH>,
        /// Whether there are more in this group era.
        more: bool,
    },
}

/// The head of an account's backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupHead {
    /// Counts the heads, from 1.
    pub version: u32,
    /// Opaque to the relay.
    pub value: Bytes<MAX_BACKUP_HEAD>,
}

/// The value of a rendezvous slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotState {
    /// Counts the values, from 1.
    pub version: u32,
    /// Opaque to the relay.
    pub value: Bytes<MAX_SLOT>,
}

/// The place of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Its place in the log.
    pub seq: Seq,
    /// The relay's time, which never goes back within a log.
    pub time: UnixMillis,
    /// The era in which the relay gave out the place (without meaning for an inbox, whose numbers are valid for one
    /// subscription).
    pub era: Era,
}

/// The state of a log at the moment of subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribed {
    /// The last entry that the capability opens so far (0 if none).
    pub head: Seq,
    /// The first epoch of the group era that the capability opens (0 for an inbox).
    pub epoch: Epoch,
}

/// A KeyPackage of one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedKeyPackage {
    /// The device.
    pub device: DeviceId,
    /// An MLS KeyPackage (RFC 9420 section 10).
    pub key_package: Bytes<MAX_KEY_PACKAGE>,
}

/// The directory's answer about one requested account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceLogNews {
    /// The new entries.
    Record(DirectoryRecord),
    /// There is no such account.
    Unknown(AccountId),
    /// The answer is long enough without this account: the client asks for it again. The first of an answer is never `Later`.
    Later(AccountId),
}

impl DeviceLogNews {
    /// The account that the answer is about.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        match self {
            Self::Record(record) => record.account,
            Self::Unknown(account) | Self::Later(account) => *account,
        }
    }
}

/// An account in the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryRecord {
    /// The account.
    pub account: AccountId,
    /// The number of entries before `log` that the relay leaves out, since the client has them.
    pub after: u32,
    /// Its device log from there on.
    pub log: List<SignedEntry, MAX_DEVICE_LOG>,
    /// Its username: a claim of the relay, not of the account.
    pub username: Option<Username>,
}

/// A push of a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Push {
    /// The next entries of a log, in order and without a gap: one entry stands for a run of expired messages.
    Log {
        /// Which log.
        log: LogId,
        /// One or more.
        entries: List<LogEntry, MAX_PUSH>,
    },
    /// The next entries of an inbox, in order (numbers may be skipped: the relay deletes acknowledged entries).
    Inbox {
        /// Whose inbox.
        device: DeviceId,
        /// One or more.
        entries: List<InboxEntry, MAX_PUSH>,
    },
    /// The other end wrote into a slot, or the slot is gone.
    Slot {
        /// Which slot.
        slot: SlotId,
        /// Its value now; none if the slot has ended.
        state: Option<SlotState>,
    },
}

/// The kind of an entry of a conversation log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryKind {
    /// A message.
    Message,
    /// The commit that ends the entry's epoch.
    Commit,
    /// Messages that the relay has deleted for their age, all of one epoch: those from `first` to the entry's place. The
    /// payload is empty, the append id and the era are zeros, and the time is not before the time of the last of them.
    Expired {
        /// The first of them.
        first: Seq,
    },
}

/// One entry of a conversation log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Its place.
    pub seq: Seq,
    /// The epoch in which it was appended.
    pub epoch: Epoch,
    /// The era in which the relay gave out the place.
    pub era: Era,
    /// Chosen by its sender.
    pub append: AppendId,
    /// A message, a commit, or expired messages.
    pub kind: EntryKind,
    /// When the relay stored it.
    pub time: UnixMillis,
    /// Opaque to the relay.
    pub payload: Bytes<MAX_COMMIT>,
}

impl LogEntry {
    /// The first place that the entry stands for: its own, unless it stands for expired messages.
    #[must_use]
    pub fn first(&self) -> Seq {
        match self.kind {
            EntryKind::Expired { first } => first.min(self.seq),
            EntryKind::Message | EntryKind::Commit => self.seq,
        }
    }
}

/// One entry of an inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxEntry {
    /// Its place.
    pub seq: Seq,
    /// When the relay stored it.
    pub time: UnixMillis,
    /// Opaque to the relay.
    pub payload: Bytes<MAX_WELCOME>,
}
