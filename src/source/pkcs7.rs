//! PKCS#7 (RFC 2315, RFC 5652): the certificates and CRLs of a SignedData, in DER or BER, byte for byte as they stand there.
//!
//! The structure is walked only as far as the two sets: what is signed, and by whom, is nothing to this program. A damaged
//! element loses itself and no other.

use crate::certificate::tlv::tag;
use crate::source::ber::{self, Broken};
use crate::source::contents::{Contents, Fault, Format, Found, Kind, Position, ProblemCode};
use crate::source::objects;
use crate::source::shape::{PKCS7, Shape, is_certificate_content, is_filled, shape};

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

const SALVAGED: &str = "certificates and CRLs that are whole in the rest were read all the same";
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
        Fault::new(code, position, message).add_to(&mut self.contents.faults);
    }

    /// The position of `part`, which is a part of `bytes`.
    fn position(&self, part: &[u8]) -> Position {
        (self.place)(self.offset(part))
    }

    fn offset(&self, part: &[u8]) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.bytes.as_ptr() as usize).min(self.bytes.len())
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
            self.salvage(content);
        }
        fields
    }

    /// Walks over version, digest algorithms and content to the two sets. Their order is that of RFC 5652 5.1: what stands elsewhere
    /// is a part of something whose length is wrong.
    fn sets(&mut self, fields: &'a [u8]) {
        let mut rest = fields;
        let mut last = Field::Start;
        while !rest.is_empty() && !is_end(rest) {
            let whole = ber::element(rest);
            // A set without an end still has a beginning.
            let content = whole
                .as_ref()
                .map_or_else(|_| ber::content_at_hand(rest), |element| Some((element.tag, element.content)));
            let known = content.and_then(|(tag, content)| Some((Field::of(tag, last)?, content)));
            let Some((field, content)) =
                known.filter(|(field, content)| *field != Field::Content || whole.is_err() || is_content_info(content))
            else {
                if self.cut_off.is_none() || next_signed(rest, 0).is_some() {
                    let found = objects::beginning(rest);
                    let message = format!(
                        "expected the next element of SignedData, found bytes that begin with {found}; {SALVAGED}"
                    );
                    self.fault(ProblemCode::Damaged, rest, message);
                }
                return self.salvage(rest);
            };
            last = field;
            let is_open = whole.is_err() && ber::header(rest).is_ok_and(|header| header.length.is_none());
            match field {
                Field::Certificates => self.set(Kind::Certificate, content, is_open),
                Field::Crls => self.set(Kind::Crl, content, is_open),
                _ => {}
            }
            match whole {
                Ok(element) => rest = &rest[element.raw.len()..],
                Err(broken) => {
                    let is_set = matches!(field, Field::Certificates | Field::Crls);
                    if self.cut_off.is_none() && !is_set {
                        self.fault(
                            ProblemCode::Damaged,
                            rest,
                            format!("expected an element of SignedData, found {broken}; {EXPORT}"),
                        );
                    }
                    if !is_set {
                        self.salvage(rest);
                    }
                    break;
                }
            }
        }
        self.behind(fields);
    }

    /// What the file holds behind the fields of SignedData: nothing belongs there but end marks.
    fn behind(&mut self, fields: &'a [u8]) {
        let rest = &self.bytes[self.offset(fields) + fields.len()..];
        if !is_end(rest) {
            if self.cut_off.is_none() {
                let message = format!("expected the end of SignedData, found {} more bytes; {SALVAGED}", rest.len());
                self.fault(ProblemCode::Damaged, rest, message);
            }
            self.salvage(rest);
        }
    }

    /// Reads CertificateSet or RevocationInfoChoices. `is_open` says that an end mark closes it, which was not found.
    fn set(&mut self, kind: Kind, mut rest: &'a [u8], is_open: bool) {
        let name = if kind == Kind::Certificate { "certificate" } else { "CRL" };
        let mut is_damaged = false;
        while !rest.is_empty() {
            if is_open && rest.starts_with(&[0, 0]) {
                // Reached only past damage, so that this may be the end of the set or of anything.
                return self.salvage(rest);
            }
            // Behind damage an indefinite length may be anything, and to look for its end mark each time would take for ever.
            let element = match ber::header(rest) {
                Ok(ber::Header { length: None, .. }) if is_damaged => Err("an indefinite length behind it".to_owned()),
                _ => ber::element(rest).map_err(|broken| broken.to_string()),
            };
            let problem = match element {
                Ok(element) if is_other_choice(kind, element.tag) && !is_certificate_content(element.content) => {
                    rest = &rest[element.raw.len()..];
                    continue;
                }
                Ok(element) if element.tag != tag::SEQUENCE => format!("tag 0x{:02x}", element.tag),
                Ok(element) if kind == Kind::Crl || is_filled(element.raw) => {
                    self.push(kind, element.raw);
                    rest = &rest[element.raw.len()..];
                    continue;
                }
                Ok(_) => "lengths that do not agree".to_owned(),
                Err(broken) => broken,
            };
            let next = next_signed(rest, 1);
            // Where the whole is cut off, the last certificate is, too: that has been said.
            if self.cut_off.is_none() || next.is_some() {
                self.fault(
                    ProblemCode::Damaged,
                    rest,
                    format!("expected a {name}, found {problem}; the others in this file were read"),
                );
            }
            is_damaged = true;
            match next {
                Some(offset) => rest = &rest[offset..],
                None => return,
            }
        }
    }

    /// Reads what is whole in `bytes`, which begin with damage: certificates and CRLs, wherever they begin.
    fn salvage(&mut self, mut bytes: &'a [u8]) {
        while let Some(offset) = next_signed(bytes, 0) {
            let rest = &bytes[offset..];
            let Ok(element) = ber::element(rest) else { return };
            self.push(Kind::Certificate, element.raw);
            bytes = &rest[element.raw.len()..];
        }
    }

    /// Adds what stands in a place for this `kind`, unless its shape is plainly the other's.
    fn push(&mut self, kind: Kind, raw: &[u8]) {
        let kind = match shape(raw) {
            Shape::Certificate => Kind::Certificate,
            Shape::Crl => Kind::Crl,
            _ => kind,
        };
        let position = self.position(raw);
        if !self.contents.is_full {
            self.contents.add(Found::new(kind, raw.to_vec(), Format::Pkcs7, position));
        }
    }
}

/// The fields of SignedData, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Field {
    Start,
    Version,
    DigestAlgorithms,
    Content,
    Certificates,
    Crls,
    SignerInfos,
}

impl Field {
    /// The field that begins with this tag behind the `last` one.
    fn of(tag: u8, last: Self) -> Option<Self> {
        let field = match tag {
            tag::INTEGER => Self::Version,
            tag::SET if last < Self::DigestAlgorithms => Self::DigestAlgorithms,
            tag::SEQUENCE => Self::Content,
            CERTIFICATES => Self::Certificates,
            CRLS => Self::Crls,
            tag::SET => Self::SignerInfos,
            _ => return None,
        };
        (field > last).then_some(field)
    }
}

/// The choices beside Certificate and CertificateList: extended and attribute certificates and other formats (RFC 5652 10.2.2), and
/// other revocation information (10.2.1).
fn is_other_choice(kind: Kind, tag: u8) -> bool {
    match kind {
        Kind::Certificate => (CERTIFICATES..=tag::context_constructed(3)).contains(&tag),
        _ => tag == CRLS,
    }
}

/// Whether these are end marks and nothing else: with bytes behind them they are damage.
fn is_end(rest: &[u8]) -> bool {
    rest.iter().all(|byte| *byte == 0)
}

/// Whether a type and at most its content are in it: a length that lies may have swallowed the certificates behind it.
fn is_content_info(content: &[u8]) -> bool {
    let Ok(content_type) = ber::element(content) else { return false };
    let rest = &content[content_type.raw.len()..];
    let explicit = ber::element(rest).ok().filter(|explicit| explicit.tag == CERTIFICATES);
    content_type.tag == tag::OID
        && (rest.is_empty() || explicit.is_some_and(|explicit| explicit.raw.len() == rest.len()))
}

/// Where in `bytes`, which are damaged, and at which offset at least, a certificate or CRL stands. Only definite lengths are looked at,
/// so that each place costs a few bytes.
fn next_signed(bytes: &[u8], least: usize) -> Option<usize> {
    memchr::memchr_iter(tag::SEQUENCE, bytes).filter(|offset| *offset >= least).find(|offset| {
        let rest = &bytes[*offset..];
        let Ok(ber::Header { length: Some(length), size, .. }) = ber::header(rest) else { return false };
        rest.get(..size.saturating_add(length))
            .is_some_and(|raw| is_filled(raw) && matches!(shape(raw), Shape::Certificate | Shape::Crl))
    })
}

#[cfg(test)]
mod tests;
