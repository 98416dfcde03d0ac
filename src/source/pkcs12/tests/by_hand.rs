//! PFX files made byte by byte: odd, hostile, or beyond what OpenSSL writes.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// The same with an indefinite length.
fn indefinite(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    [&[tag, 0x80], parts.concat().as_slice(), &[0, 0]].concat()
}

fn data(content: &[u8]) -> Vec<u8> {
    element_of(0x30, &[&oid("1.2.840.113549.1.7.1"), &element_of(0xa0, &[&element_of(4, &[content])])])
}

fn certificate_bag(der: &[u8], attributes: &[u8]) -> Vec<u8> {
    let bag = element_of(0x30, &[&oid("1.2.840.113549.1.9.22.1"), &element_of(0xa0, &[&element_of(4, &[der])])]);
    element_of(0x30, &[&oid("1.2.840.113549.1.12.10.1.3"), &element_of(0xa0, &[&bag]), attributes])
}

fn pfx(parts: &[&[u8]], mac: &[u8]) -> Vec<u8> {
    element_of(0x30, &[&[2, 1, 3], &data(&element_of(0x30, parts)), mac])
}

/// A locked part of noise.
fn noise(iterations: &[u8]) -> Vec<u8> {
    locked_part(iterations, &[3; 64])
}

fn mac_data(iterations: &[u8]) -> Vec<u8> {
    let digest = element_of(0x30, &[&element_of(0x30, &[&oid("1.3.14.3.2.26"), &[5, 0]]), &element_of(4, &[&[7; 20]])]);
    element_of(0x30, &[&digest, &element_of(4, &[&[1; 8]]), &element_of(2, &[iterations])])
}

#[test]
fn indefinite_lengths_pieces_and_bags_within_bags_are_read() {
    let (one, two) = ([0x30, 1, 1], [0x30, 1, 2]);
    let nested = |inner: &[u8]| {
        element_of(0x30, &[&oid("1.2.840.113549.1.12.10.1.6"), &element_of(0xa0, &[&element_of(0x30, &[inner])])])
    };
    let safe = element_of(0x30, &[&certificate_bag(&one, &[]), &nested(&nested(&certificate_bag(&two, &[])))]);
    let (first, second) = safe.split_at(20);
    let pieces = indefinite(0x24, &[&element_of(4, &[first]), &element_of(4, &[second])]);
    let part = indefinite(0x30, &[&oid("1.2.840.113549.1.7.1"), &indefinite(0xa0, &[&pieces])]);
    let parts = indefinite(0x30, &[&part, &data(&safe)]);
    let content =
        indefinite(0xa0, &[&indefinite(0x24, &[&element_of(4, &[&parts[..9]]), &element_of(4, &[&parts[9..]])])]);
    let bytes = indefinite(0x30, &[&[2, 1, 3], &indefinite(0x30, &[&oid("1.2.840.113549.1.7.1"), &content])]);
    assert!(is_pkcs12(&bytes));
    let contents = read(&bytes, "file", &passwords(&[]));
    assert_eq!(contents.faults, []);
    let found: Vec<_> = contents.found.iter().map(|found| found.der.as_slice()).collect();
    assert_eq!(found, [one, two, one, two]);
}

#[test]
fn a_key_in_an_encrypted_part_is_found_and_nothing_of_it_is_kept() {
    let secret = b"these would be the numbers of a private key";
    let attribute = |id: &str, value: &[u8]| element_of(0x30, &[&oid(id), &element_of(0x31, &[value])]);
    let name: Vec<u8> = KSP.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let id = attribute("1.2.840.113549.1.9.21", &element_of(4, &[b"id"]));
    let attributes = element_of(0x31, &[&id, &attribute("1.3.6.1.4.1.311.17.1", &element_of(30, &[&name]))]);
    let key = element_of(
        0x30,
        &[&oid("1.2.840.113549.1.12.10.1.1"), &element_of(0xa0, &[&element_of(4, &[secret])]), &attributes],
    );
    let safe = element_of(0x30, &[&key, &certificate_bag(&[0x30, 0], &element_of(0x31, &[&id]))]);
    let bytes = pfx(&[&encrypted_part(&safe, "p")], &[]);
    assert_eq!(read(&bytes, "file", &passwords(&[])).faults[0].code, ProblemCode::Password);
    let contents = read(&bytes, "file", &passwords(&["p"]));
    assert_eq!(contents.faults, []);
    let [key, certificate] = contents.found.as_slice() else { panic!("{contents:?}") };
    assert_eq!((key.kind, key.der.as_slice()), (Kind::PrivateKey, [].as_slice()));
    let provider = certificate.properties.as_ref().unwrap().key_provider.as_ref().unwrap();
    assert_eq!(provider.name.as_deref(), Some(KSP));
}

#[test]
fn parts_with_different_passwords_are_opened_each_with_its_own() {
    let part = |number: u8, password: &str| {
        encrypted_part(&element_of(0x30, &[&certificate_bag(&[0x30, 1, number], &[])]), password)
    };
    let bytes = pfx(&[&part(1, "one"), &part(2, "two"), &part(3, "three"), &part(4, "")], &[]);
    let found = |given: &[&str]| {
        let contents = read(&bytes, "file", &passwords(given));
        let numbers: Vec<u8> = contents.found.iter().map(|found| found.der[2]).collect();
        (numbers, contents.faults)
    };
    assert_eq!(found(&["three", "two", "one"]), (vec![1, 2, 3, 4], vec![]));
    let (numbers, faults) = found(&["two"]);
    assert_eq!((numbers, faults.len()), (vec![2, 4], 1));
    assert!(faults[0].message.starts_with("2 of its 4 parts are locked"), "{faults:?}");
    let (numbers, faults) = found(&["one", "three"]);
    assert_eq!(numbers, [1, 3, 4]);
    assert!(faults[0].message.starts_with("one of its 4 parts is locked"), "{faults:?}");
}

#[test]
fn the_attributes_that_windows_and_java_write_are_read_or_passed_over() {
    let attribute = |id: &str, value: &[u8]| element_of(0x30, &[&oid(id), &element_of(0x31, &[value])]);
    let name = element_of(30, &["\u{c4}".encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>().as_slice()]);
    let archived = attribute("1.3.6.1.4.1.311.17.3.19", &element_of(4, &[]));
    let disallowed =
        attribute("1.3.6.1.4.1.311.17.3.104", &element_of(4, &[&131_277_024_000_000_000u64.to_le_bytes()]));
    let origin = attribute("1.3.6.1.4.1.311.17.3.71", &element_of(4, &[b"p\0c\0\0\0"]));
    let java = attribute("2.16.840.1.113894.746875.1.1", &oid("2.5.29.37.0"));
    let good = element_of(0x31, &[&attribute("1.2.840.113549.1.9.20", &name), &archived, &disallowed, &origin, &java]);
    let odd = element_of(
        0x31,
        &[&attribute("1.2.840.113549.1.9.20", &[1, 1, 0xff]), &attribute("1.2.840.113549.1.9.21", &[1, 1, 0])],
    );
    let broken = element_of(0x31, &[&[0x30, 5, 6]]);
    let safe = element_of(
        0x30,
        &[
            &certificate_bag(&[0x30, 0], &good),
            &certificate_bag(&[0x30, 0], &odd),
            &certificate_bag(&[0x30, 0], &broken),
        ],
    );
    let contents = read(&pfx(&[&data(&safe)], &[]), "file", &passwords(&[]));
    let [first, second, third] = contents.found.as_slice() else { panic!("{contents:?}") };
    let properties = first.properties.as_ref().unwrap();
    assert_eq!(properties.friendly_name.as_deref(), Some("\u{c4}"));
    assert!(properties.archived && properties.restrictions.disallowed_from.is_some());
    assert_eq!((&second.properties, &third.properties), (&None, &None));
    assert_eq!(contents.faults.len(), 1, "{contents:?}");
}

#[test]
fn crls_are_found_secrets_passed_over_and_what_is_unknown_named() {
    let crl = element_of(0x30, &[&oid("1.2.840.113549.1.9.23.1"), &element_of(0xa0, &[&element_of(4, &[&[0x30, 0]])])]);
    let bag = |kind: &str, value: &[u8]| element_of(0x30, &[&oid(kind), &element_of(0xa0, &[value])]);
    let sdsi = element_of(0x30, &[&oid("1.2.840.113549.1.9.22.2"), &element_of(0xa0, &[&element_of(22, &[b"sdsi"])])]);
    let safe = element_of(
        0x30,
        &[
            &bag("1.2.840.113549.1.12.10.1.4", &crl),
            &bag("1.2.840.113549.1.12.10.1.5", &[5, 0]),
            &bag("1.2.840.113549.1.12.10.1.3", &sdsi),
            &bag("1.2.840.113549.1.12.10.1.9", &[5, 0]),
            &[5, 0],
            &certificate_bag(&[0x30, 0], &[]),
        ],
    );
    let enveloped = element_of(0x30, &[&oid("1.2.840.113549.1.7.3"), &element_of(0xa0, &[&[5, 0]])]);
    let contents = read(&pfx(&[&enveloped, &data(&safe)], &[]), "file", &passwords(&[]));
    let kinds: Vec<_> = contents.found.iter().map(|found| found.kind).collect();
    assert_eq!(kinds, [Kind::Crl, Kind::Certificate]);
    let codes: Vec<_> = contents.faults.iter().map(|fault| fault.code).collect();
    assert_eq!(codes, [ProblemCode::Unsupported, ProblemCode::Unsupported, ProblemCode::Damaged]);
}

#[test]
fn positions_are_those_of_the_bags() {
    let (one, two) = (certificate_bag(&[0x30, 1, 1], &[]), certificate_bag(&[0x30, 1, 2], &[]));
    let bytes = pfx(&[&data(&element_of(0x30, &[&one, &two]))], &[]);
    for found in read(&bytes, "file", &passwords(&[])).found {
        let Position::Byte(at) = found.position else { panic!("{found:?}") };
        let bag = if found.der[2] == 1 { &one } else { &two };
        assert!(bytes[at as usize..].starts_with(bag));
    }
}

/// RFC 9579, the keys and the HMAC by another library.
#[test]
fn pbmac1_is_checked() {
    use aws_lc_rs::{hmac, pbkdf2};
    let cases = [
        (pbkdf2::PBKDF2_HMAC_SHA256, 9, hmac::HMAC_SHA256, 9, 32usize),
        (pbkdf2::PBKDF2_HMAC_SHA512, 11, hmac::HMAC_SHA256, 9, 20),
        (pbkdf2::PBKDF2_HMAC_SHA256, 9, hmac::HMAC_SHA512, 11, 64),
    ];
    for (derivation, prf, mac_algorithm, mac_number, length) in cases {
        // The password, and so whether the MAC was what told, is seen by which outcome noise gets.
        let parts = [noise(&[1])];
        let safe = element_of(0x30, &[&parts[0]]);
        let mut key = vec![0; length];
        pbkdf2::derive(derivation, 2048.try_into().unwrap(), b"saltsalt", "k\u{e9}y".as_bytes(), &mut key);
        let value = hmac::sign(&hmac::Key::new(mac_algorithm, &key), &safe);
        let hmac_id = |number| element_of(0x30, &[&oid(&format!("1.2.840.113549.2.{number}")), &[5, 0]]);
        let kdf = |key_length: &[u8]| {
            let parameters = element_of(
                0x30,
                &[&element_of(4, &[b"saltsalt"]), &element_of(2, &[&[8, 0]]), key_length, &hmac_id(prf)],
            );
            element_of(0x30, &[&oid("1.2.840.113549.1.5.12"), &parameters])
        };
        let file = |key_length: &[u8]| {
            let parameters = element_of(0x30, &[&kdf(key_length), &hmac_id(mac_number)]);
            let algorithm = element_of(0x30, &[&oid("1.2.840.113549.1.5.14"), &parameters]);
            let digest = element_of(0x30, &[&algorithm, &element_of(4, &[value.as_ref()])]);
            pfx(&[&parts[0]], &element_of(0x30, &[&digest, &element_of(4, &[b"not used"]), &[2, 1, 1]]))
        };
        let bytes = file(&[2, 1, length as u8]);
        let pfx = Pfx::parse(&bytes).unwrap_or_else(|fault| panic!("{fault:?}"));
        let passwords = passwords(&[]);
        let mut attempts = passwords.for_file("file", &bytes);
        let mac = pfx.mac.as_ref().unwrap();
        assert_eq!(mac.matches(&Password::new("k\u{e9}y"), &pfx.safe, &mut attempts), Ok(true));
        assert_eq!(mac.matches(&Password::new("key"), &pfx.safe, &mut attempts), Ok(false));
        for lie in [[].as_slice(), &[2, 1, 0], &[2, 1, 19], &[2, 1, 0xff], &[2, 5, 0x7f, 0xff, 0xff, 0xff, 0xff]] {
            let contents = read(&file(lie), "file", &passwords);
            assert_eq!(contents.faults[0].code, ProblemCode::Damaged, "{lie:02x?}");
        }
    }
}

#[test]
fn a_million_iterations_are_computed_and_a_billion_are_refused() {
    let million = Pki::get().export(&["-iter", "1000000", "-passout", "pass:right"]);
    assert_eq!(read(&million, "file", &passwords(&["right"])).faults, []);
    let contents = read(&million, "file", &passwords(&["wrong"]).with_hashes_per_file(3_000_100));
    assert_eq!((contents.faults.len(), contents.faults[0].code), (1, ProblemCode::Password));

    let started = Instant::now();
    for iterations in [&[0x3b, 0x9a, 0xca, 0][..], &[0x7f; 8], &[0x7f; 60]] {
        for file in [
            pfx(&[&noise(iterations)], &mac_data(iterations)),
            pfx(&[&noise(iterations)], &[]),
            pfx(&[&noise(iterations), &data(&element_of(0x30, &[&certificate_bag(&[0x30, 0], &[])]))], &[]),
        ] {
            let contents = read(&file, "file", &passwords(&["one", "two"]));
            assert_eq!(contents.faults.len(), 1, "{contents:?}");
            assert_eq!(contents.faults[0].code, ProblemCode::Limit);
        }
    }
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    for iterations in [[0].as_slice(), &[0xff], &[]] {
        let contents = read(&pfx(&[&noise(iterations)], &[]), "file", &passwords(&[]));
        assert_eq!(contents.faults[0].code, ProblemCode::Damaged);
    }
}

#[test]
fn many_costly_parts_share_one_budget() {
    let costly = [0x27, 0x10];
    let parts: Vec<_> = (0..1000).map(|_| noise(&costly)).collect();
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let passwords = passwords(&["a", "b", "c"]).with_hashes_per_file(100_000);
    for mac in [mac_data(&costly), vec![]] {
        let contents = read(&pfx(&parts, &mac), "file", &passwords);
        assert_eq!(contents.faults.len(), 1);
        // With a MAC every password was tried before the budget ended, and is known to be wrong.
        let expected = if mac.is_empty() { ProblemCode::Limit } else { ProblemCode::Password };
        assert_eq!(contents.faults[0].code, expected, "{contents:?}");
    }
    let contents = read(&pfx(&parts, &[]), "file", &passwords.with_hashes_per_file(10_000));
    assert!(contents.faults[0].message.contains("one file may take"), "{contents:?}");
}

#[test]
fn what_each_password_decrypts_and_hashes_counts_by_its_length() {
    let wrong: Vec<String> = (0..400).map(|number| format!("password {number}")).collect();
    let wrong: Vec<&str> = wrong.iter().map(String::as_str).collect();
    let long = vec![0x5a; 1 << 20];
    // Without the lengths all passwords together cost two thousand hash computations.
    for (what, part, mac) in [
        ("ciphertext", locked_part(&[1], &long), vec![]),
        ("salt", locked_part_with(&long, &[1], &[3; 64]), vec![]),
        // Here the MAC uses up so much that what is left opens no part.
        ("message", noise(&[0x03, 0xe8]), mac_data(&[1])),
    ] {
        let file = pfx(&[&part, &data(&element_of(0x30, &[&element_of(4, &[&long])]))], &mac);
        let told = read(&file, "file", &passwords(&wrong).with_hashes_per_file(20_000)).faults;
        assert!(told.iter().any(|fault| fault.message.contains("one file may take")), "{what}: {told:?}");
    }
}

#[test]
fn a_second_reading_ends_as_the_first_whatever_was_used_up_or_typed_between_them() {
    let file = Pki::get().export(&["-certfile", "cas.pem", "-iter", "2048", "-passout", "pass:right"]);
    let mut ends = std::collections::BTreeSet::new();
    for budget in (0..30_000).step_by(500) {
        let passwords = passwords(&["one", "two", "right"]).with_hashes_per_file(budget);
        let first = read(&file, "file", &passwords);
        let second = read(&file, "file", &passwords);
        assert_eq!((certificates(&second), &second.faults), (certificates(&first), &first.faults), "{budget} hashes");
        ends.insert((certificates(&first).len(), first.faults.iter().map(|fault| fault.code).collect::<Vec<_>>()));
    }
    assert!(ends.len() >= 2, "out of budget, and not: {ends:?}");

    let passwords = passwords(&[]).with_prompt(|name| (name == "other").then(|| "right".to_owned()));
    let first = read(&file, "file", &passwords);
    assert_eq!(first.faults[0].code, ProblemCode::Password);
    let other = Pki::get().export(&["-iter", "1", "-passout", "pass:right"]);
    assert_eq!(read(&other, "other", &passwords).faults, []);
    assert_eq!(certificates(&read(&file, "file", &passwords)), certificates(&first));
}

#[test]
fn a_file_is_read_or_a_fault_at_every_truncation() {
    let bytes = Pki::get().export(&["-CSP", KSP, "-passout", "pass:", "-iter", "1"]);
    for length in 0..bytes.len() {
        let contents = read(&bytes[..length], "file", &passwords(&[]));
        assert!(!contents.faults.is_empty(), "{length} bytes of {}", bytes.len());
        assert!(
            contents.faults.iter().all(|fault| matches!(fault.code, ProblemCode::Truncated | ProblemCode::Damaged))
        );
    }
    assert_eq!(read(&bytes, "file", &passwords(&[])).faults, []);
    assert_eq!(read(&[bytes.as_slice(), b"\r\n"].concat(), "file", &passwords(&[])).faults, []);
    let contents = read(&[bytes.as_slice(), b"more"].concat(), "file", &passwords(&[]));
    assert_eq!((certificates(&contents).len(), contents.faults[0].code), (1, ProblemCode::Damaged));
}

#[test]
fn bags_that_nest_without_end_are_refused_in_time() {
    let mut bag = certificate_bag(&[0x30, 0], &[]);
    for _ in 0..500 {
        bag = element_of(0x30, &[&oid("1.2.840.113549.1.12.10.1.6"), &element_of(0xa0, &[&element_of(0x30, &[&bag])])]);
    }
    let contents = read(&pfx(&[&data(&element_of(0x30, &[&bag]))], &[]), "file", &passwords(&[]));
    assert_eq!(contents.faults[0].code, ProblemCode::Limit);
}

#[test]
fn a_flood_of_bags_or_of_faults_takes_little_memory() {
    let junk = [5, 0].repeat(100_000);
    let contents = read(&pfx(&[&data(&element_of(0x30, &[&junk]))], &[]), "file", &passwords(&[]));
    assert_eq!(contents.faults.len(), crate::source::contents::MAX_FAULTS + 1);
    let key = element_of(0x30, &[&oid("1.2.840.113549.1.12.10.1.2"), &[0xa0, 0]]);
    let flood = key.repeat(150_000);
    let contents = read(&pfx(&[&data(&element_of(0x30, &[&flood]))], &[]), "file", &passwords(&[]));
    assert_eq!((contents.found.len(), contents.faults.len()), (100_000, 1));
    assert_eq!(contents.faults[0].code, ProblemCode::Limit);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read(&bytes, "file", &passwords(&["p"]));
        is_pkcs12(&bytes);
        crate::source::serialized_store::read(&bytes);
        crate::source::serialized_store::read_blob(&bytes);
        crate::source::serialized_store::is_registry_blob(&bytes);
        crate::source::registry::read(&bytes);
        crate::source::registry::is_registry_export(&bytes);
    }

    #[test]
    fn any_damage_is_read_without_a_panic(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        static FILES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
        let files = FILES.get_or_init(|| {
            let all = [["-legacy", "-iter", "1"].as_slice(), &["-iter", "1"], &["-keypbe", "NONE", "-certpbe", "NONE", "-nomac"]];
            all.iter().map(|more| Pki::get().export(&[&["-CSP", KSP, "-LMK", "-passout", "pass:"], *more].concat())).collect()
        });
        for file in files {
            let mut bytes = file.clone();
            for (at, value) in &flips {
                bytes[at.index(file.len())] = *value;
            }
            read(&bytes, "file", &passwords(&["p"]));
        }
    }

    #[test]
    fn any_elements_are_read_without_a_panic(
        elements in prop::collection::vec((0u32..130, prop::collection::vec(any::<u8>(), 0..40)), 0..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = b"\0\0\0\0CERT".to_vec();
        for (id, value) in &elements {
            bytes.extend(crate::source::store_properties::tests::element(*id, value));
        }
        let bytes = &bytes[..=cut.index(bytes.len())];
        crate::source::serialized_store::read(bytes);
        crate::source::serialized_store::read_blob(bytes.get(8..).unwrap_or_default());
    }
}
