//! The browser's interfaces. No other module names web-sys or js-sys.

pub mod broadcast;
pub mod camera;
pub mod clock;
pub mod crypto;
pub mod db;
pub mod dom;
pub mod failure;
pub mod fallen;
pub mod files;
pub mod frame;
pub mod later;
pub mod local;
pub mod lock;
pub mod notifications;
pub mod page;
pub mod parcels;
pub mod passkey;
pub mod picture;
pub mod pictures;
pub mod player;
pub mod random;
pub mod recorder;
pub mod resize;
pub mod scroll;
pub mod socket;
pub mod storage;
pub mod text;
pub mod timer;
pub mod touch;
pub mod turns;
pub mod unicode;
pub mod worker;

use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::convert::FromWasmAbi;
use web_sys::EventTarget;

pub use wasm_bindgen_futures::spawn_local;

/// Prints panics on the console, then calls `also`.
pub fn report_panics(also: impl Fn() + Send + Sync + 'static) {
    std::panic::set_hook(Box::new(move |info| {
        log_error(&info.to_string());
        also();
    }));
}

/// Writes one line to the console. The line must not contain anything private.
pub fn log_error(line: &str) {
    web_sys::console::error_1(&line.into());
}

/// Listens to an event as long as the page or worker lives.
fn listen<E: FromWasmAbi + 'static>(target: &EventTarget, event: &str, act: impl FnMut(E) + 'static) {
    let closure = Closure::<dyn FnMut(E)>::new(act);
    let _ = target.add_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
    closure.forget();
}
