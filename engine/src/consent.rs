//! Whether a person wants to hear from somebody (*consent*, the word of MIMI), and the token of an invite link, which says
//! that somebody is expected.
//!
//! Of two decisions the one with the greater counter holds, and of two that were made at once on two devices the later of
//! requested, granted, revoked: every device of the account comes to the same.

use core::fmt;

use parley_protocol::ids::{AccountId, LogId};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::set::Set;

/// Most messages that a device stores of one request.
pub(crate) const MAX_TEXTS: u32 = 20;
/// Most bytes of them; the first message is stored whatever its length.
pub(crate) const MAX_BYTES: u32 = 64 * 1024;
/// Most requests that are open at a time.
pub(crate) const MAX_REQUESTS: usize = 100;
/// Most strangers beyond these whose logs a device reads until it knows whether they bring the token of the invite link.
pub(crate) const MAX_OUTSIDE: usize = 200;

/// Whether a person wants to hear from somebody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Consent {
    /// They wrote first, and nobody has decided yet.
    #[default]
    Requested,
    /// This person wrote first, accepted, or gave them the invite link.
    Granted,
    /// Blocked.
    Revoked,
}

/// What was decided last, on any device of the account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Decision {
    counter: u32,
    pub(crate) consent: Consent,
}

impl Decision {
    /// This account has written to them, which whoever decides otherwise does after it.
    pub(crate) const FIRST: Self = Self { counter: 1, consent: Consent::Granted };
    /// A backup or a file has them among the people whom the account knows: weaker than whatever was decided.
    pub(crate) const KNOWN: Self = Self { counter: 0, consent: Consent::Granted };

    /// The person decides anew.
    pub(crate) const fn next(self, consent: Consent) -> Self {
        Self { counter: self.counter.saturating_add(1), consent }
    }
}

/// In an invite link: who brings it is expected.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Token(pub(crate) [u8; 16]);

impl Token {
    /// Compares in a time that says nothing of where two tokens differ.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// The token of the account's own link; the greatest that any device has made holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct OwnToken {
    pub(crate) version: u32,
    pub(crate) token: Token,
}

/// A decision as the account's devices tell each other, and as the backup has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) account: AccountId,
    pub(crate) decision: Decision,
    /// From their link.
    pub(crate) token: Option<Token>,
}

impl Told {
    /// Whether it only keeps somebody away.
    pub(crate) fn is_refusal(&self) -> bool {
        self.decision.consent == Consent::Revoked
    }
}

/// What is stored of somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stance {
    pub(crate) peer: AccountId,
    pub(crate) decision: Decision,
    /// From their link: they are told it with the name and texts, for as long as they have not answered.
    pub(crate) token: Option<Token>,
    /// What of a request is kept.
    pub(crate) kept: Kept,
    /// Logs in which something came from somebody who was blocked then.
    pub(crate) unheard: Set<LogId>,
}

/// What of a request is kept on this device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    texts: u32,
    bytes: u32,
    /// More was there than is kept: it stays at the relay.
    pub(crate) full: bool,
    /// The request was deleted, and with it what still stands at the relay.
    pub(crate) skips: bool,
    /// There was no room for another request when they came.
    pub(crate) outside: bool,
}

impl Kept {
    /// Whether a text of so many bytes is kept.
    pub(crate) fn has_room(&self, length: usize) -> bool {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        self.texts == 0 || self.texts < MAX_TEXTS && self.bytes.saturating_add(length) <= MAX_BYTES
    }

    /// One is.
    pub(crate) fn keep(&mut self, length: usize) {
        self.texts = self.texts.saturating_add(1);
        self.bytes = self.bytes.saturating_add(u32::try_from(length).unwrap_or(u32::MAX));
        self.full |= self.texts >= MAX_TEXTS;
        self.outside = false;
    }

    /// Nothing is, but more may stand at the relay.
    pub(crate) const fn is_only_full(&self) -> bool {
        self.texts == 0 && self.full
    }

    /// What was kept is deleted, and with it what was not read.
    pub(crate) fn delete(&mut self) {
        *self = Self { skips: self.full || self.skips, ..Self::default() };
    }
}

impl Stance {
    /// Nothing is known.
    pub(crate) fn new(peer: AccountId) -> Self {
        let (decision, kept) = (Decision::default(), Kept::default());
        Self { peer, decision, token: None, kept, unheard: Set::default() }
    }

    pub(crate) const fn told(&self) -> Told {
        Told { account: self.peer, decision: self.decision, token: self.token }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn told() -> Told {
        let decision = Decision::FIRST.next(Consent::Revoked);
        Told { account: AccountId([4; 32]), decision, token: Some(Token([7; 16])) }
    }

    #[test]
    fn p10_of_two_decisions_the_later_holds_and_of_two_at_once_the_stricter() {
        let asked = Decision::default();
        let (granted, revoked) = (asked.next(Consent::Granted), asked.next(Consent::Revoked));
        assert_eq!(granted.max(revoked), revoked);
        assert_eq!(granted.max(asked), granted);
        let again = revoked.next(Consent::Granted);
        assert_eq!(again.max(revoked).max(granted).consent, Consent::Granted);
        assert_eq!(Decision::KNOWN.max(asked), Decision::KNOWN, "who was known before is no request");
        assert_eq!(Decision::KNOWN.max(revoked), revoked);
    }

    #[test]
    fn p10_what_is_kept_of_a_request_is_bounded_in_number_and_bytes() {
        let mut kept = Kept::default();
        for _ in 0..MAX_TEXTS {
            assert!(kept.has_room(1) && !kept.full);
            kept.keep(1);
        }
        assert!(!kept.has_room(1) && kept.full);
        let mut kept = Kept::default();
        assert!(kept.has_room(usize::MAX), "the first is kept");
        kept.keep(65_000);
        assert!(kept.has_room(536) && !kept.has_room(537));
        kept.full = true;
        kept.delete();
        assert!(kept.skips && !kept.full && kept.has_room(1));
    }

    #[test]
    fn what_is_stored_is_pinned() {
        let mut stance = Stance::new(AccountId([4; 32]));
        stance.decision = told().decision;
        stance.token = Some(Token([7; 16]));
        stance.kept.keep(300);
        stance.unheard.insert(LogId([5; 16]));
        let bytes = postcard::to_allocvec(&stance).unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(postcard::from_bytes::<Stance>(&bytes).unwrap(), stance);
        let own = postcard::to_allocvec(&OwnToken { version: 3, token: Token([7; 16]) }).unwrap();
        insta::assert_snapshot!(crate::hex(&own));
    }
}
