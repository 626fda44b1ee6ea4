//! The master key, under which everything at rest is sealed.

use core::fmt;

use zeroize::ZeroizeOnDrop;

/// Seals everything on this device. The host keeps it wrapped by a non-extractable key.
#[derive(Clone, ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// Takes 32 bytes from a CSPRNG.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}
