//! Everything that `export` writes: the folder of CA certificates that a CMG must be given, whole or not at all.
//!
//! ```text
//! DIR/roots/*.cer                 the self-signed CAs, DER, byte for byte as they were found
//! DIR/intermediates/*.cer         the other CAs
//! DIR/manifest.json               the record of it all, a Manifest
//! DIR/Import-CmgCertificates.ps1  hands the files to Configuration Manager's cmdlets
//! DIR/README.txt                  for the person at the console: which file goes where
//! ```

mod file_name;
mod folder;
mod manifest;
pub(crate) mod powershell;
mod readme;
mod sheet;
mod summary;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

#[cfg(any(fuzzing, test))]
pub(crate) use file_name::file_names;
pub use folder::{Leftover, leftovers};
pub use manifest::{
    ClientRecord, EntryRecord, FindingRecord, Manifest, RefusalCode, RefusedRecord, WhyNotRecord, manifest,
    refused_manifest,
};
pub use sheet::{EXPORT_COLUMNS, csv};
pub use summary::{refusal_text, summary_text};

use crate::ops::Bundle;
use crate::report::json;
use crate::report::sanitize::terminal;

const ROOTS: &str = "roots";
const INTERMEDIATES: &str = "intermediates";
const MANIFEST: &str = "manifest.json";
const SCRIPT: &str = "Import-CmgCertificates.ps1";
const README: &str = "README.txt";

/// What is allowed beyond the ordinary export.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct BundleOptions {
    /// Replace a folder that is not empty, if its own manifest names everything in it.
    pub force: bool,
    /// Write what is complete although some client certificates have no valid path.
    pub allow_incomplete: bool,
    /// Write although there is no client certificate: every CA certificate with a valid path was asked for.
    pub all_cas: bool,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// It must not be: exit status 5.
    #[error("{0}")]
    Refused(Refusal),
    /// It could not be: exit status 4.
    #[error("cannot {action} `{}`: {source}; {}", shown(path), advice(source))]
    Output {
        /// What was tried, as a verb.
        action: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It could not be, and the export that it was to replace could not be put back either: exit status 4.
    #[error(
        "cannot put the finished folder at `{}`: {source}; the earlier export is whole at `{}`: rename it back",
        shown(directory),
        shown(old)
    )]
    Displaced {
        /// Where it was to be.
        directory: PathBuf,
        /// Where the earlier export is.
        old: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Why an export must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Client certificates without a valid path to a self-signed anchor; how many.
    Incomplete(usize),
    /// There is no client certificate.
    NoClients,
    /// Client certificates were asked for by name, and none is left.
    NoneSelected,
    /// No client certificate has a valid path to a self-signed anchor, and so many CA certificates have one.
    NothingComplete(usize),
    /// No CA certificate has a valid path.
    NothingToWrite,
    /// Something that is no folder has the name.
    NotAFolder(PathBuf),
    /// The folder is not empty.
    NotEmpty(PathBuf),
    /// The folder to be replaced has no manifest of an export.
    NoManifest {
        /// The folder.
        directory: PathBuf,
        /// What is wrong with its manifest.
        reason: String,
    },
    /// The folder to be replaced holds something that its manifest does not name.
    Stranger {
        /// The folder.
        directory: PathBuf,
        /// What is not the export's own, by its path from there.
        stranger: PathBuf,
    },
    /// The folder holds the one that the command runs in, so that it cannot be replaced as a whole.
    CurrentFolder(PathBuf),
    /// A folder without a parent or without a name, such as the root of a drive.
    NoName(PathBuf),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete(count) => write!(
                f,
                "{} no valid certification path to a root: add what is missing, or write what is complete with \
                 --allow-incomplete",
                match count {
                    1 => "1 client certificate has".to_owned(),
                    count => format!("{count} client certificates have"),
                }
            ),
            Self::NoClients => f.write_str(
                "there is no client certificate to build a path for: add one, or export every CA certificate that has a \
                 valid path with --all-cas",
            ),
            Self::NoneSelected => f.write_str(
                "no certificate here is a client certificate that --issuer, --select or --first ask for: see why each was \
                 passed over, and correct the option or add the certificate; --all-cas exports every CA certificate that has \
                 a valid path",
            ),
            Self::NothingComplete(count) => write!(
                f,
                "no client certificate has a valid certification path to a root, so nothing is complete: add what is \
                 missing, or write {} with --all-cas too",
                match count {
                    1 => "the one CA certificate that has such a path".to_owned(),
                    count => format!("the {count} CA certificates that have such a path"),
                }
            ),
            Self::NothingToWrite => {
                f.write_str("no CA certificate has a valid path to a self-signed root, so there is nothing to write")
            }
            Self::NotAFolder(path) => {
                write!(f, "`{}` exists and is no folder: give a folder that does not exist yet", shown(path))
            }
            Self::NotEmpty(path) => write!(
                f,
                "`{}` exists and is not empty: give another folder, or replace an earlier export with --force",
                shown(path)
            ),
            Self::NoManifest { directory, reason } => write!(
                f,
                "`{}` is no earlier export ({reason}), and --force replaces nothing else: give another folder",
                shown(directory)
            ),
            Self::Stranger { directory, stranger } => write!(
                f,
                "`{}` holds `{}`, which its manifest does not name: move that away, or give another folder",
                shown(directory),
                shown(stranger)
            ),
            Self::CurrentFolder(path) => write!(
                f,
                "`{}` is or holds the folder that this command runs in, which cannot be replaced as a whole: give a \
                 folder in it, such as `cmg`",
                shown(path)
            ),
            Self::NoName(path) => {
                write!(f, "`{}` is no folder that can be made: give one with a name of its own", shown(path))
            }
        }
    }
}

impl Refusal {
    /// What it is called in records.
    pub fn code(&self) -> RefusalCode {
        match self {
            Self::Incomplete(_) => RefusalCode::Incomplete,
            Self::NoClients => RefusalCode::NoClients,
            Self::NoneSelected => RefusalCode::NoneSelected,
            Self::NothingComplete(_) => RefusalCode::NothingComplete,
            Self::NothingToWrite => RefusalCode::NothingToWrite,
            Self::NotAFolder(_) => RefusalCode::NotAFolder,
            Self::NotEmpty(_) => RefusalCode::NotEmpty,
            Self::NoManifest { .. } => RefusalCode::NoManifest,
            Self::Stranger { .. } => RefusalCode::Stranger,
            Self::CurrentFolder(_) => RefusalCode::CurrentFolder,
            Self::NoName(_) => RefusalCode::NoName,
        }
    }
}

impl BundleError {
    /// Whether the export was refused, rather than failed.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    fn output(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Output { action, path: path.to_owned(), source }
    }
}

impl From<Refusal> for BundleError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "nothing was changed: choose a folder that you may write to, and close what has it open"
        }
        io::ErrorKind::ReadOnlyFilesystem => "nothing was changed: choose a folder on a disk that can be written",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "nothing was changed: make room, or choose a folder on another disk"
        }
        io::ErrorKind::NotFound => "nothing was changed: make that folder first, or correct the path",
        io::ErrorKind::NotADirectory => "nothing was changed: correct the path",
        io::ErrorKind::InvalidFilename => "nothing was changed: give a shorter name",
        io::ErrorKind::FileTooLarge => "nothing was changed: raise the limit on the size of files",
        _ => "nothing was changed",
    }
}

/// A path for a message.
fn shown(path: &Path) -> String {
    terminal(&path.to_string_lossy())
}

/// Whether the certificates themselves forbid this export; what is in the way on disk is found by [`write()`].
pub fn refusal(bundle: &Bundle, options: &BundleOptions) -> Option<Refusal> {
    if !bundle.refused.is_empty() && !options.allow_incomplete {
        return Some(Refusal::Incomplete(bundle.refused.len()));
    }
    if bundle.clients.is_empty() && bundle.refused.is_empty() && !options.all_cas {
        return Some(if bundle.selection.is_some() { Refusal::NoneSelected } else { Refusal::NoClients });
    }
    bundle.roots.is_empty().then_some(match bundle.unused_authorities {
        0 => Refusal::NothingToWrite,
        count => Refusal::NothingComplete(count),
    })
}

/// Writes the export: the folder appears under its name when it is whole, and not before.
///
/// It is built beside its place as `NAME.certpath-partial-…`; a whole one waits as `NAME.certpath-new-…` until the folder that
/// it replaces has become `NAME.certpath-old-…`, whole too; that is deleted last, as `NAME.certpath-deleting-…`. So a kill at
/// any moment leaves each export whole under one of three names, and the other two hold nothing of worth. What a kill left
/// behind is never touched by a later run: [`leftovers`] names it.
///
/// The parent of `directory` must exist: a mistyped path makes no folders. A symbolic link is followed, and stays.
///
/// # Errors
/// [`BundleError::Refused`] where it must not be written, [`BundleError::Output`] where it cannot be; in both cases what was
/// there before is still there.
pub fn write(bundle: &Bundle, directory: &Path, options: &BundleOptions) -> Result<Manifest, BundleError> {
    if let Some(refusal) = refusal(bundle, options) {
        return Err(refusal.into());
    }
    let manifest = manifest(bundle, true);
    folder::write(directory, options.force, &files(bundle, &manifest))?;
    Ok(manifest)
}

/// One file of the export, by its path from the folder.
struct File<'a> {
    path: String,
    bytes: std::borrow::Cow<'a, [u8]>,
}

/// Every file, the manifest last: a folder that has it is whole.
fn files<'a>(bundle: &'a Bundle, manifest: &Manifest) -> Vec<File<'a>> {
    let entries = bundle.roots.iter().chain(&bundle.intermediates);
    let records = manifest.roots.iter().chain(&manifest.intermediates);
    let mut files: Vec<File<'a>> = entries
        .zip(records)
        .map(|(entry, record)| File { path: record.file.clone(), bytes: entry.certificate.der().as_ref().into() })
        .collect();
    files.push(File { path: SCRIPT.to_owned(), bytes: powershell::script(manifest).into() });
    files.push(File { path: README.to_owned(), bytes: readme::readme(bundle, manifest).into() });
    files.push(File { path: MANIFEST.to_owned(), bytes: json::document(manifest).into() });
    files
}

/// The paths of [`files`], sorted.
fn layout(manifest: &Manifest) -> Vec<String> {
    let entries = manifest.roots.iter().chain(&manifest.intermediates).map(|entry| entry.file.clone());
    let mut files: Vec<String> = entries.chain([MANIFEST, SCRIPT, README].map(str::to_owned)).collect();
    files.sort();
    files
}

/// Lines as Windows ends them.
fn crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}
