//! `export`: the CA certificates that a CMG must be given.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use crate::certificate::Certificate;
use crate::cmg::profile::ProfileName;
use crate::cmg::rules::RuleContext;
use crate::cmg::selection::Issuer;
use crate::ops::assembly::Assembly;
use crate::ops::authorities::Authorities;
use crate::ops::chain::{Considered, judge_clients};
use crate::ops::request::{OpsError, Request};
use crate::ops::results::{Bundle, Client, ExportedClient, PassedOver};
use crate::path::{Path, PathStatus, RevocationStatus, Verdict};
use crate::pool::Entry;

/// What goes into a bundle beside the chosen paths.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Extent {
    /// The CA certificates of every valid path.
    pub all_paths: bool,
    /// Every CA certificate that has a valid path.
    pub all_cas: bool,
}

/// Whether a path is one whose certificates a CMG can be given: valid, and up to a self-signed anchor.
fn is_exportable(path: &Path) -> bool {
    path.status == PathStatus::Valid && path.is_anchored && path.ends_self_signed
}

/// Finds what to write; a bundle with refused clients is written only where the incomplete is allowed.
///
/// # Errors
/// Where nothing at all was found, or the temporary file for standard input cannot be written.
pub fn export(request: &Request, extent: &Extent) -> Result<Bundle, OpsError> {
    let mut assembly = Assembly::new(request)?;
    let chosen = RwLock::new(Chosen::default());
    let (mut clients, mut refused, mut passed_over) = (Vec::new(), Vec::new(), Vec::new());
    let mut revocation_unknown = 0;
    let judged = judge_clients(
        request,
        &assembly,
        &|considered| match considered {
            Considered::PassedOver(over) => Judgement::PassedOver(over),
            Considered::Client(client) => match take_paths(&chosen, &client.verdict, extent) {
                Some(path) => Judgement::Client {
                    client: ExportedClient::from(&client.entry),
                    is_revocation_known: !path.revocation.iter().any(RevocationStatus::is_unknown),
                },
                None => Judgement::Refused(client),
            },
        },
        &mut |judgement| match judgement {
            Judgement::Client { client, is_revocation_known } => {
                revocation_unknown += usize::from(!is_revocation_known);
                clients.push(client);
            }
            Judgement::Refused(client) => refused.push(client),
            Judgement::PassedOver(over) => passed_over.push(over),
        },
    )?;
    let mut chosen = chosen.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut unused_authorities = 0;
    if extent.all_cas || chosen.certificates.is_empty() {
        for id in assembly.graph.ids() {
            let certificate = assembly.graph.certificate(id);
            let verdict = assembly.graph.judge(certificate);
            let mut paths = verdict.paths.iter().filter(|path| !certificate.is_end_entity() && is_exportable(path));
            if !extent.all_cas {
                unused_authorities += usize::from(paths.next().is_some());
            } else if let Some(path) = paths.next() {
                chosen.take(path, 0);
            }
            for path in paths {
                chosen.alternative(path, 0, extent.all_paths);
            }
        }
    }

    let authorities =
        Authorities::judge(&assembly, &RuleContext::new(request.at, &request.settings, ProfileName::Client));
    let wanted_elsewhere = chosen.wanted_elsewhere(request);
    let (mut roots, mut intermediates, mut findings) = (Vec::new(), Vec::new(), Vec::new());
    for certificate in chosen.certificates.into_values() {
        let found = authorities.of(&assembly, &certificate);
        findings.extend(found.iter().map(|finding| (certificate.clone(), finding.clone())));
        let entry = assembly.entry_of(&certificate);
        if certificate.is_self_signed() { roots.push(entry) } else { intermediates.push(entry) }
    }
    let by_name = |entry: &Entry| (entry.certificate.subject().short(), *entry.certificate.thumbprint());
    roots.sort_by_cached_key(by_name);
    intermediates.sort_by_cached_key(by_name);
    Ok(Bundle {
        at: request.at,
        trust: assembly.trust,
        roots,
        intermediates,
        clients,
        revocation_unknown,
        alternatives: chosen.alternatives.into_values().collect(),
        wanted_elsewhere,
        unused_authorities,
        refused,
        passed_over,
        selection: judged.selection,
        findings,
        problems: assembly.take_problems(),
    })
}

/// What is kept of an end-entity certificate: its paths are many clients' own, and are kept once.
enum Judgement {
    Client { client: ExportedClient, is_revocation_known: bool },
    Refused(Client),
    PassedOver(PassedOver),
}

/// Takes note of the paths of a client certificate; the best of those that can be exported.
fn take_paths<'a>(chosen: &RwLock<Chosen>, verdict: &'a Verdict, extent: &Extent) -> Option<&'a Path> {
    let paths: Vec<&Path> = verdict.paths.iter().filter(|path| is_exportable(path)).collect();
    let (first, others) = paths.split_first()?;
    let knows_all = {
        let chosen = chosen.read().unwrap_or_else(PoisonError::into_inner);
        chosen.paths.contains(&key(first, 1)) && others.iter().all(|path| chosen.knows(path, 1, extent.all_paths))
    };
    if !knows_all {
        let mut chosen = chosen.write().unwrap_or_else(PoisonError::into_inner);
        chosen.take(first, 1);
        others.iter().for_each(|path| chosen.alternative(path, 1, extent.all_paths));
    }
    Some(first)
}

/// The paths to export, and those beside them; the same in whatever order they are taken.
#[derive(Default)]
struct Chosen {
    certificates: BTreeMap<[u8; 32], Arc<Certificate>>,
    paths: BTreeSet<Vec<[u8; 32]>>,
    alternatives: BTreeMap<Vec<[u8; 32]>, Path>,
}

/// The CA certificates of a path, by which two paths are the same.
fn key(path: &Path, skipped: usize) -> Vec<[u8; 32]> {
    path.certificates.iter().skip(skipped).map(|certificate| *certificate.sha256()).collect()
}

impl Chosen {
    fn take(&mut self, path: &Path, skipped: usize) {
        let key = key(path, skipped);
        self.alternatives.remove(&key);
        if self.paths.insert(key) {
            for certificate in path.certificates.iter().skip(skipped) {
                self.certificates.insert(*certificate.sha256(), certificate.clone());
            }
        }
    }

    fn knows(&self, path: &Path, skipped: usize, is_taken: bool) -> bool {
        let key = key(path, skipped);
        self.paths.contains(&key) || !is_taken && self.alternatives.contains_key(&key)
    }

    /// What `--issuer` names and no chosen path goes through: of each that is asked for, those of the other paths.
    fn wanted_elsewhere(&self, request: &Request) -> Vec<Arc<Certificate>> {
        let is_meant = |issuer: &Issuer, cas: &[Arc<Certificate>], ca: &Arc<Certificate>| {
            issuer.matches(ca, cas.last().is_some_and(|last| last == ca))
        };
        let is_chosen = |issuer: &Issuer| self.certificates.values().any(|ca| issuer.matches(ca, ca.is_self_signed()));
        let mut found = BTreeMap::new();
        for issuer in request.issuers.iter().filter(|issuer| !is_chosen(issuer)) {
            for Path { certificates, .. } in self.alternatives.values() {
                let meant = certificates.iter().filter(|ca| is_meant(issuer, certificates, ca));
                found.extend(meant.map(|ca| (*ca.sha256(), ca.clone())));
            }
        }
        found.into_values().collect()
    }

    fn alternative(&mut self, path: &Path, skipped: usize, is_taken: bool) {
        if is_taken {
            return self.take(path, skipped);
        }
        if !self.knows(path, skipped, false) {
            let key = key(path, skipped);
            let certificates = path.certificates.iter().skip(skipped).cloned().collect();
            self.alternatives.insert(key, Path { certificates, revocation: Vec::new(), ..path.clone() });
        }
    }
}
