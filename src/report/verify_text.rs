//! `verify` for people: the path, or the reason.

use std::io::{self, Write};

use crate::ops::Verification;
use crate::report::Style;
use crate::report::sanitize::terminal;
use crate::time::Time;

/// Writes the verdict.
///
/// # Errors
/// Where `out` cannot be written.
pub fn write(out: &mut dyn Write, _style: &Style, found: &Verification, at: Time) -> io::Result<()> {
    let subject = terminal(&found.leaf.subject().to_string());
    let verdict = if found.is_valid() { "valid" } else { "not valid" };
    writeln!(out, "{verdict} at {at}: {subject}")?;
    if let Some(path) = found.verdict.chosen() {
        for (depth, certificate) in path.certificates.iter().enumerate().skip(1) {
            writeln!(out, "{:indent$}{}", "", terminal(&certificate.subject().to_string()), indent = 2 * depth)?;
        }
        for status in &path.revocation {
            writeln!(out, "  revocation: {}", terminal(&status.to_string()))?;
        }
        return Ok(());
    }
    for path in &found.verdict.paths {
        if let Some((certificate, failure)) = &path.failure {
            writeln!(out, "  {}: {}", terminal(&certificate.subject().to_string()), terminal(&failure.to_string()))?;
        }
        if let Some(missing) = &path.missing {
            writeln!(out, "  missing: {}", terminal(&missing.subject))?;
            if let Some(identifier) = &missing.key_identifier {
                writeln!(out, "    key identifier {identifier}")?;
            }
            for url in &missing.aia {
                writeln!(out, "    published at {}", terminal(url))?;
            }
        }
    }
    for refusal in &found.verdict.refused {
        writeln!(
            out,
            "  refused: {}: {}",
            terminal(&refusal.candidate.subject().to_string()),
            terminal(&refusal.failure.to_string())
        )?;
    }
    Ok(())
}
