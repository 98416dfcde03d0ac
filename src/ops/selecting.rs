//! What each step of Configuration Manager's own selections leaves of the certificates at hand.

use crate::certificate::Certificate;
use crate::cmg::funnel::{Funnel, FunnelCounts};
use crate::cmg::selection::Issuer;
use crate::ops::request::Request;
use crate::path::graph::Graph;
use crate::path::verdict::{Decision, can_authenticate_clients};
use crate::path::{Check, Path, Verdict};
use crate::pool::Entry;

/// Why a certificate does not count where one is asked for.
pub(crate) const NOT_FIRST: &str = "another has the longest validity (--first)";

/// Why a certificate does not count where those below a CA are asked for; also which of these is no CA that is at hand.
pub(crate) fn not_below(request: &Request, graph: &Graph) -> String {
    let is_here = |issuer: &&Issuer| {
        graph.ids().any(|id| {
            issuer.matches(graph.certificate(id), graph.node(id).anchor.is_some() || graph.node(id).is_self_issued)
        })
    };
    let unknown: Vec<String> =
        request.issuers.iter().filter(|issuer| !is_here(issuer)).map(|issuer| format!("`{issuer}`")).collect();
    let reason = "it is not below the CA of --issuer";
    if unknown.is_empty() {
        return reason.to_owned();
    }
    format!(
        "{reason}: no CA certificate here is one that {} names; a CA is named by its whole common name, thumbprint or SHA-256",
        unknown.join(" or ")
    )
}

/// Whether a certificate is below a CA that was asked for: by any of its valid paths, chosen or not; where it has none, by any other.
pub(crate) fn is_below_wanted(request: &Request, certificate: &Certificate, verdict: &Verdict) -> bool {
    let above = |path: &Path| request.is_below_wanted(certificate, path.certificates.get(1..).unwrap_or_default());
    request.issuers.is_empty() || verdict.paths.iter().any(above)
}

/// How many end-entity certificates each step leaves, in the documented order; those that Windows made for itself count too,
/// as they do on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SelectionCounts {
    /// The client's own selection.
    pub client: FunnelCounts,
    /// The CMG connection point's, as its log counts.
    pub connection_point: FunnelCounts,
}

/// Whether one certificate passes each step of the two selections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Steps {
    client: [bool; 6],
    connection_point: [bool; 4],
}

impl Steps {
    pub(crate) fn of(request: &Request, graph: &Graph, entry: &Entry, decision: &Decision<'_>) -> Self {
        let certificate = &*entry.certificate;
        let is_allowed = decision.chosen.is_some() && request.issuers.is_empty()
            || graph.candidate_paths(&decision.links.issuers).any(|path| {
                let cas: Vec<_> = path.nodes.iter().map(|id| graph.certificate(*id).clone()).collect();
                request.is_below_wanted(certificate, &cas)
            });
        let mut stores = entry.stores().peekable();
        let is_live = stores.peek().is_some();
        let in_personal = (!is_live || stores.any(|store| store.is("My"))) && !entry.is_archived();
        // A bare file says nothing of a key; only a store that shows none counts as one without.
        let has_key = entry.has_private_key() || !is_live;
        let failures = [decision.own.as_ref().err(), decision.refused.as_ref()];
        let is_revoked = decision.chosen.is_none()
            && failures
                .into_iter()
                .flatten()
                .any(|failure| matches!(failure.check, Check::Revoked | Check::RevocationUnknown | Check::Disallowed));
        let is_valid = certificate.is_valid_at(request.at) && !is_revoked && has_key;
        let is_client = can_authenticate_clients(certificate);
        let signs = certificate.key_usage().get().is_none_or(|usage| usage.digital_signature());
        let meets = request.criteria.iter().all(|criterion| criterion.matches(certificate));
        Self {
            client: [is_allowed, in_personal, is_valid, is_client, meets, true],
            connection_point: [signs, is_allowed, has_key, is_client],
        }
    }
}

/// Adds up.
pub(crate) struct Counter {
    client: Funnel<6>,
    connection_point: Funnel<4>,
}

impl Default for Counter {
    fn default() -> Self {
        Self { client: Funnel::client(), connection_point: Funnel::connection_point() }
    }
}

impl Counter {
    pub(crate) fn count(&mut self, steps: &Steps) {
        self.client.count(steps.client);
        self.connection_point.count(steps.connection_point);
    }

    pub(crate) fn counts(mut self) -> SelectionCounts {
        self.client.keep_one();
        SelectionCounts { client: self.client.counts(), connection_point: self.connection_point.counts() }
    }
}
