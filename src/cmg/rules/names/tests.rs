use super::*;
use crate::cmg::profile::ProfileName;
use crate::cmg::rules::checks::{self, client};
use crate::cmg::selection::by_longest_validity;
use crate::cmg::settings::Settings;
use crate::cmg::testing::{self, Draft, dns_names, element, now, sequence};

fn named(attributes: &[(&[u8], &str)]) -> Draft {
    let mut draft = Draft::client("pc1.contoso.com");
    draft.subject = testing::name(attributes);
    draft
}

#[test]
fn a_client_without_any_name_is_found_and_one_name_is_enough() {
    assert_eq!(client(&named(&[]).without(oid::SUBJECT_ALTERNATIVE_NAME).issued()), ["subject/none"]);
    assert_eq!(client(&named(&[]).issued()), [""; 0]);
    let subject_only = named(&[(oid::COMMON_NAME, "pc1")]).without(oid::SUBJECT_ALTERNATIVE_NAME).issued();
    assert_eq!(client(&subject_only), [""; 0]);
    let empty = named(&[]).with(oid::SUBJECT_ALTERNATIVE_NAME, dns_names(&[])).issued();
    assert_eq!(client(&empty), ["subject/none"]);
}

#[test]
fn several_alternative_names_are_found() {
    let two = dns_names(&["pc1.contoso.com", "pc1"]);
    let certificate = Draft::client("pc1.contoso.com").with(oid::SUBJECT_ALTERNATIVE_NAME, two).issued();
    assert_eq!(client(&certificate), ["subject/several-alternative-names"]);
}

#[test]
fn a_subject_without_a_computers_name_is_found() {
    for common in ["Erika Mustermann", "erika@contoso.com"] {
        assert_eq!(client(&named(&[(oid::COMMON_NAME, common)]).issued()), ["subject/no-host-name"], "{common:?}");
    }
    let nameless = named(&[(oid::COMMON_NAME, "")]).without(oid::SUBJECT_ALTERNATIVE_NAME);
    assert_eq!(client(&nameless.issued()), ["subject/none"]);
    // Of several common names the last one encoded is the entry's own; a directory's containers stand before it.
    let user = named(&[(oid::COMMON_NAME, "Users"), (oid::COMMON_NAME, "Erika Mustermann")]).issued();
    assert_eq!(client(&user), ["subject/no-host-name"]);
    let organisation = named(&[(oid::ORGANIZATION, "Contoso")]).issued();
    assert_eq!(client(&organisation), ["subject/no-host-name"]);
    for common in ["PC-1", "pc_1.contoso.com", "PC1$"] {
        assert_eq!(client(&named(&[(oid::COMMON_NAME, common)]).issued()), [""; 0], "{common:?}");
    }
}

#[test]
fn characters_beyond_single_byte_are_found_in_subject_and_alternative_name() {
    assert_eq!(client(&named(&[(oid::COMMON_NAME, "Zürich-PC")]).issued()), [""; 0]);
    assert_eq!(client(&named(&[(oid::COMMON_NAME, "東京-PC")]).issued()), ["characters/subject"]);
    let upn = sequence(&[element(6, oid::MS_USER_PRINCIPAL_NAME), element(0xa0, &element(12, "ł@c.de".as_bytes()))]);
    let name = sequence(&[element(0xa0, &upn[2..])]);
    let certificate = Draft::client("pc1").with(oid::SUBJECT_ALTERNATIVE_NAME, name).issued();
    assert_eq!(client(&certificate), ["characters/alternative-name"]);
    let mut ca = Draft::ca("x");
    ca.subject = testing::common_name("Основной центр");
    assert_eq!(checks::found(&ca.issued(), Part::Intermediate, ProfileName::Client), ["characters/subject"]);
}

#[test]
fn the_sid_extension_is_information() {
    let other = [element(6, oid::MS_SID), element(0xa0, &element(4, b"S-1-5-21-1-2-3-1105"))].concat();
    let content = sequence(&[element(0xa0, &other)]);
    let certificate = Draft::client("pc1").with(oid::MS_SID_EXTENSION, content).issued();
    let found = checks::with_settings(&certificate, Part::EndEntity, "");
    assert_eq!(checks::labels(&found), ["sid-extension/present"]);
    assert_eq!(found[0].severity, crate::cmg::Severity::Info);
    assert!(found[0].message.contains("S-1-5-21-1-2-3-1105"), "{}", found[0].message);
}

#[test]
fn the_cmgs_common_name_is_a_dns_name_that_can_be_a_deployment() {
    let found = |common: &str| {
        let mut draft = Draft::server("x");
        draft.subject = testing::common_name(common);
        checks::found(&draft.issued(), Part::EndEntity, ProfileName::CmgServer)
    };
    assert_eq!(found("contosocmg.contoso.com"), [""; 0]);
    assert_eq!(found("contosocmg.westus.cloudapp.azure.com"), [""; 0]);
    assert_eq!(found("*.contoso.com"), ["service-name/wildcard"]);
    assert_eq!(found("contoso-cmg.contoso.com"), ["service-name/prefix"]);
    assert_eq!(found("cm.contoso.com"), ["service-name/prefix"]);
    assert_eq!(found("contosocmg.cloudapp.net"), ["service-name/cloudapp-net"]);
    assert_eq!(found("ContosoCMG.contoso.com"), ["service-name/upper-case"]);
    assert_eq!(found("contosocmg"), ["service-name/not-a-dns-name"]);
    assert_eq!(found("Contoso CMG"), ["service-name/not-a-dns-name"]);
    let mut nameless = Draft::server("x");
    nameless.subject = testing::name(&[]);
    let found = checks::found(&nameless.issued(), Part::EndEntity, ProfileName::CmgServer);
    assert_eq!(found, ["service-name/no-common-name"]);
}

#[test]
fn a_management_point_needs_a_dns_name_somewhere() {
    let mut draft = Draft::server("x");
    draft.subject = testing::common_name("Management Point");
    assert_eq!(checks::found(&draft.clone().issued(), Part::EndEntity, ProfileName::ManagementPoint), [""; 0]);
    let without = draft.without(oid::SUBJECT_ALTERNATIVE_NAME).issued();
    let found = checks::found(&without, Part::EndEntity, ProfileName::ManagementPoint);
    assert_eq!(found, ["service-name/none"]);
}

fn judged_together(certificates: &[&Certificate]) -> Vec<Vec<String>> {
    let settings = Settings::default();
    let mut context = RuleContext::new(now(), &settings, ProfileName::Client);
    let records = certificates.iter().filter_map(|certificate| NameRecord::of(certificate, &context)).collect();
    let duplicates = Duplicates::find(records);
    context.duplicates = Some(&duplicates);
    let judge = |certificate: &&Certificate| crate::cmg::rules::judge(certificate, &[], Part::EndEntity, &context);
    certificates.iter().map(|certificate| checks::labels(&judge(certificate))).collect()
}

/// A client's certificate with that serial number and key, valid between these days from now.
fn dated(serial: u8, bits: u32, from: i64, to: i64) -> Draft {
    let mut draft = Draft::client("PC1.contoso.com");
    draft.serial = serial;
    draft.key = testing::Key::Rsa(bits);
    (draft.not_before, draft.not_after) = (now().plus_days(from), now().plus_days(to));
    draft
}

/// What two certificates of one name get.
fn both(one: &Certificate, two: &Certificate) -> String {
    let other = Draft::client("pc2.contoso.com").issued();
    let found = judged_together(&[one, two, &other]);
    assert_eq!(found[0], found[1]);
    assert_eq!(found[2], [""; 0]);
    found[0].join(", ")
}

#[test]
fn two_certificates_of_one_name_are_found_where_the_wrong_one_could_be_chosen() {
    let with = |serial, bits, from, to| dated(serial, bits, from, to).issued();
    // Drafts with one number and length have one key.
    let one = with(1, 2048, -100, 300);
    for (other, expected) in [
        (with(1, 4096, -100, 300), "subject/duplicate"),
        (with(2, 4096, -100, 400), "subject/duplicate"),
        (with(2, 4096, -90, 300), "subject/duplicate"),
        (with(2, 4096, -90, 100), "subject/duplicate"),
        (with(2, 4096, -90, 310), "subject/renewed"),
        (with(1, 2048, -90, 310), "subject/renewed"),
        (with(1, 2048, -90, 100), "subject/renewed"),
        (with(1, 2048, -100, 299), "subject/duplicate"),
    ] {
        assert_eq!(both(&one, &other), expected, "{:?} {:?}", other.not_before(), other.not_after());
    }
    // In due time, as auto-enrolment renews.
    assert_eq!(both(&with(1, 2048, -320, 45), &with(2, 4096, -5, 360)), "");
    assert_eq!(judged_together(&[&one, &one]), [vec![], vec![]] as [Vec<String>; 2]);
    let (new, expired) = (with(4, 2048, -5, 360), with(5, 2048, -700, -335));
    assert_eq!(judged_together(&[&new, &expired])[0], [""; 0]);
}

#[test]
fn the_renewed_one_of_two_is_the_one_that_first_selects_too() {
    let old = dated(1, 2048, -1000, 800).issued();
    for (from, to) in [(-100, 900), (-100, 1700), (-100, 1699), (-900, 899), (-900, 901), (-10, 700)] {
        let new = dated(2, 4096, from, to).issued();
        let takes_new = by_longest_validity(&new) > by_longest_validity(&old);
        let expected = if takes_new { "subject/renewed" } else { "subject/duplicate" };
        assert_eq!(both(&old, &new), expected, "{from} to {to}");
    }
    // As most CAs end a period: one second before it is full, whatever the second that it begins at.
    let at_second = |mut draft: Draft, second: i64| {
        let add = |time: crate::Time, seconds| crate::Time::from_unix(time.unix() + seconds);
        (draft.not_before, draft.not_after) = (add(draft.not_before, second), add(draft.not_after, second - 1));
        draft.issued()
    };
    for (first, second) in [(0, 0), (0, 30), (30, 0), (59, 1), (1, 59)] {
        let (old, new) = (at_second(dated(1, 2048, -100, 300), first), at_second(dated(2, 4096, -50, 350), second));
        assert!(by_longest_validity(&new) > by_longest_validity(&old));
        assert_eq!(both(&old, &new), "subject/renewed", "{first} {second}");
    }
    // Renewed each year in due time: the period with the leap day is the longer one, and nobody has to do anything.
    assert_eq!(both(&dated(1, 2048, -320, 46).issued(), &dated(2, 4096, -5, 360).issued()), "");
}

#[test]
fn certificates_of_one_name_and_two_accounts_are_no_renewals() {
    let with = |draft: Draft, sid: &[u8]| {
        let other = [element(6, oid::MS_SID), element(0xa0, &element(4, sid))].concat();
        draft.with(oid::MS_SID_EXTENSION, sequence(&[element(0xa0, &other)])).issued()
    };
    let (old, new) = (dated(1, 2048, -320, 45), dated(2, 4096, -5, 360));
    let one = with(old, b"S-1-5-21-1-2-3-1105");
    let found = both(&one, &with(new.clone(), b"S-1-5-21-1-2-3-1105"));
    assert!(!found.contains("duplicate"), "{found}");
    let found = both(&one, &with(new, b"S-1-5-21-1-2-3-1106"));
    assert!(found.contains("subject/duplicate"), "{found}");
}
