//! What the commands find out, before anything is written.

use std::sync::Arc;

use crate::certificate::Certificate;
use crate::cmg::Finding;
use crate::ops::selecting::SelectionCounts;
use crate::path::{Path, Verdict};
use crate::pool::Entry;
use crate::source::{KeyProvider, Problem};
use crate::time::Time;

/// Where the trust anchors came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Trust {
    /// `--trust` named them.
    Given,
    /// Windows' Root stores.
    Store,
    /// The self-signed CAs among the sources: nobody vouches for them.
    Assumed,
}

impl Trust {
    /// The name in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Store => "store",
            Self::Assumed => "assumed",
        }
    }
}

/// What `inspect` found.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Inspection {
    /// Every certificate once, in the order of the sources.
    pub certificates: Vec<Entry>,
    /// How many CRLs were met.
    pub crls: usize,
    /// How many private keys were met; none is kept.
    pub private_keys: usize,
    /// How many end-entity certificates were passed over, by reason; where a selection was asked for.
    pub passed_over: Vec<(String, u64)>,
    /// What each step of the selection left, where client certificates were asked for by issuer, criterion or length.
    pub selection: Option<SelectionCounts>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// A client certificate and its paths.
#[derive(Debug)]
#[non_exhaustive]
pub struct Client {
    /// The certificate.
    pub entry: Entry,
    /// Its paths, and what was refused.
    pub verdict: Verdict,
}

/// A CA certificate, its own paths, what was found at it and how many client certificates hang on it.
#[derive(Debug)]
#[non_exhaustive]
pub struct IssuerResult {
    /// The certificate.
    pub entry: Entry,
    /// Its own paths, and what was refused.
    pub verdict: Verdict,
    /// What the rules say of it, the gravest first.
    pub findings: Vec<Finding>,
    /// The client certificates whose chosen path goes through it.
    pub clients: u64,
    /// In an audit of certificates: whether any of them hangs on it. Where none does, its findings fail nobody.
    pub concerns_clients: Option<bool>,
}

/// An end-entity certificate that is no client certificate, or not one of those asked for.
#[derive(Debug)]
#[non_exhaustive]
pub struct PassedOver {
    /// The certificate.
    pub certificate: Arc<Certificate>,
    /// A sentence that says why.
    pub reason: String,
}

/// What `chain` found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Chains {
    /// The moment of judgement.
    pub at: Time,
    /// Where the trust anchors came from.
    pub trust: Trust,
    /// Each CA certificate once.
    pub issuers: Vec<IssuerResult>,
    /// The client certificates.
    pub clients: Vec<Client>,
    /// The end-entity certificates that are none, by reason.
    pub passed_over: Vec<PassedOver>,
    /// What each step of the selection left, where client certificates were asked for by issuer, criterion or length.
    pub selection: Option<SelectionCounts>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// What `chain` found, beside the client certificates themselves.
#[derive(Debug)]
#[non_exhaustive]
pub struct ChainOutcome {
    /// The client certificates with a valid path.
    pub valid: u64,
    /// Those whose every path is refused.
    pub invalid: u64,
    /// Those that miss an issuer.
    pub incomplete: u64,
    /// Each CA certificate once.
    pub issuers: Vec<IssuerResult>,
    /// How many end-entity certificates are no client certificates, by reason.
    pub passed_over: Vec<(String, u64)>,
    /// What each step of the selection left, where client certificates were asked for by issuer, criterion or length.
    pub selection: Option<SelectionCounts>,
    /// Where no certificate that was given as a trust anchor can be one: how many there are.
    pub none_to_trust: Option<usize>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// What an export says of a client certificate that it is for: the certificate itself is none of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportedClient {
    /// SHA-256.
    pub sha256: [u8; 32],
    /// SHA-1.
    pub thumbprint: [u8; 20],
    /// As .NET prints it.
    pub subject: String,
    /// `None` where the certificate gives no date.
    pub not_after: Option<Time>,
    /// CNG or CSP, with the strongest evidence.
    pub key_provider: Option<Box<KeyProvider>>,
    /// Whether a private key stands beside it anywhere.
    pub has_private_key: bool,
}

impl From<&Entry> for ExportedClient {
    fn from(entry: &Entry) -> Self {
        let certificate = &entry.certificate;
        Self {
            sha256: *certificate.sha256(),
            thumbprint: *certificate.thumbprint(),
            subject: certificate.subject().to_string(),
            not_after: certificate.not_after(),
            key_provider: entry.key_provider().cloned().map(Box::new),
            has_private_key: entry.has_private_key(),
        }
    }
}

/// What `export` is to write.
#[derive(Debug)]
#[non_exhaustive]
pub struct Bundle {
    /// The moment of judgement.
    pub at: Time,
    /// Where the trust anchors came from.
    pub trust: Trust,
    /// The self-signed CAs.
    pub roots: Vec<Entry>,
    /// The other CAs.
    pub intermediates: Vec<Entry>,
    /// The client certificates that the bundle is for.
    pub clients: Vec<ExportedClient>,
    /// Of how many of them the CRLs at hand do not tell whether they, or a CA on their path, were revoked; 0 where no CRL is at hand.
    pub revocation_unknown: usize,
    /// The valid paths that were not chosen, each once, from the issuing CA up.
    pub alternatives: Vec<Path>,
    /// The CAs of `--issuer` that are on none of the chosen paths, and on others: nothing of them is written.
    pub wanted_elsewhere: Vec<Arc<Certificate>>,
    /// Where nothing is to be written: how many CA certificates have a valid path to a self-signed anchor all the same, on which no
    /// client certificate hangs.
    pub unused_authorities: usize,
    /// The client certificates without a valid path to a self-signed anchor: the reason for a refusal, or, where the
    /// incomplete is allowed, what is left out.
    pub refused: Vec<Client>,
    /// The end-entity certificates that are no clients.
    pub passed_over: Vec<PassedOver>,
    /// What each step of the selection left, where client certificates were asked for by issuer, criterion or length.
    pub selection: Option<SelectionCounts>,
    /// What the rules say of the CA certificates in it, each with the certificate at fault.
    pub findings: Vec<(Arc<Certificate>, Finding)>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}
