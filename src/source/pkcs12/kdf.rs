//! From a password to a key: PKCS#12's own derivation (RFC 7292 appendix B), PBKDF1 and PBKDF2 (RFC 8018 section 5), and HMAC.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};
use zeroize::{Zeroize, Zeroizing};

/// The hash functions of PKCS#12 files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha512Of224,
    Sha512Of256,
}

/// What a key of PKCS#12's own derivation is for (RFC 7292 appendix B.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Encryption = 1,
    InitialVector = 2,
    Integrity = 3,
}

macro_rules! with_hash {
    ($hash:expr, $type:ident => $body:expr) => {
        match $hash {
            Hash::Sha1 => {
                type $type = Sha1;
                $body
            }
            Hash::Sha224 => {
                type $type = Sha224;
                $body
            }
            Hash::Sha256 => {
                type $type = Sha256;
                $body
            }
            Hash::Sha384 => {
                type $type = Sha384;
                $body
            }
            Hash::Sha512 => {
                type $type = Sha512;
                $body
            }
            Hash::Sha512Of224 => {
                type $type = Sha512_224;
                $body
            }
            Hash::Sha512Of256 => {
                type $type = Sha512_256;
                $body
            }
        }
    };
}

impl Hash {
    /// By the content bytes of a digest algorithm's identifier.
    pub(super) fn from_digest_oid(oid: &[u8]) -> Option<Self> {
        const NIST: [u8; 8] = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2];
        match oid {
            [0x2b, 0x0e, 3, 2, 26] => Some(Self::Sha1),
            [arc @ .., last] if *arc == NIST => match last {
                1 => Some(Self::Sha256),
                2 => Some(Self::Sha384),
                3 => Some(Self::Sha512),
                4 => Some(Self::Sha224),
                5 => Some(Self::Sha512Of224),
                6 => Some(Self::Sha512Of256),
                _ => None,
            },
            _ => None,
        }
    }

    /// By the content bytes of `hmacWith…`, 1.2.840.113549.2.n.
    pub(super) fn from_hmac_oid(oid: &[u8]) -> Option<Self> {
        match oid {
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, last] => match last {
                7 => Some(Self::Sha1),
                8 => Some(Self::Sha224),
                9 => Some(Self::Sha256),
                10 => Some(Self::Sha384),
                11 => Some(Self::Sha512),
                12 => Some(Self::Sha512Of224),
                13 => Some(Self::Sha512Of256),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn output_length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 | Self::Sha512Of224 => 28,
            Self::Sha256 | Self::Sha512Of256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    fn block_length(self) -> usize {
        match self {
            Self::Sha1 | Self::Sha224 | Self::Sha256 => 64,
            Self::Sha384 | Self::Sha512 | Self::Sha512Of224 | Self::Sha512Of256 => 128,
        }
    }

    /// How many hash computations the derivations below take for `length` bytes: each block of these begins with the whole salt.
    pub(super) fn cost(self, salt: &[u8], iterations: u64, length: usize) -> u64 {
        let blocks = length.div_ceil(self.output_length()).max(1) as u64;
        iterations.saturating_add(salt.len() as u64 / 64).saturating_mul(blocks)
    }
}

/// RFC 7292 appendix B.2; the password as B.1 has it.
pub(super) fn pkcs12(
    hash: Hash,
    purpose: Purpose,
    password: &[u8],
    salt: &[u8],
    iterations: u64,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let block = hash.block_length();
    let fill = |bytes: &[u8]| -> Zeroizing<Vec<u8>> {
        let length = bytes.len().div_ceil(block) * block;
        Zeroizing::new(bytes.iter().copied().cycle().take(length).collect())
    };
    let diversifier = vec![purpose as u8; block];
    let mut input = fill(salt);
    input.extend_from_slice(&fill(password));
    let mut key = Zeroizing::new(Vec::with_capacity(length + hash.output_length()));
    while key.len() < length {
        let digest = with_hash!(hash, H => {
            let mut digest = H::new().chain_update(&diversifier).chain_update(&*input).finalize();
            for _ in 1..iterations {
                digest = H::digest(digest);
            }
            Zeroizing::new(digest.to_vec())
        });
        key.extend_from_slice(&digest);
        // I_j = (I_j + B + 1) mod 2^v, where B is the digest repeated to the length of a block.
        for part in input.chunks_exact_mut(block) {
            let mut carry = 1u16;
            for (at, byte) in part.iter_mut().enumerate().rev() {
                let sum = u16::from(*byte) + u16::from(digest[at % digest.len()]) + carry;
                *byte = sum as u8;
                carry = sum >> 8;
            }
        }
    }
    key.truncate(length);
    key
}

/// RFC 8018 section 5.1, with SHA-1: at most 20 bytes, of which PBES1 takes 16 for the key and the initial vector.
pub(super) fn pbkdf1_sha1(password: &[u8], salt: &[u8], iterations: u64) -> Zeroizing<[u8; 20]> {
    let mut digest = Sha1::new().chain_update(password).chain_update(salt).finalize();
    for _ in 1..iterations {
        digest = Sha1::digest(digest);
    }
    let key = Zeroizing::new(digest.into());
    digest.zeroize();
    key
}

/// RFC 8018 section 5.2.
pub(super) fn pbkdf2(prf: Hash, password: &[u8], salt: &[u8], iterations: u32, length: usize) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(vec![0; length]);
    with_hash!(prf, H => pbkdf2::pbkdf2_hmac::<H>(password, salt, iterations, &mut key));
    key
}

/// Whether `expected` is the HMAC of `message`.
pub(super) fn hmac_matches(hash: Hash, key: &[u8], message: &[u8], expected: &[u8]) -> bool {
    with_hash!(hash, H => Hmac::<H>::new_from_slice(key)
        .is_ok_and(|hmac| hmac.chain_update(message).verify_slice(expected).is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    /// The password "smeg" and its results are those that crypto libraries have tested this derivation with since 1999.
    #[test]
    fn the_derivation_of_rfc_7292_gives_the_known_keys() {
        let password = hex("0073006d006500670000");
        let key = |purpose, salt: &str, length| pkcs12(Hash::Sha1, purpose, &password, &hex(salt), 1, length).to_vec();
        assert_eq!(
            key(Purpose::Encryption, "0A58CF64530D823F", 24),
            hex("8AAAE6297B6CB04642AB5B077851284EB7128F1A2A7FBCA3")
        );
        assert_eq!(key(Purpose::InitialVector, "0A58CF64530D823F", 8), hex("79993DFE048D3B76"));
        assert_eq!(
            key(Purpose::Encryption, "642B99AB44FB4B1F", 24),
            hex("F3A95FEC48D7711E985CFE67908C5AB79FA3D7C5CAA5D966")
        );
        assert_eq!(key(Purpose::InitialVector, "642B99AB44FB4B1F", 8), hex("C0A38D64A79BEA1D"));
        assert_eq!(key(Purpose::Integrity, "3D83C0E4546AC140", 20), hex("8D967D88F6CAA9D714800AB3D48051D63F73A312"));
    }

    #[test]
    fn no_salt_and_no_password_are_no_obstacle() {
        assert_eq!(pkcs12(Hash::Sha512, Purpose::Integrity, &[], &[], 1, 64).len(), 64);
        assert_eq!(pkcs12(Hash::Sha1, Purpose::Encryption, &[], &[1], 0, 5).len(), 5);
    }

    /// RFC 6070.
    #[test]
    fn pbkdf2_gives_the_keys_of_rfc_6070() {
        assert_eq!(
            pbkdf2(Hash::Sha1, b"password", b"salt", 4096, 20).to_vec(),
            hex("4b007901b765489abead49d926f721d065a429c1")
        );
    }

    #[test]
    fn an_hmac_of_another_length_does_not_match() {
        assert!(!hmac_matches(Hash::Sha1, b"key", b"message", b""));
        assert!(hmac_matches(
            Hash::Sha256,
            b"key",
            b"The quick brown fox jumps over the lazy dog",
            &hex("f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8")
        ));
    }
}
