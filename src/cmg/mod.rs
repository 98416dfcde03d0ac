//! What Configuration Manager asks: the rules for the certificates around a CMG and their findings, client selection, and
//! the plan tables.

pub mod catalogue;
pub mod finding;
pub mod plan;
mod plan_table;
pub mod settings;
mod sources;

pub use finding::{Case, Code, Finding, Severity, Verdict};
pub use settings::{Parameters, Settings, SettingsError};
pub use sources::Source;
