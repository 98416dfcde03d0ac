//! Certification paths: the search for them, every check of RFC 5280 section 6, and the record of what was refused and why.

pub(crate) mod anchor;
pub(crate) mod checks;
mod conformance;
pub(crate) mod graph;
mod missing;
pub(crate) mod name_constraints;
mod policy;
pub(crate) mod revocation;
pub(crate) mod search;
mod settings;
mod state;
mod trace;
mod valid_policies;
pub(crate) mod verdict;
pub mod windows;

pub use anchor::AnchorConstraints;
pub use missing::Missing;
pub use revocation::RevocationStatus;
pub use settings::{Budget, Purpose, Settings};
pub use trace::{Check, Detail, Failure, Refusal};
pub use verdict::{Path, PathStatus, Verdict};
