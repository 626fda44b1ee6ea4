//! HPKE in base mode (RFC 9180) with HKDF-SHA256, keys and ciphertexts as bytes.

pub mod x25519;
pub mod xwing;

/// Why sealing, opening or agreeing on a secret failed. A retry with the same bytes fails again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HpkeError {
    /// Not a public key of this KEM.
    #[error("not a public key")]
    PublicKey,
    /// Not a private key of this KEM.
    #[error("not a private key")]
    PrivateKey,
    /// Another key, other information, or damage.
    #[error("what was sent does not belong to these keys")]
    Refused,
    /// No secret of this length can be exported.
    #[error("no secret of this length can be exported")]
    Export,
}
