//! `certutil -view … csv`, and what Excel and PowerShell make of it: a table with a column of certificates.

use crate::source::base64_body;
use crate::source::certutil;
use crate::source::contents::{Contents, Fault, Format, Found, Position, ProblemCode};
use crate::source::objects::{self, Expected};
use crate::source::pem;
use crate::source::shape::{Shape, shape};
use crate::source::text;

/// How the table is laid out, as its beginning tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    delimiter: u8,
    request_id: Option<usize>,
    /// The columns that are known by name to hold certificates.
    certificates: Vec<usize>,
}

/// Shorter cells are `EMPTY`, in whatever language, or a size.
const SHORTEST: usize = 64;
/// How many rows are looked at to tell that a text is such a table.
const SAMPLED_ROWS: usize = 200;

fn reader(text: &[u8], delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text)
}

/// The lines before the table: blank ones, and the type that PowerShell 5.1 writes.
fn preamble(text: &[u8]) -> usize {
    let mut start = 0;
    loop {
        let rest = &text[start..];
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
        let line = rest[..end].trim_ascii();
        if end == 0
            || !(line.is_empty() || line.starts_with(b"#TYPE") || line.to_ascii_lowercase().starts_with(b"sep="))
        {
            return start;
        }
        start += end;
    }
}

/// How a text that begins with `head` is laid out, if it is such a table.
pub(crate) fn table(head: &[u8]) -> Option<Table> {
    let start = preamble(head);
    let rest = &head[start..];
    let first = &rest[..memchr::memchr(b'\n', rest)?];
    if first.starts_with(b"-----") || first.len() > 16 * 1024 {
        return None;
    }
    let count = |delimiter: u8| memchr::memchr_iter(delimiter, first).count();
    let delimiter = [b',', b';', b'\t'].into_iter().rev().max_by_key(|delimiter| count(*delimiter))?;
    let mut records = reader(rest, delimiter).into_byte_records().map_while(Result::ok);
    let header = records.next()?;
    let certificates: Vec<usize> = header
        .iter()
        .enumerate()
        .filter(|(_, name)| certutil::is_raw_certificate(name))
        .map(|(index, _)| index)
        .collect();
    let rows: Vec<csv::ByteRecord> = records.take(SAMPLED_ROWS).collect();
    let is_row = |row: &csv::ByteRecord| row.len() == header.len() && row.iter().any(holds_certificate);
    let is_named =
        !certificates.is_empty() && (header.len() > 1 || !certificates.contains(&0) || first.starts_with(b"\""));
    if !is_named && !rows.iter().any(is_row) {
        return None;
    }
    let is_number = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).all(|cell| certutil::request_number(cell).is_some())
    };
    let named = header.iter().position(certutil::is_request_id);
    let request_id = named.or_else(|| {
        header
            .iter()
            .enumerate()
            .find(|(index, name)| certutil::speaks_of_id(name) && is_number(*index))
            .map(|(index, _)| index)
    });
    Some(Table { delimiter, request_id, certificates })
}

/// Whether a cell is a certificate: a whole PEM block, or base64 of one.
fn holds_certificate(cell: &[u8]) -> bool {
    if cell.len() < SHORTEST {
        return false;
    }
    (pem::is_pem(cell) && memchr::memmem::find(cell, b"-----END ").is_some())
        || (cell.len() > 300 && base64_body::is_bare(cell) && starts_with_certificate(cell))
}

fn starts_with_certificate(cell: &[u8]) -> bool {
    let head = &cell[..cell.len().min(400)];
    base64_body::decode(head, &mut Vec::new()).is_ok_and(|der| matches!(shape(&der), Shape::Certificate | Shape::Pkcs7))
}

impl Table {
    /// Reads the rows of `text`, which begins at the start of a row. `is_first` where the header is among them.
    pub(crate) fn read(&self, text: &[u8], first_line: u64, is_first: bool) -> Contents {
        let mut contents = Contents::default();
        let start = if is_first { preamble(text) } else { 0 };
        let skipped = memchr::memchr_iter(b'\n', &text[..start]).count() as u64;
        let mut reader = reader(&text[start..], self.delimiter);
        let mut row = csv::ByteRecord::new();
        let mut says_sizes = !is_first;
        let mut scratch = Vec::new();
        let mut is_header = is_first;
        loop {
            let line = first_line + skipped + reader.position().line().saturating_sub(1);
            match reader.read_byte_record(&mut row) {
                Ok(false) => return contents,
                Ok(true) if is_header => is_header = false,
                Ok(true) => {
                    let line = row
                        .position()
                        .map_or(line, |position| first_line + skipped + position.line().saturating_sub(1));
                    self.read_row(&row, line, &mut contents, &mut says_sizes, &mut scratch);
                }
                // Reading bytes from memory fails for no reason that is left.
                Err(error) => {
                    contents.faults.push(Fault::new(ProblemCode::Damaged, Position::Line(line), error.to_string()));
                    return contents;
                }
            }
        }
    }

    fn read_row(
        &self,
        row: &csv::ByteRecord,
        line: u64,
        contents: &mut Contents,
        says_sizes: &mut bool,
        scratch: &mut Vec<u8>,
    ) {
        let first = contents.found.len();
        let mut line = line;
        for (column, cell) in row.iter().enumerate() {
            let is_certificate = self.certificates.contains(&column);
            if cell.len() >= SHORTEST && pem::is_pem(cell) {
                let mut read = pem::read(cell, line).resolve(true);
                read.found.iter_mut().for_each(|found| found.format = Format::CertutilView);
                contents.append(read);
            } else if is_certificate && cell.len() >= SHORTEST || cell.len() > 300 && starts_with_certificate(cell) {
                self.read_base64(cell, line, contents, scratch);
            } else if is_certificate && !*says_sizes && is_size(cell) {
                *says_sizes = true;
                contents.faults.push(certutil::sizes_only(line, cell));
            }
            line += memchr::memchr_iter(b'\n', cell).count() as u64;
        }
        let id = self.request_id.and_then(|column| row.get(column)).and_then(certutil::request_number);
        if let Some(id) = id {
            contents.found[first..].iter_mut().for_each(|found: &mut Found| certutil::put_request_id(found, &id));
        }
    }

    fn read_base64(&self, cell: &[u8], line: u64, contents: &mut Contents, scratch: &mut Vec<u8>) {
        match base64_body::decode(cell, scratch) {
            Ok(der) => {
                contents
                    .append(objects::read(&der, Expected::Certificate, Format::CertutilView, |_| Position::Line(line)));
            }
            Err(bad) => {
                let shown = text::decode(&cell[..cell.len().min(40)]).into_owned();
                let message = format!("expected a certificate in PEM or base64, found {} in {shown:?}", bad.found());
                contents.faults.push(Fault::new(ProblemCode::Damaged, Position::Line(line), message));
            }
        }
    }
}

/// `1657 Bytes`, in any language.
fn is_size(cell: &[u8]) -> bool {
    let cell = cell.trim_ascii();
    let digits = cell.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && cell.get(digits) == Some(&b' ')
}

/// How much of `text`, which begins at the start of a row, is whole rows: up to the last line end outside of quotes.
pub(crate) fn whole_rows(text: &[u8]) -> Option<usize> {
    let mut inside = memchr::memchr_iter(b'"', text).count() % 2 == 1;
    for offset in memchr::memrchr2_iter(b'"', b'\n', text) {
        if text[offset] == b'"' {
            inside = !inside;
        } else if !inside {
            return Some(offset + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests;
