//! What in a text is none of its characters: encoded objects, and text in UTF-16. Where each begins, and how long it is.

use std::ops::Range;

use crate::certificate::tlv::tag;
use crate::source::ber;
use crate::source::pkcs12;
use crate::source::serialized_store;
use crate::source::shape::{Shape, is_object, shape};
use crate::source::text;

/// What is read wherever it is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoded {
    Object,
    Pkcs12,
    Store,
    /// What PowerShell 5.1's `>>` writes behind any text.
    Utf16,
}

impl Encoded {
    /// What begins with `bytes`.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        if serialized_store::is_serialized_store(bytes) {
            return Some(Self::Store);
        }
        match shape(bytes) {
            Shape::Certificate | Shape::Crl | Shape::Pkcs7 | Shape::PrivateKey => Some(Self::Object),
            Shape::Pkcs12 => Some(Self::Pkcs12),
            _ => pkcs12::is_pkcs12(bytes).then_some(Self::Pkcs12),
        }
    }

    /// How long it is; `None` where it is not whole.
    pub(crate) fn length(self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Object | Self::Pkcs12 => ber::element(bytes).ok().map(|element| element.raw.len()),
            Self::Store => serialized_store::length(bytes),
            Self::Utf16 => Some(utf16_length(bytes)),
        }
    }
}

/// So many characters between zero bytes are no friendly name in an object.
const UTF16_CHARACTERS: usize = 64;

/// How long the ASCII in UTF-16 is that `bytes` begin with, by characters that each have a zero byte behind them; 0 where it is too short.
fn utf16_length(bytes: &[u8]) -> usize {
    let count = bytes.chunks_exact(2).take_while(|pair| pair[1] == 0 && text::is_character(pair[0])).count();
    if count >= UTF16_CHARACTERS { 2 * count } else { 0 }
}

const SEQUENCE: u8 = tag::SEQUENCE;

/// A place in a text where an object begins, or zero bytes end what stands before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Where what stands before it ends.
    pub(crate) at: usize,
    /// Where it begins, behind zero bytes; but a store begins with four of them, the first being its version.
    pub(crate) start: usize,
    pub(crate) encoded: Option<Encoded>,
    /// Where it ends, if it is whole.
    pub(crate) end: Option<usize>,
}

/// The next such place from `from` on: a whole object anywhere, one that is cut off only where a line or `from` begins, or behind zero
/// bytes. Elsewhere a few bytes can look like the beginning of something by chance.
pub(crate) fn next(text: &[u8], from: usize) -> Option<Candidate> {
    let mut searched = from;
    loop {
        let at = from + next_sign(&text[from..], searched - from)?;
        let zeros = text[at..].iter().take_while(|byte| **byte == 0).count();
        let start = at + zeros;
        let rest = &text[start..];
        let store = start.checked_sub(4).filter(|store| zeros >= 3 && *store >= from);
        if let Some(start) = store.filter(|store| serialized_store::is_serialized_store(&text[*store..])) {
            let end = serialized_store::length(&text[start..]).map(|length| start + length);
            return Some(Candidate { at: at.min(start), start, encoded: Some(Encoded::Store), end });
        }
        if zeros == 1 && at > from {
            // Where the zeros stand before their characters, this one is the text's, and one more of them follows the last zero.
            let start = at - 1;
            let length = utf16_length(&text[start..]);
            if length > 0 {
                return Some(Candidate { at, start, encoded: Some(Encoded::Utf16), end: Some(start + length) });
            }
        }
        let begins = zeros > 0 || at == from || matches!(text[at - 1], b'\n' | b'\r');
        // The end of an indefinite length is found by a walk.
        let is_long = matches!(rest, [SEQUENCE, 0x81..=0x84, ..]) || begins && rest.starts_with(&[SEQUENCE, 0x80]);
        if is_long && let Some(encoded) = Encoded::of(rest) {
            let end = encoded.length(rest).map(|length| start + length);
            if begins || end.is_some() && (encoded == Encoded::Pkcs12 || is_object(rest)) {
                return Some(Candidate { at, start, encoded: Some(encoded), end });
            }
        }
        if zeros > 0 {
            return Some(Candidate { at, start, encoded: None, end: None });
        }
        searched = at + 2;
    }
}

/// Where in `text`, from the place on that was searched, the next zero byte stands, or a SEQUENCE with a length that no text has behind it.
fn next_sign(text: &[u8], searched: usize) -> Option<usize> {
    const CHUNK: usize = 256;
    let mut at = searched;
    while at < text.len() {
        let chunk = &text[at..text.len().min(at + CHUNK)];
        if !is_plain(chunk) {
            for (byte, here) in chunk.iter().zip(at..) {
                match byte {
                    0 => return Some(here),
                    0x80..=0x84 if here > 0 && text[here - 1] == SEQUENCE => return Some(here - 1),
                    _ => {}
                }
            }
        }
        at += chunk.len();
    }
    None
}

/// Whether nothing can be in a text: what is encoded has bytes that are no ASCII, or zero bytes.
pub(crate) fn is_plain(text: &[u8]) -> bool {
    text.is_ascii() && memchr::memchr(0, text).is_none()
}

/// An object in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Embedded {
    pub(crate) range: Range<usize>,
    pub(crate) encoded: Encoded,
    pub(crate) is_whole: bool,
}

/// The objects of a text in their order. One that is cut off is the last, and takes all that follows it.
pub(crate) fn objects(text: &[u8]) -> impl Iterator<Item = Embedded> {
    let mut from = if is_plain(text) { text.len() } else { 0 };
    std::iter::from_fn(move || {
        loop {
            let Candidate { start, encoded, end, .. } = next(text, from)?;
            from = if encoded.is_some() { end.unwrap_or(text.len()) } else { start };
            if let Some(encoded) = encoded {
                // UTF-16 goes on as long as it can.
                let is_whole = end.is_some_and(|end| encoded != Encoded::Utf16 || end + 1 < text.len());
                return Some(Embedded { range: start..from, encoded, is_whole });
            }
        }
    })
}

/// The longest beginning of an object that says nothing yet.
const LONGEST_HEADER: usize = 2 * UTF16_CHARACTERS + 2;

/// Where an object may begin that is not whole in what is at hand of a text.
pub(crate) fn unfinished(text: &[u8]) -> Option<usize> {
    let last = text.len().checked_sub(1).filter(|last| text[*last] == SEQUENCE);
    let mut searched = 0;
    let sign = std::iter::from_fn(|| {
        let at = next_sign(text, searched)?;
        searched = at + if text[at] == 0 { 1 } else { 2 };
        Some(at)
    })
    .find(|at| {
        let rest = &text[*at..];
        rest.len() < LONGEST_HEADER || rest[0] != 0 && Encoded::of(rest).is_some()
    });
    // A character of UTF-16 may begin before its zero.
    sign.or(last).map(|at| at.saturating_sub(1))
}

/// Whether an object begins with `bytes`, or text in UTF-16.
pub(crate) fn begins(bytes: &[u8]) -> bool {
    let is_der = matches!(bytes, [SEQUENCE, 0x80..=0x84, ..]) && Encoded::of(bytes).is_some();
    is_der || serialized_store::is_serialized_store(bytes) || utf16_length(bytes) > 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::store_properties::tests::element;
    use crate::source::testing::certificate;

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn found(text: &[u8]) -> Vec<(Range<usize>, Encoded, bool)> {
        objects(text).map(|object| (object.range, object.encoded, object.is_whole)).collect()
    }

    #[test]
    fn objects_stand_anywhere_in_a_text_and_utf16_between_its_characters() {
        let (der, wide) = (certificate(0), utf16(&"x".repeat(UTF16_CHARACTERS)));
        let store = [&b"\0\0\0\0CERT"[..], &element(32, &der), &[0; 12]].concat();
        let text = [b"a,", &der[..], b"b\n", &store, b"c\n\xff", &wide, b"d"].concat();
        let at = |start: usize, length: usize| start..start + length;
        let (second, third) = (4 + der.len(), 7 + der.len() + store.len());
        let expected = [
            (at(2, der.len()), Encoded::Object, true),
            (at(second, store.len()), Encoded::Store, true),
            (at(third, wide.len()), Encoded::Utf16, false),
        ];
        assert_eq!(found(&text), expected);
        assert_eq!(found(&wide[2..]), []);
    }

    #[test]
    fn what_is_cut_off_is_seen_at_the_start_of_a_line_and_no_row_is_seen_in_it() {
        let der = certificate(0);
        let cut = &der[..der.len() - 1];
        assert_eq!(found(&[b"a\n", cut].concat()), [(2..1 + der.len(), Encoded::Object, false)]);
        assert_eq!(found(&[b"a ", cut].concat()), []);
        for length in 1..cut.len() {
            assert_eq!(unfinished(&[&[b'a'; 200], &der[..length]].concat()), Some(199), "{length}");
        }
        assert_eq!(unfinished(b"a text\n"), None);
    }

    proptest! {
        #[test]
        fn objects_of_any_bytes_stand_in_their_order(bytes: Vec<u8>) {
            let mut end = 0;
            for object in objects(&bytes) {
                prop_assert!(end <= object.range.start && object.range.start < object.range.end);
                end = object.range.end;
            }
            prop_assert!(end <= bytes.len());
        }
    }
}
