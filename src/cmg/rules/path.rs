//! What follows from the paths of a certificate, and from its revocation status.

pub(crate) use crate::cmg::rules::validity::outlives_issuer;

use crate::certificate::{Certificate, Crl};
use crate::cmg::catalogue::{
    basic_constraints, disallowed, key_length, name_encoding, path_incomplete, path_invalid, revocation_unknown,
    revoked, signature, signature_hash, trust_restricted, validity,
};
use crate::cmg::finding::{Case, Finding, Severity};
use crate::cmg::profile::CrlReader;
use crate::cmg::rules::RuleContext;
use crate::path::checks::one_algorithm;
use crate::path::{Check, Detail, Failure, Missing};
use crate::time::Time;

/// What is wrong where a path of `certificate` goes no farther: a certificate on it has a signature that does not hold or cannot be
/// checked, or its issuer is missing.
pub(crate) fn where_it_ends(certificate: &Certificate, missing: &Missing) -> Finding {
    match &missing.refused {
        Some(refusal) if missing.is_fault_below() => {
            let is_own = refusal.below.sha256() == certificate.sha256() && refusal.candidate != refusal.below;
            if is_own {
                refused_by(&refusal.candidate, &refusal.failure)
            } else {
                invalid(&refusal.below, &refusal.failure)
            }
        }
        _ => incomplete(missing),
    }
}

/// That a path ends where an issuer is missing, or is none of those of its name.
pub(crate) fn incomplete(missing: &Missing) -> Finding {
    let mut message = match &missing.refused {
        None => format!("the certificate of the issuer {} is not among the sources", missing.subject),
        Some(refusal) => missing.why(&refusal.below.short_subject()),
    };
    if let Some(identifier) = &missing.key_identifier {
        message.push_str(&format!(", key identifier {identifier}"));
    }
    if let Some(serial) = &missing.serial_number {
        message.push_str(&format!(", serial number {serial}"));
    }
    // One that anybody can fetch, rather than what only the domain's members can.
    let by_http = missing.aia.iter().find(|address| address.starts_with("http"));
    if let Some(address) = by_http.or(missing.aia.first()) {
        message.push_str(&format!("; it is published at {address}"));
    }
    let finding = Finding::new(&path_incomplete::MISSING_ISSUER, message);
    match &missing.refused {
        None => finding.expected(missing.subject.clone()).found("none"),
        Some(refusal) => finding.expected(&*refusal.failure.expected).found(&*refusal.failure.found),
    }
}

/// That the search ended on its budget.
pub(crate) fn exhausted(limit: &str) -> Finding {
    let message = format!("the search for a path ended on its budget ({limit}) before one was found");
    Finding::new(&path_incomplete::BUDGET, message).found(limit)
}

/// That the path ends at a trust anchor that is no root.
pub(crate) fn no_root(anchor: &Certificate) -> Finding {
    let message = format!(
        "no path leads to a root: the best ends at the trust anchor {}, and what stands above that was not looked at; name the root \
         with --trust",
        anchor.short_subject()
    );
    Finding::new(&path_incomplete::NO_ROOT, message).expected("a self-signed trust anchor").found("an intermediate")
}

/// That no path holds, because of a failure at a certificate other than this one.
pub(crate) fn invalid(at_fault: &Certificate, failure: &Failure) -> Finding {
    if failure.check == Check::Untrusted {
        let message = format!("the path ends at {}, which is not among the trust anchors", at_fault.short_subject());
        let finding = Finding::new(&path_incomplete::UNTRUSTED_ROOT, message);
        return finding.expected(&*failure.expected).found(&*failure.found);
    }
    if failure.check == Check::Budget {
        return exhausted(&failure.found);
    }
    let mut message = format!("no path is valid: {} fails the check {failure}", at_fault.short_subject());
    message.push_str(&differing(failure));
    Finding::new(&path_invalid::REFUSED, message).expected(&*failure.expected).found(&*failure.found)
}

/// That the issuer's name is that of these CA certificates only by comparison, in none of them byte for byte.
pub(crate) fn name_encoding<'a>(
    certificate: &Certificate,
    issuers: impl IntoIterator<Item = &'a Certificate>,
) -> Option<Finding> {
    let name = certificate.issuer();
    let mut issuers = issuers.into_iter().peekable();
    issuers.peek()?;
    if issuers.any(|issuer| issuer.subject().as_bytes() == name.as_bytes()) {
        return None;
    }
    let message = format!(
        "it names its issuer {} in another encoding than the issuer's own certificate does: equal by RFC 5280, but Windows may \
         not take the two for the same",
        name.short()
    );
    Some(Finding::new(&name_encoding::OTHER, message).expected("the same bytes").found("another encoding"))
}

/// What a failed check says of the certificate at fault itself: the finding of its own kind, where there is one. `at` tells
/// what has expired from what is not valid yet.
pub(crate) fn at_fault(certificate: &Certificate, is_ca: bool, failure: &Failure, at: Time) -> Finding {
    let case: &'static Case = match failure.check {
        Check::Validity if certificate.not_before().is_some_and(|from| at < from) => &validity::NOT_YET,
        Check::Validity => &validity::EXPIRED,
        Check::Signature => &signature::BAD,
        // Of its own key, and not of how it was signed.
        Check::Algorithm if is_ca && failure.detail == Some(Detail::ShortKey) => &key_length::CA_REFUSED,
        Check::Algorithm if failure.detail.is_none() => &signature::UNSUPPORTED,
        Check::AlgorithmMismatch => &signature::MISMATCH,
        Check::BasicConstraints => &basic_constraints::NOT_A_CA,
        Check::PathLength => &basic_constraints::PATH_LENGTH,
        Check::KeyUsage if is_ca => &basic_constraints::NO_CERTIFICATE_SIGNING,
        Check::Disallowed => &disallowed::LISTED,
        // It is the root's store entry that is limited, and the certificate below it that fails.
        Check::StoreRestriction if is_ca => &trust_restricted::USAGE,
        // A hold can be lifted; every other reason is final (RFC 5280 section 5.3.1).
        Check::Revoked if failure.found.contains("certificateHold") => &revoked::HOLD,
        Check::Revoked => &revoked::REVOKED,
        // Only where it must be known is it checked at all.
        Check::RevocationUnknown => &revocation_unknown::REQUIRED,
        _ => return invalid(certificate, failure),
    };
    let mut message = format!("{}: expected {}, found {}", case.title, failure.expected, failure.found);
    message.push_str(&differing(failure));
    Finding::new(case, message).expected(&*failure.expected).found(&*failure.found)
}

/// Where Windows differs from RFC 5280 in what failed, as the end of a message.
fn differing(failure: &Failure) -> String {
    failure.windows.map_or_else(String::new, |windows| {
        format!(". Where Windows differs: {}", windows.note()).trim_end_matches('.').to_owned()
    })
}

/// That the issuer's key did not make the signature, or cannot be tried.
pub(crate) fn refused_by(issuer: &Certificate, failure: &Failure) -> Finding {
    let name = issuer.short_subject();
    if failure.check == Check::AlgorithmMismatch {
        return mismatched(failure);
    }
    if failure.check == Check::Algorithm {
        let mut message = format!("the signature could not be verified: {} is not supported", failure.found);
        message.push_str(&differing(failure));
        return Finding::new(&signature::UNSUPPORTED, message).found(&*failure.found);
    }
    let message = format!("the signature does not verify with the key of the issuer {name}");
    Finding::new(&signature::BAD, message).expected(format!("a signature by {name}")).found("another")
}

/// That the signature algorithm is another inside what is signed than outside.
fn mismatched(failure: &Failure) -> Finding {
    let message = format!("{}: expected {}, found {}", signature::MISMATCH.title, failure.expected, failure.found);
    Finding::new(&signature::MISMATCH, message).expected(&*failure.expected).found(&*failure.found)
}

/// That a root's own key did not make its signature.
pub(crate) fn damaged_root(root: &Certificate) -> Finding {
    if let Err(mismatch) = one_algorithm(root) {
        return mismatched(&mismatch);
    }
    let message = "the root names its own key as its issuer's, but that key did not make its signature: the certificate was damaged";
    Finding::new(&signature::BAD, message).expected("a signature by itself").found("another")
}

/// A hash that can be forged is the reason for which a signature is not looked at: that it could not be verified goes without
/// saying then.
pub(crate) fn drop_what_follows(known: &[Finding], found: &mut Vec<Finding>) {
    if known.iter().any(|finding| finding.case == &signature_hash::BROKEN) {
        found.retain(|finding| finding.case != &signature::UNSUPPORTED);
    }
}

/// That no CRL at hand tells whether the certificate is revoked; `nearest` is the one that came nearest to telling. Information
/// where a CMG that verifies no revocation would be the one to read it.
pub(crate) fn revocation_unknown(is_ca: bool, why: &str, nearest: Option<&Crl>, context: &RuleContext<'_>) -> Finding {
    let mut finding = unweighed_revocation_unknown(is_ca, why, nearest, context.at);
    if context.profile().crl_reader == CrlReader::Cmg && !context.settings.parameters.cmg_revocation {
        finding.severity = Severity::Info;
    }
    finding
}

fn unweighed_revocation_unknown(is_ca: bool, why: &str, nearest: Option<&Crl>, at: Time) -> Finding {
    match nearest.and_then(Crl::next_update).filter(|next| *next < at) {
        None if is_ca && nearest.is_none() => {
            let message = format!("whether it is revoked is not known: {why}");
            Finding::new(&revocation_unknown::CA_UNKNOWN, message).found("unknown")
        }
        Some(since) => {
            let message = format!("the CRL at hand is past its next update of {since}: {why}");
            Finding::new(&revocation_unknown::STALE, message).found(since.to_string())
        }
        None => {
            let message = format!("whether it is revoked is not known: {why}");
            Finding::new(&revocation_unknown::UNKNOWN, message).found("unknown")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmg::profile::ProfileName;
    use crate::cmg::rules::Part;
    use crate::cmg::settings::Settings;
    use crate::cmg::testing::{Draft, Key, now};

    fn label(finding: &Finding) -> String {
        finding.case.full_name()
    }

    #[test]
    fn a_missing_issuer_is_named_with_all_that_is_known_of_it() {
        let mut missing = Missing::issuer_of(&Draft::client("pc1").issued());
        missing.key_identifier = Some("aabb".into());
        missing.aia = vec!["http://pki.contoso.com/issuing.cer".into()];
        let finding = incomplete(&missing);
        assert_eq!(label(&finding), "path-incomplete/missing-issuer");
        for part in ["CN=Contoso Issuing CA 1", "aabb", "http://pki.contoso.com/issuing.cer"] {
            assert!(finding.message.contains(part), "{}", finding.message);
        }
    }

    #[test]
    fn a_root_that_is_no_anchor_is_incomplete_and_any_other_failure_is_invalid() {
        let root = Draft::ca("Contoso Root CA").self_signed().certificate;
        let failure = |check| Failure::new(check, "this", "that");
        assert_eq!(label(&invalid(&root, &failure(Check::Untrusted))), "path-incomplete/untrusted-root");
        let finding = invalid(&root, &failure(Check::NameConstraints));
        assert_eq!(label(&finding), "path-invalid/refused");
        assert_eq!((finding.expected.as_deref(), finding.found.as_deref()), (Some("this"), Some("that")));
        assert!(finding.message.contains("Contoso Root CA") && finding.message.contains("name-constraints"));
    }

    #[test]
    fn an_anchor_that_is_no_root_is_told_in_words_that_hold_for_every_profile() {
        let finding = no_root(&Draft::ca("Contoso Policy CA").issued());
        assert_eq!(label(&finding), "path-incomplete/no-root");
        assert!(
            finding.message.contains("Contoso Policy CA") && finding.message.ends_with("name the root with --trust")
        );
        assert!(!finding.message.contains("CMG"), "{}", finding.message);
    }

    #[test]
    fn a_failed_check_is_the_finding_of_its_kind_at_the_certificate_at_fault() {
        let mut draft = Draft::ca("CA");
        draft.not_before = now().plus_days(1);
        let early = draft.issued();
        let ca = Draft::ca("CA").issued();
        for (certificate, check, expected) in [
            (&early, Check::Validity, "validity/not-yet"),
            (&ca, Check::Validity, "validity/expired"),
            (&ca, Check::PathLength, "basic-constraints/path-length"),
            (&ca, Check::BasicConstraints, "basic-constraints/not-a-ca"),
            (&ca, Check::KeyUsage, "basic-constraints/no-certificate-signing"),
            (&ca, Check::Signature, "signature/bad"),
            (&ca, Check::Algorithm, "signature/unsupported"),
            (&ca, Check::AlgorithmMismatch, "signature/mismatch"),
            (&ca, Check::Disallowed, "disallowed/listed"),
            (&ca, Check::Revoked, "revoked/revoked"),
            (&ca, Check::Policy, "path-invalid/refused"),
        ] {
            let failure = Failure::new(check, "this", "that");
            assert_eq!(label(&at_fault(certificate, true, &failure, now())), expected);
        }
    }

    #[test]
    fn a_check_that_refuses_the_path_of_a_client_is_an_error() {
        let client = Draft::client("pc1").issued();
        for check in [
            Check::Signature,
            Check::Algorithm,
            Check::AlgorithmMismatch,
            Check::Validity,
            Check::BasicConstraints,
            Check::PathLength,
            Check::KeyUsage,
            Check::ExtendedKeyUsage,
            Check::CriticalExtension,
            Check::Extension,
            Check::NameConstraints,
            Check::Policy,
            Check::Tls,
            Check::Conformance,
            Check::Revoked,
            Check::RevocationUnknown,
            Check::Disallowed,
            Check::StoreRestriction,
            Check::Untrusted,
            Check::Loop,
            Check::Budget,
        ] {
            let failure = Failure::new(check, "this", "that");
            for finding in [at_fault(&client, false, &failure, now()), invalid(&client, &failure)] {
                assert_eq!(finding.severity, Severity::Error, "{check:?}: {}", label(&finding));
            }
        }
    }

    #[test]
    fn a_ca_whose_key_is_refused_is_told_of_its_key_and_not_of_its_signature() {
        let with_key = |key| {
            let mut draft = Draft::ca("CA");
            draft.key = key;
            draft.issued()
        };
        let told = |ca: &Certificate| label(&at_fault(ca, true, &crate::path::checks::key(ca).unwrap_err(), now()));
        assert_eq!(told(&with_key(Key::Rsa(992))), "key-length/ca-refused");
        let rule = crate::cmg::rules::checks::found;
        let of_rule = |bits| rule(&with_key(Key::Rsa(bits)), Part::Intermediate, ProfileName::Client);
        assert_eq!(
            (of_rule(1023), of_rule(1024)),
            (vec!["key-length/ca-refused".into()], vec!["key-length/ca-short".into()])
        );
    }

    #[test]
    fn a_name_in_another_encoding_is_found_where_no_certificate_of_the_issuer_has_its_bytes() {
        let client = Draft::client("pc1").issued();
        let same = Draft::ca("Contoso Issuing CA 1").issued();
        let other = Draft::ca("CONTOSO  Issuing CA 1").issued();
        let label = |issuers: &[&Certificate]| name_encoding(&client, issuers.iter().copied()).as_ref().map(label);
        assert_eq!(label(&[&other]).as_deref(), Some("name-encoding/other-encoding"));
        assert_eq!(label(&[&other, &same]), None);
        assert_eq!(label(&[]), None, "what is missing has no encoding");
    }

    #[test]
    fn a_signature_that_does_not_hold_is_told_from_one_that_cannot_be_checked() {
        let ca = Draft::ca("CA").issued();
        let refused = |check| refused_by(&ca, &Failure::new(check, "a supported algorithm and key", "GOST"));
        assert_eq!(label(&refused(Check::Signature)), "signature/bad");
        assert_eq!(label(&refused(Check::Algorithm)), "signature/unsupported");
        assert!(refused(Check::Algorithm).message.contains("GOST"));
    }

    #[test]
    fn revocation_that_is_not_known_weighs_less_where_only_the_crl_above_a_ca_was_not_given() {
        let told = |is_ca, settings: &str, profile| {
            let settings = Settings::parse(settings).unwrap();
            revocation_unknown(is_ca, "no CRL of CA", None, &RuleContext::new(now(), &settings, profile))
        };
        let finding = told(false, "", ProfileName::Client);
        assert_eq!((label(&finding).as_str(), finding.severity), ("revocation-unknown/unknown", Severity::Warning));
        let finding = told(true, "", ProfileName::Client);
        assert_eq!((label(&finding).as_str(), finding.severity), ("revocation-unknown/ca-unknown", Severity::Info));
        // Who does not ask needs no answer: but that is the CMG alone.
        let off = "[parameters]\ncmg-revocation = \"off\"\n";
        assert_eq!(told(false, off, ProfileName::Client).severity, Severity::Info);
        assert_eq!(told(false, off, ProfileName::ManagementPoint).severity, Severity::Warning);
    }
}
