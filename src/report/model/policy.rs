//! The record of a certificate policy and its qualifiers.

use schemars::JsonSchema;
use serde::Serialize;

use crate::certificate::{CertificatePolicy, PolicyQualifier};
use crate::report::model::certificate::OidRecord;

/// A policy, and what is said of it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRecord {
    /// The policy.
    #[serde(flatten)]
    pub policy: OidRecord,
    /// Its qualifiers.
    pub qualifiers: Vec<QualifierRecord>,
}

/// What a CA says of a policy (RFC 5280 section 4.2.1.4).
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QualifierRecord {
    /// Its kind.
    #[serde(flatten)]
    pub kind: OidRecord,
    /// Where the certification practice statement is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cps: Option<String>,
    /// The text of a user notice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The organization that has the notice under the numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The numbers under which the organization has the notice.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<u64>,
}

impl PolicyRecord {
    /// Of a policy.
    pub fn new(policy: &CertificatePolicy) -> Self {
        Self {
            policy: OidRecord::new(&policy.identifier),
            qualifiers: policy.qualifiers.iter().map(QualifierRecord::new).collect(),
        }
    }
}

impl QualifierRecord {
    /// Of a qualifier.
    pub fn new(qualifier: &PolicyQualifier) -> Self {
        let mut record = Self {
            kind: OidRecord::new(&qualifier.kind()),
            cps: None,
            text: None,
            organization: None,
            numbers: Vec::new(),
        };
        match qualifier {
            PolicyQualifier::Cps(uri) => record.cps = Some(uri.clone()),
            PolicyQualifier::UserNotice { text, organization, numbers } => {
                record.text.clone_from(text);
                record.organization.clone_from(organization);
                record.numbers.clone_from(numbers);
            }
            PolicyQualifier::Other(_) => {}
        }
        record
    }
}
