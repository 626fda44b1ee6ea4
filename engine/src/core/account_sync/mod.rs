//! Account sync: what the account's devices tell each other in their own conversation, and history for a new device.

pub(in crate::core) mod history;
pub(in crate::core) mod telling;
