//! `explain` for people: a finding, why it matters and what to do; or the list of them.

use std::io::{self, Write};

use crate::cmg::Severity;
use crate::cmg::catalogue::Explanation;
use crate::report::style::{Style, Tint};
use crate::report::table::{self, Cell, Column};

fn tint(severity: Option<Severity>) -> Tint {
    match severity {
        Some(Severity::Error) => Tint::Bad,
        Some(Severity::Warning) => Tint::Warning,
        Some(Severity::Info) => Tint::Plain,
        None => Tint::Faint,
    }
}

fn name(severity: Option<Severity>) -> &'static str {
    severity.map_or("off", Severity::name)
}

/// Writes them all as a list, or each in full.
///
/// # Errors
/// Where `out` cannot be written.
pub fn write(out: &mut dyn Write, style: &Style, found: &[Explanation], as_list: bool) -> io::Result<()> {
    if as_list && !style.verbose {
        return list(out, style, found);
    }
    for (index, explanation) in found.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        in_full(out, style, explanation)?;
    }
    Ok(())
}

fn list(out: &mut dyn Write, style: &Style, found: &[Explanation]) -> io::Result<()> {
    const COLUMNS: &[Column] = &[
        Column::new("CODE", 0),
        Column::new("ID", 0),
        Column::new("SEVERITY", 2),
        Column::new("WHAT IT MEANS", 1).narrows_to(20),
    ];
    table::write(out, style, "", COLUMNS, found, |explanation| {
        let gravest = explanation.cases.iter().filter_map(|case| case.severity).max();
        vec![
            Cell::new(explanation.code.code()),
            Cell::new(explanation.id),
            Cell::tinted(name(gravest), tint(gravest)),
            Cell::new(explanation.title),
        ]
    })?;
    writeln!(out)?;
    style.paragraph(
        out,
        "",
        "`certpath explain ID` says what a finding means, why it matters and what to do. SEVERITY is that of its gravest case; \
         settings (`--config FILE`) change it.",
    )
}

fn in_full(out: &mut dyn Write, style: &Style, explanation: &Explanation) -> io::Result<()> {
    let title = format!("{} {}: {}", explanation.code.code(), explanation.id, explanation.title);
    style.hanging(out, "", "  ", &style.paint(Tint::Title, &title))?;
    writeln!(out)?;
    let width = explanation.cases.iter().map(|case| case.name.len()).max().unwrap_or(0);
    for case in &explanation.cases {
        let severity = style.paint(tint(case.severity), &format!("{:<8}", name(case.severity)));
        writeln!(out, "  {severity} {:<width$}  {}", case.name, case.title)?;
    }
    writeln!(out)?;
    for case in &explanation.cases {
        if let Some(when) = case.weighs_without_clients {
            let text = format!("`{}` weighs even where no audited certificate hangs on the CA: {when}.", case.name);
            style.paragraph(out, "", &text)?;
            writeln!(out)?;
        }
    }
    style.paragraph(out, "", explanation.explanation)?;
    writeln!(out, "\n{}", style.paint(Tint::Title, "What to do"))?;
    style.paragraph(out, "", explanation.remedy)?;
    writeln!(out, "\n{}", style.paint(Tint::Title, "Sources"))?;
    for source in explanation.sources {
        writeln!(out, "  {}\n    {}", source.title, source.url)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmg::{Code, catalogue};
    use unicode_width::UnicodeWidthStr;

    fn text(codes: &[Code], as_list: bool, width: usize) -> String {
        let found: Vec<Explanation> = codes.iter().map(|code| catalogue::explain(*code)).collect();
        let mut out = Vec::new();
        let style = Style { width: Some(width), ..Style::default() };
        write(&mut out, &style, &found, as_list).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_code_stands_in_the_list_on_a_line_that_fits() {
        let shown = text(Code::ALL, true, 80);
        for code in Code::ALL {
            assert!(shown.lines().any(|line| line.starts_with(code.code()) && line.contains(code.id())), "{code}");
        }
        assert!(shown.lines().all(|line| line.width() <= 80), "{shown}");
    }

    #[test]
    fn every_code_is_explained_with_what_to_do_and_where_it_is_written() {
        for code in Code::ALL {
            let shown = text(&[*code], false, 80).replace('\n', " ");
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            for part in [code.entry().explanation, code.entry().remedy, code.entry().sources[0].url] {
                assert!(words(&shown).contains(&words(part)), "{code}: {part}\n{shown}");
            }
        }
    }
}
