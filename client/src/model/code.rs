//! A drawn QR code, which the worker sends to the page.

use serde::{Deserialize, Serialize};

/// A drawn code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// The text in the code.
    pub text: String,
    /// The length of a side in modules, with the white border.
    pub side: u32,
    /// The dark modules as the data of an SVG path.
    pub path: String,
}
