//! One library function a command: reading, threads, order and streaming; progress by callback.

mod anchored;
mod assembly;
mod audit;
mod authorities;
mod chain;
mod corpus;
mod export;
mod inspect;
mod overlap;
mod progress;
mod request;
mod results;
pub(crate) mod scan;
mod selecting;
mod spool;
mod verify;

pub use anchored::{Anchored, anchored};
pub use audit::{AuditOutcome, AuditRequest, Audited, CaseCount, CodeCount, audit};
pub use chain::{Considered, chain, chain_each};
pub use export::{Extent, export};
pub use inspect::{Inspected, inspect};
pub use progress::{OnProgress, Progress, Stage, Step};
pub use request::{OpsError, Request};
pub use results::{Bundle, ChainOutcome, Chains, Client, ExportedClient, Inspection, IssuerResult, PassedOver, Trust};
pub use selecting::SelectionCounts;
pub use verify::{Verification, verify};
