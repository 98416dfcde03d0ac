//! What a CA says of a policy beside its identifier (RFC 5280 section 4.2.1.4): where its practice statement is, and a notice.

use crate::certificate::extensions::Policy;
use crate::certificate::oid::{self, Oid};
use crate::certificate::string;
use crate::certificate::tlv::{DecodeError, Tlv, tag};

/// A policy that a certificate is issued under, with its qualifiers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificatePolicy {
    /// The policy.
    pub identifier: Oid,
    /// What is said of it.
    pub qualifiers: Vec<PolicyQualifier>,
}

/// One PolicyQualifierInfo.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyQualifier {
    /// Where the CA's certification practice statement is published.
    Cps(String),
    /// A notice for whoever relies on the certificate.
    UserNotice {
        /// The notice itself.
        text: Option<String>,
        /// The organization that has the notice under the numbers.
        organization: Option<String>,
        /// The numbers under which the organization has it; one that is negative or too large is left out.
        numbers: Vec<u64>,
    },
    /// One of another kind.
    Other(Oid),
}

impl CertificatePolicy {
    pub(crate) fn read(policy: &Policy<'_>) -> Result<Self, DecodeError> {
        let mut qualifiers = Vec::new();
        if let Some(encoded) = policy.qualifiers {
            let mut cursor = Tlv::only_of(encoded, tag::SEQUENCE, "policy qualifiers (SEQUENCE)")?.children();
            while !cursor.is_empty() {
                let mut fields = cursor.expect(tag::SEQUENCE, "a PolicyQualifierInfo (SEQUENCE)")?.children();
                let kind = fields.expect(tag::OID, "a qualifier's kind (OBJECT IDENTIFIER)")?.value;
                qualifiers.push(match kind {
                    kind if kind == oid::QT_CPS => PolicyQualifier::Cps(display_text(&fields.next()?)?),
                    kind if kind == oid::QT_USER_NOTICE => user_notice(&fields.next()?)?,
                    other => PolicyQualifier::Other(Oid::from_content(other)),
                });
            }
        }
        Ok(Self { identifier: Oid::from_content(policy.identifier), qualifiers })
    }
}

/// UserNotice ::= SEQUENCE { noticeRef NoticeReference OPTIONAL, explicitText DisplayText OPTIONAL }
fn user_notice(notice: &Tlv<'_>) -> Result<PolicyQualifier, DecodeError> {
    let (mut text, mut organization, mut numbers) = (None, None, Vec::new());
    if notice.tag != tag::SEQUENCE {
        return Err(notice.error("a UserNotice (SEQUENCE)"));
    }
    let mut fields = notice.children();
    if let Some(reference) = fields.optional(tag::SEQUENCE)? {
        let mut parts = reference.children();
        organization = Some(display_text(&parts.next()?)?);
        let mut listed = parts.expect(tag::SEQUENCE, "notice numbers (SEQUENCE)")?.children();
        while !listed.is_empty() {
            numbers.extend(listed.expect(tag::INTEGER, "a notice number (INTEGER)")?.unsigned());
        }
    }
    if !fields.is_empty() {
        text = Some(display_text(&fields.next()?)?);
    }
    fields.finish()?;
    Ok(PolicyQualifier::UserNotice { text, organization, numbers })
}

fn display_text(string: &Tlv<'_>) -> Result<String, DecodeError> {
    string::text(string.tag, string.value)
        .map(std::borrow::Cow::into_owned)
        .ok_or_else(|| string.error("a character string"))
}

impl PolicyQualifier {
    /// PolicyQualifierId.
    pub fn kind(&self) -> Oid {
        match self {
            Self::Cps(_) => Oid::from_content(oid::QT_CPS),
            Self::UserNotice { .. } => Oid::from_content(oid::QT_USER_NOTICE),
            Self::Other(kind) => kind.clone(),
        }
    }
}
