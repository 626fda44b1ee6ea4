//! Decides whether the owner of the device still answers.
//!
//! Workers that wait for the device ask on a channel of their own, and the owner answers. The format of these messages never
//! changes, so that two versions of the app understand each other: one byte for the kind, one for the generation.

use parley_engine::seal;

use super::signal;

/// How often a waiting worker asks, in milliseconds.
pub const PERIOD: u64 = 150;
/// After this many unanswered questions in a row the owner counts as frozen.
const MISSES: u32 = 3;
/// The same, after an owner has said that it is busy, or before the first answer.
const PATIENT: u32 = 40;
/// The same, for a worker that has only just begun to wait.
const AT_FIRST: u32 = 10;

/// The generation of this version of the app. It grows with every change of the messages to other tabs or of the stored
/// formats.
pub const GENERATION: u8 = signal::FORMAT + SCHEMA + seal::RELEASED + seal::FORMAT;
/// Version of the IndexedDB schema.
pub const SCHEMA: u8 = 3;

/// A message on the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// A waiting worker: does somebody own the device?
    Asked,
    /// The owner: yes.
    Here,
    /// The owner: yes, and it may not answer for a while.
    Busy,
    /// A waiting worker: the owner is frozen, I take the device over.
    Taking,
}

const BEATS: [Beat; 4] = [Beat::Asked, Beat::Here, Beat::Busy, Beat::Taking];

impl Beat {
    /// As bytes.
    #[must_use]
    pub fn encode(self) -> [u8; 2] {
        let number = BEATS.iter().position(|beat| *beat == self).and_then(|at| u8::try_from(at).ok());
        [number.unwrap_or_default(), GENERATION]
    }

    /// The message and the generation of its sender; the message is `None` if this version does not know it.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<(Option<Self>, u8)> {
        match bytes {
            [number, generation, ..] => Some((BEATS.get(usize::from(*number)).copied(), *generation)),
            _ => None,
        }
    }
}

/// What a waiting worker knows of the owner.
#[derive(Debug)]
pub struct Watch {
    missed: u32,
    allowed: u32,
    /// Another worker has asked since the last tick.
    asked: bool,
    last: Option<u64>,
}

impl Default for Watch {
    fn default() -> Self {
        Self { missed: 0, allowed: AT_FIRST, asked: false, last: None }
    }
}

impl Watch {
    /// Notes an answer of the owner.
    pub fn heard(&mut self, busy: bool) {
        self.missed = 0;
        self.allowed = if busy { PATIENT } else { MISSES };
    }

    /// Notes that another worker asked: the owner's answer serves this worker too.
    pub const fn another_asked(&mut self) {
        self.asked = true;
    }

    /// Notes that another worker takes the device over, and opens it first.
    pub const fn another_takes(&mut self) {
        self.missed = 0;
        self.allowed = AT_FIRST;
    }

    /// Ends a period. Returns whether to ask now.
    pub fn tick(&mut self, now: u64) -> bool {
        let late = self.last.is_some_and(|last| now.abs_diff(last) > 5 * PERIOD);
        self.last = Some(now);
        // A worker that was frozen itself could not hear the owner, so it does not count the silence.
        self.missed = if late { 0 } else { self.missed.saturating_add(1) };
        !core::mem::take(&mut self.asked)
    }

    /// Whether the owner has not answered for too long.
    #[must_use]
    pub const fn is_silent(&self) -> bool {
        self.missed > self.allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(watch: &mut Watch, from: u64, count: u64) {
        for tick in 0..count {
            watch.tick(from + tick * PERIOD);
        }
    }

    #[test]
    fn beats_go_there_and_back() {
        for beat in BEATS {
            assert_eq!(Beat::decode(&beat.encode()), Some((Some(beat), GENERATION)));
        }
        assert_eq!(Beat::decode(&[200, 9, 1]), Some((None, 9)));
        assert_eq!(Beat::decode(&[0]), None);
        assert_eq!(Beat::Here.encode(), [1, GENERATION], "what others rely on");
    }

    #[test]
    fn an_owner_that_stops_answering_is_noticed_in_less_than_700_ms() {
        let mut watch = Watch::default();
        watch.heard(false);
        ticks(&mut watch, 0, 3);
        assert!(!watch.is_silent());
        watch.tick(3 * PERIOD);
        assert!(watch.is_silent() && 4 * PERIOD < 700);
    }

    #[test]
    fn an_owner_that_answers_is_left_alone() {
        let mut watch = Watch::default();
        for tick in 0..1_000 {
            watch.tick(tick * PERIOD);
            assert!(!watch.is_silent());
            if tick % 3 == 0 {
                watch.heard(false);
            }
        }
    }

    #[test]
    fn a_busy_owner_has_more_time() {
        let mut watch = Watch::default();
        watch.heard(true);
        ticks(&mut watch, 0, 40);
        assert!(!watch.is_silent());
        watch.tick(40 * PERIOD);
        assert!(watch.is_silent());
    }

    #[test]
    fn a_worker_that_slept_itself_begins_again() {
        let mut watch = Watch::default();
        watch.heard(false);
        ticks(&mut watch, 0, 3);
        watch.tick(60_000);
        assert!(!watch.is_silent());
        ticks(&mut watch, 60_000 + PERIOD, 4);
        assert!(watch.is_silent());
    }

    #[test]
    fn only_one_takes_over() {
        let mut watch = Watch::default();
        watch.heard(false);
        ticks(&mut watch, 0, 5);
        watch.another_takes();
        assert!(!watch.is_silent());
        watch.another_asked();
        assert!(!watch.tick(6 * PERIOD), "the other's question is enough");
        assert!(watch.tick(7 * PERIOD));
    }
}
