//! Channels: one MLS group and the log that carries it. Reading, sending and committing; who is in the group; what comes out of order,
//! late or never; and the resync that replaces a channel.

pub(in crate::core) mod committing;
pub(in crate::core) mod expired;
pub(in crate::core) mod group_eras;
pub(in crate::core) mod inbox;
pub(in crate::core) mod late;
pub(in crate::core) mod making;
pub(in crate::core) mod membership;
pub(in crate::core) mod reading;
pub(in crate::core) mod reorder_buffer;
pub(in crate::core) mod resync;
pub(in crate::core) mod sending;
pub(in crate::core) mod storing;
