//! Reads the virtual relay's logs: what a capability opens, and the markers of expired messages. Commits stay.

use parley_protocol::bounded::{Bytes, List};
use parley_protocol::capability::Capability;
use parley_protocol::frame::{
    Answer, EntryKind, KnownPlace, LogEntry, ReadLog, RelayError, SubscribeLog, Subscribed,
};
use parley_protocol::ids::{AppendId, Epoch, Era, Seq, UnixMillis};

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

impl VirtualRelay {
    /// How far a client with this subscription could read now; `None` if it may not.
    #[must_use]
    pub fn head_for(&self, subscribe: &SubscribeLog) -> Option<Seq> {
        let (state, _) = self.logs.get(&subscribe.log)?.open(subscribe).ok()?;
        Some(state.head)
    }
}

impl VirtualRelay {
    /// A page of the entries that a capability reads.
    pub(super) fn read_page(&self, read: &ReadLog) -> Result<Answer, RelayError> {
        let ReadLog { log, capability, after } = read.clone();
        let found = self.logs.get(&log).ok_or(RelayError::UnknownLog)?;
        let (state, start) =
            found.open(&SubscribeLog { log, capability, since: None, after, known: None })?;
        let of_era = |entry: &LogEntry| found.era_at(entry.epoch) == state.epoch;
        let from = after.max(start);
        let next = found.left().into_iter().filter(|entry| entry.seq > from && of_era(entry));
        let page: Vec<LogEntry> = next.map(|entry| rest_of(&entry, from)).take(16).collect();
        let more = page.last().is_some_and(|last| last.seq < state.head);
        Ok(Answer::Entries { entries: List::new(page).map_err(|_| RelayError::Internal)?, more })
    }
}

impl Log {
    /// The state of the group era that a capability reads, and the last entry before it.
    pub(super) fn open(&self, subscribe: &SubscribeLog) -> Result<(Subscribed, Seq), RelayError> {
        let era = self.era_of(&subscribe.capability)?;
        if subscribe.known.is_some_and(|known| !self.has(known)) {
            return Err(RelayError::RolledBack);
        }
        let since = subscribe.since.unwrap_or(era);
        if since > self.epoch || self.era_at(since) != era {
            return Err(RelayError::WrongCapability);
        }
        let before = self.left().into_iter().filter(|entry| entry.epoch < since);
        let start = before.map(|entry| entry.seq).max().unwrap_or_default();
        let readable = self.left().into_iter().filter(|entry| self.era_at(entry.epoch) == era);
        let head = readable.map(|entry| entry.seq).max().unwrap_or_default();
        Ok((Subscribed { head, epoch: era }, start))
    }

    /// The first epoch of the group era that a capability reads.
    pub(super) fn era_of(&self, capability: &Capability) -> Result<Epoch, RelayError> {
        let hash = capability.hash();
        let known = self.eras.iter().find(|(_, known)| **known == hash);
        known.map(|(epoch, _)| *epoch).ok_or(RelayError::WrongCapability)
    }

    /// The first epoch of the group era that contains an epoch.
    pub(super) fn era_at(&self, epoch: Epoch) -> Epoch {
        self.eras.range(..=epoch).next_back().map(|(era, _)| *era).unwrap_or_default()
    }

    fn has(&self, known: KnownPlace) -> bool {
        let same = |entry: &LogEntry| (entry.seq, entry.era) == (known.seq, known.era);
        known.seq <= self.expired || self.entries.iter().any(same)
    }

    /// The entries, with a marker for each run of expired messages.
    pub(super) fn left(&self) -> Vec<LogEntry> {
        let mut left: Vec<LogEntry> = Vec::new();
        let reached = |left: &[LogEntry]| left.last().map_or(Seq(0), |entry| entry.seq);
        for entry in &self.entries {
            let first = reached(&left).next();
            let last = Seq(entry.seq.0.saturating_sub(1)).min(self.expired);
            if last >= first {
                left.push(expired(first, &LogEntry { seq: last, ..entry.clone() }));
            }
            left.push(entry.clone());
        }
        let first = reached(&left).next();
        if first <= self.expired {
            let time = left.last().map_or(UnixMillis(0), |entry| entry.time);
            let (append, payload) = (AppendId([0; 16]), Bytes::default());
            let (seq, epoch, era, kind) = (self.expired, self.epoch, Era([0; 8]), EntryKind::Message);
            left.push(expired(first, &LogEntry { seq, epoch, era, append, kind, time, payload }));
        }
        left
    }
}

fn expired(first: Seq, entry: &LogEntry) -> LogEntry {
    LogEntry {
        kind: EntryKind::Expired { first },
        era: Era([0; 8]),
        append: AppendId([0; 16]),
        payload: Bytes::default(),
        ..entry.clone()
    }
}

/// The rest of an entry for a reader that begins in the middle of a run.
pub(super) fn rest_of(entry: &LogEntry, sent: Seq) -> LogEntry {
    let mut rest = entry.clone();
    if let EntryKind::Expired { first } = &mut rest.kind {
        *first = sent.next().max(*first);
    }
    rest
}
