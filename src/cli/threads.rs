//! The threads that a run works with: as many as were asked for and help, and fewer where the system gives fewer, down to the one
//! that the program itself is.

use std::io;
use std::num::{IntErrorKind, NonZeroUsize};
use std::sync::Once;
use std::sync::mpsc::{Sender, channel};
use std::thread::{Builder, JoinHandle, available_parallelism};

use rayon::{ThreadBuilder, ThreadPoolBuilder};

/// More threads than this speed nothing up, unless there are as many cores.
const MOST: usize = 256;

/// Reads the value of `--jobs`. A number beyond all numbers is one that is too large, and no mistake.
pub(crate) fn parse(text: &str) -> Result<NonZeroUsize, String> {
    match text.parse::<NonZeroUsize>() {
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => Ok(NonZeroUsize::MAX),
        parsed => parsed.map_err(|_| format!("expected a number of threads from 1 on, found {text:?}")),
    }
}

/// Begins the threads, once; without a number as many as there are cores.
pub(crate) fn begin(jobs: Option<NonZeroUsize>) {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| begin_threads(count(jobs, available_parallelism().map_or(1, NonZeroUsize::get))));
}

fn count(jobs: Option<NonZeroUsize>, cores: usize) -> usize {
    jobs.map_or(cores, NonZeroUsize::get).min(MOST.max(cores))
}

/// A thread that waits for its place in the pool. Rayon can be told the number of its threads only once, and fails as a whole where
/// one of them cannot be had: so they are there before it is told.
struct Waiting {
    place: Sender<ThreadBuilder>,
    thread: JoinHandle<()>,
}

impl Waiting {
    fn new() -> io::Result<Self> {
        let (place, given) = channel::<ThreadBuilder>();
        let work = move || {
            if let Ok(place) = given.recv() {
                place.run();
            }
        };
        Ok(Self { place, thread: Builder::new().spawn(work)? })
    }

    fn let_go(self) {
        drop(self.place);
        let _ = self.thread.join();
    }
}

fn begin_threads(wanted: usize) {
    let mut waiting: Vec<Waiting> = (0..wanted).map_while(|_| Waiting::new().ok()).collect();
    if waiting.len() < wanted {
        // The last that the system has of threads and memory, the work itself may need.
        let kept = waiting.len().div_ceil(2);
        waiting.drain(kept..).for_each(Waiting::let_go);
    }
    let pool = ThreadPoolBuilder::new().num_threads(waiting.len().max(1));
    // Fails only where there is a pool already.
    let _ = if waiting.is_empty() {
        pool.use_current_thread().build_global()
    } else {
        pool.spawn_handler(|place| {
            let next = waiting.pop().ok_or(io::ErrorKind::NotFound)?;
            next.place.send(place).map_err(|_| io::ErrorKind::BrokenPipe.into())
        })
        .build_global()
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_of_threads_is_too_large_and_none_is_a_mistake_that_says_what_is_expected() {
        for (text, expected) in [("1", 1), ("64", 64), ("256", 256), ("33000", 256), (&"9".repeat(40), 256)] {
            assert_eq!(count(Some(parse(text).unwrap()), 8), expected, "{text}");
        }
        assert_eq!((count(None, 8), count(None, 512), count(parse("400").ok(), 512)), (8, 512, 400));
        for text in ["0", "-1", "", "four", "1.5"] {
            assert!(parse(text).unwrap_err().contains("expected a number of threads from 1 on"), "{text}");
        }
    }
}
