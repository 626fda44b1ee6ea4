//! Consent: whether a person wants to hear from somebody (the word of MIMI), and the token of an invite link, which says that
//! the person expects somebody.
//!
//! Of two decisions, the one with the greater counter holds. Of two decisions made at once on two devices, the later in the
//! order requested, granted, revoked holds. So every device of the account comes to the same result.

use core::fmt;

use parley_crypto::hmac;
use parley_protocol::ids::{AccountId, LogId, Seq};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::table::Table;

/// Most messages that a device stores of one request.
pub(crate) const MAX_TEXTS: u32 = 20;
/// Most bytes of these messages; a device stores the first message whatever its length.
pub(crate) const MAX_BYTES: u32 = 64 * 1024;
/// Most open requests at a time.
pub(crate) const MAX_REQUESTS: usize = 100;
/// Most strangers beyond these whose logs a device reads, without showing anything of them.
pub(crate) const MAX_OUTSIDE: usize = 200;

/// Most logs with one account for which a device remembers what it passed over.
const MAX_PASSED: usize = 256;
/// The place for a log whose end nobody knows yet.
pub(crate) const TO_THE_END: Seq = Seq(u64::MAX);

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

/// The last decision, on any device of the account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Decision {
    counter: u32,
    pub(crate) consent: Consent,
}

impl Decision {
    /// This account has written to them; any other decision is made after that one.
    pub(crate) const FIRST: Self = Self { counter: 1, consent: Consent::Granted };
    /// A backup or a file has them among the people whom the account knows: weaker than any decision of the person.
    pub(crate) const KNOWN: Self = Self { counter: 0, consent: Consent::Granted };

    /// The person decides again.
    pub(crate) const fn next(self, consent: Consent) -> Self {
        Self { counter: self.counter.saturating_add(1), consent }
    }
}

/// The token in an invite link: the person expects whoever brings it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Token(pub(crate) [u8; 16]);

impl Token {
    /// Compares in constant time, which does not show where two tokens differ.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// Proves to the account that made the link that the sender of this Welcome, which comes in two parts, has the link. The
    /// relay does not have the link, and cannot tell the proof from random bytes.
    pub(crate) fn proof(&self, beginning: &[u8], end: &[u8]) -> Proof {
        let whole = hmac::hmac(&self.0, &[b"parley expected v1\0", beginning, end]);
        whole.first_chunk().copied().unwrap_or_default()
    }

    /// Whether the sender of a Welcome has the link.
    pub(crate) fn proves(&self, proof: &Proof, welcome: &[u8]) -> bool {
        self.proof(welcome, &[]).ct_eq(proof).into()
    }
}

/// Stands before each Welcome: random if its sender has no token.
pub(crate) type Proof = [u8; 16];

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// The token of the account's own link; the greatest that any device has made is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct OwnToken {
    pub(crate) version: u32,
    pub(crate) token: Token,
}

/// Entries of a log from an account that was blocked then: no device ever shows what they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PassedOver {
    /// After this place, and up to the other.
    pub(crate) after: Seq,
    pub(crate) upto: Seq,
}

impl PassedOver {
    pub(crate) fn covers(&self, seq: Seq) -> bool {
        self.after < seq && seq <= self.upto
    }

    fn and(self, other: Self) -> Self {
        Self { after: self.after.min(other.after), upto: self.upto.max(other.upto) }
    }
}

/// A decision, as the account's devices tell each other, and as the backup has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) account: AccountId,
    pub(crate) decision: Decision,
    /// From the link of that account.
    pub(crate) token: Option<Token>,
    /// The entries that were passed over before the account was unblocked, by log.
    pub(crate) passed: Vec<(LogId, PassedOver)>,
}

impl Told {
    /// Whether the decision only keeps somebody away.
    pub(crate) fn is_refusal(&self) -> bool {
        self.decision.consent == Consent::Revoked
    }
}

/// What a device stores of another account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stance {
    pub(crate) peer: AccountId,
    pub(crate) decision: Decision,
    /// From the link of that account: this device sends it with the name and texts, until the account has answered.
    pub(crate) token: Option<Token>,
    /// What this device keeps of a request.
    pub(crate) kept: Kept,
    /// Logs with entries of a blocked account, and the place before the first such entry.
    pub(crate) unheard: Table<LogId, Seq>,
    /// The same for accounts that were unblocked since.
    pub(crate) passed: Table<LogId, PassedOver>,
}

/// What this device keeps of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    texts: u32,
    bytes: u32,
    /// The request is larger than what this device keeps: the rest stays at the relay.
    pub(crate) full: bool,
    /// The request was deleted, and with it what the relay still has: in each of these logs up to a place, or up to the end
    /// that the log has when this device next subscribes to it ([`TO_THE_END`]).
    pub(crate) skips: Table<LogId, Seq>,
    /// The account has a log, and this device shows nothing of it: they have written nothing, or there is no room for another
    /// request.
    pub(crate) outside: bool,
}

impl Kept {
    /// Whether this device keeps a text of this many bytes.
    pub(crate) fn has_room(&self, length: usize) -> bool {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        self.texts == 0 || self.texts < MAX_TEXTS && self.bytes.saturating_add(length) <= MAX_BYTES
    }

    /// Counts a kept text.
    pub(crate) fn keep(&mut self, length: usize) {
        self.texts = self.texts.saturating_add(1);
        self.bytes = self.bytes.saturating_add(u32::try_from(length).unwrap_or(u32::MAX));
        self.full |= self.texts >= MAX_TEXTS;
        self.outside = false;
    }

    /// Whether this device keeps nothing, but the relay may have more.
    pub(crate) const fn is_only_full(&self) -> bool {
        self.texts == 0 && self.full
    }

    /// Deletes what was kept, and what was not read: these logs have more, up to these places.
    pub(crate) fn delete(&mut self, unread: Table<LogId, Seq>) {
        let skips = if self.full { unread } else { std::mem::take(&mut self.skips) };
        *self = Self { skips, ..Self::default() };
    }

    /// Whether the entry at a place was deleted before it was read.
    pub(crate) fn skips(&self, log: &LogId, seq: Seq) -> bool {
        self.skips.get(log).is_some_and(|upto| seq <= *upto)
    }

    /// A log is read up to `cursor` and, if known, ends at `head`.
    pub(crate) fn read(&mut self, log: &LogId, cursor: Seq, head: Option<Seq>) {
        if let (Some(upto), Some(head)) = (self.skips.get_mut(log), head) {
            *upto = head.min(*upto);
        }
        if self.skips.get(log).is_some_and(|upto| *upto <= cursor) {
            self.skips.remove(log);
        }
    }
}

impl Stance {
    /// The stance before anything is known.
    pub(crate) fn new(peer: AccountId) -> Self {
        let (decision, kept) = (Decision::default(), Kept::default());
        Self { peer, decision, token: None, kept, unheard: Table::new(), passed: Table::new() }
    }

    pub(crate) fn told(&self) -> Told {
        let passed = self.passed.iter().map(|(log, passed)| (*log, *passed)).collect();
        Told { account: self.peer, decision: self.decision, token: self.token, passed }
    }

    /// No device ever shows what these entries of a log say.
    pub(crate) fn pass_over(&mut self, log: LogId, passed: PassedOver) {
        let known = self.passed.get(&log).copied();
        if known.is_some() || self.passed.len() < MAX_PASSED {
            self.passed.insert(log, known.map_or(passed, |known| known.and(passed)));
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn told() -> Told {
        let decision = Decision::FIRST.next(Consent::Revoked);
        let passed = vec![(LogId([6; 16]), PassedOver { after: Seq(3), upto: Seq(300) })];
        Told { account: AccountId([4; 32]), decision, token: Some(Token([7; 16])), passed }
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
        let log = LogId([1; 16]);
        kept.delete(Table::from(vec![(log, Seq(9))]));
        assert!(!kept.skips(&log, Seq(9)), "everything was read");
        kept.full = true;
        kept.delete(Table::from(vec![(log, TO_THE_END)]));
        assert!(kept.skips(&log, Seq(9)) && !kept.full && kept.has_room(1));
    }

    #[test]
    fn p10_what_is_skipped_is_skipped_in_each_log_by_itself_and_no_further_than_it_went() {
        let (one, other) = (LogId([1; 16]), LogId([2; 16]));
        let mut kept = Kept { full: true, ..Kept::default() };
        kept.delete(Table::from(vec![(one, Seq(9)), (other, TO_THE_END)]));
        assert!(kept.skips(&one, Seq(9)) && !kept.skips(&one, Seq(10)));
        assert!(!kept.skips(&LogId([3; 16]), Seq(1)), "a log that came after");
        kept.read(&one, Seq(9), None);
        assert!(!kept.skips(&one, Seq(9)) && kept.skips(&other, Seq(1_000)));
        kept.read(&other, Seq(3), Some(Seq(7)));
        kept.read(&other, Seq(5), Some(Seq(90)));
        assert!(kept.skips(&other, Seq(7)) && !kept.skips(&other, Seq(8)));
        kept.read(&other, Seq(7), None);
        assert!(kept.skips.is_empty());
    }

    #[test]
    fn p10_what_two_devices_passed_over_is_never_shown_and_of_a_bounded_number_of_logs() {
        let mut stance = Stance::new(AccountId([4; 32]));
        let log = LogId([1; 16]);
        stance.pass_over(log, PassedOver { after: Seq(3), upto: Seq(5) });
        stance.pass_over(log, PassedOver { after: Seq(4), upto: Seq(9) });
        let passed = *stance.passed.get(&log).unwrap();
        let covered: Vec<u64> = (0..12).filter(|seq| passed.covers(Seq(*seq))).collect();
        assert_eq!(covered, [4, 5, 6, 7, 8, 9]);
        for number in 0..=u8::MAX {
            stance.pass_over(LogId([number; 16]), passed);
        }
        let mut more = [7; 16];
        more[0] = 1;
        stance.pass_over(LogId(more), passed);
        assert_eq!(stance.passed.len(), MAX_PASSED);
    }

    #[test]
    fn p10_a_proof_is_of_one_token_and_one_welcome() {
        let token = Token([7; 16]);
        let proof = token.proof(b"wel", b"come");
        assert!(token.proves(&proof, b"welcome"));
        assert!(!token.proves(&proof, b"welcom") && !Token([8; 16]).proves(&proof, b"welcome"));
        assert!(!token.proves(&[0; 16], b"welcome"));
        insta::assert_snapshot!(crate::hex(&proof));
    }

    #[test]
    fn what_is_stored_is_pinned() {
        let mut stance = Stance::new(AccountId([4; 32]));
        stance.decision = told().decision;
        stance.token = Some(Token([7; 16]));
        stance.kept.keep(300);
        stance.unheard.insert(LogId([5; 16]), Seq(300));
        stance.pass_over(LogId([6; 16]), PassedOver { after: Seq(3), upto: Seq(300) });
        stance.kept.skips.insert(LogId([7; 16]), TO_THE_END);
        let bytes = postcard::to_allocvec(&stance).unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(postcard::from_bytes::<Stance>(&bytes).unwrap(), stance);
        let own = postcard::to_allocvec(&OwnToken { version: 3, token: Token([7; 16]) }).unwrap();
        insta::assert_snapshot!(crate::hex(&own));
    }
}
