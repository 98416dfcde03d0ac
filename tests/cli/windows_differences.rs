//! Where Windows answers otherwise than RFC 5280, or TLS otherwise than the certificate, every output says so.

use rcgen::{CustomExtension, ExtendedKeyUsagePurpose};
use serde_json::Value;

use crate::common::openssl::openssl;
use crate::common::pki::{Ca, folder, name};
use crate::common::{AT, Run};
use crate::der_writer::{element, sequence};
use crate::explanations::{run, store_for_servers};

/// `verify --purpose client`, as JSON and as text.
fn verified(folder: &tempfile::TempDir, trust: &str) -> (Value, String) {
    let run = |format: &str| {
        let run = Run::new(["verify", "--purpose", "client", "--at", AT, "--format", format, "--trust"]);
        let run = run.arg(folder.path().join(trust)).arg("--intermediates").arg(folder.path());
        run.arg(folder.path().join("client.cer")).output()
    };
    let text = run("table").text().split_whitespace().collect::<Vec<_>>().join(" ");
    (run("json").json()["paths"][0].clone(), text)
}

#[test]
fn what_fails_where_windows_differs_says_so_in_json_in_text_and_in_the_audit() {
    let server = || vec![ExtendedKeyUsagePurpose::ServerAuth];
    let root = Ca::root("Northwind Root");
    let strict_root = Ca::root_with(name("Northwind Root"), |options| options.path_length = Some(0));
    let for_servers = root.issue_ca_with(name("Northwind Servers"), |options| options.eku = server());
    let below = strict_root.issue_ca("Northwind Issuing");
    let server_auth = element(0x06, &[0x2b, 6, 1, 5, 5, 7, 3, 1]);
    let policies = sequence(&[&sequence(&[&server_auth])]);
    let application = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 311, 21, 10], policies);
    // NameConstraints and a name, both of a UPN.
    let upn = |text: &str| {
        let value = element(0xa0, &element(0x0c, text.as_bytes()));
        element(0xa0, &[element(0x06, &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 3]), value].concat())
    };
    let constrained = root.issue_ca_with(name("Northwind Users"), |options| {
        let permitted = element(0xa0, &sequence(&[&upn("@northwind.test")]));
        options.extensions.push(CustomExtension::from_oid_content(&[2, 5, 29, 30], sequence(&[&permitted])));
    });
    let user = constrained.client_with("pc1.northwind.test", |options| {
        options.sans.clear();
        let names = sequence(&[&upn("pc1@northwind.test")]);
        options.extensions.push(CustomExtension::from_oid_content(&[2, 5, 29, 17], names));
    });
    let published = root.issue_ca("Northwind Gone").client_with("pc1.northwind.test", |options| {
        let address = element(0x86, b"http://pki.northwind.test/gone.cer");
        let access = sequence(&[&element(0x06, &[0x2b, 6, 1, 5, 5, 7, 48, 2]), &address]);
        let access = CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], sequence(&[&access]));
        options.extensions.push(access);
    });
    let host = "pc1.northwind.test";
    /// The question, the root, the issuing CA, the client.
    type Case<'a> = (&'a str, &'a [u8], &'a [u8], Vec<u8>);
    let cases: [Case<'_>; 5] = [
        ("Extended key usage of CA certificates", &root.der, &for_servers.der, for_servers.client(host)),
        (
            "Application policies",
            &root.der,
            &root.der,
            root.client_with(host, |options| options.extensions.push(application)),
        ),
        ("What a self-signed anchor says of itself", &strict_root.der, &below.der, below.client(host)),
        ("Constraints on UPN", &root.der, &constrained.der, user),
        ("Issuers and CRLs that are not at hand", &root.der, &root.der, published),
    ];
    for (question, root, issuing, client) in cases {
        let folder = folder(&[("root.cer", root), ("issuing.cer", issuing), ("client.cer", &client)]);
        let (path, text) = verified(&folder, "root.cer");
        let reason = path.get("failure").unwrap_or(&path["missing"]);
        let windows = &reason["windows"];
        assert!(windows["question"].as_str().is_some_and(|found| found.starts_with(question)), "{question}: {path}");
        assert!(windows["source"].as_str().is_some_and(|source| source.starts_with("https://")), "{windows}");
        // What is published has its address beside it.
        let is_told = text.contains(&format!("Where Windows differs: {question}"));
        assert_ne!(is_told, question.starts_with("Issuers"), "{question}: {text}");
        // Application policies have a rule of their own.
        if question.starts_with("Issuers") || question.starts_with("Application") {
            continue;
        }
        let audit = run("audit", &folder, &["--format", "json"]).json().to_string();
        assert!(audit.contains(&format!("Where Windows differs: {question}")), "{question}: {audit}");
    }
    let (path, _) = verified(
        &folder(&[("root.cer", &root.der), ("client.cer", &root.client_with(host, |options| options.eku = server()))]),
        "root.cer",
    );
    assert_eq!(path["failure"]["check"], "extended-key-usage");
    assert!(path["failure"].get("windows").is_none(), "of the last certificate RFC 5280 asks the same");
    // Windows reads the application policies, and these alone.
    let client_auth = element(0x06, &[0x2b, 6, 1, 5, 5, 7, 3, 2]);
    let allowed = sequence(&[&sequence(&[&client_auth])]);
    let client = root.client_with(host, |options| {
        options.eku = server();
        options.extensions.push(CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 311, 21, 10], allowed));
    });
    let (path, _) = verified(&folder(&[("root.cer", &root.der), ("client.cer", &client)]), "root.cer");
    assert_eq!(path["failure"]["check"], "extended-key-usage");
    let windows = &path["failure"]["windows"];
    assert!(windows["question"].as_str().is_some_and(|found| found.starts_with("Application policies")), "{windows}");
}

#[test]
fn short_keys_broken_hashes_and_store_limits_say_what_windows_does_too() {
    let work = tempfile::tempdir().expect("a folder");
    let file = |name: &str| work.path().join(name).to_string_lossy().into_owned();
    let make = |arguments: &[&str]| openssl(arguments, b"").expect("openssl makes it");
    make(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        &file("key"),
        "-subj",
        "/CN=R",
        "-days",
        "9000",
        "-out",
        &file("root.cer"),
    ]);
    for (bits, hash, question) in [
        ("rsa:512", "-sha256", "RSA keys below 1024 bits"),
        ("rsa:1016", "-sha256", "RSA keys below 1024 bits"),
        ("rsa:2048", "-md5", "MD2, MD5 signatures"),
    ] {
        make(&[
            "req",
            "-x509",
            "-newkey",
            bits,
            "-nodes",
            "-keyout",
            &file("own"),
            "-subj",
            "/CN=pc1",
            "-CA",
            &file("root.cer"),
            "-CAkey",
            &file("key"),
            hash,
            "-addext",
            "basicConstraints=CA:FALSE",
            "-out",
            &file("client.cer"),
        ]);
        let (path, text) = verified(&work, "root.cer");
        let reason = path
            .get("failure")
            .filter(|failure| failure["check"] == "algorithm")
            .unwrap_or(&path["missing"]["refused"]);
        assert_eq!(reason["windows"]["question"], question, "{path}");
        assert!(text.contains(&format!("here Windows differs: {question}")), "{text}");
    }
    let root = Ca::root("Northwind Root");
    let files =
        folder(&[("root.sst", &store_for_servers(&root.der)), ("client.cer", &root.client("pc1.northwind.test"))]);
    let (path, text) = verified(&files, "root.sst");
    assert_eq!(path["failure"]["check"], "store-restriction");
    assert!(text.contains("Where Windows differs: Limits in the store entry of a root"), "{text}");

    // Judged itself, the root is held to the same limits.
    let files = folder(&[("root.sst", &store_for_servers(&root.der)), ("client.cer", &root.der)]);
    let (path, _) = verified(&files, "root.sst");
    assert_eq!(path["failure"]["check"], "store-restriction");
}

#[test]
fn for_tls_neither_a_dsa_signature_nor_a_key_on_a_curve_that_it_gave_up_is_taken() {
    let place = tempfile::tempdir().unwrap();
    let file = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let openssl = |arguments: &[&str]| assert!(openssl(arguments, b"").is_some(), "{arguments:?}");
    let make = |key: &str, options: &[&str]| openssl(&[&["genpkey", "-out", key], options].concat());
    openssl(&["genpkey", "-genparam", "-algorithm", "DSA", "-out", &file("dsa.parameters")]);
    make(&file("dsa.key"), &["-paramfile", &file("dsa.parameters")]);
    for (name, curve) in [("rsa", None), ("old", Some("P-192")), ("new", Some("P-256")), ("root", Some("P-256"))] {
        match curve {
            None => make(&file(&format!("{name}.key")), &["-algorithm", "RSA"]),
            Some(curve) => {
                let curve = format!("ec_paramgen_curve:{curve}");
                make(&file(&format!("{name}.key")), &["-algorithm", "EC", "-pkeyopt", &curve])
            }
        };
    }
    for (root, client, is_taken, found) in [
        ("root", "new", true, ""),
        ("root", "rsa", true, ""),
        ("dsa", "rsa", false, "DSA"),
        ("root", "dsa", false, "DSA"),
        ("root", "old", false, "P-192"),
    ] {
        let [root_key, client_key] = [root, client].map(|name| file(&format!("{name}.key")));
        let (anchor, leaf, request) = (file("anchor.pem"), file("leaf.pem"), file("csr"));
        let name = ["-subj", "/CN=TLS Root", "-addext", "keyUsage=keyCertSign"];
        openssl(&[&["req", "-x509", "-key", &root_key, "-days", "30000", "-out", &anchor], &name[..]].concat());
        openssl(&["req", "-new", "-key", &client_key, "-subj", "/CN=client", "-out", &request]);
        let issue = ["x509", "-req", "-in", &request, "-CA", &anchor, "-CAkey", &root_key, "-sha256", "-out", &leaf];
        openssl(&[&issue[..], &["-set_serial", "7", "-days", "30000"]].concat());
        for (purpose, expected) in [("any", true), ("client", is_taken), ("server", is_taken)] {
            let verify = ["verify", "--trust", &anchor, "--purpose", purpose, "--format", "json", &leaf];
            let report = Run::new(verify).output().status(i32::from(!expected)).json();
            if !expected {
                let failure = &report["paths"][0]["failure"];
                assert_eq!(failure["check"], "tls", "{report}");
                assert!(failure["found"].as_str().is_some_and(|text| text.contains(found)), "{failure}");
            }
        }
    }
}
