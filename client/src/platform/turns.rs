//! Giving everything else its turn: a message to oneself comes after what the browser has ready by then.

use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;
use web_sys::{MessageChannel, MessagePort};

/// Calls back after the browser has done what it has ready. A timer of nothing would wait four milliseconds.
#[derive(Debug)]
pub struct Turns {
    port: MessagePort,
    _heard: Closure<dyn FnMut()>,
}

impl Turns {
    /// Nothing is called before [`Self::ask`]. None where the browser has no such channels.
    #[must_use]
    pub fn new(turn: impl FnMut() + 'static) -> Option<Self> {
        let channel = MessageChannel::new().ok()?;
        let heard = Closure::<dyn FnMut()>::new(turn);
        channel.port1().set_onmessage(Some(heard.as_ref().unchecked_ref()));
        Some(Self { port: channel.port2(), _heard: heard })
    }

    /// Asks for one call.
    pub fn ask(&self) {
        // It fails only for what cannot be copied.
        let _ = self.port.post_message(&wasm_bindgen::JsValue::NULL);
    }
}
