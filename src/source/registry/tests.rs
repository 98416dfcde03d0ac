use super::*;
use crate::source::contents::Kind;
use crate::source::store_properties::tests::{element, utf16};
use crate::source::testing::certificate;

const DER: [u8; 5] = [0x30, 3, 1, 2, 3];

/// Of a file in any encoding.
fn read(file: &[u8]) -> Contents {
    super::read(&text::normalise(file))
}

fn is_registry_export(file: &[u8]) -> bool {
    super::is_registry_export(&text::normalise(file))
}

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
        assert_eq!((place.location.as_deref(), &*place.name), (Some(location), store));
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
        utf16_file(&format!("\r\n{text}"))[2..].to_vec(),
        [vec![0xfe, 0xff], text.encode_utf16().flat_map(u16::to_be_bytes).collect()].concat(),
        text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        text.replace("\r\n", "\n").replace("hex:", "hex(3):").into_bytes(),
        ansi.replace("\r\n", "\r").into_bytes(),
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

const STORE: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\SystemCertificates\ROOT\Certificates";

/// Three entries of one store, and the line at which the one in the middle begins.
fn three_entries() -> (String, usize) {
    let names: Vec<_> = (0..3).map(|number| thumbprint(&certificate(number))).collect();
    let blob = |number: usize| [element(11, &utf16("A")), element(32, &certificate(number))].concat();
    let entries: Vec<_> = (0..3).map(|number| (STORE, names[number].as_str(), blob(number))).collect();
    let text = export(&entries);
    let line = text.lines().position(|line| line.contains(&names[1])).unwrap() + 1;
    (text, line)
}

fn ders(contents: &Contents) -> Vec<Vec<u8>> {
    contents.found.iter().map(|found| found.der.clone()).collect()
}

#[test]
fn one_damaged_character_loses_no_certificate_silently() {
    let (good, line) = three_entries();
    let all: Vec<_> = (0..3).map(certificate).collect();
    assert_eq!((ders(&read(good.as_bytes())), read(good.as_bytes()).faults), (all.clone(), vec![]));
    let start = good.split_inclusive('\n').take(line - 1).map(str::len).sum::<usize>();
    // The key, the value's name and type, and the first two lines of bytes; then the end of the bytes.
    let ends = [start..start + 420, good.rfind("\r\n\r\n[").unwrap() - 90..good.rfind("\r\n\r\n[").unwrap() + 4];
    for at in ends.into_iter().flatten() {
        for other in "x \0-;\"[]{\\0g,.:=@<\r\n\u{fffd}".chars() {
            let damaged = format!("{}{other}{}", &good[..at], &good[at + 1..]);
            let contents = read(damaged.as_bytes());
            // A damaged store or certificate is for others to notice.
            let is_read = contents.found.len() == 3;
            assert!(is_read || !contents.faults.is_empty(), "byte {at}, {other:?}: {}", &good[at - 10..at + 10]);
            assert!(contents.faults.len() <= 3, "byte {at}, {other:?}: {:?}", contents.faults);
        }
    }
}

#[test]
fn a_certificate_is_read_wherever_it_stands_and_reported_there() {
    let (good, line) = three_entries();
    let lines: Vec<&str> = good.lines().collect();
    let value = lines[line].to_owned();
    let with = |number: usize, changed: &str| {
        let mut lines = lines.clone();
        lines[number] = changed;
        read(lines.join("\r\n").as_bytes())
    };
    let key = lines[line - 1];
    let all: Vec<_> = (0..3).map(certificate).collect();
    let cases = [
        (line - 1, key.replace("SystemCertificates", "SystemCartificates"), "no entry of a store", line + 1),
        (line - 1, key.replace("Certificates\\", "Certificates"), "no entry of a store", line + 1),
        (line - 1, key.replace("[HKEY", "[-KEY"), "no entry of a store", line + 1),
        (line, value.replace("Blob", "Clob"), "another name (\"Clob\")", line + 1),
        (line, value.replace("\"Blob\"", "@"), "another name (\"@\")", line + 1),
        (line, value.replace('=', "<"), "what it holds was read", line + 1),
        (line, value.replacen('"', "'", 1), "what it holds was read", line + 1),
        (line, value.replace("Blob\"", "Blob"), "what it holds was read", line + 1),
    ];
    for (number, changed, expected, at) in cases {
        assert_ne!(lines[number], changed);
        let contents = with(number, &changed);
        assert_eq!(ders(&contents), all, "{changed}");
        let [fault] = contents.faults.as_slice() else { panic!("{changed}: {:?}", contents.faults) };
        assert!(fault.message.contains(expected), "{}", fault.message);
        assert_eq!((fault.code, fault.position), (ProblemCode::Damaged, Position::Line(at as u64)), "{changed}");
        let store = contents.found[1].properties.as_ref().and_then(|properties| properties.store.as_ref());
        assert_eq!(store.is_some(), number == line, "{changed}");
    }
}

#[test]
fn bytes_that_belong_to_no_value_are_reported_once() {
    let (good, line) = three_entries();
    let lines: Vec<&str> = good.lines().collect();
    for (number, changed) in [(line, "; a comment"), (line, ""), (line + 2, &lines[line + 2].replace('\\', " "))] {
        let mut damaged = lines.clone();
        damaged[number] = changed;
        let contents = read(damaged.join("\n").as_bytes());
        assert_eq!((contents.found.len(), contents.faults.len()), (2, 1), "{changed:?}: {:?}", contents.faults);
    }
}

#[test]
fn a_backslash_too_many_costs_no_other_entry() {
    let (good, line) = three_entries();
    let end = good.find(&thumbprint(&certificate(2))).unwrap() - format!("[{STORE}]\r\n\r\n[{STORE}\\\r\n").len();
    let damaged = good[..end].trim_end().to_owned() + "\\\r\n" + good[end..].trim_start();
    assert!(damaged.contains("\\\r\n[HKEY"), "{line}");
    let contents = read(damaged.as_bytes());
    assert_eq!(contents.found.len(), 3);
    assert!(contents.faults[0].message.contains("another key or value"), "{:?}", contents.faults);
}

#[test]
fn what_other_programs_keep_is_no_damage() {
    let text = export(&[])
        + "; \"Blob\"=hex:20,00,00,00\r\n"
        + "[HKEY_CURRENT_USER\\Software\\Other]\r\n"
        + "\"Text\"=\"the first line\r\n"
        + "01,02,03,04,05\r\n[no key\r\n".replace('[', "").as_str()
        + "\"Blob=hex:01,02 in a text\r\n"
        + "and \\\"the\\\" last]\"\r\n"
        + "\"A=\\\"hex:\\\"\"=dword:00000001\r\n\"-\"=-\r\n@=\"\"\r\n@=hex(7):41,00,00,00\r\n"
        + &value("Number", &[7; 300]).replace("hex:", "hex(b):")
        + &value("Blob", &[element(3, &[1; 20]), element(34, &DER)].concat());
    let contents = read(text.as_bytes());
    assert_eq!((contents.found.len(), contents.faults), (0, vec![]));
}

#[test]
fn a_flood_of_damage_takes_little_memory_and_time() {
    let head = "Windows Registry Editor Version 5.00\r\n";
    let before = std::time::Instant::now();
    for line in ["\"Blob\"<hex:0\r\n", "hexhexhex(:hex(0\r\n", "01,02\r\n\r\n", "\"\\\r\n", "]\r\n", "\"a\"=hex:\\\r\n"]
    {
        let contents = read((head.to_owned() + &line.repeat(200_000)).as_bytes());
        assert!(contents.faults.len() <= crate::source::contents::MAX_FAULTS + 1, "{line}");
    }
    let long = read((head.to_owned() + &"hex(".repeat(500_000)).as_bytes());
    assert!(long.found.is_empty());
    assert!(before.elapsed().as_secs() < 20, "{:?}", before.elapsed());
}
