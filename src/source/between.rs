//! What stands beside that which a text is read for: files of other forms that were joined with it, attachments.
//!
//! Encoded objects are looked for everywhere ([`crate::source::embedded`]); registry exports, hexadecimal dumps and base64 in the text
//! around them.

use std::ops::Range;

use crate::source::base64_body;
use crate::source::contents::{Contents, Fault, Format, Position, ProblemCode};
use crate::source::embedded::{self, Candidate, Encoded};
use crate::source::hexdump;
use crate::source::lines::{self, Lines};
use crate::source::objects::{self, Expected};
use crate::source::passwords::ReadContext;
use crate::source::pem;
use crate::source::pkcs12;
use crate::source::registry;
use crate::source::serialized_store;
use crate::source::text;

/// Shorter text holds nothing.
pub(crate) const LEAST: usize = 64;
/// Of longer text between blocks nothing is read: so much of it at a time is searched, to tell whether it holds anything. A long text is
/// cut only where such a part of it ends ([`crate::source::batches`]), so that the same is searched in batches as in the whole.
pub(crate) const MOST: usize = 1024 * 1024;
/// How many objects that are cut off are told of one text. An indefinite length is walked over to the end before it shows that it is.
const MOST_BROKEN: usize = 16;

/// What a text has from the whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Where it begins.
    pub(crate) line: u64,
    /// What ends a line.
    pub(crate) newline: u8,
    pub(crate) context: ReadContext<'a>,
    pub(crate) within: Within,
}

/// What the whole is, where that says what is not looked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    Text,
    /// Text that is too long to be read: base64 is looked for where anything in it begins as what is read.
    LongText,
    /// Base64 beside something: base64 of PEM is not looked for in that.
    Base64,
    /// A registry export, which is read by itself.
    RegistryExport,
}

impl<'a> Place<'a> {
    pub(crate) fn new(line: u64, newline: u8, context: ReadContext<'a>) -> Self {
        Self { line, newline, context, within: Within::Text }
    }
}

/// Reads what is found in `text`. Where that is too long, something that would be read in it is a problem.
pub(crate) fn read(text: &[u8], place: &Place<'_>, contents: &mut Contents) {
    if text.len() <= MOST {
        return search(text, place, contents);
    }
    tell(text, place, contents);
}

/// Of a text that is too long, or goes on in one that is, where something begins that was not read.
pub(crate) fn tell(text: &[u8], place: &Place<'_>, contents: &mut Contents) {
    let within = if place.within == Within::Text { Within::LongText } else { place.within };
    let mut line = place.line;
    let mut rest = text;
    while !rest.is_empty() {
        let (part, behind) = rest.split_at(part_of(rest));
        rest = behind;
        let mut found = Contents::default();
        search(part, &Place { line, within, ..*place }, &mut found);
        line += lines::count(part, place.newline);
        let positions =
            found.found.iter().map(|found| found.position).chain(found.faults.iter().map(|fault| fault.position));
        if let Some(position) = positions.min() {
            let message = format!(
                "expected at most {} MiB of text between two PEM blocks, found more, in which certificates, CRLs or a store of them \
                 begin here that were not read; save them as a file of their own",
                MOST >> 20
            );
            Fault::new(ProblemCode::Limit, position, message).add_to(&mut contents.faults);
        }
    }
}

/// How long the first part of a text is that is searched by itself: whole lines, so that the first line of base64 or of a dump that begins
/// at its end is seen.
pub(crate) fn part_of(text: &[u8]) -> usize {
    match text.get(..MOST) {
        None => text.len(),
        Some(most) => memchr::memrchr(b'\n', most).map_or(MOST, |end| end + 1),
    }
}

/// The same for a text of any length.
pub(crate) fn search(text: &[u8], place: &Place<'_>, contents: &mut Contents) {
    let mut lines = Lines::new(text, place.line, place.newline);
    let mut searched = 0;
    let mut from = (!embedded::is_plain(text)).then_some(0);
    let mut broken = 0;
    while let Some(Candidate { at, start, encoded, end }) = from.take().and_then(|from| embedded::next(text, from)) {
        read_text(&text[searched..at], &mut lines, place, contents);
        searched = start;
        from = Some(start);
        let Some(encoded) = encoded else { continue };
        let position = Position::Line(lines.at(start));
        let Some(end) = end else {
            let read = read_encoded(encoded, &text[start..], Format::Der, position, place);
            broken += 1;
            // What was saved of a broken container must not be found in it again.
            from = (read.found.is_empty() && broken < MOST_BROKEN).then_some(start + 1);
            contents.append(read);
            continue;
        };
        contents.append(read_whole(encoded, start..end, text, position, place));
        searched = end;
        from = Some(end);
    }
    read_text(&text[searched..], &mut lines, place, contents);
}

fn read_encoded(encoded: Encoded, bytes: &[u8], format: Format, position: Position, place: &Place<'_>) -> Contents {
    match encoded {
        Encoded::Object => objects::read(bytes, Expected::Anything, format, |_| position),
        Encoded::Pkcs12 => pkcs12::read(bytes, place.context).placed(|_| position),
        Encoded::Store => serialized_store::read(bytes).placed(|_| position),
        Encoded::Utf16 => {
            let narrow: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
            let within = if place.within == Within::RegistryExport { Within::Text } else { place.within };
            let mut contents = Contents::default();
            search(&narrow, &Place { within, ..*place }, &mut contents);
            contents.at(position)
        }
    }
}

/// Reads what is encoded and whole in a text, with a problem where neither text nor an object follows it.
pub(crate) fn read_whole(
    encoded: Encoded,
    range: Range<usize>,
    text: &[u8],
    position: Position,
    place: &Place<'_>,
) -> Contents {
    let rest = &text[range.end..];
    if encoded == Encoded::Utf16 {
        let next = usize::from(rest.first().is_some_and(u8::is_ascii_graphic));
        return read_encoded(encoded, &text[range.start..range.end + next], Format::Der, position, place);
    }
    let mut contents = read_encoded(encoded, &text[range], Format::Der, position, place);
    contents.faults.extend(behind(rest, position));
    contents
}

/// What to say of bytes right behind an object that are neither text nor an object.
fn behind(rest: &[u8], position: Position) -> Option<Fault> {
    let head = &rest[..rest.len().min(LEAST)];
    let is_noise = matches!(head.first(), None | Some(0 | b' ' | b'\t' | b'\r' | b'\n' | 0x1a));
    if is_noise || head.is_ascii() && text::is_mostly_text(head) || embedded::begins(rest) {
        return None;
    }
    let message = format!(
        "expected the end or another object behind what begins here, found {} more bytes that begin with {}",
        rest.len(),
        objects::beginning(rest)
    );
    Some(Fault::new(ProblemCode::Damaged, position, message))
}

/// What to say of a text without blocks in which something was read, and of which a part is none: what stands there may have been passed
/// over.
pub(crate) fn no_text(text: &[u8], first_line: u64, newline: u8) -> Option<Fault> {
    let at = text::find_control(text)?;
    let message = "expected text beside what was read in it, found bytes from here on that are none, in which more may stand; save each \
                   part as a file of its own";
    let line = first_line + lines::count(&text[..at], newline);
    Some(Fault::new(ProblemCode::Damaged, Position::Line(line), message))
}

/// Reads what was decoded from base64: objects of any kind one behind the other, or PEM. `None` where it is neither.
pub(crate) fn decoded(bytes: &[u8], position: Position, place: &Place<'_>) -> Option<Contents> {
    let Some(mut kind) = Encoded::of(bytes) else { return nested(bytes, position, place) };
    let mut contents = Contents::default();
    let mut rest = bytes;
    loop {
        // What follows it is the last one's to report.
        let next = kind.length(rest).map(|length| rest.split_at(length)).and_then(|(one, behind)| {
            let kind = Encoded::of(behind)?;
            Some((one, behind, kind))
        });
        let one = next.map_or(rest, |(one, ..)| one);
        contents.append(read_encoded(kind, one, Format::Base64, position, place));
        let Some((_, behind, next)) = next else { return Some(contents) };
        (rest, kind) = (behind, next);
    }
}

/// Reads PEM that was sent as base64, as mail programs do.
fn nested(bytes: &[u8], position: Position, place: &Place<'_>) -> Option<Contents> {
    if place.within == Within::Base64 || !text::is_text(bytes) {
        return None;
    }
    let text = text::normalise(bytes);
    if !pem::is_pem(&text) {
        return None;
    }
    let contents = pem::read_part(&text, &pem::Part::whole(&text, Within::Base64), place.context).resolve(false);
    Some(contents.at(position))
}

/// How DER begins at the start of a line where a mail program wrote it as quoted-printable text.
const QUOTED_PRINTABLE: [&[u8]; 2] = [b"\n0=82=", b"\n0=80=06"];

/// Reads registry exports, hexadecimal dumps and base64 in a `part` of what `lines` counts.
fn read_text(part: &[u8], lines: &mut Lines<'_>, place: &Place<'_>, contents: &mut Contents) {
    if part.len() < LEAST {
        return;
    }
    let start = lines.offset_of(part);
    if let Some(at) = QUOTED_PRINTABLE.iter().find_map(|beginning| memchr::memmem::find(part, beginning)) {
        let message =
            "expected DER, found it as quoted-printable text, which is not read; save what is attached to the mail";
        let fault = Fault::new(ProblemCode::Unsupported, Position::Line(lines.ahead(start + at + 1)), message);
        contents.faults.push(fault);
    }
    if place.within != Within::RegistryExport
        && let Some(at) = registry::find(part)
    {
        contents.append(registry::read_joined(&part[at..], lines.ahead(start + at)));
    }
    if hexdump::is_dump(part) {
        contents.append(hexdump::read(part, lines.at(start)));
    }
    if let Some(line) = hexdump::headless(part) {
        let message = "expected the beginning of the hexadecimal dump that goes on here, found none that can be read";
        contents.faults.push(Fault::new(ProblemCode::Truncated, Position::Line(lines.at(start) + line - 1), message));
    }
    if place.within == Within::LongText && !base64_body::has_beginning(part) {
        return;
    }
    base64_body::runs(part, LEAST, |run| contents.append(read_run(run, part, lines, place)));
}

/// Reads a run of base64 in a `part` of what `lines` counts.
fn read_run(run: &[u8], part: &[u8], lines: &mut Lines<'_>, place: &Place<'_>) -> Contents {
    lines.of(run);
    // Words that are base64 by chance, too, are such runs, and may stand right before it.
    for encoded in std::iter::once(run).chain(base64_body::beginnings(run)) {
        let start = lines.offset_of(encoded);
        let first = lines.ahead(start);
        let (read, _) = base64_body::read(encoded, |bytes, line| {
            decoded(bytes, Position::Line(first + line - 1), place).unwrap_or_default()
        });
        // Behind other base64 it can be a part of that.
        let before = part[..start - lines.offset_of(part)].last();
        let is_apart = before.is_none_or(|byte| !base64_body::is_digit(*byte));
        if !read.found.is_empty() || is_apart && !read.faults.is_empty() {
            return read;
        }
    }
    Contents::default()
}

#[cfg(test)]
mod tests;
