//! The lines of a text, counted while it is read: a place in it is told by its line.

/// Counts the lines up to places that come in rising order, so that the text is gone through once.
#[derive(Debug, Default)]
pub(crate) struct Lines<'a> {
    text: &'a [u8],
    newline: u8,
    line: u64,
    counted: usize,
}

impl<'a> Lines<'a> {
    /// Of a text whose first line has the number `first`.
    pub(crate) fn new(text: &'a [u8], first: u64, newline: u8) -> Self {
        Self { text, newline, line: first, counted: 0 }
    }

    /// The line in which `offset` stands.
    pub(crate) fn at(&mut self, offset: usize) -> u64 {
        self.line = self.ahead(offset);
        self.counted = offset;
        self.line
    }

    /// The same, without going on to there.
    pub(crate) fn ahead(&self, offset: usize) -> u64 {
        self.line + count(&self.text[self.counted..offset], self.newline)
    }

    /// The line in which a part of the text begins.
    pub(crate) fn of(&mut self, part: &[u8]) -> u64 {
        self.at(self.offset_of(part))
    }

    /// Where a part of the text begins.
    pub(crate) fn offset_of(&self, part: &[u8]) -> usize {
        part.as_ptr() as usize - self.text.as_ptr() as usize
    }

    /// The line of the place that was asked for last.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }
}

/// How many lines end in a text.
pub(crate) fn count(text: &[u8], newline: u8) -> u64 {
    memchr::memchr_iter(newline, text).count() as u64
}

/// What ends a line in this text: LF, or CR in one without any LF.
pub(crate) fn newline(text: &[u8]) -> u8 {
    let head = &text[..text.len().min(64 * 1024)];
    if memchr::memchr(b'\n', head).is_none() && memchr::memchr(b'\r', head).is_some() { b'\r' } else { b'\n' }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_told_of_each_place_and_ahead_of_it() {
        let text = b"one\ntwo\n\nfour";
        let mut lines = Lines::new(text, 7, b'\n');
        assert_eq!((lines.at(0), lines.at(3), lines.at(4)), (7, 7, 8));
        assert_eq!((lines.ahead(text.len()), lines.line()), (10, 8));
        assert_eq!((lines.of(&text[9..]), lines.offset_of(&text[9..])), (10, 9));
    }

    #[test]
    fn lines_end_in_carriage_returns_where_nothing_else_ends_them() {
        assert_eq!([&b"a\rb"[..], b"a\r\nb", b"a\nb", b"ab"].map(newline), [b'\r', b'\n', b'\n', b'\n']);
        assert_eq!(count(b"a\rb\r", b'\r'), 2);
    }
}
