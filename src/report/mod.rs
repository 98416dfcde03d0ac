//! Results out: one file a format. Nothing else in the crate prints.

pub mod json;
pub mod model;
pub(crate) mod sanitize;
pub mod style;
mod table;
pub mod verify_text;

pub use style::Style;
