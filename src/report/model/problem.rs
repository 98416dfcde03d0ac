//! The record of something that was offered and could not be read.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::source;

/// Something that was offered and could not be read.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProblemRecord {
    /// The file, `-`, or the live store.
    pub source: Arc<str>,
    /// What kind of problem.
    pub code: source::ProblemCode,
    /// The line of a text, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The offset in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// What was expected, what was found, and what to do next.
    pub message: String,
}

impl ProblemRecord {
    /// Of a problem.
    pub fn new(problem: &source::Problem) -> Self {
        let (line, offset) = match problem.position {
            source::Position::Line(line) => (Some(line), None),
            source::Position::Byte(byte) => (None, Some(byte)),
            _ => (None, None),
        };
        Self { source: problem.source.clone(), code: problem.code, line, offset, message: problem.message.clone() }
    }
}
