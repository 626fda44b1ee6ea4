//! The state of a device as a map from keys to values, with undo and a list of changes.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::deferred::{Deferred, is_deferred};

/// What stands under a key.
pub(crate) type Value = Zeroizing<Vec<u8>>;

/// One key's value before and after.
pub(crate) struct Change<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) before: Option<&'a Value>,
    pub(crate) after: Option<&'a Value>,
}

/// Marks a moment to which [`StateStore::roll_back`] can return.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark(usize);

/// A value could not be read: it is not what this version writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored value is not what this version writes")]
pub(crate) struct DamagedValue;

#[derive(Default)]
struct Inner {
    values: BTreeMap<Vec<u8>, Value>,
    /// Key and former value of every write since the last [`StateStore::settle`], oldest first.
    undo: Vec<(Vec<u8>, Option<Value>)>,
    /// The former value of each key that was written since the last [`StateStore::take_changes`].
    before: BTreeMap<Vec<u8>, Option<Value>>,
    /// What was not needed so far.
    deferred: Option<Deferred>,
}

impl Inner {
    /// Opens the value of this key, if it was not needed so far.
    fn need(&mut self, key: &[u8]) {
        if !is_deferred(key) || self.values.contains_key(key) {
            return;
        }
        if let Some(value) = self.deferred.as_mut().and_then(|deferred| deferred.open(key)) {
            self.values.insert(key.to_vec(), value);
        }
    }
}

/// The map. Writes are visible at once and leave the device with the next change set.
#[derive(Default)]
pub(crate) struct StateStore(RefCell<Inner>);

impl StateStore {
    pub(crate) fn new(values: BTreeMap<Vec<u8>, Value>) -> Self {
        Self(RefCell::new(Inner { values, ..Inner::default() }))
    }

    /// The same of values of which nothing is on the disk as it stands here.
    pub(crate) fn brought_up(values: BTreeMap<Vec<u8>, Value>) -> Self {
        let before = values.keys().map(|key| (key.clone(), None)).collect();
        Self(RefCell::new(Inner { values, before, ..Inner::default() }))
    }

    /// With values that stay sealed until they are needed.
    pub(crate) fn with_deferred(self, deferred: Deferred) -> Self {
        self.0.borrow_mut().deferred = Some(deferred);
        self
    }

    /// Names of records of deferred values that did not open since this was last asked.
    pub(crate) fn take_damaged(&self) -> Vec<Vec<u8>> {
        self.0.borrow_mut().deferred.as_mut().map(Deferred::take_damaged).unwrap_or_default()
    }

    pub(crate) fn get_bytes(&self, key: &[u8]) -> Option<Value> {
        let inner = &mut *self.0.borrow_mut();
        inner.need(key);
        inner.values.get(key).cloned()
    }

    pub(crate) fn put_bytes(&self, key: &[u8], value: Vec<u8>) {
        let inner = &mut *self.0.borrow_mut();
        inner.need(key);
        if inner.values.get(key).is_some_and(|old| **old == value) {
            return;
        }
        let before = inner.values.insert(key.to_vec(), Zeroizing::new(value));
        inner.undo.push((key.to_vec(), before));
    }

    pub(crate) fn delete(&self, key: &[u8]) {
        let inner = &mut *self.0.borrow_mut();
        inner.need(key);
        if let Some(before) = inner.values.remove(key) {
            inner.undo.push((key.to_vec(), Some(before)));
        }
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, DamagedValue> {
        let inner = &mut *self.0.borrow_mut();
        inner.need(key);
        match inner.values.get(key) {
            None => Ok(None),
            Some(value) => match postcard::take_from_bytes(value) {
                Ok((value, [])) => Ok(Some(value)),
                _ => Err(DamagedValue),
            },
        }
    }

    pub(crate) fn put<T: Serialize + ?Sized>(&self, key: &[u8], value: &T) -> Result<(), DamagedValue> {
        self.put_bytes(key, postcard::to_allocvec(value).map_err(|_| DamagedValue)?);
        Ok(())
    }

    /// All keys that begin with `prefix`, in order.
    pub(crate) fn keys_with_prefix(&self, prefix: &[u8]) -> Vec<Vec<u8>> {
        let inner = &mut *self.0.borrow_mut();
        if prefix.is_empty() || is_deferred(prefix) {
            let rest = inner.deferred.as_mut().map(Deferred::open_all).unwrap_or_default();
            inner.values.extend(rest);
        }
        inner
            .values
            .range(prefix.to_vec()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, _)| key.clone())
            .collect()
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark(self.0.borrow().undo.len())
    }

    /// Undoes every write since `mark`.
    pub(crate) fn roll_back(&self, mark: Mark) {
        let inner = &mut *self.0.borrow_mut();
        while inner.undo.len() > mark.0 {
            match inner.undo.pop() {
                Some((key, Some(before))) => drop(inner.values.insert(key, before)),
                Some((key, None)) => drop(inner.values.remove(&key)),
                None => return,
            }
        }
    }

    /// From now on no earlier write can be undone; returns whether there is anything for [`StateStore::take_changes`].
    pub(crate) fn settle(&self) -> bool {
        let inner = &mut *self.0.borrow_mut();
        for (key, before) in inner.undo.drain(..) {
            inner.before.entry(key).or_insert(before);
        }
        !inner.before.is_empty()
    }

    /// What changed since the last call, each key once.
    pub(crate) fn take_changes(&self, mut each: impl FnMut(&Change<'_>)) {
        self.settle();
        let inner = &mut *self.0.borrow_mut();
        for (key, before) in std::mem::take(&mut inner.before) {
            let after = inner.values.get(&key);
            if before.as_ref() != after {
                each(&Change { key: &key, before: before.as_ref(), after });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Taken = (Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>);

    fn changes(store: &StateStore) -> Vec<Taken> {
        let mut taken = Vec::new();
        let copy = |value: Option<&Value>| value.map(|value| value.to_vec());
        store.take_changes(|change| {
            taken.push((change.key.to_vec(), copy(change.before), copy(change.after)));
        });
        taken
    }

    #[test]
    fn rolls_back_to_a_mark_and_keeps_what_came_before() {
        let store = StateStore::default();
        store.put_bytes(b"a", vec![1]);
        let mark = store.mark();
        store.put_bytes(b"a", vec![2]);
        store.put_bytes(b"b", vec![3]);
        store.delete(b"a");
        store.roll_back(mark);
        assert_eq!(store.get_bytes(b"a").unwrap().to_vec(), vec![1]);
        assert!(store.get_bytes(b"b").is_none());
        assert_eq!(changes(&store).len(), 1);
    }

    #[test]
    fn many_writes_of_a_key_are_one_change_from_what_was_taken_last() {
        let store = StateStore::default();
        store.put_bytes(b"a", vec![1]);
        changes(&store);
        for value in 2..9 {
            store.put_bytes(b"a", vec![value]);
            assert!(store.settle());
        }
        assert_eq!(changes(&store), [(b"a".to_vec(), Some(vec![1]), Some(vec![8]))]);
        assert!(!store.settle());
    }

    #[test]
    fn a_value_that_comes_back_to_what_it_was_is_no_change() {
        let store = StateStore::default();
        store.put_bytes(b"a", vec![1]);
        changes(&store);
        store.put_bytes(b"a", vec![2]);
        store.put_bytes(b"a", vec![1]);
        store.put_bytes(b"b", vec![1]);
        store.delete(b"b");
        assert!(changes(&store).is_empty());
    }
}
