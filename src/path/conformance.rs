//! What RFC 5280 section 4 asks of a CA that issues, and section 6 does not ask of who validates: looked at only when asked for.

use crate::certificate::{Certificate, oid};
use crate::path::trace::{Check, Failure};

/// The extensions whose criticality section 4.2 prescribes with MUST, and what it prescribes.
const CRITICALITY: [(&[u8], bool, &str); 9] = [
    (oid::AUTHORITY_KEY_IDENTIFIER, false, "4.2.1.1"),
    (oid::SUBJECT_KEY_IDENTIFIER, false, "4.2.1.2"),
    (oid::NAME_CONSTRAINTS, true, "4.2.1.10"),
    (oid::POLICY_CONSTRAINTS, true, "4.2.1.11"),
    (oid::INHIBIT_ANY_POLICY, true, "4.2.1.14"),
    (oid::SUBJECT_DIRECTORY_ATTRIBUTES, false, "4.2.1.8"),
    (oid::FRESHEST_CRL, false, "4.2.1.15"),
    (oid::AUTHORITY_INFORMATION_ACCESS, false, "4.2.2.1"),
    (oid::SUBJECT_INFORMATION_ACCESS, false, "4.2.2.2"),
];

fn failure(section: &str, expected: &str, found: impl Into<String>) -> Result<(), Failure> {
    Err(Failure::new(Check::Conformance, format!("{expected} (RFC 5280 section {section})"), found))
}

/// The first thing that section 4 forbids, or that it asks for and that is not there.
pub(crate) fn check(certificate: &Certificate) -> Result<(), Failure> {
    serial_number(certificate)?;
    for (extension, critical, section) in CRITICALITY {
        if let Some(found) = certificate.extension(extension)
            && found.critical != critical
        {
            let [expected, found] = if critical { ["", "not "] } else { ["not ", ""] };
            let name = oid::name(extension).map_or_else(|| oid::dotted(extension), str::to_owned);
            return failure(section, &format!("{name} {expected}marked critical"), format!("{found}marked critical"));
        }
    }
    key_identifiers(certificate)?;
    let may_sign = certificate.key_usage().get().is_some_and(|usage| usage.key_cert_sign());
    match certificate.basic_constraints().get() {
        Some(constraints) if constraints.ca => issuer(certificate),
        // Version 1, or a root that means to be a CA.
        None if certificate.is_ca() => failure("4.2.1.9", "basic constraints in a CA certificate", "none"),
        _ if may_sign => failure("4.2.1.3", "keyCertSign only in a CA certificate", "keyCertSign without CA:TRUE"),
        Some(constraints) if constraints.path_length.is_some() => {
            failure("4.2.1.9", "a path length only in a CA certificate", "a path length without CA:TRUE")
        }
        _ => subject(certificate),
    }
}

fn serial_number(certificate: &Certificate) -> Result<(), Failure> {
    let serial = certificate.serial_number();
    let positive = serial.first().is_some_and(|byte| byte & 0x80 == 0) && serial.iter().any(|byte| *byte != 0);
    match serial.len() {
        1..=20 if positive => Ok(()),
        1..=20 => failure("4.1.2.2", "a positive serial number", certificate.serial_number_hex()),
        length => failure("4.1.2.2", "a serial number of up to 20 octets", format!("{length} octets")),
    }
}

fn key_identifiers(certificate: &Certificate) -> Result<(), Failure> {
    let authority = certificate.authority_key_identifier();
    let identifies = authority.get().is_some_and(|authority| authority.key_identifier.is_some());
    if !identifies && !certificate.is_self_signed() {
        let found = if authority.is_absent() { "none" } else { "one without a key identifier" };
        return failure("4.2.1.1", "an authority key identifier with the issuer's key identifier", found);
    }
    if certificate.is_ca() && certificate.subject_key_identifier().is_none() {
        return failure("4.2.1.2", "a subject key identifier in a CA certificate", "none");
    }
    Ok(())
}

fn issuer(certificate: &Certificate) -> Result<(), Failure> {
    if certificate.extension(oid::BASIC_CONSTRAINTS).is_some_and(|constraints| !constraints.critical) {
        return failure("4.2.1.9", "basic constraints marked critical in a CA certificate", "not marked critical");
    }
    if certificate.key_usage().is_absent() {
        return failure("4.2.1.3", "key usage in a CA certificate", "none");
    }
    Ok(())
}

fn subject(certificate: &Certificate) -> Result<(), Failure> {
    let names = certificate.extension(oid::SUBJECT_ALTERNATIVE_NAME);
    if certificate.subject().is_empty() && names.is_none_or(|names| !names.critical) {
        let expected = "a subject, or a subject alternative name that is marked critical";
        let found = if names.is_some() { "no subject, and one not marked critical" } else { "neither" };
        return failure("4.2.1.6", expected, found);
    }
    Ok(())
}
