//! Results out: one file a format. Nothing else in the crate prints.

pub mod audit;
pub mod audit_text;
pub mod bundle;
mod chain_closing;
mod chain_gathered;
mod chain_groups;
mod chain_refused;
pub mod chain_text;
mod client_rows;
pub mod csv;
mod describe;
pub mod diff;
mod expired;
pub mod explain_text;
mod first_met;
pub mod html;
pub mod inspect_text;
pub mod json;
pub mod model;
mod path_branch;
mod path_notes;
pub mod plan_text;
mod problems_text;
pub(crate) mod sanitize;
pub mod schema;
pub(crate) mod selection_text;
pub mod style;
mod table;
#[cfg(test)]
mod testing;
mod tree;
pub(crate) mod trust_text;
pub mod verify_text;

pub use style::Style;
