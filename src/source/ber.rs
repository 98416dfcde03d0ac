//! Elements of BER: what DER forbids and containers use, lengths that are told by an end mark above all.
//!
//! Nothing here recurses, and an element is skipped in time linear in its size.

use std::fmt;

/// How deep indefinite lengths may nest. Containers that were met use six; every level costs a walk over what is inside.
const MAX_DEPTH: usize = 32;

/// What stands before an element's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// The first byte of the tag.
    pub(crate) tag: u8,
    /// How many bytes tag and length take.
    pub(crate) size: usize,
    /// How long the content is; `None` where an end mark tells.
    pub(crate) length: Option<usize>,
}

/// Why an element's end could not be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The content is longer than what is there.
    Short { length: usize, available: usize },
    /// An element begins where nothing is left, or its header is cut off.
    CutOff,
    /// No encoding of a length.
    Length(u8),
    /// An indefinite length on a primitive element.
    Primitive(u8),
    /// Beyond [`MAX_DEPTH`].
    Depth,
}

impl Broken {
    /// Whether more bytes might mend it.
    pub(crate) fn is_truncation(&self) -> bool {
        matches!(self, Self::Short { .. } | Self::CutOff)
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { length, available } => write!(f, "a length of {length} bytes where {available} are left"),
            Self::CutOff => f.write_str("an element that is cut off"),
            Self::Length(byte) => write!(f, "length byte 0x{byte:02x}, which no length begins with"),
            Self::Primitive(tag) => write!(f, "an indefinite length on the primitive tag 0x{tag:02x}"),
            Self::Depth => write!(f, "indefinite lengths nested deeper than {MAX_DEPTH}"),
        }
    }
}

/// The header that `bytes` begin with.
pub(crate) fn header(bytes: &[u8]) -> Result<Header, Broken> {
    let &tag = bytes.first().ok_or(Broken::CutOff)?;
    let mut size = 1;
    if tag & 0x1f == 0x1f {
        // X.690 8.1.2.4: a long tag number goes on while the top bit is set.
        loop {
            let &byte = bytes.get(size).ok_or(Broken::CutOff)?;
            size += 1;
            if byte & 0x80 == 0 || size > 6 {
                break;
            }
        }
    }
    let &first = bytes.get(size).ok_or(Broken::CutOff)?;
    size += 1;
    let length = match first {
        0..=0x7f => Some(usize::from(first)),
        0x80 if tag & 0x20 == 0 => return Err(Broken::Primitive(tag)),
        0x80 => None,
        0x81..=0x88 => {
            let count = usize::from(first & 0x7f);
            let digits = bytes.get(size..size + count).ok_or(Broken::CutOff)?;
            size += count;
            let length = digits.iter().fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
            Some(usize::try_from(length).unwrap_or(usize::MAX))
        }
        _ => return Err(Broken::Length(first)),
    };
    Ok(Header { tag, size, length })
}

/// An element of BER, its end found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    /// The whole element, header and end mark included.
    pub(crate) raw: &'a [u8],
    /// The content, without an end mark.
    pub(crate) content: &'a [u8],
}

/// The element that `bytes` begin with.
pub(crate) fn element(bytes: &[u8]) -> Result<Element<'_>, Broken> {
    let Header { tag, size, length } = header(bytes)?;
    if let Some(length) = length {
        let content = definite(bytes, size, length)?;
        return Ok(Element { tag, raw: &bytes[..size + length], content });
    }
    let mut position = size;
    let mut depth = 1usize;
    loop {
        let rest = &bytes[position..];
        if rest.starts_with(&[0, 0]) {
            depth -= 1;
            position += 2;
            if depth == 0 {
                return Ok(Element { tag, raw: &bytes[..position], content: &bytes[size..position - 2] });
            }
            continue;
        }
        let inner = header(rest)?;
        position += inner.size;
        match inner.length {
            Some(length) => position += definite(rest, inner.size, length)?.len(),
            None => depth += 1,
        }
        if depth > MAX_DEPTH {
            return Err(Broken::Depth);
        }
    }
}

fn definite(bytes: &[u8], size: usize, length: usize) -> Result<&[u8], Broken> {
    let rest = &bytes[size..];
    rest.get(..length).ok_or(Broken::Short { length, available: rest.len() })
}

/// As much of the content as is there, whether or not the element is whole.
pub(crate) fn content_at_hand(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let header = header(bytes).ok()?;
    let rest = &bytes[header.size..];
    let length = header.length.unwrap_or(rest.len()).min(rest.len());
    Some((header.tag, &rest[..length]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_indefinite_length_ends_at_its_own_end_mark() {
        let bytes = [0x30, 0x80, 0x24, 0x80, 0x04, 0x01, 0xaa, 0, 0, 0x05, 0x00, 0, 0, 0xff];
        let element = element(&bytes).unwrap();
        assert_eq!(element.raw, &bytes[..13]);
        assert_eq!(element.content, &bytes[2..11]);
    }

    #[test]
    fn a_length_beyond_the_end_is_named() {
        assert_eq!(element(&[0x30, 0x82, 0x10, 0x00, 1]).unwrap_err(), Broken::Short { length: 4096, available: 1 });
        assert_eq!(
            element(&[0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).unwrap_err().to_string(),
            format!("a length of {} bytes where 0 are left", usize::MAX)
        );
        assert_eq!(element(&[0x04, 0x80, 0, 0]).unwrap_err(), Broken::Primitive(0x04));
        assert_eq!(element(&[0x30, 0x80, 0x02]).unwrap_err(), Broken::CutOff);
    }

    #[test]
    fn a_million_nested_elements_end_on_the_depth() {
        let bytes = [0x30, 0x80].repeat(1_000_000);
        assert_eq!(element(&bytes).unwrap_err(), Broken::Depth);
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_element_within_them_or_a_reason(bytes: Vec<u8>) {
            if let Ok(element) = element(&bytes) {
                prop_assert!(bytes.starts_with(element.raw));
                prop_assert!(element.content.len() < element.raw.len());
            }
            let _ = content_at_hand(&bytes);
        }
    }
}
