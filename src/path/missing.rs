//! What is known of an issuer where a path goes no farther: that it is not there, or that what has its name is not confirmed.

use std::sync::Arc;

use crate::abridged::{abridged, abridged_hex};
use crate::certificate::general_name::upper_hex;
use crate::certificate::{AuthorityKeyIdentifier, Certificate, SignatureCheck, VerifyingKey};
use crate::path::graph::{Graph, Links, NodeId};
use crate::path::trace::{Check, Failure, Refusal};
use crate::path::windows::{self, Difference};

/// What is known of an issuer that is not there, or that could not be confirmed.
///
/// It is told at every certificate below, so that texts that are longer than anybody reads are cut, and say so.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Missing {
    /// Its subject, as .NET prints it.
    pub subject: String,
    /// Its subject key identifier, lower-case hex.
    pub key_identifier: Option<String>,
    /// Its serial number, upper-case hex.
    pub serial_number: Option<String>,
    /// Where it is published: the first sixteen places, those that any machine can reach before the others.
    pub aia: Vec<String>,
    /// Of the certificates of that name that are at hand the one that comes nearest to it, and why it is not taken; `None` where there
    /// is none.
    pub refused: Option<Refusal>,
    /// How many certificates of that name are at hand.
    pub candidates: usize,
    /// Whether the one in `refused` is the issuer that is meant, by its key identifier or by its issuer and serial number.
    pub is_meant: bool,
}

impl Missing {
    /// The issuer of `certificate`, as the certificate itself tells of it.
    pub(crate) fn issuer_of(certificate: &Certificate) -> Self {
        let authority = certificate.authority_key_identifier();
        let authority = authority.get();
        Self {
            subject: certificate.issuer().abridged(),
            key_identifier: authority.and_then(|found| found.key_identifier).map(abridged_hex),
            serial_number: authority
                .and_then(|found| found.serial_number)
                .map(upper_hex)
                .map(|serial| abridged(serial).into_owned()),
            aia: published_at(certificate),
            refused: None,
            candidates: 0,
            is_meant: false,
        }
    }

    /// Whether a certificate that may be the issuer is at hand, and only the signature, which decides, does not say so, or the search
    /// ended at it.
    pub fn is_at_hand(&self) -> bool {
        self.refused.as_ref().is_some_and(|refusal| {
            matches!(
                refusal.failure.check,
                Check::Signature | Check::Algorithm | Check::AlgorithmMismatch | Check::Loop | Check::Budget
            )
        })
    }

    /// Whether the fault is the certificate's below: damaged, tampered with, or signed in a way that cannot be checked.
    pub(crate) fn is_fault_below(&self) -> bool {
        self.refused.as_ref().is_some_and(|refusal| match refusal.failure.check {
            Check::Signature => self.is_meant,
            Check::Algorithm | Check::AlgorithmMismatch => true,
            _ => false,
        })
    }

    /// Where Windows differs: what is not at hand it fetches, and what is at hand it may judge otherwise.
    pub fn windows(&self) -> Option<&'static Difference> {
        match &self.refused {
            None => (!self.aia.is_empty()).then_some(&windows::FETCHING),
            Some(refusal) if refusal.failure.check == Check::KeyIdentifier => {
                (!self.aia.is_empty()).then_some(&windows::FETCHING)
            }
            Some(refusal) => refusal.failure.windows,
        }
    }

    /// Why the path goes no farther than `below`, which is how the text calls the certificate whose issuer was looked for.
    pub fn why(&self, below: &str) -> String {
        let Some(Refusal { candidate, failure, below: certificate }) = &self.refused else {
            return format!("the issuer of {below} is missing");
        };
        let issuer = candidate.short_subject();
        match failure.check {
            Check::AlgorithmMismatch => format!(
                "{below} names one signature algorithm inside what is signed and another outside, so that its issuer cannot be confirmed"
            ),
            Check::Algorithm => format!(
                "the signature of {below} cannot be checked, for {} is not supported: its issuer {issuer} cannot be confirmed",
                failure.found
            ),
            Check::Signature if candidate == certificate => {
                format!("the signature of {below}, which names its own key as its issuer's, was not made by that key")
            }
            Check::Signature => {
                let which = match self.candidates {
                    _ if self.is_meant => ", the issuer that it names".to_owned(),
                    0 | 1 => ", the only one of that name at hand".to_owned(),
                    several => format!(", nor by another of the {several} of that name at hand"),
                };
                format!("the signature of {below} was not made by the key of {issuer}{which}")
            }
            Check::KeyIdentifier => {
                let which = match self.candidates {
                    0 | 1 => format!("{issuer}, the only one of its name at hand, has another key"),
                    several => format!("the {several} of its name at hand have other keys"),
                };
                format!("the issuer of {below} is missing: {which}")
            }
            Check::Loop => format!(
                "the issuer of {below} is {issuer}, which is on the path already: they certify each other, and nothing leads to a root"
            ),
            Check::Budget => format!("the search for the issuer of {below} ended on its budget: {}", failure.found),
            _ => format!("the issuer of {below} was not found: {}", failure.found),
        }
    }
}

/// How many places are told of where an issuer is published.
const PLACES: usize = 16;

/// Where a certificate says that its issuer is published.
fn published_at(certificate: &Certificate) -> Vec<String> {
    let places = certificate.authority_information_access();
    let mut places: Vec<_> = places.get().into_iter().flatten().filter(|access| access.is_ca_issuers()).collect();
    if places.len() > PLACES {
        places.sort_by_cached_key(|access| !access.location.value().starts_with("http"));
        places.truncate(PLACES);
    }
    places.into_iter().map(|access| abridged(access.location.value()).into_owned()).collect()
}

impl Graph {
    /// What is known of the issuer of `certificate`, where a path to no anchor ends at it; `path` are the CAs up to it.
    pub(crate) fn missing_issuer(&self, certificate: &Arc<Certificate>, path: &[NodeId], links: &Links) -> Missing {
        let own = self.find(certificate.sha256());
        let told = || {
            let of_its_name = self.with_subject(&certificate.issuer());
            let is_one = own.is_some_and(|own| of_its_name.contains(&own));
            let candidates = of_its_name.len() - usize::from(is_one);
            Missing { candidates, ..Missing::issuer_of(certificate) }
        };
        let mut missing = match own {
            Some(own) => Missing::clone(self.node(own).missing.get_or_init(|| Box::new(told()))),
            None => told(),
        };
        let refusal = |candidate: &Arc<Certificate>, failure: Failure| Refusal {
            below: certificate.clone(),
            candidate: candidate.clone(),
            failure,
        };
        if let Some(issuer) = links.issuers.first() {
            missing.refused = Some(refusal(self.certificate(*issuer), self.why_no_farther(path, links)));
        } else if certificate.is_meant_to_be_self_signed() && !certificate.is_self_signed() {
            missing.is_meant = true;
            let failure = || own_signature(certificate);
            let failure = match own {
                Some(own) => Failure::clone(self.node(own).own_signature.get_or_init(|| Box::new(failure()))),
                None => failure(),
            };
            missing.refused = Some(refusal(certificate, failure));
        } else {
            let authority = certificate.authority_key_identifier();
            let is_meant = |id: NodeId| authority.get().is_some_and(|authority| names(authority, self.certificate(id)));
            let of_the_name = links.refused.iter().filter(|(_, failure)| failure.check != Check::Name);
            let nearest = of_the_name.min_by_key(|(id, failure)| match failure.check {
                Check::AlgorithmMismatch => 0,
                Check::Signature if is_meant(*id) => 1,
                Check::Algorithm => 2,
                Check::Signature => 3,
                Check::KeyIdentifier => 4,
                _ => 5,
            });
            if let Some((id, failure)) = nearest {
                let candidate = self.certificate(*id);
                missing.is_meant = is_meant(*id);
                missing.refused = Some(refusal(candidate, failure.clone()));
            }
        }
        missing
    }

    /// Why a path goes no farther although its issuer is confirmed: all of them are on it already, or the search ended before.
    fn why_no_farther(&self, path: &[NodeId], links: &Links) -> Failure {
        let Some(issuer) = links.issuers.iter().find(|issuer| !self.is_on(path, **issuer)) else {
            let names = links.issuers.first().map(|issuer| self.certificate(*issuer).abridged_subject().into_owned());
            return Failure::new(Check::Loop, "an issuer that is not on the path already", names.unwrap_or_default());
        };
        let depth = self.settings.budget.depth;
        if path.len() >= depth {
            let expected = format!("at most {depth} CA certificates on a path");
            return Failure::new(Check::Budget, expected, format!("more than {depth} CA certificates on the path"));
        }
        let found = format!("more ways above {} than are gone", self.certificate(*issuer).short_subject());
        Failure::new(Check::Budget, "a search that ends", found)
    }
}

/// Why a certificate that is meant to be self-signed is not.
fn own_signature(certificate: &Certificate) -> Failure {
    if let Err(mismatch) = crate::path::checks::one_algorithm(certificate) {
        return mismatch;
    }
    match certificate.check_signature(&VerifyingKey::new(certificate.subject_public_key_info())) {
        SignatureCheck::Unsupported(what) => Failure::new(Check::Algorithm, "a supported algorithm and key", what),
        _ => Failure::new(Check::Signature, "a signature by itself", "another"),
    }
}

/// Whether an authority key identifier is that of this candidate: its key identifier, or its issuer and serial number.
fn names(authority: &AuthorityKeyIdentifier<'_>, candidate: &Certificate) -> bool {
    let by_key = authority.key_identifier.is_some() && authority.key_identifier == candidate.subject_key_identifier();
    let by_serial = authority.serial_number == Some(candidate.serial_number())
        && authority.issuer.is_some_and(|issuer| issuer.matches(&candidate.issuer()));
    by_key || by_serial
}
