//! The blocks that certification paths are drawn with: a CA, client certificates, an issuer that is missing.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};
use std::sync::Arc;

use crate::certificate::Certificate;
use crate::ops::Trust;
use crate::path::{Check, Failure, Missing, Path, PathStatus, RevocationStatus};
use crate::pool::Entry;
use crate::report::describe;
use crate::report::model::Role;
use crate::report::sanitize::terminal;
use crate::report::style::{Style, Tint, count, grouped};
use crate::report::table::{self, Cell, Column};
use crate::report::tree::{Branch, Fact, Rows};
use crate::time::Time;

fn plain(text: impl Into<String>) -> Fact {
    (text.into(), Tint::Plain)
}

fn faint(text: impl Into<String>) -> Fact {
    (text.into(), Tint::Faint)
}

/// A CA certificate; `anchor` says where the trust in it came from.
pub(crate) fn authority<'a>(
    certificate: &Certificate,
    entry: Option<&Entry>,
    anchor: Option<Trust>,
    at: Time,
) -> Branch<'a> {
    // A root that does not say that it is a CA's is one all the same where it is trusted.
    let role = if anchor.is_some() && certificate.is_self_signed() { Role::Root } else { Role::of(certificate) };
    let role = describe::role(role);
    let remark = match anchor {
        Some(Trust::Given) => (format!("{role}, trust given"), Tint::Good),
        Some(Trust::Store) => (format!("{role}, trusted by the store"), Tint::Good),
        Some(Trust::Assumed) => (format!("{role}, trust assumed"), Tint::Warning),
        None => faint(role),
    };
    Branch {
        title: describe::subject(certificate),
        tint: Tint::Title,
        remark,
        facts: facts(certificate, entry, at),
        ..Branch::default()
    }
}

fn facts(certificate: &Certificate, entry: Option<&Entry>, at: Time) -> Vec<Fact> {
    let mut facts = vec![
        describe::validity(certificate, at),
        plain(format!(
            "{}, {}",
            describe::key(certificate.public_key()),
            terminal(&certificate.signature_algorithm().to_string())
        )),
    ];
    if let Some(version) = certificate.ca_version() {
        facts.push(plain(format!("CA version {version}")));
    }
    facts.push(plain(format!("thumbprint {}", certificate.thumbprint_hex())));
    if let Some(entry) = entry {
        match entry.key_provider() {
            Some(provider) => facts.push(plain(describe::provider(provider))),
            None if entry.has_private_key() => facts.push(plain("with its private key")),
            None => {}
        }
        facts.push(faint(describe::places(entry)));
    }
    facts
}

/// A client certificate, and why it was refused where it was.
pub(crate) struct Leaf<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) failure: Option<&'a Failure>,
}

/// The client certificates at the end of a path: one with all its facts, several as rows.
pub(crate) fn leaves<'a>(leaves: Vec<Leaf<'a>>, remark: Fact, at: Time, with_failures: bool) -> Branch<'a> {
    if let [Leaf { entry, failure }] = leaves.as_slice() {
        let remark = match remark {
            (text, tint) if text.is_empty() => ("client".to_owned(), tint),
            (text, tint) => (format!("client, {text}"), tint),
        };
        let notes = failure.filter(|_| with_failures).map(describe::failure).into_iter();
        return Branch {
            title: describe::subject(&entry.certificate),
            tint: Tint::Title,
            remark,
            facts: facts(&entry.certificate, Some(*entry), at),
            notes: notes.map(|text| (text, Tint::Bad)).collect(),
            ..Branch::default()
        };
    }
    Branch {
        title: count(leaves.len() as u64, "client certificate", "client certificates"),
        tint: Tint::Title,
        remark,
        rows: Some(rows(leaves, at, with_failures)),
        ..Branch::default()
    }
}

const COLUMNS: &[Column] = &[
    Column::new("CLIENT", 0).narrows_to(16).at_most(48),
    Column::new("EXPIRES", 1),
    Column::new("DAYS", 0).right(),
    Column::new("REFUSED BECAUSE", 0).narrows_to(20),
    Column::new("KEY", 2),
    Column::new("PROVIDER", 3),
    Column::new("THUMBPRINT", 4).narrows_to(9),
    Column::new("WHERE", 5).narrows_to(16).keeps_end(),
];

fn rows<'a>(leaves: Vec<Leaf<'a>>, at: Time, with_failures: bool) -> Rows<'a> {
    // Without failures their column has no content, and a column of the highest priority stays: leave it out.
    let kept = move |index: usize| with_failures || index != 3;
    let columns: Vec<Column> =
        COLUMNS.iter().enumerate().filter(|(index, _)| kept(*index)).map(|(_, column)| *column).collect();
    Box::new(move |out, style, indent| {
        let shown = style.shown(leaves.len());
        table::write(out, style, indent, &columns, leaves.get(..shown).unwrap_or(&leaves), |leaf| {
            let certificate = &leaf.entry.certificate;
            let left = describe::days_left(certificate, at);
            let urgency = describe::urgency(left);
            let cells = [
                Cell::new(describe::subject(certificate)),
                Cell::tinted(describe::date(certificate.not_after()), urgency),
                Cell::tinted(left.map_or_else(String::new, |left| left.to_string()), urgency),
                Cell::tinted(leaf.failure.map(describe::failure).unwrap_or_default(), Tint::Bad),
                Cell::new(describe::key(certificate.public_key())),
                Cell::new(describe::provider_family(leaf.entry.key_provider())),
                Cell::new(certificate.thumbprint_hex()),
                Cell::tinted(describe::places(leaf.entry), Tint::Faint),
            ];
            cells.into_iter().enumerate().filter(|(index, _)| kept(*index)).map(|(_, cell)| cell).collect()
        })?;
        let rest = leaves.len().saturating_sub(shown);
        if rest > 0 {
            let text = format!(
                "{}, ending later: `-v` shows all, `--format csv -o FILE` makes a table of them",
                count(rest as u64, "more", "more")
            );
            writeln!(out, "{indent}{}", style.paint(Tint::Faint, &text))?;
        }
        Ok(())
    })
}

/// A client certificate alone, where nothing is known of where it was found.
pub(crate) fn leaf<'a>(certificate: &Certificate, remark: Fact, at: Time) -> Branch<'a> {
    Branch {
        title: describe::subject(certificate),
        tint: Tint::Title,
        remark,
        facts: facts(certificate, None, at),
        ..Branch::default()
    }
}

/// The CA certificates of a path on top of what stands at its end, each as `authority` draws it; the one at fault is marked,
/// and what is missing stands at the top.
pub(crate) fn stack<'a>(
    path: &Path,
    mut bottom: Branch<'a>,
    style: &Style,
    authority: impl Fn(&Arc<Certificate>, bool) -> Branch<'a>,
) -> Branch<'a> {
    for (index, certificate) in path.certificates.iter().enumerate().skip(1) {
        let is_top = index + 1 == path.certificates.len();
        let mut above = authority(certificate, is_top && path.is_anchored);
        revocation(&mut above, path.revocation.get(index));
        if let Some((at, failure)) = &path.failure
            && at.sha256() == certificate.sha256()
        {
            blame(&mut above, failure, style);
        }
        above.branches.push(bottom);
        bottom = above;
    }
    match &path.missing {
        Some(found) => missing(found, bottom, style),
        None => bottom,
    }
}

/// What is to be known of paths beside what is on them: names that match by comparison only, and a search that did not end.
pub(crate) fn write_cautions<'a>(
    out: &mut dyn Write,
    style: &Style,
    paths: impl IntoIterator<Item = &'a Path>,
    is_exhausted: bool,
) -> io::Result<()> {
    let mut seen = HashSet::new();
    let below = paths.into_iter().flat_map(Path::names_in_other_encodings).map(|(below, _)| below);
    let names: Vec<String> =
        below.filter(|one| seen.insert(*one.sha256())).take(5).map(|one| describe::subject(one)).collect();
    if !names.is_empty() {
        writeln!(out)?;
        let text = format!(
            "{}: the issuer's name is written in another encoding than in the issuer's own certificate. RFC 5280 takes them \
             for the same; Windows compares names byte for byte, and may not build this path.",
            names.join(", ")
        );
        style.paragraph(out, "", &text)?;
    }
    if is_exhausted {
        writeln!(out)?;
        style.paragraph(out, "", "The search ended on its budget: there may be more paths than were looked at.")?;
    }
    Ok(())
}

/// What the trust anchors of these paths limit themselves: where everything is asked for, or where one of these limits can be what a
/// path fails on.
pub(crate) fn write_anchor_limits<'a>(
    out: &mut dyn Write,
    style: &Style,
    paths: impl IntoIterator<Item = &'a Path>,
) -> io::Result<()> {
    let mut seen = HashSet::new();
    for path in paths {
        let matters = path.failure.as_ref().is_some_and(|(_, failure)| {
            use Check::{ExtendedKeyUsage, NameConstraints, PathLength, StoreRestriction};
            matches!(failure.check, PathLength | NameConstraints | ExtendedKeyUsage | StoreRestriction)
        });
        let Some(anchor) = path.certificates.last().filter(|_| matters || style.verbose) else { continue };
        if seen.contains(anchor.sha256()) {
            continue;
        }
        let Some(limits) = path.anchor_constraints() else { continue };
        seen.insert(*anchor.sha256());
        writeln!(out)?;
        let text = format!(
            "{}, a trust anchor, limits itself what is below it: {}. RFC 5280 section 6.1.1 (d) takes of an anchor its name and \
             its key alone; RFC 5937 and Windows hold to the rest, and so does this.",
            describe::subject(anchor),
            describe::anchor_limits(&limits)
        );
        style.paragraph(out, "", &text)?;
    }
    Ok(())
}

/// What CRLs say of it, in a few words: why they do not tell is a story of its own.
pub(crate) fn revocation(branch: &mut Branch<'_>, status: Option<&RevocationStatus>) {
    match status {
        None => {}
        Some(RevocationStatus::Good) => branch.facts.push(("not revoked".to_owned(), Tint::Good)),
        Some(status @ RevocationStatus::Revoked { .. }) => {
            branch.notes.push((terminal(&status.to_string()), Tint::Bad));
        }
        Some(_) => branch.facts.push(("revocation not known".to_owned(), Tint::Warning)),
    }
}

/// Why it is not known of these certificates whether they are revoked: each reason once.
pub(crate) fn write_unknown_revocation<'a>(
    out: &mut dyn Write,
    style: &Style,
    paths: impl Iterator<Item = &'a Path>,
) -> io::Result<()> {
    let mut places = HashMap::<&str, usize>::new();
    let mut reasons: Vec<(&str, &Certificate, HashSet<[u8; 32]>)> = Vec::new();
    for path in paths {
        for (certificate, status) in path.certificates.iter().zip(&path.revocation) {
            let RevocationStatus::Unknown { why, .. } = status else { continue };
            let place = *places.entry(why).or_insert_with(|| {
                reasons.push((why, certificate, HashSet::new()));
                reasons.len() - 1
            });
            if let Some((_, _, certificates)) = reasons.get_mut(place) {
                certificates.insert(*certificate.sha256());
            }
        }
    }
    if reasons.is_empty() {
        return Ok(());
    }
    style.heading(out, "Whether they are revoked is not known")?;
    let shown = style.shown(reasons.len());
    for (why, first, certificates) in reasons.iter().take(shown) {
        let more = match certificates.len() {
            0 | 1 => String::new(),
            several => format!(" and {} more", grouped(several as u64 - 1)),
        };
        style.hanging(out, "  - ", "    ", &format!("{}{more}: {}", describe::subject(first), terminal(why)))?;
    }
    if shown < reasons.len() {
        writeln!(out, "  {} more: `-v` shows all", reasons.len() - shown)?;
    }
    Ok(())
}

/// Marks the certificate at fault.
pub(crate) fn blame(branch: &mut Branch<'_>, failure: &Failure, style: &Style) {
    let cross = style.glyph("✗", "x");
    branch.notes.push((format!("{cross} {}", describe::failure(failure)), Tint::Bad));
}

/// An issuer that is not there, or that is not confirmed, above what is.
pub(crate) fn missing<'a>(missing: &Missing, below: Branch<'a>, style: &Style) -> Branch<'a> {
    let mut notes = vec![plain(terminal(&missing.subject))];
    if let Some(identifier) = &missing.key_identifier {
        notes.push(plain(format!("key identifier: {identifier}")));
    }
    if let Some(serial) = &missing.serial_number {
        notes.push(plain(format!("serial number: {serial}")));
    }
    match missing.aia.as_slice() {
        [] => notes.push(plain("published at: the certificate below does not say")),
        urls => notes.extend(urls.iter().map(|url| plain(format!("published at: {}", terminal(url))))),
    }
    if let Some(refusal) = &missing.refused {
        let cross = style.glyph("✗", "x");
        let (name, mark) = (describe::subject(&refusal.candidate), describe::mark(&refusal.candidate));
        notes.push((format!("{cross} {name} [{mark}]: {}", describe::failure(&refusal.failure)), Tint::Bad));
    }
    let remark = if missing.is_at_hand() { "not confirmed" } else { "missing" };
    Branch {
        title: format!("? {}", terminal(common_name(&missing.subject))),
        tint: Tint::Bad,
        remark: (remark.to_owned(), Tint::Bad),
        notes,
        branches: vec![below],
        ..Branch::default()
    }
}

/// The common name at the beginning of a subject as .NET prints it; the whole where it is quoted or does not begin with one.
fn common_name(subject: &str) -> &str {
    match subject.strip_prefix("CN=") {
        Some(rest) if !rest.starts_with('"') => rest.split(", ").next().unwrap_or(rest),
        _ => subject,
    }
}

/// The CA certificates of a path in a line, from the issuing CA up, each with its mark.
pub(crate) fn authorities_in_a_line(path: &Path) -> String {
    let names = path.certificates.iter().skip(1);
    let names: Vec<String> = names
        .map(|certificate| format!("{} [{}]", describe::subject(certificate), describe::mark(certificate)))
        .collect();
    names.join(" > ")
}

/// A path that does not hold, in a line.
pub(crate) fn in_a_line(path: &Path) -> String {
    let names = authorities_in_a_line(path);
    let why = describe::why(path).unwrap_or_else(|| match path.status {
        PathStatus::Valid => "valid".to_owned(),
        PathStatus::Invalid => "not valid".to_owned(),
        PathStatus::Incomplete => "incomplete".to_owned(),
    });
    if names.is_empty() { why } else { format!("{names}: {why}") }
}
