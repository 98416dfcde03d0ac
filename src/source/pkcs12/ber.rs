//! BER as PKCS#12 exporters write it: indefinite lengths, and octet strings in pieces.
//!
//! [`crate::certificate::tlv`] reads certificates, which are DER or nearly so; a PFX by Windows, NSS or an old Java need not be.

use std::borrow::Cow;

use crate::certificate::tlv::tag;
use crate::source::contents::{Position, ProblemCode};

/// How deep the pieces of an octet string may be nested. Nobody nests them at all beyond once.
const MAX_PIECES_DEPTH: usize = 8;

/// The bit of a tag that says that elements are within.
const CONSTRUCTED: u8 = 0x20;

/// Where bytes stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// From there on, byte for byte.
    At(usize),
    /// Made of what starts there, by decryption or from pieces.
    Within(usize),
}

impl Origin {
    pub(super) fn offset(self, within: usize) -> usize {
        match self {
            Self::At(start) => start + within,
            Self::Within(start) => start,
        }
    }

    fn advance(self, by: usize) -> Self {
        match self {
            Self::At(start) => Self::At(start + by),
            within @ Self::Within(_) => within,
        }
    }

    pub(super) fn position(self) -> Position {
        Position::Byte(self.offset(0) as u64)
    }
}

/// Why an encoding could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BerError {
    pub(super) code: ProblemCode,
    pub(super) position: Position,
    pub(super) expected: &'static str,
    pub(super) found: String,
}

/// One element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    /// Without the end-of-contents octets of an indefinite length.
    pub(super) content: &'a [u8],
    /// Of the element.
    pub(super) start: Origin,
    /// Of its content.
    origin: Origin,
}

impl<'a> Element<'a> {
    pub(super) fn children(&self) -> Reader<'a> {
        Reader::new(self.content, self.origin)
    }

    /// What alone is within.
    pub(super) fn only_child(&self, expected: &'static str) -> Result<Self, BerError> {
        let mut children = self.children();
        let child = children.required(expected)?;
        match children.next()? {
            None => Ok(child),
            Some(more) => Err(more.error("the end of what encloses one element")),
        }
    }

    pub(super) fn error(&self, expected: &'static str) -> BerError {
        BerError {
            code: ProblemCode::Damaged,
            position: self.start.position(),
            expected,
            found: format!("tag 0x{:02x} of {} bytes", self.tag, self.content.len()),
        }
    }

    /// The octets of an OCTET STRING (or of one with this implicit primitive tag), in one piece or many.
    pub(super) fn octets(&self, primitive: u8, expected: &'static str) -> Result<(Cow<'a, [u8]>, Origin), BerError> {
        if self.tag == primitive {
            return Ok((Cow::Borrowed(self.content), self.origin));
        }
        if self.tag != primitive | CONSTRUCTED {
            return Err(self.error(expected));
        }
        let mut pieces = Vec::new();
        let mut levels = vec![self.children()];
        while let Some(level) = levels.last_mut() {
            let Some(piece) = level.next()? else {
                levels.pop();
                continue;
            };
            match piece.tag {
                tag::OCTET_STRING => pieces.extend_from_slice(piece.content),
                t if t == tag::OCTET_STRING | CONSTRUCTED && levels.len() < MAX_PIECES_DEPTH => {
                    levels.push(piece.children());
                }
                _ => return Err(piece.error("a piece of an octet string")),
            }
        }
        Ok((Cow::Owned(pieces), Origin::Within(self.origin.offset(0))))
    }

    /// An unsigned INTEGER of at most 64 bits.
    pub(super) fn unsigned(&self) -> Result<u64, BerError> {
        let fail = || self.error("an unsigned integer of at most 64 bits");
        if self.tag != tag::INTEGER || self.content.first().is_none_or(|first| first & 0x80 != 0) {
            return Err(fail());
        }
        let digits = &self.content[self.content.iter().take_while(|byte| **byte == 0).count()..];
        if digits.len() > 8 {
            return Err(fail());
        }
        Ok(digits.iter().fold(0, |value, byte| (value << 8) | u64::from(*byte)))
    }
}

/// The elements of one level.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    origin: Origin,
}

/// A tag and a length; `None` is an indefinite one.
struct Header {
    tag: u8,
    length: Option<usize>,
    size: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], origin: Origin) -> Self {
        Self { rest: bytes, origin }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// What is left, unread.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn origin(&self) -> Origin {
        self.origin
    }

    fn fail(&self, code: ProblemCode, expected: &'static str, found: impl Into<String>) -> BerError {
        BerError { code, position: self.origin.position(), expected, found: found.into() }
    }

    fn header(&self, bytes: &[u8]) -> Result<Header, BerError> {
        let cut = || self.fail(ProblemCode::Truncated, "a whole element", "the end of the data");
        let (&tag, after) = bytes.split_first().ok_or_else(cut)?;
        if tag & 0x1f == 0x1f {
            return Err(self.fail(ProblemCode::Damaged, "a tag of one byte", format!("0x{tag:02x}")));
        }
        let (&first, after) = after.split_first().ok_or_else(cut)?;
        let (length, size) = match first {
            0..=0x7f => (Some(usize::from(first)), 2),
            0x80 if tag & CONSTRUCTED != 0 => (None, 2),
            0x81..=0x88 => {
                let digits = after.get(..usize::from(first & 0x7f)).ok_or_else(cut)?;
                let length = digits.iter().fold(0u64, |length, byte| (length << 8) | u64::from(*byte));
                (Some(usize::try_from(length).unwrap_or(usize::MAX)), 2 + digits.len())
            }
            _ => return Err(self.fail(ProblemCode::Damaged, "a length", format!("0x{first:02x}"))),
        };
        Ok(Header { tag, length, size })
    }

    /// Up to and without the end-of-contents octets that close what `bytes` is the inside of.
    fn indefinite(&self, bytes: &'a [u8]) -> Result<&'a [u8], BerError> {
        let mut open = 1usize;
        let mut at = 0;
        loop {
            let header = self.header(&bytes[at..])?;
            match header.length {
                Some(0) if header.tag == 0 => {
                    open -= 1;
                    if open == 0 {
                        return Ok(&bytes[..at]);
                    }
                    at += header.size;
                }
                Some(length) => {
                    at = at
                        .checked_add(header.size)
                        .and_then(|at| at.checked_add(length))
                        .filter(|at| *at <= bytes.len())
                        .ok_or_else(|| self.too_long(length, bytes.len() - at - header.size))?;
                }
                None => {
                    open += 1;
                    at += header.size;
                }
            }
        }
    }

    fn too_long(&self, length: usize, available: usize) -> BerError {
        let found = format!("a length of {length} bytes where {available} are left");
        self.fail(ProblemCode::Truncated, "a whole element", found)
    }

    /// The next element, or `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Element<'a>>, BerError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let header = self.header(self.rest)?;
        let inside = &self.rest[header.size..];
        let (content, end) = match header.length {
            Some(length) => {
                let content = inside.get(..length).ok_or_else(|| self.too_long(length, inside.len()))?;
                (content, header.size + length)
            }
            None => {
                let content = self.indefinite(inside)?;
                (content, header.size + content.len() + 2)
            }
        };
        let element =
            Element { tag: header.tag, content, start: self.origin, origin: self.origin.advance(header.size) };
        self.rest = &self.rest[end..];
        self.origin = self.origin.advance(end);
        Ok(Some(element))
    }

    /// The next element, which must be of this tag.
    pub(super) fn expect(&mut self, tag: u8, expected: &'static str) -> Result<Element<'a>, BerError> {
        let element = self.required(expected)?;
        if element.tag == tag { Ok(element) } else { Err(element.error(expected)) }
    }

    /// The next element, which must be there.
    pub(super) fn required(&mut self, expected: &'static str) -> Result<Element<'a>, BerError> {
        let origin = self.origin;
        let element = self.next().map_err(|error| BerError { expected, ..error })?;
        element.ok_or_else(|| BerError {
            code: ProblemCode::Damaged,
            position: origin.position(),
            expected,
            found: "the end of what encloses it".to_owned(),
        })
    }

    /// The next element, if it is of this tag.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, BerError> {
        if self.peek() == Some(tag) { self.next() } else { Ok(None) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(bytes: &[u8]) -> Result<Element<'_>, BerError> {
        Reader::new(bytes, Origin::At(0)).required("an element")
    }

    #[test]
    fn an_octet_string_in_pieces_is_put_together() {
        let bytes = [0x24, 0x80, 0x04, 2, 1, 2, 0x24, 0x80, 0x04, 1, 3, 0, 0, 0x04, 1, 4, 0, 0, 0xff];
        let mut reader = Reader::new(&bytes, Origin::At(100));
        let element = reader.required("octets").unwrap();
        let (octets, origin) = element.octets(tag::OCTET_STRING, "octets").unwrap();
        assert_eq!((octets.as_ref(), origin), ([1, 2, 3, 4].as_slice(), Origin::Within(102)));
        assert_eq!((reader.rest(), reader.origin()), ([0xff].as_slice(), Origin::At(118)));
        let primitive = one(&[0x80, 2, 5, 6]).unwrap();
        let (octets, origin) = primitive.octets(0x80, "octets").unwrap();
        assert_eq!((octets.as_ref(), origin), ([5, 6].as_slice(), Origin::At(2)));
    }

    #[test]
    fn pieces_that_nest_without_end_are_refused() {
        let mut bytes = [0x24, 0x80].repeat(100_000);
        bytes.extend(vec![0; 200_000]);
        let element = one(&bytes).unwrap();
        assert!(element.octets(tag::OCTET_STRING, "octets").is_err());
    }

    #[test]
    fn lengths_that_lie_are_errors() {
        for bytes in [
            [0x30, 0x84, 0xff, 0xff, 0xff, 0xff].as_slice(),
            &[0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0x30, 0x80, 0x04, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0x80, 0x02, 1],
            &[0x30, 0x80],
            &[0x30, 0xff],
            &[0x04, 0x80, 0, 0],
            &[0x3f, 1, 0],
            &[0x30],
            &[],
        ] {
            assert!(one(bytes).is_err(), "{bytes:02x?}");
        }
        assert_eq!(one(&[0x30, 0x84, 0, 0, 0, 1, 9]).unwrap().content, [9]);
    }
}
