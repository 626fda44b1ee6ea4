//! Tells whether any character of a text is visible, by Unicode's data.

mod ranges;

use self::ranges::{DASHES, MARKS, SYMBOLS, UNSEEN};

/// The one blank that Unicode counts as a symbol: a Braille cell without dots.
const BRAILLE_BLANK: char = '\u{2800}';

/// Whether nothing of the whole text can be seen. Marks alone have nothing to stand on. What is blank inside of a text that
/// shows something may be part of an emoji.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_invisible(c) || is_mark(c))
}

/// A character that shows nothing and takes no room, or a blank one.
pub(crate) fn is_invisible(c: char) -> bool {
    c == BRAILLE_BLANK || c.is_control() || has(UNSEEN, c)
}

/// A dash of any kind.
pub(crate) fn is_dash(c: char) -> bool {
    has(DASHES, c) || c == '\u{2212}'
}

/// Whether it can be one sign of a reaction: symbols and what belongs to them, and no letters, so that a reaction says nothing
/// that is to be read.
pub(crate) fn is_sign(text: &str) -> bool {
    let symbol = |c: char| has(SYMBOLS, c);
    // The keycap is drawn around a digit.
    let keycap = text.contains('\u{20E3}');
    let belongs = |c: char| {
        is_mark(c)
            || matches!(c, '\u{200D}' | '\u{E0020}'..='\u{E007F}')
            || keycap && matches!(c, '0'..='9' | '#' | '*')
    };
    (keycap || text.chars().any(symbol)) && text.chars().all(|c| symbol(c) || belongs(c))
}

fn is_mark(c: char) -> bool {
    has(MARKS, c)
}

/// Whether a character is in a set. This holds, in turn, how many characters are not in it and how many are, from the first
/// character on; each number as seven bits a byte, the least first, with the eighth bit in all bytes but the last.
fn has(set: &[u8], c: char) -> bool {
    let (mut place, mut inside) = (0_u32, false);
    let (mut number, mut shift) = (0_u32, 0_u32);
    for byte in set {
        number |= u32::from(byte & 0x7F).checked_shl(shift).unwrap_or_default();
        if byte & 0x80 != 0 {
            shift = shift.saturating_add(7);
            continue;
        }
        place = place.saturating_add(number);
        if u32::from(c) < place {
            return inside;
        }
        inside = !inside;
        (number, shift) = (0, 0);
    }
    false
}

#[cfg(test)]
mod tests {
    use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
    use icu_properties::{CodePointMapData, CodePointSetData};

    use super::*;

    fn category(c: char) -> GeneralCategory {
        CodePointMapData::<GeneralCategory>::new().get(c)
    }

    /// A set as [`has`] reads it.
    fn ranges(is_in: impl Fn(char) -> bool) -> Vec<u8> {
        let mut lengths = Vec::new();
        let (mut begin, mut inside) = (0, false);
        for number in 0..=u32::from(char::MAX) {
            // What is no character goes with what is not in it.
            if char::from_u32(number).is_some_and(&is_in) != inside {
                lengths.push(number - begin);
                (begin, inside) = (number, !inside);
            }
        }
        let mut bytes = Vec::new();
        for mut length in lengths {
            while length >= 0x80 {
                bytes.push(u8::try_from(length & 0x7F).unwrap() | 0x80);
                length >>= 7;
            }
            bytes.push(u8::try_from(length).unwrap());
        }
        bytes
    }

    /// The tables are small, and these are all of Unicode's data that the engine has. Where one is not what it should be, its bytes
    /// are printed.
    #[test]
    fn the_sets_are_those_of_unicode() {
        let unseen = |c| {
            CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
                || category(c) == GeneralCategory::Format
        };
        let mark = |c| GeneralCategoryGroup::Mark.contains(category(c));
        let dash = |c| category(c) == GeneralCategory::DashPunctuation;
        let symbol = |c| GeneralCategoryGroup::Symbol.contains(category(c));
        let sets: [(&str, &[u8], Vec<u8>); 4] = [
            ("UNSEEN", UNSEEN, ranges(unseen)),
            ("MARKS", MARKS, ranges(mark)),
            ("DASHES", DASHES, ranges(dash)),
            ("SYMBOLS", SYMBOLS, ranges(symbol)),
        ];
        let mut wrong = Vec::new();
        for (name, known, right) in sets {
            if known != right {
                wrong.push(format!("pub(super) const {name}: &[u8] = &{right:?};"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        for number in (0..=u32::from(char::MAX)).step_by(7) {
            let Some(c) = char::from_u32(number) else { continue };
            assert_eq!(
                (has(UNSEEN, c), has(MARKS, c), has(DASHES, c)),
                (unseen(c), mark(c), dash(c)),
                "{c:?}"
            );
        }
    }

    #[test]
    fn a_sign_is_a_symbol_and_no_text() {
        let family = "\u{1F469}\u{200D}\u{1F467}\u{FE0F}";
        let england = "\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}";
        for sign in [
            "\u{1F44D}",
            "\u{2764}\u{FE0F}",
            "\u{1F44D}\u{1F3FD}",
            family,
            england,
            "\u{1F1E9}\u{1F1EA}",
            "3\u{FE0F}\u{20E3}",
        ] {
            assert!(is_sign(sign), "{}", sign.escape_unicode());
        }
        for text in
            ["", "a", "ok\u{1F44D}", "\u{1F44D} ", "\u{202E}\u{1F44D}", "\u{FE0F}", "12", "\u{4E2D}", "\n"]
        {
            assert!(!is_sign(text), "{}", text.escape_unicode());
        }
    }

    #[test]
    fn what_nobody_sees_is_blank() {
        for text in [
            "",
            " \n\t",
            "\u{A0}\u{3000}",
            "\u{200B}\u{200D}",
            "\u{3164}",
            "\u{115F}\u{1160}",
            "\u{FFA0}",
            "\u{2800}",
            "\u{AD}",
            "\u{2066}\u{2069}",
            "\u{E0020}",
            "\u{301}\u{308}",
            "\u{FE0F}",
            "\u{20E3}",
            "\u{0}",
        ] {
            assert!(is_blank(text), "{}", text.escape_unicode());
        }
    }

    #[test]
    fn what_somebody_sees_is_not() {
        for text in [
            "a",
            ".",
            " \u{200B}x",
            "\u{1F468}\u{200D}\u{1F469}",
            "\u{2764}\u{FE0F}",
            "1\u{FE0F}\u{20E3}",
            "\u{1F1E9}\u{1F1EA}",
            "\u{627}\u{64B}",
            "\u{1FAE9}",
            "\u{E000}",
            "\u{2801}",
        ] {
            assert!(!is_blank(text), "{}", text.escape_unicode());
        }
    }
}
