//! Values that are overwritten when they are dropped.

use core::ops::Deref;

use zeroize::Zeroize as _;

/// The bytes of a value. As `Zeroizing<Vec<u8>>`, but the bytes go many at a time and not one after the other: every message
/// replaces some kilobytes of values.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Wiped(Vec<u8>);

impl Wiped {
    /// Bytes that fill their vector: what it has room for beside them is not overwritten.
    pub(crate) const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Deref for Wiped {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

impl core::fmt::Debug for Wiped {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Wiped(..)")
    }
}
