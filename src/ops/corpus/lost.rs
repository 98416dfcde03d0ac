//! What was there at the first reading and is gone at a further one: nothing of it is left out in silence.

use std::collections::HashSet;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ops::corpus::Problems;
use crate::source::contents::{Fault, MAX_FAULTS};
use crate::source::{Position, Problem, ProblemCode};

/// What is noted of the further readings.
#[derive(Default)]
pub(super) struct Lost {
    /// How many there were.
    readings: AtomicU8,
    noted: Mutex<Noted>,
}

#[derive(Default)]
struct Noted {
    /// The sources that have their problem already.
    told: HashSet<Arc<str>>,
    /// What could not be read in this reading, and is to be told where something is lost.
    now: Vec<Problem>,
    lost: Vec<Problem>,
}

impl Lost {
    /// Nothing yet, beside what could not be read at first.
    pub(super) fn beside(problems: &Problems) -> Self {
        let told = problems.kept.iter().map(|problem| problem.source.clone()).collect();
        Self { noted: Mutex::new(Noted { told, ..Noted::default() }), ..Self::default() }
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a reading, and tells its number.
    pub(super) fn begin(&self) -> u8 {
        self.readings.fetch_add(1, Relaxed) + 1
    }

    /// What cannot be read in it, one problem of each source.
    pub(super) fn note(&self, problems: Vec<Problem>) {
        let Noted { told, now, .. } = &mut *self.noted();
        for problem in problems {
            if now.len() < MAX_FAULTS && !told.contains(&problem.source) {
                told.insert(problem.source.clone());
                now.push(problem);
            }
        }
    }

    /// Ends it: so many certificates were there before, and so many were judged.
    pub(super) fn end(&self, before: usize, judged: usize) {
        let mut noted = self.noted();
        let mut now = std::mem::take(&mut noted.now);
        if judged >= before {
            now.iter().for_each(|problem| _ = noted.told.remove(&problem.source));
            return;
        }
        now.sort_by(|one, two| one.source.cmp(&two.source));
        noted.lost.extend(now);
        let all: Arc<str> = "all sources".into();
        if noted.told.insert(all.clone()) {
            let message = format!(
                "expected the {before} end-entity certificates of the first reading at the next one too, found {judged} of them: the \
                 sources were changed meanwhile, and the others were not judged; run this again when they are at rest"
            );
            noted.lost.push(Problem::new(&all, Fault::new(ProblemCode::Unreadable, Position::Whole, message)));
        }
    }

    pub(super) fn take(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.noted().lost)
    }
}
