//! The CA certificates at hand, each checked once, and found by name, key and key identifier.

mod inheritance;
mod issuers;
pub(crate) mod namesakes;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

pub(crate) use self::issuers::Links;
use crate::certificate::{Certificate, Name, VerifyingKey};
use crate::path::anchor::AnchorConstraints;
use crate::path::missing::Missing;
use crate::path::name_constraints::Constraints;
use crate::path::revocation::signers::SignerPool;
use crate::path::revocation::{self, CrlIssuer, CrlStore, RevocationStatus};
use crate::path::settings::Settings;
use crate::path::trace::{Check, Failure};
use crate::path::{checks, conformance, search::IssuerPaths, windows};
use crate::source::Restrictions;

/// Steps of the searches above all CAs together, paths, and refused candidates that are kept: some seconds, and some hundred MiB.
const STEPS_OF_ALL: usize = 4_000_000;
const PATHS_OF_ALL: usize = 50_000;
const REFUSED_OF_ALL: usize = 100_000;
/// Issuers of all CAs together: 16 MiB.
const ISSUERS_OF_ALL: usize = 4_000_000;
/// What the paths of all CAs keep of policies, and those of one: a policy, or one that leads to it, each of some hundred bytes.
const POLICIES_OF_ALL: usize = 2_000_000;
const POLICIES: usize = 100_000;

/// What the search above one CA may do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) steps: usize,
    pub(crate) paths: usize,
    /// Refused candidates that are kept.
    pub(crate) refused: usize,
    /// Certificates of one name and key that are taken for the issuers of one certificate.
    pub(crate) issuers: usize,
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

type Namesakes = namesakes::Namesakes<KeyId, NodeId>;

/// One CA certificate, with what the search has found out about it so far.
pub(crate) struct Node {
    pub(crate) certificate: Arc<Certificate>,
    pub(crate) name: NameId,
    pub(crate) key: KeyId,
    pub(crate) anchor: Option<Arc<Restrictions>>,
    pub(crate) is_self_issued: bool,
    /// Whether its key has parameters of the CA above it.
    pub(crate) inherits: bool,
    /// Of the name of its own issuer.
    issuer_digest: OnceLock<[u8; 32]>,
    links: OnceLock<Links>,
    /// What it says of its own issuer.
    pub(super) missing: OnceLock<Box<Missing>>,
    /// Why it is not self-signed, where it is meant to be.
    pub(super) own_signature: OnceLock<Box<Failure>>,
    checked: OnceLock<Result<(), Failure>>,
    name_constraints: OnceLock<Box<Constraints>>,
    anchor_constraints: OnceLock<Option<Arc<AnchorConstraints>>>,
    pub(crate) paths: OnceLock<IssuerPaths>,
}

/// The certificates that can be issuers, by name, key and key identifier.
pub(crate) struct Graph {
    nodes: Vec<Node>,
    keys: Vec<VerifyingKey>,
    names: Vec<Namesakes>,
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
    pub(crate) fn status(&self, below: &Certificate, issuer: CrlIssuer<'_>, anchor: &Certificate) -> RevocationStatus {
        let ask = || revocation::status(below, issuer, &self.store, &self.signers.below(anchor));
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
                *limits = Restrictions::of_all([&*limits, more].into_iter());
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
        for namesakes in &mut graph.names {
            *namesakes = Namesakes::new(namesakes.all().to_vec(), |id| graph.nodes[id.0 as usize].key);
        }
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
            self.names.push(Namesakes::default());
            NameId(u32::try_from(self.names.len() - 1).unwrap_or(u32::MAX))
        });
        self.by_raw_name.insert(subject.as_bytes().into(), name);
        self.names[name.0 as usize].add(id);
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
            issuer_digest: OnceLock::new(),
            links: OnceLock::new(),
            missing: OnceLock::new(),
            own_signature: OnceLock::new(),
            checked: OnceLock::new(),
            name_constraints: OnceLock::new(),
            anchor_constraints: OnceLock::new(),
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
            issuers: share(ISSUERS_OF_ALL, 500, usize::MAX),
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

    pub(crate) fn name_constraints(&self, id: NodeId) -> &Constraints {
        let node = self.node(id);
        node.name_constraints.get_or_init(|| Box::new(Constraints::of(&node.certificate)))
    }

    /// What a trust anchor limits itself; `None` where that is nothing, or it is none.
    pub(crate) fn anchor_constraints(&self, id: NodeId) -> Option<Arc<AnchorConstraints>> {
        let node = self.node(id);
        let restrictions = node.anchor.as_ref()?;
        let limits = || Some(AnchorConstraints::of(&node.certificate, restrictions)).filter(|found| !found.is_empty());
        node.anchor_constraints.get_or_init(|| limits().map(Arc::new)).clone()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = NodeId> {
        (0..u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)).map(NodeId)
    }

    pub(crate) fn find(&self, sha256: &[u8; 32]) -> Option<NodeId> {
        self.by_sha256.get(sha256).copied()
    }

    fn name_id(&self, name: &Name<'_>) -> Option<NameId> {
        self.by_raw_name.get(name.as_bytes()).or_else(|| self.by_name.get(&name.comparable())).copied()
    }

    fn namesakes(&self, name: NameId) -> &Namesakes {
        &self.names[name.0 as usize]
    }

    /// The certificates whose subject matches this name.
    pub(crate) fn with_subject(&self, name: &Name<'_>) -> &[NodeId] {
        self.name_id(name).map_or(&[], |name| self.namesakes(name).all())
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
        match revocation.status(below, self.crl_issuer(issuer), self.certificate(anchor)) {
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
}

/// The order of thumbprints, the last resort of every choice.
pub(crate) fn by_thumbprint(one: &Certificate, two: &Certificate) -> Ordering {
    one.thumbprint().cmp(two.thumbprint())
}
