//! Work on all cores while one thread fetches what comes next and hands over what is done.
//!
//! What it works with comes as trait objects, as everywhere below the API: closures within closures within iterators have types
//! whose names fill megabytes, more than some linkers take, and a call for each certificate costs nothing beside the certificate.

use std::time::{Duration, Instant};

use crate::threads;

/// Calls `work` with each item, one after the other, and `sink` with the results, in order. While an item is worked on, the next
/// one is fetched and the one before is handed over, so that neither leaves the cores idle: `work` is expected to use them all.
pub(crate) fn overlap<T: Send, R: Send>(
    items: &mut dyn Iterator<Item = T>,
    work: &mut (dyn FnMut(T) -> R + Send),
    sink: &mut dyn FnMut(R),
) {
    threads::begin();
    let mut next = items.next();
    let mut done: Option<R> = None;
    while next.is_some() || done.is_some() {
        let mut result = None;
        rayon::in_place_scope(|scope| {
            if let Some(item) = next.take() {
                scope.spawn(|_| result = Some(work(item)));
            }
            if let Some(done) = done.take() {
                sink(done);
            }
            next = items.next();
        });
        done = result;
    }
}

/// As [`overlap`], for items that are there without waiting: a single one is worked on by the caller itself, and no other thread
/// is begun for it.
pub(crate) fn overlap_ready<T: Send, R: Send>(
    items: &mut dyn Iterator<Item = T>,
    work: &mut (dyn FnMut(T) -> R + Send),
    sink: &mut dyn FnMut(R),
) {
    match (items.next(), items.next()) {
        (Some(only), None) => sink(work(only)),
        (first, second) => overlap(&mut first.into_iter().chain(second).chain(items), work, sink),
    }
}

/// How long a group waits for more: what is there by then is handed on, so that a slow input does not hold up what it has sent.
const PATIENCE: Duration = Duration::from_millis(100);

/// Consecutive items together: at first one, then twice as many each time up to `most`, so that the first result comes at once.
pub(crate) fn growing<I: Iterator>(items: I, most: usize) -> impl Iterator<Item = Vec<I::Item>> {
    let mut items = items.fuse();
    let mut count = 1;
    std::iter::from_fn(move || {
        let first = items.next()?;
        let begun = Instant::now();
        let mut some = vec![first];
        while some.len() < count && begun.elapsed() < PATIENCE {
            let Some(item) = items.next() else { break };
            some.push(item);
        }
        count = most.min(2 * count);
        Some(some)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_worked_on_and_handed_over_once_and_in_order() {
        for count in [0, 1, 2, 3, 100] {
            let mut results = Vec::new();
            overlap(&mut (0..count), &mut |item| item * 2, &mut |result| results.push(result));
            overlap_ready(&mut (0..count), &mut |item| item * 2, &mut |result| results.push(result));
            let expected: Vec<i32> = (0..count).map(|item| item * 2).collect();
            assert_eq!(results, [&expected[..], &expected[..]].concat());
        }
    }

    #[test]
    fn groups_grow_up_to_their_most_and_leave_nothing_out() {
        let groups: Vec<Vec<i32>> = growing(0..20, 4).collect();
        assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 4, 4, 4, 4, 1]);
        assert_eq!(groups.concat(), (0..20).collect::<Vec<_>>());
    }
}
