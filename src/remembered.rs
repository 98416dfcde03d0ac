//! What was found out once and is asked again by any thread. Two that ask at the same time may both find it out, so that whatever it is
//! must not depend on who asks.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock};

/// Values by what they were found out about.
#[derive(Debug)]
pub(crate) struct Remembered<K, V>(RwLock<HashMap<K, V>>);

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<K: Eq + Hash, V: Clone> Remembered<K, V> {
    /// What is known of `key`, or else what `find` finds out.
    pub(crate) fn get_or_find<Q>(&self, key: &Q, find: impl FnOnce() -> V) -> V
    where
        Q: ToOwned<Owned = K> + Eq + Hash + ?Sized,
        K: std::borrow::Borrow<Q>,
    {
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(key) {
            return known.clone();
        }
        let found = find();
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), found.clone());
        found
    }

    /// Of how many something is known.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}
