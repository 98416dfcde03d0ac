//! What Configuration Manager asks: the rules for the certificates around a CMG and their findings, client selection, and
//! the plan tables.

pub mod catalogue;
pub mod finding;
pub mod funnel;
mod names;
pub mod passed_over;
pub mod plan;
mod plan_table;
mod public_roots;
pub mod selection;
pub mod settings;
mod sources;
#[cfg(test)]
pub(crate) mod testing;

pub use finding::{Case, Code, Finding, Severity, Verdict};
pub use settings::{Parameters, Settings, SettingsError};
pub use sources::Source;
