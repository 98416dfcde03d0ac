//! `certpath chain`.

use crate::cli::args::{Chain, Format};
use crate::cli::commands::{of_failures, of_problems};
use crate::cli::exit::ExitStatus;
use crate::cli::output::{Elements, Sink, style};
use crate::cli::{Stop, input};
use crate::ops::{self, ChainOutcome, Client, Considered, Request};
use crate::report::chain_text::Gathering;
use crate::report::model::{
    ChainLine, ChainRecord, ChainSummaryRecord, ClientRecord, HeaderRecord, IssuerRecord, PassedOverRecord,
    ProblemRecord, ReasonRecord, SelectionRecord,
};
use crate::report::{Style, chain_text, csv, json};

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
    let mut sink = Sink::open(&arguments.output)?;
    let each = match arguments.format {
        Format::Table => table(&request, &mut sink, &style(&arguments.common, &arguments.output))?,
        Format::Json => json(&request, &mut sink)?,
        Format::Ndjson => ndjson(&request, &mut sink)?,
        Format::Csv => csv(&request, &mut sink, arguments.output.output.is_some())?,
    };
    sink.finish()?;
    let failures = of_failures(!each.is_complete(), arguments.output.fail_on);
    Ok(of_problems(&each.problems, arguments.format).combine(failures))
}

fn table(request: &Request, sink: &mut Sink, style: &Style) -> Result<ChainOutcome, Stop> {
    let gathering = Gathering::new(style);
    let look = |considered| gathering.look(&considered);
    let found = ops::chain_each(request, look, |learnt| gathering.learn(learnt))?;
    sink.write_with(|out| chain_text::write_gathered(out, gathering, request.at, request.trust_from(), &found))?;
    Ok(found)
}

fn json(request: &Request, sink: &mut Sink) -> Result<ChainOutcome, Stop> {
    let at = request.at;
    sink.begin(&json::open(ChainRecord::SCHEMA, &[("at", &at), ("trust", &request.trust_from())], "clients"));
    let mut clients = Elements::new();
    let mut passed_over = Vec::new();
    let found = ops::chain_each(
        request,
        |considered| match considered {
            Considered::Client(client) => Ok(json::element(&ClientRecord::new(&client, at))),
            Considered::PassedOver(over) => Err(PassedOverRecord::new(&over)),
        },
        |result| match result {
            Ok(client) => clients.write(sink, &client),
            Err(over) => passed_over.push(over),
        },
    )?;
    clients.finish()?;
    let issuers: Vec<_> = found.issuers.iter().map(|issuer| IssuerRecord::new(issuer, at)).collect();
    let problems: Vec<_> = found.problems.iter().map(ProblemRecord::new).collect();
    sink.write(&json::close(&[
        ("issuers", &issuers),
        ("passedOver", &passed_over),
        ("selection", &found.selection.as_ref().map(|counts| &counts.client)),
        ("connectionPoint", &found.selection.as_ref().map(|counts| &counts.connection_point)),
        ("problems", &problems),
    ]))?;
    Ok(found)
}

/// Writes a piece of output for each client certificate as it is judged.
fn each_client(
    request: &Request,
    sink: &mut Sink,
    render: impl Fn(&Client) -> Vec<u8> + Sync,
) -> Result<ChainOutcome, Stop> {
    let mut written = Ok(());
    let found = ops::chain_each(
        request,
        |considered| match considered {
            Considered::Client(client) => render(&client),
            Considered::PassedOver(_) => Vec::new(),
        },
        |bytes| sink.write_on(&mut written, &bytes),
    )?;
    written?;
    Ok(found)
}

fn ndjson(request: &Request, sink: &mut Sink) -> Result<ChainOutcome, Stop> {
    let at = request.at;
    let header = HeaderRecord { schema: ChainRecord::SCHEMA, at, trust: Some(request.trust_from()) };
    sink.begin(&json::line(&ChainLine::Header(header)));
    let line = |client: &Client| json::line(&ChainLine::Certificate(Box::new(ClientRecord::new(client, at))));
    let found = each_client(request, sink, line)?;
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
    each_client(request, sink, |client| csv::chain_row(&ClientRecord::new(client, request.at)))
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
