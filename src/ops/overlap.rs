//! Work on all cores while one thread fetches what comes next and hands over what is done.

/// Calls `work` with each item, one after the other, and `sink` with the results, in order. While an item is worked on, the next
/// one is fetched and the one before is handed over, so that neither leaves the cores idle: `work` is expected to use them all.
pub(crate) fn overlap<T: Send, R: Send>(
    mut items: impl Iterator<Item = T>,
    mut work: impl FnMut(T) -> R + Send,
    mut sink: impl FnMut(R),
) {
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

/// Consecutive items together: at first one, then twice as many each time up to `most`, so that the first result comes at once.
pub(crate) fn growing<I: Iterator>(items: I, most: usize) -> impl Iterator<Item = Vec<I::Item>> {
    let mut items = items.fuse();
    let mut count = 1;
    std::iter::from_fn(move || {
        let some: Vec<_> = items.by_ref().take(count).collect();
        count = most.min(2 * count);
        (!some.is_empty()).then_some(some)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_worked_on_and_handed_over_once_and_in_order() {
        for count in [0, 1, 2, 3, 100] {
            let mut results = Vec::new();
            overlap(0..count, |item| item * 2, |result| results.push(result));
            assert_eq!(results, (0..count).map(|item| item * 2).collect::<Vec<i32>>());
        }
    }

    #[test]
    fn groups_grow_up_to_their_most_and_leave_nothing_out() {
        let groups: Vec<Vec<i32>> = growing(0..20, 4).collect();
        assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 4, 4, 4, 4, 1]);
        assert_eq!(groups.concat(), (0..20).collect::<Vec<_>>());
    }
}
