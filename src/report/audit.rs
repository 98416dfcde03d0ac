//! The records of an audit: what `certpath audit` writes as JSON, and what its tables and its HTML are made from.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::cmg::funnel::FunnelCounts;
use crate::cmg::profile::ProfileName;
use crate::cmg::{Code, Finding, Severity, Verdict};
use crate::ops::{AuditOutcome, Audited, CaseCount, Trust};
use crate::report::describe;
use crate::report::model::{IssuerRecord, Line, ProblemRecord, ReasonRecord};
use crate::source::Position;
use crate::time::Time;

/// One audited certificate.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Audited")]
pub struct AuditedRecord {
    /// SHA-256 of the whole, lower-case hex.
    pub sha256: Arc<str>,
    /// SHA-1 of the whole, upper-case hex, as Windows shows it.
    pub thumbprint: String,
    /// As .NET prints it.
    pub subject: String,
    /// By the gravest of its findings and of those it inherits.
    pub verdict: Verdict,
    /// What was found at it, the gravest first.
    pub findings: Vec<Finding>,
    /// The codes of what was found at the CAs above it.
    pub inherited: Vec<Code>,
    /// SHA-256 of each certificate of its path, from itself up.
    pub path: Vec<Arc<str>>,
    /// RFC 3339; null where the certificate gives no date.
    #[schemars(with = "Option<String>")]
    pub not_after: Option<Time>,
    /// Whole days to `notAfter` at the moment of judgement; null where the certificate gives no date.
    pub days_left: Option<i64>,
    /// Its number in the CA database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The file, `-`, or the live store where it was found first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Arc<str>>,
    /// The line of a text where it stands there, from 1. Records are the same however certificates are split into files, but for their
    /// sources, and `inspect` has it there.
    #[serde(skip)]
    pub line: Option<u64>,
    /// In how many more places it was found.
    #[serde(skip)]
    pub more_places: usize,
}

impl AuditedRecord {
    /// Of an audited certificate, at a moment.
    pub fn new(audited: &Audited<'_>, at: Time) -> Self {
        let certificate = &audited.entry.certificate;
        let sha256: Arc<str> = certificate.sha256_hex().into();
        let above = audited.path.iter().skip(1).map(|certificate| certificate.sha256_hex().into());
        let occurrences = &audited.entry.occurrences;
        let properties = occurrences.iter().filter_map(|occurrence| occurrence.properties.as_deref());
        let first = occurrences.first();
        Self {
            thumbprint: certificate.thumbprint_hex(),
            subject: certificate.subject().text(),
            verdict: audited.verdict,
            findings: audited.findings.clone(),
            inherited: audited.inherited.clone(),
            path: std::iter::once(sha256.clone()).chain(above).collect(),
            sha256,
            not_after: certificate.not_after(),
            days_left: certificate.not_after().map(|last| at.days_until(last)),
            request_id: properties.filter_map(|found| found.request_id.clone()).next(),
            source: first.map(|first| first.source.clone()),
            line: first.and_then(|first| match first.position {
                Position::Line(line) => Some(line),
                _ => None,
            }),
            more_places: occurrences.len().saturating_sub(1),
        }
    }

    /// Where it was found, in the words of the other commands.
    pub(crate) fn places(&self) -> String {
        let source = self.source.as_deref().unwrap_or_default();
        describe::places_of(source, self.line.map_or(Position::Whole, Position::Line), self.more_places)
    }
}

/// How often something was found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CodeCount")]
pub struct CodeCountRecord {
    /// `CP1203`
    pub code: Code,
    /// `key-length`
    pub id: &'static str,
    /// A line for lists.
    pub title: &'static str,
    /// The gravest with which it was found.
    pub severity: Severity,
    /// At how many certificates, CAs included.
    pub count: u64,
    /// How many audited certificates have it at a CA above them.
    pub inherited: u64,
    /// The same for each case of it, and each severity that the case was found with: the gravest first, then the most frequent.
    pub cases: Vec<CaseCountRecord>,
}

/// How often a case of a code was found with one severity.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CaseCount")]
pub struct CaseCountRecord {
    /// `too-short`
    pub case: &'static str,
    /// What it means, in a few words.
    pub title: &'static str,
    /// The severity.
    pub severity: Severity,
    /// At how many certificates, CAs included.
    pub count: u64,
    /// How many audited certificates have it at a CA above them.
    pub inherited: u64,
}

impl CaseCountRecord {
    fn new(counted: &CaseCount) -> Self {
        let CaseCount { case, severity, count, inherited, .. } = *counted;
        Self { case: case.name, title: case.title, severity, count, inherited }
    }
}

/// What an audit came to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuditSummary")]
pub struct AuditSummaryRecord {
    /// The gravest of all.
    pub verdict: Verdict,
    /// What the certificates are for.
    pub profile: ProfileName,
    /// How many certificates were audited.
    pub certificates: u64,
    /// How many have nothing above information.
    pub pass: u64,
    /// How many have a warning.
    pub warn: u64,
    /// How many have an error.
    pub fail: u64,
    /// How many CA certificates.
    pub issuers: u64,
    /// How often each code was found.
    pub codes: Vec<CodeCountRecord>,
    /// What was found at no single certificate.
    pub findings: Vec<Finding>,
    /// How many certificates were passed over, by reason.
    pub passed_over: Vec<ReasonRecord>,
    /// What each step of the client's own selection leaves.
    pub selection: FunnelCounts,
    /// What each step of the connection point's selection leaves.
    pub connection_point: FunnelCounts,
    /// How much could not be read.
    pub problems: u64,
}

impl AuditSummaryRecord {
    /// Of what an audit came to.
    pub fn new(found: &AuditOutcome) -> Self {
        let [pass, warn, fail] = found.verdicts;
        let codes = found.codes.iter().map(|counted| CodeCountRecord {
            code: counted.code,
            id: counted.code.id(),
            title: counted.code.title(),
            severity: counted.severity,
            count: counted.count,
            inherited: counted.inherited,
            cases: counted.cases.iter().map(CaseCountRecord::new).collect(),
        });
        let reasons = found.passed_over.iter();
        Self {
            verdict: found.verdict,
            profile: found.profile,
            certificates: found.certificates,
            pass,
            warn,
            fail,
            issuers: found.issuers.len() as u64,
            codes: codes.collect(),
            findings: found.findings.clone(),
            passed_over: reasons
                .map(|(reason, count)| ReasonRecord { reason: reason.clone(), count: *count })
                .collect(),
            selection: found.selection.client.clone(),
            connection_point: found.selection.connection_point.clone(),
            problems: found.problems.len() as u64,
        }
    }
}

/// The worst of the certificates that come by, for a table that must not grow with their number; or every one.
#[derive(Debug)]
pub struct Worst {
    /// `None` keeps every one.
    limit: Option<usize>,
    kept: Vec<AuditedRecord>,
}

impl Worst {
    /// Keeps at most so many; none that passes.
    pub fn new(limit: usize) -> Self {
        Self { limit: Some(limit), kept: Vec::new() }
    }

    /// Keeps every one, also those that pass.
    pub fn every() -> Self {
        Self { limit: None, kept: Vec::new() }
    }

    /// Takes one, or lets it go.
    pub fn push(&mut self, audited: AuditedRecord) {
        if self.limit.is_some() && audited.verdict == Verdict::Pass {
            return;
        }
        self.kept.push(audited);
        // Sorting now and then is cheaper than keeping order.
        if self.limit.is_some_and(|limit| self.kept.len() >= limit.saturating_mul(2).saturating_add(256)) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.kept.sort_by(|one, two| one.gravity().cmp(&two.gravity()));
        self.kept.truncate(self.limit.unwrap_or(usize::MAX));
    }

    /// Those that were kept, the worst first.
    pub fn into_vec(mut self) -> Vec<AuditedRecord> {
        self.cut();
        self.kept
    }
}

impl AuditedRecord {
    /// What the order "worst first" goes by; in the end by the hash, so that the order of the input says nothing.
    fn gravity(&self) -> (std::cmp::Reverse<Verdict>, std::cmp::Reverse<usize>, Option<Time>, &str) {
        let errors = self.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        (std::cmp::Reverse(self.verdict), std::cmp::Reverse(errors), self.not_after, &self.sha256)
    }
}

/// What `certpath audit` writes.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Audit")]
pub struct AuditReport {
    /// `certpath.audit/1`.
    #[schemars(extend("const" = "certpath.audit/1"))]
    pub schema: &'static str,
    /// The moment of judgement.
    #[schemars(with = "String")]
    pub at: Time,
    /// Where the trust anchors came from.
    pub trust: Trust,
    /// What it all comes to.
    pub summary: AuditSummaryRecord,
    /// Each CA certificate once.
    pub issuers: Vec<IssuerRecord>,
    /// The audited certificates, in the order of the sources.
    pub certificates: Vec<AuditedRecord>,
    /// What could not be read.
    pub problems: Vec<ProblemRecord>,
}

impl AuditReport {
    /// The name and version of this document.
    pub const SCHEMA: &'static str = "certpath.audit/1";

    /// Of what an audit came to and the certificates it went through.
    pub fn new(found: &AuditOutcome, certificates: Vec<AuditedRecord>) -> Self {
        Self {
            schema: Self::SCHEMA,
            at: found.at,
            trust: found.trust,
            summary: AuditSummaryRecord::new(found),
            issuers: issuer_records(found),
            certificates,
            problems: found.problems.iter().map(ProblemRecord::new).collect(),
        }
    }
}

/// The CAs of an audit with what was found at each.
pub fn issuer_records(found: &AuditOutcome) -> Vec<IssuerRecord> {
    found.issuers.iter().map(|issuer| IssuerRecord::new(issuer, found.at)).collect()
}

/// A line of `audit --format ndjson`.
pub type AuditLine = Line<AuditedRecord, AuditSummaryRecord>;
