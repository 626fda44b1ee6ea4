//! Capabilities: secrets that allow posting and reading. The relay keeps only their hashes.

use core::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret that allows a client to append to a log in one epoch, to read a log in one group era, to read a blob, or to open
/// a device's inbox.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
pub struct Capability([u8; 32]);

impl Capability {
    /// Wraps secret bytes, which come from an exporter (RFC 9420 section 8.5) or from a CSPRNG.
    #[must_use]
    pub const fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// The hash that the relay stores.
    #[must_use]
    pub fn hash(&self) -> CapabilityHash {
        let mut hash = Sha256::new();
        hash.update(b"parley capability v1\0");
        hash.update(self.0);
        CapabilityHash(hash.finalize().into())
    }

    /// The secret bytes, for sealing into a record.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Capability(..)")
    }
}

/// `SHA-256("parley capability v1\0" || capability)`.
///
/// Comparing hashes needs no constant time: who can choose the hash's input cannot steer its bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CapabilityHash(pub [u8; 32]);

impl fmt::Debug for CapabilityHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CapabilityHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capability_does_not_print_itself() {
        assert_eq!(format!("{:?}", Capability::new([0xAB; 32])), "Capability(..)");
    }

    #[test]
    fn the_hash_is_pinned() {
        let hex = Capability::new([7; 32]).hash().0.map(|byte| format!("{byte:02x}")).concat();
        insta::assert_snapshot!(hex);
    }
}
