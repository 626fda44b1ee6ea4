//! The relay's refusals.

use serde::{Deserialize, Serialize};

use crate::ids::Epoch;

/// Why the relay refused a request. The relay has changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum RelayError {
    /// No log has this id.
    #[error("the log is unknown")]
    UnknownLog,
    /// Another log has this id.
    #[error("the log id is taken")]
    LogExists,
    /// The capability opens no epoch or group era of this log, or is not the inbox's.
    #[error("the capability does not open this")]
    WrongCapability,
    /// The log is in a later epoch: read up to `current` and encrypt again.
    #[error("the epoch has ended")]
    StaleEpoch {
        /// The log's epoch now.
        current: Epoch,
    },
    /// No account has this id or name.
    #[error("the account is unknown")]
    UnknownAccount,
    /// The account's log has no such device now.
    #[error("the device is unknown")]
    UnknownDevice,
    /// Another account has this username, or one that looks like it.
    #[error("the username is taken")]
    UsernameTaken,
    /// The device log has another length or head than the entry names.
    #[error("the device log has gone on")]
    DeviceLogConflict,
    /// The entry does not continue the log validly, or a signature is wrong.
    #[error("the signature or the device log entry is invalid")]
    Invalid,
    /// Longer than the operation allows.
    #[error("the request is too large")]
    TooLarge,
    /// The account, log or pool is full.
    #[error("the quota is exhausted")]
    QuotaExceeded,
    /// Too many requests; the same one may come again after this time.
    #[error("too many requests")]
    RateLimited {
        /// How long to wait, in milliseconds.
        retry_after_ms: u32,
    },
    /// The entries after the given place have expired, a commit among them: no client can read on from there.
    #[error("the entries have expired")]
    Expired,
    /// The relay's disk is full.
    #[error("the relay has no room")]
    StorageFull,
    /// Something failed inside of the relay.
    #[error("the relay failed")]
    Internal,
    /// The connection has not said hello, or the request makes no sense.
    #[error("the request is not allowed here")]
    BadRequest,
    /// A slot with this id is open.
    #[error("the slot is taken")]
    SlotTaken,
    /// No slot with this id is open, or both its ends are taken.
    #[error("the slot is unknown")]
    UnknownSlot,
    /// The other end has written: read that first.
    #[error("the slot has another value")]
    SlotConflict,
    /// The account has no blob with this id, or no backup.
    #[error("the blob is unknown")]
    UnknownBlob,
    /// The head of the backup has another version: read it first.
    #[error("the backup has gone on")]
    BackupConflict,
    /// The log does not have, or no longer has, the entry that the client knows: the relay's database was rolled back to a
    /// copy.
    #[error("the log has gone back")]
    RolledBack,
    /// The blob is whole and does not have the named hash: the relay has deleted it.
    #[error("the blob has another hash")]
    WrongHash,
    /// No log has this invite link: it was revoked, it has expired, or its group has ended.
    #[error("the invite link is unknown")]
    UnknownLink,
}

/// What a client does about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same request will be refused again.
    Never,
    /// The relay may accept the same request after this many milliseconds.
    After(u32),
    /// After reading the log to its end, the client may make a new request in its place.
    AfterCatchUp,
}

impl RelayError {
    /// Whether a retry helps.
    #[must_use]
    pub const fn retry(self) -> Retry {
        match self {
            Self::RateLimited { retry_after_ms } => Retry::After(retry_after_ms),
            Self::StorageFull => Retry::After(30_000),
            // Entries that are read, expire or are deleted make room.
            Self::QuotaExceeded => Retry::After(60_000),
            Self::Internal => Retry::After(2_000),
            Self::StaleEpoch { .. } | Self::DeviceLogConflict | Self::SlotConflict | Self::BackupConflict => {
                Retry::AfterCatchUp
            }
            Self::UnknownLog
            | Self::LogExists
            | Self::WrongCapability
            | Self::UnknownAccount
            | Self::UnknownDevice
            | Self::UsernameTaken
            | Self::Invalid
            | Self::TooLarge
            | Self::Expired
            | Self::BadRequest
            | Self::SlotTaken
            | Self::UnknownSlot
            | Self::UnknownBlob
            | Self::RolledBack
            | Self::WrongHash
            | Self::UnknownLink => Retry::Never,
        }
    }
}
