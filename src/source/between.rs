//! What stands beside that which a text is read for: files of other forms that were joined with it, attachments.
//!
//! Encoded objects are looked for where a line begins, behind zero bytes and behind one another; hexadecimal dumps and base64 in
//! the text around them.

use crate::source::base64_body;
use crate::source::ber;
use crate::source::contents::{Contents, Fault, Format, Position, ProblemCode};
use crate::source::hexdump;
use crate::source::lines::{self, Lines, newline};
use crate::source::objects::{self, Expected};
use crate::source::passwords::ReadContext;
use crate::source::pem;
use crate::source::pkcs12;
use crate::source::serialized_store;
use crate::source::shape::{Shape, shape};
use crate::source::text;

/// Shorter text holds nothing.
pub(crate) const LEAST: usize = 64;
/// Of longer text between blocks nothing is read, and so much of it is searched, to tell whether it holds anything. A long text is
/// cut only where more than twice as much stands between blocks ([`crate::source::batches`]), so that a part is searched where the
/// whole is.
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
    /// Whether the whole was itself base64 beside something: base64 of PEM is not looked for in that again.
    pub(crate) is_nested: bool,
}

/// Reads what is found in `text`. Where that is too long, and something would be read in its beginning, that is a problem.
pub(crate) fn read(text: &[u8], place: &Place<'_>, contents: &mut Contents) {
    if text.len() <= MOST {
        return search(text, place, contents);
    }
    let mut head = Contents::default();
    search(&text[..MOST], place, &mut head);
    let positions = head.found.iter().map(|found| found.position).chain(head.faults.iter().map(|fault| fault.position));
    if let Some(position) = positions.min() {
        let message = format!(
            "expected at most {} MiB beside the PEM blocks of a file, found more, in which certificates, CRLs or a store of them \
             begin here that were not read; save them as a file of their own",
            MOST >> 20
        );
        contents.faults.push(Fault::new(ProblemCode::Limit, position, message));
    }
}

/// The same for a text of any length.
pub(crate) fn search(text: &[u8], place: &Place<'_>, contents: &mut Contents) {
    let mut lines = Lines::new(text, place.line, place.newline);
    let mut searched = 0;
    // Encoded objects have bytes that are no ASCII; and zero bytes end what stands before them.
    let mut candidate = (!text.is_ascii() || memchr::memchr(0, text).is_some()).then_some(0);
    let mut broken = 0;
    while let Some(at) = candidate.take() {
        let start = at + text[at..].iter().take_while(|byte| **byte == 0).count();
        let Some((start, kind)) = binary(text, at, start) else {
            if start > at {
                read_text(&text[searched..at], &mut lines, place, contents);
                searched = start;
            }
            candidate = memchr::memchr3(b'\n', b'\r', 0, &text[start..])
                .map(|offset| start + offset + usize::from(text[start + offset] != 0));
            continue;
        };
        read_text(&text[searched..at.min(start)], &mut lines, place, contents);
        searched = start;
        let position = Position::Line(lines.at(start));
        let Some(length) = kind.length(&text[start..]) else {
            let read = kind.read(&text[start..], Format::Der, place.context, position);
            broken += 1;
            // What was saved of a broken container must not be found in it again.
            if read.found.is_empty() && broken < MOST_BROKEN {
                candidate = Some(start + 1);
            }
            contents.append(read);
            continue;
        };
        let end = start + length;
        contents.append(kind.read(&text[start..end], Format::Der, place.context, position));
        contents.faults.extend(behind(&text[end..], position));
        searched = end;
        candidate = (end < text.len()).then_some(end);
    }
    read_text(&text[searched..], &mut lines, place, contents);
}

/// What is encoded at `start`, behind the zero bytes from `at` on; a store begins with four of them.
fn binary(text: &[u8], at: usize, start: usize) -> Option<(usize, Encoded)> {
    if start - at >= 4 && serialized_store::is_serialized_store(&text[start - 4..]) {
        return Some((start - 4, Encoded::Store));
    }
    let rest = &text[start..];
    let is_long = matches!(rest, [0x30, 0x80..=0x84, ..]) || serialized_store::is_serialized_store(rest);
    is_long.then(|| Encoded::of(rest)).flatten().map(|kind| (start, kind))
}

/// What to say of bytes right behind an object that are neither text nor an object.
fn behind(rest: &[u8], position: Position) -> Option<Fault> {
    let head = &rest[..rest.len().min(LEAST)];
    let is_noise = matches!(head.first(), None | Some(0 | b' ' | b'\t' | b'\r' | b'\n' | 0x1a));
    if is_noise || head.is_ascii() && text::is_mostly_text(head) || binary(rest, 0, 0).is_some() {
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

/// What is read wherever it is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoded {
    Object,
    Pkcs12,
    Store,
}

impl Encoded {
    fn of(bytes: &[u8]) -> Option<Self> {
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
    fn length(self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Object | Self::Pkcs12 => ber::element(bytes).ok().map(|element| element.raw.len()),
            Self::Store => serialized_store::length(bytes),
        }
    }

    fn read(self, bytes: &[u8], format: Format, context: ReadContext<'_>, position: Position) -> Contents {
        match self {
            Self::Object => objects::read(bytes, Expected::Anything, format, |_| position),
            Self::Pkcs12 => pkcs12::read(bytes, context).placed(|_| position),
            Self::Store => serialized_store::read(bytes).placed(|_| position),
        }
    }
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
        contents.append(kind.read(one, Format::Base64, place.context, position));
        let Some((_, behind, next)) = next else { return Some(contents) };
        (rest, kind) = (behind, next);
    }
}

/// Reads PEM that was sent as base64, as mail programs do.
fn nested(bytes: &[u8], position: Position, place: &Place<'_>) -> Option<Contents> {
    if place.is_nested || !text::is_text(bytes) {
        return None;
    }
    let text = text::normalise(bytes);
    if !pem::is_pem(&text) {
        return None;
    }
    let part = pem::Part { first_line: 1, newline: newline(&text), is_rest: false, is_nested: true };
    let mut contents = pem::read_part(&text, &part, place.context).resolve(false);
    contents.found.iter_mut().for_each(|found| found.position = position);
    contents.faults.iter_mut().for_each(|fault| fault.position = position);
    Some(contents)
}

/// How DER begins at the start of a line where a mail program wrote it as quoted-printable text.
const QUOTED_PRINTABLE: [&[u8]; 2] = [b"\n0=82=", b"\n0=80=06"];

/// Reads hexadecimal dumps and base64 in a `part` of what `lines` counts.
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
    if hexdump::is_dump(part) {
        contents.append(hexdump::read(part, lines.at(start)));
    }
    let read = |run: &[u8]| {
        let first = lines.of(run);
        // Words that are base64 by chance, too, are such runs.
        let (read, _) = base64_body::read(run, |bytes, line| {
            decoded(bytes, Position::Line(first + line - 1), place).unwrap_or_default()
        });
        contents.append(read);
    };
    base64_body::runs(part, LEAST, read);
}

#[cfg(test)]
mod tests;
