//! Registry exports (.reg) of certificate stores: `"Blob"=hex:…` below `…\SystemCertificates\<store>\Certificates\<thumbprint>`.

use std::fmt::Write;
use std::iter::Peekable;

use sha1::{Digest, Sha1};

use crate::source::contents::{Contents, Fault, Format, Position, ProblemCode};
use crate::source::lines::newline;
use crate::source::properties::{StoreName, shared};
use crate::source::shape::{Shape, shape};
use crate::source::store_properties::{self, End};
use crate::source::text;

/// The first lines that regedit writes: version 5 in UTF-16, and version 4 in the system's code page.
const HEADERS: [&str; 2] = ["Windows Registry Editor Version 5.00", "REGEDIT4"];

/// The keys that hold stores.
const KEYS: [&str; 2] = ["SystemCertificates", "EnterpriseCertificates"];

/// Whether a text begins as a registry export does.
pub(crate) fn is_registry_export(text: &[u8]) -> bool {
    let text = text::decode(&text[..text.len().min(256)]);
    lines(&text).find(|line| !line.is_empty()).is_some_and(is_header)
}

/// Where in a text entries of stores begin, with or without the first lines of an export.
pub(crate) fn find(text: &[u8]) -> Option<usize> {
    /// No store has its name further on in a key.
    const NEAR: usize = 256;
    let value = memchr::memmem::rfind(text, b"\"Blob\"=")?;
    let is_of_store = |at: &usize| {
        let key = &text[*at..value.min(at + NEAR)];
        let key = &key[..memchr::memchr2(b'\n', b'\r', key).unwrap_or(key.len())];
        KEYS.iter().any(|name| memchr::memmem::find(key, name.as_bytes()).is_some())
    };
    memchr::memmem::find_iter(&text[..value], b"[HKEY").find(is_of_store)
}

fn is_header(line: &str) -> bool {
    HEADERS.iter().any(|header| line.eq_ignore_ascii_case(header))
}

/// Reads a registry export. Keys that are no store's entries, and values that are no `Blob`, are passed over, unless a certificate or
/// CRL is in them: then something around it is damaged.
pub(crate) fn read(text: &[u8]) -> Contents {
    read_lines(text, 1, false)
}

/// Reads a text that begins with entries of stores, in the line `first_line` of another; what else stands in it is passed over.
pub(crate) fn read_joined(text: &[u8], first_line: u64) -> Contents {
    read_lines(text, first_line, true)
}

fn read_lines(text: &[u8], first_line: u64, is_joined: bool) -> Contents {
    let mut reader =
        Reader { is_joined, entry: None, is_text: false, is_reported: false, contents: Contents::default() };
    let text = text::decode(text);
    let mut lines = lines(&text).zip(first_line..).peekable();
    while let Some((line, number)) = lines.next() {
        match Line::of(line) {
            Line::Nothing => {}
            Line::Key(key) => reader.key(key, number),
            Line::Value { name, data } => reader.value(name, data, number, &mut lines),
            Line::Other => reader.other(line, number, &mut lines),
        }
    }
    reader.contents
}

/// The lines of a text, however they end.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(char::from(newline(text.as_bytes()))).map(str::trim)
}

/// What a line is by its beginning.
enum Line<'a> {
    /// A blank line, a comment, or the first line of an export.
    Nothing,
    /// What stands behind the bracket.
    Key(&'a str),
    Value {
        name: &'a str,
        data: &'a str,
    },
    /// A line of a text that goes on over many, or damage.
    Other,
}

impl<'a> Line<'a> {
    fn of(line: &'a str) -> Self {
        if line.is_empty() || line.starts_with(';') || is_header(line) {
            return Self::Nothing;
        }
        if let Some(key) = line.strip_prefix('[') {
            return Self::Key(key);
        }
        let named = match line.strip_prefix('"') {
            Some(rest) => closing_quote(rest).map(|end| (&rest[..end], &rest[end + 1..])),
            None => line.strip_prefix('@').map(|rest| ("@", rest)),
        };
        match named.and_then(|(name, rest)| Some((name, rest.trim_start().strip_prefix('=')?))) {
            Some((name, data)) => Self::Value { name, data: data.trim_start() },
            None => Self::Other,
        }
    }
}

/// Where the quote that ends a text stands; a backslash takes its meaning from a quote or another backslash.
fn closing_quote(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    })
}

struct Reader {
    /// Whether something else may stand behind it.
    is_joined: bool,
    /// The entry whose values follow.
    entry: Option<Entry>,
    /// Whether a text was begun that no quote has ended: regedit writes line ends in it as they are.
    is_text: bool,
    /// Whether something was said of the bytes just before, so that what else of them cannot be read needs no more words.
    is_reported: bool,
    contents: Contents,
}

impl Reader {
    fn fault(&mut self, line: u64, message: impl Into<String>) {
        Fault::new(ProblemCode::Damaged, Position::Line(line), message).add_to(&mut self.contents.faults);
        self.is_reported = true;
    }

    fn key(&mut self, key: &str, number: u64) {
        (self.is_text, self.is_reported) = (false, false);
        // A key that the file deletes ("[-HKEY…]") names no entry.
        self.entry = key.strip_suffix(']').and_then(Entry::parse);
        if !key.ends_with(']') && !self.is_joined {
            self.fault(number, "expected a key in [brackets]");
        }
    }

    fn value<'a, I: Iterator<Item = (&'a str, u64)>>(
        &mut self,
        name: &str,
        data: &'a str,
        number: u64,
        lines: &mut Peekable<I>,
    ) {
        (self.is_text, self.is_reported) = (false, false);
        let digits = hex_digits(data);
        match self.entry.take_if(|_| name.trim().eq_ignore_ascii_case("blob")) {
            Some(entry) => {
                let (mut blob, mut fault) = hex_bytes(digits.unwrap_or(data), number, lines);
                if digits.is_none() {
                    let message = "expected hex: and the bytes of a Blob, found another type of value";
                    fault = Some(Fault::new(ProblemCode::Damaged, Position::Line(number), message));
                    blob.clear();
                }
                let mut read = entry.read(&blob, number);
                if let Some(fault) = fault {
                    // What is wrong with the text is the reason for whatever is wrong with its bytes.
                    read.faults = vec![fault];
                }
                self.is_reported = !read.faults.is_empty();
                self.contents.append(read);
                self.entry = Some(entry);
            }
            None if digits.is_none() && data.starts_with('"') => {
                self.is_text = closing_quote(&data[1..]).is_none();
            }
            None => {
                let (bytes, fault) = hex_bytes(digits.unwrap_or_else(|| after_colon(data)), number, lines);
                let name: String = name.chars().take(64).flat_map(char::escape_default).collect();
                let (found, place) = match &self.entry {
                    Some(_) => ("a value of another name", "it was read all the same"),
                    None => ("a key that is no entry of a store", "it was read, and its store is not known"),
                };
                if self.stray(&bytes, number) {
                    let message = format!(
                        "expected a certificate or CRL in the value \"Blob\" of an entry of a store, found one in {found} \
                         (\"{name}\"): {place}"
                    );
                    self.fault(number, message);
                } else if let Some(fault) = fault.filter(|fault| fault.code == ProblemCode::Truncated) {
                    fault.add_to(&mut self.contents.faults);
                }
            }
        }
    }

    /// A line that is neither a key nor a value.
    fn other<'a, I: Iterator<Item = (&'a str, u64)>>(&mut self, line: &'a str, number: u64, lines: &mut Peekable<I>) {
        if self.is_text {
            self.is_text = closing_quote(line).is_none();
        } else if self.is_joined {
            // It may be anything.
        } else if let Some(digits) = line.match_indices("hex").find_map(|(at, _)| hex_digits(&line[at..])) {
            let (bytes, _) = hex_bytes(digits, number, lines);
            let read = if self.stray(&bytes, number) { "what it holds was read" } else { "it was not read" };
            self.fault(number, format!("expected \"name\"=hex:, found bytes of a value without them: {read}"));
        } else if is_hex(line) {
            if !self.is_reported {
                self.fault(number, "expected a value's name before its bytes, found bytes alone: they were not read");
            }
        } else if line.ends_with(']') {
            self.entry = None;
            self.fault(number, "expected a key in [brackets]");
        }
    }

    /// Reads the bytes of a value that is no `Blob` of an entry, if a certificate or CRL is in them.
    fn stray(&mut self, bytes: &[u8], line: u64) -> bool {
        let mut read = match &self.entry {
            Some(entry) => entry.read(bytes, line),
            None => store_properties::read(bytes, 0, End::Bytes, Format::RegistryExport, |_| Position::Line(line)),
        };
        read.found.retain(|found| matches!(shape(&found.der), Shape::Certificate | Shape::Crl));
        let is_found = !read.found.is_empty();
        if is_found {
            self.contents.append(read);
        }
        is_found
    }
}

/// What stands behind `hex:`, or behind `hex(3):`, the same type by number, or another number.
fn hex_digits(data: &str) -> Option<&str> {
    let (hex, rest) = data.split_at_checked(3)?;
    let rest = if hex.eq_ignore_ascii_case("hex") { rest } else { return None };
    rest.strip_prefix(':').or_else(|| {
        let inside = rest.strip_prefix('(')?;
        let number = inside.bytes().take(8).take_while(u8::is_ascii_hexdigit).count();
        inside[number..].strip_prefix("):")
    })
}

/// What stands behind a type of value, whatever it is.
fn after_colon(data: &str) -> &str {
    data.split_once(':').map_or(data, |(_, digits)| digits)
}

/// Whether a line is the middle of a value: pairs of digits with commas between them.
fn is_hex(line: &str) -> bool {
    let digits = line.strip_suffix('\\').unwrap_or(line).trim_end_matches([',', ' ']);
    digits.contains(',')
        && digits
            .split(',')
            .all(|pair| pair.trim().len() == 2 && pair.trim().bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The bytes of a value, over as many lines as end in a backslash; and what is wrong with the text, up to which the bytes are good.
fn hex_bytes<'a, I: Iterator<Item = (&'a str, u64)>>(
    digits: &'a str,
    line: u64,
    lines: &mut Peekable<I>,
) -> (Vec<u8>, Option<Fault>) {
    let mut bytes = Vec::new();
    let mut fault = None;
    let (mut piece, mut line) = (digits, line);
    loop {
        let trimmed = piece.trim();
        let (digits, continues) = trimmed.strip_suffix('\\').map_or((trimmed, false), |digits| (digits, true));
        for byte in digits.split(',').map(str::trim).filter(|byte| !byte.is_empty()) {
            if fault.is_some() {
                break;
            }
            match u8::from_str_radix(byte, 16) {
                Ok(value) if byte.len() <= 2 && !byte.starts_with('+') => bytes.push(value),
                _ => {
                    let shown: String = byte.chars().take(8).flat_map(char::escape_default).collect();
                    let message = format!("expected two hexadecimal digits, found \"{shown}\"");
                    fault = Some(Fault::new(ProblemCode::Damaged, Position::Line(line), message));
                }
            }
        }
        if !continues {
            return (bytes, fault);
        }
        // Where the next line begins a key or a value, the backslash is damage.
        match lines.next_if(|(next, _)| !next.starts_with(['[', '"', '@'])) {
            Some(next) => (piece, line) = next,
            None => {
                let (code, found) = match lines.peek() {
                    Some(_) => (ProblemCode::Damaged, "the beginning of another key or value"),
                    None => (ProblemCode::Truncated, "the end of the file"),
                };
                let message = format!("expected the rest of a value's bytes, found {found}");
                let cut_off = || Fault::new(code, Position::Line(line), message);
                return (bytes, fault.or_else(|| Some(cut_off())));
            }
        }
    }
}

/// The key of one entry of a store.
struct Entry {
    store: StoreName,
    /// Its last component: the thumbprint, if all is well.
    name: String,
}

impl Entry {
    /// `…\SystemCertificates\<store>\Certificates\<thumbprint>` and its like for CRLs.
    fn parse(key: &str) -> Option<Self> {
        let parts: Vec<&str> = key.split('\\').collect();
        let is = |part: &str, names: &[&str]| names.iter().any(|name| part.eq_ignore_ascii_case(name));
        let at = parts.iter().position(|part| is(part, &KEYS))?;
        let [store, kind, name] = parts.get(at + 1..)? else { return None };
        if !is(kind, &["Certificates", "CRLs"]) || key.starts_with('-') {
            return None;
        }
        let store = StoreName { location: location(&parts[..=at]).as_deref().map(shared), name: shared(store) };
        Some(Self { store, name: (*name).to_owned() })
    }

    /// The certificate or CRL in its Blob, whose name must be its SHA-1.
    fn read(&self, blob: &[u8], line: u64) -> Contents {
        let position = Position::Line(line);
        let mut contents = store_properties::read(blob, 0, End::Bytes, Format::RegistryExport, |_| position);
        for found in &mut contents.found {
            let properties = found.properties.get_or_insert_default();
            properties.store = Some(self.store.clone());
            let thumbprint = Sha1::digest(&found.der).iter().fold(String::new(), |mut text, byte| {
                let _ = write!(text, "{byte:02X}");
                text
            });
            if !thumbprint.eq_ignore_ascii_case(&self.name) {
                let name: String = self.name.chars().take(64).flat_map(char::escape_default).collect();
                let message = format!(
                    "the entry is named {name}, and what it holds has the thumbprint {thumbprint}: Windows passes over such \
                     an entry, so export the certificate itself, or restore the store"
                );
                properties.stored_under = Some(name.to_ascii_uppercase());
                Fault::new(ProblemCode::Damaged, position, message).add_to(&mut contents.faults);
            }
        }
        contents
    }
}

/// The location by the names of CERT_SYSTEM_STORE_… (Microsoft: "System Store Locations"); of hives that were loaded elsewhere the root key
/// is all that is known.
fn location(path: &[&str]) -> Option<String> {
    let has = |name: &str| path.iter().any(|part| part.eq_ignore_ascii_case(name));
    let root = path.first()?;
    let is = |names: [&str; 2]| names.iter().any(|name| root.eq_ignore_ascii_case(name));
    let base = if is(["HKEY_LOCAL_MACHINE", "HKLM"]) {
        "LocalMachine".to_owned()
    } else if is(["HKEY_CURRENT_USER", "HKCU"]) {
        "CurrentUser".to_owned()
    } else if is(["HKEY_USERS", "HKU"]) {
        format!("Users\\{}", path.get(1)?)
    } else {
        return None;
    };
    if has("EnterpriseCertificates") {
        Some(base + "Enterprise")
    } else if has("Policies") {
        Some(base + "GroupPolicy")
    } else if let Some(at) = path.iter().position(|part| part.eq_ignore_ascii_case("Services")) {
        // HKLM\Software\Microsoft\Cryptography\Services\<service>\SystemCertificates
        Some(format!("Services\\{}", path.get(at + 1)?))
    } else {
        Some(base)
    }
}

#[cfg(test)]
mod tests;
