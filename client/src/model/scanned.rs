//! Reads QR codes in the camera's pictures, and sorts their texts.
//!
//! [`read`] may panic, and a crafted picture can keep it busy for seconds: the decoder is written for honest pictures. It must
//! run in a worker without anything else (`host/reader.rs`).

use serde::{Deserialize, Serialize};

/// The longest side of a picture that [`read`] takes, in pixels.
pub const LONGEST_SIDE: u32 = 640;
/// The longest text that is considered, in bytes; a link has about a hundred.
const LONGEST_TEXT: usize = 512;
/// The part that every link code as a link has, and no typed code.
const LINK: &str = "#link/";

/// Why the camera or microphone gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The person or the browser refused.
    Denied,
    /// There is no camera, or it does not work.
    Missing,
}

/// What a picture shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scanned {
    /// No code.
    Nothing,
    /// A code that links devices, as far as its text tells.
    Link(String),
    /// Another code. The text is empty unless it is a link like this app's: eight characters must not pass for a typed code,
    /// which needs no check digits.
    Other(String),
}

impl Scanned {
    /// Sorts the texts of the codes in one picture.
    #[must_use]
    pub fn of(texts: Vec<String>) -> Self {
        let mut other = Self::Nothing;
        for text in texts {
            let short = text.len() <= LONGEST_TEXT;
            if short && text.contains(LINK) {
                return Self::Link(text);
            }
            if other == Self::Nothing {
                other = Self::Other(if short && text.contains('#') { text } else { String::new() });
            }
        }
        other
    }
}

/// The texts of the QR codes in a picture of grey pixels, row by row.
#[must_use]
pub fn read(width: u32, height: u32, luma: &[u8]) -> Vec<String> {
    let (Ok(across), Ok(down)) = (usize::try_from(width), usize::try_from(height)) else { return Vec::new() };
    let fits = (1..=LONGEST_SIDE).contains(&width) && (1..=LONGEST_SIDE).contains(&height);
    if !fits || across * down != luma.len() {
        return Vec::new();
    }
    let mut decoder = quircs::Quirc::default();
    decoder
        .identify(across, down, luma)
        .filter_map(|code| code.ok()?.decode().ok())
        .filter_map(|data| String::from_utf8(data.payload).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use fast_qr::qr::QRBuilder;

    use super::*;

    const CODE: &str = "https://parley.example/#link/aeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqc";

    /// A code in the middle of a grey picture.
    fn picture(text: &str, module: u32) -> (u32, u32, Vec<u8>) {
        let code = QRBuilder::new(text).build().unwrap();
        let (width, height) = (LONGEST_SIDE, 480);
        let mut luma = vec![128; usize::try_from(width * height).unwrap()];
        let modules = u32::try_from(code.size).unwrap() + 8;
        let (left, top) = ((width - modules * module) / 2, (height - modules * module) / 2);
        for y in 0..modules * module {
            for x in 0..modules * module {
                let inside = |at: u32| usize::try_from((at / module).wrapping_sub(4)).unwrap();
                let (column, row) = (inside(x), inside(y));
                let dark =
                    column < code.size && row < code.size && code.data[row * code.size + column].value();
                let at = usize::try_from((top + y) * width + left + x).unwrap();
                luma[at] = if dark { 30 } else { 220 };
            }
        }
        (width, height, luma)
    }

    #[test]
    fn a_link_is_read_large_and_small() {
        for module in [3, 5, 8] {
            let (width, height, luma) = picture(CODE, module);
            assert_eq!(Scanned::of(read(width, height, &luma)), Scanned::Link(CODE.to_owned()), "{module}");
        }
    }

    #[test]
    fn what_is_no_picture_shows_nothing() {
        let (width, height, luma) = picture(CODE, 5);
        assert!(read(width, height - 1, &luma).is_empty());
        assert!(read(0, 0, &[]).is_empty());
        assert!(read(1, 1, &[0]).is_empty());
        assert!(read(LONGEST_SIDE + 1, 1, &[0; 641]).is_empty());
        assert!(read(u32::MAX, u32::MAX, &[]).is_empty());
    }

    #[test]
    fn a_picture_without_a_code_shows_nothing() {
        for shade in [0, 128, 255] {
            assert!(read(64, 48, &[shade; 64 * 48]).is_empty());
        }
    }

    #[test]
    fn a_link_goes_before_other_codes() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(Scanned::of(Vec::new()), Scanned::Nothing);
        assert_eq!(Scanned::of(texts(&["WIFI:x", CODE])), Scanned::Link(CODE.to_owned()));
        let invite = "https://parley.example/#i/ada/abc";
        assert_eq!(Scanned::of(texts(&[invite, "WIFI:x"])), Scanned::Other(invite.to_owned()));
    }

    #[test]
    fn a_scanned_text_is_never_a_typed_code() {
        for text in ["ABCD-EFGH", "abcdefgh", "", &"#".repeat(LONGEST_TEXT + 1)] {
            assert_eq!(Scanned::of(vec![text.to_owned()]), Scanned::Other(String::new()));
        }
    }
}
