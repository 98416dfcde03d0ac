//! `certpath chain`.

use rayon::prelude::*;

use crate::cli::args::{Chain, Format};
use crate::cli::commands::{of_failures, of_problems};
use crate::cli::exit::ExitStatus;
use crate::cli::output::{Sink, style};
use crate::cli::{Stop, input};
use crate::ops::{self, ChainOutcome, Request};
use crate::report::model::{
    ChainLine, ChainRecord, ChainSummaryRecord, ClientRecord, HeaderRecord, IssuerRecord, PassedOverRecord,
    ProblemRecord, ReasonRecord, SelectionRecord,
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
    let (problems, is_complete) = match arguments.format {
        Format::Table => {
            let found = ops::chain(&request)?;
            let mut text = Vec::new();
            let _ = chain_text::write(&mut text, &style(&arguments.common, &arguments.output), &found);
            sink.write(&text)?;
            (of_problems(&found.problems, arguments.format), found.is_complete())
        }
        Format::Json => {
            let found = ops::chain(&request)?;
            json(&found, &mut sink)?;
            (of_problems(&found.problems, arguments.format), found.is_complete())
        }
        Format::Ndjson => {
            let found = ndjson(&request, &mut sink)?;
            (of_problems(&found.problems, arguments.format), found.is_complete())
        }
        Format::Csv => {
            let found = csv(&request, &mut sink, arguments.output.output.is_some())?;
            (of_problems(&found.problems, arguments.format), found.is_complete())
        }
    };
    sink.finish()?;
    Ok(problems.combine(of_failures(!is_complete, arguments.output.fail_on)))
}

fn json(found: &ops::Chains, sink: &mut Sink) -> Result<(), Stop> {
    let at = found.at;
    let issuers: Vec<_> = found.issuers.iter().map(|issuer| IssuerRecord::new(issuer, at)).collect();
    let beginning =
        json::open(ChainRecord::SCHEMA, &[("at", &at), ("trust", &found.trust), ("issuers", &issuers)], "clients");
    sink.write(&beginning)?;
    for (number, window) in found.clients.chunks(1024).enumerate() {
        let record = |client| json::element(&ClientRecord::new(client, at));
        let records: Vec<_> = window.par_iter().with_max_len(8).map(record).collect();
        if number > 0 {
            sink.write(b",\n")?;
        }
        sink.write(&records.join(&b",\n"[..]))?;
    }
    let passed_over: Vec<_> = found.passed_over.iter().map(PassedOverRecord::new).collect();
    let problems: Vec<_> = found.problems.iter().map(ProblemRecord::new).collect();
    sink.write(&json::close(&[
        ("passedOver", &passed_over),
        ("selection", &found.selection.as_ref().map(|counts| &counts.client)),
        ("connectionPoint", &found.selection.as_ref().map(|counts| &counts.connection_point)),
        ("problems", &problems),
    ]))
}

fn ndjson(request: &Request, sink: &mut Sink) -> Result<ChainOutcome, Stop> {
    let at = request.at;
    let header = HeaderRecord { schema: ChainRecord::SCHEMA, at, trust: Some(request.trust_from()) };
    sink.begin(&json::line(&ChainLine::Header(header)));
    let mut written = Ok(());
    let found = ops::chain_each(
        request,
        |client| json::line(&ChainLine::Certificate(Box::new(ClientRecord::new(client, at)))),
        |line| sink.write_on(&mut written, &line),
    )?;
    written?;
    for issuer in &found.issuers {
        sink.write(&json::line(&ChainLine::Issuer(Box::new(IssuerRecord::new(issuer, at)))))?;
    }
    for problem in &found.problems {
        sink.write(&json::line(&ChainLine::Problem(ProblemRecord::new(problem))))?;
    }
    sink.write(&json::line(&ChainLine::Summary(summary(&found))))?;
    Ok(found)
}

fn csv(request: &Request, sink: &mut Sink, is_file: bool) -> Result<ChainOutcome, Stop> {
    sink.begin(&csv::chain_header(is_file));
    let mut written = Ok(());
    let found = ops::chain_each(
        request,
        |client| csv::chain_row(&ClientRecord::new(client, request.at)),
        |row| sink.write_on(&mut written, &row),
    )?;
    written?;
    Ok(found)
}

fn summary(found: &ChainOutcome) -> ChainSummaryRecord {
    ChainSummaryRecord {
        clients: found.valid + found.invalid + found.incomplete,
        valid: found.valid,
        invalid: found.invalid,
        incomplete: found.incomplete,
        issuers: found.issuers.len() as u64,
        passed_over: ReasonRecord::of(&found.passed_over),
        selection: SelectionRecord::new(found.selection.as_ref()),
        problems: found.problems.len() as u64,
    }
}
