//! Certification paths.

pub(crate) mod revocation;

pub use revocation::RevocationStatus;
