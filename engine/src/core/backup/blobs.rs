//! Puts and fetches blobs in parts, and continues each transfer from the part that it reached.

use parley_protocol::bounded::Bytes;
use parley_protocol::capability::Capability;
use parley_protocol::frame::{FetchBlob, InboxAddress, PutBlob, Request};
use parley_protocol::ids::BlobId;
use parley_protocol::limits::MAX_BLOB_PART;
use parley_protocol::padding::{pad, unpad};
use sha2::{Digest, Sha256};

use crate::backup::{Head, Manifest, Segment};

/// The purpose under which a manifest is sealed.
pub(in crate::core) const MANIFEST: &[u8] = b"parley backup manifest v1\0";
/// The least length of a manifest before it is sealed, in bytes.
const MANIFEST_FLOOR: usize = 512;

/// A manifest with its padding.
pub(super) fn padded(manifest: &Manifest) -> Vec<u8> {
    let mut bytes = manifest.encode();
    pad(&mut bytes, MANIFEST_FLOOR);
    bytes
}

/// A manifest's bytes without their padding.
pub(in crate::core) fn unpadded(bytes: &[u8]) -> Option<&[u8]> {
    unpad(bytes).ok()
}

/// A blob on its way to the relay.
pub(super) struct Put {
    pub(super) blob: BlobId,
    bytes: Vec<u8>,
    stored: usize,
}

impl Put {
    pub(super) const fn new(blob: BlobId, bytes: Vec<u8>) -> Self {
        Self { blob, bytes, stored: 0 }
    }

    pub(super) fn size(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX)
    }

    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.bytes).into()
    }

    /// The next part.
    pub(super) fn request(&self, address: InboxAddress, capability: Capability) -> Option<Request> {
        let rest = self.bytes.get(self.stored..)?;
        let part = rest.get(..MAX_BLOB_PART).unwrap_or(rest);
        Some(Request::PutBlob(PutBlob {
            address,
            capability,
            blob: self.blob,
            size: self.size(),
            offset: u64::try_from(self.stored).ok()?,
            bytes: Bytes::new(part.to_vec()).ok()?,
        }))
    }

    /// The relay has this many bytes; returns whether that is all.
    pub(super) fn stored(&mut self, stored: u64) -> bool {
        self.stored = usize::try_from(stored).unwrap_or(usize::MAX).min(self.bytes.len());
        self.stored == self.bytes.len()
    }

    /// Fetches the blob that was put.
    pub(super) fn fetch(&self) -> Fetch {
        Fetch::new(self.blob, self.size(), self.hash())
    }
}

/// A blob on its way from the relay.
pub(in crate::core) struct Fetch {
    blob: BlobId,
    size: u64,
    hash: [u8; 32],
    at: u64,
    seen: Sha256,
}

/// The result of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::core) enum Fetched {
    More,
    /// The whole blob, with the right hash.
    Whole,
    /// The blob is shorter, longer, or different.
    Altered,
}

impl Fetch {
    fn new(blob: BlobId, size: u64, hash: [u8; 32]) -> Self {
        Self { blob, size, hash, at: 0, seen: Sha256::new() }
    }

    pub(in crate::core) fn of(segment: &Segment) -> Self {
        Self::new(segment.blob, segment.size, segment.hash)
    }

    pub(in crate::core) fn of_manifest(head: &Head) -> Self {
        Self::new(head.manifest, head.size, head.hash)
    }

    /// The number of bytes that have come.
    pub(in crate::core) const fn at(&self) -> u64 {
        self.at
    }

    /// The next part.
    pub(in crate::core) fn request(&self, address: InboxAddress, capability: Capability) -> Request {
        Request::FetchBlob(FetchBlob {
            address,
            capability,
            blob: self.blob,
            offset: self.at,
            most: u32::try_from(MAX_BLOB_PART).unwrap_or(u32::MAX),
        })
    }

    /// The next part of a blob came; `size` is the blob's size as the relay says.
    pub(in crate::core) fn take(&mut self, size: u64, part: &[u8]) -> Fetched {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        self.at = self.at.saturating_add(length);
        self.seen.update(part);
        if size != self.size || part.is_empty() || self.at > self.size {
            Fetched::Altered
        } else if self.at < self.size {
            Fetched::More
        } else if <[u8; 32]>::from(self.seen.clone().finalize()) == self.hash {
            Fetched::Whole
        } else {
            Fetched::Altered
        }
    }
}
