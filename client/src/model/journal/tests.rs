use parley_engine::io::{ChangeSetId, LoadId, ReadFrom};
use proptest::prelude::*;

use super::*;

type Stores = BTreeMap<(Store, Vec<u8>), Vec<u8>>;

fn put(store: Store, key: &[u8], value: &[u8]) -> (Store, Record) {
    (store, Record { key: key.to_vec(), value: value.to_vec() })
}

fn change(puts: Vec<(Store, Record)>, deletes: Vec<(Store, Vec<u8>)>) -> ChangeSet {
    ChangeSet { id: ChangeSetId(1), vault: None, puts, deletes, wipes: false }
}

fn one(key: &[u8], value: &[u8]) -> ChangeSet {
    change(vec![put(Store::State, key, value)], Vec::new())
}

fn entry(fence: u64, number: u64, change: &ChangeSet) -> (Place, Found) {
    (Place { fence, number }, Found::Entry(encode(change)))
}

const fn mark(fence: u64, number: u64) -> (Place, Found) {
    (Place { fence, number }, Found::Mark)
}

fn state(pending: &Pending) -> Vec<(Vec<u8>, Vec<u8>)> {
    pending.over_state(Vec::new()).into_iter().map(|record| (record.key, record.value)).collect()
}

fn pairs(all: &[(&[u8], &[u8])]) -> Vec<(Vec<u8>, Vec<u8>)> {
    all.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect()
}

#[test]
fn the_format_is_pinned() {
    let written = change(
        vec![put(Store::State, b"key", b"value"), put(Store::Messages, b"m1", b"")],
        vec![(Store::Messages, b"m2".to_vec())],
    );
    let bytes = encode(&written);
    assert_eq!(bytes, b"\x01\x03\x00\x03key\x01\x05value\x01\x02m1\x01\x00\x01\x02m2\x00");
    let read = Pending::read([(Place { fence: 5, number: 1 }, Found::Entry(bytes))]);
    let mut added = Pending::default();
    added.add(written);
    assert_eq!((read.state, read.messages), (added.state, added.messages));
}

#[test]
fn p5_an_earlier_owners_entries_are_read_before_a_later_ones() {
    let journal = [
        mark(7, 2),
        entry(7, 3, &one(b"a", b"old")),
        entry(7, 4, &one(b"b", b"kept")),
        mark(7, 5),
        entry(9, 1, &one(b"a", b"new")),
    ];
    assert_eq!(state(&Pending::read(journal)), pairs(&[(b"a", b"new"), (b"b", b"kept")]));
}

#[test]
fn p5_nothing_is_read_after_an_entry_that_is_missing_or_damaged() {
    let (first, second, third) = (one(b"a", b"1"), one(b"a", b"2"), one(b"b", b"3"));
    let gap = [entry(7, 1, &first), entry(7, 3, &third)];
    assert_eq!(state(&Pending::read(gap)), pairs(&[(b"a", b"1")]));
    let late = [entry(7, 2, &second), entry(8, 1, &third)];
    assert_eq!(state(&Pending::read(late)), pairs(&[]));
    for damage in 0..encode(&second).len() {
        let mut bytes = encode(&second);
        bytes.truncate(damage);
        let journal =
            [entry(7, 1, &first), (Place { fence: 7, number: 2 }, Found::Entry(bytes)), entry(7, 3, &third)];
        assert_eq!(state(&Pending::read(journal)), pairs(&[(b"a", b"1")]), "cut at {damage}");
    }
}

#[test]
fn an_entry_of_another_version_or_with_more_behind_it_is_damaged() {
    let mut newer = encode(&one(b"a", b"1"));
    newer[0] = 2;
    assert!(decode(&newer).is_none());
    let mut longer = encode(&one(b"a", b"1"));
    longer.push(0);
    assert!(decode(&longer).is_none());
}

#[test]
fn much_is_many_entries_or_many_bytes() {
    let mut many = Pending::default();
    for _ in 1..ENTRIES {
        many.add(one(b"a", b"1"));
    }
    assert!(!many.is_much() && !many.is_empty());
    many.add(one(b"a", b"1"));
    assert!(many.is_much());

    let mut large = Pending::default();
    large.add(one(b"a", &vec![0; BYTES - 2]));
    assert!(!large.is_much());
    large.add(one(b"a", b""));
    assert!(large.is_much());
    assert!(Pending::default().is_empty());
}

#[test]
fn the_size_of_a_change_set_is_that_of_its_keys_and_values() {
    let all = change(vec![put(Store::State, b"key", b"value")], vec![(Store::Messages, b"m2".to_vec())]);
    assert_eq!(size(&all), 10);
}

/// Few keys, so that change sets collide: two conversations of four messages, and four other records.
fn some_change() -> impl Strategy<Value = ChangeSet> {
    let place = prop_oneof![
        (0u8..4).prop_map(|key| (Store::State, vec![key])),
        (0u8..2, 0u8..4).prop_map(|(prefix, key)| (Store::Messages, vec![prefix, key])),
    ];
    let changes = proptest::collection::btree_map(place, proptest::option::of(any::<u8>()), 0..5);
    changes.prop_map(|changes| {
        let mut made = change(Vec::new(), Vec::new());
        for ((store, key), value) in changes {
            match value {
                Some(value) => made.puts.push((store, Record { key, value: vec![value] })),
                None => made.deletes.push((store, key)),
            }
        }
        made
    })
}

fn apply(stores: &mut Stores, change: &ChangeSet) {
    for (store, record) in &change.puts {
        stores.insert((*store, record.key.clone()), record.value.clone());
    }
    for place in &change.deletes {
        stores.remove(place);
    }
}

fn page(stores: &Stores, load: &Load) -> Vec<Record> {
    let in_order: Vec<_> = match load.from {
        ReadFrom::After(_) => stores.iter().collect(),
        _ => stores.iter().rev().collect(),
    };
    let found = in_order.into_iter().filter(|((store, key), _)| {
        let is_there = match &load.from {
            ReadFrom::Newest => true,
            ReadFrom::Before(before) => key < before,
            ReadFrom::After(after) => key > after,
        };
        *store == Store::Messages && key.starts_with(&load.prefix) && is_there
    });
    let records = found.map(|((_, key), value)| Record { key: key.clone(), value: value.clone() });
    records.take(load.limit.try_into().expect("a count")).collect()
}

proptest! {
    /// A read through the journal gives what it would give if every change set were in its store.
    #[test]
    fn p5_the_journal_reads_as_if_all_were_moved(
        moved in proptest::collection::vec(some_change(), 0..6),
        waiting in proptest::collection::vec(some_change(), 0..6),
        prefix in 0u8..3,
        from in (0u8..3, 0u8..3, 0u8..5),
        limit in 1u32..6,
    ) {
        let mut stores = Stores::new();
        for change in &moved {
            apply(&mut stores, change);
        }
        let stored = stores.clone();
        let mut pending = Pending::default();
        for change in waiting {
            apply(&mut stores, &change);
            pending.add(change);
        }

        let from = match from {
            (0, ..) => ReadFrom::Newest,
            (1, prefix, key) => ReadFrom::Before(vec![prefix, key]),
            (_, prefix, key) => ReadFrom::After(vec![prefix, key]),
        };
        let load = Load { id: LoadId(1), prefix: vec![prefix], from, limit };
        let found = page(&stored, &pending.wider(&load));
        prop_assert_eq!(pending.over_page(&load, found), page(&stores, &load));

        let of_state = |stores: &Stores| -> Vec<Record> {
            let state = stores.iter().filter(|((store, _), _)| *store == Store::State);
            state.map(|((_, key), value)| Record { key: key.clone(), value: value.clone() }).collect()
        };
        prop_assert_eq!(pending.over_state(of_state(&stored)), of_state(&stores));

        let mut settled = stored;
        for (store, key, value) in pending.changes() {
            match value {
                Some(value) => drop(settled.insert((store, key.to_vec()), value.to_vec())),
                None => drop(settled.remove(&(store, key.to_vec()))),
            }
        }
        prop_assert_eq!(settled, stores);
    }
}
