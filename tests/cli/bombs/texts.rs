//! Texts of a fifth of a megabyte in the certificate of one CA, which would be told again of every certificate below it.
#![cfg(target_os = "linux")]

use super::{BASIC_CONSTRAINTS_CA, attribute, bounded, certificate, ed25519, extension};
use crate::common::pki::folder;
use crate::common::{AT, pem};
use crate::der_writer::{element, sequence};

const CLIENTS: usize = 200;
/// What the text of the CA is at least.
const LONG: usize = 200_000;
/// What is said of one client, however it is said.
const A_CLIENT: usize = 40_000;

fn name(text: &str) -> Vec<u8> {
    sequence(&[&element(0x31, &attribute(text))])
}

/// A CA with such a text, what it hangs on, and many clients below it: no output says the text once for each of them.
fn is_told_once(what: &str, authorities: &[&[u8]], clients: &dyn Fn(usize) -> Vec<u8>) {
    let clients: String = (0..CLIENTS).map(|n| pem(&clients(n))).collect();
    let authorities: String = authorities.iter().map(|der| pem(der)).collect();
    let folder = folder(&[("ca.pem", authorities.as_bytes()), ("clients.pem", clients.as_bytes())]);
    let path = folder.path().to_str().expect("a path");
    let out = folder.path().join("out");
    let out = ["--allow-incomplete", "--format", "json", "--out", out.to_str().expect("a path")];
    for arguments in [
        &["chain", "--format", "ndjson"][..],
        &["chain"],
        &["audit", "--format", "ndjson"],
        &["audit", "--format", "html"],
        &["audit", "--verbose"],
        &[&["export"], &out[..]].concat(),
    ] {
        let output = bounded(&[arguments, &["--at", AT, path]].concat(), "");
        // What is said of the CAs themselves, some of it twice, in formats that need six bytes for a character.
        let most = 40 * LONG + CLIENTS * A_CLIENT;
        assert!(output.stdout.len() < most, "{what}, {arguments:?}: {} bytes", output.stdout.len());
        assert!(output.stdout.len() > CLIENTS, "{what}, {arguments:?}: {}", output.stderr);
    }
}

#[test]
fn a_usage_address_or_key_of_a_fifth_of_a_megabyte_in_one_ca_is_not_told_of_each_certificate_below() {
    let (root_key, key, other) = (ed25519(), ed25519(), ed25519());
    let (root_name, ca_name) = (name("Root"), name("CA"));
    let root = certificate(&root_name, &root_name, &root_key, &root_key, &[BASIC_CONSTRAINTS_CA.to_vec()]);
    let ca = |more: Vec<u8>| certificate(&ca_name, &root_name, &key, &root_key, &[BASIC_CONSTRAINTS_CA.to_vec(), more]);
    let issued = |n: usize| certificate(&name(&format!("client {n}")), &ca_name, &other, &key, &[]);
    let usages: Vec<u8> = (0..LONG as u32 / 8).flat_map(|n| element(6, &[&[0x2a][..], &base128(n)].concat())).collect();
    let usages = ca(extension(&[0x55, 0x1d, 37], &sequence(&[&usages])));
    is_told_once("extended key usage", &[&root, &usages], &issued);

    let address = [&b"http://pki.test/"[..], &vec![b'a'; LONG]].concat();
    let access = sequence(&[&element(6, &[0x2b, 6, 1, 5, 5, 7, 0x30, 2]), &element(0x86, &address)]);
    let published = ca(extension(&[0x2b, 6, 1, 5, 5, 7, 1, 1], &sequence(&[&access])));
    is_told_once("authority information access", &[&published], &issued);

    let identified = ca(extension(&[0x55, 0x1d, 14], &element(4, &vec![7; LONG])));
    let authority = extension(&[0x55, 0x1d, 35], &sequence(&[&element(0x80, &[8; 20])]));
    let by_another = |n: usize| {
        certificate(&name(&format!("client {n}")), &ca_name, &other, &other, std::slice::from_ref(&authority))
    };
    is_told_once("subject key identifier", &[&root, &identified], &by_another);
}

#[test]
fn a_name_of_a_fifth_of_a_megabyte_above_an_issuing_ca_is_not_told_of_each_certificate_below() {
    let (root_key, upper_key, key, other) = (ed25519(), ed25519(), ed25519(), ed25519());
    let (root_name, ca_name) = (name("Root"), name("CA"));
    let root = certificate(&root_name, &root_name, &root_key, &root_key, &[BASIC_CONSTRAINTS_CA.to_vec()]);
    let unknown = sequence(&[&element(6, &[0x2a, 3, 4]), &[1, 1, 0xff], &element(4, &[5, 0])]);
    let in_one = name(&"R".repeat(LONG));
    let in_many = sequence(&[&element(0x31, &attribute("R")).repeat(LONG / 12)]);
    for (what, long) in [("one attribute", in_one), ("many", in_many)] {
        let refused = [BASIC_CONSTRAINTS_CA.to_vec(), unknown.clone()];
        let upper = certificate(&long, &root_name, &upper_key, &root_key, &refused);
        let ca = certificate(&ca_name, &long, &key, &upper_key, &[BASIC_CONSTRAINTS_CA.to_vec()]);
        let issued = |n: usize| certificate(&name(&format!("client {n}")), &ca_name, &other, &key, &[]);
        is_told_once(what, &[&root, &upper, &ca], &issued);
        is_told_once(what, &[&ca], &issued);
    }
}

/// A number as an arc of an object identifier.
fn base128(number: u32) -> Vec<u8> {
    vec![0x81 | (number >> 14) as u8 & 0x7f, 0x80 | (number >> 7) as u8 & 0x7f, number as u8 & 0x7f]
}
