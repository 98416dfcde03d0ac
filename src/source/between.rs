//! What stands between PEM blocks without boundaries of its own: files of other forms that were joined with PEM, attachments.

use crate::source::base64_body;
use crate::source::contents::{Contents, Format, Position};
use crate::source::objects::{self, Expected};
use crate::source::shape::is_object;

/// Shorter text between blocks holds nothing, longer is not searched: whoever joins files joins certificates. A long text is cut only where
/// more than twice as much stands between blocks ([`crate::source::batches`]), so that a part is searched where the whole is.
const LEAST: usize = 64;
const MOST: usize = 32 * 1024;

/// Whether this much text is searched.
pub(crate) fn is_searched(text: &[u8]) -> bool {
    (LEAST..=MOST).contains(&text.len())
}

/// Reads it: `line` is where it begins.
pub(crate) fn read(text: &[u8], line: u64, newline: u8, contents: &mut Contents) {
    let line_of = |part: &[u8]| {
        let before = &text[..(part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)];
        Position::Line(line + memchr::memchr_iter(newline, before).count() as u64)
    };
    let trimmed = text.trim_ascii_start();
    if is_object(trimmed) {
        contents.append(objects::read(trimmed, Expected::Anything, Format::Der, |_| line_of(trimmed)));
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

/// Where the first blank line begins.
fn blank_line(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', text).find(|end| {
        let behind = &text[end + 1..];
        behind.starts_with(b"\n") || behind.starts_with(b"\r\n")
    })
}
