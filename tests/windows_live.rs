//! The program on Windows: live stores from the command line, and Windows' crypt32 as an independent reader of certificates.
#![cfg(windows)]
#![allow(clippy::print_stderr, reason = "a test says by name what it did not run")]

use std::path::{Path, PathBuf};

use std::collections::BTreeSet;
use std::sync::OnceLock;

use certpath::certificate::Certificate;
use common::pki::Ca;
use common::{AT, Run, array, files, read, sha256, strings, thumbprint};
use crypt32::{Key, Store};
use serde_json::Value;

mod common;
#[path = "windows/crypt32.rs"]
mod crypt32;

/// A machine of a PKI whose certificates stand where Windows keeps them.
struct Machine {
    root: Ca,
    issuing: Ca,
    client: Vec<u8>,
}

const KSP: &str = "Microsoft Software Key Storage Provider";

impl Machine {
    /// Fills the machine's stores, once. `None`, after saying so, where they may not be written to.
    fn get() -> Option<&'static Self> {
        static MACHINE: OnceLock<Machine> = OnceLock::new();
        if std::env::var_os("CERTPATH_DISPOSABLE_WINDOWS").is_none() {
            common::not_run(
                "it writes to the machine's stores; CERTPATH_DISPOSABLE_WINDOWS says that they may be thrown away",
            );
            return None;
        }
        Some(MACHINE.get_or_init(|| {
            let root = Ca::root("Live Root CA");
            let issuing = root.issue_ca("Live Issuing CA");
            let client = issuing.client("live.contoso.com");
            let key = Key { container: "te-live", provider: KSP, provider_type: 0, machine: true };
            Store::system(true, "My").add(&client, Some(&key), &[]);
            Store::system(true, "Root").add(&root.der, None, &[]);
            Store::system(true, "CA").add(&issuing.der, None, &[]);
            Self { root, issuing, client }
        }))
    }
}

fn json(arguments: &[&str]) -> Value {
    Run::new(arguments).arg("--at").arg(AT).arg("--format").arg("json").output().status(0).silent().json()
}

fn by_sha256<'a>(certificates: &'a Value, der: &[u8]) -> &'a Value {
    let wanted = sha256(der);
    array(certificates).iter().find(|certificate| certificate["sha256"] == wanted.as_str()).expect("the certificate")
}

#[test]
fn inspect_shows_a_live_store() {
    let Some(machine) = Machine::get() else { return };
    let report = json(&["inspect", r"Cert:\LocalMachine\Root"]);
    let root = by_sha256(&report["certificates"], &machine.root.der);
    assert_eq!(root["role"], "root");
    let occurrence = &root["sources"][0];
    assert_eq!(occurrence["path"], r"Cert:\LocalMachine\Root");
    assert_eq!(occurrence["format"], "windows-store");
    assert_eq!(array(&report["problems"]).len(), 0);

    let report = json(&["inspect", "cert:/localmachine/my"]);
    let client = by_sha256(&report["certificates"], &machine.client);
    assert_eq!(client["hasPrivateKey"], true);
    assert_eq!(client["keyProvider"]["family"], "cng");
    assert_eq!(client["keyProvider"]["name"], KSP);
    assert_eq!(client["keyProvider"]["evidence"], "key-provider-info");
}

#[test]
fn a_thumbprint_behind_the_store_takes_one_certificate() {
    let Some(machine) = Machine::get() else { return };
    let report = json(&["inspect", &format!(r"Cert:\LocalMachine\CA\{}", thumbprint(&machine.issuing.der))]);
    let found: Vec<_> = array(&report["certificates"]).iter().map(|certificate| &certificate["sha256"]).collect();
    assert_eq!(found, [&Value::from(sha256(&machine.issuing.der))]);
}

#[test]
fn chain_builds_from_the_personal_store_to_the_root_store() {
    let Some(machine) = Machine::get() else { return };
    let report = json(&["chain", r"Cert:\LocalMachine\My"]);
    assert_eq!(report["trust"], "store");
    let wanted = sha256(&machine.client);
    let client = array(&report["clients"]).iter().find(|client| client["certificate"]["sha256"] == wanted.as_str());
    let path = &client.expect("the client certificate")["paths"][0];
    assert_eq!(path["status"], "valid");
    assert_eq!(
        strings(&path["certificates"]),
        [&machine.client, &machine.issuing.der, &machine.root.der].map(|der| sha256(der))
    );
}

#[test]
fn export_writes_the_certificates_of_the_stores_byte_for_byte() {
    let Some(machine) = Machine::get() else { return };
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("für die Wolke");
    let run =
        Run::new(["export", r"Cert:\LocalMachine\My", "--issuer", "Live Issuing CA", "--at", AT, "--out"]).arg(&out);
    run.output().status(0);
    let written = |role: &str| -> BTreeSet<Vec<u8>> {
        files(&out.join(role)).iter().map(|file| read(out.join(role).join(file))).collect()
    };
    assert_eq!(written("roots"), BTreeSet::from([machine.root.der.clone()]));
    assert_eq!(written("intermediates"), BTreeSet::from([machine.issuing.der.clone()]));
    let manifest: Value = serde_json::from_slice(&read(out.join("manifest.json"))).expect("JSON");
    assert_eq!((&manifest["trust"], &manifest["written"]), (&Value::from("store"), &Value::from(true)));
}

#[test]
fn what_the_disallowed_store_holds_is_refused() {
    let Some(_) = Machine::get() else { return };
    let root = Ca::root("Distrusted Root CA");
    let issuing = root.issue_ca("Distrusted Issuing CA");
    let client = issuing.client("distrusted.contoso.com");
    let own = format!("certpath test disallowed {}", std::process::id());
    Store::system(false, &own).add(&client, None, &[]);
    Store::system(true, "Root").add(&root.der, None, &[]);
    Store::system(true, "CA").add(&issuing.der, None, &[]);
    let source = format!(r"Cert:\CurrentUser\{own}");
    let status = |report: &Value| report["clients"][0]["paths"][0]["status"].clone();
    assert_eq!(status(&json(&["chain", &source])), "valid");
    Store::system(true, "Disallowed").add(&issuing.der, None, &[]);
    let report = json(&["chain", &source, "--fail-on", "never"]);
    crypt32::delete_system(false, &own);
    assert_ne!(status(&report), "valid", "{report}");
}

#[test]
fn what_another_ca_issued_is_no_anchor_though_it_lies_among_the_roots() {
    let Some(_) = Machine::get() else { return };
    let root = Ca::root("Absent Root CA");
    let issuing = root.issue_ca("Misplaced Issuing CA");
    let own = format!("certpath test misplaced {}", std::process::id());
    Store::system(false, &own).add(&issuing.client("misplaced.contoso.com"), None, &[]);
    Store::system(true, "Root").add(&issuing.der, None, &[]);
    let source = format!(r"Cert:\CurrentUser\{own}");
    let status = || json(&["chain", &source, "--fail-on", "never"])["clients"][0]["paths"][0]["status"].clone();
    assert_eq!(status(), "incomplete");
    Store::system(true, "Root").add(&root.der, None, &[]);
    assert_eq!(status(), "valid");
    crypt32::delete_system(false, &own);
}

#[test]
fn a_store_that_does_not_exist_is_status_2_and_says_how_to_list_them() {
    let output = Run::new(["inspect", r"Cert:\CurrentUser\no such store"]).output().status(2);
    assert!(output.stderr.contains(r"Get-ChildItem Cert:\CurrentUser lists"), "{}", output.stderr);
}

/// Certificates of the public corpora; empty, with a word about it, where they are not at hand.
fn corpus() -> Vec<(PathBuf, Vec<u8>)> {
    let folder = std::env::var_os("CERTPATH_CORPORA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora"), PathBuf::from);
    let mut certificates = Vec::new();
    for entry in walkdir::WalkDir::new(&folder).sort_by_file_name().into_iter().filter_map(Result::ok) {
        let Ok(bytes) = std::fs::read(entry.path()) else { continue };
        if bytes.first() == Some(&0x30) {
            certificates.push((entry.path().to_owned(), bytes));
        } else if let Ok(blocks) = pem::parse_many(&bytes) {
            let blocks = blocks.into_iter().filter(|block| block.tag() == "CERTIFICATE");
            certificates.extend(blocks.map(|block| (entry.path().to_owned(), block.into_contents())));
        }
    }
    if certificates.is_empty() {
        eprintln!("not run: comparison with crypt32 over the corpora, which are not in {}", folder.display());
    }
    certificates
}

/// Without what Wine 8 is known to write otherwise than Windows: it quotes values that need no quotes, leaves out `OID.` before
/// a number, and writes nothing for a name with an attribute that is not a string.
fn alike(description: crypt32::Description) -> crypt32::Description {
    let plain = |name: String| name.replace('"', "").replace("OID.", "");
    crypt32::Description { subject: plain(description.subject), issuer: plain(description.issuer), ..description }
}

#[test]
fn what_crypt32_reads_in_the_corpora_is_read_alike() {
    let (mut read, mut wrong) = (0, Vec::new());
    for (path, der) in corpus() {
        let Some(theirs) = crypt32::describe(&der) else { continue };
        read += 1;
        match Certificate::from_der(&der) {
            Err(error) => wrong.push(format!("{}: not read: {error}", path.display())),
            Ok(ours) => {
                let unless_silent = |ours: String, theirs: &str| if theirs.is_empty() { String::new() } else { ours };
                let ours = crypt32::Description {
                    subject: unless_silent(ours.subject().to_string(), &theirs.subject),
                    issuer: unless_silent(ours.issuer().to_string(), &theirs.issuer),
                    serial: ours.serial_number_hex(),
                    thumbprint: ours.thumbprint_hex(),
                };
                let differ = alike(ours.clone()) != alike(theirs.clone());
                if differ {
                    wrong.push(format!("{}:\n  ours   {ours:?}\n  theirs {theirs:?}", path.display()));
                }
            }
        }
    }
    eprintln!("{read} certificates compared with crypt32");
    assert!(wrong.is_empty(), "{} of {read} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Windows reads both settings from the program file before the program runs.
#[test]
fn the_program_asks_for_long_paths_and_utf8() {
    let program = std::fs::read(env!("CARGO_BIN_EXE_certpath")).expect("the program");
    let text = String::from_utf8_lossy(&program);
    for (setting, value) in [("longPathAware", ">true</"), ("activeCodePage", ">UTF-8</")] {
        let (_, rest) =
            text.split_once(&format!("<{setting} ")).unwrap_or_else(|| panic!("no {setting} in the manifest"));
        assert!(
            rest.split_once('\n').map_or(rest, |(line, _)| line).chars().take(100).collect::<String>().contains(value)
        );
    }
}
