//! The WebSocket to the relay.

use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, MessageEvent, WebSocket, WorkerGlobalScope};

use super::failure::Failure;

/// An event of a socket.
#[derive(Debug)]
pub enum Happening {
    /// The socket is open.
    Open,
    /// The socket is closed, or never opened. No event follows.
    Closed,
    /// The relay sent these bytes.
    Received(Vec<u8>),
}

/// A socket. Dropping it closes it and ends its events.
#[derive(Debug)]
pub struct Socket {
    inner: WebSocket,
    _opened: Closure<dyn FnMut(JsValue)>,
    _closed: Closure<dyn FnMut(JsValue)>,
    _received: Closure<dyn FnMut(MessageEvent)>,
}

impl Socket {
    /// Opens a socket to the host that this worker came from.
    ///
    /// # Errors
    /// When the browser refuses the address.
    pub fn open(path: &str, happen: impl Fn(Happening) + Clone + 'static) -> Result<Self, Failure> {
        let scope = js_sys::global().dyn_into::<WorkerGlobalScope>().map_err(|_| Failure::Refused)?;
        let location = scope.location();
        let scheme = if location.protocol() == "https:" { "wss" } else { "ws" };
        let socket = WebSocket::new(&format!("{scheme}://{}{path}", location.host()))?;
        socket.set_binary_type(BinaryType::Arraybuffer);

        let tell = happen.clone();
        let opened = Closure::<dyn FnMut(JsValue)>::new(move |_| tell(Happening::Open));
        let tell = happen.clone();
        let closed = Closure::<dyn FnMut(JsValue)>::new(move |_| tell(Happening::Closed));
        let received = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            // The protocol has no text messages: a text counts as an empty frame.
            let bytes =
                event.data().dyn_into::<ArrayBuffer>().map(|buffer| Uint8Array::new(&buffer).to_vec());
            happen(Happening::Received(bytes.unwrap_or_default()));
        });
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(received.as_ref().unchecked_ref()));
        Ok(Self { inner: socket, _opened: opened, _closed: closed, _received: received })
    }

    /// Sends one binary message. Drops it when the socket is not open.
    pub fn send(&self, bytes: &[u8]) {
        if self.inner.ready_state() == WebSocket::OPEN {
            let _ = self.inner.send_with_u8_array(bytes);
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.inner.set_onopen(None);
        self.inner.set_onclose(None);
        self.inner.set_onmessage(None);
        let _ = self.inner.close();
    }
}

/// Calls `act` with whether there is a network, whenever that changes.
pub fn on_network_change(act: impl Fn(bool) + Clone + 'static) {
    let Ok(scope) = js_sys::global().dyn_into::<WorkerGlobalScope>() else { return };
    let online = act.clone();
    super::listen::<JsValue>(&scope, "online", move |_| online(true));
    super::listen::<JsValue>(&scope, "offline", move |_| act(false));
}
