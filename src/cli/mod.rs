//! The command line: arguments in, one call of [`crate::ops`] a command, exit status out.

mod args;
mod commands;
mod exit;
mod input;
mod jobs;
mod manual;
mod output;
mod progress;
mod protect;
mod streams;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
use exit::ExitStatus;

use crate::report::sanitize;

/// Why a command could not do its work.
pub(crate) enum Stop {
    /// What the exit status is, and what to say on standard error.
    Because(ExitStatus, String),
    /// Whoever reads the output went away.
    ReaderGone,
}

impl Stop {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Because(ExitStatus::Usage, message.into())
    }

    /// With what is to be said beside it.
    fn with(self, remark: &str) -> Self {
        match self {
            Self::Because(status, message) => Self::Because(status, format!("{message}; {remark}")),
            Self::ReaderGone => Self::ReaderGone,
        }
    }
}

/// Runs the program with the process' arguments.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return answer(&error),
    };
    end(run(&arguments))
}

/// What the arguments alone ask for, the help or the version; and what is wrong with them.
fn answer(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        if std::env::args_os().all(|argument| is_harmless(&argument.to_string_lossy())) {
            error.exit();
        }
        // It repeats the arguments, and a wildcard may have made one of a file's name.
        output::complain_in_lines(&error.render().to_string());
        return ExitStatus::Usage.into();
    }
    end(output::written(error.print()).map(|()| ExitStatus::Success))
}

fn is_harmless(text: &str) -> bool {
    sanitize::terminal(text) == text
}

fn run(arguments: &Arguments) -> Result<ExitStatus, Stop> {
    streams::check(&arguments.command)?;
    match &arguments.command {
        Command::Inspect(arguments) => commands::inspect::run(arguments),
        Command::Chain(arguments) => commands::chain::run(arguments),
        Command::Audit(arguments) => commands::audit::run(arguments),
        Command::Export(arguments) => commands::export::run(arguments),
        Command::Plan(arguments) => commands::about::plan(arguments),
        Command::Verify(arguments) => commands::verify::run(arguments),
        Command::Diff(arguments) => commands::diff::run(arguments),
        Command::Explain(arguments) => commands::about::explain(arguments),
        Command::Schema(arguments) => commands::about::schema(arguments),
        Command::Completions { shell } => commands::about::completions(*shell),
        Command::Man => commands::about::man(),
    }
}

fn end(done: Result<ExitStatus, Stop>) -> ExitCode {
    match done {
        Ok(status) => status.into(),
        Err(Stop::ReaderGone) => ExitStatus::Success.into(),
        Err(Stop::Because(status, message)) => {
            output::complain(&message);
            status.into()
        }
    }
}
