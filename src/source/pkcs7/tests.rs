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

/// Four certificates, of which the second begins with these bytes instead of its own.
fn with_second(beginning: &[u8]) -> Vec<u8> {
    let mut second = certificate(1);
    second[..beginning.len()].copy_from_slice(beginning);
    [certificate(0), second, certificate(2), certificate(3)].concat()
}

#[test]
fn zeros_in_a_certificate_end_no_set() {
    for wrap in [der, indefinite] {
        for count in 1..=12 {
            let contents = read_all(&signed_data(&with_second(&vec![0; count]), wrap));
            assert_eq!(ders(&contents), [certificate(0), certificate(2), certificate(3)], "{count} zeros");
            assert!(!contents.faults.is_empty(), "{count} zeros");
        }
    }
    let all_zeros = read_all(&signed_data(&[certificate(0), vec![0; 40], certificate(1)].concat(), der));
    assert_eq!((ders(&all_zeros), all_zeros.faults.len()), (vec![certificate(0), certificate(1)], 1));
    let at = signed_data(&certificate(0), der).len() as u64 - 2;
    let contents = read_all(&signed_data(&[certificate(0), vec![0; 2]].concat(), der));
    assert_eq!((contents.faults.len(), contents.faults[0].position), (1, Position::Byte(at)));
}

#[test]
fn a_certificate_of_another_tag_is_reported() {
    for tag in (0..=255).filter(|tag| *tag != 0x30) {
        let contents = read_all(&signed_data(&with_second(&[tag]), der));
        assert_eq!(ders(&contents), [certificate(0), certificate(2), certificate(3)], "tag 0x{tag:02x}");
        assert_eq!(contents.faults.len(), 1, "tag 0x{tag:02x}: {:?}", contents.faults);
        assert_eq!(contents.faults[0].code, ProblemCode::Damaged);
    }
}

#[test]
fn one_damaged_byte_outside_of_the_certificates_loses_none_silently() {
    let all = [certificate(0), certificate(1), certificate(2)];
    let crl = der(0x30, &[der(0x30, &[]), der(0x30, &[]), der(0x03, &[0])].concat());
    let crls = der(0xa1, &[crl.clone(), crl.clone()].concat());
    for wrap in [der, indefinite] {
        let mut bytes = signed_data(&all.concat(), wrap);
        let end = bytes.len() - if bytes[1] == 0x80 { 6 + 2 } else { 2 };
        if bytes[1] == 0x80 {
            bytes.splice(end..end, crls.iter().copied());
            assert_eq!(read_all(&bytes).found.len(), 5);
            assert_eq!(read_all(&bytes).faults, []);
        }
        let first = bytes.windows(all[0].len()).position(|window| window == all[0]).unwrap();
        let last = first + all.concat().len();
        for at in (0..first).chain(last..bytes.len()) {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << bit;
                let contents = objects::read(&damaged, objects::Expected::Anything, Format::Der, |offset| {
                    Position::Byte(offset as u64)
                });
                let found = ders(&contents);
                assert!(
                    !contents.faults.is_empty() || all.iter().all(|der| found.contains(der)),
                    "byte {at}, bit {bit}"
                );
            }
        }
    }
}

#[test]
fn certificates_behind_a_set_whose_length_lies_are_found() {
    let certificates = [certificate(0), certificate(1), certificate(2)].concat();
    let bytes = signed_data(&certificates, der);
    let set = bytes.windows(certificates.len()).position(|window| window == certificates).unwrap() - 2;
    for length in [0, certificate(0).len(), 2, certificate(0).len() + 5, certificates.len() - 1] {
        let mut damaged = bytes.clone();
        damaged[set..set + 2].copy_from_slice(&(length as u16).to_be_bytes());
        let contents = read_all(&damaged);
        assert!(!contents.faults.is_empty(), "{length}");
        let found = ders(&contents);
        let expected = [certificate(0), certificate(1), certificate(2)];
        // One whose bytes stand on both sides of the wrong end is lost to it.
        assert!(expected.iter().filter(|der| found.contains(der)).count() >= 2, "{length}: {:?}", contents.faults);
        if [0, certificate(0).len()].contains(&length) {
            assert_eq!(found, expected, "{length}");
        }
    }
}

#[test]
fn certificates_among_the_crls_are_taken_for_what_they_are() {
    let mut bytes = signed_data(&[certificate(0), certificate(1)].concat(), der);
    let set = bytes.windows(8).position(|window| window == &certificate(0)[..8]).unwrap() - 4;
    assert_eq!(bytes[set], 0xa0);
    bytes[set] = 0xa1;
    let contents = read_all(&bytes);
    assert_eq!(ders(&contents), [certificate(0), certificate(1)]);
    assert!(contents.found.iter().all(|found| found.kind == Kind::Certificate));
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
    // And here each damaged place is followed by a certificate and an end mark's absence.
    let tiny = [0x30, 10, 0x30, 2, 0xa0, 0, 0x30, 0, 0x03, 2, 0, 0];
    let skipped = der(0x04, &[&[0x30, 0x80][..], &tiny, &[0x30, 0x80, 1, 1]].concat());
    let before = std::time::Instant::now();
    for set in [hostile, [&[0x30, 0x80], skipped.repeat(300_000).as_slice()].concat(), [0; 3_000_000].to_vec()] {
        for wrap in [der, indefinite] {
            let contents = read_all(&signed_data(&set, wrap));
            assert!(!contents.faults.is_empty());
            assert!(contents.faults.len() <= crate::source::contents::MAX_FAULTS + 1);
        }
    }
    assert!(before.elapsed().as_secs() < 20, "{:?}", before.elapsed());
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
        prop_assert!(contents.found.len() >= 3 || !contents.faults.is_empty());
    }
}
