//! What must be added and removed to get from one set of CA certificates to another: by certificate, with a renewed CA and the
//! one it replaces paired.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::certificate::Certificate;

/// How a certificate that goes and one that comes belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Relation {
    /// The new one names the old one as its predecessor (previous CA hash).
    Successor,
    /// One name and one key: a renewal that kept the key. What the old one issued verifies under the new one.
    RenewedSameKey,
    /// One name, another key: a renewal with a new key. What the old key signed needs the old certificate.
    RenewedNewKey,
}

impl Relation {
    /// The name in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Successor => "successor",
            Self::RenewedSameKey => "renewed-same-key",
            Self::RenewedNewKey => "renewed-new-key",
        }
    }
}

/// Two certificates of one CA.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Pair {
    /// The one that is replaced.
    pub old: Arc<Certificate>,
    /// The one that replaces it.
    pub new: Arc<Certificate>,
    /// What they have in common.
    pub relation: Relation,
    /// Whether the key is the same: only then does the new one verify what the old one issued.
    pub same_key: bool,
}

/// How to get from the one set to the other.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Difference {
    /// In the second set alone.
    pub add: Vec<Arc<Certificate>>,
    /// In the first set alone.
    pub remove: Vec<Arc<Certificate>>,
    /// In both.
    pub keep: Vec<Arc<Certificate>>,
    /// Of those that go, and of those that stay, which one that comes is of the same CA; each new one at most once.
    pub pairs: Vec<Pair>,
}

impl Difference {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }
}

/// Compares two sets by certificate; the order of the result says nothing of the order of the input.
pub fn diff(before: &[Arc<Certificate>], after: &[Arc<Certificate>]) -> Difference {
    let hashes = |list: &[Arc<Certificate>]| list.iter().map(|one| *one.sha256()).collect::<HashSet<_>>();
    let (in_before, in_after) = (hashes(before), hashes(after));
    let only = |list: &[Arc<Certificate>], others: &HashSet<[u8; 32]>, wanted: bool| {
        let mut seen = HashSet::new();
        let chosen = list.iter().filter(|one| others.contains(one.sha256()) == wanted && seen.insert(*one.sha256()));
        let mut chosen: Vec<Arc<Certificate>> = chosen.cloned().collect();
        chosen.sort_by_cached_key(|one| {
            (!one.is_self_signed(), one.subject().comparable(), one.not_after(), *one.sha256())
        });
        chosen
    };
    let mut difference = Difference {
        add: only(after, &in_before, false),
        remove: only(before, &in_after, false),
        keep: only(before, &in_after, true),
        pairs: Vec::new(),
    };
    difference.pairs = pairs(&difference);
    difference
}

/// For each certificate that comes, the best of those that were there before and are of the same CA.
fn pairs(difference: &Difference) -> Vec<Pair> {
    let mut by_name: HashMap<Vec<u8>, Vec<&Arc<Certificate>>> = HashMap::new();
    let mut by_thumbprint: HashMap<[u8; 20], &Arc<Certificate>> = HashMap::new();
    for old in difference.remove.iter().chain(&difference.keep) {
        by_name.entry(old.subject().comparable()).or_default().push(old);
        by_thumbprint.insert(*old.thumbprint(), old);
    }
    let removed: HashSet<[u8; 32]> = difference.remove.iter().map(|one| *one.sha256()).collect();
    let mut taken = HashSet::new();
    let mut pairs = Vec::new();
    for new in &difference.add {
        let named = new.previous_ca_hash().and_then(|hash| hash.try_into().ok());
        let predecessor = named.and_then(|hash: [u8; 20]| by_thumbprint.get(&hash).copied());
        let of_name = by_name.get(&new.subject().comparable()).into_iter().flatten().copied();
        let candidates = predecessor.into_iter().map(|old| (old, true)).chain(of_name.map(|old| (old, false)));
        // A certificate that goes before one that stays; the named predecessor, the same key and the later one first.
        let best = candidates
            .filter(|(old, _)| is_of_one_kind(old, new))
            .filter(|(old, _)| !taken.contains(old.sha256()))
            .max_by_key(|(old, is_named)| {
                (*is_named, removed.contains(old.sha256()), same_key(old, new), old.not_after(), *old.sha256())
            });
        if let Some((old, is_named)) = best {
            taken.insert(*old.sha256());
            let same_key = same_key(old, new);
            let relation = match (is_named, same_key) {
                (true, _) => Relation::Successor,
                (false, true) => Relation::RenewedSameKey,
                (false, false) => Relation::RenewedNewKey,
            };
            pairs.push(Pair { old: old.clone(), new: new.clone(), relation, same_key });
        }
    }
    pairs
}

fn same_key(old: &Certificate, new: &Certificate) -> bool {
    old.subject_public_key_info() == new.subject_public_key_info()
}

/// A root is not renewed by an intermediate of its name, as key-rollover and cross-certificates are.
fn is_of_one_kind(old: &Certificate, new: &Certificate) -> bool {
    old.is_self_issued() == new.is_self_issued() && old.is_self_signed() == new.is_self_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str) -> Arc<Certificate> {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/pki").join(name);
        Arc::new(Certificate::from_der(&std::fs::read(path).unwrap()).unwrap())
    }

    fn names(list: &[Arc<Certificate>]) -> Vec<[u8; 32]> {
        list.iter().map(|one| *one.sha256()).collect()
    }

    #[test]
    fn what_is_in_both_stays_and_the_rest_comes_or_goes() {
        let (root, issuing) = (read("wrong-eku/root.cer"), read("wrong-eku/issuing.cer"));
        let other = read("path-length/root.cer");
        let found = diff(&[root.clone(), issuing.clone()], &[other.clone(), root.clone(), root.clone()]);
        assert_eq!(names(&found.keep), names(&[root]));
        assert_eq!(names(&found.add), names(&[other]));
        assert_eq!(names(&found.remove), names(&[issuing]));
        assert!(found.pairs.is_empty());
    }

    #[test]
    fn a_renewal_that_kept_the_key_names_its_predecessor() {
        let (old, new) = (read("renewed-same-key/root-0.cer"), read("renewed-same-key/root-1.cer"));
        let found = diff(std::slice::from_ref(&old), std::slice::from_ref(&new));
        let [pair] = found.pairs.as_slice() else { panic!("{:?}", found.pairs) };
        assert_eq!((pair.relation, pair.same_key), (Relation::Successor, true));
        assert_eq!((pair.old.sha256(), pair.new.sha256()), (old.sha256(), new.sha256()));
    }

    #[test]
    fn a_renewal_with_a_new_key_is_paired_by_its_name_and_not_with_a_rollover_certificate() {
        let (old, new) = (read("renewed-new-key/root-0.cer"), read("renewed-new-key/root-1.cer"));
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/pki/renewed-new-key");
        let cross: Vec<Arc<Certificate>> = std::fs::read_dir(folder)
            .unwrap()
            .filter_map(|entry| Certificate::from_der(&std::fs::read(entry.unwrap().path()).unwrap()).ok())
            .filter(|one| one.is_self_issued() && !one.is_self_signed())
            .map(Arc::new)
            .collect();
        assert_eq!(cross.len(), 2);
        let after: Vec<_> = cross.into_iter().chain([new.clone()]).collect();
        let found = diff(std::slice::from_ref(&old), &after);
        let [pair] = found.pairs.as_slice() else { panic!("{:?}", found.pairs) };
        assert_eq!(pair.new.sha256(), new.sha256());
        assert!(!pair.same_key);
    }

    #[test]
    fn the_order_of_the_input_says_nothing() {
        let list =
            ["renewed-new-key/root-0.cer", "renewed-new-key/root-1.cer", "loop/a.cer", "loop/a-by-b.cer"].map(read);
        let reversed: Vec<_> = list.iter().rev().cloned().collect();
        let (one, two) = (diff(&[], &list), diff(&[], &reversed));
        assert_eq!(names(&one.add), names(&two.add));
    }
}
