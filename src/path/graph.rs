//! The CA certificates at hand, and who issued whom: candidates by name and key identifier, decided by the signature.

mod inheritance;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::certificate::{Certificate, HashAlgorithm, Name, SignatureCheck, VerifyingKey};
use crate::path::revocation::signers::SignerPool;
use crate::path::revocation::{self, CrlIssuer, CrlStore, RevocationStatus};
use crate::path::settings::Settings;
use crate::path::trace::{Check, Failure, keep_refused};
use crate::path::{checks, conformance, search::IssuerPaths, windows};
use crate::source::Restrictions;
use crate::time::Time;

/// Steps of the searches above all CAs together, paths, and refused candidates that are kept: some seconds, and some hundred MiB.
const STEPS_OF_ALL: usize = 4_000_000;
const PATHS_OF_ALL: usize = 50_000;
const REFUSED_OF_ALL: usize = 100_000;
/// What the paths of all CAs keep of policies, and those of one: a policy, or one that leads to it, each of some hundred bytes.
const POLICIES_OF_ALL: usize = 2_000_000;
const POLICIES: usize = 100_000;

/// Tries that a key counts for under a slow algorithm.
const SLOW_TRY: usize = 10;

/// What the search above one CA may do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) steps: usize,
    pub(crate) paths: usize,
    /// Refused candidates that are kept.
    pub(crate) refused: usize,
    /// What the paths keep of policies, beyond which no further one is looked for.
    pub(crate) policies: usize,
}

/// A CA certificate's place in the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeId(pub(crate) u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct KeyId(u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct NameId(u32);

/// One CA certificate, with what the search has found out about it so far.
pub(crate) struct Node {
    pub(crate) certificate: Arc<Certificate>,
    pub(crate) name: NameId,
    pub(crate) key: KeyId,
    pub(crate) anchor: Option<Arc<Restrictions>>,
    pub(crate) is_self_issued: bool,
    /// Whether its key has parameters of the CA above it.
    pub(crate) inherits: bool,
    links: OnceLock<Links>,
    checked: OnceLock<Result<(), Failure>>,
    pub(crate) paths: OnceLock<IssuerPaths>,
}

/// The issuers of one certificate.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// Those whose key made the signature, itself left out.
    pub(crate) issuers: Vec<NodeId>,
    pub(crate) refused: Vec<(NodeId, Failure)>,
    /// Whether its own key made its signature.
    pub(crate) is_self_signed: bool,
    /// Whether keys were left untried.
    pub(crate) exhausted: bool,
}

impl Links {
    fn refuse(&mut self, most: usize, candidate: NodeId, why: impl FnOnce() -> Failure) {
        keep_refused(&mut self.refused, most, why, |failure| (candidate, failure));
    }
}

/// The certificates that can be issuers, by name, key and key identifier.
pub(crate) struct Graph {
    nodes: Vec<Node>,
    keys: Vec<VerifyingKey>,
    names: Vec<Vec<NodeId>>,
    by_raw_name: HashMap<Box<[u8]>, NameId>,
    by_name: HashMap<Vec<u8>, NameId>,
    by_key_identifier: HashMap<Box<[u8]>, Vec<NodeId>>,
    by_sha256: HashMap<[u8; 32], NodeId>,
    disallowed: Vec<[u8; 32]>,
    pub(super) distances: OnceLock<Vec<u32>>,
    /// `None` where there are no CRLs, and none are asked for.
    pub(crate) revocation: Option<Box<Revocation>>,
    pub(crate) settings: Settings,
}

/// The CRLs, and who may sign them.
pub(crate) struct Revocation {
    pub(crate) store: CrlStore,
    pub(crate) signers: SignerPool,
}

impl Revocation {
    pub(crate) fn status(
        &self,
        below: &Certificate,
        issuer: CrlIssuer<'_>,
        anchor: &Certificate,
        at: Time,
    ) -> RevocationStatus {
        let ask = || revocation::status(below, issuer, &self.store, at, &self.signers.below(anchor));
        if below.is_end_entity() { ask() } else { self.store.remember(below, issuer.certificate, anchor, ask) }
    }
}

/// What the graph is made of.
pub(crate) struct Issuer {
    pub(crate) certificate: Arc<Certificate>,
    /// `Some` makes it a trust anchor, with the limits that its store puts on it.
    pub(crate) anchor: Option<Restrictions>,
}

impl Graph {
    /// Brings the certificates into an order of their own, so that the order of the input says nothing.
    pub(crate) fn new(mut issuers: Vec<Issuer>, mut disallowed: Vec<[u8; 32]>, settings: Settings) -> Self {
        issuers.sort_by(|one, two| {
            let anchors_first = two.anchor.is_some().cmp(&one.anchor.is_some());
            one.certificate.sha256().cmp(two.certificate.sha256()).then(anchors_first)
        });
        issuers.dedup_by(|again, first| {
            let is_same = again.certificate.sha256() == first.certificate.sha256();
            if is_same && let (Some(limits), Some(more)) = (&mut first.anchor, &again.anchor) {
                limits.add(more);
            }
            is_same
        });
        disallowed.sort_unstable();
        let mut graph = Self {
            nodes: Vec::with_capacity(issuers.len()),
            keys: Vec::new(),
            names: Vec::new(),
            by_raw_name: HashMap::new(),
            by_name: HashMap::new(),
            by_key_identifier: HashMap::new(),
            by_sha256: HashMap::new(),
            disallowed,
            distances: OnceLock::new(),
            revocation: None,
            settings,
        };
        let mut keys: HashMap<Box<[u8]>, KeyId> = HashMap::new();
        for issuer in issuers {
            graph.add(issuer, &mut keys);
        }
        graph.inherit_parameters(&mut keys);
        graph
    }

    fn key_id(&mut self, key: &[u8], keys: &mut HashMap<Box<[u8]>, KeyId>) -> KeyId {
        *keys.entry(key.into()).or_insert_with(|| {
            self.keys.push(VerifyingKey::new(key));
            KeyId(u32::try_from(self.keys.len() - 1).unwrap_or(u32::MAX))
        })
    }

    fn add(&mut self, Issuer { certificate, anchor }: Issuer, keys: &mut HashMap<Box<[u8]>, KeyId>) {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        let key = self.key_id(certificate.subject_public_key_info(), keys);
        let subject = certificate.subject();
        let name = *self.by_name.entry(subject.comparable()).or_insert_with(|| {
            self.names.push(Vec::new());
            NameId(u32::try_from(self.names.len() - 1).unwrap_or(u32::MAX))
        });
        self.by_raw_name.insert(subject.as_bytes().into(), name);
        self.names[name.0 as usize].push(id);
        if let Some(identifier) = certificate.subject_key_identifier() {
            self.by_key_identifier.entry(identifier.into()).or_default().push(id);
        }
        self.by_sha256.insert(*certificate.sha256(), id);
        let is_self_issued = certificate.is_self_issued();
        self.nodes.push(Node {
            certificate,
            name,
            key,
            anchor: anchor.map(Arc::new),
            is_self_issued,
            inherits: false,
            links: OnceLock::new(),
            checked: OnceLock::new(),
            paths: OnceLock::new(),
        });
    }

    /// What the search above one CA may do: less where there are thousands of CAs, so that all of them together end.
    pub(crate) fn limits(&self) -> Limits {
        let budget = &self.settings.budget;
        let share = |of_all: usize, least: usize, most: usize| (of_all / self.nodes.len().max(1)).max(least).min(most);
        Limits {
            steps: share(STEPS_OF_ALL, 500, budget.steps_per_issuer),
            paths: share(PATHS_OF_ALL, 16, budget.paths_per_issuer),
            policies: share(POLICIES_OF_ALL, 1_000, POLICIES),
            refused: share(REFUSED_OF_ALL, 32, budget.refused_per_issuer),
        }
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// Its public key, with the parameters that it may have from the CA above it.
    pub(crate) fn public_key(&self, id: NodeId) -> &VerifyingKey {
        &self.keys[self.node(id).key.0 as usize]
    }

    pub(crate) fn certificate(&self, id: NodeId) -> &Arc<Certificate> {
        &self.node(id).certificate
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = NodeId> {
        (0..u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)).map(NodeId)
    }

    pub(crate) fn find(&self, sha256: &[u8; 32]) -> Option<NodeId> {
        self.by_sha256.get(sha256).copied()
    }

    /// The certificates whose subject matches this name.
    pub(crate) fn with_subject(&self, name: &Name<'_>) -> &[NodeId] {
        let id = self.by_raw_name.get(name.as_bytes()).or_else(|| self.by_name.get(&name.comparable()));
        id.map_or(&[], |id| &self.names[id.0 as usize])
    }

    /// The issuers of a CA certificate of the graph; each signature is checked once.
    pub(crate) fn links(&self, id: NodeId) -> &Links {
        let node = self.node(id);
        node.links.get_or_init(|| self.find_issuers(&node.certificate, Some(id), true))
    }

    /// Whether the certificate may be an issuer at all, wherever it stands: dates, extensions, basic constraints, key usage.
    pub(crate) fn check(&self, id: NodeId) -> Result<(), Failure> {
        let node = self.node(id);
        node.checked
            .get_or_init(|| {
                let certificate = &node.certificate;
                if self.is_disallowed(certificate) {
                    return Err(checks::disallowed());
                }
                checks::encoding(certificate)?;
                if self.settings.strict {
                    conformance::check(certificate)?;
                }
                // What an anchor says of itself is not RFC 5280's affair.
                let of_anchor = |failure: Failure| match node.anchor {
                    Some(_) => failure.differing(&windows::ANCHOR),
                    None => failure,
                };
                checks::validity(certificate, self.settings.at).map_err(of_anchor)?;
                checks::issuer(certificate, node.anchor.is_some())?;
                if node.anchor.is_none() {
                    checks::tls_signature(certificate, self.settings.purpose)?;
                }
                match self.settings.purpose.usage() {
                    Some(usage) => checks::allows_usage(certificate, usage).map_err(|failure| match failure.windows {
                        None if failure.check == Check::ExtendedKeyUsage => failure.differing(&windows::EKU_OF_CAS),
                        _ => failure,
                    }),
                    None => Ok(()),
                }
            })
            .clone()
    }

    /// A CA as the one whose CRLs are asked about a certificate below it.
    pub(crate) fn crl_issuer(&self, id: NodeId) -> CrlIssuer<'_> {
        CrlIssuer { certificate: self.certificate(id), key: self.public_key(id).as_bytes() }
    }

    pub(crate) fn is_disallowed(&self, certificate: &Certificate) -> bool {
        self.disallowed.binary_search(certificate.sha256()).is_ok()
    }

    /// That a certificate below `issuer`, on a path to `anchor`, is not revoked; where that must be known, that it is known.
    pub(crate) fn check_revocation(&self, below: &Certificate, issuer: NodeId, anchor: NodeId) -> Result<(), Failure> {
        let settings = &self.settings;
        let Some(revocation) = &self.revocation else {
            if settings.require_revocation {
                return Err(Failure::new(
                    Check::RevocationUnknown,
                    "a CRL that tells",
                    "no CRL at all; give them with --crl",
                )
                .differing(&windows::REVOCATION_UNKNOWN));
            }
            return Ok(());
        };
        match revocation.status(below, self.crl_issuer(issuer), self.certificate(anchor), settings.at) {
            RevocationStatus::Good => Ok(()),
            status @ RevocationStatus::Revoked { .. } => {
                Err(Failure::new(Check::Revoked, "a certificate that is not revoked", status.to_string()))
            }
            RevocationStatus::Unknown { why, .. } if settings.require_revocation => {
                let failure = Failure::new(Check::RevocationUnknown, "a CRL that tells", why);
                Err(failure.differing(&windows::REVOCATION_UNKNOWN))
            }
            RevocationStatus::Unknown { .. } => Ok(()),
        }
    }

    /// The issuers of any certificate. With `explain`, also why each other candidate is none.
    pub(crate) fn find_issuers(&self, below: &Certificate, own: Option<NodeId>, explain: bool) -> Links {
        let mut links = Links::default();
        let most = self.limits().refused;
        let issuer_name = below.issuer();
        let candidates = self.with_subject(&issuer_name);
        let authority = below.authority_key_identifier();
        let authority = authority.get();

        let mut keys: Vec<(Closeness, KeyId)> = Vec::with_capacity(candidates.len());
        for id in candidates {
            let node = self.node(*id);
            let closeness = Closeness::of(authority, &node.certificate);
            match keys.iter_mut().find(|(_, key)| *key == node.key) {
                Some((best, _)) => *best = (*best).min(closeness),
                None => keys.push((closeness, node.key)),
            }
            // A mesh of one name with thousands of keys: what stands behind the budget is never tried.
            if keys.len() > 16 * self.settings.budget.keys_per_certificate {
                links.exhausted = true;
                break;
            }
        }
        keys.sort_by_key(|(closeness, _)| *closeness);

        let mut signer = None;
        let mut outcomes: Vec<(KeyId, SignatureCheck)> = Vec::new();
        let most_tried = self.settings.budget.keys_per_certificate;
        let most_tried = if below.signature_algorithm().is_dsa() { most_tried.div_ceil(SLOW_TRY) } else { most_tried };
        for (tried, (_, key)) in keys.iter().enumerate() {
            if tried == most_tried {
                links.exhausted = true;
                break;
            }
            let outcome = below.check_signature(&self.keys[key.0 as usize]);
            if outcome == SignatureCheck::Valid {
                signer = Some(*key);
                break;
            }
            outcomes.push((*key, outcome));
        }
        for id in candidates {
            let node = self.node(*id);
            if Some(node.key) == signer {
                if Some(*id) == own || node.certificate.sha256() == below.sha256() {
                    links.is_self_signed = true;
                } else {
                    links.issuers.push(*id);
                }
            } else if explain && Some(*id) != own {
                links.refuse(most, *id, || {
                    let outcome = outcomes.iter().find(|(key, _)| *key == node.key).map(|(_, outcome)| outcome);
                    refusal(below, &node.certificate, outcome, signer.is_some())
                });
            }
        }
        // A self-signed certificate may be no node of the graph, as a client's own is.
        links.is_self_signed |= own.is_none() && links.issuers.is_empty() && below.is_self_signed();
        if explain {
            self.refuse_other_names(below, authority.and_then(|found| found.key_identifier), &mut links);
        }
        links
    }

    /// The candidates that have the key identifier but another name.
    fn refuse_other_names(&self, below: &Certificate, identifier: Option<&[u8]>, links: &mut Links) {
        let same = identifier.and_then(|identifier| self.by_key_identifier.get(identifier));
        let most = self.limits().refused;
        for id in same.into_iter().flatten() {
            if links.refused.len() > most {
                break;
            }
            let subject = self.certificate(*id).subject();
            if !subject.matches(&below.issuer()) && self.certificate(*id).sha256() != below.sha256() {
                links.refuse(most, *id, || Failure::new(Check::Name, below.issuer().to_string(), subject.to_string()));
            }
        }
    }
}

/// Why a certificate of the issuer's name is not the issuer.
fn refusal(
    below: &Certificate,
    candidate: &Certificate,
    outcome: Option<&SignatureCheck>,
    is_signed_by_another: bool,
) -> Failure {
    let authority = below.authority_key_identifier();
    let wanted = authority.get().and_then(|authority| authority.key_identifier);
    if let (Some(wanted), Some(found)) = (wanted, candidate.subject_key_identifier())
        && wanted != found
    {
        return Failure::new(Check::KeyIdentifier, hex(wanted), hex(found));
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

fn hex(bytes: &[u8]) -> String {
    crate::certificate::general_name::hex(bytes)
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
    fn of(authority: Option<&crate::certificate::AuthorityKeyIdentifier<'_>>, candidate: &Certificate) -> Self {
        let Some(authority) = authority else { return Self::Name };
        let key = match (authority.key_identifier, candidate.subject_key_identifier()) {
            (Some(wanted), Some(found)) => Some(wanted == found),
            _ => None,
        };
        let serial = match (authority.issuer, authority.serial_number) {
            (Some(issuer), Some(serial)) => {
                Some(serial == candidate.serial_number() && issuer.matches(&candidate.issuer()))
            }
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

/// The order of thumbprints, the last resort of every choice.
pub(crate) fn by_thumbprint(one: &Certificate, two: &Certificate) -> Ordering {
    one.thumbprint().cmp(two.thumbprint())
}
