//! `--format ndjson`: a type on each line, a header first, a summary last.

use serde_json::Value;

use crate::common::{AT, Output, Run, array, json_of, repository, testdata};

fn lines(output: &Output) -> Vec<Value> {
    let text = output.text();
    assert!(text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn run(command: &str) -> Output {
    Run::new([command, "--format", "ndjson", "--at", AT])
        .arg(repository("testdata/contoso"))
        .arg(testdata("damaged"))
        .output()
}

#[test]
fn a_header_comes_first_and_a_summary_last_and_nothing_unknown_between() {
    for command in ["inspect", "chain", "audit"] {
        let lines = lines(&run(command));
        let kinds: Vec<&str> = lines.iter().map(|line| line["type"].as_str().unwrap_or("?")).collect();
        assert_eq!(kinds.first(), Some(&"header"), "{command}");
        assert_eq!(kinds.last(), Some(&"summary"), "{command}");
        let between = &kinds[1..kinds.len() - 1];
        assert!(between.iter().all(|kind| ["certificate", "issuer", "problem"].contains(kind)), "{command}: {kinds:?}");
        assert!(between.contains(&"certificate") && between.contains(&"problem"), "{command}: {kinds:?}");
        assert!(
            lines[0]["schema"].as_str().is_some_and(|schema| schema.starts_with(&format!("certpath.{command}/"))),
            "{}",
            lines[0]
        );
    }
}

#[test]
fn every_other_command_begins_with_a_header_and_ends_with_a_summary_too() {
    let out = tempfile::tempdir().expect("a folder");
    let contoso = repository("testdata/contoso");
    let damaged = testdata("damaged");
    let (contoso, damaged) = (contoso.to_string_lossy(), damaged.to_string_lossy());
    let folder = out.path().join("cmg");
    let leaf = format!("{contoso}/clients/PC001.cer");
    for (arguments, document) in [
        (vec!["export", "--at", AT, &contoso, &damaged, "--out", &folder.to_string_lossy()], true),
        (vec!["verify", "--at", AT, "--trust", &contoso, &leaf], true),
        (vec!["diff", "--at", AT, &contoso, &damaged], true),
        (vec!["plan", "--identity", "workgroup"], false),
        (vec!["explain", "key-length"], false),
    ] {
        let output = Run::new(&arguments).arg("--format").arg("ndjson").output();
        let lines = lines(&output);
        let kinds: Vec<&str> = lines.iter().map(|line| line["type"].as_str().unwrap_or("?")).collect();
        assert_eq!((kinds[0], kinds[kinds.len() - 1]), ("header", "summary"), "{arguments:?}");
        let tells_trust = ["export", "verify"].contains(&arguments[0]);
        assert_eq!(lines[0].get("trust").is_some(), tells_trust, "{arguments:?}");
        assert_eq!(lines[lines.len() - 1].get("trust"), lines[0].get("trust"), "{arguments:?}");
        assert_eq!(lines[0]["schema"], format!("certpath.{}/1", arguments[0]));
        let schema = Run::new(["schema", &format!("{}-line", arguments[0])]).output().status(0).json();
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        for line in &lines {
            let errors: Vec<String> = validator.iter_errors(line).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{arguments:?}: {errors:?}");
        }
        let summary = &lines[lines.len() - 1];
        if document {
            let problems = kinds.iter().filter(|kind| **kind == "problem").count();
            assert_eq!(problems, array(&summary["problems"]).len(), "{arguments:?}");
            assert_eq!(problems > 0, arguments[0] != "verify", "{arguments:?}");
            assert_eq!(summary["schema"], lines[0]["schema"]);
        } else {
            assert_eq!(summary["count"], lines.len() - 2);
        }
    }
}

#[test]
fn ndjson_tells_of_the_same_certificates_as_json() {
    let hashes = |values: &[Value]| {
        let mut hashes: Vec<String> =
            values.iter().filter_map(|value| value["sha256"].as_str().map(str::to_owned)).collect();
        hashes.sort();
        hashes
    };
    let streamed: Vec<Value> =
        lines(&run("inspect")).into_iter().filter(|line| line["type"] == "certificate").collect();
    let whole = json_of("inspect", &[&repository("testdata/contoso"), &testdata("damaged")], &[]).json();
    assert_eq!(hashes(&streamed), hashes(array(&whole["certificates"])));
}
