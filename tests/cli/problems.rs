//! What could not be read is told by every command in every format, and never hides what could be.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::pki::{Ca, folder};
use crate::common::{AT, Output, Run, array, read, testdata, write};

/// A root, an issuing CA, a client, and folders with a damaged certificate beside them.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let root = Ca::root("Contoso Root CA");
        let issuing = root.issue_ca("Contoso Issuing CA");
        let client = issuing.client("pc1.contoso.test");
        let folder =
            folder(&[("all/root.cer", &root.der), ("all/issuing.cer", &issuing.der), ("all/pc1.cer", &client)]);
        write(folder.path().join("pc1.cer"), &client);
        for name in ["all/broken.cer", "beside/broken-too.cer", "alone/broken.cer"] {
            write(folder.path().join(name), &client[..client.len() / 2]);
        }
        write(folder.path().join("beside/root.cer"), &root.der);
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// The arguments of a command over a folder, with something damaged in each place where it reads.
fn run(place: &Place, command: &str, format: &str, more: &[&str], all: &Path) -> Output {
    let mut run = Run::new([command, "--format", format, "--at", AT]);
    for option in more {
        run = run.arg(option);
    }
    if command == "export" {
        run = run.arg("--out").arg(place.path(&format!("out-{format}-{}", more.len()))).arg("--force");
    }
    match command {
        "inspect" => run.arg(all),
        "diff" => run.arg("--trust").arg(place.path("beside")).arg(all).arg(all),
        "verify" => {
            let run = run.arg("--trust").arg(place.path("beside")).arg("--intermediates").arg(all);
            run.arg(place.path("pc1.cer"))
        }
        _ => run.arg("--trust").arg(place.path("beside")).arg(all),
    }
    .output()
}

/// The name and message of each problem that a run told, wherever the format has its place for them.
fn told(format: &str, output: &Output) -> String {
    let of = |problems: &[Value]| -> String {
        problems.iter().map(|problem| format!("{} {}\n", problem["source"], problem["message"])).collect()
    };
    match format {
        "csv" => output.stderr.clone(),
        "json" => of(array(&output.json()["problems"])),
        "ndjson" => {
            let lines = output.text();
            let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
            of(&lines.filter(|line| line["type"] == "problem").collect::<Vec<_>>())
        }
        _ => output.text().split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

const SELECTIONS: [&[&str]; 4] =
    [&[], &["--first"], &["--select", "SubjectStr:pc1"], &["--issuer", "Contoso Root CA", "--first"]];

#[test]
fn a_damaged_file_beside_good_ones_is_named_in_every_format_of_every_command() {
    let place = Place::new();
    let all = place.path("all");
    for command in ["inspect", "chain", "audit", "export", "verify", "diff"] {
        let html: &[&str] = if command == "audit" { &["html"] } else { &[] };
        for format in ["table", "json", "ndjson", "csv"].iter().chain(html) {
            for more in SELECTIONS {
                let output = run(&place, command, format, more, &all).status(3);
                let told = told(format, &output);
                let names: &[&str] =
                    if command == "inspect" { &["broken.cer"] } else { &["broken.cer", "broken-too.cer"] };
                for name in names {
                    assert!(told.contains(name), "{command} {format} {more:?}: {name} is not in {told}");
                }
                assert!(told.contains("expected a whole certificate"), "{command} {format} {more:?}: {told}");
                if *format != "csv" {
                    assert!(output.stderr.is_empty(), "{command} {format}: {}", output.stderr);
                }
            }
        }
    }
}

#[test]
fn where_nothing_but_damage_is_found_the_problems_say_why() {
    let place = Place::new();
    let alone = place.path("alone");
    for command in ["inspect", "chain", "audit", "export", "diff"] {
        for more in SELECTIONS {
            let output = run(&place, command, "json", more, &alone).status(2);
            assert!(output.stdout.is_empty(), "{command}");
            assert!(output.stderr.contains("broken.cer: byte 0: expected a whole certificate"), "{}", output.stderr);
            assert!(output.stderr.contains("no certificate was found"), "{command}: {}", output.stderr);
        }
    }
    let verify = Run::new(["verify", "--trust"]).arg(place.path("all/root.cer")).arg(alone.join("broken.cer"));
    let output = verify.output().status(2);
    assert!(output.stderr.contains("expected a whole certificate"), "{}", output.stderr);
}

#[test]
fn no_more_problems_are_listed_of_a_file_and_of_a_run_than_is_said_and_that_there_are_more_is_one_of_them() {
    let damaged = "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n";
    let place =
        folder(&[("few.pem", damaged.repeat(1000).as_bytes()), ("many.pem", damaged.repeat(30_000).as_bytes())]);
    for number in 0..100 {
        write(place.path().join(format!("{number}.pem")), damaged.repeat(1200));
    }
    write(place.path().join("root.cer"), read(testdata("loop/root.cer")));
    let root = testdata("loop/root.cer");
    let problems = |arguments: &[&OsStr]| {
        let output = Run::new(arguments).arg("-f").arg("json").output().status(3);
        let problems = array(&output.json()["problems"]).to_vec();
        let limits: Vec<Value> = problems.iter().filter(|problem| problem["code"] == "limit").cloned().collect();
        (problems.len(), limits)
    };
    let inspect = |what: &Path| problems(&["inspect".as_ref(), what.as_os_str(), root.as_os_str()]);
    assert_eq!(inspect(&place.path().join("few.pem")), (1000, vec![]));
    let (count, limits) = inspect(&place.path().join("many.pem"));
    assert_eq!((count, limits.len()), (1001, 1));
    assert!(limits[0]["message"].to_string().contains("more is wrong with it"), "{}", limits[0]);
    // Each file and the run have their limits.
    let audit = ["audit", "--closed-pool", "--trust"].map(OsStr::new);
    let closed = [&audit[..], &[root.as_os_str(), place.path().as_os_str()]].concat();
    for (count, limits) in [inspect(place.path()), problems(&closed)] {
        assert_eq!(count, 100_001);
        let last = &limits.last().expect("one")["message"].to_string();
        assert!(last.contains("found 2101 more, which are not listed"), "{last}");
    }
}

#[test]
fn a_folder_that_crl_names_and_that_holds_files_but_no_crl_is_told_and_asks_verify_for_revocation() {
    let root = Ca::root("Contoso Root CA");
    let client = root.client("pc1.contoso.test");
    let place = folder(&[
        ("root.cer", &root.der),
        ("pc1.cer", &client),
        ("cas/root.cer", &root.der),
        ("texts/notes.txt", b"The CRLs are in another folder.\n"),
        ("kept/.gitkeep", b""),
    ]);
    let at = |name: &str| place.path().join(name);
    for (crls, told) in [("cas", Some("(certificates: 1)")), ("texts", Some("(certificates: 0)")), ("kept", None)] {
        let status = if told.is_some() { 3 } else { 0 };
        for command in ["chain", "audit", "export"] {
            let mut run = Run::new([command, "--at", AT, "--format", "json"]).arg(at("root.cer")).arg(at("pc1.cer"));
            if command == "export" {
                run = run.arg("--force").arg("--out").arg(at("out"));
            } else {
                run = run.arg("--fail-on").arg("never");
            }
            let output = run.arg("--crl").arg(at(crls)).output().status(status);
            let problems = output.json()["problems"].to_string();
            assert_eq!(problems.contains("expected a CRL, found none"), told.is_some(), "{command} {crls}: {problems}");
            assert!(problems.contains(told.unwrap_or_default()), "{command} {crls}: {problems}");
        }
        let run = Run::new(["verify", "--at", AT, "--format", "json", "--trust"]).arg(at("root.cer"));
        let output = run.arg("--crl").arg(at(crls)).arg(at("pc1.cer")).output().status(status);
        assert_eq!(output.json()["valid"], told.is_none(), "{crls}: {}", output.text());
    }
}
