//! A SOURCE as it was written: a path, standard input, or a Windows store as PowerShell writes it.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::source::store_source::StoreSource;

/// Where certificates are to be read from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// A file, or a folder with all that is in it.
    Path(PathBuf),
    /// `-`.
    StandardInput,
    /// A live Windows store.
    Store(StoreSource),
}

/// As it is shown in every output: what is no Unicode in a path becomes `\xNN`.
impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(path) => f.write_str(&crate::source::walk::display_name(path)),
            Self::StandardInput => f.write_str("-"),
            Self::Store(store) => store.fmt(f),
        }
    }
}

/// What is wrong with a SOURCE on the command line: the arguments are, not the certificates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// There is no such file or folder.
    #[error("{0}: expected a file or a folder, found nothing of that name")]
    NotFound(String),
    /// It is a link, and nothing is where it leads.
    #[error("{0}: expected a file or a folder, found a link that leads to nothing: correct where it leads")]
    LinkToNothing(String),
    /// It is empty.
    #[error("expected a file, a folder, \"-\" or a Windows store as SOURCE, found an empty argument")]
    Empty,
    /// It begins as a Windows store, but is none.
    #[error("{0}: {1}")]
    Store(String, String),
    /// Windows stores are on Windows.
    #[error("{store}: only Windows has live stores; write it to a file there and give that file here: {command}", store = .0, command = .0.export_command())]
    NotWindows(StoreSource),
    /// Windows has no such store, or the store no such certificate.
    #[error("{0}: expected a certificate store of this computer or a certificate in it, found none of that name; Get-ChildItem Cert:\\{location} lists the stores", location = .0.location.name())]
    NoStore(StoreSource),
}

impl Source {
    /// Reads an argument. Nothing is looked up: see [`check`].
    ///
    /// # Errors
    ///
    /// If the argument is empty, or begins as a Windows store and goes on as none.
    pub fn parse(argument: &OsStr) -> Result<Self, SourceError> {
        let Some(text) = argument.to_str() else { return Ok(Self::Path(argument.into())) };
        match text {
            "" => Err(SourceError::Empty),
            "-" => Ok(Self::StandardInput),
            _ => match StoreSource::parse(text) {
                None => Ok(Self::Path(argument.into())),
                Some(Ok(store)) => Ok(Self::Store(store)),
                Some(Err(message)) => Err(SourceError::Store(text.to_owned(), message)),
            },
        }
    }
}

/// Checks that what was named on the command line is there: otherwise the command line is wrong. What is there but cannot be
/// read is a problem of the input, which is met later.
///
/// # Errors
///
/// For the first path or store that does not exist, and for a live store anywhere but on Windows.
pub fn check(sources: &[Source]) -> Result<(), SourceError> {
    for source in sources {
        match source {
            Source::Path(path) => {
                let missing = std::fs::metadata(path).is_err_and(|error| crate::source::walk::is_missing(&error));
                if missing {
                    let name = crate::source::walk::display_name(path);
                    let told = if path.is_symlink() { SourceError::LinkToNothing } else { SourceError::NotFound };
                    return Err(told(name));
                }
            }
            Source::Store(store) if !cfg!(windows) => return Err(SourceError::NotWindows(store.clone())),
            #[cfg(windows)]
            Source::Store(store) if crate::source::live::is_missing(store) => {
                return Err(SourceError::NoStore(store.clone()));
            }
            Source::Store(_) | Source::StandardInput => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Source, SourceError> {
        Source::parse(OsStr::new(text))
    }

    #[test]
    fn what_begins_as_a_store_and_is_none_says_what_is_missing() {
        for text in ["Cert:\\", "Cert:\\Nowhere\\My", "Cert:\\LocalMachine\\My\\XYZ"] {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.contains("Cert:\\LocalMachine\\My"), "{message}");
        }
    }

    #[test]
    fn everything_else_is_a_path() {
        for text in ["certs", "cert", "./-", "C:\\certs\\a.cer", "certificate.pem", "Cert"] {
            assert_eq!(parse(text), Ok(Source::Path(text.into())), "{text}");
        }
        assert_eq!(parse("-"), Ok(Source::StandardInput));
        assert_eq!(parse(""), Err(SourceError::Empty));
    }

    #[test]
    fn a_path_that_does_not_exist_is_an_error_of_the_command_line() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(check(&[Source::Path(folder.path().into()), Source::StandardInput]), Ok(()));
        let missing = folder.path().join("missing.cer");
        assert_eq!(check(&[Source::Path(missing.clone())]), Err(SourceError::NotFound(missing.display().to_string())));
    }

    #[cfg(not(windows))]
    #[test]
    fn a_store_elsewhere_is_refused_with_the_command_that_exports_it() {
        let error = check(&[parse("Cert:\\LocalMachine\\My").unwrap()]).unwrap_err();
        assert!(error.to_string().contains("Get-ChildItem Cert:\\LocalMachine\\My | Export-Certificate"), "{error}");
    }

    proptest! {
        #[test]
        fn any_argument_is_a_source_or_an_error(text: String) {
            let _ = (parse(&text), parse(&format!("Cert:\\{text}")));
        }
    }
}
