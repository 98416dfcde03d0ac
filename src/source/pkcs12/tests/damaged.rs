//! PFX files with one damaged place: what is in them is read or reported.

use super::*;
use crate::source::testing::certificate;

fn data(content: &[u8]) -> Vec<u8> {
    element_of(0x30, &[&oid("1.2.840.113549.1.7.1"), &element_of(0xa0, &[&element_of(4, &[content])])])
}

/// A CertBag or CRLBag of this type.
fn typed(kind: &str, der: &[u8]) -> Vec<u8> {
    element_of(0x30, &[&oid(kind), &element_of(0xa0, &[&element_of(4, &[der])])])
}

fn certificate_value(number: usize) -> Vec<u8> {
    typed("1.2.840.113549.1.9.22.1", &certificate(number))
}

fn bag(kind: &str, value: &[u8]) -> Vec<u8> {
    let id = element_of(4, &[&[1]]);
    let attribute = element_of(0x30, &[&oid("1.2.840.113549.1.9.21"), &element_of(0x31, &[&id])]);
    element_of(0x30, &[&oid(kind), &element_of(0xa0, &[value]), &element_of(0x31, &[&attribute])])
}

fn pfx(bags: &[Vec<u8>]) -> Vec<u8> {
    let (first, second) = bags.split_at(bags.len() / 2);
    let part = |bags: &[Vec<u8>]| data(&element_of(0x30, &[&bags.concat()]));
    let parts = element_of(0x30, &[&part(first), &part(second)]);
    element_of(0x30, &[&[2, 1, 3], &data(&parts)])
}

fn read_plain(bytes: &[u8]) -> Contents {
    read(bytes, "file", &passwords(&[]))
}

fn ders(contents: &Contents) -> Vec<Vec<u8>> {
    certificates(contents).iter().map(|found| found.der.clone()).collect()
}

#[test]
fn a_certificate_in_a_bag_of_another_kind_is_reported_and_read() {
    let own = "1.2.840.113549.1.12.10.1.3";
    let kinds = (0..=255).map(|kind| format!("1.2.840.113549.1.12.10.1.{kind}")).filter(|kind| kind != own);
    for kind in kinds.chain(["1.2.840.113549.1.12.10.2.3".to_owned(), "1.2.3".to_owned()]) {
        let bags =
            [bag(own, &certificate_value(0)), bag(&kind, &certificate_value(1)), bag(own, &certificate_value(2))];
        let contents = read_plain(&pfx(&bags));
        assert_eq!(ders(&contents), [certificate(0), certificate(1), certificate(2)], "{kind}");
        assert_eq!(contents.found.len(), 3, "{kind}");
        let [fault] = contents.faults.as_slice() else { panic!("{kind}: {:?}", contents.faults) };
        assert_eq!(fault.code, ProblemCode::Damaged);
        assert!(fault.message.contains(&kind), "{}", fault.message);
    }
}

#[test]
fn a_certificate_of_another_type_is_reported_and_read() {
    for kind in
        ["1.2.840.113549.1.9.22.2", "1.2.840.113549.1.9.22.9", "1.2.840.113549.1.9.23.1", "1.2.840.113549.1.9.54.1"]
    {
        let value = typed(kind, &certificate(0));
        let contents = read_plain(&pfx(&[bag("1.2.840.113549.1.12.10.1.3", &value)]));
        assert_eq!((ders(&contents), contents.faults.len()), (vec![certificate(0)], 1), "{kind}");
        assert_eq!(contents.faults[0].code, ProblemCode::Damaged);
    }
    let crl = element_of(0x30, &[&[0x30, 0], &[0x30, 0], &[3, 1, 0]]);
    let contents = read_plain(&pfx(&[bag("1.2.840.113549.1.12.10.1.1", &typed("1.2.840.113549.1.9.23.1", &crl))]));
    assert_eq!((contents.found[0].kind, contents.faults.len()), (Kind::Crl, 1));
}

/// A bag without attributes.
fn bare_bag(kind: &str, value: &[u8]) -> Vec<u8> {
    element_of(0x30, &[&oid(kind), &element_of(0xa0, &[value])])
}

#[test]
fn a_key_and_a_certificate_that_name_each_other_by_nothing_are_a_pair_where_they_are_the_only_ones() {
    let kinds = ["1.2.840.113549.1.12.10.1.1", "1.2.840.113549.1.12.10.1.3"];
    let key = |bag: fn(&str, &[u8]) -> Vec<u8>| bag(kinds[0], &element_of(0x30, &[&[2, 1, 0]]));
    let certificate = |bag: fn(&str, &[u8]) -> Vec<u8>, number: usize| bag(kinds[1], &certificate_value(number));
    let have_keys = |bags: &[Vec<u8>]| -> Vec<bool> {
        let contents = read_plain(&pfx(bags));
        let certificates = certificates(&contents).into_iter();
        certificates.map(|found| found.properties.as_ref().is_some_and(|found| found.has_private_key)).collect()
    };
    assert_eq!(have_keys(&[key(bare_bag), certificate(bare_bag, 0)]), [true]);
    assert_eq!(have_keys(&[certificate(bare_bag, 0), key(bare_bag)]), [true]);
    assert_eq!(have_keys(&[key(bare_bag), certificate(bare_bag, 0), certificate(bare_bag, 1)]), [false, false]);
    assert_eq!(have_keys(&[key(bare_bag), key(bare_bag), certificate(bare_bag, 0)]), [false]);
    assert_eq!(have_keys(&[key(bag), certificate(bare_bag, 0)]), [false]);
    assert_eq!(have_keys(&[key(bare_bag), certificate(bag, 0)]), [false]);
    assert_eq!(have_keys(&[key(bag), certificate(bag, 0), certificate(bare_bag, 1)]), [true, false]);
}

#[test]
fn keys_and_secrets_are_no_damage_and_nothing_of_them_is_kept() {
    let key =
        element_of(0x30, &[&[2, 1, 0], &element_of(0x30, &[&oid("1.2.840.113549.1.1.1")]), &element_of(4, &[b"key"])]);
    let secret = typed("1.2.840.113549.1.12.10.1.2", &key);
    let bags = [
        bag("1.2.840.113549.1.12.10.1.1", &key),
        bag("1.2.840.113549.1.12.10.1.5", &secret),
        bag("1.2.840.113549.1.12.10.1.3", &certificate_value(0)),
    ];
    let contents = read_plain(&pfx(&bags));
    assert_eq!((contents.found.len(), contents.faults), (2, vec![]));
    assert!(contents.found[0].der.is_empty());
}

#[test]
fn one_damaged_bit_outside_of_the_certificates_loses_none_silently() {
    let all = [certificate(0), certificate(1), certificate(2)];
    let key = element_of(0x30, &[&element_of(0x30, &[&oid("1.2.3")]), &element_of(4, &[b"shrouded"])]);
    let bags = [
        bag("1.2.840.113549.1.12.10.1.2", &key),
        bag("1.2.840.113549.1.12.10.1.3", &certificate_value(0)),
        bag("1.2.840.113549.1.12.10.1.3", &certificate_value(1)),
        bag("1.2.840.113549.1.12.10.1.3", &certificate_value(2)),
    ];
    let good = pfx(&bags);
    assert_eq!((ders(&read_plain(&good)), read_plain(&good).faults), (all.to_vec(), vec![]));
    let places = all.each_ref().map(|der| {
        let start = good.windows(der.len()).position(|window| window == der).unwrap();
        start..start + der.len()
    });
    for at in (0..good.len()).filter(|at| !places.iter().any(|place| place.contains(at))) {
        for bit in 0..8 {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << bit;
            if !is_pkcs12(&bytes) {
                continue;
            }
            let contents = read_plain(&bytes);
            assert!(
                ders(&contents) == all || !contents.faults.is_empty(),
                "byte {at}, bit {bit} of {:02x?}",
                &good[at - 12..at + 12]
            );
        }
    }
}
