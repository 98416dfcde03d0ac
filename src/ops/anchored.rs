//! The CA certificates of the sources, or those of them that have a path to the trust anchors, for `diff`.

use std::sync::Arc;

use crate::certificate::Certificate;
use crate::ops::assembly::{Assembly, settings};
use crate::ops::corpus::Corpus;
use crate::ops::request::{OpsError, Request};
use crate::pool::{Entry, Pool};
use crate::source::Problem;

/// The CA certificates that [`anchored`] found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Anchored {
    /// In the order of the sources.
    pub authorities: Vec<Arc<Certificate>>,
    /// Self-signed ones that do not say whether they are a CA's, and have issued nothing that is here: where another place holds what
    /// they issued, they are known there for the roots that they are.
    pub may_be_roots: Vec<Arc<Certificate>>,
    /// How many CA certificates the sources hold, with a path to the trust anchors or without one.
    pub held: usize,
    /// Where no certificate that was given as a trust anchor can be one: how many there are.
    pub none_to_trust: Option<usize>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// The CA certificates of the sources. Where the request names trust anchors, those of them with a path to one, whether or not each
/// check of it holds: an expired one is what `diff` is to have removed.
///
/// # Errors
/// Where nothing at all was found, or the temporary file for standard input cannot be written.
pub fn anchored(request: &Request) -> Result<Anchored, OpsError> {
    let mut corpus = Corpus::read(request.inputs(), &request.passwords, &request.progress)?;
    if corpus.is_empty() {
        return Err(OpsError::NoCertificate { sources: request.source_names(), problems: corpus.problems.take() });
    }
    let may_be_roots = corpus.may_be_old_roots();
    let others = |issuers: &Pool| {
        let certificates = may_be_roots.iter().map(|entry| entry.certificate.clone());
        certificates.filter(|certificate| issuers.get(certificate.sha256()).is_none()).collect()
    };
    // Both sides hold CAs: one that is for clients and names a host is no client here.
    let claimed: Vec<_> = corpus.claimed_authorities().into_iter().map(|entry| entry.certificate).collect();
    let is_authority = |one: &&Arc<Certificate>| !one.is_end_entity() || one.is_known_root();
    if request.trust.is_empty() {
        corpus.find_old_roots(&request.passwords)?;
        let all = corpus.issuers.entries().iter().map(|entry| &entry.certificate);
        let mut authorities: Vec<_> = all.filter(is_authority).cloned().collect();
        authorities.extend(claimed);
        let (held, may_be_roots) = (authorities.len(), others(&corpus.issuers));
        return Ok(Anchored { authorities, may_be_roots, held, none_to_trust: None, problems: corpus.problems.take() });
    }
    let mut assembly = Assembly::over(corpus, request, settings(request))?;
    let of_sources = assembly.corpus.issuers.entries().iter().map(|entry| &entry.certificate);
    // What is a trust anchor itself need not say that it is a CA.
    let is_in_graph = |entry: &&Entry| assembly.graph.find(entry.certificate.sha256()).is_some();
    let old_roots = may_be_roots.iter().filter(is_in_graph).map(|entry| &entry.certificate);
    let all = of_sources.chain(&claimed).chain(old_roots);
    let reaches =
        |certificate: &&Arc<Certificate>| assembly.graph.judge(certificate).paths.iter().any(|path| path.is_anchored);
    let held = all.clone().filter(is_authority).count();
    let authorities = all.filter(reaches).cloned().collect();
    let (may_be_roots, none_to_trust) = (others(&assembly.corpus.issuers), assembly.none_to_trust);
    Ok(Anchored { authorities, may_be_roots, held, none_to_trust, problems: assembly.take_problems() })
}
