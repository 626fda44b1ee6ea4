//! Invite links of a person: `#i/<username>/<account id in base32>/<token in base32>`. The part after `#` never reaches a
//! server. Because it names the account, the relay cannot put another account in its place. The person expects whoever brings
//! the token; a link without a token leads to a message request.

use parley_protocol::ids::AccountId;
use parley_protocol::username::Username;

use crate::base32::{base32, unbase32};
use crate::domain::consent::Token;
use crate::pasted::{after, letters, plain};

const PREFIX: &str = "i/";
/// Characters of an account id.
const ACCOUNT: usize = 52;
/// Characters of a token.
const TOKEN: usize = 26;

/// The content of an invite link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invite {
    pub(crate) username: Username,
    pub(crate) account: AccountId,
    pub(crate) token: Option<Token>,
}

impl Invite {
    /// The fragment, without `#`.
    pub(crate) fn fragment(&self) -> String {
        let token = self.token.map(|token| format!("/{}", base32(&token.0))).unwrap_or_default();
        format!("{PREFIX}{}/{}{token}", self.username, base32(self.account.as_bytes()))
    }

    /// Finds an invite in a link, a fragment, or a text around one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let plain = plain(text);
        after(&plain, PREFIX).find_map(Self::read)
    }

    fn read(rest: &str) -> Option<Self> {
        let (username, account) = rest.split_once('/')?;
        let username: String = username.chars().filter(char::is_ascii).collect();
        Some(Self {
            username: Username::parse(&username).ok()?,
            account: AccountId(unbase32(&letters(account, ACCOUNT)?)?.try_into().ok()?),
            token: account.split_once('/').and_then(|(_, token)| read_token(token)),
        })
    }
}

fn read_token(text: &str) -> Option<Token> {
    Some(Token(unbase32(&letters(text, TOKEN)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_link_its_fragment_and_the_bare_fragment_are_the_same() {
        let invite = Invite {
            username: Username::parse("ada").unwrap(),
            account: AccountId([0xA7; 32]),
            token: Some(Token([0xB5; 16])),
        };
        let fragment = invite.fragment();
        for text in [format!("https://chat.example/#{fragment}"), format!("#{fragment}"), fragment] {
            assert_eq!(Invite::parse(&text), Some(invite.clone()), "{text}");
        }
    }

    #[test]
    fn an_invite_is_found_however_it_arrives() {
        let invite = Invite {
            username: Username::parse("ada").unwrap(),
            account: AccountId([0xA7; 32]),
            token: Some(Token([0xB5; 16])),
        };
        let fragment = invite.fragment();
        let (start, end) = fragment.split_at(20);
        for text in [
            format!("https://chat.example/#/{fragment}"),
            format!("https://chat.example/%23{fragment}"),
            format!("https://chat.example/#%23{fragment}"),
            format!("https://chat.example/%2523{}", fragment.replace('/', "%2F")),
            format!("https://chat.example/#{fragment}."),
            format!("<https://chat.example/#{fragment}>,"),
            format!("Write to me: (https://chat.example/#{fragment})! Ada"),
            format!("https://chat.example/#{fragment}\u{3002}\u{7D61}"),
            format!("HTTPS://CHAT.EXAMPLE/#{}", fragment.to_uppercase()),
            format!("\u{FEFF}https://chat.example/#{start}\u{200B}{end}\u{2060}"),
            format!("https://chat.example/#{start}\r\n{end}\r\nAda"),
            format!("'{fragment}'"),
        ] {
            assert_eq!(Invite::parse(&text), Some(invite.clone()), "{text}");
        }
    }

    #[test]
    fn a_longer_or_shorter_invite_is_none() {
        let fragment =
            Invite { username: Username::parse("ada").unwrap(), account: AccountId([7; 32]), token: None }
                .fragment();
        assert_eq!(Invite::parse(&format!("#{fragment}a")), None);
        assert_eq!(Invite::parse(&fragment[..fragment.len() - 1]), None);
    }

    #[test]
    fn anything_else_is_no_invite() {
        for text in ["", "ada", "i/ada", "i/ada/aaaa", "i/a/b/c", "https://chat.example/#link/x"] {
            assert_eq!(Invite::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text: String) {
            let _ = Invite::parse(&text);
        }
    }
}
