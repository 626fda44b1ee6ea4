//! Keys of backups, and the seal of their small parts.

use parley_crypto::MlsRandom;
use parley_crypto::aead::{XNonce, xopen, xseal};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const NONCE: usize = size_of::<XNonce>();

/// Something of a backup does not open: another key, damage, or a newer version. A retry with the same bytes fails again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BackupError {
    /// Another key, or damage.
    #[error("a part of the backup does not open")]
    Sealed,
    /// A newer app wrote it.
    #[error("a newer version wrote the backup")]
    Newer,
    /// No device signed it that was the account's.
    #[error("no device of the account wrote the backup")]
    Forged,
    /// A device wrote it that is not in the device log, as far as that is known.
    #[error("an unknown device wrote the backup")]
    Stranger,
}

/// 256 bits that seal one thing, or (in the head) everything that follows.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct DataKey([u8; 32]);

impl DataKey {
    pub(crate) const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn draw(random: &MlsRandom) -> Self {
        Self(random.array())
    }

    pub(super) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// `nonce (24, random) || XChaCha20-Poly1305 ciphertext and tag`, with the purpose as associated data.
pub(crate) fn seal(key: &DataKey, random: &MlsRandom, purpose: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let nonce: XNonce = random.array();
    let sealed = xseal(&key.0, &nonce, purpose, plaintext);
    [nonce.as_slice(), &sealed].concat()
}

/// Opens what [`seal`] made for the same purpose.
pub(crate) fn open(key: &DataKey, purpose: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, BackupError> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(BackupError::Sealed)?;
    xopen(&key.0, nonce, purpose, sealed).map_err(|_| BackupError::Sealed)
}
