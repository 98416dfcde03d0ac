//! `audit`: which issued certificates will fail, and why.

mod tally;

use std::collections::HashMap;
use std::sync::Arc;

use self::tally::Tally;
pub use self::tally::{CaseCount, CodeCount};
use crate::certificate::Certificate;
use crate::cmg::concern::Used;
use crate::cmg::passed_over::{Maker, passed_over};
use crate::cmg::profile::ProfileName;
use crate::cmg::rules::{self, Duplicates, NameRecord, Part, RuleContext};
use crate::cmg::selection::by_longest_validity;
use crate::cmg::{Case, Code, Finding, Severity, Verdict};
use crate::ops::assembly::{self, Assembly};
use crate::ops::authorities::Authorities;
use crate::ops::corpus::Corpus;
use crate::ops::request::{OpsError, Request};
use crate::ops::results::{IssuerResult, Trust};
use crate::ops::selecting::{NOT_FIRST, SelectionCounts, Steps, is_below_wanted};
use crate::path::graph::NodeId;
use crate::path::search::IssuerPath;
use crate::path::verdict::{Decision, can_authenticate_clients};
use crate::path::{Check, Failure, PathStatus, Purpose, RevocationStatus};
use crate::pool::Entry;
use crate::remembered::Remembered;
use crate::source::Problem;
use crate::time::Time;

/// What is audited, and by which rules.
#[derive(Debug)]
#[non_exhaustive]
pub struct AuditRequest {
    /// Sources, trust, selection and settings.
    pub request: Request,
    /// What the certificates are for.
    pub profile: ProfileName,
    /// That there are no other issuers than `trust` and `intermediates` give: one reading is enough. `first` of the request, which takes
    /// one more, is not asked then.
    pub closed_pool: bool,
}

impl AuditRequest {
    /// For client certificates, by the default rules.
    pub fn new(request: Request) -> Self {
        Self { request, profile: ProfileName::Client, closed_pool: false }
    }
}

/// One audited certificate.
#[derive(Debug)]
#[non_exhaustive]
pub struct Audited<'a> {
    /// The certificate.
    pub entry: &'a Entry,
    /// By the gravest of its findings and of those it inherits.
    pub verdict: Verdict,
    /// What was found at it, the gravest first.
    pub findings: Vec<Finding>,
    /// What was found at the CAs above it.
    pub inherited: Vec<Code>,
    /// Its path of choice, or the best there is, from the certificate up.
    pub path: Vec<Arc<Certificate>>,
}

/// What an audit came to, beside the certificates themselves.
#[derive(Debug)]
#[non_exhaustive]
pub struct AuditOutcome {
    /// The moment of judgement.
    pub at: Time,
    /// What the certificates are for.
    pub profile: ProfileName,
    /// Where the trust anchors came from.
    pub trust: Trust,
    /// The gravest verdict, CAs and settings included.
    pub verdict: Verdict,
    /// How many certificates were audited.
    pub certificates: u64,
    /// How many pass, warn and fail.
    pub verdicts: [u64; 3],
    /// How often each code was found, by code.
    pub codes: Vec<CodeCount>,
    /// The CAs.
    pub issuers: Vec<IssuerResult>,
    /// What was found at no single certificate: a CMG's limits, exceptions that matched nothing.
    pub findings: Vec<Finding>,
    /// How many certificates were passed over, by reason.
    pub passed_over: Vec<(String, u64)>,
    /// What each step of ConfigMgr's own selections leaves.
    pub selection: SelectionCounts,
    /// Whether only certificates that were asked for by issuer, criterion or length are audited.
    pub is_selection: bool,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// What a worker hands over of one certificate.
struct Worked<R> {
    result: Option<R>,
    passed_over: Option<String>,
    verdict: Verdict,
    cases: Vec<(&'static Case, Severity)>,
    inherited: Vec<(&'static Case, Severity)>,
    steps: Steps,
    path: Vec<NodeId>,
}

/// Audits everything: `work` on all cores, `sink` in the order of the sources.
///
/// # Errors
/// Where nothing at all was found, or the temporary file for standard input cannot be written.
pub fn audit<R: Send>(
    audit: &AuditRequest,
    work: impl Fn(&Audited<'_>) -> R + Sync,
    mut sink: impl FnMut(R),
) -> Result<AuditOutcome, OpsError> {
    let request = &audit.request;
    let mut context = RuleContext::new(request.at, &request.settings, audit.profile);
    let names = |certificate: &Certificate| NameRecord::of(certificate, &context);
    let mut settings = assembly::settings(request);
    settings.purpose = audit.profile.purpose();
    let mut assembly = if audit.closed_pool {
        Assembly::over(Corpus::unread(request.inputs()), request, settings)?
    } else {
        let mut corpus = Corpus::read_noting(request.inputs(), &request.passwords, &request.progress, Some(&names))?;
        if corpus.is_empty() {
            return Err(OpsError::NoCertificate { sources: request.source_names(), problems: corpus.problems.take() });
        }
        Assembly::over(corpus, request, settings)?
    };
    let duplicates = Duplicates::find(std::mem::take(&mut assembly.corpus.names));
    context.duplicates = Some(&duplicates);
    let authorities = Authorities::judge(&assembly, &context);
    let auditor = Auditor {
        audit,
        assembly: &assembly,
        authorities: &authorities,
        context: &context,
        above: Remembered::default(),
    };
    let only = auditor.first()?;

    let mut tally = Tally::default();
    let mut tally_problems = Vec::new();
    let mut hanging: HashMap<NodeId, u64> = HashMap::new();
    let mut take = |worked: Worked<R>| {
        request.progress.judged(1);
        for id in &worked.path {
            *hanging.entry(*id).or_default() += 1;
        }
        tally.take(&worked);
        if let Some(result) = worked.result {
            sink(result);
        }
    };
    let one = |entry: &Entry| auditor.work(entry, only.as_ref(), &work);
    if audit.closed_pool {
        let problems = Corpus::stream(&request.inputs(), &request.passwords, &request.progress, &one, &mut take);
        tally_problems = problems;
    } else {
        request.progress.expect_certificates(assembly.corpus.end_entity_count());
        assembly.corpus.for_each_end_entity(&request.passwords, &one, &mut take)?;
    }

    if audit.closed_pool && tally.certificates == 0 && tally.passed_over.is_empty() && tally_problems.is_empty() {
        let problems = assembly.take_problems();
        return Err(OpsError::NoCertificate { sources: request.source_names(), problems });
    }
    let mut issuers = authorities.results(&assembly, &hanging);
    if tally.certificates > 0 {
        lower_unused(&mut issuers);
    }
    let mut findings = authorities.limits(&assembly, &hanging, &context);
    findings.extend(request.settings.unused_exceptions(request.at));
    let trust = assembly.trust;
    let mut problems = assembly.take_problems();
    problems.append(&mut tally_problems);
    Ok(tally.finish(audit, trust, issuers, findings, problems))
}

/// What was found at CAs on which no audited certificate hangs fails nobody, but for what concerns others too.
fn lower_unused(issuers: &mut [IssuerResult]) {
    let of_clients = issuers.iter().filter(|issuer| issuer.clients > 0).map(|issuer| issuer.entry.certificate.clone());
    let of_clients: Vec<Arc<Certificate>> = of_clients.collect();
    let used = Used::new(of_clients.iter().map(|certificate| &**certificate));
    for issuer in issuers {
        issuer.concerns_clients = Some(issuer.clients > 0);
        if issuer.clients == 0 {
            used.lower(&mut issuer.findings, &issuer.entry.certificate, &issuer.entry.occurrences);
        }
    }
}

/// A certificate at fault, and its fault.
type AtFault = (Arc<Certificate>, Failure);

struct Auditor<'a> {
    audit: &'a AuditRequest,
    assembly: &'a Assembly,
    authorities: &'a Authorities,
    context: &'a RuleContext<'a>,
    /// What is at fault above the certificates of a CA, by its SHA-256; nothing where nothing is.
    above: Remembered<[u8; 32], Option<AtFault>>,
}

impl Auditor<'_> {
    /// Why the certificate is not audited at all; `None` where it is.
    fn passes_over(&self, entry: &Entry) -> Option<String> {
        if self.audit.profile.purpose() == Purpose::Client {
            let row = passed_over(&entry.certificate, entry.friendly_names());
            if let Some(row) = row.filter(|row| row.maker != Maker::ConfigMgr) {
                return Some(format!("{}: {}", row.name, row.reason));
            }
        }
        let meets = self.audit.request.criteria.iter().all(|criterion| criterion.matches(&entry.certificate));
        (!meets).then(|| "it does not meet --select".to_owned())
    }

    /// The one certificate of `--first`.
    fn first(&self) -> Result<Option<[u8; 32]>, OpsError> {
        let request = &self.audit.request;
        if !request.first || self.audit.closed_pool {
            return Ok(None);
        }
        let mut best = None;
        let is_for_clients = self.audit.profile.purpose() == Purpose::Client;
        let candidate = |entry: &Entry| {
            // A client asks for client authentication before it compares lengths.
            let counts = self.passes_over(entry).is_none()
                && (!is_for_clients || can_authenticate_clients(&entry.certificate))
                && entry.certificate.is_valid_at(request.at)
                && self.is_below_wanted(&entry.certificate, None);
            counts.then(|| (by_longest_validity(&entry.certificate), *entry.certificate.sha256()))
        };
        let corpus = &self.assembly.corpus;
        corpus.for_each_end_entity(&request.passwords, &candidate, &mut |found| best = best.take().max(found))?;
        Ok(Some(best.map_or([0; 32], |(_, sha256)| sha256)))
    }

    /// As every command has it; the path of choice, where it is known, often tells without the others.
    fn is_below_wanted(&self, certificate: &Arc<Certificate>, chosen: Option<&IssuerPath>) -> bool {
        let (request, graph) = (&self.audit.request, &self.assembly.graph);
        if request.issuers.is_empty() {
            return true;
        }
        let tells = chosen.is_some_and(|path| {
            let cas: Vec<_> = path.nodes.iter().map(|id| graph.certificate(*id).clone()).collect();
            request.is_below_wanted(certificate, &cas)
        });
        tells || is_below_wanted(request, certificate, &graph.judge(certificate))
    }

    /// The CAs of the path of choice, or of the best there is.
    fn nodes(&self, decision: &Decision<'_>) -> Vec<NodeId> {
        let graph = &self.assembly.graph;
        if let Some(path) = decision.chosen {
            return path.nodes.clone();
        }
        if let Some(path) = graph.candidate_paths(&decision.links.issuers).next() {
            return path.nodes.clone();
        }
        let (failed, open) = graph.ways_without_end(&decision.links.issuers);
        let best = failed.first().map(|failed| &failed.nodes).or_else(|| open.first().map(|open| &open.nodes));
        best.cloned().unwrap_or_default()
    }

    fn work<R>(&self, entry: &Entry, only: Option<&[u8; 32]>, work: &dyn Fn(&Audited<'_>) -> R) -> Worked<R> {
        let graph = &self.assembly.graph;
        let certificate = &entry.certificate;
        let decision = graph.decide(certificate);
        let steps = Steps::of(&self.audit.request, graph, entry, &decision);
        let over = |reason: String| Worked {
            result: None,
            passed_over: Some(reason),
            verdict: Verdict::Pass,
            cases: Vec::new(),
            inherited: Vec::new(),
            steps,
            path: Vec::new(),
        };
        if let Some(reason) = self.passes_over(entry) {
            return over(reason);
        }
        if only.is_some_and(|only| only != entry.certificate.sha256()) {
            return over(NOT_FIRST.to_owned());
        }
        if !self.is_below_wanted(certificate, decision.chosen) {
            return over(self.assembly.not_below.clone());
        }
        let nodes = self.nodes(&decision);
        let mut findings = rules::judge(certificate, &entry.occurrences, Part::EndEntity, self.context);
        let is_site_made = findings.iter().any(|finding| finding.code() == Code::SiteGenerated);
        if is_site_made {
            // Nobody asks whether the PKI would vouch for it.
            findings.retain(|finding| finding.code() == Code::SiteGenerated);
        } else {
            let mut more = self.of_path(entry, &decision, &nodes, &findings);
            rules::path::drop_what_follows(&findings, &mut more);
            findings.extend(self.context.weigh(more, certificate));
        }
        findings.sort_by(|one, two| two.severity.cmp(&one.severity).then(one.code().cmp(&two.code())));
        let above = if is_site_made { &[][..] } else { &nodes[..] };
        let inherited = self.authorities.codes(above);
        let severities = findings.iter().map(|finding| finding.severity);
        let verdict = Verdict::of(severities.chain(inherited.iter().map(|(_, severity)| *severity)));
        let in_cases = |finding: &Finding| (finding.case, finding.severity);
        let cases = findings.iter().map(in_cases).collect();
        let of_above = above.iter().flat_map(|id| self.authorities.findings(*id)).map(in_cases).collect();
        let mut path = vec![certificate.clone()];
        path.extend(nodes.iter().map(|id| graph.certificate(*id).clone()));
        let inherited: Vec<Code> = inherited.into_iter().map(|(code, _)| code).collect();
        let result = Some(work(&Audited { entry, verdict, findings, inherited, path }));
        Worked { result, passed_over: None, verdict, cases, inherited: of_above, steps, path: nodes }
    }

    /// What follows from its paths.
    fn of_path(&self, entry: &Entry, decision: &Decision<'_>, nodes: &[NodeId], known: &[Finding]) -> Vec<Finding> {
        let graph = &self.assembly.graph;
        let certificate = &*entry.certificate;
        let at = self.context.at;
        let issuers = decision.links.issuers.iter().map(|id| &**graph.certificate(*id));
        let mut found: Vec<Finding> = rules::path::name_encoding(certificate, issuers).into_iter().collect();
        if let Some(path) = decision.chosen {
            if let (Some(issuer), Some(anchor)) = (path.nodes.first(), path.nodes.last()) {
                found.extend(rules::path::outlives_issuer(certificate, graph.certificate(*issuer), self.context));
                let top = graph.certificate(*anchor);
                found.extend((!top.is_self_signed()).then(|| rules::path::no_root(top)));
                if let Some(revocation) = &graph.revocation {
                    let (issuer, anchor) = (graph.crl_issuer(*issuer), graph.certificate(*anchor));
                    if let RevocationStatus::Unknown { why, crl, .. } = revocation.status(certificate, issuer, anchor) {
                        found.push(rules::path::revocation_unknown(false, &why, crl.as_deref(), self.context));
                    }
                }
            }
            return found;
        }
        if let Err(failure) = &decision.own {
            found.extend(self.of_own(certificate, failure, known));
        }
        if let Some(failure) = &decision.refused {
            found.push(rules::path::at_fault(certificate, false, failure, at));
        } else if graph.candidate_paths(&decision.links.issuers).next().is_none() {
            // One fault of its own can be why no issuer is confirmed, too.
            let is_new = |finding: &Finding| {
                !found.iter().any(|told| told.case == finding.case && told.message == finding.message)
            };
            let more: Vec<Finding> = self.of_no_path(entry, nodes, known).into_iter().filter(is_new).collect();
            found.extend(more);
        } else if let Some(issuer) = nodes.first() {
            found.extend(rules::path::outlives_issuer(certificate, graph.certificate(*issuer), self.context));
        }
        found
    }

    /// A check of its own that failed, where no rule has told of it: a rule that warns has told of something less.
    fn of_own(&self, certificate: &Certificate, failure: &Failure, known: &[Finding]) -> Option<Finding> {
        let told: &[Code] = match failure.check {
            Check::Validity => &[Code::Validity],
            Check::ExtendedKeyUsage => &[Code::Eku],
            Check::KeyUsage => &[Code::KeyUsage],
            Check::Algorithm => &[Code::KeyLength, Code::KeyAlgorithm],
            Check::Tls => &[Code::KeyAlgorithm, Code::SignatureHash],
            Check::Disallowed => &[Code::Disallowed],
            _ => &[],
        };
        let is_error = |finding: &&Finding| finding.case.severity == Some(Severity::Error);
        let is_told = known.iter().filter(is_error).any(|finding| told.contains(&finding.code()));
        (!is_told).then(|| rules::path::at_fault(certificate, false, failure, self.context.at))
    }

    /// What is at fault on the paths of a CA, which is judged once.
    fn fault_of(&self, ca: &Arc<Certificate>) -> Option<AtFault> {
        let find = || self.assembly.graph.judge(ca).paths.into_iter().find_map(|path| path.failure);
        self.above.get_or_find(ca.sha256(), find)
    }

    /// Why no path reaches an anchor.
    fn of_no_path(&self, entry: &Entry, nodes: &[NodeId], known: &[Finding]) -> Vec<Finding> {
        let graph = &self.assembly.graph;
        let certificate = &*entry.certificate;
        if nodes.is_empty() {
            let links = graph.find_issuers(certificate, None, true);
            if links.is_self_signed {
                let failure = Failure::new(Check::Untrusted, "a trust anchor", "a self-signed certificate");
                return vec![rules::path::invalid(certificate, &failure)];
            }
            return vec![rules::path::where_it_ends(
                certificate,
                &graph.missing_issuer(&entry.certificate, &[], &links),
            )];
        }
        let verdict = graph.judge(&entry.certificate);
        let Some(path) = verdict.paths.first() else { return Vec::new() };
        let mut found = Vec::new();
        match (&path.missing, &path.failure) {
            (Some(missing), _) if path.status == PathStatus::Incomplete => {
                found.push(rules::path::where_it_ends(certificate, missing));
            }
            (_, Some((at_fault, failure))) if at_fault.sha256() != certificate.sha256() => {
                found.push(rules::path::invalid(at_fault, failure));
            }
            (_, Some((_, failure))) => {
                // Its own fault hides what is wrong above it.
                found.extend(self.of_own(certificate, failure, known));
                if let Some((at_fault, failure)) = path.certificates.get(1).and_then(|issuer| self.fault_of(issuer)) {
                    found.push(rules::path::invalid(&at_fault, &failure));
                }
            }
            _ => {}
        }
        found
    }
}
