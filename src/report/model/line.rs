//! The lines of `--format ndjson`: first a header, last a summary; without the summary the output was cut off.

use schemars::JsonSchema;
use serde::Serialize;

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
