//! Remembers the places of a conversation's history: which messages are unread, which gaps may still be filled, what was
//! removed, and how far the time of each log has come.

use parley_protocol::ids::{LogId, MessageId, Seq, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::domain::conversation::{beside, marked};
use crate::domain::order::Order;
use crate::table::Table;

/// Unread messages whose places a device knows; of older ones it knows only their number.
const MAX_UNREAD: usize = 1_000;
/// Most gaps that may be filled, and most places that were removed.
const MAX_GAPS: usize = 64;
const MAX_ERASED: usize = 1_000;
/// How far a time may be ahead of both clocks, in milliseconds: clocks differ.
const AHEAD: u64 = 10 * 60 * 1000;

/// As stored, for each conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// The latest time of a message.
    highest: UnixMillis,
    clocks: Table<LogId, LogClock>,
    /// In the order in which they came.
    unread: Vec<Unread>,
    older: u32,
    gaps: Vec<(Order, MessageId)>,
    erased: Vec<Order>,
}

/// The time of one log: it never goes back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct LogClock {
    /// The place of the last entry that was read.
    placed: UnixMillis,
    /// The time that the last message shows.
    shown: UnixMillis,
    /// Own messages that the relay has stored beyond the cursor: entries before them in the log get places before theirs.
    ahead: Vec<(Seq, UnixMillis)>,
}

/// A message of somebody else that the person has not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Unread {
    /// Its place in the history.
    order: Order,
    /// Its place in the log, of which receipts speak.
    log: LogId,
    seq: Seq,
}

impl Standing {
    /// The place of an entry that the relay says it stored at `time`. `now` is the latest time of two clocks: this device's,
    /// and the relay's at the beginning of the connection. A time ahead of it is not accepted, and no entry gets a place
    /// before one that it follows in its log.
    pub(crate) fn place(&mut self, log: &LogId, seq: Seq, time: UnixMillis, now: UnixMillis) -> UnixMillis {
        let latest = UnixMillis(now.0.saturating_add(AHEAD));
        // A place in the future comes from a wrong time: all entries that come now are later.
        let beyond =
            if self.highest > latest { UnixMillis(self.highest.0.saturating_add(1)) } else { UnixMillis(0) };
        let clock = self.clocks.or_default(*log);
        let before = clock.ahead.iter().filter(|(own, _)| *own < seq).map(|(_, placed)| *placed);
        let earliest = before.fold(clock.placed.max(beyond), UnixMillis::max);
        let after = clock.ahead.iter().find(|(own, _)| *own >= seq).map(|(_, placed)| *placed);
        let time = if time > latest { now } else { time };
        after.map_or(time.max(earliest), |after| time.max(earliest).min(after))
    }

    /// An entry with this place was read.
    pub(crate) fn passed(&mut self, log: &LogId, seq: Seq, placed: UnixMillis) {
        let clock = self.clocks.or_default(*log);
        clock.placed = clock.placed.max(placed);
        clock.ahead.retain(|(own, _)| *own > seq);
    }

    /// The relay has stored an own message that this device has not read in the log yet.
    pub(crate) fn stored_ahead(&mut self, log: &LogId, seq: Seq, placed: UnixMillis) {
        self.clocks.or_default(*log).ahead.push((seq, placed));
    }

    /// How far the time of a log has come.
    pub(crate) fn reached(&self, log: &LogId) -> UnixMillis {
        self.clocks.get(log).map(|clock| clock.placed).unwrap_or_default()
    }

    /// The time that a message shows: by its author's clock, but neither later than its place nor earlier than the time shown
    /// before it in its log.
    pub(crate) fn show(&mut self, log: &LogId, written: UnixMillis, placed: UnixMillis) -> UnixMillis {
        let clock = self.clocks.or_default(*log);
        clock.shown = written.min(placed).max(clock.shown);
        clock.shown
    }

    /// A message stands at this place in the conversation.
    pub(crate) fn stands(&mut self, placed: UnixMillis) {
        self.highest = self.highest.max(placed);
    }

    /// How many messages are unread.
    pub(crate) fn unread(&self) -> u32 {
        u32::try_from(self.unread.len()).unwrap_or(u32::MAX).saturating_add(self.older)
    }

    /// A message of somebody else came.
    pub(crate) fn came(&mut self, order: Order, log: LogId, seq: Seq) {
        if self.unread.len() >= MAX_UNREAD {
            self.unread.drain(..MAX_UNREAD / 2);
            self.older = self.older.saturating_add(u32::try_from(MAX_UNREAD / 2).unwrap_or(u32::MAX));
        }
        self.unread.push(Unread { order, log, seq });
    }

    /// An unread message came again at another place: the engine will count it as read there.
    pub(crate) fn note_resent(&mut self, first: (&LogId, Seq), log: LogId, seq: Seq) {
        for unread in self.unread.iter_mut().filter(|unread| unread.stands_at(first.0, first.1..=first.1)) {
            (unread.log, unread.seq) = (log, seq);
        }
    }

    /// The person has seen everything up to a place; returns how far each log was read.
    pub(crate) fn read_up_to(&mut self, order: &Order) -> Table<LogId, Seq> {
        self.take(|unread| unread.order <= *order)
    }

    /// Another device of the account has read a log up to a place.
    pub(crate) fn read_in(&mut self, log: &LogId, upto: Seq) -> Table<LogId, Seq> {
        self.take(|unread| unread.log == *log && unread.seq <= upto || unread.stands_at(log, Seq(0)..=upto))
    }

    fn take(&mut self, is_read: impl Fn(&Unread) -> bool) -> Table<LogId, Seq> {
        let mut read = Table::<LogId, Seq>::new();
        let before = self.unread.len();
        for unread in self.unread.iter().filter(|unread| is_read(unread)) {
            let upto = read.or_default(unread.log);
            *upto = unread.seq.max(*upto);
        }
        self.unread.retain(|unread| !is_read(unread));
        // Unread messages without a known place are older than all with one.
        if self.unread.len() != before || self.unread.is_empty() {
            self.older = 0;
        }
        read
    }

    /// The place of the first unread message of which the place is known.
    pub(crate) fn first_unread_place(&self) -> Option<Order> {
        self.unread.iter().map(|unread| unread.order).min()
    }

    /// The first unread message of a log.
    pub(crate) fn first_unread(&self, log: &LogId) -> Option<Seq> {
        self.unread.iter().filter(|unread| unread.log == *log).map(|unread| unread.seq).min()
    }

    /// Where the message came that stands there, if it is unread.
    pub(crate) fn unread_at(&self, order: &Order) -> Option<(LogId, Seq)> {
        let found = self.unread.iter().find(|unread| unread.order == *order);
        found.map(|unread| (unread.log, unread.seq))
    }

    /// How far everything is read that stands in a log or beside it, of what was read up to `upto` where it came.
    pub(crate) fn read_of(&self, log: &LogId, upto: Seq) -> Seq {
        let unread = self.unread.iter().filter(|unread| unread.stands_at(log, Seq(0)..=upto));
        let first = unread.map(|unread| unread.order.seq()).min();
        first.map_or(upto, |first| Seq(first.0.saturating_sub(1)))
    }

    /// A message was removed from the history.
    pub(crate) fn erase(&mut self, order: &Order) {
        self.forget(order);
        self.erased.push(*order);
        let over = self.erased.len().saturating_sub(MAX_ERASED);
        self.erased.drain(..over);
    }

    /// The same for a message that was deleted with everything up to its place, which the deletion records.
    pub(crate) fn forget(&mut self, order: &Order) {
        self.unread.retain(|unread| unread.order != *order);
        self.gaps.retain(|(gap, _)| gap != order);
    }

    /// All messages were removed.
    pub(crate) fn erase_all(&mut self) {
        self.unread.clear();
        self.older = 0;
        self.gaps.clear();
    }

    /// Whether a message was removed on purpose.
    pub(crate) fn is_erased(&self, order: &Order) -> bool {
        self.erased.contains(order)
    }

    /// A gap that is filled when the missing message comes again.
    pub(crate) fn gap(&mut self, order: Order, shown: MessageId) {
        self.gaps.push((order, shown));
        let over = self.gaps.len().saturating_sub(MAX_GAPS);
        self.gaps.drain(..over);
    }

    /// Everything in a log up to a place has come again: returns the gaps that are filled. Messages come again in their
    /// order.
    pub(crate) fn filled(&self, log: &LogId, upto: Seq, exactly: bool) -> Vec<(Order, MessageId)> {
        let is_filled = |(order, _): &&(Order, MessageId)| {
            let seq = order.seq();
            (seq == upto || seq < upto && !exactly) && marked(log) == *order.log()
        };
        self.gaps.iter().filter(is_filled).copied().collect()
    }
}

impl Unread {
    /// Whether its place in the history is of this log, or beside it, in this range.
    fn stands_at(&self, log: &LogId, range: core::ops::RangeInclusive<Seq>) -> bool {
        range.contains(&self.order.seq()) && [*log, beside(log)].contains(self.order.log())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: LogId = LogId([1; 16]);
    const OTHER: LogId = LogId([2; 16]);
    const NOW: UnixMillis = UnixMillis(1_790_000_000_000);
    const YEAR: u64 = 365 * 24 * 3_600_000;

    fn at(ms: u64) -> UnixMillis {
        UnixMillis(NOW.0 + ms)
    }

    /// Reads an entry, and says where it stands.
    fn read(standing: &mut Standing, log: &LogId, seq: u64, time: UnixMillis, now: UnixMillis) -> UnixMillis {
        let placed = standing.place(log, Seq(seq), time, now);
        standing.passed(log, Seq(seq), placed);
        standing.stands(placed);
        placed
    }

    #[test]
    fn p2_a_wrong_time_moves_no_entry_past_another_of_its_log() {
        let mut standing = Standing::default();
        let times = [at(0), at(2 * YEAR), at(2_000), UnixMillis(NOW.0 - YEAR), at(4_000)];
        let mut placed = Vec::new();
        for (seq, time) in times.into_iter().enumerate() {
            let seq = u64::try_from(seq).unwrap() + 1;
            placed.push(read(&mut standing, &ONE, seq, time, at(1_000 * seq)));
        }
        assert_eq!(placed, [at(0), at(2_000), at(2_000), at(2_000), at(4_000)]);
    }

    #[test]
    fn p2_what_comes_after_a_long_lie_stands_after_it_in_whichever_log() {
        let mut standing = Standing::default();
        let lie = at(2 * YEAR);
        assert_eq!(read(&mut standing, &ONE, 1, lie, lie), lie, "every clock that is asked says so");
        let (next, other) = (
            read(&mut standing, &ONE, 2, at(1_000), at(1_000)),
            read(&mut standing, &OTHER, 1, at(2_000), at(2_000)),
        );
        assert!(lie < next && next < other, "{lie:?} {next:?} {other:?}");
    }

    #[test]
    fn what_is_read_later_than_an_own_message_that_follows_it_stands_before_that() {
        let mut standing = Standing::default();
        read(&mut standing, &ONE, 1, at(0), at(0));
        let own = standing.place(&ONE, Seq(5), at(10), at(10));
        standing.stored_ahead(&ONE, Seq(5), own);
        assert_eq!(
            standing.place(&ONE, Seq(6), at(5), at(10)),
            at(10),
            "an own one after it does not go back"
        );
        assert_eq!(read(&mut standing, &ONE, 4, at(500), at(500)), at(10));
        assert_eq!(read(&mut standing, &ONE, 5, at(600), at(600)), at(10), "it stays where it is shown");
        assert_eq!(read(&mut standing, &ONE, 6, at(700), at(700)), at(700));
    }

    #[test]
    fn a_time_that_is_shown_is_neither_ahead_nor_goes_back() {
        let mut standing = Standing::default();
        assert_eq!(standing.show(&ONE, at(2 * YEAR), at(100)), at(100));
        assert_eq!(standing.show(&ONE, at(50), at(200)), at(100));
        assert_eq!(standing.show(&ONE, at(150), at(200)), at(150));
    }

    #[test]
    fn what_was_read_is_known_by_place_by_log_and_where_it_came_again() {
        let mut standing = Standing::default();
        let order = |ms, seq, log: &LogId| Order::of_marker(at(ms), Seq(seq), *log);
        standing.came(order(1, 3, &ONE), ONE, Seq(3));
        standing.came(order(2, 5, &ONE), ONE, Seq(5));
        standing.came(order(0, 9, &beside(&ONE)), OTHER, Seq(1));
        assert_eq!((standing.unread(), standing.first_unread(&ONE)), (3, Some(Seq(3))));
        let read = standing.read_up_to(&order(1, 3, &ONE));
        assert_eq!((read.get(&ONE), read.get(&OTHER)), (Some(&Seq(3)), Some(&Seq(1))));
        assert_eq!(standing.unread(), 1);
        standing.note_resent((&ONE, Seq(5)), OTHER, Seq(7));
        assert_eq!(standing.read_in(&OTHER, Seq(6)).len(), 0);
        assert_eq!(standing.clone().read_in(&OTHER, Seq(7)).len(), 1);
        assert_eq!(standing.read_in(&ONE, Seq(5)).len(), 1);
        assert_eq!(standing.unread(), 0);
    }

    #[test]
    fn very_many_unread_messages_are_counted_and_read_together() {
        let mut standing = Standing::default();
        for seq in 1..=5_000 {
            standing.came(Order::of_marker(at(seq), Seq(seq), ONE), ONE, Seq(seq));
        }
        assert_eq!(standing.unread(), 5_000);
        assert!(standing.unread.len() <= MAX_UNREAD);
        assert_eq!(
            standing.read_up_to(&Order::of_marker(at(4_999), Seq(4_999), ONE)).get(&ONE),
            Some(&Seq(4_999))
        );
        assert_eq!(standing.unread(), 1);
    }

    #[test]
    fn a_gap_is_filled_by_what_comes_again_at_it_or_after_it() {
        let mut standing = Standing::default();
        let (gap, shown) = (Order::of_marker(at(1), Seq(4), marked(&ONE)), MessageId([1; 16]));
        standing.gap(gap, shown);
        assert_eq!(standing.filled(&ONE, Seq(3), false), []);
        assert_eq!(standing.filled(&OTHER, Seq(9), false), []);
        assert_eq!(standing.filled(&ONE, Seq(4), false), [(gap, shown)]);
        assert_eq!(standing.filled(&ONE, Seq(4), true), [(gap, shown)]);
        assert_eq!(standing.filled(&ONE, Seq(5), true), [], "another own device fills only its own place");
        standing.erase(&gap);
        assert_eq!((standing.filled(&ONE, Seq(9), false), standing.is_erased(&gap)), (Vec::new(), true));
    }

    #[test]
    fn the_record_is_pinned() {
        let mut standing = Standing::default();
        read(&mut standing, &ONE, 1, at(0), at(0));
        standing.stored_ahead(&ONE, Seq(2), at(1));
        standing.show(&ONE, at(0), at(0));
        standing.came(Order::of_marker(at(0), Seq(1), ONE), ONE, Seq(1));
        standing.gap(Order::of_marker(at(1), Seq(2), marked(&ONE)), MessageId([3; 16]));
        standing.erase(&Order::of_marker(at(2), Seq(3), ONE));
        let bytes = postcard::to_allocvec(&standing).unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(postcard::from_bytes::<Standing>(&bytes).unwrap(), standing);
    }
}
