//! NIST PKITS and x509-limbo: every chain case that has CRLs, with the paths that the engine builds.
// What was not run is said by name.
#![allow(clippy::print_stderr)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::certificate::{Certificate, Crl};
use crate::path::graph::{Graph, Issuer};
use crate::path::revocation::signers::SignerPool;
use crate::path::revocation::{CrlStore, RevocationStatus, status};
use crate::path::verdict::PathStatus;
use crate::path::{Purpose, Settings};
use crate::source::Restrictions;
use crate::time::Time;

fn corpora() -> Option<PathBuf> {
    let given = std::env::var_os("CERTPATH_CORPORA").map(PathBuf::from);
    let folder = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora"));
    folder.join("cases/cases.jsonl").is_file().then_some(folder)
}

fn blocks(path: &Path) -> Vec<Vec<u8>> {
    pem::parse_many(std::fs::read(path).unwrap()).unwrap().into_iter().map(pem::Pem::into_contents).collect()
}

fn folder(path: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().flat_map(|file| blocks(file)).collect()
}

fn certificates(blocks: Vec<Vec<u8>>) -> Vec<Arc<Certificate>> {
    blocks.into_iter().map(|der| Arc::new(Certificate::from_vec(der).unwrap())).collect()
}

/// Whether some valid path has no certificate whose status is not good; and what was found.
fn accepts(dir: &Path, at: Time) -> (bool, String) {
    let leaf = certificates(blocks(&dir.join("leaf.pem"))).remove(0);
    let roots = certificates(folder(&dir.join("roots")));
    let intermediates = certificates(folder(&dir.join("intermediates")));
    let crls = folder(&dir.join("crls")).into_iter().map(|der| Arc::new(Crl::from_vec(der).unwrap())).collect();
    let issuers = || {
        roots
            .iter()
            .map(|root| Issuer { certificate: root.clone(), anchor: Some(Restrictions::default()) })
            .chain(intermediates.iter().map(|ca| Issuer { certificate: ca.clone(), anchor: None }))
            .collect()
    };
    let graph = Graph::new(issuers(), Vec::new(), Settings::new(Purpose::Any, at));
    let signers = SignerPool::new(
        Graph::new(issuers(), Vec::new(), Settings::new(Purpose::Any, at)),
        roots.iter().chain(&intermediates).cloned(),
    );
    let store = CrlStore::new(crls, at);
    let mut report = String::new();
    for path in graph.judge(&leaf).paths.iter().filter(|path| path.status == PathStatus::Valid) {
        let signers = signers.below(path.certificates.last().unwrap());
        let issuer = |above: &Arc<Certificate>| graph.crl_issuer(graph.find(above.sha256()).unwrap());
        let pairs = path.certificates.windows(2);
        let found: Vec<_> = pairs.map(|pair| status(&pair[0], issuer(&pair[1]), &store, &signers)).collect();
        if found.iter().all(RevocationStatus::is_good) {
            return (true, report);
        }
        for (certificate, status) in path.certificates.iter().zip(&found) {
            report += &format!("\n    {}: {status}", certificate.subject().short());
        }
    }
    (false, report)
}

struct Case {
    id: String,
    dir: PathBuf,
    is_valid: bool,
    at: Time,
    category: String,
}

fn cases(corpora: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(corpora.join("cases/cases.jsonl")).unwrap();
    text.lines()
        .map(|line| {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let field = |name: &str| case[name].as_str().unwrap().to_owned();
            Case {
                id: field("id"),
                dir: corpora.join(field("dir")),
                is_valid: field("expected") == "SUCCESS",
                at: Time::parse(&field("time")).unwrap(),
                category: field("category"),
            }
        })
        .collect()
}

#[test]
fn every_crl_case_of_pkits_and_limbo_is_judged_as_its_suite_says() {
    let Some(corpora) = corpora() else {
        eprintln!("not run: PKITS and limbo CRL cases (no corpora)");
        return;
    };
    let mut wrong = BTreeMap::new();
    let mut count = 0;
    for case in cases(&corpora).into_iter().filter(|case| case.category == "crl") {
        count += 1;
        let (accepted, report) = accepts(&case.dir, case.at);
        if accepted != case.is_valid {
            wrong.insert(case.id, report);
        }
    }
    assert!(count >= 80, "{count} cases");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_certificate_of_the_other_valid_pkits_paths_is_good() {
    let Some(corpora) = corpora() else {
        eprintln!("not run: the CRLs of the other PKITS cases (no corpora)");
        return;
    };
    let mut wrong = BTreeMap::new();
    let mut count = 0;
    for case in cases(&corpora) {
        // Settings other than RFC 5280's defaults, and DSA, belong to the tests of the whole engine.
        let is_here = case.id.starts_with("pkits/") && ["core", "nc"].contains(&case.category.as_str());
        if !is_here || !case.is_valid || !case.dir.join("crls").is_dir() {
            continue;
        }
        count += 1;
        let (accepted, report) = accepts(&case.dir, case.at);
        if !accepted {
            wrong.insert(case.id, report);
        }
    }
    assert!(count > 0, "{count} cases");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
