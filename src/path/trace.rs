//! The search's record of itself: which check refused what, and the two values it compared.

use std::sync::Arc;

use crate::abridged::abridged;
use crate::certificate::Certificate;
use crate::path::windows::Difference;

/// The checks that can refuse a certificate on a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Check {
    /// The candidate's subject is not the name of the issuer (RFC 5280 section 6.1.3 (a)(4)).
    Name,
    /// The key identifiers differ, and another key made the signature (section 4.2.1.1).
    KeyIdentifier,
    /// The candidate's key did not make the signature (section 6.1.3 (a)(1)).
    Signature,
    /// The signature's algorithm, or the key for it, is not supported.
    Algorithm,
    /// The algorithm inside what is signed is not the one outside (section 4.1.1.2).
    AlgorithmMismatch,
    /// Outside its validity (section 6.1.3 (a)(2)).
    Validity,
    /// Not a CA by its basic constraints (section 6.1.4 (k)).
    BasicConstraints,
    /// More intermediates than a CA above allows (section 6.1.4 (l) and (m)).
    PathLength,
    /// Its key usage does not allow what it was used for (section 6.1.4 (n)).
    KeyUsage,
    /// Not for this purpose, by its own or by a CA's extended key usage (section 4.2.1.12, and Windows' nesting).
    ExtendedKeyUsage,
    /// A critical extension is not understood (section 6.1.4 (o)).
    CriticalExtension,
    /// An extension cannot be read, or is there twice (section 4.2).
    Extension,
    /// Outside the names that a CA above permits (section 6.1.3 (b) and (c)).
    NameConstraints,
    /// No policy that a CA above, or the user, demands (section 6.1.5 (g)).
    Policy,
    /// A key or a signature that TLS does not take, where that is what for (RFC 8446 section 4.2.3, RFC 8422 section 5.1.1).
    Tls,
    /// Not as section 4 asks it of the CA that issued it; asked only with [`Settings::strict`](super::Settings::strict).
    Conformance,
    /// Revoked (section 6.3).
    Revoked,
    /// Whether it is revoked is not known, and must be.
    RevocationUnknown,
    /// It stands in Windows' store of disallowed certificates, or a store forbids it from a date on.
    Disallowed,
    /// The store entry of a root limits what it is trusted for.
    StoreRestriction,
    /// The path ends at a self-signed certificate that is no trust anchor.
    Untrusted,
    /// It is on the path already (RFC 4158 section 5.2).
    Loop,
    /// The search's budget ended before it was tried.
    Budget,
}

impl Check {
    /// The name in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::KeyIdentifier => "key-identifier",
            Self::Signature => "signature",
            Self::Algorithm => "algorithm",
            Self::AlgorithmMismatch => "algorithm-mismatch",
            Self::Validity => "validity",
            Self::BasicConstraints => "basic-constraints",
            Self::PathLength => "path-length",
            Self::KeyUsage => "key-usage",
            Self::ExtendedKeyUsage => "extended-key-usage",
            Self::CriticalExtension => "critical-extension",
            Self::Extension => "extension",
            Self::NameConstraints => "name-constraints",
            Self::Policy => "policy",
            Self::Tls => "tls",
            Self::Conformance => "conformance",
            Self::Revoked => "revoked",
            Self::RevocationUnknown => "revocation-unknown",
            Self::Disallowed => "disallowed",
            Self::StoreRestriction => "store-restriction",
            Self::Untrusted => "untrusted",
            Self::Loop => "loop",
            Self::Budget => "budget",
        }
    }
}

/// Why a check refused: what it wanted and what there was.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The check that decided.
    pub check: Check,
    /// What it expected; what is too long for anybody to read is cut, and says so.
    pub expected: String,
    /// What it found, cut likewise.
    pub found: String,
    /// Where Windows decides this differently from RFC 5280, or both differently from what one would expect.
    pub windows: Option<&'static Difference>,
    /// Which of the things that the check asks it was, where another has to be done about it.
    pub detail: Option<Detail>,
}

/// Which of the several things that one check asks a certificate failed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Detail {
    /// Of [`Check::Algorithm`]: its own RSA key is too short.
    ShortKey,
    /// Of [`Check::Algorithm`]: its own key is on an elliptic curve that has no name.
    CurveWithoutName,
    /// Of [`Check::Validity`]: the time in which it was valid is over.
    Expired,
    /// Of [`Check::StoreRestriction`]: the store entry of the root has a date of distrust.
    DateOfDistrust,
}

impl Failure {
    pub(crate) fn new(check: Check, expected: impl Into<String>, found: impl Into<String>) -> Self {
        // Of a CA it is told at every certificate below.
        let told = |text: String| abridged(text).into_owned();
        Self { check, expected: told(expected.into()), found: told(found.into()), windows: None, detail: None }
    }

    /// Which of the things that the check asks it was.
    pub(crate) fn detailed(self, detail: Detail) -> Self {
        Self { detail: Some(detail), ..self }
    }

    /// Where Windows differs from RFC 5280 in what decided.
    pub(crate) fn differing(self, windows: &'static Difference) -> Self {
        Self { windows: Some(windows), ..self }
    }
}

/// Keeps one more candidate that was refused, up to a number; of those behind it only that there are more.
pub(crate) fn keep_refused<T>(
    kept: &mut Vec<T>,
    most: usize,
    failure: impl FnOnce() -> Failure,
    refused: impl FnOnce(Failure) -> T,
) {
    let failure = match kept.len() {
        count if count < most => failure(),
        count if count == most => {
            Failure::new(Check::Budget, format!("at most {most} refused candidates to keep"), "more")
        }
        _ => return,
    };
    kept.push(refused(failure));
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: expected {}, found {}", self.check.name(), self.expected, self.found)
    }
}

/// A certificate that was considered and refused, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// Whose issuer was looked for.
    pub below: Arc<Certificate>,
    /// What was considered.
    pub candidate: Arc<Certificate>,
    /// Why it was refused.
    pub failure: Failure,
}
