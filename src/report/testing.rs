//! For the tests of the reports: what the commands would find in a folder of testdata, put together by the shortest way.

use std::collections::HashMap;
use std::path::Path as FilePath;
use std::sync::Arc;

use crate::certificate::Certificate;
use crate::ops::{Chains, Client, Inspection, IssuerResult, PassedOver, Trust};
use crate::path::graph::{Graph, Issuer};
use crate::path::verdict::can_authenticate_clients;
use crate::path::{Purpose, Settings};
use crate::pool::Pool;
use crate::source::contents::Kind;
use crate::source::{Occurrence, Passwords, Problem, Restrictions, Source, read, walk};
use crate::time::Time;

pub(crate) fn at() -> Time {
    Time::parse("2026-11-22T12:00:00Z").unwrap()
}

/// Everything in `testdata/FOLDER`.
pub(crate) fn inspection(folder: &str) -> Inspection {
    let root = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let source = Source::parse(root.join(folder).as_os_str()).unwrap();
    let passwords = Passwords::new([]);
    let mut pool = Pool::default();
    let mut found = Inspection::default();
    for input in walk::inputs(&[source]) {
        let input = input.ok().unwrap();
        // Names that are the same wherever the tests run.
        let path = input.name.replace('\\', "/");
        let name: Arc<str> = path.split_once("testdata/").map_or(path.as_str(), |(_, rest)| rest).into();
        let mut index = 0;
        read::read_input(&input, &passwords, |contents| {
            found.problems.extend(contents.faults.into_iter().map(|fault| Problem::new(&name, fault)));
            for one in contents.found {
                match one.kind {
                    Kind::Certificate => {
                        let Ok(certificate) = Certificate::from_vec(one.der) else { continue };
                        let occurrence = Occurrence {
                            source: name.clone(),
                            format: one.format,
                            index,
                            position: one.position,
                            properties: one.properties,
                        };
                        index += 1;
                        pool.add(Arc::new(certificate), occurrence);
                    }
                    Kind::Crl => found.crls += 1,
                    Kind::PrivateKey => found.private_keys += 1,
                }
            }
        });
    }
    found.certificates = pool.entries().to_vec();
    found
}

/// The paths of the clients in `testdata/FOLDER`, its self-signed CAs trusted.
pub(crate) fn chains(folder: &str) -> Chains {
    let at = at();
    let found = inspection(folder);
    let (authorities, end_entities): (Vec<_>, Vec<_>) =
        found.certificates.into_iter().partition(|entry| entry.certificate.is_ca());
    let issuers = authorities.iter().map(|entry| Issuer {
        certificate: entry.certificate.clone(),
        anchor: entry.certificate.is_self_signed().then(Restrictions::default),
    });
    let graph = Graph::new(issuers.collect(), Vec::new(), Settings::new(Purpose::Client, at));
    let (mut clients, mut passed_over) = (Vec::new(), Vec::new());
    for entry in end_entities {
        let reason = if !can_authenticate_clients(&entry.certificate) {
            "its extended key usage does not allow client authentication"
        } else if !entry.certificate.is_valid_at(at) {
            "not valid at the moment of judgement"
        } else {
            clients.push(Client { verdict: graph.judge(&entry.certificate), entry });
            continue;
        };
        passed_over.push(PassedOver { certificate: entry.certificate, reason: reason.into() });
    }
    let mut counts = HashMap::<[u8; 32], u64>::new();
    for path in clients.iter().filter_map(|client| client.verdict.chosen()) {
        for certificate in path.certificates.iter().skip(1) {
            *counts.entry(*certificate.sha256()).or_default() += 1;
        }
    }
    let issuers = authorities
        .into_iter()
        .map(|entry| IssuerResult {
            verdict: graph.judge(&entry.certificate),
            clients: counts.get(entry.certificate.sha256()).copied().unwrap_or(0),
            entry,
        })
        .collect();
    Chains { at, trust: Trust::Assumed, issuers, clients, passed_over, problems: found.problems }
}

/// Writes what a person would see: `SHOW=DIR cargo test --lib show_what_people_see`.
#[test]
fn show_what_people_see() {
    let Some(folder) = std::env::var_os("SHOW") else { return };
    for name in [
        "contoso",
        "pki/cross-signed",
        "pki/renewed-new-key",
        "pki/missing-intermediate",
        "pki/path-length",
        "pki/wrong-eku",
        "pki/hostile-names",
        "pki/bad-signature",
        "pki/no-key-identifiers",
        "pki/damaged",
    ] {
        for width in [Some(80), Some(200), None] {
            let style =
                super::Style { width, color: width.is_some(), rows: width.map(|_| 40), ..super::Style::default() };
            let mut out = Vec::new();
            super::chain_text::write(&mut out, &style, &chains(name)).unwrap();
            out.extend_from_slice(b"\n=== inspect\n");
            super::inspect_text::write(&mut out, &style, &inspection(name), at()).unwrap();
            let file = format!("{}-{}.txt", name.replace('/', "-"), width.unwrap_or(0));
            std::fs::write(FilePath::new(&folder).join(file), out).unwrap();
        }
    }
}
