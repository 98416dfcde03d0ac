//! `certpath audit`.

use crate::cli::args::{self, Audit, AuditFormat, Format, Switch};
use crate::cli::commands::of_problems;
use crate::cli::exit::ExitStatus;
use crate::cli::output::{Elements, Sink, style};
use crate::cli::{Stop, input};
use crate::cmg::profile::ProfileName;
use crate::cmg::{Settings, Verdict};
use crate::ops::{self, AuditOutcome, AuditRequest};
use crate::report::audit::{AuditLine, AuditReport, AuditSummaryRecord, AuditedRecord, Worst, issuer_records};
use crate::report::model::{HeaderRecord, ProblemRecord};
use crate::report::{audit_text, csv, html, json};

/// How many certificates the table shows: the worst. With `-v` it shows every one.
const WORST: usize = 200;

pub(crate) fn run(arguments: &Audit) -> Result<ExitStatus, Stop> {
    let mut request = input::request(
        &arguments.sources,
        arguments.building.at,
        &arguments.passwords,
        &arguments.common,
        &arguments.output,
    )?;
    input::build_with(&mut request, &arguments.building, &arguments.output)?;
    input::select(&mut request, &arguments.selecting)?;
    if arguments.closed_pool && request.trust.is_empty() {
        return Err(Stop::usage(
            "--closed-pool says that --trust and --intermediates give every issuer; give --trust too",
        ));
    }
    if arguments.closed_pool && request.first {
        return Err(Stop::usage(
            "--first compares all certificates, and --closed-pool judges each as soon as it is read; leave out one of the two",
        ));
    }
    let at = request.at;
    change_settings(&mut request.settings, arguments);
    let mut audit = AuditRequest::new(request);
    audit.closed_pool = arguments.closed_pool;
    audit.profile = match arguments.profile {
        args::Profile::Client => ProfileName::Client,
        args::Profile::ConnectionPoint => ProfileName::ConnectionPoint,
        args::Profile::ManagementPoint => ProfileName::ManagementPoint,
        args::Profile::CmgServer => ProfileName::CmgServer,
    };
    let mut sink = Sink::open(&arguments.output)?;
    let is_file = arguments.output.output.is_some();
    let found = match arguments.format {
        AuditFormat::Table => {
            let mut worst = if arguments.common.verbose > 0 { Worst::every() } else { Worst::new(WORST) };
            let found = ops::audit(&audit, |one| AuditedRecord::new(one, at), |record| worst.push(record))?;
            let mut text = Vec::new();
            // Writing into memory cannot fail.
            let _ =
                audit_text::write(&mut text, &style(&arguments.common, &arguments.output), &found, &worst.into_vec());
            sink.write(&text)?;
            found
        }
        AuditFormat::Html => {
            let mut certificates = html::Certificates::default();
            let found = ops::audit(&audit, |one| AuditedRecord::new(one, at), |record| certificates.push(record))?;
            let report = AuditReport::new(&found, Vec::new());
            sink.write_with(|out| html::write(out, &report, certificates))?;
            found
        }
        AuditFormat::Json => json(&audit, &mut sink)?,
        AuditFormat::Ndjson => ndjson(&audit, &mut sink)?,
        AuditFormat::Csv => {
            sink.begin(&csv::audit_header(is_file));
            let mut written = Ok(());
            let found = ops::audit(
                &audit,
                |one| csv::audit_row(&AuditedRecord::new(one, at)),
                |row| sink.write_on(&mut written, &row),
            )?;
            written?;
            found
        }
    };
    sink.finish()?;
    let format = if arguments.format == AuditFormat::Csv { Format::Csv } else { Format::Json };
    Ok(of_problems(&found.problems, format).combine(of_verdict(found.verdict, arguments.output.fail_on)))
}

/// The options that stand above what the settings file says.
fn change_settings(settings: &mut Settings, arguments: &Audit) {
    let parameters = &mut settings.parameters;
    match arguments.cmg_revocation {
        Some(Switch::On) => parameters.cmg_revocation = true,
        Some(Switch::Off) => parameters.cmg_revocation = false,
        None => {}
    }
    parameters.site_version = arguments.site_version.or(parameters.site_version);
    parameters.expiring_days = arguments.expiring_days.unwrap_or(parameters.expiring_days);
}

fn of_verdict(verdict: Verdict, fail_on: args::FailOn) -> ExitStatus {
    let lowest = match fail_on {
        args::FailOn::Error => Verdict::Fail,
        args::FailOn::Warning => Verdict::Warn,
        args::FailOn::Never => return ExitStatus::Success,
    };
    if verdict >= lowest { ExitStatus::Findings } else { ExitStatus::Success }
}

fn json(audit: &AuditRequest, sink: &mut Sink) -> Result<AuditOutcome, Stop> {
    let at = audit.request.at;
    sink.begin(&json::open(AuditReport::SCHEMA, &[("at", &at)], "certificates"));
    let mut certificates = Elements::new();
    let found = ops::audit(
        audit,
        |one| json::element(&AuditedRecord::new(one, at)),
        |record| certificates.write(sink, &record),
    )?;
    certificates.finish()?;
    let issuers = issuer_records(&found);
    let problems: Vec<_> = found.problems.iter().map(ProblemRecord::new).collect();
    sink.write(&json::close(&[
        ("trust", &found.trust),
        ("summary", &AuditSummaryRecord::new(&found)),
        ("issuers", &issuers),
        ("problems", &problems),
    ]))?;
    Ok(found)
}

fn ndjson(audit: &AuditRequest, sink: &mut Sink) -> Result<AuditOutcome, Stop> {
    let at = audit.request.at;
    let header = HeaderRecord { schema: AuditReport::SCHEMA, at, trust: Some(audit.request.trust_from()) };
    sink.begin(&json::line(&AuditLine::Header(header)));
    let mut written = Ok(());
    let found = ops::audit(
        audit,
        |one| json::line(&AuditLine::Certificate(AuditedRecord::new(one, at))),
        |line| sink.write_on(&mut written, &line),
    )?;
    written?;
    for issuer in issuer_records(&found) {
        sink.write(&json::line(&AuditLine::Issuer(Box::new(issuer))))?;
    }
    for problem in &found.problems {
        sink.write(&json::line(&AuditLine::Problem(ProblemRecord::new(problem))))?;
    }
    sink.write(&json::line(&AuditLine::Summary(AuditSummaryRecord::new(&found))))?;
    Ok(found)
}
