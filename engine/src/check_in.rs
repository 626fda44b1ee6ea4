//! What this device leaves at the relay at each connection, and before others can begin something with it that a copy
//! of now would not know. A browser profile that was put back from an older copy
//! finds there what it does not know, and must not use its old keys: they were used already.

use parley_protocol::ids::Stamp;
use serde::{Deserialize, Serialize};

/// Stamps whose fate is unknown, at most; after that the last one is left again.
const MAX_UNKNOWN: usize = 16;
/// Stamps that were passed and are remembered: more answers than this do not overtake one.
const MAX_PASSED: usize = 256;

/// As it is stored, and on disk before anything is left at the relay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CheckIns {
    /// What the relay may have: the last one that it surely had, and those after it whose answer never came.
    stamps: Vec<Stamp>,
    /// Those that it had before, as far as this process left them: answers may overtake each other.
    #[serde(skip)]
    passed: Vec<Stamp>,
}

/// What the relay's answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// This device was the last to check in as itself.
    Current,
    /// A later state of this device has been at the relay: this one was put back.
    PutBack,
}

impl CheckIns {
    /// The stamp to leave now.
    pub(crate) fn next(&mut self, fresh: Stamp) -> Stamp {
        match self.stamps.last() {
            Some(last) if self.stamps.len() >= MAX_UNKNOWN => *last,
            _ => {
                self.stamps.push(fresh);
                fresh
            }
        }
    }

    /// The relay had `before` and has `left` now.
    pub(crate) fn answered(&mut self, left: Stamp, before: Option<Stamp>) -> Verdict {
        let known =
            before.is_none_or(|before| self.stamps.contains(&before) || self.passed.contains(&before));
        // Others may have been left since, and the relay may have them by now; if it surely has one of them, this
        // answer was overtaken, and says nothing more.
        let place = self.stamps.iter().position(|stamp| *stamp == left).unwrap_or_default();
        self.passed.extend(self.stamps.drain(..place));
        let too_many = self.passed.len().saturating_sub(MAX_PASSED);
        self.passed.drain(..too_many);
        if known { Verdict::Current } else { Verdict::PutBack }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(byte: u8) -> Stamp {
        Stamp([byte; 16])
    }

    #[test]
    fn p5_an_older_copy_is_noticed_and_a_lost_answer_is_not_taken_for_one() {
        let mut device = CheckIns::default();
        let first = device.next(stamp(1));
        assert_eq!(device.answered(first, None), Verdict::Current);
        let copy = device.clone();
        // The answer to the second check-in is lost; the third finds the second.
        let second = device.next(stamp(2));
        let third = device.next(stamp(3));
        assert_eq!(device.answered(third, Some(second)), Verdict::Current);
        let mut put_back = copy;
        let fourth = put_back.next(stamp(4));
        assert_eq!(put_back.answered(fourth, Some(third)), Verdict::PutBack);
        let fifth = put_back.next(stamp(5));
        assert_eq!(put_back.answered(fifth, Some(fourth)), Verdict::Current, "noticed once");
    }

    #[test]
    fn p5_stamps_that_are_left_one_after_the_other_are_all_known() {
        let mut device = CheckIns::default();
        let left = [1, 2, 3].map(|number| device.next(stamp(number)));
        assert_eq!(device.answered(left[0], None), Verdict::Current);
        // A death now: the relay has the third already.
        let mut died = device.clone();
        let next = died.next(stamp(4));
        assert_eq!(died.answered(next, Some(left[2])), Verdict::Current);
        assert_eq!(device.answered(left[1], Some(left[0])), Verdict::Current);
        let copy = device.clone();
        assert_eq!(device.answered(left[2], Some(left[1])), Verdict::Current);
        assert_eq!(device.stamps, [left[2]]);
        let fifth = device.next(stamp(5));
        assert_eq!(device.answered(fifth, Some(left[2])), Verdict::Current);
        let mut put_back = copy;
        let sixth = put_back.next(stamp(6));
        assert_eq!(put_back.answered(sixth, Some(fifth)), Verdict::PutBack);
    }

    #[test]
    fn p5_answers_that_overtake_each_other_are_not_taken_for_a_copy() {
        let all: Vec<[usize; 4]> = (0..256)
            .map(|n| [n % 4, n / 4 % 4, n / 16 % 4, n / 64])
            .filter(|order| (0..4).all(|n| order.contains(&n)))
            .collect();
        assert_eq!(all.len(), 24);
        for order in all {
            let mut device = CheckIns::default();
            let first = device.next(stamp(9));
            device.answered(first, None);
            let left = [1, 2, 3, 4].map(|number| device.next(stamp(number)));
            let before = [first, left[0], left[1], left[2]];
            for place in order {
                assert_eq!(device.answered(left[place], Some(before[place])), Verdict::Current, "{order:?}");
                // The relay has the last of them: it is known after a death at any time.
                let mut died: CheckIns =
                    postcard::from_bytes(&postcard::to_allocvec(&device).unwrap()).unwrap();
                let next = died.next(stamp(5));
                assert_eq!(died.answered(next, Some(left[3])), Verdict::Current, "{order:?}");
            }
            assert_eq!(device.stamps, [left[3]]);
            assert_eq!(device.answered(left[3], Some(stamp(77))), Verdict::PutBack);
        }
    }

    #[test]
    fn many_lost_answers_forget_no_stamp() {
        let mut device = CheckIns::default();
        let left: Vec<Stamp> = (0..40).map(|number| device.next(stamp(number))).collect();
        assert_eq!(device.stamps.len(), MAX_UNKNOWN, "and they do not become more and more");
        for before in left {
            assert_eq!(device.clone().answered(stamp(99), Some(before)), Verdict::Current);
        }
    }
}
