//! `certpath plan`, `explain`, `schema`, `completions` and `man`: what needs no certificate.

use clap::CommandFactory;

use crate::cli::args::{Arguments, Explain, Format, Plan, Schema};
use crate::cli::exit::ExitStatus;
use crate::cli::output::{Sink, style};
use crate::cli::{Stop, input, manual};
use crate::cmg::catalogue;
use crate::cmg::plan::{self, Query};
use crate::cmg::{Code, catalogue::Explanation};
use crate::report::model::{CountRecord, ExplainLine, PlanLine, SchemaRecord};
use crate::report::{csv, explain_text, json, plan_text, schema as schemas};

fn parsed<T: std::str::FromStr>(option: &str, text: Option<&String>) -> Result<Option<T>, Stop>
where
    T::Err: std::fmt::Display,
{
    text.map(|text| text.parse().map_err(|error| Stop::usage(format!("{option}: {error}")))).transpose()
}

pub(crate) fn plan(arguments: &Plan) -> Result<ExitStatus, Stop> {
    let query = Query {
        identity: parsed("--identity", arguments.identity.as_ref())?,
        location: parsed("--location", arguments.location.as_ref())?,
        management_point: parsed("--management-point", arguments.management_point.as_ref())?,
        authentication: parsed("--auth", arguments.auth.as_ref())?,
    };
    input::settings_alone(&arguments.common, &arguments.output)?;
    let mut sink = Sink::open(&arguments.output)?;
    let found = plan::plan(&query);
    sink.write(&match arguments.format {
        Format::Table => text(|out| plan_text::write(out, &style(&arguments.common, &arguments.output), &found)),
        Format::Json => json::document(&found),
        Format::Ndjson => {
            lines(found.rows.iter().map(PlanLine::Row), PlanLine::Header(header(found.schema)), |count| {
                PlanLine::Summary(CountRecord { count })
            })
        }
        Format::Csv => csv::plan(&found, arguments.output.output.is_some()),
    })?;
    sink.finish()?;
    Ok(ExitStatus::Success)
}

fn header(schema: &'static str) -> SchemaRecord {
    SchemaRecord { schema }
}

/// A header, a line a record, and a summary of how many there were.
fn lines<L: serde::Serialize>(
    records: impl ExactSizeIterator<Item = L>,
    header: L,
    summary: impl FnOnce(u64) -> L,
) -> Vec<u8> {
    let summary = summary(records.len() as u64);
    let all = std::iter::once(header).chain(records).chain([summary]);
    all.flat_map(|record| json::line(&record)).collect()
}

fn text(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing into memory cannot fail.
    let _ = write(&mut out);
    out
}

pub(crate) fn explain(arguments: &Explain) -> Result<ExitStatus, Stop> {
    // `key-length/too-short`, as settings and CSV name a case of it.
    let code = arguments.code.as_ref().map(|code| code.split('/').next().unwrap_or_default().to_owned());
    let codes: Vec<Code> = match parsed("explain", code.as_ref())? {
        Some(code) => vec![code],
        None => Code::ALL.to_vec(),
    };
    input::settings_alone(&arguments.common, &arguments.output)?;
    let mut sink = Sink::open(&arguments.output)?;
    let found: Vec<Explanation> = codes.into_iter().map(catalogue::explain).collect();
    sink.write(&match arguments.format {
        Format::Table => {
            let style = style(&arguments.common, &arguments.output);
            text(|out| explain_text::write(out, &style, &found, arguments.code.is_none()))
        }
        Format::Json => json::document(&schemas::ExplainRecord::new(&found)),
        Format::Ndjson => {
            let header = ExplainLine::Header(header(schemas::ExplainRecord::SCHEMA));
            lines(found.iter().map(ExplainLine::Finding), header, |count| ExplainLine::Summary(CountRecord { count }))
        }
        Format::Csv => csv::explain(&found, arguments.output.output.is_some()),
    })?;
    sink.finish()?;
    Ok(ExitStatus::Success)
}

pub(crate) fn schema(arguments: &Schema) -> Result<ExitStatus, Stop> {
    let schema = schemas::of(&arguments.command).ok_or_else(|| {
        Stop::usage(format!(
            "schema: there is no schema of `{}`; there are those of {}",
            arguments.command,
            schemas::NAMES.join(", ")
        ))
    })?;
    let mut sink = Sink::open(&arguments.output)?;
    sink.write(&json::document(&schema))?;
    sink.finish()?;
    Ok(ExitStatus::Success)
}

fn to_standard_output(bytes: &[u8]) -> Result<ExitStatus, Stop> {
    let mut sink = Sink::standard_output();
    sink.write(bytes)?;
    sink.finish()?;
    Ok(ExitStatus::Success)
}

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<ExitStatus, Stop> {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "certpath", &mut out);
    to_standard_output(&out)
}

pub(crate) fn man() -> Result<ExitStatus, Stop> {
    to_standard_output(&manual::page())
}
