//! What a place says about a certificate beside the certificate itself: its key's provider, its friendly name, the limits a
//! store puts on it.

use std::collections::HashSet;
use std::sync::Arc;

use crate::abridged::abridged;
use crate::certificate::Oid;
use crate::source::provider::KeyProvider;
use crate::time::Time;

/// What one occurrence adds to the certificate. Two places may disagree about one certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Properties {
    /// The name an administrator gave it.
    pub friendly_name: Option<Arc<str>>,
    /// The provider that keeps, or on import would keep, the private key.
    pub key_provider: Option<KeyProvider>,
    /// The name of the key container (CSP) or key (KSP).
    pub key_container: Option<Arc<str>>,
    /// Whether a private key stands beside it or, in a store and its copies, is linked to it.
    pub has_private_key: bool,
    /// Whether the store has put it aside: Windows' enumerations pass over it.
    pub archived: bool,
    /// The store that holds it.
    pub store: Option<StoreName>,
    /// The limits that the store entry puts on what the certificate is trusted for.
    pub restrictions: Restrictions,
    /// The name under which a store keeps it, where that is not its thumbprint: upper-case hex.
    pub stored_under: Option<String>,
    /// The certificate's number in the CA database.
    pub request_id: Option<String>,
}

impl Properties {
    /// Take from `other` what is not said here.
    pub(crate) fn take_missing(&mut self, other: Self) {
        self.friendly_name = self.friendly_name.take().or(other.friendly_name);
        self.key_provider = self.key_provider.take().or(other.key_provider);
        self.key_container = self.key_container.take().or(other.key_container);
        self.has_private_key |= other.has_private_key;
        self.archived |= other.archived;
        self.store = self.store.take().or(other.store);
        self.stored_under = self.stored_under.take().or(other.stored_under);
        self.request_id = self.request_id.take().or(other.request_id);
        let (own, other) = (&mut self.restrictions, other.restrictions);
        own.enhanced_key_usage = own.enhanced_key_usage.take().or(other.enhanced_key_usage);
        own.disallowed_from = own.disallowed_from.or(other.disallowed_from);
        own.disallowed_usages = own.disallowed_usages.take().or(other.disallowed_usages);
        own.not_before = own.not_before.or(other.not_before);
        own.not_before_usages = own.not_before_usages.take().or(other.not_before_usages);
    }
}

/// A name that is said of a certificate or its key. A file may say one of many certificates: it is kept once, and cut where it is longer
/// than anybody reads.
pub(crate) fn shared(name: &str) -> Arc<str> {
    abridged(name).into()
}

/// A Windows store, `LocalMachine\My`; the location is unknown in files that do not tell it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct StoreName {
    /// `LocalMachine`, `CurrentUser`, or as the file tells it.
    pub location: Option<Arc<str>>,
    /// `My`, `Root`, `CA`, `Disallowed`, …
    pub name: Arc<str>,
}

impl StoreName {
    /// Whether it is that store, without regard to case as Windows compares.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// `LocalMachine\\My`, or the name alone.
impl std::fmt::Display for StoreName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.location {
            Some(location) => write!(f, "{location}\\{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// Limits on a store entry: they change what a root is trusted for although the certificate is in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Restrictions {
    /// The only usages that it is trusted for (property 9); an empty list trusts it for none.
    pub enhanced_key_usage: Option<Vec<Oid>>,
    /// Distrusted from this moment on (property 104), for the usages of `disallowed_usages` or for all.
    pub disallowed_from: Option<Time>,
    /// The usages that `disallowed_from` is about (property 122).
    pub disallowed_usages: Option<Vec<Oid>>,
    /// Certificates that were issued after this moment are distrusted (property 126).
    pub not_before: Option<Time>,
    /// The usages that `not_before` is about (property 127).
    pub not_before_usages: Option<Vec<Oid>>,
}

impl Restrictions {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What several entries of the same root limit together, so that all of it holds: the usages that all trust it for; of several dates
    /// the earliest, for the usages of any.
    pub(crate) fn of_all<'a>(entries: impl Iterator<Item = &'a Self> + Clone) -> Self {
        let usages = entries.clone().filter_map(|entry| entry.enhanced_key_usage.as_ref());
        let earliest = |of: fn(&'a Self) -> DateLimit<'a>| {
            let dated = || entries.clone().map(of).filter(|(date, _)| date.is_some());
            let date = dated().filter_map(|(date, _)| date).min();
            let lists: Option<Vec<_>> = match date {
                Some(_) => dated().map(|(_, usages)| usages).collect(),
                None => entries.clone().map(of).find_map(|(_, usages)| usages).map(|usages| vec![usages]),
            };
            (date, lists.map(|lists| union(&lists)))
        };
        let (disallowed_from, disallowed_usages) =
            earliest(|entry| (entry.disallowed_from, entry.disallowed_usages.as_ref()));
        let (not_before, not_before_usages) = earliest(|entry| (entry.not_before, entry.not_before_usages.as_ref()));
        let enhanced_key_usage = intersection(usages);
        Self { enhanced_key_usage, disallowed_from, disallowed_usages, not_before, not_before_usages }
    }

    /// Without what it limits for some usages alone.
    pub(crate) fn of_all_usages(&self) -> Self {
        let for_all = |date: Option<Time>, usages: &Option<Vec<Oid>>| date.filter(|_| usages.is_none());
        Self {
            disallowed_from: for_all(self.disallowed_from, &self.disallowed_usages),
            not_before: for_all(self.not_before, &self.not_before_usages),
            ..Self::default()
        }
    }
}

/// A date, and the usages that it is about.
type DateLimit<'a> = (Option<Time>, Option<&'a Vec<Oid>>);

/// What all lists have, in the order of the first; `None` of no list.
fn intersection<'a>(mut lists: impl Iterator<Item = &'a Vec<Oid>>) -> Option<Vec<Oid>> {
    let first = lists.next()?;
    let mut left: HashSet<&Oid> = first.iter().collect();
    for list in lists {
        let others: HashSet<&Oid> = list.iter().collect();
        left.retain(|usage| others.contains(usage));
    }
    Some(first.iter().filter(|usage| left.contains(usage)).cloned().collect())
}

/// What any list has: of a single one as it stands, of several each usage once.
fn union(lists: &[&Vec<Oid>]) -> Vec<Oid> {
    let mut all: Vec<Oid> = lists.iter().flat_map(|list| list.iter().cloned()).collect();
    if lists.len() > 1 {
        all.sort_unstable();
        all.dedup();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_entries_of_a_root_limit_holds_together_in_any_order() {
        let usages = |numbers: &[u8]| Some(numbers.iter().map(|number| Oid::from_content(&[0x2a, *number])).collect());
        let from = |seconds| Some(Time::from_unix(seconds));
        let one = Restrictions {
            enhanced_key_usage: usages(&[3, 1, 2]),
            disallowed_from: from(20),
            disallowed_usages: usages(&[9, 8]),
            ..Restrictions::default()
        };
        let other = Restrictions {
            enhanced_key_usage: usages(&[2, 3, 4]),
            disallowed_from: from(10),
            disallowed_usages: usages(&[8, 7]),
            not_before: from(5),
            ..Restrictions::default()
        };
        let silent = Restrictions::default();
        let for_all = Restrictions { disallowed_from: from(30), ..Restrictions::default() };
        let of_all = |entries: &[&Restrictions]| Restrictions::of_all(entries.iter().copied());
        assert_eq!(of_all(&[]), silent);
        assert_eq!(of_all(&[&one]), one);
        let both = of_all(&[&one, &other, &silent]);
        assert_eq!((&both.enhanced_key_usage, both.disallowed_from), (&usages(&[3, 2]), from(10)));
        assert_eq!((&both.disallowed_usages, both.not_before), (&usages(&[7, 8, 9]), from(5)));
        assert_eq!(of_all(&[&silent, &other, &one]).disallowed_usages, both.disallowed_usages);
        // A date for all usages is one for these, too.
        assert_eq!(of_all(&[&one, &for_all]).disallowed_usages, None);
    }
}
