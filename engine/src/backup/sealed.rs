//! Keys of backups, and the seal of their small parts.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use parley_protocol::capability::Capability;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::crypto::MlsRandom;

const NONCE: usize = 24;

/// Something of a backup does not open: another key, damage, or a newer version. A retry with the same bytes fails again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BackupError {
    /// Another key, or damage.
    #[error("a part of the backup does not open")]
    Sealed,
    /// A newer app wrote it.
    #[error("a newer version wrote the backup")]
    Newer,
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

    pub(super) fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(self.0))
    }

    /// Reads at the relay what this key opens.
    pub(crate) fn access(&self) -> Capability {
        let mut secret = Zeroizing::new([0; 32]);
        // 32 bytes are far below HKDF's limit of 8,160: expand cannot fail.
        let _ = Hkdf::<Sha256>::new(None, &self.0).expand(b"parley blob access v1", secret.as_mut());
        Capability::new(*secret)
    }
}

/// `nonce (24, random) || XChaCha20-Poly1305 ciphertext and tag`, with the purpose as associated data.
pub(crate) fn seal(key: &DataKey, random: &MlsRandom, purpose: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let nonce: [u8; NONCE] = random.array();
    // Encryption fails only beyond 256 GiB.
    let payload = Payload { msg: plaintext, aad: purpose };
    let sealed = key.cipher().encrypt(&XNonce::from(nonce), payload).unwrap_or_default();
    [nonce.as_slice(), &sealed].concat()
}

/// Opens what [`seal`] made for the same purpose.
pub(crate) fn open(key: &DataKey, purpose: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, BackupError> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(BackupError::Sealed)?;
    let payload = Payload { msg: sealed, aad: purpose };
    let opened = key.cipher().decrypt(&XNonce::from(*nonce), payload);
    opened.map(Zeroizing::new).map_err(|_| BackupError::Sealed)
}
