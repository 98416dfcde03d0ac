//! Certificates with one defect each, for the tests of the rules: encoded here field by field, because what the rules must
//! find is what other encoders refuse to write. The signatures are none; no rule here checks one.

use crate::certificate::{Certificate, Oid, oid};
use crate::time::Time;

pub(crate) use crate::der_writer::element;

pub(crate) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

/// A distinguished name of UTF8Strings, from `CN=…`-like pairs in the order of the encoding.
pub(crate) fn name(attributes: &[(&[u8], &str)]) -> Vec<u8> {
    let relative_names: Vec<Vec<u8>> = attributes
        .iter()
        .map(|(kind, value)| element(0x31, &sequence(&[element(6, kind), element(12, value.as_bytes())])))
        .collect();
    sequence(&relative_names)
}

pub(crate) fn common_name(text: &str) -> Vec<u8> {
    name(&[(oid::COMMON_NAME, text)])
}

/// The key that a draft gets.
#[derive(Clone, Copy)]
pub(crate) enum Key {
    Rsa(u32),
    RsaPss(u32),
    EcP256,
}

impl Key {
    fn encode(self, seed: u8) -> Vec<u8> {
        let bit_string = |content: &[u8]| element(3, &[&[0], content].concat());
        let rsa = |algorithm: &[u8], bits: u32| {
            let mut modulus = vec![seed | 1; (bits as usize).div_ceil(8)];
            // The highest bit of the modulus makes its length; a zero in front keeps it positive.
            modulus[0] = 1 << ((bits - 1) % 8);
            modulus.insert(0, 0);
            let key = sequence(&[element(2, &modulus), element(2, &[1, 0, 1])]);
            sequence(&[sequence(&[element(6, algorithm), element(5, &[])]), bit_string(&key)])
        };
        match self {
            Self::Rsa(bits) => rsa(oid::RSA_ENCRYPTION, bits),
            Self::RsaPss(bits) => rsa(oid::RSASSA_PSS, bits),
            Self::EcP256 => sequence(&[
                sequence(&[element(6, oid::EC_PUBLIC_KEY), element(6, oid::P256)]),
                bit_string(&[&[4u8], &[seed; 64][..]].concat()),
            ]),
        }
    }
}

/// A certificate that was made from a draft.
pub(crate) struct Made {
    pub(crate) certificate: Certificate,
    subject: Vec<u8>,
}

/// A certificate before it is encoded; the drafts here are in order, and a test spoils one thing.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) subject: Vec<u8>,
    pub(crate) not_before: Time,
    pub(crate) not_after: Time,
    pub(crate) key: Key,
    pub(crate) signature_algorithm: Vec<u8>,
    pub(crate) serial: u8,
    /// Type, criticality and content of each extension.
    pub(crate) extensions: Vec<(Vec<u8>, bool, Vec<u8>)>,
}

/// The moment at which the tests judge.
pub(crate) fn now() -> Time {
    Time::parse("2026-11-22T12:00:00Z").unwrap()
}

/// CRL distribution points: one point that lists these addresses, as AD CS writes them.
pub(crate) fn distribution_point(addresses: &[&str]) -> Vec<u8> {
    let names: Vec<Vec<u8>> = addresses.iter().map(|address| element(0x86, address.as_bytes())).collect();
    sequence(&[sequence(&[element(0xa0, &element(0xa0, &names.concat()))])])
}

/// Subject alternative names that are DNS names.
pub(crate) fn dns_names(names: &[&str]) -> Vec<u8> {
    sequence(&names.iter().map(|name| element(0x82, name.as_bytes())).collect::<Vec<_>>())
}

/// A key usage of one byte.
pub(crate) fn key_usage(bits: u8) -> Vec<u8> {
    element(3, &[bits.trailing_zeros().min(7) as u8, bits])
}

pub(crate) fn usages(oids: &[&[u8]]) -> Vec<u8> {
    sequence(&oids.iter().map(|usage| element(6, usage)).collect::<Vec<_>>())
}

impl Draft {
    fn new(subject: Vec<u8>, days: i64) -> Self {
        Self {
            subject,
            not_before: now().plus_days(-100),
            not_after: now().plus_days(days),
            key: Key::Rsa(2048),
            signature_algorithm: sequence(&[element(6, oid::SHA256_WITH_RSA), element(5, &[])]),
            serial: 1,
            extensions: Vec::new(),
        }
    }

    /// A client's certificate as Microsoft's pages ask for it.
    pub(crate) fn client(common: &str) -> Self {
        Self::new(common_name(common), 300)
            .with(oid::KEY_USAGE, key_usage(0xa0))
            .with(oid::EXTENDED_KEY_USAGE, usages(&[oid::CLIENT_AUTH]))
            .with(oid::SUBJECT_ALTERNATIVE_NAME, dns_names(&[common]))
            .with(oid::CRL_DISTRIBUTION_POINTS, distribution_point(&["http://crl.contoso.com/issuing.crl"]))
    }

    /// A server's certificate as Microsoft's pages ask for it.
    pub(crate) fn server(common: &str) -> Self {
        Self::client(common).with(oid::EXTENDED_KEY_USAGE, usages(&[oid::SERVER_AUTH]))
    }

    /// A CA's certificate.
    pub(crate) fn ca(common: &str) -> Self {
        Self::new(common_name(common), 3000)
            .with(oid::BASIC_CONSTRAINTS, sequence(&[element(1, &[0xff])]))
            .with(oid::KEY_USAGE, key_usage(0x06))
            .with(oid::CRL_DISTRIBUTION_POINTS, distribution_point(&["http://crl.contoso.com/root.crl"]))
    }

    /// With this extension in place of the one of its type.
    pub(crate) fn with(self, kind: &[u8], content: Vec<u8>) -> Self {
        let mut draft = self.without(kind);
        draft.extensions.push((kind.to_vec(), false, content));
        draft
    }

    pub(crate) fn without(mut self, kind: &[u8]) -> Self {
        self.extensions.retain(|(present, ..)| present != kind);
        self
    }

    /// Signed with an algorithm that has no parameters but NULL.
    pub(crate) fn signed_with(mut self, algorithm: &[u8]) -> Self {
        self.signature_algorithm = sequence(&[element(6, algorithm), element(5, &[])]);
        self
    }

    pub(crate) fn self_signed(self) -> Made {
        let issuer = self.subject.clone();
        self.encode(&issuer)
    }

    pub(crate) fn issued_by(self, ca: &Made) -> Made {
        self.encode(&ca.subject)
    }

    /// Issued by the CA that the drafts above name.
    pub(crate) fn issued(self) -> Certificate {
        self.encode(&common_name("Contoso Issuing CA 1")).certificate
    }

    fn encode(self, issuer: &[u8]) -> Made {
        let time = |moment: Time| {
            let digits: String = moment.to_string().chars().filter(char::is_ascii_digit).collect();
            element(0x18, format!("{digits}Z").as_bytes())
        };
        let extensions: Vec<Vec<u8>> = self
            .extensions
            .iter()
            .map(|(kind, critical, content)| {
                let flag = if *critical { element(1, &[0xff]) } else { Vec::new() };
                sequence(&[element(6, kind), flag, element(4, content)])
            })
            .collect();
        let seed = self.subject.iter().fold(self.serial, |sum, byte| sum.wrapping_mul(31).wrapping_add(*byte));
        let tbs = sequence(&[
            element(0xa0, &element(2, &[2])),
            element(2, &[self.serial]),
            self.signature_algorithm.clone(),
            issuer.to_vec(),
            sequence(&[time(self.not_before), time(self.not_after)]),
            self.subject.clone(),
            self.key.encode(seed),
            if extensions.is_empty() { Vec::new() } else { element(0xa3, &sequence(&extensions)) },
        ]);
        let der = sequence(&[tbs, self.signature_algorithm, element(3, &[0; 257])]);
        Made { certificate: Certificate::from_der(&der).unwrap(), subject: self.subject }
    }
}

/// Content bytes of an object identifier in dotted decimals.
pub(crate) fn oid_content(dotted: &str) -> Vec<u8> {
    Oid::parse(dotted).unwrap().as_bytes().to_vec()
}

#[cfg(test)]
#[allow(clippy::print_stderr)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;
    use crate::source::testing::patiently;

    #[test]
    fn openssl_reads_a_draft_as_it_was_meant() {
        let certificate = Draft::client("pc1.contoso.com").issued();
        let mut command = Command::new("openssl");
        command.args(["x509", "-inform", "DER", "-noout", "-text"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let Ok(mut openssl) = patiently(|| command.spawn()) else {
            return eprintln!("not run: openssl_reads_a_draft_as_it_was_meant, no openssl");
        };
        openssl.stdin.take().unwrap().write_all(certificate.der()).unwrap();
        let text = String::from_utf8(openssl.wait_with_output().unwrap().stdout).unwrap();
        for expected in [
            "Subject: CN = pc1.contoso.com",
            "Issuer: CN = Contoso Issuing CA 1",
            "Public-Key: (2048 bit)",
            "Digital Signature, Key Encipherment",
            "TLS Web Client Authentication",
            "DNS:pc1.contoso.com",
            "URI:http://crl.contoso.com/issuing.crl",
            "sha256WithRSAEncryption",
        ] {
            assert!(text.replace("CN=", "CN = ").contains(expected), "{expected} in {text}");
        }
    }
}
