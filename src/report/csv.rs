//! Tables for spreadsheets and scripts (`--format csv`): RFC 4180, UTF-8, a heading, a line a certificate.
//!
//! Names of columns are those of the JSON fields, flattened: `keyAlgorithm` is `key.algorithm`. Several values stand in one cell
//! with `; ` between them. No cell can be a formula: where a text would begin one, an apostrophe stands before it. Control
//! characters and what hides or turns text stand there as `\u{..}`.

use crate::cmg::catalogue::Explanation;
use crate::cmg::plan::Plan;
use crate::ops::Client;
use crate::path::PathStatus;
use crate::pool::Entry;
use crate::report::audit::AuditedRecord;
use crate::report::diff::DiffRecord;
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

/// The columns of `audit`; `findings` are `id/case`, `severities` theirs, `inherited` the ids found at the CAs above.
pub const AUDIT_COLUMNS: &[&str] = &[
    "sha256",
    "thumbprint",
    "subject",
    "verdict",
    "findings",
    "severities",
    "inherited",
    "messages",
    "notAfter",
    "daysLeft",
    "path",
    "requestId",
    "source",
];

/// The columns of `plan`.
pub const PLAN_COLUMNS: &[&str] = &[
    "identity",
    "location",
    "managementPoint",
    "authentication",
    "supported",
    "listed",
    "deprecated",
    "centric",
    "clientCertificate",
    "trustedRootUpload",
    "connectionPointCertificate",
    "switches",
    "notes",
    "sources",
];

/// The columns of `explain`.
pub const EXPLAIN_COLUMNS: &[&str] =
    &["code", "id", "case", "severity", "title", "meaning", "explanation", "remedy", "sources"];

/// The columns of `diff`; `relation` and `other` tell of the certificate that this one replaces or is replaced by.
pub const DIFF_COLUMNS: &[&str] =
    &["change", "sha256", "thumbprint", "subject", "role", "notAfter", "relation", "other"];

/// The byte-order mark by which Excel knows UTF-8; only for files.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The heading of a sheet, for writers that go row by row.
pub(crate) fn heading(columns: &[&str], is_file: bool) -> Vec<u8> {
    let mut out = if is_file { MARK.to_vec() } else { Vec::new() };
    out.extend(line(columns));
    out
}

/// One row, each cell made safe, and in quotation marks where RFC 4180 wants them; a line end is never in it.
pub(crate) fn line<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    for (index, text) in cells.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let safe = cell(text.as_ref());
        if safe.contains([',', '"']) {
            out.push(b'"');
            out.extend(safe.replace('"', "\"\"").into_bytes());
            out.push(b'"');
        } else {
            out.extend(safe.into_bytes());
        }
    }
    out.extend(b"\r\n");
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

/// The heading of `audit`.
pub fn audit_header(is_file: bool) -> Vec<u8> {
    heading(AUDIT_COLUMNS, is_file)
}

/// A certificate of `audit`: one row, whatever the number of its findings.
pub fn audit_row(audited: &AuditedRecord) -> Vec<u8> {
    let findings = || audited.findings.iter();
    line([
        audited.sha256.to_string(),
        audited.thumbprint.clone(),
        audited.subject.clone(),
        audited.verdict.name().to_owned(),
        join(findings().map(|finding| format!("{}/{}", finding.code().id(), finding.case.name))),
        join(findings().map(|finding| finding.severity.name().to_owned())),
        join(audited.inherited.iter().map(|code| code.id().to_owned())),
        join(findings().map(|finding| finding.message.clone())),
        moment(audited.not_after),
        audited.days_left.map_or_else(String::new, |days| days.to_string()),
        join(audited.path.iter().map(ToString::to_string)),
        audited.request_id.clone().unwrap_or_default(),
        audited.source.as_deref().unwrap_or_default().to_owned(),
    ])
}

/// The answers of `plan`, a row each.
pub fn plan(found: &Plan, is_file: bool) -> Vec<u8> {
    let mut out = heading(PLAN_COLUMNS, is_file);
    for row in &found.rows {
        out.extend(line([
            row.identity.name().to_owned(),
            row.location.name().to_owned(),
            row.management_point.name().to_owned(),
            row.authentication.map_or_else(String::new, |method| method.name().to_owned()),
            row.supported.name().to_owned(),
            row.listed.to_string(),
            row.deprecated.to_string(),
            row.centric.map_or_else(String::new, |centric| centric.name().to_owned()),
            row.client_certificate.to_string(),
            row.trusted_root_upload.to_string(),
            row.connection_point_certificate.to_string(),
            join(row.switches.iter().map(|switch| switch.text.to_owned())),
            join(row.notes.iter().map(|note| note.text.to_owned())),
            join(row.sources.iter().map(|source| source.url.to_owned())),
        ]));
    }
    out
}

/// The catalogue of findings, a row a case.
pub fn explain(found: &[Explanation], is_file: bool) -> Vec<u8> {
    let mut out = heading(EXPLAIN_COLUMNS, is_file);
    for explanation in found {
        for case in &explanation.cases {
            out.extend(line([
                explanation.code.code(),
                explanation.id,
                case.name,
                case.severity.map_or("off", |severity| severity.name()),
                explanation.title,
                case.title,
                explanation.explanation,
                explanation.remedy,
                &join(explanation.sources.iter().map(|source| source.url.to_owned())),
            ]));
        }
    }
    out
}

/// What `diff` found, a row a certificate.
pub fn diff(found: &DiffRecord, is_file: bool) -> Vec<u8> {
    let mut out = heading(DIFF_COLUMNS, is_file);
    let lists = [("add", &found.add), ("remove", &found.remove), ("keep", &found.keep)];
    for (change, certificate) in lists.iter().flat_map(|(change, list)| list.iter().map(move |one| (change, one))) {
        let pair = found.pairs.iter().find(|pair| pair.old == certificate.sha256 || pair.new == certificate.sha256);
        let other = pair.map(|pair| if pair.old == certificate.sha256 { &pair.new } else { &pair.old });
        out.extend(line([
            (*change).to_owned(),
            certificate.sha256.clone(),
            certificate.thumbprint.clone(),
            certificate.subject.clone(),
            certificate.role.name().to_owned(),
            moment(certificate.not_after),
            pair.map_or_else(String::new, |pair| pair.relation.name().to_owned()),
            other.cloned().unwrap_or_default(),
        ]));
    }
    out
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

    fn read(text: Vec<u8>) -> Vec<Vec<String>> {
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "RFC 4180 ends lines with CRLF");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    fn inspected(folder: &str) -> Vec<Vec<String>> {
        let found = testing::inspection(folder);
        let rows = found.certificates.iter().flat_map(|entry| inspect_row(entry, testing::at()));
        read(inspect_header(false).into_iter().chain(rows).collect())
    }

    fn chained(folder: &str) -> Vec<Vec<String>> {
        let found = testing::chains(folder);
        let rows = found.clients.iter().flat_map(|client| chain_line(client, found.at));
        read(chain_header(false).into_iter().chain(rows).collect())
    }

    #[test]
    fn the_mark_of_utf8_stands_only_in_files() {
        assert!(inspect_header(true).starts_with(b"\xef\xbb\xbfsha256,"));
        assert!(chain_header(false).starts_with(b"sha256,"));
    }

    #[test]
    fn every_row_of_an_audit_a_plan_and_the_catalogue_has_the_cells_of_its_heading() {
        let audited = testing::audit(60);
        let rows = audited.certificates.iter().flat_map(audit_row);
        assert_eq!(read(audit_header(false).into_iter().chain(rows).collect()).len(), 61);
        let planned = crate::cmg::plan::plan(&crate::cmg::plan::Query::default());
        assert_eq!(read(plan(&planned, false)).len(), planned.rows.len() + 1);
        let explained: Vec<_> =
            crate::cmg::Code::ALL.iter().map(|code| crate::cmg::catalogue::explain(*code)).collect();
        let cases: usize = explained.iter().map(|one| one.cases.len()).sum();
        assert_eq!(read(explain(&explained, false)).len(), cases + 1);
    }

    #[test]
    fn a_line_a_certificate_and_names_that_are_formulas_stay_text() {
        let rows = inspected("pki/hostile-names");
        assert_eq!(rows[0], INSPECT_COLUMNS);
        assert_eq!(rows.len(), testing::inspection("pki/hostile-names").certificates.len() + 1);
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
        let rows = chained("pki/missing-intermediate");
        assert_eq!(rows[0], CHAIN_COLUMNS);
        let cell = |name: &str| rows[1][CHAIN_COLUMNS.iter().position(|column| *column == name).unwrap()].as_str();
        assert_eq!(cell("status"), "incomplete");
        assert_eq!(cell("missingSubject"), "CN=Gap Issuing CA, O=Gap");
        assert_eq!(cell("missingAia"), "http://pki.gap.test/aia/GapIssuing.crt");
        assert_eq!(cell("root"), "");
    }

    #[test]
    fn the_path_of_a_client_is_its_thumbprints_from_the_client_up() {
        let rows = chained("contoso");
        let place = |name: &str| CHAIN_COLUMNS.iter().position(|column| *column == name).unwrap();
        let row = rows.iter().find(|row| row[place("subject")].starts_with("CN=PC001")).unwrap();
        assert_eq!(row[place("certificates")].split("; ").count(), 4);
        assert!(row[place("certificates")].starts_with(&row[place("thumbprint")]));
        assert!(row[place("root")].starts_with("CN=Contoso Root CA"));
    }
}
