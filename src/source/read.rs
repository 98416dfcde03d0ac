//! One input, read: whole where it is small or has no parts, in batches where it is a long text.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::source::base64_body;
use crate::source::batches::{Batches, Layout};
use crate::source::between::{self, Place, Within};
use crate::source::certutil;
use crate::source::container::container;
use crate::source::contents::{Contents, Fault, Format, Position, ProblemCode};
use crate::source::lines::newline;
use crate::source::live;
use crate::source::objects::{self, Expected};
use crate::source::passwords::{Passwords, ReadContext};
use crate::source::pem;
use crate::source::pkcs12;
use crate::source::registry;
use crate::source::serialized_store;
use crate::source::shape::REQUEST;
use crate::source::sniff::{self, Content, HEAD, Looks};
use crate::source::text::{self, TextReader};
use crate::source::walk::{self, Input, Origin};

/// An input that was opened.
pub(crate) enum Opened {
    /// All that it holds.
    Whole(Contents),
    /// A long text, to be read batch by batch.
    Batches(Batches<Box<dyn Read + Send>>),
    /// Nothing, as there is no room for it beside the others.
    Later,
}

/// How many bytes of files may be held side by side.
pub(crate) struct Room(AtomicU64);

impl Room {
    pub(crate) fn new(bytes: u64) -> Self {
        Self(AtomicU64::new(bytes))
    }

    fn take(&self, bytes: u64) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }
}

/// Smaller files are read whole; larger ones are looked at first.
const SMALL: u64 = 8 * 1024 * 1024;
/// The largest input that is held in memory: a PKCS#7 or serialized store of some 300,000 certificates. PEM and the output of
/// certutil -view have no limit.
const MAX_WHOLE: u64 = 512 * 1024 * 1024;

/// Opens an input and reads it as far as that takes bounded memory; a file only where there is room for it.
pub(crate) fn open(input: &Input, passwords: &Passwords, room: Option<&Room>) -> Opened {
    let context = ReadContext { name: &input.name, passwords };
    let result = match &input.origin {
        Origin::File(path) => open_file(path, input, context, room),
        Origin::StandardInput => open_stream(Box::new(io::stdin()), None, input.looks, context),
        Origin::Store(store) => return Opened::Whole(live::read_store(store)),
    };
    result.unwrap_or_else(|error| Opened::Whole(unreadable(&error)))
}

/// Whether a file that is met in a folder gives something, be it a problem.
pub(crate) fn is_read_in_a_folder(path: &Path) -> bool {
    let (name, origin, looks) = (String::new(), Origin::File(path.to_owned()), Looks::of(path));
    let passwords = Passwords::default();
    match open(&Input { name, origin, looks, is_explicit: false, is_regular: true }, &passwords, None) {
        Opened::Later => false,
        Opened::Whole(contents) => !contents.is_empty(),
        Opened::Batches(mut batches) => {
            batches.any(|batch| !batch.read(ReadContext { name: "", passwords: &passwords }).is_empty())
        }
    }
}

#[cfg(test)]
/// Reads an input to its end, handing over what it holds part by part and in order.
pub(crate) fn read_input(input: &Input, passwords: &Passwords, mut each: impl FnMut(Contents)) {
    match open(input, passwords, None) {
        Opened::Later => {}
        Opened::Whole(contents) => each(contents),
        Opened::Batches(batches) => {
            batches.for_each(|batch| each(batch.read(ReadContext { name: &input.name, passwords })))
        }
    }
}

pub(crate) fn unreadable(error: &io::Error) -> Contents {
    let code = if error.kind() == io::ErrorKind::NotFound { ProblemCode::NotFound } else { ProblemCode::Unreadable };
    let advice = match error.kind() {
        io::ErrorKind::NotFound => "; it was there when the folder was read",
        _ => walk::advice_on(error),
    };
    Contents::fault(code, Position::Whole, format!("expected a file that can be read, found: {error}{advice}"))
}

fn open_file(path: &Path, input: &Input, context: ReadContext<'_>, room: Option<&Room>) -> io::Result<Opened> {
    if !input.is_regular && !std::fs::metadata(path)?.is_file() {
        // A pipe or a device is read only where it was named itself.
        return if is_socket(path) {
            Err(io::Error::other("it is a socket; give a file, a folder or a pipe"))
        } else if input.is_explicit && !path.is_dir() {
            open_stream(Box::new(File::open(path)?), None, input.looks, context)
        } else {
            Err(io::Error::other("it is no regular file"))
        };
    }
    let mut file = open_regular(path)?;
    let before = file.metadata()?;
    if !before.is_file() {
        return Err(io::Error::other("it is no regular file any more"));
    }
    if room.is_some_and(|room| !room.take(before.len())) {
        return Ok(Opened::Later);
    }
    if before.len() > SMALL {
        let watched = Watched { file, before: before.clone(), count: 0 };
        return open_stream(Box::new(watched), Some(before.len()), input.looks, context);
    }
    // Files that the system makes up tell no size. Of others no more is read than they had: one that grows is told by its new size.
    let most = if before.len() == 0 { SMALL + 1 } else { before.len() };
    let mut bytes = Vec::with_capacity(usize::try_from(before.len()).unwrap_or(0));
    Read::by_ref(&mut file).take(most).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > SMALL {
        return open_stream(Box::new(Cursor::new(bytes).chain(file)), None, input.looks, context);
    }
    let mut contents = read_bytes(&bytes, input.looks, context);
    if has_changed(&before, &file.metadata()?, bytes.len() as u64) {
        contents.faults.push(Fault::new(ProblemCode::Unreadable, Position::Whole, CHANGED));
    }
    Ok(Opened::Whole(contents))
}

fn is_socket(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

const CHANGED: &str =
    "expected a file at rest, found one that changed while it was read; run this again when it is written";

/// Files that the system makes up (`/proc`) say that they are empty.
fn has_changed(before: &Metadata, after: &Metadata, count: u64) -> bool {
    let is_made_up = before.len() == 0 && after.len() == 0;
    !is_made_up && (before.len() != count || after.len() != count || before.modified().ok() != after.modified().ok())
}

/// Opens what was a regular file a moment ago, without waiting if it has become a pipe.
fn open_regular(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        const O_NONBLOCK: i32 = 0o4000;
        options.custom_flags(O_NONBLOCK);
    }
    options.open(path)
}

/// A file that is noticed to change while it is read.
struct Watched {
    file: File,
    before: Metadata,
    count: u64,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // No more than it had is read of one that grows, and one byte to know that it does.
        let left = self.before.len().saturating_sub(self.count).max(1);
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.file.read(&mut buffer[..most])?;
        self.count += count as u64;
        let has_ended = count == 0 && !buffer.is_empty();
        if self.count > self.before.len() || has_ended && has_changed(&self.before, &self.file.metadata()?, self.count)
        {
            return Err(io::Error::other("the file changed while it was read; run this again when it is written"));
        }
        Ok(count)
    }
}

/// Reads what has no size, or too much of it to be read before it is looked at.
fn open_stream(
    mut reader: Box<dyn Read + Send>,
    size: Option<u64>,
    looks: Looks,
    context: ReadContext<'_>,
) -> io::Result<Opened> {
    let mut head = vec![0; HEAD];
    let (count, result) = text::fill(&mut reader, &mut head);
    head.truncate(count);
    if let Err(error) = result {
        let mut contents = read_bytes(&head, looks, context);
        contents.append(unreadable(&error));
        return Ok(Opened::Whole(contents));
    }
    if count < HEAD {
        return Ok(Opened::Whole(read_bytes(&head, looks, context)));
    }
    let content = sniff::sniff(&head);
    let blocks = || Layout::Blocks { newline: newline(&text::normalise(&head)) };
    let layout = match &content {
        Content::Pem | Content::OtherText | Content::Listing(_) | Content::Empty => blocks(),
        // What the beginning is says nothing of the rest: a request, or damage, may stand before certificates.
        Content::Foreign(_) if sniff::is_text(&head) => blocks(),
        Content::OtherBinary if may_hold_blocks(&head, looks) => Layout::Blocks { newline: b'\n' },
        Content::CertutilView(view) => Layout::Rows(view.clone()),
        Content::CertutilCsv(table) => Layout::Table(table.clone()),
        Content::OtherBinary | Content::Foreign(_) => return Ok(Opened::Whole(nothing(&content, &head, looks))),
        _ => return read_whole(head, reader, size, looks, context),
    };
    let if_nothing = match layout {
        Layout::Rows(_) => certutil::nothing().faults.pop(),
        _ => nothing(&content, &head, looks).faults.pop(),
    };
    let container = container(&head).map(|container| container.beside_blocks());
    let whole: Box<dyn Read + Send> = Box::new(TextReader::new(Cursor::new(head).chain(reader)));
    let batches = Batches::new(whole, layout, looks != Looks::Unknown, if_nothing);
    Ok(Opened::Batches(batches.in_container(container)))
}

fn read_whole(
    head: Vec<u8>,
    reader: Box<dyn Read + Send>,
    size: Option<u64>,
    looks: Looks,
    context: ReadContext<'_>,
) -> io::Result<Opened> {
    let mut bytes = head;
    if size.is_none_or(|size| size <= MAX_WHOLE) {
        bytes.reserve_exact(size.map_or(0, |size| usize::try_from(size).unwrap_or(0).saturating_sub(bytes.len()) + 1));
        reader.take(MAX_WHOLE + 1 - bytes.len() as u64).read_to_end(&mut bytes)?;
        if bytes.len() as u64 <= MAX_WHOLE {
            return Ok(Opened::Whole(read_bytes(&bytes, looks, context)));
        }
    }
    let found = size.map_or_else(|| "more".to_owned(), |size| format!("{size} bytes"));
    Ok(Opened::Whole(Contents::fault(
        ProblemCode::Limit,
        Position::Whole,
        format!(
            "expected at most {} MiB of a format that is read whole, found {found}; split it, or export the certificates as PEM, \
             which has no limit",
            MAX_WHOLE >> 20
        ),
    )))
}

/// Reads an input that is whole in memory.
pub(crate) fn read_bytes(bytes: &[u8], looks: Looks, context: ReadContext<'_>) -> Contents {
    let mut contents = read_content(bytes, looks, context);
    if !contents.is_empty()
        && let Some(container) = container(bytes)
        && !contents.faults.iter().any(|fault| fault.message.ends_with(&container.to_string()))
    {
        contents.faults.push(container.beside_blocks());
    }
    if looks != Looks::Unknown && contents.is_empty() {
        let message = "expected certificates, CRLs or a store of them, found none of these in it";
        return Contents::fault(ProblemCode::Empty, Position::Whole, message);
    }
    contents
}

/// Whether PEM is looked for in what is no text: where certificates are expected, and in a text that is damaged.
fn may_hold_blocks(bytes: &[u8], looks: Looks) -> bool {
    looks != Looks::Unknown || text::is_mostly_text(bytes)
}

fn read_content(bytes: &[u8], looks: Looks, context: ReadContext<'_>) -> Contents {
    if !sniff::is_text(bytes) {
        return match sniff::sniff_binary(bytes) {
            Content::OtherBinary if may_hold_blocks(bytes, looks) && pem::is_pem(bytes) => {
                pem::read(bytes, context).resolve(looks != Looks::Unknown)
            }
            content => {
                read_binary(&content, bytes, Format::Der, looks, context, |offset| Position::Byte(offset as u64))
            }
        };
    }
    let text = text::normalise(bytes);
    match sniff::sniff_text(&text) {
        Content::Pem => pem::read(&text, context).resolve(looks != Looks::Unknown),
        Content::CertutilView(view) => match view.read(&text, 1, context).resolve(true) {
            contents if contents.is_empty() => certutil::nothing(),
            contents => contents,
        },
        Content::CertutilCsv(table) => table.read(&text, 1, true, context),
        Content::RegistryExport => {
            let within = Within::RegistryExport;
            let mut contents = registry::read(&text);
            if pem::is_pem(&text) {
                let part = pem::Part::whole(&text, within);
                contents.append(pem::read_part(&text, &part, context).resolve(looks != Looks::Unknown));
            } else {
                between::search(&text, &Place { within, ..place(1, &text, context) }, &mut contents);
            }
            contents
        }
        Content::HexDump => {
            let mut contents = Contents::default();
            between::search(&text, &place(1, &text, context), &mut contents);
            contents
        }
        Content::Base64 => read_base64(&text, looks, context),
        Content::OtherText => read_other_text(&text, looks, context),
        content => nothing(&content, &text, looks),
    }
}

fn place<'a>(line: u64, text: &[u8], context: ReadContext<'a>) -> Place<'a> {
    Place::new(line, newline(text), context)
}

/// Reads a text that begins as nothing that is known: a mail, say, with what is attached to it in base64.
fn read_other_text(text: &[u8], looks: Looks, context: ReadContext<'_>) -> Contents {
    let mut contents = pem::read(text, context).resolve(looks != Looks::Unknown);
    if contents.found.is_empty() && (looks == Looks::Unknown || contents.faults.is_empty()) {
        return nothing(&Content::OtherText, text, looks);
    }
    contents.faults.extend(between::no_text(text, 1, newline(text)));
    contents
}

/// Reads a text that begins as base64, and what stands behind that.
fn read_base64(text: &[u8], looks: Looks, context: ReadContext<'_>) -> Contents {
    let (mut contents, rest) = base64_body::read(text, |bytes, line| {
        let position = Position::Line(line);
        between::decoded(bytes, position, &place(line, text, context)).unwrap_or_else(|| {
            read_binary(&sniff::sniff_binary(bytes), bytes, Format::Base64, looks, context, |_| position)
        })
    });
    if let Some(rest) = rest {
        let mut beside = Contents::default();
        between::search(rest.text, &place(rest.line, text, context), &mut beside);
        // A line with base64 in it was spoiled; any other is where something else was joined.
        if beside.found.is_empty() || rest.is_spoiled() {
            contents.faults.push(rest.fault);
        }
        contents.append(beside);
    }
    contents
}

/// Reads what is encoded; `place` tells the position of an offset.
fn read_binary(
    content: &Content,
    bytes: &[u8],
    format: Format,
    looks: Looks,
    context: ReadContext<'_>,
    place: impl Fn(usize) -> Position,
) -> Contents {
    match content {
        Content::Objects => objects::read(bytes, Expected::Anything, format, place),
        Content::Pkcs12 => pkcs12::read(bytes, context).placed(place),
        Content::SerializedStore => serialized_store::read(bytes),
        Content::RegistryBlob => serialized_store::read_blob(bytes),
        content => nothing(content, bytes, looks),
    }
}

/// What is said of an input that holds nothing: no word, if it does not look like certificates either.
fn nothing(content: &Content, bytes: &[u8], looks: Looks) -> Contents {
    if looks == Looks::Unknown {
        return Contents::default();
    }
    let (code, found) = match content {
        Content::Empty => (ProblemCode::Empty, "nothing".to_owned()),
        Content::Listing(listing) => (ProblemCode::Empty, listing.advice().to_owned()),
        Content::Foreign(REQUEST) => {
            (ProblemCode::Empty, format!("{REQUEST}, which holds no certificate; give what the CA issued for it"))
        }
        Content::Foreign(name) => (ProblemCode::Empty, format!("{name}, which holds no certificate")),
        Content::OtherText if container(bytes).is_none() => {
            let line =
                bytes.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii).find(|line| !line.is_empty());
            let line = text::decode(line.map_or(&[][..], |line| &line[..line.len().min(40)])).into_owned();
            (ProblemCode::Damaged, format!("a text without any, which begins with {line:?}"))
        }
        _ => match container(bytes) {
            Some(container) => (ProblemCode::Unsupported, container.to_string()),
            None => (ProblemCode::Damaged, format!("bytes that begin with {}", objects::beginning(bytes))),
        },
    };
    let message = format!("expected certificates, CRLs or a store of them in a format that is read, found {found}");
    Contents::fault(code, Position::Whole, message)
}

#[cfg(test)]
mod joined_tests;
#[cfg(test)]
mod tests;
