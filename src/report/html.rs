//! An audit as one HTML file that needs nothing else: no request leaves it, its policy forbids any, and what certificates say
//! gets into it only as text.

mod chain_svg;
mod data;
mod gathered;
mod timeline_svg;

use std::io::{self, Write};

use sha2::{Digest, Sha256};

use crate::cmg::{Severity, Verdict};
use crate::ops::Trust;
use crate::path::PathStatus;
use crate::report::audit::{AuditReport, CaseCountRecord, CodeCountRecord};
use crate::report::model::{IssuerRecord, Role};
use crate::report::sanitize::terminal;
use crate::report::selection_text;
use crate::report::style::grouped;

pub use gathered::Certificates;

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// As text between tags and in quoted attributes: with the characters that mean something there, and those that hide or turn
/// text, escaped.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in terminal(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// As [`escape`], with what stands between backticks as code.
fn with_code(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.fold(String::new(), |mut out, (index, part)| {
        if index % 2 == 1 {
            out.push_str(&format!("<code>{}</code>", escape(part)));
        } else {
            out.push_str(&escape(part));
        }
        out
    })
}

/// The hash by which a content security policy allows this text and no other.
fn policy_hash(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digest = Sha256::digest(text.as_bytes());
    let mut out = String::from("sha256-");
    for chunk in digest.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = (bits >> (18 - 6 * place) & 63) as usize;
            out.push(if place <= chunk.len() { char::from(ALPHABET[digit]) } else { '=' });
        }
    }
    out
}

/// Writes the file. What it tells of the audited certificates is in `certificates`; `report` needs none of them.
///
/// # Errors
/// Where `out` cannot be written.
pub fn write(out: &mut dyn Write, report: &AuditReport, mut certificates: Certificates) -> io::Result<()> {
    certificates.cut();
    let certificates = &certificates;
    head(out)?;
    summary(out, report)?;
    findings(out, report)?;
    writeln!(out, "<h2 id=\"chain\">The chain</h2>")?;
    chain_svg::write(out, report, certificates)?;
    issuers(out, report)?;
    writeln!(out, "<h2 id=\"timeline\">When they expire</h2>")?;
    timeline_svg::write(out, report, certificates)?;
    table(out, report, certificates)?;
    beside(out, report)?;
    writeln!(out, "</main>")?;
    data::write(out, report, certificates.rows())?;
    writeln!(out, "<script>{SCRIPT}</script>\n</body>\n</html>")
}

fn head(out: &mut dyn Write) -> io::Result<()> {
    let (script, style) = (policy_hash(SCRIPT), policy_hash(STYLE));
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src '{script}'; \
         style-src '{style}'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <title>Audit of certificates for a cloud management gateway</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#certificates\">To the certificates</a>\n<main>"
    )
}

fn verdict_class(verdict: Verdict) -> &'static str {
    verdict.name()
}

/// The colour of a severity, as the script has it too.
fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "fail-text",
        Severity::Warning => "warn-text",
        Severity::Info => "faint",
    }
}

/// By the gravest of a CA's findings.
fn issuer_verdict(issuer: &IssuerRecord) -> Verdict {
    Verdict::of(issuer.findings.iter().map(|finding| finding.severity))
}

fn summary(out: &mut dyn Write, report: &AuditReport) -> io::Result<()> {
    let summary = &report.summary;
    let verdict = match summary.verdict {
        Verdict::Fail if summary.fail == 0 => "Something beside the certificates will fail",
        Verdict::Fail => "Some certificates will fail",
        Verdict::Warn => "Some certificates may fail",
        Verdict::Pass => "Every certificate passes",
    };
    let trust = match report.trust {
        Trust::Given => "Trust anchors were given.",
        Trust::Store => "Trust anchors are those of Windows' Root stores.",
        Trust::Assumed => {
            "Trust anchors are assumed: nobody has vouched for the roots yet. Compare their SHA-256, below, with the PKI team."
        }
    };
    writeln!(
        out,
        "<header>\n<h1>Certificates for a cloud management gateway: <span class=\"{}-text\">{verdict}</span></h1>\n\
         <p class=\"faint\">Audited as of {}; profile {}. {trust}</p>\n</header>\n<ul class=\"tiles\">",
        verdict_class(summary.verdict),
        escape(&report.at.to_string()),
        escape(summary.profile.name()),
    )?;
    let tiles = [
        ("", summary.certificates, "certificates"),
        ("fail", summary.fail, "fail"),
        ("warn", summary.warn, "warn"),
        ("pass", summary.pass, "pass"),
        ("", summary.issuers, "CA certificates"),
        ("", summary.passed_over.iter().map(|reason| reason.count).sum(), "passed over"),
        (if summary.problems > 0 { "fail" } else { "" }, summary.problems, "could not be read"),
    ];
    for (class, number, label) in tiles {
        writeln!(out, "<li class=\"{class}\"><b>{}</b> {label}</li>", grouped(number))?;
    }
    writeln!(out, "</ul>")
}

/// How many of a finding are of which case, and how grave: its own badge is that of the gravest.
fn cases(counts: &[CaseCountRecord]) -> String {
    let item = |counted: &CaseCountRecord| {
        let below = match counted.inherited {
            0 => String::new(),
            below => format!(", {} below", grouped(below)),
        };
        format!(
            "<li><span class=\"badge {severity}\">{severity}</span> {count}{below} <code class=\"faint\">{case}</code> {title}</li>",
            severity = counted.severity.name(),
            count = grouped(counted.count),
            case = escape(counted.case),
            title = escape(counted.title),
        )
    };
    let items: String = counts.iter().map(item).collect();
    if items.is_empty() { items } else { format!("<ul class=\"cases\">{items}</ul>") }
}

fn findings(out: &mut dyn Write, report: &AuditReport) -> io::Result<()> {
    writeln!(out, "<h2 id=\"findings\">Findings</h2>")?;
    if report.summary.codes.is_empty() {
        return writeln!(out, "<p>Nothing was found.</p>");
    }
    let mut codes: Vec<_> = report.summary.codes.iter().collect();
    codes.sort_by(|one, two| {
        let weight = |code: &CodeCountRecord| (code.severity, code.count.max(code.inherited));
        weight(two).cmp(&weight(one)).then(one.code.cmp(&two.code))
    });
    writeln!(
        out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Findings\"><table class=\"stacked\">\n<thead><tr><th scope=\"col\">Severity</th>\
         <th scope=\"col\">Finding</th><th scope=\"col\" class=\"number\">Certificates</th>\
         <th scope=\"col\">What to do</th></tr></thead>\n<tbody>"
    )?;
    for code in codes {
        writeln!(
            out,
            "<tr><td><span class=\"badge {severity}\">{severity}</span></td><td class=\"finding\"><a href=\"#finding={id}\">{title}</a><br>\
             <code class=\"faint\">{number} {id}</code>{cases}</td><td class=\"number\" data-label=\"certificates:\">{count}{inherited}</td><td>{remedy}</td></tr>",
            severity = code.severity.name(),
            id = escape(code.id),
            title = escape(code.title),
            number = escape(code.code.code()),
            count = grouped(code.count),
            inherited = match code.inherited {
                0 => String::new(),
                below => format!("<br><span class=\"faint\">{} below</span>", grouped(below)),
            },
            cases = cases(&code.cases),
            remedy = with_code(code.code.entry().remedy),
        )?;
    }
    writeln!(out, "</tbody>\n</table></div>")?;
    for finding in &report.summary.findings {
        writeln!(
            out,
            "<p><span class=\"badge {severity}\">{severity}</span> {} <code class=\"faint\">{}</code></p>",
            escape(&finding.message),
            escape(finding.code().code()),
            severity = finding.severity.name(),
        )?;
    }
    Ok(())
}

fn role_name(issuer: &IssuerRecord) -> &'static str {
    match issuer.certificate.role {
        Role::Root => "root",
        Role::Intermediate => "intermediate",
        Role::EndEntity => "end-entity",
    }
}

fn issuers(out: &mut dyn Write, report: &AuditReport) -> io::Result<()> {
    if report.issuers.is_empty() {
        return writeln!(out, "<p>No CA certificate was found.</p>");
    }
    // A long list would stand between the reader and the certificates.
    let open = if report.issuers.len() <= LISTED { " open" } else { "" };
    writeln!(
        out,
        "<details{open}><summary>The {} CA certificates as a table</summary>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"CA certificates\"><table class=\"cards\">\n<thead><tr>\
         <th scope=\"col\">CA</th><th scope=\"col\">Role</th><th scope=\"col\" class=\"number\">Certificates</th><th scope=\"col\">Expires</th>\
         <th scope=\"col\" class=\"number\">Days</th><th scope=\"col\">Path</th><th scope=\"col\">Findings</th>\
         <th scope=\"col\" class=\"optional\">SHA-256</th></tr></thead>\n<tbody>",
        grouped(report.issuers.len() as u64)
    )?;
    let mut by_weight: Vec<&IssuerRecord> = report.issuers.iter().collect();
    by_weight.sort_by_key(|issuer| std::cmp::Reverse((issuer.clients, issuer_verdict(issuer))));
    for issuer in by_weight {
        let certificate = &issuer.certificate;
        let path = match issuer.paths.first().map(|path| path.status) {
            Some(PathStatus::Valid) => "valid",
            Some(PathStatus::Invalid) => "not valid",
            Some(PathStatus::Incomplete) => "incomplete",
            None => "",
        };
        let found: Vec<String> = issuer
            .findings
            .iter()
            .map(|finding| {
                format!(
                    "<span class=\"{}\" title=\"{}\">{}</span>",
                    severity_class(finding.severity),
                    escape(&finding.message),
                    escape(finding.code().id())
                )
            })
            .collect();
        let mut found = found.join(", ");
        if issuer.findings.iter().any(|finding| finding.severity_with_clients.is_some()) {
            found.push_str("<br><span class=\"faint\">no audited certificate hangs on it</span>");
        }
        writeln!(
            out,
            "<tr><td class=\"subject\">{}</td><td>{}</td><td class=\"number\" data-label=\"certificates:\">{}</td><td class=\"date\">{}</td>\
             <td class=\"number\" data-label=\"days:\">{}</td><td>{path}</td><td>{}</td><td class=\"hex optional\">{}</td></tr>",
            escape(&certificate.subject),
            role_name(issuer),
            grouped(issuer.clients),
            certificate.not_after.map_or_else(|| "no date".to_owned(), |last| last.date()),
            certificate.days_left.map_or_else(String::new, |days| days.to_string()),
            found,
            escape(&certificate.sha256),
        )?;
    }
    writeln!(out, "</tbody>\n</table></div></details>")
}

fn table(out: &mut dyn Write, report: &AuditReport, certificates: &Certificates) -> io::Result<()> {
    writeln!(out, "<h2 id=\"certificates\">Certificates</h2>")?;
    let rows = certificates.rows();
    if (rows.len() as u64) < certificates.count {
        writeln!(
            out,
            "<p class=\"warn-text\">The worst {} of {} are in this file; <code>--format csv</code> and <code>--format \
             ndjson</code> have them all.</p>",
            grouped(rows.len() as u64),
            grouped(certificates.count)
        )?;
    }
    writeln!(
        out,
        "<noscript><p>Without JavaScript the first {PLAIN} certificates are shown, the worst first.</p></noscript>\n\
         <div class=\"controls\" id=\"controls\" hidden>\n\
         <label>Search <input id=\"query\" type=\"search\" placeholder=\"name, thumbprint, finding, file\" autocomplete=\"off\" spellcheck=\"false\"></label>\n\
         <label>Verdict <select id=\"verdict\"><option value=\"\">all</option><option>fail</option><option>warn</option><option>pass</option></select></label>\n\
         <label>Finding <select id=\"finding\"><option value=\"\">all</option>"
    )?;
    for code in &report.summary.codes {
        writeln!(out, "<option>{}</option>", escape(code.id))?;
    }
    writeln!(
        out,
        "</select></label>\n<button type=\"button\" id=\"reset\">Show all</button>\n</div>\n\
         <p id=\"status\" role=\"status\" aria-live=\"polite\">{} certificates</p>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Certificates\"><table id=\"table\" class=\"cards\">\n<thead><tr>",
        grouped(certificates.count)
    )?;
    for (sort, title, class) in [
        ("verdict", "Verdict", ""),
        ("subject", "Subject", ""),
        ("notAfter", "Expires", ""),
        ("", "Days", "number"),
        ("findings", "Findings", ""),
        ("thumbprint", "Thumbprint", "optional"),
        ("source", "Found in", "optional"),
    ] {
        if sort.is_empty() {
            write!(out, "<th scope=\"col\" class=\"{class}\">{title}</th>")?;
        } else {
            write!(
                out,
                "<th scope=\"col\" class=\"{class}\" data-title=\"{title}\" data-sort=\"{sort}\" aria-sort=\"none\"><button type=\"button\">{title}</button></th>"
            )?;
        }
    }
    writeln!(out, "</tr></thead>\n<tbody id=\"rows\">")?;
    for audited in rows.iter().take(PLAIN) {
        let found = audited.findings.iter().map(|finding| finding.code().id());
        let found: Vec<&str> = found.chain(audited.inherited.iter().map(|code| code.id())).collect();
        writeln!(
            out,
            "<tr><td><span class=\"badge {verdict}\">{verdict}</span></td><td class=\"subject\">{}</td><td class=\"date\">{}</td>\
             <td class=\"number\" data-label=\"days:\">{}</td><td>{}</td><td class=\"hex optional\">{}</td><td class=\"optional\">{}</td></tr>",
            escape(&audited.subject),
            audited.not_after.map_or_else(|| "no date".to_owned(), |last| last.date()),
            audited.days_left.map_or_else(String::new, |days| days.to_string()),
            escape(&found.join(", ")),
            escape(&audited.thumbprint),
            escape(&audited.places()),
            verdict = verdict_class(audited.verdict),
        )?;
    }
    writeln!(
        out,
        "</tbody>\n</table></div>\n<div class=\"controls pager\" id=\"pager\" hidden>\
         <button type=\"button\" id=\"previous\">Previous</button> <button type=\"button\" id=\"next\">Next</button></div>"
    )
}

/// How many CAs are listed unasked.
const LISTED: usize = 25;

/// How many rows stand in the file as plain HTML, for readers without a script.
const PLAIN: usize = 100;

/// What is beside the certificates: those passed over, and what could not be read.
fn beside(out: &mut dyn Write, report: &AuditReport) -> io::Result<()> {
    if !report.summary.passed_over.is_empty() {
        writeln!(out, "<h2>Passed over</h2>\n<ul>")?;
        for reason in &report.summary.passed_over {
            writeln!(out, "<li>{}: {}</li>", grouped(reason.count), escape(&reason.reason))?;
        }
        writeln!(out, "</ul>")?;
    }
    selection(out, report)?;
    if report.problems.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>Could not be read</h2>\n<ul>")?;
    for problem in report.problems.iter().take(PROBLEMS) {
        let place = match (problem.line, problem.offset) {
            (Some(line), _) => format!(", line {line}"),
            (None, Some(offset)) => format!(", byte {offset}"),
            (None, None) => String::new(),
        };
        writeln!(
            out,
            "<li><span class=\"name\">{}</span>{place}: {}</li>",
            escape(&problem.source),
            escape(&problem.message)
        )?;
    }
    if report.problems.len() > PROBLEMS {
        writeln!(out, "<li>and {} more</li>", grouped((report.problems.len() - PROBLEMS) as u64))?;
    }
    writeln!(out, "</ul>")
}

/// What Configuration Manager's own selections leave, folded away: it is asked for where one machine's store was audited.
fn selection(out: &mut dyn Write, report: &AuditReport) -> io::Result<()> {
    let (client, connection_point) = (&report.summary.selection, &report.summary.connection_point);
    if client.considered == 0 {
        return Ok(());
    }
    writeln!(
        out,
        "<h2 id=\"selection\">ConfigMgr's own selection</h2>\n<details><summary>What each step would leave of {} end-entity \
         certificates, were they in one store</summary>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" \
         aria-label=\"Selection\"><table>\n<thead><tr><th scope=\"col\">A client's step: the certificate</th>\
         <th scope=\"col\" class=\"number\">Left</th></tr></thead>\n<tbody>",
        grouped(client.considered)
    )?;
    for step in &client.steps {
        writeln!(out, "<tr><td>{}</td><td class=\"number\">{}</td></tr>", escape(step.title), grouped(step.left))?;
    }
    writeln!(
        out,
        "</tbody>\n</table></div>\n<p>The CMG connection point would log in <code>SMS_Cloud_ProxyConnector.log</code>:</p>\n<ul>"
    )?;
    for (step, count) in connection_point.steps.iter().enumerate() {
        writeln!(out, "<li><code>{}</code></li>", escape(&selection_text::logged(step, count.left)))?;
    }
    writeln!(out, "</ul></details>")
}

/// How many problems are listed: more are a fault of the input as a whole.
const PROBLEMS: usize = 1000;

#[cfg(test)]
mod tests;
