//! What the search says of one certificate: its paths, and everything that was considered on the way.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::certificate::{Certificate, oid};
use crate::path::anchor::{self, AnchorConstraints};
use crate::path::conformance;
use crate::path::graph::{Graph, Links, NodeId};
use crate::path::missing::Missing;
use crate::path::name_constraints::Comparisons;
use crate::path::revocation::RevocationStatus;
use crate::path::search::{FailedPath, IssuerPath, OpenPath};
use crate::path::state::{self, State};
use crate::path::trace::{Check, Failure, Refusal, keep_refused};

/// How a path stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum PathStatus {
    /// From the certificate to a trust anchor, and every check holds.
    Valid,
    /// To a self-signed certificate, but a check does not hold.
    Invalid,
    /// A certificate's issuer is missing.
    Incomplete,
}

impl PathStatus {
    /// The name in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Incomplete => "incomplete",
        }
    }
}

/// One certification path.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Path {
    /// How it stands.
    pub status: PathStatus,
    /// From the certificate up; the anchor, where it is reached, is the last.
    pub certificates: Vec<Arc<Certificate>>,
    /// Whether the last is a trust anchor.
    pub is_anchored: bool,
    /// Whether the last is self-signed.
    pub ends_self_signed: bool,
    /// Of an incomplete path: the issuer that would come next, and why it does not.
    pub missing: Option<Box<Missing>>,
    /// Of an invalid path: the certificate at fault, and the check.
    pub failure: Option<(Arc<Certificate>, Failure)>,
    /// Of a path that reaches a trust anchor: the status of each certificate but the anchor; nothing where there are no CRLs.
    pub revocation: Vec<RevocationStatus>,
    /// What the trust anchor that it reaches limits itself; `None` where that has no limits.
    pub anchor_constraints: Option<Arc<AnchorConstraints>>,
}

impl Path {
    /// Where its certificates, the anchor's too, are not as RFC 5280 section 4 asks it of the CA that issues them. Section 6 does not
    /// ask it of who validates, so that a path can be valid all the same.
    pub fn departures(&self) -> Vec<(Arc<Certificate>, Failure)> {
        let of = |certificate: &Arc<Certificate>| {
            let certificate = certificate.clone();
            conformance::departures(&certificate).into_iter().map(move |failure| (certificate.clone(), failure))
        };
        self.certificates.iter().flat_map(of).collect()
    }

    /// The certificates whose issuer's name is the subject above them only by comparison (RFC 5280 section 7.1), not byte for
    /// byte: in another string type, case or spacing; each with its issuer. Windows compares names by their bytes, and may not
    /// build such a path.
    pub fn names_in_other_encodings(&self) -> impl Iterator<Item = (&Arc<Certificate>, &Arc<Certificate>)> {
        self.certificates.windows(2).filter_map(|pair| match pair {
            [below, above] if below.issuer().as_bytes() != above.subject().as_bytes() => Some((below, above)),
            _ => None,
        })
    }
}

/// What the search says of one certificate.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Verdict {
    /// The valid paths in the order of choice; where there is none, the others.
    pub paths: Vec<Path>,
    /// Everything that was considered and refused, on any of them.
    pub refused: Vec<Refusal>,
    /// Whether the search ended on its budget, so that there may be more paths.
    pub exhausted: bool,
    /// Whether the certificate is among those that the search takes for issuers, so that it may stand above others.
    pub is_among_issuers: bool,
}

impl Verdict {
    /// The path of choice: the first valid one.
    pub fn chosen(&self) -> Option<&Path> {
        self.paths.first().filter(|path| path.status == PathStatus::Valid)
    }

    /// Gives back the room for more, before it is kept beside thousands of others.
    pub(crate) fn shrink(&mut self) {
        self.paths.shrink_to_fit();
        self.refused.shrink_to_fit();
    }
}

/// The short answer, for a certificate among ten thousand.
pub(crate) struct Decision<'g> {
    pub(crate) links: Links,
    /// The first check that fails for the certificate itself.
    pub(crate) own: Result<(), Failure>,
    pub(crate) chosen: Option<&'g IssuerPath>,
    /// Why the best of its CA's valid paths does not hold for this certificate.
    pub(crate) refused: Option<Failure>,
}

impl Graph {
    /// One signature check, and the certificate's own.
    pub(crate) fn decide(&self, certificate: &Certificate) -> Decision<'_> {
        let links = self.find_issuers(certificate, None, false);
        let own = state::check_end_entity(self, certificate);
        let mut refused = None;
        let mut chosen = None;
        if own.is_ok() {
            let mut compared = Comparisons::default();
            for path in self.candidate_paths(&links.issuers) {
                match path.finish(self, certificate, &mut compared) {
                    Ok(()) => {
                        chosen = Some(path);
                        break;
                    }
                    Err(failure) => refused = refused.or(Some(failure)),
                }
            }
        }
        Decision { links, own, chosen, refused }
    }

    /// The valid paths of several CA certificates of one name and key, best first; as many as are kept of one.
    pub(crate) fn candidate_paths<'g>(&'g self, issuers: &[NodeId]) -> impl Iterator<Item = &'g IssuerPath> {
        let valid: Vec<&'g [IssuerPath]> = issuers.iter().map(|id| self.paths(*id).valid.as_slice()).collect();
        // The best that is left of each.
        let mut heads = BinaryHeap::with_capacity(valid.len());
        heads.extend(valid.iter().enumerate().filter_map(|(of, paths)| Some(Reverse((&paths.first()?.rank, of, 0)))));
        let in_order = std::iter::from_fn(move || {
            let Reverse((_, of, at)) = heads.pop()?;
            if let Some(next) = valid[of].get(at + 1) {
                heads.push(Reverse((&next.rank, of, at + 1)));
            }
            valid[of].get(at)
        });
        in_order.take(self.limits().paths)
    }

    /// The whole answer.
    pub(crate) fn judge(&self, certificate: &Arc<Certificate>) -> Verdict {
        let own_node = self.find(certificate.sha256());
        if let Some(id) = own_node
            && self.node(id).anchor.is_some()
            && anchor::can_end_path(certificate)
        {
            return self.judge_anchor(id, certificate);
        }
        let links = self.find_issuers(certificate, own_node, true);
        let own = state::check_end_entity(self, certificate);
        let is_among_issuers = own_node.is_some();
        let mut verdict = Verdict { exhausted: links.exhausted, is_among_issuers, ..Verdict::default() };
        let mut failures = Vec::new();
        let mut compared = Comparisons::default();
        for path in self.candidate_paths(&links.issuers) {
            match own.clone().and_then(|()| path.finish(self, certificate, &mut compared)) {
                Ok(()) => verdict.paths.push(self.path(PathStatus::Valid, certificate, &path.nodes)),
                Err(failure) => {
                    verdict.exhausted |= failure.check == Check::Budget;
                    failures.push(Path {
                        failure: Some((certificate.clone(), failure)),
                        ..self.path(PathStatus::Invalid, certificate, &path.nodes)
                    });
                }
            }
        }
        let all: usize = links.issuers.iter().map(|id| self.paths(*id).valid.len()).sum();
        verdict.exhausted |= all > verdict.paths.len() + failures.len();
        // What was refused above several CAs of one name and key, and below them.
        let most = 2 * self.limits().refused;
        for id in &links.issuers {
            let paths = self.paths(*id);
            verdict.exhausted |= paths.exhausted;
            for (below, candidate, failure) in &paths.refused {
                let below = if below == candidate { certificate } else { self.certificate(*below) };
                verdict.refuse(most, below, self.certificate(*candidate), failure);
            }
        }
        for (candidate, failure) in &links.refused {
            verdict.refuse(most, certificate, self.certificate(*candidate), failure);
        }
        if verdict.paths.is_empty() {
            verdict.paths = failures;
            if verdict.paths.is_empty() {
                verdict.paths = self.open_paths(certificate, &links, own.err());
            }
        }
        verdict
    }

    /// A certificate that is a trust anchor itself is a path of one, within the limits of the store that makes it one.
    fn judge_anchor(&self, anchor: NodeId, certificate: &Arc<Certificate>) -> Verdict {
        let own = state::check_end_entity(self, certificate);
        let failure = own.and_then(|()| State::at_anchor(self, anchor)).err();
        let status = if failure.is_some() { PathStatus::Invalid } else { PathStatus::Valid };
        let path = Path {
            failure: failure.map(|failure| (certificate.clone(), failure)),
            ..self.path(status, certificate, &[])
        };
        Verdict {
            paths: vec![Path { is_anchored: true, anchor_constraints: self.anchor_constraints(anchor), ..path }],
            is_among_issuers: true,
            ..Verdict::default()
        }
    }

    /// The paths of several CA certificates of one name and key that fail, and those that reach no anchor, the best first.
    pub(crate) fn ways_without_end(&self, issuers: &[NodeId]) -> (Vec<&FailedPath>, Vec<&OpenPath>) {
        let paths = || issuers.iter().map(|id| self.paths(*id));
        let mut failed: Vec<_> = paths().flat_map(|paths| &paths.failed).collect();
        failed.sort_by(|one, two| one.rank.cmp(&two.rank));
        let mut open: Vec<_> = paths().flat_map(|paths| &paths.open).collect();
        open.sort_by(|one, two| one.rank.cmp(&two.rank));
        (failed, open)
    }

    /// The paths that reach no anchor, or fail on the way.
    fn open_paths(&self, certificate: &Arc<Certificate>, links: &Links, own: Option<Failure>) -> Vec<Path> {
        let (failed, none) = self.ways_without_end(&links.issuers);
        let failed = failed.into_iter().map(|failed| {
            let failure = own.clone().map(|failure| (certificate.clone(), failure));
            let failure = failure.unwrap_or_else(|| (self.certificate(failed.at).clone(), failed.failure.clone()));
            let path = self.path(PathStatus::Invalid, certificate, &failed.nodes);
            Path { failure: Some(failure), ..path }
        });
        let none = none.into_iter().map(|path| self.open_path(certificate, &path.nodes, links, own.as_ref()));
        let mut open: Vec<Path> = failed.chain(none).collect();
        if open.is_empty() {
            open.push(self.open_path(certificate, &[], links, own.as_ref()));
        }
        open.sort_by_key(|path| path.status);
        open
    }

    fn open_path(
        &self,
        certificate: &Arc<Certificate>,
        nodes: &[NodeId],
        links: &Links,
        own: Option<&Failure>,
    ) -> Path {
        let path = self.path(PathStatus::Incomplete, certificate, nodes);
        let top = path.certificates.last().unwrap_or(certificate).clone();
        if path.ends_self_signed {
            let untrusted = Failure::new(
                Check::Untrusted,
                "a trust anchor",
                format!("{}, self-signed and not among them", top.abridged_subject()),
            );
            let failure = own.map_or((top, untrusted), |failure| (certificate.clone(), failure.clone()));
            return Path { status: PathStatus::Invalid, failure: Some(failure), ..path };
        }
        Path {
            missing: Some(Box::new(self.missing_issuer(
                &top,
                nodes,
                nodes.last().map_or(links, |last| self.links(*last)),
            ))),
            failure: own.map(|failure| (certificate.clone(), failure.clone())),
            ..path
        }
    }

    fn path(&self, status: PathStatus, certificate: &Arc<Certificate>, nodes: &[NodeId]) -> Path {
        let mut certificates = vec![certificate.clone()];
        certificates.extend(nodes.iter().map(|id| self.certificate(*id).clone()));
        let ends_self_signed = match nodes.last() {
            Some(top) => self.links(*top).is_self_signed,
            None => certificate.is_self_signed(),
        };
        let is_anchored = nodes.last().is_some_and(|top| self.node(*top).anchor.is_some());
        let revocation = match (&self.revocation, certificates.last()) {
            (Some(revocation), Some(anchor)) if is_anchored => certificates
                .iter()
                .zip(nodes)
                .map(|(below, issuer)| revocation.status(below, self.crl_issuer(*issuer), anchor))
                .collect(),
            _ => Vec::new(),
        };
        Path {
            status,
            certificates,
            is_anchored,
            ends_self_signed,
            missing: None,
            failure: None,
            revocation,
            anchor_constraints: nodes.last().and_then(|top| self.anchor_constraints(*top)),
        }
    }
}

impl Verdict {
    fn refuse(&mut self, most: usize, below: &Arc<Certificate>, candidate: &Arc<Certificate>, failure: &Failure) {
        let refusal = |failure| Refusal { below: below.clone(), candidate: candidate.clone(), failure };
        keep_refused(&mut self.refused, most, || failure.clone(), refusal);
    }
}

/// Whether a certificate can be used by a client at all: its extended key usage allows client authentication, or it has none.
pub(crate) fn can_authenticate_clients(certificate: &Certificate) -> bool {
    crate::path::checks::allows_usage(certificate, oid::CLIENT_AUTH).is_ok()
}
