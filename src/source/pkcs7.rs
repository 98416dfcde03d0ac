//! PKCS#7 (RFC 2315, RFC 5652): the certificates and CRLs of a SignedData, in DER or BER, byte for byte as they stand there.
//!
//! The structure is walked only as far as the two sets: what is signed, and by whom, is nothing to this program. A damaged
//! element loses itself and no other.

use crate::certificate::tlv::tag;
use crate::source::ber::{self, Broken};
use crate::source::contents::{Contents, Fault, Format, Found, Kind, Position, ProblemCode};
use crate::source::shape::{PKCS7, Shape, shape};

const CERTIFICATES: u8 = tag::context_constructed(0);
const CRLS: u8 = tag::context_constructed(1);

/// Reads a ContentInfo. `place` tells the position of an offset in `bytes`.
pub(crate) fn read(bytes: &[u8], place: impl Fn(usize) -> Position) -> Contents {
    let mut reader = Reader { bytes, place, contents: Contents::default(), cut_off: None };
    reader.cut_off = ber::element(bytes).err();
    if let Some(broken) = reader.cut_off.clone() {
        let code = if broken.is_truncation() { ProblemCode::Truncated } else { ProblemCode::Damaged };
        reader.fault(code, bytes, format!("expected a whole PKCS#7 structure, found {broken}; {EXPORT}"));
    }
    if let Some(fields) = reader.signed_data() {
        reader.sets(fields);
    }
    if reader.contents.found.is_empty() && reader.contents.faults.is_empty() {
        reader.fault(
            ProblemCode::Empty,
            bytes,
            "expected certificates, found a PKCS#7 structure without any; export it with \"include all certificates in the \
             certification path if possible\"",
        );
    }
    reader.contents
}

const EXPORT: &str = "what is whole in it was read; get the file again from where it came from";

struct Reader<'a, P> {
    bytes: &'a [u8],
    place: P,
    contents: Contents,
    /// Why the whole structure has no end: said once.
    cut_off: Option<Broken>,
}

impl<'a, P: Fn(usize) -> Position> Reader<'a, P> {
    fn fault(&mut self, code: ProblemCode, at: &[u8], message: impl Into<String>) {
        let position = self.position(at);
        self.contents.faults.push(Fault::new(code, position, message));
    }

    /// The position of `part`, which is a part of `bytes`.
    fn position(&self, part: &[u8]) -> Position {
        (self.place)((part.as_ptr() as usize).saturating_sub(self.bytes.as_ptr() as usize))
    }

    /// The content of the SEQUENCE SignedData.
    fn signed_data(&mut self) -> Option<&'a [u8]> {
        let Some((tag::SEQUENCE, info)) = ber::content_at_hand(self.bytes) else {
            self.fault(ProblemCode::Damaged, self.bytes, "expected a ContentInfo of PKCS#7, found another structure");
            return None;
        };
        let content_type = ber::element(info).ok().filter(|element| element.tag == tag::OID)?;
        let last = content_type.content.strip_prefix(&PKCS7).unwrap_or_default();
        if last != [2] {
            let name = match last {
                [1] => "data",
                [3] => "envelopedData",
                [4] => "signedAndEnvelopedData",
                [5] => "digestedData",
                [6] => "encryptedData",
                _ => "an unknown type",
            };
            self.fault(
                ProblemCode::Unsupported,
                self.bytes,
                format!("expected PKCS#7 signedData, found {name}; export the certificates as .p7b or .cer"),
            );
            return None;
        }
        let content = &info[content_type.raw.len()..];
        let fields = match ber::content_at_hand(content) {
            Some((CERTIFICATES, explicit)) => match ber::content_at_hand(explicit) {
                Some((tag::SEQUENCE, fields)) => Some(fields),
                _ => None,
            },
            _ => None,
        };
        if fields.is_none() && self.cut_off.is_none() {
            self.fault(ProblemCode::Damaged, content, "expected the SignedData of PKCS#7, found another structure");
        }
        fields
    }

    /// Walks over version, digest algorithms and content to the two sets.
    fn sets(&mut self, mut rest: &'a [u8]) {
        while !rest.is_empty() && !rest.starts_with(&[0, 0]) {
            let whole = ber::element(rest);
            // A set without an end still has a beginning.
            let content = whole
                .as_ref()
                .map_or_else(|_| ber::content_at_hand(rest), |element| Some((element.tag, element.content)));
            match content {
                Some((CERTIFICATES, set)) => self.certificates(set),
                Some((CRLS, set)) => self.crls(set),
                _ => {}
            }
            match whole {
                Ok(element) => rest = &rest[element.raw.len()..],
                Err(broken) => {
                    if self.cut_off.is_none() && !matches!(content, Some((CERTIFICATES | CRLS, _))) {
                        self.fault(
                            ProblemCode::Damaged,
                            rest,
                            format!("expected an element of SignedData, found {broken}; {EXPORT}"),
                        );
                    }
                    return;
                }
            }
        }
    }

    fn certificates(&mut self, mut rest: &'a [u8]) {
        while !rest.is_empty() && !rest.starts_with(&[0, 0]) {
            let problem = match ber::element(rest) {
                Ok(element) if element.tag != tag::SEQUENCE && element.tag & 0xc0 == 0x80 => {
                    // RFC 5652 10.2.2: extended and attribute certificates and other formats.
                    rest = &rest[element.raw.len()..];
                    continue;
                }
                Ok(element) if element.tag != tag::SEQUENCE => format!("tag 0x{:02x}", element.tag),
                Ok(element) if is_filled(element.raw) => {
                    self.push(Kind::Certificate, element.raw);
                    rest = &rest[element.raw.len()..];
                    continue;
                }
                Ok(_) => "lengths that do not agree".to_owned(),
                Err(broken) => broken.to_string(),
            };
            let next = next_certificate(rest);
            // Where the whole is cut off, the last certificate is, too: that has been said.
            if self.cut_off.is_none() || next.is_some() {
                self.fault(
                    ProblemCode::Damaged,
                    rest,
                    format!("expected a certificate, found {problem}; the others in this file were read"),
                );
            }
            match next {
                Some(offset) => rest = &rest[offset..],
                None => return,
            }
        }
    }

    fn crls(&mut self, mut rest: &'a [u8]) {
        while !rest.is_empty() && !rest.starts_with(&[0, 0]) {
            match ber::element(rest) {
                Ok(element) => {
                    if element.tag == tag::SEQUENCE {
                        self.push(Kind::Crl, element.raw);
                    }
                    rest = &rest[element.raw.len()..];
                }
                Err(broken) => {
                    if self.cut_off.is_none() {
                        self.fault(ProblemCode::Damaged, rest, format!("expected a CRL, found {broken}"));
                    }
                    return;
                }
            }
        }
    }

    fn push(&mut self, kind: Kind, raw: &[u8]) {
        let position = self.position(raw);
        self.contents.found.push(Found::new(kind, raw.to_vec(), Format::Pkcs7, position));
    }
}

/// Whether the three parts of a signed structure (RFC 5280 4.1.1) fill it exactly: a length that lies does not.
fn is_filled(raw: &[u8]) -> bool {
    let Ok(ber::Header { length: Some(length), size, .. }) = ber::header(raw) else {
        // An indefinite length was found by its end mark, so it is right.
        return true;
    };
    let Some(mut rest) = raw.get(size..size.saturating_add(length)) else { return false };
    for _ in 0..3 {
        let Ok(ber::Header { length: Some(length), size, .. }) = ber::header(rest) else { return false };
        let Some(after) = rest.get(size.saturating_add(length)..) else { return false };
        rest = after;
    }
    rest.is_empty()
}

/// Where, behind the damaged element that `bytes` begin with, a certificate stands. Only definite lengths are looked at, so that
/// each place costs a few bytes.
fn next_certificate(bytes: &[u8]) -> Option<usize> {
    memchr::memchr_iter(tag::SEQUENCE, bytes).filter(|offset| *offset > 0).find(|offset| {
        let rest = &bytes[*offset..];
        let Ok(ber::Header { length: Some(length), size, .. }) = ber::header(rest) else { return false };
        rest.get(..size.saturating_add(length)).is_some_and(|raw| is_filled(raw) && shape(raw) == Shape::Certificate)
    })
}

#[cfg(test)]
mod tests;
