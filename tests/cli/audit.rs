//! `certpath audit` for people: what its text promises of roots, of rows and of days.

use std::sync::Arc;

use crate::common::pki::{Ca, folder};
use crate::common::{AT, Run, array, pem, read, repository, sha256, testdata};

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

#[test]
fn an_audit_asks_the_pki_team_for_no_root_that_the_site_made_itself() {
    let (root, site) = (Ca::root("Contoso Root CA"), Ca::root("SMS Issuing"));
    let (client, role) = (root.client("pc1.contoso.test"), site.client("SMS Role SSL Certificate"));
    let folder = folder(&[("1.cer", &root.der), ("2.cer", &site.der), ("3.cer", &client), ("4.cer", &role)]);
    let text = Run::new(["audit", "--at", AT]).arg(folder.path()).output().text();
    assert!(text.contains(&sha256(&root.der)) && !text.contains(&sha256(&site.der)), "{text}");
}

/// So many expired certificates, and one that is valid, of one key; with their CA.
fn expired(count: usize) -> tempfile::TempDir {
    let root = Ca::root("Contoso Root CA");
    let key = Arc::new(rcgen::KeyPair::generate().expect("a key can be made"));
    let client = |host: &str, year: i32| {
        root.client_with(host, |options| {
            options.key = Some(key.clone());
            options.from = (2021, 1, 1);
            options.to = (year, 1, 1);
        })
    };
    let mut bundle = crate::common::pem(&client("good.contoso.test", 2050));
    for number in 0..count {
        bundle.push_str(&crate::common::pem(&client(&format!("pc{number}.contoso.test"), 2024)));
    }
    folder(&[("root.cer", &root.der), ("clients.pem", bundle.as_bytes())])
}

#[test]
fn a_verbose_audit_shows_every_certificate_in_full_also_where_it_passes_and_beyond_the_worst_200() {
    let folder = expired(230);
    let run = |more: &[&str]| {
        let given = ["audit", "--at", AT, "--cmg-revocation", "off"];
        let settings = folder.path().join("site.toml");
        crate::common::write(&settings, "[severity]\nkey-algorithm = \"info\"\n");
        let run = Run::new(given).arg("--config").arg(settings).arg(folder.path());
        more.iter().fold(run, Run::arg).output().status(1).text()
    };
    let rows = |text: &str| text.lines().filter(|line| line.starts_with("  fail ")).count();
    let short = run(&[]);
    assert_eq!(rows(&short), 200, "{short}");
    assert!(!short.contains("good.contoso.test"), "{short}");
    assert!(short.contains("30 more that may or will fail are not shown: `-v` shows all"), "{short}");
    assert!(short.contains("`--format csv -o FILE` has them all") && !short.contains("--format html"), "{short}");

    let whole = run(&["-v"]);
    assert_eq!(rows(&whole), 230, "{whole}");
    assert!(whole.contains("\n  pass "), "{whole}");
    // In the table, and in full behind it.
    assert_eq!(whole.matches("good.contoso.test").count(), 2, "{whole}");
    assert!(!whole.contains("not shown"), "{whole}");
}

#[test]
fn the_days_since_a_certificate_expired_are_the_same_in_the_message_and_in_the_fields() {
    let expired = repository("testdata/contoso/clients/PC000-expired.cer");
    for (at, days, ago) in [
        ("2023-01-01T00:00:01Z", -1, "less than a day ago"),
        ("2023-01-02T00:00:00Z", -1, "1 day ago"),
        ("2023-01-02T23:00:00Z", -1, "1 day ago"),
        ("2023-01-03T00:00:00Z", -2, "2 days ago"),
        ("2026-11-26T05:00:00Z", -1425, "1425 days ago"),
    ] {
        let report = Run::new(["audit", "--format", "json", "--at", at]).arg(&expired).output().json();
        let certificate = &report["certificates"][0];
        assert_eq!(certificate["daysLeft"], days, "{at}");
        let message = format!("it expired on 2023-01-01, {ago}");
        let findings = certificate["findings"].as_array().into_iter().flatten();
        assert!(findings.clone().any(|finding| finding["message"] == *message), "{at}: {certificate}");
        let inspected = Run::new(["inspect", "--format", "json", "--at", at]).arg(&expired).output().json();
        assert_eq!(inspected["certificates"][0]["daysLeft"], days, "{at}");
    }
}

#[test]
fn each_case_of_a_finding_is_counted_with_its_own_severity() {
    let root = Ca::root("Root");
    let of_usage = |host: &str, usage| root.client_with(host, |options| options.eku = usage);
    let server = || vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let place = folder(&[
        ("root.cer", &root.der),
        ("1.cer", &of_usage("pc1.test", server())),
        ("2.cer", &of_usage("pc2.test", server())),
        ("3.cer", &of_usage("pc3.test", Vec::new())),
    ]);
    let run = |format: &str| Run::new(["audit", "--at", AT, "--format", format]).arg(place.path()).output().status(1);
    let text = run("table").text();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().take(4).collect()).collect();
    assert!(rows.contains(&vec!["error", "2", "eku", "missing-purpose:"]), "{text}");
    assert!(rows.contains(&vec!["warning", "1", "eku", "absent:"]), "{text}");

    let document = run("json").json();
    let codes = array(&document["summary"]["codes"]);
    let usage = codes.iter().find(|code| code["id"] == "eku").expect("it was found");
    assert_eq!((&usage["severity"], &usage["count"]), (&"error".into(), &3.into()));
    let counted = |case: &serde_json::Value| format!("{} {} {}", case["severity"], case["case"], case["count"]);
    let cases: Vec<String> = array(&usage["cases"]).iter().map(counted).collect();
    assert_eq!(cases, ["\"error\" \"missing-purpose\" 2", "\"warning\" \"absent\" 1"]);
    let page = run("html").text();
    let case = "<span class=\"badge warning\">warning</span> 1 <code class=\"faint\">absent</code>";
    assert!(page.contains(case), "{page}");
}

#[test]
fn a_certificate_of_a_database_dump_is_told_with_its_line_and_in_full_with_its_request() {
    let root = Ca::root("Root");
    let row =
        |id: u32, der: &[u8]| format!("Row {id}:\n  Request ID: {id:#x} ({id})\n  Binary Certificate:\n{}", pem(der));
    let [one, two] = ["pc1.test", "pc2.test"].map(|host| root.client_with(host, |options| options.eku.clear()));
    let dump = format!("Schema:\n\n{}{}", row(21, &one), row(22, &two));
    let line = dump.lines().position(|line| line == "Row 22:").expect("it stands there") + 4;
    let place = folder(&[("root.cer", &root.der), ("dump.txt", dump.as_bytes()), ("again.cer", &two)]);
    let run = |more: &[&str]| {
        let run =
            Run::new(["audit", "--at", AT, "--fail-on", "never"]).arg("--trust").arg(place.path().join("root.cer"));
        more.iter().fold(run, Run::arg).arg(place.path().join("dump.txt")).arg(place.path().join("again.cer")).output()
    };
    let text = run(&[]).text();
    assert!(text.contains(&format!("dump.txt:{line} and 1 more\n")) && !text.contains("request 22"), "{text}");
    let text = run(&["-v"]).text();
    assert!(text.contains("  request 22  ") && text.contains("  request 21  "), "{text}");
}
