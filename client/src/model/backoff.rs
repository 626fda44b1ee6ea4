//! Computes the pause before the next attempt to connect.

/// First pause, in milliseconds.
const FIRST: u64 = 500;
/// Longest pause, in milliseconds.
pub const LONGEST: u64 = 30_000;

/// Doubles the pause with each failure, up to half a minute, and spreads it so that many clients do not
/// come back at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Milliseconds until the next attempt; `random` spreads it between half and all of the pause.
    pub fn next(&mut self, random: u32) -> u64 {
        let pause = FIRST.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let half = pause / 2;
        half + ((half * u64::from(random)) >> 32)
    }

    /// Resets the pause to the first one, because the connection works.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_half_a_minute_and_starts_again() {
        let mut backoff = Backoff::default();
        let longest: Vec<u64> = (0..8).map(|_| backoff.next(u32::MAX)).collect();
        assert_eq!(longest, [499, 999, 1999, 3999, 7999, 15_999, 29_999, 29_999]);
        backoff.reset();
        assert_eq!(backoff.next(0), 250);
    }

    #[test]
    fn never_waits_less_than_half() {
        let mut backoff = Backoff::default();
        for _ in 0..100 {
            backoff.next(0);
        }
        assert_eq!(backoff.next(0), 15_000);
    }
}
