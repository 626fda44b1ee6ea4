//! Redraws pictures for sending: smaller, upright and without metadata; also makes their small previews.

use js_sys::{Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ImageBitmap, ImageEncodeOptions, OffscreenCanvas, OffscreenCanvasRenderingContext2d};

use super::files::File;

/// The format that every browser can write.
const KIND: &str = "image/jpeg";
/// A colour to draw and read back. Browsers that protect against fingerprinting add noise to what a page draws.
const KNOWN: [u8; 4] = [90, 150, 210, 255];

/// A picture that the browser has decoded.
pub struct Decoded(ImageBitmap);

impl Decoded {
    /// Decodes a picture; `None` if the browser cannot.
    pub async fn of(file: &File) -> Option<Self> {
        let made = web_sys::window()?.create_image_bitmap_with_blob(file.blob()).ok()?;
        JsFuture::from(made).await.ok()?.dyn_into().ok().map(Self)
    }

    /// Width and height.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        (self.0.width(), self.0.height())
    }

    /// Draws the picture as a JPEG of this size.
    pub async fn drawn(&self, (width, height): (u32, u32), quality: f64) -> Option<File> {
        let (canvas, context) = canvas(width, height)?;
        let (width, height) = (f64::from(width), f64::from(height));
        // A JPEG has no transparency.
        let _ = Reflect::set(&context, &"fillStyle".into(), &JsValue::from_str("#fff"));
        context.fill_rect(0.0, 0.0, width, height);
        context.draw_image_with_image_bitmap_and_dw_and_dh(&self.0, 0.0, 0.0, width, height).ok()?;
        let options = ImageEncodeOptions::new();
        options.set_type(KIND);
        options.set_quality(quality);
        let promise: Promise = canvas.convert_to_blob_with_options(&options).ok()?.unchecked_into();
        let blob: Blob = JsFuture::from(promise).await.ok()?.dyn_into().ok()?;
        (blob.type_() == KIND).then(|| File::from(blob))
    }
}

impl Drop for Decoded {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn canvas(width: u32, height: u32) -> Option<(OffscreenCanvas, OffscreenCanvasRenderingContext2d)> {
    let canvas = OffscreenCanvas::new(width, height).ok()?;
    let context: OffscreenCanvasRenderingContext2d = canvas.get_context("2d").ok()??.unchecked_into();
    let _ = Reflect::set(&context, &"imageSmoothingQuality".into(), &"high".into());
    Some((canvas, context))
}

/// Whether a drawn colour comes back as it was drawn.
#[must_use]
pub fn is_honest() -> bool {
    let looked = || {
        let (_, context) = canvas(1, 1)?;
        let [red, green, blue, _] = KNOWN;
        let colour = format!("rgb({red}, {green}, {blue})");
        Reflect::set(&context, &"fillStyle".into(), &JsValue::from_str(&colour)).ok()?;
        context.fill_rect(0.0, 0.0, 1.0, 1.0);
        let seen = context.get_image_data(0.0, 0.0, 1.0, 1.0).ok()?;
        Some(seen.data().0 == KNOWN)
    };
    looked().unwrap_or_default()
}
