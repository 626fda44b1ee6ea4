//! Formats and cryptography for linking a new device to an account: the codes that are shown and typed, and the channel
//! between the two devices (`docs/adr/0008-linking-channel.md`).

pub(crate) mod channel;
pub(crate) mod check;
pub(crate) mod code;
pub(crate) mod message;
pub(crate) mod typed;
