//! A commit of a group as it stands in the log: sealed to the group era, so that a device that was away reads on across
//! epochs, and so that the relay sees neither accounts nor devices nor the group's name.
//!
//! `1 || nonce (24) || XChaCha20-Poly1305(key of the era, aad = label || log (16), postcard(CommitEntry))`.

use parley_crypto::aead::{self, XNonce};
use parley_protocol::ids::LogId;
use parley_protocol::limits::MAX_COMMIT;
use serde::{Deserialize, Serialize};

use super::codec::FormatError;
use super::evidence::Evidence;
use crate::channel::group_era::GroupEra;

/// The first byte.
const FORMAT: u8 = 1;
const LABEL: &[u8] = b"parley commit entry v1\0";

/// A commit, and what its readers need beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CommitEntry {
    /// The MLS message: a PublicMessage.
    pub(crate) message: Vec<u8>,
    pub(crate) evidence: Evidence,
    /// The GroupInfo of the epoch that the commit leads to, without the ratchet tree (an MLS message); empty if there is none.
    pub(crate) group_info: Vec<u8>,
}

/// An entry as bytes.
#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    #[serde(borrow, with = "serde_bytes")]
    message: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    evidence: &'a [u8],
    #[serde(borrow, with = "serde_bytes")]
    group_info: &'a [u8],
}

/// Why a reader refuses an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EntryError {
    /// The entry is sealed to another era, or for another log, or damaged.
    #[error("the commit entry does not open")]
    Sealed,
    /// Written by a newer version.
    #[error("the commit entry has a newer version")]
    Newer,
    /// Somebody who knows the era's key sealed bytes that are no entry.
    #[error("the commit entry is malformed")]
    Malformed,
}

/// An entry has at least this many bytes around its parts.
const AROUND: usize = 64;

impl CommitEntry {
    /// Whether the entry fits into a log.
    pub(crate) fn fits(&self) -> bool {
        let parts = [self.message.len(), self.evidence.encode().len(), self.group_info.len(), AROUND];
        parts.into_iter().fold(0, usize::saturating_add) <= MAX_COMMIT
    }

    /// Seals the entry for a log. The nonce comes from a CSPRNG.
    pub(crate) fn seal(&self, era: &GroupEra, log: LogId, nonce: &XNonce) -> Vec<u8> {
        let wire =
            Wire { message: &self.message, evidence: &self.evidence.encode(), group_info: &self.group_info };
        // Postcard fails on maps and sequences of unknown length, and there are none.
        let plaintext = postcard::to_allocvec(&wire).unwrap_or_default();
        let key = era.entry_key();
        let sealed = aead::xseal(&key, nonce, &associated_data(log), &plaintext);
        #[cfg(feature = "audit")]
        parley_crypto::audit::sealed(
            parley_crypto::audit::For::Commit,
            key.as_slice(),
            nonce.as_slice(),
            &sealed,
        );
        [&[FORMAT], nonce.as_slice(), &sealed].concat()
    }

    /// Opens what [`Self::seal`] made for the same log in the same era.
    pub(crate) fn open(era: &GroupEra, log: LogId, bytes: &[u8]) -> Result<Self, EntryError> {
        let (format, rest) = bytes.split_first().ok_or(EntryError::Malformed)?;
        match *format {
            FORMAT => {}
            0 => return Err(EntryError::Malformed),
            _ => return Err(EntryError::Newer),
        }
        if bytes.len() > MAX_COMMIT {
            return Err(EntryError::Malformed);
        }
        let (nonce, sealed) = rest.split_first_chunk::<24>().ok_or(EntryError::Malformed)?;
        let opened = aead::xopen(&era.entry_key(), nonce, &associated_data(log), sealed);
        let plaintext = opened.map_err(|_| EntryError::Sealed)?;
        let Ok((wire, [])) = postcard::take_from_bytes::<Wire<'_>>(&plaintext) else {
            return Err(EntryError::Malformed);
        };
        let evidence = Evidence::decode(wire.evidence).map_err(|error| match error {
            FormatError::Malformed => EntryError::Malformed,
            FormatError::Newer => EntryError::Newer,
        })?;
        Ok(Self { message: wire.message.to_vec(), evidence, group_info: wire.group_info.to_vec() })
    }
}

fn associated_data(log: LogId) -> Vec<u8> {
    [LABEL, log.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use parley_protocol::ids::UnixMillis;

    use super::*;
    use crate::group::fixtures::Account;

    const LOG: LogId = LogId([3; 16]);

    fn era(number: u8) -> GroupEra {
        GroupEra::new([number; 32], UnixMillis(0))
    }

    fn entry() -> CommitEntry {
        let evidence = Evidence { logs: vec![Account::new(1, 1).entries()], leaves: Vec::new(), link: None };
        CommitEntry { message: vec![1; 100], evidence, group_info: vec![2; 50] }
    }

    #[test]
    fn the_format_is_pinned() {
        let empty = CommitEntry::default().seal(&era(1), LOG, &[5; 24]);
        insta::assert_snapshot!(crate::hex(&empty));
        assert_eq!(CommitEntry::open(&era(1), LOG, &empty), Ok(CommitEntry::default()));
        let sealed = entry().seal(&era(1), LOG, &[5; 24]);
        assert_eq!(CommitEntry::open(&era(1), LOG, &sealed), Ok(entry()));
    }

    #[test]
    fn what_fits_is_not_too_long_once_sealed() {
        let of = |length| CommitEntry { message: vec![1; length], ..entry() };
        let around = entry().evidence.encode().len() + entry().group_info.len() + AROUND;
        let most = of(MAX_COMMIT - around);
        let sealed = most.seal(&era(1), LOG, &[5; 24]);
        assert!(most.fits() && sealed.len() <= MAX_COMMIT, "{} bytes", sealed.len());
        assert_eq!(CommitEntry::open(&era(1), LOG, &sealed).as_ref(), Ok(&most));
        assert!(!of(MAX_COMMIT - around + 1).fits());
    }

    #[test]
    fn p1_it_opens_only_in_its_era_and_its_log() {
        let sealed = entry().seal(&era(1), LOG, &[5; 24]);
        assert_eq!(CommitEntry::open(&era(2), LOG, &sealed), Err(EntryError::Sealed));
        assert_eq!(CommitEntry::open(&era(1), LogId([4; 16]), &sealed), Err(EntryError::Sealed));
        for index in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[index] ^= 1;
            assert!(CommitEntry::open(&era(1), LOG, &flipped).is_err(), "byte {index}");
            assert!(CommitEntry::open(&era(1), LOG, &sealed[..index]).is_err(), "cut at {index}");
        }
    }

    #[test]
    fn what_an_insider_seals_that_is_no_entry_is_refused() {
        let seal = |plaintext: &[u8]| {
            let sealed = aead::xseal(&era(1).entry_key(), &[5; 24], &associated_data(LOG), plaintext);
            [&[FORMAT], &[5; 24][..], &sealed].concat()
        };
        let open = |plaintext: &[u8]| CommitEntry::open(&era(1), LOG, &seal(plaintext)).err();
        assert_eq!(open(&[0, 3, 1, 0, 0, 0]), None);
        for hostile in [&[][..], &[0, 0, 0], &[0, 3, 1, 0, 0], &[0, 3, 1, 0, 0, 0, 0], &[0xFF, 0xFF, 3]] {
            assert_eq!(open(hostile), Some(EntryError::Malformed), "{hostile:?}");
        }
        assert_eq!(open(&[0, 3, 3, 0, 0, 0]), Some(EntryError::Newer));
        assert_eq!(CommitEntry::open(&era(1), LOG, &[2; 60]), Err(EntryError::Newer));
        assert_eq!(CommitEntry::open(&era(1), LOG, &[0; 60]), Err(EntryError::Malformed));
        assert_eq!(CommitEntry::open(&era(1), LOG, &vec![1; MAX_COMMIT + 1]), Err(EntryError::Malformed));
    }
}
