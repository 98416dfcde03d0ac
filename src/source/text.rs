//! Bytes to text: which encoding a file is in, and the text as bytes of an ASCII superset, without a copy where it is one
//! already.
//!
//! Everything that is looked for in a text (PEM boundaries, base64, column names) is ASCII, so UTF-8, Latin-1 and the ANSI code
//! pages need no conversion: only UTF-16, which PowerShell's `>` and Out-File write, is turned into UTF-8.

use std::borrow::Cow;
use std::io::{self, Read};

/// How the characters of a text are encoded, as far as that matters for finding ASCII in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8, Latin-1 or any other superset of ASCII.
    AsciiSuperset,
    Utf16Le,
    Utf16Be,
}

/// How many bytes of a file tell what it is.
const SAMPLE: usize = 1024;

/// The encoding of a text that begins with `head`, and the length of its byte-order mark.
pub(crate) fn encoding(head: &[u8]) -> (Encoding, usize) {
    match head {
        [0xef, 0xbb, 0xbf, ..] => (Encoding::AsciiSuperset, 3),
        [0xff, 0xfe, ..] => (Encoding::Utf16Le, 2),
        [0xfe, 0xff, ..] => (Encoding::Utf16Be, 2),
        _ => (unmarked(head), 0),
    }
}

/// UTF-16 without a byte-order mark shows in ASCII text as zero bytes at every other place and nowhere else.
fn unmarked(head: &[u8]) -> Encoding {
    let sample = &head[..head.len().min(SAMPLE)];
    if memchr::memchr(0, sample).is_none() {
        return Encoding::AsciiSuperset;
    }
    let (mut even, mut odd) = (0usize, 0usize);
    for pair in sample.chunks_exact(2) {
        even += usize::from(pair[0] == 0);
        odd += usize::from(pair[1] == 0);
    }
    let pairs = sample.len() / 2;
    let mostly = |zeros: usize| pairs >= 2 && zeros * 10 >= pairs * 7;
    match (mostly(even), mostly(odd)) {
        (false, true) if even == 0 => Encoding::Utf16Le,
        (true, false) if odd == 0 => Encoding::Utf16Be,
        _ => Encoding::AsciiSuperset,
    }
}

/// Whether something that begins with `head` is text: cheap, by its first bytes.
pub(crate) fn is_text(head: &[u8]) -> bool {
    let (encoding, mark) = encoding(head);
    if encoding != Encoding::AsciiSuperset || mark > 0 {
        return true;
    }
    let sample = &head[..head.len().min(SAMPLE)];
    controls(sample) * 32 <= sample.len() || find_otherwise(sample, encoding, false).is_some()
}

/// Whether bytes are text for the greater part, as a damaged text is and a program that has text in it is not.
pub(crate) fn is_mostly_text(bytes: &[u8]) -> bool {
    controls(bytes) * 8 <= bytes.len()
}

/// Where bytes begin that text does not hold.
pub(crate) fn find_control(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| is_control(*byte))
}

fn controls(bytes: &[u8]) -> usize {
    // Summed in bytes, which the processor does many at once.
    let in_chunk = |chunk: &[u8]| usize::from(chunk.iter().map(|byte| u8::from(is_control(*byte))).sum::<u8>());
    bytes.chunks(255).map(in_chunk).sum()
}

/// What text does not hold: a control character that neither moves on nor begins an escape sequence.
fn is_control(byte: u8) -> bool {
    matches!(byte, 0x00..=0x07 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f)
}

/// A BEGIN boundary in ASCII, and what one in UTF-16 of either order has in it.
const NARROW: &[u8] = b"-----BEGIN ";
const WIDE: &[u8] = b"-\0-\0-\0-\0-\0B\0E\0G\0I\0N\0 ";

/// Where the first block begins that is not in the encoding of the text, as what PowerShell 5.1's `>>` writes behind an ASCII text is
/// not, or as everything behind a byte that was lost from UTF-16. `is_half` tells whether the first byte of `part` is the second of a
/// unit.
fn find_otherwise(part: &[u8], encoding: Encoding, is_half: bool) -> Option<usize> {
    if memchr::memchr(0, part).is_none() && encoding == Encoding::AsciiSuperset {
        return None;
    }
    // The dash is the first byte of its unit, or the second.
    let fits = |offset: usize| match encoding {
        Encoding::AsciiSuperset => false,
        Encoding::Utf16Le => (offset % 2 == 1) == is_half,
        Encoding::Utf16Be => (offset % 2 == 1) != is_half,
    };
    let wide = memchr::memmem::find_iter(part, WIDE).find(|offset| !fits(*offset));
    if encoding == Encoding::AsciiSuperset {
        return wide;
    }
    // Where the high byte comes first, the dash's own stands before it.
    let wide = wide.map(|offset| if part[..offset].ends_with(&[0]) { offset - 1 } else { offset });
    let narrow = memchr::memmem::find(part, NARROW);
    [narrow, find_ascii(part), find_shifted(part, encoding, is_half), wide].into_iter().flatten().min()
}

/// So many bytes in a row that are ASCII, or UTF-16 of ASCII but for a byte that is missing or too many, are no characters of UTF-16.
const ENOUGH: usize = 64;
/// So many of the last bytes may belong to them, with what stands before them.
const UNDECIDED: usize = ENOUGH + 8;

/// What ASCII has in texts.
pub(crate) fn is_character(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')
}

fn find_ascii(part: &[u8]) -> Option<usize> {
    let mut length = 0;
    let end = part.iter().position(|byte| {
        length = if is_character(*byte) { length + 1 } else { 0 };
        length == ENOUGH
    });
    end.map(|end| end + 1 - ENOUGH)
}

/// Where UTF-16 goes on whose bytes are those of other units.
fn find_shifted(part: &[u8], encoding: Encoding, is_half: bool) -> Option<usize> {
    let zero = usize::from(encoding == Encoding::Utf16Be);
    let mut count = 0;
    let first = usize::from(is_half).min(part.len());
    let end = part[first..].chunks_exact(2).position(|unit| {
        count = if unit[zero] == 0 && is_character(unit[1 - zero]) { count + 1 } else { 0 };
        2 * count == ENOUGH
    })?;
    let start = first + 2 * (end + 1) - ENOUGH;
    // The first character, and what was joined there, are in the unit before that.
    let before = part[..start].iter().rev().take(2).take_while(|byte| **byte == 0 || is_character(**byte)).count();
    Some(start - before)
}

/// Where DER or a serialized store begins in what is not read as it stands: `copy /b` joins files of any kind.
fn find_encoded(part: &[u8]) -> Option<usize> {
    let store = memchr::memmem::find(part, b"\0\0\0CERT").map(|zeros| zeros.saturating_sub(1));
    let before = &part[..store.unwrap_or(part.len())];
    memchr::memchr_iter(0x30, before).find(|at| begins_as_der(&part[*at..])).or(store)
}

/// By a length that a character has not behind a zero, and what certificates, CRLs, PKCS#7, PKCS#12 and private keys begin with.
fn begins_as_der(bytes: &[u8]) -> bool {
    let content = match bytes {
        [0x30, count @ 0x80..=0x84, rest @ ..] => rest.get(usize::from(count & 0x0f)..),
        _ => None,
    };
    matches!(content, Some([0x30, 0x80..=0x84, ..] | [6, 9, 0x2a, 0x86, ..] | [2, 1, 0 | 1 | 3, 0x30 | 4 | 2, ..]))
}

/// The text as bytes of an ASCII superset, without a byte-order mark.
pub(crate) fn normalise(bytes: &[u8]) -> Cow<'_, [u8]> {
    let (encoding, mark) = encoding(bytes);
    let rest = &bytes[mark..];
    if encoding == Encoding::AsciiSuperset && find_otherwise(rest, encoding, false).is_none() {
        return Cow::Borrowed(rest);
    }
    let mut converter = Converter::new(encoding);
    let mut text = Vec::with_capacity(rest.len());
    converter.push(rest, &mut text);
    converter.finish(&mut text);
    Cow::Owned(text)
}

/// A text that a person wrote for this program, a mark at its beginning left out: UTF-8, or UTF-16 with a byte-order mark as Windows
/// PowerShell writes it. An error names what is wrong with it.
pub(crate) fn written(bytes: &[u8]) -> Result<String, String> {
    let units = |to_unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|pair| to_unit([pair[0], pair[1]])).collect();
        String::from_utf16(&units).map_err(|_| "it starts as UTF-16, but is not: save it as UTF-8".to_owned())
    };
    match bytes {
        [0xff, 0xfe, ..] => units(u16::from_le_bytes),
        [0xfe, 0xff, ..] => units(u16::from_be_bytes),
        _ => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            let text = std::str::from_utf8(bytes);
            text.map(str::to_owned)
                .map_err(|error| format!("byte {} is not UTF-8: save it as UTF-8", error.valid_up_to()))
        }
    }
}

/// A piece of normalised text for people: UTF-8, and where it is not, Windows-1252.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes)
        .map_or_else(|_| Cow::Owned(bytes.iter().map(|byte| ansi(*byte)).collect()), Cow::Borrowed)
}

/// Windows-1252, the ANSI code page of western Europe; the five bytes that it leaves open are read as Latin-1 has them.
fn ansi(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// How much is searched at a time: what changes how the text is read may come again and again, and each time the rest is searched anew.
const SEARCHED: usize = 4096;

/// A text of any encoding to bytes of an ASCII superset, piece by piece.
///
/// From a block on that is not in the encoding of the beginning, it gives the ASCII of whatever follows: UTF-16 has that between zero
/// bytes. From something encoded on it gives what stands there, up to the next block in UTF-16.
#[derive(Debug)]
struct Converter {
    encoding: Encoding,
    units: Units,
    /// Bytes that wait for what follows them.
    undecided: Vec<u8>,
    is_mixed: bool,
}

impl Converter {
    fn new(encoding: Encoding) -> Self {
        let units = Units { big_endian: encoding == Encoding::Utf16Be, half: None, high: None };
        Self { encoding, units, undecided: Vec::new(), is_mixed: false }
    }

    /// Whether everything comes out as it is, up to a block in UTF-16.
    fn is_plain(&self) -> bool {
        self.encoding == Encoding::AsciiSuperset && !self.is_mixed
    }

    /// Whether `bytes` come out as they are, and nothing else does.
    fn passes(&self, bytes: &[u8]) -> bool {
        self.is_plain()
            && self.undecided.is_empty()
            && self.may_begin(bytes) == 0
            && find_otherwise(bytes, self.encoding, false).is_none()
    }

    /// How many of the last bytes of `part` may begin what changes how the text is read, and so wait for what follows them.
    fn may_begin(&self, part: &[u8]) -> usize {
        let last = &part[part.len().saturating_sub(if self.is_plain() { WIDE.len() } else { UNDECIDED })..];
        // In a text without zero bytes it is the first dash at most.
        let is_decided = self.is_plain() && !last.ends_with(b"-") && memchr::memchr(0, last).is_none();
        if is_decided { 0 } else { last.len() }
    }

    fn push(&mut self, bytes: &[u8], text: &mut Vec<u8>) {
        bytes.chunks(SEARCHED).for_each(|piece| self.push_piece(piece, text));
    }

    fn push_piece(&mut self, bytes: &[u8], text: &mut Vec<u8>) {
        let mut waiting = std::mem::take(&mut self.undecided);
        let mut bytes = if waiting.is_empty() {
            bytes
        } else {
            waiting.extend_from_slice(bytes);
            &waiting
        };
        loop {
            let is_half = self.units.half.is_some();
            let block = if self.is_mixed { None } else { find_otherwise(bytes, self.encoding, is_half) };
            let before = &bytes[..block.unwrap_or(bytes.len())];
            let encoded = if self.is_plain() { None } else { find_encoded(before) };
            // What begins before it may show only further on.
            let is_decided = |offset: &usize| self.is_mixed || self.is_plain() || offset + UNDECIDED <= bytes.len();
            let Some(offset) = encoded.or(block).filter(is_decided) else { break };
            self.convert(&bytes[..offset], text);
            self.units.finish(text);
            self.encoding = Encoding::AsciiSuperset;
            self.is_mixed = encoded.is_none();
            bytes = &bytes[offset..];
        }
        let decided = bytes.len() - self.may_begin(bytes);
        self.convert(&bytes[..decided], text);
        self.undecided = bytes[decided..].to_vec();
    }

    fn convert(&mut self, bytes: &[u8], text: &mut Vec<u8>) {
        match self.encoding {
            Encoding::AsciiSuperset if self.is_mixed => text.extend(bytes.iter().filter(|byte| **byte != 0)),
            Encoding::AsciiSuperset => text.extend_from_slice(bytes),
            Encoding::Utf16Le | Encoding::Utf16Be => self.units.push(bytes, text),
        }
    }

    fn convert_undecided(&mut self, text: &mut Vec<u8>) {
        let rest = std::mem::take(&mut self.undecided);
        self.convert(&rest, text);
    }

    fn finish(&mut self, text: &mut Vec<u8>) {
        self.convert_undecided(text);
        self.units.finish(text);
    }
}

/// UTF-16 to UTF-8, piece by piece; what is no character becomes U+FFFD.
#[derive(Debug)]
struct Units {
    big_endian: bool,
    /// The first byte of a unit whose second has not come yet.
    half: Option<u8>,
    /// A high surrogate that waits for its low one.
    high: Option<u16>,
}

impl Units {
    fn push(&mut self, bytes: &[u8], text: &mut Vec<u8>) {
        let mut bytes = bytes;
        if let (Some(first), Some((&second, rest))) = (self.half, bytes.split_first()) {
            self.half = None;
            self.unit([first, second], text);
            bytes = rest;
        }
        let pairs = bytes.chunks_exact(2);
        self.half = pairs.remainder().first().copied();
        for pair in pairs {
            self.unit([pair[0], pair[1]], text);
        }
    }

    fn unit(&mut self, pair: [u8; 2], text: &mut Vec<u8>) {
        let unit = if self.big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) };
        if unit < 0x80 && self.high.is_none() {
            text.push(unit as u8);
            return;
        }
        if let Some(high) = self.high.take() {
            if (0xdc00..0xe000).contains(&unit) {
                let scalar = 0x1_0000 + ((u32::from(high) - 0xd800) << 10) + (u32::from(unit) - 0xdc00);
                character(char::from_u32(scalar), text);
                return;
            }
            character(None, text);
        }
        if (0xd800..0xdc00).contains(&unit) {
            self.high = Some(unit);
        } else {
            character(char::from_u32(u32::from(unit)), text);
        }
    }

    fn finish(&mut self, text: &mut Vec<u8>) {
        if self.high.take().is_some() | self.half.take().is_some() {
            character(None, text);
        }
    }
}

fn character(scalar: Option<char>, text: &mut Vec<u8>) {
    let mut buffer = [0; 4];
    text.extend_from_slice(scalar.unwrap_or(char::REPLACEMENT_CHARACTER).encode_utf8(&mut buffer).as_bytes());
}

/// Reads a text of any encoding as bytes of an ASCII superset, in bounded memory: what [`normalise`] makes of the whole.
#[derive(Debug)]
pub(crate) struct TextReader<R> {
    inner: R,
    /// Text that has not been taken.
    ready: Vec<u8>,
    taken: usize,
    state: State,
    raw: Vec<u8>,
}

#[derive(Debug)]
enum State {
    /// Before the first read.
    Unknown,
    Converting(Converter),
    Ended,
}

/// What is converted at a time.
const PIECE: usize = 64 * 1024;

impl<R: Read> TextReader<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, ready: Vec::new(), taken: 0, state: State::Unknown, raw: Vec::new() }
    }

    fn begin(&mut self) -> io::Result<()> {
        let mut head = vec![0; SAMPLE];
        let (length, result) = fill(&mut self.inner, &mut head);
        if length == 0 {
            // An error behind something comes again when that has been read.
            result?;
        }
        let head = &head[..length];
        let (encoding, mark) = encoding(head);
        let mut converter = Converter::new(encoding);
        converter.push(&head[mark..], &mut self.ready);
        self.state = State::Converting(converter);
        Ok(())
    }
}

/// Reads until `buffer` is full or the input ends: how much was read, and whether that was all that could be.
pub(crate) fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> (usize, io::Result<()>) {
    let mut length = 0;
    while length < buffer.len() {
        match reader.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (length, Err(error)),
        }
    }
    (length, Ok(()))
}

impl<R: Read> Read for TextReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if matches!(self.state, State::Unknown) {
            self.begin()?;
        }
        loop {
            if self.taken < self.ready.len() {
                let count = buffer.len().min(self.ready.len() - self.taken);
                buffer[..count].copy_from_slice(&self.ready[self.taken..self.taken + count]);
                self.taken += count;
                return Ok(count);
            }
            self.ready.clear();
            self.taken = 0;
            let State::Converting(converter) = &mut self.state else { return Ok(0) };
            // Plain text is read to where it is wanted.
            if buffer.len() >= SAMPLE && converter.passes(&[]) {
                let count = self.inner.read(buffer)?;
                if count > 0 && converter.passes(&buffer[..count]) {
                    return Ok(count);
                }
                self.raw.clear();
                self.raw.extend_from_slice(&buffer[..count]);
            } else {
                self.raw.resize(PIECE, 0);
                match self.inner.read(&mut self.raw) {
                    Ok(count) => self.raw.truncate(count),
                    // It comes again when what was read before it has been taken.
                    Err(error) if error.kind() != io::ErrorKind::Interrupted && !converter.undecided.is_empty() => {
                        converter.convert_undecided(&mut self.ready);
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            }
            if self.raw.is_empty() {
                converter.finish(&mut self.ready);
                self.state = State::Ended;
            } else {
                converter.push(&self.raw, &mut self.ready);
            }
        }
    }
}

#[cfg(test)]
mod tests;
