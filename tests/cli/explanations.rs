//! Why there is no path, as every command tells it: the reason stands first, and is the true one.

use rcgen::{CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree, NameConstraints};
use serde_json::Value;

use crate::common::openssl::verifies;
use crate::common::pki::{Ca, folder, name};
use crate::common::{AT, Output, Run, array, files, json_of, read, sha256, testdata};
use crate::der_writer::{element, sequence};

pub(crate) fn run(command: &str, folder: &tempfile::TempDir, more: &[&str]) -> Output {
    let run = Run::new([command]).arg(folder.path()).arg("--at").arg(AT);
    more.iter().fold(run, |run, more| run.arg(more)).output()
}

fn chained(folder: &tempfile::TempDir) -> Value {
    run("chain", folder, &["--format", "json", "--fail-on", "never"]).json()
}

/// One client's first path, as `chain` records it.
#[track_caller]
fn first_path(report: &Value) -> Value {
    report["clients"][0]["paths"][0].clone()
}

/// The same sentence, whoever tells it.
#[track_caller]
fn assert_told(folder: &tempfile::TempDir, expected: &str) {
    let one_line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let missing = first_path(&chained(folder))["missing"].clone();
    assert_eq!(missing["reason"], expected);
    for (command, more) in [("chain", &[][..]), ("export", &["--out", "never"])] {
        let text = one_line(run(command, folder, more).seen());
        assert!(text.contains(expected), "{command}: {text}");
    }
    let audited = run("audit", folder, &["--format", "json"]).json();
    let findings = array(&audited["certificates"][0]["findings"]);
    let tells = |finding: &Value| finding["message"].as_str().is_some_and(|message| message.contains("the signature"));
    assert!(findings.iter().any(tells), "{findings:?}");
    let lines = one_line(run("chain", folder, &[]).text());
    let heading = lines.split("Next:").next().unwrap_or_default();
    assert!(!heading.contains("missing"), "{heading}");
    let verify = Run::new(["verify", "--at", AT, "--trust"])
        .arg(folder.path().join("root.cer"))
        .arg("--intermediates")
        .arg(folder.path())
        .arg(folder.path().join("client.cer"))
        .output()
        .status(1);
    assert!(one_line(verify.text()).contains(&format!("because {expected}")), "{}", verify.text());
}

/// The codes that an audit finds at the client itself.
fn codes_of_client(folder: &tempfile::TempDir) -> Vec<String> {
    let report = run("audit", folder, &["--format", "json"]).json();
    let findings = array(&report["certificates"][0]["findings"]);
    findings.iter().filter_map(|finding| finding["id"].as_str().map(str::to_owned)).collect()
}

/// The signature algorithm named otherwise, ecdsa-with-SHA2 by the last number of its object identifier: inside what is signed (0)
/// or outside (1).
fn with_algorithm(der: &[u8], last: u8, places: &[usize]) -> Vec<u8> {
    const ECDSA_SHA256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    let mut changed = der.to_vec();
    let found: Vec<usize> =
        (0..der.len()).filter(|at| der.get(*at..*at + 10).is_some_and(|bytes| bytes == ECDSA_SHA256)).collect();
    assert_eq!(found.len(), 2, "one algorithm inside, one outside");
    for place in places {
        changed[found[*place] + 9] = last;
    }
    changed
}

/// The last byte of a signature turned.
fn damaged(mut der: Vec<u8>) -> Vec<u8> {
    if let Some(last) = der.last_mut() {
        *last ^= 1;
    }
    der
}

#[test]
fn a_signature_by_another_key_of_the_name_is_said_and_not_a_missing_issuer() {
    let (right, wrong) = (Ca::root("Northwind Root"), Ca::root("Northwind Root"));
    let client = right.client_with("pc1.northwind.test", |options| options.aki = false);
    let folder = folder(&[("root.cer", &wrong.der), ("client.cer", &client)]);
    assert_told(
        &folder,
        "the signature of pc1.northwind.test was not made by the key of Northwind Root, the only one of that name at hand",
    );
    let missing = first_path(&chained(&folder))["missing"].clone();
    assert_eq!(missing["candidates"], 1);
    assert_eq!(missing["refused"]["check"], "signature");
    assert_eq!(missing["refused"]["candidate"], sha256(&wrong.der));
}

#[test]
fn a_certificate_that_was_changed_is_told_from_one_whose_issuer_is_not_there() {
    let root = Ca::root("Northwind Root");
    let folder = folder(&[("root.cer", &root.der), ("client.cer", &damaged(root.client("pc1.northwind.test")))]);
    assert_told(
        &folder,
        "the signature of pc1.northwind.test was not made by the key of Northwind Root, the issuer that it names",
    );
    let text = run("chain", &folder, &[]).text();
    assert!(text.starts_with("1 client certificate, whose issuer cannot be confirmed\n"), "{text}");
    assert!(text.contains("Compare that certificate with the CA's own copy"), "{text}");
    assert!(codes_of_client(&folder).contains(&"signature".to_owned()));
}

#[test]
fn an_algorithm_that_is_not_supported_is_the_headline_and_named() {
    let root = Ca::root("Northwind Root");
    let client = with_algorithm(&root.client("pc1"), 99, &[0, 1]);
    let work = folder(&[("root.cer", &root.der), ("client.cer", &client)]);
    let missing = first_path(&chained(&work))["missing"].clone();
    assert_eq!(missing["refused"]["check"], "algorithm");
    let expected = format!(
        "the signature of pc1 cannot be checked, for {} is not supported: its issuer Northwind Root cannot be confirmed",
        missing["refused"]["found"].as_str().expect("what is not supported")
    );
    assert!(expected.contains("1.2.840.10045.4.3.99"), "{expected}");
    assert_told(&work, &expected);
}

#[test]
fn cas_that_certify_each_other_without_a_root_are_told_as_that() {
    let (a, b) = (Ca::root("Northwind A"), Ca::root("Northwind B"));
    let (a_by_b, b_by_a) = (b.cross_certify(&a), a.cross_certify(&b));
    let client = a.client("pc1.northwind.test");
    let folder = folder(&[("a.cer", &a_by_b.der), ("b.cer", &b_by_a.der), ("client.cer", &client)]);
    let missing = first_path(&chained(&folder))["missing"].clone();
    assert_eq!(missing["refused"]["check"], "loop");
    let reason = missing["reason"].as_str().expect("a reason");
    assert!(reason.contains("they certify each other, and nothing leads to a root"), "{reason}");
}

#[test]
fn an_issuer_of_which_nothing_is_at_hand_is_missing_as_before() {
    let root = Ca::root("Northwind Root");
    let issuing = root.issue_ca("Northwind Issuing");
    let folder = folder(&[("root.cer", &root.der), ("client.cer", &issuing.client("pc1.northwind.test"))]);
    let missing = first_path(&chained(&folder))["missing"].clone();
    assert_eq!(missing["reason"], "the issuer of pc1.northwind.test is missing");
    assert_eq!(missing["candidates"], 0);
    assert!(missing.get("refused").is_none());
    assert!(run("chain", &folder, &[]).text().starts_with("1 client certificate, whose issuer is missing\n"));
}

#[test]
fn a_renewed_ca_of_another_key_is_named_as_the_one_that_is_at_hand() {
    let old = Ca::root("Northwind Root");
    let new = Ca::root_with(name("Northwind Root"), |_| {});
    let folder = folder(&[("root.cer", &new.der), ("client.cer", &old.client("pc1.northwind.test"))]);
    let missing = first_path(&chained(&folder))["missing"].clone();
    assert_eq!(
        missing["reason"],
        "the issuer of pc1.northwind.test is missing: Northwind Root, the only one of its name at hand, has another key"
    );
    assert_eq!(missing["refused"]["check"], "key-identifier");
    let report = run("chain", &folder, &["--format", "csv"]).text();
    assert!(report.contains("key-identifier"), "{report}");
}

#[test]
fn a_signature_algorithm_that_differs_outside_is_told_as_that_and_not_as_a_bad_signature() {
    const SHA384: u8 = 3;
    let root = Ca::root("Northwind Root");
    let issuing = root.issue_ca("Northwind Issuing");
    let client = issuing.client("pc1.northwind.test");
    for changed in 0..3 {
        let mut files = [root.der.clone(), issuing.der.clone(), client.clone()];
        files[changed] = with_algorithm(&files[changed], SHA384, &[1]);
        let folder = folder(&[("root.cer", &files[0]), ("issuing.cer", &files[1]), ("client.cer", &files[2])]);
        let path = first_path(&chained(&folder));
        let failure = path.get("failure").unwrap_or(&path["missing"]["refused"]);
        assert_eq!(failure["check"], "algorithm-mismatch", "{path}");
        let all = format!("{}{}", path["refused"], path["missing"]);
        assert!(!all.contains("\"check\":\"signature\""), "{all}");
        let text = run("chain", &folder, &[]).text();
        let head = text.split("Next:").next().unwrap_or_default();
        assert!(head.contains("algorithm mismatch") || head.contains("one signature algorithm inside"), "{text}");
        let audit = run("audit", &folder, &["--format", "json"]).json();
        let messages: Vec<String> = ["issuers", "certificates"]
            .iter()
            .flat_map(|list| array(&audit[list]).iter().flat_map(|one| array(&one["findings"])))
            .map(|finding| finding["message"].to_string())
            .collect();
        let of_signature: Vec<&String> = messages.iter().filter(|message| message.contains("ignature")).collect();
        assert!(of_signature.iter().any(|message| message.contains("inside")), "{changed}: {messages:?}");
        assert!(of_signature.iter().all(|message| message.contains("inside")), "{changed}: {of_signature:?}");
    }
}

#[test]
fn names_that_are_equal_by_comparison_only_are_in_every_record_of_a_path() {
    let pki = testdata("name-encodings");
    let client = read(pki.join("client-1.cer"));
    let path = |report: &Value| {
        let clients = array(&report["clients"]);
        let one = clients.iter().find(|one| one["certificate"]["sha256"] == sha256(&client)).expect("the client");
        one["paths"][0].clone()
    };
    let of_chain = path(&json_of("chain", &[&pki], &[]).status(0).json());
    let lines = Run::new(["chain", "--at", AT, "--format", "ndjson"]).arg(&pki).output().status(0).text();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let line = lines
        .iter()
        .find(|line| line["type"] == "certificate" && line["certificate"]["sha256"] == sha256(&client))
        .expect("a line of the client");
    let verified = Run::new(["verify", "--at", AT, "--format", "json", "--trust"])
        .arg(pki.join("root.cer"))
        .arg("--intermediates")
        .arg(&pki)
        .arg(pki.join("client-1.cer"))
        .output()
        .json();
    for path in [&of_chain, &line["paths"][0], &verified["paths"][0]] {
        let found = array(&path["nameEncodings"]);
        assert!(!found.is_empty(), "{path}");
        for one in found {
            // The two names, as the certificates themselves have them.
            let file = |sha256_of: &Value| {
                files(&pki)
                    .into_iter()
                    .map(|file| read(pki.join(file)))
                    .find(|der| sha256(der) == *sha256_of)
                    .expect("a certificate of the folder")
            };
            let hex = |der: &[u8]| der.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            assert!(hex(&file(&one["certificate"])).contains(one["expected"].as_str().expect("a name")));
            assert!(hex(&file(&one["issuer"])).contains(one["found"].as_str().expect("a name")));
            assert_ne!(one["expected"], one["found"]);
            assert!(one["windows"]["windows"].as_str().is_some_and(|windows| windows.contains("identical encodings")));
        }
    }
    let plain = json_of("chain", &[&testdata("cross-signed")], &[]).json();
    assert_eq!(array(&plain["clients"]).len(), 1);
    assert!(!plain.to_string().contains("nameEncodings"));
}

/// A serialized store with one certificate, which its entry trusts for server authentication only.
pub(crate) fn store_for_servers(der: &[u8]) -> Vec<u8> {
    store_of(der, 9, &[0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01])
}

/// A serialized store with one certificate, whose entry has this property.
pub(crate) fn store_of(der: &[u8], property: u32, value: &[u8]) -> Vec<u8> {
    let mut store = b"\0\0\0\0CERT".to_vec();
    for (property, value) in [(property, value), (0x20, der)] {
        store.extend(property.to_le_bytes());
        store.extend(1u32.to_le_bytes());
        store.extend(u32::try_from(value.len()).expect("short").to_le_bytes());
        store.extend(value);
    }
    store.extend([0; 12]);
    store
}

#[test]
fn what_an_anchor_limits_itself_is_told_of_every_path_to_it() {
    let within = |domain: &str| vec![GeneralSubtree::DnsName(domain.to_owned())];
    let root = Ca::root_with(name("Northwind Root"), |options| {
        options.path_length = Some(1);
        options.eku = vec![ExtendedKeyUsagePurpose::ClientAuth];
        options.name_constraints = Some(NameConstraints {
            permitted_subtrees: within("northwind.test"),
            excluded_subtrees: within("secret.northwind.test"),
        });
        options.extensions.push(CustomExtension::from_oid_content(&[2, 5, 29, 36], vec![0x30, 0x03, 0x80, 0x01, 0x00]));
    });
    let issuing = root.issue_ca("Northwind Issuing");
    let (inside, outside) = (issuing.client("pc1.northwind.test"), issuing.client("pc1.contoso.test"));
    for (client, is_valid) in [(&inside, true), (&outside, false)] {
        let folder = folder(&[("root.cer", &root.der), ("issuing.cer", &issuing.der), ("client.cer", client)]);
        let path = first_path(&chained(&folder));
        assert_eq!(path["status"] == "valid", is_valid, "{path}");
        let limits = &path["anchorConstraints"];
        assert_eq!(limits["pathLength"], 1);
        assert_eq!(limits["permitted"][0], "DNS Name=northwind.test");
        assert_eq!(limits["excluded"][0], "DNS Name=secret.northwind.test");
        assert_eq!(limits["extendedKeyUsage"][0]["oid"], "1.3.6.1.5.5.7.3.2");
        assert_eq!(limits["notProcessed"][0], "Policy Constraints");
        let text = run("chain", &folder, if is_valid { &["-v"] } else { &[] }).text();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let told = "limits itself what is below it: at most 1 intermediate on a path; names only within DNS Name=northwind.test; \
                    no names within DNS Name=secret.northwind.test; extended key usage for Client Authentication only";
        assert!(text.contains(told) && text.contains("6.1.1 (d)") && text.contains("RFC 5937"), "{text}");
    }
    let plain = Ca::root("Plain Root");
    let files = folder(&[
        ("root.sst", &store_for_servers(&plain.der)),
        ("client.cer", &plain.client("pc1.northwind.test")),
        ("root.cer", &plain.der),
    ]);
    let verify = |trust: &str| {
        let run = Run::new(["verify", "--purpose", "client", "--at", AT, "--format", "json", "--trust"])
            .arg(files.path().join(trust));
        run.arg(files.path().join("client.cer")).output().json()["paths"][0].clone()
    };
    assert!(verify("root.cer").get("anchorConstraints").is_none());
    let limited = verify("root.sst");
    assert_eq!(limited["failure"]["check"], "store-restriction", "{limited}");
    let usages = &limited["anchorConstraints"]["restrictions"]["enhancedKeyUsage"];
    assert_eq!(usages[0]["oid"], "1.3.6.1.5.5.7.3.1");
}

#[test]
fn a_wildcard_that_can_stand_for_an_excluded_name_is_refused_and_one_that_cannot_is_not() {
    for (permitted, excluded, san, is_valid) in [
        (None, Some("a.c.test"), "*.c.test", false),
        (None, Some("b.a.c.test"), "*.c.test", true),
        (None, Some("example"), "*.c.test", true),
        (None, Some("c.test"), "*.c.test", false),
        (Some("c.test"), None, "*.c.test", true),
        (Some("a.c.test"), None, "*.c.test", false),
        (Some("c.test"), Some("a.c.test"), "*.c.test", false),
    ] {
        let trees =
            |name: Option<&str>| name.map(|name| GeneralSubtree::DnsName(name.to_owned())).into_iter().collect();
        let root = Ca::root("Northwind Root");
        let issuing = root.issue_ca_with(name("Northwind Issuing"), |options| {
            options.name_constraints =
                Some(NameConstraints { permitted_subtrees: trees(permitted), excluded_subtrees: trees(excluded) });
        });
        let files =
            folder(&[("root.cer", &root.der), ("issuing.cer", &issuing.der), ("client.cer", &issuing.client(san))]);
        let path = first_path(&chained(&files));
        assert_eq!(path["status"] == "valid", is_valid, "{permitted:?} {excluded:?}: {path}");
        if !is_valid {
            assert_eq!(path["failure"]["check"], "name-constraints");
        }
        // OpenSSL agrees wherever the wildcard is not one that only stands for an excluded name.
        if excluded != Some("a.c.test") {
            let at = 1_748_736_000;
            assert_eq!(verifies(&[&root.der], &[&issuing.der], &issuing.client(san), at, None), is_valid);
        }
    }
}

#[test]
fn a_valid_path_tells_every_departure_from_what_the_ca_should_have_issued() {
    let root = Ca::root("Northwind Root");
    let issuing = root.issue_ca_with(name("Northwind Issuing"), |options| {
        options.aki = false;
        options.ski = false;
        options.key_usage.clear();
    });
    let client = issuing.client_with("pc1.northwind.test", |options| options.serial = vec![0]);
    let files = folder(&[("root.cer", &root.der), ("issuing.cer", &issuing.der), ("client.cer", &client)]);
    let verify = |more: &[&str]| {
        let run = Run::new(["verify", "--at", AT, "--trust"]).arg(files.path().join("root.cer"));
        let run = run.arg("--intermediates").arg(files.path().join("issuing.cer")).arg(files.path().join("client.cer"));
        more.iter().fold(run, |run, more| run.arg(more)).output()
    };
    let report = verify(&["--format", "json"]).status(0).json();
    let told: Vec<(String, String)> = array(&report["conformance"])
        .iter()
        .map(|one| (one["certificate"].to_string(), one["expected"].to_string()))
        .collect();
    for (der, expected) in [
        (&client, "a positive serial number"),
        (&issuing.der, "an authority key identifier"),
        (&issuing.der, "a subject key identifier"),
        (&issuing.der, "key usage in a CA certificate"),
    ] {
        let is_it = |(sha, it): &(String, String)| sha.contains(&sha256(der)) && it.contains(expected);
        assert!(told.iter().any(is_it), "{expected}: {told:?}");
    }
    let text = verify(&[]).status(0).text();
    assert!(text.starts_with("valid at") && text.contains("Valid, but not as RFC 5280 section 4 asks"), "{text}");
    let strict = verify(&["--strict", "--format", "json"]).status(1).json();
    assert!(array(&strict["conformance"]).is_empty());
    assert_eq!(strict["paths"][0]["failure"]["check"], "conformance");
}

/// A search that ends early has found no circle, and no root is missing.
#[test]
fn a_hierarchy_deeper_than_is_searched_is_told_as_that() {
    let root = Ca::root("Northwind Root");
    let mut below = root.issue_ca("Northwind CA 1");
    let folder = folder(&[("root.cer", &root.der)]);
    for number in 2..=33 {
        std::fs::write(folder.path().join(format!("{number}.cer")), &below.der).expect("a file is written");
        below = below.issue_ca(&format!("Northwind CA {number}"));
    }
    std::fs::write(folder.path().join("last.cer"), &below.der).expect("a file is written");
    std::fs::write(folder.path().join("client.cer"), below.client("pc1")).expect("a file is written");
    let report = chained(&folder);
    assert_eq!(report["clients"][0]["exhausted"], true);
    let missing = first_path(&report)["missing"].clone();
    assert_eq!(missing["refused"]["check"], "budget");
    let expected =
        "the search for the issuer of Northwind CA 2 ended on its budget: more than 32 CA certificates on the path";
    assert_eq!(missing["reason"], expected);
    let audited = run("audit", &folder, &["--format", "json"]).json();
    assert_eq!(audited["certificates"][0]["verdict"], "fail");
    let text = run("chain", &folder, &[]).text();
    assert!(!text.contains("certify each other") && !text.contains("is missing"), "{text}");
}

#[test]
fn where_the_certificate_itself_is_at_fault_it_is_to_be_issued_anew_and_no_other_ca_asked_for() {
    let within = vec![GeneralSubtree::DnsName("northwind.test".to_owned())];
    let root = Ca::root_with(name("Northwind Root"), |options| {
        options.name_constraints = Some(NameConstraints { permitted_subtrees: within, excluded_subtrees: Vec::new() });
    });
    let issued = folder(&[
        ("root.cer", &root.der),
        ("in.cer", &root.client("pc1.northwind.test")),
        ("out.cer", &root.client("pc1.contoso.test")),
        (
            "key.cer",
            &root.client_with("pc2.northwind.test", |options| {
                options.key_usage = vec![rcgen::KeyUsagePurpose::KeyCertSign];
            }),
        ),
    ]);
    for (file, purpose, expected) in [
        ("in.cer", "server", "The certificate itself is not for that purpose"),
        ("out.cer", "client", "Have it issued anew with a name that the CAs above it allow"),
        ("key.cer", "client", "Have it issued anew, with the key usage that is expected"),
    ] {
        let run = Run::new(["verify", "--at", AT, "--purpose", purpose, "--trust"]).arg(issued.path().join("root.cer"));
        let text = run.arg(issued.path().join(file)).output().status(1).text();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&format!("Next: {expected}")), "{text}");
        assert!(!text.contains("CA certificate at fault"), "{text}");
    }
    let text = run("chain", &issued, &[]).text();
    assert!(text.contains("Not valid: 1 client certificate: it fails itself on name constraints"), "{text}");
    let of_a_ca = Run::new(["chain", "--at", AT]).arg(testdata("wrong-eku")).output().text();
    assert!(of_a_ca.contains("The CA certificate at fault does not allow the purpose"), "{of_a_ca}");
}

#[test]
fn where_a_ca_has_expired_its_renewed_certificate_is_asked_for_with_its_address() {
    let root = Ca::root("Contoso Root CA");
    let issuing = root.issue_ca_with(name("Contoso Issuing CA"), |options| options.to = (2024, 1, 1));
    let url = element(0x86, b"http://pki.contoso.test/issuing.crt");
    let access = sequence(&[&sequence(&[&element(6, b"\x2b\x06\x01\x05\x05\x07\x30\x02"), &url])]);
    let client = |host: &str, extensions: &[CustomExtension]| {
        issuing.client_with(host, |options| options.extensions.extend_from_slice(extensions))
    };
    let access = CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], access);
    for (extensions, told) in [
        (vec![access], "it is published at http://pki.contoso.test/issuing.crt, or ask the PKI team"),
        (Vec::new(), "ask the PKI team for it (`certutil -ca.cert FILE` at that CA writes it)"),
    ] {
        let der = client("pc1.contoso.test", &extensions);
        let folder = folder(&[("root.cer", &root.der), ("issuing.cer", &issuing.der), ("pc1.cer", &der)]);
        for (command, more) in [("chain", &[][..]), ("export", &["--out", "never"])] {
            let text = run(command, &folder, more).text().split_whitespace().collect::<Vec<_>>().join(" ");
            let expected =
                format!("If that CA was renewed with the same key, its newer certificate is missing here: {told}");
            assert!(text.contains(&expected), "{command}: {text}");
        }
    }
    // The renewed one is at hand, and its key is another: it is not what is missing.
    let renewed = root.issue_ca("Contoso Issuing CA");
    let der = client("pc1.contoso.test", &[]);
    let both = [("root.cer", &*root.der), ("old.cer", &*issuing.der), ("new.cer", &*renewed.der), ("pc1.cer", &*der)];
    let text = run("chain", &folder(&both), &[]).text().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("If it was renewed with a new key, enrol the certificate anew."), "{text}");
    let expired = root.client_with("pc2.contoso.test", |options| options.to = (2024, 1, 1));
    let folder = folder(&[("root.cer", &root.der), ("pc2.cer", &expired)]);
    let verify = Run::new(["verify", "--at", AT, "--trust"]).arg(folder.path().join("root.cer"));
    let text = verify.arg(folder.path().join("pc2.cer")).output().status(1).text();
    assert!(text.contains("Renew the certificate at fault") && !text.contains("If that CA was renewed"), "{text}");
}

#[test]
fn verify_tells_where_nothing_that_trust_names_can_end_a_path() {
    let root = Ca::root("Contoso Root CA");
    let client = root.client("pc1.contoso.test");
    let folder = folder(&[("root.cer", &root.der), ("pc1.cer", &client), ("empty/.keep", b"")]);
    let verify = |trust: &str, leaf: &str| {
        let run = Run::new(["verify", "--at", AT, "--trust"]).arg(folder.path().join(trust));
        let text = run.arg(folder.path().join(leaf)).output().status(1).text();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let swapped = verify("pc1.cer", "root.cer");
    assert!(swapped.contains("--trust holds no CA certificate that a path can end at (certificates: 1)"), "{swapped}");
    assert!(swapped.contains("Were the two swapped?"), "{swapped}");
    let empty = verify("empty", "pc1.cer");
    assert!(empty.contains("(certificates: 0)") && !empty.contains("swapped"), "{empty}");
}
