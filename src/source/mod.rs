//! Bytes in: files, folders, standard input and live stores, each format in a file of its own. Out come certificates, CRLs
//! and the places they were found, beside the problems.

pub(crate) mod contents;

pub(crate) mod live;
mod occurrence;
pub(crate) mod properties;
pub(crate) mod provider;
pub(crate) mod store_source;

pub use contents::{Format, Position, ProblemCode};
pub use occurrence::{Occurrence, Problem};
pub use properties::{Properties, Restrictions, StoreName};
pub use provider::{Evidence, KeyKeeper, KeyProvider, ProviderFamily};
pub use store_source::{StoreLocation, StoreSource};
