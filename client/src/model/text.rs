//! Text as it is typed and shown.

use parley_protocol::limits::MAX_TEXT;

/// From here on the composer says how much room is left.
const NEAR: usize = MAX_TEXT - 4 * 1024;

/// Room that a text takes of what one message can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Plenty is left.
    Plenty,
    /// So many bytes are left.
    Left(usize),
    /// It is so many bytes too long.
    Over(usize),
}

/// How much room `text` leaves; line ends and spaces around it are not sent.
#[must_use]
pub fn room(text: &str) -> Room {
    match text.trim().len() {
        length if length > MAX_TEXT => Room::Over(length - MAX_TEXT),
        length if length >= NEAR => Room::Left(MAX_TEXT - length),
        _ => Room::Plenty,
    }
}

/// Whether there is something to send and it is not too long.
#[must_use]
pub fn can_send(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.len() <= MAX_TEXT
}

/// One line for a list.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.split_whitespace().take(40).collect::<Vec<_>>().join(" ")
}

/// One or two letters that stand for a name.
#[must_use]
pub fn initials(name: &str) -> String {
    let mut words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let first = words.next().and_then(|word| word.chars().next());
    let last = words.next_back().and_then(|word| word.chars().next());
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

/// One of `colours` numbers, the same for the same bytes.
#[must_use]
pub fn colour_of(bytes: &[u8], colours: u32) -> u32 {
    bytes.iter().fold(17_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte)))
        % colours.max(1)
}

/// The number for a badge.
#[must_use]
pub fn badge(count: u32) -> String {
    if count > 99 { "99+".to_owned() } else { count.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_counted_not_characters() {
        assert_eq!(room("hello"), Room::Plenty);
        assert_eq!(room(&"é".repeat(MAX_TEXT / 2)), Room::Left(0));
        assert_eq!(room(&"é".repeat(MAX_TEXT / 2 + 1)), Room::Over(2));
        assert!(!can_send(&"é".repeat(MAX_TEXT / 2 + 1)));
        assert!(can_send(&format!("  {}\n", "a".repeat(MAX_TEXT))));
        assert!(!can_send(" \n "));
    }

    #[test]
    fn initials_of_names() {
        for (name, letters) in [
            ("Ada Lovelace", "AL"),
            ("grace", "G"),
            ("Jean-Luc van Dyke", "JD"),
            ("", ""),
            ("山田 太郎", "山太"),
        ] {
            assert_eq!(initials(name), letters);
        }
    }

    #[test]
    fn a_list_shows_one_line() {
        assert_eq!(one_line(" a\n\n b\tc "), "a b c");
        assert_eq!(badge(99), "99");
        assert_eq!(badge(100), "99+");
    }
}
