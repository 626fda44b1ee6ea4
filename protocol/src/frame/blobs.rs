//! Requests about blobs and backups.

use serde::{Deserialize, Serialize};

use super::InboxAddress;
use crate::bounded::{Bytes, List};
use crate::capability::{Capability, CapabilityHash};
use crate::ids::{BlobHash, BlobId, Epoch, LogId};
use crate::limits::{MAX_BACKUP_HEAD, MAX_BLOB_DELETES, MAX_BLOB_PART};

/// The next bytes of a blob. All puts of a blob agree in its account and size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutBlob {
    /// A device of the account that has the blob.
    pub address: InboxAddress,
    /// That device's inbox capability.
    pub capability: Capability,
    /// The blob, chosen at random.
    pub blob: BlobId,
    /// Length of the whole blob, in bytes: at most [`crate::limits::MAX_BLOB`], and not 0.
    pub size: u64,
    /// Where `bytes` begins.
    pub offset: u64,
    /// Opaque to the relay; may be empty, to ask how much the relay has.
    pub bytes: Bytes<MAX_BLOB_PART>,
}

/// Reads a part of a blob of the own account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchBlob {
    /// A device that is in the account's log now.
    pub address: InboxAddress,
    /// That device's inbox capability.
    pub capability: Capability,
    /// The blob.
    pub blob: BlobId,
    /// Where the part begins.
    pub offset: u64,
    /// The most bytes; the relay sends no more than [`MAX_BLOB_PART`].
    pub most: u32,
}

/// The next bytes of a blob that belongs to a log. All puts of a blob agree in its log, size, hash and reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutLogBlob {
    /// The log, whose quota it counts against.
    pub log: LogId,
    /// The capability to append in `epoch`.
    pub capability: Capability,
    /// The epoch, which must be the log's current one.
    pub epoch: Epoch,
    /// The blob, chosen at random.
    pub blob: BlobId,
    /// Length of the whole blob, in bytes: at most [`crate::limits::MAX_BLOB`], and not 0.
    pub size: u64,
    /// SHA-256 of the whole blob. The relay deletes a blob that turns out to have another hash.
    pub hash: BlobHash,
    /// Hash of the capability that reads it.
    pub reader: CapabilityHash,
    /// Where `bytes` begins.
    pub offset: u64,
    /// Opaque to the relay; may be empty, to ask how much the relay has.
    pub bytes: Bytes<MAX_BLOB_PART>,
}

/// Reads a part of a blob of a log, once the blob is whole and its hash is verified. The reader need not be in the group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchLogBlob {
    /// The blob.
    pub blob: BlobId,
    /// The capability whose hash came with it.
    pub capability: Capability,
    /// Where the part begins.
    pub offset: u64,
    /// The most bytes; the relay sends no more than [`MAX_BLOB_PART`].
    pub most: u32,
}

/// Deletes blobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteBlobs {
    /// A device of the account that has the blobs.
    pub address: InboxAddress,
    /// That device's inbox capability.
    pub capability: Capability,
    /// Which.
    pub blobs: List<BlobId, MAX_BLOB_DELETES>,
}

/// Writes the head of the account's backup by compare-and-set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteBackupHead {
    /// A device of the account.
    pub address: InboxAddress,
    /// That device's inbox capability.
    pub capability: Capability,
    /// The version that the client has seen, 0 if there is none: the relay accepts the head only if that is still the
    /// version.
    pub after: u32,
    /// Opaque to the relay; an empty one ends the backup.
    pub value: Bytes<MAX_BACKUP_HEAD>,
}

/// Reads the head of the own account's backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchBackupHead {
    /// A device that is in the account's log now.
    pub address: InboxAddress,
    /// That device's inbox capability.
    pub capability: Capability,
}
