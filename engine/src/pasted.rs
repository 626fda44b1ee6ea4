//! Finds an invite link or a link code in pasted text or in an address, even if a messenger, a mail program or a sentence has
//! changed the text around it.

use crate::domain::invite::Invite;
use crate::group::link::GroupLink;
use crate::link::code::LinkCode;

/// A link of this app's own; holds its fragment, without `#`, as it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pasted {
    /// Leads to a chat with somebody.
    Invite(String),
    /// Links a device.
    Link(String),
    /// Leads into a group.
    GroupLink(String),
}

impl Pasted {
    /// Finds it.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        let invite = || Invite::parse(text).map(|invite| Self::Invite(invite.fragment()));
        let link = || LinkCode::parse(text).map(|code| Self::Link(code.fragment()));
        let group = || GroupLink::parse(text).map(|link| Self::GroupLink(link.fragment()));
        invite().or_else(link).or_else(group)
    }
}

/// The places after `marker` in the text, as far as it is a link: percent signs are resolved, capitals are none.
pub(crate) fn after<'a>(plain: &'a str, marker: &'a str) -> impl Iterator<Item = &'a str> {
    plain.match_indices(marker).filter_map(move |(place, _)| {
        let before = plain.get(..place)?.chars().next_back();
        let begins = before.is_none_or(|before| !before.is_ascii_alphanumeric());
        begins.then(|| plain.get(place + marker.len()..)).flatten()
    })
}

/// The text with lower-case letters, and with what stands for a character put back. Some programs do that twice.
#[must_use]
pub fn plain(text: &str) -> String {
    resolved(&resolved(text)).to_ascii_lowercase()
}

/// `%23` is `#`. Only what a link is made of is rolled back.
fn resolved(text: &str) -> String {
    let mut parts = text.split('%');
    let mut resolved = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(code) = code.filter(u8::is_ascii_graphic) {
            resolved.push(char::from(code));
            resolved.push_str(part.get(2..).unwrap_or_default());
        } else {
            resolved.push('%');
            resolved.push_str(part);
        }
    }
    resolved
}

/// The first `length` letters and digits. Line ends of a mail program and what is not ASCII, such as invisible characters,
/// may stand between them; nothing that would make it longer may stand behind.
pub(crate) fn letters(text: &str, length: usize) -> Option<String> {
    let mut characters = text.chars().filter(|c| c.is_ascii() && !matches!(c, '\r' | '\n')).peekable();
    let mut letters = String::with_capacity(length);
    while letters.len() < length {
        letters.push(characters.next_if(char::is_ascii_alphanumeric)?);
    }
    let mut behind = text.chars();
    let mut left = length;
    while left > 0 {
        left -= usize::from(behind.next()?.is_ascii_alphanumeric());
    }
    (!behind.next().is_some_and(|c| c.is_ascii_alphanumeric())).then_some(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_for_characters_are_rolled_back_and_nothing_else() {
        assert_eq!(plain("%23I%2fAda%2F%C3%A4 100 %"), "#i/ada/%c3%a4 100 %");
        assert_eq!(plain("%2523i"), "#i");
    }

    #[test]
    fn letters_are_read_around_what_is_not_seen() {
        assert_eq!(letters("ab\u{200B}c\r\nd.", 4).as_deref(), Some("abcd"));
        assert_eq!(letters("abcd\u{3002}and", 4).as_deref(), Some("abcd"));
        for text in ["abc", "abcde", "abc d", ""] {
            assert_eq!(letters(text, 4), None, "{text}");
        }
    }
}
