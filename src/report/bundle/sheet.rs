//! An export as a table for spreadsheets: a line a certificate.

use std::io;

use crate::report::bundle::Manifest;
use crate::report::csv::{BYTE_ORDER_MARK, Sheet};
use crate::report::model::PathRecord;

/// The columns of `export`.
pub const EXPORT_COLUMNS: &[&str] = &[
    "kind",
    "written",
    "file",
    "sha256",
    "thumbprint",
    "subject",
    "notAfter",
    "check",
    "expected",
    "found",
    "missingSubject",
    "missingKeyIdentifier",
    "missingAia",
    "source",
];

/// The CA certificates of an export, the client certificates that it is for, and those that are refused. A file begins with a
/// byte-order mark, by which Excel knows UTF-8.
pub fn csv(manifest: &Manifest, with_mark: bool) -> Vec<u8> {
    let mut out = if with_mark { BYTE_ORDER_MARK.to_vec() } else { Vec::new() };
    // Writing into memory cannot fail.
    let _ = write(&mut out, manifest);
    out
}

fn write(out: &mut Vec<u8>, manifest: &Manifest) -> io::Result<()> {
    let mut sheet = Sheet::new(out, EXPORT_COLUMNS)?;
    let written = manifest.written.to_string();
    for (kind, entries) in [("root", &manifest.roots), ("intermediate", &manifest.intermediates)] {
        for entry in entries {
            let not_after = entry.not_after.map(|last| last.to_string()).unwrap_or_default();
            let source = entry.sources.first().map_or("", |source| &*source.path);
            let file = if manifest.written { &*entry.file } else { "" };
            let head = [kind, &written, file, &entry.sha256, &entry.thumbprint, &entry.subject, &not_after];
            sheet.row(head.into_iter().chain(["", "", "", "", "", "", source]))?;
        }
    }
    for client in &manifest.client_details {
        let not_after = client.not_after.map(|last| last.to_string()).unwrap_or_default();
        let head = ["client", "", "", &client.sha256, &client.thumbprint, &client.subject, &not_after];
        sheet.row(head.into_iter().chain([""; 7]))?;
    }
    for client in &manifest.refused {
        let head = ["refused", "", "", &client.sha256, &client.thumbprint, &client.subject, ""].map(str::to_owned);
        sheet.row(head.into_iter().chain(reason(client.paths.first())).chain([String::new()]))?;
    }
    sheet.finish()
}

/// The failed check and the missing issuer of a path.
fn reason(path: Option<&PathRecord>) -> [String; 6] {
    let failure = path.and_then(|path| path.failure.as_ref());
    let missing = path.and_then(|path| path.missing.as_ref());
    let text = |text: Option<&String>| text.cloned().unwrap_or_default();
    [
        failure.map(|failure| failure.check.to_owned()).unwrap_or_default(),
        text(failure.map(|failure| &failure.expected)),
        text(failure.map(|failure| &failure.found)),
        text(missing.map(|missing| &missing.subject)),
        text(missing.and_then(|missing| missing.key_identifier.as_ref())),
        missing.map(|missing| missing.aia.join("; ")).unwrap_or_default(),
    ]
}
