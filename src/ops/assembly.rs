//! From what was read to what can be asked: trust anchors, the graph of CA certificates, CRLs.

use std::cell::LazyCell;
use std::collections::HashSet;
use std::sync::Arc;

use crate::certificate::{Certificate, Crl, SignatureCheck, VerifyingKey};
use crate::ops::corpus::{Corpus, SILENT, TRIED, may_be_old_root};
use crate::ops::request::{OpsError, Request};
use crate::ops::results::Trust;
use crate::ops::scan::{self, Inputs};
use crate::path::graph::{Graph, Issuer, NodeId, Revocation};
use crate::path::revocation::CrlStore;
use crate::path::revocation::signers::SignerPool;
use crate::path::{Purpose, Settings};
use crate::pool::{Entry, Pool};
use crate::source::live;
use crate::source::{Problem, Restrictions, Source};

/// Everything that was read, and the graph over it.
pub(crate) struct Assembly {
    pub(crate) corpus: Corpus,
    /// The CA certificates that came with `--trust`, `--intermediates` or Windows' own stores.
    pub(crate) helpers: Pool,
    pub(crate) trust: Trust,
    pub(crate) graph: Graph,
    pub(crate) problems: Vec<Problem>,
}

/// What one option's SOURCEs hold.
#[derive(Default)]
struct Side {
    pool: Pool,
    crls: Vec<Arc<Crl>>,
    problems: Vec<Problem>,
}

impl Side {
    fn read(sources: &[Source], request: &Request) -> Self {
        let mut side = Self::default();
        if !sources.is_empty() {
            let inputs = Inputs { sources: sources.to_vec(), list: None };
            scan::scan(&inputs, &request.passwords, |parcel| parcel, |parcel| side.take(parcel));
        }
        side
    }

    fn take(&mut self, parcel: scan::Parcel) {
        for (certificate, occurrence) in parcel.certificates {
            self.pool.add(certificate, occurrence);
        }
        self.crls.extend(parcel.crls);
        self.problems.extend(parcel.problems);
    }
}

impl Assembly {
    /// Reads everything that the request names; an error where that holds no certificate.
    pub(crate) fn new(request: &Request) -> Result<Self, OpsError> {
        let corpus = Corpus::read(request.inputs(), &request.passwords, &request.progress)?;
        if corpus.is_empty() {
            return Err(OpsError::NoCertificate { sources: request.source_names(), problems: corpus.problems });
        }
        Ok(Self::over(corpus, request, settings(request)))
    }

    /// Over what was read of the sources.
    pub(crate) fn over(mut corpus: Corpus, request: &Request, settings: Settings) -> Self {
        let mut problems = std::mem::take(&mut corpus.problems);
        let mut namesakes = namesakes(&corpus, &issuers_names(&corpus));
        let mut have_issued = have_issued(&corpus, &namesakes);
        namesakes.retain(|entry| !have_issued.contains(entry.certificate.sha256()));
        corpus.count_among_issuers(&have_issued);
        have_issued.extend(&corpus.silent_roots);
        let trust_side = Side::read(&request.trust, request);
        let intermediates = Side::read(&request.intermediates, request);
        let crl_side = Side::read(&request.crls, request);
        let mut settings = settings;
        settings.require_revocation |= request.require_revocation;
        settings.require_revocation |= request.crls_must_tell && !crl_side.crls.is_empty();
        let mut disallowed = corpus.disallowed.clone();
        let mut crls = std::mem::take(&mut corpus.crls);
        let mut issuers = Vec::new();
        let mut helpers = Pool::default();

        let trust = request.trust_from();
        let mut add = |entries: &[Entry], is_anchor: &dyn Fn(&Certificate) -> bool| {
            for entry in entries {
                let anchor = is_anchor(&entry.certificate).then(|| entry.restrictions());
                issuers.push(Issuer { certificate: entry.certificate.clone(), anchor });
            }
        };
        let is_assumed = |certificate: &Certificate| {
            trust == Trust::Assumed
                && (certificate.is_ca() || may_be_old_root(certificate) && have_issued.contains(certificate.sha256()))
                && certificate.is_self_signed()
        };
        add(corpus.issuers.entries(), &is_assumed);
        add(trust_side.pool.entries(), &|_| true);
        add(intermediates.pool.entries(), &is_assumed);
        if trust == Trust::Store {
            let stores = live::read_stores_for_trust();
            let side = |name: &str, contents| {
                let mut side = Side::default();
                side.take(scan::decode(&name.into(), false, contents));
                side
            };
            let roots = side("Windows' Root stores", stores.roots);
            let cas = side("Windows' CA stores", stores.intermediates);
            let refused = side("Windows' Disallowed stores", stores.disallowed);
            // As Windows: what another CA issued is no root, wherever it lies.
            add(roots.pool.entries(), &Certificate::is_self_signed);
            add(cas.pool.entries(), &|_| false);
            disallowed.extend(refused.pool.entries().iter().map(|entry| *entry.certificate.sha256()));
            for side in [roots, cas, refused] {
                crls.extend(side.crls);
                problems.extend(side.problems);
                helpers.absorb(side.pool);
            }
        }
        add(&namesakes, &|_| false);
        for side in [trust_side, intermediates, crl_side] {
            crls.extend(side.crls);
            problems.extend(side.problems);
            helpers.absorb(side.pool);
        }

        let mut graph = build(&issuers, &disallowed, settings.clone());
        if !crls.is_empty() {
            // Who signs a CRL is asked for none of what the user asks of the certificate (RFC 5280 section 6.3.3 (f)).
            let any = Settings { budget: settings.budget, ..Settings::new(Purpose::Any, settings.at) };
            // And a root that is distrusted for some usages goes on telling who is revoked.
            for issuer in &mut issuers {
                issuer.anchor = issuer.anchor.as_ref().map(Restrictions::of_all_usages);
            }
            let signers: Vec<_> = issuers.iter().map(|issuer| issuer.certificate.clone()).collect();
            graph.revocation = Some(Box::new(Revocation {
                store: CrlStore::new(crls),
                signers: SignerPool::new(build(&issuers, &disallowed, any), signers),
            }));
        }
        Self { corpus, helpers, trust, graph, problems }
    }

    /// Where a CA certificate of the graph was found.
    pub(crate) fn entry(&self, id: NodeId) -> Entry {
        self.entry_of(self.graph.certificate(id))
    }

    /// Where a certificate was found: among the sources, else beside them.
    pub(crate) fn entry_of(&self, certificate: &Arc<Certificate>) -> Entry {
        let sha256 = certificate.sha256();
        let found = self.corpus.issuers.get(sha256).or_else(|| self.helpers.get(sha256));
        found.cloned().unwrap_or_else(|| Entry { certificate: certificate.clone(), occurrences: Vec::new() })
    }
}

pub(crate) fn settings(request: &Request) -> Settings {
    Settings {
        require_revocation: request.require_revocation,
        budget: request.budget,
        ..Settings::new(request.purpose, request.at)
    }
}

fn build(issuers: &[Issuer], disallowed: &[[u8; 32]], settings: Settings) -> Graph {
    let copies = issuers
        .iter()
        .map(|issuer| Issuer { certificate: issuer.certificate.clone(), anchor: issuer.anchor.clone() })
        .collect();
    Graph::new(copies, disallowed.to_vec(), settings)
}

/// The issuers' names that no CA certificate has.
fn issuers_names(corpus: &Corpus) -> HashSet<Vec<u8>> {
    let subjects: HashSet<&[u8]> =
        corpus.issuers.entries().iter().map(|entry| entry.certificate.subject().as_bytes()).collect();
    let all = corpus.issuers.entries().iter().chain(corpus.held().unwrap_or_default());
    let names: HashSet<&[u8]> = all.map(|entry| entry.certificate.issuer().as_bytes()).collect();
    names.difference(&subjects).map(|name| name.to_vec()).collect()
}

/// The certificates that have such a name and are no CA's: the search refuses them with the reason, where otherwise the
/// issuer would only be missing.
fn namesakes(corpus: &Corpus, names: &HashSet<Vec<u8>>) -> Vec<Entry> {
    let held = corpus.held().unwrap_or_default();
    let all_issuers = LazyCell::new(|| -> HashSet<&[u8]> {
        let all = corpus.issuers.entries().iter().chain(held);
        all.map(|entry| entry.certificate.issuer().as_bytes()).collect()
    });
    let others_issuers = LazyCell::new(|| -> HashSet<&[u8]> {
        let all = corpus.issuers.entries().iter().chain(held).map(|entry| &entry.certificate);
        let others = all.filter(|certificate| certificate.issuer().as_bytes() != certificate.subject().as_bytes());
        others.map(|certificate| certificate.issuer().as_bytes()).collect()
    });
    let has_name = |entry: &&Entry| {
        let certificate = &entry.certificate;
        let subject = certificate.subject();
        if may_be_old_root(certificate) {
            return others_issuers.contains(subject.as_bytes());
        }
        // One that says it is a CA is looked at beside its namesakes that are.
        (names.contains(subject.as_bytes()) || (certificate.is_ca() && all_issuers.contains(subject.as_bytes())))
            && !certificate.is_self_issued()
    };
    held.iter().filter(has_name).cloned().collect()
}

/// The namesakes that have issued certificates, without being a CA's.
fn have_issued(corpus: &Corpus, namesakes: &[Entry]) -> HashSet<[u8; 32]> {
    let has_issued = |namesake: &&Entry| {
        let certificate = &namesake.certificate;
        let key = VerifyingKey::new(certificate.subject_public_key_info());
        let name = certificate.subject();
        let all = corpus.issuers.entries().iter().chain(corpus.held().unwrap_or_default());
        let below = all.filter(|entry| {
            let certificate = &entry.certificate;
            certificate.issuer().as_bytes() == name.as_bytes() && certificate.sha256() != namesake.certificate.sha256()
        });
        below.take(TRIED).any(|entry| entry.certificate.check_signature(&key) == SignatureCheck::Valid)
    };
    namesakes.iter().take(SILENT).filter(has_issued).map(|entry| *entry.certificate.sha256()).collect()
}

impl Entry {
    /// The limits that the stores put on it, all of them: which store was read first says nothing.
    pub(crate) fn restrictions(&self) -> Restrictions {
        let limits = self.occurrences.iter().filter_map(|occurrence| occurrence.properties.as_deref());
        let mut all = limits.map(|found| &found.restrictions).filter(|limits| !limits.is_empty());
        let Some(first) = all.next() else { return Restrictions::default() };
        let mut together = first.clone();
        all.for_each(|other| together.add(other));
        together
    }
}
