//! A table that fits its place: columns give way by priority, first by narrowing, then by going.

use std::io::{self, Write};

use crate::report::style::{Style, Tint, display_width, elide, elide_front, wrap};
use crate::threads::on_all_cores;

/// A column and how it gives way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    /// The column with the highest number goes first; 0 never goes.
    pub(crate) priority: u8,
    /// What it may be narrowed to; its whole width where it may not.
    pub(crate) least: usize,
    /// What it is never wider than; longer text is cut even where there is room.
    pub(crate) most: usize,
    pub(crate) right: bool,
    /// Whether what is too long goes on in the next line instead of being cut.
    pub(crate) wraps: bool,
    /// Whether its end tells more than its beginning, as of a path: what is too long is cut in front.
    pub(crate) keeps_end: bool,
}

impl Column {
    pub(crate) const fn new(title: &'static str, priority: u8) -> Self {
        Self { title, priority, least: usize::MAX, most: usize::MAX, right: false, wraps: false, keeps_end: false }
    }

    pub(crate) const fn narrows_to(mut self, least: usize) -> Self {
        self.least = least;
        self
    }

    pub(crate) const fn at_most(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    pub(crate) const fn wraps(mut self) -> Self {
        self.wraps = true;
        self
    }

    pub(crate) const fn keeps_end(mut self) -> Self {
        self.keeps_end = true;
        self
    }

    pub(crate) const fn right(mut self) -> Self {
        self.right = true;
        self
    }
}

/// One cell; its text has been made safe for a terminal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) tint: Tint,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), tint: Tint::Plain }
    }

    pub(crate) fn tinted(text: impl Into<String>, tint: Tint) -> Self {
        Self { text: text.into(), tint }
    }
}

const GAP: usize = 2;

/// How many rows are made before they are written, and how many of them by one core at a time.
const WINDOW: usize = 1024;
const TURN: usize = 64;

/// Writes a heading and one line for each row, more where a column wraps. Rows are made twice, once to measure them and once
/// to write them, so that ten thousand of them need no memory; where there are many, on all cores.
pub(crate) fn write<T: Sync>(
    out: &mut dyn Write,
    style: &Style,
    indent: &str,
    columns: &[Column],
    rows: &[T],
    row: impl Fn(&T) -> Vec<Cell> + Sync,
) -> io::Result<()> {
    let measure = |rows: &[T]| {
        let mut widths = vec![0; columns.len()];
        for one in rows {
            let cells = row(one);
            widths.iter_mut().zip(&cells).for_each(|(width, cell)| *width = display_width(&cell.text).max(*width));
        }
        widths
    };
    let mut natural: Vec<usize> = columns.iter().map(|column| display_width(column.title)).collect();
    let mut filled = vec![false; columns.len()];
    for widths in in_turns(rows, &measure) {
        for (index, width) in widths.into_iter().enumerate() {
            natural[index] = natural[index].max(width);
            filled[index] |= width > 0;
        }
    }
    for (index, column) in columns.iter().enumerate() {
        natural[index] = natural[index].min(column.most);
    }
    let room = style.width.map_or(usize::MAX, |width| width.saturating_sub(display_width(indent)));
    let widths = fit(columns, &natural, &filled, room);
    let titles: Vec<Cell> = columns.iter().map(|column| Cell::tinted(column.title.to_owned(), Tint::Faint)).collect();
    line(out, style, indent, columns, &widths, &titles)?;
    let lines = |rows: &[T]| -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        for one in rows {
            for cells in wrapped(columns, &widths, row(one)) {
                line(&mut text, style, indent, columns, &widths, &cells)?;
            }
        }
        Ok(text)
    };
    rows.chunks(WINDOW).flat_map(|window| in_turns(window, &lines)).try_for_each(|text| out.write_all(&text?))
}

/// The results for some rows each, in their order.
fn in_turns<T: Sync, R: Send>(rows: &[T], work: &(dyn Fn(&[T]) -> R + Sync)) -> Vec<R> {
    if rows.len() <= TURN { vec![work(rows)] } else { on_all_cores(rows.chunks(TURN).collect(), 1, &|rows| work(rows)) }
}

/// The lines of a row: in those after the first stands what had no room before.
fn wrapped(columns: &[Column], widths: &[Option<usize>], mut cells: Vec<Cell>) -> Vec<Vec<Cell>> {
    let mut below: Vec<Vec<Cell>> = Vec::new();
    for (index, cell) in cells.iter_mut().enumerate() {
        let (true, Some(width)) = (columns[index].wraps, widths[index]) else { continue };
        if display_width(&cell.text) <= width {
            continue;
        }
        let mut parts = wrap(&cell.text, width).into_iter();
        let first = parts.next().unwrap_or_default();
        for (number, part) in parts.enumerate() {
            if below.len() <= number {
                below.push(vec![Cell::default(); columns.len()]);
            }
            below[number][index] = Cell { text: part, tint: cell.tint };
        }
        cell.text = first;
    }
    below.insert(0, cells);
    below
}

/// The width of each column; `None` where it has to go. Columns without any content go at once.
fn fit(columns: &[Column], natural: &[usize], filled: &[bool], room: usize) -> Vec<Option<usize>> {
    let mut widths: Vec<Option<usize>> = natural
        .iter()
        .zip(filled)
        .zip(columns)
        .map(|((width, filled), column)| (*filled || column.priority == 0).then_some(*width))
        .collect();
    let least = |index: usize| columns[index].least.min(natural[index]);
    loop {
        let kept = || widths.iter().flatten();
        let total = kept().sum::<usize>().saturating_add(GAP * kept().count().saturating_sub(1));
        if total <= room {
            return widths;
        }
        let excess = total - room;
        let slack: usize = widths.iter().enumerate().filter_map(|(index, width)| Some((*width)? - least(index))).sum();
        if slack >= excess {
            narrow(columns, &mut widths, least, excess);
            return widths;
        }
        let going = (0..columns.len())
            .filter(|index| widths[*index].is_some() && columns[*index].priority > 0)
            .max_by_key(|index| columns[*index].priority);
        match going {
            Some(index) => widths[index] = None,
            None => {
                narrow(columns, &mut widths, least, slack);
                return widths;
            }
        }
    }
}

/// Takes width away from the least important columns first, from each as much as it can give.
fn narrow(columns: &[Column], widths: &mut [Option<usize>], least: impl Fn(usize) -> usize, mut excess: usize) {
    let mut by_importance: Vec<usize> = (0..columns.len()).collect();
    by_importance.sort_by_key(|index| std::cmp::Reverse(columns[*index].priority));
    for index in by_importance {
        if let Some(width) = widths[index].as_mut() {
            let given = excess.min(width.saturating_sub(least(index)));
            *width -= given;
            excess -= given;
        }
    }
}

fn line(
    out: &mut dyn Write,
    style: &Style,
    indent: &str,
    columns: &[Column],
    widths: &[Option<usize>],
    cells: &[Cell],
) -> io::Result<()> {
    let mut text = indent.to_owned();
    let mut pending = 0;
    let mut first = true;
    for ((column, width), cell) in columns.iter().zip(widths).zip(cells) {
        let Some(width) = *width else { continue };
        let cut = if column.keeps_end { elide_front } else { elide };
        let shown = cut(&cell.text, width, style.glyph("…", "~"));
        let fill = width.saturating_sub(display_width(&shown));
        let before = pending + if first { 0 } else { GAP } + if column.right { fill } else { 0 };
        first = false;
        if shown.is_empty() {
            pending = before + if column.right { 0 } else { fill };
            continue;
        }
        text.extend(std::iter::repeat_n(' ', before));
        text.push_str(&style.paint(cell.tint, &shown));
        pending = if column.right { 0 } else { fill };
    }
    writeln!(out, "{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column::new("NAME", 0).narrows_to(6),
        Column::new("DAYS", 1).right(),
        Column::new("THUMBPRINT", 2).narrows_to(9),
        Column::new("WHERE", 3).narrows_to(5),
        Column::new("NOTE", 4),
    ];

    fn table(width: Option<usize>) -> String {
        let rows = [("Contoso Issuing CA 1", "1,461", "C:\\certificates\\ca.cer"), ("東京", "-3", "b.pem")];
        let mut out = Vec::new();
        let style = Style { width, ..Style::default() };
        write(&mut out, &style, "  ", COLUMNS, &rows, |(name, days, place)| {
            [*name, *days, "0123456789ABCDEF0123456789ABCDEF01234567", *place, ""].map(Cell::new).into()
        })
        .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_column_without_content_is_not_shown_and_nothing_is_cut_where_there_is_no_edge() {
        let text = table(None);
        assert!(text.starts_with(
            "  NAME                   DAYS  THUMBPRINT                                WHERE\n  \
             Contoso Issuing CA 1  1,461  0123456789ABCDEF0123456789ABCDEF01234567  C:\\certificates\\ca.cer\n"
        ));
        assert!(!text.contains("NOTE"));
        assert!(text.lines().all(|line| !line.ends_with(' ')));
    }

    #[test]
    fn every_line_fits_whatever_the_width() {
        for width in 18..120 {
            let text = table(Some(width));
            assert!(text.lines().all(|line| display_width(line) <= width), "{width}:\n{text}");
            assert!(text.contains("東京") && text.contains("-3"), "{width}:\n{text}");
        }
    }

    #[test]
    fn the_least_important_column_goes_first() {
        assert!(table(Some(45)).contains("WHERE"));
        assert!(!table(Some(30)).contains("WHERE"));
        assert!(table(Some(30)).contains("01234567…"));
    }

    #[test]
    fn what_is_too_long_goes_on_in_the_next_line_where_the_column_wraps_and_no_word_is_lost() {
        const COLUMNS: &[Column] = &[
            Column::new("COUNT", 0).right(),
            Column::new("MEANING", 1).narrows_to(10).wraps(),
            Column::new("CODE", 0),
        ];
        let meaning = "The internet cannot reach a CRL";
        for width in 23..60 {
            let mut out = Vec::new();
            let style = Style { width: Some(width), ..Style::default() };
            write(&mut out, &style, "", COLUMNS, &["1", "2"], |count| {
                vec![Cell::new(*count), Cell::new(meaning), Cell::new("CP1")]
            })
            .unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(text.lines().all(|line| display_width(line) <= width), "{width}:\n{text}");
            let words: Vec<&str> = text.split_whitespace().collect();
            let count = |word: &str| words.iter().filter(|one| **one == word).count();
            assert!(meaning.split(' ').all(|word| count(word) == 2), "{width}:\n{text}");
            assert_eq!((count("1"), count("2"), count("CP1")), (1, 1, 2), "{width}:\n{text}");
        }
    }

    #[test]
    fn colours_are_written_only_where_they_are_wanted() {
        let rows = ["a"];
        for color in [false, true] {
            let mut out = Vec::new();
            let style = Style { color, ..Style::default() };
            write(&mut out, &style, "", &COLUMNS[..1], &rows, |text| vec![Cell::tinted(*text, Tint::Bad)]).unwrap();
            assert_eq!(out.contains(&0x1b), color);
        }
    }
}
