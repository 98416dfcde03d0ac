//! What Configuration Manager asks: the rules for the certificates around a CMG and their findings, client selection, and
//! the plan tables.

pub mod catalogue;
pub(crate) mod concern;
pub mod diff;
pub mod finding;
pub mod funnel;
mod names;
pub mod passed_over;
pub mod plan;
mod plan_table;
pub mod profile;
mod public_roots;
pub(crate) mod rules;
pub mod selection;
pub mod settings;
mod sources;
#[cfg(test)]
pub(crate) mod testing;

pub use finding::{Case, Code, Finding, Severity, Verdict};
pub use profile::ProfileName;
pub use settings::{Parameters, Settings, SettingsError};
pub use sources::Source;
