//! `certpath verify`.

use std::ffi::OsString;
use std::path::Path;

use crate::certificate::Oid;
use crate::cli::args::{Format, Purpose, Sources, Verify};
use crate::cli::commands::of_problems;
use crate::cli::exit::ExitStatus;
use crate::cli::output::{Sink, style};
use crate::cli::{Stop, input};
use crate::ops::{self, Client};
use crate::path::{self, Settings};
use crate::report::model::{ClientRecord, HeaderRecord, VerifyRecord};
use crate::report::{csv, json, verify_text};
use crate::source::{Position, Problem, ProblemCode, Source};

pub(crate) fn run(arguments: &Verify) -> Result<ExitStatus, Stop> {
    let leaf = Sources { sources: vec![arguments.leaf.clone()], paths_from: None };
    let mut request = input::request(&leaf, arguments.at, &arguments.passwords, &arguments.common, &arguments.output)?;
    request.trust = input::sources(&arguments.trust)?;
    let (intermediates, mut absent) = present("--intermediates", &arguments.intermediates);
    let (crls, absent_crls) = present("--crl", &arguments.crl);
    absent.extend(absent_crls);
    request.intermediates = input::sources(&intermediates)?;
    request.crls = input::sources(&crls)?;
    request.crls_must_tell = true;
    input::select(&mut request, &arguments.selecting)?;
    input::protect(&arguments.output, &[&request.trust, &request.intermediates, &request.crls])?;
    let mut settings = Settings::new(
        match arguments.purpose {
            Purpose::Client => path::Purpose::Client,
            Purpose::Server => path::Purpose::Server,
            Purpose::Any => path::Purpose::Any,
        },
        request.at,
    );
    request.purpose = settings.purpose;
    settings.require_revocation = arguments.require_revocation;
    settings.require_explicit_policy = arguments.require_explicit_policy;
    settings.inhibit_policy_mapping = arguments.inhibit_policy_mapping;
    settings.inhibit_any_policy = arguments.inhibit_any_policy;
    settings.max_path_length = arguments.max_path_length;
    settings.strict = arguments.strict;
    for text in &arguments.policy {
        let policy = Oid::parse(text).ok_or_else(|| {
            Stop::usage(format!("--policy {text}: expected an object identifier such as 2.16.840.1.101.3.2.1.48.1"))
        })?;
        settings.policies.push(policy);
    }
    let mut sink = Sink::open(&arguments.output)?;
    let mut found = ops::verify(&request, settings)?;
    let unread = of_problems(&found.problems, arguments.format);
    found.problems.extend(absent);
    let record = VerifyRecord::new(&found, request.at);
    // The one question that verify answers is not a finding that --fail-on could wave through.
    let verdict = if found.is_valid() { ExitStatus::Success } else { ExitStatus::Findings };
    match arguments.format {
        Format::Table => {
            let mut text = Vec::new();
            let _ = verify_text::write(&mut text, &style(&arguments.common, &arguments.output), &found, request.at);
            sink.write(&text)?;
        }
        Format::Json => sink.write(&json::document(&record))?,
        Format::Ndjson => {
            let header = HeaderRecord { schema: record.schema, at: request.at, trust: Some(record.trust) };
            sink.write(&json::lines(&header, &record.problems, &record))?;
        }
        Format::Csv => {
            let judged = Client { entry: found.leaf, verdict: found.verdict };
            sink.write(&csv::chain_header(arguments.output.output.is_some()))?;
            sink.write(&csv::chain_row(&ClientRecord::new(&judged, request.at)))?;
        }
    }
    sink.finish()?;
    Ok(unread.combine(verdict))
}

/// What is there of the sources that only help, and a note on each that is not.
///
/// Archives and version control drop empty folders, and for `verify` an empty one is as good as none: a missing entry of a folder
/// that exists counts as empty and is noted. What has an extension was meant as a file, and where not even the folder around it
/// exists, nothing is as it was meant: then the argument is wrong.
fn present(option: &str, arguments: &[OsString]) -> (Vec<OsString>, Vec<Problem>) {
    let is_absent = |argument: &OsString| {
        let path = Path::new(argument);
        let parent = path.parent().map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent });
        matches!(Source::parse(argument), Ok(Source::Path(_)))
            && path.extension().is_none()
            && matches!(path.try_exists(), Ok(false))
            && parent.is_some_and(Path::is_dir)
    };
    let (absent, present): (Vec<OsString>, Vec<OsString>) = arguments.iter().cloned().partition(is_absent);
    let note = |argument: OsString| {
        let message = format!("expected what {option} names, found nothing there; it counts as an empty folder");
        Problem {
            source: argument.to_string_lossy().into(),
            code: ProblemCode::NotFound,
            position: Position::Whole,
            message,
        }
    };
    (present, absent.into_iter().map(note).collect())
}
