//! `certpath audit` for people: what its text promises of roots, of rows and of days.

use crate::common::pki::{Ca, folder};
use crate::common::{AT, Run, read, sha256, testdata};

#[test]
fn an_audit_with_assumed_trust_asks_to_compare_the_roots_sha256_in_the_words_of_chain_and_export() {
    let root = sha256(&read(testdata("loop").join("root.cer")));
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("cmg");
    let request = |text: &str| -> String {
        let lines = text.lines().skip_while(|line| !line.starts_with("Trust is assumed: "));
        lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    };
    let run = |command: &str| Run::new([command, "--at", AT]).arg(testdata("loop"));
    let asked = request(&run("audit").output().text());
    assert!(asked.contains("PKI team") && asked.contains(&root), "{asked}");
    assert_eq!(asked, request(&run("chain").output().status(0).text()));
    assert_eq!(asked, request(&run("export").arg("--out").arg(out).output().status(0).text()));

    let given = run("audit").arg("--trust").arg(testdata("loop").join("root.cer")).output().text();
    assert!(!given.contains("PKI team") && !given.contains("assumed"), "{given}");
}

#[test]
fn an_audit_asks_for_the_roots_that_certificates_hang_on_and_for_no_other() {
    let (used, unused) = (Ca::root("Used Root"), Ca::root("Unused Root"));
    let folder = folder(&[("1.cer", &used.der), ("2.cer", &unused.der), ("3.cer", &used.client("pc1.contoso.test"))]);
    let text = Run::new(["audit", "--at", AT]).arg(folder.path()).output().text();
    assert!(text.contains(&sha256(&used.der)) && !text.contains(&sha256(&unused.der)), "{text}");
}
