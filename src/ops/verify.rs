//! `verify`: is this one certificate valid.

use crate::certificate::CertificatePolicy;
use crate::ops::assembly::Assembly;
use crate::ops::chain::{Considered, judge_clients};
use crate::ops::corpus::Corpus;
use crate::ops::request::{OpsError, Request};
use crate::ops::results::{Client, Trust};
use crate::ops::selecting::SelectionCounts;
use crate::path::{Settings, Verdict};
use crate::pool::Entry;
use crate::source::Problem;

/// What `verify` found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verification {
    /// The certificate that was judged, and where it was found.
    pub leaf: Entry,
    /// Where the trust anchors came from.
    pub trust: Trust,
    /// Its paths, and what was refused.
    pub verdict: Verdict,
    /// The policies that the chosen path is valid under, of those that were asked for (user_constrained_policy_set, RFC 5280 section
    /// 6.1.6), with their qualifiers.
    pub policies: Vec<CertificatePolicy>,
    /// What each step of the selection left, where the certificate was asked for by issuer, criterion or length.
    pub selection: Option<SelectionCounts>,
    /// Where no certificate of `trust` can be a trust anchor: how many there are.
    pub none_to_trust: Option<usize>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

impl Verification {
    fn of(leaf: Entry, verdict: Verdict, selection: Option<SelectionCounts>, assembly: &mut Assembly) -> Self {
        let policies = verdict.chosen().map(|path| assembly.graph.valid_policies(path)).unwrap_or_default();
        let problems = assembly.take_problems();
        let none_to_trust = assembly.none_to_trust;
        Self { leaf, trust: assembly.trust, verdict, policies, selection, none_to_trust, problems }
    }

    /// Whether there is a valid path.
    pub fn is_valid(&self) -> bool {
        self.verdict.chosen().is_some()
    }
}

/// Judges the one end-entity certificate of the request's source, of several the one that the request asks for by issuer, criterion
/// or length; whatever else the source holds helps to build.
///
/// # Errors
/// Where the source holds no certificate, or more than one that could be meant, or none that was asked for.
pub fn verify(request: &Request, settings: Settings) -> Result<Verification, OpsError> {
    let mut corpus = Corpus::read(request.inputs(), &request.passwords, &request.progress)?;
    let source_name = request.source_names();
    if corpus.is_empty() {
        return Err(OpsError::NoCertificate { sources: source_name, problems: corpus.problems.take() });
    }
    if request.selects() {
        return verify_selected(request, Assembly::over(corpus, request, settings)?);
    }
    let held = corpus.held().unwrap_or_default();
    let leaf = match (held, corpus.issuers.entries()) {
        ([leaf], _) => leaf.clone(),
        ([], [only]) => only.clone(),
        ([], several) => {
            let found = format!("{} CA certificates", several.len());
            return Err(OpsError::NotOneLeaf { source_name, found, problems: corpus.problems.take() });
        }
        _ => {
            let found = format!("{} of them", corpus.end_entity_count());
            return Err(OpsError::NotOneLeaf { source_name, found, problems: corpus.problems.take() });
        }
    };
    let mut assembly = Assembly::over(corpus, request, settings)?;
    let verdict = assembly.graph.judge(&leaf.certificate);
    Ok(Verification::of(leaf, verdict, None, &mut assembly))
}

fn verify_selected(request: &Request, mut assembly: Assembly) -> Result<Verification, OpsError> {
    let mut last = None;
    let mut keep = |considered| {
        if let Considered::Client(client) = considered {
            last = Some(client);
        }
    };
    let judged = judge_clients(request, &assembly, &|considered| considered, &mut keep)?;
    match (last, judged.statuses.iter().sum()) {
        (Some(Client { entry, verdict }), 1) => Ok(Verification::of(entry, verdict, judged.selection, &mut assembly)),
        (_, asked_for) => {
            let passed_over: u64 = judged.passed_over.values().sum();
            let found = format!("{asked_for} of {} that were asked for", asked_for + passed_over);
            let problems = assembly.take_problems();
            Err(OpsError::NotOneLeaf { source_name: request.source_names(), found, problems })
        }
    }
}
