//! `-` is standard input: it can be read once, and only what is read can be called so.

use std::ffi::OsStr;
use std::path::Path;

use crate::cli::Stop;
use crate::cli::args::{Building, Command, Common, Output, Passwords, Sources};

/// Whether this argument means standard input.
pub(crate) fn is_standard_input(argument: impl AsRef<OsStr>) -> bool {
    argument.as_ref() == "-"
}

/// What is wrong with the arguments that are `-`.
pub(crate) fn check(command: &Command) -> Result<(), Stop> {
    let named = Named::of(command);
    if named.config.is_some_and(is_standard_input) {
        return Err(Stop::usage(
            "--config -: expected a file, as settings are not read from standard input; ./- is a file of that name",
        ));
    }
    if named.output.is_some_and(is_standard_input) {
        return Err(Stop::usage(
            "--output -: expected a file; leave --output out for standard output, or write ./- for a file of that name",
        ));
    }
    if named.inputs.into_iter().filter(|input| is_standard_input(input)).count() > 1 {
        return Err(Stop::usage("standard input is named twice; it can be read only once"));
    }
    Ok(())
}

/// The arguments of a command that name files.
#[derive(Default)]
struct Named<'a> {
    inputs: Vec<&'a OsStr>,
    config: Option<&'a Path>,
    output: Option<&'a Path>,
}

impl<'a> Named<'a> {
    fn of(command: &'a Command) -> Self {
        match command {
            Command::Inspect(all) => {
                Self::default().sources(&all.sources).rest(&all.passwords, &all.common, &all.output)
            }
            Command::Chain(all) => Self::default().sources(&all.sources).building(&all.building).rest(
                &all.passwords,
                &all.common,
                &all.output,
            ),
            Command::Audit(all) => Self::default().sources(&all.sources).building(&all.building).rest(
                &all.passwords,
                &all.common,
                &all.output,
            ),
            Command::Export(all) => Self::default().sources(&all.sources).building(&all.building).rest(
                &all.passwords,
                &all.common,
                &all.output,
            ),
            Command::Verify(all) => Self::default()
                .read([&all.leaf])
                .read(&all.trust)
                .read(&all.intermediates)
                .read(&all.crl)
                .rest(&all.passwords, &all.common, &all.output),
            Command::Diff(all) => Self::default()
                .read([&all.from, &all.to])
                .read(&all.trust)
                .read(&all.intermediates)
                .rest(&all.passwords, &all.common, &all.output),
            Command::Plan(all) => Self::default().settings(&all.common).output(&all.output),
            Command::Explain(all) => Self::default().settings(&all.common).output(&all.output),
            Command::Schema(all) => Self::default().output(&all.output),
            Command::Completions { .. } | Command::Man => Self::default(),
        }
    }

    fn read(mut self, arguments: impl IntoIterator<Item = &'a (impl AsRef<OsStr> + 'a)>) -> Self {
        self.inputs.extend(arguments.into_iter().map(AsRef::as_ref));
        self
    }

    fn sources(self, sources: &'a Sources) -> Self {
        self.read(&sources.sources).read(&sources.paths_from)
    }

    fn building(self, building: &'a Building) -> Self {
        self.read(&building.trust).read(&building.intermediates).read(&building.crl)
    }

    fn settings(self, common: &'a Common) -> Self {
        Self { config: common.config.as_deref(), ..self }
    }

    fn output(self, output: &'a Output) -> Self {
        Self { output: output.output.as_deref(), ..self }
    }

    fn rest(self, passwords: &'a Passwords, common: &'a Common, output: &'a Output) -> Self {
        self.read(&passwords.password_file).settings(common).output(output)
    }
}
