//! Channels: each is one MLS group with the log that carries it. The parts read, send and commit, keep membership, handle
//! entries that come out of order, late or never, and replace a channel by a resync.

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
