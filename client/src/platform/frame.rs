//! The camera's pictures in the worker that reads them.

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ImageBitmap, MessageEvent, OffscreenCanvas, OffscreenCanvasRenderingContext2d};

use super::worker;

const KIND: &str = "qr_code";

/// One picture of the camera.
#[derive(Debug)]
pub struct Frame(ImageBitmap);

impl Drop for Frame {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Calls `hear` with each picture, as long as the worker lives.
pub fn hear(hear: impl Fn(Frame) + 'static) {
    let Some(scope) = worker::scope() else { return };
    super::listen::<MessageEvent>(&scope, "message", move |event| {
        if let Ok(bitmap) = event.data().dyn_into() {
            hear(Frame(bitmap));
        }
    });
}

impl Frame {
    /// The picture in shades of grey, shrunk until no side is longer than `longest`: width, height, and the pixels row by row.
    #[must_use]
    pub fn grey(&self, longest: u32) -> Option<(u32, u32, Vec<u8>)> {
        let (width, height) = (self.0.width(), self.0.height());
        let side = width.max(height).max(1);
        let (width, height) = if side > longest {
            let scaled = |length: u32| u64::from(length) * u64::from(longest) / u64::from(side);
            (u32::try_from(scaled(width)).ok()?, u32::try_from(scaled(height)).ok()?)
        } else {
            (width, height)
        };
        let options = Object::new();
        Reflect::set(&options, &"willReadFrequently".into(), &JsValue::TRUE).ok()?;
        let canvas = OffscreenCanvas::new(width, height).ok()?;
        let context: OffscreenCanvasRenderingContext2d =
            canvas.get_context_with_context_options("2d", &options).ok()??.unchecked_into();
        let (across, down) = (f64::from(width), f64::from(height));
        context.draw_image_with_image_bitmap_and_dw_and_dh(&self.0, 0.0, 0.0, across, down).ok()?;
        let image = context.get_image_data(0.0, 0.0, across, down).ok()?;
        let grey = image.data().chunks_exact(4).map(shade).collect();
        Some((width, height, grey))
    }
}

/// The grey value of a pixel, with the weights of BT.601.
fn shade(pixel: &[u8]) -> u8 {
    let [red, green, blue, _] = pixel else { return u8::MAX };
    let sum = 77 * u32::from(*red) + 151 * u32::from(*green) + 28 * u32::from(*blue);
    u8::try_from(sum >> 8).unwrap_or(u8::MAX)
}

/// The browser's own reader of codes.
#[derive(Debug)]
pub struct Detector(JsValue);

impl Detector {
    /// The browser's reader; `None` if it has none for QR codes.
    pub async fn find() -> Option<Self> {
        let class: Function =
            Reflect::get(&js_sys::global(), &"BarcodeDetector".into()).ok()?.dyn_into().ok()?;
        let kinds: Array = call(&class, "getSupportedFormats", &JsValue::UNDEFINED).await?.dyn_into().ok()?;
        if !kinds.includes(&KIND.into(), 0) {
            return None;
        }
        let options = Object::new();
        Reflect::set(&options, &"formats".into(), &Array::of1(&KIND.into())).ok()?;
        Reflect::construct(&class, &Array::of1(&options)).ok().map(Self)
    }

    /// The texts of the codes in a picture; `None` if the browser cannot read it.
    pub async fn read(&self, frame: &Frame) -> Option<Vec<String>> {
        let codes: Array = call(&self.0, "detect", &frame.0).await?.dyn_into().ok()?;
        let text = |code: JsValue| Reflect::get(&code, &"rawValue".into()).ok()?.as_string();
        Some(codes.iter().filter_map(text).collect())
    }
}

async fn call(this: &JsValue, method: &str, argument: &JsValue) -> Option<JsValue> {
    let method: Function = Reflect::get(this, &method.into()).ok()?.dyn_into().ok()?;
    let promise: Promise = method.call1(this, argument).ok()?.dyn_into().ok()?;
    JsFuture::from(promise).await.ok()
}
