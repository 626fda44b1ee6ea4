//! Touch events.

use js_sys::Reflect;
use wasm_bindgen::JsValue;

/// The horizontal position of an event's first finger, from the left, in CSS pixels.
#[must_use]
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "a place on a screen is a small number, and a cast keeps to the range"
)]
pub fn x(event: &JsValue) -> Option<i32> {
    let touches = Reflect::get(event, &"changedTouches".into()).ok()?;
    let first = Reflect::get_u32(&touches, 0).ok()?;
    Some(Reflect::get(&first, &"clientX".into()).ok()?.as_f64()? as i32)
}
