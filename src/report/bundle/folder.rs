//! A folder that appears under its name whole or not at all, and replaces only what is its own.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::report::bundle::manifest::SCHEMA;
use crate::report::bundle::{BundleError, File, INTERMEDIATES, MANIFEST, ROOTS, Refusal};

/// A manifest larger than this is none of ours: a hundred thousand clients make one of 60 MB.
const LARGEST_MANIFEST: u64 = 512 << 20;
/// Of the folder's own name, so much goes into the names beside it.
const LONGEST_STEM: usize = 64;

/// Something that an interrupted export left beside the folder, or that one at work has there now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leftover {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it is a whole export, or the rest of one that was being built or deleted.
    pub is_whole: bool,
}

/// What a folder beside the place is; its name says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Being built.
    Partial,
    /// Built, not yet in its place.
    New,
    /// Taken out of its place.
    Old,
    /// Being deleted.
    Deleting,
}

impl Stage {
    const ALL: [Self; 4] = [Self::Partial, Self::New, Self::Old, Self::Deleting];

    fn name(self) -> &'static str {
        match self {
            Self::Partial => "partial",
            Self::New => "new",
            Self::Old => "old",
            Self::Deleting => "deleting",
        }
    }

    fn is_whole(self) -> bool {
        matches!(self, Self::New | Self::Old)
    }
}

/// Where the folder is to be: symbolic links followed, and with a parent that exists.
struct Place {
    /// As the caller wrote it, for messages.
    given: PathBuf,
    parent: PathBuf,
    name: OsString,
}

impl Place {
    fn new(directory: &Path) -> Result<Self, BundleError> {
        let failed = |error| BundleError::output("make the folder", directory, error);
        let mut path = std::path::absolute(directory).map_err(failed)?;
        // `absolute` leaves a `..` at the end, and a link is where it leads to.
        if path.file_name().is_none()
            || fs::symlink_metadata(without_slash(&path)).is_ok_and(|found| found.is_symlink())
        {
            path = fs::canonicalize(&path).map_err(failed)?;
        }
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Refusal::NoName(directory.to_owned()).into());
        };
        // A `..` may lead through the folder itself, which is away for a moment while it is replaced.
        let goes_up = parent.components().any(|part| part == Component::ParentDir);
        let real = if goes_up { fs::canonicalize(parent) } else { Ok(parent.to_owned()) };
        let real = real.map_err(|error| BundleError::output("make a folder in", parent, error))?;
        let place = Self { given: directory.to_owned(), parent: real, name: name.to_owned() };
        match fs::metadata(parent) {
            Ok(found) if found.is_dir() => Ok(place),
            Ok(_) => Err(BundleError::output("make a folder in", parent, io::ErrorKind::NotADirectory.into())),
            Err(error) => Err(BundleError::output("make a folder in", parent, error)),
        }
    }

    fn path(&self) -> PathBuf {
        self.parent.join(&self.name)
    }

    /// What the names beside the place begin with.
    fn stem(&self) -> String {
        self.name.to_string_lossy().chars().take(LONGEST_STEM).collect()
    }

    /// A name beside the place that nothing has.
    fn beside(&self, stage: Stage) -> PathBuf {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("{}.certpath-{}-{}-{count}", self.stem(), stage.name(), std::process::id());
            let path = self.parent.join(name);
            if fs::symlink_metadata(&path).is_err() {
                return path;
            }
        }
    }
}

fn without_slash(path: &Path) -> PathBuf {
    path.components().collect()
}

/// What earlier exports to this folder left beside it when they were interrupted.
pub fn leftovers(directory: &Path) -> Vec<Leftover> {
    let Ok(place) = Place::new(directory) else { return Vec::new() };
    let stem = place.stem();
    let mut found: Vec<Leftover> = fs::read_dir(&place.parent)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name();
            let rest = name.to_str()?.strip_prefix(&stem)?.strip_prefix(".certpath-")?;
            let (stage, _) = rest.split_once('-')?;
            let stage = Stage::ALL.into_iter().find(|known| known.name() == stage)?;
            Some(Leftover { path: entry.path(), is_whole: stage.is_whole() })
        })
        .collect();
    found.sort_by(|one, two| one.path.cmp(&two.path));
    found
}

/// What stands at the place.
enum Standing {
    Nothing,
    Empty(fs::Permissions),
    Export(fs::Permissions),
}

/// Builds the folder beside its place and moves it there.
pub(super) fn write(directory: &Path, force: bool, files: &[File<'_>]) -> Result<(), BundleError> {
    let place = Place::new(directory)?;
    let standing = look(&place, force)?;
    let mut building = Building::new(&place)?;
    building.fill(files)?;
    let target = place.path();
    let failed = |error| match error {
        // Someone else was faster.
        ref error if is_occupied(error) => Refusal::NotEmpty(place.given.clone()).into(),
        error => BundleError::output("put the finished folder at", &target, error),
    };
    building.becomes(place.beside(Stage::New))?;
    match standing {
        Standing::Nothing => rename(&building.path, &target).map_err(failed)?,
        Standing::Empty(permissions) => {
            // Windows renames no folder onto another, not even onto an empty one.
            if cfg!(windows) {
                fs::remove_dir(&target).map_err(failed)?;
            }
            rename(&building.path, &target).map_err(failed)?;
            keep(permissions, &target);
        }
        Standing::Export(permissions) => {
            let old = place.beside(Stage::Old);
            rename(&target, &old).map_err(|error| BundleError::output("move aside", &target, error))?;
            if let Err(error) = rename(&building.path, &target) {
                return Err(match rename(&old, &target) {
                    Ok(()) => failed(error),
                    Err(_) => BundleError::Displaced { directory: place.given.clone(), old, source: error },
                });
            }
            building.is_done = true;
            keep(permissions, &target);
            synchronize(&place.parent);
            delete(&place, &old);
        }
    }
    building.is_done = true;
    synchronize(&place.parent);
    Ok(())
}

/// What stands at the place, or why it must stay.
fn look(place: &Place, force: bool) -> Result<Standing, BundleError> {
    let path = place.path();
    let cannot_read = |error| BundleError::output("look into", &path, error);
    let found = match fs::symlink_metadata(&path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Standing::Nothing),
        Err(error) => return Err(cannot_read(error)),
    };
    if !found.is_dir() {
        return Err(Refusal::NotAFolder(place.given.clone()).into());
    }
    let is_empty = fs::read_dir(&path).map_err(cannot_read)?.next().is_none();
    if !is_empty && !force {
        return Err(Refusal::NotEmpty(place.given.clone()).into());
    }
    // A shell that stands in a folder that is replaced stands nowhere, and Windows does not let it go at all.
    let here = std::env::current_dir().and_then(fs::canonicalize);
    if here.is_ok_and(|here| fs::canonicalize(&path).is_ok_and(|there| here.starts_with(there))) {
        return Err(Refusal::CurrentFolder(place.given.clone()).into());
    }
    if is_empty {
        return Ok(Standing::Empty(found.permissions()));
    }
    let directory = || place.given.clone();
    let named = named_files(&path).map_err(|reason| Refusal::NoManifest { directory: directory(), reason })?;
    match find_stranger(&path, &named).map_err(cannot_read)? {
        Some(stranger) => Err(Refusal::Stranger { directory: directory(), stranger }.into()),
        None => Ok(Standing::Export(found.permissions())),
    }
}

/// The files that the folder's own manifest names.
fn named_files(directory: &Path) -> Result<HashSet<PathBuf>, String> {
    #[derive(serde::Deserialize)]
    struct Named {
        schema: String,
        files: Vec<String>,
    }
    let path = directory.join(MANIFEST);
    let is_file = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
    if !is_file {
        return Err(format!("it has no {MANIFEST}"));
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(&path).map_err(|error| format!("its {MANIFEST} cannot be read: {error}"))?;
    let read = file.take(LARGEST_MANIFEST + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("its {MANIFEST} cannot be read: {error}"))?;
    if bytes.len() as u64 > LARGEST_MANIFEST {
        return Err(format!("its {MANIFEST} is too large"));
    }
    let named: Named =
        serde_json::from_slice(&bytes).map_err(|_| format!("its {MANIFEST} is not one that an export wrote"))?;
    if named.schema != SCHEMA {
        return Err(format!("its {MANIFEST} is not one that an export wrote"));
    }
    Ok(named.files.iter().map(|file| file.split('/').collect()).collect())
}

/// The first thing in the folder that is not named; the two folders of the layout are the export's own.
fn find_stranger(directory: &Path, named: &HashSet<PathBuf>) -> io::Result<Option<PathBuf>> {
    for entry in walkdir::WalkDir::new(directory).min_depth(1).follow_links(false).sort_by_file_name() {
        let entry = entry.map_err(io::Error::from)?;
        let Ok(path) = entry.path().strip_prefix(directory) else { continue };
        let is_own = if entry.file_type().is_dir() {
            path == Path::new(ROOTS) || path == Path::new(INTERMEDIATES)
        } else {
            entry.file_type().is_file() && named.contains(path)
        };
        if !is_own {
            return Ok(Some(path.to_owned()));
        }
    }
    Ok(None)
}

/// Deletes the export that was replaced. What came into it in the meantime, or cannot be deleted, stays under a name that
/// tells: the new export is in its place, so that this is no failure.
fn delete(place: &Place, old: &Path) {
    let is_own = named_files(old).is_ok_and(|named| matches!(find_stranger(old, &named), Ok(None)));
    let doomed = place.beside(Stage::Deleting);
    if is_own && rename(old, &doomed).is_ok() {
        let _ = fs::remove_dir_all(&doomed);
    }
}

/// A folder that is gone again unless it was finished.
struct Building {
    path: PathBuf,
    is_done: bool,
}

impl Building {
    fn new(place: &Place) -> Result<Self, BundleError> {
        loop {
            let path = place.beside(Stage::Partial);
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self { path, is_done: false }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(BundleError::output("make a folder in", &place.parent, error)),
            }
        }
    }

    fn fill(&self, files: &[File<'_>]) -> Result<(), BundleError> {
        for folder in [ROOTS, INTERMEDIATES] {
            let path = self.path.join(folder);
            fs::create_dir(&path).map_err(|error| BundleError::output("make the folder", &path, error))?;
        }
        for file in files {
            let path = self.path.join(file.path.split('/').collect::<PathBuf>());
            write_file(&path, &file.bytes).map_err(|error| BundleError::output("write", &path, error))?;
        }
        for folder in [ROOTS, INTERMEDIATES, ""] {
            synchronize(&self.path.join(folder));
        }
        Ok(())
    }

    fn becomes(&mut self, path: PathBuf) -> Result<(), BundleError> {
        rename(&self.path, &path).map_err(|error| BundleError::output("rename", &self.path, error))?;
        self.path = path;
        Ok(())
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        if !self.is_done {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes names durable where the system can: not every file system can, and Windows has no such call for folders.
fn synchronize(directory: &Path) {
    if cfg!(unix)
        && let Ok(directory) = fs::File::open(directory)
    {
        let _ = directory.sync_all();
    }
}

/// Whoever may read the folder that was replaced may read the new one; on Windows the parent decides.
fn keep(permissions: fs::Permissions, directory: &Path) {
    if cfg!(unix) {
        let _ = fs::set_permissions(directory, permissions);
    }
}

/// Renames a folder. On Windows a virus scanner or an indexer may have a new file open for a moment.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let mut tries = if cfg!(windows) { 40 } else { 0 };
    loop {
        match fs::rename(from, to) {
            Err(error) if tries > 0 && error.kind() == io::ErrorKind::PermissionDenied => {
                tries -= 1;
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            result => return result,
        }
    }
}

fn is_occupied(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory
    )
}
