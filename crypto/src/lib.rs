//! Parley's cryptography: plain functions over bytes, and the provider that OpenMLS requires.
//!
//! This crate implements no primitive of its own. The field's crates are generic, so the compiler generates their code in the
//! crate that calls them, with that crate's optimisation level; the browser build optimises for size. No function here is
//! generic over an algorithm, and the build optimises this one crate for speed (`docs/adr/0016-crypto-crate.md`).
//!
//! Randomness is an argument: no function here asks the system for it.

pub mod aead;
pub mod argon2id;
#[cfg(feature = "audit")]
pub mod audit;
pub mod hkdf;
pub mod hmac;
pub mod hpke;
mod mls_crypto;
mod random;
pub mod spake2;

pub use mls_crypto::MlsCrypto;
use openmls_traits::types::Ciphersuite;
pub use random::MlsRandom;

/// X-Wing (X25519 and ML-KEM-768), ChaCha20-Poly1305, SHA-256, Ed25519: the only MLS cipher suite here. The provider refuses
/// all others, so their code is not even in the binary (`docs/adr/0001-crypto-provider.md`).
pub const SUITE: Ciphersuite = Ciphersuite::MLS_256_XWING_CHACHA20POLY1305_SHA256_Ed25519;

#[cfg(test)]
fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|d| u8::from_str_radix(core::str::from_utf8(d).unwrap(), 16).unwrap()).collect()
}
