//! Finds and completes mentions of people in a group: an `@` before their name.

use std::ops::Range;

use crate::model::unicode::Unicode;

/// The longest name to look for after an `@`, in characters.
const LONGEST: usize = 64;

/// A mention that the person is typing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typing {
    /// The position of the `@`, in bytes.
    pub at: usize,
    /// The text between the `@` and the caret.
    pub sought: String,
}

/// The mention being typed at the caret, a byte position. Its `@` is on the same line, no letter or digit stands before it and
/// no space after it.
#[must_use]
pub fn typing(text: &str, caret: usize) -> Option<Typing> {
    let before = text.get(..caret)?;
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    let (at, _) = before.get(line..)?.char_indices().rev().take(LONGEST + 1).find(|(_, c)| *c == '@')?;
    let at = at + line;
    let opens = before.get(..at)?.chars().next_back().is_none_or(|c| !c.is_alphanumeric());
    let sought = before.get(at + 1..)?;
    (opens && !sought.starts_with(char::is_whitespace)).then(|| Typing { at, sought: sought.to_owned() })
}

/// Whether a name matches the typed text: the name begins with it, or one of its words does.
#[must_use]
pub fn fits(name: &str, sought: &str, unicode: &impl Unicode) -> bool {
    let (name, sought) = (unicode.fold(name), unicode.fold(sought));
    name.starts_with(&sought) || name.split_whitespace().any(|word| word.starts_with(&sought))
}

/// Replaces the typed text by the name. Returns the new text and the caret, in bytes.
#[must_use]
pub fn complete(text: &str, typing: &Typing, name: &str) -> (String, usize) {
    let end = typing.at + 1 + typing.sought.len();
    let (before, after) = (text.get(..typing.at).unwrap_or_default(), text.get(end..).unwrap_or_default());
    let space = if after.starts_with(' ') { "" } else { " " };
    let begun = format!("{before}@{name}{space}");
    let caret = begun.len() + usize::from(space.is_empty());
    (format!("{begun}{after}"), caret)
}

/// The places where the text mentions this name.
#[must_use]
pub fn mentions(text: &str, name: &str) -> Vec<Range<usize>> {
    if name.is_empty() {
        return Vec::new();
    }
    let wanted = format!("@{name}");
    let stands = |at: usize, end: usize| {
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(end..).and_then(|after| after.chars().next());
        !is_word(before) && !is_word(after)
    };
    let found = text.match_indices(&wanted).map(|(at, found)| at..at + found.len());
    found.filter(|place| stands(place.start, place.end)).collect()
}

/// Converts a position in UTF-16 units, in which the browser counts, to one in bytes.
#[must_use]
pub fn byte_of(text: &str, units: usize) -> usize {
    let mut counted = 0;
    let past = text.char_indices().find(|(_, c)| {
        let here = counted >= units;
        counted += c.len_utf16();
        here
    });
    past.map_or(text.len(), |(at, _)| at)
}

/// Converts a position in bytes to one in UTF-16 units.
#[must_use]
pub fn units_of(text: &str, byte: usize) -> usize {
    text.get(..byte).map_or(0, |before| before.encode_utf16().count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::unicode::tests::Icu;

    fn sought(text: &str) -> Option<String> {
        typing(text, text.len()).map(|typing| typing.sought)
    }

    #[test]
    fn an_at_sign_begins_a_mention_and_an_address_does_not() {
        for (text, wanted) in [
            ("@", Some("")),
            ("Hi @Bo", Some("Bo")),
            ("(@Ada Lo", Some("Ada Lo")),
            ("one\n@b", Some("b")),
            ("ada@example", None),
            ("@ b", None),
            ("@b\nnew line", None),
            ("nothing", None),
            ("", None),
        ] {
            assert_eq!(sought(text).as_deref(), wanted, "{text}");
        }
        assert_eq!(sought(&format!("@{}", "a".repeat(65))), None, "nobody is called so");
        assert_eq!(typing("@Bob and", 3).map(|it| it.sought).as_deref(), Some("Bo"), "before the caret");
    }

    #[test]
    fn names_are_found_by_the_beginning_of_their_words() {
        for sought in ["", "a", "Ada L", "love", "LÓVE"] {
            assert!(fits("Ada Lovelace", sought, &Icu), "{sought}");
        }
        assert!(!fits("Ada Lovelace", "da", &Icu));
    }

    #[test]
    fn the_name_takes_the_place_of_what_was_typed() {
        let whole = |text: &str, caret| complete(text, &typing(text, caret).unwrap(), "Bob");
        assert_eq!(whole("Hi @b", 5), ("Hi @Bob ".to_owned(), 8));
        assert_eq!(whole("Hi @b!", 5), ("Hi @Bob !".to_owned(), 8));
        assert_eq!(whole("Hi @b you", 5), ("Hi @Bob you".to_owned(), 8));
    }

    #[test]
    fn only_the_whole_name_is_a_mention() {
        assert_eq!(mentions("@Ada and (@Ada)", "Ada"), [0..4, 10..14]);
        assert!(mentions("@Adam x@Ada Ada", "Ada").is_empty());
        assert!(mentions("@", "").is_empty());
    }

    #[test]
    fn places_are_counted_as_the_browser_does() {
        let text = "a😀é@b";
        for (byte, units) in [(0, 0), (1, 1), (5, 3), (7, 4), (9, 6)] {
            assert_eq!((byte_of(text, units), units_of(text, byte)), (byte, units));
        }
        assert_eq!(byte_of(text, 99), text.len());
    }
}
