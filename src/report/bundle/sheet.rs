//! The files of an export as a sheet.

use crate::report::bundle::Manifest;
use crate::report::csv;

/// One row a CA certificate.
pub fn csv(manifest: &Manifest, is_file: bool) -> Vec<u8> {
    let mut out = csv::heading(&["role", "file", "sha256", "thumbprint", "subject", "notAfter", "written"], is_file);
    let roots = manifest.roots.iter().map(|entry| ("root", entry));
    for (role, entry) in roots.chain(manifest.intermediates.iter().map(|entry| ("intermediate", entry))) {
        let not_after = entry.not_after.map(|time| time.to_string()).unwrap_or_default();
        let written = manifest.written.to_string();
        out.extend(csv::line([
            role,
            &entry.file,
            &entry.sha256,
            &entry.thumbprint,
            &entry.subject,
            &not_after,
            &written,
        ]));
    }
    out
}
