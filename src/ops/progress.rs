//! How far long work has come, by callback.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Told of progress while a command runs; called from one thread at a time.
pub type OnProgress = dyn Fn(&Step) + Send + Sync;

/// What a command is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Reading files.
    Reading,
    /// Judging certificates.
    Judging,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// What is being done.
    pub stage: Stage,
    /// How many files have been read.
    pub files: u64,
    /// How many certificates have been read, or judged.
    pub certificates: u64,
    /// How many there are in all, as far as that is known: files while reading, certificates while judging.
    pub total: Option<u64>,
}

impl Step {
    /// How much of the total is done.
    pub fn done(&self) -> u64 {
        match self.stage {
            Stage::Reading => self.files,
            Stage::Judging => self.certificates,
        }
    }
}

/// Counts, and tells whoever wants to know.
#[derive(Default)]
pub struct Progress {
    files: AtomicU64,
    read: AtomicU64,
    judged: AtomicU64,
    /// 0 while it is not known.
    files_in_all: Arc<AtomicU64>,
    certificates_in_all: AtomicU64,
    told: Option<Box<OnProgress>>,
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Progress").field("read", &self.read).field("judged", &self.judged).finish_non_exhaustive()
    }
}

fn add(counter: &AtomicU64, count: usize) -> u64 {
    counter.fetch_add(count as u64, Ordering::Relaxed) + count as u64
}

fn known(total: &AtomicU64) -> Option<u64> {
    Some(total.load(Ordering::Relaxed)).filter(|total| *total > 0)
}

impl Progress {
    /// Tells `told` of every step.
    pub fn new(told: impl Fn(&Step) + Send + Sync + 'static) -> Self {
        Self { told: Some(Box::new(told)), ..Self::default() }
    }

    /// Has the files counted beside the reading of them, for those who are told; where no thread is to be had for it, nobody counts.
    pub(crate) fn count_files(&self, count: impl FnOnce() -> usize + Send + 'static) {
        if self.told.is_some() {
            let total = Arc::clone(&self.files_in_all);
            let count = move || total.store(count() as u64, Ordering::Relaxed);
            let _ = std::thread::Builder::new().spawn(count);
        }
    }

    /// So many certificates will be judged.
    pub(crate) fn expect_certificates(&self, count: usize) {
        self.certificates_in_all.store(count as u64, Ordering::Relaxed);
    }

    /// A file, or a part of a long one, was read, with so many certificates in it.
    pub(crate) fn read(&self, is_whole_file: bool, certificates: usize) {
        let files = add(&self.files, usize::from(is_whole_file));
        let certificates = add(&self.read, certificates);
        self.tell(Step { stage: Stage::Reading, files, certificates, total: known(&self.files_in_all) });
    }

    /// So many more certificates were judged.
    pub(crate) fn judged(&self, count: usize) {
        let certificates = add(&self.judged, count);
        let files = self.files.load(Ordering::Relaxed);
        self.tell(Step { stage: Stage::Judging, files, certificates, total: known(&self.certificates_in_all) });
    }

    fn tell(&self, step: Step) {
        if let Some(told) = &self.told {
            told(&step);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::ops::{AuditRequest, Request, audit, chain};
    use crate::source::Source;

    /// The last step of each stage, while this runs over testdata/contoso.
    fn last_steps(run: impl FnOnce(Request)) -> (Step, Step) {
        let steps: Arc<Mutex<Vec<Step>>> = Arc::default();
        let told = Arc::clone(&steps);
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/contoso");
        let at = crate::Time::parse("2026-01-01T00:00:00Z").unwrap();
        let mut request = Request::new(vec![Source::Path(folder)], at);
        request.progress = Progress::new(move |step| told.lock().unwrap().push(*step));
        run(request);
        let steps = steps.lock().unwrap();
        let last = |stage| *steps.iter().rev().find(|step| step.stage == stage).unwrap();
        (last(Stage::Reading), last(Stage::Judging))
    }

    #[test]
    fn files_and_certificates_are_counted_and_what_is_to_be_judged_is_known() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/contoso");
        let files = walkdir::WalkDir::new(folder).into_iter().flatten().filter(|entry| entry.file_type().is_file());
        let files = files.count() as u64;
        for (read, judged) in [
            last_steps(|request| drop(chain(&request).unwrap())),
            last_steps(|request| drop(audit(&AuditRequest::new(request), |_| (), drop).unwrap())),
        ] {
            assert_eq!(read.files, files);
            assert!(read.certificates > judged.certificates, "{read:?} {judged:?}");
            assert_eq!(judged.total, Some(judged.certificates), "all that was to be judged was");
        }
    }

    #[test]
    fn the_files_are_counted_beside_the_reading_of_them() {
        let progress = Progress::new(|_| {});
        progress.count_files(|| 3);
        let start = std::time::Instant::now();
        while known(&progress.files_in_all).is_none() {
            assert!(start.elapsed().as_secs() < 60, "nobody counts");
            std::thread::yield_now();
        }
        assert_eq!(known(&progress.files_in_all), Some(3));
    }
}
