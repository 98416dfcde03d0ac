//! `chain`: the certification path of each client certificate, explained.

use std::collections::{BTreeMap, HashMap};

use crate::cmg::profile::ProfileName;
use crate::cmg::rules::RuleContext;
use crate::cmg::selection::by_longest_validity;
use crate::ops::assembly::Assembly;
use crate::ops::authorities::Authorities;
use crate::ops::request::{OpsError, Request};
use crate::ops::results::{ChainOutcome, Chains, Client, IssuerResult, PassedOver};
use crate::ops::selecting::{Counter, NOT_FIRST, SelectionCounts, Steps, is_below_wanted};
use crate::path::{PathStatus, Verdict};
use crate::pool::Entry;

/// An end-entity certificate that was considered as a client's: a client certificate, or why it is none.
#[derive(Debug)]
#[non_exhaustive]
pub enum Considered {
    /// A client certificate, judged.
    Client(Client),
    /// Another one, or none that was asked for.
    PassedOver(PassedOver),
}

/// What was made of a certificate, and the steps of the selection that it passed where there is one.
struct Stepped<R> {
    result: R,
    steps: Option<Steps>,
}

/// What was made of a certificate, and what is counted of it: its path's status and CAs, or why it was passed over.
struct Tallied<R> {
    result: R,
    tally: Result<(PathStatus, Vec<[u8; 32]>), String>,
}

/// Judges every end-entity certificate of the sources: `work` on all cores, `sink` in their order.
fn judge_each<R: Send>(
    request: &Request,
    assembly: &Assembly,
    work: &(dyn Fn(Considered) -> R + Sync),
    sink: &mut dyn FnMut(R),
) -> Result<Option<SelectionCounts>, OpsError> {
    let mut counter = Counter::default();
    let one = |entry: &Entry| {
        // Nobody asks how many certificates a selection leaves that was not made.
        let steps = request.selects().then(|| {
            let decision = assembly.graph.decide(&entry.certificate);
            Steps::of(request, &assembly.graph, entry, &decision)
        });
        Stepped { result: work(consider(request, assembly, entry)), steps }
    };
    request.progress.expect_certificates(assembly.corpus.end_entity_count());
    assembly.corpus.for_each_end_entity(&request.passwords, &one, &mut |Stepped { result, steps }| {
        request.progress.judged(1);
        if let Some(steps) = steps {
            counter.count(&steps);
        }
        sink(result);
    })?;
    Ok(request.selects().then(|| counter.counts()))
}

/// Judges every end-entity certificate of the sources.
fn consider(request: &Request, assembly: &Assembly, entry: &Entry) -> Considered {
    let over = |reason| Considered::PassedOver(PassedOver { certificate: entry.certificate.clone(), reason });
    if let Some(reason) = request.passes_over(entry) {
        return over(reason);
    }
    let verdict = assembly.graph.judge(&entry.certificate);
    if !is_below_wanted(request, &entry.certificate, &verdict) {
        return over(assembly.not_below.clone());
    }
    Considered::Client(Client { entry: entry.clone(), verdict })
}

/// Builds and explains.
///
/// # Errors
/// Where nothing at all was found, or the temporary file for standard input cannot be written.
pub fn chain(request: &Request) -> Result<Chains, OpsError> {
    let mut assembly = Assembly::new(request)?;
    let (mut clients, mut passed_over) = (Vec::new(), Vec::new());
    let keep = |mut considered| {
        if let Considered::Client(Client { verdict, .. }) = &mut considered {
            verdict.shrink();
        }
        considered
    };
    let judged = judge_clients(request, &assembly, &keep, &mut |considered| match considered {
        Considered::Client(client) => clients.push(client),
        Considered::PassedOver(over) => passed_over.push(over),
    })?;
    Ok(Chains {
        at: request.at,
        trust: assembly.trust,
        issuers: issuers(request, &assembly, &judged.hanging),
        clients,
        passed_over,
        selection: judged.selection,
        problems: assembly.take_problems(),
    })
}

/// As [`chain`], for as many certificates as there may be: `work` on all cores, `sink` in the order of the sources, and nothing of an
/// end-entity certificate is kept.
///
/// # Errors
/// As [`chain`].
pub fn chain_each<R: Send>(
    request: &Request,
    work: impl Fn(Considered) -> R + Sync,
    mut sink: impl FnMut(R),
) -> Result<ChainOutcome, OpsError> {
    let mut assembly = Assembly::new(request)?;
    let judged = judge_clients(request, &assembly, &work, &mut sink)?;
    let [valid, invalid, incomplete] = judged.statuses;
    Ok(ChainOutcome {
        valid,
        invalid,
        incomplete,
        issuers: issuers(request, &assembly, &judged.hanging),
        passed_over: judged.passed_over.into_iter().collect(),
        selection: judged.selection,
        none_to_trust: assembly.none_to_trust,
        problems: assembly.take_problems(),
    })
}

/// What is left of end-entity certificates that were judged one by one.
#[derive(Default)]
pub(crate) struct Judged {
    /// How many client certificates have a valid path, only invalid ones, none that ends at a self-signed certificate.
    pub(crate) statuses: [u64; 3],
    pub(crate) passed_over: BTreeMap<String, u64>,
    pub(crate) selection: Option<SelectionCounts>,
    hanging: Hanging,
}

/// Judges each end-entity certificate: `work` on all cores, `sink` in the order of the sources; nothing of it is kept.
pub(crate) fn judge_clients<R: Send>(
    request: &Request,
    assembly: &Assembly,
    work: &(dyn Fn(Considered) -> R + Sync),
    sink: &mut dyn FnMut(R),
) -> Result<Judged, OpsError> {
    let first = if request.first { find_first(request, assembly)? } else { None };
    let mut judged = Judged::default();
    let one = |considered| {
        let considered = match considered {
            Considered::Client(Client { entry, .. })
                if first.is_some_and(|first| first != *entry.certificate.sha256()) =>
            {
                Considered::PassedOver(PassedOver { certificate: entry.certificate, reason: NOT_FIRST.to_owned() })
            }
            other => other,
        };
        let tally = match &considered {
            Considered::Client(Client { verdict, .. }) => {
                let status = verdict.paths.first().map_or(PathStatus::Incomplete, |path| path.status);
                Ok((status, above(verdict).copied().collect::<Vec<_>>()))
            }
            Considered::PassedOver(over) => Err(over.reason.clone()),
        };
        Tallied { result: work(considered), tally }
    };
    let selection = judge_each(request, assembly, &one, &mut |Tallied { result, tally }| {
        match tally {
            Ok((status, above)) => {
                judged.statuses[status as usize] += 1;
                judged.hanging.add(above.iter());
            }
            Err(reason) => *judged.passed_over.entry(reason).or_default() += 1,
        }
        sink(result);
    })?;
    Ok(Judged { selection, ..judged })
}

/// The client certificate with the longest validity.
fn find_first(request: &Request, assembly: &Assembly) -> Result<Option<[u8; 32]>, OpsError> {
    let mut best = None;
    let candidate = |considered| match considered {
        Considered::Client(client) => {
            let certificate = &client.entry.certificate;
            Some((by_longest_validity(certificate), *certificate.sha256()))
        }
        Considered::PassedOver(_) => None,
    };
    judge_each(request, assembly, &candidate, &mut |found| best = best.take().max(found))?;
    Ok(best.map(|(_, sha256)| sha256))
}

/// The CAs that a client certificate hangs on: those of its chosen path, or of the best there is.
fn above(verdict: &Verdict) -> impl Iterator<Item = &[u8; 32]> {
    verdict.paths.first().into_iter().flat_map(|path| path.certificates.iter().skip(1).map(|ca| ca.sha256()))
}

/// How many client certificates hang on each CA.
#[derive(Default)]
struct Hanging(HashMap<[u8; 32], u64>);

impl Hanging {
    fn add<'a>(&mut self, above: impl Iterator<Item = &'a [u8; 32]>) {
        above.for_each(|sha256| *self.0.entry(*sha256).or_default() += 1);
    }
}

/// The CAs of the sources, and of those beside them the ones that something hangs on.
fn issuers(request: &Request, assembly: &Assembly, Hanging(hanging): &Hanging) -> Vec<IssuerResult> {
    let authorities =
        Authorities::judge(assembly, &RuleContext::new(request.at, &request.settings, ProfileName::Client));
    let of_sources = assembly.corpus.issuers.entries().iter();
    let beside = assembly.helpers.entries().iter().filter(|entry| {
        let sha256 = entry.certificate.sha256();
        assembly.corpus.issuers.get(sha256).is_none() && hanging.contains_key(sha256)
    });
    let result = |entry: &Entry| IssuerResult {
        entry: assembly.entry_of(&entry.certificate),
        verdict: assembly.graph.judge(&entry.certificate),
        findings: authorities.of(assembly, &entry.certificate).to_vec(),
        clients: hanging.get(entry.certificate.sha256()).copied().unwrap_or(0),
        concerns_clients: None,
    };
    of_sources.chain(beside).map(result).collect()
}

impl ChainOutcome {
    /// Whether every client certificate has a valid path.
    pub fn is_complete(&self) -> bool {
        self.invalid + self.incomplete == 0
    }
}

impl Chains {
    /// Whether every client certificate has a valid path.
    pub fn is_complete(&self) -> bool {
        self.clients
            .iter()
            .all(|client| client.verdict.paths.first().is_some_and(|path| path.status == PathStatus::Valid))
    }
}
