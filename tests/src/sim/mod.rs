//! A deterministic world: real engines, a virtual relay, virtual disks, virtual time, seeded faults.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's world that is not as it should be has to fail loudly"
)]

mod device;
mod relay;
mod world;

pub use device::{Device, Disk};
pub use relay::{ConnectionId, Told, VirtualRelay};
pub use world::{DeviceIndex, World};
