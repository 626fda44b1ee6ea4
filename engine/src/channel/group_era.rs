//! Group eras: spans of epochs whose members read the log with one capability, so that a device that was away for long reads
//! on across them. The capability that opens the log for reading derives from a secret of the era's first epoch. It decrypts
//! no message.

use parley_crypto::hkdf;
use parley_protocol::capability::Capability;
use parley_protocol::ids::{LogId, UnixMillis};
use serde::{Deserialize, Serialize};
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// The first commit after this time (7 days), in milliseconds, begins a new one.
const AGE: u64 = 7 * 24 * 3600 * 1000;
/// What the authenticated data of a commit begin with.
const FORMAT: u8 = 1;
const READ: &[u8] = b"parley read capability v1";
const ENTRY: &[u8] = b"parley era key v1";
const HISTORY: &[u8] = b"parley era history key v1";
const PACKAGE: &[u8] = b"parley era package key v1";

/// What a commit does to the group era.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum EraStep {
    /// It goes on.
    GoesOn,
    /// A new one begins with the next epoch.
    Begins,
}

impl EraStep {
    /// The authenticated data of the commit that says it.
    pub(crate) const fn authenticated_data(self) -> [u8; 2] {
        match self {
            Self::GoesOn => [FORMAT, 0],
            Self::Begins => [FORMAT, 1],
        }
    }

    /// What a commit says.
    pub(crate) const fn of(authenticated_data: &[u8]) -> Option<Self> {
        match authenticated_data {
            [FORMAT, 0] => Some(Self::GoesOn),
            [FORMAT, 1] => Some(Self::Begins),
            _ => None,
        }
    }
}

/// The group era of now. As it is stored.
#[derive(Clone, Serialize, Deserialize, ZeroizeOnDrop)]
pub(crate) struct GroupEra {
    /// Exported from its first epoch.
    secret: [u8; 32],
    /// When this device entered it.
    #[zeroize(skip)]
    since: UnixMillis,
}

impl GroupEra {
    pub(crate) const fn new(secret: [u8; 32], since: UnixMillis) -> Self {
        Self { secret, since }
    }

    /// What opens its entries at the relay.
    pub(crate) fn read_capability(&self) -> Capability {
        Capability::new(*hkdf::derive(&self.secret, READ))
    }

    /// What seals the commits of a group whose handshakes are not encrypted by MLS.
    pub(crate) fn entry_key(&self) -> Zeroizing<[u8; 32]> {
        hkdf::derive(&self.secret, ENTRY)
    }

    /// What seals the group as it is at the era's beginning, for who comes from outside.
    pub(crate) fn package_key(&self) -> Zeroizing<[u8; 32]> {
        hkdf::derive(&self.secret, PACKAGE)
    }

    /// What seals what is kept of messages for who comes later, in groups that agreed to it. Whoever has the secret reads that: it
    /// is the one thing that the secret of an era opens beside commits.
    pub(crate) fn history_key(&self) -> Zeroizing<[u8; 32]> {
        hkdf::derive(&self.secret, HISTORY)
    }

    /// The same, once it is over.
    pub(crate) const fn past(&self, log: LogId, ended: UnixMillis) -> PastEra {
        PastEra { log, secret: self.secret, ended }
    }

    /// The secret, to seal it for who has an invite link.
    pub(crate) const fn expose(&self) -> &[u8; 32] {
        &self.secret
    }

    /// What a commit does to it that adds and removes nobody.
    pub(crate) const fn step(&self, now: UnixMillis) -> EraStep {
        if now.0.abs_diff(self.since.0) > AGE { EraStep::Begins } else { EraStep::GoesOn }
    }
}

/// A group era of before, as it is handed on to who comes later. As it is stored.
#[derive(Clone, Serialize, Deserialize, ZeroizeOnDrop)]
pub(crate) struct PastEra {
    /// In which log it was.
    #[zeroize(skip)]
    pub(crate) log: LogId,
    secret: [u8; 32],
    /// When it ended, by the relay's clock.
    #[zeroize(skip)]
    pub(crate) ended: UnixMillis,
}

impl PastEra {
    pub(crate) const fn as_era(&self) -> GroupEra {
        GroupEra::new(self.secret, self.ended)
    }
}

impl PartialEq for PastEra {
    /// When it ended, each member saw for themselves.
    fn eq(&self, other: &Self) -> bool {
        self.log == other.log && self.secret == other.secret
    }
}

impl Eq for PastEra {}

impl core::fmt::Debug for PastEra {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("PastEra").field("log", &self.log).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_one_begins_after_seven_days() {
        let era = GroupEra::new([7; 32], UnixMillis(AGE));
        for (now, step) in
            [(AGE, EraStep::GoesOn), (2 * AGE, EraStep::GoesOn), (2 * AGE + 1, EraStep::Begins)]
        {
            assert_eq!(era.step(UnixMillis(now)), step, "{now}");
        }
    }

    #[test]
    fn what_a_commit_says_is_pinned() {
        for step in [EraStep::GoesOn, EraStep::Begins] {
            assert_eq!(EraStep::of(&step.authenticated_data()), Some(step));
        }
        assert_eq!(EraStep::Begins.authenticated_data(), [1, 1]);
        for other in [&[][..], &[1], &[1, 2], &[2, 1], &[1, 1, 0]] {
            assert_eq!(EraStep::of(other), None);
        }
    }

    #[test]
    fn the_record_and_the_capability_are_pinned() {
        let era = GroupEra::new([7; 32], UnixMillis(300));
        let bytes = postcard::to_allocvec(&era).unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        insta::assert_snapshot!(crate::hex(era.read_capability().expose()));
        insta::assert_snapshot!(crate::hex(era.entry_key().as_slice()));
        let read: GroupEra = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(read.read_capability(), era.read_capability());
    }
}
