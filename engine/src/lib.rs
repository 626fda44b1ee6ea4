//! The client's brain, without IO: [`Engine::handle`] takes what happened, [`Engine::poll`] says what to do.
//!
//! Time and randomness are arguments; storage and network are outputs that the host carries out.
//! `docs/invariants.md` numbers what always holds.

mod account;
mod archive;
mod backup;
mod base32;
#[cfg(feature = "bench")]
#[doc(hidden)]
pub mod bench;
mod came_again;
mod check_in;
mod consent;
mod contact;
mod content;
mod conversation;
mod core;
mod deletion;
mod device_note;
mod directory_entry;
mod draft;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod group_era;
#[cfg(feature = "hostile")]
pub mod hostile;
mod invite;
pub mod io;
mod late;
mod link;
pub mod lock;
mod log;
mod message;
mod mls;
pub mod mutations;
mod order;
mod outbox;
pub mod pasted;
mod personal;
mod reach;
mod records;
mod recovery;
mod roster;
mod safety_number;
pub mod seal;
mod set;
mod standing;
mod table;
mod trail;
pub mod view;
mod visible;

pub use crate::core::{Engine, OpenError};
#[cfg(feature = "audit")]
pub use parley_crypto::audit;

#[cfg(all(feature = "hostile", target_arch = "wasm32"))]
compile_error!("the feature `hostile` is for attack tests, never for the browser");

#[cfg(test)]
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
