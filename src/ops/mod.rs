//! One library function a command: reading, threads, order and streaming; progress by callback.

mod corpus;
mod progress;
mod results;
mod scan;
mod spool;

pub use results::{Bundle, Chains, Client, Inspection, IssuerResult, PassedOver, Trust};
