//! The integrity check of a PFX, by which a password is known to be right: RFC 7292's HMAC, and PBMAC1 of RFC 9579.

use super::ber::{BerError, Element};
use super::kdf::{self, Hash, Purpose};
use super::pbe::{Pbkdf2, SchemeError, algorithm_name, derive_pbkdf2, iterations};
use crate::certificate::tlv::tag;
use crate::source::passwords::{Attempts, OverBudget, Password};

/// 1.2.840.113549.1.5.14
const PBMAC1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 14];

/// The keys that PBMAC1 may derive: not so short that a MAC can be guessed (RFC 9579), and not more than any HMAC can use.
const KEY_LENGTHS: std::ops::RangeInclusive<usize> = 20..=256;

/// MacData, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MacData {
    key: Key,
    hash: Hash,
    expected: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    Pkcs12 { salt: Vec<u8>, iterations: u64 },
    Pbkdf2 { derivation: Pbkdf2, length: usize },
}

impl MacData {
    pub(super) fn parse(element: &Element<'_>) -> Result<Self, SchemeError> {
        let mut fields = element.children();
        let mut digest_info = fields.expect(tag::SEQUENCE, "a MAC")?.children();
        let algorithm = digest_info.expect(tag::SEQUENCE, "a MAC's algorithm")?;
        let expected =
            digest_info.required("a MAC's value")?.octets(tag::OCTET_STRING, "a MAC's value")?.0.into_owned();
        let salt = fields.required("a MAC's salt")?.octets(tag::OCTET_STRING, "a MAC's salt")?.0.into_owned();
        let mut algorithm_fields = algorithm.children();
        let oid = algorithm_fields.expect(tag::OID, "the identifier of a MAC's algorithm")?.content;
        if oid == PBMAC1 {
            let parameters = algorithm_fields.expect(tag::SEQUENCE, "the parameters of PBMAC1")?;
            let (key, hash) = pbmac1(&parameters)?;
            return Ok(Self { key, hash, expected });
        }
        let hash = Hash::from_digest_oid(oid).ok_or_else(|| SchemeError::Unsupported(algorithm_name(oid)))?;
        let iterations = match fields.optional(tag::INTEGER)? {
            Some(count) => iterations(&count)?,
            None => 1,
        };
        Ok(Self { key: Key::Pkcs12 { salt, iterations }, hash, expected })
    }

    /// Whether the password, in any of its forms, gives `message` this MAC.
    pub(super) fn matches(
        &self,
        password: &Password,
        message: &[u8],
        attempts: &mut Attempts<'_>,
    ) -> Result<bool, OverBudget> {
        match &self.key {
            Key::Pkcs12 { salt, iterations } => {
                let length = self.hash.output_length();
                for form in password.bmp_forms() {
                    let hashes = self.hash.cost(salt, *iterations, length);
                    attempts.spend(*iterations, hashes.saturating_add(cost(message)))?;
                    let key = kdf::pkcs12(self.hash, Purpose::Integrity, &form, salt, *iterations, length);
                    if kdf::hmac_matches(self.hash, &key, message, &self.expected) {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Key::Pbkdf2 { derivation, length } => {
                let Pbkdf2 { salt, iterations, prf, .. } = derivation;
                attempts.spend(0, cost(message))?;
                let key = derive_pbkdf2(*prf, password.utf8(), salt, *iterations, *length, attempts)?;
                Ok(kdf::hmac_matches(self.hash, &key, message, &self.expected))
            }
        }
    }
}

/// How many hash computations of a key derivation take as long as an HMAC over so much.
fn cost(message: &[u8]) -> u64 {
    message.len() as u64 / 256
}

/// RFC 9579 section 4; the key's length must be given there.
fn pbmac1(parameters: &Element<'_>) -> Result<(Key, Hash), SchemeError> {
    let mut fields = parameters.children();
    let derivation = Pbkdf2::parse(&fields.expect(tag::SEQUENCE, "PBMAC1's key derivation")?)?;
    let scheme = fields.expect(tag::SEQUENCE, "PBMAC1's message authentication scheme")?;
    let oid = scheme.children().expect(tag::OID, "the identifier of an HMAC")?.content;
    let hash = Hash::from_hmac_oid(oid).ok_or_else(|| SchemeError::Unsupported(algorithm_name(oid)))?;
    let length = derivation
        .key_length
        .filter(|length| KEY_LENGTHS.contains(length))
        .ok_or_else(|| -> BerError { parameters.error("PBMAC1 with a key of 20 to 256 bytes") })?;
    Ok((Key::Pbkdf2 { derivation, length }, hash))
}
