//! The device log: an account is an append-only log that its own devices sign.
//!
//! Entry 0 (genesis) is signed by the first device and names the recovery key; the account id is the hash of
//! entry 0. Every later entry carries the hash of the one before and is signed by a device that is in the log
//! at that point, or by the recovery key. A new device counter-signs the entry that adds it.

mod chain;
mod entry;
mod room;

pub use chain::{Device, DeviceLog, DeviceLogError, LogHead};
pub use entry::{Author, Body, Change, DeviceRecord, Signature, SignedEntry, VerifyingKeyBytes};
