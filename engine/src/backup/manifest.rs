//! The manifest: the list of a backup's segments and of what they cover.

use parley_protocol::ids::{AccountId, BlobId, DeviceId, LogId, Seq, UnixMillis};
use serde::{Deserialize, Serialize};

use super::{BackupError, DataKey};
use crate::domain::conversation::ConversationKey;
use crate::table::Table;
use crate::view::Order;

const VERSION: u8 = 1;

/// One segment: a blob at the relay.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Segment {
    pub(crate) blob: BlobId,
    /// Of this segment alone.
    pub(crate) key: DataKey,
    /// Length in bytes, as sealed.
    pub(crate) size: u64,
    /// SHA-256 of the sealed bytes.
    pub(crate) hash: [u8; 32],
}

/// How far a log is in the backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) conversation: ConversationKey,
    /// Everything up to here.
    pub(crate) seq: Seq,
}

/// Everything that a restore needs to know, but for the segments themselves.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Oldest first.
    pub(crate) segments: Vec<Segment>,
    /// The device that wrote everything it has, and how many bytes that were; what others wrote came on top.
    pub(crate) base: Option<(DeviceId, u64)>,
    /// The newest message of each conversation that is in the backup, with all before it.
    pub(crate) tops: Table<ConversationKey, Order>,
    /// The logs.
    pub(crate) logs: Table<LogId, Place>,
    /// The first eight bytes of the SHA-256 of each contact, as it is in the backup.
    pub(crate) contacts: Table<AccountId, [u8; 8]>,
    /// When it was written, by the clock of who wrote it.
    pub(crate) made: UnixMillis,
}

impl Manifest {
    pub(crate) fn encode(&self) -> Vec<u8> {
        // Into a Vec, postcard fails on nothing that this type contains.
        postcard::to_extend(self, vec![VERSION]).unwrap_or_default()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, BackupError> {
        match bytes {
            [VERSION, rest @ ..] => postcard::from_bytes(rest).map_err(|_| BackupError::Sealed),
            [newer, ..] if *newer > VERSION => Err(BackupError::Newer),
            _ => Err(BackupError::Sealed),
        }
    }

    /// Bytes of all segments.
    pub(crate) fn size(&self) -> u64 {
        self.segments.iter().map(|segment| segment.size).fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_pinned_and_comes_back() {
        let segment = Segment { blob: BlobId([1; 16]), key: DataKey::new([2; 32]), size: 300, hash: [3; 32] };
        let place = Place { conversation: ConversationKey::Peer(AccountId([5; 32])), seq: Seq(8) };
        let manifest = Manifest {
            segments: vec![segment],
            base: Some((DeviceId([4; 16]), 300)),
            tops: Table::from(vec![(ConversationKey::Peer(AccountId([5; 32])), Order::from_bytes(&[6; 48]))]),
            logs: Table::from(vec![(LogId([7; 16]), place)]),
            contacts: Table::from(vec![(AccountId([5; 32]), [9; 8])]),
            made: UnixMillis(10),
        };
        let bytes = manifest.encode();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(manifest.size(), 300);
        assert!(Manifest::decode(&bytes) == Ok(manifest));
        assert_eq!(Manifest::decode(&[VERSION - 1, 0]).err(), Some(BackupError::Sealed), "no build wrote it");
        assert_eq!(Manifest::decode(&[VERSION + 1, 0]).err(), Some(BackupError::Newer));
        assert_eq!(Manifest::decode(&bytes[..20]).err(), Some(BackupError::Sealed));
    }
}
