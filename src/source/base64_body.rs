//! Base64 as it is met: in lines of any length, indented, quoted by mail, escaped in JSON, padded or not.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::source::contents::{Contents, Fault, Position, ProblemCode};
use crate::source::lines::{count, newline};
use crate::source::shape::{Shape, shape};

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a text is not base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bad {
    /// A character that base64 has not.
    Character { offset: usize, byte: u8 },
    /// More base64 behind the padding that ends it.
    AfterPadding { offset: usize },
}

impl Bad {
    pub(crate) fn offset(self) -> usize {
        match self {
            Self::Character { offset, .. } | Self::AfterPadding { offset } => offset,
        }
    }

    /// What was found, for a message.
    pub(crate) fn found(self) -> String {
        match self {
            Self::Character { byte, .. } if byte.is_ascii_graphic() => format!("the character {:?}", char::from(byte)),
            Self::Character { byte, .. } => format!("byte 0x{byte:02x}"),
            Self::AfterPadding { .. } => "more text behind the padding \"=\"".to_owned(),
        }
    }
}

/// Decodes a body. `scratch` is kept between calls so that a block costs one allocation.
pub(crate) fn decode(body: &[u8], scratch: &mut Vec<u8>) -> Result<Vec<u8>, Bad> {
    scratch.clear();
    scratch.reserve(body.len());
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', body).chain([body.len()]) {
        let line = &body[start..end];
        scratch.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        start = (end + 1).min(body.len());
    }
    ENGINE.decode(&scratch).or_else(|_| decode_tolerantly(body, scratch))
}

/// As [`decode`], with whatever stands around the lines left out.
fn decode_tolerantly(body: &[u8], scratch: &mut Vec<u8>) -> Result<Vec<u8>, Bad> {
    scratch.clear();
    let mut padded = false;
    let headers = headers(body);
    for line in lines(&body[headers..]) {
        let line = inner(line);
        let base = offset_in(body, line);
        let mut index = 0;
        while let Some(&byte) = line.get(index) {
            match byte {
                _ if is_digit(byte) && padded => {
                    return Err(Bad::AfterPadding { offset: base + index });
                }
                _ if is_digit(byte) => scratch.push(byte),
                b'=' => padded = true,
                b' ' | b'\t' => {}
                // A line end, as JSON and shell strings write it.
                b'\\' if matches!(line.get(index + 1), Some(b'n' | b'r')) => index += 1,
                _ => return Err(Bad::Character { offset: base + index, byte }),
            }
            index += 1;
        }
    }
    // A single left-over character holds no byte: what is encoded tells its own length, and says so if something is missing.
    let length = scratch.len() - usize::from(scratch.len() % 4 == 1);
    // Of nothing but digits, and as many as there can be, all is decoded.
    Ok(ENGINE.decode(&scratch[..length]).unwrap_or_default())
}

/// The offset of `line` in `body`, of which it is a part.
fn offset_in(body: &[u8], line: &[u8]) -> usize {
    (line.as_ptr() as usize).saturating_sub(body.as_ptr() as usize)
}

/// The lines of a text, whether they end in LF, CRLF or CR.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    text.split(|byte| matches!(byte, b'\n' | b'\r'))
}

/// A line without its indentation, mail quotes, comment signs and string quotes: none of these is a character of base64.
fn inner(line: &[u8]) -> &[u8] {
    let around =
        |byte: &u8| matches!(byte, b' ' | b'\t' | b'>' | b'|' | b'#' | b'*' | b'"' | b'\'' | b';' | b',' | 0x0b | 0x0c);
    let start = line.iter().position(|byte| !around(byte)).unwrap_or(line.len());
    let end = line.iter().rposition(|byte| !around(byte)).map_or(start, |last| last + 1);
    let line = &line[start..end];
    line.strip_suffix(b"\\").unwrap_or(line)
}

/// How long the RFC 1421 headers at the start of a body are: lines with a colon and their continuations, to a blank line.
fn headers(body: &[u8]) -> usize {
    if memchr::memchr(b':', body).is_none() {
        return 0;
    }
    let newline = if body.contains(&b'\n') { b'\n' } else { b'\r' };
    let mut end = 0;
    // What stands behind the BEGIN boundary on its own line comes first: nothing, as a rule.
    for (index, line) in body.split(|byte| *byte == newline).enumerate() {
        let stripped = inner(line.trim_ascii());
        let continues = end > 0 && matches!(line.first(), Some(b' ' | b'\t')) && !stripped.is_empty();
        if memchr::memchr(b':', stripped).is_some() || continues {
            end = (offset_in(body, line) + line.len() + 1).min(body.len());
        } else if !(stripped.is_empty() && index == 0) {
            break;
        }
    }
    end
}

/// How much of `body` is base64 in whole lines: what stands before the first line that is plainly something else.
pub(crate) fn plausible(body: &[u8]) -> &[u8] {
    let start = headers(body);
    for line in lines(&body[start..]) {
        let stripped = inner(line);
        if !stripped.is_empty() && !is_base64(stripped) {
            return &body[..offset_in(body, line)];
        }
    }
    body
}

fn is_base64(line: &[u8]) -> bool {
    let padding = line.iter().rev().take_while(|byte| **byte == b'=').count();
    let digits = &line[..line.len() - padding];
    padding <= 2 && digits.iter().all(|byte| is_digit(*byte))
}

pub(crate) fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// Whether a body has a line that can be nothing but base64, or that is base64 but for the markup around it.
pub(crate) fn has_base64(body: &[u8]) -> bool {
    lines(body).map(inner).any(|line| line.len() >= SHORT_LINE && is_base64(line)) || has_spoiled_base64(body)
}

/// A line of base64 is at least so long, whoever wrote it; and as a rule so long.
const SHORT_LINE: usize = 24;
const LINE: usize = 64;

/// Whether base64 stands among other characters: a line's length of it, or less that begins as a certificate does. Scripts and
/// manuals that name the boundaries have no more than names and hashes in hexadecimal.
fn has_spoiled_base64(body: &[u8]) -> bool {
    body.split(|byte| !is_digit(*byte)).any(|run| {
        (run.len() >= LINE && !run.iter().all(u8::is_ascii_hexdigit))
            || (run.len() >= SHORT_LINE && run.starts_with(b"MII"))
    })
}

/// Whether a text that begins with `head` is nothing but base64 of an encoded structure.
pub(crate) fn is_bare(head: &[u8]) -> bool {
    let head = &head[..head.len().min(4096)];
    let text = head.trim_ascii();
    if text.len() < 16 || text.contains(&b':') {
        return false;
    }
    let mut scratch = Vec::new();
    let whole_quads = |decoded: Vec<u8>| {
        // What a certificate, CRL, PKCS#7, PKCS#12 or key begins with, or a serialized store.
        !matches!(shape(&decoded), Shape::None | Shape::Unknown) || decoded.starts_with(b"\0\0\0\0CERT")
    };
    // What follows it is for the reader to report.
    let text = plausible(text);
    match decode(text, &mut scratch) {
        // The end of one object, and the next.
        Err(Bad::AfterPadding { offset }) => decode(&text[..offset], &mut scratch).is_ok_and(whole_quads),
        decoded => decoded.is_ok_and(whole_quads),
    }
}

/// What is not base64 behind base64.
#[derive(Debug)]
pub(crate) struct Rest<'a> {
    /// From the line on in which something else stands.
    pub(crate) text: &'a [u8],
    pub(crate) line: u64,
    pub(crate) fault: Fault,
}

impl Rest<'_> {
    /// Whether its first line is base64 but for some characters.
    pub(crate) fn is_spoiled(&self) -> bool {
        let line = lines(self.text).find(|line| !line.is_empty()).unwrap_or_default();
        line.split(|byte| !is_digit(*byte)).any(|digits| digits.len() >= 16)
    }
}

/// Reads a text that begins with base64, of one object or of several one behind the other; `read` reads what is in each, and is
/// told its line.
pub(crate) fn read(text: &[u8], mut read: impl FnMut(&[u8], u64) -> Contents) -> (Contents, Option<Rest<'_>>) {
    let mut contents = Contents::default();
    let mut scratch = Vec::new();
    let mut rest = text;
    let mut line = 1;
    let mut is_first = true;
    let newline = newline(text);
    let blank_at_end = text.len() - text.trim_ascii_end().len();
    while rest.len() > blank_at_end && !contents.is_full {
        let blank = rest.len() - rest.trim_ascii_start().len();
        line += count(&rest[..blank], newline);
        rest = &rest[blank..];
        // Padding ends an object: what follows is the next.
        let padding = memchr::memchr(b'=', rest).unwrap_or(rest.len());
        let one = &rest[..padding + rest[padding..].iter().take_while(|byte| **byte == b'=').count()];
        // Behind the first object, lines of other forms can be base64 by chance, such as those of a hexadecimal dump.
        let first = lines(one).next().map(inner).unwrap_or_default();
        let other = first.iter().position(|byte| matches!(byte, b' ' | b'\t' | b':')).filter(|_| !is_first);
        is_first = false;
        let bad = other.map(|at| Bad::Character { offset: offset_in(rest, first) + at, byte: first[at] });
        let (part, bytes, bad) = match bad.map_or_else(|| decode(one, &mut scratch), Err) {
            Ok(bytes) => (one, bytes, None),
            Err(bad) => {
                // The first byte of DER is a character of base64.
                let is_der = matches!(rest[..=bad.offset()], [.., 0x30, 0x80..=0x84]);
                let part = plausible(&rest[..bad.offset() - usize::from(is_der)]);
                (part, decode(part, &mut scratch).unwrap_or_default(), Some(bad))
            }
        };
        if !bytes.is_empty() {
            contents.append(read(&bytes, line));
        }
        let first = line + count(part, newline);
        if let Some(bad) = bad {
            let position = Position::Line(line + count(&rest[..bad.offset()], newline));
            let message = format!("expected base64 to the end, found {}", bad.found());
            let fault = Fault::new(ProblemCode::Damaged, position, message);
            return (contents, Some(Rest { text: &rest[part.len()..], line: first, fault }));
        }
        line = first;
        rest = &rest[part.len()..];
    }
    (contents, None)
}

/// What base64 of something that is read begins with: DER that takes more than 127 bytes, a serialized store, a PEM boundary.
const BEGINNINGS: [&[u8]; 3] = [b"MI", b"AAAAAENFUlQ", b"LS0tLS1CRUdJTi"];

/// Whether anything in a text begins so.
pub(crate) fn has_beginning(text: &[u8]) -> bool {
    BEGINNINGS.into_iter().any(|beginning| memchr::memmem::find(text, beginning).is_some())
}

/// Finds runs of at least `least` characters of base64 in any text: whole lines of it, which a blank line or other text ends; and
/// among other text what begins as something that is read.
pub(crate) fn runs(text: &[u8], least: usize, mut each: impl FnMut(&[u8])) {
    let mut each = |run: std::ops::Range<usize>| {
        if run.len() >= least {
            each(&text[run]);
        }
    };
    let known: Vec<&[u8]> =
        BEGINNINGS.into_iter().filter(|beginning| memchr::memmem::find(text, beginning).is_some()).collect();
    let mut run: Option<std::ops::Range<usize>> = None;
    let mut next = 0;
    while next < text.len() {
        let start = next;
        let end = memchr::memchr2(b'\n', b'\r', &text[start..]).map_or(text.len(), |length| start + length);
        next = end + if text[end..].starts_with(b"\r\n") { 2 } else { 1 };
        let line = inner(&text[start..end]);
        let at = offset_in(text, line);
        if !line.is_empty() && is_base64(line) {
            // Padding ends an object: what follows is a run of its own.
            run.take_if(|run| text[run.clone()].ends_with(b"=")).into_iter().for_each(&mut each);
            // A word or two before it can be base64 by chance.
            let begins = known.iter().any(|beginning| line.starts_with(beginning));
            run = run.filter(|run| !begins || run.len() >= least);
            run = Some(run.map_or(at, |run| run.start)..at + line.len());
            continue;
        }
        let mut done = 0;
        if let Some(mut run) = run.take() {
            // Within a tag or quotes the last line ends with them.
            let token = token_length(line);
            if token > 0 && matches!(line.get(token), Some(b'<' | b'"' | b'\'')) {
                run.end = at + token;
                done = token;
            }
            each(run);
        }
        while !known.is_empty() && done < line.len() {
            let rest = &line[done..];
            let begin = at + done;
            done += match rest {
                _ if known.iter().any(|beginning| rest.starts_with(beginning)) => {
                    let length = token_length(rest);
                    // The next lines may go on with it.
                    let range = begin..begin + length;
                    if length == rest.len() {
                        run = Some(range)
                    } else {
                        each(range)
                    }
                    length
                }
                [b'\\', _, ..] => 2,
                // It may begin behind other digits.
                _ => {
                    let token = &rest[..rest.iter().take_while(|byte| is_digit(**byte)).count()];
                    let begins = |at: &usize| known.iter().any(|beginning| token[*at..].starts_with(beginning));
                    (1..token.len().min(MOST_BEFORE)).find(begins).unwrap_or(token.len().max(1))
                }
            };
        }
    }
    run.into_iter().for_each(each);
}

/// What may be base64 of something that is read in a run, behind words and a few characters of base64 that are none of it. Further on it is
/// a part of something else: a certificate within a key store, say.
pub(crate) fn beginnings(run: &[u8]) -> impl Iterator<Item = &[u8]> {
    /// More are looked at in no run.
    const MOST: usize = 8;
    let begins = |at: usize| BEGINNINGS.iter().any(|beginning| run[at..].starts_with(beginning));
    let mut goes_on = !begins(0);
    let words = lines(run).take_while(move |line| {
        let is_looked_at = goes_on;
        goes_on &= line.len() < MOST_BEFORE;
        is_looked_at
    });
    // The words may begin so, too.
    let likeliest = words.clone().filter(|line| line.len() >= SHORT_LINE).map(|line| offset_in(run, line));
    let places = words.flat_map(|line| {
        let start = offset_in(run, line);
        start..start + line.len().min(MOST_BEFORE)
    });
    likeliest.chain(places).filter(move |at| begins(*at)).take(MOST).map(|at| &run[at..])
}

/// So many characters at most stand before base64 that they were joined with.
const MOST_BEFORE: usize = 32;

/// How long the base64 is that a text begins with, with line ends as JSON and shell strings write them.
fn token_length(text: &[u8]) -> usize {
    let mut length = 0;
    loop {
        match &text[length..] {
            [byte, ..] if is_digit(*byte) => length += 1,
            [b'\\', b'n' | b'r', ..] => length += 2,
            rest => return length + rest.iter().take(2).take_while(|byte| **byte == b'=').count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(body: &str) -> Result<Vec<u8>, Bad> {
        decode(body.as_bytes(), &mut Vec::new())
    }

    #[test]
    fn what_stands_around_base64_lines_is_left_out() {
        for body in [
            "aGVsbG8gd29ybGQ=",
            "aGVs\nbG8g\r\nd29y\n\nbGQ=\n",
            "aGVs\rbG8gd29ybGQ=\r",
            "   aGVsbG8g\n\td29ybGQ=  \n",
            "> aGVsbG8g\n> d29ybGQ=\n",
            "\"aGVsbG8g\",\n\"d29ybGQ=\"",
            "aGVsbG8g\\nd29ybGQ=\\n",
            "aGVsbG8g d29ybGQ",
            "Proc-Type: 4,CRL\nOriginator: x,\n y\n\naGVsbG8gd29ybGQ=",
            "Proc-Type: 4,CRL\r\n\r\naGVsbG8g\r\nd29ybGQ=\r\n",
        ] {
            assert_eq!(decoded(body).as_deref(), Ok(&b"hello world"[..]), "{body:?}");
        }
    }

    #[test]
    fn a_character_that_is_no_base64_is_named_with_its_place() {
        assert_eq!(decoded("aGVs\nbG!8").unwrap_err(), Bad::Character { offset: 7, byte: b'!' });
        assert_eq!(decoded("aGVsbA==\naGVs").unwrap_err(), Bad::AfterPadding { offset: 9 });
    }

    #[test]
    fn only_base64_of_something_known_is_bare_base64() {
        assert!(!is_bare(b"this is a note and nothing else"));
        assert!(!is_bare(b"VGhpcyBpcyBhIG5vdGUgYW5kIG5vdGhpbmcgZWxzZQ=="));
        let der = rcgen::generate_simple_self_signed(vec!["a.example".into()]).unwrap().cert.der().to_vec();
        assert!(is_bare(ENGINE.encode(&der).as_bytes()));
    }

    proptest! {
        #[test]
        fn base64_comes_out_as_it_went_in_whatever_its_lines(bytes: Vec<u8>, width in 1..90usize, end in 0..3usize) {
            let text = ENGINE.encode(&bytes);
            let end = ["\n", "\r\n", "\r"][end].as_bytes();
            let mut body = Vec::new();
            for line in text.as_bytes().chunks(width) {
                body.extend_from_slice(line);
                body.extend_from_slice(end);
            }
            prop_assert_eq!(decode(&body, &mut Vec::new()), Ok(bytes));
        }

        #[test]
        fn any_text_is_decoded_or_refused(body: Vec<u8>) {
            if let Err(bad) = decode(&body, &mut Vec::new()) {
                prop_assert!(bad.offset() <= body.len());
            }
            prop_assert!(body.starts_with(plausible(&body)));
            let _ = (is_bare(&body), has_base64(&body));
        }
    }
}
