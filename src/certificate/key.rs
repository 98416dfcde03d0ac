//! The public key of a certificate: algorithm, size and curve.

use std::borrow::Cow;

use crate::certificate::oid;
use crate::certificate::tlv::{DecodeError, Tlv, tag};
use crate::der_writer::sequence;

/// What a public key is, with the bytes that check signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublicKey {
    /// The algorithm.
    pub algorithm: KeyAlgorithm,
    /// Its size: the modulus of RSA and DSA, the field of an elliptic curve; 0 where it is not known.
    pub bits: u32,
    /// The named curve of an EC key, or its dotted decimals.
    pub curve: Option<String>,
}

/// The algorithms of public keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// RSA, for any scheme.
    Rsa,
    /// RSA that is only for PSS (RFC 4055).
    RsaPss,
    /// An elliptic curve (RFC 5480).
    Ec,
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// Ed448 (RFC 8410).
    Ed448,
    /// DSA.
    Dsa,
    /// ML-DSA (RFC 9881) with its parameter set: 44, 65 or 87.
    MlDsa(u8),
    /// Any other, by its dotted decimals.
    Other(String),
}

impl KeyAlgorithm {
    /// The name in every output.
    pub fn name(&self) -> &str {
        match self {
            Self::Rsa => "RSA",
            Self::RsaPss => "RSASSA-PSS",
            Self::Ec => "EC",
            Self::Ed25519 => "Ed25519",
            Self::Ed448 => "Ed448",
            Self::Dsa => "DSA",
            Self::MlDsa(44) => "ML-DSA-44",
            Self::MlDsa(65) => "ML-DSA-65",
            Self::MlDsa(_) => "ML-DSA-87",
            Self::Other(oid) => oid,
        }
    }
}

/// The parts of a SubjectPublicKeyInfo that checking signatures needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyInfo<'a> {
    pub(crate) algorithm: &'a [u8],
    pub(crate) parameters: Option<Tlv<'a>>,
    pub(crate) key: &'a [u8],
}

impl<'a> KeyInfo<'a> {
    pub(crate) fn read(spki: &'a [u8]) -> Result<Self, DecodeError> {
        let mut parts = Tlv::only_of(spki, tag::SEQUENCE, "a SubjectPublicKeyInfo (SEQUENCE)")?.children();
        let algorithm = parts.expect(tag::SEQUENCE, "an AlgorithmIdentifier (SEQUENCE)")?;
        let bits = parts.expect(tag::BIT_STRING, "the public key (BIT STRING)")?;
        let mut fields = algorithm.children();
        let oid = fields.expect(tag::OID, "an algorithm (OBJECT IDENTIFIER)")?;
        let parameters = if fields.is_empty() { None } else { Some(fields.next()?) };
        let (key, _) = bits.bit_string().ok_or_else(|| bits.error("a BIT STRING with its count of unused bits"))?;
        Ok(Self { algorithm: oid.value, parameters, key })
    }

    /// The parameters where there are some: absent and NULL are the same (RFC 3279, and what is met).
    pub(crate) fn real_parameters(&self) -> Option<Tlv<'a>> {
        self.parameters.filter(|parameters| parameters.tag != 0x05)
    }

    /// Whether it is a DSA key to which those of the CA above apply (RFC 3279 section 2.3.2). No other algorithm here may leave its
    /// parameters to the CA: RFC 5480 section 2.1.1 forbids it to elliptic curves, and the rest have none.
    fn lacks_parameters(&self) -> bool {
        self.algorithm == oid::DSA && self.real_parameters().is_none()
    }
}

/// Whether this SubjectPublicKeyInfo is of a DSA key without parameters.
pub(crate) fn lacks_parameters(spki: &[u8]) -> bool {
    KeyInfo::read(spki).is_ok_and(|info| info.lacks_parameters())
}

/// RFC 5280 section 6.1.4 (d) and (e): the SubjectPublicKeyInfo of a certificate below one that has the key `above`, with the
/// parameters that it takes over. `None` where it lacks them, and so does `above`.
pub(crate) fn with_inherited<'a>(spki: &'a [u8], above: &[u8]) -> Option<Cow<'a, [u8]>> {
    if !lacks_parameters(spki) {
        return Some(spki.into());
    }
    let above = KeyInfo::read(above).ok().filter(|info| info.algorithm == oid::DSA)?;
    let parameters = above.real_parameters().filter(|parameters| parameters.tag == tag::SEQUENCE)?;
    let mut parts = Tlv::only(spki).ok()?.children();
    let (algorithm, key) = (parts.next().ok()?.children().next().ok()?, parts.next().ok()?);
    Some(sequence(&[&sequence(&[algorithm.raw, parameters.raw]), key.raw]).into())
}

impl PublicKey {
    /// From a SubjectPublicKeyInfo; what cannot be read leaves the size 0.
    pub(crate) fn read(spki: &[u8]) -> Self {
        let Ok(info) = KeyInfo::read(spki) else {
            return Self { algorithm: KeyAlgorithm::Other("unreadable".to_owned()), bits: 0, curve: None };
        };
        let plain = |algorithm, bits| Self { algorithm, bits, curve: None };
        match info.algorithm {
            a if a == oid::RSA_ENCRYPTION => plain(KeyAlgorithm::Rsa, rsa_bits(info.key)),
            a if a == oid::RSASSA_PSS => plain(KeyAlgorithm::RsaPss, rsa_bits(info.key)),
            a if a == oid::EC_PUBLIC_KEY => {
                let curve = info.parameters.filter(|parameters| parameters.tag == tag::OID).map(|found| found.value);
                Self {
                    algorithm: KeyAlgorithm::Ec,
                    bits: curve.map_or(0, |curve| curve_bits(curve, info.key.len())),
                    curve: curve.map(|curve| oid::name(curve).map_or_else(|| oid::dotted(curve), str::to_owned)),
                }
            }
            a if a == oid::ED25519 => plain(KeyAlgorithm::Ed25519, 256),
            a if a == oid::ED448 => plain(KeyAlgorithm::Ed448, 456),
            a if a == oid::DSA => plain(KeyAlgorithm::Dsa, dsa_bits(info.parameters)),
            a if a == oid::ML_DSA_44 => plain(KeyAlgorithm::MlDsa(44), key_bits(info.key)),
            a if a == oid::ML_DSA_65 => plain(KeyAlgorithm::MlDsa(65), key_bits(info.key)),
            a if a == oid::ML_DSA_87 => plain(KeyAlgorithm::MlDsa(87), key_bits(info.key)),
            other => plain(KeyAlgorithm::Other(oid::dotted(other)), 0),
        }
    }
}

fn key_bits(key: &[u8]) -> u32 {
    u32::try_from(key.len().saturating_mul(8)).unwrap_or(u32::MAX)
}

pub(crate) fn integer_bits(integer: &[u8]) -> u32 {
    let significant = integer.iter().position(|byte| *byte != 0).map_or(&[][..], |first| &integer[first..]);
    significant.first().map_or(0, |first| key_bits(significant).saturating_sub(first.leading_zeros()))
}

/// OpenSSL and Go do not mind what stands behind the RSAPublicKey, either.
pub(crate) fn rsa_bits(key: &[u8]) -> u32 {
    Tlv::first_of(key, tag::SEQUENCE, "an RSAPublicKey")
        .and_then(|sequence| sequence.children().expect(tag::INTEGER, "the modulus"))
        .map_or(0, |modulus| integer_bits(modulus.value))
}

fn dsa_bits(parameters: Option<Tlv<'_>>) -> u32 {
    parameters
        .and_then(|parameters| parameters.children().expect(tag::INTEGER, "the prime").ok())
        .map_or(0, |prime| integer_bits(prime.value))
}

fn curve_bits(curve: &[u8], key_bytes: usize) -> u32 {
    match curve {
        c if c == oid::P256 || c == oid::SECP256K1 || c == oid::BRAINPOOL_P256R1 => 256,
        c if c == oid::P384 || c == oid::BRAINPOOL_P384R1 => 384,
        c if c == oid::P521 => 521,
        c if c == oid::P224 => 224,
        c if c == oid::P192 => 192,
        c if c == oid::BRAINPOOL_P512R1 => 512,
        // An uncompressed point is a byte and two coordinates (SEC 1 section 2.3.3).
        _ => u32::try_from(key_bytes.saturating_sub(1) / 2 * 8).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_an_integer_is_that_of_its_highest_bit() {
        assert_eq!(integer_bits(&[0, 0x80]), 8);
        assert_eq!(integer_bits(&[0x7f, 0xff]), 15);
        assert_eq!(integer_bits(&[0, 0]), 0);
        assert_eq!(integer_bits(&[]), 0);
    }

    #[test]
    fn an_rsa_key_has_its_size_whatever_stands_behind_it() {
        let key = sequence(&[&[tag::INTEGER, 2, 0x0f, 0xff], &[tag::INTEGER, 1, 3]]);
        assert_eq!(rsa_bits(&key), 12);
        assert_eq!(rsa_bits(&[&key[..], &[5, 0]].concat()), 12);
    }

    #[test]
    fn what_is_no_key_has_no_size() {
        assert_eq!(PublicKey::read(&[]).bits, 0);
        assert_eq!(PublicKey::read(&[0x30, 0]).bits, 0);
    }
}
