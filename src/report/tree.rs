//! A tree of blocks: each a title, facts below it, and its branches.

use std::io::{self, Write};

use crate::report::style::{Style, Tint, display_width, elide};

/// A piece of text with its colour, never broken.
pub(crate) type Fact = (String, Tint);

/// What writes rows behind an indent.
pub(crate) type Rows<'a> = Box<dyn Fn(&mut dyn Write, &Style, &str) -> io::Result<()> + 'a>;

/// One block and what hangs on it.
#[derive(Default)]
pub(crate) struct Branch<'a> {
    pub(crate) title: String,
    pub(crate) tint: Tint,
    /// Behind the title, never cut.
    pub(crate) remark: Fact,
    /// Side by side where there is room.
    pub(crate) facts: Vec<Fact>,
    /// Each on a line of its own, wrapped.
    pub(crate) notes: Vec<Fact>,
    /// Below the notes.
    pub(crate) rows: Option<Rows<'a>>,
    pub(crate) branches: Vec<Self>,
}

impl Branch<'_> {
    /// Draws the tree behind an indent.
    pub(crate) fn draw(&self, out: &mut dyn Write, style: &Style, indent: &str) -> io::Result<()> {
        self.draw_below(out, style, indent, indent)
    }

    fn draw_below(&self, out: &mut dyn Write, style: &Style, first: &str, indent: &str) -> io::Result<()> {
        self.draw_title(out, style, first)?;
        let below = if self.branches.is_empty() { "   " } else { style.glyph("│  ", "|  ") };
        let indent_of_facts = format!("{indent}{below}");
        self.draw_facts(out, style, &indent_of_facts)?;
        for (note, tint) in &self.notes {
            let width = style.width.unwrap_or(200).clamp(60, 200);
            let room = width.saturating_sub(display_width(&indent_of_facts) + 2).max(24);
            for (index, line) in crate::report::style::wrap(note, room).into_iter().enumerate() {
                let hang = if index == 0 { "" } else { "  " };
                writeln!(out, "{indent_of_facts}{hang}{}", style.paint(*tint, &line))?;
            }
        }
        if let Some(rows) = &self.rows {
            rows(out, style, &indent_of_facts)?;
        }
        let last = self.branches.len().saturating_sub(1);
        for (index, branch) in self.branches.iter().enumerate() {
            let (corner, beside) = if index == last {
                (("└─ ", "`- "), ("   ", "   "))
            } else {
                (("├─ ", "|- "), ("│  ", "|  "))
            };
            let first = format!("{indent}{}", style.glyph(corner.0, corner.1));
            let rest = format!("{indent}{}", style.glyph(beside.0, beside.1));
            branch.draw_below(out, style, &first, &rest)?;
        }
        Ok(())
    }

    fn draw_title(&self, out: &mut dyn Write, style: &Style, first: &str) -> io::Result<()> {
        let (remark, tint) = &self.remark;
        let gap = if remark.is_empty() { "" } else { "  " };
        let title = match style.width {
            Some(width) => {
                let room = width.saturating_sub(display_width(first) + gap.len() + display_width(remark)).max(16);
                elide(&self.title, room, style.glyph("…", "~"))
            }
            None => self.title.clone(),
        };
        writeln!(out, "{first}{}{gap}{}", style.paint(self.tint, &title), style.paint(*tint, remark))
    }

    fn draw_facts(&self, out: &mut dyn Write, style: &Style, indent: &str) -> io::Result<()> {
        let room = style.width.map_or(usize::MAX, |width| width.saturating_sub(display_width(indent)));
        let mut line = String::new();
        let mut used = 0;
        for (fact, tint) in self.facts.iter().filter(|(fact, _)| !fact.is_empty()) {
            let length = display_width(fact);
            if used > 0 && used + 3 + length > room {
                writeln!(out, "{indent}{line}")?;
                line.clear();
                used = 0;
            }
            if used > 0 {
                line.push_str("   ");
                used += 3;
            }
            line.push_str(&style.paint(*tint, fact));
            used += length;
        }
        if used > 0 { writeln!(out, "{indent}{line}") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(style: Style) -> String {
        let leaf = |title: &str| Branch {
            title: title.into(),
            facts: vec![("fact".into(), Tint::Plain)],
            ..Branch::default()
        };
        let tree = Branch {
            title: "root".into(),
            remark: ("trusted".into(), Tint::Good),
            facts: vec![("one long fact".into(), Tint::Plain), ("another long fact".into(), Tint::Plain)],
            branches: vec![Branch { branches: vec![leaf("c")], ..leaf("a") }, leaf("b")],
            ..Branch::default()
        };
        let mut out = Vec::new();
        tree.draw(&mut out, &style, "").unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_join_each_branch_to_its_parent() {
        let expected = "root  trusted\n│  one long fact   another long fact\n├─ a\n│  │  fact\n│  └─ c\n│        fact\n└─ b\n      fact\n";
        assert_eq!(drawn(Style::default()), expected);
    }

    #[test]
    fn without_unicode_the_lines_are_ascii_and_facts_wrap_at_the_edge() {
        let text = drawn(Style { unicode: false, width: Some(24), ..Style::default() });
        assert!(text.is_ascii());
        assert!(text.starts_with("root  trusted\n|  one long fact\n|  another long fact\n|- a\n"), "{text}");
    }
}
