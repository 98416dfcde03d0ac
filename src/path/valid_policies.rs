//! The policies that a path is valid under, with their qualifiers: user_constrained_policy_set, an output of RFC 5280 section
//! 6.1.6, computed as RFC 9618 section 5.5 has it. Only who asks for it pays for it: the qualifiers are read from the certificates again.

use std::collections::{BTreeMap, BTreeSet};

use crate::certificate::{Certificate, CertificatePolicy, Oid, PolicyQualifier, oid};
use crate::path::Path;
use crate::path::graph::Graph;
use crate::path::name_constraints::Comparisons;
use crate::path::policy::{Level, PolicyId};
use crate::path::settings::Settings;
use crate::path::state::State;

/// How many qualifiers of one policy are kept, how many bytes of text of all policies together, and how many steps down the graph are
/// made for all of them: mappings of a hostile hierarchy have more ways down than anyone can wait for, and what is said of
/// any-policy is said again of each of the thousands below it.
const QUALIFIERS: usize = 64;
const TEXT: usize = 1 << 20;
const STEPS: usize = 250_000;

impl Graph {
    /// user_constrained_policy_set of a valid path; empty where it is valid under no policy, and none is demanded.
    pub(crate) fn valid_policies(&self, path: &Path) -> Vec<CertificatePolicy> {
        let Some((last, above)) = path.certificates.split_first() else { return Vec::new() };
        let ids: Option<Vec<_>> = above.iter().rev().map(|certificate| self.find(certificate.sha256())).collect();
        let Some((anchor, below)) = ids.as_deref().and_then(<[_]>::split_first) else { return Vec::new() };
        let mut compared = Comparisons::default();
        let state = State::at_anchor(self, *anchor)
            .and_then(|state| below.iter().try_fold(state, |state, id| state.below(self, *id, &mut compared)));
        let Ok(state) = state else { return Vec::new() };
        let from_above: Vec<&Certificate> =
            path.certificates.iter().rev().skip(1).map(|certificate| &**certificate).collect();
        let Some(levels) = state.policy.levels(last) else { return Vec::new() };
        constrained(&levels, &from_above, &self.settings)
    }
}

/// Section 6.1.5 (g) as RFC 9618 has it: `levels` and `certificates` begin below the anchor.
fn constrained(levels: &[Level], certificates: &[&Certificate], settings: &Settings) -> Vec<CertificatePolicy> {
    let said: Vec<BTreeMap<Oid, Vec<PolicyQualifier>>> = certificates.iter().map(|one| qualifiers(one)).collect();
    // What a policy of a level has is what its certificate says of it, else what that says of any-policy.
    let own = |level: usize, policy: &[u8]| {
        let said = said.get(level)?;
        said.get(&Oid::from_content(policy)).or_else(|| said.get(&Oid::from_content(oid::ANY_POLICY)))
    };
    let live = live(levels);
    let children = children(levels, &live);
    let mut steps = STEPS;
    let mut keeper = Keeper { room: TEXT };
    let mut set: BTreeMap<PolicyId, Vec<PolicyQualifier>> = BTreeMap::new();
    for (depth, (level, alive)) in levels.iter().zip(&live).enumerate() {
        let of_any_policy = |policy: &&PolicyId| level.nodes.get(*policy).is_some_and(|node| node.parents.is_empty());
        for policy in alive.iter().filter(of_any_policy) {
            let found = set.entry(policy.clone()).or_default();
            (0..depth).for_each(|above| keeper.add(found, own(above, oid::ANY_POLICY)));
            let mut family = BTreeSet::from([policy]);
            for (below, children) in children.iter().enumerate().skip(depth) {
                family.iter().for_each(|policy| keeper.add(found, own(below, policy)));
                let next = family.iter().filter_map(|policy| children.get(*policy)).flatten();
                family = next.take(steps).copied().collect();
                steps = steps.saturating_sub(family.len());
            }
        }
    }
    if levels.last().is_some_and(|last| last.has_any) {
        let found = set.entry(oid::ANY_POLICY.into()).or_default();
        (0..levels.len()).for_each(|level| keeper.add(found, own(level, oid::ANY_POLICY)));
    }
    let wants_any = settings.policies.is_empty() || settings.policies.iter().any(|one| *one == *oid::ANY_POLICY);
    if !wants_any {
        let of_any = set.remove(oid::ANY_POLICY);
        set.retain(|policy, _| settings.policies.iter().any(|wanted| wanted.as_bytes() == &policy[..]));
        if let Some(of_any) = of_any {
            for wanted in &settings.policies {
                set.entry(wanted.as_bytes().into()).or_insert_with(|| of_any.clone());
            }
        }
    }
    set.into_iter()
        .map(|(policy, qualifiers)| CertificatePolicy { identifier: Oid::from_content(&policy), qualifiers })
        .collect()
}

/// What is kept of the qualifiers.
struct Keeper {
    room: usize,
}

impl Keeper {
    fn add(&mut self, found: &mut Vec<PolicyQualifier>, more: Option<&Vec<PolicyQualifier>>) {
        for qualifier in more.into_iter().flatten() {
            let size = size(qualifier);
            if found.len() < QUALIFIERS && size <= self.room && !found.contains(qualifier) {
                self.room -= size;
                found.push(qualifier.clone());
            }
        }
    }
}

/// What a qualifier takes in memory and in a report, about.
fn size(qualifier: &PolicyQualifier) -> usize {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    std::mem::size_of::<PolicyQualifier>()
        + match qualifier {
            PolicyQualifier::Cps(uri) => uri.len(),
            PolicyQualifier::UserNotice { text, organization, numbers } => {
                length(text) + length(organization) + std::mem::size_of_val(&numbers[..])
            }
            PolicyQualifier::Other(kind) => kind.as_bytes().len(),
        }
}

/// The nodes of each level that lead down to the last one: the others are pruned (section 6.1.3 (d)(3)).
fn live(levels: &[Level]) -> Vec<BTreeSet<PolicyId>> {
    let mut live = vec![BTreeSet::new(); levels.len()];
    let mut alive: BTreeSet<PolicyId> = levels.last().into_iter().flat_map(|last| last.nodes.keys().cloned()).collect();
    for (level, place) in levels.iter().zip(&mut live).rev() {
        let nodes = alive.iter().filter_map(|policy| level.nodes.get(policy));
        let parents = nodes.flat_map(|node| node.parents.iter().cloned()).collect();
        *place = std::mem::replace(&mut alive, parents);
    }
    live
}

/// Of each level, which nodes of the next one hang on which of its own.
fn children<'l>(levels: &'l [Level], live: &'l [BTreeSet<PolicyId>]) -> Vec<BTreeMap<&'l PolicyId, Vec<&'l PolicyId>>> {
    let mut children = vec![BTreeMap::<_, Vec<_>>::new(); levels.len()];
    for ((level, alive), above) in levels.iter().zip(live).skip(1).zip(&mut children) {
        for policy in alive {
            for parent in level.nodes.get(policy).into_iter().flat_map(|node| &node.parents) {
                above.entry(parent).or_default().push(policy);
            }
        }
    }
    children
}

fn qualifiers(certificate: &Certificate) -> BTreeMap<Oid, Vec<PolicyQualifier>> {
    let policies = certificate.certificate_policies();
    policies.get().into_iter().flatten().map(|one| (one.identifier.clone(), one.qualifiers.clone())).collect()
}
