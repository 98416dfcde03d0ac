//! Progress, drawn on a terminal only.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::args::Common;
use crate::ops::{Progress, Stage};

/// Short runs draw nothing.
const SILENT: Duration = Duration::from_millis(400);

/// Draws how many certificates were read and judged, and how fast; nothing where standard error is no terminal.
pub(crate) fn progress(common: &Common) -> Progress {
    if common.quiet || common.no_progress || !std::io::stderr().is_terminal() {
        return Progress::default();
    }
    let started = std::time::Instant::now();
    let bar = ProgressBar::hidden();
    let style = ProgressStyle::with_template("{spinner} {msg} {human_pos} certificates, {per_sec}, {elapsed}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    Progress::new(move |stage, count| {
        if bar.is_hidden() && started.elapsed() > SILENT {
            bar.set_draw_target(indicatif::ProgressDrawTarget::stderr_with_hz(10));
        }
        bar.set_message(match stage {
            Stage::Reading => "read",
            Stage::Judging => "judged",
        });
        bar.set_position(count);
    })
}
