//! A self-signed certificate that does not say whether it is a CA's is a root by what it has issued, and is called so everywhere.

use std::path::Path;

use serde_json::Value;

use crate::common::pki::{Ca, folder, name};
use crate::common::{AT, Output, Run, array, files, sha256};

struct Pki {
    folder: tempfile::TempDir,
    root: Ca,
}

impl Pki {
    /// A root with these basic constraints, and no key usage; below it a CA, and below that a client.
    fn new(constraints: Option<bool>) -> Self {
        let root = Ca::root_with(name("Old Root"), |root| {
            root.ca = constraints;
            root.key_usage.clear();
        });
        let issuing = root.issue_ca("Issuing CA");
        // It says as little, and has issued nothing.
        let server = Ca::root_with(name("server.example.test"), |server| {
            server.ca = None;
            server.key_usage.clear();
            server.eku = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        });
        let client = issuing.client("pc1");
        let files: [(&str, &[u8]); 4] =
            [("root.cer", &root.der), ("issuing.cer", &issuing.der), ("server.cer", &server.der), ("pc1.cer", &client)];
        Self { folder: folder(&files), root }
    }

    fn run(&self, command: &str, more: &[&str]) -> Output {
        more.iter().fold(Run::new([command, "--at", AT]), Run::arg).arg(self.folder.path()).output()
    }

    fn path(&self, file: &str) -> String {
        self.folder.path().join(file).display().to_string()
    }
}

/// The roles of a document's CAs, by name.
fn roles(document: &Value) -> Vec<String> {
    let mut roles: Vec<String> = array(&document["issuers"])
        .iter()
        .map(|issuer| {
            let certificate = &issuer["certificate"];
            format!("{} {} {}", certificate["subject"], certificate["role"], certificate["selfSigned"])
        })
        .collect();
    roles.sort();
    roles.iter().map(|role| role.replace('"', "")).collect()
}

const ROLES: [&str; 2] = ["CN=Issuing CA intermediate false", "CN=Old Root root true"];

#[test]
fn chain_calls_it_a_root_in_the_path_and_in_what_the_cmg_needs() {
    let pki = Pki::new(None);
    let text = pki.run("chain", &[]).text();
    assert!(text.contains("Old Root  root, trust assumed"), "{text}");
    let (_, needs) = text.split_once("The CMG needs").expect("it ends so");
    let lines: Vec<&str> = needs.lines().map(str::trim).collect();
    assert!(lines[1].starts_with("root:          Old Root ["), "{text}");
    assert!(lines[2].starts_with("intermediate:  Issuing CA ["), "{text}");
    assert_eq!(needs.matches("Old Root").count(), 1, "{text}");
    assert_eq!(roles(&pki.run("chain", &["--format", "json"]).json()), ROLES);
}

#[test]
fn one_that_is_given_as_trust_anchor_is_called_a_root_too() {
    let pki = Pki::new(None);
    let elsewhere = folder(&[("root.cer", &pki.root.der)]);
    std::fs::remove_file(pki.path("root.cer")).expect("it goes");
    let trust = elsewhere.path().join("root.cer").display().to_string();
    let text = pki.run("chain", &["--trust", &trust]).text();
    assert!(text.contains("Old Root  root, trust given"), "{text}");
    assert!(text.contains("\n  root:          Old Root ["), "{text}");
    for command in ["chain", "audit"] {
        assert_eq!(roles(&pki.run(command, &["--trust", &trust, "--format", "json"]).json()), ROLES, "{command}");
    }
}

#[test]
fn audit_calls_it_a_root_in_every_format() {
    let pki = Pki::new(None);
    assert_eq!(roles(&pki.run("audit", &["--format", "json"]).json()), ROLES);
    let text = pki.run("audit", &[]).text();
    let (_, rest) = text.split_once("CA certificates").expect("a table of them");
    let line = rest.lines().find(|line| line.trim_start().starts_with("Old Root ")).expect("it is there");
    assert!(line.split_whitespace().any(|word| word == "root"), "{text}");
}

#[test]
fn export_puts_it_among_the_roots_and_diff_knows_it_on_each_side() {
    let pki = Pki::new(None);
    let out = tempfile::tempdir().expect("a folder");
    let out = out.path().join("out");
    pki.run("export", &["--out", &out.display().to_string()]);
    let of = |folder: &str| files(&out.join(folder)).len();
    assert_eq!((of("roots"), of("intermediates")), (1, 1), "{:?}", files(&out));

    let diff = |from: &Path, to: &Path, more: &[&str]| {
        let run = Run::new(["diff", "--at", AT, "--format", "json"]);
        more.iter().fold(run, Run::arg).arg(from).arg(to).output().status(0).json()
    };
    let all = pki.folder.path();
    let [roots, intermediates] = ["roots", "intermediates"].map(|folder| out.join(folder));
    let trust = pki.path("root.cer");
    for more in [&[][..], &["--trust", &trust]] {
        let found = diff(&intermediates, all, more);
        let add = array(&found["add"]);
        assert_eq!(add.len(), 1, "{found}");
        assert_eq!((&add[0]["subject"], &add[0]["role"]), (&"CN=Old Root".into(), &"root".into()));
        assert_eq!(add[0]["sha256"].as_str(), Some(&*sha256(&pki.root.der)));
        assert_eq!(array(&found["keep"]).len(), 1, "{found}");

        // Alone it does not tell what it is, and the other side does.
        let found = diff(&roots, all, more);
        let subjects = |list: &str| -> Vec<Value> {
            array(&found[list])
                .iter()
                .map(|one| Value::from(vec![one["subject"].clone(), one["role"].clone()]))
                .collect()
        };
        assert_eq!(subjects("add"), [serde_json::json!(["CN=Issuing CA", "intermediate"])], "{found}");
        assert_eq!(subjects("keep"), [serde_json::json!(["CN=Old Root", "root"])], "{found}");
        assert!(subjects("remove").is_empty(), "{found}");
        assert_eq!(diff(&out, all, more)["same"], true);
    }
}

/// One that says that it is no CA's is none, whatever it has issued.
#[test]
fn one_that_denies_to_be_a_ca_is_no_root() {
    let pki = Pki::new(Some(false));
    for command in ["chain", "audit"] {
        let found = pki.run(command, &["--format", "json"]).json();
        assert!(roles(&found).iter().all(|role| role != ROLES[1]), "{command}: {found}");
    }
    // It is there, so that it is not called missing; and it is nobody's client.
    let found = pki.run("chain", &["--format", "json"]).status(1).json();
    assert_eq!(array(&found["clients"]).iter().filter(|one| one["certificate"]["subject"] == "CN=Old Root").count(), 0);
    let path = &array(&found["clients"])[0]["paths"][0];
    assert_eq!((&path["status"], &path["missing"]), (&Value::from("invalid"), &Value::Null), "{path}");
    let told = pki.run("export", &["--out", &pki.path("out")]).status(5).text();
    assert!(told.contains("Failed check: basic constraints") && !told.contains("Missing"), "{told}");
    let intermediates = folder(&[("issuing.cer", &std::fs::read(pki.path("issuing.cer")).expect("it is there"))]);
    let found = pki.run("diff", &["--format", "json", &intermediates.path().display().to_string()]).json();
    assert_eq!((&found["same"], array(&found["keep"]).len()), (&Value::Bool(true), 1), "{found}");
}
