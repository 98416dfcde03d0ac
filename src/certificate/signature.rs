//! Signatures: which algorithm an identifier names, and whether a signature holds under a key.
//!
//! One table says what aws-lc-rs checks, which is what is met; what stands in no row of it is left to [`rare`]. What neither
//! knows is an unsupported algorithm, never a bad signature.

mod dsa;
mod pss;
mod rare;

use std::fmt;
use std::sync::OnceLock;

use aws_lc_rs::signature::{self as lc, ParsedPublicKey, VerificationAlgorithm};

use crate::certificate::key::{KeyInfo, rsa_bits};
use crate::certificate::oid;
use crate::certificate::tlv::{Tlv, tag};
use pss::PssParameters;
use rare::RareKey;

/// The hash under a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum HashAlgorithm {
    /// MD2 or MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashAlgorithm {
    /// The name in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    RsaPkcs1,
    /// With the length of the salt.
    RsaPss(u64),
    Ecdsa,
    Dsa,
    Ed25519,
    MlDsa(u8),
}

/// DSA with each hash that is taken with it.
const WITH_DSA: [&[u8]; 3] = [oid::SHA1_WITH_DSA, oid::SHA224_WITH_DSA, oid::SHA256_WITH_DSA];

/// An AlgorithmIdentifier of a signature.
#[derive(Clone, Copy)]
pub struct SignatureAlgorithm<'a> {
    raw: &'a [u8],
}

impl<'a> SignatureAlgorithm<'a> {
    pub(crate) fn new(raw: &'a [u8]) -> Self {
        Self { raw }
    }

    fn parts(&self) -> Option<(&'a [u8], Option<Tlv<'a>>)> {
        let mut fields = Tlv::only(self.raw).ok()?.children();
        let oid = fields.expect(tag::OID, "an algorithm").ok()?;
        Some((oid.value, fields.next().ok()))
    }

    /// The encoding.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.raw
    }

    /// Whether both name the same algorithm; absent parameters and NULL are the same (RFC 4055 section 2.1).
    pub(crate) fn same_as(&self, other: &SignatureAlgorithm<'_>) -> bool {
        if self.raw == other.raw {
            return true;
        }
        match (self.parts(), other.parts()) {
            (Some((one, one_parameters)), Some((two, two_parameters))) => {
                let real = |tlv: Option<Tlv<'_>>| tlv.filter(|found| found.tag != 0x05).map(|found| found.raw.to_vec());
                one == two && real(one_parameters) == real(two_parameters)
            }
            _ => false,
        }
    }

    /// The hash under it; `None` where the scheme has none of its own or the algorithm is not known.
    pub fn hash(&self) -> Option<HashAlgorithm> {
        let (oid, parameters) = self.parts()?;
        if oid == oid::RSASSA_PSS {
            return PssParameters::of_signature(parameters).ok().map(|parameters| parameters.hash);
        }
        hash_of(oid)
    }

    /// Whether it is DSA, with whatever hash.
    pub(crate) fn is_dsa(&self) -> bool {
        self.parts().is_some_and(|(oid, _)| WITH_DSA.contains(&oid))
    }

    fn scheme(&self) -> Result<(Scheme, HashAlgorithm), String> {
        let (oid, parameters) = self.parts().ok_or("an AlgorithmIdentifier that cannot be read")?;
        let unsupported = || oid::name(oid).map_or_else(|| oid::dotted(oid), str::to_owned);
        let scheme = match oid {
            o if o == oid::RSASSA_PSS => {
                let parameters = PssParameters::of_signature(parameters)?;
                return Ok((Scheme::RsaPss(parameters.salt), parameters.hash));
            }
            o if o == oid::ED25519 => return Ok((Scheme::Ed25519, HashAlgorithm::Sha512)),
            o if o == oid::ML_DSA_44 => return Ok((Scheme::MlDsa(44), HashAlgorithm::Sha512)),
            o if o == oid::ML_DSA_65 => return Ok((Scheme::MlDsa(65), HashAlgorithm::Sha512)),
            o if o == oid::ML_DSA_87 => return Ok((Scheme::MlDsa(87), HashAlgorithm::Sha512)),
            o if [
                oid::SHA1_WITH_RSA,
                oid::OIW_SHA1_WITH_RSA,
                oid::SHA224_WITH_RSA,
                oid::SHA256_WITH_RSA,
                oid::SHA384_WITH_RSA,
                oid::SHA512_WITH_RSA,
            ]
            .contains(&o) =>
            {
                Scheme::RsaPkcs1
            }
            o if [
                oid::SHA1_WITH_ECDSA,
                oid::SHA224_WITH_ECDSA,
                oid::SHA256_WITH_ECDSA,
                oid::SHA384_WITH_ECDSA,
                oid::SHA512_WITH_ECDSA,
            ]
            .contains(&o) =>
            {
                Scheme::Ecdsa
            }
            o if WITH_DSA.contains(&o) => Scheme::Dsa,
            _ => return Err(unsupported()),
        };
        hash_of(oid).map(|hash| (scheme, hash)).ok_or_else(unsupported)
    }
}

/// The name that Windows shows, such as `sha256RSA`, else dotted decimals.
impl fmt::Display for SignatureAlgorithm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            Some((found, _)) => match oid::name(found) {
                Some(name) => f.write_str(name),
                None => f.write_str(&oid::dotted(found)),
            },
            None => f.write_str("(unreadable)"),
        }
    }
}

impl fmt::Debug for SignatureAlgorithm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignatureAlgorithm({self})")
    }
}

fn hash_of(signature: &[u8]) -> Option<HashAlgorithm> {
    Some(match signature {
        o if o == oid::MD2_WITH_RSA || o == oid::MD5_WITH_RSA => HashAlgorithm::Md5,
        o if [oid::SHA1_WITH_RSA, oid::OIW_SHA1_WITH_RSA, oid::SHA1_WITH_ECDSA, oid::SHA1_WITH_DSA].contains(&o) => {
            HashAlgorithm::Sha1
        }
        o if [oid::SHA224_WITH_RSA, oid::SHA224_WITH_ECDSA, oid::SHA224_WITH_DSA].contains(&o) => HashAlgorithm::Sha224,
        o if [oid::SHA256_WITH_RSA, oid::SHA256_WITH_ECDSA, oid::SHA256_WITH_DSA].contains(&o) => HashAlgorithm::Sha256,
        o if [oid::SHA384_WITH_RSA, oid::SHA384_WITH_ECDSA].contains(&o) => HashAlgorithm::Sha384,
        o if [oid::SHA512_WITH_RSA, oid::SHA512_WITH_ECDSA].contains(&o) => HashAlgorithm::Sha512,
        _ => return None,
    })
}

/// Whether a signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureCheck {
    /// It holds.
    Valid,
    /// The key did not make it.
    Invalid,
    /// It could not be checked: the algorithm, or the key for it, is not supported. What it is.
    Unsupported(String),
}

type Row = (Scheme, Option<&'static [u8]>, HashAlgorithm, &'static dyn VerificationAlgorithm);

/// Scheme, curve and hash, and what checks it, for keys of [`smallest`] size and up. SHA-1 included: enterprises still have it.
static TABLE: [Row; 23] = {
    use HashAlgorithm::{Sha1, Sha224, Sha256, Sha384, Sha512};
    use Scheme::{Ecdsa, Ed25519, MlDsa, RsaPkcs1, RsaPss};
    [
        (RsaPkcs1, None, Sha256, &lc::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
        (RsaPkcs1, None, Sha512, &lc::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
        (RsaPkcs1, None, Sha384, &lc::RSA_PKCS1_2048_8192_SHA384),
        (RsaPkcs1, None, Sha1, &lc::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
        (RsaPss(32), None, Sha256, &lc::RSA_PSS_2048_8192_SHA256),
        (RsaPss(48), None, Sha384, &lc::RSA_PSS_2048_8192_SHA384),
        (RsaPss(64), None, Sha512, &lc::RSA_PSS_2048_8192_SHA512),
        (Ecdsa, Some(oid::P256), Sha256, &lc::ECDSA_P256_SHA256_ASN1),
        (Ecdsa, Some(oid::P256), Sha384, &lc::ECDSA_P256_SHA384_ASN1),
        (Ecdsa, Some(oid::P256), Sha512, &lc::ECDSA_P256_SHA512_ASN1),
        (Ecdsa, Some(oid::P256), Sha1, &lc::ECDSA_P256_SHA1_ASN1),
        (Ecdsa, Some(oid::P384), Sha256, &lc::ECDSA_P384_SHA256_ASN1),
        (Ecdsa, Some(oid::P384), Sha384, &lc::ECDSA_P384_SHA384_ASN1),
        (Ecdsa, Some(oid::P384), Sha512, &lc::ECDSA_P384_SHA512_ASN1),
        (Ecdsa, Some(oid::P521), Sha256, &lc::ECDSA_P521_SHA256_ASN1),
        (Ecdsa, Some(oid::P521), Sha384, &lc::ECDSA_P521_SHA384_ASN1),
        (Ecdsa, Some(oid::P521), Sha512, &lc::ECDSA_P521_SHA512_ASN1),
        (Ecdsa, Some(oid::P521), Sha1, &lc::ECDSA_P521_SHA1_ASN1),
        (Ecdsa, Some(oid::P521), Sha224, &lc::ECDSA_P521_SHA224_ASN1),
        (Ed25519, None, Sha512, &lc::ED25519),
        (MlDsa(44), None, Sha512, &lc::ML_DSA_44),
        (MlDsa(65), None, Sha512, &lc::ML_DSA_65),
        (MlDsa(87), None, Sha512, &lc::ML_DSA_87),
    ]
};

/// Enterprises still have RSA keys of 1024 bits; the largest bounds what one signature costs.
const RSA_BITS: std::ops::RangeInclusive<u32> = 1024..=8192;

/// From how many bits on the table's verifier takes an RSA key.
fn smallest(scheme: Scheme, hash: HashAlgorithm) -> u32 {
    match scheme {
        Scheme::RsaPss(_) => 2048,
        Scheme::RsaPkcs1 if hash == HashAlgorithm::Sha384 => 2048,
        _ => 0,
    }
}

/// A public key that checks signatures: its algorithm's key is parsed once, however many signatures it checks.
pub struct VerifyingKey {
    key: Box<[u8]>,
    parsed: [OnceLock<Option<ParsedPublicKey>>; TABLE.len()],
    rare: OnceLock<Option<RareKey>>,
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey").field("bytes", &self.key.len()).finish_non_exhaustive()
    }
}

/// The algorithms of keys whose signatures can be checked.
const KEY_ALGORITHMS: &[&[u8]] = &[
    oid::RSA_ENCRYPTION,
    oid::RSASSA_PSS,
    oid::EC_PUBLIC_KEY,
    oid::ED25519,
    oid::ML_DSA_44,
    oid::ML_DSA_65,
    oid::ML_DSA_87,
    oid::DSA,
];

impl VerifyingKey {
    /// From a SubjectPublicKeyInfo.
    pub fn new(spki: &[u8]) -> Self {
        Self { key: spki.into(), parsed: [const { OnceLock::new() }; TABLE.len()], rare: OnceLock::new() }
    }

    /// The SubjectPublicKeyInfo, with what it inherited.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.key
    }

    /// Checks `signature` over `message` under this key.
    pub fn check(&self, algorithm: &SignatureAlgorithm<'_>, message: &[u8], signature: &[u8]) -> SignatureCheck {
        let (scheme, hash) = match algorithm.scheme() {
            Ok(found) => found,
            Err(what) => return SignatureCheck::Unsupported(what),
        };
        let Ok(info) = KeyInfo::read(&self.key) else {
            return SignatureCheck::Unsupported("a public key that cannot be read".to_owned());
        };
        let mut curve = None;
        match scheme {
            Scheme::RsaPkcs1 | Scheme::RsaPss(_) if info.algorithm == oid::RSA_ENCRYPTION => {}
            // A key that is bound to PSS with parameters is bound to their hash, and to a salt of that length at least (RFC 4055
            // section 3.3).
            Scheme::RsaPss(salt) if info.algorithm == oid::RSASSA_PSS => match PssParameters::of_key(&info) {
                Ok(Some(bound)) if bound.hash != hash || bound.salt > salt => return SignatureCheck::Invalid,
                Ok(_) => {}
                Err(what) => return SignatureCheck::Unsupported(format!("a key for {what}")),
            },
            Scheme::Ecdsa if info.algorithm == oid::EC_PUBLIC_KEY => match info.parameters {
                Some(parameters) if parameters.tag == tag::OID => curve = Some(parameters.value),
                // Inherited parameters (RFC 3279 section 2.3.5) are forbidden for EC keys by RFC 5480 section 2.1.1.
                _ => return SignatureCheck::Unsupported("an EC key without a named curve".to_owned()),
            },
            Scheme::Dsa if info.algorithm == oid::DSA => {
                if info.real_parameters().is_none() {
                    return SignatureCheck::Unsupported(
                        "a DSA key without parameters, under a CA that has none either".to_owned(),
                    );
                }
            }
            Scheme::Ed25519 if info.algorithm == oid::ED25519 => {}
            Scheme::MlDsa(44) if info.algorithm == oid::ML_DSA_44 => {}
            Scheme::MlDsa(65) if info.algorithm == oid::ML_DSA_65 => {}
            Scheme::MlDsa(87) if info.algorithm == oid::ML_DSA_87 => {}
            // The key is of another algorithm than the signature: this key did not make it. What kind of key an unknown one is, nobody
            // can tell.
            _ if KEY_ALGORITHMS.contains(&info.algorithm) => return SignatureCheck::Invalid,
            _ => {
                let name = oid::name(info.algorithm).map_or_else(|| oid::dotted(info.algorithm), str::to_owned);
                return SignatureCheck::Unsupported(format!("a key of {name}"));
            }
        }
        let is_rsa = matches!(scheme, Scheme::RsaPkcs1 | Scheme::RsaPss(_));
        let bits = if is_rsa { rsa_bits(info.key) } else { u32::MAX };
        if is_rsa && !RSA_BITS.contains(&bits) {
            return SignatureCheck::Unsupported(match bits {
                0 => not_in_order(algorithm),
                bits => format!("{algorithm} with a key of {bits} bits"),
            });
        }
        let is_row = |row: &Row| (row.0, row.1, row.2) == (scheme, curve, hash) && bits >= smallest(scheme, hash);
        let holds = match TABLE.iter().zip(&self.parsed).find(|(row, _)| is_row(row)) {
            Some(((.., verifier), slot)) => slot
                .get_or_init(|| ParsedPublicKey::new(*verifier, info.key).ok())
                .as_ref()
                .map(|key| key.verify_sig(message, signature).is_ok()),
            None if rare::is_known(scheme, curve, hash) => self
                .rare
                .get_or_init(|| RareKey::read(&info, curve))
                .as_ref()
                .map(|key| key.verifies(scheme, hash, message, signature)),
            None => {
                let curve = curve.map_or_else(String::new, |curve| {
                    format!(" on {}", oid::name(curve).map_or_else(|| oid::dotted(curve), str::to_owned))
                });
                return SignatureCheck::Unsupported(format!("{algorithm}{curve}"));
            }
        };
        match holds {
            Some(true) => SignatureCheck::Valid,
            Some(false) => SignatureCheck::Invalid,
            None => SignatureCheck::Unsupported(not_in_order(algorithm)),
        }
    }
}

fn not_in_order(algorithm: &SignatureAlgorithm<'_>) -> String {
    format!("{algorithm} with a key that is not in order, or of a size that is not taken")
}

#[cfg(test)]
mod tests;
