//! The client's brain, without IO: [`Engine::handle`] takes what happened, [`Engine::poll`] says what to do.
//!
//! Time and randomness are arguments; storage and network are outputs that the host carries out.
//! `docs/invariants.md` numbers what always holds.

mod crypto;
pub mod io;
mod mls;
mod records;
pub mod seal;
pub mod view;

use parley_protocol::ids::UnixMillis;
use rand_core::CryptoRng;

use crate::io::{Input, Output, Record};
use crate::seal::MasterKey;

/// Placeholder until the engine lands.
#[derive(Debug)]
pub struct Engine {}

/// Why stored state could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// A record does not open under the master key, or is damaged.
    #[error("a stored record is damaged")]
    Damaged,
    /// There are records but no device key (localStorage was wiped).
    #[error("the device key is missing")]
    VaultMissing,
    /// There is a device key but no records (IndexedDB was wiped).
    #[error("the stored records are missing")]
    RecordsMissing,
    /// A newer version of the app wrote the records.
    #[error("a newer version of the app wrote the records")]
    Newer,
}

impl Engine {
    /// Opens what was persisted: the vault from localStorage and all records of [`io::Store::State`]; nothing of
    /// both on a new device.
    pub fn open(
        now: UnixMillis,
        master: MasterKey,
        vault: Option<&[u8]>,
        records: Vec<Record>,
    ) -> Result<Self, OpenError> {
        let _ = (now, master, vault, records);
        Ok(Self {})
    }

    /// Takes what happened.
    pub fn handle(&mut self, now: UnixMillis, rng: &mut impl CryptoRng, input: Input) {
        let _ = (now, rng, input);
    }

    /// What to do next; `None` when there is nothing more until the next [`Engine::handle`].
    pub fn poll(&mut self) -> Option<Output> {
        None
    }
}
