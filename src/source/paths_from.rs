//! A list of SOURCEs, one a line, as `--paths-from` takes it: in any encoding, with any line end, quoted or not.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};

use crate::source::argument::Source;
use crate::source::contents::{Fault, Position, ProblemCode};
use crate::source::text::TextReader;
use crate::source::walk::InputFault;

/// Longer than any path: Windows' longest have 32,767 characters.
const MAX_LINE: usize = 128 * 1024;

/// The SOURCEs of a list, in order.
pub(crate) struct PathsFrom<R: Read> {
    lines: BufReader<TextReader<R>>,
    name: String,
    line: u64,
    has_ended: bool,
}

impl<R: Read> PathsFrom<R> {
    /// `name` is that of the list itself, for what is wrong with a line.
    pub(crate) fn new(list: R, name: &str) -> Self {
        Self { lines: BufReader::new(TextReader::new(list)), name: name.to_owned(), line: 0, has_ended: false }
    }

    fn fault(&self, code: ProblemCode, message: impl Into<String>) -> InputFault {
        InputFault { name: self.name.clone(), fault: Fault::new(code, Position::Line(self.line), message) }
    }

    /// Reads on to the end of a line whose start was too long.
    fn skip_line(&mut self) -> std::io::Result<()> {
        loop {
            let buffer = self.lines.fill_buf()?;
            let (length, ends) = match memchr::memchr(b'\n', buffer) {
                Some(newline) => (newline + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            };
            self.lines.consume(length);
            if ends {
                return Ok(());
            }
        }
    }

    fn source(&self, line: &[u8]) -> Option<Result<Source, InputFault>> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.trim_ascii().is_empty() {
            return None;
        }
        if line.contains(&0) {
            return Some(Err(self.fault(
                ProblemCode::Damaged,
                "expected one path a line, found a zero byte; separate paths by line ends",
            )));
        }
        let argument = os_string(unquoted(line));
        if argument == "-" {
            let message =
                "expected a file, a folder or a store, found \"-\": standard input is given as a SOURCE itself";
            return Some(Err(self.fault(ProblemCode::Unsupported, message)));
        }
        Some(Source::parse(&argument).map_err(|error| self.fault(ProblemCode::NotFound, error.to_string())))
    }
}

/// A line without the quotes that Explorer's "Copy as path" and CSV put around it.
fn unquoted(line: &[u8]) -> &[u8] {
    let trimmed = line.trim_ascii();
    match trimmed {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] if !inner.is_empty() => inner,
        _ => line,
    }
}

/// On Unix a path is the bytes as they stand; elsewhere it is text.
fn os_string(bytes: &[u8]) -> OsString {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt as _;
        OsString::from_vec(bytes.to_vec())
    }
    #[cfg(not(unix))]
    {
        OsString::from(crate::source::text::decode(bytes).into_owned())
    }
}

impl<R: Read> Iterator for PathsFrom<R> {
    type Item = Result<Source, InputFault>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.has_ended {
            self.line += 1;
            let mut line = Vec::new();
            match self.lines.by_ref().take(MAX_LINE as u64).read_until(b'\n', &mut line) {
                Ok(0) => self.has_ended = true,
                Ok(MAX_LINE) if !line.ends_with(b"\n") => {
                    self.has_ended = self.skip_line().is_err();
                    let message = format!("expected a path of at most {MAX_LINE} bytes, found a longer line");
                    return Some(Err(self.fault(ProblemCode::Limit, message)));
                }
                Ok(_) => {
                    if let Some(source) = self.source(&line) {
                        return Some(source);
                    }
                }
                Err(error) => {
                    self.has_ended = true;
                    let message = format!("reading the list stopped: {error}; what stands before was read");
                    return Some(Err(self.fault(ProblemCode::Unreadable, message)));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list(bytes: &[u8]) -> Vec<Result<Source, InputFault>> {
        PathsFrom::new(bytes, "list.txt").collect()
    }

    fn paths(bytes: &[u8]) -> Vec<String> {
        list(bytes)
            .into_iter()
            .map(|source| match source {
                Ok(Source::Path(path)) => path.to_str().unwrap().to_owned(),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn lines_are_paths_in_any_encoding_and_with_any_quotes() {
        let text = "a b.cer\r\n\r\n\"C:\\x y\\z.cer\"\r\n  \r\nMüller.cer";
        let expected = ["a b.cer", "C:\\x y\\z.cer", "Müller.cer"];
        assert_eq!(paths(text.as_bytes()), expected);
        assert_eq!(paths(format!("\u{feff}{text}").as_bytes()), expected);
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(paths(&utf16), expected);
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_no_unicode_stays_as_it_is() {
        use std::os::unix::ffi::OsStrExt as _;
        let sources = list(b"M\xfcller.cer\n");
        let Ok(Source::Path(path)) = &sources[0] else { panic!("{sources:?}") };
        assert_eq!(path.as_os_str().as_bytes(), b"M\xfcller.cer");
    }

    #[test]
    fn what_is_wrong_with_a_line_is_told_with_its_number_and_stops_nothing() {
        let mut text = b"a.cer\n-\nb\0c\nCert:\\Nowhere\n".to_vec();
        text.extend(vec![b'x'; 300_000]);
        text.extend(b"\nlast.cer\n");
        let sources = list(&text);
        let lines: Vec<_> =
            sources.iter().filter_map(|source| source.as_ref().err()).map(|fault| fault.fault.position).collect();
        assert_eq!(lines, [Position::Line(2), Position::Line(3), Position::Line(4), Position::Line(5)]);
        assert_eq!(sources.len(), 6);
        assert_eq!(sources[5], Ok(Source::Path("last.cer".into())));
    }

    proptest! {
        #[test]
        fn any_list_comes_to_an_end(bytes: Vec<u8>) {
            let _ = list(&bytes);
        }
    }
}
