//! Every command over everything that others made and over testdata: what it prints is what `certpath schema` says, and nothing beside.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{AT, Output, Run, array, certpath, corpora, repository};
use crate::on_two_threads;

/// The schema of this name, made strict: members that it does not name are refused, though a reader is to pass over them.
struct Strict {
    name: &'static str,
    validator: jsonschema::Validator,
}

impl Strict {
    fn of(name: &'static str) -> Self {
        let mut schema = certpath(["schema", name]).status(0).json();
        forbid_others(&mut schema);
        Self { name, validator: jsonschema::validator_for(&schema).expect("a JSON Schema") }
    }

    /// What is wrong with this document, at most a few of them.
    fn errors(&self, what: &str, document: &Value) -> Vec<String> {
        let errors = self.validator.iter_errors(document).take(3);
        errors
            .map(|error| {
                let text: String = error.to_string().chars().take(300).collect();
                format!("{} of {what}: at {}: {text}", self.name, error.instance_path())
            })
            .collect()
    }
}

/// Members beside the named ones are refused; where a definition stands in a line's own, as one object.
fn forbid_others(schema: &mut Value) {
    let definitions = schema["$defs"].clone();
    for line in schema.get_mut("oneOf").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(target) = line["$ref"].as_str().and_then(|target| target.strip_prefix("#/$defs/")) else { continue };
        let mut whole = definitions[target].clone();
        for (name, member) in line["properties"].as_object().expect("the type of the line") {
            whole["properties"][name] = member.clone();
        }
        *line = whole;
    }
    close(schema);
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if members.get("properties").is_some_and(Value::is_object) {
                members.entry("additionalProperties").or_insert(Value::Bool(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// The schemas of a command's document, and of a line of its ndjson.
struct Command {
    name: &'static str,
    document: Strict,
    line: Strict,
}

impl Command {
    fn of(name: &'static str, line: &'static str) -> Self {
        Self { name, document: Strict::of(name), line: Strict::of(line) }
    }

    /// Runs it with these arguments in both formats.
    fn errors(&self, arguments: &[&Path]) -> Vec<String> {
        let what = format!("{:?}", arguments.last().expect("an argument"));
        let run = |format: &str| {
            let run = Run::new([self.name, "--format", format, "--at", AT]);
            arguments.iter().fold(run, Run::arg).output()
        };
        let json = run("json");
        if json.status == 2 {
            assert!(json.stdout.is_empty(), "{what}: a document and a usage error: {}", json.stderr);
            return Vec::new();
        }
        let document = json.json();
        let mut errors = self.document.errors(&what, &document);
        let lines = lines_of(&run("ndjson"));
        errors.extend(lines.iter().flat_map(|line| self.line.errors(&what, line)).take(5));
        errors.extend(self.differ(&what, &document, &lines));
        errors
    }

    /// Both formats are about the same certificates; where a command writes its document as a whole, the last line is that.
    fn differ(&self, what: &str, document: &Value, lines: &[Value]) -> Option<String> {
        let is_whole = !["inspect", "chain", "audit"].contains(&self.name);
        if is_whole && lines.last() != Some(&typed("summary", document)) {
            return Some(format!("{} of {what}: the last line of ndjson is not the document", self.name));
        }
        let certificates = match self.name {
            "inspect" | "audit" => array(&document["certificates"]).len(),
            "chain" => array(&document["clients"]).len(),
            _ => 0,
        };
        let count = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count();
        let said = (count("certificate"), count("problem"), count("header"), count("summary"));
        let expected = (certificates, array(&document["problems"]).len(), 1, 1);
        (said != expected).then(|| format!("{} of {what}: ndjson has {said:?}, json {expected:?}", self.name))
    }
}

fn lines_of(output: &Output) -> Vec<Value> {
    output.text().lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

fn typed(kind: &str, record: &Value) -> Value {
    let mut line = record.clone();
    line["type"] = kind.into();
    line
}

#[track_caller]
fn none(errors: &[String], runs: usize) {
    assert!(runs > 0, "nothing was run");
    assert!(errors.is_empty(), "{} errors:\n{}", errors.len(), errors.join("\n"));
}

/// Every folder of testdata, and every part of the corpora; what is not there is said by name.
fn folders() -> Vec<PathBuf> {
    let of_testdata = std::fs::read_dir(repository("testdata/pki")).expect("testdata");
    let mut folders: Vec<PathBuf> = of_testdata.map(|entry| entry.expect("an entry").path()).collect();
    folders.push(repository("testdata/contoso"));
    for part in ["malformed", "real_cas", "formats", "cases"] {
        folders.extend(corpora(part).map(|base| base.join(part)));
    }
    folders
}

#[test]
fn what_inspect_chain_and_audit_print_of_everything_is_what_their_schemas_say() {
    let commands = [("inspect", "inspect-line"), ("chain", "chain-line"), ("audit", "audit-line")]
        .map(|(name, line)| Command::of(name, line));
    let folders = folders();
    let errors: Vec<String> = on_two_threads(&folders, |folder| {
        commands.iter().flat_map(|command| command.errors(&[folder])).collect::<Vec<_>>()
    })
    .concat();
    none(&errors, folders.len());
}

/// A PKI in a folder of its own: the leaf, and what stands beside it.
struct Case {
    leaf: PathBuf,
    roots: PathBuf,
    others: PathBuf,
}

fn cases() -> Vec<Case> {
    let of_testdata = std::fs::read_dir(repository("testdata/pki")).expect("testdata");
    let mut cases: Vec<Case> = of_testdata
        .map(|entry| entry.expect("an entry").path())
        .filter(|folder| folder.join("client.cer").exists() && folder.join("root.cer").exists())
        .map(|folder| Case { leaf: folder.join("client.cer"), roots: folder.join("root.cer"), others: folder })
        .collect();
    assert!(cases.len() > 5);
    let Some(base) = corpora("cases/cases.jsonl") else { return cases };
    let text = std::fs::read_to_string(base.join("cases/cases.jsonl")).expect("text");
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).expect("a case");
        let folder = base.join(case["dir"].as_str().expect("a folder"));
        if folder.join("roots").exists() {
            cases.push(Case { leaf: folder.join("leaf.pem"), roots: folder.join("roots"), others: folder });
        }
    }
    // What is written depends on no system, and a program takes Wine long to start.
    let step = if cfg!(windows) { 16 } else { 1 };
    cases.into_iter().step_by(step).collect()
}

#[test]
fn what_verify_chain_and_audit_print_of_each_case_is_what_their_schemas_say() {
    let verify = Command::of("verify", "verify-line");
    let commands = [("chain", "chain-line"), ("audit", "audit-line")].map(|(name, line)| Command::of(name, line));
    let cases = cases();
    let errors: Vec<String> = on_two_threads(&cases, |case| {
        let trust = [Path::new("--trust"), &case.roots];
        let beside = [Path::new("--intermediates"), &case.others, Path::new("--crl"), &case.others];
        let mut errors = verify.errors(&[&trust[..], &beside[..], &[case.leaf.as_path()]].concat());
        for command in &commands {
            errors.extend(command.errors(&[&trust[..], &[case.others.as_path()]].concat()));
        }
        errors
    })
    .concat();
    none(&errors, cases.len());
}

#[test]
fn the_manifests_of_export_and_the_differences_are_what_their_schemas_say() {
    let (export, export_line) = (Strict::of("export"), Strict::of("export-line"));
    let diff = Command::of("diff", "diff-line");
    let cases = cases();
    let errors: Vec<String> = on_two_threads(&cases, |case| {
        let what = case.others.display().to_string();
        let mut errors = Vec::new();
        for more in [&["--all-paths", "--first"][..], &["--allow-incomplete", "--all-cas"]] {
            let place = tempfile::tempdir().expect("a folder");
            let out = place.path().join("out");
            let run = |format, out: &Path| {
                let run = Run::new(["export", "--format", format, "--at", AT, "--out"]).arg(out).arg(&case.others);
                more.iter().fold(run, Run::arg).output()
            };
            let output = run("json", &out);
            if output.status == 2 {
                continue;
            }
            let printed = output.json();
            errors.extend(export.errors(&what, &printed));
            let lines = lines_of(&run("ndjson", &place.path().join("again")));
            errors.extend(lines.iter().flat_map(|line| export_line.errors(&what, line)).take(5));
            assert_eq!(lines.last(), Some(&typed("summary", &printed)), "{what}");
            assert_eq!(printed["written"], output.status != 5, "{what}");
            if output.status != 5 {
                let written: Value =
                    serde_json::from_slice(&crate::common::read(out.join("manifest.json"))).expect("JSON");
                assert_eq!(written, printed, "{what}: the manifest is not what was printed");
            }
        }
        errors.extend(diff.errors(&[case.roots.as_path(), &case.others]));
        errors
    })
    .concat();
    none(&errors, cases.len());
}

#[test]
fn what_plan_and_explain_print_for_every_question_is_what_their_schemas_say() {
    let (plan, explain) = (Command::of("plan", "plan-line"), Command::of("explain", "explain-line"));
    let any = |option: &'static str, values: &[&'static str]| -> Vec<Vec<&'static str>> {
        std::iter::once(Vec::new()).chain(values.iter().map(|value| vec![option, value])).collect()
    };
    let mut questions = vec![vec!["plan"]];
    for choices in [
        any("--identity", &["workgroup", "ad", "entra", "hybrid"]),
        any("--location", &["internet", "intranet"]),
        any("--management-point", &["http", "e-http", "https"]),
        any("--auth", &["entra", "pki", "token"]),
    ] {
        questions = questions
            .iter()
            .flat_map(|question| choices.iter().map(|choice| [&question[..], choice].concat()))
            .collect();
    }
    assert_eq!(questions.len(), 5 * 3 * 4 * 4);
    let errors: Vec<String> = on_two_threads(&questions, |question| {
        let output = |format| Run::new(question).arg("--format").arg(format).output().status(0).silent();
        let document = output("json").json();
        // A row a line, between header and summary.
        let lines = lines_of(&output("ndjson"));
        let rows: Vec<Value> = array(&document["rows"]).iter().map(|row| typed("row", row)).collect();
        assert_eq!(rows, lines[1..lines.len() - 1], "{question:?}");
        let what = question.join(" ");
        let mut errors = plan.document.errors(&what, &document);
        errors.extend(lines.iter().flat_map(|line| plan.line.errors(&what, line)).take(5));
        errors
    })
    .concat();
    none(&errors, questions.len());

    let all = certpath(["explain", "--format", "json"]).status(0).json();
    none(&explain.document.errors("all", &all), 1);
    let lines = lines_of(&certpath(["explain", "--format", "ndjson"]).status(0));
    assert_eq!(lines.len(), array(&all["findings"]).len() + 2);
    none(&lines.iter().flat_map(|line| explain.line.errors("all", line)).collect::<Vec<_>>(), lines.len());
    let ids: BTreeSet<&str> = array(&all["findings"]).iter().filter_map(|found| found["id"].as_str()).collect();
    assert!(ids.len() > 30);
    for found in array(&all["findings"]) {
        let one: BTreeMap<&str, Value> = ["id", "code"]
            .map(|name| {
                (name, certpath(["explain", found[name].as_str().unwrap(), "--format", "json"]).status(0).json())
            })
            .into();
        assert_eq!(one["id"], one["code"]);
        assert_eq!(one["id"]["findings"], Value::Array(vec![found.clone()]));
        none(&explain.document.errors("one", &one["id"]), 1);
    }
}

#[test]
fn a_member_that_no_schema_names_is_seen() {
    let strict = Strict::of("verify");
    let folder = repository("testdata/pki/loop");
    let mut document = Run::new(["verify", "--format", "json", "--at", AT, "--trust"])
        .arg(folder.join("root.cer"))
        .arg("--intermediates")
        .arg(&folder)
        .arg(folder.join("client.cer"))
        .output()
        .json();
    assert_eq!(strict.errors("", &document), [""; 0]);
    document["certificates"][0]["secret"] = Value::Bool(true);
    assert!(strict.errors("", &document)[0].contains("secret"));
}
