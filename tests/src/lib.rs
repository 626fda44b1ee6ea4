//! Shared parts of Parley's tests: a simulated world for engines ([`sim`]), the real relay as a process, a client that speaks
//! its frames, accounts that sign, and blobs.

pub mod accounts;
pub mod blobs;
pub mod relay_client;
pub mod relay_process;
pub mod sim;

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// Unique bytes for ids and secrets in tests: no other call returns the same.
#[must_use]
pub fn unique<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    for chunk in bytes.chunks_mut(8) {
        let word = RandomState::new().build_hasher().finish().to_le_bytes();
        chunk.iter_mut().zip(word).for_each(|(byte, random)| *byte = random);
    }
    bytes
}
