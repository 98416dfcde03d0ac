//! ASN.1's character strings, from the raw bytes: TeletexString, BMPString and UniversalString are as common in old
//! hierarchies as UTF8String is in new ones.

use std::borrow::Cow;

use crate::certificate::tlv::tag;

/// The text of a character string, or `None` where the tag is that of something else. What its character set does not
/// allow is shown as U+FFFD.
pub(crate) fn text(string_tag: u8, value: &[u8]) -> Option<Cow<'_, str>> {
    Some(match string_tag {
        tag::UTF8_STRING => String::from_utf8_lossy(value),
        tag::PRINTABLE_STRING | tag::IA5_STRING | tag::NUMERIC_STRING | tag::VISIBLE_STRING => ascii_or_wider(value),
        tag::TELETEX_STRING => ascii_or_wider(value),
        tag::BMP_STRING => Cow::Owned(utf16_be(value)),
        tag::UNIVERSAL_STRING => Cow::Owned(utf32_be(value)),
        _ => return None,
    })
}

/// Whether the tag is that of a character string that [`text`] reads.
pub(crate) fn is_string(string_tag: u8) -> bool {
    text(string_tag, &[]).is_some()
}

/// UTF-8 where the bytes are that, else Latin-1: what .NET makes of a TeletexString, and what is met in the others when
/// their writer did not keep to ASCII.
pub(crate) fn ascii_or_wider(value: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(value.iter().copied().map(char::from).collect()),
    }
}

fn utf16_be(value: &[u8]) -> String {
    let units = value.chunks(2).map(|pair| match pair {
        [high, low] => u16::from_be_bytes([*high, *low]),
        _ => 0xfffd,
    });
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn utf32_be(value: &[u8]) -> String {
    value
        .chunks(4)
        .map(|four| match four {
            [a, b, c, d] => char::from_u32(u32::from_be_bytes([*a, *b, *c, *d])),
            _ => None,
        })
        .map(|found| found.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_string_type_gives_the_same_text() {
        let expected = "Zürich";
        assert_eq!(text(tag::UTF8_STRING, "Zürich".as_bytes()).unwrap(), expected);
        assert_eq!(text(tag::TELETEX_STRING, b"Z\xfcrich").unwrap(), expected);
        assert_eq!(text(tag::BMP_STRING, b"\0Z\0\xfc\0r\0i\0c\0h").unwrap(), expected);
        let universal: Vec<u8> = expected.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
        assert_eq!(text(tag::UNIVERSAL_STRING, &universal).unwrap(), expected);
    }

    #[test]
    fn what_is_cut_off_is_shown_as_such() {
        assert_eq!(text(tag::BMP_STRING, b"\0A\0").unwrap(), "A\u{fffd}");
        assert_eq!(text(tag::BMP_STRING, b"\xd8\x00\0A").unwrap(), "\u{fffd}A");
        assert_eq!(text(tag::UNIVERSAL_STRING, b"\0\x11\0\0").unwrap(), "\u{fffd}");
    }
}
