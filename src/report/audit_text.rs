//! `audit` for people: what was found and how often, then the worst certificates, then the CAs at fault.

use std::cmp::Reverse;
use std::io::{self, Write};

use crate::certificate::Certificate;
use crate::cmg::passed_over::{Maker, passed_over};
use crate::cmg::profile::ProfileName;
use crate::cmg::{Finding, Severity, Verdict};
use crate::ops::{AuditOutcome, CodeCount, IssuerResult};
use crate::report::audit::AuditedRecord;
use crate::report::describe;
use crate::report::model::Role;
use crate::report::problems_text;
use crate::report::sanitize::terminal;
use crate::report::selection_text;
use crate::report::style::{Style, Tint, count, grouped};
use crate::report::table::{self, Cell, Column};
use crate::report::trust_text;

/// Writes what an audit came to, and the worst certificates of all, or every one, as [`Worst`](super::audit::Worst) kept them.
///
/// # Errors
/// Where `out` cannot be written.
pub fn write(out: &mut dyn Write, style: &Style, found: &AuditOutcome, worst: &[AuditedRecord]) -> io::Result<()> {
    summary(out, style, found)?;
    codes(out, style, &found.codes)?;
    beside(out, style, found)?;
    certificates(out, style, found.verdicts, worst)?;
    issuers(out, style, found)?;
    selection_text::passed_over(out, style, &found.passed_over)?;
    if found.is_selection || found.profile == ProfileName::ConnectionPoint {
        selection_text::write(out, style, &found.selection)?;
    }
    problems_text::write(out, style, &found.problems)?;
    trust_text::to_compare(out, style, found.trust, &roots(found))?;
    next(out, style, found)
}

fn tint(severity: Severity) -> Tint {
    match severity {
        Severity::Error => Tint::Bad,
        Severity::Warning => Tint::Warning,
        Severity::Info => Tint::Faint,
    }
}

fn summary(out: &mut dyn Write, style: &Style, found: &AuditOutcome) -> io::Result<()> {
    let [pass, warn, fail] = found.verdicts;
    let total = count(found.certificates, "certificate", "certificates");
    let (text, colour) = match (fail, warn) {
        _ if found.certificates == 0 => ("No certificate was audited".to_owned(), Tint::Bad),
        (0, 0) if found.verdict == Verdict::Pass => (format!("{total}: every one passes"), Tint::Good),
        (0, 0) => {
            let text = format!("{total}: every one passes by itself; see what was found at the CAs and as a whole");
            (text, if found.verdict == Verdict::Fail { Tint::Bad } else { Tint::Warning })
        }
        (0, _) => (format!("{total}: {} may fail, {} pass", grouped(warn), grouped(pass)), Tint::Warning),
        _ => {
            let text =
                format!("{total}: {} will fail, {} may fail, {} pass", grouped(fail), grouped(warn), grouped(pass));
            (text, Tint::Bad)
        }
    };
    writeln!(out, "{}", style.paint(colour, &text))?;
    let trust = trust_text::origin(found.trust);
    let line = format!("judged at {} by the rules for: {}; {trust}", found.at, found.profile.name());
    style.faint(out, &line)?;
    if found.certificates == 0 && found.is_selection {
        writeln!(out)?;
        style.paragraph(out, "", selection_text::NONE_LEFT)?;
    }
    Ok(())
}

fn codes(out: &mut dyn Write, style: &Style, found: &[CodeCount]) -> io::Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    style.heading(out, "Findings")?;
    // Each case by itself: one code may be an error at some certificates and a warning at others.
    let mut rows: Vec<_> = found.iter().flat_map(|counted| &counted.cases).collect();
    rows.sort_by_key(|row| (Reverse((row.severity, row.count.max(row.inherited))), row.case.code, row.case.name));
    const COLUMNS: &[Column] = &[
        Column::new("SEVERITY", 0),
        Column::new("COUNT", 0).right(),
        Column::new("BELOW", 0).right(),
        Column::new("FINDING", 0),
        Column::new("WHAT IT MEANS", 1).narrows_to(24).wraps(),
        Column::new("CODE", 2),
    ];
    table::write(out, style, "  ", COLUMNS, &rows, |row| {
        vec![
            Cell::tinted(row.severity.name(), tint(row.severity)),
            Cell::new(grouped(row.count)),
            Cell::new(if row.inherited == 0 { String::new() } else { grouped(row.inherited) }),
            Cell::new(row.case.code.id()),
            Cell::new(format!("{}: {}", row.case.name, row.case.title)),
            Cell::tinted(row.case.code.code(), Tint::Faint),
        ]
    })
}

/// What to type behind `explain`, each once.
fn ids<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<String> {
    let mut ids = Vec::new();
    for id in findings.map(|finding| finding.code().id()) {
        if !ids.iter().any(|told| told == id) {
            ids.push(id.to_owned());
        }
    }
    ids
}

/// What is no certificate's fault.
fn beside(out: &mut dyn Write, style: &Style, found: &AuditOutcome) -> io::Result<()> {
    for finding in &found.findings {
        let label = format!("  {} ", finding.severity.name());
        writeln!(out)?;
        style.hanging(out, &label, "    ", &format!("{} ({})", terminal(&finding.message), finding.code().id()))?;
    }
    Ok(())
}

fn verdict_tint(verdict: Verdict) -> Tint {
    match verdict {
        Verdict::Fail => Tint::Bad,
        Verdict::Warn => Tint::Warning,
        Verdict::Pass => Tint::Good,
    }
}

fn certificates(
    out: &mut dyn Write,
    style: &Style,
    [_, warn, fail]: [u64; 3],
    worst: &[AuditedRecord],
) -> io::Result<()> {
    if worst.is_empty() {
        return Ok(());
    }
    style.heading(out, "Certificates, the worst first")?;
    const COLUMNS: &[Column] = &[
        Column::new("VERDICT", 0),
        Column::new("SUBJECT", 0).narrows_to(26).at_most(48),
        Column::new("EXPIRES", 2),
        Column::new("DAYS", 3).right(),
        Column::new("FINDINGS", 0).narrows_to(20).wraps(),
        Column::new("THUMBPRINT", 4).narrows_to(9),
        Column::new("WHERE", 5).narrows_to(16).keeps_end(),
    ];
    let shown = style.shown(worst.len()).min(worst.len());
    let rows = &worst[..shown];
    table::write(out, style, "  ", COLUMNS, rows, |row| {
        let own = row.findings.iter().filter(|finding| finding.severity > Severity::Info);
        let mut codes = ids(own);
        codes.extend(row.inherited.iter().map(|code| format!("{} of a CA", code.id())));
        vec![
            Cell::tinted(row.verdict.name(), verdict_tint(row.verdict)),
            Cell::new(name(&row.subject, &row.thumbprint)),
            Cell::tinted(describe::date(row.not_after), describe::urgency(row.days_left)),
            Cell::tinted(
                row.days_left.map_or_else(String::new, |days| days.to_string()),
                describe::urgency(row.days_left),
            ),
            Cell::new(codes.join(", ")),
            Cell::new(row.thumbprint.clone()),
            Cell::tinted(row.places(), Tint::Faint),
        ]
    })?;
    if style.verbose {
        details(out, style, rows)?;
    }
    let rest = (warn + fail).saturating_sub(shown as u64);
    if rest > 0 {
        let text = format!(
            "{} not shown: `-v` shows all, and `--format csv -o FILE` has them all",
            count(rest, "more that may or will fail is", "more that may or will fail are")
        );
        writeln!(out, "  {}", style.paint(Tint::Faint, &text))?;
    }
    Ok(())
}

fn details(out: &mut dyn Write, style: &Style, rows: &[AuditedRecord]) -> io::Result<()> {
    for row in rows {
        let subject = style.paint(Tint::Title, &name(&row.subject, &row.thumbprint));
        let request = row.request_id.as_deref().map_or_else(String::new, |id| format!("  request {}", terminal(id)));
        writeln!(out, "\n  {subject}  {}{request}  {}", row.thumbprint, style.paint(Tint::Faint, &row.places()))?;
        for finding in &row.findings {
            let label = format!("    {:<8}", finding.severity.name());
            let text = format!("{} ({})", terminal(&finding.message), finding.code().id());
            style.hanging(out, &style.paint(tint(finding.severity), &label), "            ", &text)?;
        }
        if row.findings.is_empty() && row.inherited.is_empty() {
            writeln!(out, "    nothing was found")?;
        }
        for code in &row.inherited {
            style.hanging(out, "    a CA    ", "            ", &format!("{} ({})", code.title(), code.id()))?;
        }
    }
    Ok(())
}

/// The common name at the front of a subject as .NET prints it.
fn name(subject: &str, thumbprint: &str) -> String {
    let short = match subject.strip_prefix("CN=") {
        Some(rest) if !rest.starts_with('"') => rest.split(", ").next().unwrap_or(rest),
        _ if subject.is_empty() => thumbprint,
        _ => subject,
    };
    terminal(short)
}

fn issuers(out: &mut dyn Write, style: &Style, found: &AuditOutcome) -> io::Result<()> {
    let mut rows: Vec<_> = found.issuers.iter().collect();
    if rows.is_empty() {
        return Ok(());
    }
    let gravest = |findings: &[Finding]| findings.iter().map(|finding| finding.severity).max();
    rows.sort_by(|one, two| gravest(&two.findings).cmp(&gravest(&one.findings)).then(two.clients.cmp(&one.clients)));
    style.heading(out, "CA certificates")?;
    const COLUMNS: &[Column] = &[
        Column::new("SUBJECT", 0).narrows_to(26).at_most(48),
        Column::new("ROLE", 2),
        Column::new("EXPIRES", 1),
        Column::new("BELOW", 0).right(),
        Column::new("FINDINGS", 0).narrows_to(20).wraps(),
        Column::new("THUMBPRINT", 3).narrows_to(9),
    ];
    let shown = style.shown(rows.len()).min(rows.len());
    table::write(out, style, "  ", COLUMNS, &rows[..shown], |audited| {
        let certificate = &audited.entry.certificate;
        let colour = gravest(&audited.findings).map_or(Tint::Plain, tint);
        let mut text = ids(audited.findings.iter()).join(", ");
        if audited.findings.iter().any(|finding| finding.severity_with_clients.is_some()) {
            text.push_str(" (no audited certificate hangs on it)");
        }
        vec![
            Cell::new(describe::subject(certificate)),
            Cell::new(describe::role(Role::of(certificate))),
            Cell::tinted(
                describe::date(certificate.not_after()),
                describe::urgency(describe::days_left(certificate, found.at)),
            ),
            Cell::new(grouped(audited.clients)),
            Cell::tinted(text, colour),
            Cell::new(certificate.thumbprint_hex()),
        ]
    })?;
    if style.verbose {
        for audited in rows.iter().filter(|audited| !audited.findings.is_empty()) {
            writeln!(out, "\n  {}", style.paint(Tint::Title, &describe::subject(&audited.entry.certificate)))?;
            for finding in &audited.findings {
                let label = format!("    {:<8}", finding.severity.name());
                let mut text = format!("{} ({})", terminal(&finding.message), finding.code().id());
                if let Some(severity) = finding.severity_with_clients {
                    text.push_str(&format!("; no audited certificate hangs on it, else {}", with_article(severity)));
                }
                style.hanging(out, &style.paint(tint(finding.severity), &label), "            ", &text)?;
            }
        }
    }
    if shown < rows.len() {
        writeln!(out, "  {} more: `-v` shows all", grouped((rows.len() - shown) as u64))?;
    }
    Ok(())
}

fn with_article(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "an error",
        Severity::Warning => "a warning",
        Severity::Info => "information",
    }
}

/// The valid roots that audited certificates hang on; where none does, every valid one. Of the site's own no PKI team knows.
fn roots(found: &AuditOutcome) -> Vec<&Certificate> {
    let is_root = |issuer: &&IssuerResult| {
        let row = passed_over(&issuer.entry.certificate, issuer.entry.friendly_names());
        row.is_none_or(|row| row.maker != Maker::ConfigMgr)
            && issuer.verdict.chosen().is_some_and(|path| path.is_anchored && path.certificates.len() == 1)
    };
    let (used, unused): (Vec<_>, Vec<_>) = found.issuers.iter().filter(is_root).partition(|issuer| issuer.clients > 0);
    let roots = if used.is_empty() { unused } else { used };
    roots.into_iter().map(|issuer| &*issuer.entry.certificate).collect()
}

/// Where to read what to do.
fn next(out: &mut dyn Write, style: &Style, found: &AuditOutcome) -> io::Result<()> {
    let grave = found.codes.iter().filter(|row| row.severity > Severity::Info);
    let Some(gravest) = grave.max_by_key(|row| (row.severity, row.count.max(row.inherited))) else { return Ok(()) };
    writeln!(out)?;
    let more = if style.verbose { "" } else { " `-v` shows what was found at each certificate." };
    style.paragraph(
        out,
        "",
        &format!("`certpath explain {}` says what a finding means and what to do.{more}", gravest.code.id()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmg::Code;
    use crate::ops::CaseCount;
    use crate::report::style::display_width;
    use crate::report::testing;

    /// Every case of the catalogue, found more often than any audit finds it.
    fn everything() -> Vec<CodeCount> {
        let of_case = |case| CaseCount { case, severity: Severity::Warning, count: 1_234_567, inherited: 1_234_567 };
        let of_code = |code: &Code| CodeCount {
            code: *code,
            severity: Severity::Warning,
            count: 1_234_567,
            inherited: 1_234_567,
            cases: code.entry().cases.iter().map(|case| of_case(case)).collect(),
        };
        Code::ALL.iter().map(of_code).collect()
    }

    fn at_width(width: usize, write: impl Fn(&mut Vec<u8>, &Style)) -> String {
        let mut out = Vec::new();
        write(&mut out, &Style { width: Some(width), ..Style::default() });
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().all(|line| display_width(line) <= width), "{width}:\n{text}");
        text
    }

    #[test]
    fn what_each_finding_means_is_read_in_full_also_in_a_console_of_80_columns() {
        for width in [80, 100, 200] {
            let text = at_width(width, |out, style| codes(out, style, &everything()).unwrap());
            assert!(text.contains("  WHAT IT MEANS"), "{text}");
            let words: Vec<&str> = text.split_whitespace().collect();
            for case in Code::ALL.iter().flat_map(|code| code.entry().cases) {
                assert!(words.contains(&case.code.id()) && words.contains(&&*format!("{}:", case.name)), "{text}");
                assert!(case.title.split(' ').all(|word| words.contains(&word)), "{}\n{text}", case.title);
            }
        }
    }

    #[test]
    fn the_ids_of_a_certificate_can_be_typed_whatever_the_width() {
        let mut worst = testing::audit(8).certificates;
        for (row, codes) in worst.iter_mut().zip(Code::ALL.chunks(4)) {
            row.inherited.clear();
            let cases = codes.iter().flat_map(|code| code.entry().cases);
            row.findings = cases.map(|case| Finding { severity: Severity::Error, ..Finding::new(case, "") }).collect();
        }
        for width in [80, 100, 200] {
            let text = at_width(width, |out, style| certificates(out, style, [0, 0, 8], &worst).unwrap());
            let words: Vec<&str> = text.split_whitespace().map(|word| word.trim_end_matches(',')).collect();
            for code in Code::ALL {
                assert_eq!(words.iter().filter(|word| **word == code.id()).count(), 1, "{code}\n{text}");
            }
        }
    }
}
