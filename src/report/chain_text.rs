//! `chain` for people: one tree from the roots down to the client certificates, then what is missing or wrong and what to do,
//! then what was considered and why it was not taken.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};
use std::sync::Arc;

use crate::certificate::Certificate;
use crate::ops::{Chains, Client, IssuerResult, Trust};
use crate::path::{Path, PathStatus, Refusal, RevocationStatus};
use crate::pool::Entry;
use crate::report::chain_closing;
use crate::report::chain_groups::{Group, alternatives, group, why_not};
use crate::report::describe;
use crate::report::model::Role;
use crate::report::path_branch::{self, Leaf};
use crate::report::problems_text;
use crate::report::sanitize::terminal;
use crate::report::selection_text;
use crate::report::style::{self, Style, Tint, count, grouped};
use crate::report::table::{self, Cell, Column};
use crate::report::tree::Branch;
use crate::report::trust_text;
use crate::time::Time;

/// Writes what was found.
pub fn write(out: &mut dyn Write, style: &Style, found: &Chains) -> io::Result<()> {
    let groups = group(&found.clients);
    let entries: HashMap<[u8; 32], &Entry> =
        found.issuers.iter().map(|issuer| (*issuer.entry.certificate.sha256(), &issuer.entry)).collect();
    let view = View { style, at: found.at, trust: found.trust, entries };
    summary(out, style, found)?;
    let valid: Vec<&Group<'_>> = groups.iter().filter(|group| group.status() == PathStatus::Valid).collect();
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
    let paths = found.clients.iter().filter_map(|client| client.verdict.paths.first());
    path_branch::write_unknown_revocation(out, style, paths.clone())?;
    path_branch::write_anchor_limits(out, style, paths.clone())?;
    path_branch::write_cautions(out, style, paths, found.clients.iter().any(|client| client.verdict.exhausted))?;
    view.refused(out, &found.clients)?;
    view.unused(out, &found.issuers, &groups)?;
    chain_closing::passed_over(out, style, found)?;
    if let Some(counts) = &found.selection {
        selection_text::write(out, style, counts)?;
    }
    problems_text::write(out, style, &found.problems)?;
    chain_closing::trust_note(out, style, found, &valid)?;
    chain_closing::for_the_cmg(out, style, &valid)
}

/// Of those whose issuer is at hand, but by its name alone.
const UNCONFIRMED: &str = "whose issuer cannot be confirmed";

fn summary(out: &mut dyn Write, style: &Style, found: &Chains) -> io::Result<()> {
    let status = |wanted: PathStatus| {
        found
            .clients
            .iter()
            .filter(|client| client.verdict.paths.first().is_some_and(|path| path.status == wanted))
            .count()
    };
    let first_paths = found.clients.iter().filter_map(|client| client.verdict.paths.first());
    let missing =
        first_paths.filter(|path| path.status == PathStatus::Incomplete).filter_map(|path| path.missing.as_ref());
    let unconfirmed = missing.filter(|missing| missing.is_at_hand()).count();
    let (invalid, incomplete) = (status(PathStatus::Invalid), status(PathStatus::Incomplete));
    let valid = found.clients.len() - invalid - incomplete;
    let total = count(found.clients.len() as u64, "client certificate", "client certificates");
    let verdict = match (found.clients.len(), invalid, incomplete) {
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
                    parts.push(format!("{} {what}", grouped(number as u64)));
                }
            }
            format!("{total}: {}", parts.join(", "))
        }
    };
    let tint = if found.clients.is_empty() || invalid + incomplete > 0 { Tint::Bad } else { Tint::Good };
    writeln!(out, "{}", style.paint(tint, &verdict))?;
    let trust = trust_text::origin(found.trust);
    style.faint(out, &format!("judged at {}; {trust}", found.at))?;
    if found.clients.is_empty() {
        writeln!(out)?;
        style.paragraph(
            out,
            "",
            "A client certificate is an end-entity certificate whose extended key usage allows client authentication \
             (1.3.6.1.5.5.7.3.2), or that has none, and that is valid now. Export one from a client (certlm.msc, Personal, \
             without its private key) and give it together with the CA certificates. `certpath inspect` shows what is here.",
        )?;
    }
    Ok(())
}

/// A CA on the way from a root down, with what hangs on it.
struct Knot<'a> {
    certificate: &'a Arc<Certificate>,
    is_anchor: bool,
    revocation: Option<&'a RevocationStatus>,
    below: Vec<Self>,
    groups: Vec<&'a Group<'a>>,
}

struct View<'a> {
    style: &'a Style,
    at: Time,
    trust: Trust,
    entries: HashMap<[u8; 32], &'a Entry>,
}

impl<'a> View<'a> {
    /// The chosen paths as trees, each root once.
    fn forest(&self, groups: &[&'a Group<'a>]) -> Vec<Branch<'a>> {
        let mut roots: Vec<Knot<'a>> = Vec::new();
        let mut alone = Vec::new();
        for group in groups {
            let mut level = &mut roots;
            let path = group.path;
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

    fn clients(&self, group: &Group<'a>) -> Branch<'a> {
        let several = group.clients.iter().filter(|client| client.verdict.paths.len() > 1).count();
        let chosen = group.clients.first().map_or(1, |client| client.verdict.paths.len());
        let remark = match (group.status(), several) {
            (PathStatus::Valid, 0) => ("valid".to_owned(), Tint::Good),
            (PathStatus::Valid, _) => (format!("valid, the best of {chosen} paths"), Tint::Good),
            (PathStatus::Invalid, _) if group.fails_at_leaf() => ("refused".to_owned(), Tint::Bad),
            _ => (String::new(), Tint::Plain),
        };
        let leaves: Vec<Leaf<'a>> = group
            .clients
            .iter()
            .map(|client| Leaf {
                entry: &client.entry,
                failure: client
                    .verdict
                    .paths
                    .first()
                    .and_then(|path| path.failure.as_ref())
                    .map(|(_, failure)| failure),
            })
            .collect();
        let mut branch = path_branch::leaves(leaves, remark, self.at, group.fails_at_leaf());
        if group.clients.len() == 1 {
            path_branch::revocation(&mut branch, group.path.revocation.first());
        }
        branch
    }

    /// One answer that is no valid path: what it looks like as far as it goes, what is wrong, and what to do.
    fn failing(&self, out: &mut dyn Write, group: &Group<'a>) -> io::Result<()> {
        let clients = count(group.clients.len() as u64, "client certificate", "client certificates");
        let top = group.path.certificates.last();
        let heading = match (&group.path.missing, &group.path.failure) {
            (_, Some((at, failure))) if group.fails_at_leaf() || group.status() == PathStatus::Invalid => {
                let whose = if group.fails_at_leaf() {
                    "its own".to_owned()
                } else {
                    format!("{} fails on", describe::subject(at))
                };
                format!("Not valid: {clients}: {whose} {}", describe::check(failure.check))
            }
            (Some(missing), _) => {
                let mut below = top.map_or_else(String::new, |top| describe::subject(top));
                if group.authorities().is_empty() && group.clients.len() > 1 {
                    below.push_str(&format!(" and {} more", grouped(group.clients.len() as u64 - 1)));
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
        let advice = describe::next_step(group.path);
        if !advice.is_empty() {
            writeln!(out)?;
            self.style.hanging(out, "Next: ", "      ", &advice)?;
        }
        if let Some(note) = describe::windows(group.path) {
            self.style.hanging(out, "", "      ", &format!("Where Windows differs: {note}"))?;
        }
        let others: Vec<&Path> =
            group.clients.first().map_or(&[][..], |client| &client.verdict.paths).iter().skip(1).collect();
        if !others.is_empty() {
            writeln!(out, "Other ways, no better:")?;
            for path in others.iter().take(self.style.shown(others.len())) {
                self.style.hanging(out, "  - ", "    ", &path_branch::in_a_line(path))?;
            }
        }
        Ok(())
    }

    fn failing_tree(&self, group: &Group<'a>) -> Branch<'a> {
        path_branch::stack(group.path, self.clients(group), self.style, |certificate, is_anchor| {
            self.authority(certificate, is_anchor)
        })
    }

    fn alternatives(&self, out: &mut dyn Write, groups: &[&'a Group<'a>]) -> io::Result<()> {
        let found: Vec<_> = groups.iter().flat_map(|group| alternatives(group)).collect();
        if found.is_empty() {
            return Ok(());
        }
        self.style.heading(out, "Other valid paths, not chosen")?;
        let shown = self.style.shown(found.len());
        for one in found.iter().take(shown) {
            let mut clients = describe::subject(&one.client.entry.certificate);
            if one.count > 1 {
                clients.push_str(&format!(" and {} more", grouped(one.count - 1)));
            }
            writeln!(out, "  {clients}")?;
            self.style.hanging(out, "    over ", "         ", &path_branch::authorities_in_a_line(one.other))?;
            self.style.hanging(out, "    because ", "            ", &why_not(one.chosen, one.other))?;
        }
        more(out, self.style, found.len() - shown)
    }

    /// What was considered and refused, each candidate once, however many clients it was considered for.
    fn refused(&self, out: &mut dyn Write, clients: &[Client]) -> io::Result<()> {
        struct Refused<'a> {
            refusal: &'a Refusal,
            below: HashSet<[u8; 32]>,
        }
        let mut places = HashMap::new();
        let mut all: Vec<Refused<'_>> = Vec::new();
        for client in clients {
            // A self-signed certificate needs no issuer, and what a path fails on was said above.
            let failed = client.verdict.paths.first().and_then(|path| path.failure.as_ref());
            let said = |refusal: &Refusal| {
                failed.is_some_and(|(at, failure)| {
                    at.sha256() == refusal.candidate.sha256() && failure.check == refusal.failure.check
                })
            };
            let worth_telling =
                |refusal: &&Refusal| self.style.verbose || !(Role::of(&refusal.below) == Role::Root || said(refusal));
            for refusal in client.verdict.refused.iter().filter(worth_telling) {
                let failure = &refusal.failure;
                let issuer = refusal.below.issuer().as_bytes();
                let key = (*refusal.candidate.sha256(), issuer, failure.check, &failure.expected, &failure.found);
                let place = *places.entry(key).or_insert_with(|| {
                    all.push(Refused { refusal, below: HashSet::new() });
                    all.len() - 1
                });
                if let Some(refused) = all.get_mut(place) {
                    refused.below.insert(*refusal.below.sha256());
                }
            }
        }
        if all.is_empty() {
            return Ok(());
        }
        self.style.heading(out, "Considered and refused")?;
        let shown = self.style.shown(all.len());
        let mut told = HashSet::new();
        for Refused { refusal, below } in all.iter().take(shown) {
            let cross = self.style.paint(Tint::Bad, self.style.glyph("✗", "x"));
            let (name, mark) = (describe::subject(&refusal.candidate), describe::mark(&refusal.candidate));
            let more = match below.len() {
                0 | 1 => String::new(),
                several => format!(" and {} more", grouped(several as u64 - 1)),
            };
            let (until, _) = describe::validity(&refusal.candidate, self.at);
            writeln!(out, "  {cross} {name} [{mark}], {until}")?;
            let below = match Role::of(&refusal.below) {
                Role::EndEntity => describe::subject(&refusal.below),
                _ => format!("{} [{}]", describe::subject(&refusal.below), describe::mark(&refusal.below)),
            };
            writeln!(out, "      as issuer of {below}{more}")?;
            self.style.hanging(out, "      ", "        ", &describe::failure(&refusal.failure))?;
            if let Some(difference) = refusal.failure.windows.filter(|one| told.insert(one.question)) {
                let note = format!("where Windows differs: {}", difference.note());
                self.style.hanging(out, "      ", "        ", &note)?;
            }
        }
        more(out, self.style, all.len() - shown)
    }

    /// The CA certificates that no client needs: decoys, old generations, other hierarchies.
    fn unused(&self, out: &mut dyn Write, issuers: &[IssuerResult], groups: &[Group<'_>]) -> io::Result<()> {
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
        more(out, self.style, unused.len() - shown)
    }
}

fn more(out: &mut dyn Write, style: &Style, number: usize) -> io::Result<()> {
    if number == 0 {
        return Ok(());
    }
    let more = count(number as u64, "more is", "more are");
    writeln!(out, "  {}", style.paint(Tint::Faint, &format!("{more} not shown: `-v` shows all")))
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
