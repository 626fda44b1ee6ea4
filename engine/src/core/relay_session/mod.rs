//! The session with the relay: from an open connection to being up to date, requests and their reasons, subscriptions to
//! logs, and the clock and timers of all waits.

pub(in crate::core) mod connecting;
pub(in crate::core) mod requests;
pub(in crate::core) mod steady;
pub(in crate::core) mod turns;
pub(in crate::core) mod waiting;
