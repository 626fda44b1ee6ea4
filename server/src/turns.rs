//! Gives turns to committers: a client that lost the race for an epoch may commit next, so that a client that is always quicker
//! cannot keep a group from changing. First come, first served, five seconds for each; a client that had a turn goes behind all
//! that wait. In memory only.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use parley_protocol::frame::RelayError;
use parley_protocol::ids::{Epoch, LogId};

use crate::peers::PeerKey;

/// How long a turn lasts.
const TURN: Duration = Duration::from_secs(5);
/// The most logs with waiting committers. Further logs have no turns.
const MAX_LOGS: usize = 10_000;
/// The most committers that wait for one log, and the most of them from one address.
const MAX_WAITING: usize = 32;
const MAX_OF_PEER: usize = 4;

/// A connection: its address, and a number that no other connection has at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Committer {
    pub(crate) peer: PeerKey,
    pub(crate) connection: usize,
}

/// The waiting committers, by log.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<LogId, Waiting>>);

struct Waiting {
    /// The log's epoch, as the losing committers were told.
    epoch: Epoch,
    queue: VecDeque<Committer>,
    /// When the turn of the first committer ends.
    until: Instant,
}

impl Waiting {
    /// Removes the committers whose time is over.
    fn pass(&mut self, now: Instant) {
        while self.until <= now && self.queue.pop_front().is_some() {
            self.until += TURN;
        }
    }
}

impl Turns {
    fn lock(&self) -> Result<MutexGuard<'_, HashMap<LogId, Waiting>>, RelayError> {
        self.0.lock().map_err(|_| RelayError::Internal)
    }

    /// Checks that a commit that ends this epoch may be stored now. Leaves a commit that is already too late to the store to
    /// refuse.
    pub(crate) fn check(
        &self,
        log: &LogId,
        epoch: Epoch,
        who: Committer,
        now: Instant,
    ) -> Result<(), RelayError> {
        let mut logs = self.lock()?;
        let Some(waiting) = logs.get_mut(log) else { return Ok(()) };
        waiting.pass(now);
        let first = match waiting.queue.front() {
            Some(first) if epoch >= waiting.epoch => *first,
            Some(_) => return Ok(()),
            None => {
                logs.remove(log);
                return Ok(());
            }
        };
        if first == who {
            return Ok(());
        }
        let left = waiting.until.saturating_duration_since(now).as_millis();
        Err(RelayError::RateLimited { retry_after_ms: u32::try_from(left).unwrap_or(u32::MAX).max(100) })
    }

    /// Notes that a commit came too late. The log is in epoch `current` now, and the committer may end it.
    pub(crate) fn lost(&self, log: LogId, current: Epoch, who: Committer, now: Instant) {
        let Ok(mut logs) = self.lock() else { return };
        if logs.len() >= MAX_LOGS {
            logs.retain(|_, waiting| {
                waiting.pass(now);
                !waiting.queue.is_empty()
            });
        }
        if logs.len() >= MAX_LOGS && !logs.contains_key(&log) {
            return;
        }
        let new = || Waiting { epoch: current, queue: VecDeque::new(), until: now + TURN };
        let waiting = logs.entry(log).or_insert_with(new);
        waiting.epoch = waiting.epoch.max(current);
        waiting.pass(now);
        if waiting.queue.is_empty() {
            waiting.until = now + TURN;
        }
        let of_peer = waiting.queue.iter().filter(|known| known.peer == who.peer).count();
        if !waiting.queue.contains(&who) && of_peer < MAX_OF_PEER && waiting.queue.len() < MAX_WAITING {
            waiting.queue.push_back(who);
        }
    }

    /// Notes that a commit that ended this epoch was stored, which was the committer's turn.
    pub(crate) fn stored(&self, log: &LogId, ended: Epoch, who: Committer, now: Instant) {
        let Ok(mut logs) = self.lock() else { return };
        let Some(waiting) = logs.get_mut(log) else { return };
        waiting.epoch = waiting.epoch.max(ended.next());
        if waiting.queue.front() == Some(&who) {
            waiting.queue.pop_front();
            waiting.until = now + TURN;
        }
        if waiting.queue.is_empty() {
            logs.remove(log);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    const LOG: LogId = LogId([7; 16]);

    fn who(address: u8, connection: usize) -> Committer {
        Committer { peer: PeerKey::from(IpAddr::from([192, 0, 2, address])), connection }
    }

    #[test]
    fn who_lost_is_next_and_who_is_always_quicker_waits() {
        let (turns, now) = (Turns::default(), Instant::now());
        let (quick, slow) = (who(1, 1), who(2, 2));
        turns.check(&LOG, Epoch(0), quick, now).unwrap();
        turns.stored(&LOG, Epoch(0), quick, now);
        turns.lost(LOG, Epoch(1), slow, now);
        let refused = turns.check(&LOG, Epoch(1), quick, now).unwrap_err();
        assert_eq!(refused, RelayError::RateLimited { retry_after_ms: 5_000 });
        turns.check(&LOG, Epoch(0), quick, now).unwrap();
        turns.check(&LOG, Epoch(1), slow, now).unwrap();
        turns.stored(&LOG, Epoch(1), slow, now);
        turns.check(&LOG, Epoch(2), quick, now).unwrap();
    }

    #[test]
    fn a_turn_ends_and_the_next_one_has_theirs() {
        let (turns, now) = (Turns::default(), Instant::now());
        let (one, two, other) = (who(1, 1), who(2, 2), who(3, 3));
        turns.lost(LOG, Epoch(1), one, now);
        turns.lost(LOG, Epoch(1), two, now);
        assert!(turns.check(&LOG, Epoch(1), two, now).is_err());
        let later = now + TURN;
        turns.check(&LOG, Epoch(1), two, later).unwrap();
        assert!(
            turns.check(&LOG, Epoch(1), one, later).is_err()
                && turns.check(&LOG, Epoch(1), other, later).is_err()
        );
        turns.check(&LOG, Epoch(1), other, later + TURN).unwrap();
    }

    #[test]
    fn nobody_is_twice_in_the_queue_and_one_address_only_a_few_times() {
        let (turns, now) = (Turns::default(), Instant::now());
        for connection in 0..20 {
            turns.lost(LOG, Epoch(1), who(1, connection), now);
            turns.lost(LOG, Epoch(1), who(1, connection), now);
        }
        turns.lost(LOG, Epoch(1), who(2, 50), now);
        let after_the_few = now + TURN * 4;
        turns.check(&LOG, Epoch(1), who(2, 50), after_the_few).unwrap();
    }
}
