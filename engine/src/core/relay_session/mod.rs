//! The session with the relay: from an open connection to being up to date, what was asked and why, which logs are subscribed to,
//! and the clock and timers that waits go by.

pub(in crate::core) mod connecting;
pub(in crate::core) mod requests;
pub(in crate::core) mod steady;
pub(in crate::core) mod turns;
pub(in crate::core) mod waiting;
