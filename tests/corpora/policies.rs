//! The policies that NIST PKITS' valid paths are valid under, as OpenSSL prints them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use crate::common::{array, corpora, patiently, read};
use crate::suites::{POLICIES, cases, verify};

/// Each policy, and the addresses and notices that come with it.
type Policies = BTreeMap<String, BTreeSet<String>>;

/// What `openssl verify -policy_print` prints, or `None` where OpenSSL finds no valid path.
fn of_openssl(dir: &Path, note: &str) -> Option<Policies> {
    let place = tempfile::tempdir().expect("a folder");
    let whole = |folder: &str| {
        let mut text = Vec::new();
        for file in std::fs::read_dir(dir.join(folder)).into_iter().flatten().filter_map(Result::ok) {
            text.extend(read(file.path()));
        }
        let file = place.path().join(folder);
        std::fs::write(&file, &text).expect("a file");
        (!text.is_empty()).then(|| file.to_string_lossy().into_owned())
    };
    let (roots, intermediates) = (whole("roots")?, whole("intermediates"));
    let leaf = dir.join("leaf.pem").to_string_lossy().into_owned();
    let mut arguments = vec!["verify", "-policy_check", "-policy_print", "-attime", "1338508800", "-auth_level", "0"];
    arguments.extend(["-CAfile", &roots]);
    if let Some(intermediates) = &intermediates {
        arguments.extend(["-untrusted", intermediates]);
    }
    for setting in note.split(' ').filter(|setting| !setting.is_empty()) {
        match setting {
            "InitialExplicitPolicy" => arguments.push("-explicit_policy"),
            "InitialPolicyMappingInhibit" => arguments.push("-inhibit_map"),
            "InitialAnyPolicyInhibit" => arguments.push("-inhibit_any"),
            policies => {
                for name in policies.trim_start_matches("policies=").split('+') {
                    let (_, oid) = POLICIES.iter().find(|(known, _)| *known == name).expect("a policy of PKITS");
                    arguments.extend(["-policy", oid]);
                }
            }
        }
    }
    arguments.push(&leaf);
    let output = patiently(|| Command::new("openssl").args(&arguments).output()).expect("these tests need OpenSSL");
    if !output.status.success() {
        return None;
    }
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let mut policies = Policies::new();
    let mut last = String::new();
    // Without policies that the user asks for, those of the authorities are the user's.
    let (authority, user) = text.split_once("Authority Policies:")?.1.split_once("User Policies:")?;
    let printed = if note.contains("policies=") { user } else { authority };
    for line in printed.lines().map(str::trim) {
        if let Some(policy) = line.strip_prefix("Policy: ") {
            last = if policy == "X509v3 Any Policy" { "2.5.29.32.0".to_owned() } else { policy.to_owned() };
            policies.entry(last.clone()).or_default();
        } else if let Some(said) = line.strip_prefix("CPS: ").or_else(|| line.strip_prefix("Explicit Text: ")) {
            policies.entry(last.clone()).or_default().insert(one_line(said));
        }
    }
    Some(policies)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_policies_of_pkits_and_what_is_said_of_them_are_those_that_openssl_prints() {
    let Some(base) = corpora("cases/cases.jsonl") else { return };
    let empty = tempfile::tempdir().expect("a folder");
    let (mut compared, mut with_policies, mut with_qualifiers, mut wrong) = (0, 0, 0, Vec::new());
    for case in cases(&base).iter().filter(|case| case.suite == "pkits" && case.expected == "SUCCESS") {
        let verdict = verify(&base, empty.path(), case, false);
        let Some(report) = verdict.report.filter(|report| report["valid"] == true) else { continue };
        let Some(expected) = of_openssl(&base.join(&case.dir), &case.note) else { continue };
        let mut found = Policies::new();
        for policy in array(&report["policies"]) {
            let said =
                array(&policy["qualifiers"]).iter().filter_map(|one| one["cps"].as_str().or(one["text"].as_str()));
            found.insert(policy["oid"].as_str().expect("an identifier").to_owned(), said.map(one_line).collect());
        }
        compared += 1;
        with_policies += usize::from(!expected.is_empty());
        with_qualifiers += usize::from(expected.values().any(|said| !said.is_empty()));
        // OpenSSL gives of a policy only what the last certificate says, RFC 9618 what any on the path does.
        let same =
            expected.keys().eq(found.keys()) && expected.iter().all(|(policy, said)| said.is_subset(&found[policy]));
        if !same {
            wrong.push(format!("{} {}: expected {expected:?}, found {found:?}", case.id, case.note));
        }
    }
    println!("compared {compared}, {with_policies} with policies, {with_qualifiers} with qualifiers");
    assert!(compared > 60 && with_policies > 30 && with_qualifiers > 2, "{compared} {with_policies} {with_qualifiers}");
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
}
