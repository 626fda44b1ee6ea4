//! Records every AEAD seal, for tests that prove that no key and nonce are used twice. Needs the feature `audit`, which only
//! the tests turn on. The record holds hashes of keys, never keys.

use std::cell::RefCell;

use sha2::{Digest, Sha256};

/// The purpose of a seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum For {
    /// MLS: a key seals once (RFC 9420 section 9.1), and the ciphertext may leave the device.
    Mls,
    /// The disk: one key seals everything, each time with another nonce.
    Disk,
    /// A commit of a group: one key seals the commits of a group era, each with another nonce, and the ciphertext may leave the
    /// device.
    Commit,
}

/// One AEAD seal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Seal {
    /// The purpose.
    pub purpose: For,
    /// SHA-256 of the key.
    pub key: [u8; 32],
    /// The nonce.
    pub nonce: Vec<u8>,
    /// The end of the ciphertext: its authentication tag, which tells ciphertexts apart.
    pub tag: [u8; 16],
    /// Bytes of the ciphertext, tag included.
    pub length: usize,
}

thread_local! {
    static SEALS: RefCell<Vec<Seal>> = const { RefCell::new(Vec::new()) };
}

/// The seals of this thread's engines since the last call.
#[must_use]
pub fn take() -> Vec<Seal> {
    SEALS.take()
}

/// Records a seal.
pub fn sealed(purpose: For, key: &[u8], nonce: &[u8], ciphertext: &[u8]) {
    let tag = ciphertext.last_chunk::<16>().copied().unwrap_or_default();
    let key = Sha256::digest(key).into();
    let seal = Seal { purpose, key, nonce: nonce.to_vec(), tag, length: ciphertext.len() };
    SEALS.with_borrow_mut(|seals| seals.push(seal));
}
