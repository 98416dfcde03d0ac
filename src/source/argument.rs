//! A SOURCE as it was written: a path, standard input, or a Windows store as PowerShell writes it.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::source::contents::{Contents, Position, ProblemCode};

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

/// A live Windows store, or one certificate in it: `Cert:\LocalMachine\My`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct StoreSource {
    /// Whose stores.
    pub location: StoreLocation,
    /// `My`, `Root`, `CA` or any other.
    pub store: String,
    /// The one certificate that is meant: upper-case hex.
    pub thumbprint: Option<String>,
}

/// Whose stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoreLocation {
    /// The machine's.
    LocalMachine,
    /// The user's.
    CurrentUser,
}

impl StoreLocation {
    /// The name in PowerShell's paths.
    pub fn name(self) -> &'static str {
        match self {
            Self::LocalMachine => "LocalMachine",
            Self::CurrentUser => "CurrentUser",
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
    /// It is empty.
    #[error("expected a file, a folder, \"-\" or a Windows store as SOURCE, found an empty argument")]
    Empty,
    /// It begins as a Windows store, but is none.
    #[error("{0}: expected a store such as Cert:\\LocalMachine\\My or Cert:\\CurrentUser\\Root, found {1}")]
    Store(String, &'static str),
    /// Windows stores are on Windows.
    #[error("{store}: {message}", store = .0, message = .0.refusal())]
    NotWindows(StoreSource),
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
            _ => Ok(StoreSource::parse(text)?.map_or_else(|| Self::Path(argument.into()), Self::Store)),
        }
    }
}

/// Checks that what was named on the command line is there: otherwise the command line is wrong. What is there but cannot be
/// read is a problem of the input, which is met later.
///
/// # Errors
///
/// For the first path that does not exist, and for a live store anywhere but on Windows.
pub fn check(sources: &[Source]) -> Result<(), SourceError> {
    for source in sources {
        match source {
            Source::Path(path) => {
                let missing = std::fs::metadata(path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
                if missing {
                    return Err(SourceError::NotFound(crate::source::walk::display_name(path)));
                }
            }
            Source::Store(store) if !cfg!(windows) => return Err(SourceError::NotWindows(store.clone())),
            Source::Store(_) | Source::StandardInput => {}
        }
    }
    Ok(())
}

/// What PowerShell's paths of the certificate drive begin with.
const PREFIXES: [&str; 4] = ["Microsoft.PowerShell.Security\\Certificate::", "Certificate::", "Cert:\\", "Cert:/"];

impl StoreSource {
    /// Reads a path of PowerShell's certificate drive; `None` where it is none.
    fn parse(text: &str) -> Result<Option<Self>, SourceError> {
        let Some(rest) = PREFIXES.iter().find_map(|prefix| strip_prefix_ignoring_case(text, prefix)) else {
            return Ok(None);
        };
        let wrong = |found| SourceError::Store(text.to_owned(), found);
        let mut parts = rest.split(['\\', '/']).filter(|part| !part.is_empty());
        let location = match parts.next() {
            None => return Err(wrong("no location")),
            Some(name) if name.eq_ignore_ascii_case("LocalMachine") => StoreLocation::LocalMachine,
            Some(name) if name.eq_ignore_ascii_case("CurrentUser") => StoreLocation::CurrentUser,
            Some(_) => return Err(wrong("another location")),
        };
        let store = parts.next().ok_or_else(|| wrong("no store"))?.to_owned();
        let thumbprint = match parts.next() {
            None => None,
            Some(text) if text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                Some(text.to_ascii_uppercase())
            }
            Some(_) => return Err(wrong("something else than a thumbprint of 40 hexadecimal digits behind the store")),
        };
        if parts.next().is_some() {
            return Err(wrong("more behind the thumbprint"));
        }
        Ok(Some(Self { location, store, thumbprint }))
    }

    /// Why it cannot be read here, and the command that exports it where it is.
    pub fn refusal(&self) -> String {
        let path = match &self.thumbprint {
            None => format!("Get-ChildItem Cert:\\{}\\{}", self.location.name(), self.store),
            Some(thumbprint) => format!("Get-Item Cert:\\{}\\{}\\{thumbprint}", self.location.name(), self.store),
        };
        format!(
            "expected Windows for a live store, found another system; on the Windows machine run {path} | Export-Certificate \
             -Type SST -FilePath store.sst, and give that file"
        )
    }

    /// Reads the store: what it holds, or why it cannot be read.
    pub(crate) fn read(&self) -> Contents {
        Contents::fault(ProblemCode::Unsupported, Position::Whole, self.refusal())
    }
}

impl std::fmt::Display for StoreSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cert:\\{}\\{}", self.location.name(), self.store)?;
        self.thumbprint.as_ref().map_or(Ok(()), |thumbprint| write!(f, "\\{thumbprint}"))
    }
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Source, SourceError> {
        Source::parse(OsStr::new(text))
    }

    #[test]
    fn stores_are_read_as_powershell_writes_them() {
        let my = StoreSource { location: StoreLocation::LocalMachine, store: "My".into(), thumbprint: None };
        for text in [
            "Cert:\\LocalMachine\\My",
            "cert:/localmachine/My/",
            "Microsoft.PowerShell.Security\\Certificate::LocalMachine\\My",
            "Certificate::LocalMachine\\My\\",
        ] {
            assert_eq!(parse(text), Ok(Source::Store(my.clone())), "{text}");
        }
        let thumbprint = "a943b13a7dbe4dbba0ed2a24a90c30010a3d6b2d";
        let Ok(Source::Store(one)) = parse(&format!("Cert:\\CurrentUser\\Root\\{thumbprint}")) else {
            panic!("no store")
        };
        assert_eq!(one.thumbprint, Some(thumbprint.to_uppercase()));
        assert_eq!(one.to_string(), format!("Cert:\\CurrentUser\\Root\\{}", thumbprint.to_uppercase()));
    }

    #[test]
    fn what_begins_as_a_store_and_is_none_says_what_is_missing() {
        for text in ["Cert:\\", "Cert:\\LocalMachine", "Cert:\\Nowhere\\My", "Cert:\\LocalMachine\\My\\XYZ"] {
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
