//! Certificates with a hundred thousand of whatever a certificate can have.
#![cfg(target_os = "linux")]

use rcgen::SigningKey as _;

use super::{
    BASIC_CONSTRAINTS_CA, attribute, bounded, certificate, client_with_names, ed25519, every_command, extension,
};
use crate::common::pki::{Ca, folder};
use crate::common::{AT, array};
use crate::der_writer::{element, sequence};

#[test]
fn a_certificate_with_a_hundred_thousand_names_is_read_in_full() {
    let root = Ca::root("Root");
    let leaf = client_with_names(&root, 100_000);
    let folder = folder(&[("root.cer", &root.der), ("leaf.cer", &leaf)]);
    let path = folder.path().to_str().expect("a path").to_owned();
    let report = bounded(&["inspect", "--at", AT, "--format", "json", &path], "").json();
    let most = array(&report["certificates"]).iter().map(|one| array(&one["subjectAlternativeNames"]).len()).max();
    assert_eq!(most, Some(100_000));
    every_command(&path);
}

#[test]
fn names_of_a_hundred_thousand_parts_are_compared_and_printed() {
    let key = ed25519();
    let wide: Vec<u8> = (0..100_000).flat_map(|n| attribute(&format!("{n}"))).collect();
    let shouted: Vec<u8> = (0..100_000).rev().flat_map(|n| attribute(&format!(" {n} "))).collect();
    let long: Vec<u8> = (0..100_000).flat_map(|n| element(0x31, &attribute(&format!("{n}")))).collect();
    let blank: Vec<u8> = (0..100_000).flat_map(|n| element(0x31, &attribute(&format!(" {n}")))).collect();
    let constraints = BASIC_CONSTRAINTS_CA[..].to_vec();
    for (own, spelt) in [(&element(0x31, &wide), &element(0x31, &shouted)), (&long, &blank)] {
        let (own, spelt) = (sequence(&[own]), sequence(&[spelt]));
        let root = certificate(&own, &own, &key, &key, std::slice::from_ref(&constraints));
        let client = sequence(&[&element(0x31, &attribute("client"))]);
        let leaf = certificate(&client, &spelt, &key, &key, &[extension(&[0x55, 0x1d, 14], &[4, 1, 1])]);
        let folder = folder(&[("root.cer", &root), ("leaf.cer", &leaf)]);
        let path = folder.path().to_str().expect("a path").to_owned();
        let chain = bounded(&["chain", "--at", AT, "--format", "json", &path], "");
        assert_eq!(chain.json()["clients"][0]["paths"][0]["status"], "valid", "{}", chain.stderr);
        every_command(&path);
    }
}

#[test]
fn a_hundred_thousand_extensions_are_one_certificate() {
    let key = ed25519();
    let subject = sequence(&[&element(0x31, &attribute("client"))]);
    let many = |from: u32| -> Vec<Vec<u8>> {
        (from..from + 100_000)
            .map(|n| extension(&[0x2a, 0x80 | (n >> 14) as u8, 0x80 | (n >> 7) as u8, n as u8 & 0x7f], &[5, 0]))
            .collect()
    };
    let leaf = certificate(&subject, &subject, &key, &key, &many(1 << 14));
    // And a list of revoked certificates with as many.
    let algorithm = sequence(&[&[6, 3, 0x2b, 0x65, 0x70]]);
    let wrapped = element(0xa0, &sequence(&[&many(1 << 14).concat()]));
    let signed = sequence(&[&[2, 1, 1], &algorithm, &subject, &element(0x17, b"250101000000Z"), &wrapped]);
    let signature = key.sign(&signed).expect("it can be signed");
    let list = sequence(&[&signed, &algorithm, &element(3, &[&[0], &signature[..]].concat())]);
    let folder = folder(&[("leaf.cer", &leaf), ("list.crl", &list)]);
    every_command(folder.path().to_str().expect("a path"));
}
