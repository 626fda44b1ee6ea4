//! Rollback: the state of this device, of the relay or of its directory is an older one again. Stamps detect it.

pub(in crate::core) mod device;
pub(in crate::core) mod directory;
pub(in crate::core) mod relay;
pub(in crate::core) mod stamps;
