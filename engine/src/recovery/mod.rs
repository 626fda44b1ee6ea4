//! What brings an account back when all its devices are lost: 256 bits, shown as 24 words, and the keys made of them.

mod keys;
mod phrase;

pub(crate) use self::keys::{BackupAddress, RecoverySeed};
