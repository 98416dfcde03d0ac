//! The records of a certification path: its certificates, what is missing, what failed and what was refused.

use schemars::JsonSchema;
use serde::Serialize;

use crate::abridged::abridged_hex;
use crate::certificate::Certificate;
use crate::path::windows::{self, Difference};
use crate::path::{Failure, Missing, Path, PathStatus, Refusal, RevocationStatus, Verdict};
use crate::report::model::anchor::AnchorConstraintsRecord;
use crate::time::Time;

/// A question that RFC 5280 and Windows answer differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WindowsRecord {
    /// The question.
    pub question: &'static str,
    /// What RFC 5280 says.
    pub rfc5280: &'static str,
    /// What Windows does.
    pub windows: &'static str,
    /// Where that is written.
    pub source: &'static str,
}

impl WindowsRecord {
    /// Of a difference.
    pub fn new(difference: &'static Difference) -> Self {
        let Difference { question, rfc5280, windows, source: (_, source), .. } = difference;
        Self { question, rfc5280, windows, source }
    }
}

/// An issuer that is not there, or that is not confirmed.
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
    /// In a sentence: that nothing of its name is at hand, or why what is at hand is not taken for it.
    pub reason: String,
    /// How many certificates of that name are at hand.
    pub candidates: usize,
    /// Of these the one that comes nearest, and the check that refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<RefusalRecord>,
    /// Where Windows differs: it fetches what is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows: Option<WindowsRecord>,
}

impl MissingRecord {
    /// Of the missing issuer of a certificate.
    pub fn new(missing: &Missing, below: &Certificate) -> Self {
        Self {
            subject: missing.subject.clone(),
            key_identifier: missing.key_identifier.clone(),
            serial_number: missing.serial_number.clone(),
            aia: missing.aia.clone(),
            reason: missing.why(&below.short_subject()),
            candidates: missing.candidates,
            refused: missing.refused.as_ref().map(RefusalRecord::new),
            windows: missing.windows().map(WindowsRecord::new),
        }
    }
}

/// A check that refused, and the values it compared.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailureRecord {
    /// SHA-256 of the certificate at fault.
    pub certificate: String,
    /// Its subject, cut where it is longer than anybody reads.
    pub subject: String,
    /// The check.
    pub check: &'static str,
    /// What it expected.
    pub expected: String,
    /// What it found.
    pub found: String,
    /// Where Windows differs from RFC 5280 in what decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows: Option<WindowsRecord>,
}

impl FailureRecord {
    /// Of a failure and the certificate at fault.
    pub fn new(certificate: &Certificate, failure: &Failure) -> Self {
        Self {
            certificate: certificate.sha256_hex(),
            subject: certificate.abridged_subject().into_owned(),
            check: failure.check.name(),
            expected: failure.expected.clone(),
            found: failure.found.clone(),
            windows: failure.windows.map(WindowsRecord::new),
        }
    }
}

/// Where a certificate is not as RFC 5280 section 4 asks it of the CA that issued it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DepartureRecord {
    /// SHA-256 of the certificate.
    pub certificate: String,
    /// Its subject, cut where it is longer than anybody reads.
    pub subject: String,
    /// What section 4 asks for.
    pub expected: String,
    /// What there is.
    pub found: String,
}

impl DepartureRecord {
    /// Of every certificate of a path.
    pub fn of(path: &Path) -> Vec<Self> {
        let departures = path.departures().into_iter();
        departures
            .map(|(certificate, failure)| Self {
                certificate: certificate.sha256_hex(),
                subject: certificate.abridged_subject().into_owned(),
                expected: failure.expected,
                found: failure.found,
            })
            .collect()
    }
}

/// A certificate that was considered and refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefusalRecord {
    /// SHA-256 of the candidate.
    pub candidate: String,
    /// Its subject, cut where it is longer than anybody reads.
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
    /// Where Windows differs from RFC 5280 in what decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows: Option<WindowsRecord>,
}

impl RefusalRecord {
    /// Of the certificate at fault on a path.
    fn of_path(path: &Path, at_fault: &Certificate, failure: &Failure) -> Self {
        let at = path.certificates.iter().position(|certificate| certificate.sha256() == at_fault.sha256());
        let below = at.and_then(|at| path.certificates.get(at.saturating_sub(1)));
        Self {
            candidate: at_fault.sha256_hex(),
            subject: at_fault.abridged_subject().into_owned(),
            thumbprint: at_fault.thumbprint_hex(),
            below: below.map_or_else(|| at_fault.sha256_hex(), |below| below.sha256_hex()),
            check: failure.check.name(),
            expected: failure.expected.clone(),
            found: failure.found.clone(),
            windows: failure.windows.map(WindowsRecord::new),
        }
    }

    /// Of a refusal.
    pub fn new(refusal: &Refusal) -> Self {
        Self {
            candidate: refusal.candidate.sha256_hex(),
            subject: refusal.candidate.abridged_subject().into_owned(),
            thumbprint: refusal.candidate.thumbprint_hex(),
            below: refusal.below.sha256_hex(),
            check: refusal.failure.check.name(),
            expected: refusal.failure.expected.clone(),
            found: refusal.failure.found.clone(),
            windows: refusal.failure.windows.map(WindowsRecord::new),
        }
    }
}

/// Whether a certificate is revoked, as far as the CRLs at hand tell.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevocationRecord {
    /// SHA-256 of the certificate.
    pub certificate: String,
    /// `good`, `revoked` or `unknown`.
    pub status: &'static str,
    /// Since when it is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub revoked_at: Option<Time>,
    /// Why it was revoked, by the name that RFC 5280 section 5.3.1 gives the reason; or why it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl RevocationRecord {
    /// Of the status of a certificate.
    pub fn new(certificate: &Certificate, status: &RevocationStatus) -> Self {
        let (name, revoked_at, reason) = match status {
            RevocationStatus::Good => ("good", None, None),
            RevocationStatus::Revoked { at, reason, .. } => {
                ("revoked", *at, reason.map(|reason| reason.name().to_owned()))
            }
            RevocationStatus::Unknown { why, .. } => ("unknown", None, Some(why.clone())),
        };
        Self { certificate: certificate.sha256_hex(), status: name, revoked_at, reason }
    }
}

/// A certificate that names its issuer otherwise than the issuer's own certificate does, byte for byte: the two are equal by
/// RFC 5280 section 7.1 alone.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NameEncodingRecord {
    /// SHA-256 of the certificate.
    pub certificate: String,
    /// Its subject, cut where it is longer than anybody reads.
    pub subject: String,
    /// SHA-256 of its issuer on this path.
    pub issuer: String,
    /// The issuer's name as the certificate gives it, lower-case hex of the DER, cut likewise.
    pub expected: String,
    /// The subject of the issuer's own certificate, lower-case hex of the DER, cut likewise.
    pub found: String,
    /// What Windows makes of it.
    pub windows: WindowsRecord,
}

impl NameEncodingRecord {
    /// Of a certificate and its issuer.
    pub fn new(below: &Certificate, issuer: &Certificate) -> Self {
        Self {
            certificate: below.sha256_hex(),
            subject: below.abridged_subject().into_owned(),
            issuer: issuer.sha256_hex(),
            expected: abridged_hex(below.issuer().as_bytes()),
            found: abridged_hex(issuer.subject().as_bytes()),
            windows: WindowsRecord::new(&windows::NAMES),
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
    /// What the trust anchor limits itself, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor_constraints: Option<AnchorConstraintsRecord>,
    /// The issuer that is missing, or that is not confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<MissingRecord>,
    /// Why it is invalid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureRecord>,
    /// Whether each of them but the anchor is revoked, from the certificate up; where there are CRLs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revocation: Vec<RevocationRecord>,
    /// Where the names of issuer and subject are equal by comparison only (RFC 5280 section 7.1), and not byte for byte: Windows may
    /// not build this path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub name_encodings: Vec<NameEncodingRecord>,
    /// What was considered and refused: the certificate at fault on this path, and on the first path of a certificate everything else,
    /// for it is of them all.
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
            anchor_constraints: path.anchor_constraints.as_deref().map(AnchorConstraintsRecord::new),
            missing: path
                .missing
                .as_ref()
                .zip(path.certificates.last())
                .map(|(missing, below)| MissingRecord::new(missing, below)),
            failure: path.failure.as_ref().map(|(certificate, failure)| FailureRecord::new(certificate, failure)),
            revocation: path
                .certificates
                .iter()
                .zip(&path.revocation)
                .map(|(certificate, status)| RevocationRecord::new(certificate, status))
                .collect(),
            name_encodings: path
                .names_in_other_encodings()
                .map(|(below, issuer)| NameEncodingRecord::new(below, issuer))
                .collect(),
            refused: path
                .failure
                .iter()
                .map(|(certificate, failure)| RefusalRecord::of_path(path, certificate, failure))
                .collect(),
        }
    }

    /// Of every path of a verdict.
    pub fn of(verdict: &Verdict) -> Vec<Self> {
        let mut paths: Vec<Self> = verdict.paths.iter().map(Self::new).collect();
        if let Some(first) = paths.first_mut() {
            // The fault of the path itself is often one of these.
            let of_path = first.refused.clone();
            let others = verdict.refused.iter().map(RefusalRecord::new);
            first.refused.extend(others.filter(|other| !of_path.contains(other)));
        }
        paths
    }
}
