//! The end of `chain` for people: what was passed over, which roots nobody vouches for, and what the CMG needs.

use std::collections::HashSet;
use std::io::{self, Write};

use crate::certificate::Certificate;
use crate::ops::Chains;
use crate::report::chain_groups::Group;
use crate::report::describe;
use crate::report::model::{ReasonRecord, Role};
use crate::report::sanitize::terminal;
use crate::report::style::{Style, grouped};
use crate::report::trust_text;

/// How many were passed over, by reason.
pub(crate) fn passed_over(out: &mut dyn Write, style: &Style, found: &Chains) -> io::Result<()> {
    if found.passed_over.is_empty() {
        return Ok(());
    }
    style.heading(out, "Passed over")?;
    for ReasonRecord { reason, count } in ReasonRecord::count(found.passed_over.iter().map(|one| one.reason.as_str())) {
        let example = found.passed_over.iter().find(|one| one.reason == reason);
        let names = match (example, count) {
            (Some(one), 1) => format!("{}: ", describe::subject(&one.certificate)),
            (Some(one), _) => format!("{} and {} more: ", describe::subject(&one.certificate), grouped(count - 1)),
            (None, _) => String::new(),
        };
        style.hanging(out, "  - ", "    ", &format!("{names}{}", terminal(&reason)))?;
    }
    Ok(())
}

/// The roots to compare with the PKI team, where nobody has vouched for them.
pub(crate) fn trust_note(out: &mut dyn Write, style: &Style, found: &Chains, valid: &[&Group<'_>]) -> io::Result<()> {
    let mut seen = HashSet::new();
    let roots: Vec<&Certificate> = valid
        .iter()
        .filter_map(|group| group.path.certificates.last())
        .filter(|root| seen.insert(*root.sha256()))
        .map(|root| &**root)
        .collect();
    trust_text::to_compare(out, style, found.trust, &roots)
}

/// What all this is for: which certificates the CMG has to be given.
pub(crate) fn for_the_cmg(out: &mut dyn Write, style: &Style, valid: &[&Group<'_>]) -> io::Result<()> {
    let mut seen = HashSet::new();
    let (mut roots, mut intermediates) = (Vec::new(), Vec::new());
    for certificate in valid.iter().flat_map(|group| group.authorities().iter().rev()) {
        if seen.insert(*certificate.sha256()) {
            let list = if Role::of(certificate) == Role::Root { &mut roots } else { &mut intermediates };
            list.push(format!("{} [{}]", describe::subject(certificate), describe::mark(certificate)));
        }
    }
    if roots.is_empty() && intermediates.is_empty() {
        return Ok(());
    }
    style.heading(out, "The CMG needs")?;
    for (label, list) in [("  root:          ", roots), ("  intermediate:  ", intermediates)] {
        if !list.is_empty() {
            let shown = style.shown(list.len());
            let mut text = list.iter().take(shown).cloned().collect::<Vec<_>>().join(", ");
            if shown < list.len() {
                text.push_str(&format!(" and {} more", list.len() - shown));
            }
            style.hanging(out, label, "                 ", &text)?;
        }
    }
    writeln!(out, "  `certpath export` with the same sources and `--out DIR` writes them.")
}
