//! From what was read to what can be asked: trust anchors, the graph of CA certificates, CRLs.

use std::sync::Arc;

use crate::certificate::{Certificate, Crl};
use crate::ops::corpus::{Corpus, Namesakes, Problems};
use crate::ops::request::{OpsError, Request};
use crate::ops::results::Trust;
use crate::ops::scan;
use crate::ops::selecting::not_below;
use crate::path::anchor;
use crate::path::graph::{Graph, Issuer, NodeId, Revocation};
use crate::path::revocation::CrlStore;
use crate::path::revocation::signers::SignerPool;
use crate::path::{Purpose, Settings};
use crate::pool::{Entry, Pool};
use crate::source::contents::Fault;
use crate::source::live;
use crate::source::{Position, Problem, ProblemCode, Restrictions, Source};

/// Everything that was read, and the graph over it.
pub(crate) struct Assembly {
    pub(crate) corpus: Corpus,
    /// The CA certificates that came with `--trust`, `--intermediates` or Windows' own stores.
    pub(crate) helpers: Pool,
    pub(crate) trust: Trust,
    /// How many CRLs the sources held; the graph has them now.
    pub(crate) crls: usize,
    pub(crate) graph: Graph,
    pub(crate) problems: Vec<Problem>,
    /// Where no certificate that was given as a trust anchor can be one: how many there are.
    pub(crate) none_to_trust: Option<usize>,
    /// Why a certificate that is not below a CA of `--issuer` does not count.
    pub(crate) not_below: String,
}

/// What one option's SOURCEs hold.
#[derive(Default)]
struct Side {
    pool: Pool,
    crls: Vec<Arc<Crl>>,
    problems: Problems,
}

impl Side {
    fn read(sources: &[Source], request: &Request) -> Self {
        let mut side = Self::default();
        if !sources.is_empty() {
            scan::scan(&request.inputs_of(sources), &request.passwords, &|parcel| parcel, &mut |parcel| {
                side.take(parcel)
            });
        }
        side
    }

    /// What `--crl` names: what holds something, and no CRL, was not meant.
    fn read_crls(request: &Request) -> Self {
        let mut side = Self::default();
        for source in &request.crls {
            let mut read = Self::read(std::slice::from_ref(source), request);
            let holds_more = || match source {
                Source::Path(path) if path.is_dir() => request.inputs_of(std::slice::from_ref(source)).hold_files(),
                // What is wrong with a file has been told.
                Source::Path(path) if path.is_file() => read.problems.is_empty(),
                _ => !read.pool.is_empty(),
            };
            if read.crls.is_empty() && holds_more() {
                let message = format!(
                    "expected a CRL, found none (certificates: {}), so that it tells of no revocation; name the CRLs themselves \
                     with --crl, and CA certificates with --intermediates or --trust",
                    read.pool.len()
                );
                let fault = Fault::new(ProblemCode::Empty, Position::Whole, message);
                side.problems.add(vec![Problem::new(&source.to_string().into(), fault)]);
            }
            side.crls.extend(read.crls);
            side.problems.add(read.problems.take());
            side.pool.absorb(read.pool);
        }
        side
    }

    fn take(&mut self, parcel: scan::Parcel) {
        for (certificate, occurrence) in parcel.certificates {
            self.pool.add(certificate, occurrence);
        }
        self.crls.extend(parcel.crls);
        self.problems.add(parcel.problems);
    }
}

/// Windows' own stores.
#[derive(Default)]
struct Stores {
    roots: Side,
    intermediates: Side,
    disallowed: Side,
}

impl Stores {
    fn read() -> Self {
        let stores = live::read_stores_for_trust();
        let side = |name: &str, contents| {
            let mut side = Side::default();
            side.take(scan::decode(&name.into(), false, contents));
            side
        };
        Self {
            roots: side("Windows' Root stores", stores.roots),
            intermediates: side("Windows' CA stores", stores.intermediates),
            disallowed: side("Windows' Disallowed stores", stores.disallowed),
        }
    }
}

impl Assembly {
    /// Reads everything that the request names; an error where that holds no certificate.
    pub(crate) fn new(request: &Request) -> Result<Self, OpsError> {
        let mut corpus = Corpus::read(request.inputs(), &request.passwords, &request.progress)?;
        if corpus.is_empty() {
            return Err(OpsError::NoCertificate { sources: request.source_names(), problems: corpus.problems.take() });
        }
        Self::over(corpus, request, settings(request))
    }

    /// Over what was read of the sources; an error where these cannot be read again.
    pub(crate) fn over(mut corpus: Corpus, request: &Request, mut settings: Settings) -> Result<Self, OpsError> {
        let trust = request.trust_from();
        let trust_side = Side::read(&request.trust, request);
        let intermediates = Side::read(&request.intermediates, request);
        let crl_side = Side::read_crls(request);
        let stores = if trust == Trust::Store { Stores::read() } else { Stores::default() };
        let beside = [&trust_side, &intermediates, &stores.roots, &stores.intermediates];
        let beside = beside.into_iter().flat_map(|side| side.pool.entries());
        let beside = beside.map(|entry| entry.certificate.subject().as_bytes()).collect();
        let Namesakes { have_issued, others } = corpus.find_namesakes(&request.passwords, &beside)?;
        let is_known = |entry: &&Entry| have_issued.contains(entry.certificate.sha256());
        let trusted = [&trust_side, &stores.roots].into_iter().flat_map(|side| side.pool.entries());
        let known = trusted.chain(intermediates.pool.entries().iter().filter(is_known));
        known.for_each(|entry| entry.certificate.take_for_root());

        let can_end_path = |entry: &Entry| anchor::can_end_path(&entry.certificate);
        let none_to_trust = trust == Trust::Given && !trust_side.pool.entries().iter().any(can_end_path);
        let none_to_trust = none_to_trust.then_some(trust_side.pool.len());
        let mut problems = corpus.problems.take();
        settings.require_revocation |= request.require_revocation;
        // An empty folder asks for nothing; what is there and cannot be read, or is no CRL, was to tell.
        let are_given = !crl_side.crls.is_empty() || !crl_side.problems.is_empty();
        settings.require_revocation |= request.crls_must_tell && are_given;
        let mut disallowed = corpus.disallowed.clone();
        let mut crls = std::mem::take(&mut corpus.crls);
        let crls_of_sources = crls.len();
        let mut issuers = Vec::new();
        let mut helpers = Pool::default();

        let mut add = |entries: &[Entry], is_anchor: &dyn Fn(&Certificate) -> bool| {
            for entry in entries {
                let anchor = is_anchor(&entry.certificate).then(|| entry.restrictions());
                issuers.push(Issuer { certificate: entry.certificate.clone(), anchor });
            }
        };
        // What has issued others and says that it is no CA ends a path too, which then fails on that.
        let is_assumed = |certificate: &Certificate| {
            trust == Trust::Assumed
                && (certificate.is_ca() || have_issued.contains(certificate.sha256()))
                && certificate.is_self_signed()
        };
        add(corpus.issuers.entries(), &is_assumed);
        add(trust_side.pool.entries(), &|_| true);
        add(intermediates.pool.entries(), &is_assumed);
        // As Windows: what another CA issued is no root, wherever it lies.
        add(stores.roots.pool.entries(), &Certificate::is_self_signed);
        add(stores.intermediates.pool.entries(), &|_| false);
        add(&others, &|_| false);
        disallowed.extend(stores.disallowed.pool.entries().iter().map(|entry| *entry.certificate.sha256()));
        let stores = [stores.roots, stores.intermediates, stores.disallowed];
        for mut side in stores.into_iter().chain([trust_side, intermediates, crl_side]) {
            crls.extend(side.crls);
            problems.extend(side.problems.take());
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
                store: CrlStore::new(crls, settings.at),
                signers: SignerPool::new(build(&issuers, &disallowed, any), signers),
            }));
        }
        let not_below = not_below(request, &graph);
        Ok(Self { corpus, helpers, trust, crls: crls_of_sources, graph, problems, none_to_trust, not_below })
    }

    /// What could not be read, also of what was read again.
    pub(crate) fn take_problems(&mut self) -> Vec<Problem> {
        let mut problems = std::mem::take(&mut self.problems);
        problems.extend(self.corpus.take_lost());
        problems
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

impl Entry {
    /// The limits that the stores put on it, all of them: which store was read first says nothing.
    pub(crate) fn restrictions(&self) -> Restrictions {
        let limits = self.occurrences.iter().filter_map(|occurrence| occurrence.properties.as_deref());
        Restrictions::of_all(limits.map(|found| &found.restrictions).filter(|limits| !limits.is_empty()))
    }
}
