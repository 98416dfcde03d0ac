//! Containers: every certificate of every file, with the passwords that go with them, and the key providers.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::common::{AT, Run, array, corpora, read};
use crate::{on_two_threads, table};

/// Files that come out otherwise than the index says, each with its reason.
const EXCEPTIONS: &str = include_str!("format_exceptions.tsv");

struct Container {
    file: String,
    password: String,
    certificates: BTreeSet<String>,
    expect: String,
}

fn index(base: &std::path::Path) -> Vec<Container> {
    let index: Value = serde_json::from_slice(&read(base.join("formats/index.json"))).expect("JSON");
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    array(&index)
        .iter()
        .map(|entry| Container {
            file: text(entry, "file"),
            password: text(entry, "password"),
            certificates: text(entry, "certs").split(',').filter(|hash| !hash.is_empty()).map(str::to_owned).collect(),
            expect: text(entry, "expect"),
        })
        .collect()
}

fn inspect(base: &std::path::Path, container: &Container) -> crate::common::Output {
    let place = tempfile::tempdir().expect("a folder");
    let mut run = Run::new(["inspect", "--format", "json", "--at", AT]);
    if !container.password.is_empty() && container.password != "<unknown>" {
        let file = place.path().join("passwords");
        crate::common::write(&file, format!("{}\n", container.password));
        run = run.arg("--password-file").arg(file);
    }
    run.arg(base.join("formats").join(&container.file)).output()
}

fn hashes(report: &Value) -> BTreeSet<String> {
    array(&report["certificates"])
        .iter()
        .filter_map(|found| found["sha256"].as_str()?.get(..16).map(str::to_owned))
        .collect()
}

#[test]
fn every_container_gives_exactly_its_certificates() {
    let Some(base) = corpora("formats/index.json") else { return };
    let containers = index(&base);
    let results = on_two_threads(&containers, |container| {
        let output = inspect(&base, container);
        let found = if output.stdout.is_empty() { BTreeSet::new() } else { hashes(&output.json()) };
        let right = match container.expect.as_str() {
            "no_crash" => true,
            "clear_error_no_crash" => found.is_empty() && output.status != 0,
            "read_or_skip" => found.is_subset(&container.certificates),
            "read_or_clear_error" => found == container.certificates || (found.is_empty() && output.status != 0),
            _ => found == container.certificates,
        };
        let missing = container.certificates.difference(&found).count();
        let foreign = found.difference(&container.certificates).count();
        (!right).then(|| (container.file.clone(), format!("{missing} missing, {foreign} too many")))
    });
    let found: BTreeSet<(String, String)> = results.into_iter().flatten().collect();
    let expected: BTreeSet<(String, String)> =
        table(EXCEPTIONS).iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    let unexpected: Vec<_> = found.difference(&expected).collect();
    let passes: Vec<_> = expected.difference(&found).collect();
    assert!(unexpected.is_empty(), "{} of {}: {unexpected:#?}", unexpected.len(), containers.len());
    assert!(passes.is_empty(), "listed as exceptions, but right: {passes:#?}");
}

#[test]
fn a_locked_container_without_its_password_is_a_problem_that_says_so() {
    let Some(base) = corpora("formats/index.json") else { return };
    let locked: Vec<Container> = index(&base)
        .into_iter()
        .filter(|container| {
            container.expect == "read"
                && container.file.starts_with("pfx/")
                && !container.password.is_empty()
                && container.password != "<unknown>"
        })
        .collect();
    assert!(locked.len() > 20);
    on_two_threads(&locked, |container| {
        let output = Run::new(["inspect", "--format", "json", "--at", AT])
            .arg(base.join("formats").join(&container.file))
            .output();
        // what lies open may be read without the password; nothing is missing in silence
        let (found, problems) = if output.stdout.is_empty() {
            (BTreeSet::new(), output.stderr.clone())
        } else {
            (hashes(&output.json()), output.json()["problems"].to_string())
        };
        if found != container.certificates {
            assert!([2, 3].contains(&output.status), "{}: status {}", container.file, output.status);
            assert!(problems.to_lowercase().contains("password"), "{}: {problems}", container.file);
        }
    });
}

#[test]
fn key_providers_are_those_that_windows_wrote() {
    let Some(base) = corpora("formats/key_provider_truth.tsv") else { return };
    let truth = String::from_utf8(read(base.join("formats/key_provider_truth.tsv"))).expect("text");
    let containers = index(&base);
    let mut expected: std::collections::BTreeMap<&str, BTreeSet<&str>> = std::collections::BTreeMap::new();
    for line in truth.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        expected.entry(columns[0]).or_default().insert(columns[3]);
    }
    for (file, providers) in expected {
        let container = containers
            .iter()
            .find(|container| container.file == file)
            .unwrap_or_else(|| panic!("{file} is not in the index"));
        let report = inspect(&base, container).json();
        let mut found = BTreeSet::new();
        for certificate in array(&report["certificates"]) {
            for source in array(&certificate["sources"]) {
                if let Some(name) = source["keyProvider"]["name"].as_str() {
                    let family = source["keyProvider"]["family"].as_str().unwrap_or_default();
                    let cng = name.ends_with("Key Storage Provider");
                    assert_eq!(family, if cng { "cng" } else { "capi" }, "{file}: {name}");
                    assert!(source["keyProvider"]["evidence"].is_string(), "{file}");
                    found.insert(name.to_owned());
                }
            }
        }
        let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
        assert_eq!(found, providers, "{file}");
    }
}
