//! The browser's random generator.

use core::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

/// `crypto.getRandomValues` as an RNG. A browser without it does not run WebAssembly either.
#[derive(Debug, Clone, Copy, Default)]
pub struct BrowserRng;

impl TryRng for BrowserRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(bytes()))
    }

    fn try_fill_bytes(&mut self, filled: &mut [u8]) -> Result<(), Infallible> {
        fill(filled);
        Ok(())
    }
}

impl TryCryptoRng for BrowserRng {}

/// Random bytes.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut filled = [0; N];
    fill(&mut filled);
    filled
}

fn fill(filled: &mut [u8]) {
    #[expect(clippy::expect_used, reason = "going on without randomness would give every key away")]
    getrandom::fill(filled).expect("the browser has a source of randomness");
}
