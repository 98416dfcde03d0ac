//! NIST PKITS, x509-limbo and the chain tests of OpenSSL and GnuTLS, through `certpath verify`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{Run, array, corpora, not_run, read, repository, strings};
use crate::{on_two_threads, table};

/// Cases that come out otherwise than the suite says, each with its reason.
const EXCEPTIONS: &str = include_str!("suite_exceptions.tsv");

/// Cases that are wrong by the host name alone, each with its reason: nothing is passed over in silence.
const NOT_JUDGED: &str = include_str!("suite_not_judged.tsv");

/// What each test of PKITS is made of.
const PKITS: &str = include_str!("pkits.tsv");

/// The policies that PKITS names in its initial settings.
pub(crate) const POLICIES: [(&str, &str); 5] = [
    ("NIST-test-policy-1", "2.16.840.1.101.3.2.1.48.1"),
    ("NIST-test-policy-2", "2.16.840.1.101.3.2.1.48.2"),
    ("NIST-test-policy-3", "2.16.840.1.101.3.2.1.48.3"),
    ("NIST-test-policy-4", "2.16.840.1.101.3.2.1.48.4"),
    ("NIST-test-policy-6", "2.16.840.1.101.3.2.1.48.6"),
];

#[derive(serde::Deserialize)]
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) suite: String,
    pub(crate) dir: String,
    pub(crate) expected: String,
    purpose: String,
    time: String,
    category: String,
    pub(crate) note: String,
}

pub(crate) struct Verdict {
    status: i32,
    pub(crate) report: Option<Value>,
    said: String,
}

fn all_cases(base: &Path) -> Vec<Case> {
    let text = String::from_utf8(read(base.join("cases/cases.jsonl"))).expect("text");
    text.lines().map(|line| serde_json::from_str::<Case>(line).expect("a case")).collect()
}

/// Every case but those that are listed as not judged.
pub(crate) fn cases(base: &Path) -> Vec<Case> {
    let not_judged: BTreeSet<String> = table(NOT_JUDGED).into_iter().map(|row| row[0].clone()).collect();
    all_cases(base).into_iter().filter(|case| !not_judged.contains(&case.id)).collect()
}

pub(crate) fn verify(base: &Path, empty: &Path, case: &Case, strict: bool) -> Verdict {
    let dir = base.join(&case.dir);
    // a case without CRLs or intermediates has no folder of them
    let folder = |name: &str| if dir.join(name).exists() { dir.join(name) } else { empty.to_owned() };
    let mut run = Run::new(["verify", "--format", "json", "--purpose", &case.purpose, "--at", &case.time])
        .arg("--trust")
        .arg(folder("roots"))
        .arg("--intermediates")
        .arg(folder("intermediates"))
        .arg("--crl")
        .arg(folder("crls"))
        .arg(dir.join("leaf.pem"));
    if case.suite == "pkits" {
        run = initial_settings(run, &case.note);
    }
    if let Some(depth) = case.note.split("maximum chain depth of ").nth(1) {
        run = run.arg("--max-path-length").arg(depth.chars().take_while(char::is_ascii_digit).collect::<String>());
    }
    if strict {
        run = run.arg("--strict");
    }
    let output = run.output();
    let report = serde_json::from_slice(&output.stdout).ok();
    Verdict { status: output.status, report, said: output.seen() }
}

/// The initial settings of a PKITS test, as options.
fn initial_settings(mut run: Run, note: &str) -> Run {
    for setting in note.split(' ').filter(|setting| !setting.is_empty()) {
        run = match setting {
            "InitialExplicitPolicy" => run.arg("--require-explicit-policy"),
            "InitialPolicyMappingInhibit" => run.arg("--inhibit-policy-mapping"),
            "InitialAnyPolicyInhibit" => run.arg("--inhibit-any-policy"),
            policies => {
                let names = policies.strip_prefix("policies=").unwrap_or_else(|| panic!("{setting} is no setting"));
                names.split('+').fold(run, |run, name| {
                    let known = POLICIES.iter().find(|(known, _)| *known == name);
                    run.arg("--policy").arg(known.unwrap_or_else(|| panic!("{name} is no policy")).1)
                })
            }
        };
    }
    run
}

fn word(status: i32) -> &'static str {
    match status {
        0 => "SUCCESS",
        1 => "FAILURE",
        2 => "USAGE",
        3 => "UNREAD",
        _ => "OTHER",
    }
}

#[test]
fn the_reference_suites_agree_but_for_the_exceptions_with_their_reasons() {
    let Some(base) = corpora("cases/cases.jsonl") else { return };
    let empty = tempfile::tempdir().expect("a folder");
    let cases = cases(&base);
    assert!(cases.len() > 400);
    let verdicts = on_two_threads(&cases, |case| verify(&base, empty.path(), case, false));
    let exceptions: BTreeMap<String, (String, String)> =
        table(EXCEPTIONS).into_iter().map(|row| (row[0].clone(), (row[2].clone(), row[3].clone()))).collect();
    let mut wrong = Vec::new();
    let mut score: BTreeMap<(&str, &str), (u32, u32)> = BTreeMap::new();
    for (case, verdict) in cases.iter().zip(&verdicts) {
        let got = word(verdict.status);
        // a file that cannot be read whole makes no valid path
        let right = got == case.expected || (got == "UNREAD" && case.expected == "FAILURE");
        let entry = score.entry((&case.suite, &case.category)).or_default();
        entry.0 += u32::from(right);
        entry.1 += 1;
        match exceptions.get(&case.id) {
            None if right => {}
            None => wrong.push(format!("{}\texpected {}\tgot {got}\t{}", case.id, case.expected, reason(verdict))),
            Some(_) if right => wrong.push(format!("{}\tis listed as an exception, but right", case.id)),
            Some((listed, reason)) => {
                assert!(!reason.is_empty(), "{}: an exception needs its reason", case.id);
                if listed != got {
                    wrong.push(format!("{}\tlisted with {listed}\tgot {got}", case.id));
                }
            }
        }
    }
    println!("{score:#?}");
    for id in exceptions.keys() {
        assert!(cases.iter().any(|case| case.id == *id), "{id} is listed as an exception and is no case");
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn what_is_not_judged_is_listed_with_its_reason_and_is_right_but_for_the_host_name() {
    let Some(base) = corpora("cases/cases.jsonl") else { return };
    let empty = tempfile::tempdir().expect("a folder");
    let mut named = all_cases(&base);
    named.retain(|case| case.category == "name");
    let listed: BTreeMap<String, Vec<String>> =
        table(NOT_JUDGED).into_iter().map(|row| (row[0].clone(), row)).collect();
    let ids = |cases: &[Case]| cases.iter().map(|case| case.id.clone()).collect::<Vec<_>>();
    for id in ids(&named) {
        assert!(listed.contains_key(&id), "{id} is wrong by its host name and not listed");
    }
    for id in listed.keys() {
        assert!(ids(&named).contains(id), "{id} is listed as not judged and is no such case");
    }
    let verdicts = on_two_threads(&named, |case| verify(&base, empty.path(), case, false));
    for (case, verdict) in named.iter().zip(&verdicts) {
        let row = &listed[&case.id];
        assert!(row[1] == case.expected && !row[3].is_empty(), "{row:?}");
        assert_eq!(word(verdict.status), row[2], "{}: {}", case.id, reason(verdict));
    }
    println!("not judged, each with its reason: {}", listed.len());
}

#[test]
fn what_the_suites_call_strict_is_decided_as_they_say_where_it_is_asked_for() {
    let Some(base) = corpora("cases/cases.jsonl") else { return };
    let empty = tempfile::tempdir().expect("a folder");
    let mut cases = cases(&base);
    cases.retain(|case| case.category == "strict");
    assert!(cases.len() > 15);
    let verdicts = on_two_threads(&cases, |case| verify(&base, empty.path(), case, true));
    let wrong: Vec<String> = (cases.iter().zip(&verdicts))
        .filter(|(case, verdict)| {
            word(verdict.status) != case.expected && !(verdict.status == 3 && case.expected == "FAILURE")
        })
        .map(|(case, verdict)| format!("{}\texpected {}\t{}", case.id, case.expected, reason(verdict)))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn what_the_suites_call_strict_and_is_accepted_is_told_at_least() {
    let Some(base) = corpora("cases/cases.jsonl") else { return };
    let empty = tempfile::tempdir().expect("a folder");
    let exceptions: BTreeSet<String> = table(EXCEPTIONS).into_iter().map(|row| row[0].clone()).collect();
    let mut cases = cases(&base);
    cases.retain(|case| case.category == "strict" && case.expected == "FAILURE" && exceptions.contains(&case.id));
    assert!(cases.len() > 10, "{}", cases.len());
    let verdicts = on_two_threads(&cases, |case| verify(&base, empty.path(), case, false));
    let mut silent = Vec::new();
    for (case, verdict) in cases.iter().zip(&verdicts) {
        let report = verdict.report.as_ref().unwrap_or_else(|| panic!("{}: {}", case.id, verdict.said));
        assert_eq!(report["valid"], true, "{} is listed as accepted", case.id);
        let told = array(&report["conformance"]);
        if told.is_empty() || !told.iter().all(|one| one["expected"].as_str().is_some_and(|it| it.contains("RFC 5280")))
        {
            silent.push(&case.id);
        }
    }
    assert!(silent.is_empty(), "{silent:?}");
}

/// In a few words what certpath said.
fn reason(verdict: &Verdict) -> String {
    let Some(report) = &verdict.report else { return verdict.said.chars().take(200).collect() };
    let mut said = BTreeSet::new();
    for path in array(&report["paths"]) {
        for refused in array(&path["refused"]) {
            said.insert(format!("{}: {} / {}", refused["check"], refused["expected"], refused["found"]));
        }
        if let Some(missing) = path.get("missing") {
            said.insert(format!("missing {}", missing["subject"]));
        }
    }
    let problems: Vec<String> =
        array(&report["problems"]).iter().map(|problem| problem["message"].to_string()).collect();
    format!("{said:?} {problems:?}").chars().take(400).collect()
}

#[test]
fn pkits_from_pypi_agrees_but_for_the_exceptions_with_their_reasons() {
    let data = std::env::var_os("CERTPATH_PKITS").map_or_else(|| repository("target/pkits"), PathBuf::from);
    if !data.join("certs").exists() {
        not_run("PKITS is not there (tests/corpora/fetch-pkits brings it from PyPI)");
        return;
    }
    let exceptions: BTreeMap<String, String> =
        table(EXCEPTIONS).into_iter().map(|row| (row[0].clone(), row[2].clone())).collect();
    let rows = table(PKITS);
    assert_eq!(rows.len(), 249);
    let wrong = on_two_threads(&rows, |row| {
        let [id, expected, settings, leaf, intermediates, crls] = row.as_slice() else {
            panic!("six columns: {row:?}")
        };
        let certificate = |name: &str| data.join(format!("certs/{name}.crt"));
        let mut run = Run::new(["verify", "--format", "json", "--at", "2012-06-01T00:00:00Z", "--trust"])
            .arg(certificate("TrustAnchorRootCertificate"));
        for name in intermediates.split_whitespace() {
            run = run.arg("--intermediates").arg(certificate(name));
        }
        for name in crls.split_whitespace() {
            run = run.arg("--crl").arg(data.join(format!("crls/{name}.crl")));
        }
        let got = word(initial_settings(run, settings).arg(certificate(leaf)).output().status);
        let expected = exceptions.get(id).unwrap_or(expected);
        (got != expected && !(got == "UNREAD" && expected == "FAILURE"))
            .then(|| format!("{id}: expected {expected}, got {got}"))
    });
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_paths_found_are_among_those_that_there_are() {
    let Some(base) = corpora("cases/expected_chains.tsv") else { return };
    let empty = tempfile::tempdir().expect("a folder");
    let text = String::from_utf8(read(base.join("cases/expected_chains.tsv"))).expect("text");
    let chains: BTreeMap<&str, BTreeSet<&str>> = text
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(id, chains)| (id, chains.split('|').filter(|chain| !chain.is_empty()).collect()))
        .collect();
    let cases: Vec<Case> = cases(&base)
        .into_iter()
        .filter(|case| chains.get(case.id.as_str()).is_some_and(|chains| !chains.is_empty()))
        .collect();
    assert!(cases.len() > 100);
    let wrong: Vec<Option<String>> = on_two_threads(&cases, |case| {
        let verdict = verify(&base, empty.path(), case, false);
        let report = verdict.report.as_ref()?;
        let valid: Vec<String> = array(&report["paths"])
            .iter()
            .filter(|path| path["status"] == "valid")
            .map(|path| {
                strings(&path["certificates"])
                    .iter()
                    .map(|hash| hash.get(..16).unwrap_or(hash).to_owned())
                    .collect::<Vec<_>>()
                    .join(">")
            })
            .collect();
        let expected = &chains[case.id.as_str()];
        // a path may go on above an anchor that is not self-signed
        let there_is = |path: &str| {
            expected
                .iter()
                .any(|chain| path.strip_prefix(chain).is_some_and(|rest| rest.is_empty() || rest.starts_with('>')))
        };
        let strange: Vec<&String> = valid.iter().filter(|path| !there_is(path)).collect();
        (!strange.is_empty()).then(|| format!("{}: {strange:?}, expected among {expected:?}", case.id))
    });
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
