//! The extensions that Active Directory Certificate Services puts into certificates.

use crate::certificate::general_name::GeneralName;
use crate::certificate::oid::{self, Oid};
use crate::certificate::string;
use crate::certificate::tlv::{DecodeError, Tlv, tag};

/// What a certificate says of the template it was issued from ([MS-WCCE] 2.2.2.7.7). The template's schema version, which
/// decides between CSP and KSP, is not in it: the version numbers here are the template's revision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Template {
    /// The template's object identifier (extension 1.3.6.1.4.1.311.21.7).
    pub oid: Option<Oid>,
    /// The template's name (extension 1.3.6.1.4.1.311.20.2): only templates of schema version 1 leave it.
    pub name: Option<String>,
    /// Major revision.
    pub major: Option<u32>,
    /// Minor revision.
    pub minor: Option<u32>,
}

impl Template {
    pub(crate) fn read_information(&mut self, content: &[u8]) -> Result<(), DecodeError> {
        let mut fields = Tlv::only_of(content, tag::SEQUENCE, "CertificateTemplateOID (SEQUENCE)")?.children();
        self.oid = Some(Oid::from_content(fields.expect(tag::OID, "a template (OBJECT IDENTIFIER)")?.value));
        let mut number = || -> Result<Option<u32>, DecodeError> {
            let Some(field) = fields.optional(tag::INTEGER)? else { return Ok(None) };
            let value = field.unsigned().and_then(|value| u32::try_from(value).ok());
            Ok(Some(value.ok_or_else(|| field.error("a number of at most 32 bits"))?))
        };
        self.major = number()?;
        self.minor = number()?;
        Ok(())
    }

    /// BMPString by Microsoft's own writers; any other character string is taken too.
    pub(crate) fn read_name(&mut self, content: &[u8]) -> Result<(), DecodeError> {
        let element = Tlv::only(content)?;
        let text =
            string::text(element.tag, element.value).ok_or_else(|| element.error("a template name (BMPString)"))?;
        self.name = Some(text.into_owned());
        Ok(())
    }
}

/// A CA certificate's version (extension 1.3.6.1.4.1.311.21.1): `V2.1` is the third certificate with the second key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaVersion {
    /// How often the CA certificate was renewed.
    pub certificate_index: u16,
    /// The certificate index at which the present key came in.
    pub key_index: u16,
}

impl CaVersion {
    pub(crate) fn read(content: &[u8]) -> Result<Self, DecodeError> {
        let number = Tlv::only_of(content, tag::INTEGER, "a CA version (INTEGER)")?;
        let value = number.unsigned().and_then(|value| u32::try_from(value).ok());
        let value = value.ok_or_else(|| number.error("a number of at most 32 bits"))?;
        Ok(Self { certificate_index: (value & 0xffff) as u16, key_index: (value >> 16) as u16 })
    }
}

impl std::fmt::Display for CaVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "V{}.{}", self.certificate_index, self.key_index)
    }
}

/// The SHA-1 of the CA's previous certificate (extension 1.3.6.1.4.1.311.21.2).
pub(crate) fn read_previous_ca_hash(content: &[u8]) -> Result<&[u8], DecodeError> {
    Tlv::only_of(content, tag::OCTET_STRING, "a hash (OCTET STRING)").map(|found| found.value)
}

/// The security identifier of the account (extension 1.3.6.1.4.1.311.25.2), as text. Some writers wrap the name once more.
pub(crate) fn read_sid(content: &[u8]) -> Result<String, DecodeError> {
    let outer = Tlv::only_of(content, tag::SEQUENCE, "GeneralNames (SEQUENCE)")?;
    let mut names = outer.children();
    while !names.is_empty() {
        let element = names.next()?;
        let name = match GeneralName::read(&element) {
            Ok(name) => name,
            Err(_) => GeneralName::read_other(element.children().next()?.children())?,
        };
        if let GeneralName::Other { oid, value } = name
            && oid == oid::MS_SID
        {
            let text = Tlv::only_of(value, tag::OCTET_STRING, "a security identifier (OCTET STRING)")?;
            return Ok(string::ascii_or_wider(text.value).into_owned());
        }
    }
    Err(outer.error("an otherName of type 1.3.6.1.4.1.311.25.2.1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        hex.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
    }

    #[test]
    fn template_information_has_oid_and_revision() {
        let mut template = Template::default();
        template
            .read_information(&bytes(
                "30 19 06 11 2b 06 01 04 01 82 37 15 08 01 02 03 04 05 06 07 08 02 01 64 02 01 03",
            ))
            .unwrap();
        assert_eq!(template.oid.unwrap().to_string(), "1.3.6.1.4.1.311.21.8.1.2.3.4.5.6.7.8");
        assert_eq!((template.major, template.minor), (Some(100), Some(3)));
    }

    #[test]
    fn a_template_name_is_utf16() {
        let mut template = Template::default();
        template.read_name(&bytes("1e 0e 00 4d 00 61 00 63 00 68 00 69 00 6e 00 65")).unwrap();
        assert_eq!(template.name.as_deref(), Some("Machine"));
    }

    #[test]
    fn the_low_half_of_a_ca_version_is_the_certificate_and_the_high_half_the_key() {
        assert_eq!(CaVersion::read(&bytes("02 01 00")).unwrap().to_string(), "V0.0");
        assert_eq!(CaVersion::read(&bytes("02 03 01 00 02")).unwrap().to_string(), "V2.1");
        assert!(CaVersion::read(&bytes("02 01 ff")).is_err());
    }

    #[test]
    fn a_sid_is_read_from_both_encodings() {
        let plain = bytes(
            "30 20 a0 1e 06 0a 2b 06 01 04 01 82 37 19 02 01 a0 10 04 0e 53 2d 31 2d 35 2d 32 31 2d 31 2d 32 2d 33",
        );
        assert_eq!(read_sid(&plain).unwrap(), "S-1-5-21-1-2-3");
        let wrapped = bytes(
            "30 22 a0 20 30 1e 06 0a 2b 06 01 04 01 82 37 19 02 01 a0 10 04 0e 53 2d 31 2d 35 2d 32 31 2d 31 2d 32 2d 33",
        );
        assert_eq!(read_sid(&wrapped).unwrap(), "S-1-5-21-1-2-3");
    }
}
