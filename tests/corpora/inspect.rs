//! `certpath inspect` over everything: it reads what OpenSSL reads, and never panics.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{AT, Run, array, corpora, files, not_run, openssl::openssl, read, sha256};
use crate::{on_two_threads, table};

/// Files that OpenSSL reads and certpath does not, or reads otherwise, each with its reason.
const EXCEPTIONS: &str = include_str!("inspect_exceptions.tsv");

/// What certpath found, by the end of its path: one entry for each certificate of the file.
fn by_file(report: &Value, base: &Path) -> BTreeMap<String, Vec<Value>> {
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let base = format!("{}/", base.display()).replace('\\', "/");
    for certificate in array(&report["certificates"]) {
        for source in array(&certificate["sources"]) {
            let path = source["path"].as_str().unwrap_or_default().replace('\\', "/");
            let path = path.strip_prefix(&base).unwrap_or(&path).to_owned();
            found.entry(path).or_default().push(certificate.clone());
        }
    }
    found
}

fn inspect(folder: &Path) -> Value {
    Run::new(["inspect", "--format", "json", "--at", AT]).arg(folder).output().json()
}

/// The file's first certificate, as OpenSSL reads it: its bytes and the lines that it prints.
fn read_by_openssl(file: &Path) -> Option<(Vec<u8>, String)> {
    let path = file.to_string_lossy();
    let text = openssl(
        &[
            "x509",
            "-in",
            &path,
            "-serial",
            "-dates",
            "-dateopt",
            "iso_8601",
            "-subject",
            "-nameopt",
            "multiline,utf8,-esc_msb,-esc_ctrl",
        ],
        b"",
    )?;
    let block = text.get(text.find("-----BEGIN")?..)?;
    Some((pem::parse(block).ok()?.into_contents(), text))
}

/// Fields in which certpath and OpenSSL differ.
fn differences(found: &Value, text: &str) -> Vec<String> {
    let mut differences = Vec::new();
    let line = |label: &str| text.lines().find_map(|line| line.strip_prefix(label)).unwrap_or_default();
    let serial = found["serialNumber"].as_str().unwrap_or_default();
    let expected = line("serial=");
    // a negative one is two's complement in .NET
    if !expected.starts_with('-') && serial.trim_start_matches('0') != expected.trim_start_matches('0') {
        differences.push(format!("serial number {serial}, OpenSSL {expected}"));
    }
    for (label, field) in [("notBefore=", "notBefore"), ("notAfter=", "notAfter")] {
        let expected = line(label).replace(' ', "T");
        let well_formed = expected.len() == 20
            && expected.ends_with('Z')
            && expected.starts_with(|first: char| first.is_ascii_digit());
        if well_formed && found[field] != expected.as_str() {
            differences.push(format!("{field} {}, OpenSSL {expected}", found[field]));
        }
    }
    let subject = found["subject"].as_str().unwrap_or_default();
    for common in text.lines().filter_map(|line| line.trim().strip_prefix("commonName")) {
        let value = common.trim_start().trim_start_matches('=').trim();
        let plain =
            !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" .-".contains(&byte));
        if plain && !subject.contains(value) {
            differences.push(format!("subject {subject}, OpenSSL CN {value}"));
        }
    }
    differences
}

fn compare(base: &Path, names: &[String]) -> BTreeSet<(String, String)> {
    let found = by_file(&inspect(base), base);
    let results = on_two_threads(names, |name| {
        let Some((der, text)) = read_by_openssl(&base.join(name)) else { return Vec::new() };
        let hash = sha256(&der);
        let certificate =
            found.get(name).and_then(|all| all.iter().find(|certificate| certificate["sha256"] == hash.as_str()));
        match certificate {
            None => vec!["not read".to_owned()],
            Some(certificate) => differences(certificate, &text),
        }
    });
    names
        .iter()
        .zip(results)
        .flat_map(|(name, differences)| differences.into_iter().map(|what| (name.clone(), what)))
        .collect()
}

#[test]
fn inspect_reads_the_malformed_certificates_that_openssl_reads() {
    let Some(corpora) = corpora("malformed/parse_oracle.tsv") else { return };
    let base = corpora.join("malformed");
    let oracle = String::from_utf8(read(base.join("parse_oracle.tsv"))).expect("text");
    let mut names = Vec::new();
    for line in oracle.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [file, openssl, ..] = columns.as_slice() else { continue };
        if *openssl == "ok" {
            names.push((*file).to_owned());
        }
    }
    assert!(names.len() > 1000, "the oracle is there");
    let expected: BTreeSet<(String, String)> =
        table(EXCEPTIONS).iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    let found = compare(&base, &names);
    let unexpected: Vec<_> = found.difference(&expected).collect();
    let passes: Vec<_> = expected.difference(&found).collect();
    assert!(unexpected.is_empty(), "{} differ from OpenSSL: {unexpected:#?}", unexpected.len());
    assert!(passes.is_empty(), "listed as exceptions, but they agree: {passes:#?}");
}

#[test]
fn inspect_reads_the_root_certificates_of_windows_and_debian() {
    let Some(corpora) = corpora("real_cas") else { return };
    let base = corpora.join("real_cas");
    let names = files(&base);
    assert!(names.len() > 400);
    let found = compare(&base, &names);
    assert!(found.is_empty(), "{found:#?}");
    // each of them is a root: X.509 v1 and those without BasicConstraints too
    let roots =
        array(&inspect(&base)["certificates"]).iter().filter(|certificate| certificate["role"] == "root").count();
    assert!(roots > 400, "{roots}");
}

#[test]
fn every_file_of_the_corpora_goes_through_every_command_without_a_panic() {
    for part in ["malformed", "real_cas", "formats", "cases"] {
        let Some(corpora) = corpora(part) else { return };
        for command in ["inspect", "chain", "audit"] {
            let output = Run::new([command, "--at", AT, "--format", "ndjson"]).arg(corpora.join(part)).output();
            assert!([0, 1, 3].contains(&output.status), "{command} {part}: {}", output.stderr);
            assert!(output.stdout.is_ascii(), "{command} {part}");
            let last = output.text().lines().last().unwrap_or_default().to_owned();
            assert!(last.contains("\"summary\""), "{command} {part} was cut off: {last}");
        }
    }
}

fn bundle(file: &Path) {
    let expected: BTreeSet<String> = pem::parse_many(read(file))
        .expect("PEM")
        .iter()
        .filter(|block| block.tag() == "CERTIFICATE")
        .map(|block| sha256(block.contents()))
        .collect();
    assert!(expected.len() > 100, "{}", file.display());
    let output = Run::new(["inspect", "--format", "json", "--at", AT]).arg(file).output().status(0).silent();
    let report = output.json();
    let found: BTreeSet<String> = array(&report["certificates"])
        .iter()
        .filter_map(|certificate| certificate["sha256"].as_str().map(str::to_owned))
        .collect();
    assert!(found == expected, "{} found, {} expected", found.len(), expected.len());
    for certificate in array(&report["certificates"]) {
        assert_eq!(certificate["role"], "root", "{certificate}");
        assert_eq!(certificate["selfSigned"], true, "{certificate}");
    }
}

#[test]
fn inspect_reads_debians_bundle_of_root_certificates() {
    let file = Path::new("/etc/ssl/certs/ca-certificates.crt");
    if !file.exists() {
        not_run("Debian's ca-certificates is not installed");
        return;
    }
    bundle(file);
}

#[test]
fn inspect_reads_certifis_bundle_of_root_certificates() {
    let where_it_is = std::process::Command::new("python3").args(["-m", "certifi"]).output();
    let path = where_it_is
        .ok()
        .filter(|output| output.status.success())
        .map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    match path {
        Some(path) if path.exists() => bundle(&path),
        _ => not_run("certifi is not installed (pip install certifi)"),
    }
}
