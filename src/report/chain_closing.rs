//! The end of `chain` for people: what was passed over, which roots nobody vouches for, and what the CMG needs.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::io::{self, Write};

use crate::certificate::Certificate;
use crate::ops::Trust;
use crate::report::chain_groups::Group;
use crate::report::describe;
use crate::report::first_met::FirstMet;
use crate::report::model::Role;
use crate::report::sanitize::terminal;
use crate::report::style::{Style, count, grouped};
use crate::report::trust_text;

/// How many were passed over, by reason; of each the first stands there.
pub(crate) fn passed_over(
    out: &mut dyn Write,
    style: &Style,
    found: &FirstMet<String, (String, String)>,
) -> io::Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    style.heading(out, "Passed over")?;
    let mut reasons: Vec<_> = found.iter().collect();
    reasons.sort_by_key(|met| (Reverse(met.count()), &met.first.0));
    for met in reasons {
        let (reason, first) = &met.first;
        let more = match met.count() {
            0 | 1 => String::new(),
            several => format!(" and {} more", grouped(several - 1)),
        };
        style.hanging(out, "  - ", "    ", &format!("{first}{more}: {}", terminal(reason)))?;
    }
    Ok(())
}

/// The roots to compare with the PKI team, where nobody has vouched for them.
pub(crate) fn trust_note(out: &mut dyn Write, style: &Style, trust: Trust, valid: &[&Group]) -> io::Result<()> {
    let mut seen = HashSet::new();
    let roots: Vec<&Certificate> = valid
        .iter()
        .filter_map(|group| group.path.certificates.last())
        .filter(|root| seen.insert(*root.sha256()))
        .map(|root| &**root)
        .collect();
    trust_text::to_compare(out, style, trust, &roots)
}

/// What all this is for: which certificates the CMG has to be given. `failing` is how many client certificates have no valid path.
pub(crate) fn for_the_cmg(out: &mut dyn Write, style: &Style, valid: &[&Group], failing: u64) -> io::Result<()> {
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
    if failing == 0 {
        return writeln!(out, "  `certpath export` with the same sources and `--out DIR` writes them.");
    }
    let who = count(failing, "client certificate has", "client certificates have");
    let text = format!(
        "`certpath export` with the same sources and `--out DIR` refuses to write them as long as {who} no valid path; \
         with `--allow-incomplete` it writes them without what is missing there."
    );
    style.hanging(out, "  ", "  ", &text)
}
