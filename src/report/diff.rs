//! `diff` as a record and for people: which CA certificates to add, which to remove, and which replace which.

use std::collections::HashMap;
use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use crate::certificate::Certificate;
use crate::cmg::diff::{Difference, Pair, Relation};
use crate::report::describe;
use crate::report::model::{NamedRecord, ProblemRecord, Role};
use crate::report::problems_text;
use crate::report::style::{Style, Tint, count};
use crate::source::Problem;
use crate::time::Time;

/// Two certificates of one CA.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Pair")]
pub struct PairRecord {
    /// SHA-256 of the one that is replaced.
    pub old: String,
    /// SHA-256 of the one that replaces it.
    pub new: String,
    /// What they have in common.
    pub relation: Relation,
    /// Whether the key is the same: only then does the new one verify what the old one issued.
    pub same_key: bool,
}

/// What `certpath diff` writes.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Diff")]
pub struct DiffRecord {
    /// `certpath.diff/1`.
    #[schemars(extend("const" = "certpath.diff/1"))]
    pub schema: &'static str,
    /// Whether there is nothing to add and nothing to remove.
    pub same: bool,
    /// In the second alone.
    pub add: Vec<NamedRecord>,
    /// In the first alone.
    pub remove: Vec<NamedRecord>,
    /// In both.
    pub keep: Vec<NamedRecord>,
    /// Which new certificate belongs to which old one. The old one goes, or stays beside the new one; the new one comes, or is in both.
    pub pairs: Vec<PairRecord>,
    /// What could not be read.
    pub problems: Vec<ProblemRecord>,
}

impl DiffRecord {
    /// The name and version of this document.
    pub const SCHEMA: &'static str = "certpath.diff/1";

    /// Of a difference.
    pub fn new(found: &Difference, problems: &[Problem]) -> Self {
        let named = |list: &[std::sync::Arc<Certificate>]| list.iter().map(|one| NamedRecord::new(one)).collect();
        Self {
            schema: Self::SCHEMA,
            same: found.is_empty(),
            add: named(&found.add),
            remove: named(&found.remove),
            keep: named(&found.keep),
            pairs: found
                .pairs
                .iter()
                .map(|pair| PairRecord {
                    old: pair.old.sha256_hex(),
                    new: pair.new.sha256_hex(),
                    relation: pair.relation,
                    same_key: pair.same_key,
                })
                .collect(),
            problems: problems.iter().map(ProblemRecord::new).collect(),
        }
    }
}

/// Writes what to do, for people.
///
/// # Errors
/// Where `out` cannot be written.
pub fn write(out: &mut dyn Write, style: &Style, found: &Difference, problems: &[Problem], at: Time) -> io::Result<()> {
    let number = |list: &[_]| list.len() as u64;
    if found.is_empty() {
        let same = count(number(&found.keep), "CA certificate is", "CA certificates are");
        writeln!(out, "{}", style.paint(Tint::Good, &format!("Nothing to do: {same} the same in both.")))?;
        return problems_text::write(out, style, problems);
    }
    writeln!(
        out,
        "{} to add, {} to remove, {} in both",
        count(number(&found.add), "CA certificate", "CA certificates"),
        number(&found.remove),
        number(&found.keep)
    )?;
    // Of several pairs with a certificate the first is told.
    let by_new: HashMap<[u8; 32], &Pair> = found.pairs.iter().rev().map(|pair| (*pair.new.sha256(), pair)).collect();
    let by_old: HashMap<[u8; 32], &Pair> = found.pairs.iter().map(|pair| (*pair.old.sha256(), pair)).collect();
    if !found.add.is_empty() {
        style.heading(out, "Add")?;
        for certificate in &found.add {
            line(out, style, ("+", Tint::Good), certificate, at)?;
            if let Some(pair) = by_new.get(certificate.sha256()) {
                let verb =
                    if found.keep.iter().any(|kept| kept.sha256() == pair.old.sha256()) { "beside" } else { "for" };
                style.hanging(out, "      ", "      ", &format!("{verb} {}: {}", name(&pair.old), meaning(pair)))?;
            }
        }
    }
    if !found.remove.is_empty() {
        style.heading(out, "Remove")?;
        for certificate in &found.remove {
            line(out, style, ("-", Tint::Bad), certificate, at)?;
            let text = match by_old.get(certificate.sha256()) {
                Some(pair) if pair.same_key && goes_back(pair) => {
                    let last = describe::date(pair.new.not_after());
                    format!(
                        "replaced by {}, which has its key and ends earlier: nothing below it is valid after {last}",
                        name(&pair.new)
                    )
                }
                Some(pair) if pair.same_key => {
                    format!("replaced by {}, which has its key: nothing below it is lost", name(&pair.new))
                }
                Some(pair) => format!(
                    "replaced by {}, which has another key: keep it until no client certificate of the old key is left",
                    name(&pair.new)
                ),
                None if certificate.not_after().is_some_and(|last| last < at) => "it has expired".to_owned(),
                None => "nothing replaces it: make sure that no client certificate hangs on it".to_owned(),
            };
            style.hanging(out, "      ", "      ", &text)?;
        }
    }
    if style.verbose && !found.keep.is_empty() {
        style.heading(out, "In both")?;
        for certificate in &found.keep {
            line(out, style, ("=", Tint::Faint), certificate, at)?;
        }
    }
    problems_text::write(out, style, problems)
}

fn name(certificate: &Certificate) -> String {
    format!("{} [{}]", describe::subject(certificate), describe::mark(certificate))
}

/// Whether the one that comes ends before the one that it is paired with.
fn goes_back(pair: &Pair) -> bool {
    pair.new.not_after() < pair.old.not_after()
}

fn meaning(pair: &Pair) -> &'static str {
    match (pair.relation, pair.same_key) {
        (Relation::Successor, true) => "its renewal with the same key, which names it as predecessor",
        (Relation::Successor, false) => "its renewal with a new key, which names it as predecessor",
        (_, true) if goes_back(pair) => "the same CA and key, a certificate of it that ends earlier",
        (_, false) if goes_back(pair) => "the same name with another key, a certificate that ends earlier",
        (_, true) => "the same CA, renewed with the same key",
        (_, false) => "the same name with a new key",
    }
}

fn line(
    out: &mut dyn Write,
    style: &Style,
    (sign, tint): (&str, Tint),
    certificate: &Certificate,
    at: Time,
) -> io::Result<()> {
    let role = Role::of(certificate).name();
    let (validity, _) = describe::validity(certificate, at);
    writeln!(
        out,
        "  {} {}  {role}\n      {validity}\n      thumbprint {}",
        style.paint(tint, sign),
        style.paint(Tint::Title, &describe::subject(certificate)),
        certificate.thumbprint_hex()
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::cmg::diff::diff;

    fn text(before: &str, after: &str) -> String {
        let read = |name: &str| {
            let path =
                std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/pki/renewed-same-key").join(name);
            [Arc::new(Certificate::from_der(&std::fs::read(path).unwrap()).unwrap())]
        };
        let mut out = Vec::new();
        let at = Time::parse("2026-01-01").unwrap();
        write(&mut out, &Style::default(), &diff(&read(before), &read(after)), &[], at).unwrap();
        let text = String::from_utf8(out).unwrap();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn nothing_is_lost_only_where_the_one_that_comes_ends_no_earlier() {
        let (forth, back) = (text("root-0.cer", "root-1.cer"), text("root-1.cer", "root-0.cer"));
        assert!(
            forth.contains("its renewal with the same key") && forth.contains("nothing below it is lost"),
            "{forth}"
        );
        assert!(back.contains("a certificate of it that ends earlier"), "{back}");
        assert!(back.contains("nothing below it is valid after 2030-01-01") && !back.contains("lost"), "{back}");
        assert!(!back.contains("renew"), "{back}");
    }
}
