//! Argon2id (RFC 9106), version 0x13, with one lane: derives a key from a passphrase.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

/// Why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeriveError {
    /// Argon2 does not accept this cost, salt or passphrase. A retry fails again.
    #[error("Argon2 does not take these arguments")]
    Arguments,
    /// There is not enough memory at the moment. A later retry may succeed.
    #[error("too little memory to derive the key")]
    Memory,
}

/// Derives the key of a passphrase; `memory` is in KiB. Clears the memory before it is freed.
///
/// # Errors
/// When Argon2 does not take the arguments, or when there is too little memory.
pub fn derive(
    passphrase: &[u8],
    salt: &[u8],
    memory: u32,
    passes: u32,
) -> Result<Zeroizing<[u8; 32]>, DeriveError> {
    let params = Params::new(memory, passes, 1, Some(32)).map_err(|_| DeriveError::Arguments)?;
    let mut blocks = Zeroizing::new(Vec::new());
    let count = params.block_count();
    blocks.try_reserve_exact(count).map_err(|_| DeriveError::Memory)?;
    blocks.resize(count, Block::default());
    let mut key = Zeroizing::new([0; 32]);
    // This fails only for passphrases beyond 4 GiB.
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(passphrase, salt, key.as_mut(), blocks.as_mut_slice())
        .map_err(|_| DeriveError::Arguments)?;
    Ok(key)
}
