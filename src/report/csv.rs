//! Tables for spreadsheets and scripts (`--format csv`): RFC 4180, UTF-8, a heading, a line a certificate.
//!
//! Names of columns are those of the JSON fields, flattened: `keyAlgorithm` is `key.algorithm`. Several values stand in one cell
//! with `; ` between them. No cell can be a formula: where a text would begin one, an apostrophe stands before it. Control
//! characters and what hides or turns text stand there as `\u{..}`.

use std::collections::HashMap;

use crate::cmg::catalogue::Explanation;
use crate::cmg::plan::Plan;
use crate::report::audit::AuditedRecord;
use crate::report::diff::DiffRecord;
use crate::report::model::{CertificateRecord, ClientRecord, OccurrenceRecord};
use crate::report::sanitize::{LONGEST_CELL, cell};
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
    "anchor",
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

/// The columns of `audit`; `findings` are `id/case`, `inherited` the ids found at the CAs above.
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

/// The heading of `inspect`; with the mark for a file, without it for a pipe.
pub fn inspect_header(with_mark: bool) -> Vec<u8> {
    heading(INSPECT_COLUMNS, with_mark)
}

/// The heading of `chain`.
pub fn chain_header(with_mark: bool) -> Vec<u8> {
    heading(CHAIN_COLUMNS, with_mark)
}

/// The heading of `audit`.
pub fn audit_header(with_mark: bool) -> Vec<u8> {
    heading(AUDIT_COLUMNS, with_mark)
}

pub(crate) fn heading(columns: &[&str], with_mark: bool) -> Vec<u8> {
    let mut out = if with_mark { BYTE_ORDER_MARK.to_vec() } else { Vec::new() };
    out.extend(columns.join(",").into_bytes());
    out.extend(b"\r\n");
    out
}

/// A row of ready texts.
pub(crate) fn line<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> Vec<u8> {
    let mut row = Row::default();
    cells.into_iter().for_each(|text| row.put(text.as_ref()));
    row.finish()
}

/// A line (RFC 4180), each cell made safe.
struct Row {
    out: Vec<u8>,
}

impl Default for Row {
    fn default() -> Self {
        // What most rows come to.
        Self { out: Vec::with_capacity(640) }
    }
}

impl Row {
    fn put(&mut self, text: &str) {
        if text.len() <= LONGEST_CELL && stands_as_it_is(text) {
            self.out.extend_from_slice(text.as_bytes());
            self.out.push(b',');
            return;
        }
        let safe = cell(text);
        if safe.contains([',', '"']) {
            self.out.push(b'"');
            self.out.extend_from_slice(safe.replace('"', "\"\"").as_bytes());
            self.out.push(b'"');
        } else {
            self.out.extend_from_slice(safe.as_bytes());
        }
        self.out.push(b',');
    }

    fn some(&mut self, text: Option<&str>) {
        self.put(text.unwrap_or_default());
    }

    fn show(&mut self, value: impl ToString) {
        self.put(&value.to_string());
    }

    fn time(&mut self, time: Option<Time>) {
        self.put(&time.map_or_else(String::new, |time| time.to_string()));
    }

    fn list<T: AsRef<str>>(&mut self, values: impl IntoIterator<Item = T>) {
        let mut joined = String::new();
        for value in values {
            if !joined.is_empty() {
                joined.push_str("; ");
            }
            joined.push_str(value.as_ref());
        }
        self.put(&joined);
    }

    fn provider(&mut self, certificate: &CertificateRecord) {
        let provider = certificate.key_provider.as_ref();
        self.some(provider.map(|found| name_of(&found.family)).as_deref());
        self.some(provider.and_then(|found| found.name.as_deref()));
        self.some(provider.map(|found| name_of(&found.evidence)).as_deref());
        self.show(certificate.has_private_key);
    }

    fn places(&mut self, sources: &[OccurrenceRecord]) {
        self.some(sources.first().map(|first| &*first.path));
        self.show(sources.len());
    }

    fn finish(mut self) -> Vec<u8> {
        self.out.pop();
        self.out.extend(b"\r\n");
        self.out
    }
}

/// Whether a cell needs neither quotation marks nor [`cell`], as fingerprints, dates and most names do. All bytes are looked at
/// whatever the first ones are: so the compiler takes many at once.
fn stands_as_it_is(text: &str) -> bool {
    let is_special = |byte: u8| !matches!(byte, b' '..=b'~') | matches!(byte, b',' | b'"' | b';');
    text.bytes().next().is_none_or(|first| first.is_ascii_alphanumeric())
        && !text.bytes().fold(false, |found, byte| found | is_special(byte))
}

/// The name that a value has in JSON.
fn name_of(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// A certificate of `inspect`.
pub fn inspect_row(certificate: &CertificateRecord) -> Vec<u8> {
    let mut row = Row::default();
    row.put(&certificate.sha256);
    row.put(&certificate.thumbprint);
    row.put(certificate.role.name());
    row.put(&certificate.subject);
    row.put(&certificate.issuer);
    row.put(&certificate.serial_number);
    row.time(certificate.not_before);
    row.time(certificate.not_after);
    row.put(&certificate.days_left.map_or_else(String::new, |days| days.to_string()));
    row.show(certificate.self_signed);
    row.put(&certificate.key.algorithm);
    row.show(certificate.key.bits);
    row.some(certificate.key.curve.as_deref());
    row.put(&certificate.signature_algorithm);
    row.list(certificate.extended_key_usage.iter().map(|usage| usage.name.unwrap_or(&usage.oid)));
    row.list(&certificate.subject_alternative_names);
    let template = certificate.template.as_ref();
    row.some(template.and_then(|template| template.name.as_deref().or(template.oid.as_deref())));
    row.provider(certificate);
    row.some(certificate.sources.iter().find_map(|source| source.friendly_name.as_deref()));
    row.some(certificate.sources.iter().find_map(|source| source.request_id.as_deref()));
    row.places(&certificate.sources);
    row.finish()
}

/// A client certificate of `chain`, with the first of its paths.
pub fn chain_row(client: &ClientRecord) -> Vec<u8> {
    let certificate = &client.certificate;
    let path = client.paths.first();
    let missing = path.and_then(|path| path.missing.as_ref());
    let failure = path.and_then(|path| path.failure.as_ref());
    let mut row = Row::default();
    row.put(&certificate.sha256);
    row.put(&certificate.thumbprint);
    row.put(&certificate.subject);
    row.put(&certificate.issuer);
    row.time(certificate.not_after);
    row.put(&certificate.days_left.map_or_else(String::new, |days| days.to_string()));
    row.some(path.map(|path| name_of(&path.status)).as_deref());
    row.show(client.paths.len());
    row.list(path.iter().flat_map(|path| &path.certificates));
    row.some(path.and_then(|path| path.anchor.as_deref()));
    row.some(missing.map(|missing| missing.subject.as_str()));
    row.some(missing.and_then(|missing| missing.key_identifier.as_deref()));
    row.list(missing.iter().flat_map(|missing| &missing.aia));
    // Where no check of the path itself failed: the one that refused the issuer that is at hand.
    let refused = missing.and_then(|missing| missing.refused.as_ref()).filter(|_| failure.is_none());
    let either = |of_failure: Option<&str>, of_refused: Option<&str>| of_failure.or(of_refused).map(str::to_owned);
    row.some(either(failure.map(|it| it.subject.as_str()), refused.map(|it| it.subject.as_str())).as_deref());
    row.some(either(failure.map(|it| it.check), refused.map(|it| it.check)).as_deref());
    row.some(either(failure.map(|it| it.expected.as_str()), refused.map(|it| it.expected.as_str())).as_deref());
    row.some(either(failure.map(|it| it.found.as_str()), refused.map(|it| it.found.as_str())).as_deref());
    row.show(path.map_or(0, |path| path.refused.len()));
    row.provider(certificate);
    row.places(&certificate.sources);
    row.finish()
}

/// A certificate of `audit`: one line whatever the number of its findings, the gravest of which gives the message.
pub fn audit_row(audited: &AuditedRecord) -> Vec<u8> {
    let mut row = Row::default();
    row.put(&audited.sha256);
    row.put(&audited.thumbprint);
    row.put(&audited.subject);
    row.put(audited.verdict.name());
    row.list(audited.findings.iter().map(|finding| finding.case.full_name()));
    row.list(audited.findings.iter().map(|finding| finding.severity.name()));
    row.list(audited.inherited.iter().map(|code| code.id()));
    row.list(audited.findings.iter().map(|finding| finding.message.as_str()));
    row.time(audited.not_after);
    row.put(&audited.days_left.map_or_else(String::new, |days| days.to_string()));
    row.list(audited.path.iter().map(|sha256| &**sha256));
    row.some(audited.request_id.as_deref());
    row.some(audited.source.as_deref());
    row.finish()
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
    // Of several pairs with a certificate the first is told.
    let pairs: HashMap<&str, _> =
        found.pairs.iter().rev().flat_map(|pair| [(pair.old.as_str(), pair), (pair.new.as_str(), pair)]).collect();
    for (change, certificate) in lists.iter().flat_map(|(change, list)| list.iter().map(move |one| (change, one))) {
        let pair = pairs.get(certificate.sha256.as_str());
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

fn moment(time: Option<Time>) -> String {
    time.map_or_else(String::new, |time| time.to_string())
}

fn join(values: impl Iterator<Item = String>) -> String {
    values.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;

    fn table(parts: impl IntoIterator<Item = Vec<u8>>) -> Vec<Vec<String>> {
        let text = String::from_utf8(parts.into_iter().collect::<Vec<_>>().concat()).unwrap();
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "RFC 4180 ends lines with CRLF");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    fn inspected(folder: &str) -> Vec<Vec<String>> {
        let found = testing::inspection(folder);
        let rows = found.certificates.iter().map(|entry| inspect_row(&CertificateRecord::new(entry, testing::at())));
        table([inspect_header(false)].into_iter().chain(rows))
    }

    fn chained(folder: &str) -> Vec<Vec<String>> {
        let found = testing::chains(folder);
        let rows = found.clients.iter().map(|client| chain_row(&ClientRecord::new(client, found.at)));
        table([chain_header(false)].into_iter().chain(rows))
    }

    #[test]
    fn every_row_of_an_audit_a_plan_and_the_catalogue_has_the_cells_of_its_heading() {
        let audited = testing::audit(60);
        let rows = audited.certificates.iter().map(audit_row);
        assert_eq!(table([audit_header(false)].into_iter().chain(rows)).len(), 61);
        let planned = crate::cmg::plan::plan(&crate::cmg::plan::Query::default());
        assert_eq!(table([plan(&planned, false)]).len(), planned.rows.len() + 1);
        let explained: Vec<_> =
            crate::cmg::Code::ALL.iter().map(|code| crate::cmg::catalogue::explain(*code)).collect();
        let cases: usize = explained.iter().map(|one| one.cases.len()).sum();
        assert_eq!(table([explain(&explained, false)]).len(), cases + 1);
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

    proptest::proptest! {
        #[test]
        fn every_text_comes_back_as_the_cell_that_was_made_safe(texts in proptest::collection::vec("[ -~]{0,40}|[a-c,;\"=@ -]{0,4}|\\PC{0,8}", 2..5)) {
            let safe: Vec<String> = texts.iter().map(|text| cell(text).into_owned()).collect();
            proptest::prop_assert_eq!(table([line(&texts)]), vec![safe]);
        }
    }

    #[test]
    fn the_mark_of_utf8_stands_only_where_it_is_asked_for() {
        assert!(inspect_header(true).starts_with(b"\xef\xbb\xbfsha256,"));
        assert!(chain_header(false).starts_with(b"sha256,"));
    }

    #[test]
    fn a_client_without_a_path_names_what_is_missing() {
        let rows = chained("pki/missing-intermediate");
        assert_eq!(rows[0], CHAIN_COLUMNS);
        let cell = |name: &str| rows[1][CHAIN_COLUMNS.iter().position(|column| *column == name).unwrap()].as_str();
        assert_eq!(cell("status"), "incomplete");
        assert_eq!(cell("missingSubject"), "CN=Gap Issuing CA, O=Gap");
        assert_eq!(cell("missingAia"), "http://pki.gap.test/aia/GapIssuing.crt");
        assert_eq!(cell("anchor"), "");
    }

    #[test]
    fn the_path_of_a_client_is_hashes_from_the_client_up_to_the_anchor() {
        let rows = chained("contoso");
        let place = |name: &str| CHAIN_COLUMNS.iter().position(|column| *column == name).unwrap();
        let row = rows.iter().find(|row| row[place("subject")].starts_with("CN=PC001")).unwrap();
        assert_eq!(row[place("certificates")].split("; ").count(), 4);
        assert!(row[place("certificates")].starts_with(&row[place("sha256")]));
        assert!(row[place("certificates")].ends_with(&row[place("anchor")]) && row[place("anchor")].len() == 64);
    }
}
