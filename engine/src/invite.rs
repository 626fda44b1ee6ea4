//! Invite links: `#i/<username>/<account id in base32>`. The part after `#` never reaches a server, and because
//! it names the account, the relay cannot put another one in its place.

use parley_protocol::ids::AccountId;
use parley_protocol::username::Username;

const PREFIX: &str = "i/";
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// What an invite names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invite {
    pub(crate) username: Username,
    pub(crate) account: AccountId,
}

impl Invite {
    /// The fragment, without `#`.
    pub(crate) fn fragment(&self) -> String {
        format!("{PREFIX}{}/{}", self.username, base32(self.account.as_bytes()))
    }

    /// Reads a link, its fragment, or the fragment without `#`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let fragment = text.trim().rsplit_once('#').map_or(text.trim(), |(_, fragment)| fragment);
        let fragment = fragment.strip_prefix('/').unwrap_or(fragment);
        let (username, account) = fragment.strip_prefix(PREFIX)?.split_once('/')?;
        Some(Self {
            username: Username::parse(username).ok()?,
            account: AccountId(unbase32(account)?.try_into().ok()?),
        })
    }
}

/// RFC 4648 section 6, lower case, without padding.
fn base32(bytes: &[u8]) -> String {
    let (mut text, mut buffer, mut bits) = (String::new(), 0_u32, 0_u32);
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(digit(buffer >> bits));
        }
        buffer &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(digit(buffer << (5 - bits)));
    }
    text
}

fn digit(value: u32) -> char {
    let index = usize::try_from(value & 31).unwrap_or(0);
    ALPHABET.get(index).map_or('a', |byte| char::from(*byte))
}

fn unbase32(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut buffer, mut bits) = (Vec::new(), 0_u32, 0_u32);
    for character in text.bytes() {
        let value = ALPHABET.iter().position(|letter| *letter == character.to_ascii_lowercase())?;
        buffer = (buffer << 5) | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(buffer >> bits).ok()?);
            buffer &= (1 << bits) - 1;
        }
    }
    (bits < 5 && buffer == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_link_its_fragment_and_the_bare_fragment_are_the_same() {
        let invite = Invite { username: Username::parse("ada").unwrap(), account: AccountId([0xA7; 32]) };
        let fragment = invite.fragment();
        for text in [format!("https://chat.example/#{fragment}"), format!("#{fragment}"), fragment] {
            assert_eq!(Invite::parse(&text), Some(invite.clone()), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_invite() {
        for text in ["", "ada", "i/ada", "i/ada/aaaa", "i/a/b/c", "https://chat.example/#link/x"] {
            assert_eq!(Invite::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn base32_comes_back(bytes: Vec<u8>) {
            prop_assert_eq!(unbase32(&base32(&bytes)), Some(bytes));
        }

        #[test]
        fn parsing_never_panics(text: String) {
            let _ = Invite::parse(&text);
        }
    }
}
