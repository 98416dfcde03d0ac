//! Defects of the CAs above clean clients, and of what was given beside them.

use certpath::cmg::{Code, Settings, Severity, Verdict};
use certpath::ops::AuditOutcome;
use rcgen::{
    BasicConstraints, CertificateRevocationListParams, DnType, DnValue, IsCa, Issuer, KeyIdMethod, SerialNumber,
    date_time_ymd,
};

use crate::pki::{Pki, ca, client, common, distribution, key, openssl, run};

fn at_issuers(outcome: &AuditOutcome) -> Vec<String> {
    let found = outcome.issuers.iter().flat_map(|issuer| &issuer.findings);
    found.map(|finding| format!("{}/{}", finding.code(), finding.case.name)).collect()
}

/// What a client and the CAs get where the issuing CA has one defect.
fn with_issuing(change: impl FnOnce(&mut rcgen::CertificateParams)) -> (String, Vec<String>) {
    let mut issuing = ca("Contoso Issuing CA 1");
    change(&mut issuing);
    let pki = Pki::with(ca("Contoso Root CA"), issuing);
    pki.add("pc1", |_| {});
    let (results, outcome) = pki.audit();
    (results["pc1"].clone(), at_issuers(&outcome))
}

#[test]
fn each_defect_of_an_issuing_ca_is_found_at_it_and_reaches_its_clients() {
    let none: &[&str] = &[];
    let case = |change: fn(&mut rcgen::CertificateParams)| with_issuing(change);
    assert_eq!(case(|_| {}), ("pass: ".to_owned(), vec![]));
    let is = |found: (String, Vec<String>), client: &str, issuers: &[&str]| {
        assert_eq!(found.0, client);
        assert_eq!(found.1, issuers, "{client}");
    };
    is(case(|ca| ca.crl_distribution_points.clear()), "fail: inherited cdp", &["cdp/none"]);
    is(
        case(|ca| ca.crl_distribution_points = distribution(&["ldap:///CN=CDP", "http://ca1/a.crl"])),
        "fail: inherited cdp",
        &["cdp/unreachable"],
    );
    is(
        case(|ca| ca.not_after = date_time_ymd(2026, 12, 1)),
        "warn: validity/outlives-issuer, inherited validity",
        &["validity/expiring"],
    );
    is(case(|ca| ca.not_after = date_time_ymd(2050, 1, 1)), "warn: inherited validity", &["validity/outlives-issuer"]);
    is(
        case(|ca| ca.key_usages = vec![rcgen::KeyUsagePurpose::CrlSign]),
        "fail: path-invalid/refused, inherited basic-constraints",
        &["basic-constraints/no-certificate-signing"],
    );
    is(
        case(|ca| ca.is_ca = IsCa::ExplicitNoCa),
        "fail: path-invalid/refused, inherited basic-constraints",
        &["basic-constraints/not-a-ca"],
    );
    is(
        case(|ca| ca.crl_distribution_points = distribution(&["https://ca1.contoso.local/a.crl"])),
        "fail: inherited cdp",
        &["cdp/unreachable"],
    );
    is(case(|ca| ca.distinguished_name = common("東京 CA")), "warn: inherited characters", &["characters/subject"]);
    is(case(|ca| ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0))), "pass: ", none);
}

#[test]
fn the_root_needs_no_crl_and_an_untrusted_one_is_told_from_a_missing_one() {
    let pki = Pki::new();
    pki.add("pc1", |_| {});
    let mut other = ca("Litware Root CA");
    other.crl_distribution_points.clear();
    let elsewhere = tempfile::tempdir().unwrap();
    let trusted = elsewhere.path().join("litware.cer");
    std::fs::write(&trusted, other.self_signed(key(1)).unwrap().der()).unwrap();
    let mut request = pki.request();
    request.request.trust = vec![certpath::source::Source::Path(trusted)];
    let result = run(&request).0["pc1"].clone();
    assert!(result.starts_with("fail: path-incomplete/untrusted-root"), "{result}");
}

#[test]
fn one_ca_too_many_for_a_path_length_is_found_at_it_and_reaches_its_clients() {
    let pki = Pki::new();
    let mut policy = ca("Contoso Policy CA");
    policy.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    pki.write("policy.cer", policy.signed_by(key(1), &pki.root).unwrap().der());
    let policy = Issuer::new(policy, key(1));
    let issuing = ca("Contoso Issuing CA 9");
    pki.write("issuing-9.cer", issuing.signed_by(key(1), &policy).unwrap().der());
    pki.write("pc9.cer", client("pc9").signed_by(key(1), &Issuer::new(issuing, key(1))).unwrap().der());
    let (results, outcome) = pki.audit();
    assert_eq!(results["pc9"], "fail: path-invalid/refused, inherited basic-constraints");
    let found: Vec<(String, &str)> = outcome
        .issuers
        .iter()
        .flat_map(|issuer| {
            issuer.findings.iter().map(|one| (issuer.entry.certificate.subject().to_string(), one.case.name))
        })
        .collect();
    assert_eq!(found, [("CN=Contoso Issuing CA 9".to_owned(), "path-length")]);
}

#[test]
fn a_root_with_an_old_or_a_damaged_signature_is_a_root_and_told_so() {
    for (hash, expected) in [("-md5", vec![("signature-hash", "root")]), ("-sha256", vec![("signature", "bad")])] {
        let place = tempfile::tempdir().unwrap();
        let key_file = place.path().join("key.pem");
        let key_file = key_file.to_str().unwrap();
        std::fs::write(key_file, openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]))
            .unwrap();
        let usage = "keyUsage=critical,keyCertSign,cRLSign";
        let request =
            ["req", "-x509", "-key", key_file, "-subj", "/CN=Old Root CA", "-days", "36500", "-addext", usage];
        let mut der = openssl(&[&request[..], &["-outform", "DER", hash]].concat());
        if expected[0].0 == "signature" {
            *der.last_mut().unwrap() ^= 1;
        }
        let pki = Pki::new();
        pki.write("old.cer", &der);
        pki.add("pc1", |_| {});
        let (results, outcome) = pki.audit();
        assert_eq!(results["pc1"], "pass: ");
        let old =
            outcome.issuers.iter().find(|issuer| issuer.entry.certificate.subject().to_string() == "CN=Old Root CA");
        // OpenSSL makes it today, which is not the day of judgement.
        let findings = old.unwrap().findings.iter().filter(|one| one.code() != Code::Validity);
        let found: Vec<_> = findings.map(|one| (one.code().id(), one.case.name)).collect();
        assert_eq!(found, expected, "{hash}");
    }
}

#[test]
fn more_than_four_intermediates_are_too_many_for_version_1902_alone() {
    let pki = Pki::new();
    pki.add("pc0", |_| {});
    for number in 1..=4 {
        let issuing = ca(&format!("Contoso Issuing CA 1{number}"));
        let name = format!("pc{number}");
        pki.write(&format!("issuing-{number}.cer"), issuing.signed_by(key(1), &pki.root).unwrap().der());
        let issuer = Issuer::new(issuing, key(1));
        pki.write(&format!("{name}.cer"), client(&name).signed_by(key(1), &issuer).unwrap().der());
    }
    let mut request = pki.request();
    for (version, expected) in [(None, 0), (Some(1906), 0), (Some(1902), 1)] {
        request.request.settings.parameters.site_version = version;
        let (results, outcome) = run(&request);
        assert!(results.values().all(|result| result == "pass: "), "{results:?}");
        let found: Vec<&str> = outcome.findings.iter().map(|finding| finding.case.name).collect();
        assert_eq!(found, vec!["too-many-intermediates"; expected], "{version:?}");
    }
}

#[test]
fn an_issuers_name_in_another_encoding_is_found_where_it_stands() {
    let named = |value: DnValue| {
        let mut issuing = ca("Contoso Issuing CA 1");
        issuing.distinguished_name = rcgen::DistinguishedName::new();
        issuing.distinguished_name.push(DnType::CommonName, value);
        issuing
    };
    let printable = named(DnValue::PrintableString("Contoso Issuing CA 1".try_into().unwrap()));
    let upper = named(DnValue::Utf8String("CONTOSO Issuing  CA 1".to_owned()));
    let same = named(DnValue::Utf8String("Contoso Issuing CA 1".to_owned()));
    for (params, expected) in [(printable, true), (upper, true), (same, false)] {
        let pki = Pki::new();
        pki.add("pc1", |_| {});
        // The CA's certificate as its parent wrote it, over the name that the CA itself writes into what it issues.
        pki.write("issuing.cer", params.signed_by(key(1), &pki.root).unwrap().der());
        let (results, _) = pki.audit();
        assert_eq!(results["pc1"], if expected { "warn: name-encoding/other-encoding" } else { "pass: " });
    }
}

/// A CRL that revokes nothing, fresh for that month of 2026.
pub(crate) fn crl_of_month(month: u8) -> CertificateRevocationListParams {
    CertificateRevocationListParams {
        this_update: date_time_ymd(2026, month, 1),
        next_update: date_time_ymd(2026, month + 1, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: KeyIdMethod::Sha256,
    }
}

#[test]
fn a_crl_that_was_not_given_for_a_ca_is_no_reproach_to_its_clients() {
    let pki = Pki::new();
    pki.add("pc1", |_| {});
    let list = crl_of_month(11);
    pki.write("issuing.crl", list.signed_by(&pki.issuing).unwrap().der());
    let (results, outcome) = pki.audit();
    assert_eq!(results["pc1"], "pass: inherited revocation-unknown");
    assert_eq!(at_issuers(&outcome), ["revocation-unknown/ca-unknown"]);

    // The other way round the client's own status is what is not known.
    std::fs::remove_file(pki.path().join("issuing.crl")).unwrap();
    pki.write("root.crl", list.signed_by(&pki.root).unwrap().der());
    let (results, outcome) = pki.audit();
    assert_eq!(results["pc1"], "warn: revocation-unknown/unknown");
    assert!(at_issuers(&outcome).is_empty());
}

#[test]
fn a_stale_crl_is_information_where_the_cmg_verifies_no_revocation() {
    let pki = Pki::new();
    pki.add("pc1", |_| {});
    let list = crl_of_month(10);
    pki.write("issuing.crl", list.signed_by(&pki.issuing).unwrap().der());
    pki.write("root.crl", list.signed_by(&pki.root).unwrap().der());
    let mut request = pki.request();
    for (on, expected, verdict) in [(true, "warn", Verdict::Warn), (false, "pass", Verdict::Pass)] {
        request.request.settings.parameters.cmg_revocation = on;
        let (results, outcome) = run(&request);
        assert_eq!(results["pc1"], format!("{expected}: revocation-unknown/stale, inherited revocation-unknown"));
        assert_eq!(at_issuers(&outcome), ["revocation-unknown/stale"]);
        assert_eq!(outcome.verdict, verdict);
    }
}

#[test]
fn templates_and_key_lengths_are_judged_by_the_settings() {
    let pki = Pki::new();
    pki.add("pc1", |_| {});
    let mut request = pki.request();
    for (settings, expected) in [
        ("[parameters]\ntemplates = [\"1.3.6.1.4.1.311.21.8.1\"]\n", "warn: template/unexpected"),
        ("[parameters]\nkey-lengths = [4096]\n", "warn: key-length/undocumented"),
        ("[severity]\ncdp = \"off\"\n", "pass: "),
    ] {
        request.request.settings = Settings::parse(settings).unwrap();
        assert_eq!(run(&request).0["pc1"], expected, "{settings}");
    }
}

#[test]
fn a_ca_whose_signature_was_damaged_is_at_fault_and_its_issuer_is_not_missing() {
    let pki = Pki::new();
    pki.add("pc1", |_| {});
    let mut damaged = std::fs::read(pki.path().join("issuing.cer")).unwrap();
    *damaged.last_mut().unwrap() ^= 1;
    pki.write("issuing.cer", &damaged);
    let (results, outcome) = pki.audit();
    assert_eq!(results["pc1"], "fail: path-invalid/refused, inherited signature");
    assert_eq!(at_issuers(&outcome), ["signature/bad"]);
}

/// Each of a thousand roots of one name was compared with each other by its name, and its issuers sought among all of them.
#[test]
fn a_thousand_roots_of_one_name_are_judged_in_seconds() {
    let pki = Pki::new();
    pki.add("pc1", |_| {});
    let mut root = ca("Same Root CA");
    root.crl_distribution_points.clear();
    for number in 0..1000 {
        let key = rcgen::KeyPair::generate().unwrap();
        pki.write(&format!("same-{number}.cer"), root.self_signed(&key).unwrap().der());
    }
    let start = std::time::Instant::now();
    let (results, outcome) = pki.audit();
    assert_eq!(results["pc1"], "pass: ");
    let ambiguous = at_issuers(&outcome).iter().filter(|found| *found == "name-ambiguous/roots").count();
    assert_eq!(ambiguous, 1000);
    assert!(start.elapsed() < std::time::Duration::from_secs(20), "{:?}", start.elapsed());
}

/// The findings at the CA of a file, with their severities.
fn at_file(outcome: &AuditOutcome, file: &str) -> Vec<String> {
    let is_it = |issuer: &&certpath::ops::IssuerResult| {
        issuer.entry.occurrences.iter().any(|place| place.source.ends_with(file))
    };
    let issuer = outcome.issuers.iter().find(is_it).expect("the CA");
    let found = issuer.findings.iter();
    found.map(|one| format!("{} {}/{}", one.severity.name(), one.code(), one.case.name)).collect()
}

#[test]
fn the_old_certificate_of_a_renewed_ca_is_information_where_no_client_hangs_on_it() {
    let pki = Pki::new();
    pki.add("pc1", |_| {});
    let mut old = ca("Contoso Issuing CA 1");
    (old.not_before, old.not_after) = (date_time_ymd(2016, 1, 1), date_time_ymd(2026, 1, 1));
    pki.write("issuing-old.cer", old.signed_by(key(1), &pki.root).unwrap().der());
    let mut old = ca("Contoso Root CA");
    old.crl_distribution_points.clear();
    (old.not_before, old.not_after) = (date_time_ymd(2010, 1, 1), date_time_ymd(2025, 1, 1));
    pki.write("root-old.cer", old.self_signed(key(0)).unwrap().der());
    let (results, outcome) = pki.audit();
    assert_eq!(results["pc1"], "pass: ");
    assert_eq!(outcome.verdict, Verdict::Pass);
    for file in ["issuing-old.cer", "root-old.cer"] {
        let found = at_file(&outcome, file);
        assert_eq!(found, ["info ca-superseded/same-key", "info validity/expired"], "{file}");
    }
    let of = |concerns| outcome.issuers.iter().filter(|issuer| issuer.concerns_clients == Some(concerns)).count();
    assert_eq!((of(true), of(false)), (2, 2));
    let expired = outcome.issuers.iter().flat_map(|issuer| &issuer.findings).find(|one| one.code() == Code::Validity);
    assert_eq!(expired.unwrap().severity_with_clients, Some(Severity::Error));

    // Once the only certificate of the CA is the expired one, the client hangs on it.
    std::fs::remove_file(pki.path().join("root-old.cer")).unwrap();
    std::fs::remove_file(pki.path().join("issuing.cer")).unwrap();
    let (results, outcome) = pki.audit();
    assert_eq!(results["pc1"], "fail: path-invalid/refused, inherited validity");
    assert_eq!(outcome.verdict, Verdict::Fail);
    assert_eq!(at_file(&outcome, "issuing-old.cer"), ["error validity/expired"]);
}

#[test]
fn a_ca_of_others_in_the_folder_fails_nobody_and_everybody_where_no_client_is_there() {
    let pki = Pki::new();
    pki.add("pc1", |_| {});
    // Its root is not there, and it has no address of a CRL.
    let mut others = ca("Litware Old CA");
    others.crl_distribution_points.clear();
    pki.write("others.cer", others.signed_by(key(0), &Issuer::new(ca("Litware Root CA"), key(1))).unwrap().der());
    let mut expired = ca("Litware Expired Root CA");
    expired.not_after = date_time_ymd(2021, 1, 1);
    pki.write("expired.cer", expired.self_signed(key(1)).unwrap().der());
    let (results, outcome) = pki.audit();
    assert_eq!(results["pc1"], "pass: ");
    assert_eq!(at_file(&outcome, "expired.cer"), ["info validity/expired"]);
    assert_eq!(at_file(&outcome, "others.cer"), ["info path-incomplete/missing-issuer", "info cdp/none"]);
    assert_eq!(outcome.verdict, Verdict::Pass);
    std::fs::remove_file(pki.path().join("pc1.cer")).unwrap();
    std::fs::remove_file(pki.path().join("others.cer")).unwrap();
    let (_, outcome) = pki.audit();
    assert_eq!(at_file(&outcome, "expired.cer"), ["error validity/expired"]);
    assert_eq!(outcome.verdict, Verdict::Fail);
}

#[test]
fn another_root_of_the_name_of_the_clients_root_weighs_although_nothing_hangs_on_it() {
    let pki = Pki::new();
    pki.add("pc1", |_| {});
    let mut twin = ca("Contoso Root CA");
    twin.crl_distribution_points.clear();
    twin.not_after = date_time_ymd(2025, 1, 1);
    pki.write("twin.cer", twin.self_signed(key(1)).unwrap().der());
    let (_, outcome) = pki.audit();
    let found = at_file(&outcome, "twin.cer");
    assert!(found.contains(&"warning name-ambiguous/roots".to_owned()), "{found:?}");
    assert!(found.contains(&"info validity/expired".to_owned()), "{found:?}");
    assert_eq!(outcome.verdict, Verdict::Warn);
}

/// The client's own fault hides none of what is wrong above it.
#[test]
fn a_fault_of_the_client_and_one_of_its_ca_are_both_told() {
    let unknown = || rcgen::CustomExtension::from_oid_content(&[1, 2, 3, 4, 5], vec![5, 0]);
    let critical = |params: &mut rcgen::CertificateParams| {
        let mut extension = unknown();
        extension.set_criticality(true);
        params.custom_extensions.push(extension);
    };
    let mut issuing = ca("Contoso Issuing CA 1");
    critical(&mut issuing);
    let pki = Pki::with(ca("Contoso Root CA"), issuing);
    pki.add("pc1", critical);
    let (results, _) = pki.audit();
    let told = results["pc1"].matches("path-invalid/refused").count();
    assert_eq!(told, 2, "{}", results["pc1"]);
}

/// A PKI of so many clients of so many bytes each.
fn crowd(root: rcgen::CertificateParams, issuing: rcgen::CertificateParams, clients: usize, bytes: usize) -> Pki {
    let pki = Pki::with(root, issuing);
    for number in 0..clients {
        pki.add(&format!("pc{number}"), |params| {
            let padding = rcgen::CustomExtension::from_oid_content(&[1, 2, 3, 4, 5], vec![0; bytes]);
            params.custom_extensions.push(padding);
        });
    }
    pki
}

/// Beyond 20 MiB end-entity certificates are read a second time: a root that does not say it is one is known there too.
#[test]
fn an_old_root_is_known_by_what_it_has_issued_however_much_there_is() {
    for bytes in [1, 1 << 20] {
        let mut root = ca("Contoso Root CA");
        root.is_ca = rcgen::IsCa::NoCa;
        root.key_usages.clear();
        let (results, outcome) = crowd(root, ca("Contoso Issuing CA 1"), 22, bytes).audit();
        assert_eq!(results.len(), 22, "the root is none of the clients: {:?}", results.keys());
        assert!(results.values().all(|result| !result.contains("path-")), "{results:?}");
        assert!(at_issuers(&outcome).contains(&"basic-constraints/silent-root".to_owned()));
    }
}

#[test]
fn an_issuer_that_says_it_is_no_ca_is_known_by_what_it_has_issued_however_much_there_is() {
    for bytes in [1, 1 << 20] {
        let mut issuing = ca("Contoso Issuing CA 1");
        issuing.is_ca = rcgen::IsCa::ExplicitNoCa;
        let (results, outcome) = crowd(ca("Contoso Root CA"), issuing, 22, bytes).audit();
        assert_eq!(results.len(), 22, "it is none of the clients: {:?}", results.keys());
        assert!(results.values().all(|result| !result.contains("path-incomplete")), "{results:?}");
        assert!(at_issuers(&outcome).contains(&"basic-constraints/not-a-ca".to_owned()));
    }
}

/// An issuer that says it is no CA, and above it a root that says nothing.
#[test]
fn the_issuers_stand_in_the_same_order_however_much_there_is() {
    let orders = [1, 1 << 20].map(|bytes| {
        let mut root = ca("Contoso Root CA");
        root.is_ca = rcgen::IsCa::NoCa;
        root.key_usages.clear();
        let mut issuing = ca("Contoso Issuing CA 1");
        issuing.is_ca = rcgen::IsCa::ExplicitNoCa;
        let found = certpath::ops::chain(&crowd(root, issuing, 22, bytes).request().request).unwrap();
        found.issuers.iter().map(|issuer| issuer.entry.certificate.subject().short()).collect::<Vec<_>>()
    });
    assert_eq!(orders[0].len(), 2);
    assert_eq!(orders[0], orders[1]);
}

/// One that has the missing issuer's name and nothing else is told, and not only that the issuer is missing.
#[test]
fn a_stranger_of_the_issuers_name_is_told_however_much_there_is() {
    for bytes in [1, 1 << 20] {
        let pki = crowd(ca("Contoso Root CA"), ca("Contoso Issuing CA 1"), 22, bytes);
        std::fs::remove_file(pki.path().join("issuing.cer")).unwrap();
        let mut stranger = client("stranger");
        stranger.distinguished_name = ca("Contoso Issuing CA 1").distinguished_name;
        pki.write("stranger.cer", stranger.signed_by(key(0), &pki.root).unwrap().der());
        let found = certpath::ops::chain(&pki.request().request).unwrap();
        let of_root = found.clients.iter().filter(|client| client.verdict.chosen().is_some()).count();
        assert_eq!((found.clients.len(), of_root), (23, 1));
        for client in found.clients.iter().filter(|client| client.verdict.chosen().is_none()) {
            let refused = client.verdict.refused.iter().map(|refused| refused.candidate.subject().short());
            assert_eq!(refused.collect::<Vec<_>>(), ["Contoso Issuing CA 1"], "{bytes} bytes each");
        }
    }
}
