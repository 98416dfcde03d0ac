//! Certification paths for Microsoft Configuration Manager's cloud management gateway.

mod time;

pub mod certificate;
pub mod path;
pub mod source;

pub use time::Time;
