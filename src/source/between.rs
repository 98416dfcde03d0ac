//! What stands between PEM blocks without boundaries of its own: files of other forms that were joined with PEM, attachments.

use crate::source::base64_body;
use crate::source::contents::{Contents, Fault, Format, Position, ProblemCode};
use crate::source::hexdump;
use crate::source::objects::{self, Expected};
use crate::source::shape::is_object;

/// Shorter text between blocks holds nothing.
pub(crate) const LEAST: usize = 64;
/// Longer text is not searched. A long text is cut only where more than twice as much stands between blocks
/// ([`crate::source::batches`]), so that a part is searched where the whole is.
pub(crate) const MOST: usize = 1024 * 1024;

/// Reads it: `line` is where it begins. Where it is too long and begins as what would be read, that is a problem.
pub(crate) fn read(text: &[u8], line: u64, newline: u8, contents: &mut Contents) {
    let line_of = |part: &[u8]| {
        let before = &text[..(part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)];
        Position::Line(line + memchr::memchr_iter(newline, before).count() as u64)
    };
    let trimmed = text.trim_ascii_start();
    if text.len() > MOST {
        if begins_as_object(trimmed) {
            let message = format!(
                "expected at most {} MiB beside the PEM blocks of a file, found more, which begins as a certificate, a CRL or PKCS#7 \
                 does and was not read; save it as a file of its own",
                MOST >> 20
            );
            contents.faults.push(Fault::new(ProblemCode::Limit, line_of(trimmed), message));
        }
        return;
    }
    if is_object(trimmed) {
        contents.append(objects::read(trimmed, Expected::Anything, Format::Der, |_| line_of(trimmed)));
        return;
    }
    if hexdump::is_dump(text) {
        contents.append(hexdump::read(text, line));
        return;
    }
    let mut scratch = Vec::new();
    let mut paragraph = text;
    loop {
        let blank = blank_line(paragraph);
        let lines = base64_body::plausible(&paragraph[..blank.unwrap_or(paragraph.len())]).trim_ascii();
        if lines.len() >= LEAST
            && let Ok(der) = base64_body::decode(lines, &mut scratch)
            && is_object(&der)
        {
            contents.append(objects::read(&der, Expected::Anything, Format::Base64, |_| line_of(lines)));
        }
        let Some(blank) = blank else { return };
        paragraph = paragraph[blank..].trim_ascii_start();
    }
}

/// Whether it is DER or base64 of something that is read.
fn begins_as_object(text: &[u8]) -> bool {
    let head = &text[..text.len().min(4096)];
    // The last line may be cut, or be the last of its paragraph.
    let lines = base64_body::plausible(head);
    let whole = lines.iter().rposition(|byte| *byte == b'\n').map_or(lines, |end| &lines[..end]);
    is_object(text) || base64_body::decode(whole, &mut Vec::new()).is_ok_and(|der| is_object(&der))
}

/// Where the first blank line begins.
fn blank_line(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', text).find(|end| {
        let behind = &text[end + 1..];
        behind.starts_with(b"\n") || behind.starts_with(b"\r\n")
    })
}
