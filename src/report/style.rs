//! How text for people is laid out: width, colour, and how much of it.

use std::io::{self, Write};

/// What the place that the text goes to can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns; `None` where there is no edge, as in a file.
    pub width: Option<usize>,
    /// Whether to write colours.
    pub color: bool,
    /// Whether lines and marks beyond ASCII can be drawn.
    pub unicode: bool,
    /// Whether to show everything that is known.
    pub verbose: bool,
    /// How many rows of one kind are shown before the rest is only counted; `None` shows all.
    pub rows: Option<usize>,
}

impl Default for Style {
    /// For a file: no edge, no colour, every row.
    fn default() -> Self {
        Self { width: None, color: false, unicode: true, verbose: false, rows: None }
    }
}

/// What a piece of text is, for which a terminal has a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tint {
    #[default]
    Plain,
    Title,
    Faint,
    Good,
    Warning,
    Bad,
}

impl Tint {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Title => "\x1b[1m",
            Self::Faint => "\x1b[2m",
            Self::Good => "\x1b[32m",
            Self::Warning => "\x1b[33m",
            Self::Bad => "\x1b[1;31m",
        }
    }
}

impl Style {
    /// The text in its colour, where colours are wanted.
    pub(crate) fn paint(&self, tint: Tint, text: &str) -> String {
        if self.color && tint != Tint::Plain && !text.is_empty() {
            format!("{}{text}\x1b[0m", tint.code())
        } else {
            text.to_owned()
        }
    }

    /// The width to wrap running text at: lines of more than a hundred columns are hard to read.
    pub(crate) fn text_width(&self) -> usize {
        self.width.map_or(100, |width| width.clamp(30, 100))
    }

    /// How many of so many rows are shown: never all but a few.
    pub(crate) fn shown(&self, rows: usize) -> usize {
        match self.rows {
            Some(limit) if rows > self.shown_at_most() => limit,
            _ => rows,
        }
    }

    /// How many rows can be shown, however many there are.
    pub(crate) fn shown_at_most(&self) -> usize {
        match self.rows {
            Some(limit) if !self.verbose => limit.saturating_add(3),
            _ => usize::MAX,
        }
    }

    /// Whichever of the two can be drawn.
    pub(crate) fn glyph(&self, drawn: &'static str, ascii: &'static str) -> &'static str {
        if self.unicode { drawn } else { ascii }
    }

    /// A heading over a part of the output.
    pub(crate) fn heading(&self, out: &mut dyn Write, text: &str) -> io::Result<()> {
        writeln!(out, "\n{}", self.paint(Tint::Title, text))
    }

    /// Running text, wrapped between words, behind an indent on each line.
    pub(crate) fn paragraph(&self, out: &mut dyn Write, indent: &str, text: &str) -> io::Result<()> {
        self.hanging(out, indent, indent, text)
    }

    /// What stands in the background, at most as wide as the terminal.
    pub(crate) fn faint(&self, out: &mut dyn Write, text: &str) -> io::Result<()> {
        for line in wrap(text, self.text_width()) {
            writeln!(out, "{}", self.paint(Tint::Faint, &line))?;
        }
        Ok(())
    }

    /// Running text whose first line begins otherwise than the others.
    pub(crate) fn hanging(&self, out: &mut dyn Write, first: &str, rest: &str, text: &str) -> io::Result<()> {
        let room = self.text_width().saturating_sub(display_width(rest).max(display_width(first))).max(20);
        let mut lead = first;
        for line in wrap(text, room) {
            writeln!(out, "{lead}{line}")?;
            lead = rest;
        }
        Ok(())
    }
}

/// How many columns of a terminal a text takes.
pub(crate) fn display_width(text: &str) -> usize {
    use unicode_width::UnicodeWidthStr;
    // One each, as in most texts: all bytes are looked at whatever the first ones are, so that the compiler takes many at once.
    let is_plain = text.bytes().fold(true, |is_plain, byte| is_plain & matches!(byte, b' '..=b'~'));
    if is_plain { text.len() } else { text.width() }
}

/// The text in lines of at most that width, broken between words; a word that is longer stands on a line of its own, whole, so
/// that it can be copied.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let length = display_width(word);
        if used > 0 && used + 1 + length > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
    }
    if used > 0 || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// The text in at most that many columns; what is cut off is marked.
pub(crate) fn elide(text: &str, width: usize, ellipsis: &str) -> String {
    use unicode_width::UnicodeWidthChar;
    if display_width(text) <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(display_width(ellipsis));
    let mut out = String::with_capacity(width + 4);
    let mut used = 0;
    for c in text.chars() {
        let columns = c.width().unwrap_or(0);
        if used + columns > room {
            break;
        }
        used += columns;
        out.push(c);
    }
    out.push_str(ellipsis);
    out
}

/// As [`elide`], but what is cut off is cut off in front.
pub(crate) fn elide_front(text: &str, width: usize, ellipsis: &str) -> String {
    if display_width(text) <= width {
        return text.to_owned();
    }
    let backwards: String = text.chars().rev().collect();
    let cut: String = elide(&backwards, width.saturating_sub(display_width(ellipsis)), "").chars().rev().collect();
    format!("{ellipsis}{cut}")
}

/// A number with its noun: `1 certificate`, `12,345 certificates`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The days that are left, in words.
pub(crate) fn days(left: Option<i64>) -> String {
    match left {
        None => "no date".to_owned(),
        Some(0) => "ends within a day".to_owned(),
        Some(left) if left >= 0 => format!("{} left", count(left.unsigned_abs(), "day", "days")),
        Some(left) => format!("expired {} ago", count(left.unsigned_abs(), "day", "days")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_between_words_and_a_long_word_stays_whole() {
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("see http://pki.contoso.com/ca.crt now", 10), ["see", "http://pki.contoso.com/ca.crt", "now"]);
        assert_eq!(wrap("", 10), [""]);
    }

    #[test]
    fn what_is_too_long_is_cut_to_columns_not_to_letters() {
        assert_eq!(elide("certificate", 6, "…"), "certi…");
        assert_eq!(elide("東京都庁", 6, "…"), "東京…");
        assert_eq!(elide("東京都庁", 8, "…"), "東京都庁");
        assert_eq!(elide_front("clients/PC001.cer", 8, "…"), "…001.cer");
    }

    #[test]
    fn numbers_and_days_are_read_aloud_easily() {
        assert_eq!(count(1, "certificate", "certificates"), "1 certificate");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(days(Some(-1)), "expired 1 day ago");
        assert_eq!(days(Some(0)), "ends within a day");
        assert_eq!(days(Some(10_000)), "10,000 days left");
    }
}
