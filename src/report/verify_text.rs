//! `verify` for people: the verdict in a line, then the path, or how far it goes and why no further.

use std::collections::HashSet;
use std::io::{self, Write};

use crate::certificate::CertificatePolicy;
use crate::ops::{Trust, Verification};
use crate::path::Path;
use crate::report::first_met::MetAt;
use crate::report::model::PolicyRecord;
use crate::report::path_notes::{AnchorLimits, Cautions, UnknownRevocation};
use crate::report::sanitize::terminal;
use crate::report::style::{Style, Tint};
use crate::report::tree::Branch;
use crate::report::{describe, path_branch, problems_text, selection_text, trust_text};
use crate::time::Time;

/// What to do where `--trust` names nothing that can end a path.
fn none_to_trust(found: &Verification, count: usize) -> String {
    let are_swapped = count > 0 && !found.leaf.certificate.is_end_entity();
    let question = if are_swapped { " Were the two swapped?" } else { "" };
    let told = trust_text::none_to_trust(count);
    format!("{told}: name the root there, and the certificate to judge as the last argument.{question}")
}

/// Writes the verdict.
///
/// # Errors
/// Where `out` cannot be written.
pub fn write(out: &mut dyn Write, style: &Style, found: &Verification, at: Time) -> io::Result<()> {
    let (verdict, tint) = if found.is_valid() { ("valid", Tint::Good) } else { ("not valid", Tint::Bad) };
    writeln!(out, "{} at {at}: {}", style.paint(tint, verdict), describe::subject(&found.leaf.certificate))?;
    if let Some(why) = found.verdict.paths.first().and_then(describe::why) {
        style.hanging(out, "", "    ", &format!("because {why}"))?;
    }
    writeln!(out)?;
    if let Some(path) = found.verdict.paths.first() {
        tree(path, style, found.trust, at).draw(out, style, "")?;
        let mut unknown = UnknownRevocation::default();
        unknown.learn_path(0, path, MetAt::Alone);
        unknown.write(out, style)?;
        let advice = found.none_to_trust.map_or_else(|| describe::next_step(path), |count| none_to_trust(found, count));
        if !advice.is_empty() {
            writeln!(out)?;
            style.hanging(out, "Next: ", "      ", &advice)?;
        }
        if let Some(note) = describe::windows(path) {
            style.hanging(out, "", "      ", &format!("Where Windows differs: {note}"))?;
        }
    }
    if let Some(path) = found.verdict.chosen() {
        departures(out, style, path)?;
    }
    if style.verbose && found.is_valid() {
        policies(out, style, &found.policies)?;
    }
    if !found.is_valid() && found.verdict.paths.len() > 1 {
        writeln!(out, "\nOther ways, no better:")?;
        for path in found.verdict.paths.iter().skip(1) {
            style.hanging(out, "  - ", "    ", &path_branch::in_a_line(path))?;
        }
    }
    if !found.verdict.refused.is_empty() && (style.verbose || !found.is_valid()) {
        style.heading(out, "Considered and refused")?;
        let shown = style.shown(found.verdict.refused.len());
        let mut told = HashSet::new();
        for refusal in found.verdict.refused.iter().take(shown) {
            let cross = style.paint(Tint::Bad, style.glyph("✗", "x"));
            let (name, mark) = (describe::subject(&refusal.candidate), describe::mark(&refusal.candidate));
            writeln!(out, "  {cross} {name} [{mark}], as issuer of {}", describe::subject(&refusal.below))?;
            style.hanging(out, "      ", "        ", &describe::failure(&refusal.failure))?;
            if let Some(difference) = refusal.failure.windows.filter(|one| told.insert(one.question)) {
                style.hanging(out, "      ", "        ", &format!("where Windows differs: {}", difference.note()))?;
            }
        }
        if shown < found.verdict.refused.len() {
            writeln!(out, "  {} more: `-v` shows all", found.verdict.refused.len() - shown)?;
        }
    }
    let mut limits = AnchorLimits::default();
    let mut cautions = Cautions::default();
    cautions.is_exhausted |= found.verdict.exhausted;
    for path in &found.verdict.paths {
        limits.learn(style, path);
        cautions.learn_path(path);
    }
    limits.write(out, style)?;
    cautions.write(out, style)?;
    if let Some(counts) = &found.selection {
        selection_text::write(out, style, counts)?;
    }
    problems_text::write(out, style, &found.problems)
}

/// Where a valid path's certificates are not as they should have been issued.
fn departures(out: &mut dyn Write, style: &Style, path: &Path) -> io::Result<()> {
    let departures = path.departures();
    if departures.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let heading = "Valid, but not as RFC 5280 section 4 asks it of the CA; `--strict` refuses such a path:";
    style.paragraph(out, "", heading)?;
    let shown = style.shown(departures.len());
    for (certificate, failure) in departures.iter().take(shown) {
        let text = format!(
            "{}: expected {}; found {}",
            describe::subject(certificate),
            terminal(&failure.expected),
            terminal(&failure.found)
        );
        style.hanging(out, "  - ", "    ", &text)?;
    }
    if shown < departures.len() {
        writeln!(out, "  {} more: `-v` shows all", departures.len() - shown)?;
    }
    Ok(())
}

/// The policies that the path is valid under, and what its certificates say of each.
fn policies(out: &mut dyn Write, style: &Style, policies: &[CertificatePolicy]) -> io::Result<()> {
    style.heading(out, "Policies that the path is valid under")?;
    if policies.is_empty() {
        return writeln!(out, "  none, and none is demanded");
    }
    let shown = style.shown(policies.len());
    for policy in policies.iter().take(shown) {
        let PolicyRecord { policy, qualifiers } = PolicyRecord::new(policy);
        writeln!(
            out,
            "  {}",
            policy.name.map_or_else(|| policy.oid.clone(), |name| format!("{name} ({})", policy.oid))
        )?;
        for qualifier in &qualifiers {
            let (label, value) = describe::qualifier(qualifier);
            style.hanging(out, &format!("      {label}: "), "        ", &terminal(&value))?;
        }
    }
    if shown < policies.len() {
        writeln!(out, "  {} more", policies.len() - shown)?;
    }
    Ok(())
}

fn tree<'a>(path: &Path, style: &Style, trust: Trust, at: Time) -> Branch<'a> {
    let Some(certificate) = path.certificates.first() else { return Branch::default() };
    let mut leaf = path_branch::leaf(certificate, (String::new(), Tint::Plain), at);
    path_branch::revocation(&mut leaf, path.revocation.first());
    if let Some((fault, failure)) = &path.failure
        && fault.sha256() == certificate.sha256()
    {
        path_branch::blame(&mut leaf, failure, style);
    }
    path_branch::stack(path, leaf, style, |certificate, is_anchor| {
        path_branch::authority(certificate, None, is_anchor.then_some(trust), at)
    })
}
