use super::*;
use crate::source::batches::Layout;
use crate::source::sniff::{Content, sniff_text};
use crate::source::testing::{certificate, certificate_block, without_passwords};
use proptest::prelude::*;

fn schema(request_id: &str, certificate: &str) -> String {
    format!(
        "Schema:\r\n  Column Name                   Localized Name                Type    MaxLength\r\n  \
         ----------------------------  ----------------------------  ------  ---------\r\n  \
         Request.RequesterName         Requester Name                String  2048 -- Indexed\r\n  \
         RequestID                     {request_id:<28}  Long    4 -- Indexed\r\n  \
         RawCertificate                {certificate:<28}  Binary  16384\r\n\r\n"
    )
}

fn row(number: usize, id: &str, certificate: &str) -> String {
    let block = certificate_block(number).replace('\n', "\r\n");
    format!("Row {number}:\r\n  Requester Name: \"CONTOSO\\PC{number}$\"\r\n  {id}\r\n  {certificate}:\r\n{block}\r\n")
}

fn read(text: &str) -> Contents {
    let Content::CertutilView(view) = sniff_text(text.as_bytes()) else { panic!("{text}") };
    view.read(text.as_bytes(), 1, without_passwords()).resolve(true)
}

fn ids(contents: &Contents) -> Vec<Option<String>> {
    contents
        .found
        .iter()
        .map(|found| found.properties.as_ref().and_then(|properties| properties.request_id.clone()))
        .collect()
}

const TRAILER: &str = "Maximum Row Index: 2\r\n\r\n2 Rows\r\n   2 Row Properties, Total Size = 3222\r\nCertUtil: -view command completed successfully.\r\n";

#[test]
fn each_certificate_keeps_the_request_number_of_its_row() {
    let text = [
        schema("Issued Request ID", "Binary Certificate"),
        row(1, "Issued Request ID: 0x5 (5)", "Binary Certificate"),
        row(2, "Issued Request ID: 0x1f (31)", "Binary Certificate"),
        row(3, "Issued Request ID: 0x2", "Binary Certificate"),
        TRAILER.to_owned(),
    ]
    .concat();
    let contents = read(&text);
    assert!(contents.faults.is_empty(), "{:?}", contents.faults);
    assert_eq!(ids(&contents), [Some("5".into()), Some("31".into()), Some("2".into())]);
    assert_eq!(contents.found[2].der, certificate(3));
    assert_eq!(contents.found[0].format, Format::CertutilView);
    let line = 1 + text[..text.find("-----BEGIN").unwrap()].matches('\n').count() as u64;
    assert_eq!(contents.found[0].position, Position::Line(line));
}

#[test]
fn the_number_may_stand_behind_the_certificate_and_behind_a_request() {
    let text = format!(
        "{}Row 1:\r\n  Binary Certificate:\r\n{}\r\n  Issued Request ID: 0x7 (7)\r\nRow 2:\r\n  Issued Request ID: 0x8 (8)\r\n  \
         Binary Request:\r\n-----BEGIN NEW CERTIFICATE REQUEST-----\r\nAAAA\r\n-----END NEW CERTIFICATE REQUEST-----\r\n  \
         Binary Certificate:\r\n{}",
        schema("Issued Request ID", "Binary Certificate"),
        certificate_block(0),
        certificate_block(1)
    );
    assert_eq!(ids(&read(&text)), [Some("7".into()), Some("8".into())]);
}

#[test]
fn names_in_another_language_are_told_by_the_schema() {
    let text = [
        schema("Ausgestellte Anforderungsnr.", "Binärzertifikat").replace("Schema:", "Schema (Tabelle):"),
        row(1, "Ausgestellte Anforderungsnr.: 0x5 (5)", "Binärzertifikat").replace("Row", "Zeile"),
        row(2, "Ausgestellte Anforderungsnr.: 0x6 (6)", "Binärzertifikat").replace("Row", "Zeile"),
    ]
    .concat();
    assert_eq!(ids(&read(&text)), [Some("5".into()), Some("6".into())]);
}

#[test]
fn without_a_schema_the_word_id_and_a_hexadecimal_number_tell() {
    let text = [
        row(1, "Id. de solicitud emitida: 0x5 (5)", "Certificado binario").replace("Row", "Fila"),
        row(2, "Id. de solicitud emitida: 0x6 (6)", "Certificado binario").replace("Row", "Fila"),
    ]
    .concat();
    assert_eq!(ids(&read(&text)), [Some("5".into()), Some("6".into())]);
}

/// German, as a console of code page 850 writes it, with the schema and without.
#[test]
fn a_german_text_in_a_consoles_code_page_keeps_its_request_numbers() {
    let rows: String = (1..=2)
        .map(|number| {
            let row =
                row(number, &format!("Ausgestellte Anforderungs-ID: 0x{number} ({number})"), "Bin@res Zertifikat");
            row.replace("Row", "Zeile").replace("Requester Name", "Antragstellername")
        })
        .collect();
    for with in [schema("Ausgestellte Anforderungs-ID", "Bin@res Zertifikat"), String::new()] {
        let mut text = format!("{with}{rows}").into_bytes();
        text.iter_mut().filter(|byte| **byte == b'@').for_each(|byte| *byte = 0x84);
        let Content::CertutilView(view) = sniff_text(&text) else { panic!("{:?}", String::from_utf8_lossy(&text)) };
        assert_eq!(ids(&view.read(&text, 1, without_passwords()).resolve(true)), [Some("1".into()), Some("2".into())]);
    }
}

/// A number that no name tells of may be a key's length as well as a request's number: nothing is said rather than the wrong.
#[test]
fn a_number_whose_name_tells_nothing_is_not_taken_for_a_requests() {
    let text = row(1, "Schl\u{fc}ssell\u{e4}nge: 0x800 (2048)", "Bin\u{e4}res Zertifikat").replace("Row", "Zeile");
    let contents = match sniff_text(text.as_bytes()) {
        Content::CertutilView(view) => view.read(text.as_bytes(), 1, without_passwords()).resolve(true),
        other => return assert_eq!(other, Content::Pem),
    };
    assert_eq!(ids(&contents), [None]);
}

#[test]
fn a_block_without_an_end_does_not_take_the_number_of_the_next_row() {
    let first = row(1, "Issued Request ID: 0x5 (5)", "Binary Certificate").replace("-----END CERTIFICATE-----", "");
    let text = [
        schema("Issued Request ID", "Binary Certificate"),
        first,
        row(2, "Issued Request ID: 0x6 (6)", "Binary Certificate"),
    ];
    let contents = read(&text.concat());
    assert_eq!(ids(&contents), [Some("5".into()), Some("6".into())]);
    assert_eq!(contents.faults[0].code, ProblemCode::Truncated);
}

#[test]
fn rows_without_certificates_are_no_problem() {
    let text = [
        schema("Issued Request ID", "Binary Certificate"),
        "Row 1:\r\n  Issued Request ID: 0x4 (4)\r\n  Binary Certificate: EMPTY\r\n\r\n".to_owned(),
        row(2, "Issued Request ID: 0x5 (5)", "Binary Certificate"),
    ]
    .concat();
    let contents = read(&text);
    assert!(contents.faults.is_empty());
    assert_eq!(ids(&contents), [Some("5".into())]);
}

#[test]
fn ordinary_text_with_blocks_is_no_certutil_output() {
    for text in [
        format!("Certificate 1:\n  Subject: CN=x\n{}", certificate_block(0)),
        format!("# bundle\n{}", certificate_block(0)),
    ] {
        assert_eq!(sniff_text(text.as_bytes()), Content::Pem, "{text}");
    }
}

#[test]
fn request_numbers_are_read_as_certutil_prints_them() {
    for (value, number) in [("0x5 (5)", Some("5")), ("0x1F", Some("31")), ("12", Some("12")), ("\"7\"", Some("7"))] {
        assert_eq!(request_number(value.as_bytes()).as_deref(), number);
    }
    for value in ["0x14 (20) -- Issued", "EMPTY", "", "0x5 (6)", "x"] {
        assert_eq!(request_number(value.as_bytes()), None, "{value}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read(text: Vec<u8>) {
        let _ = view(&text);
        let _ = View::default().read(&text, 1, without_passwords());
        let _ = Layout::Rows(View::default());
    }

    #[test]
    fn any_rows_are_read(
        parts in prop::collection::vec(
            prop::sample::select(vec!["Row 1:", "\r\n", "  ", "Request ID: 0x1", ":", "-----BEGIN CERTIFICATE-----", "RequestID  ", "MII"]),
            0..40,
        )
    ) {
        let text = parts.concat();
        let _ = view(text.as_bytes());
        let _ = View::default().read(text.as_bytes(), 1, without_passwords());
        if let Some(start) = last_row(text.as_bytes()) {
            prop_assert!(start > 0 && start < text.len());
        }
    }
}
