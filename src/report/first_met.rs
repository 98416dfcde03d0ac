//! What many certificates have in common and is told once: with the first it was met at, and of how many different ones.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// Things by their keys, in the order they were first met.
pub(crate) struct FirstMet<K, T> {
    places: HashMap<K, usize>,
    met: Vec<Met<T>>,
}

/// One of them.
pub(crate) struct Met<T> {
    pub(crate) first: T,
    /// The number of the last certificate that was met alone.
    last: Option<u64>,
    alone: u64,
    shared: HashSet<[u8; 32]>,
}

/// Where something was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetAt {
    /// At the certificate that is looked at, which is looked at once and met nowhere else: counting it is enough.
    Alone,
    /// At one that may be met again, by its SHA-256.
    Shared([u8; 32]),
}

/// What was met at a certificate, before the one who counts has heard of it.
#[derive(Debug)]
pub(crate) enum Found<N> {
    /// Known already, by its place.
    Known(usize),
    /// Not known when it was found.
    New(Box<N>),
}

impl<K, T> Default for FirstMet<K, T> {
    fn default() -> Self {
        Self { places: HashMap::new(), met: Vec::new() }
    }
}

impl<K: Hash + Eq, T> FirstMet<K, T> {
    pub(crate) fn place(&self, key: &K) -> Option<usize> {
        self.places.get(key).copied()
    }

    /// Whether one more meeting there would tell nothing.
    pub(crate) fn is_known_at(&self, place: usize, at: MetAt) -> bool {
        match at {
            MetAt::Alone => false,
            MetAt::Shared(sha256) => self.met.get(place).is_some_and(|met| met.shared.contains(&sha256)),
        }
    }

    /// Counts it at the certificate of this number; numbers grow.
    pub(crate) fn meet(&mut self, number: u64, found: Found<(K, T)>, at: MetAt) {
        let place = match found {
            Found::Known(place) => place,
            Found::New(new) => {
                let (key, first) = *new;
                *self.places.entry(key).or_insert_with(|| {
                    self.met.push(Met { first, last: None, alone: 0, shared: HashSet::new() });
                    self.met.len() - 1
                })
            }
        };
        let Some(met) = self.met.get_mut(place) else { return };
        match at {
            MetAt::Alone if met.last == Some(number) => {}
            MetAt::Alone => {
                met.last = Some(number);
                met.alone += 1;
            }
            MetAt::Shared(sha256) => {
                met.shared.insert(sha256);
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Met<T>> {
        self.met.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.met.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.met.is_empty()
    }
}

impl<T> Met<T> {
    /// How many different certificates it was met at.
    pub(crate) fn count(&self) -> u64 {
        self.alone + self.shared.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(met: &FirstMet<&'static str, &'static str>) -> Vec<(&'static str, u64)> {
        met.iter().map(|met| (met.first, met.count())).collect()
    }

    #[test]
    fn the_first_stands_for_all_and_each_certificate_counts_once() {
        let mut met = FirstMet::default();
        let shared = MetAt::Shared([7; 32]);
        // Found before the first was counted, both say that it is new.
        let new = |key, first| Found::New(Box::new((key, first)));
        met.meet(0, new("expired", "one"), MetAt::Alone);
        met.meet(1, new("expired", "two"), MetAt::Alone);
        met.meet(1, new("another", "two"), shared);
        assert_eq!((met.place(&"expired"), met.place(&"revoked")), (Some(0), None));
        // The same certificate again, and one that several have above them.
        met.meet(1, Found::Known(0), MetAt::Alone);
        met.meet(2, Found::Known(0), shared);
        assert!(met.is_known_at(0, shared) && !met.is_known_at(0, MetAt::Alone));
        assert!(!met.is_known_at(0, MetAt::Shared([8; 32])));
        met.meet(3, Found::Known(0), shared);
        assert_eq!(told(&met), [("one", 3), ("two", 1)]);
    }
}
