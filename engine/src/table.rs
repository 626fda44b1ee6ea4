//! A small map. `BTreeMap` makes some ten kilobytes of code for every pair of types; for a map of at most a few hundred
//! entries, a sorted vector does the same. It is stored as a `BTreeMap` is: the pairs in order.

use serde::{Deserialize, Serialize};

/// Pairs in order of their keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(K, V)>")]
#[serde(bound(deserialize = "K: Ord + Deserialize<'de>, V: Deserialize<'de>"))]
pub(crate) struct Table<K, V>(Vec<(K, V)>);

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord, V> From<Vec<(K, V)>> for Table<K, V> {
    /// Of two pairs with one key, the last stays. What is stored is in order: each pair goes to the end, and no code for sorting is
    /// made for every pair of types.
    fn from(pairs: Vec<(K, V)>) -> Self {
        let mut table = Self(Vec::with_capacity(pairs.len()));
        for (key, value) in pairs {
            table.insert(key, value);
        }
        table
    }
}

impl<K: Ord, V> Table<K, V> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    fn place(&self, key: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(key))
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        let place = self.place(key).ok()?;
        self.0.get(place).map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let place = self.place(key).ok()?;
        self.0.get_mut(place).map(|(_, value)| value)
    }

    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.place(key).is_ok()
    }

    /// Puts `value` in the place of the one that is there, which comes back.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok(place) => self.0.get_mut(place).map(|(_, known)| std::mem::replace(known, value)),
            Err(place) => {
                self.0.insert(place, (key, value));
                None
            }
        }
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.place(key).ok()?;
        Some(self.0.remove(place).1)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&K, &V) -> bool) {
        self.0.retain(|(key, value)| keep(key, value));
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> + ExactSizeIterator {
        self.0.iter().map(|(key, value)| (key, value))
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// The pairs up to this key.
    pub(crate) fn up_to(&mut self, key: &K) -> impl Iterator<Item = (&K, &mut V)> {
        let end = self.0.partition_point(|(known, _)| known <= key);
        self.0.iter_mut().take(end).map(|(key, value)| (&*key, value))
    }

    /// The value at this place, which is made if there is none.
    pub(crate) fn or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let place = match self.place(&key) {
            Ok(place) => place,
            Err(place) => {
                self.0.insert(place, (key, make()));
                place
            }
        };
        // It is there: it was found, or put in.
        #[expect(clippy::indexing_slicing, reason = "the place of a pair that is there")]
        &mut self.0[place].1
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn remove_first(&mut self) {
        if !self.0.is_empty() {
            self.0.remove(0);
        }
    }

    pub(crate) fn last(&self) -> Option<&(K, V)> {
        self.0.last()
    }
}

impl<K: Ord, V: Default> Table<K, V> {
    pub(crate) fn or_default(&mut self, key: K) -> &mut V {
        self.or_insert_with(key, V::default)
    }
}

impl<K, V> IntoIterator for Table<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, K, V> IntoIterator for &'a Table<K, V> {
    type Item = &'a (K, V);
    type IntoIter = core::slice::Iter<'a, (K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Table<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        pairs.into_iter().collect::<Vec<_>>().into()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_does_what_a_btree_map_does(pairs: Vec<(u8, u16)>, asked: u8) {
            let (mut table, mut map) = (Table::new(), BTreeMap::new());
            for (key, value) in pairs {
                table.insert(key, value);
                map.insert(key, value);
            }
            prop_assert_eq!(table.get(&asked), map.get(&asked));
            prop_assert_eq!(table.remove(&7), map.remove(&7));
            prop_assert!(table.keys().eq(map.keys()) && table.values().eq(map.values()));
            prop_assert_eq!(table.contains_key(&asked), map.contains_key(&asked));
            prop_assert_eq!((table.len(), table.is_empty()), (map.len(), map.is_empty()));
            prop_assert_eq!(table.last().map(|(key, value)| (key, value)), map.last_key_value());
            table.up_to(&asked).for_each(|(key, value)| *value = value.wrapping_add(u16::from(*key)));
            map.range_mut(..=asked).for_each(|(key, value)| *value = value.wrapping_add(u16::from(*key)));
            for value in table.values_mut().chain(map.values_mut()) {
                *value /= 2;
            }
            *table.or_default(asked) += 1;
            *map.entry(asked).or_default() += 1;
            prop_assert_eq!(table.get_mut(&asked), map.get_mut(&asked));
            table.remove_first();
            map.pop_first();
            prop_assert!((&table).into_iter().map(|(key, value)| (key, value)).eq(&map));
            prop_assert!(table.clone().into_iter().eq(map.clone()));
            prop_assert_eq!(&map.clone().into_iter().rev().collect::<Table<_, _>>(), &table);
            let mut cleared = table.clone();
            cleared.remove_first();
            cleared.clear();
            cleared.remove_first();
            prop_assert!(cleared.is_empty());
            table.retain(|key, _| key % 3 != 0);
            map.retain(|key, _| key % 3 != 0);
            let stored = postcard::to_allocvec(&table).unwrap();
            prop_assert_eq!(&stored, &postcard::to_allocvec(&map).unwrap());
            prop_assert_eq!(postcard::from_bytes::<Table<u8, u16>>(&stored).unwrap(), table);
        }
    }
}
