//! Registry exports (.reg) of certificate stores: `"Blob"=hex:…` below `…\SystemCertificates\<store>\Certificates\<thumbprint>`.

use std::borrow::Cow;
use std::fmt::Write;

use sha1::{Digest, Sha1};

use crate::source::contents::{Contents, Fault, Format, Position, ProblemCode};
use crate::source::properties::StoreName;
use crate::source::store_properties::{self, End};

/// The first lines that regedit writes: version 5 in UTF-16, and version 4 in the system's code page.
const HEADERS: [&str; 2] = ["Windows Registry Editor Version 5.00", "REGEDIT4"];

/// Whether it begins as a registry export does.
pub(crate) fn is_registry_export(bytes: &[u8]) -> bool {
    let text = decode(&bytes[..bytes.len().min(256)]);
    text.lines().map(str::trim).find(|line| !line.is_empty()).is_some_and(is_header)
}

fn is_header(line: &str) -> bool {
    HEADERS.iter().any(|header| line.eq_ignore_ascii_case(header))
}

/// Read a registry export. Keys that are no store's entries, and values that are no `Blob`, are passed over.
pub(crate) fn read(bytes: &[u8]) -> Contents {
    let text = decode(bytes);
    let mut contents = Contents::default();
    let mut entry: Option<Entry> = None;
    let mut lines = text.lines().zip(1u64..);
    while let Some((line, number)) = lines.next() {
        let line = line.trim();
        if let Some(key) = line.strip_prefix('[') {
            // A key that the file deletes ("[-HKEY…]") names no entry.
            entry = key.strip_suffix(']').and_then(Entry::parse);
            if !line.ends_with(']') {
                let fault = Fault::new(ProblemCode::Damaged, Position::Line(number), "expected a key in [brackets]");
                fault.add_to(&mut contents.faults);
            }
            continue;
        }
        let (Some(entry), Some(value)) = (&entry, blob_value(line)) else { continue };
        let (blob, fault) = hex_bytes(value, number, &mut lines);
        let mut read = entry.read(&blob, number);
        if let Some(fault) = fault {
            // What is wrong with the text is the reason for whatever is wrong with its bytes.
            read.faults = vec![fault];
        }
        contents.found.append(&mut read.found);
        read.faults.into_iter().for_each(|fault| fault.add_to(&mut contents.faults));
    }
    contents
}

/// The text, of whatever encoding: UTF-16 with or without a byte-order mark, UTF-8, or one byte a character.
fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>().into()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [b'W' | b'R', 0, b'i' | b'E', 0, ..] => utf16(bytes, u16::from_le_bytes),
        _ => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            match std::str::from_utf8(bytes) {
                Ok(text) => text.into(),
                Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into(),
            }
        }
    }
}

/// What follows `"Blob"=` on its line.
fn blob_value(line: &str) -> Option<&str> {
    let (name, value) = line.split_once('=')?;
    name.trim().eq_ignore_ascii_case("\"blob\"").then(|| value.trim_start())
}

/// The bytes of `hex:` (or `hex(3):`, the same type by number), over as many lines as end in a backslash; and what is wrong with
/// the text, up to which the bytes are good.
fn hex_bytes<'a>(
    value: &'a str,
    line: u64,
    lines: &mut impl Iterator<Item = (&'a str, u64)>,
) -> (Vec<u8>, Option<Fault>) {
    let mut bytes = Vec::new();
    let mut fault = None;
    let (mut piece, mut line) = match value.strip_prefix("hex:").or_else(|| value.strip_prefix("hex(3):")) {
        Some(digits) => (digits, line),
        None => {
            let message = "expected hex: and the bytes of a Blob, found another type of value";
            return (bytes, Some(Fault::new(ProblemCode::Damaged, Position::Line(line), message)));
        }
    };
    loop {
        let trimmed = piece.trim();
        let (digits, continues) = trimmed.strip_suffix('\\').map_or((trimmed, false), |digits| (digits, true));
        for byte in digits.split(',').map(str::trim).filter(|byte| !byte.is_empty()) {
            if fault.is_some() {
                break;
            }
            match u8::from_str_radix(byte, 16) {
                Ok(value) if byte.len() <= 2 && !byte.starts_with('+') => bytes.push(value),
                _ => {
                    let shown: String = byte.chars().take(8).flat_map(char::escape_default).collect();
                    let message = format!("expected two hexadecimal digits, found \"{shown}\"");
                    fault = Some(Fault::new(ProblemCode::Damaged, Position::Line(line), message));
                }
            }
        }
        if !continues {
            return (bytes, fault);
        }
        match lines.next() {
            Some(next) => (piece, line) = next,
            None => {
                let message = "expected the rest of a Blob, found the end of the file";
                let truncated = || Fault::new(ProblemCode::Truncated, Position::Line(line), message);
                return (bytes, fault.or_else(|| Some(truncated())));
            }
        }
    }
}

/// The key of one entry of a store.
struct Entry {
    store: StoreName,
    /// Its last component: the thumbprint, if all is well.
    name: String,
}

impl Entry {
    /// `…\SystemCertificates\<store>\Certificates\<thumbprint>` and its like for CRLs.
    fn parse(key: &str) -> Option<Self> {
        let parts: Vec<&str> = key.split('\\').collect();
        let is = |part: &str, names: &[&str]| names.iter().any(|name| part.eq_ignore_ascii_case(name));
        let at = parts.iter().position(|part| is(part, &["SystemCertificates", "EnterpriseCertificates"]))?;
        let [store, kind, name] = parts.get(at + 1..)? else { return None };
        if !is(kind, &["Certificates", "CRLs"]) || key.starts_with('-') {
            return None;
        }
        let store = StoreName { location: location(&parts[..=at]), name: (*store).to_owned() };
        Some(Self { store, name: (*name).to_owned() })
    }

    /// The certificate or CRL in its Blob, whose name must be its SHA-1.
    fn read(&self, blob: &[u8], line: u64) -> Contents {
        let position = Position::Line(line);
        let mut contents = store_properties::read(blob, 0, End::Bytes, Format::RegistryExport, |_| position);
        for found in &mut contents.found {
            let properties = found.properties.get_or_insert_default();
            properties.store = Some(self.store.clone());
            let thumbprint = Sha1::digest(&found.der).iter().fold(String::new(), |mut text, byte| {
                let _ = write!(text, "{byte:02X}");
                text
            });
            if !thumbprint.eq_ignore_ascii_case(&self.name) {
                let name: String = self.name.chars().take(64).flat_map(char::escape_default).collect();
                let message = format!(
                    "the entry is named {name}, and what it holds has the thumbprint {thumbprint}: Windows passes over such \
                     an entry, so export the certificate itself, or restore the store"
                );
                properties.stored_under = Some(name.to_ascii_uppercase());
                contents.faults.push(Fault::new(ProblemCode::Damaged, position, message));
            }
        }
        contents
    }
}

/// The location by the names of CERT_SYSTEM_STORE_… (Microsoft: "System Store Locations"); of hives that were loaded elsewhere the root key
/// is all that is known.
fn location(path: &[&str]) -> Option<String> {
    let has = |name: &str| path.iter().any(|part| part.eq_ignore_ascii_case(name));
    let root = path.first()?;
    let is = |names: [&str; 2]| names.iter().any(|name| root.eq_ignore_ascii_case(name));
    let base = if is(["HKEY_LOCAL_MACHINE", "HKLM"]) {
        "LocalMachine".to_owned()
    } else if is(["HKEY_CURRENT_USER", "HKCU"]) {
        "CurrentUser".to_owned()
    } else if is(["HKEY_USERS", "HKU"]) {
        format!("Users\\{}", path.get(1)?)
    } else {
        return None;
    };
    if has("EnterpriseCertificates") {
        Some(base + "Enterprise")
    } else if has("Policies") {
        Some(base + "GroupPolicy")
    } else if let Some(at) = path.iter().position(|part| part.eq_ignore_ascii_case("Services")) {
        // HKLM\Software\Microsoft\Cryptography\Services\<service>\SystemCertificates
        Some(format!("Services\\{}", path.get(at + 1)?))
    } else {
        Some(base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::contents::Kind;
    use crate::source::store_properties::tests::{element, utf16};

    const DER: [u8; 5] = [0x30, 3, 1, 2, 3];

    fn thumbprint(der: &[u8]) -> String {
        Sha1::digest(der).iter().map(|byte| format!("{byte:02X}")).collect()
    }

    /// A value as regedit writes it: lines of at most 80 characters.
    fn value(name: &str, blob: &[u8]) -> String {
        let mut text = format!("\"{name}\"=hex:");
        for (at, byte) in blob.iter().enumerate() {
            text += &format!("{byte:02x}{}", if at + 1 < blob.len() { "," } else { "" });
            if at % 22 == 21 && at + 1 < blob.len() {
                text += "\\\r\n  ";
            }
        }
        text + "\r\n"
    }

    fn export(entries: &[(&str, &str, Vec<u8>)]) -> String {
        let mut text = "Windows Registry Editor Version 5.00\r\n\r\n".to_owned();
        for (parent, name, blob) in entries {
            text += &format!("[{parent}]\r\n\r\n[{parent}\\{name}]\r\n{}\r\n", value("Blob", blob));
        }
        text
    }

    fn utf16_file(text: &str) -> Vec<u8> {
        [vec![0xff, 0xfe], text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat()
    }

    #[test]
    fn stores_are_told_apart_by_their_keys() {
        let blob = || [element(3, &[1; 20]), element(11, &utf16("A")), element(32, &DER)].concat();
        let name = thumbprint(&DER);
        let places = [
            (r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\SystemCertificates\MY\Certificates", "LocalMachine", "MY"),
            (r"HKEY_CURRENT_USER\Software\Microsoft\SystemCertificates\Root\Certificates", "CurrentUser", "Root"),
            (
                r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\SystemCertificates\CA\Certificates",
                "LocalMachineGroupPolicy",
                "CA",
            ),
            (
                r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\EnterpriseCertificates\NTAuth\Certificates",
                "LocalMachineEnterprise",
                "NTAuth",
            ),
            (
                r"HKEY_LOCAL_MACHINE\Software\Microsoft\Cryptography\Services\NTDS\SystemCertificates\My\Certificates",
                r"Services\NTDS",
                "My",
            ),
            (r"HKEY_USERS\S-1-5-18\Software\Microsoft\SystemCertificates\My\Certificates", r"Users\S-1-5-18", "My"),
        ];
        let entries: Vec<_> = places.iter().map(|(key, ..)| (*key, name.as_str(), blob())).collect();
        let bytes = utf16_file(&export(&entries));
        assert!(is_registry_export(&bytes));
        let contents = read(&bytes);
        assert_eq!(contents.faults, []);
        assert_eq!(contents.found.len(), places.len());
        for (found, (_, location, store)) in contents.found.iter().zip(places) {
            let properties = found.properties.as_ref().unwrap();
            let place = properties.store.as_ref().unwrap();
            assert_eq!((place.location.as_deref(), place.name.as_str()), (Some(location), store));
            assert_eq!(properties.friendly_name.as_deref(), Some("A"));
            assert_eq!((&properties.stored_under, found.der.as_slice()), (&None, DER.as_slice()));
        }
    }

    #[test]
    fn every_encoding_of_the_text_is_read() {
        let key = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\SystemCertificates\CA\CRLs";
        let text = export(&[(key, &thumbprint(&DER), element(33, &DER))]);
        let ansi = text.replace("Windows Registry Editor Version 5.00", "REGEDIT4");
        let umlaut = [ansi.as_bytes(), b"[HKEY_LOCAL_MACHINE\\M\xfcller]\r\n"].concat();
        let files = [
            utf16_file(&text),
            utf16_file(&text)[2..].to_vec(),
            [vec![0xfe, 0xff], text.encode_utf16().flat_map(u16::to_be_bytes).collect()].concat(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            text.replace("\r\n", "\n").replace("hex:", "hex(3):").into_bytes(),
            ansi.into_bytes(),
            umlaut,
        ];
        for file in files {
            assert!(is_registry_export(&file));
            let contents = read(&file);
            assert_eq!((contents.found.len(), &contents.faults), (1, &vec![]), "{file:?}");
            assert_eq!(contents.found[0].kind, Kind::Crl);
        }
        assert!(!is_registry_export(b"Windows Registry Editor Version 6.00\r\n"));
        assert!(!is_registry_export(b"") && !is_registry_export(&[0xff, 0xfe, 1]));
    }

    #[test]
    fn a_key_that_does_not_name_its_certificate_is_reported_and_read_all_the_same() {
        let key = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\SystemCertificates\Root\Certificates";
        let other = thumbprint(b"other");
        let contents = read(export(&[(key, &other, element(32, &DER))]).as_bytes());
        assert_eq!(contents.found[0].properties.as_ref().unwrap().stored_under, Some(other.clone()));
        let [fault] = contents.faults.as_slice() else { panic!("{contents:?}") };
        assert_eq!((fault.code, fault.position), (ProblemCode::Damaged, Position::Line(6)));
        assert!(fault.message.contains(&other) && fault.message.contains(&thumbprint(&DER)));
    }

    #[test]
    fn one_damaged_entry_does_not_hide_the_others() {
        let key = r"HKEY_CURRENT_USER\Software\Microsoft\SystemCertificates\CA\Certificates";
        let name = thumbprint(&DER);
        let one = (key, name.as_str(), [element(3, &[1; 20]), element(32, &DER)].concat());
        let text = export(&[one.clone(), one.clone(), one.clone()]);
        let bad_digit = text.replacen("03,00", "03,0g", 1);
        let contents = read(bad_digit.as_bytes());
        assert_eq!((contents.found.len(), contents.faults.len()), (2, 1));
        assert!(contents.faults[0].message.contains("\"0g\""), "{contents:?}");
        assert_eq!(contents.faults[0].position, Position::Line(6));
        let other_type = text.replacen("hex:", "dword:", 1);
        assert_eq!(read(other_type.as_bytes()).found.len(), 2);
        let cut = &text.as_bytes()[..text.rfind("01,02").unwrap()];
        let contents = read(cut);
        assert_eq!((contents.found.len(), contents.faults[0].code), (2, ProblemCode::Truncated));
        let between_lines = &text.as_bytes()[..text.rfind("\\\r\n").unwrap() + 1];
        let contents = read(between_lines);
        assert_eq!((contents.found.len(), contents.faults.len()), (2, 1));
        assert_eq!(contents.faults[0].code, ProblemCode::Truncated);
    }

    #[test]
    fn what_is_no_entry_of_a_store_is_passed_over() {
        let text = export(&[])
            + "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\SystemCertificates\\AuthRoot\\AutoUpdate]\r\n"
            + &value("EncodedCtl", &[1, 2, 3])
            + "[-HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\SystemCertificates\\CA\\Certificates\\00]\r\n"
            + &value("Blob", &element(32, &DER))
            + "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\SystemCertificates\\My\\Keys\\00]\r\n"
            + &value("Blob", &element(2, &[0; 28]))
            + "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Other]\r\n@=\"text\"\r\n"
            + &value("Blob", &element(32, &DER));
        let contents = read(text.as_bytes());
        assert_eq!((contents.found.len(), contents.faults), (0, vec![]));
    }
}
