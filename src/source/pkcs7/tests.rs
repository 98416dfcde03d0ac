use super::*;
use crate::source::passwords::ReadContext;
use crate::source::read::read_bytes;
use crate::source::sniff::Looks;
use crate::source::testing::{certificate, certificate_block, corpus, openssl};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

fn read_all(bytes: &[u8]) -> Contents {
    read(bytes, |offset| Position::Byte(offset as u64))
}

fn ders(contents: &Contents) -> Vec<Vec<u8>> {
    contents.found.iter().map(|found| found.der.clone()).collect()
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut bytes = vec![tag];
    match length {
        0..=0x7f => bytes.push(length as u8),
        0x80..=0xffff => bytes.extend([0x82, (length >> 8) as u8, length as u8]),
        _ => bytes.extend([0x84, (length >> 24) as u8, (length >> 16) as u8, (length >> 8) as u8, length as u8]),
    }
    bytes.extend(content);
    bytes
}

fn indefinite(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x80], content, &[0, 0]].concat()
}

/// A SignedData that holds this in its set of certificates, and its outer elements made by `wrap`.
fn signed_data(certificates: &[u8], wrap: fn(u8, &[u8]) -> Vec<u8>) -> Vec<u8> {
    let data = wrap(0x30, &der(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01]));
    let fields = [der(0x02, &[1]), der(0x31, &[]), data, wrap(0xa0, certificates), der(0x31, &[])].concat();
    let oid = der(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02]);
    wrap(0x30, &[oid, wrap(0xa0, &wrap(0x30, &fields))].concat())
}

#[test]
fn what_openssl_puts_in_comes_out_byte_for_byte() {
    let text: String = (0..3).map(certificate_block).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.pem");
    std::fs::write(&path, &text).unwrap();
    let arguments = ["crl2pkcs7", "-nocrl", "-certfile", path.to_str().unwrap(), "-outform", "DER"];
    let Some(bytes) = openssl(&arguments, b"") else { return };
    let contents = read_all(&bytes);
    assert!(contents.faults.is_empty(), "{:?}", contents.faults);
    assert_eq!(ders(&contents), [certificate(0), certificate(1), certificate(2)]);
}

#[test]
fn what_openssl_streams_as_ber_comes_out_byte_for_byte() {
    let made = rcgen::generate_simple_self_signed(vec!["signer.example".into()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let signer = write("signer.pem", &format!("{}{}", made.cert.pem(), made.signing_key.serialize_pem()));
    let others = write("others.pem", &format!("{}{}", certificate_block(0), certificate_block(1)));
    let arguments = [
        "cms",
        "-sign",
        "-stream",
        "-binary",
        "-nodetach",
        "-signer",
        &signer,
        "-certfile",
        &others,
        "-outform",
        "DER",
    ];
    let Some(bytes) = openssl(&arguments, &[b'x'; 5000]) else { return };
    assert_eq!(bytes[1], 0x80, "openssl was expected to write an indefinite length");
    let contents = read_all(&bytes);
    assert!(contents.faults.is_empty(), "{:?}", contents.faults);
    let mut found = ders(&contents);
    found.sort();
    let mut expected = vec![certificate(0), certificate(1), made.cert.der().to_vec()];
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn lengths_may_be_definite_or_not() {
    let certificates = [certificate(0), certificate(1)].concat();
    for wrap in [der, indefinite] {
        let contents = read_all(&signed_data(&certificates, wrap));
        assert!(contents.faults.is_empty(), "{:?}", contents.faults);
        assert_eq!(ders(&contents), [certificate(0), certificate(1)]);
    }
}

#[test]
fn attribute_and_extended_certificates_are_passed_over() {
    let certificates = [der(0xa1, b"attributes"), certificate(0), der(0xa0, b"extended"), der(0xa3, b"other")].concat();
    let contents = read_all(&signed_data(&certificates, der));
    assert_eq!(ders(&contents), [certificate(0)]);
    assert!(contents.faults.is_empty(), "{:?}", contents.faults);
}

#[test]
fn a_certificate_whose_length_lies_costs_itself_alone() {
    for change in [1i32, -1, 40, -40, 30_000] {
        let mut lying = certificate(1);
        let length = i32::from(u16::from_be_bytes([lying[2], lying[3]])) + change;
        lying[2..4].copy_from_slice(&(length as u16).to_be_bytes());
        let contents = read_all(&signed_data(&[certificate(0), lying, certificate(2), certificate(3)].concat(), der));
        assert_eq!(ders(&contents), [certificate(0), certificate(2), certificate(3)], "{change}");
        assert_eq!(contents.faults[0].code, ProblemCode::Damaged);
    }
}

#[test]
fn what_is_whole_in_a_truncated_file_is_read() {
    let bytes = signed_data(&[certificate(0), certificate(1)].concat(), der);
    let contents = read_all(&bytes[..bytes.len() - 100]);
    assert_eq!(ders(&contents), [certificate(0)]);
    assert_eq!(contents.faults.len(), 1, "{:?}", contents.faults);
    assert_eq!(contents.faults[0].code, ProblemCode::Truncated);
}

#[test]
fn other_content_types_are_named() {
    let data = [0x30, 0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03];
    let contents = read_all(&data);
    assert_eq!(contents.faults[0].code, ProblemCode::Unsupported);
    assert!(contents.faults[0].message.contains("envelopedData"));
}

#[test]
fn nesting_without_end_is_refused() {
    let contents = read_all(&signed_data(&[0x30, 0x80].repeat(500_000), der));
    assert!(contents.found.is_empty());
    assert!(contents.faults[0].message.contains("nested deeper"), "{:?}", contents.faults);
}

#[test]
fn damage_without_end_is_read_in_time_linear_in_its_size() {
    // Each of these could begin a certificate, and none does.
    let hostile = [0x30, 0x82, 0xff, 0xff].repeat(2_000_000);
    let before = std::time::Instant::now();
    let contents = read_all(&signed_data(&hostile, der));
    assert!(contents.found.is_empty());
    assert!(before.elapsed().as_secs() < 10, "{:?}", before.elapsed());
}

#[test]
fn the_corpus_holds_what_its_index_says() {
    let Some(folder) = corpus("formats") else { return };
    let index: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("index.json")).unwrap()).unwrap();
    let mut count = 0;
    for entry in index.as_array().unwrap() {
        let file = entry["file"].as_str().unwrap();
        if !file.starts_with("p7b/") && !file.starts_with("cer/") {
            continue;
        }
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let passwords = crate::source::Passwords::default();
        let contents = read_bytes(&bytes, Looks::Certificate, ReadContext { name: file, passwords: &passwords });
        let mut found: Vec<String> = contents
            .found
            .iter()
            .filter(|found| found.kind == Kind::Certificate)
            .map(|found| Sha256::digest(&found.der)[..8].iter().map(|byte| format!("{byte:02x}")).collect())
            .collect();
        found.sort();
        found.dedup();
        let mut expected: Vec<String> =
            entry["certs"].as_str().unwrap().split(',').filter(|hash| !hash.is_empty()).map(str::to_owned).collect();
        expected.sort();
        expected.dedup();
        assert_eq!(found, expected, "{file}: {:?}", contents.faults);
        assert!(!found.is_empty() || !contents.faults.is_empty(), "{file}");
        count += 1;
    }
    assert!(count >= 40, "{count} files");
}

proptest! {
    #[test]
    fn any_bytes_are_used_or_reported(bytes: Vec<u8>) {
        let contents = read_all(&bytes);
        prop_assert!(!contents.found.is_empty() || !contents.faults.is_empty());
    }

    #[test]
    fn any_damage_is_survived(position: prop::sample::Index, byte: u8, streamed: bool) {
        let certificates = [certificate(0), certificate(1), certificate(2)].concat();
        let mut bytes = signed_data(&certificates, if streamed { indefinite } else { der });
        let place = position.index(bytes.len());
        bytes[place] = byte;
        let contents = read_all(&bytes);
        prop_assert!(contents.found.len() >= 2 || !contents.faults.is_empty());
    }
}
