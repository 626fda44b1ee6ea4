//! State that is an older one again: of this device, of the relay, of its directory. Stamps detect it.

pub(in crate::core) mod device;
pub(in crate::core) mod directory;
pub(in crate::core) mod relay;
pub(in crate::core) mod stamps;
