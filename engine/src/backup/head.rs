//! The head of a backup, the only part that changes in place: the blob id of the manifest, and the backup's key, sealed to
//! the recovery phrase (HPKE, RFC 9180, with X-Wing, so that what an attacker records today stays secret from a quantum
//! computer). The devices share that key among themselves and need no phrase. The public key of the phrase is no secret, so a
//! device of the account signs the head, and a reader checks the signature before it opens anything.

use ed25519_dalek::{Signer as _, SigningKey};
use parley_crypto::MlsRandom;
use parley_crypto::aead::TAG;
use parley_crypto::hpke::xwing::{self, ENCAPPED};
use parley_protocol::device_log::{DeviceLog, LogHead, Signature};
use parley_protocol::ids::{AccountId, BlobId, DeviceId, EntryHash};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{BackupError, DataKey, open, seal};
use crate::recovery::{BackupAddress, RecoverySeed};

const VERSION: u8 = 1;
const INFO: &[u8] = b"parley backup v1\0";
const PURPOSE: &[u8] = b"parley backup head v1\0";
const SIGN: &[u8] = b"parley backup head signature v1\0";
const SEALED_KEY: usize = 32 + TAG;
/// Length of a key that is sealed to a recovery phrase, in bytes.
pub(super) const WRAPPED: usize = ENCAPPED + SEALED_KEY;
/// Length of a cover, in bytes.
const COVER: usize = 16 + 4 + 32 + 4 + 4;
const SIGNATURE: usize = 64;

/// Where the manifest is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) manifest: BlobId,
    /// Length of the sealed manifest, in bytes.
    pub(crate) size: u64,
    /// SHA-256 of the sealed manifest.
    pub(crate) hash: [u8; 32],
}

/// The readable part of a head: which device wrote it, and what that device knew then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cover {
    pub(crate) device: DeviceId,
    /// The account's device log, as far as that device knew it.
    pub(crate) log: LogHead,
    /// The version that the head has at the relay.
    pub(crate) number: u32,
    /// Of the key that is sealed in it, among those since the last removal in that log.
    pub(crate) generation: u32,
}

/// The author of a head with a valid signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Author {
    /// A device that was in the log when it wrote, as far as it says, and was removed since.
    Current,
    /// One that was in the log when it wrote, as far as it says, and was removed since.
    Removed,
    /// A known device that names unknown entries of the log.
    Beyond,
}

impl Head {
    /// `version || cover || signature || key, sealed to the recovery phrase || head, sealed under the key`.
    pub(crate) fn seal(
        &self,
        random: &MlsRandom,
        account: &AccountId,
        address: &BackupAddress,
        key: &DataKey,
        (cover, signer): (&Cover, &SigningKey),
    ) -> Result<Vec<u8>, BackupError> {
        let wrapped = wrap(random, &info(account), address, key)?;
        let plain = postcard::to_allocvec(self).map_err(|_| BackupError::Sealed)?;
        let sealed = [wrapped.as_slice(), &seal(key, random, PURPOSE, &plain)].concat();
        let cover = cover.encode();
        let signature = signer.sign(&signed_bytes(account, &cover, &sealed)).to_bytes();
        Ok([&[VERSION], cover.as_slice(), &signature, &sealed].concat())
    }

    /// The author of a head that the relay says to be this version, by the account's device log.
    pub(crate) fn check(bytes: &[u8], version: u32, log: &DeviceLog) -> Result<(Cover, Author), BackupError> {
        let Parts { cover, signature, sealed } = Parts::of(bytes)?;
        let signed = signed_bytes(&log.account(), cover, sealed);
        let cover = Cover::decode(cover).ok_or(BackupError::Sealed)?;
        let known = log.all_devices().iter().find(|device| device.record.id == cover.device);
        let Some(known) = known else {
            return Err(if log.contains(&cover.log) { BackupError::Forged } else { BackupError::Stranger });
        };
        if cover.number != version || !known.record.key.verifies(&signed, &signature) {
            return Err(BackupError::Forged);
        }
        match log_at(log, &cover.log) {
            _ if known.removed.is_none() => Ok((cover, Author::Current)),
            None => Ok((cover, Author::Beyond)),
            Some(then) if then.device(&cover.device).is_some() => Ok((cover, Author::Removed)),
            Some(_) => Err(BackupError::Forged),
        }
    }

    /// Opens a head with the key that the devices have.
    pub(crate) fn open(bytes: &[u8], key: &DataKey) -> Result<Self, BackupError> {
        let (_, sealed) = Parts::of(bytes)?.split()?;
        let plain = open(key, PURPOSE, sealed)?;
        postcard::from_bytes(&plain).map_err(|_| BackupError::Sealed)
    }

    /// Opens a head with the recovery phrase; and the key of the backup.
    pub(crate) fn recover(
        bytes: &[u8],
        account: &AccountId,
        seed: &RecoverySeed,
    ) -> Result<(Self, DataKey), BackupError> {
        let (wrapped, _) = Parts::of(bytes)?.split()?;
        let key = unwrap(wrapped, &info(account), seed)?;
        Ok((Self::open(bytes, &key)?, key))
    }
}

impl Cover {
    fn encode(&self) -> Vec<u8> {
        let (length, number, generation) =
            (self.log.length.to_be_bytes(), self.number.to_be_bytes(), self.generation.to_be_bytes());
        [self.device.as_bytes().as_slice(), &length, &self.log.hash.0, &number, &generation].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (device, rest) = bytes.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (hash, rest) = rest.split_first_chunk()?;
        let (number, rest) = rest.split_first_chunk()?;
        let (generation, _) = rest.split_first_chunk()?;
        Some(Self {
            device: DeviceId(*device),
            log: LogHead { length: u32::from_be_bytes(*length), hash: EntryHash(*hash) },
            number: u32::from_be_bytes(*number),
            generation: u32::from_be_bytes(*generation),
        })
    }

    /// How many devices had been removed from the account, as far as the author knew, and the key's number since; a later key is
    /// greater. None if that is not known here.
    pub(crate) fn sealed_under(&self, log: &DeviceLog) -> Option<(u32, u32)> {
        Some((removals(&log_at(log, &self.log)?), self.generation))
    }
}

/// How many devices were removed from an account.
pub(crate) fn removals(log: &DeviceLog) -> u32 {
    let removed = log.all_devices().iter().filter(|device| device.removed.is_some());
    u32::try_from(removed.count()).unwrap_or(u32::MAX)
}

/// The log as it was with this head.
fn log_at(log: &DeviceLog, head: &LogHead) -> Option<DeviceLog> {
    let length = usize::try_from(head.length).ok().filter(|_| log.contains(head))?;
    DeviceLog::read_back(&log.account(), log.entries().get(..length)?).ok()
}

/// A head in its parts, behind its version.
struct Parts<'a> {
    cover: &'a [u8],
    signature: Signature,
    /// The wrapped key, and what is sealed under it.
    sealed: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, BackupError> {
        let rest = match bytes {
            [VERSION, rest @ ..] => rest,
            [newer, ..] if *newer > VERSION => return Err(BackupError::Newer),
            _ => return Err(BackupError::Sealed),
        };
        let (cover, rest) = rest.split_at_checked(COVER).ok_or(BackupError::Sealed)?;
        let (signature, sealed) = rest.split_first_chunk::<SIGNATURE>().ok_or(BackupError::Sealed)?;
        Ok(Self { cover, signature: Signature(*signature), sealed })
    }

    fn split(&self) -> Result<(&'a [u8], &'a [u8]), BackupError> {
        self.sealed.split_at_checked(WRAPPED).ok_or(BackupError::Sealed)
    }
}

fn signed_bytes(account: &AccountId, cover: &[u8], sealed: &[u8]) -> Vec<u8> {
    [SIGN, account.as_bytes(), cover, &Sha256::digest(sealed)].concat()
}

fn info(account: &AccountId) -> Vec<u8> {
    [INFO, account.as_bytes()].concat()
}

/// A key, sealed to a recovery phrase for the purpose that `info` names.
pub(super) fn wrap(
    random: &MlsRandom,
    info: &[u8],
    address: &BackupAddress,
    key: &DataKey,
) -> Result<Vec<u8>, BackupError> {
    let sealed = xwing::seal(random, &address.recipient, info, &[], key.as_bytes());
    let sealed = sealed.map_err(|_| BackupError::Sealed)?;
    Ok([sealed.encapped, sealed.ciphertext].concat())
}

/// Opens what [`wrap`] made.
pub(super) fn unwrap(wrapped: &[u8], info: &[u8], seed: &RecoverySeed) -> Result<DataKey, BackupError> {
    let (encapped, sealed) = wrapped.split_at_checked(ENCAPPED).ok_or(BackupError::Sealed)?;
    let key = xwing::open(&seed.backup_key(), encapped, info, &[], sealed);
    let key = key.map_err(|_| BackupError::Sealed)?;
    let key = key.as_slice().try_into().map_err(|_| BackupError::Sealed)?;
    Ok(DataKey::new(key))
}

#[cfg(test)]
#[path = "head_tests.rs"]
mod tests;
