//! The reasons why the browser refuses an operation.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::DomException;

/// Why the browser refused an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// There is not enough room.
    Full,
    /// Another owner has taken over.
    Fenced,
    /// A newer version of the app has changed the database.
    Newer,
    /// Any other reason.
    Refused,
}

impl From<JsValue> for Failure {
    fn from(value: JsValue) -> Self {
        match value.dyn_ref::<DomException>() {
            Some(exception) => match exception.name().as_str() {
                // Only a fence adds a key that must not exist yet.
                "ConstraintError" => Self::Fenced,
                "QuotaExceededError" => Self::Full,
                "VersionError" => Self::Newer,
                _ => Self::Refused,
            },
            None => Self::Refused,
        }
    }
}
