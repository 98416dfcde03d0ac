//! Every certificate once, with all the places it was found.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::certificate::Certificate;
use crate::source::{KeyProvider, Occurrence, StoreName};
use crate::threads;

/// A certificate and its occurrences; at least one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Entry {
    /// The certificate.
    pub certificate: Arc<Certificate>,
    /// Where it was found, in the order of the sources.
    pub occurrences: Vec<Occurrence>,
}

impl Entry {
    pub(crate) fn new(certificate: Arc<Certificate>, occurrence: Occurrence) -> Self {
        Self { certificate, occurrences: vec![occurrence] }
    }

    /// The friendly names that its occurrences give it.
    pub fn friendly_names(&self) -> impl Iterator<Item = &str> {
        self.properties().filter_map(|found| found.friendly_name.as_deref())
    }

    fn properties(&self) -> impl Iterator<Item = &crate::source::Properties> {
        self.occurrences.iter().filter_map(|occurrence| occurrence.properties.as_deref())
    }

    /// The key provider with the strongest evidence among its occurrences.
    pub fn key_provider(&self) -> Option<&KeyProvider> {
        KeyProvider::strongest(self.properties().filter_map(|found| found.key_provider.as_ref()))
    }

    /// Whether a private key stands beside it anywhere.
    pub fn has_private_key(&self) -> bool {
        self.properties().any(|found| found.has_private_key)
    }

    /// Whether every place that holds it has put it aside.
    pub(crate) fn is_archived(&self) -> bool {
        let archives = |place: &Occurrence| place.properties.as_deref().is_some_and(|found| found.archived);
        !self.occurrences.is_empty() && self.occurrences.iter().all(archives)
    }

    /// The stores that hold it.
    pub fn stores(&self) -> impl Iterator<Item = &StoreName> {
        self.properties().filter_map(|found| found.store.as_ref())
    }
}

/// Certificates, each once, in the order they were first met.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    entries: Vec<Entry>,
    by_sha256: HashMap<[u8; 32], usize>,
}

impl Pool {
    /// Adds an occurrence; `true` where the certificate is new.
    pub(crate) fn add(&mut self, certificate: Arc<Certificate>, occurrence: Occurrence) -> bool {
        let next = self.entries.len();
        match *self.by_sha256.entry(*certificate.sha256()).or_insert(next) {
            index if index == next => self.entries.push(Entry::new(certificate, occurrence)),
            index => self.entries[index].occurrences.push(occurrence),
        }
        next < self.entries.len()
    }

    /// Adds everything that another pool holds.
    pub(crate) fn absorb(&mut self, mut other: Self) {
        for entry in std::mem::take(&mut other.entries) {
            for occurrence in entry.occurrences {
                self.add(entry.certificate.clone(), occurrence);
            }
        }
    }

    /// Takes out those of these SHA-256, in their order.
    pub(crate) fn take(&mut self, wanted: &HashSet<[u8; 32]>) -> Vec<Entry> {
        let is_wanted = |entry: &Entry| wanted.contains(entry.certificate.sha256());
        let (taken, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.entries).into_iter().partition(is_wanted);
        self.by_sha256 = kept.iter().enumerate().map(|(index, entry)| (*entry.certificate.sha256(), index)).collect();
        self.entries = kept;
        taken
    }

    pub(crate) fn get(&self, sha256: &[u8; 32]) -> Option<&Entry> {
        self.by_sha256.get(sha256).map(|index| &self.entries[*index])
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let entries = std::mem::take(&mut self.entries);
        let count = entries.len();
        threads::drop_aside(entries, count);
    }
}
