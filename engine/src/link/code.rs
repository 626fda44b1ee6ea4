//! What one device shows and the other scans, opens or pastes: `#link/<base32 of 50 bytes>`. It is made to look
//! unlike an invite (`#i/...`), and neither is taken for the other.
//!
//! `version (1) || who shows it (1) || X25519 public key (32) || rendezvous slot (16)`. Everything that the channel
//! rests on stands in it in full, so that the relay has nothing to choose.

use parley_protocol::ids::SlotId;

use crate::base32::{base32, unbase32};
use crate::pasted::{after, letters, plain};

const PREFIX: &str = "link/";
/// Letters of a code.
const LETTERS: usize = 80;
const VERSION: u8 = 1;

/// Which of the two devices shows the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The one that is to be linked.
    New,
    /// The one that is in the account.
    Existing,
}

impl Side {
    const fn byte(self) -> u8 {
        match self {
            Self::New => 0,
            Self::Existing => 1,
        }
    }
}

/// A code that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkCode {
    pub(crate) shown_by: Side,
    pub(crate) key: [u8; 32],
    pub(crate) slot: SlotId,
}

impl LinkCode {
    /// The fragment, without `#`.
    pub(crate) fn fragment(&self) -> String {
        let head = [VERSION, self.shown_by.byte()];
        format!("{PREFIX}{}", base32(&[head.as_slice(), &self.key, self.slot.as_bytes()].concat()))
    }

    /// Finds a code in a link, a fragment, or a text around one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let plain = plain(text);
        after(&plain, PREFIX).find_map(Self::read)
    }

    fn read(rest: &str) -> Option<Self> {
        let bytes = unbase32(&letters(rest, LETTERS)?)?;
        let (head, rest) = bytes.split_first_chunk::<2>()?;
        let shown_by = match *head {
            [VERSION, 0] => Side::New,
            [VERSION, 1] => Side::Existing,
            _ => return None,
        };
        let (key, slot) = rest.split_first_chunk::<32>()?;
        Some(Self { shown_by, key: *key, slot: SlotId::try_from(slot).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::invite::Invite;

    fn code() -> LinkCode {
        LinkCode { shown_by: Side::Existing, key: [7; 32], slot: SlotId([9; 16]) }
    }

    #[test]
    fn a_link_its_fragment_and_the_bare_fragment_are_the_same() {
        let fragment = code().fragment();
        insta::assert_snapshot!(fragment);
        for text in [format!("https://chat.example/#{fragment}"), format!("#{fragment}"), fragment] {
            assert_eq!(LinkCode::parse(&text), Some(code()), "{text}");
        }
    }

    #[test]
    fn a_code_is_found_however_it_arrives() {
        let fragment = code().fragment();
        for text in [
            format!("https://chat.example/%23{fragment}"),
            format!("https://chat.example/#%23link%2F{}.", &fragment["link/".len()..]),
            format!("HTTPS://CHAT.EXAMPLE/#{}", fragment.to_uppercase()),
            format!("Open \u{200B}https://chat.example/#{fragment}, please"),
        ] {
            assert_eq!(LinkCode::parse(&text), Some(code()), "{text}");
        }
        assert_eq!(LinkCode::parse(&format!("{fragment}a")), None);
    }

    #[test]
    fn either_side_shows() {
        let code = LinkCode { shown_by: Side::New, ..code() };
        assert_eq!(LinkCode::parse(&code.fragment()), Some(code));
    }

    #[test]
    fn p4_an_invite_is_no_link_code_and_the_reverse() {
        assert_eq!(Invite::parse(&code().fragment()), None);
        let invite = "i/ada/u6t2pj5hu6t2pj5hu6t2pj5hu6t2pj5hu6t2pj5hu6t2pj5hu6tq";
        assert!(Invite::parse(invite).is_some());
        assert_eq!(LinkCode::parse(invite), None);
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text: String) {
            let _ = LinkCode::parse(&text);
        }
    }
}
