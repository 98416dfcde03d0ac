//! CAs with DSA keys, some without parameters, in paths, crosses and circles; OpenSSL makes keys and signatures.

use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::certificate::crl::build::{self, List, extension, integer, utc};
use crate::certificate::tlv::{Tlv, tag};
use crate::certificate::{Certificate, Crl, oid};
use crate::der_writer::{element, sequence};
use crate::path::graph::{Graph, Issuer, Revocation};
use crate::path::revocation::CrlStore;
use crate::path::revocation::signers::SignerPool;
use crate::path::state::State;
use crate::path::trace::Check;
use crate::path::{Purpose, Settings};
use crate::source::Restrictions;
use crate::source::testing::patiently;
use crate::time::Time;

/// Keys by name, each of a group of parameters.
struct Keys(tempfile::TempDir);

impl Keys {
    fn new(groups: &[&str]) -> Self {
        let keys = Self(tempfile::tempdir().unwrap());
        for group in groups {
            keys.run(&[
                "genpkey",
                "-genparam",
                "-algorithm",
                "DSA",
                "-pkeyopt",
                "dsa_paramgen_bits:1024",
                "-out",
                group,
            ]);
        }
        keys
    }

    fn run(&self, arguments: &[&str]) -> Vec<u8> {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(self.0.path());
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        command.stdin(Stdio::null());
        let output = patiently(|| command.output()).expect("these tests need the openssl command");
        assert!(output.status.success(), "openssl {arguments:?}");
        output.stdout
    }

    /// The SubjectPublicKeyInfo, made at the first call.
    fn full(&self, name: &str, group: &str) -> Vec<u8> {
        if !self.0.path().join(name).exists() {
            self.run(&["genpkey", "-paramfile", group, "-out", name]);
        }
        self.run(&["pkey", "-in", name, "-pubout", "-outform", "DER"])
    }

    /// The same without parameters.
    fn bare(&self, name: &str, group: &str) -> Vec<u8> {
        let full = self.full(name, group);
        let mut parts = Tlv::only(&full).unwrap().children();
        let (_, key) = (parts.next().unwrap(), parts.next().unwrap());
        sequence(&[&sequence(&[&element(tag::OID, oid::DSA)]), key.raw])
    }

    fn sign(&self, key: &str, message: &[u8]) -> Vec<u8> {
        std::fs::write(self.0.path().join("message"), message).unwrap();
        self.run(&["dgst", "-sha256", "-sign", key, "message"])
    }

    /// A certificate; a CA's where its name says so.
    fn issue(&self, subject: &str, spki: &[u8], issuer: &str, by: &str) -> Arc<Certificate> {
        let is_ca = subject.contains("CA");
        let constraints = if is_ca { sequence(&[&element(tag::BOOLEAN, &[0xff])]) } else { sequence(&[]) };
        let usage = element(tag::BIT_STRING, if is_ca { &[1, 6] } else { &[7, 0x80] });
        let extensions =
            [extension(oid::BASIC_CONSTRAINTS, true, &constraints), extension(oid::KEY_USAGE, true, &usage)];
        let tbs = sequence(&[
            &element(tag::context_constructed(0), &integer(2)),
            &integer(0x1000 + u64::from(spki[spki.len() - 1])),
            &algorithm(by),
            &build::name(issuer),
            &sequence(&[&utc("250101000000Z"), &utc("300101000000Z")]),
            &build::name(subject),
            spki,
            &element(tag::context_constructed(3), &element(tag::SEQUENCE, &extensions.concat())),
        ]);
        let der = build::signed(&tbs, &algorithm(by), |tbs| self.sign(by, tbs));
        Arc::new(Certificate::from_vec(der).unwrap())
    }
}

/// What the key of this name signs with.
fn algorithm(key: &str) -> Vec<u8> {
    sequence(&[&element(tag::OID, if key == "rsa" { oid::SHA256_WITH_RSA } else { oid::SHA256_WITH_DSA })])
}

fn at() -> Time {
    Time::parse("2026-06-01T00:00:00Z").unwrap()
}

fn graph(anchors: &[&Arc<Certificate>], others: &[&Arc<Certificate>]) -> Graph {
    let anchor = |certificate: &&Arc<Certificate>| Issuer {
        certificate: (*certificate).clone(),
        anchor: Some(Restrictions::default()),
    };
    let other = |certificate: &&Arc<Certificate>| Issuer { certificate: (*certificate).clone(), anchor: None };
    let issuers = anchors.iter().map(anchor).chain(others.iter().map(other)).collect();
    Graph::new(issuers, Vec::new(), Settings::new(Purpose::Any, at()))
}

/// The lengths of the valid paths.
fn paths(graph: &Graph, leaf: &Arc<Certificate>) -> Vec<usize> {
    let verdict = graph.judge(leaf);
    if verdict.chosen().is_none() {
        return Vec::new();
    }
    verdict.paths.iter().map(|path| path.certificates.len()).collect()
}

#[test]
fn parameters_come_down_from_ca_to_ca_whatever_the_order() {
    let keys = Keys::new(&["group"]);
    let root = keys.issue("Root CA", &keys.full("root", "group"), "Root CA", "root");
    let first = keys.issue("First CA", &keys.bare("first", "group"), "Root CA", "root");
    let second = keys.issue("Second CA", &keys.bare("second", "group"), "First CA", "first");
    let leaf = keys.issue("PC", &keys.bare("leaf", "group"), "Second CA", "second");
    assert!(root.is_self_signed());
    assert_eq!(paths(&graph(&[&root], &[&second, &first]), &leaf), [4]);
    assert_eq!(paths(&graph(&[&root], &[&second]), &leaf), [0; 0]);
    let stated = keys.issue("First CA", &keys.full("first", "group"), "Root CA", "root");
    assert_eq!(paths(&graph(&[&root], &[&second, &first, &stated]), &leaf), [4, 4], "the key is one");

    // A signature by another key of the same parameters is bad, not unsupported.
    let forged = keys.issue("PC", &keys.bare("leaf", "group"), "Second CA", "first");
    let refused = graph(&[&root], &[&second, &first]).judge(&forged).refused;
    assert!(refused.iter().any(|refusal| refusal.failure.check == Check::Signature), "{refused:?}");
}

#[test]
fn lists_signed_by_keys_without_parameters_count() {
    let keys = Keys::new(&["group"]);
    let root = keys.issue("Root CA", &keys.full("root", "group"), "Root CA", "root");
    let ca = keys.issue("First CA", &keys.bare("first", "group"), "Root CA", "root");
    let leaf = keys.issue("PC", &keys.bare("leaf", "group"), "First CA", "first");
    let other_leaf = keys.issue("PC2", &keys.full("other", "group"), "First CA", "first");
    let list = |name: &str, by: &str, serial: Option<&[u8]>| {
        let mut list = List::new(&build::name(name));
        list.entries.extend(serial.map(build::Entry::new));
        Arc::new(Crl::from_vec(list.sign_with(&algorithm(by), |tbs| keys.sign(by, tbs))).unwrap())
    };
    let judge = |crls: Vec<Arc<Crl>>, leaf: &Arc<Certificate>| {
        let mut graph = graph(&[&root], &[&ca]);
        let signers = SignerPool::new(self::graph(&[&root], &[&ca]), [root.clone(), ca.clone()]);
        graph.revocation = Some(Box::new(Revocation { store: CrlStore::new(crls, graph.settings.at), signers }));
        graph.settings.require_revocation = true;
        !paths(&graph, leaf).is_empty()
    };
    let of_root = list("Root CA", "root", None);
    let revoking = list("First CA", "first", Some(other_leaf.serial_number()));
    assert!(judge(vec![of_root.clone(), revoking.clone()], &leaf));
    assert!(!judge(vec![of_root.clone(), revoking], &other_leaf));
    assert!(!judge(vec![of_root, list("First CA", "root", None)], &leaf), "signed by another key");
}

#[test]
fn one_key_under_two_cas_has_the_parameters_of_each_path() {
    let keys = Keys::new(&["one", "two"]);
    let one = keys.issue("One CA", &keys.full("one-key", "one"), "One CA", "one-key");
    let two = keys.issue("Two CA", &keys.full("two-key", "two"), "Two CA", "two-key");
    let bare = keys.bare("shared", "one");
    let below_one = keys.issue("Shared CA", &bare, "One CA", "one-key");
    let below_two = keys.issue("Shared CA", &bare, "Two CA", "two-key");
    let leaf = keys.issue("PC", &keys.bare("leaf", "one"), "Shared CA", "shared");
    let both = [&below_one, &below_two];
    assert_eq!(paths(&graph(&[&one], &both), &leaf), [3]);
    assert_eq!(paths(&graph(&[&two], &both), &leaf), [0; 0], "made with parameters that Two CA never had");
    assert_eq!(paths(&graph(&[&one, &two], &both), &leaf), [3]);

    // Even where a certificate is known with parameters of another CA, a path holds it to those of its own.
    let graph = graph(&[&one, &two], &both);
    let [from_one, from_two, inherits] = [&one, &two, &below_one].map(|found| graph.find(found.sha256()).unwrap());
    assert!(State::at_anchor(&graph, from_one).unwrap().below(&graph, inherits, &mut Default::default()).is_ok());
    let refused =
        State::at_anchor(&graph, from_two).unwrap().below(&graph, inherits, &mut Default::default()).unwrap_err();
    assert_eq!(refused.check, Check::Algorithm);
}

#[test]
fn keys_in_a_circle_and_those_of_anchors_stay_without_parameters() {
    let keys = Keys::new(&["group"]);
    let (one_key, two_key) = (keys.bare("one", "group"), keys.bare("two", "group"));
    let one = keys.issue("One CA", &one_key, "Two CA", "two");
    let two = keys.issue("Two CA", &two_key, "One CA", "one");
    let own = keys.issue("One CA", &one_key, "One CA", "one");
    let leaf = keys.issue("PC", &one_key, "One CA", "one");
    for graph in [graph(&[], &[&one, &two, &own]), graph(&[&one], &[&two, &own]), graph(&[&own], &[&one, &two])] {
        let verdict = graph.judge(&leaf);
        assert!(verdict.chosen().is_none());
        assert!(verdict.refused.iter().any(|refusal| refusal.failure.check == Check::Algorithm));
    }

    // An anchor is a name and a key: what stands above it lends it nothing.
    let root = keys.issue("Root CA", &keys.full("root", "group"), "Root CA", "root");
    let lower = keys.issue("Lower CA", &keys.bare("lower", "group"), "Root CA", "root");
    let leaf = keys.issue("PC", &one_key, "Lower CA", "lower");
    assert_eq!(paths(&graph(&[&root], &[&lower]), &leaf), [3]);
    assert_eq!(paths(&graph(&[&root, &lower], &[]), &leaf), [0; 0]);
}

#[test]
fn a_key_without_parameters_under_a_ca_of_another_algorithm_is_unsupported() {
    let keys = Keys::new(&["group"]);
    keys.run(&["genpkey", "-algorithm", "RSA", "-out", "rsa"]);
    let rsa = keys.run(&["pkey", "-in", "rsa", "-pubout", "-outform", "DER"]);
    let bare = keys.bare("dsa", "group");
    let root = keys.issue("Root CA", &rsa, "Root CA", "rsa");
    let ca = keys.issue("Lower CA", &bare, "Root CA", "rsa");
    let leaf = keys.issue("PC", &bare, "Lower CA", "dsa");
    assert_eq!(paths(&graph(&[&root], &[&ca]), &ca), [2]);
    let verdict = graph(&[&root], &[&ca]).judge(&leaf);
    assert!(verdict.chosen().is_none());
    let of_leaf = verdict.refused.iter().find(|refusal| refusal.below == leaf).unwrap();
    assert_eq!(of_leaf.failure.check, Check::Algorithm);
    assert!(of_leaf.failure.found.contains("without parameters"), "{:?}", of_leaf.failure);
}
