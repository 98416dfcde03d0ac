//! The lines of `--format ndjson`: first a header, last a summary; without the summary the output was cut off.

use schemars::JsonSchema;
use serde::Serialize;

use crate::cmg::catalogue::Explanation;
use crate::cmg::plan::PlanRow;
use crate::ops::Trust;
use crate::report::model::certificate::CertificateRecord;
use crate::report::model::document::{ClientRecord, IssuerRecord, ReasonRecord, SelectionRecord};
use crate::report::model::problem::ProblemRecord;
use crate::time::Time;

/// One line: certificates are `C`, the summary is `S`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Line<C, S> {
    /// The first.
    Header(HeaderRecord),
    /// A certificate.
    Certificate(C),
    /// A CA certificate.
    Issuer(Box<IssuerRecord>),
    /// Something that could not be read.
    Problem(ProblemRecord),
    /// The last.
    Summary(S),
}

/// One line of a command that writes its document as a whole: its problems, and last all of it as the summary.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum DocumentLine<'a, T> {
    /// The first.
    Header(&'a HeaderRecord),
    /// Something that could not be read.
    Problem(&'a ProblemRecord),
    /// The last: the whole document.
    Summary(&'a T),
}

/// One line of `plan`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum PlanLine<'a> {
    /// The first.
    Header(SchemaRecord),
    /// A combination.
    Row(&'a PlanRow),
    /// The last.
    Summary(CountRecord),
}

/// One line of `explain`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum ExplainLine<'a> {
    /// The first.
    Header(SchemaRecord),
    /// What the catalogue says of a code.
    Finding(&'a Explanation),
    /// The last.
    Summary(CountRecord),
}

/// The first line of a command that judges nothing.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "SchemaHeader")]
pub struct SchemaRecord {
    /// The document that the lines make up: `certpath.plan/1`, …
    pub schema: &'static str,
}

/// The last line of a command that judges nothing.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Count")]
pub struct CountRecord {
    /// How many lines stand between the first and this one.
    pub count: u64,
}

/// The first line.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Header")]
pub struct HeaderRecord {
    /// The document that the lines make up: `certpath.inspect/1`, …
    pub schema: &'static str,
    /// The moment of judgement.
    #[schemars(with = "String")]
    pub at: Time,
    /// Where the trust anchors came from, where any are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<Trust>,
}

/// A line of `inspect`.
pub type InspectLine = Line<Box<CertificateRecord>, InspectSummaryRecord>;

/// The last line of `inspect`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "InspectSummary")]
pub struct InspectSummaryRecord {
    /// How many certificates.
    pub certificates: u64,
    /// How many CRLs were met.
    pub crls: u64,
    /// How many private keys were met; none is kept.
    pub private_keys: u64,
    /// How many end-entity certificates were passed over, by reason; where a selection was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed_over: Option<Vec<ReasonRecord>>,
    /// What each step of the two selections leaves; where a selection was asked for.
    #[serde(flatten)]
    pub selection: SelectionRecord,
    /// How much could not be read.
    pub problems: u64,
}

/// A line of `chain`: `certificate` lines are client certificates with their paths.
pub type ChainLine = Line<Box<ClientRecord>, ChainSummaryRecord>;

/// The last line of `chain`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ChainSummary")]
pub struct ChainSummaryRecord {
    /// How many client certificates.
    pub clients: u64,
    /// How many of them have a valid path.
    pub valid: u64,
    /// How many have paths, of which none is valid.
    pub invalid: u64,
    /// How many have no path to a self-signed certificate.
    pub incomplete: u64,
    /// How many CA certificates.
    pub issuers: u64,
    /// How many end-entity certificates were passed over, by reason.
    pub passed_over: Vec<ReasonRecord>,
    /// What each step of the two selections leaves; where a selection was asked for.
    #[serde(flatten)]
    pub selection: SelectionRecord,
    /// How much could not be read.
    pub problems: u64,
}
