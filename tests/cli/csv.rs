//! `--format csv`: read back by an independent reader, and no cell that Excel would run.

use crate::common::{AT, Run, repository, testdata};

fn records(command: &str) -> (csv::StringRecord, Vec<csv::StringRecord>) {
    let output = Run::new([command, "--format", "csv", "--at", AT]).arg(repository("testdata/pki")).output();
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(output.stdout.as_slice());
    let header = reader.headers().expect("a header").clone();
    let records: Vec<csv::StringRecord> =
        reader.records().map(|record| record.unwrap_or_else(|error| panic!("{command}: {error}"))).collect();
    (header, records)
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
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(output.stdout.as_slice());
    let header = reader.headers().expect("a header").clone();
    let row = reader.records().next().expect("a row").expect("that can be read");
    let cell = |name: &str| header.iter().position(|column| column == name).and_then(|index| row.get(index));
    assert_eq!(cell("status"), Some("invalid"));
    assert_eq!(cell("check"), Some("extended-key-usage"));
    assert_eq!(cell("expected"), Some("Client Authentication"));
}
