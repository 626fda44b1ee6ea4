//! Prepares typed text for sending and for showing.

use parley_protocol::limits::MAX_TEXT;

use crate::model::unicode::Unicode;

/// The length from which on the composer shows how much room is left.
const NEAR: usize = MAX_TEXT - 4 * 1024;

/// The room that a text leaves in one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Plenty is left.
    Plenty,
    /// This many bytes are left.
    Left(usize),
    /// The text is too long by this much.
    Over {
        /// The number of characters to remove at the end of the text.
        characters: usize,
        /// Whether the number is the same wherever the person removes characters.
        exact: bool,
    },
}

/// The part of the composer's text that is sent: all but the trailing line ends. Leading spaces and lines may belong to code.
#[must_use]
pub fn sent(text: &str) -> &str {
    text.trim_end_matches(['\n', '\r'])
}

/// How much room `text` leaves.
#[must_use]
pub fn room(text: &str) -> Room {
    let text = sent(text);
    match text.len() {
        length if length > MAX_TEXT => over(text),
        length if length >= NEAR => Room::Left(MAX_TEXT - length),
        _ => Room::Plenty,
    }
}

/// Computes the excess in characters. The limit is in bytes, and some characters take more of them than others.
fn over(text: &str) -> Room {
    let fits = text.floor_char_boundary(MAX_TEXT);
    let characters = text.get(fits..).unwrap_or_default().chars().count();
    Room::Over { characters, exact: text.is_ascii() }
}

/// Whether the text has something visible to send and is not too long.
#[must_use]
pub fn can_send(text: &str, unicode: &impl Unicode) -> bool {
    sent(text).len() <= MAX_TEXT && !unicode.is_blank(text)
}

/// Shortens a text to one line for a list.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.split_whitespace().take(40).collect::<Vec<_>>().join(" ")
}

/// The number for a badge.
#[must_use]
pub fn badge(count: u32) -> String {
    if count > 99 { "99+".to_owned() } else { count.to_string() }
}

/// Converts a position in UTF-16 units to one in bytes. A position beyond the end becomes the end.
#[must_use]
pub fn byte_of(text: &str, units: usize) -> usize {
    let mut passed = 0;
    let at = text.char_indices().find(|(_, character)| {
        let here = passed >= units;
        passed += character.len_utf16();
        here
    });
    at.map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::unicode::tests::Icu;

    #[test]
    fn bytes_are_counted_not_characters() {
        assert_eq!(room("hello"), Room::Plenty);
        assert_eq!(room(&"é".repeat(MAX_TEXT / 2)), Room::Left(0));
        assert_eq!(room(&"é".repeat(MAX_TEXT / 2 + 1)), Room::Over { characters: 1, exact: false });
        assert_eq!(room(&"a".repeat(MAX_TEXT + 1_234)), Room::Over { characters: 1_234, exact: true });
        let split = format!("{}€€", "a".repeat(MAX_TEXT - 1));
        assert_eq!(room(&split), Room::Over { characters: 2, exact: false });
        assert!(!can_send(&"é".repeat(MAX_TEXT / 2 + 1), &Icu));
        assert!(can_send(&format!("{}\n", "a".repeat(MAX_TEXT)), &Icu));
    }

    #[test]
    fn code_is_sent_as_it_was_pasted_and_nothing_is_not_sent() {
        let code = "\n    if x {  \n\treturn;\n    }  ";
        assert_eq!(sent(&format!("{code}\n\r\n")), code);
        for blank in ["", " \n ", "\u{3164}\u{200B}", "\u{2800}"] {
            assert!(!can_send(blank, &Icu), "{}", blank.escape_unicode());
        }
        assert!(can_send(code, &Icu));
    }

    #[test]
    fn a_list_shows_one_line() {
        assert_eq!(one_line(" a\n\n b\tc "), "a b c");
        assert_eq!(badge(99), "99");
        assert_eq!(badge(100), "99+");
    }
}
