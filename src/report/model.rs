//! The records of every output: the JSON is these types, and its schema is made from them.
//!
//! Fields are added, never renamed or given another meaning, within `/1`. Texts are as found: each writer escapes for its own
//! medium.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::certificate::{Certificate, Decoded};
use crate::path::{Failure, Missing, Path, PathStatus, Refusal, Verdict};
use crate::pool::Entry;
use crate::source::{self, KeyProvider};
use crate::time::Time;

/// What a certificate is on a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Role {
    /// A self-signed CA.
    Root,
    /// A CA that another one signed, key-rollover certificates included.
    Intermediate,
    /// No CA.
    EndEntity,
}

impl Role {
    /// The role of a certificate: a self-signed CA is a root, any other CA an intermediate.
    pub fn of(certificate: &Certificate) -> Self {
        match (certificate.is_ca(), certificate.is_self_signed()) {
            (false, _) => Self::EndEntity,
            (true, true) => Self::Root,
            (true, false) => Self::Intermediate,
        }
    }

    /// The name in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Intermediate => "intermediate",
            Self::EndEntity => "end-entity",
        }
    }
}

/// A public key.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct KeyRecord {
    /// `RSA`, `EC`, `Ed25519`, …
    pub algorithm: String,
    /// Size in bits; 0 where it is not known.
    pub bits: u32,
    /// The curve of an EC key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curve: Option<String>,
}

/// An object identifier and its name.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OidRecord {
    /// Dotted decimals.
    pub oid: String,
    /// The name, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'static str>,
}

impl OidRecord {
    fn new(oid: &crate::certificate::Oid) -> Self {
        Self { oid: oid.to_string(), name: oid.name() }
    }
}

/// The template a certificate was issued from; the numbers are the template's revision, never its schema version.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TemplateRecord {
    /// Its object identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oid: Option<String>,
    /// Its name: only templates of schema version 1 leave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Major revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub major: Option<u32>,
    /// Minor revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minor: Option<u32>,
}

/// The provider of a private key, and what that rests on.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyProviderRecord {
    /// CNG, CryptoAPI or unknown.
    pub family: source::ProviderFamily,
    /// The provider's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
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
    pub friendly_name: Option<String>,
    /// The provider of its private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_provider: Option<KeyProviderRecord>,
    /// The name of its key container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_container: Option<String>,
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
        let usages = |list: &Option<Vec<_>>| list.as_ref().map(|list| list.iter().map(OidRecord::new).collect());
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
            restrictions: properties.map(|found| &found.restrictions).filter(|limits| !limits.is_empty()).map(
                |limits| RestrictionsRecord {
                    enhanced_key_usage: usages(&limits.enhanced_key_usage),
                    disallowed_from: limits.disallowed_from,
                    disallowed_usages: usages(&limits.disallowed_usages),
                    not_before: limits.not_before,
                    not_before_usages: usages(&limits.not_before_usages),
                },
            ),
            stored_under: properties.and_then(|found| found.stored_under.clone()),
            request_id: properties.and_then(|found| found.request_id.clone()),
        }
    }
}

/// Basic constraints.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BasicConstraintsRecord {
    /// Whether it is a CA.
    pub ca: bool,
    /// How many intermediates may follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_length: Option<u64>,
}

/// An authority key identifier.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthorityKeyIdentifierRecord {
    /// Lower-case hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_identifier: Option<String>,
    /// The issuer's own issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The issuer's serial number, upper-case hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
}

/// Where the authority's certificate and status are.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessRecord {
    /// The access method.
    #[serde(flatten)]
    pub method: OidRecord,
    /// Where.
    pub location: String,
}

/// An extension that is not shown in a field of its own.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ExtensionRecord {
    /// Dotted decimals.
    pub oid: String,
    /// The name, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'static str>,
    /// Whether it is critical.
    pub critical: bool,
}

/// One certificate.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CertificateRecord {
    /// SHA-256 of the whole, lower-case hex.
    pub sha256: String,
    /// SHA-1 of the whole, upper-case hex, as Windows shows it.
    pub thumbprint: String,
    /// As .NET prints it.
    pub subject: String,
    /// As .NET prints it.
    pub issuer: String,
    /// Upper-case hex.
    pub serial_number: String,
    /// RFC 3339; null where the certificate gives no date.
    #[schemars(with = "Option<String>")]
    pub not_before: Option<Time>,
    /// RFC 3339; null where the certificate gives no date.
    #[schemars(with = "Option<String>")]
    pub not_after: Option<Time>,
    /// Whole days to `notAfter` at the moment of judgement; null where the certificate gives no date.
    pub days_left: Option<i64>,
    /// Root, intermediate or end-entity.
    pub role: Role,
    /// Whether its own key signed it.
    pub self_signed: bool,
    /// X.509 version.
    pub version: u64,
    /// The public key.
    pub key: KeyRecord,
    /// As Windows names it.
    pub signature_algorithm: String,
    /// The usages it is limited to; empty where there is no limit.
    pub extended_key_usage: Vec<OidRecord>,
    /// Microsoft's application policies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub application_policies: Vec<OidRecord>,
    /// Key usage; absent where the certificate has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_usage: Option<Vec<&'static str>>,
    /// As .NET prints them.
    pub subject_alternative_names: Vec<String>,
    /// User principal name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_principal_name: Option<String>,
    /// Basic constraints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic_constraints: Option<BasicConstraintsRecord>,
    /// Lower-case hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_key_identifier: Option<String>,
    /// Authority key identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority_key_identifier: Option<AuthorityKeyIdentifierRecord>,
    /// Every URI of every distribution point.
    pub crl_distribution_points: Vec<String>,
    /// Every access description.
    pub authority_information_access: Vec<AccessRecord>,
    /// Certificate policies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// The template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateRecord>,
    /// `V2.1`: certificate index and key index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_version: Option<String>,
    /// The thumbprint of the CA's previous certificate, upper-case hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_ca_hash: Option<String>,
    /// The account's security identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Extensions that have no field here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_extensions: Vec<ExtensionRecord>,
    /// What of it cannot be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
    /// The provider with the strongest evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_provider: Option<KeyProviderRecord>,
    /// Whether a private key stands beside it anywhere.
    pub has_private_key: bool,
    /// Where it was found.
    pub sources: Vec<OccurrenceRecord>,
}

/// The extensions that have a field of their own.
const SHOWN: &[&[u8]] = {
    use crate::certificate::oid::*;
    &[
        BASIC_CONSTRAINTS,
        KEY_USAGE,
        EXTENDED_KEY_USAGE,
        SUBJECT_ALTERNATIVE_NAME,
        SUBJECT_KEY_IDENTIFIER,
        AUTHORITY_KEY_IDENTIFIER,
        CRL_DISTRIBUTION_POINTS,
        AUTHORITY_INFORMATION_ACCESS,
        CERTIFICATE_POLICIES,
        MS_TEMPLATE,
        MS_TEMPLATE_NAME,
        MS_APPLICATION_POLICIES,
        MS_CA_VERSION,
        MS_PREVIOUS_CA_HASH,
        MS_SID_EXTENSION,
    ]
};

impl CertificateRecord {
    /// Of a certificate and its occurrences, at a moment.
    pub fn new(entry: &Entry, at: Time) -> Self {
        let certificate = &*entry.certificate;
        let hex = crate::certificate::general_name::hex;
        let mut unreadable = Vec::new();
        let names = read(certificate.subject_alternative_names(), "subject alternative name", &mut unreadable);
        let points = read(certificate.crl_distribution_points(), "CRL distribution points", &mut unreadable);
        let access = read(certificate.authority_information_access(), "authority information access", &mut unreadable);
        let policies = read(certificate.policies(), "certificate policies", &mut unreadable);
        let application = read(certificate.application_policies(), "application policies", &mut unreadable);
        let authority = certificate.authority_key_identifier();
        note(certificate.basic_constraints(), "basic constraints", &mut unreadable);
        note(certificate.key_usage(), "key usage", &mut unreadable);
        note(certificate.extended_key_usage(), "extended key usage", &mut unreadable);
        note(&authority, "authority key identifier", &mut unreadable);
        let key = certificate.public_key();
        let role = Role::of(certificate);
        let usages = certificate.extended_key_usage().get();
        Self {
            sha256: certificate.sha256_hex(),
            thumbprint: certificate.thumbprint_hex(),
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial_number: certificate.serial_number_hex(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            days_left: certificate.not_after().map(|last| at.days_until(last)),
            role,
            self_signed: role == Role::Root || (role == Role::EndEntity && certificate.is_self_signed()),
            version: certificate.version(),
            key: KeyRecord { algorithm: key.algorithm.name().to_owned(), bits: key.bits, curve: key.curve.clone() },
            signature_algorithm: certificate.signature_algorithm().to_string(),
            extended_key_usage: usages.into_iter().flatten().map(OidRecord::new).collect(),
            application_policies: application.iter().flatten().map(OidRecord::new).collect(),
            key_usage: certificate.key_usage().get().map(|usage| usage.names()),
            subject_alternative_names: names.iter().flatten().map(ToString::to_string).collect(),
            user_principal_name: names.iter().flatten().find_map(|name| name.user_principal_name()),
            basic_constraints: certificate
                .basic_constraints()
                .get()
                .map(|found| BasicConstraintsRecord { ca: found.ca, path_length: found.path_length }),
            subject_key_identifier: certificate.subject_key_identifier().map(hex),
            authority_key_identifier: authority.get().map(|found| AuthorityKeyIdentifierRecord {
                key_identifier: found.key_identifier.map(hex),
                issuer: found.issuer.map(|name| name.to_string()),
                serial_number: found.serial_number.map(|serial| hex(serial).to_ascii_uppercase()),
            }),
            crl_distribution_points: points
                .iter()
                .flatten()
                .flat_map(|point| point.full_name.iter().map(|name| name.value()))
                .collect(),
            authority_information_access: access
                .iter()
                .flatten()
                .map(|one| AccessRecord {
                    method: OidRecord {
                        oid: crate::certificate::oid::dotted(one.method),
                        name: crate::certificate::oid::name(one.method),
                    },
                    location: one.location.value(),
                })
                .collect(),
            policies: policies
                .iter()
                .flatten()
                .map(|policy| crate::certificate::oid::dotted(policy.identifier))
                .collect(),
            template: certificate.template().map(|template| TemplateRecord {
                oid: template.oid.map(|oid| oid.to_string()),
                name: template.name,
                major: template.major,
                minor: template.minor,
            }),
            ca_version: certificate.ca_version().map(|version| version.to_string()),
            previous_ca_hash: certificate.previous_ca_hash().map(|hash| hex(hash).to_ascii_uppercase()),
            sid: certificate.sid(),
            other_extensions: certificate
                .extensions()
                .filter(|extension| !SHOWN.contains(&extension.oid))
                .map(|extension| ExtensionRecord {
                    oid: crate::certificate::oid::dotted(extension.oid),
                    name: crate::certificate::oid::name(extension.oid),
                    critical: extension.critical,
                })
                .collect(),
            unreadable,
            key_provider: entry.key_provider().map(KeyProviderRecord::new),
            has_private_key: entry.has_private_key(),
            sources: entry.occurrences.iter().map(OccurrenceRecord::new).collect(),
        }
    }
}

fn note<T>(decoded: &Decoded<T>, what: &str, unreadable: &mut Vec<String>) {
    if let Decoded::Malformed(error) = decoded {
        unreadable.push(format!("{what}: {error}"));
    }
}

fn read<T>(decoded: Decoded<T>, what: &str, unreadable: &mut Vec<String>) -> Option<T> {
    note(&decoded, what, unreadable);
    match decoded {
        Decoded::Present(value) => Some(value),
        _ => None,
    }
}

/// An issuer that is not there.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MissingRecord {
    /// As .NET prints it.
    pub subject: String,
    /// Lower-case hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_identifier: Option<String>,
    /// Upper-case hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// Where it is published.
    pub aia: Vec<String>,
}

impl MissingRecord {
    /// Of a missing issuer.
    pub fn new(missing: &Missing) -> Self {
        Self {
            subject: missing.subject.clone(),
            key_identifier: missing.key_identifier.clone(),
            serial_number: missing.serial_number.clone(),
            aia: missing.aia.clone(),
        }
    }
}

/// A check that refused, and the values it compared.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailureRecord {
    /// SHA-256 of the certificate at fault.
    pub certificate: String,
    /// Its subject.
    pub subject: String,
    /// The check.
    pub check: &'static str,
    /// What it expected.
    pub expected: String,
    /// What it found.
    pub found: String,
}

impl FailureRecord {
    /// Of a failure and the certificate at fault.
    pub fn new(certificate: &Certificate, failure: &Failure) -> Self {
        Self {
            certificate: certificate.sha256_hex(),
            subject: certificate.subject().to_string(),
            check: failure.check.name(),
            expected: failure.expected.clone(),
            found: failure.found.clone(),
        }
    }
}

/// A certificate that was considered and refused.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefusalRecord {
    /// SHA-256 of the candidate.
    pub candidate: String,
    /// Its subject.
    pub subject: String,
    /// Its thumbprint.
    pub thumbprint: String,
    /// SHA-256 of the certificate whose issuer was looked for.
    pub below: String,
    /// The check.
    pub check: &'static str,
    /// What it expected.
    pub expected: String,
    /// What it found.
    pub found: String,
}

impl RefusalRecord {
    /// Of a refusal.
    pub fn new(refusal: &Refusal) -> Self {
        Self {
            candidate: refusal.candidate.sha256_hex(),
            subject: refusal.candidate.subject().to_string(),
            thumbprint: refusal.candidate.thumbprint_hex(),
            below: refusal.below.sha256_hex(),
            check: refusal.failure.check.name(),
            expected: refusal.failure.expected.clone(),
            found: refusal.failure.found.clone(),
        }
    }
}

/// One certification path.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PathRecord {
    /// Valid, invalid or incomplete.
    pub status: PathStatus,
    /// SHA-256 of each, from the certificate up.
    pub certificates: Vec<String>,
    /// SHA-256 of the trust anchor, where it is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor: Option<String>,
    /// The issuer that is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<MissingRecord>,
    /// Why it is invalid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureRecord>,
    /// What was considered and refused; on the first path of a certificate only, for it is of them all.
    pub refused: Vec<RefusalRecord>,
}

impl PathRecord {
    /// Of a path alone.
    pub fn new(path: &Path) -> Self {
        let anchor = path.certificates.last().filter(|_| path.is_anchored);
        Self {
            status: path.status,
            certificates: path.certificates.iter().map(|certificate| certificate.sha256_hex()).collect(),
            anchor: anchor.map(|certificate| certificate.sha256_hex()),
            missing: path.missing.as_ref().map(MissingRecord::new),
            failure: path.failure.as_ref().map(|(certificate, failure)| FailureRecord::new(certificate, failure)),
            refused: Vec::new(),
        }
    }

    /// Of every path of a verdict.
    pub fn of(verdict: &Verdict) -> Vec<Self> {
        let mut paths: Vec<Self> = verdict.paths.iter().map(Self::new).collect();
        if let Some(first) = paths.first_mut() {
            first.refused = verdict.refused.iter().map(RefusalRecord::new).collect();
        }
        paths
    }
}

/// Something that was offered and could not be read.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProblemRecord {
    /// The file, `-`, or the live store.
    pub source: Arc<str>,
    /// What kind of problem.
    pub code: source::ProblemCode,
    /// The line of a text, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The offset in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// What was expected, what was found, and what to do next.
    pub message: String,
}

impl ProblemRecord {
    /// Of a problem.
    pub fn new(problem: &source::Problem) -> Self {
        let (line, offset) = match problem.position {
            source::Position::Line(line) => (Some(line), None),
            source::Position::Byte(byte) => (None, Some(byte)),
            _ => (None, None),
        };
        Self { source: problem.source.clone(), code: problem.code, line, offset, message: problem.message.clone() }
    }
}
