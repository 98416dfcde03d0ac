//! From arguments to a request: sources, passwords, moment, selection; whatever is wrong with them is usage.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Time;
use crate::cli::args::{Building, Common, Output, Passwords as PasswordArguments, Selecting, Sources};
use crate::cli::protect::Target;
use crate::cli::streams::is_standard_input;
use crate::cli::{Stop, progress};
use crate::cmg::Settings;
use crate::ops::Request;
use crate::report::sanitize;
use crate::source::{self, Passwords, Source, text, walk};

/// A list of a million paths; more is no list of certificates.
const LIST: u64 = 256 << 20;
/// More is no file of passwords.
const PASSWORDS: u64 = 16 << 20;
/// Settings with ten thousand exceptions take a tenth of it.
const SETTINGS: u64 = 16 << 20;

/// The SOURCEs of one option.
pub(crate) fn sources(arguments: &[OsString]) -> Result<Vec<Source>, Stop> {
    let expanded = source::expand_wildcards(arguments);
    let sources: Vec<Source> = expanded
        .iter()
        .map(|argument| Source::parse(argument).map_err(|error| Stop::usage(error.to_string())))
        .collect::<Result<_, _>>()?;
    for source in &sources {
        if let Source::Path(path) = source
            && let Some(message) = walk::behind_a_file(path)
        {
            return Err(Stop::usage(sanitize::terminal(&format!("{}: {message}", walk::display_name(path)))));
        }
    }
    source::check(&sources).map_err(|error| Stop::usage(sanitize::terminal(&error.to_string())))?;
    Ok(sources)
}

/// A request about these sources.
pub(crate) fn request(
    named: &Sources,
    at: Option<Time>,
    passwords: &PasswordArguments,
    common: &Common,
    output: &Output,
) -> Result<Request, Stop> {
    let list = named.paths_from.as_ref().map(read_list).transpose()?;
    if named.sources.is_empty() && list.is_none() {
        return Err(Stop::usage(
            "expected a SOURCE: a file, a folder, - for standard input, or a store such as Cert:\\LocalMachine\\My",
        ));
    }
    // What is wrong with the settings is told by every command, also by one that has no use for them. Read once: a pipe gives them once.
    let settings = settings(common)?;
    common.jobs.into_iter().for_each(crate::threads::use_at_most);
    let mut request = Request::new(sources(&named.sources)?, at.unwrap_or_else(Time::now));
    request.list = list;
    request.settings = settings;
    request.passwords = self::passwords(passwords)?;
    request.progress = progress::progress(common);
    if let Some(target) = Target::of(output) {
        target.is_not_read_from(&request.sources)?;
        if let Some((list, _)) = &request.list {
            target.is_not_listed(list)?;
        }
        let list = named.paths_from.as_ref().map(Path::new);
        let read = passwords.password_file.iter().map(PathBuf::as_path).chain(list);
        read.chain(common.config.as_deref()).try_for_each(|file| target.is_not(file))?;
    }
    Ok(request)
}

fn read_list(argument: &OsString) -> Result<(Arc<[u8]>, String), Stop> {
    let name = argument.to_string_lossy().into_owned();
    let bytes = read_whole(Path::new(argument), LIST)
        .map_err(|error| Stop::usage(format!("{name}: the list of --paths-from cannot be read: {error}")))?;
    Ok((bytes.into(), name))
}

/// What a file, or standard input, holds: up to so many bytes.
fn read_whole(file: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if is_standard_input(file) {
        io::stdin().take(most + 1).read_to_end(&mut bytes)?;
    } else {
        if file.is_dir() {
            return Err(io::Error::other("expected a file, found a folder"));
        }
        std::fs::File::open(file)?.take(most + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("expected at most {} MiB, found more", most >> 20)));
    }
    Ok(bytes)
}

/// Passwords from where they were kept, never from an argument.
fn passwords(arguments: &PasswordArguments) -> Result<Passwords, Stop> {
    let mut given = Vec::new();
    for variable in &arguments.password_env {
        match std::env::var(variable) {
            Ok(password) => given.push(password),
            Err(_) => {
                return Err(Stop::usage(format!(
                    "--password-env {variable}: there is no such environment variable, or it is no text"
                )));
            }
        }
    }
    for file in &arguments.password_file {
        let name = file.display();
        if is_standard_input(file) && io::stdin().is_terminal() {
            return Err(Stop::usage(
                "--password-file -: a password typed here would be seen; leave it out, and be asked",
            ));
        }
        let bytes =
            read_whole(file, PASSWORDS).map_err(|error| Stop::usage(format!("--password-file {name}: {error}")))?;
        given
            .extend(Passwords::lines(&bytes).map_err(|error| Stop::usage(format!("--password-file {name}: {error}")))?);
    }
    let passwords = Passwords::new(given);
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        return Ok(passwords.with_prompt(|file| {
            let name = sanitize::terminal(file);
            rpassword::prompt_password(format!("Password for {name} (empty to skip): "))
                .ok()
                .filter(|answer| !answer.is_empty())
        }));
    }
    Ok(passwords)
}

/// What to build with.
pub(crate) fn build_with(request: &mut Request, building: &Building, output: &Output) -> Result<(), Stop> {
    request.trust = sources(&building.trust)?;
    request.intermediates = sources(&building.intermediates)?;
    request.crls = sources(&building.crl)?;
    request.require_revocation = building.require_revocation;
    protect(output, &[&request.trust, &request.intermediates, &request.crls])
}

/// Which client certificates.
pub(crate) fn select(request: &mut Request, selecting: &Selecting) -> Result<(), Stop> {
    let wrong = |option: &str, error: &dyn std::fmt::Display| Stop::usage(format!("{option}: {error}"));
    request.issuers = selecting
        .issuer
        .iter()
        .map(|text| text.parse().map_err(|error| wrong("--issuer", &error)))
        .collect::<Result<_, _>>()?;
    request.criteria = selecting
        .select
        .iter()
        .map(|text| text.parse().map_err(|error| wrong("--select", &error)))
        .collect::<Result<_, _>>()?;
    request.first = selecting.first;
    Ok(())
}

/// That what stands beside the SOURCEs is not replaced either.
pub(crate) fn protect(output: &Output, sides: &[&[Source]]) -> Result<(), Stop> {
    let Some(target) = Target::of(output) else { return Ok(()) };
    sides.iter().try_for_each(|side| target.is_not_read_from(side))
}

/// The settings of `--config`, for a command that reads nothing else.
pub(crate) fn settings_alone(common: &Common, output: &Output) -> Result<Settings, Stop> {
    if let (Some(target), Some(file)) = (Target::of(output), &common.config) {
        target.is_not(file)?;
    }
    settings(common)
}

/// The settings of `--config`, else those by default.
fn settings(common: &Common) -> Result<Settings, Stop> {
    let Some(path) = &common.config else { return Ok(Settings::default()) };
    let wrong = |error: &dyn std::fmt::Display| Stop::usage(format!("--config {}: {error}", path.display()));
    let bytes = read_whole(path, SETTINGS).map_err(|error| wrong(&error))?;
    let text = text::written(&bytes).map_err(|error| wrong(&error))?;
    Settings::parse(&text).map_err(|error| wrong(&error))
}
