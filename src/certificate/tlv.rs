//! Tag, length, value: a bounds-checked cursor over encoded ASN.1 that remembers where each element stands.
//!
//! Certificates are read with this rather than with a strict DER parser, because what must be read is what is in use:
//! lengths that are not minimal, versions that do not exist and dates that are no dates are met in real stores, and other
//! tools read them. Whatever is wrong is judged when it is used, never by losing the certificate.

use std::fmt;
use std::ops::Range;

/// Why an encoded structure could not be read: where, what was expected there, and what stood there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeError {
    /// Offset in bytes from the start of the structure.
    pub offset: usize,
    /// What the encoding rules expect there.
    pub expected: &'static str,
    /// What was there.
    pub found: String,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: expected {}, found {}", self.offset, self.expected, self.found)
    }
}

impl std::error::Error for DecodeError {}

impl DecodeError {
    pub(crate) fn new(offset: usize, expected: &'static str, found: impl Into<String>) -> Self {
        Self { offset, expected, found: found.into() }
    }
}

pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const ENUMERATED: u8 = 0x0a;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const NUMERIC_STRING: u8 = 0x12;
    pub(crate) const PRINTABLE_STRING: u8 = 0x13;
    pub(crate) const TELETEX_STRING: u8 = 0x14;
    pub(crate) const IA5_STRING: u8 = 0x16;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const VISIBLE_STRING: u8 = 0x1a;
    pub(crate) const UNIVERSAL_STRING: u8 = 0x1c;
    pub(crate) const BMP_STRING: u8 = 0x1e;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;

    /// `[n]`, primitive.
    pub(crate) const fn context(n: u8) -> u8 {
        0x80 | n
    }

    /// `[n]`, constructed.
    pub(crate) const fn context_constructed(n: u8) -> u8 {
        0xa0 | n
    }
}

/// One element.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tlv<'a> {
    pub(crate) tag: u8,
    /// The whole element, tag and length included.
    pub(crate) raw: &'a [u8],
    pub(crate) value: &'a [u8],
    offset: usize,
}

impl<'a> Tlv<'a> {
    /// The one element that `bytes` are.
    pub(crate) fn only(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(bytes);
        let tlv = cursor.next()?;
        cursor.finish()?;
        Ok(tlv)
    }

    /// The one element of this tag that `bytes` are.
    pub(crate) fn only_of(bytes: &'a [u8], tag: u8, expected: &'static str) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(bytes);
        let tlv = cursor.expect(tag, expected)?;
        cursor.finish()?;
        Ok(tlv)
    }

    /// The element of this tag that `bytes` begin with. What stands behind it is passed over, as OpenSSL and Go do in the content of an
    /// extension and in an RSA key.
    pub(crate) fn first_of(bytes: &'a [u8], tag: u8, expected: &'static str) -> Result<Self, DecodeError> {
        Cursor::new(bytes).expect(tag, expected)
    }

    pub(crate) fn children(&self) -> Cursor<'a> {
        Cursor { bytes: self.value, position: 0, base: self.offset + (self.raw.len() - self.value.len()) }
    }

    /// Where the whole element stands in the bytes that the outermost cursor was given.
    pub(crate) fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.raw.len()
    }

    /// Where its value stands there.
    pub(crate) fn value_range(&self) -> Range<usize> {
        let end = self.offset + self.raw.len();
        end - self.value.len()..end
    }

    pub(crate) fn error(&self, expected: &'static str) -> DecodeError {
        DecodeError::new(self.offset, expected, describe(self.tag, self.value.len()))
    }

    /// The value as an unsigned integer of at most 64 bits.
    pub(crate) fn unsigned(&self) -> Option<u64> {
        let mut value = self.value;
        if value.is_empty() || value[0] & 0x80 != 0 {
            return None;
        }
        while value.len() > 1 && value[0] == 0 {
            value = &value[1..];
        }
        (value.len() <= 8).then(|| value.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
    }

    /// The bits of a BIT STRING, most significant first, and how many of the last byte are unused.
    pub(crate) fn bit_string(&self) -> Option<(&'a [u8], u8)> {
        let (&unused, bits) = self.value.split_first()?;
        (unused < 8 && (unused == 0 || !bits.is_empty())).then_some((bits, unused))
    }
}

fn describe(tag: u8, length: usize) -> String {
    format!("tag 0x{tag:02x} of {length} bytes")
}

/// Walks over the elements of one level.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
    base: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, base: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.position == self.bytes.len()
    }

    fn offset(&self) -> usize {
        self.base + self.position
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    /// The next element, whatever its tag. Definite lengths of up to four bytes, minimal or not.
    pub(crate) fn next(&mut self) -> Result<Tlv<'a>, DecodeError> {
        let rest = &self.bytes[self.position..];
        let truncated = |found: String| DecodeError::new(self.offset(), "a whole element", found);
        let (&tag, after) = rest.split_first().ok_or_else(|| truncated("the end".into()))?;
        if tag & 0x1f == 0x1f {
            return Err(DecodeError::new(self.offset(), "a tag of one byte", format!("0x{tag:02x}")));
        }
        let (&first, after) = after.split_first().ok_or_else(|| truncated("a tag without a length".into()))?;
        let (length, header) = match first {
            0..=0x7f => (usize::from(first), 2),
            0x81..=0x84 => {
                let count = usize::from(first & 0x7f);
                let bytes = after.get(..count).ok_or_else(|| truncated("a length that is cut off".into()))?;
                (bytes.iter().fold(0usize, |sum, byte| (sum << 8) | usize::from(*byte)), 2 + count)
            }
            _ => {
                return Err(DecodeError::new(
                    self.offset(),
                    "a definite length of at most four bytes",
                    format!("length byte 0x{first:02x}"),
                ));
            }
        };
        let available = rest.len() - header;
        if length > available {
            return Err(truncated(format!("a length of {length} bytes where {available} are left")));
        }
        let tlv =
            Tlv { tag, raw: &rest[..header + length], value: &rest[header..header + length], offset: self.offset() };
        self.position += header + length;
        Ok(tlv)
    }

    pub(crate) fn expect(&mut self, tag: u8, expected: &'static str) -> Result<Tlv<'a>, DecodeError> {
        let before = self.position;
        let tlv = self.next().map_err(|error| DecodeError { expected, ..error })?;
        if tlv.tag == tag {
            Ok(tlv)
        } else {
            self.position = before;
            Err(tlv.error(expected))
        }
    }

    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Tlv<'a>>, DecodeError> {
        if self.peek() == Some(tag) { self.next().map(Some) } else { Ok(None) }
    }

    /// That nothing is left.
    pub(crate) fn finish(&self) -> Result<(), DecodeError> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::new(self.offset(), "the end", format!("{} more bytes", self.bytes.len() - self.position)))
        }
    }
}
