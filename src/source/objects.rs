//! Encoded objects, one behind the other: what a DER file, a PEM block and a base64 text hold.

use crate::certificate::tlv::tag;
use crate::source::ber;
use crate::source::contents::{Contents, Fault, Format, Found, Kind, Position, ProblemCode};
use crate::source::pkcs7;
use crate::source::shape::{Shape, shape};

/// What the place says that stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Nothing: the content tells.
    Anything,
    /// A certificate, if its shape is not plainly another's.
    Certificate,
    /// A certificate with OpenSSL's trust settings behind it (`X509_CERT_AUX`), which are no part of it.
    TrustedCertificate,
    Crl,
    Pkcs7,
    Pkcs12,
}

impl Expected {
    /// Whether it is a single object of moderate size.
    pub(crate) fn is_one(self) -> bool {
        matches!(self, Self::Certificate | Self::TrustedCertificate)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Anything => "a certificate, a CRL or PKCS#7",
            Self::Certificate | Self::TrustedCertificate => "a certificate",
            Self::Crl => "a CRL",
            Self::Pkcs7 => "a PKCS#7 structure",
            Self::Pkcs12 => "PKCS#12",
        }
    }
}

/// Reads every object in `bytes` and reports what follows them. `place` tells the position of an offset in `bytes`.
pub(crate) fn read(bytes: &[u8], expected: Expected, format: Format, place: impl Fn(usize) -> Position) -> Contents {
    let mut contents = Contents::default();
    let mut offset = 0;
    while offset < bytes.len() && !contents.is_full {
        let rest = &bytes[offset..];
        let position = place(offset);
        let kind = match (shape(rest), expected) {
            (Shape::Certificate, _) => Kind::Certificate,
            (Shape::Crl, _) => Kind::Crl,
            (Shape::PrivateKey, _) => Kind::PrivateKey,
            (Shape::Pkcs7, _) => {
                contents.append(pkcs7::read(whole_or_rest(rest), |inner| place(offset + inner)));
                offset += whole_or_rest(rest).len();
                continue;
            }
            // Whatever else a block that says so holds is for the decoder to judge, as long as it is one element.
            (Shape::Unknown, Expected::Certificate | Expected::TrustedCertificate) if offset == 0 => Kind::Certificate,
            (Shape::Unknown, Expected::Crl) if offset == 0 => Kind::Crl,
            (other, _) => {
                contents.faults.push(foreign(other, rest, offset, expected, position));
                return contents;
            }
        };
        match ber::element(rest) {
            Ok(element) => {
                let der = if kind == Kind::PrivateKey { Vec::new() } else { element.raw.to_vec() };
                contents.add(Found::new(kind, der, format, position));
                offset += element.raw.len();
            }
            Err(broken) => {
                contents.faults.push(cut(kind, &broken, rest.len(), position));
                return contents;
            }
        }
        if expected == Expected::TrustedCertificate && bytes.get(offset) == Some(&tag::SEQUENCE) {
            // The settings are one SEQUENCE.
            offset += ber::element(&bytes[offset..]).map_or(0, |settings| settings.raw.len());
        }
    }
    if bytes.is_empty() {
        let message = format!("expected {}, found nothing", expected.name());
        contents.faults.push(Fault::new(ProblemCode::Empty, place(0), message));
    }
    contents
}

fn whole_or_rest(bytes: &[u8]) -> &[u8] {
    ber::element(bytes).map_or(bytes, |element| element.raw)
}

fn cut(kind: Kind, broken: &ber::Broken, available: usize, position: Position) -> Fault {
    let name = match kind {
        Kind::Certificate => "certificate",
        Kind::Crl => "CRL",
        Kind::PrivateKey => "private key",
    };
    let code = if broken.is_truncation() { ProblemCode::Truncated } else { ProblemCode::Damaged };
    let message = format!(
        "expected a whole {name}, found {broken} ({available} bytes in all); get it again from where it came from"
    );
    Fault::new(code, position, message)
}

fn foreign(shape: Shape, rest: &[u8], offset: usize, expected: Expected, position: Position) -> Fault {
    let what = match shape {
        Shape::Other(name) => name.to_owned(),
        Shape::Pkcs12 => "PKCS#12, which is read as a file or a PEM block of its own".to_owned(),
        Shape::Unknown => "a structure that is none of these".to_owned(),
        _ => format!("bytes that begin with {}", beginning(rest)),
    };
    if offset == 0 {
        Fault::new(ProblemCode::Damaged, position, format!("expected {}, found {what}", expected.name()))
    } else {
        let message =
            format!("expected the end, found {} more bytes: {what}; what stands before them was read", rest.len());
        Fault::new(ProblemCode::Damaged, position, message)
    }
}

/// The first bytes, for a message.
pub(crate) fn beginning(bytes: &[u8]) -> String {
    let shown: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    shown.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn certificate(name: &str) -> Vec<u8> {
        rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap().cert.der().to_vec()
    }

    fn read_all(bytes: &[u8]) -> Contents {
        read(bytes, Expected::Anything, Format::Der, |offset| Position::Byte(offset as u64))
    }

    #[test]
    fn certificates_that_follow_each_other_are_all_read_with_their_offsets() {
        let (first, second) = (certificate("a.example"), certificate("b.example"));
        let contents = read_all(&[first.as_slice(), &second].concat());
        assert!(contents.faults.is_empty(), "{:?}", contents.faults);
        assert_eq!(contents.found[0].der, first);
        assert_eq!(contents.found[1].der, second);
        assert_eq!(contents.found[1].position, Position::Byte(first.len() as u64));
    }

    #[test]
    fn what_follows_a_certificate_is_reported_with_its_offset() {
        let first = certificate("a.example");
        let contents = read_all(&[first.as_slice(), b"\0\0junk"].concat());
        assert_eq!(contents.found.len(), 1);
        assert_eq!(contents.faults[0].position, Position::Byte(first.len() as u64));
        assert!(contents.faults[0].message.contains("6 more bytes"), "{}", contents.faults[0].message);
    }

    #[test]
    fn a_truncated_certificate_is_called_truncated() {
        let der = certificate("a.example");
        let contents = read_all(&der[..der.len() - 10]);
        assert!(contents.found.is_empty());
        assert_eq!(contents.faults[0].code, ProblemCode::Truncated);
    }

    #[test]
    fn a_private_key_is_noted_without_its_bytes() {
        let made = rcgen::generate_simple_self_signed(vec!["a.example".into()]).unwrap();
        let contents = read_all(&made.signing_key.serialize_der());
        assert_eq!(contents.found[0].kind, Kind::PrivateKey);
        assert!(contents.found[0].der.is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_are_used_or_reported(bytes: Vec<u8>) {
            let contents = read_all(&bytes);
            prop_assert!(!contents.found.is_empty() || !contents.faults.is_empty());
        }
    }
}
