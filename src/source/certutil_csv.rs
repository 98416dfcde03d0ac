//! `certutil -view … csv`, and what Excel and PowerShell make of it: a table with a column of certificates.

use std::io::Read;
use std::ops::Range;

use crate::source::base64_body;
use crate::source::between::{self, Place};
use crate::source::certutil;
use crate::source::contents::{Contents, Fault, Format, Position, ProblemCode};
use crate::source::embedded::{self, Embedded};
use crate::source::lines::Lines;
use crate::source::objects::{self, Expected};
use crate::source::passwords::ReadContext;
use crate::source::pem::{self, BlockContents, Piece};
use crate::source::pkcs12;
use crate::source::shape::{Shape, shape};
use crate::source::text;

/// How the table is laid out, as its beginning tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    delimiter: u8,
    request_id: Option<usize>,
    /// How many the heading has.
    columns: usize,
    /// The columns, in their order, that are known to hold certificates: by name, or because they do in the rows that the beginning shows.
    certificates: Vec<usize>,
}

/// Shorter cells are `EMPTY`, in whatever language, or a size.
const SHORTEST: usize = 64;
/// Base64 or hexadecimal of a certificate is longer.
const LEAST_ENCODED: usize = 300;
/// No column has a longer name.
const LONGEST_NAME: usize = 256;
/// How many rows are looked at to tell that a text is such a table.
const SAMPLED_ROWS: usize = 200;

/// Rows of `text`, behind a line end: the reader takes a byte-order mark away from the first row of what it is given, and the first row
/// of a part is to be what it is in the whole.
fn reader(text: &[u8], delimiter: u8) -> csv::Reader<impl Read> {
    // Of a short text no more room is made than that needs: there may be a text between any two encoded objects.
    let capacity = (text.len() + 1).min(8 * 1024);
    let mut builder = csv::ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(delimiter).buffer_capacity(capacity);
    builder.from_reader(b"\n".chain(text))
}

/// Where in `text` the row ends that its [`reader`] gave last.
fn end_of_row(csv: &csv::Reader<impl Read>, text: &[u8]) -> usize {
    usize::try_from(csv.position().byte()).map_or(text.len(), |position| position.saturating_sub(1).min(text.len()))
}

/// A cell of a row; where tables were joined, the mark of the next stands before the first.
fn cell(row: &csv::ByteRecord, column: usize) -> Option<&[u8]> {
    let cell = row.get(column)?;
    Some(if column == 0 { cell.strip_prefix(b"\xef\xbb\xbf").unwrap_or(cell) } else { cell })
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
    let is_block = memchr::memmem::find(first, b"-----BEGIN ").is_some();
    if is_block || first.len() > 16 * 1024 || text::find_control(first).is_some() {
        return None;
    }
    let count = |delimiter: u8| memchr::memchr_iter(delimiter, first).count();
    let delimiter = [b',', b';', b'\t'].into_iter().rev().max_by_key(|delimiter| count(*delimiter))?;
    let mut records = reader(rest, delimiter).into_byte_records().map_while(Result::ok);
    let header = records.next()?;
    // A quote out of place makes a cell of all that follows it.
    if header.iter().any(|cell| cell.len() > LONGEST_NAME) {
        return None;
    }
    let is_line = |cell: &[u8]| {
        let mut runs = cell.split(|byte| !is_base64(*byte)).filter(|run| run.len() >= SHORTEST);
        runs.any(|run| run.len() == cell.len() || memchr::memmem::find(run, b"MII").is_some())
    };
    if header.iter().any(|cell| is_line(cell) || holds_certificate(cell) || holds_hexadecimal(cell)) {
        // No header, so no table: lines of base64.
        return None;
    }
    // A text of one column is none, unless it is quoted as one.
    let is_tabular = header.len() > 1 || first.starts_with(b"\"");
    let is_named = |column: usize| header.get(column).is_some_and(certutil::is_raw_certificate);
    let has_name = (0..header.len()).any(is_named) && (is_tabular || !is_named(0));
    let rows: Vec<csv::ByteRecord> = records.take(SAMPLED_ROWS).collect();
    let is_shown = |column: usize| {
        let holds = |cell: &[u8]| holds_certificate(cell) || (is_tabular && holds_hexadecimal(cell));
        rows.iter().filter(|row| row.len() == header.len()).filter_map(|row| row.get(column)).any(holds)
    };
    let shown: Vec<usize> = (0..header.len()).filter(|column| is_shown(*column)).collect();
    if !has_name && shown.is_empty() {
        return None;
    }
    let certificates =
        (0..header.len()).filter(|column| is_named(*column) || (is_tabular && shown.contains(column))).collect();
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
    Some(Table { delimiter, request_id, columns: header.len(), certificates })
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// Whether a cell is a certificate: one PEM block, or base64 of one.
fn holds_certificate(cell: &[u8]) -> bool {
    let cell = value(cell);
    if cell.len() < SHORTEST {
        return false;
    }
    let is_block = || {
        memchr::memmem::find_iter(cell, b"-----BEGIN ").count() == 1 && cell.ends_with(b"-----") && pem::is_pem(cell)
    };
    if cell.starts_with(b"-----BEGIN ") { is_block() } else { starts_with_certificate(cell) }
}

fn starts_with_certificate(cell: &[u8]) -> bool {
    let head = &cell[..cell.len().min(400)];
    cell.len() > LEAST_ENCODED && base64_body::decode(head, &mut Vec::new()).is_ok_and(|der| is_certificate(&der))
}

/// A cell without what keeps Excel from changing it: that it is a formula.
fn value(cell: &[u8]) -> &[u8] {
    let cell = cell.trim_ascii();
    cell.strip_prefix(b"=\"").unwrap_or(cell)
}

/// As databases print binary columns.
fn holds_hexadecimal(cell: &[u8]) -> bool {
    let cell = value(cell);
    cell.len() > LEAST_ENCODED && hexadecimal(&cell[..cell.len().min(400)]).is_some_and(|der| is_certificate(&der))
}

fn is_certificate(der: &[u8]) -> bool {
    matches!(shape(der), Shape::Certificate | Shape::Pkcs7)
}

/// The bytes of a cell that is hexadecimal of an encoded structure, with or without the sign that SQL puts before it.
fn hexadecimal(cell: &[u8]) -> Option<Vec<u8>> {
    let digits = [&b"0x"[..], b"0X", b"\\x"].into_iter().find_map(|sign| cell.strip_prefix(sign)).unwrap_or(cell);
    let value = |digit: &u8| char::from(*digit).to_digit(16);
    let byte = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(value(high)? << 4 | value(low)?).ok(),
        _ => None,
    };
    digits.starts_with(b"30").then(|| digits.chunks(2).map(byte).collect())?
}

/// Base64 in the alphabet of URLs (RFC 4648 section 5) in the usual one.
fn from_url_alphabet(cell: &[u8]) -> Option<Vec<u8>> {
    let usual = |byte: &u8| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => *other,
    };
    cell.iter().any(|byte| matches!(byte, b'-' | b'_')).then(|| cell.iter().map(usual).collect())
}

impl Table {
    /// Reads the rows of `text`, which begins at the start of a row. `is_first` where the header is among them.
    ///
    /// Blocks are found as in any text, so that no quote out of place can hide one; the rows tell the number of each, and hold what is
    /// base64 without a header. What stands in neither is searched for other forms: each row that is one of the table on its own, and others
    /// with those that follow them.
    ///
    /// Where something encoded was joined, the table ends before it and goes on behind it.
    pub(crate) fn read(&self, text: &[u8], first_line: u64, is_first: bool, context: ReadContext<'_>) -> Contents {
        let mut contents = Contents::default();
        let mut lines = Lines::new(text, first_line, b'\n');
        let (mut from, mut line_end) = (0, 0);
        for Embedded { range, encoded, .. } in embedded::objects(text) {
            let line = lines.at(from);
            contents.append(self.read_rows(&text[from..range.start], line, is_first && from == 0, context));
            let line = lines.at(range.start);
            let place = Place::new(line, b'\n', context);
            from = range.end;
            // To the end of a line, behind which a batch may end.
            if line_end < from {
                line_end = base64_body::lines(&text[from..]).next().map_or(from, |line| from + line.len());
            }
            contents.append(between::read_whole(encoded, range, &text[..line_end], Position::Line(line), &place));
        }
        contents.append(self.read_rows(&text[from..], lines.at(from), is_first && from == 0, context));
        contents
    }

    /// Reads rows that nothing encoded stands between.
    fn read_rows(&self, text: &[u8], first_line: u64, is_first: bool, context: ReadContext<'_>) -> Contents {
        if text.is_empty() {
            return Contents::default();
        }
        let start = if is_first { preamble(text) } else { 0 };
        let mut csv = reader(&text[start..], self.delimiter);
        let mut row = csv::ByteRecord::new();
        let mut rows = Rows::new(text, first_line, context);
        let mut blocks = pem::pieces(text, first_line, b'\n').peekable();
        let mut is_header = is_first;
        let (mut row_start, mut block_end) = (start, 0);
        let mut beside = Beside { text, context, lines: Lines::new(text, first_line, b'\n'), start: None };
        let mut all = BlockContents::default();
        while csv.read_byte_record(&mut row).is_ok_and(|is_row| is_row) {
            let end = start + end_of_row(&csv, &text[start..]);
            let begin = row_start + line_ends(&text[row_start..end]);
            // A line within a block is a row without quotes around it, and no cell of its own.
            let is_apart = std::mem::replace(&mut row_start, end) >= block_end;
            let is_used = std::mem::take(&mut is_header) || is_apart && self.read_cells(&row, &mut rows);
            if is_used || self.is_row(&row) {
                beside.end(begin, &mut all.contents);
            }
            let mut from = begin.max(block_end);
            while let Some(piece) = blocks.next_if(|piece| piece.offset_in(text).is_some_and(|offset| offset < end)) {
                if !is_used {
                    let start = piece.start_in(text);
                    beside.begin(from..start);
                    beside.end(start, &mut all.contents);
                }
                rows.read_piece(&piece);
                block_end = piece.end_in(text);
                from = from.max(block_end);
            }
            if !is_used {
                beside.begin(from..end);
            }
            if let Some(id) = self.request_id.and_then(|column| cell(&row, column)).and_then(certutil::request_number) {
                rows.result.contents.found.iter_mut().for_each(|found| certutil::put_request_id(found, &id));
            }
            all.append(std::mem::take(&mut rows.result));
            if self.is_row(&row) {
                beside.end(end, &mut all.contents);
            }
            rows.count_to(end);
        }
        blocks.for_each(|piece| rows.read_piece(&piece));
        all.append(rows.result);
        beside.end(text.len(), &mut all.contents);
        all.resolve(true)
    }

    /// Whether a row is one of the table, as far as its cells tell, and no line of something else: in one column of a certificate, base64 in
    /// lines has shorter ones. One that is cut off after some cells says the same as the whole.
    fn is_row(&self, row: &csv::ByteRecord) -> bool {
        row.len() > 1 || self.columns == 1 && cell(row, 0).is_some_and(|cell| cell.len() > LEAST_ENCODED)
    }

    /// How much of `text`, which begins at the start of a row, is whole rows: up to the last one of the table, which may go on. By the
    /// reader of rows itself, so that quotes out of place end a row here where they end it there. `is_first` where the header is among
    /// them: it stays with what stands before it.
    pub(crate) fn whole_rows(&self, text: &[u8], is_first: bool) -> Option<usize> {
        // What is encoded must not be cut, nor rows be seen in it.
        let (mut from, mut end) = (0, None);
        for object in embedded::objects(text) {
            if object.is_whole {
                from = object.range.end;
            } else {
                end = Some(object.range.start);
            }
        }
        let end = end.or_else(|| Some(from + embedded::unfinished(&text[from..])?)).unwrap_or(text.len());
        let rest = &text[from..end];
        self.last_row(rest, is_first && from == 0).map(|last| from + last)
    }

    /// The same of rows that nothing encoded stands between: where the last one begins.
    fn last_row(&self, text: &[u8], is_first: bool) -> Option<usize> {
        let start = if is_first { preamble(text) } else { 0 };
        let mut csv = reader(&text[start..], self.delimiter);
        let mut row = csv::ByteRecord::new();
        let (mut last, mut end) = (0, 0);
        while csv.read_byte_record(&mut row).is_ok_and(|is_row| is_row) {
            let is_header = end == 0;
            last = if self.is_row(&row) && !is_header { end } else { last };
            end = start + end_of_row(&csv, &text[start..]);
        }
        // The reader leaves line ends to the row behind them; in the whole they belong to what stands before that.
        (last > 0).then(|| last + line_ends(&text[last..]))
    }

    /// Reads the cells of a row that are base64 without a header, or hexadecimal; whether there are any. Where there are, what was joined with
    /// others is looked for in these alone.
    fn read_cells(&self, row: &csv::ByteRecord, rows: &mut Rows<'_>) -> bool {
        let (mut is_used, mut joined) = (false, Vec::new());
        for (column, cell) in (0..row.len()).filter_map(|column| Some((column, cell(row, column)?))) {
            let is_named = self.certificates.binary_search(&column).is_ok();
            let has_dashes = memchr::memmem::find(cell, b"-----").is_some();
            if !has_dashes && (is_named && cell.len() >= SHORTEST || starts_with_certificate(cell)) {
                rows.read_cell(cell);
                is_used = true;
            } else if cell.len() > LEAST_ENCODED && !(has_dashes && pem::is_pem(cell)) {
                joined.push(cell);
            } else if is_named && !rows.says_sizes && is_size(cell) {
                rows.says_sizes = true;
                rows.result.contents.faults.push(certutil::sizes_only(rows.lines.line(), cell));
            }
        }
        if is_used {
            let place = Place::new(rows.lines.line(), b'\n', rows.context);
            joined.into_iter().for_each(|cell| between::read(cell, &place, &mut rows.result.contents));
        }
        is_used
    }
}

/// What has been read of a table.
struct Rows<'a> {
    text: &'a [u8],
    context: ReadContext<'a>,
    /// Counted up to the present row.
    lines: Lines<'a>,
    /// Whether it has been said that there are sizes and no certificates; of a long table each part says it once.
    says_sizes: bool,
    scratch: Vec<u8>,
    /// Of the present row.
    result: BlockContents,
}

/// What stands in neither cells nor blocks.
struct Beside<'a> {
    text: &'a [u8],
    context: ReadContext<'a>,
    /// Counted up to where the last part begins.
    lines: Lines<'a>,
    /// Where it begins, and in which line.
    start: Option<(usize, u64)>,
}

impl Beside<'_> {
    /// Begins with a part of the text, or goes on with it.
    fn begin(&mut self, part: Range<usize>) {
        if !part.is_empty() && self.start.is_none() {
            self.start = Some((part.start, self.lines.at(part.start)));
        }
    }

    /// Searches it, if there is any, up to `end`.
    fn end(&mut self, end: usize, contents: &mut Contents) {
        let Some((start, line)) = self.start.take() else { return };
        if end.saturating_sub(start) >= between::LEAST {
            let place = Place::new(line, b'\n', self.context);
            between::read(&self.text[start..end], &place, contents);
        }
    }
}

/// How many line ends a text begins with.
fn line_ends(text: &[u8]) -> usize {
    text.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
}

impl<'a> Rows<'a> {
    fn new(text: &'a [u8], first_line: u64, context: ReadContext<'a>) -> Self {
        let lines = Lines::new(text, first_line, b'\n');
        let (scratch, result) = (Vec::new(), BlockContents::default());
        let mut rows = Self { text, context, lines, says_sizes: false, scratch, result };
        // A part that begins with the end of a line begins a row behind it, as it does in the whole.
        rows.count_to(0);
        rows
    }

    /// Counts lines up to the row that begins behind `end`.
    fn count_to(&mut self, end: usize) {
        self.lines.at(end + line_ends(&self.text[end..]));
    }

    fn read_piece(&mut self, piece: &Piece<'_>) {
        match piece {
            Piece::Block(block) => {
                pem::read_block(block, Format::CertutilView, self.context, &mut self.scratch, &mut self.result)
            }
            Piece::StrayEnd { label, line, before } => pem::stray_end(label, *line, before, &mut self.result),
            Piece::Tail(_) => {}
        }
    }

    fn read_cell(&mut self, cell: &[u8]) {
        let position = Position::Line(self.lines.line());
        let cell = value(cell);
        let decoded = match hexadecimal(cell) {
            Some(der) => Ok(der),
            None => base64_body::decode(cell, &mut self.scratch).or_else(|bad| {
                let usual = from_url_alphabet(cell).ok_or(bad)?;
                base64_body::decode(&usual, &mut self.scratch).map_err(|_| bad)
            }),
        };
        let found = match decoded {
            Ok(der) if !der.is_empty() => {
                self.result.contents.append(if pkcs12::is_pkcs12(&der) {
                    pkcs12::read(&der, self.context).placed(|_| position)
                } else {
                    objects::read(&der, Expected::Certificate, Format::CertutilView, |_| position)
                });
                return;
            }
            Ok(_) => "no base64".to_owned(),
            Err(bad) => bad.found(),
        };
        let shown = text::decode(&cell[..cell.len().min(40)]);
        let message = format!("expected a certificate in PEM or base64, found {found} in {shown:?}");
        self.result.contents.faults.push(Fault::new(ProblemCode::Damaged, position, message));
    }
}

/// `1657 Bytes`, in any language.
fn is_size(cell: &[u8]) -> bool {
    let cell = cell.trim_ascii();
    let digits = cell.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && cell.get(digits) == Some(&b' ')
}

#[cfg(test)]
mod tests;
