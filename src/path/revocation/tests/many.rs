//! More lists than anyone needs: archives, and lists that are there to be searched.

use std::sync::{Arc, OnceLock};

use proptest::prelude::*;

use super::pki::{Ca, Paths, assert_unknown, at, ca_version};
use super::rules::{SERIAL, revoking};
use crate::certificate::crl::build::{Entry, List, directory, extension, full_name, uri};
use crate::certificate::{Certificate, Crl, oid};
use crate::der_writer::{element, sequence};
use crate::path::graph::{Graph, Issuer};
use crate::path::revocation::CrlStore;
use crate::path::revocation::signers::SignerPool;
use crate::path::{Purpose, Settings};
use crate::source::Restrictions;

/// Lists of the CA's name that another key signed, newer than the CA's own.
fn forged(root: &Ca, count: u64, change: impl Fn(&mut List)) -> Vec<Arc<Crl>> {
    let other = Ca::root("Contoso CA");
    let list = |number| {
        let this_update = "260301000000Z".to_owned();
        let mut list = List { number: Some(1_000 + number), this_update, ..root.list() };
        change(&mut list);
        other.sign(&list)
    };
    (0..count).map(list).collect()
}

/// Who may sign lists: these, of which `anchor` is trusted.
fn pool(certificates: &[Arc<Certificate>], anchor: &Arc<Certificate>) -> SignerPool {
    let issuer = |certificate: &Arc<Certificate>| Issuer {
        certificate: Arc::clone(certificate),
        anchor: (certificate == anchor).then(Restrictions::default),
    };
    let issuers = certificates.iter().map(issuer).collect();
    let graph = Graph::new(issuers, Vec::new(), Settings::new(Purpose::Any, at()));
    SignerPool::new(graph, certificates.iter().cloned())
}

#[test]
fn where_there_are_more_lists_than_are_looked_at_the_status_is_unknown_and_says_so() {
    let root = Ca::root("Contoso CA");
    let (user, good) = (root.user("PC1", SERIAL), root.sign(&root.list()));
    let judge = |beside: &[Arc<Crl>]| root.judge(&user, &beside.iter().chain([&good]).collect::<Vec<_>>());
    assert!(judge(&forged(&root, 200, |_| {})).is_good());
    let words = ["more CRLs than are looked at", "1024 signatures", "in force alone"];
    assert_unknown(judge(&forged(&root, 1_100, |_| {})), &words);
    // One that is looked at and lists the certificate counts, whatever else there is.
    let list = List { this_update: "260401000000Z".to_owned(), ..revoking(&root) };
    let newest = root.sign(&list);
    let all = forged(&root, 300, |_| {});
    assert!(root.judge(&user, &all.iter().chain([&newest]).collect::<Vec<_>>()).is_revoked());
}

#[test]
fn the_lists_of_strangers_do_not_stand_before_that_of_the_ca_which_revokes() {
    let root = Ca::root("Contoso CA");
    let (user, real) = (root.user("PC1", SERIAL), root.sign(&revoking(&root)));
    let expired = |list: &mut List| list.next_update = Some("260401000000Z".to_owned());
    let mut old = List { next_update: Some("260201000000Z".to_owned()), ..revoking(&root) };
    old.this_update = "260101000000Z".to_owned();
    let old = root.sign(&old);
    for (what, forged, real) in
        [("current", forged(&root, 600, |_| {}), &real), ("expired", forged(&root, 600, expired), &old)]
    {
        let found = root.judge(&user, &forged.iter().chain([real]).collect::<Vec<_>>());
        assert!(found.is_revoked(), "{what}: {found}");
    }
    // With more of them than are kept it is said that there are too many.
    let found = root.judge(&user, &forged(&root, 1_100, expired).iter().chain([&old]).collect::<Vec<_>>());
    assert_unknown(found, &["of more than 1024 CRLs of that CA that are not in force", "in force alone"]);
}

#[test]
fn a_ca_signs_with_its_new_key_however_many_others_have_its_name_and_whatever_comes_first() {
    let root = Ca::root("Contoso Root");
    let old = root.ca("Contoso CA", &[2]);
    let new = root.ca("Contoso CA", &[3]);
    let user = old.user("PC1", SERIAL);
    let of_root = root.sign(&root.list());
    let revoking = new.sign(&revoking(&new));
    let unnamed = new.sign(&List { extensions: Vec::new(), ..new.list().entry(Entry::new(SERIAL).reason(1)) });
    let strangers: Vec<_> = (0..100).map(|_| Ca::root("Contoso CA").certificate).collect();
    let cas = [&root, &old, &new].map(|ca| Arc::clone(&ca.certificate));
    let one: Vec<_> = strangers.iter().chain(&cas).cloned().collect();
    let two: Vec<_> = cas.iter().chain(&strangers).cloned().collect();
    for list in [revoking, unnamed] {
        for certificates in [&one, &two] {
            let pool = pool(certificates, &root.certificate);
            let found = old.judge_with(&user, &[&of_root, &list], &pool.below(&root.certificate));
            assert!(found.is_revoked(), "{found}");
        }
    }
}

#[test]
fn an_archive_of_old_lists_and_of_later_ones_costs_nothing_and_changes_nothing() {
    let root = Ca::root("Contoso CA");
    let (user, other) = (root.user("PC1", SERIAL), root.user("PC2", &[0x71]));
    let old = |list: &mut List| list.next_update = Some("260401000000Z".to_owned());
    let later = |list: &mut List| list.this_update = "260701000000Z".to_owned();
    let mut all = [forged(&root, 400, old), forged(&root, 400, later)].concat();
    all.push(root.sign(&revoking(&root)));
    let all: Vec<_> = all.iter().collect();
    assert!(root.judge(&user, &all).is_revoked());
    assert!(root.judge(&other, &all).is_good());
    let pool = pool(&[Arc::clone(&root.certificate)], &root.certificate);
    let found = root.judge_with(&other, &all, &pool.below(&root.certificate));
    assert!(found.is_good(), "{found}");
}

#[test]
fn the_archive_of_another_key_of_the_ca_costs_nothing_and_changes_nothing() {
    let root = Ca::root("Contoso Root");
    let (old, new) = (root.ca("Contoso CA", &[2]), root.ca("Contoso CA", &[3]));
    let (user, revoked) = (new.user("PC1", SERIAL), new.user("PC2", &[0x71]));
    let windows = |ca: &Ca, number: u64, change: &dyn Fn(&mut List)| {
        let mut list = List { number: Some(number), ..ca.list() };
        list.extensions.push(extension(oid::MS_CA_VERSION, false, &ca_version(0, 0)));
        change(&mut list);
        ca.sign(&list)
    };
    let archived = |list: &mut List| {
        list.this_update = "250201000000Z".to_owned();
        list.next_update = Some("250301000000Z".to_owned());
    };
    let mut all: Vec<_> = (0..400).map(|number| windows(&old, number, &archived)).collect();
    all.push(windows(&old, 500, &|_| {}));
    all.push(windows(&new, 10, &|list| list.entries.push(Entry::new(&[0x71]).reason(1))));
    all.push(root.sign(&root.list()));
    let all: Vec<_> = all.iter().collect();
    let cas = [&root, &old, &new].map(|ca| Arc::clone(&ca.certificate));
    let pool = pool(&cas, &root.certificate);
    let judge = |user: &Ca| new.judge_with(user, &all, &pool.below(&root.certificate));
    assert!(judge(&user).is_good(), "{}", judge(&user));
    assert!(judge(&revoked).is_revoked());
}

#[test]
fn of_each_issuer_of_indirect_crls_the_delta_crls_are_asked() {
    let root = Ca::root("Contoso Root");
    let ca = root.ca("Contoso CA", &[2]);
    let (one, two) = (root.ca("First CRL Issuer", &[3]), root.ca("Second CRL Issuer", &[4]));
    let names = [&one, &two].map(|ca| directory(ca.certificate.subject().as_bytes())).concat();
    let user = ca.user_at(SERIAL, &sequence(&[&element(0xa2, &names)]));
    let indirect = |ca: &Ca, list: List| ca.sign(&List { point: Some(element(0x84, &[0xff])), ..list });
    let of_ca = Entry::new(SERIAL).reason(1).issuer(&directory(ca.certificate.subject().as_bytes()));
    let clears = indirect(&one, one.list());
    let ended = |number, this_update: &str, list: List| List {
        number: Some(number),
        base: Some(1),
        this_update: this_update.to_owned(),
        next_update: Some("260401000000Z".to_owned()),
        ..list
    };
    let listed = indirect(&two, ended(11, "260301000000Z", two.list().entry(of_ca)));
    let older = indirect(&one, ended(9, "251201000000Z", one.list()));
    let paths = [&one, &two].map(|ca| vec![Arc::clone(&ca.certificate), Arc::clone(&root.certificate)]);
    let (signers, of_root) = (Paths(paths.to_vec()), root.sign(&root.list()));
    let judge = |lists: &[&Arc<Crl>]| ca.judge_with(&user, &[&[&of_root, &clears], lists].concat(), &signers);
    assert!(judge(&[]).is_good(), "{}", judge(&[]));
    for lists in [&[&listed][..], &[&listed, &older], &[&older, &listed]] {
        assert!(judge(lists).is_revoked(), "{}", judge(lists));
    }
}

#[test]
fn of_many_hundred_parts_of_an_old_list_the_one_for_the_certificate_still_revokes_it() {
    let root = Ca::root("Contoso CA");
    let part = |number: u32| full_name(&uri(&format!("http://pki.contoso.com/part-{number}.crl")));
    let user = root.user_at(SERIAL, &sequence(&[&part(0)]));
    let of_part = |number: u32, list: List| {
        let next_update = Some("260401000000Z".to_owned());
        root.sign(&List { point: Some(part(number)), next_update, ..list })
    };
    let mut all = vec![of_part(0, revoking(&root))];
    // All of them are newer.
    let this_update = || "260301000000Z".to_owned();
    all.extend((1..600).map(|number| of_part(number, List { this_update: this_update(), ..root.list() })));
    assert!(root.judge(&user, &all.iter().collect::<Vec<_>>()).is_revoked());
}

#[test]
fn where_there_are_more_delta_crls_than_are_looked_at_the_status_is_unknown_and_says_so() {
    let root = Ca::root("Contoso CA");
    let (user, other) = (root.user("PC1", SERIAL), root.user("PC2", &[0x71]));
    let base = root.sign(&root.list());
    let delta = |list: &mut List| list.base = Some(10);
    let real = root.sign(&List { number: Some(11), base: Some(10), ..revoking(&root) });
    let judge =
        |user: &Ca, deltas: &[Arc<Crl>]| root.judge(user, &deltas.iter().chain([&base, &real]).collect::<Vec<_>>());
    assert!(judge(&user, &forged(&root, 200, delta)).is_revoked());
    assert!(judge(&other, &forged(&root, 200, delta)).is_good());
    for user in [&user, &other] {
        assert_unknown(judge(user, &forged(&root, 1_100, delta)), &["more CRLs than are looked at"]);
    }
    // Those that build on a later list need no signature.
    let on_later = |list: &mut List| list.base = Some(500);
    assert!(judge(&user, &forged(&root, 300, on_later)).is_revoked());
}

/// RFC 5280 sections 5.2.4 and 6.3.3 (c), word by word.
fn continues(delta: &Crl, base: &Crl) -> bool {
    let same = |kind: &[u8]| delta.extension(kind).map(|one| one.value) == base.extension(kind).map(|one| one.value);
    let (Some(from), Some(number), Some(complete)) = (delta.base_number(), delta.number(), base.number()) else {
        return false;
    };
    from <= complete
        && complete < number
        && delta.is_current_at(at())
        && delta.flaw().is_none()
        && same(oid::ISSUING_DISTRIBUTION_POINT)
        && same(oid::AUTHORITY_KEY_IDENTIFIER)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_list_is_continued_by_the_delta_crls_that_rfc_5280_lets_continue_it_the_newest_first(
        lists in proptest::collection::vec((any::<bool>(), 1u64..7, 1u64..7, any::<bool>(), any::<bool>(), any::<bool>()), 1..12),
    ) {
        static ROOT: OnceLock<Ca> = OnceLock::new();
        let root = ROOT.get_or_init(|| Ca::root("Contoso CA"));
        let made = lists.iter().map(|(is_delta, number, base, is_current, has_point, has_key)| {
            let mut list = List { number: Some(*number), base: is_delta.then_some(*base), ..root.list() };
            if !is_current {
                list.next_update = Some("260201000000Z".to_owned());
            }
            list.point = has_point.then(|| full_name(&uri("http://pki.contoso.com/ca.crl")));
            if !has_key {
                list.extensions.clear();
            }
            root.sign(&list)
        });
        let made: Vec<Arc<Crl>> = made.collect();
        let store = CrlStore::new(made.clone(), at());
        for list in store.complete(&root.certificate.subject().comparable()) {
            let found: Vec<&Arc<Crl>> = store.deltas(list).flatten().map(|delta| &delta.crl).collect();
            prop_assert!(found.is_sorted_by(|one, two| one.number() >= two.number()));
            let mut expected: Vec<_> = made.iter().filter(|delta| continues(delta, &list.crl)).collect();
            expected.sort_by_key(|crl| crl.sha256());
            expected.dedup();
            let mut found = found;
            found.sort_by_key(|crl| crl.sha256());
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(list.is_in_force, list.crl.is_current_at(at()) || !expected.is_empty());
        }
    }
}
