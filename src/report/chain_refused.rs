//! What was considered as an issuer and refused, each candidate once, however many clients it was considered for.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::{self, Write};

use crate::ops::Client;
use crate::path::{Check, Refusal};
use crate::report::describe;
use crate::report::first_met::{FirstMet, Found, MetAt};
use crate::report::model::Role;
use crate::report::style::{Style, Tint, count, grouped};
use crate::time::Time;

/// The candidate, the name that was looked for, and the check with both values.
type Key<'a> = ([u8; 32], Cow<'a, [u8]>, Check, Cow<'a, str>, Cow<'a, str>);

fn key(refusal: &Refusal) -> Key<'_> {
    let failure = &refusal.failure;
    let issuer = refusal.below.issuer().as_bytes();
    let (expected, found) = (failure.expected.as_str(), failure.found.as_str());
    (*refusal.candidate.sha256(), issuer.into(), failure.check, expected.into(), found.into())
}

fn owned((candidate, issuer, check, expected, found): Key<'_>) -> Key<'static> {
    let (expected, found) = (expected.into_owned(), found.into_owned());
    (candidate, issuer.into_owned().into(), check, expected.into(), found.into())
}

/// The refused candidates of many clients.
#[derive(Default)]
pub(crate) struct RefusedCandidates(FirstMet<Key<'static>, Refusal>);

/// A refused candidate, and the certificate whose issuer was looked for.
pub(crate) type RefusedAt = (Found<(Key<'static>, Refusal)>, MetAt);

impl RefusedCandidates {
    /// What a client adds that is not known yet; `own` is where its own certificate is met.
    pub(crate) fn look(&self, style: &Style, client: &Client, own: MetAt) -> Vec<RefusedAt> {
        // A self-signed certificate needs no issuer, and what a path fails on is said elsewhere.
        let failed = client.verdict.paths.first().and_then(|path| path.failure.as_ref());
        let said = |refusal: &Refusal| {
            failed.is_some_and(|(at, failure)| {
                at.sha256() == refusal.candidate.sha256() && failure.check == refusal.failure.check
            })
        };
        let worth_telling =
            |refusal: &&Refusal| style.verbose || !(Role::of(&refusal.below) == Role::Root || said(refusal));
        let news = |refusal: &Refusal| {
            let below = *refusal.below.sha256();
            let at = if below == *client.entry.certificate.sha256() { own } else { MetAt::Shared(below) };
            let key = key(refusal);
            match FirstMet::place(&self.0, &key) {
                Some(place) => (!self.0.is_known_at(place, at)).then_some((Found::Known(place), at)),
                None => Some((Found::New(Box::new((owned(key), refusal.clone()))), at)),
            }
        };
        client.verdict.refused.iter().filter(worth_telling).filter_map(news).collect()
    }

    pub(crate) fn learn(&mut self, number: u64, refused: Vec<RefusedAt>) {
        refused.into_iter().for_each(|(found, at)| self.0.meet(number, found, at));
    }

    pub(crate) fn write(&self, out: &mut dyn Write, style: &Style, at: Time) -> io::Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        style.heading(out, "Considered and refused")?;
        let shown = style.shown(self.0.len());
        let mut told = HashSet::new();
        for met in self.0.iter().take(shown) {
            let refusal = &met.first;
            let cross = style.paint(Tint::Bad, style.glyph("✗", "x"));
            let (name, mark) = (describe::subject(&refusal.candidate), describe::mark(&refusal.candidate));
            let more = match met.count() {
                0 | 1 => String::new(),
                several => format!(" and {} more", grouped(several - 1)),
            };
            let (until, _) = describe::validity(&refusal.candidate, at);
            writeln!(out, "  {cross} {name} [{mark}], {until}")?;
            let below = match Role::of(&refusal.below) {
                Role::EndEntity => describe::subject(&refusal.below),
                _ => format!("{} [{}]", describe::subject(&refusal.below), describe::mark(&refusal.below)),
            };
            writeln!(out, "      as issuer of {below}{more}")?;
            style.hanging(out, "      ", "        ", &describe::failure(&refusal.failure))?;
            if let Some(difference) = refusal.failure.windows.filter(|one| told.insert(one.question)) {
                let note = format!("where Windows differs: {}", difference.note());
                style.hanging(out, "      ", "        ", &note)?;
            }
        }
        not_shown(out, style, self.0.len() - shown)
    }
}

/// How many more there are.
pub(crate) fn not_shown(out: &mut dyn Write, style: &Style, number: usize) -> io::Result<()> {
    if number == 0 {
        return Ok(());
    }
    let more = count(number as u64, "more is", "more are");
    writeln!(out, "  {}", style.paint(Tint::Faint, &format!("{more} not shown: `-v` shows all")))
}
