//! One certificate, decoded.
pub(crate) mod oid;
pub(crate) mod tlv;
pub use oid::Oid;
pub use tlv::DecodeError;
