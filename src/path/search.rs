//! All certification paths of one CA, shortest first (RFC 4158), each with the state that a certificate below it starts from.
//!
//! In a mesh of cross-certificates there are more paths than anyone can wait for. So a search that gets long asks how far each CA is
//! from a trust anchor: it goes on towards the nearest one, and through what reaches none only once.
//!
//! The first search follows only certificates that may be issuers at all, so that an expired or forbidden one costs nothing. Only
//! where that finds no valid path does a second one go through them too, to say what the path would have been and what is
//! wrong with it.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashSet, VecDeque};

use crate::certificate::{Certificate, HashAlgorithm};
use crate::path::graph::{Graph, NodeId, by_thumbprint};
use crate::path::name_constraints::Comparisons;
use crate::path::state::State;
use crate::path::trace::{Check, Failure, keep_refused};
use crate::time::Time;

/// How many paths that fail, and how many that end nowhere, are kept for the explanation.
const EXAMPLES: usize = 8;
/// How many steps the second search may take: it only explains.
const EXPLAINING_STEPS: usize = 500;
/// After how many steps a search asks for the distances, which cost the links of every CA. Real hierarchies end before.
const BLIND_STEPS: usize = 64;
/// The distance of what reaches no anchor.
const NEVER: u32 = u32::MAX;

/// What the search above one CA found.
#[derive(Debug, Default)]
pub(crate) struct IssuerPaths {
    /// In the order of choice.
    pub(crate) valid: Vec<IssuerPath>,
    /// Complete, and refused.
    pub(crate) failed: Vec<FailedPath>,
    /// From the CA up to the certificate whose issuer is missing, or whose root is not trusted.
    pub(crate) open: Vec<OpenPath>,
    /// Below which certificate, what, and why.
    pub(crate) refused: Vec<(NodeId, NodeId, Failure)>,
    /// Whether it ended on the budget.
    pub(crate) exhausted: bool,
    /// How much the valid paths keep of policies.
    policies: usize,
}

impl IssuerPaths {
    fn refuse(&mut self, most: usize, below: NodeId, candidate: NodeId, failure: &Failure) {
        keep_refused(&mut self.refused, most, || failure.clone(), |failure| (below, candidate, failure));
    }
}

/// A valid path from a CA up to its trust anchor.
#[derive(Debug)]
pub(crate) struct IssuerPath {
    pub(crate) nodes: Vec<NodeId>,
    pub(crate) state: State,
    pub(crate) rank: Rank,
}

/// A path that reaches a trust anchor and does not hold.
#[derive(Debug, Clone)]
pub(crate) struct FailedPath {
    pub(crate) nodes: Vec<NodeId>,
    pub(crate) at: NodeId,
    pub(crate) failure: Failure,
    pub(crate) rank: Rank,
}

/// A path that reaches none.
#[derive(Debug)]
pub(crate) struct OpenPath {
    pub(crate) nodes: Vec<NodeId>,
    pub(crate) rank: Rank,
}

/// What the choice among paths, valid or not, goes by, best first: up to a root, for a CMG must be given one; longest remaining validity
/// of its CA certificates, fewest certificates, stronger signatures, thumbprints. It depends on the CAs alone, so that all clients of one
/// CA choose the same.
///
/// The first of its CA certificates to expire ends the validity of a path. Before thumbprints decide, the others count too, so that of
/// a renewed root and its predecessor the renewed one is chosen even where a CA below expires before both.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    ends_self_signed: Reverse<bool>,
    expires: Reverse<Option<Time>>,
    length: usize,
    strength: Reverse<(Option<HashAlgorithm>, u32)>,
    /// When each of them expires, in that order.
    expiries: Reverse<Vec<Option<Time>>>,
    /// It proves nothing, but one root may be signed again with another hash.
    anchor_signature: Reverse<Option<HashAlgorithm>>,
    thumbprints: Vec<[u8; 20]>,
}

impl Rank {
    fn of(graph: &Graph, nodes: &[NodeId]) -> Self {
        let certificates = || nodes.iter().map(|id| graph.certificate(*id));
        // The anchor's own signature decides nothing.
        let signatures = nodes.windows(2).map(|pair| {
            let (below, above) = (graph.certificate(pair[0]), graph.certificate(pair[1]));
            (below.signature_algorithm().hash(), above.public_key().bits)
        });
        let mut expiries: Vec<Option<Time>> = certificates().map(|certificate| certificate.not_after()).collect();
        expiries.sort_unstable();
        Self {
            ends_self_signed: Reverse(certificates().next_back().is_some_and(|top| top.is_self_signed())),
            expires: Reverse(expiries.first().copied().flatten()),
            length: nodes.len(),
            strength: Reverse(signatures.min().unwrap_or((Some(HashAlgorithm::Sha512), u32::MAX))),
            expiries: Reverse(expiries),
            anchor_signature: Reverse(
                certificates().next_back().and_then(|anchor| anchor.signature_algorithm().hash()),
            ),
            thumbprints: certificates().map(|certificate| *certificate.thumbprint()).collect(),
        }
    }
}

struct Step {
    node: NodeId,
    below: Option<usize>,
    depth: usize,
}

/// Where a search is: the steps taken and those that wait, the shortest whole path first.
#[derive(Default)]
struct Walk<'g> {
    steps: Vec<Step>,
    /// The length that a path through the step has at least, and the step; of several alike the last, so that where all ways are
    /// equally long one is gone to its end before the next is begun.
    queue: BinaryHeap<(Reverse<usize>, usize)>,
    seen: HashSet<NodeId>,
    /// What waits and reaches no anchor.
    dead_ends: HashSet<NodeId>,
    distances: Option<&'g [u32]>,
}

impl<'g> Walk<'g> {
    fn push(&mut self, node: NodeId, below: Option<usize>, depth: usize) {
        let length = match self.distances.map(|distances| distances[node.0 as usize]) {
            None => depth,
            // No path goes through it. It is looked at once, for what is refused on the way.
            Some(NEVER) if !self.dead_ends.insert(node) || self.seen.contains(&node) => return,
            Some(NEVER) => usize::MAX,
            Some(distance) => depth.saturating_add(distance as usize),
        };
        self.queue.push((Reverse(length), self.steps.len()));
        self.steps.push(Step { node, below, depth });
    }

    fn pop(&mut self) -> Option<usize> {
        while let Some((Reverse(length), step)) = self.queue.pop() {
            if length < usize::MAX || !self.seen.contains(&self.steps[step].node) {
                return Some(step);
            }
        }
        None
    }

    /// Whether this step, and so whatever still waits, reaches no anchor, and enough of it has been looked at.
    fn is_hopeless(&self, step: usize, count: usize) -> bool {
        count >= EXPLAINING_STEPS
            && self.distances.is_some_and(|distances| distances[self.steps[step].node.0 as usize] == NEVER)
    }

    /// From here on by distance.
    fn look(&mut self, distances: &'g [u32]) {
        self.distances = Some(distances);
        for (_, step) in std::mem::take(&mut self.queue).into_sorted_vec().into_iter().rev() {
            let Step { node, depth, .. } = self.steps[step];
            match distances[node.0 as usize] {
                NEVER if !self.dead_ends.insert(node) => {}
                NEVER => self.queue.push((Reverse(usize::MAX), step)),
                distance => self.queue.push((Reverse(depth.saturating_add(distance as usize)), step)),
            }
        }
    }
}

/// Why a search does not go on to an issuer.
enum Obstacle {
    Loop,
    Depth,
    Refused(Failure),
}

impl IssuerPath {
    /// The checks of a certificate below that depend on the path: RFC 5280 section 6.1.5, and revocation.
    pub(crate) fn finish(
        &self,
        graph: &Graph,
        certificate: &Certificate,
        compared: &mut Comparisons,
    ) -> Result<(), Failure> {
        self.state.finish(graph, certificate, compared)?;
        match (self.nodes.first(), self.nodes.last()) {
            (Some(issuer), Some(anchor)) => graph.check_revocation(certificate, *issuer, *anchor),
            _ => Ok(()),
        }
    }
}

impl Graph {
    /// The paths of this CA; searched once.
    pub(crate) fn paths(&self, id: NodeId) -> &IssuerPaths {
        self.node(id).paths.get_or_init(|| {
            let mut found = IssuerPaths::default();
            self.search(id, &mut found, true, self.limits().steps);
            found.valid.sort_by(|one, two| one.rank.cmp(&two.rank));
            if found.valid.is_empty() {
                self.search(id, &mut found, false, EXPLAINING_STEPS);
            }
            found.refused.sort_by(|one, two| self.compare_refusals(one, two));
            found.refused.dedup_by(|one, two| (one.0, one.1, one.2.check) == (two.0, two.1, two.2.check));
            found
        })
    }

    fn compare_refusals(&self, one: &(NodeId, NodeId, Failure), two: &(NodeId, NodeId, Failure)) -> Ordering {
        by_thumbprint(self.certificate(one.0), self.certificate(two.0))
            .then_with(|| by_thumbprint(self.certificate(one.1), self.certificate(two.1)))
            .then_with(|| one.2.check.cmp(&two.2.check))
    }

    /// The shortest paths first, whatever the mesh. With `strict`, through valid issuers only.
    fn search(&self, start: NodeId, found: &mut IssuerPaths, strict: bool, budget: usize) {
        if strict && let Err(failure) = self.check(start) {
            found.refused.push((start, start, failure));
            return;
        }
        let limits = self.limits();
        let mut compared = Comparisons::default();
        let mut walk = Walk::default();
        walk.push(start, None, 1);
        let mut count = 0;
        while let Some(next) = walk.pop() {
            let is_full = found.valid.len() == limits.paths || found.policies > limits.policies;
            if count == budget || walk.is_hopeless(next, count) || is_full {
                found.exhausted |= strict;
                return;
            }
            count += 1;
            let node = walk.steps[next].node;
            let chain = chain(&walk.steps, next);
            let is_first = walk.seen.insert(node);
            let mut went_on = false;
            if self.node(node).anchor.is_some() {
                went_on = true;
                self.complete(&chain, found, strict, &mut compared);
            }
            let links = self.links(node);
            found.exhausted |= links.exhausted;
            if strict && is_first {
                for (candidate, failure) in &links.refused {
                    found.refuse(limits.refused, node, *candidate, failure);
                }
            }
            // What a self-signed anchor is cross-signed by is above the end of the path.
            if !(went_on && links.is_self_signed) {
                for issuer in &links.issuers {
                    // Each step waits with its place in memory, so waiting counts as well.
                    if walk.steps.len() >= budget.saturating_mul(4) {
                        found.exhausted |= strict;
                        break;
                    }
                    match self.try_step(*issuer, &chain, strict) {
                        Ok(()) => {
                            walk.push(*issuer, Some(next), chain.len() + 1);
                            went_on = true;
                        }
                        Err(Obstacle::Depth) => found.exhausted = true,
                        Err(Obstacle::Refused(failure)) if is_first => {
                            found.refuse(limits.refused, node, *issuer, &failure);
                        }
                        Err(Obstacle::Loop | Obstacle::Refused(_)) => {}
                    }
                }
            }
            if !went_on && !strict && found.open.len() < EXAMPLES {
                found.open.push(OpenPath { rank: Rank::of(self, &chain), nodes: chain });
            }
            if strict && count == BLIND_STEPS {
                walk.look(self.distances());
            }
        }
    }

    /// Whether a CA is on a path already: one CA, by name and key, stands once on it (RFC 4158 section 5.2).
    pub(crate) fn is_on(&self, path: &[NodeId], ca: NodeId) -> bool {
        let node = self.node(ca);
        path.iter().any(|id| self.node(*id).name == node.name && self.node(*id).key == node.key)
    }

    /// Whether the search goes on to an issuer of the chain's last certificate.
    fn try_step(&self, issuer: NodeId, chain: &[NodeId], strict: bool) -> Result<(), Obstacle> {
        if self.is_on(chain, issuer) {
            return Err(Obstacle::Loop);
        }
        if chain.len() >= self.settings.budget.depth {
            return Err(Obstacle::Depth);
        }
        if strict { self.check(issuer).map_err(Obstacle::Refused) } else { Ok(()) }
    }

    /// How many certificates lie between each CA and the nearest trust anchor, through valid issuers only.
    fn distances(&self) -> &[u32] {
        self.distances.get_or_init(|| {
            let mut distances = vec![NEVER; self.ids().count()];
            let mut below = vec![Vec::new(); distances.len()];
            let mut queue = VecDeque::new();
            for id in self.ids().filter(|id| self.check(*id).is_ok()) {
                for issuer in &self.links(id).issuers {
                    below[issuer.0 as usize].push(id);
                }
                if self.node(id).anchor.is_some() {
                    distances[id.0 as usize] = 0;
                    queue.push_back(id);
                }
            }
            while let Some(id) = queue.pop_front() {
                let farther = distances[id.0 as usize].saturating_add(1);
                for one in std::mem::take(&mut below[id.0 as usize]) {
                    let distance = &mut distances[one.0 as usize];
                    if *distance == NEVER {
                        *distance = farther;
                        queue.push_back(one);
                    }
                }
            }
            distances
        })
    }

    /// Section 6.1 over a path that ends at an anchor.
    fn complete(&self, chain: &[NodeId], found: &mut IssuerPaths, strict: bool, compared: &mut Comparisons) {
        match self.validate(chain, compared) {
            Ok(state) if strict => {
                found.policies += state.policy.size();
                found.valid.push(IssuerPath { nodes: chain.to_vec(), state, rank: Rank::of(self, chain) });
            }
            Err((_, failure)) if strict => found.exhausted |= failure.check == Check::Budget,
            Err((at, failure)) if found.failed.len() < EXAMPLES => {
                found.failed.push(FailedPath { nodes: chain.to_vec(), at, failure, rank: Rank::of(self, chain) });
            }
            _ => {}
        }
    }

    /// From the anchor down; the path is given from the CA up.
    fn validate(&self, chain: &[NodeId], compared: &mut Comparisons) -> Result<State, (NodeId, Failure)> {
        for id in chain {
            self.check(*id).map_err(|failure| (*id, failure))?;
        }
        let mut from_above = chain.iter().rev();
        let Some(anchor) = from_above.next() else {
            return Err((NodeId(0), Failure::new(Check::Untrusted, "a path", "none")));
        };
        let mut state = State::at_anchor(self, *anchor).map_err(|failure| (*anchor, failure))?;
        for id in from_above {
            state = state.below(self, *id, compared).map_err(|failure| (*id, failure))?;
        }
        for pair in chain.windows(2).rev() {
            self.check_revocation(self.certificate(pair[0]), pair[1], *anchor).map_err(|failure| (pair[0], failure))?;
        }
        Ok(state)
    }
}

fn chain(steps: &[Step], end: usize) -> Vec<NodeId> {
    let mut nodes = Vec::with_capacity(steps[end].depth);
    let mut at = Some(end);
    while let Some(index) = at {
        nodes.push(steps[index].node);
        at = steps[index].below;
    }
    nodes.reverse();
    nodes
}
