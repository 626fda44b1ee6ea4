//! The link itself: `#g/<group in base32>/<secret in base32>/<who made it in base32>`. The part after `#` never reaches a server.

use parley_protocol::ids::{AccountId, GroupId};

use super::LinkSecret;
use crate::base32::{base32, unbase32};
use crate::pasted::{after, letters, plain};

const PREFIX: &str = "g/";
/// Characters of a group id, and of a secret or an account id.
const GROUP: usize = 26;
const SECRET: usize = 52;

/// The content of a link into a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GroupLink {
    pub(crate) group: GroupId,
    pub(crate) secret: LinkSecret,
    /// The account that made the link: until this device has heard that account, or one known from before, nobody has
    /// confirmed that this is the group.
    pub(crate) by: AccountId,
}

impl GroupLink {
    /// The fragment, without `#`.
    pub(crate) fn fragment(&self) -> String {
        let group = base32(self.group.as_bytes());
        let (secret, by) = (base32(self.secret.expose()), base32(self.by.as_bytes()));
        format!("{PREFIX}{group}/{secret}/{by}")
    }

    /// Finds a link into a group in a link, a fragment, or a text around one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let plain = plain(text);
        after(&plain, PREFIX).find_map(Self::read)
    }

    fn read(rest: &str) -> Option<Self> {
        let (group, rest) = rest.split_once('/')?;
        let (secret, by) = rest.split_once('/')?;
        let group = GroupId(unbase32(&letters(group, GROUP)?)?.try_into().ok()?);
        let secret = LinkSecret::new(unbase32(&letters(secret, SECRET)?)?.try_into().ok()?);
        let by = AccountId(unbase32(&letters(by, SECRET)?)?.try_into().ok()?);
        Some(Self { group, secret, by })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> GroupLink {
        let secret = LinkSecret::new([0xB5; 32]);
        GroupLink { group: GroupId([0xA7; 16]), secret, by: AccountId([0xC9; 32]) }
    }

    #[test]
    fn a_link_its_fragment_and_the_bare_fragment_are_the_same() {
        let fragment = link().fragment();
        insta::assert_snapshot!(fragment);
        for text in [format!("https://chat.example/#{fragment}"), format!("Join us: #{fragment}."), fragment]
        {
            assert_eq!(GroupLink::parse(&text), Some(link()), "{text}");
        }
    }

    #[test]
    fn p1_a_link_that_is_cut_or_of_another_kind_is_none() {
        let fragment = link().fragment();
        for cut in 0..fragment.len() {
            assert_eq!(GroupLink::parse(&fragment[..cut]), None, "cut at {cut}");
        }
        for kind in ["i/", "link/", "l/", "h/"] {
            assert_eq!(GroupLink::parse(&fragment.replacen("g/", kind, 1)), None, "{kind}");
        }
    }
}
