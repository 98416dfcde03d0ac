//! `-`, which is standard input: what can be read from it, once, and what cannot be called so.

use crate::common::pki::{Ca, folder};
use crate::common::{AT, Run, array, each_command, files, openssl, pem, read, testdata};

fn path(pki: &str) -> String {
    testdata(pki).to_string_lossy().into_owned()
}

#[test]
fn standard_input_that_is_named_more_than_once_is_status_2_wherever_it_is_named() {
    let (pki, client, root) = (path("loop"), path("loop/client.cer"), path("loop/root.cer"));
    for arguments in [
        vec!["inspect", "-", "-"],
        vec!["inspect", "-", "--paths-from", "-"],
        vec!["chain", &pki, "--trust", "-", "--crl", "-"],
        vec!["chain", &client, "--trust", "-", "--intermediates", "-"],
        vec!["audit", "-", "--intermediates", "-"],
        vec!["export", "--paths-from", "-", "--crl", "-", "--out", "no-such-place"],
        vec!["verify", "--trust", "-", "-"],
        vec!["verify", "--trust", &root, "--crl", "-", "--intermediates", "-", &client],
        vec!["diff", "-", "-"],
        vec!["diff", &pki, "-", "--trust", "-"],
        vec!["inspect", "-", "--password-file", "-"],
        vec!["diff", &pki, &pki, "--password-file", "-", "--password-file", "-"],
    ] {
        let output = Run::new(&arguments).stdin(read(testdata("loop/root.cer"))).output().status(2);
        assert!(output.stdout.is_empty(), "{arguments:?}: {}", output.text());
        assert!(output.stderr.contains("standard input is named twice"), "{arguments:?}: {}", output.stderr);
    }
    let once = Run::new(["chain", "--trust", "-", "--at", AT, &pki]).stdin(read(testdata("loop/root.cer"))).output();
    assert_eq!(once.status, 0, "{}", once.seen());
}

#[test]
fn a_hyphen_for_a_file_that_is_written_or_for_settings_is_refused_with_what_to_do() {
    let place = tempfile::tempdir().expect("a folder");
    let pki = path("loop");
    for arguments in each_command(&pki, &pki, &pki).into_iter().chain([vec!["schema", "audit"]]) {
        let output = Run::new(&arguments).arg("-o").arg("-").dir(place.path()).output().status(2);
        assert!(output.stderr.contains("leave --output out for standard output"), "{}", output.stderr);
        assert_eq!(files(place.path()), Vec::<String>::new());
    }
    let output = Run::new(["plan", "--config", "-"]).stdin("").output().status(2);
    assert!(output.stderr.contains("settings are not read from standard input"), "{}", output.stderr);
    Run::new(["plan", "-o", "./-"]).dir(place.path()).output().status(0);
    assert_eq!(files(place.path()), ["-"], "a file may be called so");
}

#[test]
fn passwords_may_come_on_standard_input_and_open_both_sides_of_a_comparison() {
    let (one, two) = (Ca::root("One"), Ca::root("Two"));
    let place = folder(&[("one.pem", pem(&one.der).as_bytes()), ("two.pem", pem(&two.der).as_bytes())]);
    let at = |name: &str| place.path().join(name).to_string_lossy().into_owned();
    for name in ["one", "two"] {
        let (input, made) = (at(&format!("{name}.pem")), at(&format!("{name}.pfx")));
        let export = ["pkcs12", "-export", "-nokeys", "-passout", "pass:secret", "-in", &input, "-out", &made];
        openssl::openssl(&export, b"").expect("OpenSSL writes PKCS#12");
    }
    let diff = ["diff", &at("one.pfx"), &at("two.pfx"), "-f", "json"];
    Run::new(diff).stdin("").output().status(2);
    let output =
        Run::new(diff).arg("--password-file").arg("-").stdin("another\r\nsecret\r\n").output().status(0).silent();
    let found = output.json();
    assert_eq!((array(&found["add"]).len(), array(&found["remove"]).len()), (1, 1), "{found}");
}
