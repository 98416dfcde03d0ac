//! More CRLs than anyone needs.
#![cfg(target_os = "linux")]

use super::{BASIC_CONSTRAINTS_CA, attribute, bounded, certificate, ed25519, extension};
use crate::common::pki::{Ca, folder};
use crate::common::{AT, array, pem};
use crate::der_writer::{element, sequence};

/// A list of `issuer` that somebody else signed, with these dates; a delta CRL where there is a `base`.
fn forged(issuer: &[u8], number: u32, dates: [&[u8]; 2], base: Option<u32>) -> Vec<u8> {
    let integer = |number: u32| element(2, &number.to_be_bytes());
    let algorithm = sequence(&[&[6, 3, 0x2b, 0x65, 0x70]]);
    let mut extensions = extension(&[0x55, 0x1d, 20], &integer(number));
    if let Some(base) = base {
        extensions.extend(sequence(&[&[6, 3, 0x55, 0x1d, 27, 1, 1, 0xff], &element(4, &integer(base))]));
    }
    let [from, to] = dates.map(|date| element(0x17, date));
    let wrapped = element(0xa0, &sequence(&[&extensions]));
    let signed = sequence(&[&[2, 1, 1], &algorithm, issuer, &from, &to, &wrapped]);
    sequence(&[&signed, &algorithm, &element(3, &[0; 65])])
}

#[test]
fn thousands_of_crls_of_one_ca_and_of_delta_crls_are_gone_through_once_and_not_for_each_certificate() {
    const OLD: [&[u8]; 2] = [b"240101000000Z", b"240201000000Z"];
    const CURRENT: [&[u8]; 2] = [b"250101000000Z", b"400101000000Z"];
    let root = Ca::root("Contoso Root");
    let subject = certpath::certificate::Certificate::from_der(&root.der).expect("a certificate");
    let issuer = subject.subject().as_bytes();
    let bundle: String = (0..300).map(|n| pem(&root.client(&format!("client-{n}.test")))).collect();
    let lists = |list: &dyn Fn(u32) -> Vec<u8>| -> Vec<u8> { (0..5000).flat_map(list).collect() };
    // None of these delta CRLs builds on any of the lists.
    let deltas = |n: u32| forged(issuer, 3_000_000 + n, CURRENT, Some(2_000_000));
    let old = lists(&|n| [forged(issuer, 1_000_000 + n, OLD, None), deltas(n)].concat());
    let current = lists(&|n| [forged(issuer, 1_000_000 + n, CURRENT, None), deltas(n)].concat());
    for (lists, expected) in
        [(old, "past its next update"), (current, "more CRLs than are looked at for one certificate")]
    {
        let folder = folder(&[("root.cer", &root.der), ("clients.pem", bundle.as_bytes())]);
        let crls = folder.path().join("lists.crl");
        std::fs::write(&crls, lists).expect("it can be written");
        let (path, crls) = (folder.path().to_str().expect("a path"), crls.to_str().expect("a path"));
        let audit = bounded(&["audit", "--at", AT, "--format", "json", "--crl", crls, path], "");
        let report = audit.json();
        let certificates = array(&report["certificates"]);
        assert_eq!(certificates.len(), 300);
        let told = certificates.iter().filter(|one| one["findings"].to_string().contains(expected)).count();
        assert_eq!(told, 300, "{expected}: {}", certificates[0]);
    }
}

fn date(text: &[u8]) -> Vec<u8> {
    element(0x17, text)
}

fn entry(serial: u8, more: &[u8]) -> Vec<u8> {
    sequence(&[&[2, 1, serial], &date(b"250101000000Z"), more])
}

/// An extension of an entry: that these names are of its certificate's issuer.
fn issued_by(names: &[u8]) -> Vec<u8> {
    sequence(&[&extension(&[0x55, 0x1d, 29], &sequence(&[names]))])
}

/// An indirect CRL.
fn indirect(issuer: &[u8], key: &rcgen::KeyPair, entries: &[u8]) -> Vec<u8> {
    let point = sequence(&[&[6, 3, 0x55, 0x1d, 28, 1, 1, 0xff], &element(4, &sequence(&[&[0x84, 1, 0xff]]))]);
    let number = extension(&[0x55, 0x1d, 20], &[2, 1, 1]);
    let algorithm = sequence(&[&[6, 3, 0x2b, 0x65, 0x70]]);
    let (from, to) = (date(b"250101000000Z"), date(b"400101000000Z"));
    let extensions = element(0xa0, &sequence(&[&point, &number]));
    let signed = sequence(&[&[2, 1, 1], &algorithm, issuer, &from, &to, &sequence(&[entries]), &extensions]);
    let signature = rcgen::SigningKey::sign(key, &signed).expect("it can be signed");
    sequence(&[&signed, &algorithm, &element(3, &[&[0], &signature[..]].concat())])
}

/// That so many clients below the root are good by the list.
#[track_caller]
fn assert_good(root: &[u8], clients: &str, list: &[u8], count: usize) {
    let folder = folder(&[("root.cer", root), ("clients.pem", clients.as_bytes()), ("all.crl", list)]);
    let path = folder.path().to_str().expect("a path");
    let report = bounded(&["chain", "--at", AT, "--format", "json", path], "").json();
    let clients = array(&report["clients"]);
    let good = clients.iter().filter(|client| client["paths"][0]["revocation"][0]["status"] == "good").count();
    assert_eq!((clients.len(), good), (count, count), "{}", clients[0]);
}

#[test]
fn names_that_a_thousand_entries_of_one_serial_number_share_are_compared_once() {
    let key = ed25519();
    let name = |text: &str| sequence(&[&element(0x31, &attribute(text))]);
    let issuer = name(&"r".repeat(4000));
    let root = certificate(&issuer, &issuer, &key, &key, &[BASIC_CONSTRAINTS_CA.to_vec()]);
    let client = |n| pem(&certificate(&name(&format!("client {n}")), &issuer, &ed25519(), &key, &[]));
    let clients: String = (0..10).map(client).collect();
    // The issuer's but for case and the last character.
    let other = element(0xa4, &name(&format!("{}x", "R".repeat(3999))));
    let entries = [entry(7, &issued_by(&other.repeat(256))), entry(7, &[]).repeat(1023)].concat();
    let list = indirect(&issuer, &key, &entries);
    assert_good(&root, &clients, &list, 10);
}

#[test]
fn a_name_of_megabytes_in_an_indirect_crl_is_not_read_again_for_each_certificate() {
    let (key, other) = (ed25519(), ed25519());
    let name = |text: &str| sequence(&[&element(0x31, &attribute(text))]);
    let issuer = name("Contoso Root");
    let root = certificate(&issuer, &issuer, &key, &key, &[BASIC_CONSTRAINTS_CA.to_vec()]);
    let clients = (0..500).map(|n| pem(&certificate(&name(&format!("client {n}")), &issuer, &other, &key, &[])));
    let long = element(0xa4, &name(&"R".repeat(2_000_000)));
    // The certificates have the number of the second entry, which is of the issuer that the first one names.
    let list = indirect(&issuer, &key, &[entry(1, &issued_by(&long)), entry(7, &[])].concat());
    let clients: String = clients.collect();
    assert_good(&root, &clients, &list, 500);
}
