//! Invite links: `#i/<username>/<account id in base32>`. The part after `#` never reaches a server, and because
//! it names the account, the relay cannot put another one in its place.

use parley_protocol::ids::AccountId;
use parley_protocol::username::Username;

use crate::base32::{base32, unbase32};

const PREFIX: &str = "i/";

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
        fn parsing_never_panics(text: String) {
            let _ = Invite::parse(&text);
        }
    }
}
