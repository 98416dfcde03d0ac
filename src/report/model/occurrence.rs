//! The record of one place that holds a certificate, and of what that place says of it.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::model::certificate::OidRecord;
use crate::source::{self, KeyProvider};
use crate::time::Time;

/// The provider of a private key, and what that rests on.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyProviderRecord {
    /// CNG, CryptoAPI or unknown.
    pub family: source::ProviderFamily,
    /// The provider's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Arc<str>>,
    /// The CryptoAPI provider type; 0 is CNG.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_type: Option<u32>,
    /// Whether the key belongs to the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_key: Option<bool>,
    /// What keeps the key.
    pub keeper: source::KeyKeeper,
    /// What this rests on.
    pub evidence: source::Evidence,
}

impl KeyProviderRecord {
    /// Of a provider.
    pub fn new(provider: &KeyProvider) -> Self {
        Self {
            family: provider.family,
            name: provider.name.clone(),
            provider_type: provider.provider_type,
            machine_key: provider.machine_key,
            keeper: provider.keeper,
            evidence: provider.evidence,
        }
    }
}

/// Limits that a store puts on a certificate.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestrictionsRecord {
    /// The only usages it is trusted for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enhanced_key_usage: Option<Vec<OidRecord>>,
    /// Distrusted from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub disallowed_from: Option<Time>,
    /// The usages that `disallowedFrom` is about; all where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disallowed_usages: Option<Vec<OidRecord>>,
    /// Certificates issued after that are distrusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub not_before: Option<Time>,
    /// The usages that `notBefore` is about; all where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before_usages: Option<Vec<OidRecord>>,
}

impl RestrictionsRecord {
    /// Of what a store entry limits.
    pub fn new(limits: &source::Restrictions) -> Self {
        let usages = |list: &Option<Vec<_>>| list.as_ref().map(|list| list.iter().map(OidRecord::new).collect());
        Self {
            enhanced_key_usage: usages(&limits.enhanced_key_usage),
            disallowed_from: limits.disallowed_from,
            disallowed_usages: usages(&limits.disallowed_usages),
            not_before: limits.not_before,
            not_before_usages: usages(&limits.not_before_usages),
        }
    }
}

/// One certificate, as one place holds it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OccurrenceRecord {
    /// The file, `-`, or the live store.
    pub path: Arc<str>,
    /// How it is kept there.
    pub format: source::Format,
    /// The how-manieth certificate of that source, from 0.
    pub index: u64,
    /// The line of a text, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The offset in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// The name an administrator gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub friendly_name: Option<Arc<str>>,
    /// The provider of its private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_provider: Option<KeyProviderRecord>,
    /// The name of its key container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_container: Option<Arc<str>>,
    /// Whether a private key stands beside it there.
    pub has_private_key: bool,
    /// Whether the store has put it aside.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
    /// The store, `LocalMachine\My`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// The limits the store puts on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restrictions: Option<RestrictionsRecord>,
    /// The name the store keeps it under, where that is not its thumbprint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored_under: Option<String>,
    /// Its number in the CA database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl OccurrenceRecord {
    /// Of an occurrence.
    pub fn new(occurrence: &source::Occurrence) -> Self {
        let (line, offset) = match occurrence.position {
            source::Position::Line(line) => (Some(line), None),
            source::Position::Byte(byte) => (None, Some(byte)),
            _ => (None, None),
        };
        let properties = occurrence.properties.as_deref();
        Self {
            path: occurrence.source.clone(),
            format: occurrence.format,
            index: occurrence.index,
            line,
            offset,
            friendly_name: properties.and_then(|found| found.friendly_name.clone()),
            key_provider: properties.and_then(|found| found.key_provider.as_ref()).map(KeyProviderRecord::new),
            key_container: properties.and_then(|found| found.key_container.clone()),
            has_private_key: properties.is_some_and(|found| found.has_private_key),
            archived: properties.is_some_and(|found| found.archived),
            store: properties.and_then(|found| found.store.as_ref()).map(ToString::to_string),
            restrictions: properties
                .map(|found| &found.restrictions)
                .filter(|limits| !limits.is_empty())
                .map(RestrictionsRecord::new),
            stored_under: properties.and_then(|found| found.stored_under.clone()),
            request_id: properties.and_then(|found| found.request_id.clone()),
        }
    }
}
