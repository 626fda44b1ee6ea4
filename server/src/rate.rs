//! Rate limits: a token bucket in the form of GCRA, whose whole state is one point in time.

use std::collections::HashMap;
use std::hash::Hash;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use parley_protocol::frame::RelayError;

/// The number of keys from which on keys with a full bucket are dropped.
const MAX_KEYS: usize = 100_000;

/// `burst` at once, and `per_minute` in the long run. Written `burst/per_minute`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    burst: u32,
    per_minute: u32,
}

/// The text is not a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate is written as burst/per-minute, both at least 1: for example 20/60")]
pub struct RateError;

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (burst, per_minute) = text.split_once('/').ok_or(RateError)?;
        let number = |text: &str| text.parse().ok().filter(|number| *number > 0).ok_or(RateError);
        Ok(Self { burst: number(burst)?, per_minute: number(per_minute)? })
    }
}

impl Rate {
    pub(crate) const fn new(burst: u32, per_minute: u32) -> Self {
        Self { burst, per_minute }
    }

    fn interval(self) -> Duration {
        Duration::from_mins(1).checked_div(self.per_minute).unwrap_or_default()
    }

    fn tolerance(self) -> Duration {
        self.interval().saturating_mul(self.burst)
    }
}

/// The time at which the bucket is full again.
#[derive(Debug, Clone, Copy)]
pub struct Bucket(Instant);

impl Bucket {
    /// A full bucket.
    #[must_use]
    pub const fn full(now: Instant) -> Self {
        Self(now)
    }

    /// The bucket after taking `cost` tokens, or the refusal that says when to come back. A cost beyond the
    /// burst takes the whole burst, or it could never be paid.
    pub fn after(self, rate: Rate, cost: u32, now: Instant) -> Result<Self, RelayError> {
        let cost = rate.interval().saturating_mul(cost.min(rate.burst));
        let full = self.0.max(now).checked_add(cost).ok_or(RelayError::Internal)?;
        let ahead = full.saturating_duration_since(now);
        match ahead.checked_sub(rate.tolerance()) {
            None | Some(Duration::ZERO) => Ok(Self(full)),
            Some(wait) => {
                let wait = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX).saturating_add(1);
                Err(RelayError::RateLimited { retry_after_ms: wait })
            }
        }
    }
}

/// One bucket for each key.
pub struct Keyed<K> {
    rate: Rate,
    buckets: Mutex<HashMap<K, Bucket>>,
}

impl<K: Eq + Hash + Copy> Keyed<K> {
    /// Begins with all buckets full.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self { rate, buckets: Mutex::new(HashMap::new()) }
    }

    /// Takes `cost` tokens for one key.
    pub fn spend(&self, key: K, cost: u32, now: Instant) -> Result<(), RelayError> {
        let mut buckets = self.lock(now)?;
        let bucket = buckets.get(&key).copied().unwrap_or(Bucket::full(now));
        buckets.insert(key, bucket.after(self.rate, cost, now)?);
        Ok(())
    }

    /// Returns a token that was taken for an operation that failed.
    pub fn give_back(&self, key: &K) {
        let Ok(mut buckets) = self.buckets.lock() else { return };
        if let Some(bucket) = buckets.get_mut(key)
            && let Some(earlier) = bucket.0.checked_sub(self.rate.interval())
        {
            *bucket = Bucket(earlier);
        }
    }

    /// Checks whether a token is available for one key, without taking it.
    pub fn check(&self, key: K, now: Instant) -> Result<(), RelayError> {
        let bucket = self.lock(now)?.get(&key).copied().unwrap_or(Bucket::full(now));
        bucket.after(self.rate, 1, now).map(|_| ())
    }

    fn lock(&self, now: Instant) -> Result<MutexGuard<'_, HashMap<K, Bucket>>, RelayError> {
        let mut buckets = self.buckets.lock().map_err(|_| RelayError::Internal)?;
        if buckets.len() >= MAX_KEYS {
            buckets.retain(|_, bucket| bucket.0 > now);
        }
        Ok(buckets)
    }

    /// Takes a token for every key, or none at all. A key that occurs twice pays twice.
    pub fn take(&self, keys: impl IntoIterator<Item = K>, now: Instant) -> Result<(), RelayError> {
        let mut buckets = self.lock(now)?;
        let mut taken: HashMap<K, Bucket> = HashMap::new();
        for key in keys {
            let bucket = taken.get(&key).or_else(|| buckets.get(&key)).copied();
            taken.insert(key, bucket.unwrap_or(Bucket::full(now)).after(self.rate, 1, now)?);
        }
        buckets.extend(taken);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().unwrap()
    }

    #[test]
    fn a_burst_passes_and_then_one_for_each_interval() {
        let keyed = Keyed::new(rate("3/60"));
        let start = Instant::now();
        for _ in 0..3 {
            keyed.take([1], start).unwrap();
        }
        let refused = keyed.take([1], start).unwrap_err();
        let RelayError::RateLimited { retry_after_ms } = refused else { panic!("{refused:?}") };
        assert!((1000..1010).contains(&retry_after_ms), "{retry_after_ms}");
        let later = start + Duration::from_millis(retry_after_ms.into());
        keyed.take([1], later).unwrap();
        assert!(keyed.take([1], later).is_err());
        keyed.take([2], start).unwrap();
    }

    #[test]
    fn several_keys_pay_all_or_none() {
        let keyed = Keyed::new(rate("1/1"));
        let now = Instant::now();
        keyed.take([1], now).unwrap();
        assert!(keyed.take([2, 1], now).is_err());
        keyed.take([2], now).unwrap();
        assert!(keyed.take([3, 3], now).is_err(), "a key that stands there twice pays twice");
    }

    #[test]
    fn a_check_takes_nothing() {
        let keyed = Keyed::new(rate("1/1"));
        let now = Instant::now();
        keyed.check(1, now).unwrap();
        keyed.check(1, now).unwrap();
        keyed.take([1], now).unwrap();
        assert_eq!(keyed.check(1, now), keyed.take([1], now));
        assert!(keyed.check(1, now).is_err());
        keyed.check(2, now).unwrap();
    }

    #[test]
    fn a_token_that_is_given_back_can_be_taken_again() {
        let keyed = Keyed::new(rate("2/60"));
        let now = Instant::now();
        keyed.take([1, 1], now).unwrap();
        keyed.give_back(&1);
        keyed.give_back(&2);
        keyed.take([1], now).unwrap();
        assert!(keyed.take([1], now).is_err());
        // A token returned late does not raise a bucket above full.
        let later = now + Duration::from_mins(1);
        keyed.give_back(&1);
        assert!(keyed.take([1, 1, 1], later).is_err());
    }

    #[test]
    fn a_cost_beyond_the_burst_can_still_be_paid() {
        let now = Instant::now();
        assert!(Bucket::full(now).after(rate("5/60"), 50, now).is_ok());
    }

    #[test]
    fn what_is_not_a_rate_is_refused() {
        for text in ["", "3", "3/", "0/5", "5/0", "a/b", "1/2/3"] {
            assert_eq!(text.parse::<Rate>(), Err(RateError), "{text}");
        }
    }
}
