//! Shrinks a picture that a person chooses for a group.

use js_sys::{Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ImageBitmap, ImageEncodeOptions, OffscreenCanvas, OffscreenCanvasRenderingContext2d};

use super::files::File;
use crate::model::picture::{LONGEST, QUALITIES, square};

/// The format that every browser can write. The new file has nothing of the old one but its picture.
const KIND: &str = "image/jpeg";

/// The middle square of a picture as a small JPEG; `None` if the browser cannot show the picture.
pub async fn shrink(file: &File) -> Option<Vec<u8>> {
    let made = web_sys::window()?.create_image_bitmap_with_blob(file.blob()).ok()?;
    let bitmap: ImageBitmap = JsFuture::from(made).await.ok()?.dyn_into().ok()?;
    let canvas = draw(&bitmap);
    bitmap.close();
    let canvas = canvas?;
    for quality in QUALITIES {
        let bytes = encode(&canvas, quality).await?;
        if bytes.len() <= LONGEST {
            return Some(bytes);
        }
    }
    None
}

fn draw(bitmap: &ImageBitmap) -> Option<OffscreenCanvas> {
    let (left, top, from, side) = square(bitmap.width(), bitmap.height());
    let canvas = OffscreenCanvas::new(side, side).ok()?;
    let context: OffscreenCanvasRenderingContext2d = canvas.get_context("2d").ok()??.unchecked_into();
    let _ = Reflect::set(&context, &"imageSmoothingQuality".into(), &"high".into());
    let _ = Reflect::set(&context, &"fillStyle".into(), &JsValue::from_str("#fff"));
    let (left, top, from, side) = (f64::from(left), f64::from(top), f64::from(from), f64::from(side));
    // A JPEG has no transparency.
    context.fill_rect(0.0, 0.0, side, side);
    context
        .draw_image_with_image_bitmap_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
            bitmap, left, top, from, from, 0.0, 0.0, side, side,
        )
        .ok()?;
    Some(canvas)
}

async fn encode(canvas: &OffscreenCanvas, quality: f64) -> Option<Vec<u8>> {
    let options = ImageEncodeOptions::new();
    options.set_type(KIND);
    options.set_quality(quality);
    let promise: Promise = canvas.convert_to_blob_with_options(&options).ok()?.unchecked_into();
    let blob: Blob = JsFuture::from(promise).await.ok()?.dyn_into().ok()?;
    let file = File::from(blob);
    file.read(0, file.size()).await
}
