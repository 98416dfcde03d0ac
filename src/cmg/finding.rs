//! What is wrong with a certificate, or worth knowing of it: a case of the catalogue with the values that decided.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};

use crate::cmg::catalogue::{self, Entry};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// It may fail, or Microsoft does not document that it works.
    Warning,
    /// It will fail through a CMG, or it must not be used.
    Error,
}

impl Severity {
    /// The name in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal $id:literal;)+) => {
        /// What a finding is about. Numbers and ids are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $name = $number,)+
        }

        impl Code {
            /// Every code, by number.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The name in settings and outputs, `key-length`.
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id),+ }
            }

            /// The number in outputs, `CP1203`.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => concat!("CP", $number)),+ }
            }
        }
    };
}

codes! {
    /// No certification path reaches a trust anchor, or none a root.
    PathIncomplete = 1001 "path-incomplete";
    /// Paths reach a trust anchor, but none is valid.
    PathInvalid = 1002 "path-invalid";
    /// Several roots of one name.
    NameAmbiguous = 1003 "name-ambiguous";
    /// A CA certificate by which another hierarchy vouches for this one.
    CrossCertificate = 1004 "cross-certificate";
    /// A CA certificate that a newer one replaces.
    CaSuperseded = 1005 "ca-superseded";
    /// CA or not CA, and how many CAs below.
    BasicConstraints = 1006 "basic-constraints";
    /// The issuer's name in another encoding than in the issuer's own certificate.
    NameEncoding = 1007 "name-encoding";
    /// Extended key usage.
    Eku = 1101 "eku";
    /// Key usage.
    KeyUsage = 1102 "key-usage";
    /// The key's algorithm.
    KeyAlgorithm = 1201 "key-algorithm";
    /// CNG or CSP.
    KeyProvider = 1202 "key-provider";
    /// The key's length.
    KeyLength = 1203 "key-length";
    /// The private key is not there.
    PrivateKey = 1204 "private-key";
    /// Two places disagree about the key's provider.
    ProviderConflict = 1205 "provider-conflict";
    /// The validity period.
    Validity = 1301 "validity";
    /// The hash in the signature.
    SignatureHash = 1401 "signature-hash";
    /// The signature itself.
    Signature = 1402 "signature";
    /// CRL distribution points.
    Cdp = 1501 "cdp";
    /// Revoked.
    Revoked = 1502 "revoked";
    /// Revocation cannot be judged.
    RevocationUnknown = 1503 "revocation-unknown";
    /// Subject and subject alternative name.
    Subject = 1601 "subject";
    /// Characters beyond single-byte.
    Characters = 1602 "characters";
    /// The security identifier of Active Directory.
    SidExtension = 1603 "sid-extension";
    /// The name under which a server is reached.
    ServiceName = 1604 "service-name";
    /// The certificate template.
    Template = 1701 "template";
    /// Made by the site itself.
    SiteGenerated = 1702 "site-generated";
    /// A root that Windows ships with.
    PublicRoot = 1703 "public-root";
    /// In the wrong store.
    StorePlacement = 1801 "store-placement";
    /// In the Disallowed store.
    Disallowed = 1802 "disallowed";
    /// A store entry that limits what the certificate is trusted for.
    TrustRestricted = 1803 "trust-restricted";
    /// More CA certificates than old versions take.
    CmgLimit = 1804 "cmg-limit";
    /// An exception in the settings that matched nothing.
    UnusedException = 1901 "unused-exception";
}

impl Code {
    /// What the catalogue says of it.
    pub fn entry(self) -> &'static Entry {
        catalogue::entry(self)
    }

    /// What it is called in a report.
    pub fn title(self) -> &'static str {
        self.entry().title
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// Text that names no finding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no finding: `certpath explain` lists them{}", match .near { Some(near) => format!("; the nearest is `{near}`"), None => String::new() })]
pub struct UnknownCode {
    found: String,
    near: Option<&'static str>,
}

impl FromStr for Code {
    type Err = UnknownCode;

    /// From `CP1203`, `1203` or `key-length`, without regard to case.
    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        let text = text.trim();
        let named = |code: &&Self| {
            code.id().eq_ignore_ascii_case(text)
                || code.code().eq_ignore_ascii_case(text)
                || code.code().strip_prefix("CP") == Some(text)
        };
        Self::ALL.iter().find(named).copied().ok_or_else(|| UnknownCode {
            found: text.chars().take(60).collect(),
            near: nearest(text, Self::ALL.iter().map(|code| code.id())),
        })
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl JsonSchema for Code {
    fn schema_name() -> Cow<'static, str> {
        "Code".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^CP[0-9]{4}$" })
    }
}

/// The name of those given that a person may have meant: at most two letters wrong.
pub(crate) fn nearest(text: &str, names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    if text.len() > 60 {
        return None;
    }
    let text = text.to_ascii_lowercase().replace('_', "-");
    names.map(|name| (distance(&text, name), name)).filter(|(distance, _)| *distance <= 2).min().map(|(_, name)| name)
}

/// How many letters must be changed, added or left out.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, from) in left.chars().enumerate() {
        let mut diagonal = line;
        let mut before = line + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(&right) {
            let here = (diagonal + usize::from(from != *to)).min(before + 1).min(*cell + 1);
            diagonal = *cell;
            *cell = here;
            before = here;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// One way in which a code shows itself, with a severity of its own.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Case {
    /// What it belongs to.
    pub code: Code,
    /// Its name, unique within the code: `too-short`.
    pub name: &'static str,
    /// The severity unless settings say otherwise; `None` is off.
    pub severity: Option<Severity>,
    /// What it means, in a few words.
    pub title: &'static str,
}

impl Case {
    /// The name that no case of another code has: `key-length/too-short`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.code.id(), self.name)
    }
}

/// What was found at one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The case of the catalogue.
    pub case: &'static Case,
    /// The severity that holds, after the settings.
    pub severity: Severity,
    /// A sentence with the values that decided.
    pub message: String,
    /// What the rule expects.
    pub expected: Option<String>,
    /// What the certificate has.
    pub found: Option<String>,
    /// The reason of the exception in the settings that lowered it to information.
    pub exception: Option<Arc<str>>,
    /// What its severity would be if an audited certificate hung on this CA: none does, and that lowered it to information.
    pub severity_with_clients: Option<Severity>,
}

impl Finding {
    /// A finding of that case with its default severity.
    pub(crate) fn new(case: &'static Case, message: impl Into<String>) -> Self {
        let severity = case.severity.unwrap_or(Severity::Info);
        Self {
            case,
            severity,
            message: message.into(),
            expected: None,
            found: None,
            exception: None,
            severity_with_clients: None,
        }
    }

    pub(crate) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    pub(crate) fn found(mut self, found: impl Into<String>) -> Self {
        self.found = Some(found.into());
        self
    }

    /// What it is about.
    pub fn code(&self) -> Code {
        self.case.code
    }
}

/// A finding as it is written.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Finding")]
struct Record<'a> {
    /// `CP1203`
    code: Code,
    /// `key-length`
    id: &'static str,
    /// Which case of the code: `too-short`.
    case: &'static str,
    severity: Severity,
    /// A sentence with the values that decided.
    message: &'a str,
    /// What the rule expects.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'a str>,
    /// What the certificate has.
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<&'a str>,
    /// The reason of the exception in the settings that lowered it to information.
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<&'a str>,
    /// What its severity would be if an audited certificate hung on this CA: none does, and that lowered it to information.
    #[serde(skip_serializing_if = "Option::is_none")]
    severity_with_clients: Option<Severity>,
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Record {
            code: self.code(),
            id: self.code().id(),
            case: self.case.name,
            severity: self.severity,
            message: &self.message,
            expected: self.expected.as_deref(),
            found: self.found.as_deref(),
            exception: self.exception.as_deref(),
            severity_with_clients: self.severity_with_clients,
        }
        .serialize(serializer)
    }
}

impl JsonSchema for Finding {
    fn schema_name() -> Cow<'static, str> {
        "Finding".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Record::json_schema(generator)
    }
}

/// The verdict on a certificate, by the gravest of its findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing above information.
    Pass,
    /// A warning.
    Warn,
    /// An error.
    Fail,
}

impl Verdict {
    /// By the gravest severity.
    pub fn of(severities: impl IntoIterator<Item = Severity>) -> Self {
        match severities.into_iter().max() {
            Some(Severity::Error) => Self::Fail,
            Some(Severity::Warning) => Self::Warn,
            Some(Severity::Info) | None => Self::Pass,
        }
    }

    /// The name in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_by_number_and_by_id_in_any_case() {
        for text in ["CP1203", "cp1203", "1203", "key-length", " Key-Length "] {
            assert_eq!(text.parse(), Ok(Code::KeyLength), "{text}");
        }
    }

    #[test]
    fn a_misspelt_code_is_told_the_nearest() {
        let error = "key_lenght".parse::<Code>().unwrap_err().to_string();
        assert_eq!(error, "`key_lenght` is no finding: `certpath explain` lists them; the nearest is `key-length`");
        assert!(!"zzz".parse::<Code>().unwrap_err().to_string().contains("nearest"));
    }

    #[test]
    fn a_finding_is_written_with_code_id_and_the_values_compared() {
        let finding = Finding::new(&catalogue::key_length::TOO_SHORT, "too short").expected("2048").found("1024");
        let record = serde_json::to_value(&finding).unwrap();
        assert_eq!(record["code"], "CP1203");
        assert_eq!(record["id"], "key-length");
        assert_eq!(record["severity"], "error");
        assert_eq!(record["found"], "1024");
        let schema = serde_json::to_value(schemars::schema_for!(Finding)).unwrap();
        assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&record));
    }

    #[test]
    fn the_gravest_finding_decides_the_verdict() {
        assert_eq!(Verdict::of([]), Verdict::Pass);
        assert_eq!(Verdict::of([Severity::Info]), Verdict::Pass);
        assert_eq!(Verdict::of([Severity::Info, Severity::Error, Severity::Warning]), Verdict::Fail);
    }
}
