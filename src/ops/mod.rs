//! One library function a command: reading, threads, order and streaming; progress by callback.

mod results;

pub use results::{Bundle, Chains, Client, Inspection, IssuerResult, PassedOver, Trust};
