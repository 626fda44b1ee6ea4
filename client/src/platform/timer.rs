//! Timers.

use core::time::Duration;

pub use gloo_timers::callback::{Interval, Timeout};

/// Waits.
pub async fn sleep(time: Duration) {
    gloo_timers::future::sleep(time).await;
}

/// Calls `act` once after so many milliseconds; dropping the timer stops it.
pub fn after(milliseconds: u64, act: impl FnOnce() + 'static) -> Timeout {
    // The browser counts in 31 bits; a later time comes early, which callers allow for.
    Timeout::new(u32::try_from(milliseconds).unwrap_or(u32::MAX).min(0x7fff_ffff), act)
}
