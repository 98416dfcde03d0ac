//! What could not be read, for people: at the end of every report, and never left out.

use std::io::{self, Write};

use crate::report::describe;
use crate::report::style::{Style, Tint, count};
use crate::source::Problem;

/// How many problems are listed on a terminal; the records for programs have them all.
const SHOWN: usize = 20;

/// Lists the problems under a heading; nothing where there are none.
pub(crate) fn write(out: &mut dyn Write, style: &Style, problems: &[Problem]) -> io::Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    let number = count(problems.len() as u64, "input could not be read", "inputs could not be read");
    writeln!(out, "\n{}", style.paint(Tint::Bad, &format!("{number}:")))?;
    let shown =
        if style.rows.is_some() { style.shown(problems.len()).min(problems.len().max(SHOWN)) } else { problems.len() };
    for problem in problems.iter().take(shown) {
        style.hanging(out, "  - ", "    ", &describe::problem(problem))?;
    }
    if problems.len() > shown {
        let rest = count((problems.len() - shown) as u64, "more is", "more are");
        writeln!(out, "  {rest} not shown: `-v` shows all")?;
    }
    Ok(())
}
