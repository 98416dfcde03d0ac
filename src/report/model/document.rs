//! The document of each command, as `--format json` writes it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::certificate::Certificate;
use crate::cmg::Finding;
use crate::cmg::funnel::FunnelCounts;
use crate::ops::{Chains, Client, Inspection, IssuerResult, PassedOver, SelectionCounts, Trust, Verification};
use crate::pool::Entry;
use crate::report::model::certificate::{CertificateRecord, Role};
use crate::report::model::each::Each;
use crate::report::model::path::{DepartureRecord, PathRecord};
use crate::report::model::policy::PolicyRecord;
use crate::report::model::problem::ProblemRecord;
use crate::source::Problem;
use crate::time::Time;

/// What `certpath inspect` writes.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Inspect")]
pub struct InspectRecord<'a> {
    /// `certpath.inspect/1`.
    #[schemars(extend("const" = "certpath.inspect/1"))]
    pub schema: &'static str,
    /// The moment that `daysLeft` counts from.
    #[schemars(with = "String")]
    pub at: Time,
    /// Every certificate once, in the order of the sources.
    pub certificates: Each<'a, Entry, CertificateRecord>,
    /// How many CRLs were met.
    pub crls: usize,
    /// How many private keys were met; none is kept.
    pub private_keys: usize,
    /// How many end-entity certificates were passed over, by reason; where a selection was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed_over: Option<Vec<ReasonRecord>>,
    /// What each step of the two selections leaves; where a selection was asked for.
    #[serde(flatten)]
    pub selection: SelectionRecord,
    /// What could not be read.
    pub problems: Each<'a, Problem, ProblemRecord>,
}

impl<'a> InspectRecord<'a> {
    /// The name and version of this document.
    pub const SCHEMA: &'static str = "certpath.inspect/1";

    /// Of what was found, at a moment.
    pub fn new(found: &'a Inspection, at: Time) -> Self {
        Self {
            schema: Self::SCHEMA,
            at,
            certificates: Each::new(&found.certificates, move |entry| CertificateRecord::new(entry, at)),
            crls: found.crls,
            private_keys: found.private_keys,
            passed_over: found.selection.as_ref().map(|_| ReasonRecord::of(&found.passed_over)),
            selection: SelectionRecord::new(found.selection.as_ref()),
            problems: Each::new(&found.problems, ProblemRecord::new),
        }
    }
}

/// A client certificate and its paths.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Client")]
pub struct ClientRecord {
    /// The certificate.
    pub certificate: CertificateRecord,
    /// Its valid paths in the order of choice; where there is none, the others.
    pub paths: Vec<PathRecord>,
    /// Whether the search ended on its budget, so that there may be more paths.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exhausted: bool,
}

impl ClientRecord {
    /// Of a client certificate, at a moment.
    pub fn new(client: &Client, at: Time) -> Self {
        Self {
            certificate: CertificateRecord::new(&client.entry, at),
            paths: PathRecord::of(&client.verdict),
            exhausted: client.verdict.exhausted,
        }
    }
}

/// A CA certificate, once, however many certificates hang on it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Issuer")]
pub struct IssuerRecord {
    /// The certificate.
    pub certificate: CertificateRecord,
    /// Its own paths.
    pub paths: Vec<PathRecord>,
    /// What was found at it.
    pub findings: Vec<Finding>,
    /// The client certificates whose chosen path goes through it.
    pub clients: u64,
    /// In an audit of certificates: whether any of them hangs on this CA. Where none does, what was found at it is lowered to
    /// information, but for what concerns others too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concerns_clients: Option<bool>,
    /// Whether the search ended on its budget, so that there may be more paths.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exhausted: bool,
}

impl IssuerRecord {
    /// Of a CA certificate and what was found at it, at a moment.
    pub fn new(issuer: &IssuerResult, at: Time) -> Self {
        Self {
            certificate: CertificateRecord::new(&issuer.entry, at),
            paths: PathRecord::of(&issuer.verdict),
            findings: issuer.findings.clone(),
            clients: issuer.clients,
            concerns_clients: issuer.concerns_clients,
            exhausted: issuer.verdict.exhausted,
        }
    }
}

/// A certificate that was not looked at, and why.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PassedOver")]
pub struct PassedOverRecord {
    /// SHA-256 of the whole, lower-case hex.
    pub sha256: String,
    /// SHA-1 of the whole, upper-case hex.
    pub thumbprint: String,
    /// As .NET prints it.
    pub subject: String,
    /// As .NET prints it.
    pub issuer: String,
    /// Why.
    pub reason: String,
}

impl PassedOverRecord {
    /// Of a certificate that was passed over.
    pub fn new(passed_over: &PassedOver) -> Self {
        let certificate = &passed_over.certificate;
        Self {
            sha256: certificate.sha256_hex(),
            thumbprint: certificate.thumbprint_hex(),
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            reason: passed_over.reason.clone(),
        }
    }
}

/// What each step of ConfigMgr's own selections leaves.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SelectionRecord {
    /// What each step of the client's own selection leaves; where a selection was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selection: Option<FunnelCounts>,
    /// What each step of the connection point's selection leaves; where a selection was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_point: Option<FunnelCounts>,
}

impl SelectionRecord {
    /// Of what was counted; nothing where no selection was asked for.
    pub fn new(counts: Option<&SelectionCounts>) -> Self {
        Self {
            selection: counts.map(|counts| counts.client.clone()),
            connection_point: counts.map(|counts| counts.connection_point.clone()),
        }
    }
}

/// How many certificates were passed over for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Reason")]
pub struct ReasonRecord {
    /// Why.
    pub reason: String,
    /// How many.
    pub count: u64,
}

impl ReasonRecord {
    /// Counts by reason, the most frequent first.
    pub fn count<'a>(reasons: impl IntoIterator<Item = &'a str>) -> Vec<Self> {
        let mut counts = BTreeMap::<String, u64>::new();
        for reason in reasons {
            *counts.entry(reason.to_owned()).or_default() += 1;
        }
        Self::of(&counts.into_iter().collect::<Vec<_>>())
    }

    /// The most frequent first.
    pub fn of(counts: &[(String, u64)]) -> Vec<Self> {
        let mut counted: Vec<Self> =
            counts.iter().map(|(reason, count)| Self { reason: reason.clone(), count: *count }).collect();
        counted.sort_by_key(|one| std::cmp::Reverse(one.count));
        counted
    }
}

/// What `certpath chain` writes.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Chain")]
pub struct ChainRecord<'a> {
    /// `certpath.chain/1`.
    #[schemars(extend("const" = "certpath.chain/1"))]
    pub schema: &'static str,
    /// The moment of judgement.
    #[schemars(with = "String")]
    pub at: Time,
    /// Where the trust anchors came from.
    pub trust: Trust,
    /// Each CA certificate once.
    pub issuers: Each<'a, IssuerResult, IssuerRecord>,
    /// The client certificates.
    pub clients: Each<'a, Client, ClientRecord>,
    /// The end-entity certificates that are no client certificates, or not those asked for.
    pub passed_over: Each<'a, PassedOver, PassedOverRecord>,
    /// What each step of the two selections leaves; where a selection was asked for.
    #[serde(flatten)]
    pub selection: SelectionRecord,
    /// What could not be read.
    pub problems: Each<'a, Problem, ProblemRecord>,
}

impl<'a> ChainRecord<'a> {
    /// The name and version of this document.
    pub const SCHEMA: &'static str = "certpath.chain/1";

    /// Of what was found.
    pub fn new(found: &'a Chains) -> Self {
        let at = found.at;
        Self {
            schema: Self::SCHEMA,
            at,
            trust: found.trust,
            issuers: Each::new(&found.issuers, move |issuer| IssuerRecord::new(issuer, at)),
            clients: Each::new(&found.clients, move |client| ClientRecord::new(client, at)),
            passed_over: Each::new(&found.passed_over, PassedOverRecord::new),
            selection: SelectionRecord::new(found.selection.as_ref()),
            problems: Each::new(&found.problems, ProblemRecord::new),
        }
    }
}

/// A certificate by its names alone, for documents whose paths are lists of hashes.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Named")]
pub struct NamedRecord {
    /// SHA-256 of the whole, lower-case hex.
    pub sha256: String,
    /// SHA-1 of the whole, upper-case hex.
    pub thumbprint: String,
    /// As .NET prints it.
    pub subject: String,
    /// Root, intermediate or end-entity.
    pub role: Role,
    /// RFC 3339; null where the certificate gives no date.
    #[schemars(with = "Option<String>")]
    pub not_after: Option<Time>,
}

impl NamedRecord {
    /// Of a certificate.
    pub fn new(certificate: &Certificate) -> Self {
        Self {
            sha256: certificate.sha256_hex(),
            thumbprint: certificate.thumbprint_hex(),
            subject: certificate.subject().to_string(),
            role: Role::of(certificate),
            not_after: certificate.not_after(),
        }
    }
}

/// What `certpath verify` writes.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Verify")]
pub struct VerifyRecord {
    /// `certpath.verify/1`.
    #[schemars(extend("const" = "certpath.verify/1"))]
    pub schema: &'static str,
    /// The moment of judgement.
    #[schemars(with = "String")]
    pub at: Time,
    /// Where the trust anchors came from.
    pub trust: Trust,
    /// Whether there is a valid path.
    pub valid: bool,
    /// The valid paths in the order of choice; where there is none, the others.
    pub paths: Vec<PathRecord>,
    /// Every certificate of these paths by its names.
    pub certificates: Vec<NamedRecord>,
    /// The policies that the first path is valid under, of those that were asked for, with their qualifiers: the
    /// user-constrained policy set of RFC 5280 section 6.1.6.
    pub policies: Vec<PolicyRecord>,
    /// Where the certificates of the first path, which is valid, are not as RFC 5280 section 4 asks it of the CA that issued them.
    pub conformance: Vec<DepartureRecord>,
    /// Whether the search ended on its budget, so that there may be more paths.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exhausted: bool,
    /// What each step of the two selections leaves; where a selection was asked for.
    #[serde(flatten)]
    pub selection: SelectionRecord,
    /// What could not be read.
    pub problems: Vec<ProblemRecord>,
}

impl VerifyRecord {
    /// The name and version of this document.
    pub const SCHEMA: &'static str = "certpath.verify/1";

    /// Of the verdict on one certificate.
    pub fn new(found: &Verification, at: Time) -> Self {
        let verdict = &found.verdict;
        let mut seen = std::collections::HashSet::new();
        let on_paths = verdict.paths.iter().flat_map(|path| &path.certificates);
        let certificates = on_paths.filter(|certificate| seen.insert(*certificate.sha256()));
        Self {
            schema: Self::SCHEMA,
            at,
            trust: found.trust,
            valid: verdict.chosen().is_some(),
            certificates: certificates.map(|certificate| NamedRecord::new(certificate)).collect(),
            paths: PathRecord::of(verdict),
            conformance: verdict.chosen().map(DepartureRecord::of).unwrap_or_default(),
            policies: found.policies.iter().map(PolicyRecord::new).collect(),
            exhausted: verdict.exhausted,
            selection: SelectionRecord::new(found.selection.as_ref()),
            problems: found.problems.iter().map(ProblemRecord::new).collect(),
        }
    }
}
