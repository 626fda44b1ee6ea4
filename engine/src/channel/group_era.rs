//! Group eras: spans of epochs whose members read the log with one capability, so that a device that was away for long reads
//! on across them. The capability that opens the log for reading derives from a secret of the era's first epoch. It decrypts
//! no message.

use parley_crypto::hkdf;
use parley_protocol::capability::Capability;
use parley_protocol::ids::{LogId, UnixMillis};
use serde::{Deserialize, Serialize};
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// The first commit after this time (7 days), in milliseconds, begins a new group era.
const AGE: u64 = 7 * 24 * 3600 * 1000;
/// The first byte of a commit's authenticated data.
const FORMAT: u8 = 1;
const READ: &[u8] = b"parley read capability v1";
const ENTRY: &[u8] = b"parley era key v1";
const HISTORY: &[u8] = b"parley era history key v1";
const PACKAGE: &[u8] = b"parley era package key v1";

/// What a commit does to the group era.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum EraStep {
    /// The group era goes on.
    GoesOn,
    /// A new group era begins with the next epoch.
    Begins,
}

impl EraStep {
    /// The authenticated data of a commit that takes this step.
    pub(crate) const fn authenticated_data(self) -> [u8; 2] {
        match self {
            Self::GoesOn => [FORMAT, 0],
            Self::Begins => [FORMAT, 1],
        }
    }

    /// The step that a commit's authenticated data say.
    pub(crate) const fn of(authenticated_data: &[u8]) -> Option<Self> {
        match authenticated_data {
            [FORMAT, 0] => Some(Self::GoesOn),
            [FORMAT, 1] => Some(Self::Begins),
            _ => None,
        }
    }
}

/// The current group era. As stored.
#[derive(Clone, Serialize, Deserialize, ZeroizeOnDrop)]
pub(crate) struct GroupEra {
    /// Exported from the era's first epoch.
    secret: [u8; 32],
    /// When this device entered the era.
    #[zeroize(skip)]
    since: UnixMillis,
}

impl GroupEra {
    pub(crate) const fn new(secret: [u8; 32], since: UnixMillis) -> Self {
        Self { secret, since }
    }

    /// The capability that opens the era's entries at the relay.
    pub(crate) fn read_capability(&self) -> Capability {
        Capability::new(*hkdf::derive(&self.secret, READ))
    }

    /// The key that seals the commits of a group whose handshakes MLS does not encrypt.
    pub(crate) fn entry_key(&self) -> Zeroizing<[u8; 32]> {
        hkdf::derive(&self.secret, ENTRY)
    }

    /// The key that seals the group at the era's beginning, for joiners from outside.
    pub(crate) fn package_key(&self) -> Zeroizing<[u8; 32]> {
        hkdf::derive(&self.secret, PACKAGE)
    }

    /// The key that seals kept messages for later members, in groups that agreed to keep them. Whoever has the era's secret
    /// reads them: apart from commits, the secret of an era opens nothing else.
    pub(crate) fn history_key(&self) -> Zeroizing<[u8; 32]> {
        hkdf::derive(&self.secret, HISTORY)
    }

    /// The era once it has ended.
    pub(crate) const fn past(&self, log: LogId, ended: UnixMillis) -> PastEra {
        PastEra { log, secret: self.secret, ended }
    }

    /// The secret, to seal it for those who have an invite link.
    pub(crate) const fn expose(&self) -> &[u8; 32] {
        &self.secret
    }

    /// What a commit that adds and removes nobody does to the era.
    pub(crate) const fn step(&self, now: UnixMillis) -> EraStep {
        if now.0.abs_diff(self.since.0) > AGE { EraStep::Begins } else { EraStep::GoesOn }
    }
}

/// An earlier group era, as members pass it on to later members. As stored.
#[derive(Clone, Serialize, Deserialize, ZeroizeOnDrop)]
pub(crate) struct PastEra {
    /// The log of the era.
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
    /// Each member determines for itself when the era ended.
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
