//! What an audit came to: how often each code was found, and in which of its cases.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use super::{AuditOutcome, AuditRequest, Worked};
use crate::cmg::{Case, Code, Finding, Severity, Verdict};
use crate::ops::results::{IssuerResult, Trust};
use crate::ops::selecting::Counter;
use crate::source::Problem;

/// How often a code was found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CodeCount {
    /// The code.
    pub code: Code,
    /// The gravest severity with which it was found.
    pub severity: Severity,
    /// At how many certificates, CAs included.
    pub count: u64,
    /// How many audited certificates have it at a CA above them.
    pub inherited: u64,
    /// The same for each case of it, and each severity that the case was found with: the gravest first, then the most frequent.
    pub cases: Vec<CaseCount>,
}

/// How often a case of a code was found with one severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaseCount {
    /// The case.
    pub case: &'static Case,
    /// The severity.
    pub severity: Severity,
    /// At how many certificates, CAs included.
    pub count: u64,
    /// How many audited certificates have it at a CA above them.
    pub inherited: u64,
}

/// At how many certificates something was found, and how many have it above them.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    own: u64,
    inherited: u64,
}

/// Adds up.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) certificates: u64,
    verdicts: [u64; 3],
    codes: BTreeMap<Code, Count>,
    cases: BTreeMap<Place, (&'static Case, Count)>,
    pub(super) passed_over: BTreeMap<String, u64>,
    selection: Counter,
}

/// The code of a case, its severity and its name.
type Place = (Code, Severity, &'static str);

impl Tally {
    pub(super) fn take<R>(&mut self, worked: &Worked<R>) {
        self.selection.count(&worked.steps);
        if let Some(reason) = &worked.passed_over {
            *self.passed_over.entry(reason.clone()).or_default() += 1;
            return;
        }
        self.certificates += 1;
        self.verdicts[worked.verdict as usize] += 1;
        self.count(worked.cases.iter().copied(), |count| count.own += 1);
        self.count(worked.inherited.iter().copied(), |count| count.inherited += 1);
    }

    /// Counts what was found at one certificate, or above it: each code once, and each case with a severity.
    fn count(&mut self, found: impl Iterator<Item = (&'static Case, Severity)>, add: impl Fn(&mut Count)) {
        let (mut codes, mut cases) = (HashSet::new(), HashSet::new());
        for (case, severity) in found {
            if codes.insert(case.code) {
                add(self.codes.entry(case.code).or_default());
            }
            let place = (case.code, severity, case.name);
            if cases.insert(place) {
                add(&mut self.cases.entry(place).or_insert((case, Count::default())).1);
            }
        }
    }

    pub(super) fn finish(
        mut self,
        audit: &AuditRequest,
        trust: Trust,
        issuers: Vec<IssuerResult>,
        findings: Vec<Finding>,
        problems: Vec<Problem>,
    ) -> AuditOutcome {
        let in_case = |finding: &Finding| (finding.case, finding.severity);
        for issuer in &issuers {
            self.count(issuer.findings.iter().map(in_case), |count| count.own += 1);
        }
        for finding in &findings {
            self.count(std::iter::once(in_case(finding)), |count| count.own += 1);
        }
        let codes = self.codes();
        AuditOutcome {
            at: audit.request.at,
            profile: audit.profile,
            trust,
            verdict: Verdict::of(codes.iter().map(|counted| counted.severity)),
            certificates: self.certificates,
            verdicts: self.verdicts,
            codes,
            issuers,
            findings,
            passed_over: self.passed_over.into_iter().collect(),
            selection: self.selection.counts(),
            is_selection: audit.request.selects(),
            problems,
        }
    }

    /// The codes that were found at a certificate that is told of; what is above one alone stands at its CA.
    fn codes(&self) -> Vec<CodeCount> {
        let of_code = |(code, count): (&Code, &Count)| {
            let places = (*code, Severity::Info, "")..=(*code, Severity::Error, "\u{10ffff}");
            let cases = self.cases.range(places).map(|((_, severity, _), (case, count))| CaseCount {
                case,
                severity: *severity,
                count: count.own,
                inherited: count.inherited,
            });
            let mut cases: Vec<CaseCount> = cases.filter(|counted| counted.count > 0).collect();
            cases.sort_by_key(|counted| Reverse((counted.severity, counted.count)));
            let severity = cases.first()?.severity;
            Some(CodeCount { code: *code, severity, count: count.own, inherited: count.inherited, cases })
        };
        self.codes.iter().filter_map(of_code).collect()
    }
}
