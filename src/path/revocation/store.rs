//! The CRLs at hand, by issuer; what each speaks for, and which keys its signature was checked under, is remembered.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use crate::certificate::{Certificate, Crl, SignatureCheck, VerifyingKey, oid};
use crate::path::revocation::RevocationStatus;
use crate::path::revocation::point::Scope;
use crate::time::Time;

/// The CRLs at hand.
pub(crate) struct CrlStore {
    lists: Vec<StoredCrl>,
    /// By issuer in comparable form, the newest first.
    complete: HashMap<Vec<u8>, Vec<usize>>,
    deltas: HashMap<Vec<u8>, Vec<usize>>,
    /// What was found out about CA certificates: certificate, issuer and trust anchor, each by its SHA-256.
    known: RwLock<HashMap<[[u8; 32]; 3], RevocationStatus>>,
}

impl CrlStore {
    /// Takes each list once, however often it is there.
    pub(crate) fn new(crls: Vec<Arc<Crl>>) -> Self {
        let mut seen = HashSet::new();
        let mut lists: Vec<_> = crls.into_iter().filter(|crl| seen.insert(*crl.sha256())).map(StoredCrl::new).collect();
        lists.sort_by(|one, two| two.age().cmp(&one.age()).then_with(|| one.crl.sha256().cmp(two.crl.sha256())));
        let (mut complete, mut deltas) = (HashMap::<_, Vec<_>>::new(), HashMap::<_, Vec<_>>::new());
        for (place, list) in lists.iter().enumerate() {
            let index = if list.crl.is_delta() { &mut deltas } else { &mut complete };
            index.entry(list.issuer.clone()).or_default().push(place);
        }
        Self { lists, complete, deltas, known: RwLock::default() }
    }

    /// What `ask` finds out about a CA certificate on a path to `anchor`, which is asked once: a mesh has a CA on many paths. For one moment
    /// and one set of signers only, as a search has them.
    pub(crate) fn remember(
        &self,
        ca: &Certificate,
        issuer: &Certificate,
        anchor: &Certificate,
        ask: impl FnOnce() -> RevocationStatus,
    ) -> RevocationStatus {
        let key = [*ca.sha256(), *issuer.sha256(), *anchor.sha256()];
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let found = ask();
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(key, found.clone());
        found
    }

    fn of<'a>(&'a self, places: Option<&'a Vec<usize>>) -> impl Iterator<Item = &'a StoredCrl> {
        places.into_iter().flatten().filter_map(|place| self.lists.get(*place))
    }

    /// The complete lists of an issuer, given in comparable form: the newest first.
    pub(super) fn complete(&self, issuer: &[u8]) -> impl Iterator<Item = &StoredCrl> {
        self.of(self.complete.get(issuer))
    }

    /// The delta CRLs of the issuer of `list`.
    pub(super) fn deltas(&self, list: &StoredCrl) -> impl Iterator<Item = &StoredCrl> {
        self.of(self.deltas.get(&list.issuer))
    }

    pub(super) fn has_deltas(&self, issuer: &[u8]) -> bool {
        self.deltas.contains_key(issuer)
    }
}

/// A list, and what is asked of it again and again.
pub(super) struct StoredCrl {
    pub(super) crl: Arc<Crl>,
    /// In comparable form.
    issuer: Vec<u8>,
    pub(super) scope: Scope,
    /// What came of its signature under each key that was tried.
    checked: RwLock<HashMap<Box<[u8]>, SignatureCheck>>,
}

impl StoredCrl {
    fn new(crl: Arc<Crl>) -> Self {
        Self { issuer: crl.issuer().comparable(), scope: Scope::of(&crl), checked: RwLock::default(), crl }
    }

    fn age(&self) -> (Option<Time>, Option<&crate::certificate::CrlNumber>) {
        (self.crl.this_update(), self.crl.number())
    }

    /// Whether the signature holds under this SubjectPublicKeyInfo, which has what it inherited.
    pub(super) fn check_signature(&self, key: &[u8]) -> SignatureCheck {
        if let Some(known) = self.checked.read().unwrap_or_else(PoisonError::into_inner).get(key) {
            return known.clone();
        }
        let result = self.crl.check_signature(&VerifyingKey::new(key));
        self.checked.write().unwrap_or_else(PoisonError::into_inner).insert(key.into(), result.clone());
        result
    }

    /// How many keys its signature was checked under.
    #[cfg(test)]
    pub(super) fn checks(&self) -> usize {
        self.checked.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn extension(&self, wanted: &[u8]) -> Option<&[u8]> {
        self.crl.extension(wanted).map(|extension| extension.value)
    }

    /// Whether both lists have the same issuer and speak for the same certificates.
    pub(super) fn has_scope_of(&self, other: &Self) -> bool {
        self.issuer == other.issuer
            && self.extension(oid::ISSUING_DISTRIBUTION_POINT) == other.extension(oid::ISSUING_DISTRIBUTION_POINT)
    }

    /// Whether this is a delta CRL, current at `at`, that can be laid over `base` (RFC 5280 sections 5.2.4 and 6.3.3 (c)); both
    /// have the same issuer.
    pub(super) fn continues(&self, base: &Self, at: Time) -> bool {
        let (Some(number), Some(from)) = (self.crl.number(), self.crl.base_number()) else { return false };
        base.crl.number().is_some_and(|complete| from <= complete && complete < number)
            && self.crl.is_current_at(at)
            && self.crl.flaw().is_none()
            && self.has_scope_of(base)
            && self.extension(oid::AUTHORITY_KEY_IDENTIFIER) == base.extension(oid::AUTHORITY_KEY_IDENTIFIER)
    }
}
