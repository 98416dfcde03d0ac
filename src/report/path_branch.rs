//! The blocks that certification paths are drawn with: a CA, client certificates, an issuer that is missing.

use std::sync::Arc;

use crate::certificate::Certificate;
use crate::ops::Trust;
use crate::path::{Failure, Missing, Path, PathStatus, RevocationStatus};
use crate::pool::Entry;
use crate::report::describe;
use crate::report::model::Role;
use crate::report::sanitize::terminal;
use crate::report::style::{self, Style, Tint};
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

/// Client certificates at the end of a path, as rows.
pub(crate) fn clients<'a>(count: u64, remark: Fact, rows: Rows<'a>) -> Branch<'a> {
    Branch {
        title: style::count(count, "client certificate", "client certificates"),
        tint: Tint::Title,
        remark,
        rows: Some(rows),
        ..Branch::default()
    }
}

/// A client certificate alone at the end of a path, with all its facts, and why it was refused where it was.
pub(crate) fn client<'a>(entry: &Entry, failure: Option<&Failure>, remark: Fact, at: Time) -> Branch<'a> {
    let remark = match remark {
        (text, tint) if text.is_empty() => ("client".to_owned(), tint),
        (text, tint) => (format!("client, {text}"), tint),
    };
    Branch {
        title: describe::subject(&entry.certificate),
        tint: Tint::Title,
        remark,
        facts: facts(&entry.certificate, Some(entry), at),
        notes: failure.map(describe::failure).into_iter().map(|text| (text, Tint::Bad)).collect(),
        ..Branch::default()
    }
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
pub(crate) fn in_a_line_of(authorities: &[Arc<Certificate>]) -> String {
    let name = |certificate: &Arc<Certificate>| {
        format!("{} [{}]", describe::subject(certificate), describe::mark(certificate))
    };
    authorities.iter().map(name).collect::<Vec<_>>().join(" > ")
}

/// A path that does not hold, in a line.
pub(crate) fn in_a_line(path: &Path) -> String {
    let names = in_a_line_of(path.certificates.get(1..).unwrap_or_default());
    let why = describe::why(path).unwrap_or_else(|| match path.status {
        PathStatus::Valid => "valid".to_owned(),
        PathStatus::Invalid => "not valid".to_owned(),
        PathStatus::Incomplete => "incomplete".to_owned(),
    });
    if names.is_empty() { why } else { format!("{names}: {why}") }
}
