//! `certpath inspect`.

use crate::cli::args::{Format, Inspect};
use crate::cli::commands::of_problems;
use crate::cli::exit::ExitStatus;
use crate::cli::output::{Elements, Sink, style};
use crate::cli::{Stop, input};
use crate::ops::{self, Inspection, OpsError};
use crate::report::model::{
    CertificateRecord, HeaderRecord, InspectLine, InspectRecord, InspectSummaryRecord, ProblemRecord, ReasonRecord,
    SelectionRecord,
};
use crate::report::{csv, inspect_text, json};

pub(crate) fn run(arguments: &Inspect) -> Result<ExitStatus, Stop> {
    let mut request =
        input::request(&arguments.sources, arguments.at, &arguments.passwords, &arguments.common, &arguments.output)?;
    input::select(&mut request, &arguments.selecting)?;
    let at = request.at;
    let mut sink = Sink::open(&arguments.output)?;
    let mut written = Ok(());
    let mut inspection = Inspection::default();
    let found = match arguments.format {
        Format::Table => ops::inspect(&request, Clone::clone, |entry| inspection.certificates.push(entry))?,
        Format::Json => {
            sink.begin(&json::open(InspectRecord::SCHEMA, &[("at", &at)], "certificates"));
            let mut certificates = Elements::new();
            let found = ops::inspect(
                &request,
                |entry| json::element(&CertificateRecord::new(entry, at)),
                |record| certificates.write(&mut sink, &record),
            )?;
            certificates.finish()?;
            found
        }
        Format::Ndjson => {
            let header = HeaderRecord { schema: InspectRecord::SCHEMA, at, trust: None };
            sink.begin(&json::line(&InspectLine::Header(header)));
            ops::inspect(
                &request,
                |entry| json::line(&InspectLine::Certificate(Box::new(CertificateRecord::new(entry, at)))),
                |line| sink.write_on(&mut written, &line),
            )?
        }
        Format::Csv => {
            sink.begin(&csv::inspect_header(arguments.output.output.is_some()));
            ops::inspect(
                &request,
                |entry| csv::inspect_row(&CertificateRecord::new(entry, at)),
                |row| sink.write_on(&mut written, &row),
            )?
        }
    };
    written?;
    if found.certificates == 0 && found.crls == 0 && found.selection.is_none() {
        let error = OpsError::NoCertificate { sources: request.source_names(), problems: found.problems };
        return Err(error.into());
    }
    let status = of_problems(&found.problems, arguments.format);
    let problems = || found.problems.iter().map(ProblemRecord::new);
    match arguments.format {
        Format::Table => {
            inspection.crls = found.crls;
            inspection.private_keys = found.private_keys;
            inspection.passed_over = found.passed_over;
            inspection.selection = found.selection;
            inspection.problems = found.problems;
            let mut text = Vec::new();
            // Writing into memory cannot fail.
            let _ = inspect_text::write(&mut text, &style(&arguments.common, &arguments.output), &inspection, at);
            sink.write(&text)?;
        }
        Format::Json => {
            let problems: Vec<_> = problems().collect();
            sink.write(&json::close(&[
                ("crls", &found.crls),
                ("privateKeys", &found.private_keys),
                ("passedOver", &found.selection.as_ref().map(|_| ReasonRecord::of(&found.passed_over))),
                ("selection", &found.selection.as_ref().map(|counts| &counts.client)),
                ("connectionPoint", &found.selection.as_ref().map(|counts| &counts.connection_point)),
                ("problems", &problems),
            ]))?;
        }
        Format::Ndjson => {
            for problem in problems() {
                sink.write(&json::line(&InspectLine::Problem(problem)))?;
            }
            let summary = InspectSummaryRecord {
                certificates: found.certificates as u64,
                crls: found.crls as u64,
                private_keys: found.private_keys as u64,
                passed_over: found.selection.as_ref().map(|_| ReasonRecord::of(&found.passed_over)),
                selection: SelectionRecord::new(found.selection.as_ref()),
                problems: found.problems.len() as u64,
            };
            sink.write(&json::line(&InspectLine::Summary(summary)))?;
        }
        Format::Csv => {}
    }
    sink.finish()?;
    Ok(status)
}
