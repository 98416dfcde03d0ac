//! More lists than anyone needs: archives, and lists that are there to be searched.

use std::sync::Arc;

use super::pki::{Ca, assert_unknown};
use super::rules::{SERIAL, revoking};
use crate::certificate::Crl;
use crate::certificate::crl::build::List;

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

#[test]
fn where_there_are_more_lists_than_are_looked_at_the_status_is_unknown_and_says_so() {
    let root = Ca::root("Contoso CA");
    let (user, good) = (root.user("PC1", SERIAL), root.sign(&root.list()));
    let judge = |beside: &[Arc<Crl>]| root.judge(&user, &beside.iter().chain([&good]).collect::<Vec<_>>());
    assert!(judge(&forged(&root, 200, |_| {})).is_good());
    let words = ["more CRLs than are looked at", "256 signatures", "in force alone"];
    assert_unknown(judge(&forged(&root, 300, |_| {})), &words);
    // One that is looked at and lists the certificate counts, whatever else there is.
    let list = List { this_update: "260401000000Z".to_owned(), ..revoking(&root) };
    let newest = root.sign(&list);
    let all = forged(&root, 300, |_| {});
    assert!(root.judge(&user, &all.iter().chain([&newest]).collect::<Vec<_>>()).is_revoked());
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
        assert_unknown(judge(user, &forged(&root, 300, delta)), &["more CRLs than are looked at"]);
    }
    // Those that build on a later list need no signature.
    let on_later = |list: &mut List| list.base = Some(500);
    assert!(judge(&user, &forged(&root, 300, on_later)).is_revoked());
}
