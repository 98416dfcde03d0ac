//! JSON in ASCII: what is beyond it is written as `\uXXXX`, so that no console code page can damage it.

use std::io;

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, PrettyFormatter};

use crate::report::model::{DocumentLine, HeaderRecord, ProblemRecord};

/// Wraps a formatter so that every character beyond ASCII, and DEL, is escaped.
struct Ascii<F>(F);

macro_rules! delegate {
    ($($name:ident($($argument:ident: $kind:ty),*);)+) => {
        $(fn $name<W: ?Sized + io::Write>(&mut self, writer: &mut W, $($argument: $kind),*) -> io::Result<()> {
            self.0.$name(writer, $($argument),*)
        })+
    };
}

impl<F: Formatter> Formatter for Ascii<F> {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        // One pass without a way out, which the processor does many bytes at once.
        if fragment.bytes().fold(true, |plain, byte| plain & (byte < 0x7f)) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut units = [0u16; 2];
        for c in fragment.chars() {
            if c.is_ascii() && c != '\x7f' {
                writer.write_all(&[c as u8])?;
            } else {
                for unit in c.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }

    delegate! {
        write_char_escape(escape: CharEscape);
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        end_object_key();
        begin_object_value();
        end_object_value();
    }
}

/// One line without spaces.
pub fn compact<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut out = Vec::with_capacity(2048);
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Ascii(CompactFormatter));
    // Writing into memory cannot fail, and no record has a map with keys that are no strings.
    let _ = value.serialize(&mut serializer);
    out
}

/// Indented by two spaces.
pub fn pretty<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    let formatter = Ascii(PrettyFormatter::with_indent(b"  "));
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    let _ = value.serialize(&mut serializer);
    out
}

/// A record and a line end.
pub fn line<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut out = compact(value);
    out.push(b'\n');
    out
}

/// A document as ndjson that is not written piece by piece: a header, its problems, and last all of it.
pub fn lines<T: Serialize>(header: &HeaderRecord, problems: &[ProblemRecord], document: &T) -> Vec<u8> {
    let mut out = line(&DocumentLine::<T>::Header(header));
    out.extend(problems.iter().flat_map(|problem| line(&DocumentLine::<T>::Problem(problem))));
    out.extend(line(&DocumentLine::Summary(document)));
    out
}

/// A whole document and a line end.
pub fn document<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut out = pretty(value);
    out.push(b'\n');
    out
}

/// The start of a document whose list `list` is written element by element: its schema, some fields, and the list's opening.
pub fn open(schema: &str, fields: &[(&str, &dyn erased::Serialize)], list: &str) -> Vec<u8> {
    let mut out = b"{\n  \"schema\": ".to_vec();
    out.extend(compact(schema));
    for (name, value) in fields {
        field(&mut out, name, *value);
    }
    out.extend(format!(",\n  \"{list}\": [\n").into_bytes());
    out
}

/// An element of such a list; what stands between two is the caller's.
pub fn element<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    compact(value)
}

/// The end of that list, further fields, and the end of the document.
pub fn close(fields: &[(&str, &dyn erased::Serialize)]) -> Vec<u8> {
    let mut out = b"\n  ]".to_vec();
    for (name, value) in fields {
        field(&mut out, name, *value);
    }
    out.extend(b"\n}\n");
    out
}

/// A field; none where there is no value.
fn field(out: &mut Vec<u8>, name: &str, value: &dyn erased::Serialize) {
    let value = value.compact();
    if value != b"null" {
        out.extend(format!(",\n  \"{name}\": ").into_bytes());
        out.extend(value);
    }
}

/// Values of any serializable type behind one reference.
mod erased {
    /// What can be written as JSON.
    pub trait Serialize {
        /// One line without spaces.
        fn compact(&self) -> Vec<u8>;
    }

    impl<T: serde::Serialize> Serialize for T {
        fn compact(&self) -> Vec<u8> {
            super::compact(self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_ascii_and_reads_back_the_same() {
        let text = "Zürich \u{1f512} \u{202e}\u{7f}\u{0}\"\\/\n";
        for bytes in [compact(text), pretty(text)] {
            assert!(bytes.is_ascii() && !bytes.contains(&0x7f));
            assert_eq!(serde_json::from_slice::<String>(&bytes).unwrap(), text);
        }
    }
}
