//! A QR code as it goes from the worker, which draws it, to the page, which shows it.

use serde::{Deserialize, Serialize};

/// A drawn code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// What the code says.
    pub text: String,
    /// Length of a side in modules, with the white around it.
    pub side: u32,
    /// The dark modules as data of an SVG path.
    pub path: String,
}
