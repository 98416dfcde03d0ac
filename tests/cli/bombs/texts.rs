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

/// A PFX without a password and a MAC, of one key and so many certificates that go with it; the key has a provider of this name.
fn pfx(provider: &str, der: &[u8], count: usize) -> Vec<u8> {
    const PKCS12_BAGS: [u8; 10] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1];
    const DATA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    const PKCS9: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9];
    const MICROSOFT_PROVIDER: [u8; 9] = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 17, 1];
    let oid = |start: &[u8], rest: &[u8]| element(6, &[start, rest].concat());
    let attribute = |kind: &[u8], value: &[u8]| sequence(&[kind, &element(0x31, value)]);
    let key_id = attribute(&oid(&PKCS9, &[21]), &element(4, b"1"));
    let name: Vec<u8> = provider.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let provider = attribute(&oid(&MICROSOFT_PROVIDER, &[]), &element(0x1e, &name));
    let bag = |kind: u8, value: &[u8], attributes: &[&[u8]]| {
        sequence(&[&oid(&PKCS12_BAGS, &[kind]), &element(0xa0, value), &element(0x31, &attributes.concat())])
    };
    let key = bag(1, &sequence(&[&[2, 1, 0]]), &[&key_id, &provider]);
    let value = sequence(&[&oid(&PKCS9, &[22, 1]), &element(0xa0, &element(4, der))]);
    let certificates = bag(3, &value, &[&key_id]).repeat(count);
    let data = |content: &[u8]| sequence(&[&oid(&DATA, &[]), &element(0xa0, &element(4, content))]);
    sequence(&[&[2, 1, 3], &data(&sequence(&[&data(&sequence(&[&key, &certificates]))]))])
}

#[test]
fn a_name_of_a_megabyte_that_is_said_of_thousands_of_certificates_is_kept_once_and_cut() {
    const CERTIFICATES: usize = 9_000;
    let key = ed25519();
    let der = certificate(&name("Long Root"), &name("Long Root"), &key, &key, &[]);
    let long = "N".repeat(1_000_000);
    let hex: String = [&[0x20, 0, 0, 0, 1, 0, 0, 0][..], &(der.len() as u32).to_le_bytes(), &der]
        .concat()
        .iter()
        .map(|byte| format!("{byte:02x},"))
        .collect();
    let entry = format!("\"Blob\"=hex:{}\r\n", hex.trim_end_matches(','));
    let registry = format!(
        "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\SystemCertificates\\{long}\\Certificates\\{}]\r\n{}",
        "00".repeat(20),
        entry.repeat(CERTIFICATES)
    );
    let key_of_many = format!(
        "Microsoft CSP Name: {}\nlocalKeyID: 01\n-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n",
        &long[..60_000]
    );
    let notes = format!("{key_of_many}{}", format!("localKeyID: 01\n{}", pem(&der)).repeat(CERTIFICATES));
    let files = folder(&[
        ("long.reg", registry.as_bytes()),
        ("long.pfx", &pfx(&long, &der, CERTIFICATES)),
        ("long.pem", notes.as_bytes()),
    ]);
    for file in ["long.reg", "long.pfx", "long.pem"] {
        let path = files.path().join(file);
        let output = bounded(&["inspect", "--format", "json", path.to_str().expect("a path")], "");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("characters in all)"), "{file}: {} {text:.2000}", output.stderr);
        assert!(text.len() < CERTIFICATES * 8_000, "{file}: {}", text.len());
    }
}
