use super::*;
use crate::source::read::read_bytes;
use crate::source::sniff::{Content, Looks, sniff_text};
use crate::source::testing::{base64, block, certificate, certificate_block, pkcs7_and_pkcs12, without_passwords};
use proptest::prelude::*;

fn read(text: &str) -> Contents {
    let Content::CertutilCsv(table) = sniff_text(text.as_bytes()) else { panic!("{text}") };
    table.read(text.as_bytes(), 1, true, without_passwords())
}

fn ids(contents: &Contents) -> Vec<Option<String>> {
    contents
        .found
        .iter()
        .map(|found| found.properties.as_ref().and_then(|properties| properties.request_id.clone()))
        .collect()
}

fn quoted(number: usize) -> String {
    format!("\"{}\"", certificate_block(number).replace('\n', "\r\n"))
}

#[test]
fn cells_of_many_lines_are_read_with_the_number_of_their_row() {
    let text = format!(
        "\"Issued Request ID\",\"Requester Name\",\"Binary Certificate\"\r\n\"5\",\"CONTOSO\\A,B$\",{}\r\n\"6\",\"x\",\"EMPTY\"\r\n\
         \"7\",\"say \"\"x\"\"\",{}\r\n",
        quoted(0),
        quoted(1)
    );
    let contents = read(&text);
    assert!(contents.faults.is_empty(), "{:?}", contents.faults);
    assert_eq!(ids(&contents), [Some("5".into()), Some("7".into())]);
    assert_eq!(contents.found[1].der, certificate(1));
    assert_eq!(contents.found[0].position, Position::Line(2));
    let line = 1 + text[..text.rfind("-----BEGIN").unwrap()].matches('\n').count() as u64;
    assert_eq!(contents.found[1].position, Position::Line(line));
}

#[test]
fn the_number_may_stand_behind_and_the_cell_be_bare_base64() {
    let text =
        format!("RawCertificate,RequestID\n{},0x5 (5)\n{},6\n", base64(&certificate(0)), base64(&certificate(1)));
    let contents = read(&text);
    assert!(contents.faults.is_empty(), "{:?}", contents.faults);
    assert_eq!(ids(&contents), [Some("5".into()), Some("6".into())]);
    assert_eq!(contents.found[0].der, certificate(0));
}

#[test]
fn what_stands_beside_the_rows_is_read_with_its_line() {
    let folded: String =
        base64(&certificate(1)).as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line) + "\n").collect();
    let heading = format!("\"RequestID\",\"RawCertificate\"\n\"5\",{}\n", quoted(0));
    let lines = heading.matches('\n').count() as u64;
    let nested = base64(certificate_block(1).as_bytes());
    for (beside, line) in [
        (format!("\nRegards\n{folded}"), 3),
        (format!("\n\n{folded}\"6\",{}\n", quoted(2)), 3),
        (format!("\"6\",\"x\",{{x:{}}}\n", base64(&certificate(1))), 1),
        (format!("\"6\",\"x\"\nmore,than,two {nested}\n"), 2),
    ] {
        let contents = read(&format!("{heading}{beside}"));
        let second = contents.found.iter().find(|found| found.der == certificate(1));
        let second = second.unwrap_or_else(|| panic!("{beside}: {:?}", contents.faults));
        assert_eq!((second.position, &second.properties), (Position::Line(lines + line), &None), "{beside}");
        assert_eq!(contents.faults, [], "{beside}");
    }
}

/// `openssl x509 -text` writes a text before the block; others write the block's base64 as one line.
#[test]
fn a_line_of_a_block_is_no_cell_of_its_own() {
    let long = base64(&[&certificate(0)[..], &[0; 200]].concat()).replace(['\r', '\n'], "");
    let text = format!("Certificate:\n    Data:\n-----BEGIN CERTIFICATE-----\n{long}\n-----END CERTIFICATE-----\n");
    let contents = read(&text);
    assert_eq!(contents.found.len(), 1, "{contents:?}");
    assert_eq!(contents.found[0].position, Position::Line(3));
    assert_eq!(contents.faults.len(), 1, "the bytes behind it: {:?}", contents.faults);
}

#[test]
fn names_in_another_language_and_excels_semicolons_are_no_obstacle() {
    let text = format!("\"Anforderungs-ID\";\"Binärzertifikat\"\r\n\"5\";{}\r\n\"6\";{}\r\n", quoted(0), quoted(1));
    let contents = read(&text);
    assert_eq!(ids(&contents), [Some("5".into()), Some("6".into())]);
}

#[test]
fn what_powershell_exports_is_read() {
    let text = format!("#TYPE Selected.System.String\r\n\"RequestID\",\"RawCertificate\"\r\n\"5\",{}\r\n", quoted(0));
    assert_eq!(ids(&read(&text)), [Some("5".into())]);
}

#[test]
fn a_table_that_only_tells_sizes_says_which_command_gives_certificates() {
    let text = "\"Issued Request ID\",\"Binary Certificate\"\r\n\"5\",\"1657 Bytes\"\r\n\"6\",\"1657 Bytes\"\r\n";
    let contents = read(text);
    assert_eq!(contents.faults.len(), 1);
    assert!(contents.faults[0].message.contains("without csv"));
}

#[test]
fn a_damaged_cell_costs_its_row_alone() {
    let bad = quoted(1).replacen("MII", "M!I", 1);
    let text = format!("RequestID,RawCertificate\r\n5,{}\r\n6,{bad}\r\n7,{}\r\n", quoted(0), quoted(2));
    let contents = read(&text);
    assert_eq!(ids(&contents), [Some("5".into()), Some("7".into())]);
    assert_eq!(contents.faults.len(), 1, "{:?}", contents.faults);
}

/// The heading in English, in German and French, and in tables of other programs.
const HEADINGS: [&str; 4] = [
    "\"Issued Request ID\",\"Binary Certificate\"",
    "\"Ausgestellte Anforderungs-ID\",\"Binärzertifikat\"",
    "\"ID de la demande émise\",\"Certificat binaire\"",
    "Name,Raw",
];

#[test]
fn a_row_that_cannot_be_read_is_a_problem_whatever_the_heading_says() {
    let [first, second, third] = [0, 1, 2].map(|number| base64(&certificate(number)));
    for heading in HEADINGS {
        for bad in [
            second.replacen("MII", "M!I", 1),
            second.replacen("MII", "XII", 1),
            second[..200].to_owned(),
            second[..second.len() - 8].to_owned(),
            format!("{{\"\"x5c\"\": [\"\"{second}\"\"]}}"),
            format!("{second}|{third}"),
            base64(certificate_block(1).as_bytes()),
        ] {
            let rows = [format!("\"5\",\"{first}\""), format!("\"6\",\"{bad}\""), format!("\"7\",\"{third}\"")];
            for order in [[0, 1, 2], [1, 0, 2], [0, 2, 1]] {
                let text: String = order.iter().map(|row| format!("{}\r\n", rows[*row])).collect();
                let contents = read(&format!("{heading}\r\n{text}"));
                assert_eq!(contents.found.len(), 2, "{heading}: {bad}");
                let line = 2 + order.iter().position(|row| *row == 1).unwrap() as u64;
                assert_eq!(
                    contents.faults.iter().map(|fault| fault.position).collect::<Vec<_>>(),
                    [Position::Line(line)]
                );
            }
        }
        // What says that there is no certificate is none, and another column may say what it likes.
        let text = format!(
            "{heading}\r\n5,{first}\r\n6,EMPTY\r\n7,\r\n8,System.Byte[]\r\n\"{}\",{third}\r\n",
            "a note that is long ".repeat(20)
        );
        let contents = read(&text);
        assert_eq!((contents.found.len(), contents.faults), (2, vec![]), "{heading}");
    }
    let text = format!("\"Binärzertifikat\"\r\n\"{first}\"\r\n\"{}\"\r\n", second.replacen("MII", "M!I", 1));
    assert_eq!((read(&text).found.len(), read(&text).faults.len()), (1, 1), "one column, in quotes");
}

#[test]
fn cells_are_read_as_databases_and_excel_write_them() {
    let [first, second] = [0, 1].map(|number| base64(&certificate(number)));
    let digits: String = certificate(1).iter().map(|byte| format!("{byte:02x}")).collect();
    let cells = [
        digits.clone(),
        digits.to_uppercase(),
        format!("0x{}", digits.to_uppercase()),
        format!("\\x{digits}"),
        second.replace('+', "-").replace('/', "_").replace('=', ""),
        format!("'{second}"),
        format!("\"=\"\"{second}\"\"\""),
        second.as_bytes().chunks(64).map(|line| format!("{} ", str::from_utf8(line).unwrap())).collect(),
    ];
    for heading in HEADINGS {
        for cell in &cells {
            let contents = read(&format!("{heading}\r\n5,{first}\r\n6,{cell}\r\n"));
            assert_eq!(contents.faults, [], "{heading}: {cell}");
            assert_eq!(
                contents.found.iter().map(|found| &found.der).collect::<Vec<_>>(),
                [&certificate(0), &certificate(1)]
            );
        }
        let contents = read(&format!("{heading}\n1,0x{digits}\n2,0x{}\n", &digits[..digits.len() - 2]));
        assert_eq!((contents.found.len(), contents.faults.len()), (1, 1), "a table of hexadecimal alone");
    }
}

#[test]
fn pkcs7_and_pkcs12_in_cells_are_read() {
    let Some(both) = pkcs7_and_pkcs12(1) else { return };
    for heading in HEADINGS {
        for inside in &both {
            for cell in [base64(inside), format!("\"{}\"", block("PKCS12", inside))] {
                let contents = read(&format!("{heading}\n6,{cell}\n5,{}\n", base64(&certificate(0))));
                let ders: Vec<_> = contents.found.iter().map(|found| found.der.clone()).collect();
                assert_eq!((ders, contents.faults), (vec![certificate(1), certificate(0)], vec![]), "{heading}");
            }
        }
    }
}

#[test]
fn a_table_of_something_else_is_none() {
    for text in [
        "name,id\nx,5\n".to_owned(),
        "Certificate,Thumbprint\nCN=x,A943B13A7DBE4DBBA0ED2A24A90C30010A3D6B2D\n".to_owned(),
        format!("a note, with a comma\n{}", certificate_block(0)),
        certificate_block(0),
    ] {
        assert!(!matches!(sniff_text(text.as_bytes()), Content::CertutilCsv(_)), "{text}");
    }
}

fn comma() -> Table {
    Table { delimiter: b',', request_id: Some(0), columns: 2, certificates: vec![1] }
}

#[test]
fn rows_end_outside_of_quotes() {
    let whole_rows = |text: &[u8]| comma().whole_rows(text, false);
    assert_eq!(whole_rows(b"a,\"x\ny\"\nb,\"z\nz"), Some(8));
    assert_eq!(whole_rows(b"\"x\ny\n"), None);
    assert_eq!(whole_rows(b"a\nb,"), Some(2));
    assert_eq!(whole_rows(b"a\r\nb,\"\r\n"), Some(3));
    assert_eq!(whole_rows(b"a,\"\"\"\n\"\nb,"), Some(8));
    // A line without cells may be one of something else, which the next line goes on with.
    assert_eq!(whole_rows(b"a,1\nb,2\nc\nd"), Some(4));
    // So may a short line in a table of one column.
    let long = "x".repeat(301);
    let column = Table { columns: 1, ..comma() };
    assert_eq!(column.whole_rows(format!("{long}\nb\n{long}\nc\nd").as_bytes(), false), Some(304));
    // A quote within a cell that has none around it is a character; by counting them the first row would not end.
    assert_eq!(whole_rows(b"a,x\"y\nb\nc,"), Some(8));
    // The header stays with what stands before it.
    assert_eq!(comma().whole_rows(b"\n#TYPE \"x\nID,Certificate\n", true), None);
    assert_eq!(comma().whole_rows(b"\n#TYPE \"x\nID,Certificate\n1,x", true), Some(25));
}

proptest! {
    #[test]
    fn any_table_is_read(text in "[a-zA-Z,;\"\n\r\t 0-9=+/-]{0,300}") {
        let _ = table(text.as_bytes());
        let table = comma();
        let _ = table.read(text.as_bytes(), 1, true, without_passwords());
        for is_first in [true, false] {
            if let Some(end) = table.whole_rows(text.as_bytes(), is_first) {
                prop_assert!(matches!(text.as_bytes()[end - 1], b'\n' | b'\r'));
            }
        }
    }
}

fn folded(number: usize) -> Vec<u8> {
    base64(&certificate(number)).as_bytes().chunks(64).flat_map(|line| [line, b"\n"].concat()).collect()
}

#[test]
fn base64_in_lines_below_a_column_of_certificates_is_read() {
    let row = format!("{}\r\n", base64(&certificate(0)));
    for before in ["", "3", "The next:\r\n", "EMPTY\r\n\r\n"] {
        let text = [b"Certificates\r\n", row.as_bytes(), before.as_bytes(), &folded(1)].concat();
        assert_eq!(found_in(&text), [certificate(0), certificate(1)], "{before}");
    }
}

#[test]
fn what_a_quote_out_of_place_makes_a_heading_is_none() {
    let text = [
        b"\"1,x\n".to_vec(),
        certificate_block(0).into_bytes(),
        b"\n".to_vec(),
        folded(1),
        b"\"Issued Request ID\",\"Binary Certificate\"\r\n".to_vec(),
    ];
    assert_eq!(found_in(&text.concat()), [certificate(0), certificate(1)]);
}

#[test]
fn a_line_of_base64_is_no_heading() {
    let in_one_line = certificate_block(1).replace("-----\n", "-----").replace('\n', "");
    let other = br#"[HKEY_LOCAL_MACHINE\SOFTWARE\Contoso]
"Blob"=hex:20,00,00,00,01,00,00,00
"#;
    let text = [folded(0), other.to_vec(), in_one_line.into_bytes()];
    assert_eq!(found_in(&text.concat()), [certificate(0), certificate(1)]);
}

fn found_in(file: &[u8]) -> Vec<Vec<u8>> {
    read_bytes(file, Looks::Named, without_passwords()).found.into_iter().map(|found| found.der).collect()
}
