//! Passes files between the page and the worker that owns the device, which may be another tab's. The browser passes them by
//! reference: no memory holds their bytes until somebody reads them.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Blob, BroadcastChannel, MessageEvent};

use super::files::File;

/// An open channel. Dropping it closes it.
#[derive(Debug)]
pub struct Parcels {
    channel: BroadcastChannel,
    _heard: Closure<dyn FnMut(MessageEvent)>,
}

impl Parcels {
    /// Opens the channel. Returns `None` if the browser has no broadcast channels.
    #[must_use]
    pub fn open(name: &str, mut hear: impl FnMut(u64, File) + 'static) -> Option<Self> {
        let channel = BroadcastChannel::new(name).ok()?;
        let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some((id, file)) = parcel(&event) {
                hear(id, file);
            }
        });
        channel.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        Some(Self { channel, _heard: heard })
    }

    /// Sends a file to everybody else on the channel, under a number.
    pub fn send(&self, id: u64, file: &File) {
        let id = Uint8Array::from(id.to_be_bytes().as_slice());
        // This fails only once the channel is closed, when nobody listens any more.
        let _ = self.channel.post_message(&Array::of2(&id, file.blob()));
    }
}

fn parcel(event: &MessageEvent) -> Option<(u64, File)> {
    let parts: Array = event.data().dyn_into().ok()?;
    let id: Uint8Array = parts.get(0).dyn_into().ok()?;
    let id = id.to_vec().first_chunk().map(|bytes| u64::from_be_bytes(*bytes))?;
    let blob: Blob = parts.get(1).dyn_into().ok()?;
    Some((id, File::from(blob)))
}

impl Drop for Parcels {
    fn drop(&mut self) {
        self.channel.set_onmessage(None);
        self.channel.close();
    }
}
