//! Buffers entries that came before their turn. They wait, bounded and on disk, while this device asks the relay again for
//! the entries between.

use parley_protocol::frame::LogEntry;
use parley_protocol::ids::{LogId, Seq};

use crate::channel::log::Stage;
use crate::core::Engine;
use crate::io::Output;
use crate::table::Table;
use crate::view::Gap;

/// Most entries that wait for one log, and their bytes.
const MAX_ENTRIES: usize = 64;
const MAX_BYTES: usize = 256 * 1024;
/// After this many connections that did not bring the missing entry, this device gives it up.
const PATIENCE: u32 = 8;

/// Entries that wait, by log.
#[derive(Default)]
pub(in crate::core) struct ReorderBuffer {
    waiting: Table<LogId, Table<Seq, LogEntry>>,
    /// Holes that a subscription left open since something was read, by log.
    holes: Table<LogId, u32>,
}

impl ReorderBuffer {
    pub(in crate::core) fn restore(&mut self, log: LogId, entries: Vec<LogEntry>) {
        *self.waiting.or_default(log) = entries.into_iter().map(|entry| (entry.seq, entry)).collect();
    }

    pub(in crate::core) fn of(&self, log: &LogId) -> Vec<&LogEntry> {
        self.waiting.get(log).map(|entries| entries.values().collect()).unwrap_or_default()
    }

    fn count(&self, log: &LogId) -> usize {
        self.waiting.get(log).map_or(0, Table::len)
    }

    pub(in crate::core) fn forget(&mut self, log: &LogId) {
        self.waiting.remove(log);
        self.holes.remove(log);
    }

    fn has_room(&self, log: &LogId, bytes: usize) -> bool {
        let waiting = self.of(log);
        let held: usize = waiting.iter().map(|entry| entry.payload.len()).sum();
        waiting.len() < MAX_ENTRIES && held.saturating_add(bytes) <= MAX_BYTES
    }
}

impl Engine {
    /// Keeps an entry that comes too early, if there is room: the relay sends again what has no room.
    pub(in crate::core) fn keep_early(&mut self, id: &LogId, entry: LogEntry) {
        let known =
            self.reorder_buffer.waiting.get(id).is_some_and(|entries| entries.contains_key(&entry.seq));
        if !known && self.reorder_buffer.has_room(id, entry.payload.len()) {
            self.reorder_buffer.waiting.or_default(*id).insert(entry.seq, entry);
            self.save_early(id);
        }
    }

    /// Reads waiting entries whose turn has come; asks again for entries that are still missing.
    pub(in crate::core) fn read_early(&mut self, id: &LogId) {
        let before = self.reorder_buffer.count(id);
        while let Some(entry) = self.next_early(id) {
            self.log_entry(id, entry);
        }
        // Entries that came again in their turn were taken out too.
        if self.reorder_buffer.count(id) != before {
            self.save_early(id);
        }
        if self.reorder_buffer.waiting.get(id).is_none_or(Table::is_empty) {
            self.reorder_buffer.forget(id);
        } else if !self.membership.is_waiting(id) && !self.is_resting(id) {
            self.hole(id);
        }
    }

    fn next_early(&mut self, id: &LogId) -> Option<LogEntry> {
        if self.membership.is_waiting(id) || self.is_resting(id) {
            return None;
        }
        let cursor = self.logs.get(id).filter(|log| log.stage == Stage::Active)?.cursor;
        let waiting = self.reorder_buffer.waiting.get_mut(id)?;
        waiting.retain(|seq, _| *seq > cursor);
        let (seq, entry) = waiting.iter().next()?;
        let seq = (entry.first() <= cursor.next()).then_some(*seq)?;
        waiting.remove(&seq)
    }

    /// A new connection reads on from the cursor. A relay that never brings a missing entry has lost or hides it: then this
    /// device asks the other side.
    fn hole(&mut self, id: &LogId) {
        let holes = self.reorder_buffer.holes.get(id).copied().unwrap_or_default().saturating_add(1);
        self.reorder_buffer.holes.insert(*id, holes);
        if holes < PATIENCE {
            return self.out.push(Output::Reconnect);
        }
        let Some(cursor) = self.logs.get(id).map(|log| log.cursor) else {
            return;
        };
        self.gap(id, Gap::Missing);
        self.abandon(id, cursor);
    }
}

#[cfg(test)]
mod tests {
    use parley_protocol::bounded::Bytes;
    use parley_protocol::frame::EntryKind;
    use parley_protocol::ids::{AppendId, Epoch, Era, UnixMillis};

    use super::*;

    const LOG: LogId = LogId([1; 16]);

    fn entry(seq: u64, bytes: usize) -> LogEntry {
        let (append, payload) = (AppendId([2; 16]), Bytes::new(vec![3; bytes]).unwrap());
        let (epoch, kind, time) = (Epoch(1), EntryKind::Message, UnixMillis(4));
        let era = Era([4; 8]);
        LogEntry { seq: Seq(seq), epoch, era, append, kind, time, payload }
    }

    fn buffer(entries: impl IntoIterator<Item = LogEntry>) -> ReorderBuffer {
        let mut buffer = ReorderBuffer::default();
        buffer.restore(LOG, entries.into_iter().collect());
        buffer
    }

    #[test]
    fn what_waits_is_bounded_in_number_and_bytes() {
        for (count, room) in [(1, true), (63, true), (64, false)] {
            assert_eq!(buffer((0..count).map(|seq| entry(seq, 1))).has_room(&LOG, 1), room, "{count}");
        }
        let large = MAX_BYTES / 4;
        let full = buffer((0..3).map(|seq| entry(seq, large)));
        assert!(full.has_room(&LOG, large));
        assert!(!full.has_room(&LOG, large + 1));
        assert!(full.has_room(&LogId([9; 16]), large + 1), "each log has its own room");
    }

    #[test]
    fn what_waits_is_there_in_order_until_it_is_forgotten() {
        let mut buffer = buffer([entry(9, 1), entry(7, 1)]);
        let places: Vec<Seq> = buffer.of(&LOG).iter().map(|entry| entry.seq).collect();
        assert_eq!(places, [Seq(7), Seq(9)]);
        buffer.forget(&LOG);
        assert!(buffer.of(&LOG).is_empty());
    }
}
