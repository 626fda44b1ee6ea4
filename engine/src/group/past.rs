//! Messages from before a member joined: the relay keeps them for the member, or the member who added them passes them on.
//! Each message carries its author's signature, so that nobody who passes it on can change what the author said. That nothing
//! is left out, and when a message was written, rests on the member who passes it on.

use parley_crypto::aead::{self, XNonce};
use parley_protocol::device_log::DeviceLog;
use parley_protocol::ids::{AccountId, DeviceId, Epoch, GroupId, LogId, MessageId, Seq, UnixMillis};
use parley_protocol::padding::{pad_message, unpad};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::codec::{self, FormatError};
use super::proof::{Proof, Signed};
use crate::channel::group_era::GroupEra;
use crate::domain::content::Part;
use crate::domain::message::{Author, Message, MessageBody};

/// The first byte of a message, inside.
const FORMAT: u8 = 1;
/// The first byte of an entry that carries a kept message; an MLS message begins with 0.
const KEPT: u8 = 2;
const LABEL: &[u8] = b"parley kept message v1\0";
const COMMITMENT: &[u8] = b"parley kept message commitment v1\0";
const HASH: &[u8] = b"parley kept entry v1\0";
/// Longest kept message, in bytes.
const LONGEST: usize = 96 * 1024;

/// A message with the proof of its author.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PastMessage {
    pub(crate) account: AccountId,
    pub(crate) device: DeviceId,
    pub(crate) proof: Proof,
    pub(crate) id: MessageId,
    /// By its author's clock.
    pub(crate) time: UnixMillis,
    /// Its place, and when the relay stored it there.
    pub(crate) log: LogId,
    pub(crate) seq: Seq,
    pub(crate) stored: UnixMillis,
    pub(crate) part: Part,
}

/// Earlier messages for somebody who joined later. Content of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Past {
    /// The account that the messages are for; nobody else takes them.
    pub(crate) to: AccountId,
    pub(crate) messages: Vec<PastMessage>,
    /// How many messages were shared in all; only in the last of several parts.
    pub(crate) all: Option<u32>,
}

/// A kept message: what the relay keeps of a message, sealed to the group era.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) account: AccountId,
    pub(crate) device: DeviceId,
    pub(crate) proof: Proof,
    pub(crate) id: MessageId,
    pub(crate) time: UnixMillis,
    pub(crate) part: Part,
}

/// An entry of a log: the MLS message, and beside it the kept message.
pub(crate) struct KeptEntry<'a> {
    pub(crate) message: &'a [u8],
    sealed: &'a [u8],
}

impl Kept {
    /// Seals the kept message: `commitment (32) || nonce (24) || ciphertext`. The cipher does not commit to its key, so a
    /// hash of key and plaintext does (group-attacks R6). The nonce comes from a CSPRNG.
    pub(crate) fn seal(&self, era: &GroupEra, log: LogId, epoch: Epoch, nonce: &XNonce) -> Vec<u8> {
        let mut plaintext = codec::encode(FORMAT, self);
        pad_message(&mut plaintext);
        let key = era.history_key();
        let sealed = aead::xseal(&key, nonce, &associated_data(log, epoch), &plaintext);
        #[cfg(feature = "audit")]
        parley_crypto::audit::sealed(
            parley_crypto::audit::For::Commit,
            key.as_slice(),
            nonce.as_slice(),
            &sealed,
        );
        [&commitment(&key, &plaintext)[..], nonce.as_slice(), &sealed].concat()
    }

    /// Opens what [`Self::seal`] made for the same log and epoch in the same era.
    fn open(era: &GroupEra, log: LogId, epoch: Epoch, sealed: &[u8]) -> Result<Self, FormatError> {
        let (committed, rest) = sealed.split_first_chunk::<32>().ok_or(FormatError::Malformed)?;
        let (nonce, rest) = rest.split_first_chunk::<24>().ok_or(FormatError::Malformed)?;
        let key = era.history_key();
        let opened = aead::xopen(&key, nonce, &associated_data(log, epoch), rest);
        let plaintext = opened.map_err(|_| FormatError::Malformed)?;
        if commitment(&key, &plaintext) != *committed {
            return Err(FormatError::Malformed);
        }
        let kept: Self =
            codec::decode(FORMAT, LONGEST, unpad(&plaintext).map_err(|_| FormatError::Malformed)?)?;
        if kept.part.is_sound() && kept.proof.epoch == epoch { Ok(kept) } else { Err(FormatError::Malformed) }
    }
}

impl<'a> KeptEntry<'a> {
    /// Splits an entry; none if it has only an MLS message.
    pub(crate) fn read(payload: &'a [u8]) -> Option<Self> {
        let rest = payload.strip_prefix(&[KEPT])?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (message, sealed) = rest.split_at_checked(length)?;
        Some(Self { message, sealed })
    }

    /// `2 || length of the MLS message (4, big-endian) || MLS message || sealed`.
    pub(crate) fn write(message: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let length = u32::try_from(message.len()).ok()?.to_be_bytes();
        Some([&[KEPT], &length[..], message, sealed].concat())
    }

    /// The hash that the MLS message names, so that members and later members see the same.
    pub(crate) fn hash(&self) -> [u8; 32] {
        hash_of(self.sealed)
    }

    pub(crate) fn open(&self, era: &GroupEra, log: LogId, epoch: Epoch) -> Result<Kept, FormatError> {
        Kept::open(era, log, epoch, self.sealed)
    }
}

impl PastMessage {
    /// A message of a group, if its author is proven.
    pub(crate) fn of(message: &Message) -> Option<Self> {
        let author = message.author.as_ref()?;
        let (account, device, proof) = (author.account, author.device, author.proof?);
        let MessageBody::Part(part) = &message.body else { return None };
        let Message { id, time, log, seq, stored, .. } = *message;
        Some(Self { account, device, proof, id, time, log, seq, stored, part: part.clone() })
    }

    /// A kept message, at its place.
    pub(crate) fn at(kept: Kept, log: LogId, seq: Seq, stored: UnixMillis) -> Self {
        let Kept { account, device, proof, id, time, part } = kept;
        Self { account, device, proof, id, time, log, seq, stored, part }
    }

    /// Whether a device that is, or was, in this account's log wrote it in this group.
    pub(crate) fn is_by(&self, group: GroupId, log: &DeviceLog) -> bool {
        let Self { account, device, id, time, .. } = *self;
        let signed = Signed { group, account, device, id, time, epoch: self.proof.epoch, part: &self.part };
        let known = log.all_devices().iter().find(|known| known.record.id == device);
        log.account() == account
            && known.is_some_and(|known| signed.is_signed(&self.proof.signature, &known.record.key))
    }

    /// The message as stored, not after the moment at which this account joined.
    pub(crate) fn into_message(self, before: UnixMillis) -> Message {
        let Self { account, device, proof, id, time, log, seq, stored, part } = self;
        let stored = stored.min(before);
        let author = Some(Author { account, device, proof: Some(proof) });
        Message { id, time: time.min(before), stored, log, seq, author, body: MessageBody::Part(part) }
    }
}

pub(crate) fn hash_of(sealed: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(HASH);
    hash.update(sealed);
    hash.finalize().into()
}

fn commitment(key: &[u8; 32], plaintext: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(COMMITMENT);
    hash.update(key);
    hash.update(plaintext);
    hash.finalize().into()
}

fn associated_data(log: LogId, epoch: Epoch) -> Vec<u8> {
    [LABEL, log.as_bytes(), &epoch.0.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests;
