//! The CA certificates of the sources, or those of them that have a path to the trust anchors, for `diff`.

use std::sync::Arc;

use crate::certificate::Certificate;
use crate::ops::assembly::{Assembly, settings};
use crate::ops::corpus::Corpus;
use crate::ops::request::{OpsError, Request};
use crate::pool::Pool;
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
    if corpus.is_empty() && (corpus.crls.is_empty() || !request.trust.is_empty()) {
        return Err(OpsError::NoCertificate { sources: request.source_names(), problems: corpus.problems.take() });
    }
    let may_be_roots = corpus.may_be_old_roots();
    let others = |issuers: &Pool| {
        let certificates = may_be_roots.iter().map(|entry| entry.certificate.clone());
        certificates.filter(|certificate| issuers.get(certificate.sha256()).is_none()).collect()
    };
    // Both sides hold CAs: one that is for clients and names a host is no client here.
    let claimed: Vec<_> = corpus.claimed_authorities().into_iter().map(|entry| entry.certificate).collect();
    if request.trust.is_empty() {
        corpus.find_old_roots(&request.passwords)?;
        let all = corpus.issuers.entries().iter().map(|entry| &entry.certificate);
        let is_authority = |one: &&Arc<Certificate>| !one.is_end_entity() || one.is_known_root();
        let mut authorities: Vec<_> = all.filter(is_authority).cloned().collect();
        authorities.extend(claimed);
        return Ok(Anchored { authorities, may_be_roots: others(&corpus.issuers), problems: corpus.problems.take() });
    }
    let mut assembly = Assembly::over(corpus, request, settings(request))?;
    let all = assembly.corpus.issuers.entries().iter().map(|entry| &entry.certificate).chain(&claimed);
    let reaches =
        |certificate: &&Arc<Certificate>| assembly.graph.judge(certificate).paths.iter().any(|path| path.is_anchored);
    let authorities = all.filter(reaches).cloned().collect();
    let may_be_roots = others(&assembly.corpus.issuers);
    Ok(Anchored { authorities, may_be_roots, problems: assembly.take_problems() })
}
