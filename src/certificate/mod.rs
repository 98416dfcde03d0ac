//! One certificate, decoded: names, key, extensions (Microsoft's too), fingerprints and signature; and the CRL.
//!
//! A [`Certificate`] owns the bytes that were found and knows where in them each part stands. What every certificate of a large
//! audit needs is decoded at once; the rest when it is asked for.

pub(crate) mod crl;
mod decode;
pub(crate) mod extensions;
pub(crate) mod general_name;
pub(crate) mod key;
mod microsoft;
mod name;
pub(crate) mod oid;
mod policy_qualifier;
mod signature;
pub(crate) mod string;
pub(crate) mod tlv;

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls_pki_types::CertificateDer;

pub use crl::{Crl, CrlEntry, CrlNumber, IssuingDistributionPoint, RevocationReason};
pub use decode::Extension;
use decode::{Layout, Span};
pub use extensions::{
    AccessDescription, AuthorityKeyIdentifier, BasicConstraints, Decoded, DistributionPoint, KeyUsage,
};
pub use general_name::GeneralName;
pub use key::{KeyAlgorithm, PublicKey};
pub use microsoft::{CaVersion, Template};
#[cfg(any(test, fuzzing))]
pub(crate) use name::fold;
pub use name::{Attribute, Name};
pub use oid::Oid;
pub use policy_qualifier::{CertificatePolicy, PolicyQualifier};
pub use signature::{HashAlgorithm, SignatureAlgorithm, SignatureCheck, VerifyingKey};
pub use tlv::DecodeError;

use crate::time::Time;
use extensions as ext;

/// An X.509 certificate: the bytes as they were found, and what they say.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = std::fs::read("testdata/pki/cross-signed/root-a.cer")?;
/// let certificate = certpath::certificate::Certificate::from_der(&file)?;
/// assert!(certificate.is_ca() && certificate.is_self_signed());
/// assert_eq!(certificate.not_after(), Some(certpath::Time::parse("2050-01-01T00:00:00Z")?));
/// # Ok(())
/// # }
/// ```
pub struct Certificate {
    der: CertificateDer<'static>,
    sha256: [u8; 32],
    thumbprint: [u8; 20],
    layout: Layout,
    key: PublicKey,
    basic_constraints: Decoded<BasicConstraints>,
    key_usage: Decoded<KeyUsage>,
    extended_key_usage: Decoded<Box<[Oid]>>,
    is_self_signed: OnceLock<bool>,
    is_known_root: AtomicBool,
    long_subject: OnceLock<Box<LongSubject>>,
}

/// A subject that takes long to be made a text, which is told at each certificate below.
struct LongSubject {
    short: String,
    abridged: String,
}

/// How many bytes of a name are made a text anew each time.
const LONG_SUBJECT: usize = 4096;

impl Certificate {
    /// Decodes one certificate, which must be all of `der`.
    ///
    /// What is read is what can be told apart: a certificate with a date that is none, or an extension that is damaged, is a
    /// certificate; each use of that part says so.
    ///
    /// # Errors
    /// Where the structure of RFC 5280 section 4.1 does not hold.
    pub fn from_der(der: &[u8]) -> Result<Self, DecodeError> {
        Self::from_vec(der.to_vec())
    }

    /// As [`Self::from_der`], without a copy.
    ///
    /// # Errors
    /// As [`Self::from_der`].
    pub fn from_vec(der: Vec<u8>) -> Result<Self, DecodeError> {
        use sha2::Digest;
        let layout = Layout::read(&der)?;
        let value = |wanted: &[u8]| layout.extension_value(&der, wanted);
        let basic_constraints = Decoded::read(value(oid::BASIC_CONSTRAINTS), BasicConstraints::read);
        let key_usage = Decoded::read(value(oid::KEY_USAGE), KeyUsage::read);
        let extended_key_usage = Decoded::read(value(oid::EXTENDED_KEY_USAGE), ext::read_oids);
        let key = PublicKey::read(layout.spki.of(&der));
        Ok(Self {
            sha256: sha2::Sha256::digest(&der).into(),
            thumbprint: sha1::Sha1::digest(&der).into(),
            der: CertificateDer::from(der),
            layout,
            key,
            basic_constraints,
            key_usage,
            extended_key_usage,
            is_self_signed: OnceLock::new(),
            is_known_root: AtomicBool::new(false),
            long_subject: OnceLock::new(),
        })
    }

    fn span(&self, span: Span) -> &[u8] {
        span.of(&self.der)
    }

    /// The certificate, byte for byte as it was found.
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// SHA-256 of the whole.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// SHA-1 of the whole: what Windows calls the thumbprint.
    pub fn thumbprint(&self) -> &[u8; 20] {
        &self.thumbprint
    }

    /// SHA-256 as lower-case hex.
    pub fn sha256_hex(&self) -> String {
        general_name::hex(&self.sha256)
    }

    /// The thumbprint as upper-case hex, as Windows shows it.
    pub fn thumbprint_hex(&self) -> String {
        general_name::upper_hex(&self.thumbprint)
    }

    /// X.509 version: 1, 2 or 3; anything else is a number that does not exist, or 0 where it cannot be read.
    pub fn version(&self) -> u64 {
        self.layout.version
    }

    /// The serial number's content bytes, as encoded: big-endian two's complement.
    pub fn serial_number(&self) -> &[u8] {
        self.span(self.layout.serial)
    }

    /// The serial number as upper-case hex, as .NET's `SerialNumber` shows it: every byte of the encoding.
    pub fn serial_number_hex(&self) -> String {
        general_name::upper_hex(self.serial_number())
    }

    /// The subject.
    pub fn subject(&self) -> Name<'_> {
        Name::new(self.span(self.layout.subject))
    }

    /// What stands for the subject in a short text: [`Name::short`].
    pub(crate) fn short_subject(&self) -> Cow<'_, str> {
        self.long_subject().map_or_else(|| self.subject().short().into(), |long| (&*long.short).into())
    }

    /// The subject as it is printed, cut where it is longer than anybody reads.
    pub(crate) fn abridged_subject(&self) -> Cow<'_, str> {
        self.long_subject().map_or_else(|| self.subject().abridged().into(), |long| (&*long.abridged).into())
    }

    fn long_subject(&self) -> Option<&LongSubject> {
        let subject = self.subject();
        let made = || Box::new(LongSubject { short: subject.short(), abridged: subject.abridged() });
        (subject.as_bytes().len() > LONG_SUBJECT).then(|| &**self.long_subject.get_or_init(made))
    }

    /// The issuer.
    pub fn issuer(&self) -> Name<'_> {
        Name::new(self.span(self.layout.issuer))
    }

    /// The first moment of validity; `None` where the certificate gives no date there.
    pub fn not_before(&self) -> Option<Time> {
        self.layout.not_before
    }

    /// The last moment of validity; `None` where the certificate gives no date there.
    pub fn not_after(&self) -> Option<Time> {
        self.layout.not_after
    }

    /// Whether both dates are written as RFC 5280 section 4.1.2.5 has them.
    pub(crate) fn has_der_validity(&self) -> bool {
        self.layout.times_are_der
    }

    /// Whether `at` lies within the validity, both ends included (RFC 5280 section 4.1.2.5).
    pub fn is_valid_at(&self, at: Time) -> bool {
        self.not_before().is_some_and(|first| first <= at) && self.not_after().is_some_and(|last| at <= last)
    }

    /// The public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// The encoded SubjectPublicKeyInfo.
    pub fn subject_public_key_info(&self) -> &[u8] {
        self.span(self.layout.spki)
    }

    /// The algorithm of the signature, from the outer field.
    pub fn signature_algorithm(&self) -> SignatureAlgorithm<'_> {
        SignatureAlgorithm::new(self.span(self.layout.algorithm))
    }

    /// Whether the algorithm inside what is signed is the one outside (RFC 5280 section 4.1.1.2).
    pub fn signature_algorithms_agree(&self) -> bool {
        self.signature_algorithm().same_as(&SignatureAlgorithm::new(self.span(self.layout.signed_algorithm)))
    }

    /// What is signed.
    pub(crate) fn signed_part(&self) -> &[u8] {
        self.span(self.layout.tbs)
    }

    /// The signature's bytes.
    pub(crate) fn signature(&self) -> &[u8] {
        self.span(self.layout.signature)
    }

    /// Whether the signature holds under `key`.
    pub fn check_signature(&self, key: &VerifyingKey) -> SignatureCheck {
        key.check(&self.signature_algorithm(), self.signed_part(), self.signature())
    }

    /// Every extension, in order.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'_>> {
        self.layout.extensions.iter().map(|entry| entry.of(&self.der))
    }

    /// The first extension of this type, by the content bytes of its object identifier.
    pub(crate) fn extension(&self, wanted: &[u8]) -> Option<Extension<'_>> {
        self.extensions().find(|extension| extension.oid == wanted)
    }

    fn extension_value(&self, wanted: &[u8]) -> Option<&[u8]> {
        self.layout.extension_value(&self.der, wanted)
    }

    /// What stands behind the values of extensions and is passed over, as OpenSSL and Go do, with the extension's name.
    pub(crate) fn passed_over_behind_values(&self) -> impl Iterator<Item = (&'static str, DecodeError)> {
        // Of most certificates nothing is looked for, as there is nothing.
        let is_there = self.extensions().any(|extension| ext::behind_value(extension.value).is_some());
        let kinds = if is_there { &ext::READ_WHATEVER_FOLLOWS[..] } else { &[] };
        kinds.iter().filter_map(|(kind, name)| Some((*name, ext::behind_value(self.extension_value(kind)?)?)))
    }

    /// The first extension that is there twice, which RFC 5280 section 4.2 forbids.
    pub(crate) fn duplicate_extension(&self) -> Option<Extension<'_>> {
        decode::first_twice(self.extensions())
    }

    /// Whether subject and issuer are one name, and there is one (RFC 5280 section 3.2, "self-issued").
    pub fn is_self_issued(&self) -> bool {
        self.subject().matches(&self.issuer())
    }

    /// Whether it is self-issued, and its own key made its signature (RFC 5280 section 3.2, "self-signed"); checked once. Where the
    /// signature is of an algorithm that is not checked, as MD5 of old roots, the key identifiers decide: a root is trusted for being
    /// there, and not for its own signature.
    pub fn is_self_signed(&self) -> bool {
        *self.is_self_signed.get_or_init(|| {
            self.is_self_issued()
                && match self.check_signature(&VerifyingKey::new(self.subject_public_key_info())) {
                    SignatureCheck::Valid => true,
                    SignatureCheck::Unsupported(_) => self.has_broken_hash() && self.names_own_key(),
                    _ => false,
                }
        })
    }

    /// Whether it is meant to be self-signed: self-issued, and by its key identifiers under its own key. One that is not self-signed
    /// all the same was damaged; a key-rollover certificate names the other key.
    pub(crate) fn is_meant_to_be_self_signed(&self) -> bool {
        self.is_self_issued() && self.names_own_key()
    }

    fn has_broken_hash(&self) -> bool {
        matches!(self.signature_algorithm().hash(), Some(HashAlgorithm::Md5))
    }

    /// Whether the authority key identifier is the certificate's own, or there is none.
    fn names_own_key(&self) -> bool {
        let authority = self.authority_key_identifier();
        let named = authority.get().and_then(|authority| authority.key_identifier);
        named.is_none_or(|named| self.subject_key_identifier() == Some(named))
    }

    /// Basic constraints.
    pub fn basic_constraints(&self) -> &Decoded<BasicConstraints> {
        &self.basic_constraints
    }

    /// Key usage.
    pub fn key_usage(&self) -> &Decoded<KeyUsage> {
        &self.key_usage
    }

    /// Extended key usage.
    pub fn extended_key_usage(&self) -> &Decoded<Box<[Oid]>> {
        &self.extended_key_usage
    }

    /// Whether the certificate claims to be a CA's: basic constraints say so, or it is of a version that has none and is
    /// self-issued, as old roots are.
    pub fn is_ca(&self) -> bool {
        match &self.basic_constraints {
            Decoded::Present(constraints) => constraints.ca,
            Decoded::Malformed(_) => false,
            Decoded::Absent => self.looks_like_old_ca(),
        }
    }

    /// Whether the certificate is an end entity's: it does not claim to be a CA's, or the rest of it belies the claim. One that
    /// another issued for clients or servers (extended key usage) was meant for one of them, whatever its basic constraints say, if
    /// its key may not sign certificates (RFC 5280 section 4.2.1.3) or if it names a host or a user; and one without basic constraints
    /// is no CA for its key usage alone.
    pub fn is_end_entity(&self) -> bool {
        if !self.is_ca() {
            return true;
        }
        let usages = self.extended_key_usage.get().map_or(&[][..], |usages| usages);
        let is_for_machines = usages.iter().any(|usage| *usage == *oid::CLIENT_AUTH || *usage == *oid::SERVER_AUTH);
        let may_sign = || self.key_usage.get().is_none_or(|usage| usage.key_cert_sign());
        let names_host = || {
            let names = self.subject_alternative_names();
            let is_host = |name: &GeneralName<'_>| matches!(name, GeneralName::Dns(_) | GeneralName::Other { .. });
            names.get().is_some_and(|names| names.iter().any(is_host))
        };
        let has_constraints = matches!(self.basic_constraints, Decoded::Present(_));
        is_for_machines && !self.is_self_issued() && (!has_constraints || !may_sign() || names_host())
    }

    /// Whether it says itself that it is a CA's whose key may sign certificates, whatever else it says.
    pub(crate) fn may_sign_certificates(&self) -> bool {
        self.is_ca() && self.key_usage.get().is_some_and(|usage| usage.key_cert_sign())
    }

    /// Whether it is as some old roots are: self-issued, and without a word on whether it is a CA's. So are self-signed certificates of
    /// servers: only what it has issued tells them apart, or who trusts it.
    pub(crate) fn may_be_old_root(&self) -> bool {
        self.basic_constraints().is_absent() && self.key_usage().is_absent() && self.is_self_issued()
    }

    /// Takes it for a root from now on if it may be an old one and is self-signed: for who knows what it has issued, or that it is
    /// trusted.
    pub(crate) fn take_for_root(&self) {
        if self.may_be_old_root() && self.is_self_signed() {
            self.is_known_root.store(true, Ordering::Relaxed);
        }
    }

    /// Whether it does not say that it is a CA's and is known to be a root all the same.
    pub(crate) fn is_known_root(&self) -> bool {
        self.is_known_root.load(Ordering::Relaxed)
    }

    /// Without basic constraints: of version 1 or 2 and self-issued, or with a key usage of keyCertSign.
    fn looks_like_old_ca(&self) -> bool {
        match self.key_usage.get() {
            Some(usage) => usage.key_cert_sign(),
            None => self.layout.extensions.is_empty() && self.is_self_issued(),
        }
    }

    /// Microsoft's application policies (1.3.6.1.4.1.311.21.10), which Windows reads as it reads the extended key usage.
    pub fn application_policies(&self) -> Decoded<Vec<Oid>> {
        Decoded::read(self.extension_value(oid::MS_APPLICATION_POLICIES), |content| {
            Ok(ext::read_policies(content)?.iter().map(|policy| Oid::from_content(policy.identifier)).collect())
        })
    }

    /// Subject key identifier.
    pub fn subject_key_identifier(&self) -> Option<&[u8]> {
        self.extension_value(oid::SUBJECT_KEY_IDENTIFIER).and_then(|content| ext::read_key_identifier(content).ok())
    }

    /// Authority key identifier.
    pub fn authority_key_identifier(&self) -> Decoded<AuthorityKeyIdentifier<'_>> {
        Self::lend(self.extension_value(oid::AUTHORITY_KEY_IDENTIFIER), AuthorityKeyIdentifier::read)
    }

    /// Subject alternative names.
    pub fn subject_alternative_names(&self) -> Decoded<Vec<GeneralName<'_>>> {
        Self::lend(self.extension_value(oid::SUBJECT_ALTERNATIVE_NAME), ext::read_general_names)
    }

    /// CRL distribution points.
    pub fn crl_distribution_points(&self) -> Decoded<Vec<DistributionPoint<'_>>> {
        Self::lend(self.extension_value(oid::CRL_DISTRIBUTION_POINTS), DistributionPoint::read_all)
    }

    /// Freshest CRL: where delta CRLs are.
    pub fn freshest_crl(&self) -> Decoded<Vec<DistributionPoint<'_>>> {
        Self::lend(self.extension_value(oid::FRESHEST_CRL), DistributionPoint::read_all)
    }

    /// Authority information access.
    pub fn authority_information_access(&self) -> Decoded<Vec<AccessDescription<'_>>> {
        Self::lend(self.extension_value(oid::AUTHORITY_INFORMATION_ACCESS), AccessDescription::read_all)
    }

    /// Certificate policies.
    pub(crate) fn policies(&self) -> Decoded<Vec<ext::Policy<'_>>> {
        Self::lend(self.extension_value(oid::CERTIFICATE_POLICIES), ext::read_policies)
    }

    /// Certificate policies, with what is said of each.
    pub fn certificate_policies(&self) -> Decoded<Vec<CertificatePolicy>> {
        Decoded::read(self.extension_value(oid::CERTIFICATE_POLICIES), |content| {
            ext::read_policies(content)?.iter().map(CertificatePolicy::read).collect()
        })
    }

    /// Name constraints.
    pub(crate) fn name_constraints(&self) -> Decoded<ext::NameConstraints<'_>> {
        Self::lend(self.extension_value(oid::NAME_CONSTRAINTS), ext::NameConstraints::read)
    }

    /// Policy mappings.
    pub(crate) fn policy_mappings(&self) -> Decoded<Vec<ext::PolicyMapping<'_>>> {
        Self::lend(self.extension_value(oid::POLICY_MAPPINGS), ext::read_policy_mappings)
    }

    /// Policy constraints.
    pub(crate) fn policy_constraints(&self) -> Decoded<ext::PolicyConstraints> {
        Self::lend(self.extension_value(oid::POLICY_CONSTRAINTS), ext::PolicyConstraints::read)
    }

    /// Inhibit any-policy.
    pub(crate) fn inhibit_any_policy(&self) -> Decoded<u64> {
        Self::lend(self.extension_value(oid::INHIBIT_ANY_POLICY), ext::read_inhibit_any_policy)
    }

    /// The template it was issued from, as far as it says.
    pub fn template(&self) -> Option<Template> {
        let mut template = Template::default();
        let information = self.extension_value(oid::MS_TEMPLATE).map(|content| template.read_information(content));
        let name = self.extension_value(oid::MS_TEMPLATE_NAME).map(|content| template.read_name(content));
        (information.is_some_and(|read| read.is_ok()) | name.is_some_and(|read| read.is_ok())).then_some(template)
    }

    /// The CA version.
    pub fn ca_version(&self) -> Option<CaVersion> {
        self.extension_value(oid::MS_CA_VERSION).and_then(|content| CaVersion::read(content).ok())
    }

    /// The thumbprint of the CA's previous certificate.
    pub fn previous_ca_hash(&self) -> Option<&[u8]> {
        self.extension_value(oid::MS_PREVIOUS_CA_HASH)
            .and_then(|content| microsoft::read_previous_ca_hash(content).ok())
    }

    /// The security identifier that binds it to an account of Active Directory (KB 5014754).
    pub fn sid(&self) -> Option<String> {
        self.extension_value(oid::MS_SID_EXTENSION).and_then(|content| microsoft::read_sid(content).ok())
    }

    fn lend<'a, T>(content: Option<&'a [u8]>, read: impl FnOnce(&'a [u8]) -> Result<T, DecodeError>) -> Decoded<T> {
        match content.map(read) {
            None => Decoded::Absent,
            Some(Ok(value)) => Decoded::Present(value),
            Some(Err(error)) => Decoded::Malformed(error),
        }
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, {})", self.thumbprint_hex(), self.subject())
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}
