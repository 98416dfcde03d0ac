//! Delta CRLs, by what they continue: complete lists of the same issuer, scope and key (RFC 5280 sections 5.2.4 and 6.3.3 (c)).

use std::collections::HashMap;

use crate::certificate::{Crl, CrlNumber, oid};
use crate::path::revocation::store::StoredCrl;
use crate::time::Time;

/// What a delta CRL and the lists that it continues have in common, byte for byte: the scope and the key's identifier.
#[derive(PartialEq, Eq, Hash)]
struct Kind<'a> {
    issuer: &'a [u8],
    scope: Option<&'a [u8]>,
    key: Option<&'a [u8]>,
}

impl<'a> Kind<'a> {
    fn of(list: &'a StoredCrl) -> Self {
        Self {
            issuer: &list.issuer,
            scope: list.extension(oid::ISSUING_DISTRIBUTION_POINT),
            key: list.extension(oid::AUTHORITY_KEY_IDENTIFIER),
        }
    }
}

struct Delta {
    /// Among the lists of the store.
    place: usize,
    number: CrlNumber,
    base: CrlNumber,
    /// The lowest base of this one and of those with a higher number.
    lowest_base: CrlNumber,
}

/// The delta CRLs that are in force.
#[derive(Default)]
pub(super) struct Deltas {
    /// Each of one kind, the highest number first.
    groups: Vec<Vec<Delta>>,
    /// The places of all of them, in force or not, by issuer in comparable form and in the order of the store.
    all: HashMap<Vec<u8>, Vec<usize>>,
}

impl Deltas {
    /// Those of `lists` that are current at `at`; each complete list is told which of them may continue it.
    pub(super) fn new(lists: &mut [StoredCrl], at: Time) -> Self {
        let mut found = Self::default();
        let mut by_kind = HashMap::<Kind<'_>, usize>::new();
        for (place, list) in lists.iter().enumerate().filter(|(_, list)| list.crl.is_delta()) {
            found.all.entry(list.issuer.clone()).or_default().push(place);
            if let Some(delta) = usable(&list.crl, place, at) {
                let group = *by_kind.entry(Kind::of(list)).or_insert_with(|| {
                    found.groups.push(Vec::new());
                    found.groups.len() - 1
                });
                found.groups[group].push(delta);
            }
        }
        for group in &mut found.groups {
            // Two of one number are in the order of the store.
            group.sort_by(|one, two| two.number.cmp(&one.number));
            let mut lowest: Option<CrlNumber> = None;
            for delta in group {
                let base = lowest.take().map_or_else(|| delta.base.clone(), |lowest| lowest.min(delta.base.clone()));
                delta.lowest_base.clone_from(&base);
                lowest = Some(base);
            }
        }
        let groups: Vec<Option<usize>> = lists
            .iter()
            .map(|list| if list.crl.is_delta() { None } else { by_kind.get(&Kind::of(list)).copied() })
            .collect();
        for (list, group) in lists.iter_mut().zip(groups) {
            list.deltas = group;
        }
        found
    }

    /// The places of those of an issuer, in force or not, in the order of the store.
    pub(super) fn all_of(&self, issuer: &[u8]) -> &[usize] {
        self.all.get(issuer).map_or(&[], Vec::as_slice)
    }

    /// Those of its kind that are newer than `list`.
    fn after(&self, list: &StoredCrl) -> &[Delta] {
        let group = list.deltas.and_then(|group| self.groups.get(group)).map_or(&[][..], Vec::as_slice);
        let count = list.crl.number().map_or(0, |complete| group.partition_point(|delta| delta.number > *complete));
        &group[..count]
    }

    /// Whether any can be laid over `list`.
    pub(super) fn continue_list(&self, list: &StoredCrl) -> bool {
        self.after(list)
            .last()
            .is_some_and(|last| list.crl.number().is_some_and(|complete| last.lowest_base <= *complete))
    }

    /// The places of those that may be laid over `list`, the highest number first; `None` stands for one that builds on a later list.
    pub(super) fn of(&self, list: &StoredCrl) -> impl Iterator<Item = Option<usize>> {
        let complete = list.crl.number();
        self.after(list)
            .iter()
            .map(move |delta| complete.is_some_and(|complete| delta.base <= *complete).then_some(delta.place))
    }
}

/// A delta CRL that can be laid over a complete list, whichever.
fn usable(crl: &Crl, place: usize, at: Time) -> Option<Delta> {
    let (number, base) = (crl.number()?.clone(), crl.base_number()?.clone());
    (crl.is_current_at(at) && crl.flaw().is_none()).then(|| Delta { place, number, lowest_base: base.clone(), base })
}
