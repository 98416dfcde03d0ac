//! Where in its bytes each part of a certificate stands (RFC 5280 section 4.1).

use std::collections::HashSet;

use crate::certificate::tlv::{Cursor, DecodeError, Tlv, tag};
use crate::time::Time;

/// A range of a certificate's bytes; a certificate is at most 4 GiB, by the length of its outermost element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(super) fn new(range: std::ops::Range<usize>) -> Self {
        let narrow = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { start: narrow(range.start), end: narrow(range.end) }
    }

    pub(super) fn of(self, der: &[u8]) -> &[u8] {
        der.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// One extension, as it stands in a certificate.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Extension<'a> {
    /// The content bytes of its object identifier.
    pub oid: &'a [u8],
    /// Whether whoever does not understand it must refuse the certificate.
    pub critical: bool,
    /// The content of `extnValue`.
    pub value: &'a [u8],
}

#[derive(Debug, Clone, Copy)]
pub(super) struct ExtensionSpan {
    oid: Span,
    critical: bool,
    value: Span,
}

impl ExtensionSpan {
    pub(super) fn of<'a>(&self, der: &'a [u8]) -> Extension<'a> {
        Extension { oid: self.oid.of(der), critical: self.critical, value: self.value.of(der) }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) version: u64,
    pub(super) tbs: Span,
    pub(super) serial: Span,
    pub(super) signed_algorithm: Span,
    pub(super) issuer: Span,
    pub(super) not_before: Option<Time>,
    pub(super) not_after: Option<Time>,
    pub(super) times_are_der: bool,
    pub(super) subject: Span,
    pub(super) spki: Span,
    pub(super) extensions: Box<[ExtensionSpan]>,
    pub(super) algorithm: Span,
    pub(super) signature: Span,
}

impl Layout {
    pub(super) fn read(der: &[u8]) -> Result<Self, DecodeError> {
        let mut certificate = Tlv::only_of(der, tag::SEQUENCE, "a Certificate (SEQUENCE)")?.children();
        let tbs = certificate.expect(tag::SEQUENCE, "a TBSCertificate (SEQUENCE)")?;
        let algorithm = certificate.expect(tag::SEQUENCE, "signatureAlgorithm (SEQUENCE)")?;
        let signature = certificate.expect(tag::BIT_STRING, "signatureValue (BIT STRING)")?;
        certificate.finish()?;

        let mut fields = tbs.children();
        let version = match fields.optional(tag::context_constructed(0))? {
            Some(version) => version
                .children()
                .expect(tag::INTEGER, "version (INTEGER)")?
                .unsigned()
                .map_or(0, |v| v.saturating_add(1)),
            None => 1,
        };
        let serial = fields.expect(tag::INTEGER, "serialNumber (INTEGER)")?;
        let signed_algorithm = fields.expect(tag::SEQUENCE, "signature (AlgorithmIdentifier, SEQUENCE)")?;
        let issuer = fields.expect(tag::SEQUENCE, "issuer (Name, SEQUENCE)")?;
        let mut validity = fields.expect(tag::SEQUENCE, "validity (SEQUENCE)")?.children();
        let (not_before, first_is_der) = read_any_time(&validity.next()?)?;
        let (not_after, last_is_der) = read_any_time(&validity.next()?)?;
        let subject = fields.expect(tag::SEQUENCE, "subject (Name, SEQUENCE)")?;
        let spki = fields.expect(tag::SEQUENCE, "subjectPublicKeyInfo (SEQUENCE)")?;
        for unique_identifier in [1, 2] {
            if fields.optional(tag::context(unique_identifier))?.is_none() {
                fields.optional(tag::context_constructed(unique_identifier))?;
            }
        }
        let extensions = match fields.optional(tag::context_constructed(3))? {
            Some(wrapped) => {
                let mut inner = wrapped.children();
                let list = inner.expect(tag::SEQUENCE, "extensions (SEQUENCE)")?;
                inner.finish()?;
                read_extensions(list.children())?
            }
            None => Box::default(),
        };
        fields.finish()?;

        let value = signature.value_range();
        Ok(Self {
            version,
            tbs: Span::new(tbs.range()),
            serial: Span::new(serial.value_range()),
            signed_algorithm: Span::new(signed_algorithm.range()),
            issuer: Span::new(issuer.range()),
            not_before,
            not_after,
            times_are_der: first_is_der && last_is_der,
            subject: Span::new(subject.range()),
            spki: Span::new(spki.range()),
            extensions,
            algorithm: Span::new(algorithm.range()),
            signature: Span::new((value.start + 1).min(value.end)..value.end),
        })
    }

    pub(super) fn extension_value<'a>(&self, der: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
        self.extensions.iter().find(|entry| entry.oid.of(der) == wanted).map(|entry| entry.value.of(der))
    }
}

/// A Time that is no moment is `None`: the certificate can be shown, and is never valid.
pub(super) fn read_time(element: &Tlv<'_>) -> Result<Option<Time>, DecodeError> {
    match element.tag {
        tag::UTC_TIME => Ok(Time::from_utc_time(element.value)),
        tag::GENERALIZED_TIME => Ok(Time::from_generalized_time(element.value)),
        _ => Err(element.error("a Time (UTCTime or GeneralizedTime)")),
    }
}

/// The moment, and whether it is written as RFC 5280 section 4.1.2.5 has it. One that is not can be shown.
fn read_any_time(element: &Tlv<'_>) -> Result<(Option<Time>, bool), DecodeError> {
    let strict = read_time(element)?;
    let any = strict.or_else(|| Time::from_ber(element.value, element.tag == tag::GENERALIZED_TIME));
    Ok((any, strict.is_some()))
}

pub(super) fn read_extensions(mut cursor: Cursor<'_>) -> Result<Box<[ExtensionSpan]>, DecodeError> {
    let mut extensions = Vec::with_capacity(10);
    while !cursor.is_empty() {
        let (oid, critical, value) = read_extension(&mut cursor)?;
        extensions.push(ExtensionSpan {
            oid: Span::new(oid.value_range()),
            critical,
            value: Span::new(value.value_range()),
        });
    }
    Ok(extensions.into())
}

/// The first extension of a type that stood there before. Ordinary certificates have some ten; a hundred thousand take no longer
/// than reading them.
pub(super) fn first_twice<'a>(extensions: impl Iterator<Item = Extension<'a>>) -> Option<Extension<'a>> {
    const FEW: usize = 16;
    let all: Vec<_> = extensions.collect();
    if all.len() <= FEW {
        let is_second = |(index, one): &(usize, &Extension<'_>)| all[..*index].iter().any(|two| two.oid == one.oid);
        return all.iter().enumerate().find(is_second).map(|(_, one)| *one);
    }
    let mut seen = HashSet::with_capacity(all.len());
    all.into_iter().find(|one| !seen.insert(one.oid))
}

/// One extension: its identifier, whether it is critical, and the string that holds its content.
pub(super) fn read_extension<'a>(cursor: &mut Cursor<'a>) -> Result<(Tlv<'a>, bool, Tlv<'a>), DecodeError> {
    let mut fields = cursor.expect(tag::SEQUENCE, "an Extension (SEQUENCE)")?.children();
    let oid = fields.expect(tag::OID, "extnID (OBJECT IDENTIFIER)")?;
    let critical = fields.optional(tag::BOOLEAN)?.is_some_and(|flag| flag.value.iter().any(|byte| *byte != 0));
    let value = fields.expect(tag::OCTET_STRING, "extnValue (OCTET STRING)")?;
    fields.finish()?;
    Ok((oid, critical, value))
}
