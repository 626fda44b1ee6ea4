//! How far a device has read a log, and in which eras of the relay. The relay gives out a place together with its era only
//! once, and the entries before that place are always the same. So two devices can tell how far they have read the same
//! entries, even if the relay was rolled back to a copy in between and gave out numbers a second time.

use parley_protocol::frame::KnownPlace;
use parley_protocol::ids::{Era, Seq};
use serde::{Deserialize, Serialize};

/// Most eras that a device remembers: the last ones in which something was appended.
const MAX_ERAS: usize = 32;

/// The era of a place whose era nobody knows any more: it equals no place that was read. No real era has this value.
pub(crate) const UNKNOWN_ERA: Era = Era([0; 8]);

/// As stored, and as devices tell each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reach {
    /// The last entry that was read.
    upto: Seq,
    /// Eras and the first entry read of each, in order.
    eras: Vec<(Era, Seq)>,
}

impl Reach {
    /// An entry was read.
    pub(crate) fn step(&mut self, seq: Seq, era: Era) {
        self.upto = seq;
        if self.eras.last().is_none_or(|(last, _)| *last != era) {
            self.eras.push((era, seq));
            let too_many = self.eras.len().saturating_sub(MAX_ERAS);
            self.eras.drain(..too_many);
        }
    }

    /// Entries could not be read: they equal none, whatever their era.
    pub(crate) fn pass(&mut self, first: Seq, last: Seq) {
        self.step(first, UNKNOWN_ERA);
        self.upto = last;
    }

    /// The last entry that was read.
    pub(crate) fn last(&self) -> Option<KnownPlace> {
        self.eras.last().map(|(era, _)| KnownPlace { seq: self.upto, era: *era })
    }

    /// The era of an entry that was read.
    pub(crate) fn era_of(&self, seq: Seq) -> Option<Era> {
        let before = |(_, first): &&(Era, Seq)| *first <= seq;
        self.eras.iter().rev().find(before).filter(|_| seq <= self.upto).map(|(era, _)| *era)
    }

    /// Whether an entry may have been read in an era that is forgotten.
    pub(crate) fn has_forgotten(&self, seq: Seq) -> bool {
        self.eras.len() >= MAX_ERAS && self.eras.first().is_some_and(|(_, first)| seq < *first)
    }

    /// Whether a place of an era differs, or may differ, from the one that was read under its number.
    pub(crate) fn is_another(&self, seq: Seq, era: Era) -> bool {
        self.era_of(seq).map_or_else(|| self.has_forgotten(seq), |known| known != era)
    }

    /// The last entry that both have read.
    pub(crate) fn common(&self, other: &Self) -> Seq {
        let both = self.spans().filter_map(|(era, first, last)| {
            let (_, other_first, other_last) = other.spans().find(|(other, ..)| *other == era)?;
            let end = last.min(other_last);
            (end >= first.max(other_first)).then_some(end)
        });
        both.max().unwrap_or_default()
    }

    fn spans(&self) -> impl Iterator<Item = (Era, Seq, Seq)> {
        let ends = self.eras.iter().skip(1).map(|(_, next)| Seq(next.0.saturating_sub(1)));
        let all = self.eras.iter().zip(ends.chain([self.upto]));
        let known = all.filter(|((era, _), _)| *era != UNKNOWN_ERA);
        known.map(|((era, first), last)| (*era, *first, last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Era = Era([1; 8]);
    const TWO: Era = Era([2; 8]);
    const THREE: Era = Era([3; 8]);

    fn read(runs: &[(Era, u64)]) -> Reach {
        let mut reach = Reach::default();
        let mut seq = 0;
        for (era, count) in runs {
            for _ in 0..*count {
                seq += 1;
                reach.step(Seq(seq), *era);
            }
        }
        reach
    }

    #[test]
    fn p5_two_devices_know_how_far_they_have_read_the_same() {
        let cases = [
            (read(&[(ONE, 5)]), read(&[(ONE, 9)]), 5),
            (read(&[(ONE, 9)]), read(&[(ONE, 9)]), 9),
            // Rolled back to the fifth entry: the relay gave out the same numbers again.
            (read(&[(ONE, 9)]), read(&[(ONE, 5), (TWO, 8)]), 5),
            (read(&[(ONE, 5), (TWO, 3)]), read(&[(ONE, 5), (THREE, 3)]), 5),
            (read(&[(ONE, 5), (TWO, 3), (THREE, 1)]), read(&[(ONE, 5), (TWO, 9)]), 8),
            (read(&[(ONE, 3)]), read(&[(TWO, 3)]), 0),
            (read(&[]), read(&[(TWO, 3)]), 0),
        ];
        for (one, other, common) in cases {
            assert_eq!(one.common(&other), Seq(common), "{one:?} {other:?}");
            assert_eq!(other.common(&one), Seq(common), "{other:?} {one:?}");
        }
    }

    #[test]
    fn p5_a_late_reader_has_read_the_same_from_its_first_entry_on() {
        let mut late = Reach::default();
        late.step(Seq(7), ONE);
        assert_eq!(late.common(&read(&[(ONE, 9)])), Seq(7));
        assert_eq!(late.common(&read(&[(ONE, 6)])), Seq(0), "nothing that both have read");
        assert_eq!((late.era_of(Seq(6)), late.era_of(Seq(7)), late.era_of(Seq(8))), (None, Some(ONE), None));
    }

    #[test]
    fn p5_nobody_has_read_what_had_expired() {
        let mut one = read(&[(ONE, 3)]);
        one.pass(Seq(4), Seq(9));
        assert_eq!(one.common(&read(&[(ONE, 20)])), Seq(3));
        assert_eq!(one.common(&one.clone()), Seq(3));
        assert_eq!(one.last(), Some(KnownPlace { seq: Seq(9), era: UNKNOWN_ERA }));
        assert!(one.is_another(Seq(5), ONE));
        one.step(Seq(10), TWO);
        assert_eq!(one.common(&read(&[(ONE, 9), (TWO, 3)])), Seq(10));
    }

    #[test]
    fn the_era_of_an_entry_is_the_one_in_which_it_was_read() {
        let reach = read(&[(ONE, 2), (TWO, 2)]);
        let eras: Vec<_> = (0..6).map(|seq| reach.era_of(Seq(seq))).collect();
        assert_eq!(eras, [None, Some(ONE), Some(ONE), Some(TWO), Some(TWO), None]);
        assert_eq!(reach.last(), Some(KnownPlace { seq: Seq(4), era: TWO }));
        assert_eq!(Reach::default().last(), None);
    }

    #[test]
    fn so_many_eras_are_remembered_and_the_oldest_go_first() {
        let runs: Vec<(Era, u64)> = (0..40).map(|n| (Era([n; 8]), 1)).collect();
        let reach = read(&runs);
        assert_eq!(reach.eras.len(), MAX_ERAS);
        assert_eq!((reach.era_of(Seq(8)), reach.era_of(Seq(9))), (None, Some(Era([8; 8]))));
    }

    /// A device that cannot compare two places must not take them for the same.
    #[test]
    fn p5_a_place_of_a_forgotten_era_is_like_none_that_was_read() {
        let runs = |count: u8| (0..count).map(|n| (Era([n; 8]), 1)).collect::<Vec<_>>();
        let reach = read(&runs(33));
        assert!(reach.has_forgotten(Seq(1)) && reach.is_another(Seq(1), Era([0; 8])), "whichever it was");
        assert!(!reach.is_another(Seq(2), Era([1; 8])) && reach.is_another(Seq(2), Era([0; 8])));
        assert!(!reach.is_another(Seq(34), Era([1; 8])), "nothing was read there");
        let mut late = Reach::default();
        late.step(Seq(7), ONE);
        assert!(!late.is_another(Seq(6), ONE), "it was never read, and nothing is forgotten");
    }
}
