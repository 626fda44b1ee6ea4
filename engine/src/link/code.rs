//! The link code that one device shows and the other scans, opens or pastes: `#link/<base32 of 50 bytes>`. The form differs
//! from an invite (`#i/...`), so that no reader takes one for the other.
//!
//! `version (1) || who shows it (1) || X25519 public key (32) || commitment to a nonce (16)`. The code contains in full
//! everything that the channel rests on, so that the relay has nothing to choose. The rendezvous slot derives from the code.

use parley_protocol::ids::SlotId;
use sha2::{Digest as _, Sha256};

use super::check::Commitment;
use crate::base32::{base32, unbase32};
use crate::pasted::{after, letters, plain};

const PREFIX: &str = "link/";
/// Characters of a code.
const LETTERS: usize = 80;
const VERSION: u8 = 2;
const SLOT: &[u8] = b"parley scanned slot v1\0";

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
    /// The commitment to the nonce on which the digits depend ([`super::check`]).
    pub(crate) commitment: Commitment,
}

impl LinkCode {
    /// The fragment, without `#`.
    pub(crate) fn fragment(&self) -> String {
        let head = [VERSION, self.shown_by.byte()];
        format!("{PREFIX}{}", base32(&[head.as_slice(), &self.key, &self.commitment.0].concat()))
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
        let (key, commitment) = rest.split_first_chunk::<32>()?;
        Some(Self { shown_by, key: *key, commitment: Commitment(commitment.try_into().ok()?) })
    }

    /// The slot in which the two devices meet. Nobody can compute the code from the slot.
    pub(crate) fn slot(&self) -> SlotId {
        let digest = Sha256::new()
            .chain_update(SLOT)
            .chain_update(self.key)
            .chain_update(self.commitment.0)
            .finalize();
        let mut id = [0; 16];
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        SlotId(id)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::invite::Invite;

    fn code() -> LinkCode {
        LinkCode { shown_by: Side::Existing, key: [7; 32], commitment: Commitment([9; 16]) }
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
