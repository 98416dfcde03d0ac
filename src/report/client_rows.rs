//! Client certificates as rows of a table, those that end first at the top: of each no more is kept than its line needs, and of
//! those that are only counted nothing.

use std::io::{self, Write};

use crate::certificate::Certificate;
use crate::certificate::general_name::upper_hex;
use crate::path::Failure;
use crate::pool::Entry;
use crate::report::describe;
use crate::report::style::{Style, Tint, count};
use crate::report::table::{self, Cell, Column};
use crate::time::Time;

/// By what clients are sorted: the end of the validity, then the thumbprint.
pub(crate) type Order = (Option<Time>, [u8; 20]);

pub(crate) fn order(certificate: &Certificate) -> Order {
    (certificate.not_after(), *certificate.thumbprint())
}

/// What the line of a client certificate needs.
#[derive(Debug)]
pub(crate) struct Row {
    order: Order,
    /// The texts, each made safe for a terminal and so without an end of line in it, which stands between them.
    texts: Box<str>,
}

impl Row {
    /// `failure` is what a column of its own tells.
    pub(crate) fn new(entry: &Entry, failure: Option<&Failure>) -> Self {
        let certificate = &entry.certificate;
        let mut texts = describe::subject(certificate);
        for text in [
            &failure.map(describe::failure).unwrap_or_default(),
            &describe::key(certificate.public_key()),
            describe::provider_family(entry.key_provider()),
            &describe::places(entry),
        ] {
            texts.push('\n');
            texts.push_str(text);
        }
        Self { order: order(certificate), texts: texts.into() }
    }

    fn cells(&self, at: Time) -> [Cell; 8] {
        let mut texts = self.texts.split('\n');
        let mut next = || texts.next().unwrap_or_default();
        let [subject, failure, key, provider, places] = [next(), next(), next(), next(), next()];
        let (not_after, thumbprint) = &self.order;
        let left = not_after.map(|last| at.days_until(last));
        let urgency = describe::urgency(left);
        [
            Cell::new(subject),
            Cell::tinted(describe::date(*not_after), urgency),
            Cell::tinted(left.map_or_else(String::new, |left| left.to_string()), urgency),
            Cell::tinted(failure, Tint::Bad),
            Cell::new(key),
            Cell::new(provider),
            Cell::new(upper_hex(thumbprint)),
            Cell::tinted(places, Tint::Faint),
        ]
    }
}

/// The rows of some client certificates, as many as are shown.
#[derive(Debug)]
pub(crate) struct Rows {
    /// How many there may be before the rest is only counted.
    most: usize,
    kept: Vec<Row>,
    /// Those that do not end before it are only counted.
    last: Option<Order>,
}

impl Rows {
    /// None yet, of which as many will be shown as the style has it.
    pub(crate) fn new(style: &Style) -> Self {
        Self { most: style.shown_at_most().max(1), kept: Vec::new(), last: None }
    }

    /// Whether one with this order may be shown.
    pub(crate) fn wants(&self, order: &Order) -> bool {
        self.last.as_ref().is_none_or(|last| order < last)
    }

    pub(crate) fn add(&mut self, row: Row) {
        if !self.wants(&row.order) {
            return;
        }
        self.kept.push(row);
        if self.kept.len() >= self.most.saturating_mul(2) {
            self.sort();
            self.kept.truncate(self.most);
            self.last = self.kept.last().map(|row| row.order);
        }
    }

    /// To be done when all are there. Of those that are equal the first stays the first.
    pub(crate) fn sort(&mut self) {
        self.kept.sort_by_key(|row| row.order);
    }

    /// Writes them as a table, `all` being how many there are in all.
    pub(crate) fn write(
        &self,
        out: &mut dyn Write,
        style: &Style,
        indent: &str,
        (at, all, with_failures): (Time, u64, bool),
    ) -> io::Result<()> {
        // Without failures their column has no content, and a column of the highest priority stays: leave it out.
        let kept = |index: usize| with_failures || index != 3;
        let columns: Vec<Column> =
            COLUMNS.iter().enumerate().filter(|(index, _)| kept(*index)).map(|(_, column)| *column).collect();
        let shown = style.shown(usize::try_from(all).unwrap_or(usize::MAX));
        let rows = self.kept.get(..shown).unwrap_or(&self.kept);
        table::write(out, style, indent, &columns, rows, |row| {
            row.cells(at).into_iter().enumerate().filter(|(index, _)| kept(*index)).map(|(_, cell)| cell).collect()
        })?;
        let rest = all.saturating_sub(shown as u64);
        if rest > 0 {
            let text = format!(
                "{}, ending later: `-v` shows all, `--format csv -o FILE` makes a table of them",
                count(rest, "more", "more")
            );
            writeln!(out, "{indent}{}", style.paint(Tint::Faint, &text))?;
        }
        Ok(())
    }
}

const COLUMNS: &[Column] = &[
    Column::new("CLIENT", 0).narrows_to(16).at_most(48),
    Column::new("EXPIRES", 1),
    Column::new("DAYS", 0).right(),
    Column::new("REFUSED BECAUSE", 0).narrows_to(20),
    Column::new("KEY", 2),
    Column::new("PROVIDER", 3),
    Column::new("THUMBPRINT", 4).narrows_to(9),
    Column::new("WHERE", 5).narrows_to(16).keeps_end(),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn row(not_after: i64, thumbprint: u8, text: &str) -> Row {
        Row { order: (Some(Time::from_unix(not_after)), [thumbprint; 20]), texts: format!("{text}\n\n\n\n").into() }
    }

    fn subjects(rows: &Rows) -> Vec<&str> {
        rows.kept.iter().map(|row| row.texts.trim_end()).collect()
    }

    #[test]
    fn those_that_end_first_are_kept_wherever_they_come_and_of_equal_ones_the_first() {
        let mut rows = Rows::new(&Style { rows: Some(2), ..Style::default() });
        assert_eq!(rows.most, 5);
        for number in 0..1000i64 {
            // A hundred different dates, each ten times, the first of them spread over all; then the thumbprint, which is one too.
            let row = row(number * 37 % 100, 1, &number.to_string());
            rows.add(row);
            assert!(rows.kept.len() < 10);
        }
        rows.add(row(0, 0, "lower thumbprint"));
        rows.add(row(0, 2, "higher thumbprint"));
        rows.sort();
        assert_eq!(subjects(&rows)[..5], ["lower thumbprint", "0", "100", "200", "300"]);
    }

    #[test]
    fn without_an_end_all_are_kept_and_one_without_a_date_comes_first() {
        let mut rows = Rows::new(&Style::default());
        for number in (0..300).rev() {
            rows.add(row(number, 0, &number.to_string()));
        }
        rows.add(Row { order: (None, [9; 20]), texts: "no date\n\n\n\n".into() });
        rows.sort();
        assert_eq!(rows.kept.len(), 301);
        assert_eq!(subjects(&rows)[..3], ["no date", "0", "1"]);
    }
}
