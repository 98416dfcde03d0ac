//! The table's rows as JSON in the page: what many rows share stands there once.

use std::collections::HashMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use crate::cmg::Code;
use crate::report::audit::{AuditReport, AuditedRecord};
use crate::report::json::compact;
use crate::report::sanitize::terminal;

/// Numbers things in the order in which they are met.
struct Numbered<K> {
    numbers: HashMap<K, usize>,
    values: Vec<Value>,
}

impl<K> Default for Numbered<K> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), values: Vec::new() }
    }
}

impl<K: std::hash::Hash + Eq> Numbered<K> {
    fn number(&mut self, key: K, value: impl FnOnce() -> Value) -> usize {
        let Self { numbers, values } = self;
        *numbers.entry(key).or_insert_with(|| {
            values.push(value());
            values.len() - 1
        })
    }
}

/// Writes the block. Its JSON is ASCII, and `<`, `>` and `&` in it are escaped, so that no text can end the element or begin
/// another.
pub(super) fn write(out: &mut dyn Write, report: &AuditReport, rows: &[AuditedRecord]) -> io::Result<()> {
    let mut findings = Numbered::default();
    let mut codes = Numbered::<Code>::default();
    let mut paths = Numbered::default();
    let mut issuers = Numbered::<&str>::default();
    let subjects: HashMap<&str, &str> = report
        .issuers
        .iter()
        .map(|issuer| (issuer.certificate.sha256.as_str(), issuer.certificate.subject.as_str()))
        .collect();
    write!(out, "<script type=\"application/json\" id=\"data\">{{\"rows\":[")?;
    for (index, row) in rows.iter().enumerate() {
        let found = row.findings.iter().map(|finding| {
            findings.number((finding.case.code, finding.case.name, finding.severity, finding.message.as_str()), || {
                json!({
                    "code": finding.code().code(),
                    "id": finding.code().id(),
                    "severity": finding.severity.name(),
                    "message": terminal(&finding.message),
                })
            })
        });
        let found: Vec<usize> = found.collect();
        let inherited: Vec<usize> = row
            .inherited
            .iter()
            .map(|code| codes.number(*code, || json!({ "code": code.code(), "id": code.id(), "title": code.title() })))
            .collect();
        let above: Vec<usize> = row
            .path
            .iter()
            .skip(1)
            .map(|sha256| {
                issuers.number(sha256, || {
                    subjects.get(&**sha256).map_or_else(|| json!(&**sha256), |subject| json!(terminal(subject)))
                })
            })
            .collect();
        let path = paths.number(above.clone(), || json!(above));
        let cells = json!([
            row.verdict as usize,
            terminal(&row.subject),
            row.not_after.map_or_else(String::new, |last| last.to_string()),
            row.days_left,
            found,
            inherited,
            path,
            row.thumbprint,
            &*row.sha256,
            row.places(),
            row.request_id.as_deref().map(terminal).unwrap_or_default(),
        ]);
        out.write_all(if index == 0 { b"" } else { b",\n" })?;
        out.write_all(&harmless(&cells))?;
    }
    for (name, list) in
        [("findings", findings.values), ("codes", codes.values), ("paths", paths.values), ("issuers", issuers.values)]
    {
        write!(out, "],\n\"{name}\":[")?;
        for (index, value) in list.iter().enumerate() {
            out.write_all(if index == 0 { b"" } else { b",\n" })?;
            out.write_all(&harmless(value))?;
        }
    }
    writeln!(out, "]}}</script>")
}

fn harmless(value: &Value) -> Vec<u8> {
    let json = compact(value);
    let mut out = Vec::with_capacity(json.len());
    for byte in json {
        match byte {
            b'<' => out.extend(b"\\u003c"),
            b'>' => out.extend(b"\\u003e"),
            b'&' => out.extend(b"\\u0026"),
            byte => out.push(byte),
        }
    }
    out
}
