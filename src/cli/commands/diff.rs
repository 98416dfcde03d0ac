//! `certpath diff`.

use std::sync::Arc;

use crate::certificate::Certificate;
use crate::cli::args::{Diff, Format, Sources};
use crate::cli::commands::of_problems;
use crate::cli::exit::ExitStatus;
use crate::cli::output::{Sink, style};
use crate::cli::{Stop, input};
use crate::cmg::diff as comparison;
use crate::ops::{self, OpsError};
use crate::report::diff::{self as report, DiffRecord};
use crate::report::{csv, json};
use crate::source::Problem;

pub(crate) fn run(arguments: &Diff) -> Result<ExitStatus, Stop> {
    let mut sink = Sink::open(&arguments.output)?;
    let mut problems = Vec::new();
    let before = authorities(arguments, &arguments.from, &mut problems)?;
    let after = authorities(arguments, &arguments.to, &mut problems)?;
    let found = comparison::diff(&before, &after);
    let record = DiffRecord::new(&found, &problems);
    match arguments.format {
        Format::Table => {
            let mut text = Vec::new();
            let at = arguments.at.unwrap_or_else(crate::Time::now);
            // Writing into memory cannot fail.
            let _ = report::write(&mut text, &style(&arguments.common, &arguments.output), &found, &problems, at);
            sink.write(&text)?;
        }
        Format::Json => sink.write(&json::document(&record))?,
        Format::Ndjson => sink.write(&json::line(&record))?,
        Format::Csv => sink.write(&csv::diff(&record, arguments.output.output.is_some()))?,
    }
    sink.finish()?;
    Ok(of_problems(&problems, arguments.format))
}

/// The CA certificates of one side.
fn authorities(
    arguments: &Diff,
    side: &std::ffi::OsString,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Arc<Certificate>>, Stop> {
    let named = Sources { sources: vec![side.clone()], paths_from: None };
    let request = input::request(&named, arguments.at, &arguments.passwords, &arguments.common, &arguments.output)?;
    let mut found = Vec::new();
    let inspected = ops::inspect(
        &request,
        |entry| entry.certificate.is_ca().then(|| entry.certificate.clone()),
        |certificate| found.extend(certificate),
    )?;
    problems.extend(inspected.problems);
    if inspected.certificates == 0 && inspected.crls == 0 {
        return Err(OpsError::NoCertificate(request.source_names()).into());
    }
    Ok(found)
}
