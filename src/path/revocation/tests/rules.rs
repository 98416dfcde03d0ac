//! The rules one by one, with lists made for each.

use std::sync::Arc;

use proptest::prelude::*;
use rcgen::{CustomExtension, KeyUsagePurpose};

use super::pki::{Ca, Paths, assert_unknown, at, ca_version, why, with_own_key};
use crate::certificate::crl::build::{self, Entry, List, directory, extension, full_name, uri};
use crate::certificate::{Crl, RevocationReason, oid};
use crate::der_writer::{element, sequence};
use crate::path::revocation::{CrlStore, RevocationStatus, status};

const URL: &str = "http://pki.contoso.com/ca.crl";
pub(super) const SERIAL: &[u8] = &[0x11, 0x22];
const MS_CA_VERSION: &[u64] = &[1, 3, 6, 1, 4, 1, 311, 21, 1];

fn reason(status: &RevocationStatus) -> Option<RevocationReason> {
    match status {
        RevocationStatus::Revoked { reason, .. } => *reason,
        other => panic!("not revoked: {other}"),
    }
}

/// A list that is neither signed by the wrong key nor of the wrong year, and lists PC1.
pub(super) fn revoking(ca: &Ca) -> List {
    ca.list().entry(Entry::new(SERIAL).reason(1))
}

fn expired(mut list: List) -> List {
    list.this_update = "260101000000Z".to_owned();
    list.next_update = Some("260201000000Z".to_owned());
    list
}

#[test]
fn a_certificate_is_good_where_a_current_list_does_not_name_it() {
    let root = Ca::root("Contoso CA");
    let user = root.user("PC1", SERIAL);
    let crl = root.sign(&root.list().entry(Entry::new(&[0x11])));
    assert_eq!(root.judge(&user, &[&crl]), RevocationStatus::Good);
}

#[test]
fn a_listed_certificate_is_revoked_with_date_reason_and_list() {
    let root = Ca::root("Contoso CA");
    let user = root.user("PC1", SERIAL);
    let crl = root.sign(&revoking(&root));
    let found = root.judge(&user, &[&crl]);
    assert_eq!(found.to_string(), "revoked on 2026-01-01 (keyCompromise)");
    assert!(matches!(&found, RevocationStatus::Revoked { crl: by, .. } if *by == crl));
    let hold = root.sign(&root.list().entry(Entry::new(SERIAL).reason(6)));
    assert_eq!(reason(&root.judge(&user, &[&hold])), Some(RevocationReason::CertificateHold));
    let silent = root.sign(&root.list().entry(Entry::new(SERIAL)));
    assert_eq!(reason(&root.judge(&user, &[&silent])), None);
}

#[test]
fn without_a_list_the_certificate_itself_says_where_it_is() {
    let root = Ca::root("Contoso CA");
    let user = root.user_at(SERIAL, &sequence(&[&full_name(&[uri("ldap:///CN=Contoso"), uri(URL)].concat())]));
    let words = ["no CRL for certificates of CN=Contoso CA", "published at http://pki.contoso.com/ca.crl and at ldap:"];
    assert_unknown(root.judge(&user, &[]), &words);
    let other = Ca::root("Fabrikam CA");
    assert_unknown(root.judge(&user, &[&other.sign(&other.list())]), &words);
    assert_unknown(root.judge(&root.user("PC1", SERIAL), &[]), &["does not say where its CRL is published"]);
}

#[test]
fn a_list_outside_its_dates_does_not_clear() {
    let root = Ca::root("Contoso CA");
    let user = root.user("PC1", SERIAL);
    let judge = |this: &str, next: Option<&str>| {
        let mut list = root.list();
        list.this_update = this.to_owned();
        list.next_update = next.map(str::to_owned);
        root.judge(&user, &[&root.sign(&list)])
    };
    let words =
        ["the CRL number 10 from CN=Contoso CA of 2026-01-01 expired on 2026-02-01T00:00:00Z; the next one is needed"];
    assert_unknown(judge("260101000000Z", Some("260201000000Z")), &words);
    assert_unknown(judge("260602000000Z", Some("270101000000Z")), &["was issued only after 2026-06-01T00:00:00Z"]);
    assert_unknown(judge("260101000000Z", None), &["does not say until when it holds"]);
    assert_unknown(judge("261301000000Z", Some("270101000000Z")), &["no date of issue that can be read"]);
    assert!(judge("260601000000Z", Some("260601000000Z")).is_good(), "both ends are included");
}

#[test]
fn a_list_that_expired_still_revokes_but_for_a_hold() {
    let root = Ca::root("Contoso CA");
    let user = root.user("PC1", SERIAL);
    let old = |reason| root.sign(&expired(root.list().entry(Entry::new(SERIAL).reason(reason))));
    assert!(root.judge(&user, &[&old(1)]).is_revoked());
    assert_unknown(root.judge(&user, &[&old(6)]), &["expired", "it lists the certificate (certificateHold)"]);
    let mut newer = root.list();
    newer.this_update = "260301000000Z".to_owned();
    let newer = root.sign(&newer);
    assert!(root.judge(&user, &[&old(6), &newer]).is_good(), "the hold was lifted");
    // A list of the future cannot be known at the moment that is judged.
    let mut later = revoking(&root);
    later.this_update = "260701000000Z".to_owned();
    assert!(root.judge(&user, &[&root.sign(&later), &newer]).is_good());
}

#[test]
fn of_two_current_lists_the_newer_one_counts() {
    let root = Ca::root("Contoso CA");
    let user = root.user("PC1", SERIAL);
    let held = root.sign(&root.list().entry(Entry::new(SERIAL).reason(6)));
    let mut newer = root.list();
    (newer.this_update, newer.number) = ("260301000000Z".to_owned(), Some(11));
    let newer = root.sign(&newer);
    assert!(root.judge(&user, &[&held, &newer]).is_good());
    assert!(root.judge(&user, &[&newer, &held]).is_good());
    // Of one day, the number decides.
    let mut number_11 = root.list();
    number_11.number = Some(11);
    assert!(root.judge(&user, &[&held, &root.sign(&number_11)]).is_good());
}

#[test]
fn a_list_signed_by_a_stranger_of_the_same_name_says_nothing() {
    let (root, impostor) = (Ca::root("Contoso CA"), Ca::root("Contoso CA"));
    let user = root.user("PC1", SERIAL);
    let (clears, revokes) = (impostor.sign(&impostor.list()), impostor.sign(&revoking(&impostor)));
    let words = ["is signed by a key that belongs to no valid certificate of that name"];
    assert_unknown(root.judge(&user, &[&clears]), &words);
    assert_unknown(root.judge(&user, &[&revokes]), &words);
    assert!(root.judge(&user, &[&revokes, &root.sign(&root.list())]).is_good());
}

#[test]
fn the_issuer_needs_crlsign() {
    let root = Ca::root_with("Contoso CA", |params| params.key_usages = vec![KeyUsagePurpose::KeyCertSign]);
    let user = root.user("PC1", SERIAL);
    assert_unknown(root.judge(&user, &[&root.sign(&root.list())]), &["cRLSign is missing"]);
    let root = Ca::root_with("Contoso CA", |params| params.key_usages = Vec::new());
    let user = root.user("PC1", SERIAL);
    assert!(root.judge(&user, &[&root.sign(&root.list())]).is_good());
}

#[test]
fn the_ca_may_sign_with_another_key_that_chains_to_the_anchor_and_is_good() {
    let root = Ca::root("Contoso Root");
    let (ca, crl_key) = (root.ca("Contoso CA", &[2]), root.ca("Contoso CA", &[3]));
    let user = ca.user("PC1", SERIAL);
    let crl = crl_key.sign(&crl_key.list());
    let signers = Paths(vec![vec![crl_key.certificate.clone(), root.certificate.clone()]]);
    let root_clears = root.sign(&root.list());
    assert_unknown(ca.judge(&user, &[&crl, &root_clears]), &["belongs to no valid certificate"]);
    assert!(ca.judge_with(&user, &[&crl, &root_clears], &signers).is_good());
    let words = [
        "signed by a certificate that is not known to be good: Contoso CA: no CRL for certificates of CN=Contoso Root",
    ];
    assert_unknown(ca.judge_with(&user, &[&crl], &signers), &words);
    let root_revokes = root.sign(&root.list().entry(Entry::new(&[3]).reason(1)));
    let words = ["not known to be good: Contoso CA: revoked on 2026-01-01 (keyCompromise)"];
    assert_unknown(ca.judge_with(&user, &[&crl, &root_revokes], &signers), &words);
}

#[test]
fn each_key_of_a_ca_is_asked_for_its_list() {
    let root = Ca::root("Contoso Root");
    let (old, new) = (root.ca("Contoso CA", &[2]), root.ca("Contoso CA", &[3]));
    let user = old.user("PC1", SERIAL);
    let signers = Paths(vec![vec![new.certificate.clone(), root.certificate.clone()]]);
    let root_crl = root.sign(&root.list());
    let mut newer = new.list();
    newer.this_update = "260301000000Z".to_owned();
    let crls = [&root_crl, &new.sign(&newer), &old.sign(&revoking(&old))];
    assert!(old.judge_with(&user, &crls, &signers).is_revoked(), "the list of the new key is newer, and silent");
}

#[test]
fn a_windows_ca_keeps_one_list_for_each_of_its_keys() {
    let root = Ca::root("Contoso Root");
    let (old, new) = (root.ca("Contoso CA", &[2]), root.ca("Contoso CA", &[3]));
    let user = old.user("PC1", SERIAL);
    let signers = Paths(vec![vec![new.certificate.clone(), root.certificate.clone()]]);
    let root_crl = root.sign(&root.list());
    let windows = |ca: &Ca, key| {
        let mut list = ca.list();
        list.extensions.push(extension(oid::MS_CA_VERSION, false, &ca_version(key, key)));
        ca.sign(&list)
    };
    let words = ["a Windows CA keeps one CRL for each of its keys"];
    assert_unknown(old.judge_with(&user, &[&root_crl, &windows(&new, 1)], &signers), &words);
    assert!(old.judge_with(&user, &[&root_crl, &windows(&new, 1), &windows(&old, 0)], &signers).is_good());
}

#[test]
fn a_user_whose_name_is_the_cas_cannot_sign_its_lists() {
    let root = Ca::root("Contoso CA");
    let user = root.user("PC1", SERIAL);
    let judge = |namesake: &Ca| {
        let signers = Paths(vec![vec![namesake.certificate.clone(), root.certificate.clone()]]);
        let list = List::new(namesake.certificate.subject().as_bytes());
        root.judge_with(&user, &[&namesake.sign(&list)], &signers)
    };
    assert_unknown(judge(&root.user("Contoso CA", &[7])), &["cRLSign is missing"]);
    let not_for_crls = root.user_with("Contoso CA", &[8], |params| {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    });
    assert_unknown(judge(&not_for_crls), &["cRLSign is missing"]);
    // One that the CA made for it may; its own status stands in its own list alone, so it is taken at its word.
    let made_for_it = root.user_with("Contoso CA", &[9], |params| params.key_usages = vec![KeyUsagePurpose::CrlSign]);
    assert!(judge(&made_for_it).is_good());
}

#[test]
fn a_mesh_of_signers_that_vouch_for_each_other_ends_on_the_budget() {
    let root = Ca::root("Contoso CA");
    let user = root.user("PC1", SERIAL);
    let keys: Vec<_> = (0..40u8).map(|serial| root.ca("Contoso CA", &[2, serial])).collect();
    let signers = Paths(keys.iter().map(|ca| vec![ca.certificate.clone(), root.certificate.clone()]).collect());
    let crls: Vec<_> = keys.iter().map(|ca| ca.sign(&ca.list())).collect();
    let start = std::time::Instant::now();
    let found = root.judge_with(&user, &crls.iter().collect::<Vec<_>>(), &signers);
    assert_unknown(found, &["the search was given up"]);
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn a_delta_crl_adds_removes_and_renews() {
    let root = Ca::root("Contoso CA");
    let (user, held) = (root.user("PC1", SERIAL), root.user("PC2", &[0x33]));
    let base = root.list().entry(Entry::new(&[0x33]).reason(6));
    let delta = |from, number, entry: Entry| {
        let mut delta = root.list().entry(entry);
        (delta.base, delta.number, delta.this_update) = (Some(from), Some(number), "260501000000Z".to_owned());
        delta
    };
    let adds = delta(10, 12, Entry::new(SERIAL).reason(1));
    let removes = delta(10, 12, Entry::new(&[0x33]).reason(8));
    let base_crl = root.sign(&base);
    assert!(root.judge(&user, &[&base_crl]).is_good());
    let found = root.judge(&user, &[&base_crl, &root.sign(&adds)]);
    assert!(matches!(&found, RevocationStatus::Revoked { crl, .. } if crl.is_delta()), "{found}");
    assert!(root.judge(&held, &[&base_crl]).is_revoked());
    assert!(root.judge(&held, &[&base_crl, &root.sign(&adds)]).is_revoked());
    assert!(root.judge(&held, &[&base_crl, &root.sign(&removes)]).is_good());
    // The newest of several counts.
    let revokes_again = delta(9, 13, Entry::new(&[0x33]).reason(1));
    assert!(root.judge(&held, &[&base_crl, &root.sign(&removes), &root.sign(&revokes_again)]).is_revoked());
    // A current delta CRL keeps an expired base in use.
    let old_base = root.sign(&expired(base.clone()));
    assert!(root.judge(&user, &[&old_base, &root.sign(&removes)]).is_good());
    assert!(root.judge(&held, &[&old_base, &root.sign(&removes)]).is_good());
    assert_unknown(root.judge(&user, &[&old_base, &root.sign(&expired(removes.clone()))]), &["expired"]);
    let only_delta = ["only delta CRLs are among the sources; the complete CRL is needed too"];
    assert_unknown(root.judge(&user, &[&root.sign(&removes)]), &only_delta);
}

#[test]
fn what_a_list_clears_that_was_issued_before_another_list_named_it_is_not_cleared() {
    let root = Ca::root("Contoso CA");
    let (user, other) = (root.user("PC1", SERIAL), root.user("PC2", &[0x33]));
    let clears = root.sign(&root.list());
    let newer = |reason| List {
        this_update: "260301000000Z".to_owned(),
        number: Some(11),
        ..root.list().entry(Entry::new(SERIAL).reason(reason))
    };
    let ended = |list| List { next_update: Some("260401000000Z".to_owned()), ..list };
    let delta = |base, list| List { base: Some(base), ..list };
    let flawed = |mut list: List| {
        let unknown = extension(&[0x2a, 3], false, &[5, 0]);
        list.extensions.extend([unknown.clone(), unknown]);
        list
    };
    let ways: [(&str, &dyn Fn(List) -> List); 5] = [
        ("a complete list that has expired", &ended),
        ("a delta CRL that has expired", &|list| ended(delta(10, list))),
        ("a delta CRL for a later complete list", &|list| delta(11, list)),
        ("a delta CRL that cannot be relied on", &|list| flawed(delta(10, list))),
        ("a complete list that cannot be relied on", &flawed),
    ];
    for (what, change) in ways {
        let names_it = root.sign(&change(newer(1)));
        assert!(root.judge(&user, &[&clears, &names_it]).is_revoked(), "{what}");
        assert!(root.judge(&other, &[&clears, &names_it]).is_good(), "{what}, of another certificate");
        // A list that was issued later and does not name it any more, as those of a CA that leaves out what has expired.
        let later = List { this_update: "260501000000Z".to_owned(), number: Some(12), ..root.list() };
        assert!(root.judge(&user, &[&clears, &names_it, &root.sign(&later)]).is_good(), "{what}, and a later list");
        let by_a_stranger = Ca::root("Contoso CA").sign(&change(newer(1)));
        assert!(root.judge(&user, &[&clears, &by_a_stranger]).is_good(), "{what}, by a stranger");
    }
    // Whether a hold stands still is not known.
    for change in [&ended as &dyn Fn(List) -> List, &|list| ended(delta(10, list))] {
        let holds = root.sign(&change(newer(6)));
        let words =
            ["number 11", "is newer than those that can be relied on", "it lists the certificate (certificateHold)"];
        assert_unknown(root.judge(&user, &[&clears, &holds]), &words);
        assert!(root.judge(&other, &[&clears, &holds]).is_good());
    }
    let lifts = root.sign(&ended(delta(10, newer(8))));
    assert!(root.judge(&user, &[&clears, &lifts]).is_good());
    // Without a complete list too.
    assert!(root.judge(&user, &[&root.sign(&delta(10, newer(1)))]).is_revoked());
}

#[test]
fn a_delta_crl_of_another_scope_key_or_sequence_is_not_combined() {
    let root = Ca::root("Contoso CA");
    let held = root.user("PC2", &[0x33]);
    let base = root.sign(&root.list().entry(Entry::new(&[0x33]).reason(6)));
    let mut delta = root.list().entry(Entry::new(&[0x33]).reason(8));
    (delta.base, delta.number) = (Some(10), Some(12));
    let judge = |delta: &List, by: &Ca| root.judge(&held, &[&base, &by.sign(delta)]);
    assert!(judge(&delta, &root).is_good());
    assert!(judge(&delta, &Ca::root("Contoso CA")).is_revoked(), "signed by another key");
    assert!(judge(&List { base: Some(11), ..delta.clone() }, &root).is_revoked(), "for a newer base");
    assert!(judge(&List { number: Some(10), ..delta.clone() }, &root).is_revoked(), "not after the base");
    assert!(judge(&List { number: None, ..delta.clone() }, &root).is_revoked(), "without a number");
    let point = Some(full_name(&uri(URL)));
    assert!(judge(&List { point, ..delta.clone() }, &root).is_revoked(), "for one distribution point");
    assert!(judge(&List { extensions: Vec::new(), ..delta.clone() }, &root).is_revoked(), "of no named key");
}

#[test]
fn a_list_for_a_distribution_point_speaks_for_the_certificates_that_name_it() {
    let root = Ca::root("Contoso CA");
    let list_at = |url: &str| root.sign(&List { point: Some(full_name(&uri(url))), ..root.list() });
    let user = root.user_at(SERIAL, &sequence(&[&full_name(&[uri("ldap:///x"), uri(URL)].concat())]));
    assert!(root.judge(&user, &[&list_at(URL)]).is_good());
    assert!(root.judge(&user, &[&list_at("HTTP://PKI.Contoso.com/ca.crl")]).is_good());
    let words = ["is for the distribution point http://pki.contoso.com/CA.crl, which the certificate does not name"];
    assert_unknown(root.judge(&user, &[&list_at("http://pki.contoso.com/CA.crl")]), &words);
    assert_unknown(root.judge(&root.user("PC1", SERIAL), &[&list_at(URL)]), &["which the certificate does not name"]);
    // A list for all, where the certificate names a point.
    assert!(root.judge(&user, &[&root.sign(&root.list())]).is_good());
}

#[test]
fn every_distribution_point_is_asked_even_when_one_has_cleared() {
    const OTHER: &str = "http://pki.contoso.com/other.crl";
    let root = Ca::root("Contoso CA");
    let point = |url: &str| sequence(&[&full_name(&uri(url))]);
    let user = root.user_at(SERIAL, &[point(URL), point(OTHER)].concat());
    let clears = root.sign(&List { point: Some(full_name(&uri(URL))), ..root.list() });
    let lists_it = root.sign(&List { point: Some(full_name(&uri(OTHER))), ..revoking(&root) });
    assert!(root.judge(&user, &[&clears]).is_good());
    assert!(root.judge(&user, &[&clears, &lists_it]).is_revoked());
    assert!(root.judge(&user, &[&clears, &root.sign(&revoking(&root))]).is_revoked(), "a list for all");
}

#[test]
fn a_list_for_users_or_for_cas_speaks_for_these() {
    let root = Ca::root("Contoso CA");
    let (user, ca) = (root.user("PC1", SERIAL), root.ca("Issuing CA", &[2]));
    let limited = |field: u8| root.sign(&List { point: Some(element(field, &[0xff])), ..root.list() });
    let (users, cas, attributes) = (limited(0x81), limited(0x82), limited(0x85));
    assert!(root.judge(&user, &[&users]).is_good());
    assert!(root.judge(&ca, &[&cas]).is_good());
    assert_unknown(root.judge(&user, &[&cas]), &["covers only CA certificates"]);
    assert_unknown(root.judge(&ca, &[&users]), &["covers only certificates that are no CA's"]);
    assert_unknown(root.judge(&user, &[&attributes]), &["covers only attribute certificates"]);
}

#[test]
fn lists_for_some_reasons_must_cover_all_together() {
    let root = Ca::root("Contoso CA");
    let user = root.user("PC1", SERIAL);
    let limited = |bits: &[usize]| List { point: Some(build::reasons(3, bits)), ..root.list() };
    let (some, rest) = (limited(&[1, 2, 3, 4]), limited(&[5, 6, 7, 8]));
    let words = ["do not cover revocation for cessationOfOperation, certificateHold, privilegeWithdrawn, aACompromise"];
    assert_unknown(root.judge(&user, &[&root.sign(&some)]), &words);
    assert!(root.judge(&user, &[&root.sign(&some), &root.sign(&rest)]).is_good());
    let revokes = rest.entry(Entry::new(SERIAL).reason(6));
    assert!(root.judge(&user, &[&root.sign(&some), &root.sign(&revokes)]).is_revoked());
}

#[test]
fn an_indirect_list_speaks_for_those_that_name_its_issuer() {
    let root = Ca::root("Contoso Root");
    let (ca, crl_issuer) = (root.ca("Contoso CA", &[2]), root.ca("Contoso CRLs", &[3]));
    let name = crl_issuer.certificate.subject();
    let names_it = element(0xa2, &directory(name.as_bytes()));
    let user = ca.user_at(SERIAL, &sequence(&[&names_it]));
    let signers = Paths(vec![vec![crl_issuer.certificate.clone(), root.certificate.clone()]]);
    let root_crl = root.sign(&root.list());
    let indirect = || List { point: Some(element(0x84, &[0xff])), ..crl_issuer.list() };
    let judge = |list: &List| ca.judge_with(&user, &[&root_crl, &crl_issuer.sign(list)], &signers);
    assert!(judge(&indirect()).is_good());
    assert!(judge(&indirect().entry(Entry::new(SERIAL))).is_good(), "of the CRL issuer's own certificates");
    let of_ca = Entry::new(SERIAL).issuer(&directory(ca.certificate.subject().as_bytes()));
    assert!(judge(&indirect().entry(of_ca)).is_revoked());
    assert_unknown(judge(&crl_issuer.list()), &["does not speak for certificates of CN=Contoso CA"]);
    // A certificate that names no CRL issuer has its own issuer's lists only.
    let plain = ca.user("PC2", SERIAL);
    let crls = [&root_crl, &crl_issuer.sign(&indirect())];
    assert_unknown(ca.judge_with(&plain, &crls, &signers), &["no CRL for certificates of CN=Contoso CA"]);
}

#[test]
fn what_rfc_5280_forbids_to_use_is_not_used_even_to_revoke() {
    let root = Ca::root("Contoso CA");
    let user = root.user("PC1", SERIAL);
    let mut list = revoking(&root);
    list.extensions.push(extension(&[0x2a, 3, 4], true, &[]));
    assert_unknown(
        root.judge(&user, &[&root.sign(&list)]),
        &["critical extension 1.2.3.4", "it lists the certificate (keyCompromise)"],
    );
    let mut numberless = revoking(&root);
    numberless.number = None;
    assert!(root.judge(&user, &[&root.sign(&numberless)]).is_revoked());
    assert_unknown(root.judge(&root.user("PC2", &[9]), &[&root.sign(&numberless)]), &["has no CRL number"]);
}

#[test]
fn an_entry_with_a_reason_that_cannot_be_read_revokes_its_certificate_and_clears_no_other() {
    let root = Ca::root("Contoso CA");
    let list = root.sign(&root.list().entry(Entry::new(SERIAL).with(extension(oid::REASON_CODE, false, &[5, 0]))));
    assert_eq!(reason(&root.judge(&root.user("PC1", SERIAL), &[&list])), None);
    let other = root.judge(&root.user("PC2", &[0x33]), &[&list]);
    assert_unknown(other, &["has a reason code of an entry that cannot be read", "cannot be relied on"]);
    let nameless = Entry::new(SERIAL).with(extension(oid::CERTIFICATE_ISSUER, true, &[5, 0]));
    let list = root.sign(&root.list().entry(nameless));
    let words = ["has a certificate issuer of an entry that cannot be read", "it lists the certificate"];
    assert_unknown(root.judge(&root.user("PC1", SERIAL), &[&list]), &words);
}

#[test]
fn a_certificate_with_distribution_points_that_cannot_be_read_has_the_lists_for_all() {
    let root = Ca::root("Contoso CA");
    let user = root.user_with("PC1", SERIAL, |params| {
        params.custom_extensions.push(CustomExtension::from_oid_content(&[2, 5, 29, 31], vec![5, 0]));
    });
    assert!(root.judge(&user, &[&root.sign(&root.list())]).is_good());
    let at_url = List { point: Some(full_name(&uri(URL))), ..root.list() };
    assert_unknown(root.judge(&user, &[&root.sign(&at_url)]), &["which the certificate does not name"]);
}

#[test]
fn the_signature_of_a_list_is_checked_once_however_many_certificates_ask() {
    let root = Ca::root("Contoso CA");
    let store = CrlStore::new(vec![root.sign(&revoking(&root)), root.sign(&revoking(&root))], at());
    let users: Vec<_> = (0..4).map(|number| root.user("PC", &[0x70, number])).collect();
    let start = std::time::Instant::now();
    for _ in 0..2_500 {
        for user in &users {
            assert!(status(&user.certificate, with_own_key(&root.certificate), &store, &()).is_good());
        }
    }
    // Ten thousand checks of P-256 would take seconds more than ten thousand look-ups.
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    let checks: usize = store.complete(&root.certificate.subject().comparable()).map(|list| list.checks()).sum();
    assert!(checks <= 2, "{checks}");
}

#[test]
fn windows_extensions_in_a_list_do_no_harm() {
    let root = Ca::root_with("Contoso CA", |params| {
        let version = CustomExtension::from_oid_content(MS_CA_VERSION, ca_version(0, 0));
        params.custom_extensions.push(version);
    });
    let mut list = root.list();
    list.extensions.push(extension(oid::MS_CA_VERSION, false, &ca_version(0, 0)));
    list.extensions.push(extension(oid::MS_CRL_NEXT_PUBLISH, false, &build::utc("261201000000Z")));
    assert!(root.judge(&root.user("PC1", SERIAL), &[&root.sign(&list)]).is_good());
}

#[test]
fn a_list_with_any_one_bit_turned_never_clears_a_revoked_certificate() {
    let root = Ca::root("Contoso CA");
    let user = root.user("PC1", SERIAL);
    let der = revoking(&root).sign(&root.key);
    for bit in 0..der.len() * 8 {
        let mut turned = der.clone();
        turned[bit / 8] ^= 1 << (bit % 8);
        if let Ok(crl) = Crl::from_vec(turned) {
            let found = root.judge(&user, &[&Arc::new(crl)]);
            assert!(!found.is_good(), "bit {bit}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_distribution_point_and_scope_is_judged(
        points in proptest::collection::vec(any::<u8>(), 0..40),
        scope in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let root = Ca::root("Contoso CA");
        let user = root.user_at(SERIAL, &points);
        let list = List { point: Some(scope), ..revoking(&root) };
        if let Ok(crl) = Crl::from_vec(list.sign(&root.key)) {
            let found = root.judge(&user, &[&Arc::new(crl)]);
            prop_assert!(!found.is_good(), "{found}");
        }
        let text = why(root.judge(&user, &[]));
        prop_assert!(text.starts_with("no CRL"), "{text}");
    }
}
