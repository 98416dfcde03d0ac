//! Certificates that fuzz targets make: whatever is to be read stands in one that is otherwise in order.

use std::sync::LazyLock;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

use crate::certificate::{Certificate, oid};
use crate::der_writer::{element, sequence};

/// How many keys there are.
pub(super) const KEYS: usize = 4;

static KEY_PAIRS: LazyLock<Vec<Ed25519KeyPair>> = LazyLock::new(|| {
    let seeds = (1..).map(|seed: u8| [seed; 32]);
    seeds.filter_map(|seed| Ed25519KeyPair::from_seed_unchecked(&seed).ok()).take(KEYS).collect()
});

const ED25519: [u8; 3] = [0x2b, 0x65, 0x70];

/// A name of one attribute.
pub(super) fn name(kind: &[u8], string_tag: u8, value: &[u8]) -> Vec<u8> {
    sequence(&[&element(0x31, &sequence(&[&element(6, kind), &element(string_tag, value)]))])
}

pub(super) fn extension(kind: &[u8], critical: bool, content: &[u8]) -> Vec<u8> {
    let flag: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    sequence(&[&element(6, kind), flag, &element(4, content)])
}

pub(super) fn basic_constraints(ca: bool, path_length: Option<u8>) -> Vec<u8> {
    let flag: &[u8] = if ca { &[1, 1, 0xff] } else { &[] };
    let length = path_length.map_or_else(Vec::new, |length| element(2, &[length & 0x7f]));
    extension(oid::BASIC_CONSTRAINTS, true, &sequence(&[flag, &length]))
}

/// The AlgorithmIdentifier of what the keys sign.
pub(super) fn algorithm() -> Vec<u8> {
    sequence(&[&element(6, &ED25519)])
}

/// The signature of one of the keys.
pub(super) fn sign(signer: usize, signed: &[u8]) -> Vec<u8> {
    KEY_PAIRS[signer % KEYS].sign(signed).as_ref().to_vec()
}

/// A certificate's fields.
pub(super) struct Draft<'a> {
    pub(super) serial: u8,
    /// Encoded.
    pub(super) subject: &'a [u8],
    /// Encoded.
    pub(super) issuer: &'a [u8],
    /// UTCTime.
    pub(super) validity: [&'a str; 2],
    /// Which of the keys is its own.
    pub(super) key: usize,
    /// Which one signs it.
    pub(super) signer: usize,
    /// Encoded, one behind the other.
    pub(super) extensions: Vec<u8>,
}

impl Draft<'_> {
    /// The certificate with its signature, encoded.
    pub(super) fn sign(&self) -> Vec<u8> {
        let key = &KEY_PAIRS[self.key % KEYS];
        let algorithm = algorithm();
        let bits = |bytes: &[u8]| element(3, &[&[0], bytes].concat());
        let date = |text: &str| element(0x17, text.as_bytes());
        let extensions = match self.extensions.is_empty() {
            true => Vec::new(),
            false => element(0xa3, &sequence(&[&self.extensions])),
        };
        let signed = sequence(&[
            &[0xa0, 3, 2, 1, 2],
            &element(2, &[self.serial & 0x7f]),
            &algorithm,
            self.issuer,
            &sequence(&[&date(self.validity[0]), &date(self.validity[1])]),
            self.subject,
            &sequence(&[&algorithm, &bits(key.public_key().as_ref())]),
            &extensions,
        ]);
        let signature = bits(&sign(self.signer, &signed));
        sequence(&[&signed, &algorithm, &signature])
    }
}

/// A certificate with this subject and these extensions, if that can be read.
pub(super) fn certificate(subject: &[u8], extensions: Vec<u8>) -> Option<Certificate> {
    let validity = ["200101000000Z", "400101000000Z"];
    let draft = Draft { serial: 1, subject, issuer: subject, validity, key: 0, signer: 0, extensions };
    Certificate::from_vec(draft.sign()).ok()
}
