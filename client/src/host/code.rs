//! Draws QR codes.

use core::fmt::Write;

use fast_qr::qr::QRBuilder;

use crate::model::code::Code;

/// The width of the white border around the code, in modules.
const MARGIN: usize = 4;

/// Draws a text as a QR code: one path with a square for each dark module. Returns `None` if the text is too long.
pub(super) fn draw(text: String) -> Option<Code> {
    let code = QRBuilder::new(text.as_str()).build().ok()?;
    let mut path = String::new();
    for y in 0..code.size {
        for x in 0..code.size {
            let dark = code.data.get(y * code.size + x).is_some_and(|module| module.value());
            if dark {
                // Writing to a `String` cannot fail.
                let _ = write!(path, "M{} {}h1v1h-1z", x + MARGIN, y + MARGIN);
            }
        }
    }
    let side = u32::try_from(code.size + 2 * MARGIN).ok()?;
    Some(Code { text, side, path })
}
