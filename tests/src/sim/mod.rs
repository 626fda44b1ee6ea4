//! A deterministic world: real engines, a virtual relay, virtual disks, virtual time, seeded faults.

mod device;
mod relay;
mod world;

pub use device::{Device, Disk};
pub use relay::{ConnectionId, VirtualRelay};
pub use world::{DeviceIndex, World};
