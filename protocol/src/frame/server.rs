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
    /// To one request.
    Answer {
        /// The request's id.
        id: RequestId,
        /// What came of it.
        result: Result<Answer, RelayError>,
    },
    /// Unasked, of a subscription.
    Push(Push),
    /// The relay ends the connection after this frame.
    Closing(ClosingReason),
}

/// Why the relay ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClosingReason {
    /// The relay restarts; come back.
    ShuttingDown,
    /// The client does not read what it subscribed to; come back and read on.
    SlowReader,
    /// The client sent what no client sends.
    ProtocolViolation,
    /// The relay takes no more connections from here. It says so on a connection that it has accepted for nothing else:
    /// a browser does not tell its page why a WebSocket was refused.
    Full {
        /// How long to wait, in milliseconds.
        retry_after_ms: u32,
    },
}

/// The good answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// To `Hello`.
    Hello {
        /// The relay's clock.
        now: UnixMillis,
    },
    /// It is done, and on disk.
    Done,
    /// What was appended is on disk.
    Stored(List<Stored, MAX_APPEND>),
    /// Pushes follow.
    Subscribed(Subscribed),
    /// The sealed GroupInfo, if there is one, and its epoch.
    GroupInfo {
        /// The log's current epoch.
        epoch: Epoch,
        /// As the last commit of the group era brought it that brought one.
        sealed: Option<Bytes<MAX_GROUP_INFO>>,
    },
    /// One-time KeyPackages left.
    KeyPackageCount {
        /// How many.
        one_time: u32,
        /// Whether there is one of last resort.
        last_resort: bool,
    },
    /// One for each device that was named and has any.
    KeyPackages(List<ClaimedKeyPackage, MAX_DEVICES>),
    /// What the directory knows of an account.
    Directory(DirectoryRecord),
    /// The new stamp is on disk.
    StampSwapped {
        /// The stamp that stood there; none at a device's first swap.
        before: Option<Stamp>,
    },
    /// What stands in the slot.
    Slot(SlotState),
    /// As `Subscribed`, for a group era, or an epoch in it, that begins after the place that was asked for.
    SubscribedFrom {
        /// The state of the log.
        state: Subscribed,
        /// The last entry before that: pushes begin after it.
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
        /// What stands at the offset; empty at the end of what is on disk.
        bytes: Bytes<MAX_BLOB_PART>,
    },
    /// The head of an account's backup.
    BackupHead(BackupHead),
    /// To `CreateLog` and `AppendCommit`, of which nothing was done: these inboxes take nothing now. Without their devices
    /// it may be done.
    Undelivered(List<InboxAddress, MAX_WELCOMES>),
    /// To `FetchDeviceLogs`, in the order in which was asked.
    DeviceLogs(List<DeviceLogNews, MAX_LOOKUPS>),
    /// To `OpenLink`, the newest log first; one or more.
    Links(List<LinkOffer, MAX_LINK_OFFERS>),
    /// To `ReadLog`.
    Entries {
        /// The next ones, in order and without a gap; for messages that have expired one entry stands.
        entries: List<LogEntry, MAX_PUSH>,
        /// Whether there are more in this group era.
        more: bool,
    },
}

/// Where an account's backup begins.
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

/// Where an append landed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Its place in the log.
    pub seq: Seq,
    /// The relay's time, which never goes back within a log.
    pub time: UnixMillis,
    /// When the place was given out (of no meaning for an inbox, whose numbers are good for one subscription).
    pub era: Era,
}

/// The state of a log at the moment of subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribed {
    /// The last entry that the capability opens as yet (0 if none).
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

/// What the directory says of one of the accounts that it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceLogNews {
    /// What is new.
    Record(DirectoryRecord),
    /// There is no such account.
    Unknown(AccountId),
    /// The answer has become long enough without this one: it is to be asked for again. The first of an answer never is.
    Later(AccountId),
}

impl DeviceLogNews {
    /// Whom it is about.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        match self {
            Self::Record(record) => record.account,
            Self::Unknown(account) | Self::Later(account) => *account,
        }
    }
}

/// An account as the directory has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryRecord {
    /// The account.
    pub account: AccountId,
    /// How many entries of its device log are left out before `log`, since who asked has them.
    pub after: u32,
    /// Its device log from there on.
    pub log: List<SignedEntry, MAX_DEVICE_LOG>,
    /// Its username: a claim of the relay, not of the account.
    pub username: Option<Username>,
}

/// What a subscription brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Push {
    /// The next entries of a log, in order and without a gap: for messages that have expired one entry stands.
    Log {
        /// Which log.
        log: LogId,
        /// One or more.
        entries: List<LogEntry, MAX_PUSH>,
    },
    /// The next entries of an inbox, in order (numbers may be skipped: what was acknowledged is gone).
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
        /// What stands in it now; none when it has ended.
        state: Option<SlotState>,
    },
}

/// What an entry of a conversation log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryKind {
    /// A message.
    Message,
    /// The commit that ends the entry's epoch.
    Commit,
    /// Messages that the relay no longer has, all of one epoch: those from `first` to the entry's place. The payload is
    /// empty, the append id and the era are zeros, and the time is not before that of the last of them.
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
    /// As its sender chose it.
    pub append: AppendId,
    /// Message or commit, or what is left of messages.
    pub kind: EntryKind,
    /// When the relay stored it.
    pub time: UnixMillis,
    /// Opaque to the relay.
    pub payload: Bytes<MAX_COMMIT>,
}

impl LogEntry {
    /// The first place for which it stands: its own, if it does not stand for messages that have expired.
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
