//! The recovery phrase and its keys, which bring an account back when all its devices are lost: 256 bits, shown as 24 words.

mod keys;
mod phrase;
mod standing;

pub(crate) use self::keys::{BackupAddress, RecoverySeed};
pub(crate) use self::standing::stands;
