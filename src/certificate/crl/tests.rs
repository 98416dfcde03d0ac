// What was not run is said by name.
#![allow(clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use proptest::prelude::*;
use x509_parser::prelude::FromDer;

use super::build::{self, Entry, List, extension, name, utc};
use super::*;
use crate::der_writer::{element, sequence};

fn key() -> &'static rcgen::KeyPair {
    static KEY: OnceLock<rcgen::KeyPair> = OnceLock::new();
    KEY.get_or_init(|| rcgen::KeyPair::generate().unwrap())
}

fn read(list: &List) -> Crl {
    Crl::from_vec(list.sign(key())).unwrap()
}

fn contoso() -> Vec<u8> {
    name("Contoso CA")
}

#[test]
fn a_list_says_who_issued_it_when_and_what_it_lists() {
    let list = List::new(&contoso())
        .entry(Entry::new(&[5]).reason(1))
        .entry(Entry::new(&[0, 0x80]))
        .entry(Entry::new(&[3]).reason(6));
    let crl = read(&list);
    assert_eq!(crl.issuer().to_string(), "CN=Contoso CA");
    assert_eq!(crl.this_update().unwrap().date(), "2026-01-01");
    assert_eq!(crl.next_update().unwrap().date(), "2027-01-01");
    assert_eq!(crl.number().unwrap().to_string(), "10");
    assert!(!crl.is_delta());
    assert_eq!(crl.len(), 3);
    assert_eq!(crl.flaw(), None);
    let entry = crl.entry(&crl.issuer(), &[5]).unwrap();
    assert_eq!(entry.reason, Some(RevocationReason::KeyCompromise));
    assert_eq!(entry.revoked_at.unwrap().date(), "2026-01-01");
    assert_eq!(crl.entry(&crl.issuer(), &[3]).unwrap().reason, Some(RevocationReason::CertificateHold));
    assert_eq!(crl.entry(&crl.issuer(), &[0, 0x80]).unwrap().serial_number_hex(), "0080");
    assert!(crl.entry(&crl.issuer(), &[4]).is_none());
    assert!(crl.entry(&Name::new(&name("Fabrikam CA")), &[5]).is_none());
}

#[test]
fn serial_numbers_are_compared_as_numbers() {
    let crl = read(&List::new(&contoso()).entry(Entry::new(&[0, 0, 7])).entry(Entry::new(&[0xff])));
    assert!(crl.entry(&crl.issuer(), &[7]).is_some());
    assert!(crl.entry(&crl.issuer(), &[0xff, 0xff]).is_some(), "-1");
    assert!(crl.entry(&crl.issuer(), &[0, 0xff]).is_none(), "255 is not -1");
    assert!(crl.entry(&crl.issuer(), &[]).is_none());
}

#[test]
fn an_entry_of_an_indirect_list_is_of_the_issuer_named_last() {
    let fabrikam = name("Fabrikam CA");
    let mut list = List::new(&contoso())
        .entry(Entry::new(&[1]))
        .entry(Entry::new(&[2]).issuer(&build::directory(&fabrikam)))
        .entry(Entry::new(&[3]))
        .entry(Entry::new(&[4]).issuer(&build::directory(&contoso())));
    list.point = Some(element(0x84, &[0xff]));
    let crl = read(&list);
    assert!(crl.issuing_distribution_point().unwrap().indirect);
    assert_eq!(crl.flaw(), None);
    let listed = |issuer: &[u8]| -> Vec<u8> {
        (1..=4).filter(|serial| crl.entry(&Name::new(issuer), &[*serial]).is_some()).collect()
    };
    assert_eq!(listed(&contoso()), [1, 4]);
    assert_eq!(listed(&fabrikam), [2, 3]);
    list.point = None;
    assert_eq!(read(&list).flaw(), Some(&Flaw::NotIndirect));
}

#[test]
fn of_two_entries_of_one_certificate_the_final_one_counts() {
    let crl = read(
        &List::new(&contoso())
            .entry(Entry::new(&[1]).reason(6))
            .entry(Entry::new(&[1]).reason(1))
            .entry(Entry::new(&[1]).reason(8)),
    );
    assert_eq!(crl.entry(&crl.issuer(), &[1]).unwrap().reason, Some(RevocationReason::KeyCompromise));
}

#[test]
fn one_damaged_entry_refuses_the_whole_list_and_says_where() {
    let good = List::new(&contoso()).entry(Entry::new(&[0x11, 0x22, 0x33])).entry(Entry::new(&[0x44, 0x55, 0x66]));
    let der = good.sign(key());
    let place = der.windows(5).position(|bytes| bytes == [2, 3, 0x44, 0x55, 0x66]).unwrap();
    let mut damaged = der.clone();
    damaged[place] = tag::OCTET_STRING;
    let error = Crl::from_der(&damaged).unwrap_err();
    assert_eq!(error.offset, place, "{error}");
    let mut damaged = der.clone();
    damaged[place + 1] = 60;
    assert!(Crl::from_der(&damaged).is_err());
    assert!(Crl::from_der(&List::new(&contoso()).entry(Entry::new(&[])).sign(key())).is_err());
}

/// The flaw that `list` is read with, and what stands where it says.
fn unreadable(list: &List) -> (&'static str, bool, Vec<u8>) {
    let der = list.sign(key());
    let crl = Crl::from_vec(der.clone()).unwrap();
    assert_eq!(crl.len(), list.entries.len());
    let Some(Flaw::Unreadable(Unreadable { name, error, .. })) = crl.flaw() else { panic!("{:?}", crl.flaw()) };
    (name, crl.flaw().unwrap().forbids_any_use(), der[error.offset..][..2].to_vec())
}

#[test]
fn a_list_is_read_whatever_its_extensions_say_but_not_used_where_they_say_for_whom_it_speaks() {
    let mut list = List::new(&contoso()).entry(Entry::new(&[1]));
    list.point = Some(vec![0xa0, 0]);
    assert_eq!(unreadable(&list), ("issuing distribution point", true, vec![0xa0, 0]));
    list.point = None;
    list.extensions = vec![extension(oid::DELTA_CRL_INDICATOR, true, &element(tag::INTEGER, &[0x80]))];
    assert_eq!(unreadable(&list), ("delta CRL indicator", true, vec![tag::INTEGER, 1]));
    list.extensions = vec![extension(oid::CRL_NUMBER, false, &element(tag::INTEGER, &[0x80]))];
    list.number = None;
    assert_eq!(unreadable(&list), ("CRL number", false, vec![tag::INTEGER, 1]));
}

#[test]
fn an_entry_whose_extensions_cannot_be_read_still_revokes_unless_it_is_not_known_whose_it_is() {
    let with = |kind: &[u8], content: &[u8]| {
        List::new(&contoso()).entry(Entry::new(&[1]).with(extension(kind, false, content))).entry(Entry::new(&[2]))
    };
    for (kind, content, expected) in [
        (oid::REASON_CODE, &[5, 0][..], ("reason code of an entry", false, vec![5, 0])),
        (oid::REASON_CODE, &[tag::ENUMERATED, 1, 0x80], ("reason code of an entry", false, vec![tag::ENUMERATED, 1])),
        (oid::INVALIDITY_DATE, &utc("260101000000Z"), ("invalidity date of an entry", false, vec![tag::UTC_TIME, 13])),
        (oid::CERTIFICATE_ISSUER, &[tag::IA5_STRING, 0], ("certificate issuer of an entry", true, vec![0x16, 0])),
        (oid::CERTIFICATE_ISSUER, &[tag::SEQUENCE, 0], ("certificate issuer of an entry", true, vec![0x30, 0])),
    ] {
        let list = with(kind, content);
        assert_eq!(unreadable(&list), expected);
        let crl = read(&list);
        let entry = crl.entry(&crl.issuer(), &[1]).unwrap();
        assert_eq!((entry.reason, entry.invalidity_date), (None, None));
    }
    let decides_first =
        with(oid::REASON_CODE, &[5, 0]).entry(Entry::new(&[3]).with(extension(oid::CERTIFICATE_ISSUER, true, &[5, 0])));
    assert_eq!(unreadable(&decides_first).0, "certificate issuer of an entry");
}

#[test]
fn a_reason_is_a_number_however_many_bytes_it_has() {
    let of = |content: &[u8]| {
        let reason = extension(oid::REASON_CODE, false, &element(tag::ENUMERATED, content));
        let crl = read(&List::new(&contoso()).entry(Entry::new(&[1]).with(reason)));
        assert_eq!(crl.flaw(), None);
        crl.entry(&crl.issuer(), &[1]).unwrap().reason.unwrap()
    };
    assert_eq!(of(&[0, 1]), RevocationReason::KeyCompromise);
    assert_eq!(of(&[7]), RevocationReason::Undefined(7));
    assert_eq!(of(&[1, 1]), RevocationReason::Undefined(255), "257, which OpenSSL prints");
}

#[test]
fn flaws_are_found() {
    let unknown: &[u8] = &[0x2a, 3, 4];
    let flaw = |list: &List| read(list).flaw().cloned();
    let plain = List::new(&contoso());
    let with = |extensions: Vec<Vec<u8>>| List { extensions, ..plain.clone() };
    assert_eq!(flaw(&plain), None);
    assert_eq!(flaw(&with(vec![extension(unknown, false, &[])])), None);
    let critical = flaw(&with(vec![extension(unknown, true, &[])]));
    assert!(matches!(&critical, Some(Flaw::CriticalExtension(oid)) if oid.to_string() == "1.2.3.4"), "{critical:?}");
    let critical = flaw(&plain.clone().entry(Entry::new(&[1]).with(extension(unknown, true, &[]))));
    assert!(matches!(critical, Some(Flaw::CriticalEntryExtension(_))), "{critical:?}");
    assert_eq!(flaw(&plain.clone().entry(Entry::new(&[1]).with(extension(unknown, false, &[])))), None);
    assert_eq!(flaw(&List { number: None, ..plain.clone() }), Some(Flaw::NoNumber));
    let critical = extension(oid::CRL_NUMBER, true, &build::integer(1));
    assert_eq!(flaw(&List { number: None, ..with(vec![critical]) }), Some(Flaw::CriticalNumber));
    let twice = flaw(&with(vec![extension(oid::CRL_NUMBER, false, &build::integer(1))]));
    assert!(matches!(twice, Some(Flaw::DuplicateExtension(_))), "{twice:?}");
    let twice = flaw(&plain.clone().entry(Entry::new(&[1]).reason(8).reason(1)));
    assert!(matches!(twice, Some(Flaw::DuplicateExtension(_))), "{twice:?}");
}

#[test]
fn a_list_of_version_1_or_with_two_algorithms_is_flawed() {
    let algorithm = |kind: &[u8]| sequence(&[&element(tag::OID, kind)]);
    let list = |version: &[u8], inner: &[u8], extensions: &[u8]| {
        let tbs = sequence(&[version, &algorithm(inner), &contoso(), &utc("260101000000Z"), extensions]);
        let der = sequence(&[&tbs, &algorithm(oid::SHA256_WITH_ECDSA), &element(tag::BIT_STRING, &[0])]);
        Crl::from_vec(der).unwrap().flaw().cloned()
    };
    let number = element(0xa0, &sequence(&[&extension(oid::CRL_NUMBER, false, &build::integer(1))]));
    let version = build::integer;
    assert_eq!(list(&version(1), oid::SHA256_WITH_ECDSA, &number), None);
    assert_eq!(list(&[], oid::SHA256_WITH_ECDSA, &number), Some(Flaw::Version(None)));
    assert_eq!(list(&version(2), oid::SHA256_WITH_ECDSA, &number), Some(Flaw::Version(Some(3))));
    assert_eq!(list(&[], oid::SHA256_WITH_ECDSA, &[]), Some(Flaw::NoNumber));
    assert_eq!(list(&version(1), oid::SHA384_WITH_ECDSA, &number), Some(Flaw::AlgorithmsDisagree));
}

#[test]
fn the_signature_is_checked_over_what_the_issuer_signed() {
    use rcgen::PublicKeyData;
    let der = List::new(&contoso()).entry(Entry::new(&[9])).sign(key());
    let right = VerifyingKey::new(&key().subject_public_key_info());
    let wrong = VerifyingKey::new(&rcgen::KeyPair::generate().unwrap().subject_public_key_info());
    assert_eq!(Crl::from_der(&der).unwrap().check_signature(&right), SignatureCheck::Valid);
    assert_eq!(Crl::from_der(&der).unwrap().check_signature(&wrong), SignatureCheck::Invalid);
    let place = der.windows(3).position(|bytes| bytes == [2, 1, 9]).unwrap() + 2;
    let mut altered = der;
    altered[place] = 8;
    assert_eq!(Crl::from_der(&altered).unwrap().check_signature(&right), SignatureCheck::Invalid);
}

#[test]
fn a_list_of_a_hundred_thousand_entries_is_searched_in_no_time() {
    let mut list = List::new(&contoso());
    // Every second serial number, and all with one tail: the worst that a CA could do to the index.
    let serial = |number: u32| [&[0x40][..], &number.to_be_bytes(), b"same end"].concat();
    list.entries = (0..100_000).map(|number| Entry::new(&serial(number * 2))).collect();
    let crl = read(&list);
    assert_eq!(crl.len(), 100_000);
    let start = std::time::Instant::now();
    let issuer = crl.issuer();
    for number in 0..20_000 {
        let found = crl.entry(&issuer, &serial(number * 10 + number % 2));
        assert_eq!(found.is_some(), number % 2 == 0, "{number}");
    }
    let took = start.elapsed();
    assert!(took.as_secs() < 5, "20,000 questions took {took:?}");
}

#[test]
fn crl_numbers_are_compared_as_numbers() {
    let number = |bytes: &[u8]| CrlNumber::read(&element(tag::INTEGER, bytes)).unwrap();
    assert!(number(&[0, 0xff]) < number(&[1, 0]));
    assert_eq!(number(&[0, 1]), number(&[1]));
    assert_eq!(number(&[0]).to_string(), "0");
    assert_eq!(number(&[1, 0]).to_string(), "256");
    assert_eq!(number(&[1; 17]).to_string(), format!("0x{}", "01".repeat(17)));
    assert!(CrlNumber::read(&element(tag::INTEGER, &[])).is_err());
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.parent().is_some_and(|parent| parent.ends_with("crls")) {
            found.push(path);
        }
    }
}

#[test]
fn x509_parser_reads_the_same_in_every_crl_of_the_corpora() {
    let given = std::env::var_os("CERTPATH_CORPORA").map(PathBuf::from);
    let corpora = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora"));
    let mut found = Vec::new();
    files(&corpora.join("cases"), &mut found);
    if found.is_empty() {
        eprintln!("not run: the CRLs of the corpora (no corpora)");
        return;
    }
    for file in found {
        let ours = Crl::from_vec(pem::parse(std::fs::read(&file).unwrap()).unwrap().into_contents()).unwrap();
        let (_, theirs) = x509_parser::revocation_list::CertificateRevocationList::from_der(ours.der()).unwrap();
        assert_eq!(ours.issuer().as_bytes(), theirs.issuer().as_raw(), "{file:?}");
        assert_eq!(ours.this_update().unwrap().unix(), theirs.last_update().timestamp(), "{file:?}");
        assert_eq!(ours.next_update().map(Time::unix), theirs.next_update().map(|time| time.timestamp()), "{file:?}");
        let number = theirs.crl_number().map(|number| number.to_string());
        assert_eq!(ours.number().map(ToString::to_string), number, "{file:?}");
        let mut listed: Vec<_> = ours
            .entries()
            .map(|entry| (entry.serial_number.to_vec(), entry.revoked_at.unwrap().unix(), entry.reason.is_some()))
            .collect();
        let mut expected: Vec<_> = theirs
            .iter_revoked_certificates()
            .map(|entry| {
                let reason = entry.reason_code().is_some();
                (entry.raw_serial().to_vec(), entry.revocation_date.timestamp(), reason)
            })
            .collect();
        listed.sort();
        expected.sort();
        assert_eq!(listed, expected, "{file:?}");
    }
}

fn rich_list() -> Vec<u8> {
    let mut list = List::new(&contoso())
        .entry(Entry::new(&[5]).reason(1))
        .entry(Entry::new(&[6]).issuer(&build::directory(&name("Fabrikam CA"))).reason(6))
        .entry(Entry::new(&[0, 0x99, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    list.base = Some(3);
    list.point = Some(
        [build::full_name(&build::uri("http://crl/a.crl")), build::reasons(3, &[1, 2]), vec![0x84, 1, 255]].concat(),
    );
    list.sign(key())
}

/// Everything that can be asked.
fn ask_everything(crl: &Crl) {
    let issuer = Name::new(crl.issuer().as_bytes());
    for entry in crl.entries().take(100) {
        crl.entry(&issuer, entry.serial_number);
        let _ = (entry.serial_number_hex(), format!("{entry:?}"));
    }
    let _ = (crl.issuing_distribution_point(), crl.authority_key_identifier(), crl.freshest_crl());
    let _ = (crl.flaw().map(ToString::to_string), crl.signature_algorithms_agree(), format!("{crl:?}"));
    let _ = crl.check_signature(&VerifyingKey::new(&[]));
}

#[test]
fn a_list_that_is_cut_off_anywhere_is_refused() {
    let der = rich_list();
    assert!(Crl::from_der(&der).is_ok());
    for end in 0..der.len() {
        assert!(Crl::from_der(&der[..end]).is_err(), "{end} bytes");
    }
}

#[test]
fn a_list_with_any_one_bit_turned_is_read_or_refused() {
    let der = rich_list();
    for bit in 0..der.len() * 8 {
        let mut turned = der.clone();
        turned[bit / 8] ^= 1 << (bit % 8);
        if let Ok(crl) = Crl::from_vec(turned) {
            ask_everything(&crl);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(crl) = Crl::from_vec(bytes) {
            ask_everything(&crl);
        }
    }

    #[test]
    fn a_list_with_bytes_replaced_is_read_or_refused(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut der = rich_list();
        for (place, byte) in changes {
            let place = place.index(der.len());
            der[place] = byte;
        }
        if let Ok(crl) = Crl::from_vec(der) {
            ask_everything(&crl);
        }
    }
}

#[test]
fn a_list_of_too_many_entries_of_one_serial_number_is_read_and_not_relied_on() {
    let of_one = |count: usize| {
        let mut list = List::new(&contoso());
        list.entries = vec![Entry::new(&[7]); count];
        read(&list)
    };
    assert_eq!(of_one(1024).flaw(), None);
    let crl = of_one(1025);
    assert_eq!(crl.len(), 1025);
    let flaw = crl.flaw().unwrap();
    assert!(flaw.forbids_any_use());
    let text = flaw.to_string();
    assert!(text.contains("expected at most 1024 entries of one serial number, found 1025"), "{text}");
}

#[test]
fn a_list_whose_entry_names_too_many_issuers_of_its_certificate_is_not_relied_on() {
    let of = |count: usize| {
        let names = element(0xa4, &name("Fabrikam CA")).repeat(count);
        read(
            &List { point: Some(element(0x84, &[0xff])), ..List::new(&contoso()) }
                .entry(Entry::new(&[5]).issuer(&names)),
        )
    };
    assert_eq!(of(256).flaw(), None);
    for count in [0, 257] {
        assert!(of(count).flaw().is_some_and(Flaw::forbids_any_use), "{count}");
    }
}
