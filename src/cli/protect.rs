//! `--output` is never over an input: neither over what is named, nor over what a folder or a list brings with it.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use crate::cli::Stop;
use crate::cli::args::Output;
use crate::source::paths_from::PathsFrom;
use crate::source::{Source, read};

/// The file that `--output` names, where there is one already that a result would replace.
pub(crate) struct Target(PathBuf);

impl Target {
    pub(crate) fn of(output: &Output) -> Option<Self> {
        let path = std::fs::canonicalize(output.output.as_deref()?).ok()?;
        path.is_file().then_some(Self(path))
    }

    fn refused(&self) -> Stop {
        let name = crate::report::sanitize::terminal(&self.0.display().to_string());
        Stop::usage(format!("--output {name} is one of the inputs; write the result somewhere else"))
    }

    /// That it is none of these files.
    pub(crate) fn is_none_of<'a>(&self, files: impl IntoIterator<Item = &'a Path>) -> Result<(), Stop> {
        if files.into_iter().any(|file| self.is(file)) { Err(self.refused()) } else { Ok(()) }
    }

    /// That nothing of it is read where these SOURCEs are.
    pub(crate) fn is_not_read_from(&self, sources: &[Source]) -> Result<(), Stop> {
        if sources.iter().any(|source| self.is_read_from(source)) { Err(self.refused()) } else { Ok(()) }
    }

    /// As [`Self::is_not_read_from`], of a list of SOURCEs; what is wrong with the list is told when it is read.
    pub(crate) fn is_not_listed(&self, list: &[u8]) -> Result<(), Stop> {
        let mut sources = PathsFrom::new(Cursor::new(list), "").flatten();
        if sources.any(|source| self.is_read_from(&source)) { Err(self.refused()) } else { Ok(()) }
    }

    fn is_read_from(&self, source: &Source) -> bool {
        match source {
            Source::Path(path) => self.is(path) || self.is_read_within(path),
            // Where the shell redirected it from a file.
            Source::StandardInput => cfg!(unix) && self.is(Path::new("/dev/stdin")),
            Source::Store(_) => false,
        }
    }

    fn is(&self, path: &Path) -> bool {
        // A list may have a million files, of which none but a link or the file itself has to be followed.
        let may_be = path.file_name() == self.0.file_name()
            || std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
            || cfg!(windows);
        may_be && std::fs::canonicalize(path).is_ok_and(|path| path == self.0)
    }

    /// A report in a folder is not read there again, and may be replaced by the next one; whatever is read there may not.
    fn is_read_within(&self, folder: &Path) -> bool {
        folder.is_dir()
            && std::fs::canonicalize(folder).is_ok_and(|folder| self.0.starts_with(folder))
            && read::is_read_in_a_folder(&self.0)
    }
}
