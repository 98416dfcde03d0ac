//! Certificate policies (RFC 5280 section 6.1), as the graph of RFC 9618: one node a policy and level, so that a hostile
//! hierarchy cannot make the valid policy tree grow beyond what its certificates list.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::certificate::{Certificate, Decoded, oid};
use crate::path::settings::Settings;
use crate::path::trace::{Check, Failure};

/// A number of certificates that no path has: RFC 5280's n + 1.
const NEVER: u64 = u64::MAX / 2;

pub(super) type PolicyId = Box<[u8]>;

#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    /// The policies of the level above that lead here; none is any-policy.
    pub(super) parents: Vec<PolicyId>,
    mapped: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Level {
    pub(super) nodes: BTreeMap<PolicyId, Node>,
    pub(super) has_any: bool,
}

impl Level {
    fn is_empty(&self) -> bool {
        self.nodes.is_empty() && !self.has_any
    }

    /// With policies that nothing but any-policy leads to.
    fn with(mut self, new: Vec<PolicyId>) -> Self {
        self.nodes.extend(new.into_iter().map(|policy| (policy, Node::default())));
        self
    }
}

/// The policy variables of RFC 5280 section 6.1.2 after a number of certificates.
#[derive(Debug, Clone)]
pub(crate) struct PolicyState {
    /// The levels that are done.
    done: Vec<Level>,
    /// What the next certificate's policies are held against.
    next: Level,
    explicit_policy: u64,
    policy_mapping: u64,
    inhibit_any: u64,
}

impl PolicyState {
    /// Section 6.1.2.
    pub(crate) fn new(settings: &Settings) -> Self {
        let start = |set: bool| if set { 0 } else { NEVER };
        Self {
            done: Vec::new(),
            next: Level { nodes: BTreeMap::new(), has_any: true },
            explicit_policy: start(settings.require_explicit_policy),
            policy_mapping: start(settings.inhibit_policy_mapping),
            inhibit_any: start(settings.inhibit_any_policy),
        }
    }

    /// How much is kept: the policies of all levels, and for each those that lead to it.
    pub(super) fn size(&self) -> usize {
        let levels = self.done.iter().chain([&self.next]);
        levels.flat_map(|level| level.nodes.values()).map(|node| 1 + node.parents.len()).sum()
    }

    /// Whether no end-entity certificate without policy constraints of its own can fail for its policies.
    pub(crate) fn is_indifferent(&self) -> bool {
        self.explicit_policy > 1
    }

    /// The levels of the whole graph, that of the last certificate included; `None` where its policies cannot be processed.
    pub(super) fn levels(mut self, last: &Certificate) -> Option<Vec<Level>> {
        let (level, new) = self.process_policies(last, self.inhibit_any > 0).ok()?;
        let level = level.into_owned().with(new);
        self.done.push(level);
        Some(self.done)
    }

    /// Section 6.1.3 (d) to (f): what is left of the next level, of which no more is copied than the certificate lists; and what is new in it
    /// beside any-policy.
    fn process_policies(
        &self,
        certificate: &Certificate,
        any_allowed: bool,
    ) -> Result<(Cow<'_, Level>, Vec<PolicyId>), Failure> {
        let next = &self.next;
        let (mut level, mut new) = (Cow::Borrowed(next), Vec::new());
        match certificate.policies() {
            Decoded::Absent => level = Cow::Owned(Level::default()),
            Decoded::Malformed(error) => {
                return Err(Failure::new(Check::Policy, "certificate policies that can be read", error.to_string()));
            }
            Decoded::Present(policies) => {
                let mut listed: Vec<&[u8]> = policies.iter().map(|policy| policy.identifier).collect();
                listed.sort_unstable();
                if let Some(twice) = listed.windows(2).find(|pair| pair[0] == pair[1]) {
                    return Err(Failure::new(
                        Check::Policy,
                        "each policy once",
                        format!("{} twice", oid::dotted(twice[0])),
                    ));
                }
                let lists_any = listed.binary_search(&oid::ANY_POLICY).is_ok() && any_allowed;
                let others = listed.iter().filter(|policy| **policy != oid::ANY_POLICY && next.has_any);
                new =
                    others.filter(|policy| !next.nodes.contains_key(**policy)).map(|policy| (*policy).into()).collect();
                if !lists_any {
                    let kept = listed.iter().filter_map(|policy| next.nodes.get_key_value(*policy));
                    let nodes = kept.map(|(policy, node)| (policy.clone(), node.clone())).collect();
                    level = Cow::Owned(Level { nodes, has_any: false }.with(std::mem::take(&mut new)));
                }
            }
        }
        if self.explicit_policy == 0 && level.is_empty() {
            return Err(Failure::new(Check::Policy, "a policy that is valid along the path", "none"));
        }
        Ok((level, new))
    }

    /// A CA certificate below the trust anchor: sections 6.1.3 (d) to (f) and 6.1.4 (a), (b), (h), (i), (j).
    pub(crate) fn process_ca(&mut self, certificate: &Certificate, is_self_issued: bool) -> Result<(), Failure> {
        let (level, new) = self.process_policies(certificate, self.inhibit_any > 0 || is_self_issued)?;
        let mut level = level.into_owned().with(new);
        let mut next = Level { nodes: BTreeMap::new(), has_any: level.has_any };
        match certificate.policy_mappings() {
            Decoded::Absent => {}
            Decoded::Malformed(error) => {
                return Err(Failure::new(Check::Policy, "policy mappings that can be read", error.to_string()));
            }
            Decoded::Present(mappings) => {
                if mappings.iter().any(|(issuer, subject)| *issuer == oid::ANY_POLICY || *subject == oid::ANY_POLICY) {
                    return Err(Failure::new(Check::Policy, "no mapping to or from any-policy", "one"));
                }
                for (issuer, subject) in mappings {
                    if self.policy_mapping == 0 {
                        level.nodes.remove(issuer);
                        continue;
                    }
                    if level.has_any {
                        level.nodes.entry(issuer.into()).or_default();
                    }
                    if let Some(node) = level.nodes.get_mut(issuer) {
                        node.mapped = true;
                        next.nodes.entry(subject.into()).or_default().parents.push(issuer.into());
                    }
                }
            }
        }
        for (policy, _) in level.nodes.iter().filter(|(_, node)| !node.mapped) {
            next.nodes.entry(policy.clone()).or_default().parents.push(policy.clone());
        }
        self.done.push(level);
        self.next = next;

        if !is_self_issued {
            for counter in [&mut self.explicit_policy, &mut self.policy_mapping, &mut self.inhibit_any] {
                *counter = counter.saturating_sub(1);
            }
        }
        match certificate.policy_constraints() {
            Decoded::Absent => {}
            Decoded::Malformed(error) => {
                return Err(Failure::new(Check::Policy, "policy constraints that can be read", error.to_string()));
            }
            Decoded::Present(constraints) => {
                let lower = |counter: &mut u64, to: Option<u64>| *counter = (*counter).min(to.unwrap_or(NEVER));
                lower(&mut self.explicit_policy, constraints.require_explicit_policy);
                lower(&mut self.policy_mapping, constraints.inhibit_policy_mapping);
            }
        }
        match certificate.inhibit_any_policy() {
            Decoded::Absent => {}
            Decoded::Malformed(error) => {
                return Err(Failure::new(Check::Policy, "an inhibit-any-policy that can be read", error.to_string()));
            }
            Decoded::Present(count) => self.inhibit_any = self.inhibit_any.min(count),
        }
        Ok(())
    }

    /// The last certificate: sections 6.1.3 (d) to (f) and 6.1.5 (a), (b), (g).
    pub(crate) fn finish(&self, certificate: &Certificate, settings: &Settings) -> Result<(), Failure> {
        // What is new beside any-policy allows no more than that does.
        let (level, _) = self.process_policies(certificate, self.inhibit_any > 0)?;
        let mut explicit_policy = self.explicit_policy.saturating_sub(1);
        match certificate.policy_constraints() {
            Decoded::Malformed(error) => {
                return Err(Failure::new(Check::Policy, "policy constraints that can be read", error.to_string()));
            }
            Decoded::Present(constraints) if constraints.require_explicit_policy == Some(0) => explicit_policy = 0,
            _ => {}
        }
        if explicit_policy > 0 || self.has_user_policy(&level, settings) {
            return Ok(());
        }
        let wanted: Vec<String> = settings.policies.iter().map(ToString::to_string).collect();
        let wanted = if wanted.is_empty() { "any policy".to_owned() } else { wanted.join(" or ") };
        Err(Failure::new(Check::Policy, format!("{wanted}, valid along the path"), "none of them"))
    }

    /// Whether the intersection of the graph with the user's policies is not empty (section 6.1.5 (g)).
    fn has_user_policy(&self, last: &Level, settings: &Settings) -> bool {
        if last.is_empty() {
            return false;
        }
        let wants = |policy: &[u8]| settings.policies.iter().any(|wanted| wanted.as_bytes() == policy);
        if settings.policies.is_empty() || wants(oid::ANY_POLICY) || last.has_any {
            return true;
        }
        let mut reachable: Vec<&[u8]> = last.nodes.keys().map(|policy| &policy[..]).collect();
        for level in std::iter::once(last).chain(self.done.iter().rev()) {
            let mut above: Vec<&[u8]> = Vec::new();
            for policy in reachable {
                let Some(node) = level.nodes.get(policy) else { continue };
                if node.parents.is_empty() {
                    if wants(policy) {
                        return true;
                    }
                } else {
                    above.extend(node.parents.iter().map(|parent| &parent[..]));
                }
            }
            above.sort_unstable();
            above.dedup();
            reachable = above;
        }
        false
    }
}
