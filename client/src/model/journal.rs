//! Change sets that stand in the database's journal and not yet in its other stores.
//!
//! One record for each change set makes a message wait for one write in place of several (docs/adr/0012-journal.md). The
//! records are moved to their stores later, many at a time; until then what is read goes through [`Pending`].

use std::collections::BTreeMap;

use parley_engine::io::{ChangeSet, Load, Record, Store};
use serde::{Deserialize, Serialize};
use serde_bytes::{ByteBuf, Bytes};

/// Version of an entry's bytes.
const VERSION: u8 = 1;

/// A change set with more bytes than this goes to its stores at once: writing it twice would cost more than it saves.
pub const LARGE: usize = 256 * 1024;
/// So many entries, or so many bytes in them, are moved without waiting for a rest.
const ENTRIES: usize = 256;
const BYTES: usize = 1024 * 1024;

/// What happens to the records of a store: for each key its new value, or none when the record goes.
type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

#[derive(Serialize)]
struct Out<'a>(Vec<(bool, &'a Bytes, Option<&'a Bytes>)>);

#[derive(Deserialize)]
struct In(Vec<(bool, ByteBuf, Option<ByteBuf>)>);

/// How many bytes of keys and values a change set has.
#[must_use]
pub fn size(change: &ChangeSet) -> usize {
    changes(change).fold(0, |sum, (_, key, value)| {
        sum.saturating_add(key.len()).saturating_add(value.map_or(0, <[u8]>::len))
    })
}

/// What a change set does: records to write with their values, and records to delete.
pub fn changes(change: &ChangeSet) -> impl Iterator<Item = (Store, &[u8], Option<&[u8]>)> {
    let puts = change
        .puts
        .iter()
        .map(|(store, record)| (*store, record.key.as_slice(), Some(record.value.as_slice())));
    puts.chain(change.deletes.iter().map(|(store, key)| (*store, key.as_slice(), None)))
}

/// A change set as an entry of the journal. Its vault is not in it.
#[must_use]
pub fn encode(change: &ChangeSet) -> Vec<u8> {
    let all = changes(change)
        .map(|(store, key, value)| (store == Store::Messages, Bytes::new(key), value.map(Bytes::new)));
    let mut bytes = Vec::with_capacity(size(change).saturating_add(256));
    bytes.push(VERSION);
    // Writing into a vector does not fail.
    postcard::to_extend(&Out(all.collect()), bytes).unwrap_or_default()
}

fn decode(bytes: &[u8]) -> Option<In> {
    let [VERSION, body @ ..] = bytes else { return None };
    match postcard::take_from_bytes(body) {
        Ok((changes, [])) => Some(changes),
        _ => None,
    }
}

/// Where an entry stands: the fence of the owner that wrote it, and its number among that owner's, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The owner's fence.
    pub fence: u64,
    /// One more than the entry before.
    pub number: u64,
}

/// What is in the journal under a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A change set.
    Entry(Vec<u8>),
    /// No change set: the entry was moved, or the place was taken so that nobody writes there.
    Mark,
}

/// Change sets of the journal, the later over the earlier.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pending {
    state: Changes,
    messages: Changes,
    entries: usize,
    bytes: usize,
}

impl Pending {
    /// From the whole journal, in the order of its places. What comes after an entry that is damaged or missing is
    /// left out: what is before it was the state of this device once, and a device that was rolled back is noticed.
    #[must_use]
    pub fn read(journal: impl IntoIterator<Item = (Place, Found)>) -> Self {
        let mut pending = Self::default();
        let mut last = Place { fence: 0, number: 0 };
        for (place, found) in journal {
            let expected = if place.fence == last.fence { last.number.saturating_add(1) } else { 1 };
            last = place;
            let Found::Entry(bytes) = found else { continue };
            match decode(&bytes) {
                Some(In(changes)) if place.number == expected => {
                    for (is_message, key, value) in changes {
                        let store = if is_message { Store::Messages } else { Store::State };
                        pending.put(store, key.into_vec(), value.map(ByteBuf::into_vec));
                    }
                    pending.count(bytes.len());
                }
                _ => break,
            }
        }
        pending
    }

    /// Adds what has been written to the journal.
    pub fn add(&mut self, change: ChangeSet) {
        self.count(size(&change));
        for (store, Record { key, value }) in change.puts {
            self.put(store, key, Some(value));
        }
        for (store, key) in change.deletes {
            self.put(store, key, None);
        }
    }

    fn put(&mut self, store: Store, key: Vec<u8>, value: Option<Vec<u8>>) {
        match store {
            Store::State => self.state.insert(key, value),
            Store::Messages => self.messages.insert(key, value),
        };
    }

    fn count(&mut self, bytes: usize) {
        self.entries = self.entries.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Whether nothing waits to be moved.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Whether so much waits that it is moved without waiting for a rest.
    #[must_use]
    pub const fn is_much(&self) -> bool {
        self.entries >= ENTRIES || self.bytes >= BYTES
    }

    /// What is to be done to the stores: records to write with their values, and records to delete.
    pub fn changes(&self) -> impl Iterator<Item = (Store, &[u8], Option<&[u8]>)> {
        let state = self.state.iter().map(|change| (Store::State, change));
        let messages = self.messages.iter().map(|change| (Store::Messages, change));
        state.chain(messages).map(|(store, (key, value))| (store, key.as_slice(), value.as_deref()))
    }

    /// All records of [`Store::State`] in the order of their keys, from those that are in the store.
    #[must_use]
    pub fn over_state(&self, stored: Vec<Record>) -> Vec<Record> {
        over(stored, &self.state, |_| true)
    }

    /// What to ask the store for so that [`Self::over_page`] can answer: records that are deleted here are among those
    /// that it finds.
    #[must_use]
    pub fn wider(&self, load: &Load) -> Load {
        let gone = self.messages.iter().filter(|(key, value)| value.is_none() && load.asks_for(key)).count();
        let more = u32::try_from(gone).unwrap_or(u32::MAX);
        Load { limit: load.limit.saturating_add(more), ..load.clone() }
    }

    /// The records that were asked for, in the order that was asked for, from those that the store has for [`Self::wider`].
    #[must_use]
    pub fn over_page(&self, load: &Load, stored: Vec<Record>) -> Vec<Record> {
        let mut records = over(stored, &self.messages, |key| load.asks_for(key));
        if !load.is_oldest_first() {
            records.reverse();
        }
        records.truncate(usize::try_from(load.limit).unwrap_or(usize::MAX));
        records
    }
}

/// Records of a store after changes, in the order of their keys; of what is new only the wanted.
fn over(mut records: Vec<Record>, changes: &Changes, wanted: impl Fn(&[u8]) -> bool) -> Vec<Record> {
    records.retain(|record| !changes.contains_key(&record.key));
    for (key, value) in changes.iter().filter(|(key, _)| wanted(key)) {
        if let Some(value) = value {
            records.push(Record { key: key.clone(), value: value.clone() });
        }
    }
    records.sort_unstable_by(|one, other| one.key.cmp(&other.key));
    records
}

#[cfg(test)]
mod tests;
