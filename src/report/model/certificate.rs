//! The record of a certificate: everything it says, and where it was found.

use schemars::JsonSchema;
use serde::Serialize;

use crate::abridged::abridged;
use crate::certificate::extensions::Subtree;
use crate::certificate::oid::NAME_CONSTRAINTS;
use crate::certificate::{Certificate, Decoded};
use crate::pool::Entry;
use crate::report::model::occurrence::{KeyProviderRecord, OccurrenceRecord};
use crate::report::model::policy::PolicyRecord;
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
    /// The role of a certificate: a self-signed CA is a root, any other CA an intermediate; see [`Certificate::is_end_entity`]. A
    /// self-signed one that does not say whether it is a CA's is a root once an operation has found that it issued others, or took it
    /// for a trust anchor.
    pub fn of(certificate: &Certificate) -> Self {
        let is_end_entity = certificate.is_end_entity() && !certificate.is_known_root();
        match (is_end_entity, certificate.is_self_signed()) {
            (true, _) => Self::EndEntity,
            (false, true) => Self::Root,
            (false, false) => Self::Intermediate,
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
    pub(crate) fn new(oid: &crate::certificate::Oid) -> Self {
        Self { oid: crate::certificate::oid::dotted(oid.as_bytes()), name: oid.name() }
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

/// The names that a CA permits and excludes below it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NameConstraintsRecord {
    /// Whether whoever does not know them must refuse the certificate.
    pub critical: bool,
    /// As .NET prints names; empty where it limits none.
    pub permitted: Vec<String>,
    /// As .NET prints names.
    pub excluded: Vec<String>,
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
    /// Name constraints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_constraints: Option<NameConstraintsRecord>,
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
    /// Certificate policies, with their qualifiers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policy_details: Vec<PolicyRecord>,
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
        NAME_CONSTRAINTS,
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
        let described = match &policies {
            Some(_) => read(certificate.certificate_policies(), "policy qualifiers", &mut unreadable),
            None => None,
        };
        let application = read(certificate.application_policies(), "application policies", &mut unreadable);
        let authority = certificate.authority_key_identifier();
        note(certificate.basic_constraints(), "basic constraints", &mut unreadable);
        note(certificate.key_usage(), "key usage", &mut unreadable);
        note(certificate.extended_key_usage(), "extended key usage", &mut unreadable);
        note(&authority, "authority key identifier", &mut unreadable);
        let behind = certificate.passed_over_behind_values();
        unreadable.extend(behind.map(|(what, error)| format!("what stands behind the {what}: {error}")));
        let key = certificate.public_key();
        let role = Role::of(certificate);
        let usages = certificate.extended_key_usage().get();
        Self {
            sha256: certificate.sha256_hex(),
            thumbprint: certificate.thumbprint_hex(),
            subject: certificate.subject().text(),
            issuer: certificate.issuer().text(),
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
            name_constraints: read(certificate.name_constraints(), "name constraints", &mut unreadable).map(|found| {
                NameConstraintsRecord {
                    critical: certificate.extension(NAME_CONSTRAINTS).is_some_and(|extension| extension.critical),
                    permitted: names_of(found.permitted.as_deref()),
                    excluded: names_of(found.excluded.as_deref()),
                }
            }),
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
            policy_details: described.iter().flatten().map(PolicyRecord::new).collect(),
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

/// The subtrees as .NET prints names of their form; longer ones than anybody reads are cut, and say so.
fn names_of(subtrees: Option<&[Subtree<'_>]>) -> Vec<String> {
    subtrees.into_iter().flatten().map(|subtree| abridged(subtree.base.to_string()).into_owned()).collect()
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
