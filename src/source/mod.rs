//! Bytes in: files, folders, standard input and live stores, each format in a file of its own. Out come certificates, CRLs
//! and the places they were found, beside the problems.

pub(crate) mod argument;
pub(crate) mod base64_body;
pub(crate) mod batches;
pub(crate) mod ber;
pub(crate) mod between;
pub(crate) mod certutil;
pub(crate) mod certutil_csv;
mod container;
pub(crate) mod contents;
pub(crate) mod embedded;
pub(crate) mod hexdump;
pub(crate) mod lines;
pub(crate) mod live;
pub(crate) mod notes;
pub(crate) mod objects;
mod occurrence;
pub(crate) mod passwords;
pub(crate) mod paths_from;
pub(crate) mod pem;
pub(crate) mod pkcs12;
pub(crate) mod pkcs7;
pub(crate) mod properties;
pub(crate) mod provider;
pub(crate) mod read;
pub(crate) mod registry;
pub(crate) mod serialized_store;
pub(crate) mod shape;
pub(crate) mod sniff;
pub(crate) mod store_properties;
pub(crate) mod store_source;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod text;
pub(crate) mod walk;
pub(crate) mod wildcard;

pub use argument::{Source, SourceError, check};
pub use contents::{Format, Position, ProblemCode};
pub use occurrence::{Occurrence, Problem};
pub use passwords::Passwords;
pub use properties::{Properties, Restrictions, StoreName};
pub use provider::{Evidence, KeyKeeper, KeyProvider, ProviderFamily};
pub use store_source::{StoreLocation, StoreSource};

/// Expands `*` and `?` on Windows, whose shells leave that to the program; elsewhere arguments stay as they are.
pub fn expand_wildcards(arguments: &[std::ffi::OsString]) -> Vec<std::ffi::OsString> {
    let expand = |argument: &std::ffi::OsString| match argument.to_str() {
        Some(text) if cfg!(windows) && !std::path::Path::new(argument).exists() => {
            wildcard::expand(text, wildcard::names_in).into_iter().map(Into::into).collect()
        }
        _ => vec![argument.clone()],
    };
    arguments.iter().flat_map(expand).collect()
}

/// Whether a file gives something where it is met in a folder that is walked, be it a problem: whoever writes a result beside what was
/// read must not replace such a file.
pub fn is_read_in_a_folder(path: &std::path::Path) -> bool {
    read::is_read_in_a_folder(path)
}
