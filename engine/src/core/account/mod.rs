//! The own account and other accounts: device logs, the directory, names, key changes, removal of devices.

pub(in crate::core) mod devices;
pub(in crate::core) mod directory;
pub(in crate::core) mod key_changes;
pub(in crate::core) mod naming;
pub(in crate::core) mod removal;
pub(in crate::core) mod removed;
#[cfg(feature = "hostile")]
mod stolen;
