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
    /// A newer version of the app has changed the database.
    Newer,
    /// Anything else.
    Refused,
}

impl From<JsValue> for Failure {
    fn from(value: JsValue) -> Self {
        match value.dyn_ref::<DomException>() {
            Some(exception) => match exception.name().as_str() {
                // Only a fence adds what must not be there.
                "ConstraintError" => Self::Fenced,
                "QuotaExceededError" => Self::Full,
                "VersionError" => Self::Newer,
                _ => Self::Refused,
            },
            None => Self::Refused,
        }
    }
}
