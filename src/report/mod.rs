//! Results out: one file a format. Nothing else in the crate prints.

pub mod json;
pub mod model;
mod sanitize;
mod style;
mod table;

pub use style::Style;
