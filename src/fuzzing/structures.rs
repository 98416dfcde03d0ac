//! Encoded structures whose lengths are right whatever was put into them: an input says what there is, and not how long the whole
//! of it becomes. So what is read deep inside a certificate, a CRL or a container is met with anything.
//!
//! An element is its tag, and then: of a primitive one the number of its bytes (255 and two more where they are many) and these; of a
//! constructed one its elements up to a zero byte. The tags 0x24 and 0x23 are an OCTET STRING and a BIT STRING of elements.

use crate::der_writer::element;
use crate::fuzzing::{certificates, readers};

/// As deep as nothing is that anybody means.
const DEEPEST: usize = 40;

/// The elements up to a zero byte or the end, encoded.
fn elements(tree: &mut &[u8], depth: usize) -> Vec<u8> {
    let mut encoded = Vec::new();
    while let Some((&tag, rest)) = tree.split_first() {
        *tree = rest;
        encoded.extend(match tag {
            0 => break,
            _ if depth == DEEPEST => element(tag & 0x1f, bytes(tree)),
            0x23 => element(3, &[vec![0], elements(tree, depth + 1)].concat()),
            0x24 => element(4, &elements(tree, depth + 1)),
            _ if tag & 0x20 != 0 => element(tag, &elements(tree, depth + 1)),
            _ => element(tag, bytes(tree)),
        });
    }
    encoded
}

/// The bytes of a primitive element; fewer than were announced where the input ends.
fn bytes<'a>(tree: &mut &'a [u8]) -> &'a [u8] {
    let (length, rest) = match **tree {
        [255, high, low, ref rest @ ..] => (usize::from(u16::from_be_bytes([high, low])), rest),
        [length, ref rest @ ..] => (usize::from(length), rest),
        [] => (0, &[][..]),
    };
    let (content, rest) = rest.split_at(length.min(rest.len()));
    *tree = rest;
    content
}

/// A structure as a certificate, a CRL, a container, and a file of unknown content.
pub fn structures(data: &[u8]) {
    let encoded = elements(&mut &*data, 0);
    certificates::certificate(&encoded);
    certificates::crl(&encoded);
    readers::pkcs7(&encoded);
    readers::pkcs12(&encoded);
    readers::input(&encoded);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_follow_from_what_there_is() {
        let tree = [0x30, 2, 1, 5, 0x24, 0x30, 5, 0, 0, 0, 0x23, 4, 2, 7, 8, 0, 0x13, 200, b'x'];
        let encoded = elements(&mut &tree[..], 0);
        let expected = [0x30, 19, 2, 1, 5, 4, 4, 0x30, 2, 5, 0, 3, 5, 0, 4, 2, 7, 8, 0x13, 1, b'x'];
        assert_eq!(encoded, expected);
    }
}
