//! Who may sign CRLs: the certificates at hand by subject, each with its valid paths (RFC 5280 section 6.3.3 (f)).

use std::collections::HashMap;
use std::sync::Arc;

use crate::certificate::Certificate;
use crate::path::graph::Graph;
use crate::path::revocation::effort::SIGNATURES;
use crate::path::revocation::{CrlSigners, SignerPaths};
use crate::path::verdict::{Path, PathStatus};
use crate::remembered::Remembered;

/// Paths of a signer that are looked at: it has a few.
const PATHS_OF_A_SIGNER: usize = 8;

/// The certificates that may sign CRLs. Paths are searched once, when a list is met that its certificate's own issuer did not sign, of those
/// alone whose key signed it.
pub(crate) struct SignerPool {
    graph: Graph,
    /// By subject in comparable form.
    namesakes: HashMap<Vec<u8>, Namesakes>,
    paths: Remembered<[u8; 32], SignerPaths>,
}

/// Certificates of one subject.
#[derive(Default)]
struct Namesakes {
    all: Vec<Arc<Certificate>>,
    /// By key identifier.
    likeliest: Remembered<Option<Vec<u8>>, Arc<[Arc<Certificate>]>>,
}

impl SignerPool {
    /// `graph` is for any purpose: what a CRL signer's extended key usage allows says nothing about CRLs. `certificates` are those of CAs
    /// and whatever else has cRLSign; those of the graph need not be given again.
    pub(crate) fn new(graph: Graph, certificates: impl IntoIterator<Item = Arc<Certificate>>) -> Self {
        let mut namesakes = HashMap::<_, Namesakes>::new();
        for certificate in certificates {
            namesakes.entry(certificate.subject().comparable()).or_default().all.push(certificate);
        }
        for Namesakes { all, .. } in namesakes.values_mut() {
            all.sort_by_key(|certificate| *certificate.sha256());
            all.dedup();
        }
        Self { graph, namesakes, paths: Remembered::default() }
    }

    /// Those whose paths end at `anchor`.
    pub(crate) fn below<'a>(&'a self, anchor: &'a Certificate) -> impl CrlSigners + 'a {
        BelowAnchor { pool: self, anchor }
    }

    fn paths(&self, signer: &Arc<Certificate>) -> SignerPaths {
        self.paths.get_or_find(signer.sha256(), || {
            let is_valid = |path: &Path| path.status == PathStatus::Valid && path.is_anchored;
            let valid = self.graph.judge(signer).paths.into_iter().filter(is_valid);
            let mut paths: Vec<_> = valid.take(PATHS_OF_A_SIGNER).map(|path| path.certificates).collect();
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
    fn with_subject(&self, subject: &[u8], key_identifier: Option<&[u8]>) -> Arc<[Arc<Certificate>]> {
        let Some(namesakes) = self.pool.namesakes.get(subject) else { return Arc::default() };
        namesakes.likeliest.get_or_find(&key_identifier.map(<[u8]>::to_vec), || {
            let mut likeliest = namesakes.all.clone();
            likeliest.sort_by_key(|signer| signer.subject_key_identifier() != key_identifier);
            likeliest.truncate(SIGNATURES + 1);
            likeliest.into()
        })
    }

    fn paths(&self, signer: &Arc<Certificate>) -> SignerPaths {
        // A trust anchor is a name and a key (RFC 5280 section 6.1.1 (d)).
        let is_ours = |path: &&Vec<Arc<Certificate>>| {
            path.last().is_some_and(|top| {
                top.subject_public_key_info() == self.anchor.subject_public_key_info()
                    && top.subject().matches(&self.anchor.subject())
            })
        };
        self.pool.paths(signer).iter().filter(is_ours).cloned().collect()
    }
}
