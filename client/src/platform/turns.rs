//! Yields to the browser: the next turn comes after the work that the browser has ready.

use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;
use web_sys::{MessageChannel, MessagePort};

/// Calls back after the browser has done the work that it has ready. A timer of zero would wait four milliseconds.
#[derive(Debug)]
pub struct Turns {
    port: MessagePort,
    _heard: Closure<dyn FnMut()>,
}

impl Turns {
    /// Makes a caller; it calls nothing before [`Self::ask`]. Returns `None` if the browser has no message channels.
    #[must_use]
    pub fn new(turn: impl FnMut() + 'static) -> Option<Self> {
        let channel = MessageChannel::new().ok()?;
        let heard = Closure::<dyn FnMut()>::new(turn);
        channel.port1().set_onmessage(Some(heard.as_ref().unchecked_ref()));
        Some(Self { port: channel.port2(), _heard: heard })
    }

    /// Requests one call.
    pub fn ask(&self) {
        // This fails only for values that cannot be copied.
        let _ = self.port.post_message(&wasm_bindgen::JsValue::NULL);
    }
}
