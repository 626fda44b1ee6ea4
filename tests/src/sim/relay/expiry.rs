//! Messages that are too old. Commits stay.

use parley_protocol::bounded::Bytes;
use parley_protocol::frame::{EntryKind, LogEntry};
use parley_protocol::ids::{AppendId, Era, Seq, UnixMillis};

use super::{Log, VirtualRelay};

impl VirtualRelay {
    /// Deletes the messages that were stored before a time.
    pub fn expire_messages(&mut self, before: UnixMillis) {
        for log in self.logs.values_mut() {
            let old = log.entries.iter().filter(|entry| entry.time < before);
            log.expired = old.map(|entry| entry.seq).max().unwrap_or_default().max(log.expired);
            log.entries.retain(|entry| entry.kind == EntryKind::Commit || entry.time >= before);
        }
    }
}

impl Log {
    /// The entries, and a marker for each run of messages that are gone.
    pub(super) fn left(&self) -> Vec<LogEntry> {
        let mut left: Vec<LogEntry> = Vec::new();
        let reached = |left: &[LogEntry]| left.last().map_or(Seq(0), |entry| entry.seq);
        for entry in &self.entries {
            let first = reached(&left).next();
            let last = Seq(entry.seq.0.saturating_sub(1)).min(self.expired);
            if last >= first {
                left.push(expired(first, LogEntry { seq: last, ..entry.clone() }));
            }
            left.push(entry.clone());
        }
        let first = reached(&left).next();
        if first <= self.expired {
            let time = left.last().map_or(UnixMillis(0), |entry| entry.time);
            let (append, payload) = (AppendId([0; 16]), Bytes::default());
            let (seq, epoch, era, kind) = (self.expired, self.epoch, Era([0; 8]), EntryKind::Message);
            left.push(expired(first, LogEntry { seq, epoch, era, append, kind, time, payload }));
        }
        left
    }
}

fn expired(first: Seq, entry: LogEntry) -> LogEntry {
    LogEntry {
        kind: EntryKind::Expired { first },
        era: Era([0; 8]),
        append: AppendId([0; 16]),
        payload: Bytes::default(),
        ..entry
    }
}

/// What is left of an entry for a reader who has come into the middle of a run.
pub(super) fn rest_of(entry: &LogEntry, sent: Seq) -> LogEntry {
    let mut rest = entry.clone();
    if let EntryKind::Expired { first } = &mut rest.kind {
        *first = sent.next().max(*first);
    }
    rest
}
