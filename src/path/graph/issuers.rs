//! Who issued a certificate: candidates by name, the likeliest key first, decided by the signature.

use std::cell::OnceCell;
use std::collections::HashSet;

use sha2::{Digest as _, Sha256};

use crate::abridged::abridged_hex;
use crate::certificate::{AuthorityKeyIdentifier, Certificate, HashAlgorithm, Name, SignatureCheck};
use crate::path::graph::{Graph, KeyId, NameId, Namesakes, Node, NodeId};
use crate::path::trace::{Check, Failure, keep_refused};
use crate::path::{checks, windows};

/// Tries that a key counts for under a slow algorithm.
const SLOW_TRY: usize = 10;

/// How many certificates of one name and key are asked how well they fit an authority key identifier: a CA that was renewed has a few.
const LOOKED_AT: usize = 64;

/// How many certificates with the key identifier that is wanted are looked at for another name.
const SAME_IDENTIFIER: usize = 4_000;

/// The issuers of one certificate.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// Those whose key made the signature, itself left out.
    pub(crate) issuers: Vec<NodeId>,
    pub(crate) refused: Vec<(NodeId, Failure)>,
    /// Whether its own key made its signature.
    pub(crate) is_self_signed: bool,
    /// Whether keys were left untried, or issuers left out.
    pub(crate) exhausted: bool,
}

impl Links {
    fn refuse(&mut self, most: usize, candidate: NodeId, why: impl FnOnce() -> Failure) {
        keep_refused(&mut self.refused, most, why, |failure| (candidate, failure));
    }
}

impl Graph {
    /// The issuers of a CA certificate of the graph; each signature is checked once.
    pub(crate) fn links(&self, id: NodeId) -> &Links {
        let node = self.node(id);
        node.links.get_or_init(|| self.find_issuers(&node.certificate, Some(id), true))
    }

    /// The issuers of any certificate. With `explain`, also why each other candidate is none.
    pub(crate) fn find_issuers(&self, below: &Certificate, own: Option<NodeId>, explain: bool) -> Links {
        let mut links = Links::default();
        let name = self.name_id(&below.issuer());
        let nobody = Namesakes::default();
        let candidates = name.map_or(&nobody, |name| self.namesakes(name));
        let authority = below.authority_key_identifier();
        let authority = authority.get();
        let (signer, outcomes) = self.find_signer(below, authority, candidates, &mut links);
        if let Some(signer) = signer {
            let itself = own.or_else(|| self.find(below.sha256()));
            let signers = candidates.with_key(signer);
            links.is_self_signed = itself.is_some_and(|itself| signers.binary_search(&itself).is_ok());
            let most = self.limits().issuers;
            links.issuers.extend(signers.iter().filter(|id| Some(**id) != itself).take(most));
            links.exhausted |= signers.len() - usize::from(links.is_self_signed) > most;
        }
        // A self-signed certificate may be no node of the graph, as a client's own is.
        links.is_self_signed |= own.is_none() && links.issuers.is_empty() && below.is_self_signed();
        if explain {
            let most = self.limits().refused;
            let wanted = authority.and_then(|authority| authority.key_identifier);
            for id in candidates.first_without(signer, own, most + 1) {
                let node = self.node(id);
                links.refuse(most, id, || {
                    let outcome = outcomes.iter().find(|(key, _)| *key == node.key).map(|(_, outcome)| outcome);
                    refusal(below, wanted, &node.certificate, outcome, signer.is_some())
                });
            }
            self.refuse_other_names(below, wanted, name, &mut links);
        }
        links
    }

    /// The key that made the signature, by its place among those of the candidates, and what came of those tried before it: the
    /// likeliest first.
    fn find_signer(
        &self,
        below: &Certificate,
        authority: Option<&AuthorityKeyIdentifier<'_>>,
        candidates: &Namesakes,
        links: &mut Links,
    ) -> (Option<usize>, Vec<(KeyId, SignatureCheck)>) {
        let issuer = OnceCell::new();
        let is_issuer = |name: &Name<'_>, id: NodeId| *issuer.get_or_init(|| digest(name)) == *self.issuer_digest(id);
        // A mesh of one name with thousands of keys: what stands behind the budget is never tried.
        let most = 16 * self.settings.budget.keys_per_certificate;
        links.exhausted |= candidates.by_key().len() > most;
        let closeness = |ids: &[NodeId]| {
            let looked_at = ids.iter().take(LOOKED_AT);
            looked_at.map(|id| Closeness::of(authority, self.certificate(*id), |name| is_issuer(name, *id))).min()
        };
        let mut keys: Vec<(usize, KeyId)> =
            candidates.by_key().iter().take(most + 1).map(|(key, _)| *key).enumerate().collect();
        if candidates.by_key().len() > keys.len() {
            // The one that is named must be among those that are looked at.
            keys.extend(self.named_keys(authority, candidates).filter(|(place, _)| *place > most).take(most));
        }
        if keys.len() > 1 {
            keys.sort_by_cached_key(|(place, _)| closeness(candidates.with_key(*place)));
        }
        let mut outcomes: Vec<(KeyId, SignatureCheck)> = Vec::new();
        let most_tried = self.settings.budget.keys_per_certificate;
        let most_tried = if below.signature_algorithm().is_dsa() { most_tried.div_ceil(SLOW_TRY) } else { most_tried };
        for (tried, (place, key)) in keys.into_iter().enumerate() {
            if tried == most_tried {
                links.exhausted = true;
                break;
            }
            let outcome = below.check_signature(&self.keys[key.0 as usize]);
            if outcome == SignatureCheck::Valid {
                return (Some(place), outcomes);
            }
            outcomes.push((key, outcome));
        }
        (None, outcomes)
    }

    /// The keys of the candidates whose subject key identifier is the one that is asked for, each with its place.
    fn named_keys<'a>(
        &'a self,
        authority: Option<&AuthorityKeyIdentifier<'_>>,
        candidates: &'a Namesakes,
    ) -> impl Iterator<Item = (usize, KeyId)> + 'a {
        let identifier = authority.and_then(|authority| authority.key_identifier);
        let named = identifier.and_then(|identifier| self.by_key_identifier.get(identifier));
        let mut known = HashSet::new();
        named.into_iter().flatten().take(SAME_IDENTIFIER).filter_map(move |id| {
            let key = self.node(*id).key;
            let place = candidates.place_of(key)?;
            known.insert(place).then_some((place, key))
        })
    }

    fn issuer_digest(&self, id: NodeId) -> &[u8; 32] {
        let node = self.node(id);
        node.issuer_digest.get_or_init(|| digest(&node.certificate.issuer()))
    }

    /// The candidates that have the key identifier but another name.
    fn refuse_other_names(
        &self,
        below: &Certificate,
        identifier: Option<&[u8]>,
        name: Option<NameId>,
        links: &mut Links,
    ) {
        let issuer = OnceCell::new();
        let same = identifier.and_then(|identifier| self.by_key_identifier.get(identifier));
        let most = self.limits().refused;
        for id in same.into_iter().flatten().take(SAME_IDENTIFIER) {
            if links.refused.len() > most {
                break;
            }
            let Node { certificate, name: other, .. } = self.node(*id);
            if Some(*other) != name && certificate.sha256() != below.sha256() {
                let issuer = || issuer.get_or_init(|| below.issuer().abridged()).clone();
                let failure = || Failure::new(Check::Name, issuer(), certificate.abridged_subject());
                links.refuse(most, *id, failure);
            }
        }
    }
}

/// Of a name in comparable form: a long one is gone through once, however often it is compared.
fn digest(name: &Name<'_>) -> [u8; 32] {
    Sha256::digest(name.comparable()).into()
}

/// Why a certificate of the issuer's name is not the issuer.
fn refusal(
    below: &Certificate,
    wanted: Option<&[u8]>,
    candidate: &Certificate,
    outcome: Option<&SignatureCheck>,
    is_signed_by_another: bool,
) -> Failure {
    if let (Some(wanted), Some(found)) = (wanted, candidate.subject_key_identifier())
        && wanted != found
    {
        return Failure::new(Check::KeyIdentifier, abridged_hex(wanted), abridged_hex(found));
    }
    // Under an algorithm that is not the one that was signed no signature holds, and that says nothing of the key.
    if !is_signed_by_another && let Err(mismatch) = checks::one_algorithm(below) {
        return mismatch;
    }
    match outcome {
        Some(SignatureCheck::Unsupported(what)) => {
            let failure = Failure::new(Check::Algorithm, "a supported algorithm and key", what.clone());
            match below.signature_algorithm().hash() {
                Some(HashAlgorithm::Md5) => failure.differing(&windows::BROKEN_HASH),
                _ => failure,
            }
        }
        None if !is_signed_by_another => {
            Failure::new(Check::Budget, "a key that is tried", "more keys of this name than are tried")
        }
        _ => Failure::new(Check::Signature, "a signature by this key", "one that it did not make"),
    }
}

/// How well a candidate fits the authority key identifier: Windows' exact match, key match, name match, and no match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Closeness {
    Exact,
    Key,
    Name,
    Differs,
}

impl Closeness {
    /// `is_issuer` tells whether a name is that of the candidate's own issuer.
    fn of(
        authority: Option<&AuthorityKeyIdentifier<'_>>,
        candidate: &Certificate,
        is_issuer: impl Fn(&Name<'_>) -> bool,
    ) -> Self {
        let Some(authority) = authority else { return Self::Name };
        let key = match (authority.key_identifier, candidate.subject_key_identifier()) {
            (Some(wanted), Some(found)) => Some(wanted == found),
            _ => None,
        };
        let serial = match (authority.issuer, authority.serial_number) {
            (Some(issuer), Some(serial)) => Some(serial == candidate.serial_number() && is_issuer(&issuer)),
            _ => None,
        };
        match (key, serial) {
            (Some(true) | None, Some(true)) => Self::Exact,
            (Some(true), _) => Self::Key,
            (Some(false), _) => Self::Differs,
            _ => Self::Name,
        }
    }
}
