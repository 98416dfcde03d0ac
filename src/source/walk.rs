//! From SOURCEs to inputs: folders walked to any depth, in the order of names, one input at a time.
//!
//! A folder's names are held while it is walked, and nothing else: a million files in a folder take some tens of megabytes. The
//! walk is our own, because `walkdir` keeps every full path to sort them, and follows links into the same folder as often as there
//! are ways to it.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{DirEntry, FileType, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::source::argument::Source;
use crate::source::contents::{Fault, Position, ProblemCode};
use crate::source::paths_from::PathsFrom;
use crate::source::sniff::Looks;
use crate::source::store_source::StoreSource;

/// One thing to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    /// The name in every output.
    pub(crate) name: String,
    pub(crate) origin: Origin,
    pub(crate) looks: Looks,
    /// Whether it was named itself, not met in a folder or a list.
    pub(crate) is_explicit: bool,
    /// Whether the folder that it was met in says that it is a regular file.
    pub(crate) is_regular: bool,
}

/// Where an input's bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    File(PathBuf),
    StandardInput,
    Store(StoreSource),
}

/// An input that cannot even be begun with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InputFault {
    pub(crate) name: String,
    pub(crate) fault: Fault,
}

impl InputFault {
    pub(crate) fn new(name: String, code: ProblemCode, message: impl Into<String>) -> Self {
        Self { name, fault: Fault::new(code, Position::Whole, message) }
    }
}

/// A path for people and programs. What is no Unicode becomes `\xNN`, and a backslash that could be mistaken for the start of
/// that is doubled, so that no two paths look the same.
pub(crate) fn display_name(path: &Path) -> String {
    #[cfg(unix)]
    {
        use std::fmt::Write as _;
        use std::os::unix::ffi::OsStrExt as _;
        let mut name = String::new();
        for chunk in path.as_os_str().as_bytes().utf8_chunks() {
            let mut characters = chunk.valid().chars().peekable();
            while let Some(character) = characters.next() {
                name.push(character);
                let next = characters.peek().copied();
                let is_last = next.is_none() && !chunk.invalid().is_empty();
                if character == '\\' && (is_last || matches!(next, Some('x' | '\\'))) {
                    name.push('\\');
                }
            }
            for byte in chunk.invalid() {
                let _ = write!(name, "\\x{byte:02x}");
            }
        }
        name
    }
    #[cfg(not(unix))]
    {
        path.to_string_lossy().into_owned()
    }
}

/// Which folder it is, whatever way led to it.
#[cfg(unix)]
pub(crate) type FolderId = (u64, u64);
#[cfg(not(unix))]
pub(crate) type FolderId = PathBuf;

#[cfg(unix)]
fn folder_id(_path: &Path, metadata: &Metadata) -> Option<FolderId> {
    use std::os::unix::fs::MetadataExt as _;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn folder_id(path: &Path, _metadata: &Metadata) -> Option<FolderId> {
    std::fs::canonicalize(path).ok()
}

/// Which folder this leads to; `None` where there is none.
pub(crate) fn id_of_folder(path: &Path) -> Option<FolderId> {
    let metadata = std::fs::metadata(path).ok().filter(Metadata::is_dir)?;
    folder_id(path, &metadata)
}

/// What a folder holds, from the last name to the first.
struct Folder {
    path: PathBuf,
    id: Option<FolderId>,
    names: Vec<(Box<OsStr>, FileType)>,
}

/// The inputs that SOURCEs stand for, in their order.
pub(crate) struct Inputs<I> {
    sources: I,
    /// Whether the SOURCEs are arguments: a list names what it found, not what someone chose.
    is_explicit: bool,
    folders: Vec<Folder>,
    visited: HashSet<FolderId>,
    /// A folder that is not opened where it is met in another one.
    left_out: Option<FolderId>,
}

/// The inputs of SOURCEs on the command line; see also [`crate::source::argument::check`].
pub(crate) fn inputs(sources: &[Source]) -> Inputs<impl Iterator<Item = Result<Source, InputFault>>> {
    Inputs::new(sources.iter().cloned().map(Ok), true)
}

/// The inputs of a list of SOURCEs, one a line, that has this name.
pub(crate) fn inputs_of_list<R: Read>(list: R, name: &str) -> Inputs<impl Iterator<Item = Result<Source, InputFault>>> {
    Inputs::new(PathsFrom::new(list, name), false)
}

impl<I: Iterator<Item = Result<Source, InputFault>>> Inputs<I> {
    fn new(sources: I, is_explicit: bool) -> Self {
        Self { sources, is_explicit, folders: Vec::new(), visited: HashSet::new(), left_out: None }
    }

    /// Without what this folder holds, where it lies in one that is walked; where it was named itself, it is read.
    pub(crate) fn leaving_out(self, folder: Option<&Path>) -> Self {
        Self { left_out: folder.and_then(id_of_folder), ..self }
    }

    /// What a path is: an input, or a folder that is opened, or nothing that is read.
    fn visit(&mut self, path: PathBuf, file_type: Option<FileType>) -> Option<Result<Input, InputFault>> {
        let is_explicit = self.is_explicit && self.folders.is_empty();
        let looks = if is_explicit { Looks::Named } else { Looks::of(&path) };
        let is_regular = file_type.is_some_and(|file_type| file_type.is_file());
        let is_file = match file_type {
            Some(file_type) if !file_type.is_symlink() && !file_type.is_dir() => is_regular,
            _ => match std::fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => return self.open(path, &metadata).map(Err),
                Ok(metadata) => metadata.is_file(),
                Err(error) => return self.missing(&path, &error, looks).map(Err),
            },
        };
        if !is_file && !is_explicit {
            // A pipe, a device or a socket: never opened, since that alone may wait or have effects.
            return (looks != Looks::Unknown).then(|| {
                let message = "expected a regular file, found a pipe, a device or a socket, which is not opened in a folder or a list";
                Err(InputFault::new(display_name(&path), ProblemCode::Unreadable, message))
            });
        }
        Some(Ok(Input { name: display_name(&path), origin: Origin::File(path), looks, is_explicit, is_regular }))
    }

    fn missing(&self, path: &Path, error: &std::io::Error, looks: Looks) -> Option<InputFault> {
        // A name that was met is one that the system has: it refuses the length of the whole path, and what is there stays unread.
        let is_missing = is_missing(error) && (self.folders.is_empty() || !is_invalid(error));
        if is_missing && !self.folders.is_empty() && looks == Looks::Unknown {
            // A link to nothing, or a file that went away, and of no name that matters.
            return None;
        }
        let name = display_name(path);
        // What was met in a folder stands behind no file.
        if self.folders.is_empty()
            && let Some(message) = behind_a_file(path)
        {
            return Some(InputFault::new(name, ProblemCode::NotFound, message));
        }
        let (code, advice) = match (is_missing, name.contains('?')) {
            (true, true) => (
                ProblemCode::NotFound,
                "; a \"?\" may stand for a letter that Windows PowerShell lost: set $OutputEncoding = [Text.Encoding]::UTF8",
            ),
            (true, false) => (ProblemCode::NotFound, advice(path, error)),
            (false, _) => (ProblemCode::Unreadable, advice(path, error)),
        };
        Some(InputFault::new(name, code, format!("expected a file or a folder, found: {error}{advice}")))
    }

    /// Reads a folder's names.
    fn open(&mut self, path: PathBuf, metadata: &Metadata) -> Option<InputFault> {
        let id = folder_id(&path, metadata);
        if let Some(id) = &id {
            if !self.folders.is_empty() && self.left_out.as_ref() == Some(id) {
                return None;
            }
            if self.folders.iter().any(|folder| folder.id.as_ref() == Some(id)) {
                let message = "expected a folder, found a link back to a folder above it; what is in it is read once";
                return Some(InputFault::new(display_name(&path), ProblemCode::Limit, message));
            }
            let is_named = self.is_explicit && self.folders.is_empty();
            #[cfg_attr(unix, allow(clippy::clone_on_copy))]
            let is_new = self.visited.insert(id.clone());
            if !is_new && !is_named {
                // It was read on another way.
                return None;
            }
        }
        let mut names: Vec<(Box<OsStr>, FileType)> = Vec::new();
        let mut fault = None;
        let mut refuse = |path: &Path, error: &std::io::Error| {
            let message = format!("expected a folder that can be read, found: {error}{}", advice(path, error));
            fault = Some(InputFault::new(display_name(path), ProblemCode::Unreadable, message));
        };
        let read = |entry: std::io::Result<DirEntry>| {
            let entry = entry.map_err(|error| (path.clone(), error))?;
            let file_type = entry.file_type().map_err(|error| (entry.path(), error))?;
            Ok((entry.file_name().into_boxed_os_str(), file_type))
        };
        let entries = std::fs::read_dir(&path).inspect_err(|error| refuse(&path, error));
        for entry in entries.into_iter().flatten().map(read) {
            match entry {
                Ok(name) => names.push(name),
                Err((place, error)) => refuse(&place, &error),
            }
        }
        names.sort_unstable_by(|a, b| b.0.cmp(&a.0));
        self.folders.push(Folder { path, id, names });
        fault
    }
}

impl<I: Iterator<Item = Result<Source, InputFault>>> Iterator for Inputs<I> {
    type Item = Result<Input, InputFault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let found = match self.folders.last_mut() {
                Some(folder) => match folder.names.pop() {
                    Some((name, file_type)) => {
                        let path = folder.path.join(&*name);
                        self.visit(path, Some(file_type))
                    }
                    None => {
                        self.folders.pop();
                        None
                    }
                },
                None => match self.sources.next()? {
                    Ok(Source::Path(path)) => self.visit(path, None),
                    Ok(Source::StandardInput) => Some(Ok(Input {
                        name: "-".to_owned(),
                        origin: Origin::StandardInput,
                        looks: Looks::Named,
                        is_explicit: true,
                        is_regular: false,
                    })),
                    Ok(Source::Store(store)) => Some(Ok(Input {
                        name: store.to_string(),
                        origin: Origin::Store(store),
                        looks: Looks::Named,
                        is_explicit: true,
                        is_regular: false,
                    })),
                    Err(fault) => Some(Err(fault)),
                },
            };
            if found.is_some() {
                return found;
            }
        }
    }
}

/// Whether nothing is there: also by a name that nothing can have, as one with `?` on Windows, or as that of something in a file.
pub(crate) fn is_missing(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{InvalidFilename, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | InvalidFilename | NotADirectory)
}

fn is_invalid(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::InvalidFilename
}

/// What to do where a path cannot be read, if anything can be done.
fn advice(path: &Path, error: &std::io::Error) -> &'static str {
    match advice_on(error) {
        "" if path.is_symlink() => "; it is a link: correct where it leads, or remove it",
        advice => advice,
    }
}

/// What to do where something cannot be read for this reason.
pub(crate) fn advice_on(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => "; read it with an account that may",
        std::io::ErrorKind::InvalidFilename => {
            "; its path is too long: run this in a folder on the way to it, from where the path is shorter"
        }
        _ => "",
    }
}

/// What is wrong with a path that goes on behind a file, as `root.cer/` does, so that nothing can be there.
pub(crate) fn behind_a_file(path: &Path) -> Option<String> {
    if std::fs::metadata(path).is_ok() {
        return None;
    }
    // Each look at a deep path takes as long as it is deep, so that few are taken: up to some component everything is there, and
    // behind it nothing.
    let path: PathBuf = path.components().collect();
    let ways: Vec<&Path> = path.ancestors().filter(|way| !way.as_os_str().is_empty()).collect();
    let there = ways.partition_point(|way| std::fs::metadata(way).is_err());
    let file = display_name(ways.get(there).filter(|way| way.is_file())?);
    Some(format!("expected a file or a folder, found that {file} is a file; leave out what follows its name"))
}

#[cfg(test)]
mod tests;
