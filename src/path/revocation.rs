//! Whether a certificate was revoked, as CRLs say that are at hand: RFC 5280 section 6.3, without a network.
//!
//! Departures from its algorithm, each to the safe side:
//! - Every current list that applies is asked, not only as many as cover all reasons: a CA with two keys may have a list for each.
//! - A list that has expired, or cannot be combined or relied on, still revokes, though it does not clear: only a hold can be lifted (section
//!   5.3.1). It is outweighed only by a list that was not issued before it.
//! - A list of a Windows CA speaks for the certificates under the key that signed it alone.

mod deltas;
mod effort;
mod findings;
mod judge;
mod obstacle;
mod point;
pub(crate) mod signers;
mod store;

use std::fmt;
use std::sync::Arc;

use crate::certificate::{Certificate, Crl, RevocationReason};
use crate::time::Time;
use effort::GaveUp;
use judge::Judge;
pub(crate) use store::CrlStore;

/// Whether a certificate was revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevocationStatus {
    /// Current CRLs cover every reason, and none lists it.
    Good,
    /// A CRL lists it.
    #[non_exhaustive]
    Revoked {
        /// Since when; `None` where the list gives no date there.
        at: Option<Time>,
        /// Why, where the list says.
        reason: Option<RevocationReason>,
        /// The list.
        crl: Arc<Crl>,
    },
    /// The CRLs at hand do not tell.
    #[non_exhaustive]
    Unknown {
        /// What is missing or wrong, in words for the administrator.
        why: String,
        /// The list that came nearest to an answer.
        crl: Option<Arc<Crl>>,
    },
}

impl RevocationStatus {
    /// Whether it is known not to be revoked.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Good)
    }

    /// Whether the CRLs at hand do not tell.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }

    /// Whether it is known to be revoked.
    pub fn is_revoked(&self) -> bool {
        matches!(self, Self::Revoked { .. })
    }
}

impl fmt::Display for RevocationStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good => f.write_str("not revoked"),
            Self::Revoked { at, reason, .. } => {
                f.write_str("revoked")?;
                if let Some(at) = at {
                    write!(f, " on {}", at.date())?;
                }
                match reason {
                    Some(reason) => write!(f, " ({})", reason.name()),
                    None => Ok(()),
                }
            }
            Self::Unknown { why, .. } => f.write_str(why),
        }
    }
}

/// Who may sign a CRL beside the issuer of the certificate that is judged: RFC 5280 section 6.3.3 (f).
pub(crate) trait CrlSigners {
    /// Certificates with this subject, given in comparable form (RFC 5280 section 7.1), in an order that hangs on nothing but them: first
    /// those with the key identifier that the list gives. Where there are more than are ever tried, so many and one more.
    fn with_subject(&self, subject: &[u8], key_identifier: Option<&[u8]>) -> Arc<[Arc<Certificate>]>;

    /// Certification paths, valid but for revocation, from `signer` up to the trust anchor of the path that is judged, both included.
    /// The shortest first.
    fn paths(&self, signer: &Arc<Certificate>) -> SignerPaths;
}

/// Certification paths of CRL signers.
pub(crate) type SignerPaths = Arc<[Vec<Arc<Certificate>>]>;

/// Nobody but the certificate's issuer.
impl CrlSigners for () {
    fn with_subject(&self, _: &[u8], _: Option<&[u8]>) -> Arc<[Arc<Certificate>]> {
        Arc::default()
    }

    fn paths(&self, _: &Arc<Certificate>) -> SignerPaths {
        Arc::default()
    }
}

/// The certificate above the one that is judged, and its public key with what it inherited.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CrlIssuer<'a> {
    pub(crate) certificate: &'a Certificate,
    pub(crate) key: &'a [u8],
}

/// The status of `certificate`, at the moment of `store`. That of `issuer`, the certificate above it in its path, is not asked: a path
/// has all its certificates judged, one by one.
pub(crate) fn status(
    certificate: &Certificate,
    issuer: CrlIssuer<'_>,
    store: &CrlStore,
    signers: &dyn CrlSigners,
) -> RevocationStatus {
    let mut judge = Judge::new(store, signers);
    let mut found = judge.status(certificate, issuer);
    match (&mut found, judge.gave_up()) {
        (RevocationStatus::Unknown { why, .. }, Some(gave_up)) => {
            why.push_str("; ");
            why.push_str(&gave_up.to_string());
        }
        // What was not asked may revoke it.
        (RevocationStatus::Good, Some(GaveUp::Lists)) => {
            return RevocationStatus::Unknown { why: GaveUp::Lists.to_string(), crl: None };
        }
        _ => {}
    }
    found
}

#[cfg(test)]
mod tests;
