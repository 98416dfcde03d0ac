//! Which paths are valid: random PKIs with random defects, judged by certpath, by OpenSSL, by webpki and by how they were made.
//!
//! Where an oracle is known to differ, the difference is a row of [`DIVERGENCES`]; any other one fails.

use std::collections::BTreeSet;

use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};
use rustls_pki_types::{CertificateDer, UnixTime};

use crate::common::pki::{Ca, Options, folder, unknown_extension};
use crate::common::{AT, Run, array, openssl, pem, sha256, strings};

/// 2025-06-01T00:00:00Z
const AT_EPOCH: i64 = 1_748_736_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Defect {
    Expired,
    NotYetValid,
    PathLength0,
    NotCa,
    NoCertSign,
    ServerEku,
    UnknownCritical,
    WrongSignature,
}

const DEFECTS: [Defect; 8] = [
    Defect::Expired,
    Defect::NotYetValid,
    Defect::PathLength0,
    Defect::NotCa,
    Defect::NoCertSign,
    Defect::ServerEku,
    Defect::UnknownCritical,
    Defect::WrongSignature,
];

/// Oracle, the verdict that is its own, the defect or circumstance, why.
const DIVERGENCES: &[(&str, bool, Option<Defect>, &str)] = &[
    ("webpki", true, Some(Defect::NoCertSign), "webpki does not look at key usage"),
    (
        "openssl",
        false,
        None,
        "OpenSSL does not go back: the first issuer that fits by name and key identifier is the one",
    ),
];

fn apply(options: &mut Options, defect: Option<Defect>) {
    match defect {
        None => {}
        Some(Defect::Expired) => (options.from, options.to) = ((2020, 1, 1), (2024, 1, 1)),
        Some(Defect::NotYetValid) => (options.from, options.to) = ((2030, 1, 1), (2040, 1, 1)),
        Some(Defect::PathLength0) => options.path_length = Some(0),
        Some(Defect::NotCa) => options.ca = Some(false),
        Some(Defect::NoCertSign) => {
            options.key_usage = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::CrlSign]
        }
        Some(Defect::ServerEku) => options.eku = vec![ExtendedKeyUsagePurpose::ServerAuth],
        Some(Defect::UnknownCritical) => options.extensions.push(unknown_extension(true)),
        // the signer is another; an AKI would tell
        Some(Defect::WrongSignature) => options.aki = false,
    }
}

/// A small generator, so that a failure can be made again from its number.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
    fn defect(&mut self) -> Option<Defect> {
        (self.below(3) == 0).then(|| DEFECTS[usize::try_from(self.below(8)).unwrap_or(0)])
    }
}

/// One certificate of one CA by one CA of the level above.
struct Edge {
    der: Vec<u8>,
    level: usize,
    issuer: usize,
    subject: usize,
    defect: Option<Defect>,
}

struct Case {
    roots: Vec<Ca>,
    edges: Vec<Edge>,
    levels: usize,
    /// Level and number of the CA that issued the leaf.
    issuer: usize,
    leaf: Vec<u8>,
    leaf_defect: Option<Defect>,
}

fn case(seed: u64) -> Case {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    random.below(2);
    let pick = |random: &mut Random, count: usize| usize::try_from(random.below(count as u64)).unwrap_or(0);
    let roots: Vec<Ca> = (0..=random.below(2)).map(|n| Ca::root(&format!("Random Root {seed}.{n}"))).collect();
    let forger = Ca::root("Forger");
    let levels = pick(&mut random, 4);
    let mut above = roots.clone();
    let mut edges = Vec::new();
    for level in 0..levels {
        let cas: Vec<Ca> = (0..=random.below(2)).map(|n| Ca::root(&format!("Random CA {seed}.{level}.{n}"))).collect();
        for (subject, ca) in cas.iter().enumerate() {
            let mut issuers = BTreeSet::from([pick(&mut random, above.len())]);
            if random.below(2) == 0 {
                issuers.insert(pick(&mut random, above.len()));
            }
            for issuer in issuers {
                // now and then a second certificate of the same pair
                for _ in 0..=u64::from(random.below(4) == 0) {
                    let defect = random.defect();
                    let mut signer = above[issuer].clone();
                    if defect == Some(Defect::WrongSignature) {
                        signer.key = forger.key.clone();
                    }
                    let der = signer.cross_certify_with(ca, |options| apply(options, defect)).der;
                    edges.push(Edge { der, level, issuer, subject, defect });
                }
            }
        }
        above = cas;
    }
    let issuer = pick(&mut random, above.len());
    let leaf_defect = (random.below(8) == 0)
        .then_some([Defect::Expired, Defect::ServerEku, Defect::UnknownCritical][pick(&mut random, 3)]);
    let leaf = above[issuer].client_with("random.test", |options| apply(options, leaf_defect));
    Case { roots, edges, levels, issuer, leaf, leaf_defect }
}

impl Case {
    /// Every path from the leaf to a root, as how it was made tells, with the defects on it.
    fn paths(&self) -> Vec<(Vec<&Edge>, usize)> {
        let mut paths = vec![(Vec::new(), self.issuer)];
        for level in (0..self.levels).rev() {
            let mut longer = Vec::new();
            for (path, at) in &paths {
                for edge in self.edges.iter().filter(|edge| edge.level == level && edge.subject == *at) {
                    let mut path: Vec<&Edge> = path.clone();
                    path.push(edge);
                    longer.push((path, edge.issuer));
                }
            }
            paths = longer;
        }
        paths
    }

    fn valid_paths(&self) -> BTreeSet<Vec<String>> {
        let mut valid = BTreeSet::new();
        if self.leaf_defect.is_some() {
            return valid;
        }
        for (path, root) in self.paths() {
            // the first is the issuing CA: with a path length of 0 it may stand there
            let fine = path.iter().enumerate().all(|(below, edge)| match edge.defect {
                None => true,
                Some(Defect::PathLength0) => below == 0,
                Some(_) => false,
            });
            if fine {
                let mut certificates = vec![sha256(&self.leaf)];
                certificates.extend(path.iter().map(|edge| sha256(&edge.der)));
                certificates.push(sha256(&self.roots[root].der));
                valid.insert(certificates);
            }
        }
        valid
    }

    fn webpki(&self) -> bool {
        let roots: Vec<CertificateDer<'_>> =
            self.roots.iter().map(|root| CertificateDer::from(root.der.as_slice())).collect();
        let anchors: Vec<_> =
            roots.iter().map(|root| webpki::anchor_from_trusted_cert(root).expect("a root")).collect();
        let intermediates: Vec<CertificateDer<'_>> =
            self.edges.iter().map(|edge| CertificateDer::from(edge.der.as_slice())).collect();
        let leaf = CertificateDer::from(self.leaf.as_slice());
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(AT_EPOCH.unsigned_abs()));
        webpki::EndEntityCert::try_from(&leaf).is_ok_and(|leaf| {
            leaf.verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &anchors,
                &intermediates,
                time,
                webpki::KeyUsage::client_auth(),
                None,
                None,
            )
            .is_ok()
        })
    }

    fn openssl(&self) -> bool {
        let roots: Vec<&[u8]> = self.roots.iter().map(|root| root.der.as_slice()).collect();
        let untrusted: Vec<&[u8]> = self.edges.iter().map(|edge| edge.der.as_slice()).collect();
        openssl::verifies(&roots, &untrusted, &self.leaf, AT_EPOCH, Some("sslclient"))
    }

    fn divergence(&self, oracle: &str, verdict: bool) -> bool {
        DIVERGENCES.iter().any(|(who, own, defect, _)| {
            *who == oracle
                && *own == verdict
                && match defect {
                    Some(defect) => self.edges.iter().any(|edge| edge.defect == Some(*defect)),
                    None => self.paths().len() > 1,
                }
        })
    }
}

const CASES: u64 = 120;

#[test]
fn verify_finds_every_valid_path_of_random_pkis_and_no_other() {
    let mut valid = 0;
    for seed in 0..CASES {
        let case = case(seed);
        let roots: String = case.roots.iter().map(|root| pem(&root.der)).collect();
        let edges: String = case.edges.iter().map(|edge| pem(&edge.der)).collect();
        // without edges the folder is empty but for a text
        let edges_file = if edges.is_empty() { "edges/readme.txt" } else { "edges/e.pem" };
        let place = folder(&[
            ("roots/r.pem", roots.as_bytes()),
            (edges_file, edges.as_bytes()),
            ("leaf.pem", pem(&case.leaf).as_bytes()),
        ]);
        let output = Run::new(["verify", "--at", AT, "--purpose", "client", "--format", "json", "--trust"])
            .arg(place.path().join("roots"))
            .arg("--intermediates")
            .arg(place.path().join("edges"))
            .arg(place.path().join("leaf.pem"))
            .output();
        let truth = case.valid_paths();
        assert_eq!(output.status, i32::from(truth.is_empty()), "case {seed}: {truth:?}\n{}", output.seen());
        let found: BTreeSet<Vec<String>> = array(&output.json()["paths"])
            .iter()
            .filter(|path| path["status"] == "valid")
            .map(|path| strings(&path["certificates"]))
            .collect();
        assert_eq!(found, truth, "case {seed}: every valid path is found, and no other");
        valid += u32::from(!truth.is_empty());
    }
    assert!(valid > 30 && u64::from(valid) < CASES - 30, "{valid} of {CASES} are valid: the cases do not ask enough");
}

#[test]
fn webpki_and_openssl_agree_with_how_the_pkis_were_made_but_for_the_known_divergences() {
    let mut differed = BTreeSet::new();
    for seed in 0..CASES {
        let case = case(seed);
        let truth = case.valid_paths();
        for (oracle, verdict) in [("webpki", case.webpki()), ("openssl", case.openssl())] {
            if verdict == truth.is_empty() {
                assert!(
                    case.divergence(oracle, verdict),
                    "case {seed}: {oracle} says {verdict}, how it was made does not"
                );
                differed.insert(oracle);
            }
        }
    }
    println!("differed where it is known: {differed:?}");
}

#[test]
fn chain_and_export_choose_a_path_that_webpki_accepts_alone() {
    for seed in (0..CASES).step_by(4) {
        let case = case(seed);
        if case.valid_paths().is_empty() {
            continue;
        }
        let everything: String = case
            .roots
            .iter()
            .map(|root| &root.der)
            .chain(case.edges.iter().map(|edge| &edge.der))
            .chain([&case.leaf])
            .map(|der| pem(der))
            .collect();
        let place = folder(&[("all/all.pem", everything.as_bytes())]);
        let out = place.path().join("out");
        Run::new(["export", "--at", AT, "--select", "SubjectStr:random.test", "--out"])
            .arg(&out)
            .arg(place.path().join("all"))
            .output()
            .status(0);
        let read_all = |role: &str| {
            let dir = out.join(role);
            if dir.exists() {
                crate::common::files(&dir).iter().map(|file| crate::common::read(dir.join(file))).collect()
            } else {
                Vec::<Vec<u8>>::new()
            }
        };
        let (roots, intermediates) = (read_all("roots"), read_all("intermediates"));
        assert_eq!(roots.len(), 1, "case {seed}");
        assert_eq!(intermediates.len(), case.levels, "case {seed}: one path, no more");
        let of = |certificates: &[Vec<u8>]| {
            certificates.iter().map(|der| CertificateDer::from(der.clone())).collect::<Vec<_>>()
        };
        let (roots, intermediates) = (of(&roots), of(&intermediates));
        let anchors: Vec<_> =
            roots.iter().map(|root| webpki::anchor_from_trusted_cert(root).expect("a root")).collect();
        let leaf = CertificateDer::from(case.leaf.as_slice());
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(AT_EPOCH.unsigned_abs()));
        let verdict = webpki::EndEntityCert::try_from(&leaf).and_then(|leaf| {
            leaf.verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &anchors,
                &intermediates,
                time,
                webpki::KeyUsage::client_auth(),
                None,
                None,
            )
            .map(|_| ())
        });
        assert!(verdict.is_ok(), "case {seed}: {verdict:?}");
    }
}
