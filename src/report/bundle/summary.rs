//! What a person is told after `export`: what was written and what comes next, or why nothing was.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use crate::certificate::Certificate;
use crate::ops::{Bundle, Client};
use crate::report::bundle::{Manifest, README, Refusal, SCRIPT, leftovers, shown};
use crate::report::model::ReasonRecord;
use crate::report::sanitize::terminal;
use crate::report::style::{Style, count, grouped};
use crate::report::{describe, problems_text, selection_text, trust_text};

/// How many certificates of one kind are named; the JSON has them all.
const EXAMPLES: usize = 5;

/// What was written where, and what comes next.
pub fn summary_text(bundle: &Bundle, manifest: &Manifest, directory: &Path) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "Wrote {} and {} for {} to {}",
        of(manifest.roots.len(), "root"),
        of(manifest.intermediates.len(), "intermediate"),
        if bundle.clients.is_empty() {
            "every CA with a valid path".to_owned()
        } else {
            of(bundle.clients.len(), "client certificate")
        },
        shown(directory)
    );
    for entry in manifest.roots.iter().chain(&manifest.intermediates) {
        let expires = entry.not_after.map_or_else(String::new, |last| format!("  expires {}", last.date()));
        let _ = writeln!(out, "  {}{expires}", entry.file);
    }
    if !manifest.alternatives.is_empty() {
        let others = count(manifest.alternatives.len() as u64, "other valid path was", "other valid paths were");
        let _ = writeln!(out, "\n{others} not chosen; --all-paths writes the union, `certpath chain` shows them.");
    }
    if bundle.revocation_unknown > 0 {
        let whose = count(
            bundle.revocation_unknown as u64,
            "client certificate or its CAs",
            "client certificates or their CAs",
        );
        let _ = writeln!(
            out,
            "\nThe CRLs at hand do not tell whether {whose} were revoked: `certpath chain` with the same sources says why, and \
             --require-revocation leaves out whom they do not clear."
        );
    }
    for ca in &bundle.wanted_elsewhere {
        let _ = writeln!(
            out,
            "\nNot written: {} [{}], which --issuer names. It chooses the clients, and not their paths: this CA is on \
             another path than the one chosen.\n--all-paths writes it too.",
            describe::subject(ca),
            describe::mark(ca)
        );
    }
    if !bundle.refused.is_empty() {
        let _ = writeln!(out, "\nLeft out: {} without a valid path.", of(bundle.refused.len(), "client certificate"));
        reasons(&mut out, bundle);
    }
    passed_over(&mut out, bundle);
    selection(&mut out, bundle);
    findings(&mut out, bundle);
    problems(&mut out, bundle);
    trust(&mut out, bundle);
    let _ = write!(
        out,
        "\nNext:\n  Read {}: which file goes where in the console.\n  Or in that folder, on a computer with the console: \
         .\\{SCRIPT} -Name '<name of the CMG>' -WhatIf\n",
        shown(&directory.join(README)),
    );
    left_behind(&mut out, directory);
    out
}

/// Why nothing was written, and what to do.
pub fn refusal_text(bundle: &Bundle, refusal: &Refusal, directory: &Path) -> String {
    let mut out = format!("Nothing was written: {refusal}.\n");
    match refusal {
        Refusal::Incomplete(_) => {
            let (refused, all) = (bundle.refused.len(), bundle.clients.len() + bundle.refused.len());
            let who = match (refused, all) {
                (1, 1) => "the client certificate has".to_owned(),
                (1, _) => format!("1 of {} client certificates has", grouped(all as u64)),
                _ => format!("{} of {} client certificates have", grouped(refused as u64), grouped(all as u64)),
            };
            out = format!("Nothing was written: {who} no valid certification path to a root.\n");
            reasons(&mut out, bundle);
            if !bundle.roots.is_empty() {
                out.push_str("--allow-incomplete writes what is complete and lists the rest.\n");
            }
        }
        Refusal::NothingComplete(_) | Refusal::NothingToWrite => reasons(&mut out, bundle),
        Refusal::NoClients | Refusal::NoneSelected => {
            passed_over(&mut out, bundle);
            selection(&mut out, bundle);
        }
        _ => left_behind(&mut out, directory),
    }
    problems(&mut out, bundle);
    out
}

fn of(number: usize, noun: &str) -> String {
    count(number as u64, noun, &format!("{noun}s"))
}

fn trust(out: &mut String, bundle: &Bundle) {
    let roots: Vec<&Certificate> = bundle.roots.iter().map(|entry| &*entry.certificate).collect();
    let mut text = Vec::new();
    // Writing into memory cannot fail.
    let _ = trust_text::to_compare(&mut text, &Style::default(), bundle.trust, &roots);
    out.push_str(&String::from_utf8_lossy(&text));
}

fn left_behind(out: &mut String, directory: &Path) {
    let found = leftovers(directory);
    if found.is_empty() {
        return;
    }
    out.push_str("\nBeside it an interrupted export left, unless another one is at work now:\n");
    for leftover in found {
        let what = if leftover.is_whole { "a whole export" } else { "the rest of one, of no use" };
        let _ = writeln!(out, "  {}  {what}", shown(&leftover.path));
    }
    out.push_str("Delete what you do not need; certpath leaves it alone.\n");
}

fn passed_over(out: &mut String, bundle: &Bundle) {
    let reasons = ReasonRecord::count(bundle.passed_over.iter().map(|one| one.reason.as_str()));
    if !reasons.is_empty() {
        out.push_str("\nPassed over:\n");
    }
    for ReasonRecord { reason, .. } in reasons {
        let of_it: Vec<_> = bundle.passed_over.iter().filter(|one| one.reason == reason).collect();
        let _ = writeln!(out, "  {}: {}", names(of_it.iter().map(|one| &*one.certificate)), terminal(&reason));
    }
}

/// Where a selection was asked for: what its steps leave.
fn selection(out: &mut String, bundle: &Bundle) {
    let Some(counts) = &bundle.selection else { return };
    let mut text = Vec::new();
    // Writing into memory cannot fail.
    let _ = selection_text::write(&mut text, &Style::default(), counts);
    out.push_str(&String::from_utf8_lossy(&text));
}

fn findings(out: &mut String, bundle: &Bundle) {
    if !bundle.findings.is_empty() {
        out.push_str("\nFindings:\n");
    }
    for (certificate, finding) in &bundle.findings {
        let _ = writeln!(
            out,
            "  {} {} {} at {}: {}",
            finding.severity,
            finding.code().code(),
            finding.code().id(),
            describe::subject(certificate),
            terminal(&finding.message)
        );
    }
}

fn problems(out: &mut String, bundle: &Bundle) {
    let mut text = Vec::new();
    // Writing into memory cannot fail.
    let _ = problems_text::write(&mut text, &Style::default(), &bundle.problems);
    out.push_str(&String::from_utf8_lossy(&text));
}

/// Names a few certificates, and how many more.
fn names<'a>(certificates: impl ExactSizeIterator<Item = &'a Certificate>) -> String {
    let more = certificates.len().saturating_sub(EXAMPLES);
    let mut text = certificates
        .take(EXAMPLES)
        .map(|certificate| terminal(&certificate.short_subject()))
        .collect::<Vec<_>>()
        .join(", ");
    if more > 0 {
        let _ = write!(text, " and {} more", grouped(more as u64));
    }
    text
}

/// The reasons for which client certificates have no valid path, each once.
fn reasons(out: &mut String, bundle: &Bundle) {
    if bundle.refused.is_empty() {
        return;
    }
    // By text, in the order of the first client that has it.
    let mut order: Vec<String> = Vec::new();
    let mut clients: BTreeMap<String, Vec<&Client>> = BTreeMap::new();
    for client in &bundle.refused {
        let reason = reason(client);
        let list = clients.entry(reason.clone()).or_default();
        if list.is_empty() {
            order.push(reason);
        }
        list.push(client);
    }
    for reason in order {
        let list = clients.remove(&reason).unwrap_or_default();
        let _ = write!(out, "\n{reason}");
        let names = names(list.iter().map(|client| &*client.entry.certificate));
        let _ = writeln!(out, "  client          {names}");
    }
    out.push_str(
        "\n`certpath chain` with the same sources shows every issuer that was considered, and why it was refused.\n",
    );
}

/// Why one client certificate has no valid path: what is missing, or the check that failed.
fn reason(client: &Client) -> String {
    let mut out = String::new();
    // The path that came farthest: what failed on the way to a root says more than what is missing elsewhere.
    let Some(path) = client.verdict.paths.first() else {
        return "Missing: any path at all\n".to_owned();
    };
    if let Some((certificate, failure)) = &path.failure {
        let _ = writeln!(out, "Failed check: {}", describe::check(failure.check));
        let _ = writeln!(out, "  at              {}", terminal(&certificate.abridged_subject()));
        let _ = writeln!(out, "  thumbprint      {}", certificate.thumbprint_hex());
        let _ = writeln!(out, "  expected        {}", terminal(&failure.expected));
        let _ = writeln!(out, "  found           {}", terminal(&failure.found));
        let _ = writeln!(out, "  next            {}", describe::next_step(path));
    }
    if let Some(missing) = &path.missing {
        match &missing.refused {
            None => out.push_str("Missing: the certificate of an issuer\n"),
            Some(refusal) => {
                let what = if missing.is_at_hand() { "Not confirmed" } else { "Missing" };
                let _ = writeln!(out, "{what}: {}", terminal(&missing.why(&refusal.below.short_subject())));
            }
        }
        let _ = writeln!(out, "  subject         {}", terminal(&missing.subject));
        if let Some(identifier) = &missing.key_identifier {
            let _ = writeln!(out, "  key identifier  {identifier}");
        }
        if let Some(serial) = &missing.serial_number {
            let _ = writeln!(out, "  serial number   {serial}");
        }
        for address in &missing.aia {
            let _ = writeln!(out, "  published at    {}", terminal(address));
        }
        considered(&mut out, client, path);
        let next = match (&missing.refused, missing.aia.is_empty()) {
            (Some(_), _) if path.failure.is_none() => describe::next_step(path),
            (_, true) => "ask the PKI team for it, put it with the other sources, and export again".to_owned(),
            _ => "fetch it from there, or ask the PKI team; put it with the other sources, and export again".to_owned(),
        };
        let _ = writeln!(out, "  next            {next}");
    }
    if let Some(note) = describe::windows(path) {
        let _ = writeln!(out, "  where Windows differs: {note}");
    }
    if path.failure.is_none() && path.missing.is_none() {
        out.push_str("Ends at a trust anchor that is not self-signed, and a CMG must be given the root\n");
        if let Some(last) = path.certificates.last() {
            let _ = writeln!(out, "  anchor          {}", terminal(&last.abridged_subject()));
        }
        out.push_str("  next            give the root as --trust too, and export again\n");
    }
    out
}

/// The certificates that have the name of a missing issuer, or its key identifier, and are not the one.
fn considered(out: &mut String, client: &Client, path: &crate::path::Path) {
    let top = path.certificates.last();
    let refused = client.verdict.refused.iter().filter(|refusal| Some(&refusal.below) == top);
    for refusal in refused.take(EXAMPLES) {
        let _ = writeln!(
            out,
            "  considered      {} ({}): {}",
            terminal(&refusal.candidate.abridged_subject()),
            refusal.candidate.thumbprint_hex(),
            describe::failure(&refusal.failure)
        );
    }
}
