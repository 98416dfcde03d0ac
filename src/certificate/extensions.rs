//! The content of the standard extensions (RFC 5280 section 4.2.1), read when it is asked for.

use crate::certificate::general_name::GeneralName;
use crate::certificate::name::Name;
use crate::certificate::oid::{self, Oid};
use crate::certificate::tlv::{Cursor, DecodeError, Tlv, tag};

/// An extension's content, where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded<T> {
    /// The certificate has no such extension.
    Absent,
    /// It has one that cannot be read.
    Malformed(DecodeError),
    /// What it says.
    Present(T),
}

impl<T> Decoded<T> {
    pub(crate) fn read(content: Option<&[u8]>, read: impl FnOnce(&[u8]) -> Result<T, DecodeError>) -> Self {
        match content.map(read) {
            None => Self::Absent,
            Some(Ok(value)) => Self::Present(value),
            Some(Err(error)) => Self::Malformed(error),
        }
    }

    /// What it says, where it is there and can be read.
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Present(value) => Some(value),
            _ => None,
        }
    }

    /// Whether there is no such extension.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// BasicConstraints (RFC 5280 section 4.2.1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BasicConstraints {
    /// Whether the subject is a CA.
    pub ca: bool,
    /// How many intermediate certificates may follow, self-issued ones not counted.
    pub path_length: Option<u64>,
}

impl BasicConstraints {
    pub(crate) fn read(content: &[u8]) -> Result<Self, DecodeError> {
        let mut fields = Tlv::first_of(content, tag::SEQUENCE, "BasicConstraints (SEQUENCE)")?.children();
        let ca = fields.optional(tag::BOOLEAN)?.is_some_and(|flag| flag.value.iter().any(|byte| *byte != 0));
        let path_length = match fields.optional(tag::INTEGER)? {
            Some(length) => Some(length.unsigned().ok_or_else(|| length.error("a path length of 0 or more"))?),
            None => None,
        };
        fields.finish()?;
        Ok(Self { ca, path_length })
    }
}

/// KeyUsage (RFC 5280 section 4.2.1.3): bit 0, digitalSignature, is the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage(u16);

impl KeyUsage {
    /// The bits' names in their order.
    pub const NAMES: [&'static str; 9] = [
        "digitalSignature",
        "nonRepudiation",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];

    pub(crate) fn read(content: &[u8]) -> Result<Self, DecodeError> {
        let string = Tlv::first_of(content, tag::BIT_STRING, "KeyUsage (BIT STRING)")?;
        let (bytes, _) = string.bit_string().ok_or_else(|| string.error("a BIT STRING"))?;
        let bit = |n: usize| bytes.get(n / 8).is_some_and(|byte| byte & (0x80 >> (n % 8)) != 0);
        Ok(Self((0..9).filter(|n| bit(*n)).fold(0, |bits, n| bits | 1 << n)))
    }

    /// Whether the usage is asserted, by its place in [`Self::NAMES`].
    pub fn has(self, bit: usize) -> bool {
        self.0 >> bit & 1 == 1
    }

    /// digitalSignature.
    pub fn digital_signature(self) -> bool {
        self.has(0)
    }

    /// keyEncipherment.
    pub fn key_encipherment(self) -> bool {
        self.has(2)
    }

    /// keyAgreement.
    pub fn key_agreement(self) -> bool {
        self.has(4)
    }

    /// keyCertSign.
    pub fn key_cert_sign(self) -> bool {
        self.has(5)
    }

    /// cRLSign.
    pub fn crl_sign(self) -> bool {
        self.has(6)
    }

    /// The names of the usages that are asserted.
    pub fn names(self) -> Vec<&'static str> {
        Self::NAMES.iter().enumerate().filter(|(bit, _)| self.has(*bit)).map(|(_, name)| *name).collect()
    }
}

/// The extensions whose value is read where something stands behind it.
pub(super) const READ_WHATEVER_FOLLOWS: [(&[u8], &str); 11] = [
    (oid::BASIC_CONSTRAINTS, "basic constraints"),
    (oid::KEY_USAGE, "key usage"),
    (oid::EXTENDED_KEY_USAGE, "extended key usage"),
    (oid::SUBJECT_ALTERNATIVE_NAME, "subject alternative name"),
    (oid::SUBJECT_KEY_IDENTIFIER, "subject key identifier"),
    (oid::AUTHORITY_KEY_IDENTIFIER, "authority key identifier"),
    (oid::CRL_DISTRIBUTION_POINTS, "CRL distribution points"),
    (oid::AUTHORITY_INFORMATION_ACCESS, "authority information access"),
    (oid::FRESHEST_CRL, "freshest CRL"),
    (oid::CERTIFICATE_POLICIES, "certificate policies"),
    (oid::MS_APPLICATION_POLICIES, "application policies"),
];

/// What stands behind the value in the content of an extension, where nothing may. It changes nothing of what the value says.
pub(super) fn behind_value(content: &[u8]) -> Option<DecodeError> {
    let mut cursor = Cursor::new(content);
    cursor.next().ok()?;
    cursor.finish().err()
}

pub(crate) fn read_oids(content: &[u8]) -> Result<Box<[Oid]>, DecodeError> {
    let mut cursor = Tlv::first_of(content, tag::SEQUENCE, "a SEQUENCE of OBJECT IDENTIFIER")?.children();
    let mut oids = Vec::with_capacity(2);
    while !cursor.is_empty() {
        oids.push(Oid::from_content(cursor.expect(tag::OID, "an OBJECT IDENTIFIER")?.value));
    }
    Ok(oids.into())
}

/// The identifiers of certificatePolicies (RFC 5280 section 4.2.1.4), or of Microsoft's application policies, which are encoded alike.
pub(crate) fn read_policies(content: &[u8]) -> Result<Vec<Policy<'_>>, DecodeError> {
    let mut cursor = Tlv::first_of(content, tag::SEQUENCE, "policies (SEQUENCE)")?.children();
    let mut policies = Vec::new();
    while !cursor.is_empty() {
        let mut fields = cursor.expect(tag::SEQUENCE, "a PolicyInformation (SEQUENCE)")?.children();
        let identifier = fields.expect(tag::OID, "a policy (OBJECT IDENTIFIER)")?;
        let qualifiers = fields.optional(tag::SEQUENCE)?.map(|qualifiers| qualifiers.raw);
        policies.push(Policy { identifier: identifier.value, qualifiers });
    }
    Ok(policies)
}

/// One PolicyInformation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy<'a> {
    pub(crate) identifier: &'a [u8],
    /// The encoded qualifiers.
    pub(crate) qualifiers: Option<&'a [u8]>,
}

impl<'a> Policy<'a> {
    /// What kinds of qualifiers it has (PolicyQualifierId).
    pub(crate) fn qualifier_kinds(&self) -> Result<Vec<&'a [u8]>, DecodeError> {
        let Some(qualifiers) = self.qualifiers else { return Ok(Vec::new()) };
        let mut cursor = Tlv::only_of(qualifiers, tag::SEQUENCE, "policy qualifiers (SEQUENCE)")?.children();
        let mut kinds = Vec::new();
        while !cursor.is_empty() {
            let mut fields = cursor.expect(tag::SEQUENCE, "a PolicyQualifierInfo (SEQUENCE)")?.children();
            kinds.push(fields.expect(tag::OID, "a qualifier's kind (OBJECT IDENTIFIER)")?.value);
        }
        Ok(kinds)
    }
}

/// AuthorityKeyIdentifier (RFC 5280 section 4.2.1.1).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct AuthorityKeyIdentifier<'a> {
    /// The issuer's key identifier.
    pub key_identifier: Option<&'a [u8]>,
    /// The name in the issuer's own issuer field.
    pub issuer: Option<Name<'a>>,
    /// The issuer's own serial number.
    pub serial_number: Option<&'a [u8]>,
}

impl<'a> AuthorityKeyIdentifier<'a> {
    pub(crate) fn read(content: &'a [u8]) -> Result<Self, DecodeError> {
        let mut fields = Tlv::first_of(content, tag::SEQUENCE, "AuthorityKeyIdentifier (SEQUENCE)")?.children();
        let key_identifier = fields.optional(tag::context(0))?.map(|found| found.value);
        let mut issuer = None;
        if let Some(names) = fields.optional(tag::context_constructed(1))? {
            issuer = GeneralName::read_all(names.children())?.into_iter().find_map(|name| match name {
                GeneralName::Directory(name) => Some(name),
                _ => None,
            });
        }
        let serial_number = fields.optional(tag::context(2))?.map(|found| found.value);
        fields.finish()?;
        Ok(Self { key_identifier, issuer, serial_number })
    }
}

pub(crate) fn read_key_identifier(content: &[u8]) -> Result<&[u8], DecodeError> {
    Tlv::first_of(content, tag::OCTET_STRING, "SubjectKeyIdentifier (OCTET STRING)").map(|found| found.value)
}

pub(crate) fn read_general_names(content: &[u8]) -> Result<Vec<GeneralName<'_>>, DecodeError> {
    GeneralName::read_all(Tlv::first_of(content, tag::SEQUENCE, "GeneralNames (SEQUENCE)")?.children())
}

/// One DistributionPoint (RFC 5280 section 4.2.1.13). AD CS lists several URIs in one.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct DistributionPoint<'a> {
    /// `fullName`: other names of one CRL.
    pub full_name: Vec<GeneralName<'a>>,
    /// `nameRelativeToCRLIssuer`: the encoded attributes, without their SET.
    pub relative_name: Option<&'a [u8]>,
    /// The reasons that its CRL covers, bit 1 (keyCompromise) and up; `None` is all.
    pub reasons: Option<u16>,
    /// Who signs its CRL, where that is not the certificate's issuer.
    pub crl_issuer: Vec<GeneralName<'a>>,
}

impl<'a> DistributionPoint<'a> {
    pub(crate) fn read_all(content: &'a [u8]) -> Result<Vec<Self>, DecodeError> {
        let mut cursor = Tlv::first_of(content, tag::SEQUENCE, "CRLDistributionPoints (SEQUENCE)")?.children();
        let mut points = Vec::new();
        while !cursor.is_empty() {
            let mut fields = cursor.expect(tag::SEQUENCE, "a DistributionPoint (SEQUENCE)")?.children();
            let mut point = Self::default();
            if let Some(name) = fields.optional(tag::context_constructed(0))? {
                point.read_name(name.children())?;
            }
            if let Some(reasons) = fields.optional(tag::context(1))? {
                point.reasons = Some(read_reasons(&reasons));
            }
            if let Some(issuer) = fields.optional(tag::context_constructed(2))? {
                point.crl_issuer = GeneralName::read_all(issuer.children())?;
            }
            points.push(point);
        }
        Ok(points)
    }

    /// DistributionPointName, a CHOICE.
    pub(crate) fn read_name(&mut self, mut choice: Cursor<'a>) -> Result<(), DecodeError> {
        if let Some(full) = choice.optional(tag::context_constructed(0))? {
            self.full_name = GeneralName::read_all(full.children())?;
        } else if let Some(relative) = choice.optional(tag::context_constructed(1))? {
            self.relative_name = Some(relative.value);
        }
        Ok(())
    }
}

/// ReasonFlags, bit n of the string as bit n of the number.
pub(crate) fn read_reasons(flags: &Tlv<'_>) -> u16 {
    let Some((bytes, _)) = flags.bit_string() else { return 0 };
    (0..9)
        .filter(|n| bytes.get(n / 8).is_some_and(|byte| byte & (0x80 >> (n % 8)) != 0))
        .fold(0, |bits, n| bits | 1 << n)
}

/// One AccessDescription (RFC 5280 section 4.2.2.1).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct AccessDescription<'a> {
    /// The content bytes of the access method.
    pub method: &'a [u8],
    /// Where.
    pub location: GeneralName<'a>,
}

impl<'a> AccessDescription<'a> {
    pub(crate) fn read_all(content: &'a [u8]) -> Result<Vec<Self>, DecodeError> {
        let mut cursor = Tlv::first_of(content, tag::SEQUENCE, "AuthorityInfoAccess (SEQUENCE)")?.children();
        let mut descriptions = Vec::new();
        while !cursor.is_empty() {
            let mut fields = cursor.expect(tag::SEQUENCE, "an AccessDescription (SEQUENCE)")?.children();
            let method = fields.expect(tag::OID, "an access method (OBJECT IDENTIFIER)")?.value;
            descriptions.push(Self { method, location: GeneralName::read(&fields.next()?)? });
        }
        Ok(descriptions)
    }

    /// Whether it is where the issuer's own certificate is published.
    pub fn is_ca_issuers(&self) -> bool {
        self.method == oid::ACCESS_CA_ISSUERS
    }
}

/// NameConstraints (RFC 5280 section 4.2.1.10).
#[derive(Debug, Clone, Default)]
pub(crate) struct NameConstraints<'a> {
    pub(crate) permitted: Option<Vec<Subtree<'a>>>,
    pub(crate) excluded: Option<Vec<Subtree<'a>>>,
}

/// GeneralSubtree; RFC 5280 wants the minimum to be 0 and no maximum.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subtree<'a> {
    pub(crate) base: GeneralName<'a>,
    pub(crate) has_distances: bool,
}

impl<'a> NameConstraints<'a> {
    pub(crate) fn read(content: &'a [u8]) -> Result<Self, DecodeError> {
        let sequence = Tlv::only_of(content, tag::SEQUENCE, "NameConstraints (SEQUENCE)")?;
        if sequence.value.is_empty() {
            return Err(sequence.error("permitted or excluded subtrees"));
        }
        let mut fields = sequence.children();
        let permitted = fields
            .optional(tag::context_constructed(0))?
            .map(|trees| Subtree::read_all(trees.children()))
            .transpose()?;
        let excluded = fields
            .optional(tag::context_constructed(1))?
            .map(|trees| Subtree::read_all(trees.children()))
            .transpose()?;
        fields.finish()?;
        Ok(Self { permitted, excluded })
    }
}

impl<'a> Subtree<'a> {
    fn read_all(mut cursor: Cursor<'a>) -> Result<Vec<Self>, DecodeError> {
        let mut subtrees = Vec::new();
        // SIZE (1..MAX): the first must be there.
        while subtrees.is_empty() || !cursor.is_empty() {
            let mut fields = cursor.expect(tag::SEQUENCE, "a GeneralSubtree (SEQUENCE)")?.children();
            let base = GeneralName::read(&fields.next()?)?;
            let minimum = fields.optional(tag::context(0))?;
            let has_distances = minimum.is_some_and(|minimum| minimum.value != [0]) || !fields.is_empty();
            subtrees.push(Self { base, has_distances });
        }
        Ok(subtrees)
    }
}

/// The issuer's policy and the subject's.
pub(crate) type PolicyMapping<'a> = (&'a [u8], &'a [u8]);

/// PolicyMappings (RFC 5280 section 4.2.1.5).
pub(crate) fn read_policy_mappings(content: &[u8]) -> Result<Vec<PolicyMapping<'_>>, DecodeError> {
    let mut cursor = Tlv::only_of(content, tag::SEQUENCE, "PolicyMappings (SEQUENCE)")?.children();
    let mut mappings = Vec::new();
    while !cursor.is_empty() {
        let mut fields = cursor.expect(tag::SEQUENCE, "a policy mapping (SEQUENCE)")?.children();
        let issuer = fields.expect(tag::OID, "the issuer's policy (OBJECT IDENTIFIER)")?.value;
        let subject = fields.expect(tag::OID, "the subject's policy (OBJECT IDENTIFIER)")?.value;
        mappings.push((issuer, subject));
    }
    Ok(mappings)
}

/// PolicyConstraints (RFC 5280 section 4.2.1.11): how many certificates may follow before each takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PolicyConstraints {
    pub(crate) require_explicit_policy: Option<u64>,
    pub(crate) inhibit_policy_mapping: Option<u64>,
}

impl PolicyConstraints {
    pub(crate) fn read(content: &[u8]) -> Result<Self, DecodeError> {
        let mut fields = Tlv::only_of(content, tag::SEQUENCE, "PolicyConstraints (SEQUENCE)")?.children();
        let count = |field: Option<Tlv<'_>>| {
            field.map(|field| field.unsigned().ok_or_else(|| field.error("a number of certificates"))).transpose()
        };
        let require_explicit_policy = count(fields.optional(tag::context(0))?)?;
        let inhibit_policy_mapping = count(fields.optional(tag::context(1))?)?;
        Ok(Self { require_explicit_policy, inhibit_policy_mapping })
    }
}

/// InhibitAnyPolicy (RFC 5280 section 4.2.1.14).
pub(crate) fn read_inhibit_any_policy(content: &[u8]) -> Result<u64, DecodeError> {
    let count = Tlv::only_of(content, tag::INTEGER, "InhibitAnyPolicy (INTEGER)")?;
    count.unsigned().ok_or_else(|| count.error("a number of certificates"))
}
