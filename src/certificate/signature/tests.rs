//! Signatures that OpenSSL made, and what becomes of them when a bit is wrong; keys that are not what they claim.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::certificate::Certificate;
use crate::certificate::crl::build::integer;
use crate::der_writer::{element, sequence};
use crate::source::testing::patiently;

const HASHES: [&str; 5] = ["sha1", "sha224", "sha256", "sha384", "sha512"];

fn run(folder: &std::path::Path, arguments: &[&str]) -> bool {
    let mut command = std::process::Command::new("openssl");
    command.args(arguments).current_dir(folder);
    let output = patiently(|| command.output()).expect("these tests need the openssl command");
    output.status.success()
}

/// What makes a key, as `openssl genpkey` wants it; the words before `--` make its parameters.
struct Maker(tempfile::TempDir);

impl Maker {
    fn new(options: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let words: Vec<&str> = options.split_whitespace().collect();
        if let Some(parameters) = options.strip_prefix("parameters ") {
            let words: Vec<&str> = parameters.split_whitespace().collect();
            let arguments = [&["genpkey", "-genparam", "-out", "parameters"], &words[..]].concat();
            assert!(run(folder.path(), &arguments), "{options}");
            assert!(run(folder.path(), &["genpkey", "-paramfile", "parameters", "-out", "key"]), "{options}");
        } else {
            assert!(run(folder.path(), &[&["genpkey", "-out", "key"], &words[..]].concat()), "{options}");
        }
        Self(folder)
    }

    /// A self-signed certificate; `None` where OpenSSL does not make one so.
    fn certificate(&self, hash: &str, options: &[&str]) -> Option<Vec<u8>> {
        let hash = format!("-{hash}");
        let fixed = ["req", "-x509", "-key", "key", "-subj", "/CN=Root", "-outform", "DER", "-out", "der", &hash];
        run(self.0.path(), &[&fixed, options].concat()).then(|| std::fs::read(self.0.path().join("der")).unwrap())
    }

    /// Whether OpenSSL takes the signature of this self-signed certificate.
    fn verifies(&self, der: &[u8]) -> bool {
        let pem = crate::source::testing::block("CERTIFICATE", der);
        std::fs::write(self.0.path().join("pem"), pem).unwrap();
        run(self.0.path(), &["verify", "-auth_level", "0", "-check_ss_sig", "-CAfile", "pem", "pem"])
    }
}

fn check_own(der: &[u8]) -> SignatureCheck {
    let certificate = Certificate::from_der(der).unwrap();
    certificate.check_signature(&VerifyingKey::new(certificate.subject_public_key_info()))
}

/// OpenSSL and this library agree on the certificate, and on it with a wrong bit in what is signed and in the signature.
#[track_caller]
fn agree(maker: &Maker, der: &[u8], what: &str) {
    assert!(maker.verifies(der), "{what}: OpenSSL");
    assert_eq!(check_own(der), SignatureCheck::Valid, "{what}");
    let certificate = Certificate::from_der(der).unwrap();
    let signature = der.len() - certificate.signature().len();
    let name = der.windows(4).position(|four| four == b"Root").unwrap();
    for (place, bit) in
        [(name, 1), (name + 3, 4), (signature + certificate.signature().len() / 2, 1), (der.len() - 1, 2)]
    {
        let mut wrong = der.to_vec();
        wrong[place] ^= bit;
        assert_eq!(check_own(&wrong), SignatureCheck::Invalid, "{what}, bit {bit} at {place}");
        assert!(!maker.verifies(&wrong), "{what}, bit {bit} at {place}: OpenSSL");
    }
}

#[test]
fn rsa_signatures_of_every_hash_padding_and_salt_are_checked_as_openssl_does() {
    // With 1025 bits the encoded message of PSS is a byte shorter than the modulus.
    for bits in [1024, 1025, 2048, 3072] {
        let maker = Maker::new(&format!("-algorithm RSA -pkeyopt rsa_keygen_bits:{bits}"));
        for hash in HASHES {
            let plain = maker.certificate(hash, &[]).unwrap();
            agree(&maker, &plain, &format!("{bits} {hash}"));
            for salt in ["0", "digest", "max"] {
                let salt_option = format!("rsa_pss_saltlen:{salt}");
                let made = maker.certificate(hash, &["-sigopt", "rsa_padding_mode:pss", "-sigopt", &salt_option]);
                match made {
                    Some(der) => agree(&maker, &der, &format!("{bits} {hash} PSS {salt}")),
                    // 64 bytes of hash and as many of salt have no room in 1024 bits.
                    None => assert_eq!((bits / 8, hash, salt), (128, "sha512", "digest")),
                }
            }
        }
    }
}

#[test]
fn ecdsa_signatures_of_every_curve_and_hash_are_checked_as_openssl_does() {
    for curve in ["P-256", "P-384", "P-521"] {
        let maker = Maker::new(&format!("-algorithm EC -pkeyopt ec_paramgen_curve:{curve}"));
        for hash in HASHES {
            agree(&maker, &maker.certificate(hash, &[]).unwrap(), &format!("{curve} {hash}"));
        }
    }
}

#[test]
fn dsa_signatures_are_checked_as_openssl_does() {
    for (prime, order) in [(1024, 160), (2048, 256)] {
        let maker = Maker::new(&dsa(prime, order));
        for hash in ["sha1", "sha224", "sha256"] {
            agree(&maker, &maker.certificate(hash, &[]).unwrap(), &format!("{prime}/{order} {hash}"));
        }
    }
}

fn dsa(prime: u32, order: u32) -> String {
    format!("parameters -algorithm DSA -pkeyopt dsa_paramgen_bits:{prime} -pkeyopt dsa_paramgen_q_bits:{order}")
}

#[test]
fn a_key_bound_to_pss_takes_its_hash_and_a_salt_as_long_as_its_own_or_longer() {
    let bound = Maker::new(
        "-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_pss_keygen_md:sha256 \
         -pkeyopt rsa_pss_keygen_mgf1_md:sha256 -pkeyopt rsa_pss_keygen_saltlen:40",
    );
    let salted = |length: &str| [format!("rsa_pss_saltlen:{length}"), "rsa_padding_mode:pss".to_owned()];
    for length in ["40", "41", "max"] {
        let [salt, padding] = salted(length);
        let der = bound.certificate("sha256", &["-sigopt", &padding, "-sigopt", &salt]).unwrap();
        agree(&bound, &der, length);
    }
    let der = bound.certificate("sha256", &[]).unwrap();
    let spki = Certificate::from_der(&der).unwrap().subject_public_key_info().to_vec();
    let algorithm = Tlv::only(&spki).unwrap().children().next().unwrap().raw;

    let free = Maker::new("-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    for (hash, length, expected) in [
        ("sha256", "40", SignatureCheck::Valid),
        ("sha256", "39", SignatureCheck::Invalid),
        ("sha256", "0", SignatureCheck::Invalid),
        ("sha384", "48", SignatureCheck::Invalid),
    ] {
        let [salt, padding] = salted(length);
        let der = free.certificate(hash, &["-sigopt", &padding, "-sigopt", &salt]).unwrap();
        let certificate = Certificate::from_der(&der).unwrap();
        let own = Tlv::only(certificate.subject_public_key_info()).unwrap();
        let mut parts = own.children();
        let (_, numbers) = (parts.next().unwrap(), parts.next().unwrap());
        let key = VerifyingKey::new(&sequence(&[algorithm, numbers.raw]));
        assert_eq!(certificate.check_signature(&key), expected, "{hash} {length}");
    }
}

#[test]
fn pss_with_parameters_that_are_not_taken_is_unsupported() {
    let oid = element(tag::OID, oid::RSASSA_PSS);
    let hash = |kind| sequence(&[&element(tag::OID, kind)]);
    let field = |number, content: &[u8]| element(tag::context_constructed(number), content);
    let mask = |kind| sequence(&[&element(tag::OID, oid::MGF1), &hash(kind)]);
    let sha256 = [field(0, &hash(oid::SHA256)), field(1, &mask(oid::SHA256))].concat();
    let supported = |parameters: &[u8]| {
        let raw = sequence(&[&oid, parameters]);
        SignatureAlgorithm::new(&raw).scheme().is_ok()
    };
    assert!(supported(&sequence(&[])), "the defaults: SHA-1 and a salt of 20 bytes");
    assert!(supported(&sequence(&[&sha256, &field(2, &integer(7)), &field(3, &integer(1))])));
    for (what, parameters) in [
        ("none", Vec::new()),
        ("NULL", element(5, &[])),
        ("another mask", sequence(&[&field(0, &hash(oid::SHA256))])),
        ("another trailer", sequence(&[&sha256, &field(3, &integer(2))])),
        ("a salt below 0", sequence(&[&sha256, &field(2, &[2, 1, 0xff])])),
        ("more", sequence(&[&sha256, &field(4, &integer(2))])),
    ] {
        assert!(!supported(&parameters), "{what}");
    }
}

fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let numbers = sequence(&[&element(tag::INTEGER, modulus), &element(tag::INTEGER, exponent)]);
    let algorithm = sequence(&[&element(tag::OID, oid::RSA_ENCRYPTION), &element(5, &[])]);
    sequence(&[&algorithm, &element(tag::BIT_STRING, &[&[0], &numbers[..]].concat())])
}

/// An algorithm for the table, and one for the others.
fn rsa_algorithms() -> [Vec<u8>; 3] {
    let pkcs1 = |kind| sequence(&[&element(tag::OID, kind), &element(5, &[])]);
    let pss = sequence(&[&element(tag::OID, oid::RSASSA_PSS), &sequence(&[])]);
    [pkcs1(oid::SHA256_WITH_RSA), pkcs1(oid::SHA224_WITH_RSA), pss]
}

#[test]
fn rsa_keys_whose_size_or_exponent_would_make_a_signature_dear_are_unsupported_at_once() {
    let modulus = |bits: usize| {
        let mut bytes = vec![0xa7; bits.div_ceil(8)];
        bytes[0] = 0x80 >> ((8 - bits % 8) % 8);
        if bits.is_multiple_of(8) { [&[0], &bytes[..]].concat() } else { bytes }
    };
    let odd = |bytes: usize| [&[0x7f], &vec![0xff; bytes - 1][..]].concat();
    let ordinary = vec![1, 0, 1];
    for raw in rsa_algorithms() {
        let algorithm = SignatureAlgorithm::new(&raw);
        let check = |modulus: &[u8], exponent: &[u8], size: usize| {
            VerifyingKey::new(&rsa_spki(modulus, exponent)).check(&algorithm, b"message", &vec![0x11; size])
        };
        for bits in [1024, 1031, 2048, 8192] {
            assert_eq!(check(&modulus(bits), &ordinary, bits.div_ceil(8)), SignatureCheck::Invalid, "{bits}");
        }
        for bits in [512, 1023, 8193, 16384, 100_000] {
            let found = check(&modulus(bits), &ordinary, bits.div_ceil(8));
            assert!(matches!(found, SignatureCheck::Unsupported(_)), "{bits}: {found:?}");
        }
        for exponent in
            [vec![], vec![0], vec![1], vec![2], vec![1, 0, 0], vec![0xff], odd(5), odd(8), odd(9), odd(250), odd(1024)]
        {
            let started = std::time::Instant::now();
            let found = check(&modulus(8192), &exponent, 1024);
            assert!(matches!(found, SignatureCheck::Unsupported(_)), "{algorithm} {exponent:02x?}: {found:?}");
            assert!(started.elapsed().as_secs() < 2);
        }
        let even = [&[0, 0xa7], &[0xa6; 127][..]].concat();
        assert!(matches!(check(&even, &ordinary, 128), SignatureCheck::Unsupported(_)));
    }
}

#[test]
fn dsa_numbers_that_cannot_be_are_unsupported() {
    let number = |bytes: usize, last: u8| {
        let mut number = vec![0x9d; bytes];
        number[bytes - 1] = last;
        [&[0], &number[..]].concat()
    };
    let check = |numbers: [&[u8]; 3], public: &[u8]| {
        let numbers: Vec<Vec<u8>> = numbers.iter().map(|one| element(tag::INTEGER, one)).collect();
        let parameters = sequence(&[&numbers[0], &numbers[1], &numbers[2]]);
        let algorithm = sequence(&[&element(tag::OID, oid::DSA), &parameters]);
        let public = [&[0], &element(tag::INTEGER, public)[..]].concat();
        let spki = sequence(&[&algorithm, &element(tag::BIT_STRING, &public)]);
        let raw = sequence(&[&element(tag::OID, oid::SHA1_WITH_DSA)]);
        let signature = sequence(&[&integer(0x1234_5678_9abc), &integer(0x0dea_dbee_f123)]);
        VerifyingKey::new(&spki).check(&SignatureAlgorithm::new(&raw), b"message", &signature)
    };
    let (p, q, two) = (number(128, 0x9d), number(20, 0x9d), [2u8]);
    assert_eq!(check([&p, &q, &two], &[3]), SignatureCheck::Invalid);
    assert_eq!(check([&number(384, 1), &number(32, 1), &two], &[3]), SignatureCheck::Invalid);
    for (what, numbers, public) in [
        ("an even prime", [&number(128, 0x9c)[..], &q, &two], &[3][..]),
        ("an even order", [&p, &number(20, 0x9c), &two], &[3]),
        ("a small prime", [&number(64, 0x9d), &q, &two], &[3]),
        ("a huge prime", [&number(385, 0x9d), &q, &two], &[3]),
        ("a small order", [&p, &number(19, 0x9d), &two], &[3]),
        ("an order of 161 bits", [&p, &[1; 21], &two], &[3]),
        ("a generator of 0", [&p, &q, &[0]], &[3]),
        ("a generator of 1", [&p, &q, &[1]], &[3]),
        ("a generator as large as the prime", [&p, &q, &p], &[3]),
        ("a public number of 1", [&p, &q, &two], &[1]),
        ("a public number below 0", [&p, &q, &two], &[0x9d]),
        ("a public number as large as the prime", [&p, &q, &two], &p),
        ("a public number longer than the prime", [&p, &q, &two], &[1; 300]),
        ("nothing", [&[], &[], &[]], &[]),
    ] {
        let found = check(numbers, public);
        assert!(matches!(found, SignatureCheck::Unsupported(_)), "{what}: {found:?}");
    }
}

/// One certificate for each of the checks of `rare`, and one for the table.
static CERTIFICATES: LazyLock<Vec<Certificate>> = LazyLock::new(|| {
    let pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:max"];
    let made = |options: &str, hash: &str, more: &[&str]| {
        Certificate::from_vec(Maker::new(options).certificate(hash, more).unwrap()).unwrap()
    };
    vec![
        made("-algorithm RSA -pkeyopt rsa_keygen_bits:1024", "sha224", &[]),
        made("-algorithm RSA -pkeyopt rsa_keygen_bits:1024", "sha256", &pss),
        made("-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "sha224", &[]),
        made("-algorithm EC -pkeyopt ec_paramgen_curve:P-384", "sha1", &[]),
        made(&dsa(1024, 160), "sha1", &[]),
        made("-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "sha256", &[]),
    ]
});

fn mutate(bytes: &mut Vec<u8>, changes: &[(proptest::sample::Index, u8, u8)]) {
    for (place, kind, byte) in changes {
        if bytes.is_empty() {
            return;
        }
        let place = place.index(bytes.len());
        match kind % 4 {
            0 => bytes.insert(place, *byte),
            1 => drop(bytes.remove(place)),
            2 => bytes[place] ^= 1 << (byte % 8),
            _ => bytes[place] = *byte,
        }
    }
}

fn changes() -> impl Strategy<Value = Vec<(proptest::sample::Index, u8, u8)>> {
    proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), any::<u8>()), 0..4)
}

proptest! {
    #[test]
    fn keys_algorithms_and_signatures_that_were_tampered_with_never_pass(
        kind in 0..6usize, key_changes in changes(), algorithm_changes in changes(), signature_changes in changes(),
    ) {
        let certificate = &CERTIFICATES[kind];
        let own = certificate.subject_public_key_info();
        let (mut spki, mut algorithm) = (own.to_vec(), certificate.signature_algorithm().as_bytes().to_vec());
        let mut signature = certificate.signature().to_vec();
        mutate(&mut spki, &key_changes);
        mutate(&mut algorithm, &algorithm_changes);
        mutate(&mut signature, &signature_changes);
        let algorithm = SignatureAlgorithm::new(&algorithm);
        let found = VerifyingKey::new(&spki).check(&algorithm, certificate.signed_part(), &signature);
        let (before, after) = (KeyInfo::read(own).unwrap(), KeyInfo::read(&spki));
        match found {
            SignatureCheck::Valid => {
                let after = after.unwrap();
                prop_assert_eq!(before.key, after.key);
                prop_assert_eq!(before.algorithm, after.algorithm);
                prop_assert_eq!(signature, certificate.signature());
                prop_assert_eq!(algorithm.hash(), certificate.signature_algorithm().hash());
            }
            SignatureCheck::Invalid => prop_assert!(after.is_ok()),
            SignatureCheck::Unsupported(what) => prop_assert!(!what.is_empty()),
        }
    }
}
