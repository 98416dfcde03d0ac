//! The CRLs at hand, by issuer; what each speaks for, and which keys its signature was checked under, is remembered.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use crate::certificate::{Certificate, Crl, CrlNumber, SignatureCheck, VerifyingKey, oid};
use crate::path::revocation::RevocationStatus;
use crate::path::revocation::deltas::Deltas;
use crate::path::revocation::effort::KEPT_OLD_LISTS;
use crate::path::revocation::obstacle::{Obstacle, uris};
use crate::path::revocation::point::Scope;
use crate::remembered::Remembered;
use crate::time::Time;

/// The CRLs at hand, for one moment.
pub(crate) struct CrlStore {
    at: Time,
    lists: Vec<StoredCrl>,
    /// By issuer in comparable form, the newest first.
    complete: HashMap<Vec<u8>, Vec<usize>>,
    /// The issuers of whose lists not in force some were not kept.
    left_out: HashSet<Vec<u8>>,
    deltas: Deltas,
    /// What was found out about CA certificates: certificate, issuer and trust anchor, each by its SHA-256.
    known: Remembered<[[u8; 32]; 3], RevocationStatus>,
}

impl CrlStore {
    /// Takes each list once, however often it is there, to be asked what holds at `at`.
    pub(crate) fn new(crls: Vec<Arc<Crl>>, at: Time) -> Self {
        let mut seen = HashSet::new();
        let mut lists: Vec<_> = crls.into_iter().filter(|crl| seen.insert(*crl.sha256())).map(StoredCrl::new).collect();
        lists.sort_by(|one, two| two.age().cmp(&one.age()).then_with(|| one.crl.sha256().cmp(two.crl.sha256())));
        let deltas = Deltas::new(&mut lists, at);
        let mut complete = HashMap::<_, Vec<_>>::new();
        let mut left_out = HashSet::new();
        let mut others = HashMap::<(Vec<u8>, Option<Vec<u8>>, bool), usize>::new();
        for (place, list) in lists.iter_mut().enumerate().filter(|(_, list)| !list.crl.is_delta()) {
            let is_issued = list.crl.this_update().is_some_and(|issued| issued <= at);
            list.is_in_force = is_issued && (list.crl.is_current_at(at) || deltas.continue_list(list));
            if !list.is_in_force {
                // No certificate has to go through the whole of an archive.
                let scope = list.extension(oid::ISSUING_DISTRIBUTION_POINT).map(<[u8]>::to_vec);
                let before = others.entry((list.issuer.clone(), scope, is_issued)).or_default();
                *before += 1;
                if *before > KEPT_OLD_LISTS {
                    if is_issued {
                        left_out.insert(list.issuer.clone());
                    }
                    continue;
                }
            }
            complete.entry(list.issuer.clone()).or_default().push(place);
        }
        Self { at, lists, complete, left_out, deltas, known: Remembered::default() }
    }

    /// The moment.
    pub(super) fn at(&self) -> Time {
        self.at
    }

    /// What `ask` finds out about a CA certificate on a path to `anchor`, which is asked once: a mesh has a CA on many paths. For one set
    /// of signers only, as a search has them.
    pub(crate) fn remember(
        &self,
        ca: &Certificate,
        issuer: &Certificate,
        anchor: &Certificate,
        ask: impl FnOnce() -> RevocationStatus,
    ) -> RevocationStatus {
        let key = [*ca.sha256(), *issuer.sha256(), *anchor.sha256()];
        self.known.get_or_find(&key, ask)
    }

    /// The complete lists of an issuer, given in comparable form: the newest first.
    pub(super) fn complete(&self, issuer: &[u8]) -> impl Iterator<Item = &StoredCrl> {
        self.complete.get(issuer).into_iter().flatten().filter_map(|place| self.lists.get(*place))
    }

    /// The delta CRLs in force that may be laid over `list`, the highest number first; `None` stands for one that builds on a later list.
    pub(super) fn deltas(&self, list: &StoredCrl) -> impl Iterator<Item = Option<&StoredCrl>> {
        self.deltas.of(list).map(|place| place.and_then(|place| self.lists.get(place)))
    }

    /// All delta CRLs of an issuer, in force or not, the newest first.
    pub(super) fn all_deltas(&self, issuer: &[u8]) -> impl Iterator<Item = &StoredCrl> {
        self.deltas.all_of(issuer).iter().filter_map(|place| self.lists.get(*place))
    }

    pub(super) fn has_deltas(&self, issuer: &[u8]) -> bool {
        !self.deltas.all_of(issuer).is_empty()
    }

    /// Whether lists of an issuer that are not in force were not kept, since there are too many.
    pub(super) fn has_left_out(&self, issuer: &[u8]) -> bool {
        self.left_out.contains(issuer)
    }
}

/// When a list was issued: of one day, the number decides.
pub(super) type Age<'a> = (Option<Time>, Option<&'a CrlNumber>);

/// The issuer and what its lists speak for, byte for byte.
pub(super) type Series<'a> = (&'a [u8], Option<&'a [u8]>);

/// A list, and what is asked of it again and again.
pub(super) struct StoredCrl {
    pub(super) crl: Arc<Crl>,
    /// In comparable form.
    pub(super) issuer: Vec<u8>,
    pub(super) scope: Scope,
    /// Of a complete list: whether it is current, or a delta CRL continues it.
    pub(super) is_in_force: bool,
    /// Of a complete list: the group of delta CRLs that may continue it.
    pub(super) deltas: Option<usize>,
    /// What came of its signature under each key that was tried.
    checked: Remembered<Vec<u8>, SignatureCheck>,
    told: OnceLock<Told>,
    /// Whether it is of the CA with this certificate, by SHA-256, where the name takes long to compare.
    by: Remembered<[u8; 32], bool>,
}

/// Longer names are compared once.
const LONG_NAME: usize = 1024;

/// What is told of a list at each certificate that it does not answer for.
pub(super) struct Told {
    pub(super) issuer: String,
    /// The addresses that its issuing distribution point gives it.
    pub(super) points: Vec<String>,
}

impl StoredCrl {
    fn new(crl: Arc<Crl>) -> Self {
        Self {
            issuer: crl.issuer().comparable(),
            scope: Scope::of(&crl),
            is_in_force: false,
            deltas: None,
            checked: Remembered::default(),
            told: OnceLock::new(),
            by: Remembered::default(),
            crl,
        }
    }

    pub(super) fn age(&self) -> Age<'_> {
        (self.crl.this_update(), self.crl.number())
    }

    /// Whether anything may be taken from it at that moment: it was issued by then, and RFC 5280 does not forbid it.
    pub(super) fn may_be_used_at(&self, at: Time) -> Result<(), Obstacle<'_>> {
        if self.crl.flaw().is_some_and(|flaw| flaw.forbids_any_use()) {
            return Err(Obstacle::Flawed(self));
        }
        if self.crl.this_update().is_none_or(|issued| issued > at) {
            return Err(Obstacle::NotYet(self));
        }
        Ok(())
    }

    /// Whether the signature holds under this SubjectPublicKeyInfo, which has what it inherited.
    pub(super) fn check_signature(&self, key: &[u8]) -> SignatureCheck {
        self.checked.get_or_find(key, || self.crl.check_signature(&VerifyingKey::new(key)))
    }

    /// Whether the subject of `ca` is the name of its issuer.
    pub(super) fn is_by(&self, ca: &Certificate) -> bool {
        let (subject, issuer) = (ca.subject(), self.crl.issuer());
        if subject.as_bytes().len().max(issuer.as_bytes().len()) < LONG_NAME {
            return subject.matches(&issuer);
        }
        self.by.get_or_find(ca.sha256(), || subject.matches(&issuer))
    }

    pub(super) fn told(&self) -> &Told {
        self.told.get_or_init(|| Told {
            issuer: self.crl.issuer().abridged(),
            points: self.crl.issuing_distribution_point().map_or_else(Vec::new, |point| uris(&point.full_name)),
        })
    }

    /// How many keys its signature was checked under.
    #[cfg(test)]
    pub(super) fn checks(&self) -> usize {
        self.checked.len()
    }

    pub(super) fn extension(&self, wanted: &[u8]) -> Option<&[u8]> {
        self.crl.extension(wanted).map(|extension| extension.value)
    }

    /// What the lists have in common of which one replaces the other.
    pub(super) fn series(&self) -> Series<'_> {
        (&self.issuer, self.extension(oid::ISSUING_DISTRIBUTION_POINT))
    }
}
