//! The keys under which a lock seals the master key: of a passphrase by Argon2id (RFC 9106), of a passkey's PRF output by
//! HKDF-SHA256 (RFC 5869).

use argon2::{Algorithm, Argon2, Block, Params, Version};
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::UnlockError;

/// What Argon2id costs: one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Memory in KiB.
    pub memory: u32,
    /// How often it goes over all of it.
    pub passes: u32,
}

impl Cost {
    /// What new locks cost. `docs/benchmarks.md` has the measurement from which it was chosen.
    pub const CHOSEN: Self = Self { memory: 64 * 1024, passes: 3 };

    /// Whether a browser can be asked for this: a damaged lock must not hold a worker for minutes.
    pub(super) const fn is_sane(self) -> bool {
        self.memory >= 8 && self.memory <= 256 * 1024 && self.passes >= 1 && self.passes <= 16
    }

    /// The key of a passphrase. The memory it takes is emptied before it is given back.
    pub(super) fn derive(self, passphrase: &str, salt: &[u8]) -> Result<Zeroizing<[u8; 32]>, UnlockError> {
        let params = Params::new(self.memory, self.passes, 1, Some(32)).map_err(|_| UnlockError::Wrong)?;
        let mut blocks = Zeroizing::new(Vec::new());
        let count = params.block_count();
        blocks.try_reserve_exact(count).map_err(|_| UnlockError::Memory)?;
        blocks.resize(count, Block::default());
        let mut key = Zeroizing::new([0; 32]);
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        // It fails for passphrases beyond 4 GiB.
        argon
            .hash_password_into_with_memory(passphrase.as_bytes(), salt, key.as_mut(), blocks.as_mut_slice())
            .map_err(|_| UnlockError::Wrong)?;
        Ok(key)
    }
}

/// The key of a passkey.
pub(super) fn of_passkey(output: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    // 32 bytes are far below HKDF's limit of 8,160: expand cannot fail.
    let _ = Hkdf::<Sha256>::new(None, output).expand(b"parley lock passkey v1", key.as_mut());
    key
}
