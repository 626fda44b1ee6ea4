//! The head of a backup file: whose file it is, which device wrote it, what it contains, and the key of its chunks. The head
//! is sealed to the recovery phrase; because anybody can seal to a public key, a device of the account signs it.
//!
//! `"PARLEYBK" || version (1) || length of the rest (4) || checksum (8) || key, sealed to the phrase (1,168) || head, sealed
//! under that key`. The checksum tells damage from another phrase; it keeps nobody from anything.

use ed25519_dalek::{Signer as _, SigningKey};
use parley_crypto::MlsRandom;
use parley_protocol::device_log::{DeviceLog, Signature, SignedEntry};
use parley_protocol::ids::{AccountId, DeviceId, LogId, UnixMillis};
use parley_protocol::padding::{pad, unpad};
use parley_protocol::username::Username;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::head::{WRAPPED, unwrap, wrap};
use super::{DataKey, Place, open, seal};
use crate::recovery::{BackupAddress, RecoverySeed};
use crate::table::Table;
use crate::view::FileError;

const MAGIC: &[u8; 8] = b"PARLEYBK";
const VERSION: u8 = 1;
/// Bytes before what the checksum is of.
pub(super) const FIXED: usize = 8 + 1 + 4 + CHECKSUM;
const CHECKSUM: usize = 8;
/// The rest of a head is at most so long, in bytes: 1,024 entries of a device log and some ten thousand logs.
const MAX_REST: usize = 2 * 1024 * 1024;
const INFO: &[u8] = b"parley backup file v1\0";
/// Heads are at least so long before they are sealed, in bytes.
const FLOOR: usize = 1024;
/// Two clocks may be so far from each other, in milliseconds.
const CLOCKS: u64 = 24 * 60 * 60 * 1000;

/// The amount of content in a file, so that a reader knows what is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Contents {
    pub(crate) chunks: u64,
    pub(crate) messages: u64,
    pub(crate) chats: u32,
}

/// The content of a head.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileHead {
    pub(crate) account: AccountId,
    /// The device that wrote the file, and the account's device log as it knew it.
    pub(crate) device: DeviceId,
    pub(crate) entries: Vec<SignedEntry>,
    /// By that device's clock.
    pub(crate) made: UnixMillis,
    /// What the account calls itself.
    pub(crate) name: String,
    pub(crate) username: Username,
    pub(crate) contents: Contents,
    /// How far each log is in the file.
    pub(crate) logs: Table<LogId, Place>,
    /// Of the chunks, and of nothing else.
    pub(crate) stream: DataKey,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Signed {
    head: Vec<u8>,
    signature: Signature,
}

/// With what a head is opened.
pub(crate) enum Opener {
    /// The phrase to which it is sealed.
    Phrase(RecoverySeed),
    /// The device that has just written it has the key itself.
    Key(DataKey),
}

impl FileHead {
    /// The head as it stands in the file. `key` is drawn for it alone.
    pub(crate) fn seal(
        &self,
        random: &MlsRandom,
        address: &BackupAddress,
        key: &DataKey,
        device: &SigningKey,
    ) -> Option<Vec<u8>> {
        let wrapped = wrap(random, INFO, address, key).ok()?;
        let head = postcard::to_allocvec(self).ok()?;
        let signature = Signature(device.sign(&signed_bytes(&wrapped, &head)).to_bytes());
        let mut plain = postcard::to_allocvec(&Signed { head, signature }).ok()?;
        pad(&mut plain, FLOOR);
        let rest = [wrapped.as_slice(), &seal(key, random, INFO, &plain)].concat();
        let length = u32::try_from(rest.len()).ok()?.to_be_bytes();
        Some([MAGIC.as_slice(), &[VERSION], &length, &checksum(&rest), &rest].concat())
    }

    /// Where a head ends whose first bytes these are.
    pub(super) fn end(fixed: &[u8; FIXED]) -> Result<usize, FileError> {
        let (magic, rest) = fixed.split_first_chunk::<8>().ok_or(FileError::Other)?;
        if magic != MAGIC {
            return Err(FileError::Other);
        }
        let ([version], rest) = rest.split_first_chunk::<1>().ok_or(FileError::Other)?;
        match *version {
            VERSION => {}
            newer if newer > VERSION => return Err(FileError::Newer),
            _ => return Err(FileError::Damaged),
        }
        let (length, _) = rest.split_first_chunk::<4>().ok_or(FileError::Damaged)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| FileError::Damaged)?;
        if length > MAX_REST { Err(FileError::Damaged) } else { Ok(FIXED.saturating_add(length)) }
    }

    /// Opens a whole head and checks who wrote it.
    pub(super) fn open(bytes: &[u8], opener: &Opener) -> Result<Self, FileError> {
        let (fixed, rest) = bytes.split_at_checked(FIXED).ok_or(FileError::Damaged)?;
        if !fixed.ends_with(&checksum(rest)) {
            return Err(FileError::Damaged);
        }
        let (wrapped, sealed) = rest.split_at_checked(WRAPPED).ok_or(FileError::Damaged)?;
        let key = match opener {
            Opener::Phrase(seed) => unwrap(wrapped, INFO, seed).map_err(|_| FileError::Phrase)?,
            Opener::Key(key) => key.clone(),
        };
        // From here on, the maker of the file knew where to seal it, and made it wrong.
        let plain = open(&key, INFO, sealed).map_err(|_| FileError::Forged)?;
        let signed: Signed =
            unpad(&plain).ok().and_then(|plain| postcard::from_bytes(plain).ok()).ok_or(FileError::Forged)?;
        let head: Self = postcard::from_bytes(&signed.head).map_err(|_| FileError::Forged)?;
        let log = head.log().ok_or(FileError::Forged)?;
        let author = log.device(&head.device).ok_or(FileError::Forged)?;
        let right = author.key.verifies(&signed_bytes(wrapped, &signed.head), &signed.signature);
        let named = match opener {
            Opener::Phrase(seed) => log.recovery_key() == seed.verifying_key(),
            Opener::Key(_) => true,
        };
        if right && named { Ok(head) } else { Err(FileError::Forged) }
    }

    fn log(&self) -> Option<DeviceLog> {
        DeviceLog::verify_for(&self.account, &self.entries).ok()
    }

    /// Compares with the account's device log as this device knows it; returns whether the device that wrote the file was
    /// removed since.
    pub(crate) fn compare(&self, known: &DeviceLog) -> Result<bool, FileError> {
        let log = self.log().ok_or(FileError::Forged)?;
        if !known.contains(&log.head()) && !log.contains(&known.head()) {
            return Err(FileError::Forged);
        }
        let author = known.all_devices().iter().find(|device| device.record.id == self.device);
        match author.and_then(|device| device.removed) {
            // What a removed device writes is not the account's.
            Some(removed) if self.made.0 > removed.0.saturating_add(CLOCKS) => Err(FileError::Forged),
            removed => Ok(removed.is_some()),
        }
    }
}

fn checksum(rest: &[u8]) -> [u8; CHECKSUM] {
    let digest: [u8; 32] = Sha256::digest(rest).into();
    digest.first_chunk::<CHECKSUM>().copied().unwrap_or_default()
}

/// The signature covers the sealed key too: nobody else can put their own chunks behind somebody's head.
fn signed_bytes(wrapped: &[u8], head: &[u8]) -> Vec<u8> {
    [INFO, &Sha256::digest(wrapped), head].concat()
}

#[cfg(test)]
#[path = "file_head_tests.rs"]
pub(super) mod tests;
