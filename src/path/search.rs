//! All certification paths of one CA, shortest first (RFC 4158), each with the state that a certificate below it starts from.
//!
//! The first search follows only certificates that may be issuers at all, so that an expired or forbidden one costs nothing. Only
//! where that finds no valid path does a second one go through them too, to say what the path would have been and what is
//! wrong with it.

use std::cmp::{Ordering, Reverse};

use crate::certificate::{Certificate, HashAlgorithm};
use crate::path::graph::{Graph, NodeId, by_thumbprint};
use crate::path::state::State;
use crate::path::trace::{Check, Failure};
use crate::time::Time;

/// How many paths that fail, and how many that end nowhere, are kept for the explanation.
const EXAMPLES: usize = 8;
/// How many steps the second search may take: it only explains.
const EXPLAINING_STEPS: usize = 2_000;

/// What the search above one CA found.
#[derive(Debug, Default)]
pub(crate) struct IssuerPaths {
    /// In the order of choice.
    pub(crate) valid: Vec<IssuerPath>,
    /// Complete, and refused.
    pub(crate) failed: Vec<FailedPath>,
    /// From the CA up to the certificate whose issuer is missing, or whose root is not trusted.
    pub(crate) open: Vec<Vec<NodeId>>,
    /// Below which certificate, what, and why.
    pub(crate) refused: Vec<(NodeId, NodeId, Failure)>,
    /// Whether it ended on the budget.
    pub(crate) exhausted: bool,
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
}

/// What the choice among valid paths goes by, best first: longest remaining validity of its CA certificates, fewest
/// certificates, stronger signatures, thumbprints. It depends on the CAs alone, so that all clients of one CA choose the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    expires: Reverse<Option<Time>>,
    length: usize,
    strength: Reverse<(Option<HashAlgorithm>, u32)>,
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
        Self {
            expires: Reverse(certificates().map(|certificate| certificate.not_after()).min().flatten()),
            length: nodes.len(),
            strength: Reverse(signatures.min().unwrap_or((Some(HashAlgorithm::Sha512), u32::MAX))),
            thumbprints: certificates().map(|certificate| *certificate.thumbprint()).collect(),
        }
    }
}

struct Step {
    node: NodeId,
    below: Option<usize>,
    depth: usize,
}

impl IssuerPath {
    /// The checks of a certificate below that depend on the path: RFC 5280 section 6.1.5, and revocation.
    pub(crate) fn finish(&self, graph: &Graph, certificate: &Certificate) -> Result<(), Failure> {
        self.state.finish(graph, certificate)?;
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
            self.search(id, &mut found, true, self.settings.budget.steps_per_issuer);
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

    /// Breadth first, so that the shortest paths come first whatever the mesh. With `strict`, through valid issuers only.
    fn search(&self, start: NodeId, found: &mut IssuerPaths, strict: bool, budget: usize) {
        if strict && let Err(failure) = self.check(start) {
            found.refused.push((start, start, failure));
            return;
        }
        let mut steps = vec![Step { node: start, below: None, depth: 1 }];
        let mut next = 0;
        while next < steps.len() {
            if next == budget || found.valid.len() == self.settings.budget.paths_per_issuer {
                found.exhausted |= strict;
                return;
            }
            let node = steps[next].node;
            let chain = chain(&steps, next);
            let mut went_on = false;
            if self.node(node).anchor.is_some() {
                went_on = true;
                self.complete(&chain, found, strict);
            }
            let links = self.links(node);
            found.exhausted |= links.exhausted;
            if strict {
                found
                    .refused
                    .extend(links.refused.iter().map(|(candidate, failure)| (node, *candidate, failure.clone())));
            }
            // What a self-signed anchor is cross-signed by is above the end of the path.
            if !(went_on && links.is_self_signed) {
                for issuer in &links.issuers {
                    went_on |= self.step(*issuer, next, &chain, &mut steps, found, strict);
                }
            }
            if !went_on && !strict && found.open.len() < EXAMPLES {
                found.open.push(chain);
            }
            next += 1;
        }
    }

    fn step(
        &self,
        issuer: NodeId,
        from: usize,
        chain: &[NodeId],
        steps: &mut Vec<Step>,
        found: &mut IssuerPaths,
        strict: bool,
    ) -> bool {
        let below = steps[from].node;
        let depth = steps[from].depth + 1;
        let node = self.node(issuer);
        // One CA, by name and key, once on a path (RFC 4158 section 5.2).
        if chain.iter().any(|id| self.node(*id).name == node.name && self.node(*id).key == node.key) {
            return false;
        }
        if depth > self.settings.budget.depth {
            found.exhausted = true;
            return false;
        }
        if strict && let Err(failure) = self.check(issuer) {
            found.refused.push((below, issuer, failure));
            return false;
        }
        steps.push(Step { node: issuer, below: Some(from), depth });
        true
    }

    /// Section 6.1 over a path that ends at an anchor.
    fn complete(&self, chain: &[NodeId], found: &mut IssuerPaths, strict: bool) {
        match self.validate(chain) {
            Ok(state) if strict => {
                found.valid.push(IssuerPath { nodes: chain.to_vec(), state, rank: Rank::of(self, chain) });
            }
            Err((at, failure)) if !strict && found.failed.len() < EXAMPLES => {
                found.failed.push(FailedPath { nodes: chain.to_vec(), at, failure });
            }
            _ => {}
        }
    }

    /// From the anchor down; the path is given from the CA up.
    fn validate(&self, chain: &[NodeId]) -> Result<State, (NodeId, Failure)> {
        for id in chain {
            self.check(*id).map_err(|failure| (*id, failure))?;
        }
        let mut from_above = chain.iter().rev();
        let Some(anchor) = from_above.next() else {
            return Err((NodeId(0), Failure::new(Check::Untrusted, "a path", "none")));
        };
        let mut state = State::at_anchor(self, *anchor).map_err(|failure| (*anchor, failure))?;
        for id in from_above {
            state = state.below(self, *id).map_err(|failure| (*id, failure))?;
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
