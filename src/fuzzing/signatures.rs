//! Keys, algorithms and signatures that nobody made for one another.

use crate::certificate::tlv::tag;
use crate::certificate::{SignatureAlgorithm, SignatureCheck, VerifyingKey, oid};
use crate::der_writer::{element, sequence};
use crate::fuzzing::two_parts;

/// What a signature can be of, and the key that goes with it: its algorithm and, for a curve, its parameters.
type Kind = (&'static [u8], &'static [u8], Option<&'static [u8]>);

const KINDS: &[Kind] = &[
    (oid::RSASSA_PSS, oid::RSA_ENCRYPTION, None),
    (oid::RSASSA_PSS, oid::RSASSA_PSS, None),
    (oid::SHA1_WITH_RSA, oid::RSA_ENCRYPTION, None),
    (oid::SHA224_WITH_RSA, oid::RSA_ENCRYPTION, None),
    (oid::SHA256_WITH_RSA, oid::RSA_ENCRYPTION, None),
    (oid::SHA384_WITH_RSA, oid::RSA_ENCRYPTION, None),
    (oid::SHA512_WITH_RSA, oid::RSA_ENCRYPTION, None),
    (oid::SHA1_WITH_ECDSA, oid::EC_PUBLIC_KEY, Some(oid::P384)),
    (oid::SHA224_WITH_ECDSA, oid::EC_PUBLIC_KEY, Some(oid::P384)),
    (oid::SHA224_WITH_ECDSA, oid::EC_PUBLIC_KEY, Some(oid::P256)),
    (oid::SHA224_WITH_ECDSA, oid::EC_PUBLIC_KEY, Some(oid::P521)),
    (oid::SHA256_WITH_ECDSA, oid::EC_PUBLIC_KEY, Some(oid::P256)),
    (oid::SHA1_WITH_DSA, oid::DSA, None),
    (oid::SHA224_WITH_DSA, oid::DSA, None),
    (oid::SHA256_WITH_DSA, oid::DSA, None),
    (oid::ED25519, oid::ED25519, None),
];

/// A kind, the parameters of the algorithm, the length of the key, the key, and a signature. The key is taken as a whole
/// SubjectPublicKeyInfo and, with the algorithm that it should have and the same parameters, as what stands in one.
pub fn signature(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    let (algorithm, key_algorithm, curve) = KINDS[usize::from(*kind) % KINDS.len()];
    let (parameters, rest) = two_parts(rest);
    let Some((length, rest)) = rest.split_first_chunk::<2>() else { return };
    let (key, signature) = rest.split_at(usize::from(u16::from_be_bytes(*length)).min(rest.len()));

    let algorithm = sequence(&[&element(tag::OID, algorithm), parameters]);
    let algorithm = SignatureAlgorithm::new(&algorithm);
    let own = curve.map_or_else(|| parameters.to_vec(), |curve| element(tag::OID, curve));
    let spki = sequence(&[
        &sequence(&[&element(tag::OID, key_algorithm), &own]),
        &element(tag::BIT_STRING, &[&[0], key].concat()),
    ]);
    for spki in [key, &spki] {
        let key = VerifyingKey::new(spki);
        let found = key.check(&algorithm, b"message", signature);
        assert_eq!(found, key.check(&algorithm, b"message", signature), "a key that is parsed is the same key");
        if let SignatureCheck::Unsupported(what) = found {
            assert!(!what.is_empty() && what.len() < 1000, "{what}");
        }
    }
}
