//! The client's engine, without IO: [`Engine::handle`] takes what happened, [`Engine::poll`] says what to do.
//!
//! Time and randomness are arguments; storage and network are outputs that the host carries out. `docs/invariants.md` numbers
//! the engine's invariants.

mod account;
mod attachment;
mod backup;
mod base32;
#[cfg(feature = "bench")]
#[doc(hidden)]
pub mod bench;
mod channel;
mod core;
mod directory_entry;
mod domain;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod group;
#[cfg(feature = "hostile")]
pub mod hostile;
pub mod io;
mod link;
pub mod lock;
mod mls;
pub mod mutations;
pub mod parts;
pub mod pasted;
mod records;
mod recovery;
mod roster;
pub mod seal;
mod set;
mod stamp;
mod table;
pub mod view;

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
