//! `certpath export`.

use crate::cli::args::{Export, Format};
use crate::cli::commands::{of_failures, of_problems};
use crate::cli::exit::ExitStatus;
use crate::cli::output::{Sink, complain};
use crate::cli::protect::is_apart_from;
use crate::cli::{Stop, input};
use crate::ops::{self, Bundle, Extent};
use crate::report::bundle::{self, BundleError, BundleOptions, Manifest, Refusal};
use crate::report::model::HeaderRecord;
use crate::report::{json, sanitize};
use crate::source::walk;

pub(crate) fn run(arguments: &Export) -> Result<ExitStatus, Stop> {
    let mut request = input::request(
        &arguments.sources,
        arguments.building.at,
        &arguments.passwords,
        &arguments.common,
        &arguments.output,
    )?;
    input::build_with(&mut request, &arguments.building, &arguments.output)?;
    input::select(&mut request, &arguments.selecting)?;
    let options = BundleOptions {
        force: arguments.force,
        allow_incomplete: arguments.allow_incomplete,
        all_cas: arguments.all_cas,
    };
    request.output_folder = Some(arguments.out.clone());
    let extent = Extent { all_paths: arguments.all_paths, all_cas: arguments.all_cas };

    is_apart_from(&arguments.output, &arguments.out)?;
    let mut sink = Sink::open(&arguments.output)?;
    let found = ops::export(&request, &extent)?;
    let problems = of_problems(&found.problems, arguments.format);
    match bundle::write(&found, &arguments.out, &options) {
        Ok(manifest) => {
            let text = match arguments.format {
                Format::Table if arguments.common.quiet => Vec::new(),
                Format::Table => bundle::summary_text(&found, &manifest, &arguments.out).into_bytes(),
                Format::Json => json::document(&manifest),
                Format::Ndjson => lines(&manifest),
                Format::Csv => bundle::csv(&manifest, arguments.output.output.is_some()),
            };
            sink.write(&text).and_then(|()| sink.finish()).map_err(|stop| {
                let place = sanitize::terminal(&walk::display_name(&arguments.out));
                stop.with(&format!(
                    "the export itself is whole, in {place}: what was not written stands in its manifest"
                ))
            })?;
            Ok(problems.combine(of_failures(!found.refused.is_empty(), arguments.output.fail_on)))
        }
        Err(BundleError::Refused(refusal)) => {
            sink.write(&refused(arguments, &found, &refusal))?;
            sink.finish()?;
            if arguments.format == Format::Csv {
                complain(&format!("nothing was written: {refusal}"));
            }
            Ok(ExitStatus::Refused)
        }
        Err(error) => Err(Stop::Because(ExitStatus::Output, sanitize::terminal(&error.to_string()))),
    }
}

fn lines(manifest: &Manifest) -> Vec<u8> {
    let header = HeaderRecord { schema: manifest.schema, at: manifest.at, trust: Some(manifest.trust) };
    json::lines(&header, &manifest.problems, manifest)
}

fn refused(arguments: &Export, found: &Bundle, refusal: &Refusal) -> Vec<u8> {
    let manifest = || bundle::refused_manifest(found, refusal);
    match arguments.format {
        Format::Table => bundle::refusal_text(found, refusal, &arguments.out).into_bytes(),
        Format::Json => json::document(&manifest()),
        Format::Ndjson => lines(&manifest()),
        Format::Csv => bundle::csv(&manifest(), arguments.output.output.is_some()),
    }
}
