//! `certpath inspect`: each field against OpenSSL and GnuTLS; each form a certificate comes in.

use std::path::Path;

use serde_json::Value;

use crate::common::pki::{Ca, folder};
use crate::common::{Run, array, files, json_of, openssl, pem, read, repository, sha256, testdata, thumbprint};
use crate::der_writer::{element, sequence};

fn inspect(source: &Path) -> Value {
    json_of("inspect", &[source], &[]).json()
}

#[track_caller]
fn find<'a>(report: &'a Value, der: &[u8]) -> &'a Value {
    let hash = sha256(der);
    array(&report["certificates"])
        .iter()
        .find(|certificate| certificate["sha256"] == hash.as_str())
        .unwrap_or_else(|| panic!("{hash} is not reported"))
}

/// Every .cer of testdata that is one whole DER certificate.
fn der_files() -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for base in ["testdata/pki", "testdata/contoso"] {
        for file in files(&repository(base)) {
            let bytes = read(repository(base).join(&file));
            if file.ends_with(".cer") && !file.starts_with("damaged/") {
                found.push((file, bytes));
            }
        }
    }
    assert!(found.len() > 90);
    found
}

#[test]
fn every_field_is_what_openssl_reads() {
    let report =
        json_of("inspect", &[&repository("testdata/pki"), &repository("testdata/contoso")], &[]).status(3).json();
    for (file, der) in der_files() {
        let found = find(&report, &der);
        let facts = openssl::facts(&der).expect("OpenSSL reads it");
        assert_eq!(found["thumbprint"], facts.sha1.as_str(), "{file}");
        assert_eq!(found["sha256"], facts.sha256.as_str(), "{file}");
        assert_eq!(
            found["serialNumber"].as_str().map(|serial| serial.trim_start_matches('0').to_owned()),
            Some(facts.serial.trim_start_matches('0').to_owned()),
            "{file}"
        );
        assert_eq!(found["notBefore"], facts.not_before.as_str(), "{file}");
        assert_eq!(found["notAfter"], facts.not_after.as_str(), "{file}");
        if !file.starts_with("hostile-names/") {
            for (field, fact) in [("subject", &facts.subject), ("issuer", &facts.issuer)] {
                // .NET: a comma and a space between, quotes where RFC 2253 escapes
                let found = found[field]
                    .as_str()
                    .unwrap_or_default()
                    .replace(", ", ",")
                    .replace("\"Fabrikam,Inc.\"", "Fabrikam\\, Inc.");
                assert_eq!(&found, fact, "{file} {field}");
            }
        }
        assert_eq!(found["key"]["algorithm"], "RSA", "{file}");
        let text = openssl::openssl(&["x509", "-inform", "DER", "-noout", "-text"], &der).expect("OpenSSL");
        let bits = found["key"]["bits"].as_u64().expect("bits");
        assert!(text.contains(&format!("Public-Key: ({bits} bit)")), "{file}");
        if !file.starts_with("hostile-names/") {
            let self_signed = facts.subject == facts.issuer && !file.contains("cross(");
            assert_eq!(found["selfSigned"], self_signed, "{file}");
        }
    }
}

#[test]
fn key_usages_and_alternative_names_are_what_certtool_reads() {
    let version = || std::process::Command::new("certtool").arg("--version").output();
    if crate::common::patiently(version).is_err() {
        crate::common::not_run("certtool (gnutls-bin) is not installed");
        return;
    }
    let contoso = inspect(&repository("testdata/contoso"));
    for file in ["clients/PC001.cer", "clients/PC000-expired.cer", "other/web01.cer", "other/issuing-0.crt"] {
        let path = repository("testdata/contoso").join(file);
        let mut command = std::process::Command::new("certtool");
        command.args(["-i", "--inder", "--infile"]).arg(&path);
        let output = crate::common::patiently(|| command.output()).expect("certtool runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let found = find(&contoso, &read(&path));
        let names = strings_in(&found["subjectAlternativeNames"]);
        let dns: Vec<String> =
            text.lines().filter_map(|line| line.trim().strip_prefix("DNSname: ")).map(str::to_owned).collect();
        assert!(dns.iter().all(|name| names.contains(name)), "{file}: {names} lacks one of {dns:?}");
        assert_eq!(array(&found["subjectAlternativeNames"]).len(), dns.len(), "{file}");
        for (words, oid) in [("TLS WWW Client.", "1.3.6.1.5.5.7.3.2"), ("TLS WWW Server.", "1.3.6.1.5.5.7.3.1")] {
            let there = array(&found["extendedKeyUsage"]).iter().any(|usage| usage["oid"] == oid);
            assert_eq!(there, text.contains(words), "{file} {oid}");
        }
        let role = if text.contains("Certificate Authority (CA): TRUE") { "intermediate" } else { "end-entity" };
        assert_eq!(found["role"], role, "{file}");
    }
}

fn strings_in(value: &Value) -> String {
    value.to_string()
}

#[test]
fn microsofts_extensions_are_read() {
    let report = inspect(&repository("testdata/contoso"));
    let client = find(&report, &read(repository("testdata/contoso/clients/PC001.cer")));
    assert_eq!(
        client["template"]["oid"],
        "1.3.6.1.4.1.311.21.8.7638725.13898300.1985460.3383425.7519116.119.16408497.1716293"
    );
    assert_eq!((client["template"]["major"].as_u64(), client["template"]["minor"].as_u64()), (Some(100), Some(3)));
    let text = client.to_string();
    assert!(text.contains("S-1-5-21-1004336348-1177238915-682003330-1105"), "the SID: {text}");
    for url in [
        "ldap:///CN=Contoso%20Issuing%20CA%201,CN=PKI01,CN=CDP",
        "http://pki.contoso.com/cdp/Contoso%20Issuing%20CA%201.crl",
        "http://pki.contoso.com/aia/Contoso%20Issuing%20CA%201.crt",
    ] {
        assert!(text.contains(url), "{url} is not in {text}");
    }
    assert_eq!(client["hasPrivateKey"], false);
    let issuing = array(&report["certificates"])
        .iter()
        .find(|found| found["subject"].as_str().is_some_and(|subject| subject.starts_with("CN=Contoso Issuing CA 1")))
        .expect("issuing CA");
    assert_eq!(issuing["template"]["name"], "SubCA");
}

#[test]
fn every_form_gives_the_same_certificate_and_says_what_it_was() {
    let der = read(testdata("loop").join("root.cer"));
    let text = pem(&der);
    let utf16 = |text: &str, big: bool| {
        let mut bytes = if big { vec![0xfe, 0xff] } else { vec![0xff, 0xfe] };
        for unit in text.encode_utf16() {
            bytes.extend(if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
        }
        bytes
    };
    let base64: String = text.lines().filter(|line| !line.starts_with("---")).collect::<Vec<_>>().join("\r\n");
    let indented: String = text.lines().map(|line| format!("    {line}\n")).collect();
    let p7b = |form: &str| {
        let place = tempfile::tempdir().expect("a folder");
        let file = place.path().join("c.pem");
        crate::common::write(&file, &text);
        let out = place.path().join("out");
        openssl::openssl(
            &[
                "crl2pkcs7",
                "-nocrl",
                "-certfile",
                &file.to_string_lossy(),
                "-outform",
                form,
                "-out",
                &out.to_string_lossy(),
            ],
            b"",
        )
        .expect("OpenSSL");
        read(out)
    };
    let forms: Vec<(&str, &str, Vec<u8>)> = vec![
        ("der", "der", der.clone()),
        ("pem", "pem", text.clone().into_bytes()),
        ("crlf", "pem", text.replace('\n', "\r\n").into_bytes()),
        ("cr alone", "pem", text.replace('\n', "\r").into_bytes()),
        ("bom", "pem", [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat()),
        ("utf-16le", "pem", utf16(&text.replace('\n', "\r\n"), false)),
        ("utf-16be", "pem", utf16(&text, true)),
        ("text around", "pem", format!("depth=1 O = Loop\n{text}---\nServer certificate\n").into_bytes()),
        ("latin-1 around", "pem", [b"Stra\xdfe\n".as_slice(), text.as_bytes(), b"\xfc\n"].concat()),
        ("indented", "pem", indented.into_bytes()),
        ("no newline at the end", "pem", text.trim_end().as_bytes().to_vec()),
        (
            "one line",
            "pem",
            format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----", base64.replace("\r\n", ""))
                .into_bytes(),
        ),
        ("x509 label", "pem", text.replace("CERTIFICATE", "X509 CERTIFICATE").into_bytes()),
        ("blank lines", "pem", text.replacen('\n', "\n\n", 4).into_bytes()),
        ("base64", "base64", base64.clone().into_bytes()),
        ("base64 in one line", "base64", base64.replace("\r\n", "").into_bytes()),
        ("base64 in utf-16", "base64", utf16(&base64, false)),
        ("p7b", "pkcs7", p7b("DER")),
        ("p7b in pem", "pkcs7", p7b("PEM")),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    for (name, _, bytes) in &forms {
        // the name must not help
        crate::common::write(folder.path().join(format!("{name}.dat")), bytes);
    }
    let report = json_of("inspect", &[folder.path()], &[]);
    assert_eq!(report.status, 0, "{}", report.seen());
    let report = report.json();
    assert_eq!(array(&report["problems"]).len(), 0, "{}", report["problems"]);
    assert_eq!(array(&report["certificates"]).len(), 1, "one certificate, however often");
    let sources = array(&report["certificates"][0]["sources"]);
    for (name, format, _) in &forms {
        let source = sources.iter().find(|source| {
            source["path"].as_str().is_some_and(|path| Path::new(path).ends_with(format!("{name}.dat")))
        });
        assert_eq!(source.unwrap_or_else(|| panic!("{name} was not read"))["format"], *format, "{name}");
    }
    assert_eq!(sources.len(), forms.len());
}

#[test]
fn trusted_certificate_blocks_are_read_without_their_trust() {
    let text = pem(&read(testdata("loop").join("root.cer")));
    let trusted =
        openssl::openssl(&["x509", "-trustout", "-addtrust", "clientAuth", "-setalias", "x"], text.as_bytes())
            .expect("OpenSSL");
    assert!(trusted.contains("TRUSTED CERTIFICATE"));
    let folder = folder(&[("t.pem", trusted.as_bytes())]);
    let report = inspect(folder.path());
    assert_eq!(
        report["certificates"][0]["sha256"],
        sha256(&read(testdata("loop").join("root.cer"))).as_str(),
        "{report}"
    );
    assert_eq!(array(&report["problems"]).len(), 0);
}

#[test]
fn a_dump_of_openssl_s_client_and_of_openssl_x509_text_are_read() {
    let der = read(testdata("loop").join("root.cer"));
    let text = openssl::openssl(&["x509", "-text", "-inform", "DER"], &der).expect("OpenSSL");
    let dump = format!(
        "CONNECTED(00000003)\n---\nCertificate chain\n 0 s:CN = x\n   i:CN = y\n{text}---\nSSL handshake has read 2 bytes\nVerify return code: 0 (ok)\n---\n"
    );
    let folder = folder(&[("dump.txt", dump.as_bytes())]);
    let report = inspect(folder.path());
    assert_eq!(report["certificates"][0]["sha256"], sha256(&der).as_str());
    assert_eq!(array(&report["problems"]).len(), 0, "{}", report["problems"]);
}

#[test]
fn an_indefinite_length_pkcs7_is_read_whole() {
    let place = tempfile::tempdir().expect("a folder");
    let path = |name: &str| place.path().join(name).to_string_lossy().into_owned();
    let (key, signer, more, out) = (path("key.pem"), path("signer.pem"), path("more.pem"), path("ber/out.p7b"));
    openssl::openssl(
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            &key,
            "-out",
            &signer,
            "-subj",
            "/CN=Signer",
            "-days",
            "9000",
        ],
        b"",
    )
    .expect("OpenSSL");
    let chain = pem(&read(testdata("loop").join("root.cer"))) + &pem(&read(testdata("loop").join("a.cer")));
    crate::common::write(&more, &chain);
    crate::common::write(&out, "");
    openssl::openssl(
        &[
            "cms",
            "-sign",
            "-stream",
            "-nodetach",
            "-binary",
            "-signer",
            &signer,
            "-inkey",
            &key,
            "-certfile",
            &more,
            "-outform",
            "DER",
            "-out",
            &out,
        ],
        b"content",
    )
    .expect("OpenSSL");
    assert_eq!(read(&out)[1], 0x80, "indefinite length");
    let report = inspect(&place.path().join("ber"));
    assert_eq!(array(&report["certificates"]).len(), 3, "{report}");
    find(&report, &read(testdata("loop").join("a.cer")));
}

#[test]
fn one_damaged_block_hides_none_of_its_neighbours_and_each_is_reported() {
    let output = json_of("inspect", &[&testdata("damaged")], &[]).status(3);
    let report = output.json();
    let problems = array(&report["problems"]);
    for file in ["bad-middle-block.pem", "truncated.cer", "trailing.cer", "wrong-end-label.pem", "no-end.pem"] {
        let here: Vec<&Value> = problems
            .iter()
            .filter(|problem| problem["source"].as_str().is_some_and(|source| source.contains(file)))
            .collect();
        assert_eq!(here.len(), 1, "{file}: {here:?}");
        assert!(here[0]["message"].as_str().is_some_and(|message| message.len() > 20), "{file}: {}", here[0]);
        assert!(here[0]["code"].as_str().is_some_and(|code| !code.is_empty()), "{file}");
    }
    // what looks like a certificate by its name and holds none
    for file in ["text.cer", "empty.cer"] {
        assert!(
            problems.iter().any(|problem| problem["source"].as_str().is_some_and(|source| source.contains(file))),
            "{file}: {problems:?}"
        );
    }
    let bundle = String::from_utf8(read(testdata("damaged").join("bad-middle-block.pem"))).expect("text");
    let whole =
        bundle.split_inclusive("-----END CERTIFICATE-----\n").filter_map(|block| pem::parse(block).ok()).count();
    assert_eq!(whole, 2);
    for block in bundle.split_inclusive("-----END CERTIFICATE-----\n").filter_map(|block| pem::parse(block).ok()) {
        find(&report, block.contents());
    }
    find(&report, &read(testdata("damaged").join("client.cer")));
}

#[test]
fn the_position_of_damage_is_a_line_of_the_file() {
    let report = json_of("inspect", &[&testdata("damaged").join("bad-middle-block.pem")], &[]).status(3).json();
    let bundle = String::from_utf8(read(testdata("damaged").join("bad-middle-block.pem"))).expect("text");
    let begin = bundle
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains("BEGIN"))
        .nth(1)
        .map(|(n, _)| n + 1)
        .expect("second block");
    let end = bundle
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains("END"))
        .nth(1)
        .map(|(n, _)| n + 1)
        .expect("second block");
    let problem = report["problems"][0].to_string();
    let named = (begin..=end).any(|line| problem.contains(&format!("line {line}")));
    assert!(named, "a line from {begin} to {end} in {problem}");
}

#[test]
fn files_that_are_plainly_something_else_are_no_problem() {
    let der = read(testdata("loop").join("root.cer"));
    let folder = folder(&[
        ("root.cer", &der),
        ("notes.txt", b"the certificates are in the other folder\n"),
        ("image.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("data.json", b"{\"a\": 1}"),
        ("archive.zip", b"PK\x03\x04\x14\0\0\0"),
        ("empty.txt", b""),
        ("key.pub", b"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 me@host\n"),
        ("hash.txt", b"0f343b0931126a20f133d67c2b018a3b\n"),
        ("deep/er/script.ps1", b"Get-ChildItem Cert:\\LocalMachine\\My\n"),
    ]);
    let output = json_of("inspect", &[folder.path()], &[]);
    assert_eq!(output.status, 0, "{}", output.seen());
    assert_eq!(array(&output.json()["problems"]).len(), 0);
}

#[test]
fn standard_input_is_a_source() {
    let der = read(testdata("loop").join("root.cer"));
    for bytes in [der.clone(), pem(&der).into_bytes()] {
        let output = Run::new(["inspect", "-", "--format", "json"]).stdin(bytes).output().status(0).silent();
        assert_eq!(output.json()["certificates"][0]["sha256"], sha256(&der).as_str());
    }
}

#[test]
fn paths_from_reads_one_source_a_line() {
    let (a, b) = (testdata("loop").join("a.cer"), testdata("loop").join("root.cer"));
    let list = format!("{}\r\n\n{}\n", a.display(), b.display());
    let report =
        Run::new(["inspect", "--paths-from", "-", "--format", "json"]).stdin(list.clone()).output().status(0).json();
    assert_eq!(array(&report["certificates"]).len(), 2);
    let folder = folder(&[("list.txt", list.as_bytes())]);
    let report = Run::new(["inspect", "--format", "json", "--paths-from"])
        .arg(folder.path().join("list.txt"))
        .output()
        .status(0)
        .json();
    assert_eq!(array(&report["certificates"]).len(), 2);
}

#[test]
fn the_table_for_people_shows_each_certificate() {
    let output = Run::new(["inspect", "--at", crate::common::AT]).arg(testdata("loop")).output().status(0).silent();
    let text = output.text();
    for words in ["Loop Root CA", "Loop CA A", "Loop CA B", "loop.example.test"] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    assert!(!output.stdout.contains(&0x1b), "no colour into a pipe");
}

#[test]
fn days_left_are_whole_days_at_the_moment_given() {
    let root = Ca::root_with(crate::common::pki::name("Days"), |options| options.to = (2025, 6, 11));
    let folder = folder(&[("root.cer", &root.der)]);
    for (at, days) in [("2025-06-01T00:00:00Z", 10), ("2025-06-01T00:00:01Z", 9), ("2025-06-10T23:00:00Z", 0)] {
        let report = Run::new(["inspect", "--format", "json", "--at", at]).arg(folder.path()).output().json();
        assert_eq!(report["certificates"][0]["daysLeft"], days, "{at}");
    }
    let report =
        Run::new(["inspect", "--format", "json", "--at", "2025-06-21T00:00:00Z"]).arg(folder.path()).output().json();
    assert!(
        report["certificates"][0]["daysLeft"].as_i64().is_some_and(|days| days == -10),
        "{}",
        report["certificates"][0]["daysLeft"]
    );
}

#[test]
fn names_read_from_every_string_type() {
    let report = inspect(&testdata("name-encodings"));
    let subjects: Vec<String> = array(&report["certificates"])
        .iter()
        .filter_map(|found| found["subject"].as_str().map(str::to_owned))
        .collect();
    for subject in [
        "CN=Gr\u{fc}ne Wurzel, O=Stra\u{df}e",
        "CN=Gr\u{fc}ne Stelle B, O=Stra\u{df}e",
        "CN=Gr\u{fc}ne Stelle T, O=Stra\u{df}e",
    ] {
        assert!(subjects.iter().any(|found| found == subject), "{subject} is not in {subjects:?}");
    }
}

#[test]
fn a_serialized_store_gives_its_certificates() {
    let report = inspect(&repository("testdata/contoso/other/SMS.sst"));
    assert_eq!(array(&report["certificates"]).len(), 2, "{report}");
    assert_eq!(report["certificates"][0]["sources"][0]["format"], "serialized-store");
}

#[test]
fn the_same_thumbprint_that_get_filehash_would_give_a_der_file() {
    let file = repository("testdata/contoso/clients/PC001.cer");
    let report = inspect(&file);
    assert_eq!(report["certificates"][0]["thumbprint"], thumbprint(&read(&file)).as_str());
    let path = strings_in(&report["certificates"][0]["sources"]);
    assert!(path.contains("PC001.cer"), "{path}");
}

#[test]
fn a_block_whose_begin_or_end_is_damaged_is_read_or_reported() {
    let text = pem(&read(testdata("loop").join("root.cer")));
    for damaged in [
        text.replace("BEGIN CERT", "BEGIN %ERT"),
        text.replace("END CERT", "END %ERT"),
        text.replace("-----BEGIN CERTIFICATE-----\n", ""),
        text.replace("-----END CERTIFICATE-----\n", ""),
        text.replace("-----BEGIN", "----BEGIN"),
        text.replace("CERTIFICATE-----\nMII", "CERTIFICATE----\nMII"),
    ] {
        let folder = folder(&[("damaged.cer", damaged.as_bytes()), ("whole.cer", &Ca::root("Whole").der)]);
        let report = inspect(folder.path());
        let count = array(&report["certificates"]).len() - 1 + array(&report["problems"]).len();
        assert!(count >= 1, "silence about\n{}", damaged.lines().next().unwrap_or_default());
    }
}

#[test]
fn the_value_of_an_extension_is_read_whatever_stands_behind_it_and_that_is_told() {
    let contents: [(&[u64], Vec<u8>); 9] = [
        (&[2, 5, 29, 19], sequence(&[&element(1, &[0xff])])),
        (&[2, 5, 29, 15], element(3, &[2, 0x84])),
        (&[2, 5, 29, 37], sequence(&[&element(6, b"\x2b\x06\x01\x05\x05\x07\x03\x02")])),
        (&[2, 5, 29, 17], sequence(&[&element(0x82, b"pc1.contoso.test")])),
        (&[2, 5, 29, 14], element(4, &[1, 2, 3])),
        (&[2, 5, 29, 35], sequence(&[&element(0x80, &[4, 5, 6])])),
        (&[2, 5, 29, 32], sequence(&[&sequence(&[&element(6, b"\x2a\x03")])])),
        (&[2, 5, 29, 46], sequence(&[&sequence(&[&element(0xa0, &element(0xa0, &element(0x86, b"http://d.test/")))])])),
        (&[1, 3, 6, 1, 4, 1, 311, 21, 10], sequence(&[&sequence(&[&element(6, b"\x2a\x03")])])),
    ];
    let key = rcgen::KeyPair::generate().unwrap();
    let of = |behind: &[u8]| {
        let mut parameters = rcgen::CertificateParams::default();
        let extension = |(kind, content): &(&[u64], Vec<u8>)| {
            rcgen::CustomExtension::from_oid_content(kind, [&content[..], behind].concat())
        };
        parameters.custom_extensions = contents.iter().map(extension).collect();
        parameters.self_signed(&key).unwrap().der().to_vec()
    };
    let (plain, followed) = (of(&[]), of(&[5, 0]));
    let place = folder(&[("plain.cer", &plain), ("followed.cer", &followed)]);
    let report = inspect(place.path());
    let (plain, found) = (find(&report, &plain), find(&report, &followed));
    for field in [
        "basicConstraints",
        "keyUsage",
        "extendedKeyUsage",
        "subjectAlternativeNames",
        "subjectKeyIdentifier",
        "authorityKeyIdentifier",
        "policies",
        "applicationPolicies",
    ] {
        assert!(!plain[field].is_null() && plain[field] == found[field], "{field}: {}", found[field]);
    }
    assert!(plain["unreadable"].is_null(), "{}", plain["unreadable"]);
    let told = array(&found["unreadable"]);
    assert_eq!(told.len(), contents.len(), "{told:?}");
    assert_eq!(told[0], "what stands behind the basic constraints: at byte 5: expected the end, found 2 more bytes");
    let file = place.path().join("followed.cer");
    let verified = json_of("verify", &[&file], &["--trust", file.to_str().unwrap(), "--purpose", "any"]).json();
    let departures = array(&verified["conformance"]);
    let expected = "nothing behind the value of an extension (RFC 5280 section 4.2)";
    assert_eq!(departures.iter().filter(|one| one["expected"] == expected).count(), contents.len(), "{departures:?}");
    let printed = openssl::openssl(&["x509", "-inform", "DER", "-noout", "-text"], &followed);
    if let Some(text) = printed {
        for value in ["CA:TRUE", "Digital Signature", "TLS Web Client", "DNS:pc1.contoso.test", "01:02:03", "04:05:06"]
        {
            assert!(text.contains(value), "{value} in {text}");
        }
    }
}
