//! Signatures that aws-lc-rs does not check: rarer pairs of RSA or a curve with a hash, and DSA.
//!
//! Only public keys are met here, so that nothing depends on how long an operation takes.

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::{BoxedUint, Pkcs1v15Sign, Pss};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use crate::certificate::key::KeyInfo;
use crate::certificate::oid;
use crate::certificate::signature::dsa::DsaKey;
use crate::certificate::signature::{HashAlgorithm, Scheme};
use crate::certificate::tlv::{Cursor, Tlv, tag};

/// Whether the scheme, with the hash and the curve, is checked here.
pub(super) fn is_known(scheme: Scheme, curve: Option<&[u8]>, hash: HashAlgorithm) -> bool {
    use HashAlgorithm::{Md5, Sha1, Sha224, Sha256, Sha384};
    match scheme {
        Scheme::RsaPkcs1 => matches!(hash, Sha224 | Sha384),
        Scheme::RsaPss(_) => hash != Md5,
        Scheme::Ecdsa => match curve {
            Some(curve) if curve == oid::P256 => hash == Sha224,
            Some(curve) if curve == oid::P384 => matches!(hash, Sha1 | Sha224),
            _ => false,
        },
        Scheme::Dsa => matches!(hash, Sha1 | Sha224 | Sha256),
        Scheme::Ed25519 | Scheme::MlDsa(_) => false,
    }
}

/// A public key, ready to check signatures.
pub(super) enum RareKey {
    Rsa(Box<rsa::PublicKey>),
    P256(Box<p256::ecdsa::VerifyingKey>),
    P384(Box<p384::ecdsa::VerifyingKey>),
    Dsa(Box<DsaKey>),
}

impl RareKey {
    /// `None` where the key is not in order, or of a size that is not taken.
    pub(super) fn read(info: &KeyInfo<'_>, curve: Option<&[u8]>) -> Option<Self> {
        match (info.algorithm, curve) {
            (a, _) if a == oid::RSA_ENCRYPTION || a == oid::RSASSA_PSS => {
                rsa_key(info.key).map(Box::new).map(Self::Rsa)
            }
            (a, _) if a == oid::DSA => DsaKey::read(info).map(Box::new).map(Self::Dsa),
            (_, Some(curve)) if curve == oid::P256 => {
                p256::ecdsa::VerifyingKey::from_sec1_bytes(info.key).ok().map(Box::new).map(Self::P256)
            }
            (_, Some(curve)) if curve == oid::P384 => {
                p384::ecdsa::VerifyingKey::from_sec1_bytes(info.key).ok().map(Box::new).map(Self::P384)
            }
            _ => None,
        }
    }

    pub(super) fn verifies(&self, scheme: Scheme, hash: HashAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        let digest = digest(hash, message);
        match (self, scheme) {
            (Self::Rsa(key), Scheme::RsaPkcs1) => match hash {
                HashAlgorithm::Sha224 => key.verify(Pkcs1v15Sign::new::<Sha224>(), &digest, signature).is_ok(),
                HashAlgorithm::Sha384 => key.verify(Pkcs1v15Sign::new::<Sha384>(), &digest, signature).is_ok(),
                _ => false,
            },
            (Self::Rsa(key), Scheme::RsaPss(salt)) => {
                // No key has room for a longer one.
                let Ok(salt) = u16::try_from(salt).map(usize::from) else { return false };
                match hash {
                    HashAlgorithm::Md5 => false,
                    HashAlgorithm::Sha1 => key.verify(Pss::<Sha1>::new_with_salt(salt), &digest, signature).is_ok(),
                    HashAlgorithm::Sha224 => key.verify(Pss::<Sha224>::new_with_salt(salt), &digest, signature).is_ok(),
                    HashAlgorithm::Sha256 => key.verify(Pss::<Sha256>::new_with_salt(salt), &digest, signature).is_ok(),
                    HashAlgorithm::Sha384 => key.verify(Pss::<Sha384>::new_with_salt(salt), &digest, signature).is_ok(),
                    HashAlgorithm::Sha512 => key.verify(Pss::<Sha512>::new_with_salt(salt), &digest, signature).is_ok(),
                }
            }
            (Self::P256(key), Scheme::Ecdsa) => p256::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok()),
            (Self::P384(key), Scheme::Ecdsa) => p384::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok()),
            (Self::Dsa(key), Scheme::Dsa) => key.verifies(&digest, signature),
            _ => false,
        }
    }
}

/// What is signed in place of the message; nothing for a hash that is not taken.
fn digest(hash: HashAlgorithm, message: &[u8]) -> Vec<u8> {
    match hash {
        HashAlgorithm::Md5 => Vec::new(),
        HashAlgorithm::Sha1 => Sha1::digest(message).to_vec(),
        HashAlgorithm::Sha224 => Sha224::digest(message).to_vec(),
        HashAlgorithm::Sha256 => Sha256::digest(message).to_vec(),
        HashAlgorithm::Sha384 => Sha384::digest(message).to_vec(),
        HashAlgorithm::Sha512 => Sha512::digest(message).to_vec(),
    }
}

/// RSAPublicKey (RFC 8017 section A.1.1). The library takes odd exponents from 3 up to 33 bits, as aws-lc does: larger ones only
/// make a signature dear.
fn rsa_key(key: &[u8]) -> Option<rsa::PublicKey> {
    let mut fields = Tlv::only_of(key, tag::SEQUENCE, "an RSAPublicKey").ok()?.children();
    let (modulus, exponent) = (positive(&mut fields)?, positive(&mut fields)?);
    fields.finish().ok()?;
    if modulus.len() > 1024 || exponent.len() > 8 {
        return None;
    }
    rsa::PublicKey::new(BoxedUint::from_be_slice_vartime(modulus), BoxedUint::from_be_slice_vartime(exponent)).ok()
}

/// The bytes of an INTEGER above 0 in its shortest encoding, without the one that only says that it is positive.
pub(super) fn positive<'a>(fields: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let integer = fields.expect(tag::INTEGER, "a positive number").ok()?.value;
    match integer {
        [0, rest @ ..] if rest.first().is_some_and(|first| first & 0x80 != 0) => Some(rest),
        [first, ..] if (1..0x80).contains(first) => Some(integer),
        _ => None,
    }
}
