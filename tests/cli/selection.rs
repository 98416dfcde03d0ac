//! `--issuer`, `--select` and `--first` in every command that has them: which clients are left, and the counts of each step.

use serde_json::Value;

use crate::common::pki::{Ca, folder, name};
use crate::common::{AT, Run, array, pem, repository, sha256, write};

/// Two PKIs: three clients below one root, one below the other, a server, and a certificate that Entra made for the device.
fn machines() -> tempfile::TempDir {
    let (contoso, litware) = (Ca::root("Contoso Root CA"), Ca::root("Litware Root CA"));
    let issuing = contoso.issue_ca("Contoso Issuing CA");
    let until = |host: &str, year| issuing.client_with(host, |options| options.to = (year, 1, 1));
    let (short, long) = (until("pc1.contoso.test", 2027), until("pc2.contoso.test", 2030));
    let expired = until("pc3.contoso.test", 2025);
    let other = litware.client("pc1.litware.test");
    let server = issuing
        .client_with("web1.contoso.test", |options| options.eku = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth]);
    let entra = Ca::root("MS-Organization-Access").client_with("a device", |options| options.subject = name("device"));
    folder(&[
        ("contoso.cer", &contoso.der),
        ("litware.cer", &litware.der),
        ("issuing.cer", &issuing.der),
        ("pc1.cer", &short),
        ("pc2.cer", &long),
        ("pc3.cer", &expired),
        ("other.cer", &other),
        ("web1.cer", &server),
        ("entra.cer", &entra),
    ])
}

const SELECTION: [&str; 5] =
    ["--issuer", "CCMCERTISSUERS=\"CN=Contoso Root CA\"", "--select", "SubjectStr:.CONTOSO.", "--first"];

fn run(command: &str, format: &str, options: &[&str]) -> (String, i32) {
    let machines = machines();
    let place = tempfile::tempdir().expect("a folder");
    let mut run = Run::new([command, "--at", AT, "--format", format]);
    if command == "export" {
        run = run.arg("--out").arg(place.path().join("out"));
    }
    let output = options.iter().fold(run, Run::arg).arg(machines.path()).output();
    (output.text(), output.status)
}

fn json(command: &str, options: &[&str]) -> Value {
    serde_json::from_str(&run(command, "json", options).0).expect("JSON")
}

fn left(counts: &Value) -> Vec<(String, u64)> {
    let steps = array(&counts["steps"]).iter();
    steps.map(|step| (step["step"].as_str().unwrap().to_owned(), step["left"].as_u64().unwrap())).collect()
}

#[test]
fn where_none_of_the_clients_was_asked_for_the_option_is_named_and_no_certificate_asked_for() {
    for option in [["--issuer", "Fabrikam Root CA"], ["--select", "SubjectStr:fabrikam"]] {
        for command in ["chain", "audit", "export"] {
            let (text, _) = run(command, "table", &option);
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(text.contains("client certificate that --issuer, --select or --first ask for"), "{text}");
            assert!(!text.contains("certlm.msc") && !text.contains("there is no client certificate"), "{text}");
        }
        assert_eq!(json("export", &option)["refusal"]["code"], "none-selected");
    }
}

#[test]
fn the_first_of_all_is_not_asked_for_where_each_is_judged_as_soon_as_it_is_read() {
    let machines = machines();
    let root = machines.path().join("contoso.cer");
    let output =
        Run::new(["audit", "--closed-pool", "--first", "--trust"]).arg(&root).arg(machines.path()).output().status(2);
    assert!(output.stderr.contains("leave out one of the two"), "{}", output.seen());
}

#[test]
fn every_command_that_selects_counts_what_each_step_leaves() {
    for command in ["inspect", "chain", "audit", "export"] {
        let document = json(command, &SELECTION);
        let place = if command == "audit" { &document["summary"] } else { &document };
        assert_eq!(place["selection"]["considered"], 6, "{command}");
        let expected = [
            ("issuers", 4),
            ("store", 4),
            ("valid", 3),
            ("client-authentication", 2),
            ("criteria", 2),
            ("longest-validity", 1),
        ];
        assert_eq!(left(&place["selection"]), expected.map(|(step, left)| (step.to_owned(), left)), "{command}");
        // The connection point does not ask for dates or names.
        let expected = [("digital-signature", 6), ("allowed-root", 4), ("private-key", 4), ("client-auth", 3)];
        assert_eq!(left(&place["connectionPoint"]), expected.map(|(step, left)| (step.to_owned(), left)), "{command}");
    }
}

#[test]
fn people_see_the_counts_in_the_words_of_the_log_where_they_selected() {
    for command in ["inspect", "chain", "audit", "export"] {
        let (text, _) = run(command, "table", &SELECTION);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for line in [
            "6  is an end-entity certificate found here",
            "4  chains to a root in the certificate issuers list",
            "3  is valid, not revoked, and its private key is there",
            "1  has the longest validity of those that are left",
            "Filtered cert count with digital signature: 6",
            "Filtered cert count with allowed root CA: 4",
            "Filtered cert count with private key: 4",
            "Filtered cert count with client auth: 3",
        ] {
            assert!(lines.contains(&line), "{command} does not show `{line}`:\n{text}");
        }
        let (text, _) = run(command, "table", &[]);
        assert!(!text.contains("Filtered cert count"), "{command} counts a selection that nobody made:\n{text}");
    }
    // The role whose log it is.
    let (text, _) = run("audit", "table", &["--profile", "connection-point"]);
    assert!(text.contains("Filtered cert count with client auth: "), "{text}");
}

#[test]
fn each_way_to_select_leaves_the_same_clients_in_every_command() {
    let selections: [(&[&str], &[&str]); 6] = [
        (&["--issuer", "Litware Root CA"], &["pc1.litware.test"]),
        (&["--issuer", "CN=Litware Root CA | CN=Nobody"], &["pc1.litware.test"]),
        (&["--select", "Subject:pc2.contoso.test"], &["pc2.contoso.test"]),
        (&["--select", "SubjectStr:PC1"], &["pc1.contoso.test", "pc1.litware.test"]),
        (&["--select", "SubjectAttr:CN = pc1.contoso.test"], &["pc1.contoso.test"]),
        (&["--issuer", "contoso issuing ca", "--first"], &["pc2.contoso.test"]),
    ];
    for (options, expected) in selections {
        for command in ["inspect", "chain", "audit", "export"] {
            let document = json(command, options);
            let list = match command {
                "inspect" => array(&document["certificates"]).iter().map(|found| &found["subject"]).collect(),
                "chain" => array(&document["clients"]).iter().map(|client| &client["certificate"]["subject"]).collect(),
                "audit" => array(&document["certificates"]).iter().map(|audited| &audited["subject"]).collect(),
                _ => array(&document["clientDetails"]).iter().map(|client| &client["subject"]).collect::<Vec<_>>(),
            };
            let mut names: Vec<&str> =
                list.into_iter().filter_map(|subject| subject.as_str()?.strip_prefix("CN=")).collect();
            names.sort_unstable();
            // audit judges the expired and the unsuitable too.
            names.retain(|name| !["pc3.contoso.test", "web1.contoso.test"].contains(name));
            assert_eq!(names, expected, "{command} {options:?}");
        }
    }
}

#[test]
fn a_ca_that_is_on_another_valid_path_than_the_one_chosen_selects_in_every_command_and_export_tells_that_it_is_not_written()
 {
    let place = tempfile::tempdir().expect("a folder");
    let run = |command: &str, format: &str, more: &[&str]| {
        let mut run = Run::new([command, "--at", AT, "--format", format, "--issuer", "Root A"]);
        if command == "audit" {
            run = run.arg("--fail-on").arg("never");
        }
        if command == "export" {
            run = run.arg("--force").arg("--out").arg(place.path().join("out"));
        }
        more.iter().fold(run, Run::arg).arg(repository("testdata/pki/cross-signed")).output().status(0)
    };
    for (command, list) in
        [("inspect", "certificates"), ("chain", "clients"), ("audit", "certificates"), ("export", "clients")]
    {
        assert_eq!(array(&run(command, "json", &[]).json()[list]).len(), 1, "{command}");
    }
    let root = sha256(&std::fs::read(repository("testdata/pki/cross-signed/root-a.cer")).expect("it is there"));
    assert_eq!(run("export", "json", &[]).json()["wantedElsewhere"][0], root);
    let shown = run("export", "table", &[]).text();
    assert!(shown.contains("Not written: Root A") && shown.contains("--all-paths writes it too"), "{shown}");
    assert!(!run("export", "table", &["--all-paths"]).text().contains("Not written"));
}

#[test]
fn a_ca_that_nothing_here_is_is_told_from_one_that_has_no_clients() {
    for (issuer, is_here) in [
        ("No Such CA", false),
        ("8588B3C682D1284C91335E47C66B31DAD19C9DAD", false),
        ("CN=Nobody; O=Contoso", false),
        ("MS-Organization-Access", false),
        ("Litware Root CA", true),
    ] {
        for command in ["inspect", "chain", "audit", "export"] {
            let (text, _) = run(command, "table", &["--issuer", issuer]);
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let told =
                format!("it is not below the CA of --issuer: no CA certificate here is one that `{issuer}` names");
            assert!(text.contains("it is not below the CA of --issuer"), "{command} {issuer}: {text}");
            assert_eq!(text.contains(&told), !is_here, "{command} {issuer}: {text}");
        }
    }
}

#[test]
fn inspect_counts_whom_it_passed_over_and_shows_nobody_else_in_every_format() {
    let document = json("inspect", &SELECTION);
    let passed_over: u64 = array(&document["passedOver"]).iter().filter_map(|reason| reason["count"].as_u64()).sum();
    assert_eq!(passed_over + 1, 6, "{}", document["passedOver"]);
    let (lines, status) = run("inspect", "ndjson", &SELECTION);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(status, 0);
    assert_eq!(lines.iter().filter(|line| line["type"] == "certificate").count(), 1);
    let summary = lines.last().expect("a summary");
    for field in ["selection", "connectionPoint", "passedOver"] {
        assert_eq!(summary[field], document[field], "{field}");
    }
    let (rows, _) = run("inspect", "csv", &SELECTION);
    assert_eq!(rows.lines().count(), 2, "{rows}");
    // Nobody is left, which is no error: the counts say where.
    let (text, status) = run("inspect", "table", &["--select", "Subject:nobody"]);
    assert!(status == 0 && text.contains("0  meets the selection criteria"), "{status} {text}");
}

#[test]
fn verify_judges_the_one_that_was_asked_for_of_several_in_a_file() {
    let root = Ca::root("Contoso Root CA");
    let (one, two) = (root.client("pc1.contoso.test"), root.client("pc2.contoso.test"));
    let place = folder(&[("root.cer", &root.der)]);
    let both = place.path().join("both.pem");
    write(&both, pem(&one) + &pem(&two));
    let verify = |options: &[&str]| {
        let run = Run::new(["verify", "--at", AT, "--format", "json", "--trust"]).arg(place.path().join("root.cer"));
        options.iter().fold(run.arg(&both), Run::arg).output()
    };
    let output = verify(&["--select", "Subject:pc2.contoso.test"]).status(0);
    let document = output.json();
    assert_eq!(document["paths"][0]["certificates"][0], sha256(&two));
    assert_eq!(left(&document["selection"]).last(), Some(&("longest-validity".to_owned(), 1)));
    verify(&["--first"]).status(0);
    for (options, found) in [
        (&[][..], "found 2 of them"),
        (&["--issuer", "Contoso Root CA"], "found 2 of 2 that were asked for"),
        (&["--select", "Subject:nobody"], "found 0 of 2 that were asked for"),
    ] {
        let output = verify(options).status(2);
        assert!(output.stderr.contains(found) && output.stderr.contains("--first"), "{}", output.stderr);
    }
}

#[test]
fn diff_takes_of_each_side_what_is_above_the_clients_that_were_asked_for() {
    let machines = machines();
    let litware: Vec<_> = ["litware.cer"].map(|name| machines.path().join(name)).into();
    let diff = |options: &[&str]| {
        let run = Run::new(["diff", "--at", AT, "--format", "json"]).arg(&litware[0]).arg(machines.path());
        options.iter().fold(run, Run::arg).output()
    };
    // A file of CA certificates holds no client and is taken whole.
    let same = diff(&["--issuer", "Litware Root CA"]).status(0).json();
    assert_eq!((array(&same["add"]).len(), array(&same["remove"]).len(), &same["same"]), (0, 0, &Value::Bool(true)));
    let other = diff(&["--issuer", "Contoso Root CA"]).status(0).json();
    let names: Vec<&str> = array(&other["add"]).iter().filter_map(|ca| ca["subject"].as_str()).collect();
    assert_eq!(names, ["CN=Contoso Root CA", "CN=Contoso Issuing CA"], "{other}");
    assert_eq!(other["remove"][0]["subject"], "CN=Litware Root CA");
    let output = diff(&["--select", "Subject:nobody"]).status(2);
    assert!(output.stderr.contains("found none among 6 end-entity certificates"), "{}", output.stderr);
}

#[test]
fn the_html_report_folds_the_counts_away() {
    let (page, _) = run("audit", "html", &SELECTION);
    assert!(page.contains("<h2 id=\"selection\">"), "no section");
    assert!(page.contains("<li><code>Filtered cert count with allowed root CA: 4</code></li>"));
    let (_, section) = page.split_once("<h2 id=\"selection\">").expect("a section");
    assert!(section.contains("<details><summary>What each step would leave of 6"), "it is open");
}

#[test]
fn diff_compares_what_is_below_the_trust_anchors_alone() {
    let machines = machines();
    let litware = std::fs::read(machines.path().join("litware.cer")).expect("it is there");
    let old = folder(&[("litware.cer", &litware), ("fabrikam.cer", &Ca::root("Fabrikam Root CA").der)]);
    let diff = |more: &[&str]| {
        let run = Run::new(["diff", "--at", AT, "--format", "json"]);
        more.iter().fold(run, Run::arg).arg(old.path()).arg(machines.path()).output().status(0).json()
    };
    let names = |list: &Value| -> Vec<String> {
        let mut names: Vec<String> = array(list).iter().map(|ca| ca["subject"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    let all = diff(&[]);
    assert_eq!(names(&all["add"]), ["CN=Contoso Issuing CA", "CN=Contoso Root CA"]);
    assert_eq!(names(&all["remove"]), ["CN=Fabrikam Root CA"]);
    assert_eq!(names(&all["keep"]), ["CN=Litware Root CA"]);
    let trust = machines.path().join("contoso.cer");
    let below = diff(&["--trust", trust.to_str().unwrap()]);
    assert_eq!(names(&below["add"]), ["CN=Contoso Issuing CA", "CN=Contoso Root CA"]);
    assert!(array(&below["keep"]).is_empty() && array(&below["remove"]).is_empty(), "{below}");
    // The way from a CA to its anchor may lead over one that is given beside.
    let elsewhere = folder(&[]);
    let issuing = elsewhere.path().join("issuing.cer");
    std::fs::rename(machines.path().join("issuing.cer"), &issuing).unwrap();
    let other = diff(&["--trust", trust.to_str().unwrap(), "--intermediates", issuing.to_str().unwrap()]);
    assert_eq!(names(&other["add"]), ["CN=Contoso Root CA"], "what is given beside is not compared");
}

#[test]
fn inspect_counts_the_crls_that_were_met_also_where_certificates_are_selected() {
    let count = |more: &[&str]| {
        let run = Run::new(["inspect", "--at", AT, "--format", "json"]).arg(repository("testdata/contoso"));
        more.iter().fold(run, Run::arg).output().status(0).json()["crls"].clone()
    };
    assert_eq!((count(&[]), count(&["--first"])), (4.into(), 4.into()));
}
