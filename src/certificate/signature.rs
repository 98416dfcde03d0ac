//! Signatures: which algorithm an identifier names, and whether a signature holds under a key.
//!
//! One table says what is supported. Whatever stands in no row of it is an unsupported algorithm, never a bad signature.

use std::fmt;
use std::sync::OnceLock;

use aws_lc_rs::signature::{self as lc, ParsedPublicKey, VerificationAlgorithm};

use crate::certificate::key::KeyInfo;
use crate::certificate::oid;
use crate::certificate::tlv::{Cursor, DecodeError, Tlv, tag};

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
    RsaPss,
    Ecdsa,
    Ed25519,
    MlDsa(u8),
}

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
            return pss_hash(parameters).ok();
        }
        hash_of(oid)
    }

    fn scheme(&self) -> Result<(Scheme, HashAlgorithm), String> {
        let (oid, parameters) = self.parts().ok_or("an AlgorithmIdentifier that cannot be read")?;
        let unsupported = || oid::name(oid).map_or_else(|| oid::dotted(oid), str::to_owned);
        let scheme = match oid {
            o if o == oid::RSASSA_PSS => return Ok((Scheme::RsaPss, pss_hash(parameters)?)),
            o if o == oid::ED25519 => return Ok((Scheme::Ed25519, HashAlgorithm::Sha512)),
            o if o == oid::ML_DSA_44 => return Ok((Scheme::MlDsa(44), HashAlgorithm::Sha512)),
            o if o == oid::ML_DSA_65 => return Ok((Scheme::MlDsa(65), HashAlgorithm::Sha512)),
            o if o == oid::ML_DSA_87 => return Ok((Scheme::MlDsa(87), HashAlgorithm::Sha512)),
            o if [
                oid::SHA1_WITH_RSA,
                oid::OIW_SHA1_WITH_RSA,
                oid::SHA256_WITH_RSA,
                oid::SHA384_WITH_RSA,
                oid::SHA512_WITH_RSA,
            ]
            .contains(&o) =>
            {
                Scheme::RsaPkcs1
            }
            o if [oid::SHA1_WITH_ECDSA, oid::SHA256_WITH_ECDSA, oid::SHA384_WITH_ECDSA, oid::SHA512_WITH_ECDSA]
                .contains(&o) =>
            {
                Scheme::Ecdsa
            }
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
        o if [oid::SHA224_WITH_RSA, oid::SHA224_WITH_ECDSA].contains(&o) => HashAlgorithm::Sha224,
        o if [oid::SHA256_WITH_RSA, oid::SHA256_WITH_ECDSA, oid::SHA256_WITH_DSA].contains(&o) => HashAlgorithm::Sha256,
        o if [oid::SHA384_WITH_RSA, oid::SHA384_WITH_ECDSA].contains(&o) => HashAlgorithm::Sha384,
        o if [oid::SHA512_WITH_RSA, oid::SHA512_WITH_ECDSA].contains(&o) => HashAlgorithm::Sha512,
        _ => return None,
    })
}

/// RSASSA-PSS-params (RFC 4055 section 3.1): only what is in use, the mask's hash the same and a salt as long as the hash.
fn pss_hash(parameters: Option<Tlv<'_>>) -> Result<HashAlgorithm, String> {
    let (hash, salt, length) = pss_parameters(parameters)?;
    if salt != length {
        return Err(format!("RSASSA-PSS with {} and a salt of {salt} bytes", hash.name()));
    }
    Ok(hash)
}

/// The hash, the length of the salt, and the length of what the hash gives.
fn pss_parameters(parameters: Option<Tlv<'_>>) -> Result<(HashAlgorithm, u64, u64), String> {
    let read = || -> Result<(HashAlgorithm, HashAlgorithm, u64), DecodeError> {
        let mut fields = match parameters {
            Some(parameters) if parameters.tag == tag::SEQUENCE => parameters.children(),
            _ => Cursor::new(&[]),
        };
        let (mut hash, mut mask, mut salt) = (HashAlgorithm::Sha1, HashAlgorithm::Sha1, 20);
        if let Some(field) = fields.optional(tag::context_constructed(0))? {
            hash = hash_identifier(field.children())?;
        }
        if let Some(field) = fields.optional(tag::context_constructed(1))? {
            let mut algorithm = field.children().expect(tag::SEQUENCE, "a mask generation function")?.children();
            let function = algorithm.expect(tag::OID, "a mask generation function")?;
            if function.value != oid::MGF1 {
                return Err(function.error("MGF1"));
            }
            mask = hash_identifier(algorithm)?;
        }
        if let Some(field) = fields.optional(tag::context_constructed(2))? {
            let length = field.children().expect(tag::INTEGER, "a salt length")?;
            salt = length.unsigned().ok_or_else(|| length.error("a salt length"))?;
        }
        Ok((hash, mask, salt))
    };
    let (hash, mask, salt) =
        read().map_err(|error| format!("RSASSA-PSS with parameters that cannot be read ({error})"))?;
    let length = match hash {
        HashAlgorithm::Sha256 => 32,
        HashAlgorithm::Sha384 => 48,
        HashAlgorithm::Sha512 => 64,
        other => return Err(format!("RSASSA-PSS with {}", other.name())),
    };
    if mask != hash {
        return Err(format!("RSASSA-PSS with {} and a mask of {}", hash.name(), mask.name()));
    }
    Ok((hash, salt, length))
}

fn hash_identifier(mut cursor: Cursor<'_>) -> Result<HashAlgorithm, DecodeError> {
    let identifier = cursor.expect(tag::SEQUENCE, "a hash algorithm (SEQUENCE)")?;
    let oid = identifier.children().expect(tag::OID, "a hash algorithm (OBJECT IDENTIFIER)")?;
    Ok(match oid.value {
        o if o == oid::SHA1 => HashAlgorithm::Sha1,
        o if o == oid::SHA256 => HashAlgorithm::Sha256,
        o if o == oid::SHA384 => HashAlgorithm::Sha384,
        o if o == oid::SHA512 => HashAlgorithm::Sha512,
        _ => return Err(oid.error("SHA-1, SHA-256, SHA-384 or SHA-512")),
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

type Rows = [(Scheme, Option<&'static [u8]>, HashAlgorithm, &'static dyn VerificationAlgorithm); 22];

/// Scheme, curve and hash, and what checks it. RSA down to 1024 bits, SHA-1 included: enterprises still have both.
static TABLE: Rows = {
    use HashAlgorithm::{Sha1, Sha256, Sha384, Sha512};
    use Scheme::{Ecdsa, Ed25519, MlDsa, RsaPkcs1, RsaPss};
    [
        (RsaPkcs1, None, Sha256, &lc::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
        (RsaPkcs1, None, Sha512, &lc::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
        (RsaPkcs1, None, Sha384, &lc::RSA_PKCS1_2048_8192_SHA384),
        (RsaPkcs1, None, Sha1, &lc::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
        (RsaPss, None, Sha256, &lc::RSA_PSS_2048_8192_SHA256),
        (RsaPss, None, Sha384, &lc::RSA_PSS_2048_8192_SHA384),
        (RsaPss, None, Sha512, &lc::RSA_PSS_2048_8192_SHA512),
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
        (Ed25519, None, Sha512, &lc::ED25519),
        (MlDsa(44), None, Sha512, &lc::ML_DSA_44),
        (MlDsa(65), None, Sha512, &lc::ML_DSA_65),
        (MlDsa(87), None, Sha512, &lc::ML_DSA_87),
    ]
};

/// A public key that checks signatures: its algorithm's key is parsed once, however many signatures it checks.
pub struct VerifyingKey {
    spki: Box<[u8]>,
    parsed: [OnceLock<Option<ParsedPublicKey>>; TABLE.len()],
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey").field("bytes", &self.spki.len()).finish_non_exhaustive()
    }
}

/// The algorithms of keys whose signatures can be checked, and DSA, which is no other one's under another name.
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
        Self { spki: spki.into(), parsed: [const { OnceLock::new() }; TABLE.len()] }
    }

    /// Checks `signature` over `message` under this key.
    pub fn check(&self, algorithm: &SignatureAlgorithm<'_>, message: &[u8], signature: &[u8]) -> SignatureCheck {
        let (scheme, hash) = match algorithm.scheme() {
            Ok(found) => found,
            Err(what) => return SignatureCheck::Unsupported(what),
        };
        let Ok(info) = KeyInfo::read(&self.spki) else {
            return SignatureCheck::Unsupported("a public key that cannot be read".to_owned());
        };
        let curve = match scheme {
            Scheme::RsaPkcs1 if info.algorithm == oid::RSA_ENCRYPTION => None,
            Scheme::RsaPss if info.algorithm == oid::RSA_ENCRYPTION => None,
            // A key that is bound to PSS with parameters is bound to their hash, and to a salt of that length at least (RFC 4055
            // section 3.3).
            Scheme::RsaPss if info.algorithm == oid::RSASSA_PSS => {
                match info.real_parameters().map(|parameters| pss_parameters(Some(parameters))) {
                    Some(Ok((bound, salt, length))) if bound != hash || salt > length => {
                        return SignatureCheck::Invalid;
                    }
                    Some(Err(what)) => return SignatureCheck::Unsupported(format!("a key for {what}")),
                    _ => None,
                }
            }
            Scheme::Ecdsa if info.algorithm == oid::EC_PUBLIC_KEY => match info.parameters {
                Some(parameters) if parameters.tag == tag::OID => Some(parameters.value),
                // Inherited parameters (RFC 3279 section 2.3.5) are forbidden for EC keys by RFC 5480 section 2.1.1.
                _ => return SignatureCheck::Unsupported("an EC key without a named curve".to_owned()),
            },
            Scheme::Ed25519 if info.algorithm == oid::ED25519 => None,
            Scheme::MlDsa(44) if info.algorithm == oid::ML_DSA_44 => None,
            Scheme::MlDsa(65) if info.algorithm == oid::ML_DSA_65 => None,
            Scheme::MlDsa(87) if info.algorithm == oid::ML_DSA_87 => None,
            // The key is of another algorithm than the signature: this key did not make it. What kind of key an unknown one is, nobody
            // can tell.
            _ if KEY_ALGORITHMS.contains(&info.algorithm) => return SignatureCheck::Invalid,
            _ => {
                let name = oid::name(info.algorithm).map_or_else(|| oid::dotted(info.algorithm), str::to_owned);
                return SignatureCheck::Unsupported(format!("a key of {name}"));
            }
        };
        let row = TABLE.iter().zip(&self.parsed).find(|((s, c, h, _), _)| *s == scheme && *c == curve && *h == hash);
        let Some(((_, _, _, verifier), slot)) = row else {
            let curve = curve.map_or_else(String::new, |curve| {
                format!(" on {}", oid::name(curve).map_or_else(|| oid::dotted(curve), str::to_owned))
            });
            return SignatureCheck::Unsupported(format!("{algorithm}{curve}"));
        };
        match slot.get_or_init(|| ParsedPublicKey::new(*verifier, info.key).ok()) {
            Some(key) if key.verify_sig(message, signature).is_ok() => SignatureCheck::Valid,
            Some(_) if size_is_out_of_range(scheme, hash, &info) => unsupported_size(algorithm, &info),
            Some(_) => SignatureCheck::Invalid,
            None => unsupported_size(algorithm, &info),
        }
    }
}

/// The library refuses RSA keys outside 1024 (with SHA-384 and PSS: 2048) to 8192 bits only when it verifies.
fn size_is_out_of_range(scheme: Scheme, hash: HashAlgorithm, info: &KeyInfo<'_>) -> bool {
    let lowest = match scheme {
        Scheme::RsaPkcs1 if hash == HashAlgorithm::Sha384 => 2048,
        Scheme::RsaPkcs1 => 1024,
        Scheme::RsaPss => 2048,
        _ => return false,
    };
    !(lowest..=8192).contains(&rsa_size(info))
}

fn rsa_size(info: &KeyInfo<'_>) -> u32 {
    Tlv::only(info.key)
        .ok()
        .and_then(|sequence| sequence.children().next().ok())
        .map_or(0, |modulus| crate::certificate::key::integer_bits(modulus.value))
}

fn unsupported_size(algorithm: &SignatureAlgorithm<'_>, info: &KeyInfo<'_>) -> SignatureCheck {
    let size = rsa_size(info);
    SignatureCheck::Unsupported(if size > 0 {
        format!("{algorithm} with a key of {size} bits")
    } else {
        format!("{algorithm} with a key that is not in order")
    })
}
