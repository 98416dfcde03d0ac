use std::time::{Duration, Instant};

use sha1::{Digest as _, Sha1};

use super::*;
use crate::source::contents::Kind;
use crate::source::passwords::Passwords;
use crate::source::read::read_bytes;
use crate::source::sniff::Looks;
use crate::source::store_properties::tests::element;
use crate::source::testing::{base64, certificate, certificate_block, openssl, without_passwords};

fn whole(bytes: &[u8]) -> Contents {
    read_bytes(bytes, Looks::Named, without_passwords())
}

/// What is found, in an order of its own: forms that stand side by side are read one after the other.
fn found(contents: &Contents) -> Vec<Vec<u8>> {
    let mut all: Vec<_> = contents.found.iter().map(|found| found.der.clone()).collect();
    all.sort();
    all
}

fn certificates(numbers: impl IntoIterator<Item = usize>) -> Vec<Vec<u8>> {
    let mut all: Vec<_> = numbers.into_iter().map(certificate).collect();
    all.sort();
    all
}

fn folded(bytes: &[u8]) -> String {
    base64(bytes).as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned() + "\n").collect()
}

fn store(number: usize) -> Vec<u8> {
    [&b"\0\0\0\0CERT"[..], &element(32, &certificate(number)), &[0; 12]].concat()
}

fn dump(number: usize) -> String {
    let line = |(index, line): (usize, &[u8])| {
        let pairs: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("    {:04x}  {}\n", index * 16, pairs.join(" "))
    };
    certificate(number).chunks(16).enumerate().map(line).collect()
}

fn registry_export(number: usize) -> String {
    let digits = |bytes: &[u8], between: &str| -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(between)
    };
    let thumbprint = digits(&Sha1::digest(certificate(number)), "");
    let key = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\SystemCertificates\CA\Certificates";
    let blob = digits(&element(32, &certificate(number)), ",");
    format!("Windows Registry Editor Version 5.00\r\n\r\n[{key}\\{thumbprint}]\r\n\"Blob\"=hex:{blob}\r\n")
}

/// PKCS#12 of the certificate of this number.
fn pkcs12(number: usize, password: &str) -> Option<Vec<u8>> {
    let arguments = ["pkcs12", "-export", "-nokeys", "-in", "/dev/stdin", "-passout", &format!("pass:{password}")];
    openssl(&arguments, certificate_block(number).as_bytes())
}

fn view(number: usize) -> String {
    let schema = "Schema:\n  RequestID  Issued Request ID  Long\n  RawCertificate  Binary Certificate  Binary\n\n";
    format!(
        "{schema}Row 1:\n  Issued Request ID: 0x5 (5)\n  Binary Certificate:\n{}\nMaximum Row Index: 1\n",
        certificate_block(number)
    )
}

/// Every form of the certificate of this number that is read alone.
fn forms(number: usize) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms = vec![
        ("PEM", certificate_block(number).into_bytes()),
        ("DER", certificate(number)),
        ("base64", folded(&certificate(number)).into_bytes()),
        ("base64 in one line", base64(&certificate(number)).into_bytes()),
        ("store", store(number)),
        ("base64 of a store", folded(&store(number)).into_bytes()),
        ("dump", dump(number).into_bytes()),
        ("view", view(number).into_bytes()),
    ];
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    forms.push(("PEM in UTF-16", wide(&certificate_block(number))));
    forms.push(("PEM in UTF-16 with a mark", wide(&format!("\u{feff}{}", certificate_block(number)))));
    forms.push(("view in UTF-16", wide(&view(number))));
    let row = format!("Request ID\tBinary Certificate\n{number}\t{}\n", base64(&certificate(number)));
    forms.push(("table", row.clone().into_bytes()));
    forms.push(("table in UTF-16", wide(&row)));
    forms.push(("registry export", registry_export(number).into_bytes()));
    forms.push(("registry export in UTF-16", wide(&format!("\u{feff}{}", registry_export(number)))));
    if let Some(file) = pkcs12(number, "") {
        forms.push(("base64 of PKCS#12", folded(&file).into_bytes()));
        forms.push(("base64 of PKCS#12 in one line", base64(&file).into_bytes()));
        forms.push(("PKCS#12", file));
    }
    forms
}

#[test]
fn two_forms_that_are_read_alone_are_read_or_reported_joined_in_any_order() {
    let (firsts, seconds) = (forms(0), forms(1));
    for (first_name, first) in &firsts {
        assert_eq!(found(&whole(first)), certificates([0]), "{first_name} alone");
        for (second_name, second) in &seconds {
            for between in [&b""[..], b"\n", b"\n\n", b"\n# the next one\n"] {
                let contents = whole(&[first, between, second].concat());
                let what = format!("{first_name}, {between:?}, {second_name}");
                assert!(
                    !contents.faults.is_empty() || found(&contents) == certificates([0, 1]),
                    "{what}: {} {:?}",
                    contents.found.len(),
                    contents.faults
                );
                // Beside PEM, and in base64 behind base64, nothing is left to a problem.
                let are_base64 = first_name.starts_with("base64") && second_name.starts_with("base64");
                if *first_name == "PEM" || are_base64 && between == b"\n\n" {
                    assert_eq!(contents.faults, [], "{what}");
                }
            }
        }
    }
}

#[test]
fn every_form_is_read_before_between_and_behind_blocks_with_its_line() {
    for (name, form) in forms(1) {
        for around in ["\n", "\n\n", "\nThe issuing CA follows\n", "\n\0\0\0\0\0\0\0\0"] {
            let text = [
                certificate_block(0).as_bytes(),
                around.as_bytes(),
                &form,
                around.as_bytes(),
                certificate_block(2).as_bytes(),
            ]
            .concat();
            let contents = whole(&text);
            assert_eq!(found(&contents), certificates(0..3), "{name}, {around:?}");
            assert_eq!(contents.faults, [], "{name}, {around:?}");
            let lines = certificate_block(0).lines().count() as u64;
            let second = contents.found.iter().find(|found| found.der == certificate(1)).unwrap();
            let Position::Line(line) = second.position else { panic!("{:?}", second.position) };
            assert!((lines + 1..lines + 12).contains(&line), "{name}: line {line}");
        }
    }
}

#[test]
fn what_is_joined_in_the_middle_of_a_line_is_read_or_reported() {
    let pairs: Vec<String> = dump(1).lines().map(|line| line[10..].to_owned() + "\n").collect();
    for (name, form) in [("DER", certificate(1)), ("pairs", pairs.concat().into_bytes())].into_iter().chain(forms(1)) {
        for before in [
            "sep=;\r\nsep=;\r\nsep=;\r\nsep=;\r\nsep=;\r\nsep=;\r\n3",
            "3",
            "333",
            "prose without an end",
            "333333333",
            "\u{feff}0",
            "-----",
            "PK\u{3}\u{4}\0\0\0",
        ] {
            for first in [certificate_block(0), view(0)] {
                let contents = whole(&[first.as_bytes(), before.as_bytes(), &form].concat());
                let is_told = !contents.faults.is_empty() || found(&contents) == certificates([0, 1]);
                assert!(is_told, "{name} behind {before:?}: {}", contents.found.len());
            }
        }
    }
}

#[test]
fn der_behind_base64_begins_with_a_character_of_it() {
    let lines = folded(&certificate(0)).replace('\n', "\r\n");
    for first in [lines.repeat(3), lines.trim_end().to_owned(), base64(&certificate(0))] {
        let text = [first.as_bytes(), &certificate(1), first.as_bytes()].concat();
        let contents = whole(&text);
        let are_read = certificates([0, 1]).iter().all(|one| found(&contents).contains(one));
        assert!(are_read || !contents.faults.is_empty(), "{first}");
    }
}

#[test]
fn whatever_stands_between_the_rows_of_a_table_is_read_or_reported() {
    let heading = "Request ID\tBinary Certificate\n";
    let row = |number: usize| format!("{number}\t{}\n", base64(&certificate(number)));
    for (name, form) in forms(1) {
        for around in ["", "\n", "\r\n", "\n\nprose\n", "3", "-----", "\t", "1\t"] {
            let around = around.as_bytes();
            let joined = [heading.as_bytes(), row(0).as_bytes(), around, &form, around, row(2).as_bytes()].concat();
            let contents = whole(&joined);
            let is_told =
                !contents.faults.is_empty() || certificates(0..3).iter().all(|one| found(&contents).contains(one));
            assert!(is_told, "{name} {around:?}: {}", contents.found.len());
        }
    }
}

#[test]
fn locked_pkcs12_beside_a_block_is_opened_with_the_passwords_or_reported() {
    let Some(file) = pkcs12(1, "secret") else { return };
    let passwords = Passwords::new(["secret".to_owned()]);
    let context = ReadContext { name: "x", passwords: &passwords };
    for form in [file.clone(), folded(&file).into_bytes()] {
        let text = [certificate_block(0).as_bytes(), b"\n", &form].concat();
        let contents = read_bytes(&text, Looks::Named, context);
        assert_eq!((found(&contents), contents.faults), (certificates([0, 1]), vec![]));
        let locked = whole(&text);
        assert_eq!(locked.faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), [ProblemCode::Password]);
        assert_eq!(locked.faults[0].position, Position::Line(certificate_block(0).lines().count() as u64 + 2));
    }
}

#[test]
fn base64_among_other_text_is_read_where_it_begins_as_what_is_read() {
    let one = base64(&certificate(1));
    let lines = folded(&certificate(1));
    for text in [
        format!("{{\"x5c\":[\"{one}\"]}}"),
        format!("{{\"x5c\":[\"{}\"]}}", lines.replace('\n', "\\n")),
        format!("<X509Certificate>{one}</X509Certificate>"),
        format!("<X509Certificate>{}</X509Certificate>", lines.trim_end()),
        format!("dn: CN=x\ncACertificate;binary:: {}", lines.replace('\n', "\n ")),
        format!("  data: {one}\n  more: text"),
        format!("Name,Certificate\nA,{one}\n"),
        format!("first\nthe certificate\n{lines}\nlast"),
    ] {
        let text = format!("{}{text}\n{}", certificate_block(0), certificate_block(2));
        let contents = whole(text.as_bytes());
        assert_eq!((found(&contents), contents.faults), (certificates(0..3), vec![]), "{text}");
    }
}

#[test]
fn a_registry_export_makes_no_damage_of_the_text_behind_it() {
    let prose = "    friendlyName: VPN [old]\n[1] see there\nlist: 30,82,01\n20,00\n";
    for end in ["\n", "\r\n"] {
        let export = registry_export(1).replace("\r\n", end);
        let text = format!("{}{export}{prose}{}", certificate_block(0), certificate_block(2));
        let contents = whole(text.as_bytes());
        assert_eq!((found(&contents), contents.faults), (certificates(0..3), vec![]));
    }
}

#[test]
fn base64_behind_digits_is_read_before_other_base64_from_which_padding_parts_it() {
    let one = base64(&certificate(0));
    let unpadded = one.trim_end_matches('=');
    for first in [format!("3{unpadded}=\n"), format!("3{unpadded}sep=;\r\n")] {
        for second in [folded(&certificate(1)), base64(&certificate(1))] {
            let contents = whole(format!("A note\n{first}{second}").as_bytes());
            assert_eq!(found(&contents), certificates([0, 1]), "{first}{second}");
        }
    }
}

#[test]
fn base64_behind_words_that_are_base64_by_chance_is_read_with_its_line() {
    for (word, count) in [("word", 17), ("ADMIN", 13), ("MIMI", 40)] {
        let text = format!("{}{}", format!("{word}\n").repeat(count), folded(&certificate(0)));
        for (text, newline) in
            [(text.clone(), "LF"), (text.replace('\n', "\r\n"), "CRLF"), (text.replace('\n', "\r"), "CR")]
        {
            let contents = whole(text.as_bytes());
            assert_eq!((found(&contents), contents.faults), (certificates([0]), vec![]), "{word} {newline}");
            assert_eq!(contents.found[0].position, Position::Line(count as u64 + 1), "{word} {newline}");
        }
    }
}

#[test]
fn base64_of_pem_is_read_as_mails_have_it_one_level_deep() {
    let attached = |text: &str| {
        format!(
            "Content-Type: text/plain\n\nThe root:\n{}\n--x\nContent-Transfer-Encoding: base64\n\n{}\n--x--\n",
            certificate_block(0),
            folded(text.as_bytes())
        )
    };
    let noted = format!("subject=CN = b\n{}", certificate_block(1));
    for text in [certificate_block(1), noted, format!("{}{}", certificate_block(1), folded(&certificate(2)))] {
        let contents = whole(attached(&text).as_bytes());
        let expected = if text.contains(&folded(&certificate(2))) { 3 } else { 2 };
        assert_eq!((found(&contents), contents.faults), (certificates(0..expected), vec![]));
    }
    let twice = format!("{}{}", certificate_block(1), folded(certificate_block(2).as_bytes()));
    assert_eq!(found(&whole(attached(&twice).as_bytes())), certificates([0, 1]));
    let damaged = certificate_block(1).replacen("MII", "M!I", 1);
    assert_eq!(whole(attached(&damaged).as_bytes()).faults.len(), 1);
}

#[test]
fn der_as_quoted_printable_text_is_reported_with_what_to_do() {
    let quoted: Vec<String> = certificate(1)
        .iter()
        .map(|byte| match byte {
            b'!'..=b'<' | b'>'..=b'~' => char::from(*byte).to_string(),
            byte => format!("={byte:02X}"),
        })
        .collect();
    let lines: Vec<String> = quoted.chunks(24).map(|line| line.concat()).collect();
    let head = format!("{}Content-Transfer-Encoding: quoted-printable\n\n", certificate_block(0));
    let contents = whole(format!("{head}{}\n", lines.join("=\n")).as_bytes());
    assert_eq!(found(&contents), certificates([0]));
    let [fault] = contents.faults.as_slice() else { panic!("{:?}", contents.faults) };
    assert_eq!(
        (fault.code, fault.position),
        (ProblemCode::Unsupported, Position::Line(head.lines().count() as u64 + 1))
    );
}

#[test]
fn what_is_damaged_beside_a_block_is_reported() {
    let cut = &certificate(1)[..200];
    let mut wrong = certificate(1);
    wrong[0] = 0x31;
    for part in [
        cut.to_vec(),
        folded(cut).into_bytes(),
        folded(&certificate(1)).replacen("\n", "!\n", 2).into_bytes(),
        [certificate(2), wrong].concat(),
        store(1)[..100].to_vec(),
    ] {
        for around in ["\n", "\n# next\n"] {
            let contents = whole(&[certificate_block(0).as_bytes(), around.as_bytes(), &part].concat());
            assert!(!contents.faults.is_empty(), "{:?}", String::from_utf8_lossy(&part));
        }
    }
}

#[test]
fn a_text_about_certificates_gives_nothing_beside_its_block() {
    let request = folded(&[&[0x30, 0x82, 1, 2, 0x30, 0x81, 200, 2, 1, 0, 0x30, 0][..], &[7; 250]].concat());
    let text = format!(
        "MIIC are the first letters of most certificates, and LS0tLS1CRUdJTi those of base64 of PEM.\n\nRegards\n\n{request}\n\
         {}\nFingerprints\nAAAAAENFUlQ\n{}\n0000  30 82 01 0a 02 82 01 01 00 c8 3d 2b 05 a5 0f 6c\n",
        certificate_block(0),
        "word ".repeat(100)
    );
    let contents = whole(text.as_bytes());
    assert_eq!((found(&contents), contents.faults), (certificates([0]), vec![]));
}

#[test]
fn hostile_text_beside_a_block_is_searched_in_linear_time() {
    // The head of PKCS#7 of indefinite length in each line, and all lines one element behind the other.
    let nested = [b"\n\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\x0a\x10".as_slice()].concat().repeat(60_000);
    let many = [b"\n".as_slice(), &[0x30, 0x80, 0x30, 0x80, 0xa0, 3, 2, 1, 2]].concat().repeat(100_000);
    for text in [
        nested,
        many,
        b"MIIB=".repeat(200_000),
        b"MIIB,".repeat(200_000),
        b"MA==\n".repeat(200_000),
        b"\0\0\0\0CERT".repeat(100_000),
        b"\n\0".repeat(500_000),
        [&b"a\0".repeat(63)[..], b"b"].concat().repeat(8_000),
        [&b"a\0".repeat(65)[..], b"b"].concat().repeat(8_000),
        b"MI".repeat(MOST / 2),
        b"MI, ".repeat(MOST / 4),
        b"0MI\n".repeat(MOST / 4),
        b"0000 30 8".repeat(100_000),
        b"0000  30 82 01 02 30 82\n".repeat(40_000),
        b"x\x30\x82\x00\x20\x30\x82\x00\x10".repeat(100_000),
        folded(b"-----BEGIN CERTIFICATE-----").repeat(20_000).into_bytes(),
        vec![0; MOST],
        b"A".repeat(MOST),
    ] {
        let text = &text[..text.len().min(MOST)];
        let began = Instant::now();
        let mut contents = Contents::default();
        let place = Place::new(1, b'\n', without_passwords());
        read(text, &place, &mut contents);
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}: {:?}", &text[..16], began.elapsed());
        assert!(contents.found.iter().all(|found| found.kind != Kind::PrivateKey || found.der.is_empty()));
    }
}
