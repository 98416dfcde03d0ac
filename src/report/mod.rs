//! Results out: one file a format. Nothing else in the crate prints.

pub mod bundle;
pub mod json;
pub mod model;
pub(crate) mod sanitize;
