//! Small inputs that ask for much: each ends within its time and memory, and what is beyond a limit is said.
#![cfg(target_os = "linux")]

mod certificates;
mod hierarchies;
mod lists;
mod sources;
mod texts;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{CustomExtension, KeyPair, PublicKeyData as _, SigningKey as _};
use serde_json::Value;

use crate::common::pki::Ca;
use crate::common::{AT, array};
use crate::der_writer::{element, sequence};

/// How long anything may take, also unoptimised, on a machine that does other things too.
const TIME: Duration = Duration::from_secs(100);
/// Address space, in KiB: of it the program itself and its threads take some hundred MiB.
const MEMORY: u32 = 2 * 1024 * 1024;

struct Bounded {
    status: i32,
    stdout: Vec<u8>,
    stderr: String,
}

impl Bounded {
    #[track_caller]
    fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.stdout);
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error}: {} {:.2000}", self.stderr, text))
    }

    /// The messages of all problems.
    #[track_caller]
    fn problems(&self) -> Vec<String> {
        let report = self.json();
        array(&report["problems"]).iter().map(|problem| problem["message"].to_string()).collect()
    }
}

/// Runs `certpath ARGUMENTS` within [`TIME`] and [`MEMORY`], its input from `stdin`, a shell command.
#[track_caller]
fn bounded(arguments: &[&str], stdin: &str) -> Bounded {
    bounded_to(arguments, stdin, MEMORY)
}

#[track_caller]
fn bounded_to(arguments: &[&str], stdin: &str, memory: u32) -> Bounded {
    let start = Instant::now();
    let script = format!("ulimit -v {memory}; {stdin} timeout --signal=KILL {} \"$0\" \"$@\"", TIME.as_secs());
    let output = Command::new("bash")
        .args(["-c", &script, env!("CARGO_BIN_EXE_certpath")])
        .args(arguments)
        .args(["--jobs", "2", "--no-progress"])
        .env("MALLOC_ARENA_MAX", "4")
        .stdin(Stdio::null())
        .output()
        .expect("bash runs");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let taken = start.elapsed();
    let Some(status) = output.status.code() else { panic!("{arguments:?} was killed after {taken:?}: {stderr}") };
    assert!((0..=5).contains(&status), "{arguments:?}: status {status} after {taken:?}: {stderr}");
    assert!(!stderr.contains("panicked at"), "{arguments:?}: {stderr}");
    Bounded { status, stdout: output.stdout, stderr }
}

/// Each command that looks at one folder of certificates, in the formats that differ in how they are made.
fn every_command(path: &str) {
    for arguments in [
        &["inspect", "--format", "json"][..],
        &["inspect", "--format", "csv"],
        &["inspect"],
        &["chain", "--format", "json"],
        &["chain"],
        &["audit", "--format", "json"],
        &["audit", "--format", "html"],
        &["audit"],
    ] {
        let output = bounded(&[arguments, &["--at", AT, path]].concat(), "");
        assert!([0, 1, 3].contains(&output.status), "{arguments:?}: {} {}", output.status, output.stderr);
    }
}

fn attribute(value: &str) -> Vec<u8> {
    sequence(&[&[6, 3, 0x55, 4, 11], &element(12, value.as_bytes())])
}

/// A certificate with names and extensions as they are given.
fn certificate(subject: &[u8], issuer: &[u8], key: &KeyPair, signer: &KeyPair, extensions: &[Vec<u8>]) -> Vec<u8> {
    let algorithm = sequence(&[&[6, 3, 0x2b, 0x65, 0x70]]);
    let extensions = element(0xa3, &sequence(&[&extensions.concat()]));
    let validity = sequence(&[&element(0x17, b"200101000000Z"), &element(0x17, b"400101000000Z")]);
    let serial = [2, 1, 7];
    let version = [0xa0, 3, 2, 1, 2];
    let spki = key.subject_public_key_info();
    let signed = sequence(&[&version, &serial, &algorithm, issuer, &validity, subject, &spki, &extensions]);
    let signature = signer.sign(&signed).expect("it can be signed");
    sequence(&[&signed, &algorithm, &element(3, &[&[0], &signature[..]].concat())])
}

fn extension(oid: &[u8], content: &[u8]) -> Vec<u8> {
    sequence(&[&element(6, oid), &element(4, content)])
}

fn ed25519() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key can be made")
}

const BASIC_CONSTRAINTS_CA: &[u8] = &[0x30, 0x0f, 6, 3, 0x55, 0x1d, 0x13, 1, 1, 0xff, 4, 5, 0x30, 3, 1, 1, 0xff];

/// A client certificate with so many host names.
fn client_with_names(root: &Ca, count: usize) -> Vec<u8> {
    let names: Vec<u8> = (0..count).flat_map(|n| element(0x82, format!("host-{n}.contoso.com").as_bytes())).collect();
    let names = CustomExtension::from_oid_content(&[2, 5, 29, 17], sequence(&[&names]));
    root.client_with("many.test", |options| {
        options.sans = Vec::new();
        options.extensions = vec![names];
    })
}
