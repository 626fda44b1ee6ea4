//! The stamp that this device leaves at the relay at each connection, and before others can begin something with it that a
//! copy of now would not know. A browser profile that was rolled back to an older copy finds an unknown stamp there, and must
//! not use its old keys: the device has used them already. At a relay that was rolled back, this device finds a stamp that it
//! left earlier.

use std::collections::VecDeque;

use parley_protocol::ids::Stamp;
use serde::{Deserialize, Serialize};

/// Stamps whose fate is unknown, at most; after that the last one is left again.
const MAX_UNKNOWN: usize = 16;
/// Stamps that were passed and are remembered: more answers than this do not overtake one.
const MAX_PASSED: usize = 256;
/// Processes whose stamps are known again. A relay rolled back to a time before them looks as if this device was.
const MAX_RUNS: usize = 256;

/// What tells the stamps of one process from those of a copy of it.
pub(crate) type Run = [u8; 8];

/// As it is stored, and on disk before anything is left at the relay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamps {
    /// What the relay may have: the last one that it surely had, and those after it whose answer never came.
    left: Vec<Stamp>,
    /// The relay surely had the first of them.
    had: bool,
    /// The number of the last stamp.
    count: u64,
    /// The processes that left stamps, each with the number of its first.
    runs: VecDeque<(Run, u64)>,
    /// This process is among them.
    #[serde(skip)]
    begun: bool,
    /// Those that it had before, as far as they were left on this connection: answers may overtake each other.
    #[serde(skip)]
    passed: Vec<Stamp>,
}

/// What the relay's answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// This device was the last to swap its own stamp.
    Current,
    /// A later state of this device has been at the relay: this one was rolled back.
    RolledBack,
    /// The relay has what this device left earlier, or nothing any more: it was rolled back.
    RelayRolledBack,
}

impl Stamps {
    /// The stamp to leave now; `fresh` is used if it is the first one of this process.
    pub(crate) fn next(&mut self, fresh: Run) -> Stamp {
        if let Some(last) = self.left.last().filter(|_| self.left.len() >= MAX_UNKNOWN) {
            return *last;
        }
        self.count = self.count.saturating_add(1);
        if !std::mem::replace(&mut self.begun, true) {
            self.runs.push_back((fresh, self.count));
            let too_many = self.runs.len().saturating_sub(MAX_RUNS);
            self.runs.drain(..too_many);
        }
        let run = self.runs.back().map_or(fresh, |(run, _)| *run);
        let stamp = stamp(self.count, run);
        self.left.push(stamp);
        stamp
    }

    /// Answers of earlier connections come no more.
    pub(crate) fn forget_connection(&mut self) {
        self.passed.clear();
    }

    /// The relay had `before` and has `left` now.
    pub(crate) fn answered(&mut self, left: Stamp, before: Option<Stamp>) -> Verdict {
        // Others may have been left since, and the relay may have them by now; if it surely has one of them, this
        // answer was overtaken, and says nothing more.
        let overtaken = !self.left.contains(&left);
        let verdict = match before {
            None if overtaken || !self.had => Verdict::Current,
            None => Verdict::RelayRolledBack,
            Some(before) if self.left.contains(&before) || self.passed.contains(&before) => Verdict::Current,
            Some(before) if !overtaken && self.was_left(&before) => Verdict::RelayRolledBack,
            Some(before) => {
                self.count = self.count.max(parts(&before).0);
                Verdict::RolledBack
            }
        };
        if let Some(place) = self.left.iter().position(|stamp| *stamp == left) {
            self.passed.extend(self.left.drain(..place));
            self.had = true;
        }
        let too_many = self.passed.len().saturating_sub(MAX_PASSED);
        self.passed.drain(..too_many);
        verdict
    }

    /// Whether this device has left a stamp, as far as its state knows.
    fn was_left(&self, stamp: &Stamp) -> bool {
        let (number, run) = parts(stamp);
        let Some(place) = self.runs.iter().position(|(known, _)| *known == run) else { return false };
        let first = self.runs.get(place).map_or(u64::MAX, |(_, first)| *first);
        let end =
            self.runs.get(place.saturating_add(1)).map_or(self.count, |(_, next)| next.saturating_sub(1));
        (first..=end).contains(&number)
    }
}

fn stamp(number: u64, run: Run) -> Stamp {
    let mut bytes = [0; Stamp::LENGTH];
    let parts = number.to_be_bytes().into_iter().chain(run);
    bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
    Stamp(bytes)
}

fn parts(stamp: &Stamp) -> (u64, Run) {
    let (number, run) = (stamp.0.first_chunk::<8>(), stamp.0.last_chunk::<8>());
    (number.map_or(0, |bytes| u64::from_be_bytes(*bytes)), run.copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the next process has it.
    fn opened(device: &Stamps) -> Stamps {
        postcard::from_bytes(&postcard::to_allocvec(device).unwrap()).unwrap()
    }

    fn foreign(number: u64) -> Stamp {
        stamp(number, [0xEE; 8])
    }

    #[test]
    fn p5_an_older_copy_is_noticed_and_a_lost_answer_is_not_taken_for_one() {
        let mut device = Stamps::default();
        let first = device.next([1; 8]);
        assert_eq!(device.answered(first, None), Verdict::Current);
        let copy = opened(&device);
        // The answer to the second swap is lost; the third finds the second.
        let second = device.next([1; 8]);
        let third = device.next([1; 8]);
        assert_eq!(device.answered(third, Some(second)), Verdict::Current);
        let mut rolled_back = copy;
        let fourth = rolled_back.next([2; 8]);
        assert_eq!(rolled_back.answered(fourth, Some(third)), Verdict::RolledBack);
        let fifth = rolled_back.next([2; 8]);
        assert_eq!(rolled_back.answered(fifth, Some(fourth)), Verdict::Current, "noticed once");
        let sixth = device.next([1; 8]);
        assert_eq!(device.answered(sixth, Some(fifth)), Verdict::RolledBack, "and by the other one too");
    }

    #[test]
    fn p11_a_relay_that_was_rolled_back_is_not_taken_for_a_copy_of_this_device() {
        let mut device = Stamps::default();
        let mut left = Vec::new();
        for run in 1..=4 {
            device = opened(&device);
            for _ in 0..3 {
                let next = device.next([run; 8]);
                let verdict = device.answered(next, left.last().copied());
                assert_eq!(verdict, Verdict::Current);
                left.push(next);
            }
        }
        for old in left.iter().take(11).copied().map(Some).chain([None]) {
            for mut device in [opened(&device), device.clone()] {
                device.forget_connection();
                let next = device.next([9; 8]);
                assert_eq!(device.answered(next, old), Verdict::RelayRolledBack, "{old:?}");
                let again = device.next([9; 8]);
                assert_eq!(device.answered(again, Some(next)), Verdict::Current, "noticed once");
            }
        }
    }

    /// A copy of this device knows the process that it is a copy of, and not how far that went.
    #[test]
    fn p5_a_copy_does_not_take_what_came_after_it_for_what_it_left_itself() {
        let mut device = Stamps::default();
        let first = device.next([1; 8]);
        device.answered(first, None);
        let mut copy = opened(&device);
        let second = device.next([1; 8]);
        device.answered(second, Some(first));
        let own = copy.next([2; 8]);
        assert_eq!(copy.answered(own, Some(second)), Verdict::RolledBack);
        assert_eq!(parts(&copy.next([2; 8])).0, 3, "its numbers go on after those of the other");
    }

    #[test]
    fn p5_stamps_that_are_left_one_after_the_other_are_all_known() {
        let mut device = Stamps::default();
        let left = [1; 3].map(|run| device.next([run; 8]));
        assert_eq!(device.answered(left[0], None), Verdict::Current);
        // A death now: the relay has the third already.
        let mut died = opened(&device);
        let next = died.next([4; 8]);
        assert_eq!(died.answered(next, Some(left[2])), Verdict::Current);
        assert_eq!(device.answered(left[1], Some(left[0])), Verdict::Current);
        let copy = opened(&device);
        assert_eq!(device.answered(left[2], Some(left[1])), Verdict::Current);
        assert_eq!(device.left, [left[2]]);
        let fifth = device.next([1; 8]);
        assert_eq!(device.answered(fifth, Some(left[2])), Verdict::Current);
        let mut rolled_back = copy;
        let sixth = rolled_back.next([6; 8]);
        assert_eq!(rolled_back.answered(sixth, Some(fifth)), Verdict::RolledBack);
    }

    #[test]
    fn p5_answers_that_overtake_each_other_are_not_taken_for_a_copy() {
        let all: Vec<[usize; 4]> = (0..256)
            .map(|n| [n % 4, n / 4 % 4, n / 16 % 4, n / 64])
            .filter(|order| (0..4).all(|n| order.contains(&n)))
            .collect();
        assert_eq!(all.len(), 24);
        for order in all {
            let mut device = Stamps::default();
            let first = device.next([9; 8]);
            device.answered(first, None);
            let left = [1; 4].map(|run| device.next([run; 8]));
            let before = [first, left[0], left[1], left[2]];
            for place in order {
                assert_eq!(device.answered(left[place], Some(before[place])), Verdict::Current, "{order:?}");
                // The relay has the last of them: it is known after a death at any time.
                let mut died = opened(&device);
                let next = died.next([5; 8]);
                assert_eq!(died.answered(next, Some(left[3])), Verdict::Current, "{order:?}");
            }
            assert_eq!(device.left, [left[3]]);
            assert_eq!(device.answered(left[3], Some(foreign(77))), Verdict::RolledBack);
        }
    }

    /// The first answer of all may be the last to come.
    #[test]
    fn p11_an_answer_that_was_overtaken_does_not_say_that_the_relay_went_back() {
        let mut device = Stamps::default();
        let left = [1; 2].map(|run| device.next([run; 8]));
        assert_eq!(device.answered(left[1], Some(left[0])), Verdict::Current);
        assert_eq!(device.answered(left[0], None), Verdict::Current);
    }

    #[test]
    fn many_lost_answers_forget_no_stamp() {
        let mut device = Stamps::default();
        let left: Vec<Stamp> = (0..40).map(|_| device.next([1; 8])).collect();
        assert_eq!(device.left.len(), MAX_UNKNOWN, "and they do not become more and more");
        for before in left {
            assert_eq!(device.clone().answered(foreign(99), Some(before)), Verdict::Current);
        }
    }

    #[test]
    fn many_processes_are_remembered_and_the_oldest_go_first() {
        let mut device = Stamps::default();
        let left: Vec<Stamp> = (0..300_u64)
            .map(|number| {
                device = opened(&device);
                let next = device.next(number.to_be_bytes());
                device.answered(next, None);
                next
            })
            .collect();
        assert_eq!(device.runs.len(), MAX_RUNS);
        let verdict = |old: usize| {
            let mut device = opened(&device);
            device.runs.pop_front();
            let next = device.next([0xAA; 8]);
            device.answered(next, Some(left[old]))
        };
        assert_eq!((verdict(44), verdict(298)), (Verdict::RolledBack, Verdict::RelayRolledBack));
    }

    #[test]
    fn the_record_is_pinned() {
        let mut device = Stamps::default();
        let first = device.next([1; 8]);
        device.answered(first, None);
        device.next([1; 8]);
        insta::assert_snapshot!(crate::hex(&postcard::to_allocvec(&device).unwrap()));
    }
}
