//! Certificates, CRLs and names: everything that is ever asked of one, and the records and lines that are made of it.

use std::sync::{Arc, LazyLock};

use crate::certificate::{Certificate, Crl, Name, fold, oid};
use crate::cmg::profile::ProfileName;
use crate::cmg::rules::{self, Part, RuleContext};
use crate::cmg::{Settings, passed_over};
use crate::der_writer::{element, sequence};
use crate::fuzzing::der;
use crate::fuzzing::{moment, occurrence, two_parts};
use crate::ops::Inspection;
use crate::path::name_constraints::Constraints;
use crate::path::verdict::can_authenticate_clients;
use crate::pool::Entry;
use crate::report::model::CertificateRecord;
use crate::report::style::Style;
use crate::report::{csv, inspect_text, json};

static SETTINGS: LazyLock<Settings> = LazyLock::new(Settings::default);

/// An encoded certificate.
pub fn certificate(data: &[u8]) {
    if let Ok(certificate) = Certificate::from_der(data) {
        assert_eq!(certificate.der().as_ref(), data, "the bytes found are the bytes kept");
        examine(certificate);
    }
}

/// One extension of a certificate that is otherwise in order: the first byte says which.
pub fn extension(data: &[u8]) {
    const KINDS: &[&[u8]] = &[
        oid::BASIC_CONSTRAINTS,
        oid::KEY_USAGE,
        oid::EXTENDED_KEY_USAGE,
        oid::SUBJECT_ALTERNATIVE_NAME,
        oid::SUBJECT_KEY_IDENTIFIER,
        oid::AUTHORITY_KEY_IDENTIFIER,
        oid::CRL_DISTRIBUTION_POINTS,
        oid::FRESHEST_CRL,
        oid::AUTHORITY_INFORMATION_ACCESS,
        oid::CERTIFICATE_POLICIES,
        oid::POLICY_MAPPINGS,
        oid::POLICY_CONSTRAINTS,
        oid::INHIBIT_ANY_POLICY,
        oid::NAME_CONSTRAINTS,
        oid::MS_TEMPLATE,
        oid::MS_TEMPLATE_NAME,
        oid::MS_APPLICATION_POLICIES,
        oid::MS_CA_VERSION,
        oid::MS_PREVIOUS_CA_HASH,
        oid::MS_SID_EXTENSION,
    ];
    let Some((first, content)) = data.split_first() else { return };
    let kind = KINDS[usize::from(*first) % KINDS.len()];
    let subject = der::name(oid::COMMON_NAME, 12, b"PC001.contoso.com");
    if let Some(certificate) = der::certificate(&subject, der::extension(kind, *first >= 128, content)) {
        examine(certificate);
    }
}

/// Asks everything that any command asks of a certificate by itself, and prints it in every form.
fn examine(certificate: Certificate) {
    let subject = certificate.subject();
    assert!(subject.matches(&subject));
    let _ = (certificate.public_key().bits, certificate.version(), certificate.is_ca(), certificate.is_self_issued());
    let _ = (certificate.duplicate_extension().is_some(), certificate.signature_algorithms_agree());
    let _ = (can_authenticate_clients(&certificate), passed_over::passed_over(&certificate, []).is_some());
    let _ = (certificate.name_constraints().get().is_some(), certificate.policy_mappings().get().is_some());
    let _ = (certificate.policy_constraints().get().is_some(), certificate.inhibit_any_policy().get().is_some());
    let _ = certificate.freshest_crl().get().is_some();
    let occurrence = occurrence();
    for part in [Part::EndEntity, Part::Intermediate, Part::Root] {
        let context = RuleContext::new(moment(), &SETTINGS, ProfileName::Client);
        for finding in rules::judge(&certificate, std::slice::from_ref(&occurrence), part, &context) {
            assert!(!finding.message.is_empty());
        }
    }
    let size = certificate.der().len();
    let entry = Entry::new(Arc::new(certificate), occurrence);
    let record = CertificateRecord::new(&entry, moment());

    let json = json::document(&record);
    assert!(json.is_ascii(), "JSON is ASCII");
    assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok(), "JSON is JSON");
    assert!(json.len() <= 16 * 1024 + 64 * size, "{} bytes of JSON from {size}", json.len());

    let row = csv::inspect_row(&record);
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(&*row);
    let rows: Vec<::csv::StringRecord> = reader.records().map_while(Result::ok).collect();
    assert_eq!(rows.len(), 1, "one line a certificate");
    assert!(rows.iter().all(|row| row.len() == csv::INSPECT_COLUMNS.len()));

    let mut text = Vec::new();
    let found = Inspection { certificates: vec![entry], ..Inspection::default() };
    let written = inspect_text::write(&mut text, &Style::default(), &found, moment());
    assert!(written.is_ok());
    let shown = String::from_utf8_lossy(&text);
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "no control character reaches a terminal");
}

/// An encoded CRL.
pub fn crl(data: &[u8]) {
    let Ok(crl) = Crl::from_der(data) else { return };
    assert_eq!(crl.der(), data);
    let _ = (crl.flaw().is_some(), crl.is_current_at(moment()), crl.is_delta(), format!("{crl:?}"));
    let _ = crl.issuing_distribution_point().is_some_and(|point| point.indirect);
    let _ = (crl.authority_key_identifier().get().is_some(), crl.freshest_crl().get().is_some());
    let entries: Vec<_> = crl.entries().take(1000).collect();
    assert_eq!(crl.entries().count(), crl.len());
    assert_eq!(crl.is_empty(), entries.is_empty());
    for entry in entries.iter().filter(|entry| entry.certificate_issuer.is_empty()).take(50) {
        assert!(crl.entry(&crl.issuer(), entry.serial_number).is_some(), "what is listed is found");
    }
}

/// Two encoded names: matching is what comparing the comparable forms is.
pub fn name(data: &[u8]) {
    let (one, two) = two_parts(data);
    let (one, two) = (Name::new(one), Name::new(two));
    for name in [&one, &two] {
        let _ = (name.to_string(), name.short(), name.common_name(), name.check().is_ok());
        assert!(name.matches(name));
        for attribute in name.attributes() {
            let _ = (attribute.oid_text(), attribute.key());
            let text = attribute.text();
            let folded = fold(&text);
            assert_eq!(fold(&folded), folded, "what is folded stays as it is");
        }
        assert_eq!(name.comparable_parts().concat(), name.comparable());
    }
    let matching = one.matches(&two);
    assert_eq!(matching, two.matches(&one));
    assert_eq!(matching, one.comparable() == two.comparable());
}

/// Name constraints above names: the first part is the constraints, the second the alternative names, or with an odd first byte
/// the subject.
pub fn name_constraints(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    let (constraints, names) = two_parts(data);
    let root = der::name(oid::COMMON_NAME, 12, b"Root");
    let authority =
        [der::basic_constraints(true, None), der::extension(oid::NAME_CONSTRAINTS, true, &sequence(&[constraints]))];
    let Some(authority) = der::certificate(&root, authority.concat()) else { return };
    let (subject, extensions) = match kind % 3 {
        0 => (sequence(&[]), der::extension(oid::SUBJECT_ALTERNATIVE_NAME, true, &sequence(&[names]))),
        1 => (sequence(&[names]), Vec::new()),
        _ => (sequence(&[&element(0x31, names)]), Vec::new()),
    };
    if let Some(leaf) = der::certificate(&subject, extensions)
        && let Err(failure) = Constraints::of(&authority).check(&leaf, &mut Default::default())
    {
        assert!(!failure.expected.is_empty() && !failure.found.is_empty());
    }
}
