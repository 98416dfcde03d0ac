//! How far long work has come, by callback.

use std::sync::atomic::{AtomicU64, Ordering};

/// Told of progress while a command runs; called from one thread at a time.
pub type OnProgress = dyn Fn(Stage, u64) + Send + Sync;

/// What a command is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Reading: so many certificates so far.
    Reading,
    /// Judging: so many certificates so far.
    Judging,
}

/// Counts, and tells whoever wants to know.
#[derive(Default)]
pub struct Progress {
    read: AtomicU64,
    judged: AtomicU64,
    told: Option<Box<OnProgress>>,
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Progress").field("read", &self.read).field("judged", &self.judged).finish_non_exhaustive()
    }
}

impl Progress {
    /// Tells `told` of every step.
    pub fn new(told: impl Fn(Stage, u64) + Send + Sync + 'static) -> Self {
        Self { told: Some(Box::new(told)), ..Self::default() }
    }

    pub(crate) fn read(&self, count: usize) {
        let total = self.read.fetch_add(count as u64, Ordering::Relaxed) + count as u64;
        if let Some(told) = &self.told {
            told(Stage::Reading, total);
        }
    }

    pub(crate) fn judged(&self, count: usize) {
        let total = self.judged.fetch_add(count as u64, Ordering::Relaxed) + count as u64;
        if let Some(told) = &self.told {
            told(Stage::Judging, total);
        }
    }
}
