//! `certpath diff`.

use std::collections::HashSet;
use std::sync::Arc;

use crate::certificate::Certificate;
use crate::cli::args::{Diff, Format, Sources};
use crate::cli::commands::{complain_of, of_problems};
use crate::cli::exit::ExitStatus;
use crate::cli::output::{Sink, style};
use crate::cli::{Stop, input, progress};
use crate::cmg::diff as comparison;
use crate::ops::{self, IssuerResult, Request, Trust};
use crate::report::diff::{self as report, DiffRecord};
use crate::report::model::HeaderRecord;
use crate::report::{csv, json, sanitize, trust_text};
use crate::source::Problem;

pub(crate) fn run(arguments: &Diff) -> Result<ExitStatus, Stop> {
    let from = Sources { sources: vec![arguments.from.clone()], paths_from: None };
    // One request for both sides, since passwords may come from what can be read only once.
    let mut request = input::request(&from, arguments.at, &arguments.passwords, &arguments.common, &arguments.output)?;
    input::select(&mut request, &arguments.selecting)?;
    request.trust = input::sources(&arguments.trust)?;
    request.intermediates = input::sources(&arguments.intermediates)?;
    let to = input::sources(std::slice::from_ref(&arguments.to))?;
    input::protect(&arguments.output, &[&to, &request.trust, &request.intermediates])?;
    let mut sink = Sink::open(&arguments.output)?;
    let mut problems = Vec::new();
    let mut side = |request: &Request| {
        authorities(request, &mut problems).inspect_err(|_| {
            // What the other side could not read is lost with the comparison otherwise.
            complain_of(&std::mem::take(&mut problems));
        })
    };
    let before = side(&request)?;
    let from = request.source_names();
    request.sources = to;
    request.progress = progress::progress(&arguments.common);
    let after = side(&request)?;
    let held = [(before.held, from), (after.held, request.source_names())];
    // Which of them are roots the one side may know of the other's.
    let (before, after) = (before.known_by(&after), after.known_by(&before));
    // Below given anchors one side may have none yet, of the CA certificates that it holds.
    let is_limited = !request.trust.is_empty();
    let mut sides = [&before, &after].into_iter().zip(held);
    if let Some((_, (_, name))) = sides.find(|(side, (held, _))| side.is_empty() && !(is_limited && *held > 0)) {
        complain_of(&problems);
        let name = sanitize::terminal(&name);
        return Err(Stop::usage(format!(
            "{name}: expected CA certificates to compare, found none; `certpath inspect` shows what is there"
        )));
    }
    // What both sides are built with was read for each.
    let mut told = HashSet::new();
    problems.retain(|problem| told.insert(problem.to_string()));
    let found = comparison::diff(&before, &after);
    let at = arguments.at.unwrap_or_else(crate::Time::now);
    let record = DiffRecord::new(&found, &problems);
    match arguments.format {
        Format::Table => {
            let mut text = Vec::new();
            // Writing into memory cannot fail.
            let _ = report::write(&mut text, &style(&arguments.common, &arguments.output), &found, &problems, at);
            sink.write(&text)?;
        }
        Format::Json => sink.write(&json::document(&record))?,
        Format::Ndjson => {
            let trust = (!arguments.trust.is_empty()).then_some(Trust::Given);
            let header = HeaderRecord { schema: record.schema, at, trust };
            sink.write(&json::lines(&header, &record.problems, &record))?;
        }
        Format::Csv => sink.write(&csv::diff(&record, arguments.output.output.is_some()))?,
    }
    sink.finish()?;
    Ok(of_problems(&problems, arguments.format))
}

/// What one side holds.
struct Side {
    authorities: Vec<Arc<Certificate>>,
    /// See [`ops::Anchored::may_be_roots`].
    may_be_roots: Vec<Arc<Certificate>>,
    /// How many CA certificates there are before the trust anchors and the clients decide which are compared.
    held: usize,
}

impl Side {
    /// The CA certificates, those among them that only the other side knows for such.
    fn known_by(&self, other: &Self) -> Vec<Arc<Certificate>> {
        let known: HashSet<&[u8; 32]> = other.authorities.iter().map(|one| one.sha256()).collect();
        let more =
            self.may_be_roots.iter().filter(|one| known.contains(one.sha256())).inspect(|one| one.take_for_root());
        self.authorities.iter().chain(more).cloned().collect()
    }
}

/// Below anchors that are none there is nothing to compare.
fn refuse_trust(none_to_trust: Option<usize>) -> Result<(), Stop> {
    let refusal = |count| Stop::usage(format!("{}: name the roots there", trust_text::none_to_trust(count)));
    none_to_trust.map_or(Ok(()), |count| Err(refusal(count)))
}

/// The CA certificates of one side; where client certificates are asked for and the side holds some, those above them.
fn authorities(request: &Request, problems: &mut Vec<Problem>) -> Result<Side, Stop> {
    if request.selects() {
        let found = ops::chain_each(request, |_| (), |()| ())?;
        problems.extend(found.problems);
        refuse_trust(found.none_to_trust)?;
        let held = found.issuers.len();
        let clients = found.valid + found.invalid + found.incomplete;
        let others: u64 = found.passed_over.iter().map(|(_, count)| count).sum();
        if clients == 0 && others > 0 {
            let side = sanitize::terminal(&request.source_names());
            return Err(Stop::usage(format!(
                "{side}: expected client certificates that --issuer, --select and --first ask for, found none among {others} \
                 end-entity certificates; `certpath inspect` with the same options tells why"
            )));
        }
        let is_limited = !request.trust.is_empty();
        let reaches = |issuer: &IssuerResult| issuer.verdict.paths.iter().any(|path| path.is_anchored);
        let above = found
            .issuers
            .into_iter()
            .filter(|issuer| if clients == 0 { !is_limited || reaches(issuer) } else { issuer.clients > 0 });
        let authorities = above.map(|issuer| issuer.entry.certificate).collect();
        return Ok(Side { authorities, may_be_roots: Vec::new(), held });
    }
    let found = ops::anchored(request)?;
    problems.extend(found.problems);
    refuse_trust(found.none_to_trust)?;
    Ok(Side { authorities: found.authorities, may_be_roots: found.may_be_roots, held: found.held })
}
