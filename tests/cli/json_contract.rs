//! What scripts rely on: names, forms and character set of the JSON, exactly as documented.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::common::{AT, Run, array, json_of, repository, testdata};

#[track_caller]
fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap_or_else(|| panic!("no object: {value}")).keys().map(String::as_str).collect()
}

#[track_caller]
fn has(value: &Value, names: &[&str]) {
    let keys = keys(value);
    for name in names {
        assert!(keys.contains(name), "{name} is missing in {value}");
    }
}

/// Visits every value, with the name of the object member it is.
fn walk(value: &Value, visit: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                visit(name, member);
                walk(member, visit);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        _ => {}
    }
}

const CERTIFICATE: &[&str] = &[
    "sha256",
    "thumbprint",
    "subject",
    "issuer",
    "serialNumber",
    "notBefore",
    "notAfter",
    "daysLeft",
    "role",
    "selfSigned",
    "key",
    "signatureAlgorithm",
    "extendedKeyUsage",
    "subjectAlternativeNames",
    "hasPrivateKey",
    "sources",
];

#[track_caller]
fn certificate(value: &Value) {
    has(value, CERTIFICATE);
    let text = |name: &str| value[name].as_str().unwrap_or_else(|| panic!("{name} is no string in {value}")).to_owned();
    let (hash, thumbprint, serial) = (text("sha256"), text("thumbprint"), text("serialNumber"));
    assert!(hash.len() == 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{hash}");
    assert!(
        thumbprint.len() == 40 && thumbprint.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F')),
        "{thumbprint}"
    );
    assert!(serial.len() % 2 == 0 && serial.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F')), "{serial}");
    for name in ["notBefore", "notAfter"] {
        let time = text(name);
        assert!(time.ends_with('Z') && time.as_bytes().get(10) == Some(&b'T') && time.len() == 20, "{name}: {time}");
    }
    assert!(value["daysLeft"].is_i64() || value["daysLeft"].is_u64());
    assert!(["root", "intermediate", "end-entity"].contains(&text("role").as_str()));
    assert!(value["selfSigned"].is_boolean() && value["hasPrivateKey"].is_boolean());
    has(&value["key"], &["algorithm", "bits"]);
    assert!(value["signatureAlgorithm"].is_string());
    for usage in array(&value["extendedKeyUsage"]) {
        has(usage, &["oid"]);
    }
    assert!(value["subjectAlternativeNames"].is_array());
    if let Some(template) = value.get("template") {
        assert!(template.is_object());
    }
    for source in array(&value["sources"]) {
        has(source, &["path", "format", "index", "hasPrivateKey"]);
        assert!(source["index"].is_u64());
    }
    assert!(!array(&value["sources"]).is_empty());
}

#[track_caller]
fn path(value: &Value) {
    has(value, &["status", "certificates", "refused"]);
    let status = value["status"].as_str().unwrap_or_default();
    assert!(["valid", "invalid", "incomplete"].contains(&status), "{status}");
    for refused in array(&value["refused"]) {
        has(refused, &["candidate", "check", "expected", "found"]);
    }
    if status == "valid" {
        has(value, &["anchor"]);
    }
    if status == "incomplete" {
        has(value, &["missing"]);
        has(&value["missing"], &["subject", "aia"]);
        assert!(value["missing"]["aia"].is_array());
    }
}

fn finding(value: &Value) {
    has(value, &["code", "id", "severity", "message"]);
    let code = value["code"].as_str().unwrap_or_default();
    assert!(code.len() == 6 && code.starts_with("CP") && code[2..].bytes().all(|byte| byte.is_ascii_digit()), "{code}");
    assert!(["error", "warning", "info"].contains(&value["severity"].as_str().unwrap_or_default()));
}

fn everything() -> Vec<std::path::PathBuf> {
    vec![repository("testdata/contoso"), repository("testdata/pki")]
}

fn report(command: &str, more: &[&str]) -> Value {
    let sources = everything();
    let sources: Vec<&Path> = sources.iter().map(std::path::PathBuf::as_path).collect();
    json_of(command, &sources, more).json()
}

#[test]
fn inspect_has_the_documented_names() {
    let report = report("inspect", &[]);
    has(&report, &["schema", "certificates", "problems"]);
    assert_eq!(report["schema"], "certpath.inspect/1");
    array(&report["certificates"]).iter().for_each(certificate);
    for problem in array(&report["problems"]) {
        has(problem, &["source", "code", "message"]);
    }
    assert!(!array(&report["problems"]).is_empty());
}

#[test]
fn chain_has_the_documented_names() {
    let report = report("chain", &[]);
    has(&report, &["schema", "at", "trust", "issuers", "clients", "passedOver", "problems"]);
    assert_eq!(report["schema"], "certpath.chain/1");
    for client in array(&report["clients"]) {
        has(client, &["certificate", "paths"]);
        certificate(&client["certificate"]);
        array(&client["paths"]).iter().for_each(path);
        assert!(!array(&client["paths"]).is_empty(), "{client}");
    }
    for issuer in array(&report["issuers"]) {
        has(issuer, &["certificate", "paths", "findings", "clients"]);
        certificate(&issuer["certificate"]);
        array(&issuer["paths"]).iter().for_each(path);
        array(&issuer["findings"]).iter().for_each(finding);
    }
    assert!(!array(&report["clients"]).is_empty() && !array(&report["issuers"]).is_empty());
}

#[test]
fn verify_has_the_documented_names() {
    for (pki, valid) in [("loop", true), ("wrong-eku", false), ("missing-intermediate", false)] {
        let output = Run::new(["verify", "--format", "json", "--at", AT, "--purpose", "client", "--trust"])
            .arg(testdata(pki).join("root.cer"))
            .arg("--intermediates")
            .arg(testdata(pki))
            .arg(testdata(pki).join("client.cer"))
            .output()
            .status(i32::from(!valid));
        let report = output.json();
        has(&report, &["schema", "at", "valid", "paths", "problems"]);
        assert_eq!(report["schema"], "certpath.verify/1");
        assert_eq!(report["valid"], valid);
        assert_eq!(report["at"], AT);
        assert_eq!(report["trust"], "given");
        array(&report["paths"]).iter().for_each(path);
    }
}

#[test]
fn export_has_the_documented_names_refused_or_not() {
    for (pki, written) in [("renewed-new-key", true), ("missing-intermediate", false)] {
        let place = tempfile::tempdir().expect("a folder");
        let output = Run::new(["export", "--format", "json", "--at", AT, "--out"])
            .arg(place.path().join("out"))
            .arg(testdata(pki))
            .output();
        let report = output.json();
        has(
            &report,
            &[
                "schema",
                "at",
                "trust",
                "written",
                "roots",
                "intermediates",
                "clients",
                "alternatives",
                "passedOver",
                "findings",
            ],
        );
        assert_eq!(report["schema"], "certpath.export/1");
        assert_eq!(report["written"], written);
        for entry in array(&report["roots"]).iter().chain(array(&report["intermediates"])) {
            has(entry, &["file", "sha256", "thumbprint", "subject", "notAfter", "sources"]);
        }
        array(&report["alternatives"]).iter().for_each(path);
        array(&report["findings"]).iter().for_each(finding);
    }
}

#[test]
fn audit_has_the_documented_names() {
    let report = report("audit", &[]);
    has(&report, &["schema", "at", "trust", "summary", "issuers", "certificates", "problems"]);
    assert_eq!(report["schema"], "certpath.audit/1");
    has(&report["summary"], &["verdict"]);
    for audited in array(&report["certificates"]) {
        has(audited, &["sha256", "thumbprint", "subject", "verdict", "findings", "inherited", "path"]);
        assert!(["pass", "warn", "fail"].contains(&audited["verdict"].as_str().unwrap_or_default()));
        array(&audited["findings"]).iter().for_each(finding);
    }
}

#[test]
fn json_is_ascii_without_a_byte_order_mark_whatever_the_names_are() {
    for command in ["inspect", "chain", "audit"] {
        for format in ["json", "ndjson"] {
            let output = Run::new([command, "--at", AT, "--format", format]).arg(repository("testdata/pki")).output();
            assert!(output.stdout.is_ascii(), "{command} {format}");
            assert_eq!(output.stdout.first(), Some(&b'{'), "{command} {format}");
            assert_eq!(output.stdout.last(), Some(&b'\n'), "{command} {format}");
            assert!(!output.stdout.contains(&0x1b) && !output.stdout.contains(&0x7f), "{command} {format}");
        }
    }
}

#[test]
fn names_are_camel_case_unique_without_regard_to_case_and_never_data() {
    for command in ["inspect", "chain", "audit"] {
        walk(&report(command, &[]), &mut |name, value| {
            assert!(
                name.bytes().all(|byte| byte.is_ascii_alphanumeric())
                    && name.starts_with(|first: char| first.is_ascii_lowercase()),
                "{command}: {name}"
            );
            assert!(name.len() < 32, "{command}: {name} looks like data");
            if let Value::Object(members) = value {
                let lower: BTreeSet<String> = members.keys().map(|name| name.to_lowercase()).collect();
                assert_eq!(lower.len(), members.len(), "PowerShell cannot tell members apart: {value}");
            }
        });
    }
}

#[test]
fn the_schema_of_each_command_accepts_what_the_command_prints() {
    for command in ["inspect", "chain", "audit"] {
        let schema = Run::new(["schema", command]).output().status(0).json();
        let validator = jsonschema::validator_for(&schema).expect("a JSON Schema");
        let report = report(command, &[]);
        let errors: Vec<String> = validator.iter_errors(&report).take(3).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{command}: {errors:?}");
        assert!(!validator.is_valid(&serde_json::json!({ "schema": 1 })), "{command}: the schema accepts anything");
    }
}

#[test]
fn subjects_issuers_and_numbers_compare_equal_to_dotnets() {
    let report = json_of("inspect", &[&repository("testdata/contoso")], &[]).json();
    let subjects: BTreeSet<&str> =
        array(&report["certificates"]).iter().filter_map(|found| found["subject"].as_str()).collect();
    // X509Certificate2.Subject: reversed, ", " between, quoted where a value holds a comma
    for subject in [
        "CN=Contoso Issuing CA 1, DC=corp, DC=contoso, DC=com",
        "CN=Fabrikam Root CA, O=\"Fabrikam, Inc.\", C=US",
        "CN=PC001.corp.contoso.com",
    ] {
        assert!(subjects.contains(subject), "{subject} is not in {subjects:?}");
    }
}
