//! Broadcast channels between the tabs of this site.

use js_sys::Uint8Array;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, MessageEvent};

/// An open channel. Dropping it closes it.
#[derive(Debug)]
pub struct Broadcast {
    channel: BroadcastChannel,
    _heard: Closure<dyn FnMut(MessageEvent)>,
}

impl Broadcast {
    /// Opens the channel. Returns `None` if the browser has no broadcast channels.
    #[must_use]
    pub fn open(name: &str, mut hear: impl FnMut(Vec<u8>) + 'static) -> Option<Self> {
        let channel = BroadcastChannel::new(name).ok()?;
        let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(bytes) = bytes_of(&event.data()) {
                hear(bytes);
            }
        });
        channel.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        Some(Self { channel, _heard: heard })
    }

    /// Sends bytes to everybody else on the channel.
    pub fn say(&self, bytes: &[u8]) {
        // This fails only once the channel is closed, when nobody listens any more.
        let _ = self.channel.post_message(&Uint8Array::from(bytes));
    }
}

impl Drop for Broadcast {
    fn drop(&mut self) {
        self.channel.set_onmessage(None);
        self.channel.close();
    }
}

/// The bytes of a message; `None` if the message is something else.
pub(super) fn bytes_of(value: &JsValue) -> Option<Vec<u8>> {
    value.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec)
}
