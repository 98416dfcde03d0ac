//! The state of RFC 5280 section 6.1 along a path, from the trust anchor down: what is remembered of each path of an issuing CA,
//! so that a certificate below it costs only its own checks.

use crate::certificate::{Certificate, Oid, key, oid};
use crate::path::graph::{Graph, NodeId};
use crate::path::name_constraints::Comparisons;
use crate::path::policy::PolicyState;
use crate::path::trace::{Check, Detail, Failure};
use crate::path::{checks, conformance, windows};
use crate::source::Restrictions;
use crate::time::Time;

/// The working variables after the certificates of a path.
#[derive(Debug, Clone)]
pub(crate) struct State {
    anchor: NodeId,
    /// max_path_length; `None` is no limit.
    path_length: Option<u64>,
    /// Whether the anchor has set it.
    is_path_length_of_anchor: bool,
    /// The CAs whose name constraints hold below.
    constraining: Vec<NodeId>,
    pub(super) policy: PolicyState,
    /// working_public_key, working_public_key_algorithm and working_public_key_parameters, of the last CA.
    key: NodeId,
    /// The anchor's store entry distrusts what was issued after this moment.
    issued_until: Option<Time>,
}

impl State {
    /// Section 6.1.2. RFC 5280 knows of an anchor its name and key; what a self-signed anchor says beside (path length, name
    /// constraints) is held to as RFC 5937 has it, and as Windows does.
    pub(crate) fn at_anchor(graph: &Graph, anchor: NodeId) -> Result<Self, Failure> {
        let node = graph.node(anchor);
        if let Some(restrictions) = &node.anchor {
            check_restrictions(graph, restrictions).map_err(|failure| failure.differing(&windows::STORES))?;
        }
        let mut state = Self {
            anchor,
            path_length: graph.settings.max_path_length,
            is_path_length_of_anchor: false,
            constraining: Vec::new(),
            policy: PolicyState::new(&graph.settings),
            key: anchor,
            issued_until: node.anchor.as_ref().and_then(|restrictions| issued_until(graph, restrictions)),
        };
        state.remember_limits(graph, anchor);
        Ok(state)
    }

    fn remember_limits(&mut self, graph: &Graph, ca: NodeId) {
        let certificate = graph.certificate(ca);
        if let Some(limit) = certificate.basic_constraints().get().and_then(|constraints| constraints.path_length)
            && self.path_length.is_none_or(|length| limit < length)
        {
            self.path_length = Some(limit);
            self.is_path_length_of_anchor = ca == self.anchor;
        }
        if certificate.extension(oid::NAME_CONSTRAINTS).is_some() {
            self.constraining.push(ca);
        }
    }

    /// After one more CA certificate: sections 6.1.3 and 6.1.4.
    pub(crate) fn below(&self, graph: &Graph, ca: NodeId, compared: &mut Comparisons) -> Result<Self, Failure> {
        let node = graph.node(ca);
        let mut state = self.clone();
        state.take_key(graph, ca)?;
        if !node.is_self_issued {
            state.check_names(graph, &node.certificate, Some(ca), compared)?;
        }
        state.policy.process_ca(&node.certificate, node.is_self_issued)?;
        if !node.is_self_issued
            && let Some(length) = state.path_length
        {
            let Some(left) = length.checked_sub(1) else {
                let failure = Failure::new(
                    Check::PathLength,
                    "no further intermediate, as the path length left is 0",
                    node.certificate.short_subject(),
                );
                return Err(if self.is_path_length_of_anchor { failure.differing(&windows::ANCHOR) } else { failure });
            };
            state.path_length = Some(left);
        }
        state.remember_limits(graph, ca);
        Ok(state)
    }

    /// Section 6.1.4 (d) to (f). One certificate may be known with parameters that another path gave it; on this one it does not have
    /// those.
    fn take_key(&mut self, graph: &Graph, ca: NodeId) -> Result<(), Failure> {
        let (node, above) = (graph.node(ca), graph.public_key(self.key).as_bytes());
        let spki = node.certificate.subject_public_key_info();
        if node.inherits && key::with_inherited(spki, above).as_deref() != Some(graph.public_key(ca).as_bytes()) {
            return Err(Failure::new(
                Check::Algorithm,
                "a key with the DSA parameters of the CA above it",
                "parameters of another CA",
            ));
        }
        self.key = ca;
        Ok(())
    }

    fn check_names(
        &self,
        graph: &Graph,
        certificate: &Certificate,
        id: Option<NodeId>,
        compared: &mut Comparisons,
    ) -> Result<(), Failure> {
        self.constraining.iter().try_for_each(|ca| {
            let checked = compared.check(certificate, id, graph.name_constraints(*ca), *ca);
            checked.map_err(|failure| match failure.windows {
                None if *ca == self.anchor => failure.differing(&windows::ANCHOR),
                _ => failure,
            })
        })
    }

    /// What the root program calls NotBefore: certificates issued after that date are not trusted any more, those issued before go on
    /// being trusted (Microsoft, Deprecation Definitions). A date that is none is refused elsewhere.
    fn check_issued(&self, last: &Certificate) -> Result<(), Failure> {
        match (self.issued_until, last.not_before()) {
            (Some(limit), Some(issued)) if issued > limit => Err(Failure::new(
                Check::StoreRestriction,
                format!("issued by {limit}, until when the store entry of the root trusts it"),
                format!("valid from {issued}"),
            )
            .detailed(Detail::DateOfDistrust)),
            _ => Ok(()),
        }
    }

    /// The last certificate of the path: sections 6.1.3 and 6.1.5.
    pub(crate) fn finish(&self, graph: &Graph, last: &Certificate, compared: &mut Comparisons) -> Result<(), Failure> {
        self.check_names(graph, last, None, compared)?;
        self.check_issued(last)?;
        if self.policy.is_indifferent() && last.extension(oid::POLICY_CONSTRAINTS).is_none() {
            return checks::malformed("certificate policies", &last.policies());
        }
        self.policy.finish(last, &graph.settings)
    }
}

/// Whether a limit for these usages, or for all where none are named, is one for the purpose.
fn concerns(graph: &Graph, usages: Option<&[Oid]>) -> bool {
    match (graph.settings.purpose.usage(), usages) {
        (Some(usage), Some(usages)) => usages.iter().any(|one| *one == *usage),
        _ => true,
    }
}

/// CERT_NOT_BEFORE_FILETIME_PROP_ID, and for which usages by CERT_NOT_BEFORE_ENHKEY_USAGE_PROP_ID.
fn issued_until(graph: &Graph, restrictions: &Restrictions) -> Option<Time> {
    restrictions.not_before.filter(|_| concerns(graph, restrictions.not_before_usages.as_deref()))
}

/// The limits that a store puts on a root (CERT_ENHKEY_USAGE_PROP_ID, CERT_DISALLOWED_FILETIME_PROP_ID and their kin).
fn check_restrictions(graph: &Graph, restrictions: &Restrictions) -> Result<(), Failure> {
    let settings = &graph.settings;
    if let (Some(usage), Some(allowed)) = (settings.purpose.usage(), &restrictions.enhanced_key_usage)
        && !allowed.iter().any(|one| *one == *usage || *one == *oid::ANY_EXTENDED_KEY_USAGE)
    {
        /// More are told in no message.
        const TOLD: usize = 20;
        let found: Vec<String> = allowed.iter().take(TOLD).map(ToString::to_string).collect();
        let more = allowed.len().saturating_sub(TOLD);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let wanted = oid::name(usage).unwrap_or("the purpose");
        return Err(Failure::new(
            Check::StoreRestriction,
            format!("a store entry that allows {wanted}"),
            if found.is_empty() {
                "one that allows nothing".to_owned()
            } else {
                format!("one limited to {}{more}", found.join(", "))
            },
        ));
    }
    if let Some(from) = restrictions.disallowed_from
        && concerns(graph, restrictions.disallowed_usages.as_deref())
        && settings.at >= from
    {
        return Err(Failure::new(
            Check::StoreRestriction,
            format!("a root that is trusted at {}", settings.at),
            format!("distrusted since {from}"),
        )
        .detailed(Detail::DateOfDistrust));
    }
    Ok(())
}

/// The checks of an end-entity certificate that no path decides.
pub(crate) fn check_end_entity(graph: &Graph, certificate: &Certificate) -> Result<(), Failure> {
    if graph.is_disallowed(certificate) {
        return Err(checks::disallowed());
    }
    checks::encoding(certificate)?;
    if graph.settings.strict {
        conformance::check(certificate)?;
    }
    checks::validity(certificate, graph.settings.at)?;
    if let Some(usage) = graph.settings.purpose.usage() {
        checks::allows_usage(certificate, usage)?;
    }
    checks::tls_signature(certificate, graph.settings.purpose)?;
    checks::tls_key(certificate, graph.settings.purpose)?;
    // A CA that is judged for itself is asked for the usages of an issuer, where it is one.
    if certificate.is_end_entity() { checks::end_entity_key_usage(certificate, graph.settings.purpose) } else { Ok(()) }
}
