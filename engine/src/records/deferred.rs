//! Values that stay sealed until they are first needed: the MLS state of channels and KeyPackages. A device with a thousand
//! conversations opens at its start none of their ratchet trees and secrets.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::keys;
use super::sealed::value_of;
use super::state::Value;
use crate::io::Record;
use crate::seal::Sealer;

/// The name of a value, which all of its chunks have.
pub(crate) type Name = [u8; 16];

/// Whether the value of a key is deferred.
pub(crate) fn is_deferred(key: &[u8]) -> bool {
    key.first() == Some(&keys::MLS)
}

/// Sealed values and what opens them.
pub(crate) struct Deferred {
    sealer: Rc<Sealer>,
    /// The chunks of each value, in order.
    sealed: BTreeMap<Name, Vec<Record>>,
    /// Names of records that did not open.
    damaged: Vec<Vec<u8>>,
}

impl Deferred {
    /// Of chunks in order, by the name of their value.
    pub(crate) const fn new(sealer: Rc<Sealer>, chunks: BTreeMap<Name, Vec<Record>>) -> Self {
        Self { sealer, sealed: chunks, damaged: Vec::new() }
    }

    /// Opens the value of a key, which is not deferred any more. A value that does not open is none.
    pub(crate) fn open(&mut self, key: &[u8]) -> Option<Value> {
        if self.sealed.is_empty() {
            return None;
        }
        let chunks = self.sealed.remove(&self.sealer.state_name(key, true))?;
        self.read(&chunks).filter(|(found, _)| found == key).map(|(_, value)| value)
    }

    /// Opens all values that are left.
    pub(crate) fn open_all(&mut self) -> Vec<(Vec<u8>, Value)> {
        let all = std::mem::take(&mut self.sealed);
        all.values().filter_map(|chunks| self.read(chunks)).collect()
    }

    fn read(&mut self, chunks: &[Record]) -> Option<(Vec<u8>, Value)> {
        let opened = value_of(&self.sealer, chunks);
        if opened.is_err() {
            self.damaged.extend(chunks.iter().map(|record| record.key.clone()));
        }
        opened.ok().map(|(_, key, value)| (key, value))
    }

    /// Names of records that did not open since this was last asked.
    pub(crate) fn take_damaged(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.damaged)
    }
}

#[cfg(test)]
mod tests {
    use parley_crypto::MlsRandom;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;
    use crate::io::Store;
    use crate::records::migrations::STEPS;
    use crate::records::sealed::{Writes, load};
    use crate::records::state::StateStore;
    use crate::seal::MasterKey;

    type Disk = BTreeMap<Vec<u8>, Vec<u8>>;

    const TREE: &[u8] = &[keys::MLS, 5, 1];
    const SECRETS: &[u8] = &[keys::MLS, 13, 1];

    fn sealer() -> Rc<Sealer> {
        Rc::new(Sealer::new(&MasterKey::new([1; 32])))
    }

    fn flush(store: &StateStore, disk: &mut Disk) -> usize {
        let random = MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(2));
        let mut writes = Writes::default();
        store.take_changes(|change| writes.add(&sealer(), &random, change));
        let count = writes.puts.len();
        disk.extend(writes.puts.into_iter().map(|(_, record)| (record.key, record.value)));
        for (store, key) in writes.deletes {
            assert_eq!(store, Store::State);
            disk.remove(&key);
        }
        count
    }

    /// What is on the disk, and how many values stay sealed.
    fn open(disk: &Disk) -> (StateStore, usize) {
        let record = |(key, value): (&Vec<u8>, &Vec<u8>)| Record { key: key.clone(), value: value.clone() };
        let loaded = load(&sealer(), STEPS, disk.iter().map(record).collect()).unwrap();
        let count = loaded.deferred.len();
        (StateStore::new(loaded.values).with_deferred(Deferred::new(sealer(), loaded.deferred)), count)
    }

    fn disk() -> Disk {
        let (store, mut disk) = (StateStore::default(), Disk::new());
        store.put_bytes(b"name", b"Ada".to_vec());
        store.put_bytes(TREE, vec![5; 10_000]);
        store.put_bytes(SECRETS, vec![13; 10]);
        assert_eq!(flush(&store, &mut disk), 5);
        disk
    }

    #[test]
    fn what_is_of_mls_is_opened_when_it_is_needed_and_changes_like_anything_else() {
        let mut disk = disk();
        let (store, sealed) = open(&disk);
        assert_eq!(sealed, 2);
        assert_eq!(store.get_bytes(b"name").unwrap().to_vec(), b"Ada");
        assert_eq!(store.get_bytes(TREE).unwrap().len(), 10_000);
        assert!(store.get_bytes(&[keys::MLS, 5, 2]).is_none());
        assert_eq!(flush(&store, &mut disk), 0, "to open is no change");
        let mut tree = vec![5; 10_000];
        tree[9_999] = 6;
        store.put_bytes(TREE, tree.clone());
        assert_eq!(flush(&store, &mut disk), 1, "of three chunks one changed");
        store.delete(SECRETS);
        flush(&store, &mut disk);
        let (store, sealed) = open(&disk);
        assert_eq!((sealed, store.get_bytes(TREE).unwrap().to_vec()), (1, tree));
        assert!(store.get_bytes(SECRETS).is_none(), "it was deleted without having been opened");
    }

    #[test]
    fn a_change_that_is_undone_leaves_what_stood_there_sealed_or_not() {
        let (store, _) = open(&disk());
        let mark = store.mark();
        store.put_bytes(TREE, vec![1]);
        store.delete(SECRETS);
        store.roll_back(mark);
        assert_eq!(store.get_bytes(TREE).unwrap().len(), 10_000);
        assert_eq!(store.get_bytes(SECRETS).unwrap().to_vec(), [13; 10]);
    }

    #[test]
    fn whoever_asks_for_all_keys_gets_the_sealed_ones_too() {
        for prefix in [&[][..], &[keys::MLS]] {
            let (store, _) = open(&disk());
            let keys = store.keys_with_prefix(prefix);
            assert!(keys.contains(&TREE.to_vec()) && keys.contains(&SECRETS.to_vec()), "{keys:?}");
        }
        let (store, _) = open(&disk());
        assert_eq!(store.keys_with_prefix(b"n"), [b"name"]);
    }

    #[test]
    fn p5_a_damaged_value_is_none_when_it_is_needed_and_its_records_are_named() {
        let mut disk = disk();
        let name = sealer().state_name(TREE, true);
        let middle = [name.as_slice(), &[0, 1]].concat();
        *disk.get_mut(&middle).unwrap().last_mut().unwrap() ^= 1;
        let (store, sealed) = open(&disk);
        assert_eq!(sealed, 2);
        assert_eq!(store.take_damaged(), Vec::<Vec<u8>>::new());
        assert!(store.get_bytes(TREE).is_none());
        assert_eq!(store.take_damaged().len(), 3);
        assert_eq!(store.get_bytes(SECRETS).unwrap().to_vec(), [13; 10]);
        disk.remove(&middle);
        assert!(open(&disk).0.get_bytes(TREE).is_none(), "a chunk is missing");
    }

    /// Half of all names end in an even byte, whether their values are deferred or not.
    #[test]
    fn p8_a_name_says_only_to_who_has_the_key_whether_its_value_is_deferred() {
        for deferred in [true, false] {
            let names = (0..1_000_u32).map(|key| sealer().state_name(&key.to_be_bytes(), deferred));
            assert!(names.clone().all(|name| sealer().is_deferred(&name) == deferred));
            let even = names.filter(|name| name[15] % 2 == 0).count();
            assert!((400..600).contains(&even), "{even}");
        }
    }
}
