//! Cuts state values into sealed records of at most [`CHUNK`] bytes, so that a change in a large value (for example the
//! ratchet tree of a large group) writes only the chunks that changed.
//!
//! A record's name is the name of its value ([`Sealer::state_name`], 16 bytes) and the number of the chunk (2, big-endian); inside
//! the seal stand the key, whether the chunk is the last, and its bytes.

use std::collections::BTreeMap;

use parley_crypto::MlsRandom;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::deferred::{Name, is_deferred};
use super::migrations::{Step, bring_up};
use super::state::{Change, Value};
use crate::io::{Record, Store};
use crate::seal::{OpenSealError, Purpose, Sealer};

/// Bytes of a value in one record.
pub(crate) const CHUNK: usize = 4096;

/// Why stored records are not a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LoadError {
    /// A record does not open, or chunks are missing.
    #[error("a stored record is damaged")]
    Damaged,
    /// A newer version wrote a record.
    #[error("a newer version of the app wrote the records")]
    Newer,
    /// A build from before the first release wrote them.
    #[error("a build from before the first release wrote the records")]
    BeforeRelease,
}

impl From<OpenSealError> for LoadError {
    fn from(error: OpenSealError) -> Self {
        match error {
            OpenSealError::Sealed => Self::Damaged,
            OpenSealError::Newer => Self::Newer,
            OpenSealError::BeforeRelease => Self::BeforeRelease,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, with = "serde_bytes")]
    key: &'a [u8],
    last: bool,
    #[serde(borrow, with = "serde_bytes")]
    bytes: &'a [u8],
}

/// Writes and deletions for a change set.
#[derive(Default)]
pub(crate) struct Writes {
    pub(crate) puts: Vec<(Store, Record)>,
    pub(crate) deletes: Vec<(Store, Vec<u8>)>,
}

impl Writes {
    /// Adds the records in which `change` differs from what is on disk.
    pub(crate) fn add(&mut self, sealer: &Sealer, random: &MlsRandom, change: &Change<'_>) {
        let name = sealer.state_name(change.key, is_deferred(change.key));
        let before = chunks(change.before);
        let after = chunks(change.after);
        for (index, bytes) in after.iter().enumerate() {
            let last = index + 1 == after.len();
            let was_last = index + 1 == before.len();
            if before.get(index) == Some(bytes) && last == was_last {
                continue;
            }
            let place = place(&name, index);
            let chunk = Chunk { key: change.key, last, bytes };
            let plaintext = Zeroizing::new(postcard::to_allocvec(&chunk).unwrap_or_default());
            let value = sealer.seal(Purpose::State, &place, random.array(), &plaintext);
            self.puts.push((Store::State, Record { key: place, value }));
        }
        for index in after.len()..before.len() {
            self.deletes.push((Store::State, place(&name, index)));
        }
    }
}

fn chunks(value: Option<&Value>) -> Vec<&[u8]> {
    match value {
        None => Vec::new(),
        Some(value) if value.is_empty() => vec![&[]],
        Some(value) => value.chunks(CHUNK).collect(),
    }
}

fn place(name: &[u8; 16], index: usize) -> Vec<u8> {
    // Values are bounded far below 65,536 chunks (256 MiB).
    let index = u16::try_from(index).unwrap_or(u16::MAX);
    [name.as_slice(), &index.to_be_bytes()].concat()
}

/// What was on the disk.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// The values that are whole.
    pub(crate) values: BTreeMap<Vec<u8>, Value>,
    /// Chunks of values that are opened when they are first needed.
    pub(crate) deferred: BTreeMap<Name, Vec<Record>>,
    /// Names of records that are not part of a whole value.
    pub(crate) damaged: Vec<Vec<u8>>,
    /// Names of records of an earlier format. The engine has converted their values, and must write them again.
    pub(crate) outdated: Vec<Vec<u8>>,
}

/// Opens records and puts the values together. Leaves out a value of which a part is damaged or missing: one bad record must
/// not cost all others.
pub(crate) fn load(sealer: &Sealer, steps: &[Step], mut records: Vec<Record>) -> Result<Loaded, LoadError> {
    records.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    let (mut loaded, mut before_release) = (Loaded::default(), false);
    for group in records.chunk_by(|a, b| hidden_name(a) == hidden_name(b)) {
        if let Some(name) = deferred_name(sealer, group)? {
            loaded.deferred.insert(name, group.to_vec());
            continue;
        }
        let names = || group.iter().map(|record| record.key.clone());
        match whole_value(sealer, steps, group) {
            Ok(Whole { key, value, outdated }) => {
                if outdated {
                    loaded.outdated.extend(names());
                }
                loaded.values.extend(value.map(|value| (key, value)));
            }
            Err(LoadError::Newer) => return Err(LoadError::Newer),
            Err(error) => {
                before_release |= error == LoadError::BeforeRelease;
                loaded.damaged.extend(names());
            }
        }
    }
    // One flipped bit does not make records older than the app.
    if before_release && loaded.values.is_empty() {
        return Err(LoadError::BeforeRelease);
    }
    Ok(loaded)
}

/// A value whose chunks are all there.
struct Whole {
    key: Vec<u8>,
    /// As this format has it, if it has it.
    value: Option<Value>,
    /// It is of an earlier format.
    outdated: bool,
}

/// After a step the engine writes all chunks of a value together, so that they are of one format.
fn whole_value(sealer: &Sealer, steps: &[Step], chunks: &[Record]) -> Result<Whole, LoadError> {
    let (format, key, value) = value_of(sealer, chunks)?;
    let outdated = format < sealer.format();
    let value = if outdated { bring_up(steps, format, &key, value)? } else { Some(value) };
    Ok(Whole { key, value, outdated })
}

/// Everything before the chunk's number.
fn hidden_name(record: &Record) -> &[u8] {
    record.key.split_last_chunk::<2>().map_or(record.key.as_slice(), |(name, _)| name)
}

/// The name of a value whose chunks stay sealed: one of this format, since a value of an earlier one is brought up.
fn deferred_name(sealer: &Sealer, chunks: &[Record]) -> Result<Option<Name>, LoadError> {
    let Some(first) = chunks.first() else { return Ok(None) };
    let formats = chunks.iter().map(|record| Sealer::claimed_format(&record.value));
    if formats.clone().any(|format| format > Some(sealer.format())) {
        return Err(LoadError::Newer);
    }
    let name = hidden_name(first);
    let defers = formats.clone().all(|format| format == Some(sealer.format())) && sealer.is_deferred(name);
    Ok(name.try_into().ok().filter(|_| defers))
}

/// Puts the chunks of one value together: its format, its key and its bytes. Each chunk is sealed for its place, so that
/// what stands inside is what this device wrote there.
pub(super) fn value_of(sealer: &Sealer, chunks: &[Record]) -> Result<(u8, Vec<u8>, Value), LoadError> {
    let (mut format, mut key, mut value, mut whole) = (0, Vec::new(), Value::default(), false);
    for (index, record) in chunks.iter().enumerate() {
        let opened = sealer.open(Purpose::State, &record.key, &record.value)?;
        let chunk: Chunk<'_> = postcard::from_bytes(&opened.plaintext).map_err(|_| LoadError::Damaged)?;
        if index == 0 {
            (format, key) = (opened.format, chunk.key.to_vec());
        }
        let number = record.key.last_chunk::<2>().map(|number| usize::from(u16::from_be_bytes(*number)));
        if whole || format != opened.format || key != chunk.key || number != Some(index) {
            return Err(LoadError::Damaged);
        }
        value.extend_from_slice(chunk.bytes);
        whole = chunk.last;
    }
    if whole { Ok((format, key, value)) } else { Err(LoadError::Damaged) }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;
    use crate::records::migrations::STEPS;
    use crate::records::state::StateStore;
    use crate::seal::MasterKey;

    fn apply(disk: &mut BTreeMap<Vec<u8>, Vec<u8>>, writes: Writes) -> usize {
        let count = writes.puts.len();
        for (_, record) in writes.puts {
            disk.insert(record.key, record.value);
        }
        for (_, key) in writes.deletes {
            disk.remove(&key);
        }
        count
    }

    fn flush(store: &StateStore, disk: &mut BTreeMap<Vec<u8>, Vec<u8>>) -> usize {
        let sealer = Sealer::new(&MasterKey::new([1; 32]));
        let random = MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(2));
        let mut writes = Writes::default();
        store.take_changes(|change| writes.add(&sealer, &random, change));
        apply(disk, writes)
    }

    fn reload(disk: &BTreeMap<Vec<u8>, Vec<u8>>) -> Result<StateStore, LoadError> {
        let loaded = reload_all(disk)?;
        if loaded.damaged.is_empty() { Ok(StateStore::new(loaded.values)) } else { Err(LoadError::Damaged) }
    }

    fn reload_all(disk: &BTreeMap<Vec<u8>, Vec<u8>>) -> Result<Loaded, LoadError> {
        let records =
            disk.iter().map(|(key, value)| Record { key: key.clone(), value: value.clone() }).collect();
        load(&Sealer::new(&MasterKey::new([1; 32])), &[], records)
    }

    #[test]
    fn a_small_change_in_a_large_value_writes_one_record() {
        let (store, mut disk) = (StateStore::default(), BTreeMap::new());
        let mut value = vec![7; 100 * CHUNK];
        store.put_bytes(b"tree", value.clone());
        assert_eq!(flush(&store, &mut disk), 100);
        value[50 * CHUNK] = 8;
        store.put_bytes(b"tree", value.clone());
        assert_eq!(flush(&store, &mut disk), 1);
        assert_eq!(reload(&disk).unwrap().get_bytes(b"tree").unwrap().to_vec(), value);
    }

    #[test]
    fn values_of_every_length_come_back_also_after_they_shrink() {
        let (store, mut disk) = (StateStore::default(), BTreeMap::new());
        for length in [3 * CHUNK, 2 * CHUNK, CHUNK + 1, CHUNK, CHUNK - 1, 1, 0, 5 * CHUNK] {
            store.put_bytes(b"value", vec![1; length]);
            store.put_bytes(b"empty", vec![]);
            flush(&store, &mut disk);
            let loaded = reload(&disk).unwrap();
            assert_eq!(loaded.get_bytes(b"value").unwrap().len(), length);
            assert!(loaded.get_bytes(b"empty").is_some());
        }
    }

    #[test]
    fn p5_a_missing_chunk_is_noticed() {
        let (store, mut disk) = (StateStore::default(), BTreeMap::new());
        store.put_bytes(b"value", vec![1; 3 * CHUNK]);
        flush(&store, &mut disk);
        let whole = disk.clone();
        store.put_bytes(b"another", vec![2]);
        flush(&store, &mut disk);
        for key in whole.into_keys().collect::<Vec<_>>() {
            let mut damaged = disk.clone();
            damaged.remove(&key);
            let loaded = reload_all(&damaged).unwrap();
            assert_eq!((loaded.values.len(), loaded.damaged.len()), (1, 2), "the other value is whole");
        }
    }

    #[test]
    fn p5_a_chunk_of_a_longer_value_that_stayed_is_noticed() {
        let (store, mut disk) = (StateStore::default(), BTreeMap::new());
        store.put_bytes(b"value", vec![1; 2 * CHUNK]);
        flush(&store, &mut disk);
        let longer = disk.clone();
        store.put_bytes(b"value", vec![1; CHUNK]);
        flush(&store, &mut disk);
        for (key, value) in longer {
            disk.entry(key).or_insert(value);
        }
        let loaded = reload_all(&disk).unwrap();
        assert_eq!((loaded.values.len(), loaded.damaged.len()), (0, 2));
    }

    /// A next format, in which numbers are longer and one kind of record is no more.
    #[expect(clippy::needless_pass_by_value, reason = "as every step is called")]
    fn longer(key: &[u8], value: Value) -> Result<Option<Value>, LoadError> {
        let short: u8 = postcard::from_bytes(&value).map_err(|_| LoadError::Damaged)?;
        let long = postcard::to_allocvec(&u64::from(short).saturating_mul(1_000)).unwrap();
        Ok((key != b"gone").then(|| Zeroizing::new(long)))
    }

    #[test]
    fn a_later_format_reads_what_this_one_wrote_and_writes_it_anew() {
        let (store, mut disk) = (StateStore::default(), BTreeMap::new());
        store.put(b"kept", &7_u8).unwrap();
        store.put(b"gone", &8_u8).unwrap();
        flush(&store, &mut disk);
        let records = |disk: &BTreeMap<Vec<u8>, Vec<u8>>| {
            disk.iter().map(|(key, value)| Record { key: key.clone(), value: value.clone() }).collect()
        };
        let later = Sealer::of_format(&MasterKey::new([1; 32]), crate::seal::FORMAT + 1);
        let steps = [STEPS, &[longer]].concat();
        let Loaded { values, damaged, outdated, .. } = load(&later, &steps, records(&disk)).unwrap();
        assert!(damaged.is_empty() && outdated.len() == 2);
        let store = StateStore::brought_up(values);
        assert_eq!((store.get(b"kept"), store.get::<u64>(b"gone")), (Ok(Some(7_000_u64)), Ok(None)));
        // With the first change all of it is of the later format.
        let random = MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(2));
        let mut writes = Writes::default();
        store.take_changes(|change| writes.add(&later, &random, change));
        for name in outdated {
            disk.remove(&name);
        }
        apply(&mut disk, writes);
        let Loaded { values, outdated, .. } = load(&later, &steps, records(&disk)).unwrap();
        assert!(outdated.is_empty() && values.len() == 1);
        assert_eq!(
            load(&Sealer::new(&MasterKey::new([1; 32])), &[], records(&disk)).err(),
            Some(LoadError::Newer)
        );
    }

    #[test]
    fn records_from_before_the_first_release_are_told_from_damaged_ones() {
        let (store, mut disk) = (StateStore::default(), BTreeMap::new());
        store.put_bytes(b"one", vec![1]);
        store.put_bytes(b"two", vec![2]);
        flush(&store, &mut disk);
        let mut one = disk.clone();
        one.values_mut().next().unwrap()[0] = 14;
        let loaded = reload_all(&one).unwrap();
        assert_eq!((loaded.values.len(), loaded.damaged.len()), (1, 1));
        for value in disk.values_mut() {
            value[0] = 14;
        }
        assert_eq!(reload_all(&disk).err(), Some(LoadError::BeforeRelease));
    }
}
