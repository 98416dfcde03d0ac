//! More certificates than are kept: they are read a second time, when they may not be what they were.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use rcgen::CustomExtension;

use crate::common::pki::Ca;
use crate::common::{AT, Output, Run, array, pem, write};

/// How many large clients are more than are kept.
const MANY: usize = 22;

fn client(issuing: &Ca, number: usize) -> Vec<u8> {
    issuing.client_with(&format!("pc{number}.test"), |options| {
        options.extensions.push(CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![4; 1 << 20]));
    })
}

/// A pipe with a name.
fn pipe(place: &Path) {
    assert!(Command::new("mkfifo").arg(place).status().is_ok_and(|status| status.success()));
}

#[test]
fn a_pipe_is_not_opened_again() {
    let root = Ca::root("Root");
    let place = tempfile::tempdir().expect("a folder");
    let named = place.path().join("pipe");
    pipe(&named);
    let all: String = (0..MANY).map(|number| pem(&client(&root, number))).collect();
    write(place.path().join("root.cer"), &root.der);
    for command in ["inspect", "chain", "audit"] {
        let (into, all) = (named.clone(), all.clone());
        let writer = thread::spawn(move || write(into, all));
        let run = Run::new([command, "--format", "ndjson", "--at", AT, "--fail-on", "never"]);
        let output = run.arg(place.path().join("root.cer")).arg(&named).output().status(0);
        writer.join().expect("it is written");
        let lines = output.text();
        assert_eq!(lines.matches("\"subject\":\"CN=pc").count(), MANY, "{command}: {:.300}", output.stderr);
    }
}

/// The report of a command about a folder that has been changed so when its trust anchor, which comes out of a pipe, is read: after the
/// certificates were read once, and before they are read again.
fn report(arguments: &[&str], change: fn(&Path)) -> Output {
    let (root, place) = (Ca::root("Root"), tempfile::tempdir().expect("a folder"));
    let (clients, trust) = (place.path().join("clients"), place.path().join("trust"));
    fs::create_dir(&clients).expect("a folder");
    for number in 0..MANY {
        write(clients.join(format!("{number:02}.cer")), client(&root, number));
    }
    pipe(&trust);
    let (folder, into, der): (PathBuf, _, _) = (clients.clone(), trust.clone(), root.der.clone());
    let writer = thread::spawn(move || {
        let mut into = fs::OpenOptions::new().write(true).open(into).expect("it is read");
        change(&folder);
        std::io::Write::write_all(&mut into, &der).expect("it is written");
    });
    let run = Run::new(arguments).arg("--format").arg("json").arg("--at").arg(AT).arg("--fail-on").arg("never");
    let output = run.arg("--trust").arg(&trust).arg(&clients).output();
    writer.join().expect("it is written");
    output
}

/// What is told of a command where two of the certificates are gone and one has become another.
fn is_told(arguments: &[&str]) {
    let output = report(arguments, |folder| {
        fs::remove_file(folder.join("03.cer")).expect("removed");
        fs::remove_file(folder.join("07.cer")).expect("removed");
        write(folder.join("11.cer"), b"\x30\x82\x7f\xff\x30\x82");
    });
    let problems = output.status(3).json()["problems"].clone();
    let told: Vec<String> =
        array(&problems).iter().map(|one| format!("{} {}", one["source"], one["message"])).collect();
    assert!(told.iter().any(|one| one.contains("11.cer")), "{arguments:?}: {told:?}");
    let all = told.iter().find(|one| one.contains("all sources")).unwrap_or_else(|| panic!("{arguments:?}: {told:?}"));
    assert!(all.contains("the 22 end-entity") && all.contains("found 19 of them"), "{all}");
}

#[test]
fn what_is_gone_at_the_second_reading_is_told_by_export() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("out");
    is_told(&["export", "--out", out.to_str().expect("a path")]);
    let out = place.path().join("again");
    let unchanged = report(&["export", "--out", out.to_str().expect("a path")], |_| {});
    assert!(array(&unchanged.status(0).json()["problems"]).is_empty());
}

#[test]
fn what_is_gone_at_the_second_reading_is_told_by_audit_and_chain() {
    is_told(&["audit"]);
    is_told(&["audit", "--first"]);
    is_told(&["chain"]);
}
