//! The record of what a trust anchor limits itself.

use schemars::JsonSchema;
use serde::Serialize;

use crate::path::AnchorConstraints;
use crate::report::model::certificate::OidRecord;
use crate::report::model::occurrence::RestrictionsRecord;

/// What a trust anchor's own certificate and its store entry limit. RFC 5280 section 6.1.1 (d) takes of an anchor its name and its
/// key alone; RFC 5937 and Windows hold to the rest.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnchorConstraintsRecord {
    /// How many intermediates may follow, self-issued ones not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_length: Option<u64>,
    /// The names that it permits, as .NET prints them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub permitted: Vec<String>,
    /// The names that it excludes, as .NET prints them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<String>,
    /// How many names more it permits or excludes: of each kind 50 are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more_names: Option<usize>,
    /// The usages that its extended key usage is limited to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extended_key_usage: Vec<OidRecord>,
    /// The usages that its application policies are limited to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub application_policies: Vec<OidRecord>,
    /// What its store entry limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restrictions: Option<RestrictionsRecord>,
    /// How many usages more any of these lists has: of each 50 are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more_usages: Option<usize>,
    /// The extensions about policies that it has, and that are not processed for an anchor.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_processed: Vec<&'static str>,
}

impl AnchorConstraintsRecord {
    /// Of an anchor's limits.
    pub fn new(found: &AnchorConstraints) -> Self {
        Self {
            path_length: found.path_length,
            permitted: found.permitted.clone(),
            excluded: found.excluded.clone(),
            more_names: Some(found.more_names).filter(|more| *more > 0),
            extended_key_usage: found.extended_key_usage.iter().map(OidRecord::new).collect(),
            application_policies: found.application_policies.iter().map(OidRecord::new).collect(),
            restrictions: (!found.restrictions.is_empty()).then(|| RestrictionsRecord::new(&found.restrictions)),
            more_usages: Some(found.more_usages).filter(|more| *more > 0),
            not_processed: found.not_processed.clone(),
        }
    }
}
