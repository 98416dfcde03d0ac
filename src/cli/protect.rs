//! `--output` is never over an input: neither over what is named, nor over what a folder or a list brings with it. Nor is it within
//! the folder that an export makes.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use crate::cli::Stop;
use crate::cli::args::Output;
use crate::cli::output::{LINKS, folder_of};
use crate::cli::streams::is_standard_input;
use crate::source::paths_from::PathsFrom;
use crate::source::{self, Source, walk};

/// The file that `--output` names, where there is one already that a result would replace.
pub(crate) struct Target(PathBuf);

impl Target {
    pub(crate) fn of(output: &Output) -> Option<Self> {
        let path = fs::canonicalize(output.output.as_deref()?).ok()?;
        path.is_file().then_some(Self(path))
    }

    fn refused(&self) -> Stop {
        let name = crate::report::sanitize::terminal(&self.0.display().to_string());
        Stop::usage(format!("--output {name} is one of the inputs; write the result somewhere else"))
    }

    /// That it is not this file, or what the shell redirects where the file is standard input.
    pub(crate) fn is_not(&self, file: &Path) -> Result<(), Stop> {
        let file = if is_standard_input(file) { Source::StandardInput } else { Source::Path(file.to_owned()) };
        self.is_not_read_from(&[file])
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
            || fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
            || cfg!(windows);
        may_be && fs::canonicalize(path).is_ok_and(|path| path == self.0)
    }

    /// A report in a folder is not read there again, and may be replaced by the next one; whatever is read there may not.
    fn is_read_within(&self, folder: &Path) -> bool {
        folder.is_dir()
            && fs::canonicalize(folder).is_ok_and(|folder| self.0.starts_with(folder))
            && source::is_read_in_a_folder(&self.0)
    }
}

/// That the result is not to stand at or below the folder of `--out`, which appears as a whole and is replaced as a whole.
pub(crate) fn is_apart_from(output: &Output, folder: &Path) -> Result<(), Stop> {
    let Some(file) = output.output.as_deref().filter(|file| is_within(file, folder)) else { return Ok(()) };
    let name = |path: &Path| crate::report::sanitize::terminal(&path.display().to_string());
    Err(Stop::usage(format!(
        "--output {}: expected a file outside of the folder of --out, {}, which holds nothing but the export; write the result beside it",
        name(file),
        name(folder)
    )))
}

fn is_within(file: &Path, folder: &Path) -> bool {
    let id = walk::id_of_folder(folder);
    let (file, folder) = (end_of(file), end_of(folder));
    file.starts_with(&folder) || id.is_some() && file.ancestors().any(|around| walk::id_of_folder(around) == id)
}

/// Where a path leads, also where nothing is there yet.
fn end_of(path: &Path) -> PathBuf {
    let mut path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for _ in 0..LINKS {
        let Ok(target) = fs::read_link(&path) else { break };
        path = folder_of(&path).join(target);
    }
    let there = path.ancestors().find_map(|around| Some((around, fs::canonicalize(around).ok()?)));
    let Some((around, there)) = there else { return path };
    let end = path
        .strip_prefix(around)
        .map_or(there.clone(), |missing| there.components().chain(missing.components()).collect());
    // Where nothing is there yet, the system tells no case apart that Windows does not.
    if cfg!(windows) { end.to_string_lossy().to_lowercase().into() } else { end }
}
