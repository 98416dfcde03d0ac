//! A long text in batches: each is read on its own, by any thread, and together they give what the whole text gives.
//!
//! A batch ends where nothing that is looked for can be cut in two: behind an END boundary, before a row, between two lines of a
//! table. So a million certificates from a pipe take as much memory as one batch and the largest block.

use std::io::{self, Read};

use crate::source::between::{self, Within};
use crate::source::certutil::{self, View};
use crate::source::certutil_csv::Table;
use crate::source::contents::{Contents, Fault, Position, ProblemCode};
use crate::source::lines;
use crate::source::passwords::ReadContext;
use crate::source::pem;
use crate::source::text::fill;

/// How the text is laid out.
#[derive(Debug, Clone)]
pub(crate) enum Layout {
    /// PEM blocks with any text around them, and what ends a line of it.
    Blocks { newline: u8 },
    /// Rows of certutil -view.
    Rows(View),
    /// A table with a column of certificates.
    Table(Table),
}

impl Layout {
    fn newline(&self) -> u8 {
        match self {
            Self::Blocks { newline } => *newline,
            Self::Rows(_) | Self::Table(_) => b'\n',
        }
    }
}

/// A part of a text that can be read on its own.
#[derive(Debug)]
pub(crate) struct Batch {
    text: Vec<u8>,
    first_line: u64,
    is_first: bool,
    is_of_long: bool,
    layout: Layout,
    /// Whether a block without base64 is damage, as in [`pem::BlockContents::resolve`].
    is_damage: bool,
    faults: Vec<Fault>,
    /// Said where nothing is found in it.
    if_nothing: Option<Fault>,
}

impl Batch {
    /// Reads what the batch holds.
    pub(crate) fn read(self, context: ReadContext<'_>) -> Contents {
        let Self { text, first_line, is_first, is_of_long, layout, is_damage, mut faults, if_nothing } = self;
        let newline = layout.newline();
        let mut contents = match layout {
            Layout::Blocks { .. } => {
                let part = pem::Part { first_line, newline, is_of_long, within: Within::Text };
                pem::read_part(&text, &part, context).resolve(is_damage)
            }
            Layout::Rows(view) => view.read(&text, first_line, context).resolve(true),
            Layout::Table(table) => table.read(&text, first_line, is_first, context),
        };
        contents.faults.append(&mut faults);
        if let Some(nothing) = if_nothing {
            let is_empty = contents.found.is_empty();
            let told = if is_empty { Some(nothing) } else { between::no_text(&text, first_line, newline) };
            contents.faults.extend(told);
        }
        contents
    }
}

/// How much text a batch has, as a rule: some two hundred certificates, so that threads seldom wait for the next, and what is made of
/// them stays small.
const BATCH: usize = 256 * 1024;
/// The largest block of one certificate: one with 100,000 names has 3 MB.
const MAX_CERTIFICATE_BLOCK: usize = 16 * 1024 * 1024;
/// The largest block of anything else: the PKCS#7 of 200,000 certificates, as large as a file that is read whole.
pub(crate) const MAX_BLOCK: usize = 512 * 1024 * 1024;
/// The largest row: a certificate, its request and whatever else was asked for.
const MAX_ROW: usize = 64 * 1024 * 1024;
/// How much text without any block that begins as something is read: an endless pipe ends here.
const MAX_GAP: u64 = 1024 * 1024 * 1024;
/// Text before a block that can belong to it: see [`crate::source::between`] and [`crate::source::notes`].
const KEPT_BEFORE_BLOCK: usize = between::MOST + 1;

/// The batches of a text.
#[derive(Debug)]
pub(crate) struct Batches<R> {
    reader: R,
    layout: Layout,
    /// What was read and has not gone out.
    buffer: Vec<u8>,
    line: u64,
    batch: usize,
    gap: u64,
    is_first: bool,
    /// Whether the text that went out last was cut where there is no boundary.
    is_of_long: bool,
    has_ended: bool,
    /// Said at the end where the text had no block at all.
    if_nothing: Option<Fault>,
    /// Said at the end where the text had a block, and is that of a file that something else unpacks.
    container: Option<Fault>,
    has_object: bool,
    is_damage: bool,
    /// Whether it is said to hold certificates, or known to by a block that was in it.
    is_expected: bool,
}

/// Where to cut.
enum Cut {
    At(usize),
    /// In a text without a boundary.
    Within(usize),
    /// The whole is one piece so far.
    More,
    /// It is too large for that.
    TooLarge {
        start: usize,
        message: String,
    },
}

impl<R: Read> Batches<R> {
    /// `reader` gives normalised text; `is_expected` tells whether it is said to hold certificates, and `if_nothing` is what to say if
    /// there is no block in it.
    pub(crate) fn new(reader: R, layout: Layout, is_expected: bool, if_nothing: Option<Fault>) -> Self {
        Self {
            is_damage: is_expected,
            is_expected,
            reader,
            layout,
            buffer: Vec::new(),
            line: 1,
            batch: BATCH,
            gap: 0,
            is_first: true,
            is_of_long: false,
            has_ended: false,
            if_nothing,
            container: None,
            has_object: false,
        }
    }

    /// Says at the end what the text is within, if certificates are found in it.
    pub(crate) fn in_container(self, container: Option<Fault>) -> Self {
        Self { container, ..self }
    }

    #[cfg(any(fuzzing, test))]
    pub(crate) fn with_batch(mut self, batch: usize) -> Self {
        self.batch = batch;
        self
    }

    /// Reads on by one batch; whether the input has ended.
    fn read_on(&mut self, amount: usize) -> io::Result<bool> {
        let before = self.buffer.len();
        self.buffer.resize(before + amount, 0);
        let (count, result) = fill(&mut self.reader, &mut self.buffer[before..]);
        self.buffer.truncate(before + count);
        result.map(|()| count < amount)
    }

    fn cut(&self) -> Cut {
        match &self.layout {
            Layout::Blocks { .. } => cut_blocks(&self.buffer),
            Layout::Rows(_) => match certutil::last_row(&self.buffer) {
                Some(offset) => Cut::At(offset),
                None if self.buffer.len() > MAX_ROW => cut_blocks(&self.buffer),
                None => Cut::More,
            },
            Layout::Table(table) => match table.whole_rows(&self.buffer, self.is_first) {
                // A quote out of place must not cut a block in two.
                Some(offset) if !pem::outline(&self.buffer[..offset]).ends_inside() => Cut::At(offset),
                _ if self.buffer.len() > MAX_ROW => cut_blocks(&self.buffer),
                _ => Cut::More,
            },
        }
    }

    /// The first `length` bytes of the buffer as a batch.
    fn take(&mut self, length: usize, faults: Vec<Fault>) -> Batch {
        let rest = self.buffer.split_off(length.min(self.buffer.len()));
        let text = std::mem::replace(&mut self.buffer, rest);
        let first_line = self.line;
        self.line += lines::count(&text, self.layout.newline());
        let is_first = std::mem::replace(&mut self.is_first, false);
        let (layout, is_damage, is_of_long) = (self.layout.clone(), self.is_damage, self.is_of_long);
        Batch { text, first_line, is_first, is_of_long, layout, is_damage, faults, if_nothing: None }
    }

    fn line_at(&self, offset: usize) -> Position {
        Position::Line(self.line + lines::count(&self.buffer[..offset], self.layout.newline()))
    }

    /// The last batch: what is left, and what went wrong.
    fn finish(&mut self, fault: Option<Fault>) -> Option<Batch> {
        self.has_ended = true;
        self.note_gap(self.buffer.len());
        let container = self.container.take().filter(|_| self.has_object);
        let faults: Vec<Fault> = fault.into_iter().chain(container).collect();
        let if_nothing = self.if_nothing.take();
        (!self.buffer.is_empty() || !faults.is_empty() || if_nothing.is_some())
            .then(|| Batch { if_nothing, ..self.take(usize::MAX, faults) })
    }

    /// Counts text that goes out, and whether anything that is read was in it.
    fn note_gap(&mut self, length: usize) {
        let text = &self.buffer[..length];
        let is_pem = pem::is_pem(text);
        let has_object = pem::has_object(text);
        self.has_object |= self.container.is_some() && (is_pem && self.is_damage || has_object);
        let is_row = matches!(self.layout, Layout::Table(_)) && length > 0;
        if is_pem || is_row {
            self.if_nothing = None;
            self.is_expected = true;
        }
        // Boundaries with nothing between them are as endless as any text.
        if has_object || is_row {
            self.gap = 0;
        } else {
            self.gap += length as u64;
        }
    }
}

/// Behind the last END boundary, or before a BEGIN boundary that ends a block without an end.
fn cut_blocks(text: &[u8]) -> Cut {
    let outline = pem::outline(text);
    if let Some(end) = outline.last_end {
        return Cut::At(end);
    }
    match (outline.first_begin, outline.last_begin) {
        (None, _) if text.len() > 2 * KEPT_BEFORE_BLOCK => {
            let mut length = 0;
            while text.len() - length > 2 * KEPT_BEFORE_BLOCK {
                length += between::part_of(&text[length..]);
            }
            Cut::Within(length)
        }
        (None, _) => Cut::More,
        (Some((first, _)), Some(last)) if last > first => Cut::At(last),
        (Some((start, label)), _) => {
            let is_one = matches!(pem::meaning(label), pem::Label::Object(expected) if expected.is_one());
            let limit = if is_one { MAX_CERTIFICATE_BLOCK } else { MAX_BLOCK };
            if text.len() - start <= limit {
                return Cut::More;
            }
            let label = String::from_utf8_lossy(label);
            let message =
                format!("expected a {label} block of at most {} MiB, found no END boundary within that", limit >> 20);
            Cut::TooLarge { start, message }
        }
    }
}

impl<R: Read> Iterator for Batches<R> {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let mut amount = self.batch;
        while !self.has_ended {
            match self.read_on(amount) {
                Ok(false) => {}
                Ok(true) => return self.finish(None),
                Err(error) => {
                    let message = format!("reading stopped: {error}; what was read before is complete");
                    return self.finish(Some(Fault::new(ProblemCode::Unreadable, Position::Whole, message)));
                }
            }
            let cut = self.cut();
            match cut {
                Cut::At(length) | Cut::Within(length) => {
                    self.note_gap(length);
                    if self.gap > MAX_GAP {
                        let message = format!(
                            "expected a block within {} MiB of text, found none: no more was read",
                            MAX_GAP >> 20
                        );
                        let fault = Fault::new(ProblemCode::Limit, self.line_at(length), message);
                        self.if_nothing = None;
                        let fault = self.is_expected.then_some(fault);
                        return self.finish(fault);
                    }
                    let is_within = matches!(cut, Cut::Within(_));
                    let batch = self.take(length, Vec::new());
                    let is_of_long = is_within || batch.is_of_long;
                    self.is_of_long = is_within;
                    return Some(Batch { is_of_long, ..batch });
                }
                // Twice as much each time, up to the largest step, so that a large block is not searched once a batch.
                Cut::More => amount = self.buffer.len().clamp(self.batch, MAX_CERTIFICATE_BLOCK.max(self.batch)),
                Cut::TooLarge { start, message } => {
                    let fault = Fault::new(ProblemCode::Limit, self.line_at(start), message);
                    self.if_nothing = None;
                    // What comes next may begin in the last bytes.
                    let length = self.buffer.len() - 128.min(self.buffer.len() - start);
                    let mut batch = self.take(length, vec![fault]);
                    batch.text.truncate(start);
                    self.is_of_long = true;
                    return Some(batch);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
