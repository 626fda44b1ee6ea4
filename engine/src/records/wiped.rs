//! Values that are overwritten when they are dropped.

use core::ops::Deref;

/// The bytes of a value. As `Zeroizing<Vec<u8>>`, but the bytes go all at once: every message replaces some kilobytes of
/// values, and in WebAssembly volatile writes are one for each byte, or a call for each sixteen.
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
        self.0.fill(0);
        zeroize::optimization_barrier(self.0.as_slice());
    }
}

impl core::fmt::Debug for Wiped {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Wiped(..)")
    }
}
