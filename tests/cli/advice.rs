//! What to do next is about what failed: no other copy is asked for where none would help, and no switch where there is none.

use crate::common::openssl::openssl;
use crate::common::pki::{Ca, folder, unknown_extension};
use crate::common::{Run, read};
use crate::explanations::{run, store_for_servers, store_of};

/// What `chain` advises.
fn advice(folder: &tempfile::TempDir) -> String {
    let text = run("chain", folder, &[]).text();
    let (_, advice) = text.split_once("\nNext: ").unwrap_or_else(|| panic!("no advice in {text}"));
    let lines = advice.lines().take_while(|line| !line.is_empty() && !line.starts_with("Where Windows differs"));
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_date_of_distrust_in_a_store_is_told_from_a_usage_that_can_be_switched_on() {
    let root = Ca::root("Northwind Root");
    let client = root.client("pc1.northwind.test");
    let with = |store: Vec<u8>| advice(&folder(&[("root.sst", &store), ("client.cer", &client)]));
    assert!(with(store_for_servers(&root.der)).contains("\"Certificate purposes\""));
    // CERT_DISALLOWED_FILETIME_PROP_ID of 2025-01-01, and CERT_NOT_BEFORE_FILETIME_PROP_ID of 2023-01-01; the client is of 2024.
    for (property, date) in [(104u32, 133_801_632_000_000_000u64), (126, 133_170_048_000_000_000)] {
        let told = with(store_of(&root.der, property, &date.to_le_bytes()));
        assert!(told.contains("date of distrust") && told.contains("another root"), "{property}: {told}");
        assert!(!told.contains("certlm.msc"), "{property}: {told}");
    }
}

#[test]
fn a_critical_extension_that_nobody_understands_is_no_damage() {
    let root = Ca::root("Northwind Root");
    let odd = root.issue_ca_with(crate::common::pki::name("Northwind Odd"), |options| {
        options.extensions.push(unknown_extension(true));
    });
    let client = root.client_with("pc1.northwind.test", |options| options.extensions.push(unknown_extension(true)));
    for (issuer, client) in [(&root, client), (&odd, odd.client("pc1.northwind.test"))] {
        let told = advice(&folder(&[("root.cer", &root.der), ("ca.cer", &issuer.der), ("client.cer", &client)]));
        assert!(told.contains("has to be issued anew, without the extension"), "{told}");
        assert!(!told.contains("damaged"), "{told}");
    }
}

#[test]
fn a_key_that_is_too_short_or_spells_its_curve_out_asks_for_another_key() {
    let place = tempfile::tempdir().expect("a folder");
    let file = |name: &str| place.path().join(name).to_string_lossy().into_owned();
    let make = |arguments: &[&str]| openssl(arguments, b"").expect("openssl makes it");
    let key = |name: &str, options: &[&str]| make(&[&["genpkey", "-out", &file(name)], options].concat());
    key("root.key", &["-algorithm", "RSA"]);
    key("short.key", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:992"]);
    key("curve.key", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"]);
    let root = ["req", "-x509", "-subj", "/CN=Root", "-days", "9000", "-addext", "keyUsage=keyCertSign"];
    make(&[&root[..], &["-key", &file("root.key"), "-out", &file("root.cer")]].concat());
    let issue = |name: &str, of: &str, issuer: &str, constraints: &str| {
        let (subject, constraints) = (format!("/CN={name}"), format!("basicConstraints=critical,CA:{constraints}"));
        let (ca, ca_key) = (file(&format!("{issuer}.cer")), file(&format!("{issuer}.key")));
        let request = ["req", "-x509", "-sha256", "-subj", &subject, "-days", "5000", "-addext", &constraints];
        let keys =
            ["-key", &file(&format!("{of}.key")), "-CA", &ca, "-CAkey", &ca_key, "-out", &file(&format!("{name}.cer"))];
        make(&[&request[..], &keys].concat());
    };
    issue("leaf", "short", "root", "FALSE");
    issue("bent", "curve", "root", "FALSE");
    issue("short", "short", "root", "TRUE");
    issue("below", "root", "short", "FALSE");
    for (client, ca, expected) in [
        ("leaf", "root", "have it issued anew with a new RSA key of 2048 bits"),
        ("below", "short", "the CA has to be renewed with a new RSA key of 2048 bits"),
        ("bent", "root", "a key that spells its curve out"),
    ] {
        let [root, ca, client] = ["root", ca, client].map(|name| read(file(&format!("{name}.cer"))));
        let files = folder(&[("root.cer", &root), ("ca.cer", &ca), ("client.cer", &client)]);
        let verify = Run::new(["verify", "--trust"]).arg(files.path().join("root.cer")).arg("--intermediates");
        let told =
            verify.arg(files.path().join("ca.cer")).arg(files.path().join("client.cer")).output().status(1).text();
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.to_lowercase().contains(&expected.to_lowercase()), "{told}");
        assert!(!told.contains("damaged"), "{told}");
    }
}
