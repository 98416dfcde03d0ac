//! `plan` for people: the whole tables where nothing narrows the question, the answer in full where there is one.

use std::io::{self, Write};

use crate::cmg::plan::{Advice, Centric, Plan, PlanRow, Supported};
use crate::report::style::{Style, Tint};
use crate::report::table::{self, Cell, Column};

/// How many answers are shown in full; more are a table.
const IN_FULL: usize = 3;

/// Writes the answers.
///
/// # Errors
/// Where `out` cannot be written.
pub fn write(out: &mut dyn Write, style: &Style, found: &Plan) -> io::Result<()> {
    if found.rows.is_empty() {
        return style.paragraph(out, "", "No combination is left: leave out an option, and see what the others allow.");
    }
    if found.rows.len() <= IN_FULL || style.verbose {
        for (index, row) in found.rows.iter().enumerate() {
            if index > 0 {
                writeln!(out)?;
            }
            in_full(out, style, row)?;
        }
        return Ok(());
    }
    cells(out, style, found)?;
    rows(out, style, found)?;
    notes(out, style, found)
}

fn yes(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}

fn supported(supported: Supported) -> (&'static str, Tint) {
    match supported {
        Supported::Yes => ("yes", Tint::Good),
        Supported::No => ("no", Tint::Bad),
        Supported::Disputed => ("disputed", Tint::Warning),
    }
}

fn centric(centric: Option<Centric>) -> &'static str {
    match centric {
        Some(Centric::Device) => "device",
        Some(Centric::DeviceAndUser) => "device and user",
        None => "",
    }
}

/// Microsoft's own two tables, as they stand on the page.
fn cells(out: &mut dyn Write, style: &Style, found: &Plan) -> io::Result<()> {
    let mut locations: Vec<_> = found.tables.iter().map(|cell| cell.location).collect();
    locations.dedup();
    for (index, location) in locations.into_iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", style.paint(Tint::Title, &format!("{}: supported management points", location.label())))?;
        let rows: Vec<_> = found.tables.iter().filter(|cell| cell.location == location).collect();
        const COLUMNS: &[Column] = &[Column::new("IDENTITY", 0), Column::new("MANAGEMENT POINT", 0)];
        table::write(out, style, "  ", COLUMNS, &rows, |cell| {
            let modes: Vec<&str> = cell.management_points.iter().map(|mode| mode.label()).collect();
            let note = if cell.note_1 { " (note 1)" } else { "" };
            vec![Cell::new(format!("{}{note}", cell.identity.label())), Cell::new(modes.join(", "))]
        })?;
    }
    Ok(())
}

fn rows(out: &mut dyn Write, style: &Style, found: &Plan) -> io::Result<()> {
    style.heading(out, "Each combination")?;
    const COLUMNS: &[Column] = &[
        Column::new("IDENTITY", 0),
        Column::new("LOCATION", 0),
        Column::new("MP", 0),
        Column::new("AUTH", 0),
        Column::new("SUPPORTED", 0),
        Column::new("SCENARIOS", 1),
        Column::new("UPLOAD ROOT", 0),
        Column::new("CP CERT", 0),
        Column::new("CLIENT CERT", 2),
        Column::new("DEPRECATED", 3),
    ];
    table::write(out, style, "  ", COLUMNS, &found.rows, |row| {
        let (word, tint) = supported(row.supported);
        let is_supported = row.supported != Supported::No;
        let only = |flag: bool| if is_supported { yes(flag) } else { "" };
        vec![
            Cell::new(row.identity.name()),
            Cell::new(row.location.name()),
            Cell::new(row.management_point.name()),
            Cell::new(row.authentication.map_or("", |method| method.name())),
            Cell::tinted(word, tint),
            Cell::new(centric(row.centric)),
            Cell::new(only(row.trusted_root_upload)),
            Cell::new(only(row.connection_point_certificate)),
            Cell::new(only(row.client_certificate)),
            Cell::tinted(if row.deprecated { "yes" } else { "" }, Tint::Warning),
        ]
    })
}

/// Each note once, however many rows it stands at.
fn notes(out: &mut dyn Write, style: &Style, found: &Plan) -> io::Result<()> {
    let mut told: Vec<Advice> = Vec::new();
    for note in found.rows.iter().flat_map(|row| &row.notes) {
        if !told.iter().any(|one| one.id == note.id) {
            told.push(*note);
        }
    }
    if !told.is_empty() {
        style.heading(out, "Notes")?;
    }
    for note in told {
        style.hanging(out, "  - ", "    ", &format!("{}: {}", note.id, note.text))?;
    }
    writeln!(out)?;
    style.paragraph(
        out,
        "",
        "UPLOAD ROOT: the trusted root and its intermediates must be given to the CMG. CP CERT: the CMG connection point needs \
         a client authentication certificate. Narrow the question (`--identity`, `--location`, `--management-point`, `--auth`) \
         to see what to switch on.",
    )
}

fn in_full(out: &mut dyn Write, style: &Style, row: &PlanRow) -> io::Result<()> {
    let method = row.authentication.map_or_else(String::new, |method| format!(", {}", method.label()));
    let title = format!(
        "{}, {}, {} management point{method}",
        row.identity.label(),
        row.location.label(),
        row.management_point.label()
    );
    style.hanging(out, "", "  ", &style.paint(Tint::Title, &title))?;
    let (word, tint) = supported(row.supported);
    let deprecated = if row.deprecated { ", deprecated" } else { "" };
    writeln!(out, "  supported                 {}{deprecated}", style.paint(tint, word))?;
    if row.supported != Supported::No {
        for (label, value) in [
            ("scenarios", centric(row.centric)),
            ("give the CMG the root", yes(row.trusted_root_upload)),
            ("connection point cert.", yes(row.connection_point_certificate)),
            ("client certificates", yes(row.client_certificate)),
        ] {
            writeln!(out, "  {label:<25} {value}")?;
        }
    }
    for (heading, list) in [("Switch on", &row.switches), ("Notes", &row.notes)] {
        if !list.is_empty() {
            writeln!(out, "  {heading}")?;
        }
        for advice in list {
            style.hanging(out, "    - ", "      ", advice.text)?;
        }
    }
    writeln!(out, "  Sources")?;
    for source in &row.sources {
        writeln!(out, "    {}\n      {}", source.title, source.url)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmg::plan::{Query, plan};
    use unicode_width::UnicodeWidthStr;

    fn text(query: &Query, style: Style) -> String {
        let mut out = Vec::new();
        write(&mut out, &style, &plan(query)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_whole_tables_fit_a_terminal_and_have_a_line_for_each_answer() {
        let shown = text(&Query::default(), Style { width: Some(80), ..Style::default() });
        assert!(shown.lines().all(|line| line.width() <= 80), "{shown}");
        for row in plan(&Query::default()).rows {
            let auth = row.authentication.map_or("", |method| method.name());
            let words = [row.identity.name(), row.location.name(), row.management_point.name(), auth].join(" ");
            assert!(
                shown.lines().any(|line| line
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ")
                    .starts_with(words.trim_end())),
                "{words}"
            );
        }
        assert!(shown.contains("Hybrid-joined"));
    }

    #[test]
    fn one_answer_says_what_to_switch_on_and_where_that_is_written() {
        let query = Query {
            identity: "workgroup".parse().ok(),
            location: "internet".parse().ok(),
            management_point: "https".parse().ok(),
            authentication: "pki".parse().ok(),
        };
        let shown = text(&query, Style::default());
        assert!(shown.contains("give the CMG the root     yes"), "{shown}");
        assert!(shown.contains("Switch on") && shown.contains("https://learn.microsoft.com/"));
    }
}
