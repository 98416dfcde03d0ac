//! JSON in ASCII: what is beyond it is written as `\uXXXX`, so that no console code page can damage it.

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use crate::report::model::{DocumentLine, HeaderRecord, ProblemRecord};

/// One line without spaces.
pub fn compact<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    write(value, CompactFormatter, 2048)
}

/// Indented by two spaces.
pub fn pretty<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    write(value, PrettyFormatter::with_indent(b"  "), 1024)
}

fn write<T: Serialize + ?Sized>(value: &T, formatter: impl Formatter, capacity: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(capacity);
    // Writing into memory cannot fail, and no record has a map with keys that are no strings.
    let _ = value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, formatter));
    if out.iter().fold(true, |is_plain, byte| is_plain & (*byte < 0x7f)) { out } else { escape(&out) }
}

/// With every character beyond ASCII, and DEL, escaped: in JSON such a character stands in strings alone.
fn escape(json: &[u8]) -> Vec<u8> {
    // At most six characters for each such byte.
    let mut out = Vec::with_capacity(json.len() + 5 * json.iter().filter(|byte| **byte >= 0x7f).count());
    let mut units = [0u16; 2];
    for c in String::from_utf8_lossy(json).chars() {
        match u8::try_from(c) {
            Ok(byte) if byte < 0x7f => out.push(byte),
            _ => c.encode_utf16(&mut units).iter().for_each(|unit| out.extend(format!("\\u{unit:04x}").into_bytes())),
        }
    }
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
