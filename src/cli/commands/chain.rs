//! `certpath chain`.

use rayon::prelude::*;

use crate::cli::args::{Chain, Format};
use crate::cli::commands::{of_failures, of_problems};
use crate::cli::exit::ExitStatus;
use crate::cli::output::{Sink, style};
use crate::cli::{Stop, input};
use crate::ops;
use crate::path::PathStatus;
use crate::report::model::{
    ChainLine, ChainRecord, ChainSummaryRecord, ClientRecord, HeaderRecord, IssuerRecord, PassedOverRecord,
    ProblemRecord, ReasonRecord,
};
use crate::report::{chain_text, csv, json};

pub(crate) fn run(arguments: &Chain) -> Result<ExitStatus, Stop> {
    let mut request = input::request(
        &arguments.sources,
        arguments.building.at,
        &arguments.passwords,
        &arguments.common,
        &arguments.output,
    )?;
    input::build_with(&mut request, &arguments.building, &arguments.output)?;
    input::select(&mut request, &arguments.selecting)?;
    request.settings = input::settings(&arguments.common)?;
    let mut sink = Sink::open(&arguments.output)?;
    let found = ops::chain(&request)?;
    let at = found.at;
    match arguments.format {
        Format::Table => {
            let mut text = Vec::new();
            let _ = chain_text::write(&mut text, &style(&arguments.common, &arguments.output), &found);
            sink.write(&text)?;
        }
        Format::Json => {
            let issuers: Vec<_> = found.issuers.iter().map(|issuer| IssuerRecord::new(issuer, at)).collect();
            sink.write(&json::open(
                ChainRecord::SCHEMA,
                &[("at", &at), ("trust", &found.trust), ("issuers", &issuers)],
                "clients",
            ))?;
            for (number, window) in found.clients.chunks(1024).enumerate() {
                let records: Vec<_> =
                    window.par_iter().map(|client| json::element(&ClientRecord::new(client, at))).collect();
                if number > 0 {
                    sink.write(b",\n")?;
                }
                sink.write(&records.join(&b",\n"[..]))?;
            }
            let passed_over: Vec<_> = found.passed_over.iter().map(PassedOverRecord::new).collect();
            let problems: Vec<_> = found.problems.iter().map(ProblemRecord::new).collect();
            sink.write(&match &found.selection {
                None => json::close(&[("passedOver", &passed_over), ("problems", &problems)]),
                Some(counts) => json::close(&[
                    ("passedOver", &passed_over),
                    ("selection", &counts.client),
                    ("connectionPoint", &counts.connection_point),
                    ("problems", &problems),
                ]),
            })?;
        }
        Format::Ndjson => {
            let header = HeaderRecord { schema: ChainRecord::SCHEMA, at, trust: Some(found.trust) };
            sink.write(&json::line(&ChainLine::Header(header)))?;
            for window in found.clients.chunks(1024) {
                let lines: Vec<_> = window
                    .par_iter()
                    .map(|client| json::line(&ChainLine::Certificate(Box::new(ClientRecord::new(client, at)))))
                    .collect();
                sink.write(&lines.concat())?;
            }
            for issuer in &found.issuers {
                sink.write(&json::line(&ChainLine::Issuer(Box::new(IssuerRecord::new(issuer, at)))))?;
            }
            for problem in &found.problems {
                sink.write(&json::line(&ChainLine::Problem(ProblemRecord::new(problem))))?;
            }
            sink.write(&json::line(&ChainLine::Summary(summary(&found))))?;
        }
        Format::Csv => {
            sink.write(&csv::chain_header(arguments.output.output.is_some()))?;
            for window in found.clients.chunks(1024) {
                let rows: Vec<_> =
                    window.par_iter().map(|client| csv::chain_row(&ClientRecord::new(client, at))).collect();
                sink.write(&rows.concat())?;
            }
        }
    }
    sink.finish()?;
    let status = of_problems(&found.problems, arguments.format);
    Ok(status.combine(of_failures(!found.is_complete(), arguments.output.fail_on)))
}

fn summary(found: &ops::Chains) -> ChainSummaryRecord {
    let count = |wanted: PathStatus| {
        let status = |client: &&ops::Client| client.verdict.paths.first().map(|path| path.status) == Some(wanted);
        found.clients.iter().filter(status).count() as u64
    };
    ChainSummaryRecord {
        clients: found.clients.len() as u64,
        valid: count(PathStatus::Valid),
        invalid: count(PathStatus::Invalid),
        incomplete: count(PathStatus::Incomplete),
        issuers: found.issuers.len() as u64,
        passed_over: ReasonRecord::count(found.passed_over.iter().map(|over| over.reason.as_str())),
        selection: found.selection.as_ref().map(|counts| counts.client.clone()),
        connection_point: found.selection.as_ref().map(|counts| counts.connection_point.clone()),
        problems: found.problems.len() as u64,
    }
}
