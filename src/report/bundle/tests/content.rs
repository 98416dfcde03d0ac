//! What is in the files.

use super::*;
use crate::cmg::testing::Draft;
use crate::cmg::{Finding, catalogue};
use crate::ops::PassedOver;
use crate::report::bundle::{EXPORT_COLUMNS, Refusal, csv, manifest, refusal, refusal_text, summary_text};
use crate::source::KeyProvider;

fn testdata(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/pki").join(path)).unwrap()
}

#[test]
fn the_certificates_are_written_byte_for_byte_and_the_leaf_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("cmg");
    let manifest = export(&bundle_of("cross-signed"), &target);
    let read = |file: &str| std::fs::read(target.join(file)).unwrap();
    assert_eq!(manifest.roots.len(), 1);
    assert_eq!(manifest.intermediates.len(), 1);
    assert_eq!(read(&manifest.roots[0].file), testdata("cross-signed/root-b.cer"));
    assert_eq!(read(&manifest.intermediates[0].file), testdata("cross-signed/issuing-by-b.cer"));
    let leaf = testdata("cross-signed/client.cer");
    for file in files_in(&target) {
        assert_ne!(read(&file), leaf, "{file}");
    }
    assert_eq!(manifest.alternatives.len(), 1);
    assert_eq!(
        names_in(&target),
        ["Import-CmgCertificates.ps1", "README.txt", "intermediates", "manifest.json", "roots"]
    );
    assert_eq!(names_in(folder.path()), ["cmg"]);
}

#[test]
fn the_manifest_on_disk_is_the_one_that_is_returned_and_its_schema_holds() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("cmg");
    let mut bundle = bundle_of("renewed-new-key");
    let root = bundle.roots[0].certificate.clone();
    bundle.findings.push((root, Finding::new(&catalogue::key_length::TOO_SHORT, "too short").expected("2048")));
    bundle
        .passed_over
        .push(PassedOver { certificate: bundle.roots[0].certificate.clone(), reason: "a reason".to_owned() });
    bundle.refused = bundle_of("missing-intermediate").refused;
    let options = BundleOptions { allow_incomplete: true, ..BundleOptions::default() };
    let returned = serde_json::to_value(write(&bundle, &target, &options).unwrap()).unwrap();
    is_whole(&target).unwrap();
    let bytes = std::fs::read(target.join("manifest.json")).unwrap();
    assert!(bytes.is_ascii() && !bytes.contains(&b'\r'));
    let on_disk: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(on_disk, returned);
    assert_eq!(on_disk["schema"], "certpath.export/1");
    assert_eq!(on_disk["written"], true);
    assert_eq!(on_disk["trust"], "assumed");
    assert_eq!(on_disk["at"], "2026-11-22T12:00:00Z");
    assert_eq!(on_disk["findings"][0]["code"], "CP1203");
    assert_eq!(on_disk["findings"][0]["certificate"], on_disk["roots"][0]["sha256"]);
    assert_eq!(on_disk["refused"][0]["paths"][0]["status"], "incomplete");
    assert!(on_disk["refused"][0]["paths"][0]["missing"]["aia"][0].as_str().unwrap().starts_with("http"));
    assert_eq!(on_disk["siteTrustedRoots"].as_array().unwrap().len(), 2);
    assert_eq!(on_disk["ccmCertIssuers"].as_str().unwrap().matches("CN=").count(), 1);

    let mut generator = schemars::generate::SchemaSettings::default().for_serialize().into_generator();
    let schema = serde_json::to_value(generator.root_schema_for::<Manifest>()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&on_disk), "{:?}", validator.iter_errors(&on_disk).next());
    let unwritten = serde_json::to_value(manifest(&bundle, false)).unwrap();
    assert!(validator.is_valid(&unwritten));
    assert_eq!(unwritten["written"], false);
    assert_eq!(unwritten["files"].as_array().unwrap().len(), 0);
}

#[test]
fn the_manifest_carries_the_key_provider_of_each_client() {
    let mut bundle = bundle_of("renewed-same-key");
    let name = "Microsoft Software Key Storage Provider";
    bundle.clients[0].key_provider = Some(Box::new(KeyProvider::from_key_provider_info(Some(name), 0, true)));
    bundle.clients[0].has_private_key = true;
    let manifest = serde_json::to_value(manifest(&bundle, true)).unwrap();
    let client = &manifest["clientDetails"][0];
    assert_eq!(client["sha256"], manifest["clients"][0]);
    assert_eq!(client["keyProvider"]["family"], "cng");
    assert_eq!(client["keyProvider"]["name"], name);
    assert_eq!(client["keyProvider"]["evidence"], "key-provider-info");
    assert_eq!(client["hasPrivateKey"], true);
}

#[test]
fn an_export_with_hostile_names_is_whole_and_every_text_in_it_is_plain() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("cmg");
    let bundle = bundle_of("hostile-names");
    assert!(bundle.clients.len() > 15 && bundle.refused.is_empty());
    let manifest = export(&bundle, &target);
    assert_eq!(manifest.roots.len() + manifest.intermediates.len(), bundle.roots.len() + bundle.intermediates.len());
    for file in manifest.files {
        assert!(file.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte)), "{file}");
    }
    let readme = String::from_utf8(std::fs::read(target.join("README.txt")).unwrap()).unwrap();
    let summary = summary_text(&bundle, &super::super::manifest(&bundle, true), &target);
    for text in [readme.trim_start_matches('\u{feff}').replace("\r\n", "\n"), summary] {
        let odd = |c: &char| c.is_control() && *c != '\n' || ('\u{202a}'..='\u{202e}').contains(c);
        assert_eq!(text.chars().find(odd), None);
    }
}

#[test]
fn the_readme_has_a_mark_only_where_a_name_needs_it_and_names_every_file() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain");
    let manifest = export(&bundle_of("cross-signed"), &plain);
    let bytes = std::fs::read(plain.join("README.txt")).unwrap();
    assert!(bytes.is_ascii());
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    for entry in manifest.roots.iter().chain(&manifest.intermediates) {
        assert!(text.contains(&entry.file.replace('/', "\\")), "{text}");
        assert!(text.contains(&entry.sha256) && text.contains(&entry.thumbprint), "{text}");
    }
    for part in ["Create Cloud Management Gateway", "Communication\r\nSecurity", "Verify Client Certificate Revocation"]
    {
        assert!(text.contains(part), "{part} not in {text}");
    }
    assert!(text.contains(&format!("CCMCERTISSUERS=\"{}\"", manifest.ccm_cert_issuers)), "{text}");
    assert!(text.lines().filter(|line| !line.starts_with("  CCM")).all(|line| line.len() <= 92), "{text}");

    let mut bundle = empty();
    bundle.roots.push(entry(Draft::ca("Zürich CA").self_signed().certificate, "root.cer"));
    let named = folder.path().join("named");
    write(&bundle, &named, &BundleOptions { all_cas: true, ..BundleOptions::default() }).unwrap();
    let text = String::from_utf8(std::fs::read(named.join("README.txt")).unwrap()).unwrap();
    assert!(text.starts_with('\u{feff}') && text.contains("CN=Zürich CA"));
}

#[test]
fn assumed_trust_asks_for_a_comparison_and_given_trust_does_not() {
    let mut bundle = bundle_of("renewed-same-key");
    let manifest = manifest(&bundle, true);
    let text = summary_text(&bundle, &manifest, Path::new("cmg"));
    let root = &manifest.roots[0];
    assert!(text.contains(&format!("  {}\n    {}\n", root.subject, root.sha256)), "{text}");
    assert!(text.contains("Compare the SHA-256 with the PKI team"), "{text}");
    bundle.trust = Trust::Given;
    let text = summary_text(&bundle, &super::super::manifest(&bundle, true), Path::new("cmg"));
    assert!(!text.contains("PKI team"), "{text}");
}

#[test]
fn a_refusal_names_the_missing_issuer_with_its_key_identifier_and_address() {
    let bundle = bundle_of("missing-intermediate");
    let found = refusal(&bundle, &BundleOptions::default()).unwrap();
    assert_eq!(found, Refusal::Incomplete(1));
    let text = refusal_text(&bundle, &found, Path::new("cmg"));
    let missing = bundle.refused[0].verdict.paths[0].missing.as_ref().unwrap();
    for part in [&missing.subject, missing.key_identifier.as_ref().unwrap(), &missing.aia[0]] {
        assert!(text.contains(part), "{part} not in {text}");
    }
    let error = write(&bundle, Path::new("never"), &BundleOptions::default()).unwrap_err();
    assert!(error.is_refusal());
    let options = BundleOptions { allow_incomplete: true, ..BundleOptions::default() };
    assert_eq!(refusal(&bundle, &options), Some(Refusal::NothingToWrite));
    let with_root = Bundle { unused_authorities: 1, ..bundle };
    assert_eq!(refusal(&with_root, &options), Some(Refusal::NothingComplete(1)));
    assert!(!Path::new("never").exists());
}

#[test]
fn a_refusal_names_the_check_that_failed_and_the_values_compared() {
    for (pki, check) in [
        ("wrong-eku", "extended key usage"),
        ("no-cert-sign", "key usage"),
        ("not-a-ca", "Missing"),
        ("path-length", "path length"),
        ("unknown-critical", "critical extension"),
        ("bad-signature", "key identifier: expected"),
    ] {
        let bundle = bundle_of(pki);
        let found = refusal(&bundle, &BundleOptions::default()).unwrap();
        let text = refusal_text(&bundle, &found, Path::new("cmg"));
        assert!(text.contains(check) && text.contains("client  "), "{pki}: {text}");
    }
}

#[test]
fn without_clients_the_export_is_refused_unless_all_cas_are_asked_for() {
    let mut bundle = bundle_of("renewed-same-key");
    bundle.clients.clear();
    assert_eq!(refusal(&bundle, &BundleOptions::default()), Some(Refusal::NoClients));
    assert_eq!(refusal(&bundle, &BundleOptions { all_cas: true, ..BundleOptions::default() }), None);
}

#[test]
fn ten_thousand_refused_clients_of_one_issuer_are_one_reason() {
    let mut bundle = bundle_of("missing-intermediate");
    let client = &bundle.refused[0];
    let more: Vec<Client> =
        (0..10_000).map(|_| Client { entry: client.entry.clone(), verdict: client.verdict.clone() }).collect();
    bundle.refused = more;
    let text = refusal_text(&bundle, &Refusal::Incomplete(10_000), Path::new("cmg"));
    assert!(text.contains("and 9,995 more") && text.lines().count() < 15, "{text}");
}

#[test]
fn the_table_has_a_line_for_each_certificate_and_the_reason_of_each_refusal() {
    let mut bundle = bundle_of("cross-signed");
    bundle.refused = bundle_of("missing-intermediate").refused;
    bundle.refused.extend(bundle_of("wrong-eku").refused);
    let bytes = csv(&manifest(&bundle, true), true);
    let mut reader = csv::Reader::from_reader(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap());
    assert_eq!(reader.headers().unwrap(), EXPORT_COLUMNS);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let roles: Vec<&str> = rows.iter().map(|row| &row[0]).collect();
    assert_eq!(roles, ["root", "intermediate", "end-entity", "end-entity", "end-entity"]);
    let states: Vec<&str> = rows.iter().map(|row| &row[7]).collect();
    assert_eq!(states, ["", "", "valid", "incomplete", "invalid"]);
    assert!(rows[0][1].starts_with("roots/root-Root-B-"));
    assert_eq!(&rows[3][11], "CN=Gap Issuing CA, O=Gap");
    assert_eq!(&rows[4][8], "extended-key-usage");
    assert!(!csv(&manifest(&bundle, false), false).starts_with(b"\xef\xbb\xbf"));
}

#[test]
fn what_could_not_be_read_is_told_whether_or_not_anything_was_written() {
    let mut bundle = bundle_of("renewed-same-key");
    let fault =
        crate::source::contents::Fault::new(crate::source::ProblemCode::Damaged, Position::Line(3), "no base64");
    bundle.problems.push(crate::source::Problem::new(&"mail\u{1b}.txt".into(), fault));
    let summary = summary_text(&bundle, &manifest(&bundle, true), Path::new("cmg"));
    let refused = refusal_text(&bundle, &Refusal::NoClients, Path::new("cmg"));
    for text in [summary, refused] {
        assert!(text.contains("mail\\u{1b}.txt: line 3: no base64"), "{text}");
    }
}

#[test]
fn the_manifest_does_not_tell_in_which_order_the_sources_came() {
    let mut bundle = bundle_of("hostile-names");
    bundle.refused = bundle_of("missing-intermediate").refused;
    bundle.refused.extend(bundle_of("wrong-eku").refused);
    let one = serde_json::to_value(manifest(&bundle, true)).unwrap();
    bundle.clients.reverse();
    bundle.refused.reverse();
    assert_eq!(serde_json::to_value(manifest(&bundle, true)).unwrap(), one);
}
