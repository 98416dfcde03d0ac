//! What the rules say of the CAs: each once, however many certificates hang on it.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::certificate::Certificate;
use crate::cmg::rules::{self, Part, RuleContext, neighbours};
use crate::cmg::{Code, Finding, Severity};
use crate::ops::assembly::Assembly;
use crate::ops::results::IssuerResult;
use crate::path::graph::NodeId;
use crate::path::{Check, PathStatus, RevocationStatus};
use crate::pool::Entry;

/// The findings at the CAs of the graph.
pub(crate) struct Authorities {
    findings: HashMap<NodeId, Vec<Finding>>,
}

impl Authorities {
    pub(crate) fn judge(assembly: &Assembly, context: &RuleContext<'_>) -> Self {
        let graph = &assembly.graph;
        let is_authority = |id: &NodeId| {
            let certificate = graph.certificate(*id);
            !certificate.is_end_entity()
                || graph.node(*id).anchor.is_some()
                || assembly.corpus.issuers.get(certificate.sha256()).is_some()
        };
        let ids: Vec<NodeId> = graph.ids().filter(is_authority).collect();
        let cas: Vec<_> = ids
            .iter()
            .map(|id| {
                let certificate = &**graph.certificate(*id);
                neighbours::Ca { certificate, is_self_signed: is_root(certificate) }
            })
            .collect();
        let mut beside: HashMap<usize, Vec<Finding>> = HashMap::new();
        for (index, finding) in neighbours::of_authorities(&cas, context.at) {
            beside.entry(index).or_default().push(finding);
        }
        let mut findings = HashMap::new();
        for (index, id) in ids.iter().enumerate() {
            let entry = assembly.entry(*id);
            let mut found = of_one(assembly, context, *id, &entry);
            let more = beside.remove(&index).unwrap_or_default();
            found.extend(context.weigh(more, &entry.certificate));
            found.sort_by(|one, two| two.severity.cmp(&one.severity).then(one.code().cmp(&two.code())));
            findings.insert(*id, found);
        }
        Self { findings }
    }

    /// What was found at a CA.
    pub(crate) fn findings(&self, id: NodeId) -> &[Finding] {
        self.findings.get(&id).map_or(&[], Vec::as_slice)
    }

    /// What was found at a CA, by its certificate.
    pub(crate) fn of(&self, assembly: &Assembly, certificate: &Certificate) -> &[Finding] {
        assembly.graph.find(certificate.sha256()).map_or(&[], |id| self.findings(id))
    }

    /// The codes found at these CAs, each once with its gravest severity.
    pub(crate) fn codes(&self, nodes: &[NodeId]) -> Vec<(Code, Severity)> {
        let mut codes: BTreeMap<Code, Severity> = BTreeMap::new();
        for finding in nodes.iter().filter_map(|id| self.findings.get(id)).flatten() {
            let gravest = codes.entry(finding.code()).or_insert(finding.severity);
            *gravest = (*gravest).max(finding.severity);
        }
        codes.into_iter().collect()
    }

    /// The CAs of the sources, and whatever else certificates hang on.
    pub(crate) fn results(&self, assembly: &Assembly, hanging: &HashMap<NodeId, u64>) -> Vec<IssuerResult> {
        let graph = &assembly.graph;
        let mut ids: Vec<NodeId> = assembly
            .corpus
            .issuers
            .entries()
            .iter()
            .filter_map(|entry| graph.find(entry.certificate.sha256()))
            .collect();
        let of_sources: HashSet<NodeId> = ids.iter().copied().collect();
        let mut others: Vec<NodeId> = hanging.keys().filter(|id| !of_sources.contains(id)).copied().collect();
        others.sort_unstable();
        ids.append(&mut others);
        ids.into_iter()
            .map(|id| {
                let verdict = graph.judge(graph.certificate(id));
                let clients = hanging.get(&id).copied().unwrap_or(0);
                let findings = self.findings(id).to_vec();
                IssuerResult { entry: assembly.entry(id), verdict, findings, clients, concerns_clients: None }
            })
            .collect()
    }

    /// Whether a CMG of the site's version takes so many CA certificates.
    pub(crate) fn limits(
        &self,
        assembly: &Assembly,
        hanging: &HashMap<NodeId, u64>,
        context: &RuleContext<'_>,
    ) -> Vec<Finding> {
        let used: Vec<&Certificate> = hanging.keys().map(|id| &**assembly.graph.certificate(*id)).collect();
        let roots = used.iter().filter(|certificate| certificate.is_self_signed()).count();
        let found = neighbours::cmg_limit(roots, used.len() - roots, &context.settings.parameters);
        found.into_iter().filter_map(|finding| context.settings.judge_of(finding, &used, context.at)).collect()
    }
}

/// Whether a CA certificate is a root, if a damaged one.
fn is_root(certificate: &Certificate) -> bool {
    certificate.is_self_signed() || certificate.is_meant_to_be_self_signed()
}

fn of_one(assembly: &Assembly, context: &RuleContext<'_>, id: NodeId, entry: &Entry) -> Vec<Finding> {
    let graph = &assembly.graph;
    let certificate: &Certificate = &entry.certificate;
    let part = if is_root(certificate) { Part::Root } else { Part::Intermediate };
    let mut found = rules::judge(certificate, &entry.occurrences, part, context);
    let mut more = Vec::new();
    if part == Part::Root && !certificate.is_self_signed() {
        more.push(rules::path::damaged_root(certificate));
    }
    // A root has no issuer to look for, and an anchor no path: in a mesh of roots of one name that would take long.
    if part == Part::Intermediate {
        let issuers = graph.links(id).issuers.iter().map(|issuer| &**graph.certificate(*issuer));
        more.extend(rules::path::name_encoding(certificate, issuers));
    }
    let is_valid_anchor =
        || part == Part::Root && graph.node(id).anchor.is_some() && graph.judge(&entry.certificate).chosen().is_some();
    match (!is_valid_anchor()).then(|| graph.paths(id).valid.first()) {
        None => {}
        Some(Some(path)) => {
            if let (Some(issuer), Some(anchor)) = (path.nodes.get(1), path.nodes.last()) {
                let (issuer, anchor) = (graph.crl_issuer(*issuer), graph.certificate(*anchor));
                more.extend(rules::path::outlives_issuer(certificate, issuer.certificate, context));
                if let Some(revocation) = &graph.revocation
                    && let RevocationStatus::Unknown { why, crl, .. } = revocation.status(certificate, issuer, anchor)
                {
                    more.push(rules::path::revocation_unknown(true, &why, crl.as_deref(), context));
                }
            }
        }
        Some(None) => {
            let verdict = graph.judge(graph.certificate(id));
            // The path of the certificate itself is in order, the one of those below it is not.
            if verdict.chosen().is_some()
                && let Some(failed) = graph.paths(id).failed.first()
            {
                more.push(if failed.at == id {
                    rules::path::at_fault(certificate, true, &failed.failure, context.at)
                } else {
                    rules::path::invalid(graph.certificate(failed.at), &failed.failure)
                });
            }
            if let Some(path) = verdict.paths.first() {
                match (&path.missing, &path.failure) {
                    (Some(missing), _) if path.status == PathStatus::Incomplete => {
                        more.push(rules::path::where_it_ends(certificate, missing));
                    }
                    (_, Some((at_fault, failure))) if at_fault.sha256() == certificate.sha256() => {
                        more.push(rules::path::at_fault(certificate, true, failure, context.at));
                    }
                    (_, Some((at_fault, failure))) => more.push(rules::path::invalid(at_fault, failure)),
                    _ => {}
                }
            }
            // What it may not do as an issuer its own path does not ask.
            if let Err(failure) = graph.check(id)
                && failure.check != Check::Untrusted
            {
                more.push(rules::path::at_fault(certificate, true, &failure, context.at));
            }
        }
    }
    rules::path::drop_what_follows(&found, &mut more);
    if part == Part::Root && !certificate.is_self_signed() {
        // Its issuer is itself, and not missing.
        more.retain(|finding| !matches!(finding.code(), Code::PathIncomplete | Code::PathInvalid));
    }
    more.retain(|finding| found.iter().all(|known| known.code() != finding.code()));
    more.dedup_by(|one, two| one.code() == two.code());
    found.extend(context.weigh(more, certificate));
    found
}
