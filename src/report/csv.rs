//! Tables for spreadsheets and scripts (`--format csv`): RFC 4180, UTF-8, a heading, a line a certificate.
//!
//! Names of columns are those of the JSON fields, flattened: `keyAlgorithm` is `key.algorithm`. Several values stand in one cell
//! with `; ` between them. No cell can be a formula: where a text would begin one, an apostrophe stands before it. Control
//! characters and what hides or turns text stand there as `\u{..}`.

use std::io::{self, Write};

use crate::ops::{Chains, Client, Inspection};
use crate::path::PathStatus;
use crate::pool::Entry;
use crate::report::model::{OidRecord, Role};
use crate::report::sanitize::cell;
use crate::source::KeyProvider;
use crate::time::Time;

/// The mark by which Excel knows UTF-8; for files alone, since in a pipe it would stand in the first column's name.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The columns of `inspect`.
pub const INSPECT_COLUMNS: &[&str] = &[
    "sha256",
    "thumbprint",
    "role",
    "subject",
    "issuer",
    "serialNumber",
    "notBefore",
    "notAfter",
    "daysLeft",
    "selfSigned",
    "keyAlgorithm",
    "keyBits",
    "keyCurve",
    "signatureAlgorithm",
    "extendedKeyUsage",
    "subjectAlternativeNames",
    "template",
    "keyProviderFamily",
    "keyProviderName",
    "keyProviderEvidence",
    "hasPrivateKey",
    "friendlyName",
    "requestId",
    "source",
    "sources",
];

/// The columns of `chain`.
pub const CHAIN_COLUMNS: &[&str] = &[
    "sha256",
    "thumbprint",
    "subject",
    "issuer",
    "notAfter",
    "daysLeft",
    "status",
    "paths",
    "certificates",
    "root",
    "rootSha256",
    "missingSubject",
    "missingKeyIdentifier",
    "missingAia",
    "failedCertificate",
    "check",
    "expected",
    "found",
    "refused",
    "keyProviderFamily",
    "keyProviderName",
    "keyProviderEvidence",
    "hasPrivateKey",
    "source",
    "sources",
];

/// Lines of cells, each made safe.
pub(crate) struct Sheet<'a> {
    writer: csv::Writer<&'a mut dyn Write>,
}

impl<'a> Sheet<'a> {
    /// Begins with the heading.
    pub(crate) fn new(out: &'a mut dyn Write, columns: &[&str]) -> io::Result<Self> {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        if !columns.is_empty() {
            writer.write_record(columns).map_err(io_error)?;
        }
        Ok(Self { writer })
    }

    pub(crate) fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) -> io::Result<()> {
        for text in cells {
            self.writer.write_field(cell(text.as_ref())).map_err(io_error)?;
        }
        self.writer.write_record(None::<&[u8]>).map_err(io_error)
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// The byte-order mark by which Excel knows UTF-8; only for files.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The heading of a sheet, for writers that go row by row.
pub(crate) fn heading(columns: &[&str], is_file: bool) -> Vec<u8> {
    let mut out = if is_file { MARK.to_vec() } else { Vec::new() };
    out.extend(line(columns));
    out
}

/// One row.
pub(crate) fn line<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    // Writing into memory cannot fail.
    let _ = Sheet::new(&mut out, &[]).and_then(|mut sheet| {
        sheet.row(cells)?;
        sheet.finish()
    });
    out
}

/// The heading of `inspect`; a file begins with a byte-order mark, by which Excel knows UTF-8.
pub fn inspect_header(is_file: bool) -> Vec<u8> {
    heading(INSPECT_COLUMNS, is_file)
}

/// The row of a certificate of `inspect`.
pub fn inspect_row(entry: &Entry, at: Time) -> Vec<u8> {
    line(inspection_row(entry, at))
}

/// The heading of `chain`.
pub fn chain_header(is_file: bool) -> Vec<u8> {
    heading(CHAIN_COLUMNS, is_file)
}

/// The row of a client certificate of `chain`.
pub fn chain_line(client: &Client, at: Time) -> Vec<u8> {
    line(chain_row(client, at))
}

fn inspection_row(entry: &Entry, at: Time) -> Vec<String> {
    let certificate = &entry.certificate;
    let key = certificate.public_key();
    let role = Role::of(certificate);
    let usages = certificate.extended_key_usage().get();
    let names = certificate.subject_alternative_names();
    let template = certificate.template();
    let template = template.map(|one| one.name.or_else(|| one.oid.map(|oid| oid.to_string())).unwrap_or_default());
    let mut row = vec![
        certificate.sha256_hex(),
        certificate.thumbprint_hex(),
        role.name().to_owned(),
        certificate.subject().to_string(),
        certificate.issuer().to_string(),
        certificate.serial_number_hex(),
        moment(certificate.not_before()),
        moment(certificate.not_after()),
        days_left(certificate.not_after(), at),
        (role == Role::Root || (role == Role::EndEntity && certificate.is_self_signed())).to_string(),
        key.algorithm.name().to_owned(),
        key.bits.to_string(),
        key.curve.clone().unwrap_or_default(),
        certificate.signature_algorithm().to_string(),
        join(usages.into_iter().flatten().map(OidRecord::new).map(|usage| match usage.name {
            Some(name) => name.to_owned(),
            None => usage.oid,
        })),
        join(names.get().into_iter().flatten().map(ToString::to_string)),
        template.unwrap_or_default(),
    ];
    provider(&mut row, entry);
    let properties = || entry.occurrences.iter().filter_map(|occurrence| occurrence.properties.as_deref());
    row.push(properties().find_map(|one| one.friendly_name.clone()).unwrap_or_default());
    row.push(properties().find_map(|one| one.request_id.clone()).unwrap_or_default());
    places(&mut row, entry);
    row
}

/// Writes the certificates of `inspect`.
///
/// # Errors
/// Where `out` cannot be written.
pub fn write_inspection(out: &mut dyn Write, found: &Inspection, at: Time) -> io::Result<()> {
    let mut sheet = Sheet::new(out, INSPECT_COLUMNS)?;
    for entry in &found.certificates {
        sheet.row(inspection_row(entry, at))?;
    }
    sheet.finish()
}

/// Writes the client certificates of `chain`.
pub fn write_chains(out: &mut dyn Write, found: &Chains) -> io::Result<()> {
    let mut sheet = Sheet::new(out, CHAIN_COLUMNS)?;
    for client in &found.clients {
        sheet.row(chain_row(client, found.at))?;
    }
    sheet.finish()
}

fn chain_row(client: &Client, at: Time) -> Vec<String> {
    let certificate = &client.entry.certificate;
    let path = client.verdict.paths.first();
    let mut row = vec![
        certificate.sha256_hex(),
        certificate.thumbprint_hex(),
        certificate.subject().to_string(),
        certificate.issuer().to_string(),
        moment(certificate.not_after()),
        days_left(certificate.not_after(), at),
        path.map_or("incomplete", |path| match path.status {
            PathStatus::Valid => "valid",
            PathStatus::Invalid => "invalid",
            PathStatus::Incomplete => "incomplete",
        })
        .to_owned(),
        client.verdict.paths.len().to_string(),
        join(path.iter().flat_map(|path| &path.certificates).map(|certificate| certificate.thumbprint_hex())),
    ];
    let root = path.filter(|path| path.is_anchored).and_then(|path| path.certificates.last());
    row.push(root.map_or_else(String::new, |root| root.subject().to_string()));
    row.push(root.map_or_else(String::new, |root| root.sha256_hex()));
    let missing = path.and_then(|path| path.missing.as_ref());
    row.push(missing.map_or_else(String::new, |missing| missing.subject.clone()));
    row.push(missing.and_then(|missing| missing.key_identifier.clone()).unwrap_or_default());
    row.push(join(missing.iter().flat_map(|missing| missing.aia.iter().cloned())));
    match path.and_then(|path| path.failure.as_ref()) {
        Some((at, failure)) => row.extend([
            at.subject().to_string(),
            failure.check.name().to_owned(),
            failure.expected.clone(),
            failure.found.clone(),
        ]),
        None => row.extend(std::iter::repeat_n(String::new(), 4)),
    }
    row.push(client.verdict.refused.len().to_string());
    provider(&mut row, &client.entry);
    places(&mut row, &client.entry);
    row
}

fn provider(row: &mut Vec<String>, entry: &Entry) {
    let provider: Option<&KeyProvider> = entry.key_provider();
    let family = provider.and_then(|found| serde_json::to_value(found.family).ok());
    let evidence = provider.and_then(|found| serde_json::to_value(found.evidence).ok());
    let text = |value: Option<serde_json::Value>| {
        value.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    };
    row.push(text(family));
    row.push(provider.and_then(|found| found.name.clone()).unwrap_or_default());
    row.push(text(evidence));
    row.push(entry.has_private_key().to_string());
}

fn places(row: &mut Vec<String>, entry: &Entry) {
    row.push(entry.occurrences.first().map_or_else(String::new, |first| first.source.to_string()));
    row.push(entry.occurrences.len().to_string());
}

pub(crate) fn moment(time: Option<Time>) -> String {
    time.map_or_else(String::new, |time| time.to_string())
}

pub(crate) fn days_left(not_after: Option<Time>, at: Time) -> String {
    not_after.map_or_else(String::new, |last| at.days_until(last).to_string())
}

pub(crate) fn join(values: impl Iterator<Item = String>) -> String {
    values.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;

    fn table(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Vec<Vec<String>> {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "RFC 4180 ends lines with CRLF");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn a_line_a_certificate_and_names_that_are_formulas_stay_text() {
        let found = testing::inspection("pki/hostile-names");
        let rows = table(|out| write_inspection(out, &found, testing::at()));
        assert_eq!(rows[0], INSPECT_COLUMNS);
        assert_eq!(rows.len(), found.certificates.len() + 1);
        let subjects: Vec<&String> = rows.iter().map(|row| &row[3]).collect();
        assert!(subjects.iter().any(|subject| subject.contains("=cmd|'/c calc'!A1")), "{subjects:?}");
        for cell in rows.iter().flatten() {
            assert!(!cell.starts_with(['=', '+', '@', '\t', '\r', '＝']), "{cell}");
            assert!(!cell.starts_with('-') || cell[1..].bytes().all(|byte| byte.is_ascii_digit()), "{cell}");
            assert!(!cell.chars().any(char::is_control), "{cell:?}");
        }
    }

    #[test]
    fn a_client_without_a_path_names_what_is_missing() {
        let found = testing::chains("pki/missing-intermediate");
        let rows = table(|out| write_chains(out, &found));
        assert_eq!(rows[0], CHAIN_COLUMNS);
        let cell = |name: &str| rows[1][CHAIN_COLUMNS.iter().position(|column| *column == name).unwrap()].as_str();
        assert_eq!(cell("status"), "incomplete");
        assert_eq!(cell("missingSubject"), "CN=Gap Issuing CA, O=Gap");
        assert_eq!(cell("missingAia"), "http://pki.gap.test/aia/GapIssuing.crt");
        assert_eq!(cell("root"), "");
    }

    #[test]
    fn the_path_of_a_client_is_its_thumbprints_from_the_client_up() {
        let found = testing::chains("contoso");
        let rows = table(|out| write_chains(out, &found));
        let place = |name: &str| CHAIN_COLUMNS.iter().position(|column| *column == name).unwrap();
        let row = rows.iter().find(|row| row[place("subject")].starts_with("CN=PC001")).unwrap();
        assert_eq!(row[place("certificates")].split("; ").count(), 4);
        assert!(row[place("certificates")].starts_with(&row[place("thumbprint")]));
        assert!(row[place("root")].starts_with("CN=Contoso Root CA"));
    }
}
