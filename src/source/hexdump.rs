//! Hexadecimal dumps, as certutil -dump, -encodehex, xxd and hexdump print them, and the encoded objects in them.

use crate::source::contents::{Contents, Format, Kind, Position};
use crate::source::lines::newline;
use crate::source::notes::Note;
use crate::source::objects::{self, Expected};
use crate::source::shape::is_object;

/// Bytes that one run of lines shows.
#[derive(Debug, Default)]
struct Run {
    bytes: Vec<u8>,
    line: u64,
    /// Whether its lines begin with addresses.
    addressed: bool,
    /// Where its lines stand in the text.
    start: usize,
    end: usize,
}

/// The runs of a text, each at least as long as the shortest header.
fn runs(text: &[u8]) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut run = Run::default();
    let mut next = 0;
    for (index, line) in lines(text).enumerate() {
        let start = next;
        next = (start + line.len() + 1).min(text.len());
        let before = run.bytes.len();
        let address = dump_line(line, &mut run.bytes);
        let follows = match address {
            Some(Some(address)) => run.addressed && before > 0 && address == before as u64,
            Some(None) => !run.addressed && before > 0,
            None => false,
        };
        if !follows {
            let mut bytes = run.bytes.split_off(before);
            keep(std::mem::take(&mut run), &mut runs);
            // What does not begin where dumps do may have something before it.
            let begins = matches!(address, Some(None | Some(0))) && matches!(*bytes, [0x30, 0x80..=0x84, ..]);
            let mut shown = Vec::new();
            let behind = if begins { None } else { beginnings(line).find_map(|rest| dump_line(rest, &mut shown)) };
            if behind.is_some() {
                bytes = shown;
            }
            let Some(address) = behind.or(address) else { continue };
            run = Run { bytes, line: index as u64 + 1, addressed: address.is_some(), start, end: start };
        }
        run.end = next;
    }
    keep(run, &mut runs);
    runs
}

/// The lines of a text, however they end.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let newline = newline(text);
    text.split(move |byte| *byte == newline)
}

/// What may be the first line of a dump, behind something that was joined without a line end: pairs, or an address of 0.
fn beginnings(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    /// More are looked at in no line.
    const MOST: usize = 8;
    let at = memchr::memmem::find_iter(line, b"30 8").chain(memchr::memmem::find_iter(line, b"0000"));
    at.map(|at| &line[at..]).take(MOST)
}

fn keep(run: Run, runs: &mut Vec<Run>) {
    if run.bytes.len() >= 16 {
        runs.push(run);
    }
}

/// Appends the bytes that a line shows; the address that it begins with, if it does. `None` where it is no line of a dump.
fn dump_line(line: &[u8], bytes: &mut Vec<u8>) -> Option<Option<u64>> {
    let line = line.trim_ascii();
    let first = line.split(|byte| matches!(byte, b' ' | b'\t')).next().filter(|token| !token.is_empty())?;
    let (address, mut rest) = match address(first, &line[first.len()..]) {
        Some(address) => (Some(address), line[first.len()..].trim_ascii_start()),
        None => (None, line),
    };
    let before = bytes.len();
    let limit = if address.is_some() { 16 } else { usize::MAX };
    while bytes.len() - before < limit {
        let token = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let ends = rest.get(token).is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'-'));
        if token == 0 || token % 2 == 1 || !ends || (address.is_some() && token > 8) {
            break;
        }
        for pair in rest[..token].chunks_exact(2) {
            bytes.push(digit(pair[0]) << 4 | digit(pair[1]));
        }
        let after = &rest[token..];
        let gap = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'-')).count();
        rest = &after[gap..];
        if gap > 2 {
            break;
        }
    }
    let count = bytes.len() - before;
    // Without an address, nothing but hexadecimal makes a dump.
    if count == 0 || (address.is_none() && !rest.is_empty()) {
        bytes.truncate(before);
        return None;
    }
    Some(address)
}

/// Four or more hexadecimal digits that a colon, a tab or two spaces follow.
fn address(token: &[u8], after: &[u8]) -> Option<u64> {
    let digits = token.strip_suffix(b":").unwrap_or(token);
    let is_apart = digits.len() < token.len() || after.starts_with(b"  ") || after.starts_with(b"\t");
    if !is_apart || !(4..=12).contains(&digits.len()) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        _ => byte.saturating_sub(b'A') + 10,
    }
}

/// Whether a text that begins with `head` shows a certificate, a CRL or PKCS#7.
pub(crate) fn is_dump(head: &[u8]) -> bool {
    // The SEQUENCE that each of them is.
    memchr::memmem::find_iter(head, b"30")
        .any(|at| matches!(head.get(at + 2..at + 5), Some([b' ', b'8', _] | [b'8', _, _])))
        && runs(head).iter().any(|run| is_object(&run.bytes))
}

/// Reads the objects that a text shows whose first line has the number `first_line`. Dumps also show parts of certificates (keys, signatures): those are none.
pub(crate) fn read(text: &[u8], first_line: u64) -> Contents {
    let mut contents = Contents::default();
    let objects: Vec<Run> = runs(text).into_iter().filter(|run| is_object(&run.bytes)).collect();
    for (index, run) in objects.iter().enumerate() {
        let position = Position::Line(first_line - 1 + run.line);
        let mut read = objects::read(&run.bytes, Expected::Anything, Format::Der, |_| position);
        // certutil prints the properties of a store entry behind its certificate.
        let stop = objects.get(index + 1).map_or(text.len(), |next| next.start);
        if let Some(behind) = text.get(run.end..stop) {
            let note = Note::read(section(behind));
            read.found.iter_mut().filter(|found| found.kind == Kind::Certificate).for_each(|found| note.apply(found));
        }
        contents.append(read);
    }
    contents
}

/// The line in which a dump goes on whose beginning is missing, or spoiled by what stands before it.
pub(crate) fn headless(text: &[u8]) -> Option<u64> {
    /// Fewer lines that count on can be anything.
    const LINES: u64 = 4;
    let (mut expected, mut line, mut count) = (None, 0, 0);
    let mut bytes = Vec::new();
    for (index, text) in lines(text).enumerate() {
        bytes.clear();
        let may_be_address = text.trim_ascii_start().first().is_some_and(u8::is_ascii_hexdigit);
        let address = if may_be_address { dump_line(text, &mut bytes).flatten() } else { None };
        if address.is_none() || address != expected {
            // One that begins where dumps do is whole.
            (line, count) = (index as u64 + 1, if address.is_some_and(|address| address > 0) { 0 } else { u64::MAX });
        }
        count = count.saturating_add(1);
        if count == LINES {
            return Some(line);
        }
        expected = address.and_then(|address| address.checked_add(bytes.len() as u64));
    }
    None
}

/// The text up to the next entry of a dump.
fn section(text: &[u8]) -> &[u8] {
    &text[..memchr::memmem::find(text, b"================").unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn certificate() -> Vec<u8> {
        rcgen::generate_simple_self_signed(vec!["a.example".into()]).unwrap().cert.der().to_vec()
    }

    /// As certutil -encodehex writes it.
    fn addressed(der: &[u8], indent: &str) -> String {
        let mut text = String::new();
        for (index, line) in der.chunks(16).enumerate() {
            let pairs: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
            let (left, right) = pairs.split_at(pairs.len().min(8));
            let shown: String =
                line.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect();
            let hex = format!("{}  {}", left.join(" "), right.join(" "));
            text += &format!("{indent}{:04x}  {hex:<48}   {shown}\r\n", index * 16);
        }
        text
    }

    #[test]
    fn a_dump_whose_beginning_is_missing_is_told_from_a_whole_one() {
        let dump = addressed(&certificate(), "  ");
        assert_eq!(headless(format!("prose\r\n{dump}").as_bytes()), None);
        let (first, rest) = dump.split_once('\n').unwrap();
        assert_eq!(headless(rest.as_bytes()), Some(1));
        assert_eq!(headless(format!("prose\r\nand more {first}\n{rest}").as_bytes()), Some(3));
        assert_eq!(headless(rest.lines().take(3).collect::<Vec<_>>().join("\n").as_bytes()), None);
    }

    #[test]
    fn a_dump_with_addresses_and_characters_is_read() {
        let der = certificate();
        let text = format!(
            "X509 Certificate:\r\n{}\r\nCertUtil: -dump command completed successfully.\r\n",
            addressed(&der, "    ")
        );
        assert!(is_dump(text.as_bytes()));
        let contents = read(text.as_bytes(), 1);
        assert!(contents.faults.is_empty(), "{:?}", contents.faults);
        assert_eq!(contents.found[0].der, der);
        assert_eq!(contents.found[0].position, Position::Line(2));
        assert_eq!(read(text.replace("\r\n", "\r").as_bytes(), 1).found, contents.found);
    }

    #[test]
    fn dumps_of_pairs_and_of_digits_alone_are_read() {
        let der = certificate();
        let pairs: Vec<String> =
            der.chunks(16).map(|line| line.iter().map(|byte| format!("{byte:02X} ")).collect::<String>()).collect();
        let digits: Vec<String> =
            der.chunks(30).map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect::<String>()).collect();
        for text in [pairs.join("\n"), digits.join("\n"), digits.concat()] {
            assert!(is_dump(text.as_bytes()));
            assert_eq!(read(text.as_bytes(), 1).found[0].der, der);
        }
    }

    #[test]
    fn two_entries_keep_their_own_providers() {
        let (first, second) = (certificate(), certificate());
        let text = format!(
            "================ Certificate 0 ================\n{}    Provider = Microsoft Software Key Storage Provider\n\
             ================ Certificate 1 ================\n{}    Provider = Microsoft Strong Cryptographic Provider\n",
            addressed(&first, "  "),
            addressed(&second, "  ")
        );
        let contents = read(text.as_bytes(), 1);
        let names: Vec<_> = contents
            .found
            .iter()
            .map(|found| found.properties.as_ref().unwrap().key_provider.as_ref().unwrap().name.as_deref().unwrap())
            .collect();
        assert_eq!(names, ["Microsoft Software Key Storage Provider", "Microsoft Strong Cryptographic Provider"]);
    }

    #[test]
    fn a_dump_of_a_key_is_no_certificate() {
        assert!(!is_dump(b"Public Key: UnusedBits = 0\n    0000  30 82 01 0a 02 82 01 01  00 c8 3d 2b 05 a5 0f 6c\n"));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text: Vec<u8>) {
            let _ = (is_dump(&text), read(&text, 1));
        }

        #[test]
        fn any_dump_like_text_is_read(text in "([0-9a-f]{4}  ([0-9a-f]{2} ){0,17} ?[ -~]{0,6}\r?\n){0,20}") {
            let _ = (is_dump(text.as_bytes()), read(text.as_bytes(), 1));
        }
    }
}
