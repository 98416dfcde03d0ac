//! Certificate revocation lists (RFC 5280 section 5): which certificates an issuer withdrew, and for which ones the list speaks.
//!
//! A list whose structure is damaged is refused whole: one with a hole in it cannot say that a certificate is *not* there. One whose
//! structure holds is read, whatever its extensions say; what cannot be read of them is a flaw, which forbids to rely on it. Its
//! entries are indexed once, by serial number, so that a list of a million entries answers ten thousand questions quickly.

mod index;

use std::fmt;

use crate::abridged::abridged_hex;
use crate::certificate::decode::{self, Extension, ExtensionSpan, Span};
use crate::certificate::extensions::{self as ext, AuthorityKeyIdentifier, Decoded, DistributionPoint};
use crate::certificate::general_name::{self, GeneralName};
use crate::certificate::name::Name;
use crate::certificate::oid::{self, Oid};
use crate::certificate::signature::{SignatureAlgorithm, SignatureCheck, VerifyingKey};
use crate::certificate::tlv::{Cursor, DecodeError, Tlv, tag};
use crate::time::Time;
pub use index::{CrlEntry, RevocationReason};
use index::{Index, Survey, Unreadable};

/// A certificate revocation list: the bytes as they were found, and what they say.
pub struct Crl {
    der: Box<[u8]>,
    sha256: [u8; 32],
    tbs: Span,
    signed_algorithm: Span,
    issuer: Span,
    this_update: Option<Time>,
    next_update: Option<Time>,
    index: Index,
    extensions: Box<[ExtensionSpan]>,
    number: Option<CrlNumber>,
    base_number: Option<CrlNumber>,
    flaw: Option<Flaw>,
    algorithm: Span,
    signature: Span,
}

impl Crl {
    /// Decodes one list, which must be all of `der`.
    ///
    /// # Errors
    /// Where the structure of RFC 5280 section 5.1 does not hold, in the list or in any one of its entries. What cannot be read in an
    /// extension's content is no error, but the list is not believed where that decides.
    pub fn from_der(der: &[u8]) -> Result<Self, DecodeError> {
        Self::from_vec(der.to_vec())
    }

    /// As [`Self::from_der`], without a copy.
    ///
    /// # Errors
    /// As [`Self::from_der`].
    pub fn from_vec(der: Vec<u8>) -> Result<Self, DecodeError> {
        use sha2::Digest;
        if u32::try_from(der.len()).is_err() {
            return Err(DecodeError::new(0, "a list of less than 4 GiB", format!("{} bytes", der.len())));
        }
        let mut parts = Tlv::only_of(&der, tag::SEQUENCE, "a CertificateList (SEQUENCE)")?.children();
        let tbs = parts.expect(tag::SEQUENCE, "a TBSCertList (SEQUENCE)")?;
        let algorithm = parts.expect(tag::SEQUENCE, "signatureAlgorithm (SEQUENCE)")?;
        let signature = parts.expect(tag::BIT_STRING, "signatureValue (BIT STRING)")?;
        parts.finish()?;

        let mut fields = tbs.children();
        let version = fields.optional(tag::INTEGER)?.map(|version| version.unsigned());
        let signed_algorithm = fields.expect(tag::SEQUENCE, "signature (AlgorithmIdentifier, SEQUENCE)")?;
        let issuer = fields.expect(tag::SEQUENCE, "issuer (Name, SEQUENCE)")?;
        Name::new(issuer.raw)
            .check()
            .map_err(|error| DecodeError { offset: error.offset + issuer.range().start, ..error })?;
        let this_update = decode::read_time(&fields.next()?)?;
        let next_update = match fields.peek() {
            Some(tag::UTC_TIME | tag::GENERALIZED_TIME) => decode::read_time(&fields.next()?)?,
            _ => None,
        };
        let mut survey = Survey::default();
        let index = match fields.optional(tag::SEQUENCE)? {
            Some(entries) => Index::read(&entries, &mut survey)?,
            None => Index::default(),
        };
        let extensions = match fields.optional(tag::context_constructed(0))? {
            Some(wrapped) => {
                let mut inner = wrapped.children();
                let list = inner.expect(tag::SEQUENCE, "crlExtensions (SEQUENCE)")?;
                inner.finish()?;
                decode::read_extensions(list.children())?
            }
            None => Box::default(),
        };
        fields.finish()?;

        let signature = signature.value_range();
        let (tbs, signed_algorithm, issuer, algorithm) =
            [tbs, signed_algorithm, issuer, algorithm].map(|part| Span::new(part.range())).into();
        let mut crl = Self {
            sha256: sha2::Sha256::digest(&der).into(),
            der: der.into(),
            tbs,
            signed_algorithm,
            issuer,
            this_update,
            next_update,
            index,
            extensions,
            number: None,
            base_number: None,
            flaw: None,
            algorithm,
            signature: Span::new((signature.start + 1).min(signature.end)..signature.end),
        };
        crl.number = crl.read_extension(oid::CRL_NUMBER, "CRL number", &mut survey, CrlNumber::read);
        crl.base_number =
            crl.read_extension(oid::DELTA_CRL_INDICATOR, "delta CRL indicator", &mut survey, CrlNumber::read);
        let read_point = |content: &[u8]| IssuingDistributionPoint::read(content).map(|point| point.indirect);
        let indirect =
            crl.read_extension(oid::ISSUING_DISTRIBUTION_POINT, "issuing distribution point", &mut survey, read_point);
        let indirect = indirect.unwrap_or(false);
        crl.flaw = crl.find_flaw(version, indirect, survey);
        Ok(crl)
    }

    fn span(&self, span: Span) -> &[u8] {
        span.of(&self.der)
    }

    /// Reads one of the list's own extensions; what the survey then says of offsets is in the list's own bytes.
    fn read_extension<T>(
        &self,
        wanted: &[u8],
        name: &'static str,
        survey: &mut Survey,
        read: impl FnOnce(&[u8]) -> Result<T, DecodeError>,
    ) -> Option<T> {
        let extension = self.extension(wanted)?;
        let start = extension.value.as_ptr().addr() - self.der.as_ptr().addr();
        match read(extension.value) {
            Ok(content) => Some(content),
            Err(error) => {
                let error = DecodeError { offset: error.offset + start, ..error };
                survey.note(Unreadable { name, decides: wanted != oid::CRL_NUMBER, error });
                None
            }
        }
    }

    /// The worst thing that stands against relying on the list.
    fn find_flaw(&self, version: Option<Option<u64>>, indirect: bool, survey: Survey) -> Option<Flaw> {
        let understood = [
            oid::CRL_NUMBER,
            oid::DELTA_CRL_INDICATOR,
            oid::ISSUING_DISTRIBUTION_POINT,
            oid::AUTHORITY_KEY_IDENTIFIER,
            oid::ISSUER_ALTERNATIVE_NAME,
            oid::FRESHEST_CRL,
            oid::AUTHORITY_INFORMATION_ACCESS,
        ];
        if let Some(unknown) = self.extensions().find(|one| one.critical && !understood.contains(&one.oid)) {
            return Some(Flaw::CriticalExtension(Oid::from_content(unknown.oid)));
        }
        if let Some(unknown) = survey.unknown_critical {
            return Some(Flaw::CriticalEntryExtension(unknown));
        }
        if let Some(unreadable) = survey.unreadable {
            return Some(Flaw::Unreadable(unreadable));
        }
        let twice = decode::first_twice(self.extensions());
        if let Some(twice) = twice.map(|one| Oid::from_content(one.oid)).or(survey.twice) {
            return Some(Flaw::DuplicateExtension(twice));
        }
        // RFC 5280 section 5.1.2.1: version 2 (written 1) where there are extensions.
        if version.is_some_and(|version| version != Some(1)) || version.is_none() && !self.extensions.is_empty() {
            return Some(Flaw::Version(version.map(|version| version.map_or(0, |number| number.saturating_add(1)))));
        }
        if !self.signature_algorithms_agree() {
            return Some(Flaw::AlgorithmsDisagree);
        }
        if survey.names_issuers && !indirect {
            return Some(Flaw::NotIndirect);
        }
        match self.extension(oid::CRL_NUMBER) {
            None => Some(Flaw::NoNumber),
            Some(number) if number.critical => Some(Flaw::CriticalNumber),
            Some(_) => None,
        }
    }

    /// The list, byte for byte as it was found.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the whole.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// SHA-256 as lower-case hex.
    pub fn sha256_hex(&self) -> String {
        general_name::hex(&self.sha256)
    }

    /// Who issued the list.
    pub fn issuer(&self) -> Name<'_> {
        Name::new(self.span(self.issuer))
    }

    /// When it was issued; `None` where the list gives no date there.
    pub fn this_update(&self) -> Option<Time> {
        self.this_update
    }

    /// When the next one is due at the latest; `None` where the list does not say, though RFC 5280 section 5.1.2.5 requires it.
    pub fn next_update(&self) -> Option<Time> {
        self.next_update
    }

    /// Whether `at` lies between the two, both ends included.
    pub fn is_current_at(&self, at: Time) -> bool {
        self.this_update.is_some_and(|first| first <= at) && self.next_update.is_some_and(|last| at <= last)
    }

    /// Its number among the lists of its issuer and scope.
    pub fn number(&self) -> Option<&CrlNumber> {
        self.number.as_ref()
    }

    /// Of a delta CRL: the number of the complete list that it builds on. `None` is a complete list.
    pub fn base_number(&self) -> Option<&CrlNumber> {
        self.base_number.as_ref()
    }

    /// Whether it lists changes only.
    pub fn is_delta(&self) -> bool {
        self.base_number.is_some()
    }

    /// For which certificates it speaks; `None` is all of its issuer's.
    pub fn issuing_distribution_point(&self) -> Option<IssuingDistributionPoint<'_>> {
        self.extension(oid::ISSUING_DISTRIBUTION_POINT)
            .and_then(|found| IssuingDistributionPoint::read(found.value).ok())
    }

    /// Authority key identifier: which key signed it.
    pub fn authority_key_identifier(&self) -> Decoded<AuthorityKeyIdentifier<'_>> {
        match self.extension(oid::AUTHORITY_KEY_IDENTIFIER).map(|found| AuthorityKeyIdentifier::read(found.value)) {
            None => Decoded::Absent,
            Some(Ok(value)) => Decoded::Present(value),
            Some(Err(error)) => Decoded::Malformed(error),
        }
    }

    /// Freshest CRL: where its delta CRLs are.
    pub fn freshest_crl(&self) -> Decoded<Vec<DistributionPoint<'_>>> {
        match self.extension(oid::FRESHEST_CRL).map(|found| DistributionPoint::read_all(found.value)) {
            None => Decoded::Absent,
            Some(Ok(value)) => Decoded::Present(value),
            Some(Err(error)) => Decoded::Malformed(error),
        }
    }

    /// Every extension of the list, in order.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'_>> {
        self.extensions.iter().map(|entry| entry.of(&self.der))
    }

    pub(crate) fn extension(&self, wanted: &[u8]) -> Option<Extension<'_>> {
        self.extensions().find(|extension| extension.oid == wanted)
    }

    /// The algorithm of the signature, from the outer field.
    pub fn signature_algorithm(&self) -> SignatureAlgorithm<'_> {
        SignatureAlgorithm::new(self.span(self.algorithm))
    }

    /// Whether the algorithm inside what is signed is the one outside (RFC 5280 section 5.1.1.2).
    pub fn signature_algorithms_agree(&self) -> bool {
        self.signature_algorithm().same_as(&SignatureAlgorithm::new(self.span(self.signed_algorithm)))
    }

    /// Whether the signature holds under `key`.
    pub fn check_signature(&self, key: &VerifyingKey) -> SignatureCheck {
        key.check(&self.signature_algorithm(), self.span(self.tbs), self.span(self.signature))
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether it lists nothing.
    pub fn is_empty(&self) -> bool {
        self.index.len() == 0
    }

    /// Every entry, by serial number.
    pub fn entries(&self) -> impl Iterator<Item = CrlEntry<'_>> {
        self.index.entries(&self.der)
    }

    /// The entry of the certificate that `issuer` gave this serial number (its content bytes), where it is listed.
    pub fn entry(&self, issuer: &Name<'_>, serial_number: &[u8]) -> Option<CrlEntry<'_>> {
        self.index.find(&self.der, serial_number, issuer, &self.issuer())
    }

    pub(crate) fn flaw(&self) -> Option<&Flaw> {
        self.flaw.as_ref()
    }
}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crl({}, {} entries, {})", self.issuer(), self.len(), self.sha256_hex())
    }
}

impl PartialEq for Crl {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Crl {}

/// What stands against relying on a list, though it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Flaw {
    CriticalExtension(Oid),
    CriticalEntryExtension(Oid),
    Unreadable(Unreadable),
    DuplicateExtension(Oid),
    /// The version's number, where there is one.
    Version(Option<u64>),
    AlgorithmsDisagree,
    NotIndirect,
    NoNumber,
    CriticalNumber,
}

impl Flaw {
    /// Whether nothing at all may be taken from the list: RFC 5280 forbids it (sections 5.2 and 5.3), or it is not known for which
    /// certificates the list speaks. Else it is only not believed when it keeps silent about a certificate.
    pub(crate) fn forbids_any_use(&self) -> bool {
        match self {
            Self::CriticalExtension(_) | Self::CriticalEntryExtension(_) => true,
            Self::Unreadable(unreadable) => unreadable.decides,
            _ => false,
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CriticalExtension(oid) => {
                write!(f, "has the critical extension {oid}, which is not understood (RFC 5280 section 5.2)")
            }
            Self::CriticalEntryExtension(oid) => {
                write!(
                    f,
                    "has an entry with the critical extension {oid}, which is not understood (RFC 5280 section 5.3)"
                )
            }
            Self::Unreadable(Unreadable { name, error, .. }) => write!(f, "has a {name} that cannot be read ({error})"),
            Self::DuplicateExtension(oid) => write!(f, "has the extension {oid} twice (RFC 5280 section 4.2)"),
            Self::Version(None) => f.write_str("has extensions but is of version 1 (RFC 5280 section 5.1.2.1)"),
            Self::Version(Some(version)) => write!(f, "is of version {version}, not 2 (RFC 5280 section 5.1.2.1)"),
            Self::AlgorithmsDisagree => {
                f.write_str("names two different signature algorithms, inside and outside (RFC 5280 section 5.1.1.2)")
            }
            Self::NotIndirect => {
                f.write_str("lists certificates of other issuers but is no indirect CRL (RFC 5280 section 5.3.3)")
            }
            Self::NoNumber => f.write_str("has no CRL number (RFC 5280 section 5.2.3)"),
            Self::CriticalNumber => f.write_str("has a critical CRL number (RFC 5280 section 5.2.3)"),
        }
    }
}

/// The number of a list (RFC 5280 section 5.2.3): up to 20 bytes in use, whatever is there here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CrlNumber(Box<[u8]>);

impl CrlNumber {
    fn read(content: &[u8]) -> Result<Self, DecodeError> {
        let number = Tlv::only_of(content, tag::INTEGER, "a CRL number (INTEGER)")?;
        match number.value.first() {
            Some(first) if first & 0x80 == 0 => {
                let zeros = number.value.iter().take_while(|byte| **byte == 0).count();
                Ok(Self(number.value.get(zeros..).unwrap_or_default().into()))
            }
            _ => Err(number.error("a CRL number of 0 or more")),
        }
    }
}

impl Ord for CrlNumber {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for CrlNumber {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Decimal up to 16 bytes, hex beyond: of a number of megabytes the first bytes, for it is told at every certificate.
impl fmt::Display for CrlNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() <= 16 {
            write!(f, "{}", self.0.iter().fold(0u128, |sum, byte| sum << 8 | u128::from(*byte)))
        } else {
            write!(f, "0x{}", abridged_hex(&self.0))
        }
    }
}

/// IssuingDistributionPoint (RFC 5280 section 5.2.5): for which certificates a list speaks.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct IssuingDistributionPoint<'a> {
    /// `fullName`: other names of one distribution point.
    pub full_name: Vec<GeneralName<'a>>,
    /// `nameRelativeToCRLIssuer`: the encoded attributes, without their SET.
    pub relative_name: Option<&'a [u8]>,
    /// Only certificates that are no CA's.
    pub only_user_certificates: bool,
    /// Only CA certificates.
    pub only_ca_certificates: bool,
    /// Only attribute certificates, so no certificate at all.
    pub only_attribute_certificates: bool,
    /// Only certificates that were revoked for these reasons, bit 1 (keyCompromise) and up; `None` is all.
    pub only_some_reasons: Option<u16>,
    /// Certificates of other issuers too.
    pub indirect: bool,
}

impl<'a> IssuingDistributionPoint<'a> {
    fn read(content: &'a [u8]) -> Result<Self, DecodeError> {
        let mut fields = Tlv::only_of(content, tag::SEQUENCE, "IssuingDistributionPoint (SEQUENCE)")?.children();
        let mut point = Self::default();
        if let Some(name) = fields.optional(tag::context_constructed(0))? {
            let mut names = DistributionPoint::default();
            names.read_name(name.children())?;
            if names.full_name.is_empty() && names.relative_name.is_none() {
                return Err(name.error("a DistributionPointName"));
            }
            (point.full_name, point.relative_name) = (names.full_name, names.relative_name);
        }
        let flag = |fields: &mut Cursor<'_>, number| -> Result<bool, DecodeError> {
            Ok(fields.optional(tag::context(number))?.is_some_and(|flag| flag.value.iter().any(|byte| *byte != 0)))
        };
        point.only_user_certificates = flag(&mut fields, 1)?;
        point.only_ca_certificates = flag(&mut fields, 2)?;
        point.only_some_reasons = fields.optional(tag::context(3))?.map(|reasons| ext::read_reasons(&reasons));
        point.indirect = flag(&mut fields, 4)?;
        point.only_attribute_certificates = flag(&mut fields, 5)?;
        fields.finish()?;
        Ok(point)
    }
}

#[cfg(any(test, fuzzing))]
pub(crate) mod build;
#[cfg(test)]
mod tests;
