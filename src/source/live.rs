//! Live Windows stores: what a store holds now, with what the store says beside each certificate.

#[cfg(windows)]
mod crypt32;

#[cfg(windows)]
mod read;
#[cfg(windows)]
pub(crate) use read::{is_missing, read_store, read_stores_for_trust};

#[cfg(all(test, windows))]
mod tests;

use crate::source::contents::Contents;

/// The stores that decide what Windows trusts, of the machine and of the user together.
#[derive(Debug, Default)]
pub(crate) struct TrustStores {
    /// The trust anchors.
    pub(crate) roots: Contents,
    /// CA certificates that help to build.
    pub(crate) intermediates: Contents,
    /// What must not be trusted, whatever else says so.
    pub(crate) disallowed: Contents,
}

#[cfg(not(windows))]
mod elsewhere {
    use super::TrustStores;
    use crate::source::contents::{Contents, Position, ProblemCode};
    use crate::source::store_source::StoreSource;

    /// Says how to bring the store here: only Windows has any.
    pub(crate) fn read_store(source: &StoreSource) -> Contents {
        let message = format!(
            "expected a file or folder, found a live store, which only Windows has; write it to a file there and give that \
             file here: {}",
            source.export_command()
        );
        Contents::fault(ProblemCode::Unsupported, Position::Whole, message)
    }

    /// No stores.
    pub(crate) fn read_stores_for_trust() -> TrustStores {
        TrustStores::default()
    }
}
#[cfg(not(windows))]
pub(crate) use elsewhere::{read_store, read_stores_for_trust};
