//! DSA keys that leave their parameters to the CA above: RFC 5280 section 6.1.4 (d) and (e).
//!
//! A key without parameters checks nothing. So each such certificate is given, once, the parameters of the CA whose key made its
//! signature: it then has the same key as one that states them, and another than one of the same bytes under another CA. Whether a
//! path may rely on that, `State` says.

use std::collections::HashMap;

use crate::certificate::{SignatureCheck, key};
use crate::path::graph::{Graph, KeyId, NodeId};

/// Candidates that are looked at, for all CAs together, whose DSA keys leave their parameters to the CA above: PKITS has one, and
/// nobody else.
const INHERITANCE: usize = 1_000;

impl Graph {
    /// RFC 5280 section 6.1.4 (d) and (e): a DSA key without parameters takes those of the CA that signed it, from above downwards.
    /// What is found here only says which key to try: `State` holds each path to it. Keys in a circle stay without, and so does a
    /// trust anchor's: above it there is nobody.
    pub(super) fn inherit_parameters(&mut self, keys: &mut HashMap<Box<[u8]>, KeyId>) {
        let lacks = |id: &NodeId| {
            let node = self.node(*id);
            node.anchor.is_none() && key::lacks_parameters(node.certificate.subject_public_key_info())
        };
        let mut waiting: Vec<NodeId> = self.ids().filter(lacks).collect();
        let mut budget = INHERITANCE;
        loop {
            let found: Vec<(NodeId, Vec<u8>)> =
                waiting.iter().filter_map(|id| Some((*id, self.inherited_key(*id, &mut budget)?))).collect();
            if found.is_empty() {
                return;
            }
            for (id, key) in found {
                let key = self.key_id(&key, keys);
                let node = &mut self.nodes[id.0 as usize];
                (node.key, node.inherits) = (key, true);
                waiting.retain(|other| *other != id);
            }
        }
    }

    fn inherited_key(&self, id: NodeId, budget: &mut usize) -> Option<Vec<u8>> {
        let below = self.certificate(id);
        let candidates = self.with_subject(&below.issuer());
        let candidates = &candidates[..candidates.len().min(*budget)];
        *budget -= candidates.len();
        candidates.iter().find_map(|candidate| {
            let above = self.public_key(*candidate);
            let key = key::with_inherited(below.subject_public_key_info(), above.as_bytes())?;
            (below.check_signature(above) == SignatureCheck::Valid).then(|| key.into_owned())
        })
    }
}

#[cfg(test)]
mod tests;
