//! Draws QR codes.

use core::fmt::Write;

use fast_qr::qr::QRBuilder;

use crate::model::code::Code;

/// White around the code, in modules.
const MARGIN: usize = 4;

/// The code as one path: a square for each dark module. None if the text is too long for a code.
pub(super) fn draw(text: String) -> Option<Code> {
    let code = QRBuilder::new(text.as_str()).build().ok()?;
    let mut path = String::new();
    for y in 0..code.size {
        for x in 0..code.size {
            let dark = code.data.get(y * code.size + x).is_some_and(|module| module.value());
            if dark {
                // Writing to a String does not fail.
                let _ = write!(path, "M{} {}h1v1h-1z", x + MARGIN, y + MARGIN);
            }
        }
    }
    let side = u32::try_from(code.size + 2 * MARGIN).ok()?;
    Some(Code { text, side, path })
}
