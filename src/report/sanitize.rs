//! Text that others wrote, made harmless for the medium it is shown in: a terminal, or a cell of a spreadsheet.

use std::borrow::Cow;

/// Marks and fillers that show nothing, or change how their neighbours look, although Unicode counts them as letters and marks.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0100}'..='\u{e01ef}')
}

/// Whether the standard library takes it for printable: not a control or format character, not a separator other than the
/// space, not private, not unassigned.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    // `str::escape_debug` escapes a combining mark only at the beginning; behind a letter only what is not printable.
    let mut behind_a_letter = [0u8; 5];
    behind_a_letter[0] = b'a';
    let length = 1 + c.encode_utf8(&mut behind_a_letter[1..]).len();
    let text = std::str::from_utf8(&behind_a_letter[..length]).unwrap_or_default();
    !text.is_empty() && text.escape_debug().nth(1) == Some(c)
}

/// How many marks without a width may follow a letter; more pile up over the neighbouring lines.
const MARKS: usize = 3;

/// For a terminal: control characters (escape sequences begin with one), overrides of the writing direction, characters of no
/// width, separators of lines and paragraphs, private and unassigned characters stand there as `\u{..}`; everything else as it is.
pub(crate) fn terminal(text: &str) -> String {
    neutral(text).into_owned()
}

fn neutral(text: &str) -> Cow<'_, str> {
    use std::fmt::Write;
    use unicode_width::UnicodeWidthChar;
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut marks = MARKS;
    for c in text.chars() {
        let is_mark = c.width() == Some(0);
        marks = if is_mark { marks + 1 } else { 0 };
        if is_printable(c) && !is_invisible(c) && marks <= MARKS {
            out.push(c);
        } else {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            // What follows would stand on the closing brace.
            marks = MARKS;
        }
    }
    Cow::Owned(out)
}

/// What makes a spreadsheet take a cell for a formula; the wide forms too, which Excel in East Asia takes alike.
fn starts_formula(c: char) -> bool {
    matches!(
        c,
        '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠' | '−' | '﹢' | '﹣' | '﹦' | '﹫'
    )
}

/// The longest text that a cell has: Excel breaks one of more than 32,767 characters in two, and many a reader refuses a file in which
/// there is one of 131,072.
pub(crate) const LONGEST_CELL: usize = 32_000;

/// What fits into a cell, and how long the whole was.
fn fitting(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.len() <= LONGEST_CELL {
        return text;
    }
    let length = text.chars().count();
    match text.char_indices().nth(LONGEST_CELL - 100) {
        Some((end, _)) if length > LONGEST_CELL => {
            format!("{}… ({length} characters in all, of which JSON has every one)", &text[..end]).into()
        }
        _ => text,
    }
}

/// For a cell of a spreadsheet, no longer than [`LONGEST_CELL`]: as [`terminal`], and, but for whole numbers, an apostrophe before what would begin a formula, also behind spaces and
/// quotation marks, and behind a semicolon, which separates cells where the comma is the decimal sign.
pub(crate) fn cell(text: &str) -> Cow<'_, str> {
    fitting(without_formula(neutral(text)))
}

fn without_formula(text: Cow<'_, str>) -> Cow<'_, str> {
    let is_number = text
        .strip_prefix('-')
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()));
    let may_begin = |c: char| starts_formula(c) || c.is_whitespace() || matches!(c, '"' | '\u{feff}');
    if is_number || !(text.starts_with(may_begin) || text.contains(';')) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 1);
    let mut at_beginning = true;
    for c in text.chars() {
        if at_beginning && starts_formula(c) {
            out.push('\'');
        }
        at_beginning = c == ';' || (at_beginning && (c.is_whitespace() || matches!(c, '"' | '\u{feff}')));
        out.push(c);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_text_of_any_language_stays() {
        for text in [
            "CN=PC001, O=Contoso",
            "Zürich",
            "Владимир",
            "東京",
            "ﻣﺮﺣﺒﺎ",
            "नमस्ते",
            "e\u{301}",
            "עברית",
            "👩🔒",
            "C:\\a\\b",
        ] {
            assert_eq!(terminal(text), text);
        }
    }

    #[test]
    fn what_moves_or_hides_text_is_escaped() {
        assert_eq!(terminal("\x1b[2J\x07\r\n\t\u{9b}31m\x7f\0"), r"\u{1b}[2J\u{7}\u{d}\u{a}\u{9}\u{9b}31m\u{7f}\u{0}");
        for c in "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{200e}\u{200f}\u{61c}\u{200b}\u{200c}\
                  \u{200d}\u{2060}\u{feff}\u{ad}\u{2028}\u{2029}\u{e000}\u{f8ff}\u{378}\u{10ffff}\u{e0041}\u{3164}\u{fe0f}\u{180e}\u{85}"
            .chars()
        {
            assert_eq!(terminal(&c.to_string()), format!("\\u{{{:x}}}", c as u32));
        }
    }

    #[test]
    fn marks_do_not_pile_up() {
        let piled = format!("a{}", "\u{301}".repeat(50));
        assert_eq!(terminal(&piled).matches('\u{301}').count(), MARKS);
        assert!(
            terminal("\u{301}a").starts_with("\\u{301}"),
            "a mark at the beginning would stand on what is before it"
        );
    }

    #[test]
    fn no_cell_begins_a_formula() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+49 30", "'+49 30"),
            ("-2+3", "'-2+3"),
            ("-2", "-2"),
            ("-", "'-"),
            ("＝cmd", "'＝cmd"),
            ("  =1", "  '=1"),
            ("\"=1", "\"'=1"),
            ("CN=x;=cmd|' /C calc'!A0", "CN=x;'=cmd|' /C calc'!A0"),
            ("CN=PC001", "CN=PC001"),
            ("a-b", "a-b"),
            ("\t=1", r"\u{9}=1"),
        ] {
            assert_eq!(cell(text), expected);
        }
    }

    #[test]
    fn what_no_cell_can_hold_ends_with_how_long_it_was() {
        let fits = "\u{e9}".repeat(LONGEST_CELL);
        assert_eq!(cell(&fits), fits);
        for long in ["a", "\u{e9}", "\u{202e}", ";="].map(|text| text.repeat(LONGEST_CELL + 1)) {
            let cut = cell(&long);
            assert!(
                cut.chars().count() <= LONGEST_CELL && cut.ends_with("characters in all, of which JSON has every one)")
            );
            let length = without_formula(neutral(&long)).chars().count();
            assert!(cut.contains(&format!("… ({length} ")), "{length}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_the_terminal_gets_only_what_shows(text in any::<String>()) {
            let shown = terminal(&text);
            let escaped = |c: char| c.is_control() || is_invisible(c)
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{e000}'..='\u{f8ff}');
            prop_assert!(!shown.chars().any(escaped), "{shown:?}");
            prop_assert_eq!(terminal(&shown), shown);
        }

        #[test]
        fn whatever_comes_no_cell_begins_a_formula_however_it_is_split(text in "[ \"';=+@a\t\r\n＝-]{0,12}") {
            for part in cell(&text).split(';') {
                let first = part.chars().find(|c| !c.is_whitespace() && *c != '"');
                let is_number = part.len() > 1 && part[1..].bytes().all(|byte| byte.is_ascii_digit());
                prop_assert!(is_number || !first.is_some_and(starts_formula), "{part:?}");
            }
        }
    }
}
