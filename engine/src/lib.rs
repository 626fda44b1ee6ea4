//! The client's brain, without IO: [`Engine::handle`] takes what happened, [`Engine::poll`] says what to do.
//!
//! Time and randomness are arguments; storage and network are outputs that the host carries out.
//! `docs/invariants.md` numbers what always holds.

mod account;
#[cfg(feature = "bench")]
#[doc(hidden)]
pub mod bench;
mod contact;
mod content;
mod conversation;
mod core;
mod crypto;
mod directory_entry;
mod invite;
pub mod io;
mod log;
mod message;
mod mls;
mod outbox;
mod records;
mod safety_number;
pub mod seal;
pub mod view;

pub use crate::core::{Engine, OpenError};

#[cfg(test)]
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
