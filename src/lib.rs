//! Certification paths for Microsoft Configuration Manager's cloud management gateway.

mod time;

pub mod certificate;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
pub mod cmg;
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;
pub mod ops;
pub mod path;
mod pool;
pub mod report;
pub mod source;

pub use pool::Entry;
pub use time::Time;
