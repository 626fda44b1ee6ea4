//! A small set, for the reason of [`crate::table`]; stored as a `BTreeSet` is: the members in order.

use serde::{Deserialize, Serialize};

/// Members in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<T>")]
#[serde(bound(deserialize = "T: Ord + Deserialize<'de>"))]
pub(crate) struct Set<T>(Vec<T>);

impl<T> Default for Set<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Ord> From<Vec<T>> for Set<T> {
    fn from(members: Vec<T>) -> Self {
        let mut set = Self::default();
        set.extend(members);
        set
    }
}

impl<T: Ord> Set<T> {
    pub(crate) fn iter(&self) -> core::slice::Iter<'_, T> {
        self.0.iter()
    }

    pub(crate) fn contains(&self, member: &T) -> bool {
        self.0.binary_search(member).is_ok()
    }

    /// Whether it was not in it.
    pub(crate) fn insert(&mut self, member: T) -> bool {
        let place = self.0.binary_search(&member);
        if let Err(place) = place {
            self.0.insert(place, member);
        }
        place.is_err()
    }

    /// Whether it was in it.
    pub(crate) fn remove(&mut self, member: &T) -> bool {
        let place = self.0.binary_search(member);
        if let Ok(place) = place {
            self.0.remove(place);
        }
        place.is_ok()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.0.retain(keep);
    }
}

impl<T: Ord> Extend<T> for Set<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, members: I) {
        for member in members {
            self.insert(member);
        }
    }
}

impl<T: Ord> FromIterator<T> for Set<T> {
    fn from_iter<I: IntoIterator<Item = T>>(members: I) -> Self {
        members.into_iter().collect::<Vec<_>>().into()
    }
}

impl<T> IntoIterator for Set<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_does_what_a_btree_set_does(members: Vec<u8>, asked: u8) {
            let (mut set, mut tree) = (Set::default(), BTreeSet::new());
            for member in members {
                prop_assert_eq!(set.insert(member), tree.insert(member));
            }
            prop_assert_eq!(set.contains(&asked), tree.contains(&asked));
            prop_assert_eq!(set.remove(&7), tree.remove(&7));
            prop_assert_eq!((set.0.len(), set.is_empty()), (tree.len(), tree.is_empty()));
            prop_assert!(set.clone().into_iter().eq(tree.iter().copied()));
            prop_assert_eq!(&tree.iter().rev().copied().collect::<Set<u8>>(), &set);
            let mut cleared = set.clone();
            cleared.clear();
            prop_assert!(cleared.0.is_empty());
            set.retain(|member| member % 3 != 0);
            tree.retain(|member| member % 3 != 0);
            let stored = postcard::to_allocvec(&set).unwrap();
            prop_assert_eq!(&stored, &postcard::to_allocvec(&tree).unwrap());
            prop_assert_eq!(postcard::from_bytes::<Set<u8>>(&stored).unwrap(), set);
        }
    }
}
