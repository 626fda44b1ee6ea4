//! Derives the keys under which a lock seals the master key: from a passphrase by Argon2id (RFC 9106), from a passkey's PRF
//! output by HKDF-SHA256 (RFC 5869).

use parley_crypto::argon2id::{self, DeriveError};
use parley_crypto::hkdf;
use serde::{Deserialize, Serialize};
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
        argon2id::derive(passphrase.as_bytes(), salt, self.memory, self.passes).map_err(|error| match error {
            DeriveError::Arguments => UnlockError::Wrong,
            DeriveError::Memory => UnlockError::Memory,
        })
    }
}

/// The key of a passkey.
pub(super) fn of_passkey(output: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    hkdf::derive(output, b"parley lock passkey v1")
}
