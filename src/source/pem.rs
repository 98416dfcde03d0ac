//! PEM (RFC 7468, RFC 1421): the blocks of a text, whatever stands around them, and what they hold.
//!
//! A block begins at its BEGIN boundary wherever on a line that stands, and ends at the next boundary. So a block without an end
//! loses nothing but itself, and no text can hide a block.

mod labels;

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::source::base64_body::{self, Bad};
use crate::source::between::{self, Place, Within};
use crate::source::contents::{Contents, Fault, Format, Found, Kind, Position, ProblemCode};
use crate::source::lines::{self, Lines, newline};
use crate::source::notes::Notes;
use crate::source::objects::{self, Expected};
use crate::source::passwords::ReadContext;
use crate::source::pkcs12;
use crate::source::shape::{Shape, shape};
use crate::source::text;

use self::labels::begins_as_object;
pub(crate) use self::labels::{Label, is_known_other, meaning};

/// One block: its boundaries found, its body not yet looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block<'a> {
    pub(crate) label: &'a [u8],
    /// What stands between the boundaries.
    pub(crate) body: &'a [u8],
    pub(crate) ending: Ending<'a>,
    /// The line of the BEGIN boundary.
    pub(crate) line: u64,
    /// The text between the boundary before this block and this one.
    pub(crate) before: &'a [u8],
}

/// How a block ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending<'a> {
    Whole,
    /// At an END boundary with another label.
    OtherLabel(&'a [u8]),
    /// At another block or at the end of the text.
    Missing,
}

/// What a text is made of, as far as boundaries go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Block(Block<'a>),
    /// An END boundary outside of any block, and the text between the boundary before it and it.
    StrayEnd {
        label: &'a [u8],
        line: u64,
        before: &'a [u8],
    },
    /// The text behind the last block, to the end.
    Tail(&'a [u8]),
}

impl Piece<'_> {
    /// Where the piece stands in the text that it is a piece of: at its label, or nowhere.
    pub(crate) fn offset_in(&self, text: &[u8]) -> Option<usize> {
        match self {
            Self::Block(Block { label, .. }) | Self::StrayEnd { label, .. } => {
                Some((label.as_ptr() as usize).saturating_sub(text.as_ptr() as usize))
            }
            Self::Tail(_) => None,
        }
    }

    /// The text between the boundary before it and its own; of the tail all of it.
    pub(crate) fn before(&self) -> &[u8] {
        match self {
            Self::Block(Block { before, .. }) | Self::StrayEnd { before, .. } | Self::Tail(before) => before,
        }
    }

    /// Where its boundary begins in that text; the tail's is the end.
    pub(crate) fn start_in(&self, text: &[u8]) -> usize {
        let before = self.before();
        (before.as_ptr() as usize + before.len()).saturating_sub(text.as_ptr() as usize)
    }

    /// Where what it holds ends in that text.
    pub(crate) fn end_in(&self, text: &[u8]) -> usize {
        let content = match self {
            Self::Block(Block { body, .. }) => body,
            Self::StrayEnd { label, .. } => label,
            Self::Tail(tail) => tail,
        };
        (content.as_ptr() as usize + content.len()).saturating_sub(text.as_ptr() as usize)
    }
}

/// A BEGIN or END boundary.
#[derive(Debug, Clone, Copy)]
struct Boundary<'a> {
    is_begin: bool,
    label: &'a [u8],
    start: usize,
    end: usize,
}

const DASHES: &[u8] = b"-----";
/// Made once: that takes longer than to search a short file.
static FIND_DASHES: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(DASHES));
static FIND_BOUNDARIES: LazyLock<[Finder<'static>; 2]> =
    LazyLock::new(|| [Finder::new(b"-----BEGIN "), Finder::new(b"-----END ")]);
/// Longer ones are no labels; those in use have at most 25 characters.
const MAX_LABEL: usize = 64;

/// Walks over the pieces of a text.
#[derive(Debug)]
pub(crate) struct Pieces<'a> {
    text: &'a [u8],
    lines: Lines<'a>,
    position: usize,
    /// Where the text that belongs to no block begins.
    outside: usize,
    /// A boundary that was looked at as the end of the block before it.
    ahead: Option<Boundary<'a>>,
    finished: bool,
}

/// The pieces of a text whose first line has the number `first_line`.
pub(crate) fn pieces(text: &[u8], first_line: u64, newline: u8) -> Pieces<'_> {
    let lines = Lines::new(text, first_line, newline);
    Pieces { text, lines, position: 0, outside: 0, ahead: None, finished: false }
}

impl<'a> Pieces<'a> {
    /// The next boundary, wherever it stands.
    fn boundary(&mut self) -> Option<Boundary<'a>> {
        if let Some(boundary) = self.ahead.take() {
            return Some(boundary);
        }
        loop {
            let start = self.position + FIND_DASHES.find(self.text.get(self.position..)?)?;
            let after = &self.text[start..];
            let dashes = after.iter().position(|byte| *byte != b'-').unwrap_or(after.len());
            self.position = start + dashes;
            if let Some((is_begin, label, length)) = named(&after[dashes..]) {
                self.position += length;
                return Some(Boundary { is_begin, label, start, end: self.position });
            }
        }
    }
}

/// `BEGIN label-----` or `END label-----`: which, the label, and the length with its dashes.
fn named(text: &[u8]) -> Option<(bool, &[u8], usize)> {
    let (is_begin, rest, word) = match text {
        [b'B', b'E', b'G', b'I', b'N', b' ', rest @ ..] => (true, rest, 6),
        [b'E', b'N', b'D', b' ', rest @ ..] => (false, rest, 4),
        _ => return None,
    };
    let limit = rest.len().min(MAX_LABEL + DASHES.len());
    let length = rest[..limit].windows(DASHES.len()).position(|window| window == DASHES)?;
    let label = &rest[..length];
    if label.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        return None;
    }
    let run = rest[length..].iter().take_while(|byte| **byte == b'-').count();
    // Files that are joined without a line end between them have the next boundary's dashes right behind.
    let dashes = if is_begin && run < 2 * DASHES.len() { run } else { DASHES.len() };
    Some((is_begin, label.trim_ascii(), word + length + dashes))
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.finished {
            return None;
        }
        let Some(begin) = self.boundary() else {
            self.finished = true;
            return Some(Piece::Tail(&self.text[self.outside..]));
        };
        let line = self.lines.at(begin.start);
        // Of more dashes than belong to it the first ones are the text's: DER may end in one.
        let dashes = self.text[begin.start..].iter().take_while(|byte| **byte == b'-').count();
        let before = &self.text[self.outside..begin.start + dashes - DASHES.len()];
        if !begin.is_begin {
            self.outside = begin.end;
            return Some(Piece::StrayEnd { label: begin.label, line, before });
        }
        let (ending, stop) = match self.boundary() {
            Some(end) if end.is_begin => {
                self.ahead = Some(end);
                (Ending::Missing, end.start)
            }
            Some(end) if end.label.eq_ignore_ascii_case(begin.label) => (Ending::Whole, end.start),
            Some(end) => (Ending::OtherLabel(end.label), end.start),
            None => (Ending::Missing, self.text.len()),
        };
        self.outside = if ending == Ending::Missing { stop } else { self.position };
        let body = &self.text[begin.end..stop];
        Some(Piece::Block(Block { label: begin.label, body, ending, line, before }))
    }
}

/// Whether a text has a boundary of something that is read here, or one of something else with a certificate behind it; the END counts
/// too, for the BEGIN may be what is damaged.
pub(crate) fn is_pem(text: &[u8]) -> bool {
    has_block(text, |label, body| meaning(label) != Label::Foreign || body.is_some_and(begins_as_object))
}

/// Whether a text has a block that begins as what is read here, whatever its label.
pub(crate) fn has_object(text: &[u8]) -> bool {
    has_block(text, |_, body| body.is_some_and(begins_as_object))
}

/// Whether `is_one` is true of a boundary's label and, behind a BEGIN, of what follows it.
fn has_block(text: &[u8], is_one: impl Fn(&[u8], Option<&[u8]>) -> bool) -> bool {
    FIND_BOUNDARIES.iter().any(|finder| {
        finder.find_iter(text).any(|start| {
            let rest = &text[start + DASHES.len()..];
            named(rest).is_some_and(|(is_begin, label, length)| is_one(label, is_begin.then(|| &rest[length..])))
        })
    })
}

/// The boundaries of a text, as far as they tell where it may be cut.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outline<'a> {
    /// Where the first BEGIN boundary stands, and its label.
    pub(crate) first_begin: Option<(usize, &'a [u8])>,
    /// Where the last BEGIN boundary stands.
    pub(crate) last_begin: Option<usize>,
    /// Where the last END boundary ends.
    pub(crate) last_end: Option<usize>,
}

impl Outline<'_> {
    /// Whether the text ends inside of a block.
    pub(crate) fn ends_inside(&self) -> bool {
        self.last_begin.is_some_and(|begin| self.last_end.is_none_or(|end| end <= begin))
    }
}

/// The boundaries of a text that begins outside of any block: the same ones that its pieces have, since dashes can be read as more than one.
pub(crate) fn outline(text: &[u8]) -> Outline<'_> {
    let mut outline = Outline::default();
    let mut pieces = pieces(text, 1, b'\n');
    while let Some(Boundary { is_begin, label, start, end }) = pieces.boundary() {
        if is_begin {
            outline.first_begin.get_or_insert((start, label));
            outline.last_begin = Some(start);
        } else {
            outline.last_end = Some(end);
        }
    }
    outline
}

/// What blocks held, with those apart that only look like blocks: scripts and manuals name the boundaries, too.
#[derive(Debug, Default)]
pub(crate) struct BlockContents {
    pub(crate) contents: Contents,
    /// Faults of blocks without base64 in them.
    pub(crate) mentions: Vec<Fault>,
}

impl BlockContents {
    pub(crate) fn append(&mut self, other: Self) {
        self.contents.append(other.contents);
        Fault::add_all(other.mentions, &mut self.mentions);
    }

    /// All of it, where such a block is damage; else what is more than a mention.
    pub(crate) fn resolve(mut self, is_damage: bool) -> Contents {
        if is_damage || !self.contents.found.is_empty() {
            self.contents.faults.append(&mut self.mentions);
            self.contents.faults.sort_by_key(|fault| fault.position);
        }
        self.contents
    }
}

/// Reads every block of a text.
pub(crate) fn read(text: &[u8], context: ReadContext<'_>) -> BlockContents {
    read_part(text, &Part::whole(text, Within::Text), context)
}

/// What a part of a text has from the whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub(crate) first_line: u64,
    /// What ends a line.
    pub(crate) newline: u8,
    /// Whether it begins within a text that is too long to be read between blocks, or is all of such a text.
    pub(crate) is_of_long: bool,
    pub(crate) within: Within,
}

impl Part {
    /// Of a text that is no part.
    pub(crate) fn whole(text: &[u8], within: Within) -> Self {
        Self { first_line: 1, newline: newline(text), is_of_long: false, within }
    }
}

/// Reads every block of a part of a text.
pub(crate) fn read_part(text: &[u8], part: &Part, context: ReadContext<'_>) -> BlockContents {
    let Part { first_line, newline, is_of_long, within } = *part;
    let mut result = BlockContents::default();
    let mut scratch = Vec::new();
    let mut notes = Notes::default();
    let mut lines = Lines::new(text, first_line, newline);
    for piece in pieces(text, first_line, newline) {
        let between = piece.before();
        let is_long = is_of_long && std::ptr::eq(between.as_ptr(), text.as_ptr());
        if between.len() >= between::LEAST {
            let place = Place { within, ..Place::new(lines.of(between), newline, context) };
            let read = if is_long { between::tell } else { between::read };
            read(between, &place, &mut result.contents);
        }
        match piece {
            Piece::Block(block) => {
                let first = result.contents.found.len();
                read_block(&block, Format::Pem, context, &mut scratch, &mut result);
                notes.apply(block.before, first, &mut result.contents.found);
            }
            Piece::StrayEnd { label, line, before } => stray_end(label, line, before, &mut result),
            Piece::Tail(_) => {}
        }
    }
    notes.finish(&mut result.contents.found);
    result
}

/// Reports the end of a block whose beginning is missing.
pub(crate) fn stray_end(label: &[u8], line: u64, before: &[u8], result: &mut BlockContents) {
    if !matches!(meaning(label), Label::Object(_)) {
        return;
    }
    let message = format!(
        "expected a BEGIN boundary before the END boundary of a {}, found none: the start of the block is missing",
        text::decode(label)
    );
    let fault = Fault::new(ProblemCode::Damaged, Position::Line(line), message);
    fault.add_to(if base64_body::has_base64(before) { &mut result.contents.faults } else { &mut result.mentions });
}

/// Decodes one block and reads what it holds.
pub(crate) fn read_block(
    block: &Block<'_>,
    format: Format,
    context: ReadContext<'_>,
    scratch: &mut Vec<u8>,
    result: &mut BlockContents,
) {
    let position = Position::Line(block.line);
    let expected = match (meaning(block.label), block.ending) {
        // The content decides where a label is wrong.
        (Label::Foreign | Label::PrivateKey, _) if begins_as_object(block.body) => Expected::Anything,
        // The label may be what is damaged: the other one tells.
        (Label::Foreign, Ending::OtherLabel(other)) => match meaning(other) {
            Label::Object(expected) => expected,
            Label::PrivateKey | Label::Foreign => return,
        },
        (Label::Foreign, _) => return,
        (Label::PrivateKey, _) => {
            result.contents.add(Found::new(Kind::PrivateKey, Vec::new(), format, position));
            return;
        }
        (Label::Object(expected), _) => expected,
    };
    let label = text::decode(block.label);
    let body = if block.ending == Ending::Missing { base64_body::plausible(block.body) } else { block.body };
    let mut faults = Vec::new();
    match base64_body::decode(body, scratch) {
        Ok(der) if der.is_empty() => {
            faults.push(Fault::new(
                ProblemCode::Empty,
                position,
                format!("expected base64 in the {label} block, found nothing"),
            ));
        }
        Ok(der) => {
            let mut contents = if is_pkcs12(&der, expected) {
                pkcs12::read(&der, context).placed(|_| position)
            } else {
                objects::read(&der, expected, format, |_| position)
            };
            faults.append(&mut contents.faults);
            result.contents.append(contents);
        }
        Err(bad) => faults.push(undecodable(&label, block, body, bad)),
    }
    match block.ending {
        Ending::Whole => {}
        Ending::OtherLabel(other) => {
            let message = format!(
                "expected the boundary \"-----END {label}-----\", found \"-----END {}-----\"",
                text::decode(other)
            );
            faults.push(Fault::new(ProblemCode::Damaged, position, message));
        }
        Ending::Missing => {
            let message =
                format!("expected the boundary \"-----END {label}-----\", found the next block or the end of the text");
            // What is cut off has one cause.
            faults.retain(|fault| fault.code != ProblemCode::Truncated);
            faults.push(Fault::new(ProblemCode::Truncated, position, message));
        }
    }
    let is_damage = base64_body::has_base64(body);
    Fault::add_all(faults, if is_damage { &mut result.contents.faults } else { &mut result.mentions });
}

/// Whether it is PKCS#12, or is said to be and is nothing else that is known.
fn is_pkcs12(der: &[u8], expected: Expected) -> bool {
    pkcs12::is_pkcs12(der)
        || (expected == Expected::Pkcs12 && matches!(shape(der), Shape::Pkcs12 | Shape::Unknown | Shape::None))
}

fn undecodable(label: &str, block: &Block<'_>, body: &[u8], bad: Bad) -> Fault {
    let before = &body[..bad.offset().min(body.len())];
    let line = block.line + lines::count(before, newline(block.body));
    let message =
        format!("expected base64 in the {label} block that begins in line {}, found {}", block.line, bad.found());
    Fault::new(ProblemCode::Damaged, Position::Line(line), message)
}

#[cfg(test)]
mod tests;
