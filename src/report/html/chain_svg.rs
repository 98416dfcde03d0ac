//! The chain as a picture: each CA a box with its expiry, its findings and how many certificates hang on it.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};
use std::sync::Arc;

use crate::cmg::{Severity, Verdict};
use crate::report::audit::AuditReport;
use crate::report::html::gathered::{Certificates, Verdicts};
use crate::report::html::{escape, issuer_verdict, role_name};
use crate::report::model::IssuerRecord;
use crate::report::sanitize::terminal;
use crate::report::style::{count, display_width, elide, grouped};

const WIDTH: usize = 290;
const HEIGHT: usize = 92;
const GAP_X: usize = 60;
const GAP_Y: usize = 16;
/// More boxes than that are no picture any more; the table below it has every CA.
const BOXES: usize = 80;
/// Deeper than any hierarchy; what stands deeper is drawn at this depth.
const DEPTH: usize = 16;

struct Picture<'a> {
    issuers: &'a [IssuerRecord],
    below: HashMap<usize, Vec<usize>>,
    hanging: &'a HashMap<Arc<str>, Verdicts>,
    boxes: String,
    edges: String,
    height: usize,
    width: usize,
    drawn: HashSet<usize>,
}

/// Writes the picture, or nothing where there is no CA.
pub(super) fn write(out: &mut dyn Write, report: &AuditReport, certificates: &Certificates) -> io::Result<()> {
    if report.issuers.is_empty() {
        return Ok(());
    }
    // Those that matter most first, so that a large hierarchy is cut at its least important end.
    let mut order: Vec<usize> = (0..report.issuers.len()).collect();
    order.sort_by_key(|index| {
        let issuer = &report.issuers[*index];
        std::cmp::Reverse((issuer.clients, issuer_verdict(issuer)))
    });
    let kept: HashSet<usize> = order.iter().copied().take(BOXES).collect();
    let places: HashMap<&str, usize> =
        report.issuers.iter().enumerate().map(|(index, issuer)| (issuer.certificate.sha256.as_str(), index)).collect();
    let mut below: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut roots = Vec::new();
    for index in order.iter().copied().filter(|index| kept.contains(index)) {
        let path = report.issuers[index].paths.first();
        let parent = path.and_then(|path| path.certificates.get(1)).and_then(|parent| places.get(parent.as_str()));
        match parent.filter(|parent| kept.contains(parent)) {
            Some(parent) => below.entry(*parent).or_default().push(index),
            None => roots.push(index),
        }
    }
    let mut picture = Picture {
        issuers: &report.issuers,
        below,
        hanging: &certificates.hanging,
        boxes: String::new(),
        edges: String::new(),
        height: 0,
        width: 0,
        drawn: HashSet::new(),
    };
    for root in roots {
        picture.draw(root, 0);
    }
    // CAs that certify each other hang on no root.
    for index in order.iter().copied().filter(|index| kept.contains(index)) {
        picture.draw(index, 0);
    }
    let (width, height) = (picture.width + 2, picture.height.max(HEIGHT) + 2);
    writeln!(
        out,
        "<figure class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"The chain as a picture\"><svg role=\"img\" aria-labelledby=\"chain-title\" \
         width=\"{width}\" height=\"{height}\" viewBox=\"-1 -1 {width} {height}\" xmlns=\"http://www.w3.org/2000/svg\">\n\
         <title id=\"chain-title\">Each CA with its expiry, its findings and the certificates that hang on it; the table below says the same</title>\n\
         {}{}</svg></figure>",
        picture.edges, picture.boxes
    )?;
    if report.issuers.len() > BOXES {
        writeln!(
            out,
            "<p class=\"faint\">The {BOXES} CAs with the most certificates are drawn; the table has all {}.</p>",
            grouped(report.issuers.len() as u64)
        )?;
    }
    Ok(())
}

impl Picture<'_> {
    /// Draws a CA and what is below it; returns the middle of its box.
    fn draw(&mut self, index: usize, depth: usize) -> Option<usize> {
        if !self.drawn.insert(index) {
            return None;
        }
        let depth = depth.min(DEPTH);
        let top = self.height;
        let below = self.below.get(&index).cloned().unwrap_or_default();
        let middles: Vec<usize> = below.into_iter().filter_map(|child| self.draw(child, depth + 1)).collect();
        let middle = match (middles.first(), middles.last()) {
            (Some(first), Some(last)) => (first + last) / 2,
            _ => {
                self.height = top + HEIGHT + GAP_Y;
                top + HEIGHT / 2
            }
        };
        let x = depth * (WIDTH + GAP_X);
        self.width = self.width.max(x + WIDTH);
        for child in middles {
            let (from, to) = (x + WIDTH, x + WIDTH + GAP_X);
            let half = from + GAP_X / 2;
            self.edges.push_str(&format!(
                "<path class=\"edge\" d=\"M{from} {middle}C{half} {middle} {half} {child} {to} {child}\"/>\n"
            ));
        }
        self.place(index, x, middle.saturating_sub(HEIGHT / 2));
        Some(middle)
    }

    fn place(&mut self, index: usize, x: usize, y: usize) {
        let Some(issuer) = self.issuers.get(index) else { return };
        let certificate = &issuer.certificate;
        let verdict = issuer_verdict(issuer);
        let expires = match (certificate.not_after, certificate.days_left) {
            (Some(last), Some(days)) if days < 0 => format!("expired {}", last.date()),
            (Some(last), Some(days)) => format!("to {}, {} days", last.date(), grouped(days.unsigned_abs())),
            _ => "no date".to_owned(),
        };
        let is_unused = issuer.findings.iter().any(|finding| finding.severity_with_clients.is_some());
        let is_late = certificate.days_left.is_none_or(|days| days < 0);
        let mut codes: Vec<&str> = Vec::new();
        let grave = issuer.findings.iter().filter(|finding| finding.severity > Severity::Info);
        for finding in grave {
            if !codes.contains(&finding.code().id()) {
                codes.push(finding.code().id());
            }
        }
        let found = match (codes.is_empty(), issuer.findings.len()) {
            (false, _) => codes.join(", "),
            (true, 0) => "no findings".to_owned(),
            (true, _) if is_unused => "nothing audited hangs on it".to_owned(),
            (true, notes) => count(notes as u64, "note", "notes"),
        };
        let through = count(issuer.clients, "certificate", "certificates");
        let key = match &certificate.key.curve {
            Some(curve) => format!("{} {curve}", certificate.key.algorithm),
            None => format!("{} {}", certificate.key.algorithm, certificate.key.bits),
        };
        let lines = [
            (20, "title", short_name(&certificate.subject, &certificate.thumbprint)),
            (38, "small", format!("{}, {key}", role_name(issuer))),
            (55, if is_late && !is_unused { "fail" } else { "" }, expires),
            (72, verdict_text_class(verdict), found),
        ];
        self.boxes.push_str(&format!(
            "<g transform=\"translate({x} {y})\"><title>{}</title><rect class=\"box {}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"7\"/>\n",
            escape(&certificate.subject),
            verdict.name(),
        ));
        for (line, class, text) in lines {
            let room = if line == 20 { 31 } else { 44 };
            self.boxes.push_str(&format!(
                "<text class=\"{class}\" x=\"12\" y=\"{line}\">{}</text>\n",
                escape(&fit(&text, room))
            ));
        }
        self.boxes.push_str(&format!(
            "<text class=\"small\" x=\"{}\" y=\"38\" text-anchor=\"end\">{through}</text>\n",
            WIDTH - 12
        ));
        let hanging = self.hanging.get(certificate.sha256.as_str()).copied().unwrap_or_default();
        self.bar(&hanging);
        self.boxes.push_str("</g>\n");
    }

    /// How the certificates that hang directly on it fare, as a bar along the bottom.
    fn bar(&mut self, hanging: &Verdicts) {
        let total: u64 = hanging.iter().sum();
        if total == 0 {
            return;
        }
        let room = (WIDTH - 24) as u64;
        let mut x = 12;
        for verdict in [Verdict::Fail, Verdict::Warn, Verdict::Pass] {
            let number = hanging[verdict as usize];
            // What is there is seen, however few they are.
            let width = if number == 0 { 0 } else { (number * room / total).max(2) };
            if width > 0 {
                self.boxes.push_str(&format!(
                    "<rect class=\"bar {name}\" x=\"{x}\" y=\"80\" width=\"{}\" height=\"5\"><title>{} {name}</title></rect>\n",
                    width.min((WIDTH as u64 - 12).saturating_sub(x)),
                    grouped(number),
                    name = verdict.name(),
                ));
            }
            x += width;
        }
    }
}

fn verdict_text_class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "small",
        Verdict::Warn => "warn",
        Verdict::Fail => "fail",
    }
}

fn fit(text: &str, columns: usize) -> String {
    let text = terminal(text);
    if display_width(&text) <= columns { text } else { elide(&text, columns, "…") }
}

/// The common name at the front of a subject as .NET prints it; the thumbprint of a certificate without a subject.
fn short_name(subject: &str, thumbprint: &str) -> String {
    match subject.strip_prefix("CN=") {
        Some(rest) if !rest.starts_with('"') => rest.split(", ").next().unwrap_or(rest).to_owned(),
        _ if subject.is_empty() => thumbprint.to_owned(),
        _ => subject.to_owned(),
    }
}
