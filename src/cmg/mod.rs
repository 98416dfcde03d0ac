//! What Configuration Manager asks: the rules for the certificates around a CMG and their findings, client selection, and
//! the plan tables.

pub mod plan;
mod plan_table;
mod sources;

pub use sources::Source;
