//! Where results go: standard output, a file that is written whole or not at all, or a device or pipe.

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use crate::cli::Stop;
use crate::cli::args::{Color, Common, Output};
use crate::cli::exit::ExitStatus;
use crate::report::sanitize;
use crate::report::style::Style;

/// A result being written.
pub(crate) struct Sink {
    writer: BufWriter<Box<dyn Write>>,
    /// How the result begins, until it has.
    beginning: Vec<u8>,
    /// As the user calls it; `None` for standard output.
    name: Option<PathBuf>,
    /// The file under its temporary name, and the name that it gets.
    file: Option<(tempfile::NamedTempFile, PathBuf)>,
}

const BUFFER: usize = 1 << 17;

impl Sink {
    /// Opens the output before any work is done, so that one that cannot be written is told at once.
    pub(crate) fn open(output: &Output) -> Result<Self, Stop> {
        let Some(path) = &output.output else {
            return Ok(Self::standard_output());
        };
        if path.is_dir() {
            return Err(cannot(path, "it is a folder; give a file in it"));
        }
        let opened = Place::of(path).and_then(|place| match place {
            Place::StandardOutput => Ok((Box::new(io::stdout()) as Box<dyn Write>, None)),
            Place::Open(options) => Ok((Box::new(options.open(path)?) as Box<dyn Write>, None)),
            Place::File(place) => {
                let file = tempfile::Builder::new()
                    .prefix(".certpath-")
                    .permissions_of(&place)
                    .tempfile_in(folder_of(&place))
                    .map_err(|error| no_file_in(folder_of(&place), &error))?;
                let writer = file.reopen().map_err(|error| no_file_in(folder_of(&place), &error))?;
                Ok((Box::new(writer) as Box<dyn Write>, Some((file, place))))
            }
        });
        let (writer, file) = opened.map_err(|error| cannot(path, &sanitize::terminal(&error.to_string())))?;
        Ok(Self { file, name: Some(path.clone()), ..Self::to(writer) })
    }

    /// Standard output.
    pub(crate) fn standard_output() -> Self {
        Self::to(Box::new(io::stdout()))
    }

    fn to(writer: Box<dyn Write>) -> Self {
        Self { writer: BufWriter::with_capacity(BUFFER, writer), beginning: Vec::new(), name: None, file: None }
    }

    /// What is written before anything else, and not at all where nothing is: a run that finds nothing to tell of leaves no torso.
    pub(crate) fn begin(&mut self, bytes: &[u8]) {
        self.beginning.extend_from_slice(bytes);
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let beginning = std::mem::take(&mut self.beginning);
        let result = self.writer.write_all(&beginning).and_then(|()| self.writer.write_all(bytes));
        self.check(result)
    }

    /// Writes unless an earlier write failed: for callbacks, which cannot stop what calls them.
    pub(crate) fn write_on(&mut self, written: &mut Result<(), Stop>, bytes: &[u8]) {
        if written.is_ok() {
            *written = self.write(bytes);
        }
    }

    /// Writes what a function makes, as it makes it.
    pub(crate) fn write_with(&mut self, make: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Stop> {
        self.write(&[])?;
        let result = make(&mut self.writer);
        self.check(result)
    }

    /// Hands everything over; a file gets its name only now.
    pub(crate) fn finish(mut self) -> Result<(), Stop> {
        self.write(&[])?;
        let result = self.writer.flush();
        self.check(result)?;
        if let Some((file, place)) = self.file.take() {
            let result = file.as_file().sync_all().and_then(|()| {
                // Windows renames no file that is open.
                self.writer = BufWriter::new(Box::new(io::sink()));
                file.persist(place).map(drop).map_err(|error| error.error)
            });
            self.check(result)?;
        }
        Ok(())
    }

    fn check(&self, result: io::Result<()>) -> Result<(), Stop> {
        result.map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe if self.file.is_none() => Stop::ReaderGone,
            _ => {
                let name = self.name.as_deref().unwrap_or(Path::new("standard output"));
                cannot(name, &format!("{error}{}", advice(&error)))
            }
        })
    }
}

/// What the path of an output leads to, symbolic links followed.
#[derive(Debug)]
enum Place {
    /// A file, there or not: it is replaced, and the links to it stay.
    File(PathBuf),
    /// What is there and cannot be replaced, a device or a pipe: it is opened so and written to.
    Open(OpenOptions),
    /// Standard output by a name of its own, such as `/dev/stdout`.
    StandardOutput,
}

/// How many links in a row are followed, as Linux does.
pub(crate) const LINKS: usize = 40;

impl Place {
    fn of(path: &Path) -> io::Result<Self> {
        let mut place = path.to_path_buf();
        for _ in 0..=LINKS {
            if let Some(opened) = Self::opened_before(&place) {
                return Ok(opened);
            }
            match fs::read_link(&place) {
                Ok(target) => place = folder_of(&place).join(target),
                Err(_) if fs::metadata(&place).is_ok_and(|found| !found.is_file()) => {
                    return Ok(Self::Open(OpenOptions::new().write(true).clone()));
                }
                Err(_) => return Ok(Self::File(place)),
            }
        }
        Err(io::Error::other(format!("expected at most {LINKS} symbolic links in a row, found more")))
    }

    /// The name of a file that a process holds open: `/dev/fd/63` of a shell's process substitution. Where its link leads may be no
    /// path at all, or that of a file that whoever opened it goes on with.
    fn opened_before(place: &Path) -> Option<Self> {
        let folder = fs::canonicalize(folder_of(place)).ok()?;
        let is_own = fs::canonicalize("/dev/fd").is_ok_and(|own| own == folder);
        if is_own && place.file_name()? == "1" {
            return Some(Self::StandardOutput);
        }
        (is_own || folder.starts_with("/proc") && folder.ends_with("fd"))
            .then(|| Self::Open(OpenOptions::new().append(true).clone()))
    }
}

pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The elements of a JSON list, written as they come: for callbacks, as [`Sink::write_on`] is.
pub(crate) struct Elements {
    written: Result<(), Stop>,
    is_first: bool,
}

impl Elements {
    pub(crate) fn new() -> Self {
        Self { written: Ok(()), is_first: true }
    }

    pub(crate) fn write(&mut self, sink: &mut Sink, element: &[u8]) {
        if !std::mem::take(&mut self.is_first) {
            sink.write_on(&mut self.written, b",\n");
        }
        sink.write_on(&mut self.written, element);
    }

    pub(crate) fn finish(self) -> Result<(), Stop> {
        self.written
    }
}

/// New files are readable as any other file is, not by their owner alone as temporary ones are.
trait PermissionsOf {
    fn permissions_of(&mut self, path: &Path) -> &mut Self;
}

impl PermissionsOf for tempfile::Builder<'_, '_> {
    #[cfg(unix)]
    fn permissions_of(&mut self, path: &Path) -> &mut Self {
        use std::os::unix::fs::PermissionsExt;
        let permissions = std::fs::metadata(path).map(|metadata| metadata.permissions());
        // Without a file there, the process' own mask decides, as for any new file.
        self.permissions(permissions.unwrap_or_else(|_| std::fs::Permissions::from_mode(0o666)))
    }

    #[cfg(not(unix))]
    fn permissions_of(&mut self, _path: &Path) -> &mut Self {
        self
    }
}

/// Why no file can be made there: the error itself names one that nobody asked for.
fn no_file_in(folder: &Path, error: &io::Error) -> io::Error {
    let name = folder.display();
    let message = match error.kind() {
        _ if folder.exists() && !folder.is_dir() => format!("{name} is no folder; correct the path"),
        io::ErrorKind::NotFound => format!("there is no folder {name}; make it first, or correct the path"),
        io::ErrorKind::PermissionDenied => {
            format!("no file may be made in the folder {name}; choose one that you may write to")
        }
        kind => format!("no file can be made in the folder {name}: {kind}"),
    };
    io::Error::new(error.kind(), message)
}

/// What to do where writing failed on the way.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; make room, or write to another disk",
        io::ErrorKind::FileTooLarge => "; raise the limit on the size of files, or give a shorter --format",
        _ => "",
    }
}

fn cannot(path: &Path, why: &str) -> Stop {
    let name = sanitize::terminal(&path.display().to_string());
    Stop::Because(ExitStatus::Output, format!("{name}: the output could not be written: {why}"))
}

/// What came of it that another wrote to standard output.
pub(crate) fn written(result: io::Result<()>) -> Result<(), Stop> {
    Sink::standard_output().check(result.and_then(|()| io::stdout().flush()))
}

/// Says on standard error why the program stops. What names, settings and arguments put into it is made harmless here.
pub(crate) fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "certpath: {}", sanitize::terminal(message));
}

/// As [`complain`], of a text that has its lines and its beginning already.
pub(crate) fn complain_in_lines(text: &str) {
    for line in text.lines() {
        let _ = writeln!(io::stderr(), "{}", sanitize::terminal(line));
    }
}

/// How text for people is laid out where it goes.
pub(crate) fn style(common: &Common, output: &Output) -> Style {
    let is_terminal = output.output.is_none() && io::stdout().is_terminal();
    let width = is_terminal.then(terminal_size::terminal_size).flatten().map(|(width, _)| usize::from(width.0).max(40));
    let color = match common.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => is_terminal && anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
    };
    let verbose = common.verbose > 0;
    // What PowerShell 5.1 reads from a program it takes for the console's old code page.
    let unicode = is_terminal || !cfg!(windows);
    Style { width, color, unicode, verbose, rows: (is_terminal && !verbose).then_some(200) }
}
