//! The simulator: a deterministic world of real engines, a virtual relay, virtual disks, virtual time and seeded faults.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's world that is not as it should be has to fail loudly"
)]

mod attachments;
mod campaign;
mod check;
mod consent;
mod device;
mod faults;
mod generate;
mod ledger;
mod relay;
mod run;
mod screen;
mod script;
mod shrink;
mod steps;
mod stolen;
mod world;

pub use attachments::file_bytes;
pub use campaign::{Campaign, Totals, attempt, replay, report};
pub use device::{Device, Disk, Halves};
pub use faults::{Lie, Torn};
pub use ledger::KeyLedger;
pub use relay::{ConnectionId, Limits, Refusal, RelayCopy, Told, VirtualRelay};
pub use run::Outcome;
pub use screen::Screen;
pub use script::{Direction, Script, Step};
pub use shrink::shrink;
pub use world::{DeviceIndex, World};
