//! The commands, one a file.

pub(crate) mod about;
pub(crate) mod audit;
pub(crate) mod chain;
pub(crate) mod diff;
pub(crate) mod export;
pub(crate) mod inspect;
pub(crate) mod verify;

use crate::cli::Stop;
use crate::cli::args::{FailOn, Format};
use crate::cli::exit::ExitStatus;
use crate::cli::output;
use crate::ops::OpsError;
use crate::report::sanitize;
use crate::source::Problem;

impl From<OpsError> for Stop {
    fn from(error: OpsError) -> Self {
        let status = match error {
            OpsError::Spool(_) => ExitStatus::Output,
            _ => ExitStatus::Usage,
        };
        // There is no result to hold them, and they may say why.
        complain_of(error.problems());
        Self::Because(status, sanitize::terminal(&error.to_string()))
    }
}

fn complain_of(problems: &[Problem]) {
    for problem in problems {
        output::complain(&sanitize::terminal(&problem.to_string()));
    }
}

/// The status that problems make; for csv, which has no place for them, they go to standard error.
fn of_problems(problems: &[Problem], format: Format) -> ExitStatus {
    if format == Format::Csv {
        complain_of(problems);
    }
    if problems.is_empty() { ExitStatus::Success } else { ExitStatus::Problems }
}

/// Findings at error level, where they decide the status.
fn of_failures(failed: bool, fail_on: FailOn) -> ExitStatus {
    if failed && fail_on != FailOn::Never { ExitStatus::Findings } else { ExitStatus::Success }
}
