//! `certpath inspect`.

use crate::cli::args::{Format, Inspect};
use crate::cli::commands::{nothing_found, of_problems};
use crate::cli::exit::ExitStatus;
use crate::cli::output::{Sink, style};
use crate::cli::{Stop, input};
use crate::ops::{self, Inspection, OpsError};
use crate::report::model::{
    CertificateRecord, HeaderRecord, InspectLine, InspectRecord, InspectSummaryRecord, ProblemRecord,
};
use crate::report::{csv, inspect_text, json};

pub(crate) fn run(arguments: &Inspect) -> Result<ExitStatus, Stop> {
    let request =
        input::request(&arguments.sources, arguments.at, &arguments.passwords, &arguments.common, &arguments.output)?;
    let at = request.at;
    let mut sink = Sink::open(&arguments.output)?;
    let mut written = Ok(());
    let mut opened = false;
    let mut put = |sink: &mut Sink, bytes: &[u8]| {
        if written.is_ok() {
            written = sink.write(bytes);
        }
    };
    let found = match arguments.format {
        Format::Table => {
            let mut inspection = Inspection::default();
            let found = ops::inspect(&request, Clone::clone, |entry| inspection.certificates.push(entry))?;
            inspection.crls = found.crls;
            inspection.private_keys = found.private_keys;
            inspection.problems.clone_from(&found.problems);
            let mut text = Vec::new();
            // Writing into memory cannot fail.
            let _ = inspect_text::write(&mut text, &style(&arguments.common, &arguments.output), &inspection, at);
            put(&mut sink, &text);
            found
        }
        Format::Json => {
            let found = ops::inspect(
                &request,
                |entry| json::element(&CertificateRecord::new(entry, at)),
                |record| {
                    let before: &[u8] = if opened { b",\n" } else { b"" };
                    if !opened {
                        put(&mut sink, &json::open(InspectRecord::SCHEMA, &[("at", &at)], "certificates"));
                        opened = true;
                    }
                    put(&mut sink, before);
                    put(&mut sink, &record);
                },
            )?;
            if !opened {
                put(&mut sink, &json::open(InspectRecord::SCHEMA, &[("at", &at)], "certificates"));
            }
            let problems: Vec<_> = found.problems.iter().map(ProblemRecord::new).collect();
            put(
                &mut sink,
                &json::close(&[("crls", &found.crls), ("privateKeys", &found.private_keys), ("problems", &problems)]),
            );
            found
        }
        Format::Ndjson => {
            put(
                &mut sink,
                &json::line(&InspectLine::Header(HeaderRecord { schema: InspectRecord::SCHEMA, at, trust: None })),
            );
            let found = ops::inspect(
                &request,
                |entry| json::line(&InspectLine::Certificate(Box::new(CertificateRecord::new(entry, at)))),
                |line| put(&mut sink, &line),
            )?;
            for problem in &found.problems {
                put(&mut sink, &json::line(&InspectLine::Problem(ProblemRecord::new(problem))));
            }
            let summary = InspectSummaryRecord {
                certificates: found.certificates as u64,
                crls: found.crls as u64,
                private_keys: found.private_keys as u64,
                problems: found.problems.len() as u64,
            };
            put(&mut sink, &json::line(&InspectLine::Summary(summary)));
            found
        }
        Format::Csv => {
            put(&mut sink, &csv::inspect_header(arguments.output.output.is_some()));
            ops::inspect(
                &request,
                |entry| csv::inspect_row(&CertificateRecord::new(entry, at)),
                |row| put(&mut sink, &row),
            )?
        }
    };
    written?;
    if found.certificates == 0 && found.crls == 0 {
        return Err(nothing_found(OpsError::NoCertificate(request.source_names()), &found.problems));
    }
    sink.finish()?;
    Ok(of_problems(&found.problems, arguments.format))
}
