use super::*;
use crate::cmg::testing::{self, Draft, dns_names, now};

fn client(attributes: &[(&[u8], &str)], alternative: &[&str]) -> Certificate {
    let mut draft = Draft::client("x").with(oid::SUBJECT_ALTERNATIVE_NAME, dns_names(alternative));
    draft.subject = testing::name(attributes);
    draft.issued()
}

fn root(attributes: &[(&[u8], &str)]) -> Certificate {
    let mut draft = Draft::ca("x");
    draft.subject = testing::name(attributes);
    draft.self_signed().certificate
}

fn contoso() -> Certificate {
    root(&[
        (oid::COUNTRY, "US"),
        (oid::ORGANIZATION, "Contoso, Ltd"),
        (oid::ORGANIZATIONAL_UNIT, "Servers"),
        (oid::COMMON_NAME, "Contoso Root CA"),
    ])
}

fn selects(criterion: &str, certificate: &Certificate) -> bool {
    criterion.parse::<Criterion>().unwrap().matches(certificate)
}

fn issued(issuer: &str, ca: &Certificate, is_root: bool) -> bool {
    issuer.parse::<Issuer>().unwrap().matches(ca, is_root)
}

#[test]
fn an_exact_subject_regards_case_in_the_subject_and_not_in_the_alternative_name() {
    let by_subject = client(&[(oid::COMMON_NAME, "computer1.contoso.com")], &["other"]);
    assert!(selects("Subject:computer1.contoso.com", &by_subject));
    assert!(selects("Subject:CN=computer1.contoso.com", &by_subject));
    assert!(!selects("Subject:COMPUTER1.contoso.com", &by_subject));
    assert!(!selects("Subject:computer1", &by_subject));
    let by_alternative = client(&[], &["computer1.contoso.com"]);
    assert!(selects("Subject:COMPUTER1.contoso.com", &by_alternative));
}

#[test]
fn a_part_of_the_subject_is_found_without_regard_to_case() {
    let by_subject = client(&[(oid::ORGANIZATION, "Contoso"), (oid::COMMON_NAME, "pc1.contoso.com")], &["other"]);
    assert!(selects("SubjectStr:CONTOSO.com", &by_subject));
    assert!(selects("subjectstr: o=contoso", &by_subject));
    assert!(!selects("SubjectStr:litware", &by_subject));
    assert!(selects("SubjectStr:CONTOSO", &client(&[], &["pc1.contoso.com"])));
}

#[test]
fn an_attribute_is_matched_with_regard_to_case_by_key_or_object_identifier() {
    let certificate =
        client(&[(oid::ORGANIZATIONAL_UNIT, "Computers"), (oid::COMMON_NAME, "pc1")], &["pc1.contoso.com"]);
    for criterion in [
        "SubjectAttr:OU = Computers",
        "SubjectAttr:ou=Computers",
        "SubjectAttr:2.5.4.11 = Computers",
        "CCMCERTSEL=\"SubjectAttr:OU = Computers\"",
    ] {
        assert!(selects(criterion, &certificate), "{criterion}");
    }
    assert!(!selects("SubjectAttr:OU = computers", &certificate));
    assert!(!selects("SubjectAttr:OU = Comp", &certificate));
    assert!(selects("SubjectAttr:2.5.29.17 = pc1.contoso.com", &certificate));
}

#[test]
fn of_several_alternative_names_only_the_first_counts() {
    let certificate = client(&[(oid::COMMON_NAME, "x")], &["first.contoso.com", "second.contoso.com"]);
    assert!(selects("SubjectStr:first", &certificate));
    assert!(!selects("SubjectStr:second", &certificate));
}

#[test]
fn text_that_is_no_criterion_is_told_what_is() {
    for (text, told) in [
        ("contoso.com", "has no keyword"),
        ("Subj:contoso", "unknown keyword"),
        ("SubjectStr:  ", "names nothing"),
        ("SubjectAttr:OU", "has no `=`"),
        ("SubjectAttr:XX = 1", "`XX` is no attribute"),
        ("SubjectAttr:OU = ", "no value"),
    ] {
        let error = text.parse::<Criterion>().unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn an_issuer_is_a_thumbprint_a_name_or_attributes() {
    let ca = contoso();
    assert!(issued(&ca.thumbprint_hex(), &ca, false));
    assert!(issued(&format!("\u{200e}{}", ca.thumbprint_hex().to_lowercase()), &ca, false));
    assert!(issued(&ca.sha256_hex(), &ca, false));
    assert!(issued("contoso root ca", &ca, false));
    assert!(!issued("contoso root", &ca, false));
    assert!(issued("CN=Contoso Root CA", &ca, false));
    assert!(issued(&ca.subject().to_string(), &ca, false), "as .NET prints it, with quotes");
    assert!(!issued("CN=contoso root ca", &ca, false), "attributes regard case");
}

#[test]
fn a_whole_ccmcertissuers_value_means_roots_and_its_values_may_hold_commas() {
    let value = "CN=Contoso Root CA; OU=Servers; O=Contoso, Ltd; C=US | CN=Litware Corporate Root CA; O=Litware, Inc.";
    let litware = root(&[(oid::ORGANIZATION, "Litware, Inc."), (oid::COMMON_NAME, "Litware Corporate Root CA")]);
    for text in [
        value.to_owned(),
        value.replace(';', ","),
        format!("CCMCERTISSUERS=\"{value}\""),
        format!("CCMCERTISSUERS=\u{201d}{value}\u{201d}"),
        value.replace("O=Contoso, Ltd", "O=\"Contoso, Ltd\""),
    ] {
        assert!(issued(&text, &contoso(), true) && issued(&text, &litware, true), "{text}");
        assert!(!issued(&text, &contoso(), false), "an intermediate is no root: {text}");
        assert!(!issued(&text, &root(&[(oid::COMMON_NAME, "Contoso Root CA")]), true), "{text}");
    }
}

#[test]
fn what_is_wrong_with_a_list_of_issuers_is_named() {
    for (text, told) in [
        ("", "is empty"),
        ("CN=A | ", "is empty"),
        ("CN=A; XX=B", "`XX` is no attribute"),
        ("CN=A; Servers", "`Servers` is no attribute"),
        ("Contoso | Litware", "`Contoso` is no attribute"),
    ] {
        let error = text.parse::<Issuer>().unwrap_err().to_string();
        assert!(error.contains(told), "{text}: {error}");
    }
}

#[test]
fn the_value_that_is_written_is_microsofts_example_and_reads_back() {
    let litware = root(&[(oid::ORGANIZATION, "Litware, Inc."), (oid::COMMON_NAME, "Litware Corporate Root CA")]);
    let issuers = certificate_issuers([&contoso(), &litware, &contoso()]);
    assert_eq!(
        issuers.value,
        "CN=Contoso Root CA; OU=Servers; O=Contoso, Ltd; C=US | CN=Litware Corporate Root CA; O=Litware, Inc."
    );
    assert!(issuers.unwritable.is_empty());
    let again: Issuer = format!("CCMCERTISSUERS=\"{issuers}\"").parse().unwrap();
    assert!(again.matches(&contoso(), true) && again.matches(&litware, true));
}

#[test]
fn names_with_letters_and_signs_that_no_shell_minds_are_written() {
    for name in ["Z\u{fc}rich & S\u{f6}hne (2026)", "\u{6771}\u{4eac} CA", "O'Neil <A> ^ B", "A\\B", "A#1 @ B = 50"] {
        assert_eq!(certificate_issuers([&root(&[(oid::COMMON_NAME, name)])]).value, format!("CN={name}"));
    }
}

#[test]
fn names_that_would_break_out_of_the_value_are_not_written() {
    let of_shells = ["$(calc)", "$env:TEMP", "`n", "A\u{201d} /evil", "\u{201e}A", "%PATH%", "!PATH!", "A\\"];
    // What a code page makes of them.
    let of_code_pages = ["A\u{ff02} /evil", "\u{ff05}PATH\u{ff05}", "A\u{2ba}"];
    let of_the_value = ["A\" /evil", "A; CN=B", "A | CN=B", "A\nB", "A, CN=B", " A", ""];
    for hostile in of_the_value.iter().chain(&of_shells).chain(&of_code_pages) {
        let issuers = certificate_issuers([&root(&[(oid::COMMON_NAME, hostile)]), &contoso()]);
        assert!(issuers.value.starts_with("CN=Contoso Root CA; "), "{hostile:?}: {issuers}");
        assert_eq!(issuers.unwritable.len(), 1, "{hostile:?}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_criterion_and_an_issuer_or_told_why_not(text in "[A-Za-z0-9=:;,|\" .\u{e4}\u{4e00}-]{0,60}|\\PC{0,40}") {
        for error in [text.parse::<Criterion>().err(), text.parse::<Issuer>().err()].into_iter().flatten() {
            proptest::prop_assert!(error.to_string().len() > 10);
        }
        let ca = contoso();
        if let Ok(issuer) = text.parse::<Issuer>() {
            issuer.matches(&ca, true);
        }
        if let Ok(criterion) = text.parse::<Criterion>() {
            criterion.matches(&ca);
        }
    }

    #[test]
    fn whatever_a_root_is_called_its_issuers_value_names_it_alone_or_is_not_written(name in "\\PC{1,30}", org in "[A-Za-z,=;|\" ]{1,20}") {
        let ca = root(&[(oid::ORGANIZATION, &org), (oid::COMMON_NAME, &name)]);
        let written = certificate_issuers([&ca]);
        if written.value.is_empty() {
            proptest::prop_assert_eq!(written.unwritable.len(), 1);
        } else {
            let again: Issuer = format!("CCMCERTISSUERS=\"{written}\"").parse().unwrap();
            proptest::prop_assert!(again.matches(&ca, true), "{written}");
            proptest::prop_assert!(!again.matches(&contoso(), true) || name == "Contoso Root CA");
        }
    }
}

#[test]
fn the_first_is_the_one_with_the_longest_validity_period() {
    let with = |from: i64, to: i64| {
        let mut draft = Draft::client("pc1");
        (draft.not_before, draft.not_after) = (now().plus_days(from), now().plus_days(to));
        draft.issued()
    };
    let (long, late, short) = (with(-400, 100), with(-10, 200), with(-10, 100));
    let certificates = [&short, &long, &late];
    let first = certificates.into_iter().max_by_key(|certificate| by_longest_validity(certificate));
    assert_eq!(first, Some(&long));
}
