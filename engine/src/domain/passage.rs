//! How a message passed the relay: what this device gave it, or took from it. It is kept behind the message, for whoever wants to see
//! what the relay saw (docs/adr/0028).

use parley_protocol::ids::{AppendId, Epoch, LogId, Seq, UnixMillis};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

const VERSION: u8 = 1;
/// Bytes that are kept of what the relay has: all of a short message. The hash stands for the rest.
pub(crate) const KEPT: usize = 512;

/// As it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Passage {
    /// In which log, and where.
    pub(crate) log: LogId,
    pub(crate) seq: Seq,
    /// When, by the relay's clock.
    pub(crate) time: UnixMillis,
    pub(crate) epoch: Epoch,
    pub(crate) append: AppendId,
    /// Length and SHA-256 of the bytes that the relay has, and how they begin.
    pub(crate) length: u32,
    pub(crate) hash: [u8; 32],
    #[serde(with = "serde_bytes")]
    pub(crate) begins: Vec<u8>,
    pub(crate) inside: Inside,
}

/// What the relay cannot see, as it was when the message passed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Inside {
    /// Bytes that were encrypted, before and after padding; none where that is not known any more.
    pub(crate) sizes: Option<(u32, u32)>,
    /// Devices that could open it, and to how many people they belong.
    pub(crate) devices: u32,
    pub(crate) people: u32,
}

impl Passage {
    /// What passed.
    pub(crate) fn of(
        place: (LogId, Seq, UnixMillis),
        epoch: Epoch,
        append: AppendId,
        payload: &[u8],
    ) -> Self {
        let (log, seq, time) = place;
        let begins = payload.get(..payload.len().min(KEPT)).unwrap_or_default().to_vec();
        Self {
            log,
            seq,
            time,
            epoch,
            append,
            length: u32::try_from(payload.len()).unwrap_or(u32::MAX),
            hash: Sha256::digest(payload).into(),
            begins,
            inside: Inside::default(),
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        // Into a Vec, postcard fails on nothing that this type contains.
        postcard::to_extend(self, vec![VERSION]).unwrap_or_default()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let [VERSION, rest @ ..] = bytes else { return None };
        postcard::from_bytes(rest).ok()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn passage(length: usize) -> Passage {
        let place = (LogId([2; 16]), Seq(7), UnixMillis(301));
        let inside = Inside { sizes: Some((90, 96)), devices: 3, people: 2 };
        Passage { inside, ..Passage::of(place, Epoch(4), AppendId([6; 16]), &vec![0xAB; length]) }
    }

    #[test]
    fn the_format_is_pinned_and_comes_back() {
        let bytes = passage(20).encode();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(Passage::decode(&bytes), Some(passage(20)));
        assert_eq!(Passage::decode(&[&[VERSION + 1], &bytes[1..]].concat()), None);
        assert_eq!(Passage::decode(&[]), None);
    }

    #[test]
    fn of_what_is_long_the_beginning_is_kept_and_the_hash_of_all() {
        let long = passage(60_000);
        assert_eq!((long.begins.len(), long.length), (KEPT, 60_000));
        assert_eq!(long.hash, <[u8; 32]>::from(Sha256::digest(vec![0xAB; 60_000])));
        assert!(long.encode().len() < KEPT + 128);
    }
}
