//! What one certificate must satisfy wherever on a path it stands (RFC 5280 sections 6.1.3 (a) and 6.1.4 (k), (n), (o)).

use crate::certificate::oid;
use crate::certificate::{Certificate, Decoded, KeyAlgorithm, KeyUsage, Oid};
use crate::path::settings::Purpose;
use crate::path::trace::{Check, Detail, Failure};
use crate::path::windows;
use crate::time::Time;

/// The extensions that are processed, or that say nothing about validity and so may be critical without harm.
const UNDERSTOOD: &[&[u8]] = &[
    oid::BASIC_CONSTRAINTS,
    oid::KEY_USAGE,
    oid::EXTENDED_KEY_USAGE,
    oid::SUBJECT_ALTERNATIVE_NAME,
    oid::ISSUER_ALTERNATIVE_NAME,
    oid::NAME_CONSTRAINTS,
    oid::CERTIFICATE_POLICIES,
    oid::POLICY_MAPPINGS,
    oid::POLICY_CONSTRAINTS,
    oid::INHIBIT_ANY_POLICY,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::FRESHEST_CRL,
    oid::SUBJECT_KEY_IDENTIFIER,
    oid::AUTHORITY_KEY_IDENTIFIER,
    oid::AUTHORITY_INFORMATION_ACCESS,
    oid::SUBJECT_INFORMATION_ACCESS,
    oid::OCSP_NO_CHECK,
    oid::MS_APPLICATION_POLICIES,
    oid::MS_TEMPLATE,
    oid::MS_TEMPLATE_NAME,
    oid::MS_CA_VERSION,
    oid::MS_PREVIOUS_CA_HASH,
    oid::MS_CROSS_CA_VERSION,
    oid::MS_SID_EXTENSION,
];

/// That it stands in Windows' store of disallowed certificates.
pub(crate) fn disallowed() -> Failure {
    Failure::new(Check::Disallowed, "a certificate that is not disallowed", "in the Disallowed store")
        .differing(&windows::STORES)
}

/// Valid at the moment, both ends included.
pub(crate) fn validity(certificate: &Certificate, at: Time) -> Result<(), Failure> {
    let (Some(first), Some(last)) = (certificate.not_before(), certificate.not_after()) else {
        return Err(Failure::new(Check::Validity, "two dates", "a date that is none"));
    };
    if !certificate.has_der_validity() {
        return Err(Failure::new(
            Check::Validity,
            "dates to the second and in UTC (RFC 5280 section 4.1.2.5)",
            "one without seconds or in another time zone",
        ));
    }
    if at < first {
        return Err(Failure::new(
            Check::Validity,
            format!("notBefore at or before {at}"),
            format!("notBefore {first}"),
        ));
    }
    if at > last {
        let failure = Failure::new(Check::Validity, format!("notAfter at or after {at}"), format!("notAfter {last}"));
        return Err(failure.detailed(Detail::Expired));
    }
    Ok(())
}

/// That the encoding is one that RFC 5280 lets a relying party judge: every extension that matters can be read, none is there
/// twice, none that is critical is unknown.
pub(crate) fn encoding(certificate: &Certificate) -> Result<(), Failure> {
    one_algorithm(certificate)?;
    if let Some(twice) = certificate.duplicate_extension() {
        return Err(Failure::new(
            Check::Extension,
            "each extension once",
            format!("{} twice", extension_name(twice.oid)),
        ));
    }
    key(certificate)?;
    malformed("basic constraints", certificate.basic_constraints())?;
    malformed("key usage", certificate.key_usage())?;
    malformed("extended key usage", certificate.extended_key_usage())?;
    for extension in certificate.extensions().filter(|extension| extension.critical) {
        if !UNDERSTOOD.contains(&extension.oid) {
            return Err(Failure::new(
                Check::CriticalExtension,
                "critical extensions that are understood",
                format!("{}, critical", extension_name(extension.oid)),
            ));
        }
        content_of_critical(certificate, extension.oid)?;
    }
    if certificate.extension(oid::SUBJECT_ALTERNATIVE_NAME).is_some() {
        malformed("subject alternative name", &certificate.subject_alternative_names())?;
    }
    Ok(())
}

/// That the signature algorithm is the same inside and outside what is signed (RFC 5280 section 4.1.1.2).
pub(crate) fn one_algorithm(certificate: &Certificate) -> Result<(), Failure> {
    if certificate.signature_algorithms_agree() {
        return Ok(());
    }
    Err(Failure::new(
        Check::AlgorithmMismatch,
        "one signature algorithm inside and outside what is signed",
        format!("{} outside, another inside", certificate.signature_algorithm()),
    ))
}

/// That what a critical extension says can be processed (RFC 5280 section 4.2), where that is not asked of every one.
fn content_of_critical(certificate: &Certificate, kind: &[u8]) -> Result<(), Failure> {
    match kind {
        kind if kind == oid::CRL_DISTRIBUTION_POINTS => {
            malformed("CRL distribution points", &certificate.crl_distribution_points())
        }
        kind if kind == oid::FRESHEST_CRL => malformed("freshest CRL", &certificate.freshest_crl()),
        kind if kind == oid::AUTHORITY_INFORMATION_ACCESS => {
            malformed("authority information access", &certificate.authority_information_access())
        }
        kind if kind == oid::AUTHORITY_KEY_IDENTIFIER => {
            malformed("authority key identifier", &certificate.authority_key_identifier())
        }
        kind if kind == oid::NAME_CONSTRAINTS => malformed("name constraints", &certificate.name_constraints()),
        kind if kind == oid::POLICY_MAPPINGS => malformed("policy mappings", &certificate.policy_mappings()),
        kind if kind == oid::POLICY_CONSTRAINTS => malformed("policy constraints", &certificate.policy_constraints()),
        kind if kind == oid::INHIBIT_ANY_POLICY => malformed("inhibit any-policy", &certificate.inhibit_any_policy()),
        kind if kind == oid::MS_APPLICATION_POLICIES => {
            malformed("application policies", &certificate.application_policies())
        }
        kind if kind == oid::CERTIFICATE_POLICIES => policy_qualifiers(certificate),
        _ => Ok(()),
    }
}

/// Who cannot interpret a qualifier of critical policies must refuse them (RFC 5280 section 4.2.1.4).
fn policy_qualifiers(certificate: &Certificate) -> Result<(), Failure> {
    let policies = certificate.policies();
    malformed("certificate policies", &policies)?;
    let refuse = |found: String| Failure::new(Check::CriticalExtension, "policy qualifiers that are understood", found);
    for policy in policies.get().into_iter().flatten() {
        let kinds = policy.qualifier_kinds().map_err(|error| refuse(error.to_string()))?;
        if let Some(other) = kinds.iter().find(|kind| **kind != oid::QT_CPS && **kind != oid::QT_USER_NOTICE) {
            return Err(refuse(format!("{}, in critical policies", oid::dotted(other))));
        }
    }
    Ok(())
}

/// The shortest RSA key that Windows takes anywhere on a path (KB 2661254).
pub(crate) const MINIMUM_RSA_BITS: u32 = 1024;

/// That the key is one that anyone may still use: RSA of 1024 bits at least, an elliptic curve by its name (RFC 5480 section 2.1.1).
pub(crate) fn key(certificate: &Certificate) -> Result<(), Failure> {
    let key = certificate.public_key();
    match key.algorithm {
        KeyAlgorithm::Rsa | KeyAlgorithm::RsaPss if key.bits < MINIMUM_RSA_BITS => {
            let expected = format!("an RSA key of {MINIMUM_RSA_BITS} bits at least");
            let failure = Failure::new(Check::Algorithm, expected, format!("{} bits", key.bits));
            Err(failure.detailed(Detail::ShortKey).differing(&windows::SHORT_RSA))
        }
        KeyAlgorithm::Ec if key.curve.is_none() => {
            let failure = Failure::new(Check::Algorithm, "an elliptic curve by its name", "the curve's parameters");
            Err(failure.detailed(Detail::CurveWithoutName))
        }
        _ => Ok(()),
    }
}

pub(crate) fn malformed<T>(what: &str, decoded: &Decoded<T>) -> Result<(), Failure> {
    match decoded {
        Decoded::Malformed(error) => {
            Err(Failure::new(Check::Extension, format!("a well-formed {what}"), error.to_string()))
        }
        _ => Ok(()),
    }
}

fn extension_name(content: &[u8]) -> String {
    let dotted = oid::dotted(content);
    oid::name(content).map_or_else(|| dotted.clone(), |name| format!("{name} ({dotted})"))
}

/// That it may issue certificates: a CA by its basic constraints, and keyCertSign where there is a key usage.
///
/// Roots of X.509 version 1, and self-signed ones without basic constraints, are taken as anchors only (RFC 5280 section 6.1.4 (k)
/// leaves that to other means; Windows and OpenSSL take them).
pub(crate) fn issuer(certificate: &Certificate, is_anchor: bool) -> Result<(), Failure> {
    if certificate.subject().is_empty() {
        return Err(Failure::new(Check::Name, "a CA with a name (RFC 5280 section 4.1.2.6)", "an empty subject"));
    }
    match certificate.basic_constraints() {
        Decoded::Present(constraints) if constraints.ca => {}
        Decoded::Absent if is_anchor && certificate.is_self_issued() => {}
        Decoded::Present(_) => {
            return Err(Failure::new(Check::BasicConstraints, "CA:TRUE", "CA:FALSE"));
        }
        _ => return Err(Failure::new(Check::BasicConstraints, "CA:TRUE", "no basic constraints")),
    }
    match certificate.key_usage().get() {
        Some(usage) if !usage.key_cert_sign() => Err(Failure::new(Check::KeyUsage, "keyCertSign", usage_text(*usage))),
        _ => Ok(()),
    }
}

fn usage_text(usage: KeyUsage) -> String {
    if usage.names().is_empty() { "no usage at all".to_owned() } else { usage.names().join(", ") }
}

/// That its own extensions allow this purpose: extended key usage, and Microsoft's application policies where they are there.
pub(crate) fn allows_usage(certificate: &Certificate, usage: &[u8]) -> Result<(), Failure> {
    let wanted = || oid::name(usage).map_or_else(|| oid::dotted(usage), str::to_owned);
    let refuse = |found: Vec<String>| {
        let found = if found.is_empty() { "no usage at all".to_owned() } else { found.join(", ") };
        Err(Failure::new(Check::ExtendedKeyUsage, wanted(), found))
    };
    let allow = |policies: &[Oid]| {
        let any = [usage, oid::ANY_APPLICATION_POLICY, oid::ANY_EXTENDED_KEY_USAGE];
        policies.iter().any(|one| any.iter().any(|any| *one == **any))
    };
    if let Decoded::Present(usages) = certificate.extended_key_usage()
        && !usages.iter().any(|one| *one == *usage || *one == *oid::ANY_EXTENDED_KEY_USAGE)
    {
        let refused = refuse(usages.iter().map(usage_name).collect());
        return match certificate.application_policies() {
            Decoded::Present(policies) if allow(&policies) => {
                refused.map_err(|failure| failure.differing(&windows::APPLICATION_POLICIES))
            }
            _ => refused,
        };
    }
    if certificate.extension(oid::MS_APPLICATION_POLICIES).is_some() {
        match certificate.application_policies() {
            Decoded::Present(policies) if !allow(&policies) => {
                let refused = refuse(policies.iter().map(usage_name).collect());
                return refused.map_err(|failure| failure.differing(&windows::APPLICATION_POLICIES));
            }
            decoded => malformed("application policies", &decoded)?,
        }
    }
    Ok(())
}

fn usage_name(usage: &Oid) -> String {
    usage.name().map_or_else(|| usage.to_string(), str::to_owned)
}

/// The curves that an end entity's key may be on in TLS: RFC 8422 section 5.1.1 took the others from it, but for RFC 7027 and RFC 8734.
const TLS_CURVES: [&str; 6] = ["P-256", "P-384", "P-521", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"];

/// That TLS takes the signature: "DSA MUST NOT be used" (RFC 8446 section 4.2.3).
pub(crate) fn tls_signature(certificate: &Certificate, purpose: Purpose) -> Result<(), Failure> {
    if purpose == Purpose::Any || !certificate.signature_algorithm().is_dsa() {
        return Ok(());
    }
    let found = certificate.signature_algorithm().to_string();
    Err(Failure::new(Check::Tls, "a signature algorithm that TLS takes (RFC 8446 section 4.2.3)", found))
}

/// That an end entity can take part in TLS with its key.
pub(crate) fn tls_key(certificate: &Certificate, purpose: Purpose) -> Result<(), Failure> {
    let key = certificate.public_key();
    let found = match (&key.algorithm, &key.curve) {
        _ if purpose == Purpose::Any => return Ok(()),
        (KeyAlgorithm::Dsa, _) => "DSA".to_owned(),
        (KeyAlgorithm::Ec, Some(curve)) if !TLS_CURVES.contains(&&**curve) => format!("EC on {curve}"),
        _ => return Ok(()),
    };
    Err(Failure::new(Check::Tls, "a key that TLS takes (RFC 8446 section 4.2.3)", found))
}

/// That the key usage of the end-entity certificate, where it has one, allows a TLS handshake for the purpose
/// (RFC 5280 section 4.2.1.12, RFC 8446 section 4.4.2.2).
pub(crate) fn end_entity_key_usage(certificate: &Certificate, purpose: Purpose) -> Result<(), Failure> {
    let Some(usage) = certificate.key_usage().get() else { return Ok(()) };
    let (allowed, expected) = match purpose {
        Purpose::Client => (usage.digital_signature() || usage.key_agreement(), "digitalSignature or keyAgreement"),
        Purpose::Server => (
            usage.digital_signature() || usage.key_encipherment() || usage.key_agreement(),
            "digitalSignature, keyEncipherment or keyAgreement",
        ),
        Purpose::Any => return Ok(()),
    };
    if allowed { Ok(()) } else { Err(Failure::new(Check::KeyUsage, expected, usage_text(*usage))) }
}
