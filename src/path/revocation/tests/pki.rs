//! CAs and certificates for the tests, of the years 2025 to 2030, judged on 2026-06-01.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber,
};

use crate::certificate::crl::build::{self, List};
use crate::certificate::{Certificate, Crl, oid};
use crate::der_writer::{element, sequence};
use crate::path::revocation::{CrlIssuer, CrlSigners, CrlStore, RevocationStatus, SignerPaths, status};
use crate::time::Time;

pub(super) fn at() -> Time {
    Time::parse("2026-06-01").unwrap()
}

/// A certificate with its key.
pub(super) struct Ca {
    pub(super) certificate: Arc<Certificate>,
    pub(super) params: CertificateParams,
    pub(super) key: KeyPair,
}

fn params(common_name: &str, serial: &[u8]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.serial_number = Some(SerialNumber::from_slice(serial));
    params.not_before = rcgen::date_time_ymd(2025, 1, 1);
    params.not_after = rcgen::date_time_ymd(2030, 1, 1);
    params
}

fn ca_params(common_name: &str, serial: &[u8]) -> CertificateParams {
    let mut params = params(common_name, serial);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

pub(super) fn ca_version(certificate: u32, key: u32) -> Vec<u8> {
    build::integer(u64::from(key << 16 | certificate))
}

impl Ca {
    pub(super) fn root(common_name: &str) -> Self {
        Self::root_with(common_name, |_| {})
    }

    pub(super) fn root_with(common_name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = ca_params(common_name, &[1]);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self { certificate: Arc::new(Certificate::from_vec(der).unwrap()), params, key }
    }

    fn issue_params(&self, params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let der = params.signed_by(&key, &Issuer::from_params(&self.params, &self.key)).unwrap().der().to_vec();
        Self { certificate: Arc::new(Certificate::from_vec(der).unwrap()), params, key }
    }

    pub(super) fn ca(&self, common_name: &str, serial: &[u8]) -> Self {
        self.issue_params(ca_params(common_name, serial))
    }

    pub(super) fn user(&self, common_name: &str, serial: &[u8]) -> Self {
        self.user_with(common_name, serial, |_| {})
    }

    pub(super) fn user_with(
        &self,
        common_name: &str,
        serial: &[u8],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let mut params = params(common_name, serial);
        change(&mut params);
        self.issue_params(params)
    }

    /// A user's certificate with these DistributionPoints.
    pub(super) fn user_at(&self, serial: &[u8], points: &[u8]) -> Self {
        self.user_with("PC1", serial, |params| {
            let content = sequence(&[points]);
            params.custom_extensions.push(CustomExtension::from_oid_content(&[2, 5, 29, 31], content));
        })
    }

    /// A list of this CA, still to be filled and signed.
    pub(super) fn list(&self) -> List {
        let mut list = List::new(self.certificate.subject().as_bytes());
        let identifier = self.certificate.subject_key_identifier().unwrap();
        let content = sequence(&[&element(0x80, identifier)]);
        list.extensions.push(build::extension(oid::AUTHORITY_KEY_IDENTIFIER, false, &content));
        list
    }

    pub(super) fn sign(&self, list: &List) -> Arc<Crl> {
        Arc::new(Crl::from_vec(list.sign(&self.key)).unwrap())
    }

    /// The status of a certificate of this CA.
    pub(super) fn judge(&self, user: &Self, crls: &[&Arc<Crl>]) -> RevocationStatus {
        self.judge_with(user, crls, &())
    }

    pub(super) fn judge_with(&self, user: &Self, crls: &[&Arc<Crl>], signers: &dyn CrlSigners) -> RevocationStatus {
        let store = CrlStore::new(crls.iter().map(|crl| Arc::clone(crl)).collect(), at());
        status(&user.certificate, with_own_key(&self.certificate), &store, signers)
    }
}

/// A CA whose key inherits nothing.
pub(super) fn with_own_key(certificate: &Certificate) -> CrlIssuer<'_> {
    CrlIssuer { certificate, key: certificate.subject_public_key_info() }
}

/// What is said where a status is unknown.
#[track_caller]
pub(super) fn why(status: RevocationStatus) -> String {
    match status {
        RevocationStatus::Unknown { why, .. } => why,
        other => panic!("not unknown but {other}"),
    }
}

#[track_caller]
pub(super) fn assert_unknown(status: RevocationStatus, words: &[&str]) {
    let why = why(status);
    for word in words {
        assert!(why.contains(word), "`{word}` is not in: {why}");
    }
}

/// These paths, whatever the name.
pub(super) struct Paths(pub(super) Vec<Vec<Arc<Certificate>>>);

impl CrlSigners for Paths {
    fn with_subject(&self, subject: &[u8], _: Option<&[u8]>) -> Arc<[Arc<Certificate>]> {
        let signers = self.0.iter().filter_map(|path| path.first());
        signers.filter(|signer| signer.subject().comparable() == subject).cloned().collect()
    }

    fn paths(&self, signer: &Arc<Certificate>) -> SignerPaths {
        self.0.iter().filter(|path| path.first() == Some(signer)).cloned().collect()
    }
}
