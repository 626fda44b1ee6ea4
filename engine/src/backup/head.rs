//! The head of a backup, the only part of it that changes in place: which blob the manifest is, and the key of
//! everything, sealed to the recovery phrase (HPKE, RFC 9180, with X-Wing, so that what is recorded today stays secret
//! from a quantum computer). The devices have that key among themselves and need no phrase.

use parley_crypto::MlsRandom;
use parley_crypto::aead::TAG;
use parley_crypto::hpke::xwing::{self, ENCAPPED};
use parley_protocol::ids::{AccountId, BlobId};
use serde::{Deserialize, Serialize};

use super::{BackupError, DataKey, open, seal};
use crate::recovery::{BackupAddress, RecoverySeed};

const VERSION: u8 = 1;
const INFO: &[u8] = b"parley backup v1\0";
const PURPOSE: &[u8] = b"parley backup head v1\0";
const SEALED_KEY: usize = 32 + TAG;
/// Length of a key that is sealed to a recovery phrase, in bytes.
pub(super) const WRAPPED: usize = ENCAPPED + SEALED_KEY;

/// Where the manifest is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) manifest: BlobId,
    /// Length of the sealed manifest, in bytes.
    pub(crate) size: u64,
    /// SHA-256 of the sealed manifest.
    pub(crate) hash: [u8; 32],
}

impl Head {
    /// `version || key, sealed to the recovery phrase || head, sealed under the key`.
    pub(crate) fn seal(
        &self,
        random: &MlsRandom,
        account: &AccountId,
        address: &BackupAddress,
        key: &DataKey,
    ) -> Result<Vec<u8>, BackupError> {
        let wrapped = wrap(random, &info(account), address, key)?;
        let plain = postcard::to_allocvec(self).map_err(|_| BackupError::Sealed)?;
        let sealed = seal(key, random, PURPOSE, &plain);
        Ok([&[VERSION], wrapped.as_slice(), &sealed].concat())
    }

    /// Opens a head with the key that the devices have.
    pub(crate) fn open(bytes: &[u8], key: &DataKey) -> Result<Self, BackupError> {
        let (_, sealed) = split(bytes)?;
        let plain = open(key, PURPOSE, sealed)?;
        postcard::from_bytes(&plain).map_err(|_| BackupError::Sealed)
    }

    /// Opens a head with the recovery phrase; and the key of the backup.
    pub(crate) fn recover(
        bytes: &[u8],
        account: &AccountId,
        seed: &RecoverySeed,
    ) -> Result<(Self, DataKey), BackupError> {
        let (wrapped, _) = split(bytes)?;
        let key = unwrap(wrapped, &info(account), seed)?;
        Ok((Self::open(bytes, &key)?, key))
    }
}

fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), BackupError> {
    match bytes {
        [VERSION, rest @ ..] => rest.split_at_checked(WRAPPED).ok_or(BackupError::Sealed),
        [newer, ..] if *newer > VERSION => Err(BackupError::Newer),
        _ => Err(BackupError::Sealed),
    }
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
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;
    use sha2::{Digest as _, Sha256};

    use super::*;

    const ACCOUNT: AccountId = AccountId([1; 32]);

    fn head() -> Head {
        Head { manifest: BlobId([2; 16]), size: 300, hash: [3; 32] }
    }

    fn sealed(seed: &RecoverySeed) -> Vec<u8> {
        let random = MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(1));
        head().seal(&random, &ACCOUNT, &seed.backup_address(), &DataKey::new([4; 32])).unwrap()
    }

    #[test]
    fn the_phrase_and_the_devices_open_a_head() {
        let seed = RecoverySeed::new([5; 32]);
        let bytes = sealed(&seed);
        assert_eq!(Head::open(&bytes, &DataKey::new([4; 32])).unwrap(), head());
        let (found, key) = Head::recover(&bytes, &ACCOUNT, &seed).unwrap();
        assert!(found == head() && key == DataKey::new([4; 32]));
        insta::assert_snapshot!(crate::hex(&Sha256::digest(&bytes)));
    }

    #[test]
    fn a_newer_head_is_told_apart_from_one_that_nobody_wrote() {
        let open = |version: u8| Head::open(&[version, 0], &DataKey::new([4; 32])).err();
        assert_eq!(open(VERSION + 1), Some(BackupError::Newer));
        assert_eq!(
            [open(VERSION), open(VERSION - 1)],
            [Some(BackupError::Sealed), Some(BackupError::Sealed)]
        );
    }

    #[test]
    fn p1_nothing_else_opens_it() {
        let seed = RecoverySeed::new([5; 32]);
        let bytes = sealed(&seed);
        assert_eq!(Head::open(&bytes, &DataKey::new([6; 32])).err(), Some(BackupError::Sealed));
        let other = RecoverySeed::new([6; 32]);
        assert!(Head::recover(&bytes, &ACCOUNT, &other).is_err(), "another phrase");
        assert!(Head::recover(&bytes, &AccountId([2; 32]), &seed).is_err(), "another account");
        for place in [1, 40, ENCAPPED + 4, WRAPPED + 3, bytes.len() - 1] {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1;
            assert!(Head::recover(&damaged, &ACCOUNT, &seed).is_err(), "damaged at {place}");
        }
        assert!(Head::recover(&bytes[..900], &ACCOUNT, &seed).is_err(), "cut");
        let newer = [&[VERSION + 1], &bytes[1..]].concat();
        assert_eq!(Head::recover(&newer, &ACCOUNT, &seed).err(), Some(BackupError::Newer));
    }
}
