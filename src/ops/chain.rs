//! `chain`: the certification path of each client certificate, explained.

use std::collections::HashMap;
use std::sync::Arc;

use crate::certificate::Certificate;
use crate::cmg::profile::ProfileName;
use crate::cmg::rules::RuleContext;
use crate::cmg::selection::by_longest_validity;
use crate::ops::assembly::Assembly;
use crate::ops::authorities::Authorities;
use crate::ops::request::{OpsError, Request};
use crate::ops::results::{Chains, Client, IssuerResult, PassedOver};
use crate::ops::selecting::{Counter, SelectionCounts, Steps};
use crate::path::{PathStatus, Verdict};
use crate::pool::Entry;

/// A client certificate, or why it is none.
enum Considered {
    Client(Client),
    PassedOver(PassedOver),
}

/// The end-entity certificates of the sources, judged and counted.
pub(crate) struct Clients {
    pub(crate) clients: Vec<Client>,
    pub(crate) passed_over: Vec<PassedOver>,
    pub(crate) selection: Option<SelectionCounts>,
}

impl Clients {
    pub(crate) fn judge(request: &Request, assembly: &Assembly) -> Result<Self, OpsError> {
        let (mut clients, mut passed_over, mut counter) = (Vec::new(), Vec::new(), Counter::default());
        let one = |entry: &Entry| {
            // Nobody asks how many certificates a selection leaves that was not made.
            let steps = request.selects().then(|| {
                let decision = assembly.graph.decide(&entry.certificate);
                Steps::of(request, &assembly.graph, entry, &decision)
            });
            (consider(request, assembly, entry), steps)
        };
        request.progress.expect_certificates(assembly.corpus.end_entity_count());
        assembly.corpus.for_each_end_entity(&request.passwords, one, |(considered, steps)| {
            request.progress.judged(1);
            if let Some(steps) = steps {
                counter.count(&steps);
            }
            match considered {
                Considered::Client(client) => clients.push(client),
                Considered::PassedOver(over) => passed_over.push(over),
            }
        })?;
        keep_first(request, &mut clients, &mut passed_over);
        Ok(Self { clients, passed_over, selection: request.selects().then(|| counter.counts()) })
    }
}

/// Judges every end-entity certificate of the sources.
fn consider(request: &Request, assembly: &Assembly, entry: &Entry) -> Considered {
    let over = |reason| Considered::PassedOver(PassedOver { certificate: entry.certificate.clone(), reason });
    if let Some(reason) = request.passes_over(entry) {
        return over(reason);
    }
    let verdict = assembly.graph.judge(&entry.certificate);
    if !is_below_wanted(request, &entry.certificate, &verdict) {
        return over("it is not below the CA of --issuer".to_owned());
    }
    Considered::Client(Client { entry: entry.clone(), verdict })
}

fn is_below_wanted(request: &Request, certificate: &Certificate, verdict: &Verdict) -> bool {
    request.issuers.is_empty()
        || verdict
            .paths
            .iter()
            .any(|path| request.is_below_wanted(certificate, path.certificates.get(1..).unwrap_or_default()))
}

/// Of several clients the one with the longest validity, where that was asked for.
fn keep_first(request: &Request, clients: &mut Vec<Client>, passed_over: &mut Vec<PassedOver>) {
    if !request.first || clients.len() < 2 {
        return;
    }
    let best = clients
        .iter()
        .max_by(|one, two| {
            by_longest_validity(&one.entry.certificate).cmp(&by_longest_validity(&two.entry.certificate))
        })
        .map(|client| *client.entry.certificate.sha256());
    let (kept, others): (Vec<_>, Vec<_>) =
        std::mem::take(clients).into_iter().partition(|client| Some(*client.entry.certificate.sha256()) == best);
    *clients = kept;
    passed_over.extend(others.into_iter().map(|client| PassedOver {
        certificate: client.entry.certificate,
        reason: "another has the longest validity (--first)".to_owned(),
    }));
}

/// Builds and explains.
///
/// # Errors
/// Where nothing at all was found, or the temporary file for standard input cannot be written.
pub fn chain(request: &Request) -> Result<Chains, OpsError> {
    let mut assembly = Assembly::new(request)?;
    if assembly.corpus.is_empty() {
        return Err(OpsError::NoCertificate(request.source_names()));
    }
    let Clients { clients, passed_over, selection } = Clients::judge(request, &assembly)?;
    let authorities =
        Authorities::judge(&assembly, &RuleContext::new(request.at, &request.settings, ProfileName::Client));

    let mut hanging: HashMap<[u8; 32], u64> = HashMap::new();
    for client in &clients {
        // What hangs on a CA is what its chosen path, or the best there is, goes through.
        let path = client.verdict.paths.first();
        for certificate in path.iter().flat_map(|path| path.certificates.iter().skip(1)) {
            *hanging.entry(*certificate.sha256()).or_default() += 1;
        }
    }
    let mut issuers: Vec<IssuerResult> = Vec::new();
    let mut add = |certificate: &Arc<Certificate>| {
        let clients = hanging.get(certificate.sha256()).copied().unwrap_or(0);
        issuers.push(IssuerResult {
            entry: assembly.entry_of(certificate),
            verdict: assembly.graph.judge(certificate),
            findings: authorities.of(&assembly, certificate).to_vec(),
            clients,
        });
    };
    for entry in assembly.corpus.issuers.entries() {
        add(&entry.certificate);
    }
    for entry in assembly.helpers.entries() {
        let is_listed = assembly.corpus.issuers.get(entry.certificate.sha256()).is_some();
        if !is_listed && hanging.contains_key(entry.certificate.sha256()) {
            add(&entry.certificate);
        }
    }
    Ok(Chains {
        at: request.at,
        trust: assembly.trust,
        issuers,
        clients,
        passed_over,
        selection,
        problems: std::mem::take(&mut assembly.problems),
    })
}

impl Chains {
    /// Whether every client certificate has a valid path.
    pub fn is_complete(&self) -> bool {
        self.clients
            .iter()
            .all(|client| client.verdict.paths.first().is_some_and(|path| path.status == PathStatus::Valid))
    }
}
