//! The browser's clocks and time zone.

use parley_protocol::ids::UnixMillis;
use wasm_bindgen::JsValue;

/// The time by the wall clock.
#[must_use]
pub fn now() -> UnixMillis {
    UnixMillis(whole(js_sys::Date::now()))
}

/// Milliseconds since this page or worker was made. Nobody can set this clock, and it may stand still while the computer
/// sleeps.
#[must_use]
pub fn steady() -> u64 {
    whole(precise())
}

/// The same, as finely as the browser reports it.
#[must_use]
pub fn precise() -> f64 {
    let performance = js_sys::Reflect::get(&js_sys::global(), &"performance".into()).unwrap_or_default();
    let now = js_sys::Reflect::get(&performance, &"now".into()).map(js_sys::Function::from);
    now.and_then(|now| now.call0(&performance)).ok().and_then(|now| now.as_f64()).unwrap_or_default()
}

/// The name of this place's time zone, such as `Europe/London`. It may change while the page is open, when a person travels.
#[must_use]
pub fn zone() -> String {
    let format = js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &js_sys::Object::new());
    let zone = js_sys::Reflect::get(&format.resolved_options(), &"timeZone".into());
    zone.ok().and_then(|zone| zone.as_string()).unwrap_or_default()
}

/// How many minutes local time is ahead of UTC at `time`.
#[must_use]
pub fn minutes_east(time: UnixMillis) -> i32 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::as_conversions,
        reason = "below 2^53 until the year 287396"
    )]
    let date = js_sys::Date::new(&JsValue::from_f64(time.0 as f64));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::as_conversions,
        reason = "an offset has at most four digits"
    )]
    let west = date.get_timezone_offset() as i32;
    west.saturating_neg()
}

/// Converts a JavaScript number to a whole number that is not negative, without its fraction.
#[must_use]
pub(super) fn whole(number: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::as_conversions,
        reason = "the cast saturates, which is what is wanted"
    )]
    let whole = number as u64;
    whole
}
