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
    /// Of those that go, and of those that stay, which one that comes is of the same CA, each new one at most once; then of those that
    /// go and are in none of these pairs, which one that stays or comes is of the same CA.
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
    let more = replaced(&difference);
    difference.pairs.extend(more);
    difference
}

/// Certificates of one name and kind, the later one behind the earlier: those that go before those that stay, and so for each key.
#[derive(Default)]
struct Candidates<'a> {
    all: [Vec<&'a Arc<Certificate>>; 2],
    of_key: [HashMap<&'a [u8], Vec<&'a Arc<Certificate>>>; 2],
}

impl<'a> Candidates<'a> {
    fn add(&mut self, old: &'a Arc<Certificate>, stays: bool) {
        let stays = usize::from(stays);
        self.all[stays].push(old);
        self.of_key[stays].entry(old.subject_public_key_info()).or_default().push(old);
    }

    /// A certificate that goes before one that stays; the same key, and the later one, first.
    fn best(&mut self, new: &Certificate, taken: &HashSet<[u8; 32]>) -> Option<&'a Arc<Certificate>> {
        // What is taken stays so, and is not looked at twice.
        let free = |list: &mut Vec<&'a Arc<Certificate>>| {
            while list.pop_if(|old| taken.contains(old.sha256())).is_some() {}
            list.last().copied()
        };
        let key = new.subject_public_key_info();
        self.all.iter_mut().zip(&mut self.of_key).find_map(|(all, of_key)| {
            let of_key = of_key.get_mut(key).and_then(free);
            of_key.or_else(|| free(all))
        })
    }
}

/// For each certificate that comes, the best of those that were there before and are of the same CA: the predecessor that it names, else
/// [`Candidates::best`].
fn pairs(difference: &Difference) -> Vec<Pair> {
    let stay = difference.keep.iter().map(|old| (old, true));
    let mut before: Vec<_> = difference.remove.iter().map(|old| (old, false)).chain(stay).collect();
    before.sort_by_key(|(old, _)| (old.not_after(), *old.sha256()));
    let mut by_kind: HashMap<_, Candidates<'_>> = HashMap::new();
    let mut by_thumbprint: HashMap<[u8; 20], &Arc<Certificate>> = HashMap::new();
    for (old, stays) in before {
        by_kind.entry(kind(old)).or_default().add(old, stays);
        by_thumbprint.insert(*old.thumbprint(), old);
    }
    let mut taken = HashSet::new();
    let mut pairs = Vec::new();
    for new in &difference.add {
        let named = new.previous_ca_hash().and_then(|hash| hash.try_into().ok());
        let predecessor = named.and_then(|hash: [u8; 20]| by_thumbprint.get(&hash).copied());
        let predecessor = predecessor.filter(|old| Signer::of(old) == Signer::of(new) && !taken.contains(old.sha256()));
        let best = predecessor.or_else(|| by_kind.get_mut(&kind(new))?.best(new, &taken));
        if let Some(old) = best {
            taken.insert(*old.sha256());
            pairs.push(Pair::new(old, new, predecessor.is_some()));
        }
    }
    pairs
}

/// For each certificate that goes and is in no pair yet, what takes its place among those that stay or come: the one that names it as
/// predecessor, else the latest of its key, else the latest of its name where that ends no earlier.
fn replaced(difference: &Difference) -> Vec<Pair> {
    let paired: HashSet<&[u8; 32]> = difference.pairs.iter().map(|pair| pair.old.sha256()).collect();
    let mut after: Vec<_> = difference.keep.iter().chain(&difference.add).collect();
    after.sort_by_key(|new| (new.not_after(), *new.sha256()));
    let (mut heirs, mut of_key, mut of_kind) = (HashMap::new(), HashMap::new(), HashMap::new());
    for new in after {
        if let Some(hash) = new.previous_ca_hash().and_then(|hash| <[u8; 20]>::try_from(hash).ok()) {
            heirs.insert(hash, new);
        }
        of_key.insert((kind(new), new.subject_public_key_info()), new);
        of_kind.insert(kind(new), new);
    }
    let pair = |old: &Arc<Certificate>| {
        let heir = heirs.get(old.thumbprint()).filter(|new| Signer::of(old) == Signer::of(new));
        let latest = || of_kind.get(&kind(old)).filter(|new| new.not_after() >= old.not_after());
        let new = heir.or_else(|| of_key.get(&(kind(old), old.subject_public_key_info()))).or_else(latest)?;
        Some(Pair::new(old, new, heir.is_some()))
    };
    difference.remove.iter().filter(|old| !paired.contains(old.sha256())).filter_map(pair).collect()
}

impl Pair {
    fn new(old: &Arc<Certificate>, new: &Arc<Certificate>, names_it: bool) -> Self {
        let same_key = same_key(old, new);
        let relation = match (names_it, same_key) {
            (true, _) => Relation::Successor,
            (false, true) => Relation::RenewedSameKey,
            (false, false) => Relation::RenewedNewKey,
        };
        Self { old: old.clone(), new: new.clone(), relation, same_key }
    }
}

/// What two certificates of one CA have in common, whatever their keys are.
fn kind(one: &Certificate) -> (Vec<u8>, Signer) {
    (one.subject().comparable(), Signer::of(one))
}

/// Who certified it: a root is not renewed by an intermediate of its name, as key-rollover and cross-certificates are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Signer {
    has_its_name: bool,
    has_its_key: bool,
}

impl Signer {
    fn of(one: &Certificate) -> Self {
        Self { has_its_name: one.is_self_issued(), has_its_key: one.is_self_signed() }
    }
}

fn same_key(old: &Certificate, new: &Certificate) -> bool {
    old.subject_public_key_info() == new.subject_public_key_info()
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

    /// As [`pairs`], by going through every certificate for each.
    fn pairs_one_by_one(difference: &Difference) -> Vec<[[u8; 32]; 2]> {
        let mut taken = HashSet::new();
        let mut pairs = Vec::new();
        for new in &difference.add {
            let before =
                difference.remove.iter().map(|old| (old, true)).chain(difference.keep.iter().map(|old| (old, false)));
            let is_named = |old: &Certificate| new.previous_ca_hash() == Some(&old.thumbprint()[..]);
            let best = before
                .filter(|(old, _)| is_named(old) || old.subject().matches(&new.subject()))
                .filter(|(old, _)| Signer::of(old) == Signer::of(new) && !taken.contains(old.sha256()))
                .max_by_key(|(old, goes)| (is_named(old), *goes, same_key(old, new), old.not_after(), *old.sha256()));
            if let Some((old, _)) = best {
                taken.insert(*old.sha256());
                pairs.push([*old.sha256(), *new.sha256()]);
            }
        }
        pairs
    }

    #[test]
    fn each_is_paired_with_the_best_of_all_that_were_there() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/pki");
        let files = std::fs::read_dir(folder).unwrap().flat_map(|pki| std::fs::read_dir(pki.unwrap().path()).unwrap());
        let mut all: Vec<_> = files
            .filter_map(|file| Certificate::from_der(&std::fs::read(file.unwrap().path()).ok()?).ok().map(Arc::new))
            .collect();
        all.sort_by_key(|one| *one.sha256());
        let mut count = 0;
        let mut dice = 1u64;
        for _ in 0..200 {
            let mut side = |list: &mut Vec<_>, one: &Arc<Certificate>| {
                dice = dice.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                if dice >> 62 != 0 {
                    list.push(one.clone());
                }
            };
            let (mut before, mut after) = (Vec::new(), Vec::new());
            for one in &all {
                side(&mut before, one);
                side(&mut after, one);
            }
            let found = diff(&before, &after);
            let pairs: Vec<_> = found.pairs.iter().map(|pair| [*pair.old.sha256(), *pair.new.sha256()]).collect();
            let expected = pairs_one_by_one(&found);
            assert_eq!(pairs[..expected.len()], expected);
            count += pairs.len();
        }
        assert!(count > 200, "{count}");
    }

    #[test]
    fn what_goes_is_paired_with_the_renewal_that_is_in_both_and_with_what_it_replaced_itself_only_where_that_has_its_key()
     {
        let (old, new) = (read("renewed-same-key/root-0.cer"), read("renewed-same-key/root-1.cer"));
        let found = diff(&[old.clone(), new.clone()], std::slice::from_ref(&new));
        let [pair] = found.pairs.as_slice() else { panic!("{:?}", found.pairs) };
        assert_eq!(
            (pair.relation, pair.old.sha256(), pair.new.sha256()),
            (Relation::Successor, old.sha256(), new.sha256())
        );
        // The other way round it is no renewal, but what the one issued verifies under the other.
        let found = diff(&[old.clone(), new.clone()], std::slice::from_ref(&old));
        let [pair] = found.pairs.as_slice() else { panic!("{:?}", found.pairs) };
        assert_eq!(
            (pair.relation, pair.old.sha256(), pair.new.sha256()),
            (Relation::RenewedSameKey, new.sha256(), old.sha256())
        );
        let (old, new) = (read("renewed-new-key/root-0.cer"), read("renewed-new-key/root-1.cer"));
        let found = diff(&[old.clone(), new.clone()], std::slice::from_ref(&new));
        let [pair] = found.pairs.as_slice() else { panic!("{:?}", found.pairs) };
        assert_eq!((pair.same_key, pair.new.sha256()), (false, new.sha256()));
        let found = diff(&[old.clone(), new], &[old]);
        assert!(found.pairs.is_empty(), "{:?}", found.pairs);
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
