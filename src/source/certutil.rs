//! The output of `certutil -view -out …,RawCertificate`: rows of a CA database as text, with each certificate's request number.
//!
//! A row is a line such as `Row 1:` and indented lines `Localized Name: value`; a binary column is a PEM block. Column names are
//! in the language of the system, but the schema that certutil prints first tells both names of each column.

use std::sync::Arc;

use crate::source::between::{self, Place};
use crate::source::contents::{Contents, Fault, Format, Found, Kind, Position, ProblemCode};
use crate::source::lines::Lines;
use crate::source::passwords::ReadContext;
use crate::source::pem::{self, BlockContents, Piece};
use crate::source::text;

/// What the beginning of such a text tells about its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct View {
    /// The localized names of the column RequestID, where a schema told them.
    request_id: Arc<[Vec<u8>]>,
}

/// Names of the request number's column, with nothing but their letters and digits.
const REQUEST_ID: [&[u8]; 4] = [b"requestid", b"issuedrequestid", b"requestrequestid", b"rowid"];
const RAW_CERTIFICATE: [&[u8]; 2] = [b"rawcertificate", b"binarycertificate"];

/// A name without what certutil, Excel and PowerShell write differently.
fn plain(name: &[u8]) -> Vec<u8> {
    name.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect()
}

pub(crate) fn is_request_id(name: &[u8]) -> bool {
    REQUEST_ID.contains(&plain(name).as_slice())
}

pub(crate) fn is_raw_certificate(name: &[u8]) -> bool {
    RAW_CERTIFICATE.contains(&plain(name).as_slice())
}

/// Whether a column name in any language can be the request number's: all that were seen have the word ID in them.
pub(crate) fn speaks_of_id(name: &[u8]) -> bool {
    name.split(|byte| !byte.is_ascii_alphanumeric()).any(|word| word.eq_ignore_ascii_case(b"id"))
}

/// The request number in a value such as `0x5 (5)`, `0x2` or `5`, in decimal.
pub(crate) fn request_number(value: &[u8]) -> Option<String> {
    let value = value.trim_ascii();
    let value = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
    let value = std::str::from_utf8(value).ok()?;
    let (first, rest) = value.split_once(' ').unwrap_or((value, ""));
    let number = match first.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok()?,
        None => first.parse::<u64>().ok()?,
    };
    let says_same = rest.is_empty() || rest == format!("({number})");
    says_same.then(|| number.to_string())
}

/// Whether a line begins a row: a word, a number and a colon, not indented.
fn is_row(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let Some(line) = line.strip_suffix(b":") else { return false };
    let line = line.trim_ascii_end();
    let digits = line.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let word = &line[..line.len() - digits];
    (1..=10).contains(&digits)
        && (2..=32).contains(&word.len())
        && word.ends_with(b" ")
        && !word.starts_with(b" ")
        && !word.trim_ascii_end().contains(&b' ')
        && !word.contains(&b':')
}

fn is_indented(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t'))
}

/// An indented line `name: value`.
fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = is_indented(line).then(|| memchr::memchr(b':', line)).flatten()?;
    Some((line[..colon].trim_ascii(), line[colon + 1..].trim_ascii()))
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// What a text that begins with `head` says of its rows, if it is such an output.
pub(crate) fn view(head: &[u8]) -> Option<View> {
    let mut localized = Vec::new();
    let mut lines = lines(head);
    let mut is_view = false;
    while let Some(line) = lines.next() {
        if let Some(name) = schema_name(line, b"RequestID").or_else(|| schema_name(line, b"Request.RequestID")) {
            localized.push(name.to_vec());
        }
        is_view |= schema_name(line, b"RawCertificate").is_some();
        if is_row(line) {
            let mut fields =
                lines.by_ref().take(256).take_while(|line| line.is_empty() || is_indented(line)).filter_map(field);
            is_view |= !localized.is_empty();
            localized.sort_unstable();
            localized.dedup();
            let view = View { request_id: localized.into() };
            is_view |=
                fields.any(|(name, value)| is_raw_certificate(name) || view.is_request_number(name, value).is_some());
            return is_view.then_some(view);
        }
    }
    None
}

/// The localized name in a line of the schema: two columns, at least two spaces between them.
fn schema_name<'a>(line: &'a [u8], column: &[u8]) -> Option<&'a [u8]> {
    let rest = line.trim_ascii_start().strip_prefix(column)?;
    let name = rest.strip_prefix(b"  ")?.trim_ascii_start();
    let end = memchr::memmem::find(name, b"  ").unwrap_or(name.len());
    (is_indented(line) && end > 0).then(|| name[..end].trim_ascii())
}

impl View {
    /// The request number, if this field is it.
    fn is_request_number(&self, name: &[u8], value: &[u8]) -> Option<String> {
        let is_named = if self.request_id.is_empty() {
            is_request_id(name) || (speaks_of_id(name) && value.starts_with(b"0x"))
        } else {
            self.request_id.binary_search_by(|known| known.as_slice().cmp(name)).is_ok()
        };
        if is_named { request_number(value) } else { None }
    }

    /// Reads every row of a text; what stands before the first one is read as a row, too.
    pub(crate) fn read(&self, text: &[u8], first_line: u64, context: ReadContext<'_>) -> BlockContents {
        let mut result = BlockContents::default();
        let mut scratch = Vec::new();
        let mut lines = Lines::new(text, first_line, b'\n');
        let mut start = 0;
        for next in rows(text).chain([text.len()]) {
            self.read_row(&text[start..next], lines.at(start), context, &mut scratch, &mut result);
            start = next;
        }
        result
    }

    fn read_row(
        &self,
        row: &[u8],
        line: u64,
        context: ReadContext<'_>,
        scratch: &mut Vec<u8>,
        result: &mut BlockContents,
    ) {
        // What stands beside the blocks is no column of the row.
        let mut beside = Contents::default();
        let mut lines_of_row = Lines::new(row, line, b'\n');
        let first = result.contents.found.len();
        let mut id = None;
        for piece in pem::pieces(row, line, b'\n') {
            let text = piece.before();
            if text.len() >= between::LEAST {
                let place = Place::new(lines_of_row.of(text), b'\n', context);
                between::read(text, &place, &mut beside);
            }
            let fields = match piece {
                Piece::Block(block) => {
                    pem::read_block(&block, Format::CertutilView, context, scratch, result);
                    block.before
                }
                Piece::StrayEnd { label, line, before } => {
                    pem::stray_end(label, line, before, result);
                    continue;
                }
                Piece::Tail(tail) => tail,
            };
            if id.is_none() {
                id = lines(fields).filter_map(field).find_map(|(name, value)| self.is_request_number(name, value));
            }
        }
        if let Some(id) = id {
            result.contents.found[first..].iter_mut().for_each(|found| put_request_id(found, &id));
        }
        result.contents.append(beside);
    }
}

/// Says which row of the database an object came from.
pub(crate) fn put_request_id(found: &mut Found, id: &str) {
    if found.kind == Kind::Certificate {
        found.properties.get_or_insert_with(Box::default).request_id = Some(id.to_owned());
    }
}

/// Where rows begin.
fn rows(text: &[u8]) -> impl Iterator<Item = usize> {
    memchr::memchr_iter(b':', text).filter_map(|colon| row_at(text, colon))
}

/// Where the row begins whose first line ends in the colon at `colon`.
fn row_at(text: &[u8], colon: usize) -> Option<usize> {
    let before = &text[colon.saturating_sub(64)..colon];
    let start = colon - before.len() + memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    if start > 0 && text.get(start - 1) != Some(&b'\n') {
        return None;
    }
    let rest = &text[start..];
    // The line must be whole: what follows the colon tells whether it ends there.
    let end = memchr::memchr(b'\n', &rest[..rest.len().min(128)])?;
    (is_row(&rest[..end])).then_some(start)
}

/// Where the last row of `text` begins.
pub(crate) fn last_row(text: &[u8]) -> Option<usize> {
    memchr::memrchr_iter(b':', text).find_map(|colon| row_at(text, colon)).filter(|start| *start > 0)
}

/// What is said where rows were read and none held a certificate.
pub(crate) fn nothing() -> Contents {
    Contents::fault(
        ProblemCode::Empty,
        Position::Whole,
        "expected certificates in the rows of certutil -view, found none; run it with -out \"RequestID,RawCertificate\"",
    )
}

/// Whether a fault is [`sizes_only`].
#[cfg(any(fuzzing, test))]
pub(crate) fn tells_sizes(fault: &Fault) -> bool {
    fault.code == ProblemCode::Empty && fault.message.contains("leaves binary columns out")
}

/// What is said where a CSV tells sizes in place of certificates.
pub(crate) fn sizes_only(line: u64, cell: &[u8]) -> Fault {
    let message = format!(
        "expected a certificate, found {:?}: with csv, this certutil leaves binary columns out; run certutil -view -out \
         \"RequestID,RawCertificate\" without csv",
        text::decode(cell)
    );
    Fault::new(ProblemCode::Empty, Position::Line(line), message)
}

#[cfg(test)]
mod tests;
