//! The cryptography that MLS needs, on the crates that the project names.
//!
//! One cipher suite: [`SUITE`]. Everything else is refused, so that its code is not even in the binary
//! (`docs/adr/0001-crypto-provider.md`).

mod mls_crypto;
mod random;

pub(crate) use mls_crypto::MlsCrypto;
use openmls_traits::types::Ciphersuite;
pub(crate) use random::MlsRandom;

/// X-Wing (X25519 and ML-KEM-768), ChaCha20-Poly1305, SHA-256, Ed25519.
pub(crate) const SUITE: Ciphersuite = Ciphersuite::MLS_256_XWING_CHACHA20POLY1305_SHA256_Ed25519;
