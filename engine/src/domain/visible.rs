//! Whether anything of a text can be seen, as Unicode's data have it.

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};

/// The one blank that Unicode counts as a symbol: a Braille cell without dots.
const BRAILLE_BLANK: char = '\u{2800}';

/// Whether nothing of the whole text can be seen. Marks alone have nothing to stand on. What is blank inside of a text that
/// shows something may be part of an emoji.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_invisible(c) || is_mark(c))
}

/// A character that shows nothing and takes no room, or a blank one.
pub(crate) fn is_invisible(c: char) -> bool {
    c == BRAILLE_BLANK
        || c.is_control()
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || category(c) == GeneralCategory::Format
}

/// A dash of any kind.
pub(crate) fn is_dash(c: char) -> bool {
    category(c) == GeneralCategory::DashPunctuation || c == '\u{2212}'
}

/// Whether it can be one sign of a reaction: symbols and what belongs to them, and no letters, so that a reaction says nothing
/// that is to be read.
pub(crate) fn is_sign(text: &str) -> bool {
    let symbol = |c: char| GeneralCategoryGroup::Symbol.contains(category(c));
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
    GeneralCategoryGroup::Mark.contains(category(c))
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

#[cfg(test)]
mod tests {
    use super::*;

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
