//! certpath against test material that others made. It is not part of the repository: what is not there is said by name.

#![allow(clippy::print_stdout)]

#[path = "../common/mod.rs"]
mod common;

mod formats;
mod inspect;
mod policies;
mod schemas;
mod suites;

use std::sync::Mutex;

/// Runs `work` on each item, two at a time, and keeps the order.
fn on_two_threads<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = Mutex::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let at = {
                        let mut next = next.lock().expect("no thread panics with the lock");
                        *next += 1;
                        *next - 1
                    };
                    let Some(item) = items.get(at) else { break };
                    let result = work(item);
                    results.lock().expect("no thread panics with the lock").push((at, result));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("every thread has ended");
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

/// The rows of a table kept beside the tests: columns by tab, `#` begins a comment, the first row names the columns.
fn table(text: &str) -> Vec<Vec<String>> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .skip(1)
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect()
}
