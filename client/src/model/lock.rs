//! The app lock's messages between a page and its own worker, the pauses after wrong guesses, and the auto-lock.
//!
//! Passphrases and passkey outputs go from a page to its own worker only, never over the channels of all tabs.

use parley_engine::lock::{Lock, Passkey};
use parley_engine::view::Typed;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The output of a passkey's PRF extension. Its `Debug` form does not show the bytes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct PasskeyOutput(pub [u8; 32]);

impl core::fmt::Debug for PasskeyOutput {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PasskeyOutput(..)")
    }
}

/// A key that opens a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Key {
    /// The typed passphrase.
    Passphrase(Typed),
    /// The output of the person's passkey.
    Passkey(PasskeyOutput),
}

/// A request of a page to its own worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LockAsk {
    /// Open the device.
    Unlock(Key),
    /// Set a lock where there is none.
    Set(Typed),
    /// Replace the passphrase.
    Change {
        /// The current passphrase.
        old: Typed,
        /// The new one.
        new: Typed,
    },
    /// Turn the lock off.
    TurnOff(Typed),
    /// Set the auto-lock to this many minutes; `None` turns it off.
    After(Option<u16>),
    /// Add a passkey that opens the lock too.
    AddPasskey {
        /// The passphrase of the lock.
        passphrase: Typed,
        /// The passkey.
        passkey: Passkey,
        /// The output of the passkey.
        output: PasskeyOutput,
    },
    /// Remove the passkey, so that only the passphrase opens the lock.
    RemovePasskey,
}

/// The worker's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LockAnswer {
    /// Done. Holds the lock as it is now; `None` means no lock.
    Done(Option<LockView>),
    /// The key does not open the lock. The next guess is permitted at this time, in milliseconds since 1970.
    Wrong(u64),
    /// The worker tried nothing: the next guess is permitted at this time.
    Wait(u64),
    /// There is not enough memory at the moment.
    Memory,
    /// The browser refuses, or another tab has changed the lock meanwhile.
    Refused,
}

/// The view of a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockView {
    /// The passkey that also opens the lock.
    pub passkey: Option<Passkey>,
    /// The auto-lock's time in minutes; `None` means never.
    pub after: Option<u16>,
}

impl From<&Lock> for LockView {
    fn from(lock: &Lock) -> Self {
        Self { passkey: lock.passkey().cloned(), after: lock.after }
    }
}

/// Counts wrong guesses in a row. localStorage keeps the count, so that reloading the page does not reset it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Guesses {
    wrong: u32,
    /// The time of the last guess, in milliseconds since 1970.
    last: u64,
}

/// The number of wrong guesses without a pause.
const FREE: u32 = 2;
/// The longest pause, in seconds.
const LONGEST: u64 = 300;
/// The same, in milliseconds.
pub const LONGEST_PAUSE: u64 = LONGEST * 1_000;
const VERSION: u8 = 1;

impl Guesses {
    /// Reads the stored count. A missing or damaged count is zero, because an attacker who can change it can also delete it.
    #[must_use]
    pub fn decode(bytes: Option<&[u8]>) -> Self {
        match bytes {
            Some([VERSION, body @ ..]) => postcard::from_bytes(body).unwrap_or_default(),
            _ => Self::default(),
        }
    }

    /// Encodes the count.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Writing to a vector cannot fail.
        postcard::to_extend(self, vec![VERSION]).unwrap_or_default()
    }

    /// Counts one more guess, made at this time.
    #[must_use]
    pub const fn and_one(self, now: u64) -> Self {
        Self { wrong: self.wrong.saturating_add(1), last: now }
    }

    /// Moves the time of the last guess to now if the clock was set back since. The caller stores the result; otherwise the
    /// pause would never end.
    #[must_use]
    pub fn by_clock(self, now: u64) -> Self {
        Self { last: self.last.min(now), ..self }
    }

    /// When the next guess is permitted; zero without a pause.
    #[must_use]
    pub fn next(self, now: u64) -> u64 {
        if self.pause() == 0 {
            return 0;
        }
        self.by_clock(now).last.saturating_add(self.pause().saturating_mul(1_000))
    }

    /// The pause in seconds: 2 after the third wrong guess, doubled with each further one.
    fn pause(self) -> u64 {
        match self.wrong.checked_sub(FREE) {
            None | Some(0) => 0,
            Some(over) => 2_u64.checked_pow(over).map_or(LONGEST, |pause| pause.min(LONGEST)),
        }
    }
}

/// Measures how long no person has been present, by the wall clock, which goes on while a computer sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absence {
    after: Option<u64>,
    last: u64,
}

impl Absence {
    /// Begins with a person present now; the lock closes after this many minutes.
    #[must_use]
    pub fn new(after: Option<u16>, now: u64) -> Self {
        Self { after: after.map(|minutes| u64::from(minutes) * 60_000), last: now }
    }

    /// Notes that a person is present.
    pub const fn somebody(&mut self, now: u64) {
        self.last = now;
    }

    /// Whether the lock has to close.
    pub fn is_over(&mut self, now: u64) -> bool {
        // Setting the clock back must not delay the lock.
        self.last = self.last.min(now);
        self.after.is_some_and(|after| now - self.last >= after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000_000;

    fn after(count: u32) -> Guesses {
        (0..count).fold(Guesses::default(), |guesses, _| guesses.and_one(NOW))
    }

    #[test]
    fn guesses_are_slowed_from_the_third_on() {
        let pauses: Vec<u64> = (0..12).map(|count| (after(count).next(NOW).max(NOW) - NOW) / 1_000).collect();
        assert_eq!(pauses, [0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert_eq!(after(u32::MAX.min(200)).next(NOW), NOW + 300_000);
    }

    #[test]
    fn a_pause_ends_by_the_clock_and_a_clock_set_back_makes_it_no_longer() {
        let guesses = after(4);
        assert!(guesses.next(NOW + 3_999) > NOW + 3_999);
        assert!(guesses.next(NOW + 4_000) <= NOW + 4_000);
        let earlier = NOW - 86_400_000;
        assert_eq!(guesses.next(earlier), earlier + 4_000);
        let kept = guesses.by_clock(earlier);
        assert_eq!(kept.next(earlier + 4_000), earlier + 4_000, "it goes on from there");
        assert_eq!(guesses.by_clock(NOW + 1), guesses);
    }

    #[test]
    fn guesses_are_kept_and_what_is_damaged_is_none() {
        let bytes = after(5).encode();
        assert_eq!(Guesses::decode(Some(&bytes)), after(5));
        assert_eq!(bytes[..2], [1, 5]);
        for damaged in [None, Some(&[][..]), Some(&[2, 5][..]), Some(&bytes[..2])] {
            assert_eq!(Guesses::decode(damaged), Guesses::default());
        }
    }

    #[test]
    fn nobody_for_so_long_closes_the_lock() {
        let mut absence = Absence::new(Some(5), NOW);
        assert!(!absence.is_over(NOW + 299_999));
        absence.somebody(NOW + 299_999);
        assert!(!absence.is_over(NOW + 500_000));
        // The computer slept.
        assert!(absence.is_over(NOW + 40_000_000));
        assert!(!Absence::new(None, NOW).is_over(u64::MAX));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_put_the_lock_off() {
        let mut absence = Absence::new(Some(5), NOW);
        assert!(!absence.is_over(NOW - 3_600_000));
        assert!(absence.is_over(NOW - 3_600_000 + 300_000));
    }

    #[test]
    fn secrets_do_not_print() {
        let ask = LockAsk::Unlock(Key::Passkey(PasskeyOutput([77; 32])));
        let typed = LockAsk::Set(Typed("correct horse".to_owned()));
        let printed = format!("{ask:?} {typed:?}");
        assert!(!printed.contains("77") && !printed.contains("horse"), "{printed}");
    }
}
