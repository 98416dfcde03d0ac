//! Certification paths for Microsoft Configuration Manager's cloud management gateway.

mod time;

pub mod certificate;
pub mod cmg;
pub mod source;

pub use time::Time;
