//! Whom a finding at a CA concerns: most findings concern the certificates that hang on it alone, and where no audited one does,
//! they weigh nothing. The one place that says which weigh all the same.

use std::collections::HashMap;

use crate::certificate::Certificate;
use crate::cmg::catalogue::store_placement;
use crate::cmg::finding::{Case, Code, Finding, Severity};
use crate::source::Occurrence;

/// Whom a finding at a CA concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Concern {
    /// The certificates that hang on the CA.
    Below,
    /// Also those that hang on another CA of its name.
    Namesakes,
    /// Also those that hang on another CA of its name and key, whose paths it can take.
    Twins,
    /// Everybody, where the certificate lies in another place too: what the store of untrusted certificates alone holds is where
    /// it belongs.
    Elsewhere,
    /// Everybody: Windows minds it whatever hangs on the CA.
    Everybody,
}

impl Concern {
    /// Exhaustive, so that whoever adds a code decides.
    pub(crate) fn of(case: &'static Case) -> Self {
        match case.code {
            // IIS stumbles over it in the store, whoever comes with which certificate.
            Code::StorePlacement if *case == store_placement::NOT_SELF_SIGNED => Self::Everybody,
            // CCMCERTISSUERS and the list of trusted roots take the one for the other.
            Code::NameAmbiguous => Self::Namesakes,
            // Windows may build the path of another CA's clients through it.
            Code::CrossCertificate => Self::Twins,
            // Somebody withdrew trust from a CA that is still handed round.
            Code::Disallowed => Self::Elsewhere,
            // What no certificate hangs on is not uploaded, and whether it would do asks nobody.
            Code::PathIncomplete
            | Code::PathInvalid
            | Code::CaSuperseded
            | Code::BasicConstraints
            | Code::NameEncoding
            | Code::Eku
            | Code::KeyUsage
            | Code::KeyAlgorithm
            | Code::KeyProvider
            | Code::KeyLength
            | Code::ProviderConflict
            | Code::Validity
            | Code::SignatureHash
            | Code::Signature
            | Code::Cdp
            | Code::Revoked
            | Code::RevocationUnknown
            | Code::Subject
            | Code::Characters
            | Code::SidExtension
            | Code::ServiceName
            | Code::Template
            | Code::PublicRoot
            | Code::StorePlacement
            | Code::TrustRestricted => Self::Below,
            // A site that has its own CA has it in its stores, and its clients are not audited by the PKI's rules.
            Code::SiteGenerated => Self::Below,
            // At end-entity certificates, and at none: these weigh as they are.
            Code::PrivateKey | Code::CmgLimit | Code::UnusedException => Self::Everybody,
        }
    }

    /// For the documentation; `None` for what holds of most.
    pub(crate) fn sentence(self) -> Option<&'static str> {
        match self {
            Self::Below => None,
            Self::Namesakes => Some("where one hangs on another root of this name"),
            Self::Twins => Some("where one hangs on another certificate of this CA's name and key"),
            Self::Elsewhere => {
                Some("where the CA certificate also lies outside of the store of untrusted certificates")
            }
            Self::Everybody => Some("always"),
        }
    }
}

/// The CAs on which audited certificates hang, by name.
pub(crate) struct Used<'a> {
    by_name: HashMap<Vec<u8>, Vec<&'a Certificate>>,
}

impl<'a> Used<'a> {
    pub(crate) fn new(certificates: impl IntoIterator<Item = &'a Certificate>) -> Self {
        let mut by_name: HashMap<_, Vec<_>> = HashMap::new();
        for certificate in certificates {
            by_name.entry(certificate.subject().comparable()).or_default().push(certificate);
        }
        Self { by_name }
    }

    /// Whether the finding at a CA on which nothing hangs concerns somebody all the same.
    fn concerns(&self, finding: &Finding, certificate: &Certificate, places: &[Occurrence]) -> bool {
        let namesakes = || self.by_name.get(&certificate.subject().comparable()).into_iter().flatten();
        let key = certificate.subject_public_key_info();
        match Concern::of(finding.case) {
            Concern::Below => false,
            Concern::Namesakes => namesakes().any(|other| other.is_self_issued()),
            Concern::Twins => namesakes().any(|other| other.subject_public_key_info() == key),
            Concern::Elsewhere => {
                let store = |place: &Occurrence| place.properties.as_ref()?.store.clone();
                places.iter().any(|place| store(place).is_none_or(|store| !store.is("Disallowed")))
            }
            Concern::Everybody => true,
        }
    }

    /// Lowers to information what concerns nobody, at a CA on which nothing hangs, and remembers what it would be.
    pub(crate) fn lower(&self, findings: &mut [Finding], certificate: &Certificate, places: &[Occurrence]) {
        for finding in findings.iter_mut().filter(|finding| finding.severity > Severity::Info) {
            if !self.concerns(finding, certificate, places) {
                finding.severity_with_clients = Some(std::mem::replace(&mut finding.severity, Severity::Info));
            }
        }
        findings.sort_by(|one, two| two.severity.cmp(&one.severity).then(one.code().cmp(&two.code())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmg::catalogue::{cross_certificate, disallowed, name_ambiguous, validity};
    use crate::cmg::rules::checks::{in_store, occurrence};
    use crate::cmg::testing::{Draft, Key};
    use crate::source::{Format, Properties};

    fn lowered(case: &'static Case, ca: &Certificate, used: &[&Certificate], places: &[Occurrence]) -> bool {
        let mut findings = [Finding::new(case, "x")];
        Used::new(used.iter().copied()).lower(&mut findings, ca, places);
        assert_eq!(findings[0].severity_with_clients.is_some(), findings[0].severity != case.severity.unwrap());
        findings[0].severity_with_clients.is_some()
    }

    #[test]
    fn what_concerns_only_those_below_weighs_nothing_where_nobody_is() {
        let root = Draft::ca("Contoso Root CA").self_signed().certificate;
        assert!(lowered(&validity::EXPIRED, &root, &[], &[]));
        assert!(lowered(&store_placement::ROOT_AMONG_INTERMEDIATES, &root, &[], &[]));
        assert!(!lowered(&store_placement::NOT_SELF_SIGNED, &root, &[], &[]));
    }

    #[test]
    fn two_roots_of_one_name_concern_the_clients_of_either() {
        let root = |bits| {
            let mut draft = Draft::ca("Contoso Root CA");
            draft.key = Key::Rsa(bits);
            draft.self_signed().certificate
        };
        let (old, new) = (root(2048), root(4096));
        let intermediate = Draft::ca("Contoso Root CA").issued_by(&Draft::ca("Other").self_signed()).certificate;
        assert!(lowered(&name_ambiguous::ROOTS, &old, &[&intermediate], &[]));
        assert!(!lowered(&name_ambiguous::ROOTS, &old, &[&new], &[]));
        assert!(lowered(&cross_certificate::CROSS, &old, &[&new], &[]));
        assert!(!lowered(&cross_certificate::CROSS, &old, &[&root(2048)], &[]));
    }

    #[test]
    fn what_only_the_disallowed_store_holds_is_where_it_belongs() {
        let ca = Draft::ca("Contoso Issuing CA 1").issued();
        let place = |store| occurrence(Format::RegistryExport, in_store(store));
        assert!(lowered(&disallowed::LISTED, &ca, &[], &[place("Disallowed")]));
        assert!(!lowered(&disallowed::LISTED, &ca, &[], &[place("Disallowed"), place("CA")]));
        let file = occurrence(Format::Der, Properties::default());
        assert!(!lowered(&disallowed::LISTED, &ca, &[], &[place("Disallowed"), file]));
    }
}
