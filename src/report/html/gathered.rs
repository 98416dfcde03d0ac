//! What the page tells of the audited certificates, gathered while they come by: the rows of the worst, and of all of them counts.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::cmg::Verdict;
use crate::report::audit::AuditedRecord;
use crate::time::Time;

/// More rows than that make the page slow to open: some 10 MB.
const ROWS: usize = 50_000;

/// How many certificates pass, warn and fail.
pub(super) type Verdicts = [u64; 3];

/// What the page tells of certificates; how many they are takes no memory.
#[derive(Debug)]
pub struct Certificates {
    /// How many rows there may be.
    most: usize,
    rows: Vec<AuditedRecord>,
    /// Of those that do not come before it no row is kept.
    last: Option<Order>,
    pub(super) count: u64,
    /// By the month in which they end, since year 0.
    pub(super) months: BTreeMap<i64, Verdicts>,
    /// By the SHA-256 of their issuing CA.
    pub(super) hanging: HashMap<Arc<str>, Verdicts>,
}

/// The worst first, then those that expire first.
type Order = (Reverse<Verdict>, Option<Time>);

fn order(row: &AuditedRecord) -> Order {
    (Reverse(row.verdict), row.not_after)
}

impl Default for Certificates {
    fn default() -> Self {
        Self::with_rows(ROWS)
    }
}

impl Certificates {
    fn with_rows(most: usize) -> Self {
        Self { most, rows: Vec::new(), last: None, count: 0, months: BTreeMap::new(), hanging: HashMap::new() }
    }

    /// Takes the next one in the order of the sources.
    pub fn push(&mut self, audited: AuditedRecord) {
        let verdict = audited.verdict as usize;
        self.count += 1;
        if let Some(last) = audited.not_after {
            self.months.entry(month(last)).or_default()[verdict] += 1;
        }
        if let Some(issuer) = audited.path.get(1) {
            match self.hanging.get_mut(issuer) {
                Some(hanging) => hanging[verdict] += 1,
                None => self.hanging.entry(issuer.clone()).or_default()[verdict] += 1,
            }
        }
        if self.last.is_some_and(|last| order(&audited) >= last) {
            return;
        }
        self.rows.push(audited);
        // Sorting now and then is cheaper than keeping order.
        if self.rows.len() >= self.most.saturating_add(self.most / 4 + 1) {
            self.cut();
            self.last = self.rows.last().map(order);
        }
    }

    /// Puts the rows in the order of the page; those that are equal stay in the order of the sources.
    pub(super) fn cut(&mut self) {
        self.rows.sort_by_key(order);
        self.rows.truncate(self.most);
    }

    /// The rows; when all were pushed, [`Self::cut`] puts them in order.
    pub(super) fn rows(&self) -> &[AuditedRecord] {
        &self.rows
    }
}

/// Months since year 0.
pub(super) fn month(time: Time) -> i64 {
    let text = time.to_string();
    let number =
        |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse::<i64>().ok()).unwrap_or(0);
    number(0..4) * 12 + number(5..7) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;

    #[test]
    fn the_worst_are_kept_in_the_order_of_the_page_and_every_one_is_counted() {
        let all = testing::audit(3_000).certificates;
        let mut sorted: Vec<&AuditedRecord> = all.iter().collect();
        sorted.sort_by_key(|row| order(row));
        for most in [1, 7, 100, 2_999, 3_000, 5_000] {
            let mut certificates = Certificates::with_rows(most);
            for one in &all {
                certificates.push(one.clone());
                assert!(certificates.rows.len() <= most + most / 4, "{most}");
            }
            certificates.cut();
            let kept: Vec<&str> = certificates.rows().iter().map(|row| &*row.sha256).collect();
            let expected: Vec<&str> = sorted.iter().take(most).map(|row| &*row.sha256).collect();
            assert!(kept == expected, "{most}");
            assert_eq!(certificates.count, 3_000);
            let sum = |counts: &Verdicts| counts.iter().sum::<u64>();
            assert_eq!(certificates.months.values().map(sum).sum::<u64>(), 3_000);
            for (issuer, counts) in &certificates.hanging {
                for verdict in [Verdict::Pass, Verdict::Warn, Verdict::Fail] {
                    let meant = |one: &&AuditedRecord| one.path[1] == *issuer && one.verdict == verdict;
                    assert_eq!(counts[verdict as usize], all.iter().filter(meant).count() as u64);
                }
            }
        }
    }
}
