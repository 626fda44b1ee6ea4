//! Holds the change sets that are in the database's journal and not yet in its other stores.
//!
//! With one journal record for each change set, a message waits for one write instead of several (docs/adr/0012-journal.md).
//! The host moves the records to their stores later, many at a time; until then reads go through [`Pending`].

use std::collections::BTreeMap;

use parley_engine::io::{ChangeSet, Load, Record, Store};
use serde::{Deserialize, Serialize};
use serde_bytes::{ByteBuf, Bytes};

/// Version of an entry's bytes.
const VERSION: u8 = 1;

/// The size in bytes above which a change set goes to its stores at once: writing it twice would cost more than it saves.
pub const LARGE: usize = 256 * 1024;
/// The number of entries, or of bytes in them, from which on the host settles the journal without waiting for a rest.
const ENTRIES: usize = 256;
const BYTES: usize = 1024 * 1024;

/// The changes of a store: for each key its new value, or `None` when the record is deleted.
type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

#[derive(Serialize)]
struct Out<'a>(Vec<(bool, &'a Bytes, Option<&'a Bytes>)>);

#[derive(Deserialize)]
struct In(Vec<(bool, ByteBuf, Option<ByteBuf>)>);

/// The number of bytes in the keys and values of a change set.
#[must_use]
pub fn size(change: &ChangeSet) -> usize {
    changes(change).fold(0, |sum, (_, key, value)| {
        sum.saturating_add(key.len()).saturating_add(value.map_or(0, <[u8]>::len))
    })
}

/// The changes of a change set: records to write with their values, and records to delete.
pub fn changes(change: &ChangeSet) -> impl Iterator<Item = (Store, &[u8], Option<&[u8]>)> {
    let puts = change
        .puts
        .iter()
        .map(|(store, record)| (*store, record.key.as_slice(), Some(record.value.as_slice())));
    puts.chain(change.deletes.iter().map(|(store, key)| (*store, key.as_slice(), None)))
}

/// Encodes a change set as an entry of the journal, without its vault.
#[must_use]
pub fn encode(change: &ChangeSet) -> Vec<u8> {
    let all = changes(change)
        .map(|(store, key, value)| (store == Store::Messages, Bytes::new(key), value.map(Bytes::new)));
    let mut bytes = Vec::with_capacity(size(change).saturating_add(256));
    bytes.push(VERSION);
    // Writing to a vector cannot fail.
    postcard::to_extend(&Out(all.collect()), bytes).unwrap_or_default()
}

fn decode(bytes: &[u8]) -> Option<In> {
    let [VERSION, body @ ..] = bytes else { return None };
    match postcard::take_from_bytes(body) {
        Ok((changes, [])) => Some(changes),
        _ => None,
    }
}

/// The place of an entry: the fence of the owner that wrote it, and its number among that owner's entries, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The owner's fence.
    pub fence: u64,
    /// One more than the number of the entry before.
    pub number: u64,
}

/// The content of a place in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A change set.
    Entry(Vec<u8>),
    /// No change set: the entry was moved, or a later owner took the place so that nobody writes there.
    Mark,
}

/// The combined change sets of the journal; later ones override earlier ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pending {
    state: Changes,
    messages: Changes,
    entries: usize,
    bytes: usize,
}

impl Pending {
    /// Reads the whole journal, in the order of its places. Leaves out what follows a damaged or missing entry: the part before
    /// it was the state of this device once, and a device notices that it was rolled back.
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

    /// Adds a change set that was written to the journal.
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

    /// Whether the journal is so long that the host moves its entries into their stores at once, also while people write.
    #[must_use]
    pub const fn is_much(&self) -> bool {
        self.entries >= ENTRIES || self.bytes >= BYTES
    }

    /// The changes to the stores: records to write with their values, and records to delete.
    pub fn changes(&self) -> impl Iterator<Item = (Store, &[u8], Option<&[u8]>)> {
        let state = self.state.iter().map(|change| (Store::State, change));
        let messages = self.messages.iter().map(|change| (Store::Messages, change));
        state.chain(messages).map(|(store, (key, value))| (store, key.as_slice(), value.as_deref()))
    }

    /// All records of [`Store::State`] in the order of their keys: those of the store, with the pending changes.
    #[must_use]
    pub fn over_state(&self, stored: Vec<Record>) -> Vec<Record> {
        over(stored, &self.state, |_| true)
    }

    /// The query to the store with which [`Self::over_page`] can answer `load`. It asks for more records, because some of those
    /// that the store has are deleted here.
    #[must_use]
    pub fn wider(&self, load: &Load) -> Load {
        let gone = self.messages.iter().filter(|(key, value)| value.is_none() && load.asks_for(key)).count();
        let more = u32::try_from(gone).unwrap_or(u32::MAX);
        Load { limit: load.limit.saturating_add(more), ..load.clone() }
    }

    /// The records that `load` asks for, in its order: those that the store returned for [`Self::wider`], with the pending
    /// changes.
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

/// Applies changes to the records of a store, in the order of their keys. Adds only new records that are wanted.
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
