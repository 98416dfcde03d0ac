//! When certificates expire: a bar for each month, quarter or year, by verdict, and a mark for each CA.

use std::io::{self, Write};

use crate::report::audit::AuditReport;
use crate::report::html::escape;
use crate::report::html::gathered::{Certificates, month};
use crate::report::style::grouped;

const WIDTH: usize = 1100;
const HEIGHT: usize = 250;
const LEFT: usize = 56;
const TOP: usize = 24;
const BOTTOM: usize = 56;
/// More bars than that cannot be told apart.
const BARS: i64 = 60;

/// Months since year 0 and how many of them a bar stands for.
#[derive(Clone, Copy)]
struct Scale {
    first: i64,
    unit: i64,
    bars: i64,
}

impl Scale {
    /// From the first to the last expiry; what lies far outside is gathered in the first and the last bar.
    fn of((first, last): (i64, i64), now: i64) -> Self {
        let first = first.min(now).max(now - 24);
        let last = last.max(now);
        let span = last - first + 1;
        let unit = [1, 3, 12, 60, 120].into_iter().find(|unit| (span + unit - 1) / unit <= BARS).unwrap_or(1200);
        let first = first.div_euclid(unit) * unit;
        let bars = ((last - first) / unit + 1).clamp(1, BARS);
        Self { first, unit, bars }
    }

    fn bar(self, month: i64) -> usize {
        usize::try_from(((month - self.first).div_euclid(self.unit)).clamp(0, self.bars - 1)).unwrap_or(0)
    }

    fn label(self, bar: i64) -> String {
        let month = self.first + bar * self.unit;
        match self.unit {
            1 => format!("{}-{:02}", month / 12, month % 12 + 1),
            3 => format!("{} Q{}", month / 12, month % 12 / 3 + 1),
            12 => format!("{}", month / 12),
            _ => format!("{} to {}", month / 12, (month + self.unit - 1) / 12),
        }
    }

    fn name(self) -> &'static str {
        match self.unit {
            1 => "month",
            3 => "quarter",
            12 => "year",
            _ => "span of years",
        }
    }
}

/// Writes the picture, or a sentence where there is nothing to draw.
pub(super) fn write(out: &mut dyn Write, report: &AuditReport, certificates: &Certificates) -> io::Result<()> {
    let now = month(report.at);
    let months = &certificates.months;
    let of_issuers = || report.issuers.iter().filter_map(|issuer| issuer.certificate.not_after).map(month);
    // The certificates decide the scale; CAs far beyond them stand in the last bar.
    let ends = match (months.first_key_value(), months.last_key_value()) {
        (Some((first, _)), Some((last, _))) => Some((*first, *last)),
        _ => of_issuers().min().zip(of_issuers().max()),
    };
    let Some(ends) = ends else { return writeln!(out, "<p>No certificate gives a date.</p>") };
    let scale = Scale::of(ends, now);
    let bars = usize::try_from(scale.bars).unwrap_or(1);
    let mut counts = vec![[0u64; 3]; bars];
    for (month, verdicts) in months {
        let bar = &mut counts[scale.bar(*month)];
        bar.iter_mut().zip(verdicts).for_each(|(sum, number)| *sum += number);
    }
    let highest = counts.iter().map(|bar| bar.iter().sum::<u64>()).max().unwrap_or(0).max(1);
    let step = (WIDTH - LEFT) as f64 / bars as f64;
    let floor = HEIGHT - BOTTOM;
    let room = (floor - TOP) as f64;
    writeln!(
        out,
        "<figure class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Expiry timeline\"><svg role=\"img\" aria-labelledby=\"timeline-title\" \
         width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" xmlns=\"http://www.w3.org/2000/svg\">\n\
         <title id=\"timeline-title\">How many certificates expire in each {}; triangles are CAs</title>",
        scale.name()
    )?;
    for (share, value) in [(0.0, 0), (0.5, highest / 2), (1.0, highest)] {
        let y = floor as f64 - room * share;
        writeln!(
            out,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"small\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 8,
            y + 4.0,
            grouped(value)
        )?;
    }
    for (bar, verdicts) in counts.iter().enumerate() {
        let x = LEFT as f64 + step * bar as f64;
        let mut y = floor as f64;
        for (index, name) in ["pass", "warn", "fail"].into_iter().enumerate() {
            let number = verdicts[index];
            if number == 0 {
                continue;
            }
            let height = (number as f64 / highest as f64 * room).max(1.5);
            y -= height;
            writeln!(
                out,
                "<rect class=\"bar {name}\" x=\"{:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\">\
                 <title>{}: {} {name}</title></rect>",
                x + 1.0,
                (step - 2.0).max(1.0),
                escape(&scale.label(bar as i64)),
                grouped(number),
            )?;
        }
    }
    labels(out, scale, step, floor)?;
    issuers(out, report, scale, step, floor)?;
    let x = LEFT as f64 + step * (scale.bar(now) as f64 + 0.5);
    writeln!(
        out,
        "<line class=\"now\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{}\" y2=\"{floor}\"/><text class=\"small fail\" x=\"{x:.1}\" y=\"{}\" \
         text-anchor=\"middle\">now</text>",
        TOP - 6,
        TOP - 10
    )?;
    writeln!(
        out,
        "</svg></figure>\n<p class=\"faint\">Certificates by the {} in which they expire, from below: <span class=\"badge pass\">pass</span> \
         <span class=\"badge warn\">warn</span> <span class=\"badge fail\">fail</span>. Triangles are CAs. What expires earlier or later \
         than is drawn stands in the first and the last bar.</p>",
        scale.name()
    )
}

fn labels(out: &mut dyn Write, scale: Scale, step: f64, floor: usize) -> io::Result<()> {
    let every = (70.0 / step).ceil().max(1.0) as i64;
    for bar in (0..scale.bars).filter(|bar| bar % every == 0) {
        let x = LEFT as f64 + step * (bar as f64 + 0.5);
        // The first label would stand over the numbers beside the axis.
        writeln!(
            out,
            "<text class=\"small\" x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            floor + 34,
            escape(&scale.label(bar))
        )?;
    }
    Ok(())
}

/// The CAs, those of one bar as one mark.
fn issuers(out: &mut dyn Write, report: &AuditReport, scale: Scale, step: f64, floor: usize) -> io::Result<()> {
    let mut names: Vec<Vec<String>> = vec![Vec::new(); usize::try_from(scale.bars).unwrap_or(1)];
    for issuer in &report.issuers {
        if let Some(last) = issuer.certificate.not_after
            && let Some(list) = names.get_mut(scale.bar(month(last)))
        {
            list.push(format!("{} ({})", issuer.certificate.subject, last.date()));
        }
    }
    for (bar, list) in names.iter().enumerate().filter(|(_, list)| !list.is_empty()) {
        let x = LEFT as f64 + step * (bar as f64 + 0.5);
        let y = floor + 4;
        let mut text = list.iter().take(10).cloned().collect::<Vec<_>>().join("; ");
        if list.len() > 10 {
            text.push_str(&format!("; and {} more", list.len() - 10));
        }
        writeln!(
            out,
            "<path class=\"ca-mark\" d=\"M{x:.1} {y}l6 11h-12z\"><title>CA: {}</title></path>",
            escape(&text)
        )?;
    }
    Ok(())
}
