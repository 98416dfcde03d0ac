//! `--format csv`: read back by an independent reader, and no cell that Excel would run.

use std::sync::Arc;

use crate::common::pki::{Ca, folder};
use crate::common::{AT, Output, Run, openssl, repository, testdata};

fn records(command: &str) -> (csv::StringRecord, Vec<csv::StringRecord>) {
    let output = Run::new([command, "--format", "csv", "--at", AT]).arg(repository("testdata/pki")).output();
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(output.stdout.as_slice());
    let header = reader.headers().expect("a header").clone();
    let records: Vec<csv::StringRecord> =
        reader.records().map(|record| record.unwrap_or_else(|error| panic!("{command}: {error}"))).collect();
    (header, records)
}

/// The cells of the one row, by column.
fn cells(output: &Output) -> impl Fn(&str) -> String {
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(output.stdout.as_slice());
    let header = reader.headers().expect("a header").clone();
    let row = reader.records().next().expect("a row").expect("that can be read");
    move |name| {
        let column = header.iter().position(|column| column == name);
        column.and_then(|index| row.get(index)).unwrap_or_else(|| panic!("no column {name}")).to_owned()
    }
}

#[test]
fn each_row_has_the_columns_of_the_header_and_the_column_names_are_the_jsons() {
    for command in ["inspect", "chain", "audit"] {
        let (header, records) = records(command);
        assert!(!records.is_empty(), "{command}");
        let names: Vec<&str> = header.iter().collect();
        for name in ["sha256", "thumbprint", "subject"] {
            assert!(names.contains(&name), "{command}: {names:?}");
        }
    }
    let (header, _) = records("inspect");
    let names: Vec<&str> = header.iter().collect();
    for name in ["issuer", "serialNumber", "notBefore", "notAfter", "daysLeft", "role"] {
        assert!(names.contains(&name), "{names:?}");
    }
}

#[test]
fn no_cell_is_a_formula_and_none_holds_a_control_character() {
    for command in ["inspect", "chain", "audit"] {
        let (header, records) = records(command);
        for record in &records {
            for (column, cell) in header.iter().zip(record) {
                let number = cell.parse::<i64>().is_ok();
                assert!(
                    number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '|', '%']),
                    "{command} {column}: {cell:?}"
                );
                assert!(!cell.chars().any(|c| c.is_control() && c != '\n'), "{command} {column}: {cell:?}");
            }
        }
    }
}

#[test]
fn one_certificate_of_a_hundred_thousand_names_does_not_make_the_table_unreadable() {
    let long = "long ".repeat(13_000);
    let root = crate::common::pki::Ca::root(&long);
    let client = root.client_with("pc.test", |options| {
        options.subject = crate::common::pki::name(&long);
        options.sans = (0..10_000)
            .map(|n| format!("host-{n}.contoso.com").as_str().try_into().map(rcgen::SanType::DnsName).expect("a name"))
            .collect();
    });
    let folder = crate::common::pki::folder(&[("root.cer", &root.der), ("client.cer", &client)]);
    for command in ["inspect", "chain", "audit"] {
        let run = Run::new([command, "--format", "csv", "--at", AT, "--fail-on", "never"]);
        let table = run.arg(folder.path()).output().status(0).stdout;
        let mut reader = csv::Reader::from_reader(table.as_slice());
        let longest = reader.records().flat_map(|record| {
            let record = record.expect("a row");
            record.iter().map(|cell| cell.chars().count()).max()
        });
        // As many as Excel takes.
        assert!(longest.max().is_some_and(|longest| (30_000..=32_767).contains(&longest)), "{command}");
    }
}

#[test]
fn a_record_stays_on_the_lines_that_its_quotes_say() {
    let output = Run::new(["inspect", "--format", "csv", "--at", AT]).arg(testdata("hostile-names")).output().status(0);
    let (_, records) = records("inspect");
    assert!(records.len() > 56);
    // no name can begin a line of its own
    assert!(
        !output.text().lines().any(|line| line.starts_with("line two") || line.starts_with("#>")),
        "{}",
        output.text()
    );
}

#[test]
fn verify_has_a_row_that_says_why() {
    let pki = testdata("wrong-eku");
    let output = Run::new(["verify", "--format", "csv", "--at", AT, "--purpose", "client", "--trust"])
        .arg(pki.join("root.cer"))
        .arg("--intermediates")
        .arg(&pki)
        .arg(pki.join("client.cer"))
        .output()
        .status(1);
    let cell = cells(&output);
    assert_eq!(cell("status"), "invalid");
    assert_eq!(cell("check"), "extended-key-usage");
    assert_eq!(cell("expected"), "Client Authentication");
}

#[test]
fn verify_says_where_the_certificate_was_found_and_what_keeps_its_key() {
    let root = Ca::root("Contoso Root CA");
    let key = Arc::new(rcgen::KeyPair::generate().expect("a key can be made"));
    let client = root.client_with("pc1.contoso.test", |options| options.key = Some(key.clone()));
    let name = "Microsoft Software Key Storage Provider";
    let folder = folder(&[("root.cer", &root.der), ("pc1.pfx", &openssl::pkcs12(&client, &key, name))]);
    let pfx = folder.path().join("pc1.pfx");
    // Chosen of several or the only one: what is told of it is the same.
    for more in [&[][..], &["--first"]] {
        let run =
            Run::new(["verify", "--format", "csv", "--at", AT]).arg("--trust").arg(folder.path().join("root.cer"));
        let output = more.iter().fold(run.arg(&pfx), Run::arg).output().status(0);
        let cell = cells(&output);
        assert_eq!(cell("hasPrivateKey"), "true");
        assert_eq!((cell("keyProviderFamily"), cell("keyProviderName")), ("cng".to_owned(), name.to_owned()));
        assert_eq!((cell("source"), cell("sources")), (pfx.to_string_lossy().into_owned(), "1".to_owned()));
    }
}
