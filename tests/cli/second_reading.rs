//! More certificates than are kept: they are read a second time, when they may not be what they were.
#![cfg(unix)]

use std::path::Path;
use std::process::Command;
use std::thread;

use rcgen::CustomExtension;

use crate::common::pki::Ca;
use crate::common::{AT, Run, pem, write};

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
