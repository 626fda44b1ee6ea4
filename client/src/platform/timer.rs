//! Timers.

use core::time::Duration;

use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::{Closure, JsValue};

pub use gloo_timers::callback::{Interval, Timeout};

/// Waits for this time.
pub async fn sleep(time: Duration) {
    gloo_timers::future::sleep(time).await;
}

/// Calls `act` once after this many milliseconds. Dropping the timer stops it.
pub fn after(milliseconds: u64, act: impl FnOnce() + 'static) -> Timeout {
    // The browser counts in 31 bits. A later timer fires early, which callers allow for.
    Timeout::new(u32::try_from(milliseconds).unwrap_or(u32::MAX).min(0x7fff_ffff), act)
}

/// Calls `act` once when the page is idle, or after `milliseconds` in a browser that does not report this (Safari).
pub fn when_idle(milliseconds: u64, act: impl FnOnce() + 'static) {
    let tells = JsValue::from_str("requestIdleCallback");
    let window = web_sys::window().filter(|window| js_sys::Reflect::has(window, &tells) == Ok(true));
    match window {
        Some(window) => {
            let act = Closure::once_into_js(act);
            let _ = window.request_idle_callback(act.unchecked_ref());
        }
        None => {
            after(milliseconds, act).forget();
        }
    }
}
