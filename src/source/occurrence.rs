//! One certificate or CRL, as one place holds it.

use std::sync::Arc;

use crate::source::contents::{Fault, Format, Position, ProblemCode};
use crate::source::properties::Properties;

/// Where something was found, and what that place says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Occurrence {
    /// The file, `-` for standard input, or the live store.
    pub source: Arc<str>,
    /// How it was kept there.
    pub format: Format,
    /// The how-manieth certificate of the source it is, from 0.
    pub index: u64,
    /// Where in the source.
    pub position: Position,
    /// What the place says beside the certificate; nothing in most files.
    pub properties: Option<Box<Properties>>,
}

/// Something that was offered and could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The file, `-` for standard input, or the live store.
    pub source: Arc<str>,
    /// What kind of problem it is.
    pub code: ProblemCode,
    /// Where in the source.
    pub position: Position,
    /// What was expected, what was found, and what to do next.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(source: &Arc<str>, fault: Fault) -> Self {
        Self { source: source.clone(), code: fault.code, position: fault.position, message: fault.message }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.position {
            Position::Whole => write!(f, "{}: {}", self.source, self.message),
            position => write!(f, "{}: {position}: {}", self.source, self.message),
        }
    }
}
