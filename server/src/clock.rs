//! The one place that reads the system's clock.

use std::time::{SystemTime, UNIX_EPOCH};

use parley_protocol::ids::UnixMillis;

/// The current time. A clock before 1970 reads as 1970.
#[must_use]
pub fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
