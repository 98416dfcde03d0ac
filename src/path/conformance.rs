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

/// What departs, as far as it was found.
#[derive(Default)]
struct Departures(Vec<Failure>);

impl Departures {
    fn add(&mut self, section: &str, expected: &str, found: impl Into<String>) {
        let expected = format!("{expected} (RFC 5280 section {section})");
        self.0.push(Failure::new(Check::Conformance, expected, found));
    }
}

/// That section 4 forbids nothing of it, and that nothing is missing that it asks for; else the first thing.
pub(crate) fn check(certificate: &Certificate) -> Result<(), Failure> {
    departures(certificate).into_iter().next().map_or(Ok(()), Err)
}

/// Everything that section 4 forbids, or that it asks for and that is not there.
pub(crate) fn departures(certificate: &Certificate) -> Vec<Failure> {
    let mut found = Departures::default();
    serial_number(certificate, &mut found);
    for (kind, critical, section) in CRITICALITY {
        if let Some(extension) = certificate.extension(kind)
            && extension.critical != critical
        {
            let [expected, instead] = if critical { ["", "not "] } else { ["not ", ""] };
            let name = oid::name(kind).map_or_else(|| oid::dotted(kind), str::to_owned);
            found.add(section, &format!("{name} {expected}marked critical"), format!("{instead}marked critical"));
        }
    }
    for (name, error) in certificate.passed_over_behind_values() {
        found.add("4.2", "nothing behind the value of an extension", format!("{name}: {error}"));
    }
    key_identifiers(certificate, &mut found);
    let may_sign = certificate.key_usage().get().is_some_and(|usage| usage.key_cert_sign());
    match certificate.basic_constraints().get() {
        Some(constraints) if constraints.ca => issuer(certificate, &mut found),
        // Version 1, or a root that means to be a CA.
        None if certificate.is_ca() => found.add("4.2.1.9", "basic constraints in a CA certificate", "none"),
        constraints => {
            if may_sign {
                found.add("4.2.1.3", "keyCertSign only in a CA certificate", "keyCertSign without CA:TRUE");
            }
            if constraints.is_some_and(|constraints| constraints.path_length.is_some()) {
                found.add("4.2.1.9", "a path length only in a CA certificate", "a path length without CA:TRUE");
            }
            subject(certificate, &mut found);
        }
    }
    found.0
}

fn serial_number(certificate: &Certificate, found: &mut Departures) {
    let serial = certificate.serial_number();
    let positive = serial.first().is_some_and(|byte| byte & 0x80 == 0) && serial.iter().any(|byte| *byte != 0);
    if !positive && !serial.is_empty() {
        found.add("4.1.2.2", "a positive serial number", certificate.serial_number_hex());
    }
    if !(1..=20).contains(&serial.len()) {
        found.add("4.1.2.2", "a serial number of up to 20 octets", format!("{} octets", serial.len()));
    }
}

fn key_identifiers(certificate: &Certificate, found: &mut Departures) {
    let authority = certificate.authority_key_identifier();
    let identifies = authority.get().is_some_and(|authority| authority.key_identifier.is_some());
    if !identifies && !certificate.is_self_signed() {
        let instead = if authority.is_absent() { "none" } else { "one without a key identifier" };
        found.add("4.2.1.1", "an authority key identifier with the issuer's key identifier", instead);
    }
    if certificate.is_ca() && certificate.subject_key_identifier().is_none() {
        found.add("4.2.1.2", "a subject key identifier in a CA certificate", "none");
    }
}

fn issuer(certificate: &Certificate, found: &mut Departures) {
    if certificate.extension(oid::BASIC_CONSTRAINTS).is_some_and(|constraints| !constraints.critical) {
        found.add("4.2.1.9", "basic constraints marked critical in a CA certificate", "not marked critical");
    }
    if certificate.key_usage().is_absent() {
        found.add("4.2.1.3", "key usage in a CA certificate", "none");
    }
}

fn subject(certificate: &Certificate, found: &mut Departures) {
    let names = certificate.extension(oid::SUBJECT_ALTERNATIVE_NAME);
    if certificate.subject().is_empty() && names.is_none_or(|names| !names.critical) {
        let expected = "a subject, or a subject alternative name that is marked critical";
        let instead = if names.is_some() { "no subject, and one not marked critical" } else { "neither" };
        found.add("4.2.1.6", expected, instead);
    }
}
