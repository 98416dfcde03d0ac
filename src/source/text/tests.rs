use super::*;
use proptest::prelude::*;

fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

#[test]
fn plain_text_is_not_copied() {
    assert!(matches!(normalise(b"-----BEGIN CERTIFICATE-----"), Cow::Borrowed(_)));
    assert!(matches!(normalise(b"\xef\xbb\xbfabc"), Cow::Borrowed(b"abc")));
    assert!(matches!(normalise(b"M\xfcller"), Cow::Borrowed(b"M\xfcller")));
}

#[test]
fn utf16_is_read_with_and_without_a_byte_order_mark() {
    for big_endian in [false, true] {
        let bytes = utf16("-----BEGIN CERTIFICATE-----\r\nMüller 𝄞", big_endian);
        assert_eq!(&*normalise(&bytes), "-----BEGIN CERTIFICATE-----\r\nMüller 𝄞".as_bytes());
        let marked = [if big_endian { [0xfe, 0xff] } else { [0xff, 0xfe] }.as_slice(), &bytes].concat();
        assert_eq!(&*normalise(&marked), "-----BEGIN CERTIFICATE-----\r\nMüller 𝄞".as_bytes());
    }
}

#[test]
fn what_is_encoded_behind_utf16_comes_out_as_it_is() {
    let block = "-----BEGIN X-----\r\n";
    // What ends in a zero loses it to no character.
    let der = [&[0x30, 0x81, 0x80, 0x30, 0x81, 0x7d][..], &[b'x'; 124], &[0]].concat();
    for big_endian in [false, true] {
        let wide = utf16(block, big_endian);
        for before in [wide.clone(), [b"-\n", &wide[..]].concat()] {
            let joined = [&before, &der[..], &wide].concat();
            let text = normalise(&joined);
            assert!(memchr::memmem::find(&text, &der).is_some());
            assert_eq!(memchr::memmem::find_iter(&text, block).count(), 2);
        }
    }
}

#[test]
fn a_cut_off_utf16_text_says_so_with_a_replacement_character() {
    let mut bytes = vec![0xff, 0xfe];
    bytes.extend(utf16("ab", false));
    bytes.push(0x41);
    assert_eq!(decode(&normalise(&bytes)), "ab\u{fffd}");
}

#[test]
fn ansi_text_is_decoded_for_people() {
    assert_eq!(decode(b"M\xfcller \x80"), "Müller €");
}

#[test]
fn encodings_of_asn1_are_not_text() {
    assert!(!is_text(&[0x30, 0x82, 0x02, 0x0e, 0x30, 0x82, 0x01, 0x77, 0xa0, 0x03, 0x02, 0x01, 0x02, 0x02, 0x00]));
    assert!(!is_text(&[0, 0, 0, 0, b'C', b'E', b'R', b'T']));
    assert!(is_text(b"Zertifikat f\xfcr M\xfcller\r\n"));
}

/// Reads so many bytes at a time, and then fails.
struct Dribble<'a>(&'a [u8], usize, bool);

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let limit = self.1.min(buffer.len());
        match self.0.read(&mut buffer[..limit])? {
            0 if self.2 => Err(io::Error::other("the disk is gone")),
            count => Ok(count),
        }
    }
}

fn in_pieces(bytes: &[u8], step: usize, fails: bool) -> Vec<u8> {
    let mut text = Vec::new();
    let result = TextReader::new(Dribble(bytes, step, fails)).read_to_end(&mut text);
    assert_eq!(result.is_err(), fails);
    text
}

#[test]
fn an_error_costs_nothing_of_what_was_read_before_it() {
    for bytes in [b"-----END CERTIFICATE-----".to_vec(), utf16("-----END CERTIFICATE-----", false)] {
        assert_eq!(in_pieces(&bytes, 7, true), b"-----END CERTIFICATE-----");
    }
}

#[test]
fn a_boundary_within_text_of_another_encoding_changes_nothing_before_it_that_is_not_changed_in_the_whole() {
    let text = format!("{}-----BEGIN X-----\n{}", "a".repeat(50), "b".repeat(100));
    let wide = utf16(&text, false);
    // Longer than what is read at once to tell the encoding.
    let before = utf16(&("\u{feff}".to_owned() + &"\r\n".repeat(300)), false);
    for part in [text.as_bytes(), &[b"\n", &wide[..]].concat()] {
        let joined = [&before[..], part].concat();
        for step in 1..200 {
            assert_eq!(in_pieces(&joined, step, false), normalise(&joined).into_owned(), "{step}");
        }
    }
}

/// Pieces of texts in one encoding and another, of which some fit together into boundaries.
fn mixture() -> impl Strategy<Value = Vec<u8>> {
    let texts = [
        "-----BEGIN ",
        "-----BEGIN X-----\n",
        "Request ID\tBinary Certificate\tSerial Number\tCommon Name\n1\t-\t-\t-\n",
        "---",
        "--BEGIN ",
        "-----END X-----",
        "\n",
        "a",
        "é",
        "----------BEGIN ",
    ];
    let part = (prop::sample::select(texts.to_vec()), 0..7usize).prop_map(|(text, encoding)| match encoding {
        0 => text.as_bytes().to_vec(),
        1 | 2 => utf16(text, encoding == 1),
        3 => [b"\0", text.as_bytes()].concat(),
        4 => [b"\x30\x82\x01\x0a\x30\x81\0\x41\0", text.as_bytes()].concat(),
        5 => [b"\0\0\0\0CERT\x20\0\0\0\x01", text.as_bytes()].concat(),
        _ => utf16(text, true)[1..].to_vec(),
    });
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn a_text_of_several_encodings_is_the_same_in_pieces_and_whole(bytes in mixture(), step in 1..40usize, padding in 0..1100usize) {
        for bytes in [bytes.clone(), [vec![b'\n'; padding], bytes].concat()] {
            prop_assert_eq!(in_pieces(&bytes, step, false), normalise(&bytes).into_owned());
        }
    }

    #[test]
    fn reading_in_pieces_gives_what_reading_whole_gives(bytes: Vec<u8>, marked in 0..3usize, step in 1..40usize) {
        let bytes = [[&b""[..], b"\xff\xfe", b"\xfe\xff"][marked], &bytes].concat();
        prop_assert_eq!(in_pieces(&bytes, step, false), normalise(&bytes).into_owned());
    }
}
