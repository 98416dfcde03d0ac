//! The threads that a run works with: as many as were asked for and help, and fewer where the system gives fewer, down to the one
//! that the program itself is.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::{Builder, JoinHandle};

use rayon::prelude::*;
use rayon::{ThreadBuilder, ThreadPoolBuilder};

/// More threads than this speed nothing up, unless there are as many cores.
const MOST: usize = 256;

/// How many threads were asked for; 0 for as many as there are cores.
static WANTED: AtomicUsize = AtomicUsize::new(0);

/// Sets how many threads the operations of this library use at most, before the first of them begins its threads: rayon's global pool,
/// where the caller has not begun that himself. Unless it is called they are as many as there are cores.
pub fn use_at_most(threads: NonZeroUsize) {
    WANTED.store(threads.get(), Ordering::Relaxed);
}

/// Begins the threads, once: before the first work for several of them, since a small input needs none.
pub(crate) fn begin() {
    static BEGUN: Once = Once::new();
    // Whoever calls from a thread of a pool has one.
    if rayon::current_thread_index().is_none() {
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        BEGUN.call_once(|| begin_threads(count(WANTED.load(Ordering::Relaxed), cores())));
    }
}

/// Begins the threads, and tells how many there are.
pub(crate) fn count_begun() -> usize {
    begin();
    rayon::current_num_threads()
}

/// `work` of each item, in order, with at most so many of them in one go.
pub(crate) fn on_all_cores<T: Send, R: Send>(items: Vec<T>, at_once: usize, work: &(dyn Fn(T) -> R + Sync)) -> Vec<R> {
    begin();
    items.into_par_iter().with_max_len(at_once).map(work).collect()
}

/// From how many things on their memory is given back aside.
const MANY: usize = 1024;

/// Gives the memory of so many things back, where they are many aside: nobody waits for that, least of all a program that ends.
pub(crate) fn drop_aside<T: Send + 'static>(things: T, count: usize) {
    if count >= MANY {
        // Where no thread is to be had, it is given back here: with what was to be done on it.
        let _ = Builder::new().spawn(|| drop(things));
    }
}

fn count(wanted: usize, cores: usize) -> usize {
    if wanted == 0 { cores } else { wanted.min(MOST.max(cores)) }
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
    fn threads_are_as_many_as_asked_for_up_to_what_helps_and_else_as_the_cores() {
        assert_eq!([1, 64, 256, 257, 33_000, usize::MAX].map(|wanted| count(wanted, 8)), [1, 64, 256, 256, 256, 256]);
        assert_eq!((count(0, 8), count(0, 512), count(400, 512)), (8, 512, 400));
    }
}
