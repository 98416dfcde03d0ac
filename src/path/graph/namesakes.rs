//! The certificates of one name, by key: where thousands have one name, or one key, nobody has to go through all of them for each.

use std::collections::HashMap;
use std::hash::Hash;

/// Certificates of one name, each by what stands for it.
#[derive(Debug)]
pub(crate) struct Namesakes<Key, Id> {
    /// In their order.
    all: Vec<Id>,
    /// The keys in the order in which they first occur, each with its certificates in their order.
    by_key: Vec<(Key, Vec<Id>)>,
    places: HashMap<Key, usize>,
}

impl<Key, Id> Default for Namesakes<Key, Id> {
    fn default() -> Self {
        Self { all: Vec::new(), by_key: Vec::new(), places: HashMap::new() }
    }
}

impl<Key: Copy + Eq + Hash, Id: Copy + Ord> Namesakes<Key, Id> {
    /// Of certificates that are in their order.
    pub(crate) fn new(all: Vec<Id>, key_of: impl Fn(Id) -> Key) -> Self {
        let mut by_key: Vec<(Key, Vec<Id>)> = Vec::new();
        let mut places: HashMap<Key, usize> = HashMap::new();
        for id in &all {
            let key = key_of(*id);
            let place = *places.entry(key).or_insert(by_key.len());
            match by_key.get_mut(place) {
                Some((_, ids)) => ids.push(*id),
                None => by_key.push((key, vec![*id])),
            }
        }
        Self { all, by_key, places }
    }

    /// Adds one that stands behind all others, and is not among those [`Self::by_key`].
    pub(crate) fn add(&mut self, id: Id) {
        self.all.push(id);
    }

    pub(crate) fn all(&self) -> &[Id] {
        &self.all
    }

    pub(crate) fn by_key(&self) -> &[(Key, Vec<Id>)] {
        &self.by_key
    }

    /// The place of a key in [`Self::by_key`].
    pub(crate) fn place_of(&self, key: Key) -> Option<usize> {
        self.places.get(&key).copied()
    }

    /// Those with the key that has this place in [`Self::by_key`].
    pub(crate) fn with_key(&self, place: usize) -> &[Id] {
        self.by_key.get(place).map_or(&[], |(_, ids)| ids)
    }

    /// The first of those that have another key than the one at `place`, and are not `own`.
    pub(crate) fn first_without(&self, place: Option<usize>, own: Option<Id>, most: usize) -> Vec<Id> {
        // Keys are in the order of their first certificates: what stands behind so many of them is behind all of these.
        let keys = self.by_key.iter().enumerate().filter(|(other, _)| Some(*other) != place).take(most + 1);
        let ids = keys.flat_map(|(_, (_, ids))| ids.iter().take(most + 1));
        let mut first: Vec<Id> = ids.filter(|id| Some(**id) != own).copied().collect();
        first.sort_unstable();
        first.truncate(most);
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_with_another_key_are_those_that_going_through_all_finds(
            keys in prop::collection::vec(0..6u8, 0..40), place in 0..7usize, own in 0..41usize, most in 0..8usize,
        ) {
            let namesakes = Namesakes::new((0..keys.len()).collect(), |id| keys[id]);
            for (place, own) in [(Some(place), Some(own)), (Some(place), None), (None, Some(own)), (None, None)] {
                let key = place.and_then(|place| namesakes.by_key().get(place)).map(|(key, _)| *key);
                let others = (0..keys.len()).filter(|id| Some(keys[*id]) != key && Some(*id) != own);
                let expected: Vec<usize> = others.take(most).collect();
                prop_assert_eq!(namesakes.first_without(place, own, most), expected);
            }
        }
    }
}
