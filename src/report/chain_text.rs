//! `chain` for people: one tree from the roots down to the client certificates, then what is missing or wrong and what to do,
//! then what was considered and why it was not taken.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};
use std::sync::Arc;

use crate::certificate::Certificate;
use crate::ops::{ChainOutcome, Chains, IssuerResult, SelectionCounts, Trust};
use crate::path::{PathStatus, RevocationStatus};
use crate::pool::Entry;
use crate::report::chain_closing;
use crate::report::chain_gathered::Gathered;
use crate::report::chain_groups::{Group, why_not};
use crate::report::chain_refused::not_shown;
use crate::report::describe;
use crate::report::model::Role;
use crate::report::path_branch;
use crate::report::problems_text;
use crate::report::sanitize::terminal;
use crate::report::selection_text;
use crate::report::style::{self, Style, Tint, count, grouped};
use crate::report::table::{self, Cell, Column};
use crate::report::tree::Branch;
use crate::report::trust_text;
use crate::source::Problem;
use crate::time::Time;

pub use crate::report::chain_gathered::{Gathering, Learnt};

/// Writes what was found.
///
/// # Errors
/// Where `out` cannot be written.
pub fn write(out: &mut dyn Write, style: &Style, found: &Chains) -> io::Result<()> {
    let gathering = Gathering::new(style);
    found.clients.iter().for_each(|client| gathering.learn(gathering.look_at_client(client)));
    found.passed_over.iter().for_each(|over| gathering.learn(gathering.look_at_passed_over(over)));
    let Chains { at, trust, issuers, selection, problems, .. } = found;
    write_all(out, gathering, *at, *trust, (issuers, selection.as_ref(), problems))
}

/// As [`write()`], where the certificates were gathered while they were judged at `at`.
///
/// # Errors
/// Where `out` cannot be written.
pub fn write_gathered(
    out: &mut dyn Write,
    gathering: Gathering,
    at: Time,
    trust: Trust,
    found: &ChainOutcome,
) -> io::Result<()> {
    write_all(out, gathering, at, trust, (&found.issuers, found.selection.as_ref(), &found.problems))
}

fn write_all(
    out: &mut dyn Write,
    gathering: Gathering,
    at: Time,
    trust: Trust,
    (issuers, selection, problems): (&[IssuerResult], Option<&SelectionCounts>, &[Problem]),
) -> io::Result<()> {
    let (style, gathered) = gathering.into_gathered();
    let Gathered { clients, groups, unknown, limits, cautions, refused, passed_over, .. } = gathered;
    let style = &style;
    let groups = groups.into_sorted();
    let entries: HashMap<[u8; 32], &Entry> =
        issuers.iter().map(|issuer| (*issuer.entry.certificate.sha256(), &issuer.entry)).collect();
    let view = View { style, at, trust, entries };
    view.summary(out, clients, &groups)?;
    if clients == 0 {
        none_found(out, style, selection.is_some())?;
    }
    let valid: Vec<&Group> = groups.iter().filter(|group| group.status() == PathStatus::Valid).collect();
    if !valid.is_empty() {
        style.heading(out, "Certification paths")?;
        for tree in view.forest(&valid) {
            writeln!(out)?;
            tree.draw(out, style, "")?;
        }
    }
    for group in groups.iter().filter(|group| group.status() != PathStatus::Valid) {
        view.failing(out, group)?;
    }
    view.alternatives(out, &valid)?;
    unknown.write(out, style)?;
    limits.write(out, style)?;
    cautions.write(out, style)?;
    refused.write(out, style, at)?;
    view.unused(out, issuers, &groups)?;
    chain_closing::passed_over(out, style, &passed_over)?;
    if let Some(counts) = selection {
        selection_text::write(out, style, counts)?;
    }
    problems_text::write(out, style, problems)?;
    chain_closing::trust_note(out, style, trust, &valid)?;
    let failing = groups.iter().filter(|group| group.status() != PathStatus::Valid).map(|group| group.count).sum();
    chain_closing::for_the_cmg(out, style, &valid, failing)
}

/// What to do where there is no client certificate; `selects` where some were asked for by name.
fn none_found(out: &mut dyn Write, style: &Style, selects: bool) -> io::Result<()> {
    let text = if selects {
        selection_text::NONE_LEFT
    } else {
        "A client certificate is an end-entity certificate whose extended key usage allows client authentication \
         (1.3.6.1.5.5.7.3.2), or that has none, and that is valid now. Export one from a client (certlm.msc, Personal, without \
         its private key) and give it together with the CA certificates. `certpath inspect` shows what is here."
    };
    writeln!(out)?;
    style.paragraph(out, "", text)
}

/// Of those whose issuer is at hand, but by its name alone.
const UNCONFIRMED: &str = "whose issuer cannot be confirmed";

/// A CA on the way from a root down, with what hangs on it.
struct Knot<'a> {
    certificate: &'a Arc<Certificate>,
    is_anchor: bool,
    revocation: Option<&'a RevocationStatus>,
    below: Vec<Self>,
    groups: Vec<&'a Group>,
}

struct View<'a> {
    style: &'a Style,
    at: Time,
    trust: Trust,
    entries: HashMap<[u8; 32], &'a Entry>,
}

impl<'a> View<'a> {
    fn summary(&self, out: &mut dyn Write, clients: u64, groups: &[Group]) -> io::Result<()> {
        let sum = |is_meant: &dyn Fn(&Group) -> bool| -> u64 {
            groups.iter().filter(|group| is_meant(group)).map(|group| group.count).sum()
        };
        let invalid = sum(&|group| group.status() == PathStatus::Invalid);
        let incomplete = sum(&|group| group.status() == PathStatus::Incomplete);
        let unconfirmed = sum(&|group| {
            let missing = group.path.missing.as_ref();
            group.status() == PathStatus::Incomplete && missing.is_some_and(|missing| missing.is_at_hand())
        });
        let valid = clients - invalid - incomplete;
        let total = count(clients, "client certificate", "client certificates");
        let verdict = match (clients, invalid, incomplete) {
            (0, ..) => "No client certificate was found".to_owned(),
            (1, 0, 0) => format!("{total}, with a valid path"),
            (1, 1, _) => format!("{total}, whose path is not valid"),
            (1, ..) if unconfirmed > 0 => format!("{total}, {UNCONFIRMED}"),
            (1, ..) => format!("{total}, whose issuer is missing"),
            (_, 0, 0) => format!("{total}, all with a valid path"),
            _ => {
                let mut parts = Vec::new();
                for (number, what) in [
                    (valid, "with a valid path"),
                    (invalid, "whose path is not valid"),
                    (incomplete - unconfirmed, "whose issuer is missing"),
                    (unconfirmed, UNCONFIRMED),
                ] {
                    if number > 0 {
                        parts.push(format!("{} {what}", grouped(number)));
                    }
                }
                format!("{total}: {}", parts.join(", "))
            }
        };
        let tint = if clients == 0 || invalid + incomplete > 0 { Tint::Bad } else { Tint::Good };
        writeln!(out, "{}", self.style.paint(tint, &verdict))?;
        let trust = trust_text::origin(self.trust);
        self.style.faint(out, &format!("judged at {}; {trust}", self.at))
    }

    /// The chosen paths as trees, each root once.
    fn forest(&self, groups: &[&'a Group]) -> Vec<Branch<'a>> {
        let mut roots: Vec<Knot<'a>> = Vec::new();
        let mut alone = Vec::new();
        for group in groups {
            let mut level = &mut roots;
            let path = &group.path;
            let mut from_above = path.certificates.iter().enumerate().skip(1).rev().peekable();
            if from_above.peek().is_none() {
                alone.push(*group);
            }
            while let Some((index, certificate)) = from_above.next() {
                let place = level.iter().position(|knot| knot.certificate.sha256() == certificate.sha256());
                let place = place.unwrap_or_else(|| {
                    level.push(Knot {
                        certificate,
                        is_anchor: index + 1 == path.certificates.len(),
                        revocation: path.revocation.get(index),
                        below: Vec::new(),
                        groups: Vec::new(),
                    });
                    level.len() - 1
                });
                let Some(knot) = level.get_mut(place) else { break };
                if from_above.peek().is_none() {
                    knot.groups.push(group);
                }
                level = &mut knot.below;
            }
        }
        let mut trees: Vec<Branch<'a>> = roots.iter().map(|knot| self.knot(knot)).collect();
        trees.extend(alone.into_iter().map(|group| self.clients(group)));
        trees
    }

    fn knot(&self, knot: &Knot<'a>) -> Branch<'a> {
        let mut branch = self.authority(knot.certificate, knot.is_anchor);
        path_branch::revocation(&mut branch, knot.revocation);
        branch.branches.extend(knot.groups.iter().map(|group| self.clients(group)));
        branch.branches.extend(knot.below.iter().map(|below| self.knot(below)));
        branch
    }

    fn authority(&self, certificate: &Arc<Certificate>, is_anchor: bool) -> Branch<'a> {
        let entry = self.entries.get(certificate.sha256()).copied();
        path_branch::authority(certificate, entry, is_anchor.then_some(self.trust), self.at)
    }

    fn clients(&self, group: &'a Group) -> Branch<'a> {
        let remark = match (group.status(), group.paths) {
            (PathStatus::Valid, (_, 0 | 1)) => ("valid".to_owned(), Tint::Good),
            (PathStatus::Valid, (fewest, most)) if fewest == most => {
                (format!("valid, the best of {most} paths"), Tint::Good)
            }
            (PathStatus::Valid, (fewest, most)) => {
                (format!("valid, each by the best of its {fewest} to {most} paths"), Tint::Good)
            }
            (PathStatus::Invalid, _) if group.fails_at_leaf() => ("refused".to_owned(), Tint::Bad),
            _ => (String::new(), Tint::Plain),
        };
        if group.count == 1 {
            let failure = group.path.failure.as_ref().filter(|_| group.fails_at_leaf());
            let failure = failure.map(|(_, failure)| failure);
            let mut branch = path_branch::client(&group.first, failure, remark, self.at);
            path_branch::revocation(&mut branch, group.path.revocation.first());
            return branch;
        }
        let about = (self.at, group.count, group.fails_at_leaf());
        let rows = move |out: &mut dyn Write, style: &Style, indent: &str| group.rows.write(out, style, indent, about);
        path_branch::clients(group.count, remark, Box::new(rows))
    }

    /// One answer that is no valid path: what it looks like as far as it goes, what is wrong, and what to do.
    fn failing(&self, out: &mut dyn Write, group: &'a Group) -> io::Result<()> {
        let clients = count(group.count, "client certificate", "client certificates");
        let top = group.path.certificates.last();
        let heading = match (&group.path.missing, &group.path.failure) {
            (_, Some((at, failure))) if group.fails_at_leaf() || group.status() == PathStatus::Invalid => {
                let who = match (group.fails_at_leaf(), group.count) {
                    (false, _) => format!("{} fails", describe::subject(at)),
                    (true, 1) => "it fails itself".to_owned(),
                    (true, _) => "they fail themselves".to_owned(),
                };
                format!("Not valid: {clients}: {who} on {}", describe::check(failure.check))
            }
            (Some(missing), _) => {
                let mut below = top.map_or_else(String::new, |top| describe::subject(top));
                if group.authorities().is_empty() && group.count > 1 {
                    below.push_str(&format!(" and {} more", grouped(group.count - 1)));
                }
                format!("Incomplete: {clients}: {}", terminal(&missing.why(&below)))
            }
            _ => format!("Not valid: {clients}"),
        };
        writeln!(out)?;
        for line in style::wrap(&heading, self.style.text_width()) {
            writeln!(out, "{}", self.style.paint(Tint::Bad, &line))?;
        }
        writeln!(out)?;
        self.failing_tree(group).draw(out, self.style, "")?;
        let advice = describe::next_step(&group.path);
        if !advice.is_empty() {
            writeln!(out)?;
            self.style.hanging(out, "Next: ", "      ", &advice)?;
        }
        if let Some(note) = describe::windows(&group.path) {
            self.style.hanging(out, "", "      ", &format!("Where Windows differs: {note}"))?;
        }
        let others = &group.soonest.others;
        if !others.is_empty() {
            writeln!(out, "Other ways, no better:")?;
            for path in others.iter().take(self.style.shown(others.len())) {
                self.style.hanging(out, "  - ", "    ", &path_branch::in_a_line(path))?;
            }
        }
        Ok(())
    }

    fn failing_tree(&self, group: &'a Group) -> Branch<'a> {
        path_branch::stack(&group.path, self.clients(group), self.style, |certificate, is_anchor| {
            self.authority(certificate, is_anchor)
        })
    }

    fn alternatives(&self, out: &mut dyn Write, groups: &[&'a Group]) -> io::Result<()> {
        let found: Vec<_> =
            groups.iter().flat_map(|group| group.alternatives().iter().map(|one| (group.authorities(), one))).collect();
        if found.is_empty() {
            return Ok(());
        }
        self.style.heading(out, "Other valid paths, not chosen")?;
        let shown = self.style.shown(found.len());
        for (chosen, other) in found.iter().take(shown) {
            let mut clients = other.subject.clone();
            if other.count > 1 {
                clients.push_str(&format!(" and {} more", grouped(other.count - 1)));
            }
            writeln!(out, "  {clients}")?;
            let authorities = path_branch::in_a_line_of(&other.authorities);
            self.style.hanging(out, "    over ", "         ", &authorities)?;
            self.style.hanging(out, "    because ", "            ", &why_not(chosen, &other.authorities))?;
        }
        not_shown(out, self.style, found.len() - shown)
    }

    /// The CA certificates that no client needs: decoys, old generations, other hierarchies.
    fn unused(&self, out: &mut dyn Write, issuers: &[IssuerResult], groups: &[Group]) -> io::Result<()> {
        let used: HashSet<[u8; 32]> =
            groups.iter().flat_map(|group| group.authorities()).map(|certificate| *certificate.sha256()).collect();
        let mut unused: Vec<&IssuerResult> =
            issuers.iter().filter(|issuer| !used.contains(issuer.entry.certificate.sha256())).collect();
        if unused.is_empty() {
            return Ok(());
        }
        unused.sort_by_key(|issuer| Role::of(&issuer.entry.certificate));
        self.style.heading(out, "Other CA certificates here, which no client certificate needs")?;
        const COLUMNS: &[Column] = &[
            Column::new("SUBJECT", 0).narrows_to(16).at_most(48),
            Column::new("ROLE", 2),
            Column::new("EXPIRES", 1),
            Column::new("OWN PATH", 0),
            Column::new("THUMBPRINT", 3).narrows_to(9),
            Column::new("WHERE", 4).narrows_to(16).keeps_end(),
        ];
        let shown = self.style.shown(unused.len());
        table::write(out, self.style, "  ", COLUMNS, &unused[..shown.min(unused.len())], |issuer| {
            let certificate = &issuer.entry.certificate;
            let (path, tint) = match issuer.verdict.paths.first().map(|path| path.status) {
                Some(PathStatus::Valid) => ("valid", Tint::Plain),
                Some(PathStatus::Invalid) => ("not valid", Tint::Bad),
                Some(PathStatus::Incomplete) => ("incomplete", Tint::Warning),
                None => ("", Tint::Plain),
            };
            let urgency = describe::urgency(describe::days_left(certificate, self.at));
            vec![
                Cell::new(describe::subject(certificate)),
                Cell::new(describe::role(Role::of(certificate))),
                Cell::tinted(describe::date(certificate.not_after()), urgency),
                Cell::tinted(path, tint),
                Cell::new(certificate.thumbprint_hex()),
                Cell::tinted(describe::places(&issuer.entry), Tint::Faint),
            ]
        })?;
        not_shown(out, self.style, unused.len() - shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;

    fn text(folder: &str, style: Style) -> String {
        let mut out = Vec::new();
        write(&mut out, &style, &testing::chains(folder)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_ca_stands_once_with_its_clients_below_it() {
        let shown = text("contoso", Style::default());
        let tree: Vec<&str> =
            shown.lines().filter(|line| line.contains("\u{2500} ") || line.starts_with("Contoso Root")).collect();
        assert_eq!(
            tree,
            [
                "Contoso Root CA  root, trust assumed",
                "└─ Contoso Policy CA  intermediate",
                "   ├─ Contoso Issuing CA 1  intermediate",
                "   │  └─ 2 client certificates  valid",
                "   └─ Contoso Issuing CA 2  intermediate",
                "      └─ PC003.corp.contoso.com  client, valid",
                "└─ SMS Role SSL Certificate  client, valid",
                "└─ 0b5ecd8c-7a3a-4e4c-9b6e-0d2f6a1c9d11  client",
            ]
        );
    }

    #[test]
    fn what_is_known_when_a_certificate_is_looked_at_changes_no_letter() {
        let of_rows = |rows| Style { rows: Some(rows), width: Some(100), ..Style::default() };
        let verbose = Style { verbose: true, ..Style::default() };
        for folder in ["", "pki/cross-signed", "pki/renewed-new-key", "pki/loop"] {
            let found = testing::chains(folder);
            for style in [Style::default(), verbose, of_rows(1), of_rows(2)] {
                let mut expected = Vec::new();
                write(&mut expected, &style, &found).unwrap();
                // As many threads may do: some are looked at before anything of the others is learnt.
                for at_once in [2, 3, found.clients.len().max(1)] {
                    let gathering = Gathering::new(&style);
                    let learn = |learnt: Vec<Learnt>| learnt.into_iter().for_each(|one| gathering.learn(one));
                    for window in found.clients.chunks(at_once) {
                        learn(window.iter().map(|one| gathering.look_at_client(one)).collect());
                    }
                    for window in found.passed_over.chunks(at_once) {
                        learn(window.iter().map(|one| gathering.look_at_passed_over(one)).collect());
                    }
                    let mut out = Vec::new();
                    let Chains { at, trust, issuers, problems, .. } = &found;
                    write_all(&mut out, gathering, *at, *trust, (issuers, None, problems)).unwrap();
                    assert_eq!(
                        String::from_utf8_lossy(&out),
                        String::from_utf8_lossy(&expected),
                        "{folder}: {at_once}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_missing_issuer_is_named_with_key_identifier_address_and_what_to_do() {
        let shown = text("pki/missing-intermediate", Style { width: Some(80), ..Style::default() });
        assert!(shown.starts_with("1 client certificate, whose issuer is missing\n"), "{shown}");
        assert!(
            shown.contains("? Gap Issuing CA  missing\n│  CN=Gap Issuing CA, O=Gap\n│  key identifier: "),
            "{shown}"
        );
        assert!(shown.contains("published at: http://pki.gap.test/aia/GapIssuing.crt"));
        assert!(shown.contains("Next: Get the missing CA certificate"));
    }

    #[test]
    fn a_choice_between_paths_names_the_values_that_decided() {
        let shown = text("pki/cross-signed", Style::default());
        assert!(shown.contains("valid, the best of 2 paths"));
        assert!(
            shown.contains(
                "because its CA certificates hold until 2049-01-01, those of the chosen path until 2055-01-01"
            ),
            "{shown}"
        );
    }

    #[test]
    fn what_was_refused_names_the_check_and_both_values() {
        let shown = text("pki/wrong-eku", Style::default());
        assert!(
            shown.contains("✗ extended key usage: expected Client Authentication; found Server Authentication"),
            "{shown}"
        );
        let shown = text("pki/no-key-identifiers", Style::default());
        assert!(shown.contains("Considered and refused\n  ✗ Bare "), "{shown}");
    }

    #[test]
    fn an_assumed_root_is_to_be_compared_by_its_sha256() {
        let shown = text("pki/cross-signed", Style::default());
        let root = testing::inspection("pki/cross-signed/root-b.cer").certificates[0].certificate.sha256_hex();
        assert!(shown.contains("PKI team") && shown.contains(&root), "{shown}");
    }

    #[test]
    fn in_ascii_and_narrow_it_still_holds_every_name() {
        let style = Style { width: Some(80), unicode: false, ..Style::default() };
        for folder in ["contoso", "pki/path-length", "pki/renewed-new-key", "pki/bad-signature"] {
            let shown = text(folder, style);
            assert!(shown.is_ascii(), "{shown}");
        }
    }
}
