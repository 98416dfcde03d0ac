//! Who may sign CRLs: the certificates at hand by subject, each with its valid paths (RFC 5280 section 6.3.3 (f)).

use std::collections::HashMap;
use std::sync::Arc;

use crate::certificate::{Certificate, Name};
use crate::path::graph::Graph;
use crate::path::revocation::{CrlSigners, SignerPaths};
use crate::path::verdict::{Path, PathStatus};
use crate::remembered::Remembered;

/// Certificates of one subject that are looked at, and paths of each: a CA has a few.
const SIGNERS_OF_A_NAME: usize = 32;
const PATHS_OF_A_SIGNER: usize = 8;

/// The certificates that may sign CRLs. Their paths are searched once, when a list is met that its certificate's own issuer did not sign.
pub(crate) struct SignerPool {
    graph: Graph,
    by_subject: HashMap<Vec<u8>, Vec<Arc<Certificate>>>,
    found: Remembered<Vec<u8>, SignerPaths>,
}

impl SignerPool {
    /// `graph` is for any purpose: what a CRL signer's extended key usage allows says nothing about CRLs. `certificates` are those of CAs
    /// and whatever else has cRLSign; those of the graph need not be given again.
    pub(crate) fn new(graph: Graph, certificates: impl IntoIterator<Item = Arc<Certificate>>) -> Self {
        let mut by_subject = HashMap::<_, Vec<Arc<Certificate>>>::new();
        for certificate in certificates {
            let namesakes = by_subject.entry(certificate.subject().comparable()).or_default();
            if namesakes.len() < SIGNERS_OF_A_NAME && !namesakes.contains(&certificate) {
                namesakes.push(certificate);
            }
        }
        Self { graph, by_subject, found: Remembered::default() }
    }

    /// Those whose paths end at `anchor`.
    pub(crate) fn below<'a>(&'a self, anchor: &'a Certificate) -> impl CrlSigners + 'a {
        BelowAnchor { pool: self, anchor }
    }

    fn paths(&self, subject: &Name<'_>) -> SignerPaths {
        let name = subject.comparable();
        self.found.get_or_find(&*name, || {
            let mut paths = Vec::new();
            for certificate in self.by_subject.get(&name).into_iter().flatten() {
                let verdict = self.graph.judge(certificate);
                let is_valid = |path: &Path| path.status == PathStatus::Valid && path.is_anchored;
                let valid = verdict.paths.into_iter().filter(is_valid);
                paths.extend(valid.take(PATHS_OF_A_SIGNER).map(|path| path.certificates));
            }
            paths.sort_by_key(Vec::len);
            paths.into()
        })
    }
}

struct BelowAnchor<'a> {
    pool: &'a SignerPool,
    anchor: &'a Certificate,
}

impl CrlSigners for BelowAnchor<'_> {
    fn with_subject(&self, subject: &Name<'_>) -> SignerPaths {
        // A trust anchor is a name and a key (RFC 5280 section 6.1.1 (d)).
        let is_ours = |path: &&Vec<Arc<Certificate>>| {
            path.last().is_some_and(|top| {
                top.subject_public_key_info() == self.anchor.subject_public_key_info()
                    && top.subject().matches(&self.anchor.subject())
            })
        };
        self.pool.paths(subject).iter().filter(is_ours).cloned().collect()
    }
}
