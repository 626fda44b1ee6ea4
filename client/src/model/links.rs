//! Finds web addresses, mail addresses and phone numbers in a text.

use linkify::{LinkFinder, LinkKind};

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text as it is.
    Plain(&'a str),
    /// A link: what is shown, and where it leads.
    Link(&'a str, String),
}

/// The permitted number of digits in a phone number with its country code (ITU-T E.164). A number with fewer is something else.
const DIGITS: core::ops::RangeInclusive<usize> = 8..=15;

/// The pieces of a text, in order.
#[must_use]
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut finder = LinkFinder::new();
    finder.url_must_have_scheme(false).url_can_be_iri(false);
    let mut pieces = Vec::new();
    for span in finder.spans(text) {
        let found = span.as_str();
        // Punctuation of other scripts and direction marks would become a part of the address.
        let end = found.find(|character: char| !character.is_ascii()).unwrap_or(found.len());
        let (shown, rest) = found.split_at(end);
        match span.kind().and_then(|kind| address(shown, kind)) {
            Some(address) => {
                pieces.push(Piece::Link(shown, address));
                plain(rest, &mut pieces);
            }
            None => phones(found, &mut pieces),
        }
    }
    pieces
}

/// The target of a link. Returns `None` if this app does not link to it.
fn address(shown: &str, kind: &LinkKind) -> Option<String> {
    if *kind == LinkKind::Email {
        // An address that a mail program would take for more than an address is no link.
        let is_plain = shown.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"@._+-".contains(&byte));
        return is_plain.then(|| format!("mailto:{shown}"));
    }
    let lower = shown.to_ascii_lowercase();
    match lower.split_once("://") {
        Some(("http" | "https", _)) => Some(shown.to_owned()),
        Some(_) => None,
        // A name like "readme.md" is more often a file than a site.
        None => (lower.starts_with("www.") || lower.contains('/')).then(|| format!("https://{shown}")),
    }
}

/// Finds phone numbers that begin with a plus sign.
fn phones<'a>(text: &'a str, pieces: &mut Vec<Piece<'a>>) {
    let mut rest = text;
    let mut from = 0;
    while let Some(found) = rest.get(from..).and_then(|tail| tail.find('+')) {
        let start = from + found;
        match rest.get(start..).and_then(phone) {
            Some((shown, number)) if !follows_word(rest, start) => {
                plain(rest.get(..start).unwrap_or_default(), pieces);
                pieces.push(Piece::Link(shown, format!("tel:{number}")));
                rest = rest.get(start + shown.len()..).unwrap_or_default();
                from = 0;
            }
            _ => from = start + 1,
        }
    }
    plain(rest, pieces);
}

fn follows_word(text: &str, at: usize) -> bool {
    text.get(..at).and_then(|before| before.chars().next_back()).is_some_and(char::is_alphanumeric)
}

/// The phone number at the beginning of the text, as written and as dialled.
fn phone(text: &str) -> Option<(&str, String)> {
    let mut number = String::from("+");
    let mut end = 1;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            '0'..='9' => {
                number.push(character);
                end = at + 1;
            }
            ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}'
                if at < end + 2 + usize::from(character == '\u{a0}') => {}
            _ if character.is_alphanumeric() && at == end => return None,
            _ => break,
        }
    }
    DIGITS.contains(&(number.len() - 1)).then(|| text.get(..end).map(|shown| (shown, number)))?
}

fn plain<'a>(text: &'a str, pieces: &mut Vec<Piece<'a>>) {
    if !text.is_empty() {
        pieces.push(Piece::Plain(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(text: &str) -> Vec<(String, String)> {
        let link = |piece| match piece {
            Piece::Link(shown, address) => Some((str::to_owned(shown), address)),
            Piece::Plain(_) => None,
        };
        pieces(text).into_iter().filter_map(link).collect()
    }

    fn one(text: &str) -> (String, String) {
        let found = links(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        found[0].clone()
    }

    #[test]
    fn addresses_end_before_punctuation() {
        assert_eq!(one("see https://example.org/a_(b).").0, "https://example.org/a_(b)");
        assert_eq!(one("(www.example.org)"), ("www.example.org".into(), "https://www.example.org".into()));
        assert_eq!(one("example.org/path?").1, "https://example.org/path");
    }

    #[test]
    fn mail_and_phone_numbers() {
        assert_eq!(one("to ada@example.org, please").1, "mailto:ada@example.org");
        assert_eq!(
            one("call +49 (30) 1234-5678."),
            ("+49 (30) 1234-5678".into(), "tel:+493012345678".into())
        );
    }

    #[test]
    fn punctuation_of_other_scripts_ends_an_address() {
        for text in
            ["https://example.org。谢谢", "https://example.org/a，谢谢", "https://example.org/\u{202e}gro"]
        {
            let (shown, address) = one(text);
            assert!(shown.is_ascii() && address.is_ascii(), "{address}");
        }
        assert_eq!(links("a?bcc=x@evil.example"), []);
    }

    #[test]
    fn what_is_no_link_stays_text() {
        for text in [
            "readme.md",
            "1+1=2",
            "+1",
            "a+4930123456789",
            "+49301234x",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "data:text/html,x",
        ] {
            assert_eq!(links(text), [], "{text}");
        }
    }

    #[test]
    fn nothing_of_the_text_is_lost() {
        for text in [
            "",
            "a https://b.example c +4930123456 d@e.example f",
            "++++",
            "+49 30 123456+49 30 123456",
            "é+é",
        ] {
            let all: String = pieces(text)
                .iter()
                .map(|piece| match piece {
                    Piece::Plain(text) | Piece::Link(text, _) => *text,
                })
                .collect();
            assert_eq!(all, text);
        }
    }

    #[test]
    fn a_long_text_of_half_links_takes_no_time() {
        assert_eq!(links(&"+4930 ".repeat(10_000)).len(), 0);
        assert!(links(&"@".repeat(60_000)).is_empty());
    }
}
