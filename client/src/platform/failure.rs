//! What the browser refuses.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::DomException;

/// Why the browser refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// There is no room.
    Full,
    /// Another owner has taken over.
    Fenced,
    /// Anything else.
    Refused,
}

impl From<JsValue> for Failure {
    fn from(value: JsValue) -> Self {
        match value.dyn_ref::<DomException>() {
            Some(exception) if exception.name() == "QuotaExceededError" => Self::Full,
            _ => Self::Refused,
        }
    }
}
