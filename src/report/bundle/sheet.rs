//! An export as a sheet: a line a certificate.

use crate::report::bundle::Manifest;
use crate::report::csv;
use crate::report::model::{PathRecord, Role};

/// The columns of `export`.
pub const EXPORT_COLUMNS: &[&str] = &[
    "role",
    "file",
    "sha256",
    "thumbprint",
    "subject",
    "notAfter",
    "written",
    "status",
    "check",
    "expected",
    "found",
    "missingSubject",
    "missingKeyIdentifier",
    "missingAia",
];

/// The CA certificates of an export, then the client certificates that it is for, then those that are refused, each with the
/// reason. Only the CA certificates have a file. For a file it begins with the mark by which Excel knows UTF-8.
pub fn csv(manifest: &Manifest, is_file: bool) -> Vec<u8> {
    let mut out = csv::heading(EXPORT_COLUMNS, is_file);
    for (role, entries) in [(Role::Root, &manifest.roots), (Role::Intermediate, &manifest.intermediates)] {
        for entry in entries {
            let not_after = entry.not_after.map(|last| last.to_string()).unwrap_or_default();
            let written = manifest.written.to_string();
            let head =
                [role.name(), &entry.file, &entry.sha256, &entry.thumbprint, &entry.subject, &not_after, &written];
            out.extend(csv::line(head.into_iter().chain([""; 7])));
        }
    }
    let role = Role::EndEntity.name();
    for client in &manifest.client_details {
        let not_after = client.not_after.map(|last| last.to_string()).unwrap_or_default();
        let head = [role, "", &client.sha256, &client.thumbprint, &client.subject, &not_after, "", "valid"];
        out.extend(csv::line(head.into_iter().chain([""; 6])));
    }
    for client in &manifest.refused {
        let head = [role, "", &client.sha256, &client.thumbprint, &client.subject, "", ""].map(str::to_owned);
        out.extend(csv::line(head.into_iter().chain(reason(client.paths.first()))));
    }
    out
}

/// How a path stands, the check that failed or that refused the issuer, and the issuer that is missing.
fn reason(path: Option<&PathRecord>) -> [String; 7] {
    let failure = path.and_then(|path| path.failure.as_ref());
    let missing = path.and_then(|path| path.missing.as_ref());
    let text = |text: Option<&String>| text.cloned().unwrap_or_default();
    let refused = missing.and_then(|missing| missing.refused.as_ref());
    let check = failure.map(|failure| (failure.check, &failure.expected, &failure.found));
    let check = check.or(refused.map(|refused| (refused.check, &refused.expected, &refused.found)));
    [
        path.map(|path| path.status.name().to_owned()).unwrap_or_default(),
        check.map(|(check, ..)| check.to_owned()).unwrap_or_default(),
        text(check.map(|(_, expected, _)| expected)),
        text(check.map(|(.., found)| found)),
        text(missing.map(|missing| &missing.subject)),
        text(missing.and_then(|missing| missing.key_identifier.as_ref())),
        missing.map(|missing| missing.aia.join("; ")).unwrap_or_default(),
    ]
}
