//! `Import-CmgCertificates.ps1`: gives the files to the cmdlets of Configuration Manager, after checking each.
//!
//! The script is one fixed text around a list of certificates. Everything in that list goes through [`literal`], and nothing
//! from a certificate stands anywhere else, not even in a comment.

use crate::report::bundle::manifest::{EntryRecord, Manifest};
use crate::report::bundle::{INTERMEDIATES, ROOTS, crlf};

/// Ends at its own line; what replaces it is whole lines.
const PLACE: &str = "#certificates\n";
const TEMPLATE: &str = include_str!("Import-CmgCertificates.ps1");
/// How much of a subject is shown: enough to know it by, whatever its length.
const LONGEST_SUBJECT: usize = 400;

/// The script, ASCII with CRLF: Windows PowerShell 5.1 reads a file without byte-order mark in the code page of the machine.
pub(super) fn script(manifest: &Manifest) -> Vec<u8> {
    let lines: String =
        [(&manifest.roots, ROOTS, "RootCA"), (&manifest.intermediates, INTERMEDIATES, "IntermediateCA")]
            .into_iter()
            .flat_map(|(entries, folder, store)| entries.iter().map(move |entry| line(entry, folder, store)))
            .collect();
    crlf(&TEMPLATE.replacen(PLACE, &lines, 1)).into_bytes()
}

fn line(entry: &EntryRecord, folder: &str, store: &str) -> String {
    let file = entry.file.strip_prefix(folder).map_or(&*entry.file, |rest| rest.trim_start_matches('/'));
    let subject: String = match entry.subject.char_indices().nth(LONGEST_SUBJECT) {
        Some((end, _)) => format!("{}...", entry.subject.get(..end).unwrap_or_default()),
        None => entry.subject.clone(),
    };
    format!(
        "    @{{ Folder = {}; File = {}; Store = {}; Sha256 = {}; Thumbprint = {}; Subject = {} }}\n",
        literal(folder),
        literal(file),
        literal(store),
        literal(&entry.sha256),
        literal(&entry.thumbprint),
        literal(&subject),
    )
}

/// A PowerShell literal of this text: the only way that text gets into the script.
///
/// In a single-quoted string only the quote means anything. PowerShell also takes U+2018 to U+201B for that quote, so that
/// whatever is not printable ASCII is spelt out as `\u{…}`: nothing in the result can end the string or the line.
pub(crate) fn literal(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        match c {
            '\'' => out.push_str("''"),
            ' '..='~' => out.push(c),
            _ => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_template_has_one_place_for_the_certificates_and_is_ascii() {
        assert_eq!(TEMPLATE.matches(PLACE).count(), 1);
        assert!(TEMPLATE.is_ascii() && !TEMPLATE.contains(['\t', '\r']));
    }

    #[test]
    fn get_help_finds_the_help_which_must_not_touch_the_line_before_it() {
        assert!(TEMPLATE.starts_with("#Requires -Version 5.1\n\n<#\n.SYNOPSIS\n"));
    }

    #[test]
    fn every_quote_of_powershell_is_doubled_or_spelt_out() {
        assert_eq!(
            literal("O'Brien \u{2018}\u{2019}\u{201a}\u{201b}"),
            "'O''Brien \\u{2018}\\u{2019}\\u{201a}\\u{201b}'"
        );
        assert_eq!(literal("$(calc) `n #> \r\n"), "'$(calc) `n #> \\u{d}\\u{a}'");
    }

    proptest! {
        #[test]
        fn a_literal_is_one_string_on_one_line_and_holds_printable_ascii_as_it_is(text in any::<String>()) {
            let quoted = literal(&text);
            prop_assert!(quoted.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            let inner = &quoted[1..quoted.len() - 1];
            // Without the doubled ones no quote is left that could end it.
            prop_assert!(!inner.replace("''", "").contains('\''));
            if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
                prop_assert_eq!(inner.replace("''", "'"), text);
            }
        }
    }
}
