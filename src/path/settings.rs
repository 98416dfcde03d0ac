//! What a path is judged against: the moment, the purpose, the initial values of RFC 5280 section 6.1.1, and the budget.

use crate::certificate::Oid;
use crate::certificate::oid;
use crate::time::Time;

/// What the end-entity certificate is to be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// TLS client authentication: what a cloud management gateway asks of its clients.
    Client,
    /// TLS server authentication.
    Server,
    /// Any: extended key usage is not looked at.
    Any,
}

impl Purpose {
    /// The usage that extended key usage must allow.
    pub(crate) fn usage(self) -> Option<&'static [u8]> {
        match self {
            Self::Client => Some(oid::CLIENT_AUTH),
            Self::Server => Some(oid::SERVER_AUTH),
            Self::Any => None,
        }
    }
}

/// What a path is judged against.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The moment to judge at.
    pub at: Time,
    /// What for.
    pub purpose: Purpose,
    /// user-initial-policy-set; empty is any-policy.
    pub policies: Vec<Oid>,
    /// initial-explicit-policy.
    pub require_explicit_policy: bool,
    /// initial-policy-mapping-inhibit.
    pub inhibit_policy_mapping: bool,
    /// initial-any-policy-inhibit.
    pub inhibit_any_policy: bool,
    /// The initial value of max_path_length (section 6.1.2 (k)): how many intermediates, self-issued ones not counted, a path may
    /// have at most.
    pub max_path_length: Option<u64>,
    /// Whether certificates are refused that are not as RFC 5280 section 4 asks it of the CA that issues them. Neither section 6 nor
    /// Windows asks it of who validates, and many enterprises' certificates are not so.
    pub strict: bool,
    /// Whether a certificate whose revocation cannot be judged is refused.
    pub require_revocation: bool,
    /// How much the search may do.
    pub budget: Budget,
}

impl Settings {
    /// For this purpose at this moment, everything else as RFC 5280 has it by default.
    pub fn new(purpose: Purpose, at: Time) -> Self {
        Self {
            at,
            purpose,
            policies: Vec::new(),
            require_explicit_policy: false,
            inhibit_policy_mapping: false,
            inhibit_any_policy: false,
            max_path_length: None,
            strict: false,
            require_revocation: false,
            budget: Budget::default(),
        }
    }
}

/// How much a search may do. What ends on it says so. Where there are thousands of CAs each may do less, so that all of them
/// together end soon.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Budget {
    /// Certificates on a path, the end-entity certificate not counted. Real hierarchies have up to five.
    pub depth: usize,
    /// Keys tried for one certificate. Only a certificate without a usable key identifier, among CAs of one name, needs more than one.
    pub keys_per_certificate: usize,
    /// Steps of the search above one CA: a mesh of cross-certificates has more paths than anyone can wait for. The search goes
    /// by length, so that the shortest paths are found whatever the mesh.
    pub steps_per_issuer: usize,
    /// Paths kept for one CA.
    pub paths_per_issuer: usize,
    /// Refused candidates kept for one certificate.
    pub refused_per_issuer: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            depth: 32,
            keys_per_certificate: 100,
            steps_per_issuer: 20_000,
            paths_per_issuer: 256,
            refused_per_issuer: 100,
        }
    }
}
