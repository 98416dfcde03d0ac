//! Progress, drawn on a terminal only.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::args::Common;
use crate::ops::{Progress, Stage, Step};
use crate::report::style::grouped;

/// Short runs draw nothing.
const SILENT: Duration = Duration::from_millis(400);
/// How often the line is written anew, in milliseconds.
const REDRAWN: u64 = 100;

/// Draws how many files and certificates were read and judged, how fast, and how long the rest will take; nothing where
/// standard error is no terminal.
pub(crate) fn progress(common: &Common) -> Progress {
    if common.quiet || common.no_progress || !std::io::stderr().is_terminal() {
        return Progress::default();
    }
    let started = Instant::now();
    let bar = ProgressBar::hidden();
    let style = ProgressStyle::with_template("{spinner} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    let (drawn, judging_since) = (AtomicU64::new(0), AtomicU64::new(0));
    Progress::new(move |step| {
        let now = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        if step.stage == Stage::Judging && judging_since.load(Ordering::Relaxed) == 0 {
            judging_since.store(now.max(1), Ordering::Relaxed);
        }
        if Duration::from_millis(now) < SILENT || now < drawn.load(Ordering::Relaxed) + REDRAWN {
            return;
        }
        drawn.store(now, Ordering::Relaxed);
        if bar.is_hidden() {
            bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
        }
        let since = if step.stage == Stage::Judging { judging_since.load(Ordering::Relaxed) } else { 0 };
        bar.set_message(line(step, Duration::from_millis(now.saturating_sub(since))));
        bar.tick();
    })
}

/// What stands on the terminal, so long after the stage began.
fn line(step: &Step, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64().max(0.001);
    // Whole numbers far below 2^53.
    let rate = grouped((step.certificates as f64 / seconds) as u64);
    let certificates = grouped(step.certificates);
    let mut text = match (step.stage, step.total) {
        (Stage::Reading, Some(total)) => {
            format!("read {} of {} files, {certificates} certificates", grouped(step.files), grouped(total))
        }
        (Stage::Reading, None) => format!("read {} files, {certificates} certificates", grouped(step.files)),
        (Stage::Judging, Some(total)) => format!("judged {certificates} of {} certificates", grouped(total)),
        (Stage::Judging, None) => format!("judged {certificates} certificates"),
    };
    text.push_str(&format!(", {rate}/s"));
    let done = step.done();
    if let Some(rest) = step.total.and_then(|total| total.checked_sub(done))
        && done > 0
        && elapsed >= Duration::from_millis(200)
    {
        text.push_str(&format!(", {} left", duration((seconds * rest as f64 / done as f64).ceil() as u64)));
    }
    text
}

fn duration(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(stage: Stage, files: u64, certificates: u64, total: Option<u64>) -> Step {
        Step { stage, files, certificates, total }
    }

    #[test]
    fn files_rate_and_time_left_are_shown_as_far_as_they_are_known() {
        let after = |seconds, step: Step| line(&step, Duration::from_secs(seconds));
        assert_eq!(
            after(2, step(Stage::Reading, 2500, 2480, Some(10_000))),
            "read 2,500 of 10,000 files, 2,480 certificates, 1,240/s, 6 s left"
        );
        assert_eq!(after(2, step(Stage::Reading, 0, 4000, None)), "read 0 files, 4,000 certificates, 2,000/s");
        assert_eq!(
            after(10, step(Stage::Judging, 3, 1000, Some(200_000))),
            "judged 1,000 of 200,000 certificates, 100/s, 33 min 10 s left"
        );
        assert_eq!(after(0, step(Stage::Reading, 0, 0, Some(9))), "read 0 of 9 files, 0 certificates, 0/s");
        assert_eq!((duration(59), duration(7384)), ("59 s".to_owned(), "2 h 3 min".to_owned()));
    }
}
