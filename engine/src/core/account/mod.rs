//! The own account and what is known of others: device logs, the directory, names, keys that changed, removal of devices.

pub(in crate::core) mod devices;
pub(in crate::core) mod directory;
pub(in crate::core) mod key_changes;
pub(in crate::core) mod naming;
pub(in crate::core) mod removal;
pub(in crate::core) mod removed;
#[cfg(feature = "hostile")]
mod stolen;
