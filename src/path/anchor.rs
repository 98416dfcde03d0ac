//! What the certificate of a trust anchor, and the store that it stands in, limit: RFC 5280 section 6.1.1 (d) takes of an anchor its
//! name and its key alone; RFC 5937 and Windows hold to what it says beside, and so does the search.

use crate::abridged::abridged;
use crate::certificate::extensions::Subtree;
use crate::certificate::{Certificate, Oid, oid};
use crate::source::Restrictions;

/// How many names or usages of each kind are told, and how many characters of names: a root with a thousand of them, or with long ones,
/// stands on ten thousand paths.
const TOLD: usize = 50;
const TOLD_CHARACTERS: usize = 4_000;

/// Whether a path can end at a certificate that is trusted: one that is no CA's, and not self-signed, is trusted to issue nothing (RFC 5280
/// section 6.1).
pub(crate) fn can_end_path(trusted: &Certificate) -> bool {
    !trusted.is_end_entity() || trusted.is_self_signed()
}

/// The limits that an anchor brings itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnchorConstraints {
    /// How many intermediates may follow, self-issued ones not counted.
    pub path_length: Option<u64>,
    /// The names that it permits, as .NET prints them; the first of them where there are many.
    pub permitted: Vec<String>,
    /// The names that it excludes, as .NET prints them; the first of them where there are many.
    pub excluded: Vec<String>,
    /// How many names more it permits or excludes.
    pub more_names: usize,
    /// The usages that its extended key usage is limited to.
    pub extended_key_usage: Vec<Oid>,
    /// The usages that its application policies are limited to.
    pub application_policies: Vec<Oid>,
    /// What its store entry limits.
    pub restrictions: Restrictions,
    /// How many usages more any of these lists has; the first of them are told.
    pub more_usages: usize,
    /// What it says of policies, which is not processed for an anchor.
    pub not_processed: Vec<&'static str>,
}

impl AnchorConstraints {
    /// Whether there is no limit at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn of(anchor: &Certificate, restrictions: &Restrictions) -> Self {
        let mut found = Self {
            path_length: anchor.basic_constraints().get().and_then(|constraints| constraints.path_length),
            ..Self::default()
        };
        let (usages, policies) = (anchor.extended_key_usage(), anchor.application_policies());
        found.extended_key_usage = found.take_usages(limits(usages.get().map(|usages| &**usages)));
        found.application_policies = found.take_usages(limits(policies.get().map(Vec::as_slice)));
        let mut take = |usages: &Option<Vec<Oid>>| usages.as_deref().map(|usages| found.take_usages(usages));
        found.restrictions = Restrictions {
            enhanced_key_usage: take(&restrictions.enhanced_key_usage),
            disallowed_usages: take(&restrictions.disallowed_usages),
            not_before_usages: take(&restrictions.not_before_usages),
            disallowed_from: restrictions.disallowed_from,
            not_before: restrictions.not_before,
        };
        if let Some(constraints) = anchor.name_constraints().get() {
            found.permitted = found.take_names(constraints.permitted.as_deref());
            found.excluded = found.take_names(constraints.excluded.as_deref());
        }
        let unprocessed = [oid::POLICY_CONSTRAINTS, oid::INHIBIT_ANY_POLICY, oid::POLICY_MAPPINGS];
        let there = unprocessed.into_iter().filter(|kind| anchor.extension(kind).is_some());
        found.not_processed = there.filter_map(oid::name).collect();
        found
    }

    fn take_names(&mut self, subtrees: Option<&[Subtree<'_>]>) -> Vec<String> {
        let subtrees = subtrees.unwrap_or_default();
        let mut characters = 0;
        let names = subtrees.iter().take(TOLD).map(|subtree| abridged(subtree.base.to_string()).into_owned());
        let told: Vec<String> = names
            .take_while(|name| {
                characters += name.len();
                characters <= TOLD_CHARACTERS
            })
            .collect();
        self.more_names += subtrees.len() - told.len();
        told
    }

    fn take_usages(&mut self, usages: &[Oid]) -> Vec<Oid> {
        self.more_usages += usages.len().saturating_sub(TOLD);
        usages.iter().take(TOLD).cloned().collect()
    }
}

/// The usages where they are a limit: any usage is none.
fn limits(usages: Option<&[Oid]>) -> &[Oid] {
    let usages = usages.unwrap_or_default();
    let is_any = |one: &Oid| *one == *oid::ANY_EXTENDED_KEY_USAGE || *one == *oid::ANY_APPLICATION_POLICY;
    if usages.iter().any(is_any) { &[] } else { usages }
}
