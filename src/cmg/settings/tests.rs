use super::*;
use crate::cmg::catalogue::{key_length, key_provider, validity};
use crate::cmg::testing::{Draft, now};

fn pc() -> Certificate {
    Draft::client("pc1.contoso.com").issued()
}

fn judged(settings: &Settings, case: &'static Case) -> Option<Severity> {
    settings.judge(Finding::new(case, "x"), &pc(), now()).map(|finding| finding.severity)
}

fn refused(text: &str) -> String {
    Settings::parse(text).unwrap_err().to_string()
}

#[test]
fn without_settings_each_case_has_its_own_severity() {
    let settings = Settings::parse("").unwrap();
    assert_eq!(judged(&settings, &key_length::TOO_SHORT), Some(Severity::Error));
    assert_eq!(judged(&settings, &key_length::UNDOCUMENTED), Some(Severity::Warning));
    assert_eq!(judged(&settings, &key_provider::CNG), None);
    assert_eq!(settings.parameters, Parameters::default());
}

#[test]
fn a_severity_is_set_for_a_code_and_more_closely_for_a_case() {
    let text = "[severity]\nkey-length = \"info\"\n\"key-length/too-short\" = \"warning\"\nvalidity = \"off\"\nCP1202 = \"info\"\n";
    let settings = Settings::parse(text).unwrap();
    assert_eq!(judged(&settings, &key_length::TOO_SHORT), Some(Severity::Warning));
    assert_eq!(judged(&settings, &key_length::UNDOCUMENTED), Some(Severity::Info));
    assert_eq!(judged(&settings, &validity::EXPIRED), None);
    assert_eq!(judged(&settings, &key_provider::CNG), Some(Severity::Info));
}

#[test]
fn parameters_are_read_as_the_command_line_writes_them() {
    let text = "[parameters]\nexpiring-days = 45\nkey-lengths = [2048, 3072]\nsite-version = 1902\ncmg-revocation = \"off\"\n\
        templates = [\"ConfigMgr Client\"]\ninternal-domains = [\"corp.contoso.com\"]\n";
    let parameters = Settings::parse(text).unwrap().parameters;
    assert_eq!(parameters.expiring_days, 45);
    assert_eq!(parameters.key_lengths, [2048, 3072]);
    assert_eq!(parameters.site_version, Some(1902));
    assert!(!parameters.cmg_revocation);
    assert_eq!(parameters.templates, ["ConfigMgr Client"]);
    assert_eq!(parameters.internal_domains, ["corp.contoso.com"]);
}

#[test]
fn unknown_keys_ids_cases_and_severities_are_named_with_their_line() {
    let error = refused("[parameters]\nexpiring-dayz = 4\n");
    assert!(error.starts_with("line 2: ") && error.contains("expiring-dayz"), "{error}");
    let error = refused("\n[sevrity]\n");
    assert!(error.starts_with("line 2: ") && error.contains("sevrity"), "{error}");
    assert_eq!(
        refused("[severity]\neku = \"info\"\nkey-lenght = \"off\"\n"),
        "line 3: `key-lenght` is no finding: `certpath explain` lists them; the nearest is `key-length`"
    );
    assert_eq!(
        refused("[severity]\n\"cdp/absent\" = \"off\"\n"),
        "line 2: `absent` is no case of `cdp`: it has none, unreachable, https-only"
    );
    assert_eq!(
        refused("[severity]\neku = \"warn\"\n"),
        "line 2: `warn` is no severity: use error, warning, info or off"
    );
    let error = refused("[[exception]]\nfinding = \"eku\"\nsubject = \"CN=x\"\n");
    assert!(error.contains("reason"), "{error}");
    let error = refused("[[exception]]\nfinding = \"eku\"\nreason = \"x\"\nserial = \"1\"\n");
    assert!(error.starts_with("line 4: ") && error.contains("serial"), "{error}");
}

#[test]
fn values_out_of_range_say_what_was_expected() {
    assert!(refused("[parameters]\nkey-lengths = [512]\n").starts_with("line 2: `key-lengths` is a list"));
    assert!(refused("[parameters]\nsite-version = \"current\"\n").contains("four digits"));
    assert!(refused("[parameters]\ncmg-revocation = \"maybe\"\n").contains("\"on\" or \"off\""));
    assert!(refused("[parameters]\nexpiring-days = -1\n").starts_with("line 2: "));
    let head = "[[exception]]\nfinding = \"eku\"\nreason = \"x\"\n";
    assert!(refused(&format!("{head}thumbprint = \"12\"\n")).contains("line 4: `thumbprint` is 40 hexadecimal digits"));
    assert!(
        refused(&format!("{head}subject = \"x\"\nuntil = \"soon\"\n"))
            .contains("line 5: `until`: `soon` is not a time")
    );
    assert!(refused(head).contains("names no certificate"));
    assert!(refused("a = \u{7}").starts_with("line 1: "));
}

#[test]
fn an_exception_lowers_its_finding_at_its_certificate_and_keeps_the_reason() {
    for by in [
        format!("thumbprint = \"{}:{}\"", &pc().thumbprint_hex()[..2], &pc().thumbprint_hex()[2..]),
        format!("sha256 = \"{}\"", pc().sha256_hex()),
        "subject = \"cn=PC1.*\"".to_owned(),
        "issuer = \"*Issuing CA ?*\"".replace('?', "1"),
    ] {
        let text = format!("[[exception]]\nfinding = \"key-length\"\n{by}\nreason = \"printer\"\n");
        let settings = Settings::parse(&text).unwrap();
        let finding = settings.judge(Finding::new(&key_length::TOO_SHORT, "x"), &pc(), now()).unwrap();
        assert_eq!((finding.severity, finding.exception.as_deref()), (Severity::Info, Some("printer")), "{by}");
        assert_eq!(judged(&settings, &validity::EXPIRED), Some(Severity::Error));
        assert!(settings.unused_exceptions(now()).is_empty());
    }
}

#[test]
fn an_exception_that_matched_nothing_is_reported() {
    let text = "\n[[exception]]\nfinding = \"key-length\"\nsubject = \"CN=other\"\nreason = \"printer\"\n";
    let settings = Settings::parse(text).unwrap();
    assert_eq!(judged(&settings, &key_length::TOO_SHORT), Some(Severity::Error));
    let unused = settings.unused_exceptions(now());
    assert_eq!(unused.len(), 1);
    assert_eq!(unused[0].case, &unused_exception::UNMATCHED);
    assert!(unused[0].message.contains("line 2") && unused[0].message.contains("printer"), "{}", unused[0].message);
}

#[test]
fn an_exception_holds_to_the_end_of_its_date() {
    let text =
        |date| format!("[[exception]]\nfinding = \"key-length\"\nsubject = \"*\"\nreason = \"x\"\nuntil = {date}\n");
    for (date, severity) in
        [("2026-11-22", Severity::Info), ("\"2026-11-21\"", Severity::Error), ("2026-11-22T12:00:01Z", Severity::Info)]
    {
        let settings = Settings::parse(&text(date)).unwrap();
        assert_eq!(judged(&settings, &key_length::TOO_SHORT), Some(severity), "{date}");
        assert_eq!(settings.unused_exceptions(now()).len(), usize::from(severity == Severity::Error));
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_settings_or_told_why_not(text in "(\\[(severity|parameters)\\]\n|\\[\\[exception\\]\\]\n|(eku|key-lengths|finding|reason|until|sha256) = (\"\\PC{0,9}\"|[0-9-]{1,10}|\\[[0-9,]{0,9}\\])\n){0,8}|\\PC{0,60}") {
        if let Err(error) = Settings::parse(&text) {
            proptest::prop_assert!(!error.message.is_empty() && !error.message.contains('\n'));
        }
    }
}

#[test]
fn a_pattern_matches_with_stars_and_without_regard_to_case() {
    for (pattern, name, expected) in [
        ("*", "", true),
        ("cn=a", "CN=A", true),
        ("cn=a", "CN=AB", false),
        ("*b*d", "abcd", true),
        ("*b*d", "abcde", false),
        ("a*a*a*a*b", &"a".repeat(200), false),
    ] {
        assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
    }
}

#[test]
fn twenty_thousand_exceptions_are_read_soon_each_with_its_line() {
    let one = "[[exception]]\nfinding = \"cdp\"\nreason = \"x\"\nsubject = \"CN=*\"\n";
    let begun = std::time::Instant::now();
    let settings = Settings::parse(&one.repeat(20_000)).unwrap();
    // Where the lines before it are counted for each of them, it takes minutes.
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    assert_eq!(settings.exceptions.last().unwrap().line, 4 * 19_999 + 1);
}
