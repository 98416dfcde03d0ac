//! `certpath chain`: the path of each client certificate, and why it is that one.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::common::pki::{Ca, folder, name};
use crate::common::{AT, Run, array, files, json_of, openssl, read, repository, sha256, strings, testdata};
use crate::der_writer::{element, sequence};

fn chain(pki: &str) -> Value {
    json_of("chain", &[&testdata(pki)], &["--fail-on", "never"]).status(0).silent().json()
}

fn certificate(pki: &str, file: &str) -> String {
    sha256(&read(testdata(pki).join(format!("{file}.cer"))))
}

/// The client whose subject holds this.
#[track_caller]
fn client<'a>(report: &'a Value, subject: &str) -> &'a Value {
    array(&report["clients"])
        .iter()
        .find(|client| client["certificate"]["subject"].as_str().is_some_and(|found| found.contains(subject)))
        .unwrap_or_else(|| panic!("no client {subject} in {}", report["clients"]))
}

fn valid_paths(client: &Value) -> Vec<Vec<String>> {
    array(&client["paths"])
        .iter()
        .filter(|path| path["status"] == "valid")
        .map(|path| strings(&path["certificates"]))
        .collect()
}

#[test]
fn contoso_has_three_clients_with_one_path_each_from_the_leaf_up() {
    let report = json_of("chain", &[&repository("testdata/contoso")], &[]).status(0).silent().json();
    assert_eq!(report["schema"], "certpath.chain/1");
    assert_eq!(report["at"], AT);
    assert_eq!(report["trust"], "assumed");
    assert_eq!(array(&report["clients"]).len(), 3);
    let root = report["issuers"].as_array().and_then(|issuers| {
        issuers.iter().find(|issuer| {
            issuer["certificate"]["subject"].as_str().is_some_and(|subject| subject.starts_with("CN=Contoso Root CA"))
        })
    });
    let root = root.expect("the root is among the issuers")["certificate"]["sha256"].clone();
    for client in array(&report["clients"]) {
        let paths = array(&client["paths"]);
        let first = paths.first().expect("a path");
        assert_eq!(first["status"], "valid");
        let certificates = strings(&first["certificates"]);
        assert_eq!(certificates.len(), 4);
        assert_eq!(certificates[0], client["certificate"]["sha256"]);
        assert_eq!(certificates[3], root);
        assert!(first["anchor"].to_string().contains(root.as_str().unwrap_or("?")), "{}", first["anchor"]);
        assert!(first["refused"].is_array());
    }
}

#[test]
fn each_ca_stands_once_among_the_issuers_with_how_many_clients_hang_on_it() {
    let report = json_of("chain", &[&repository("testdata/contoso")], &[]).json();
    let mut counts = BTreeMap::new();
    for issuer in array(&report["issuers"]) {
        let subject = issuer["certificate"]["subject"].as_str().expect("a subject").to_owned();
        let count = issuer["clients"].as_u64().expect("a count");
        assert!(counts.insert(subject.clone(), count).is_none(), "{subject} stands twice");
    }
    let of = |common: &str| {
        counts.iter().find(|(subject, _)| subject.starts_with(&format!("CN={common},"))).map(|(_, count)| *count)
    };
    assert_eq!(of("Contoso Root CA"), Some(3), "{counts:?}");
    assert_eq!(of("Contoso Policy CA"), Some(3));
    assert_eq!(of("Contoso Issuing CA 1"), Some(2));
    assert_eq!(of("Contoso Issuing CA 2"), Some(1));
}

#[test]
fn what_windows_and_configmgr_put_there_is_passed_over_and_counted() {
    let report = json_of("chain", &[&repository("testdata/contoso")], &[]).json();
    let passed_over = report["passedOver"].to_string();
    assert!(passed_over.contains("MS-Organization-Access"), "{passed_over}");
    assert!(passed_over.contains("SMS"), "{passed_over}");
    let subjects: String =
        array(&report["clients"]).iter().map(|client| client["certificate"]["subject"].to_string()).collect();
    for decoy in ["web01", "PC000", "Contoso Build", "0b5ecd8c", "SMS"] {
        assert!(!subjects.contains(decoy), "{decoy} is no client");
    }
}

#[test]
fn a_missing_issuer_is_told_by_name_key_identifier_and_aia() {
    let report = chain("missing-intermediate");
    let path = &client(&report, "gap.example.test")["paths"][0];
    assert_eq!(path["status"], "incomplete");
    let missing = &path["missing"];
    assert_eq!(missing["subject"], "CN=Gap Issuing CA, O=Gap");
    assert_eq!(strings(&missing["aia"]), ["http://pki.gap.test/aia/GapIssuing.crt"]);
    let leaf = read(testdata("missing-intermediate").join("client.cer"));
    let text = openssl::openssl(&["x509", "-inform", "DER", "-noout", "-ext", "authorityKeyIdentifier"], &leaf)
        .expect("OpenSSL");
    let key_identifier = text.lines().last().unwrap_or_default().trim().trim_start_matches("keyid:").replace(':', "");
    let found = missing["keyIdentifier"].as_str().unwrap_or_default().replace([':', ' '], "");
    assert_eq!(found.to_uppercase(), key_identifier);
}

#[test]
fn a_client_without_a_valid_path_is_status_1_unless_findings_never_fail() {
    for pki in [
        "missing-intermediate",
        "path-length",
        "wrong-eku",
        "no-cert-sign",
        "not-a-ca",
        "unknown-critical",
        "bad-signature",
    ] {
        json_of("chain", &[&testdata(pki)], &[]).status(1).silent();
        json_of("chain", &[&testdata(pki)], &["--fail-on", "never"]).status(0).silent();
    }
}

#[test]
fn each_refused_candidate_carries_the_check_and_the_two_values_compared() {
    for (pki, client_name) in [
        ("path-length", "depth"),
        ("wrong-eku", "usage"),
        ("no-cert-sign", "sign"),
        ("not-a-ca", "leaf"),
        ("unknown-critical", "critical"),
        ("bad-signature", "signature"),
    ] {
        let report = chain(pki);
        let client = client(&report, client_name);
        assert!(valid_paths(client).is_empty(), "{pki}");
        let mut refused = Vec::new();
        for path in array(&client["paths"]) {
            refused.extend(array(&path["refused"]).iter().cloned());
        }
        // an issuer's own refusals stand with the issuer
        for issuer in array(&report["issuers"]) {
            for path in array(&issuer["paths"]) {
                refused.extend(array(&path["refused"]).iter().cloned());
            }
        }
        assert!(!refused.is_empty(), "{pki}: {client}");
        for refusal in &refused {
            for field in ["candidate", "check", "expected", "found"] {
                assert!(!refusal[field].is_null(), "{pki}: {field} is missing in {refusal}");
            }
        }
    }
}

#[test]
fn all_valid_paths_are_found_in_renewed_and_cross_certified_pkis() {
    let count = |pki: &str, name: &str| valid_paths(client(&chain(pki), name)).len();
    assert_eq!(count("renewed-same-key", "same"), 2);
    assert_eq!(count("renewed-new-key", "CN=old"), 2);
    assert_eq!(count("renewed-new-key", "CN=new"), 2);
    assert_eq!(count("cross-signed", "cross"), 2);
    assert_eq!(count("two-roots-one-name", "twin"), 1);
    assert_eq!(count("no-key-identifiers", "bare"), 1);
    assert_eq!(count("loop", "loop"), 1);
    assert_eq!(count("expired-twin", "expiry"), 1);
}

#[test]
fn no_certificate_of_the_pki_without_key_identifiers_has_one() {
    let folder = testdata("no-key-identifiers");
    for file in files(&folder) {
        let text = openssl::openssl(&["x509", "-inform", "DER", "-noout", "-text"], &read(folder.join(&file)))
            .expect("a certificate");
        assert!(text.contains("X509v3 Key Usage") && !text.contains("Key Identifier"), "{file}: {text}");
    }
}

#[test]
fn the_chosen_path_stands_first() {
    for (pki, name, path) in [
        ("renewed-same-key", "same", vec!["client", "issuing", "root-1"]),
        ("cross-signed", "cross", vec!["client", "issuing-by-b", "root-b"]),
        ("renewed-new-key", "CN=old", vec!["client-old", "issuing-old", "root-0"]),
        ("renewed-new-key", "CN=new", vec!["client-new", "issuing-new", "root-1"]),
        ("loop", "loop", vec!["client", "b-by-a", "a", "root"]),
    ] {
        let report = chain(pki);
        let expected: Vec<String> = path.iter().map(|file| certificate(pki, file)).collect();
        assert_eq!(valid_paths(client(&report, name)).first(), Some(&expected), "{pki}");
    }
}

#[test]
fn the_rollover_certificates_are_intermediates_and_the_renewed_roots_are_roots() {
    let report = json_of("inspect", &[&testdata("renewed-new-key")], &[]).status(0).json();
    for (file, role, self_signed) in [
        ("root-0", "root", true),
        ("root-1", "root", true),
        ("cross(0-1)", "intermediate", false),
        ("cross(1-0)", "intermediate", false),
        ("issuing-new", "intermediate", false),
        ("client-new", "end-entity", false),
    ] {
        let hash = certificate("renewed-new-key", file);
        let found = array(&report["certificates"]).iter().find(|certificate| certificate["sha256"] == hash.as_str());
        let found = found.unwrap_or_else(|| panic!("{file} is not reported"));
        assert_eq!((found["role"].as_str(), found["selfSigned"].as_bool()), (Some(role), Some(self_signed)), "{file}");
    }
}

#[test]
fn the_tree_for_people_shows_the_path_the_refusals_and_what_is_missing() {
    let shown =
        |pki: &str| Run::new(["chain", "--at", AT, "--fail-on", "never"]).arg(testdata(pki)).output().status(0).text();
    let text = shown("renewed-new-key");
    for words in ["CN=new.rollover.test", "Rollover Issuing CA New", "Rollover Root CA", "2056", "RSA", "SHA-256"] {
        let words = words.trim_start_matches("CN=");
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    let root = read(testdata("loop").join("root.cer"));
    let text = shown("loop");
    assert!(
        text.replace([':', ' '], "").to_uppercase().contains(&crate::common::thumbprint(&root)),
        "thumbprint:\n{text}"
    );
    let text = shown("missing-intermediate");
    for words in ["Gap Issuing CA", "http://pki.gap.test/aia/GapIssuing.crt"] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    let text = shown("unknown-critical");
    assert!(text.contains("1.3.6.1.4.1.55555.1"), "{text}");
}

#[test]
fn assumed_trust_asks_to_compare_the_roots_sha256() {
    let output = Run::new(["chain", "--at", AT]).arg(testdata("loop")).output().status(0);
    let root = certificate("loop", "root");
    let text = output.text().replace([':', ' ', '\n'], "").to_lowercase();
    assert!(text.contains(&root), "the whole SHA-256 {root} stands in\n{}", output.text());
    assert!(output.text().to_lowercase().contains("assumed"), "{}", output.text());
    let given = Run::new(["chain", "--at", AT, "--trust"])
        .arg(testdata("loop").join("root.cer"))
        .arg(testdata("loop"))
        .output()
        .status(0);
    assert!(!given.text().to_lowercase().contains("assumed"), "{}", given.text());
}

#[test]
fn colour_is_there_only_when_asked_for() {
    let run = |more: &[&str]| {
        let mut run = Run::new(["chain", "--at", AT]).arg(testdata("loop"));
        for more in more {
            run = run.arg(more);
        }
        run.output().status(0).stdout.contains(&0x1b)
    };
    assert!(!run(&[]), "not into a pipe");
    assert!(!run(&["--color", "never"]));
    assert!(run(&["--color", "always"]));
}

#[test]
fn no_color_holds() {
    let output = Run::new(["chain", "--at", AT]).arg(testdata("loop")).env("NO_COLOR", "1").output().status(0);
    assert!(!output.stdout.contains(&0x1b));
}

#[test]
fn an_issuer_filter_leaves_only_the_clients_under_it() {
    let contoso = repository("testdata/contoso");
    let subjects = |more: &[&str]| {
        let report = json_of("chain", &[&contoso], more).status(0).json();
        let mut subjects: Vec<String> = array(&report["clients"])
            .iter()
            .map(|client| client["certificate"]["subject"].as_str().unwrap_or_default().to_owned())
            .collect();
        subjects.sort();
        subjects
    };
    assert_eq!(subjects(&["--issuer", "Contoso Issuing CA 2"]), ["CN=PC003.corp.contoso.com"]);
    assert_eq!(subjects(&["--issuer", "Contoso Root CA"]).len(), 3);
    assert_eq!(subjects(&["--select", "SubjectStr:PC002"]), ["CN=PC002.corp.contoso.com"]);
    assert_eq!(subjects(&["--select", "SubjectAttr:2.5.4.3=PC001.corp.contoso.com"]), ["CN=PC001.corp.contoso.com"]);
}

#[test]
fn first_takes_the_client_that_lasts_longest() {
    let root = Ca::root("First Root");
    let short = root.client_with("short.test", |options| options.to = (2030, 1, 1));
    let long = root.client_with("long.test", |options| options.to = (2040, 1, 1));
    let folder = folder(&[("root", &root.der), ("a", &short), ("b", &long)]);
    let report = json_of("chain", &[folder.path()], &["--first"]).status(0).json();
    assert_eq!(array(&report["clients"]).len(), 1);
    assert_eq!(report["clients"][0]["certificate"]["sha256"], sha256(&long).as_str());
}

#[test]
fn a_client_without_an_eku_counts_and_one_with_another_does_not() {
    let root = Ca::root("Usage Root");
    let bare = root.client_with("bare.test", |options| options.eku.clear());
    let any = root.client_with("any.test", |options| options.eku = vec![rcgen::ExtendedKeyUsagePurpose::Any]);
    let server =
        root.client_with("server.test", |options| options.eku = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth]);
    let folder = folder(&[("root", &root.der), ("bare", &bare), ("any", &any), ("server", &server)]);
    let report = json_of("chain", &[folder.path()], &["--fail-on", "never"]).status(0).json();
    let found: Vec<&str> =
        array(&report["clients"]).iter().filter_map(|client| client["certificate"]["sha256"].as_str()).collect();
    assert!(found.contains(&sha256(&bare).as_str()), "no EKU is every EKU");
    assert!(!found.contains(&sha256(&server).as_str()));
}

#[test]
fn validity_is_judged_at_the_moment_given_and_both_ends_belong_to_it() {
    let root = Ca::root("Moment Root");
    let client = root.client_with("moment.test", |options| (options.from, options.to) = ((2024, 1, 1), (2025, 1, 1)));
    let folder = folder(&[("root", &root.der), ("client", &client)]);
    for (at, there) in [
        ("2023-12-31T23:59:59Z", false),
        ("2024-01-01T00:00:00Z", true),
        ("2025-01-01T00:00:00Z", true),
        ("2025-01-01T00:00:01Z", false),
        ("2025-01-01T01:00:00+01:00", true),
    ] {
        let report = Run::new(["chain", "--format", "json", "--fail-on", "never", "--at", at])
            .arg(folder.path())
            .output()
            .json();
        assert_eq!(array(&report["clients"]).len(), usize::from(there), "{at}");
    }
}

#[test]
fn a_self_issued_certificate_does_not_count_in_the_path_length() {
    // RFC 5280 section 4.2.1.9
    let root = Ca::root_with(name("Length Root"), |options| options.path_length = Some(1));
    let renewed = root.issue_ca_with(name("Length Root"), |options| options.path_length = Some(1));
    let issuing = renewed.issue_ca("Length Issuing");
    let folder = folder(&[
        ("root", &root.der),
        ("renewed", &renewed.der),
        ("issuing", &issuing.der),
        ("client", &issuing.client("length.test")),
    ]);
    let report = json_of("chain", &[folder.path()], &[]).status(0).json();
    assert_eq!(valid_paths(client(&report, "length.test")).len(), 1);
}

#[test]
fn a_path_is_found_through_several_certificates_of_each_ca_at_every_level() {
    let root = Ca::root("Pain Root");
    let mut files = vec![("root.cer".to_owned(), root.der.clone())];
    let mut above = root.issue_ca("Pain 0");
    files.push(("0-0.cer".to_owned(), above.der.clone()));
    for copy in 1..4 {
        files.push((format!("0-{copy}.cer"), root.cross_certify(&above).der));
    }
    for level in 1..10 {
        let next = above.issue_ca(&format!("Pain {level}"));
        files.push((format!("{level}-0.cer"), next.der.clone()));
        for copy in 1..4 {
            files.push((format!("{level}-{copy}.cer"), above.cross_certify(&next).der));
        }
        above = next;
    }
    files.push(("pc1.cer".to_owned(), above.client("pc1.pain.test")));
    let named: Vec<(&str, &[u8])> = files.iter().map(|(name, der)| (name.as_str(), der.as_slice())).collect();
    let place = folder(&named);
    let report = json_of("chain", &[place.path()], &[]).status(0).json();
    assert_eq!(report["clients"][0]["paths"][0]["status"], "valid");
    assert_eq!(array(&report["clients"][0]["paths"][0]["certificates"]).len(), 12);
}

#[test]
fn a_critical_extension_that_cannot_be_read_and_an_unknown_qualifier_of_critical_policies_are_refused() {
    let root = Ca::root("Contoso Root CA");
    let policies = |qualifier: &[u8]| {
        let info = sequence(&[&element(6, qualifier), &element(0x16, b"x")]);
        sequence(&[&sequence(&[&element(6, b"\x2a\x03"), &sequence(&[&info])])])
    };
    let cps = b"\x2b\x06\x01\x05\x05\x07\x02\x01";
    for (kind, content, critical, is_valid) in [
        (&[2, 5, 29, 31][..], b"a".to_vec(), true, false),
        (&[2, 5, 29, 31], b"a".to_vec(), false, true),
        (&[1, 3, 6, 1, 5, 5, 7, 1, 1], b"a".to_vec(), true, false),
        (&[2, 5, 29, 32], policies(cps), true, true),
        (&[2, 5, 29, 32], policies(b"\x2a\x03\x04"), true, false),
        (&[2, 5, 29, 32], policies(b"\x2a\x03\x04"), false, true),
    ] {
        let mut extension = rcgen::CustomExtension::from_oid_content(kind, content);
        extension.set_criticality(critical);
        let leaf = root.client_with("pc1.contoso.test", |options| options.extensions.push(extension));
        let place = folder(&[("root.cer", &root.der), ("pc1.cer", &leaf)]);
        let status = json_of("chain", &[place.path()], &[]).json()["clients"][0]["paths"][0]["status"].clone();
        assert_eq!(status == "valid", is_valid, "{kind:?} critical: {critical}");
    }
}

#[test]
fn of_the_ways_that_fail_the_one_without_other_faults_is_told_first() {
    let expired = Ca::root_with(name("Renewed Root"), |options| options.to = (2024, 1, 1));
    let renewed = expired.renew_root(|options| options.to = (2050, 1, 1));
    let servers = expired
        .issue_ca_with(name("Server CA"), |options| options.eku = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth]);
    let folder = folder(&[
        ("a.cer", &expired.der),
        ("b.cer", &renewed.der),
        ("ca.cer", &servers.der),
        ("client.cer", &servers.client("pc1.renewed.test")),
    ]);
    let report = json_of("chain", &[folder.path()], &[]).status(1).json();
    let path = &report["clients"][0]["paths"][0];
    assert_eq!(path["failure"]["check"], "extended-key-usage");
    assert_eq!(array(&path["certificates"]).last(), Some(&Value::from(sha256(&renewed.der))));
    let report = json_of("audit", &[folder.path()], &["--cmg-revocation", "off"]).status(1).json();
    let old = array(&report["issuers"]).iter().find(|ca| ca["certificate"]["sha256"] == sha256(&expired.der).as_str());
    assert_eq!(old.expect("the old root")["clients"], 0, "{report}");
}

#[test]
fn a_path_up_to_the_root_is_preferred_to_one_that_ends_at_an_intermediate_anchor_and_one_without_warns() {
    let root = Ca::root("Anchored Root");
    let policy = root.issue_ca_with(name("Anchored Policy CA"), |options| options.path_length = Some(1));
    let issuing = policy.issue_ca("Anchored Issuing CA");
    let below = issuing.issue_ca("Anchored Lower CA");
    let files = folder(&[("policy.cer", &policy.der), ("below.cer", &below.der)]);
    let trust = folder(&[("root.cer", &root.der), ("issuing.cer", &issuing.der)]);
    let of = |command: &str, client: &[u8], more: &[&str]| {
        let client = folder(&[("client.cer", client)]);
        let trust = ["--trust", trust.path().to_str().unwrap(), "--cmg-revocation", "off"];
        let trust = if command == "audit" { &trust[..] } else { &trust[..2] };
        json_of(command, &[files.path(), client.path()], &[trust, more].concat())
    };
    let client = issuing.client("pc1.anchored.test");
    let report = of("chain", &client, &[]).status(0).json();
    let path = &report["clients"][0]["paths"][0];
    assert_eq!(array(&path["certificates"]).last(), Some(&Value::from(sha256(&root.der))), "{report}");
    let report = of("audit", &client, &["--fail-on", "never"]).status(0).json();
    let no_root = |report: &Value| {
        let is_one = |finding: &&Value| finding["id"] == "path-incomplete" && finding["case"] == "no-root";
        array(&report["certificates"][0]["findings"]).iter().filter(is_one).count()
    };
    assert_eq!(no_root(&report), 0, "{report}");
    // The policy CA does not allow a CA below the issuing CA: what is above the anchor was not looked at.
    let client = below.client("pc2.anchored.test");
    let report = of("chain", &client, &[]).status(0).json();
    let path = &report["clients"][0]["paths"][0];
    assert_eq!(array(&path["certificates"]).last(), Some(&Value::from(sha256(&issuing.der))), "{report}");
    let report = of("audit", &client, &["--fail-on", "never"]).status(0).json();
    assert_eq!(no_root(&report), 1, "{report}");
}
