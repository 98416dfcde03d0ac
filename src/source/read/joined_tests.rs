//! Files that were joined, and texts with damage in them: whatever stands beside what is read first is read too, or reported.

use super::*;
use crate::source::contents::Kind;
use crate::source::testing::{
    base64, block, certificate, certificate_block, openssl, pkcs7_and_pkcs12, utf16, without_passwords,
};

fn found(contents: &Contents) -> Vec<Vec<u8>> {
    contents.found.iter().map(|found| found.der.clone()).collect()
}

fn whole(bytes: &[u8], looks: Looks) -> Contents {
    read_bytes(bytes, looks, without_passwords())
}

/// As it comes from a pipe.
fn piped(bytes: &[u8], looks: Looks) -> Contents {
    let mut contents = Contents::default();
    match open_stream(Box::new(Cursor::new(bytes.to_vec())), None, looks, without_passwords()).unwrap() {
        Opened::Whole(all) => contents.append(all),
        Opened::Batches(batches) => batches.for_each(|batch| contents.append(batch.read(without_passwords()))),
        Opened::Later => unreachable!("nobody limits the room"),
    }
    contents
}

fn two() -> [Vec<u8>; 2] {
    [certificate(0), certificate(1)]
}

#[test]
fn text_of_another_encoding_behind_a_text_is_read_too() {
    let (first, second) = (certificate_block(0), certificate_block(1));
    let wide = |text: &str, big_endian, marked: bool| utf16(text, big_endian)[if marked { 0 } else { 2 }..].to_vec();
    let narrow = |text: &str| text.as_bytes().to_vec();
    let mut joined = Vec::new();
    for big_endian in [false, true] {
        for marked in [false, true] {
            joined.push([narrow(&first), wide(&second, big_endian, marked)].concat());
            joined.push([narrow(&format!("\u{feff}{first}")), wide(&second, big_endian, marked)].concat());
            joined.push([wide(&first, big_endian, marked), narrow(&second)].concat());
            joined.push([wide(&first, big_endian, true), wide(&second, !big_endian, marked)].concat());
            joined.push([wide(&first, big_endian, true), vec![b'\n'], wide(&second, big_endian, marked)].concat());
        }
    }
    for bytes in joined {
        for looks in [Looks::Certificate, Looks::Unknown] {
            assert_eq!(found(&whole(&bytes, looks)), two(), "{:?}…", &bytes[..8]);
        }
        // Beyond what is looked at to tell the format, the stream changes on its way.
        let long = [bytes.clone(), b"\n".repeat(200_000), bytes].concat();
        let all = found(&piped(&long, Looks::Named));
        assert!(two().iter().all(|der| all.contains(der)), "{} of {:?}…", all.len(), &long[..8]);
        assert_eq!(all, found(&whole(&long, Looks::Named)), "{:?}…", &long[..8]);
    }
    let noted = format!("Bag Attributes\n    friendlyName: VPN\n{second}");
    for big_endian in [false, true] {
        let bytes = [narrow(&first), wide(&noted, big_endian, true)].concat();
        let contents = whole(&bytes, Looks::Named);
        let properties = contents.found[1].properties.as_deref();
        assert_eq!(properties.and_then(|found| found.friendly_name.as_deref()), Some("VPN"));
    }
}

#[test]
fn a_zero_byte_or_a_lost_one_hides_no_neighbour_whatever_the_file_is_called() {
    let text = format!("{}{}{}", certificate_block(0), certificate_block(2), certificate_block(1));
    let place = text.len() / 2;
    let with_zero = [&text.as_bytes()[..place], b"\0", &text.as_bytes()[place..]].concat();
    for looks in [Looks::Certificate, Looks::Unknown] {
        for bytes in [with_zero.clone(), [vec![0; 40], text.clone().into_bytes()].concat()] {
            for contents in [whole(&bytes, looks), piped(&[bytes.clone(), b"\n".repeat(100_000)].concat(), looks)] {
                let all = found(&contents);
                assert!(two().iter().all(|der| all.contains(der)), "{looks:?}: {} found", all.len());
            }
        }
        assert_eq!(whole(&with_zero, looks).faults.len(), 1, "the block with the zero byte");
        for big_endian in [false, true] {
            let mut wide = utf16(&text, big_endian);
            wide.remove(wide.len() / 2);
            assert!(two().iter().all(|der| found(&whole(&wide, looks)).contains(der)));
        }
    }
}

#[test]
fn a_long_beginning_of_something_else_hides_nothing_behind_it() {
    let request = block("CERTIFICATE REQUEST", &[0x30, 3, 2, 1, 0]);
    let text = format!("{}{}{}", request.repeat(2000), certificate_block(0), certificate_block(1));
    assert!(text.len() > HEAD);
    for bytes in [text.clone().into_bytes(), utf16(&text, false)] {
        assert_eq!(found(&piped(&bytes, Looks::Named)), two());
        assert_eq!(found(&piped(&bytes, Looks::Unknown)), two());
    }
    let nothing = piped(request.repeat(2000).as_bytes(), Looks::Named);
    assert_eq!((nothing.found.len(), nothing.faults.len()), (0, 1), "{:?}", nothing.faults);
    let noise: Vec<u8> = (0..HEAD * 2).map(|at| (at * 7 % 251) as u8).collect();
    assert_eq!(found(&piped(&[noise, text.into_bytes()].concat(), Looks::Named)), two());
}

#[test]
fn what_was_joined_with_pem_is_read_beside_it() {
    let (first, second) = (certificate_block(0), certificate_block(1));
    let bare = |number: usize| {
        let text = base64(&certificate(number));
        let lines: Vec<&str> = text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
        lines.join("\r\n")
    };
    let mail = format!(
        "From: pki@contoso.test\r\nContent-Type: multipart/mixed; boundary=\"x\"\r\n\r\n--x\r\nContent-Type: application/pkix-cert\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--x\r\nContent-Type: text/plain\r\n\r\n{second}\r\n--x--\r\n",
        bare(0)
    );
    for bytes in [
        [first.clone().into_bytes(), certificate(1)].concat(),
        [certificate_block(0).into_bytes(), certificate(1), certificate_block(0).into_bytes()].concat(),
        format!("{first}\n{}\n", bare(1)).into_bytes(),
        format!("{}\n\n{second}", bare(0)).into_bytes(),
        mail.into_bytes(),
    ] {
        let contents = whole(&bytes, Looks::Certificate);
        let mut all = found(&contents);
        all.dedup();
        assert!(two().iter().all(|der| all.contains(der)), "{} of {}", all.len(), String::from_utf8_lossy(&bytes));
        assert_eq!(contents.faults, [], "{}", String::from_utf8_lossy(&bytes));
    }
    // A hexadecimal dump too.
    let dump: String = certificate(0)
        .chunks(16)
        .map(|line| line.iter().map(|byte| format!("{byte:02x} ")).collect::<String>() + "\n")
        .collect();
    for bytes in [format!("{dump}\n{second}"), format!("{second}CA certificate:\n{dump}")] {
        let contents = whole(bytes.as_bytes(), Looks::Certificate);
        let mut all = found(&contents);
        all.sort();
        let mut expected = two();
        expected.sort();
        assert_eq!((all, contents.faults), (expected.to_vec(), vec![]));
    }
    // However many there are: both behind a block and before one.
    let many: Vec<u8> = (0..300).flat_map(certificate).collect();
    for bytes in [
        [first.clone().into_bytes(), many.clone()].concat(),
        format!("{first}{}", base64(&many)).into_bytes(),
        format!("{}\n{first}", base64(&many)).into_bytes(),
    ] {
        let contents = whole(&bytes, Looks::Certificate);
        assert_eq!((contents.found.len(), contents.faults), (301, vec![]));
    }
    // Where it was joined is told by the line.
    let contents = whole(format!("{first}\n\n{}\n", bare(1)).as_bytes(), Looks::Named);
    let line = first.lines().count() as u64 + 3;
    assert_eq!(contents.found[1].position, Position::Line(line));
    // Words that are base64 by chance, and a text about certificates, are none.
    let words = "Certificates of the issuing CA\n\nFingerprints\n\nMIIC are the first letters of most\n";
    assert_eq!(found(&whole(format!("{words}{first}{words}{second}{words}").as_bytes(), Looks::Named)), two());
}

#[test]
fn what_is_attached_to_a_mail_in_base64_is_read_without_any_block_beside_it() {
    let folded = |bytes: &[u8]| {
        let text = base64(bytes);
        text.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned() + "\r\n").collect::<String>()
    };
    let head = "From: pki@contoso.com\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let attached = folded(&certificate(0)) + "\r\n--next\r\n" + head + &folded(certificate_block(1).as_bytes());
    let mail = format!("{head}{attached}\r\n--next--\r\n");
    // Longer than what tells the format of a stream.
    let long = format!("{}{mail}", "a line of prose, and nothing in it\r\n".repeat(8_000));
    for text in [mail, long] {
        for looks in [Looks::Named, Looks::Certificate, Looks::Unknown] {
            for contents in [whole(text.as_bytes(), looks), piped(text.as_bytes(), looks)] {
                assert_eq!((found(&contents), contents.faults), (two().to_vec(), Vec::new()), "{looks:?}");
            }
        }
    }
    let prose = "a line of prose, and nothing in it\r\n".repeat(8_000);
    for contents in [whole(prose.as_bytes(), Looks::Named), piped(prose.as_bytes(), Looks::Named)] {
        assert_eq!((contents.found.len(), contents.faults.len()), (0, 1));
        assert!(contents.faults[0].message.contains("a text without any"), "{:?}", contents.faults);
    }
}

#[test]
fn encoded_certificates_right_behind_base64_in_a_text_without_blocks_are_read_or_told_of() {
    let prose = "a line of prose, and nothing in it\r\n".repeat(8_000);
    for number in 0..8 {
        let pair = pkcs7_and_pkcs12(0).unwrap_or_else(|| [certificate(0), certificate(0)]);
        for before in pair.iter().chain([&certificate(0)]) {
            let joined = [base64(before).as_bytes(), &certificate(number)].concat();
            for text in [joined.clone(), [prose.as_bytes(), &joined].concat()] {
                for contents in [whole(&text, Looks::Named), piped(&text, Looks::Named)] {
                    let all = found(&contents);
                    let is_read = all.contains(&certificate(number)) && all.contains(&certificate(0));
                    assert!(is_read || !contents.faults.is_empty(), "{} of {:?}", all.len(), &before[..16]);
                }
            }
        }
    }
}

#[test]
fn der_that_ends_in_a_dash_before_a_block_is_read_whole() {
    let (first, mut second) = (certificate_block(0), certificate(1));
    second.pop();
    second.push(b'-');
    let bytes = [first.as_bytes(), &second, first.as_bytes()].concat();
    let contents = whole(&bytes, Looks::Named);
    assert_eq!((found(&contents), contents.faults), (vec![certificate(0), second, certificate(0)], vec![]));
}

#[test]
fn pem_behind_a_registry_export_is_read_too() {
    let export = "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE]\r\n\"a\"=\"b\"\r\n\r\n";
    let text = format!("{export}{}{}", certificate_block(0), certificate_block(1));
    for bytes in [text.clone().into_bytes(), utf16(&text, false)] {
        assert_eq!(found(&whole(&bytes, Looks::Named)), two());
    }
}

/// Labels that promise no certificate: of something else, of keys, and of nothing that is in use.
const WRONG_LABELS: [&str; 12] = [
    "CERTIFICATE REQUEST",
    "PUBLIC KEY",
    "RSA PRIVATE KEY",
    "PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "DH PARAMETERS",
    "PGP MESSAGE",
    "ATTRIBUTE CERTIFICATE",
    "X509",
    "CA",
    "XYZ",
    "",
];

#[test]
fn a_wrong_label_is_overruled_by_what_is_in_the_block_whether_it_stands_alone_or_beside_others() {
    for label in WRONG_LABELS {
        let wrong = block(label, &certificate(1));
        let indented: String = wrong.lines().map(|line| format!("\t> {line}\r\n")).collect();
        for wrong in [wrong.clone(), indented, wrong.replace("-----\nMII", "-----\nComment: x\n\nMII")] {
            for looks in [Looks::Named, Looks::Certificate, Looks::Unknown] {
                let alone = whole(wrong.as_bytes(), looks);
                assert_eq!((found(&alone), alone.faults), (vec![certificate(1)], vec![]), "{looks:?} {wrong}");
                let joined = whole(format!("{}{wrong}", certificate_block(0)).as_bytes(), looks);
                assert_eq!((found(&joined), joined.faults), (two().to_vec(), vec![]), "{looks:?} {wrong}");
            }
        }
        // As it is found in a long text that has nothing else.
        let long = [wrong.as_bytes(), &b"# a comment\n".repeat(20_000)].concat();
        for looks in [Looks::Named, Looks::Unknown] {
            let contents = piped(&long, looks);
            assert_eq!((found(&contents), contents.faults), (vec![certificate(1)], vec![]), "{looks:?} {label}");
        }
    }
}

#[test]
fn a_damaged_certificate_under_a_wrong_label_is_reported() {
    for label in WRONG_LABELS {
        let text = block(label, &certificate(1));
        let (head, tail) = text.split_at(text.len() / 2);
        for bad in [format!("{head}!{}", &tail[1..]), format!("{head}\n")] {
            for looks in [Looks::Named, Looks::Certificate, Looks::Unknown] {
                let contents = whole(bad.as_bytes(), looks);
                assert_eq!((contents.found.len(), contents.faults.len()), (0, 1), "{label}: {:?}", contents.faults);
            }
        }
    }
}

#[test]
fn pkcs7_and_pkcs12_are_read_under_any_label() {
    let Some(both) = pkcs7_and_pkcs12(1) else { return };
    for label in WRONG_LABELS {
        for inside in &both {
            let alone = whole(block(label, inside).as_bytes(), Looks::Certificate);
            assert_eq!((found(&alone), alone.faults), (vec![certificate(1)], vec![]), "{label}");
            let joined = whole(format!("{}{}", certificate_block(0), block(label, inside)).as_bytes(), Looks::Unknown);
            assert_eq!((found(&joined), joined.faults), (two().to_vec(), vec![]), "{label}");
        }
    }
}

#[test]
fn keys_requests_and_parameters_of_openssl_stay_what_they_are() {
    let Some(rsa) = openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"], b"") else { return };
    let ec = openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], b"").unwrap();
    let of = |arguments: &str, key: &[u8]| openssl(&arguments.split(' ').collect::<Vec<_>>(), key).unwrap();
    let keys = [
        rsa.clone(),
        ec.clone(),
        of("pkey -traditional", &rsa),
        of("pkey -traditional", &ec),
        of("pkcs8 -topk8 -passout pass:x", &rsa),
        of("rsa -traditional -aes128 -passout pass:x", &rsa),
    ];
    for key in keys {
        for looks in [Looks::Named, Looks::Certificate, Looks::Unknown] {
            let contents = whole(&key, looks);
            assert_eq!(
                contents.found.iter().map(|found| (found.kind, found.der.len())).collect::<Vec<_>>(),
                [(Kind::PrivateKey, 0)]
            );
            assert_eq!(contents.faults, []);
        }
    }
    let others = [
        of("req -new -key /dev/stdin -subj /CN=x", &rsa),
        of("pkey -pubout", &rsa),
        of("pkey -pubout", &ec),
        of("rsa -RSAPublicKey_out", &rsa),
        of("ecparam -name P-256", b""),
        of("ecparam -name P-256 -param_enc explicit", b""),
        of("dhparam -dsaparam 512", b""),
        of("dsaparam 1024", b""),
    ];
    for other in others.iter().filter(|other| !other.is_empty()) {
        for looks in [Looks::Certificate, Looks::Unknown] {
            let contents = whole(other, looks);
            let text = String::from_utf8_lossy(other);
            let told = usize::from(looks == Looks::Certificate);
            assert_eq!((contents.found.len(), contents.faults.len()), (0, told), "{text}");
            let joined = whole(&[certificate_block(0).as_bytes(), other].concat(), looks);
            assert_eq!((found(&joined), joined.faults), (vec![certificate(0)], vec![]), "{text}");
        }
        let named = whole(other, Looks::Named);
        assert_eq!((named.found.len(), named.faults.len()), (0, 1));
    }
}

#[test]
fn a_program_with_a_certificate_in_it_is_no_source_of_certificates() {
    let program: Vec<u8> = (0..40_000u32).map(|at| if at % 3 == 0 { 0 } else { (at * 31 % 256) as u8 }).collect();
    let bytes = [&program[..], certificate_block(0).as_bytes(), &program].concat();
    let contents = whole(&bytes, Looks::Unknown);
    assert_eq!((contents.found.len(), contents.faults.len()), (0, 0));
    assert_eq!(found(&whole(&bytes, Looks::Named)), [certificate(0)], "where it was named it is");
}

/// The header of a tar member and what belongs to it.
/// PKCS#7 that is no signed data.
fn block_of_data() -> String {
    let content = [&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1][..], &[0xa0, 38, 4, 36], &[7; 36]].concat();
    block("PKCS7", &[&[0x30, content.len() as u8][..], &content].concat())
}

fn member(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..107].copy_from_slice(b"0000644");
    header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    [header, bytes.to_vec(), vec![0; bytes.len().next_multiple_of(512) - bytes.len()]].concat()
}

#[test]
fn an_archive_with_pem_in_it_gives_what_was_found_and_says_what_it_is() {
    let block = certificate_block(0).into_bytes();
    let inside = [&[0; 64][..], &block, &[0; 64], &certificate(1)].concat();
    let tar = [member("a.pem", &block), member("b.cer", &certificate(1)), vec![0; 1024]].concat();
    for (bytes, name) in [
        (tar, "a tar archive"),
        ([b"PK\x03\x04\x0a\0\0\0\0\0", &inside[..]].concat(), "a ZIP archive"),
        ([b"MSCF\0\0\0\0", &inside[..]].concat(), "a cabinet file"),
        ([b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", &inside[..]].concat(), "an Outlook message"),
        ([b"\x7fELF", &inside[..]].concat(), "a program"),
        ([b"%PDF-1.4\n1 0 obj\n", &block[..], b"endobj\n"].concat(), "a PDF document"),
    ] {
        // Beyond what is looked at to tell the format, it comes in batches.
        let long = [&bytes[..], &[b'x'; 2 * HEAD], &block].concat();
        for looks in [Looks::Named, Looks::Certificate] {
            for contents in [whole(&bytes, looks), whole(&long, looks), piped(&long, looks)] {
                assert!(found(&contents).contains(&certificate(0)), "{name}");
                let told: Vec<_> =
                    contents.faults.iter().filter(|fault| fault.code == ProblemCode::Unsupported).collect();
                assert_eq!(told.len(), 1, "{name}: {:?}", contents.faults);
                assert!(told[0].message.contains(name), "{}", told[0].message);
            }
        }
        // In a folder it is either not looked into, or told as well.
        for contents in [whole(&bytes, Looks::Unknown), whole(&long, Looks::Unknown), piped(&long, Looks::Unknown)] {
            let told = contents.faults.iter().filter(|fault| fault.code == ProblemCode::Unsupported).count();
            assert_eq!(told, usize::from(!contents.found.is_empty()), "{name}: {:?}", contents.faults);
        }
    }
    // Whatever else in it is not supported.
    let data = block_of_data();
    let both = [&b"PK\x03\x04\x0a\0\0\0\0\0"[..], &inside, data.as_bytes()].concat();
    let messages: Vec<_> = whole(&both, Looks::Named).faults.into_iter().map(|fault| fault.message).collect();
    assert!(messages.iter().any(|message| message.contains("a ZIP archive")), "{messages:?}");
    assert!(messages.iter().any(|message| message.contains("found data")), "{messages:?}");
    // A text without a certificate in a folder is passed over, whatever it names.
    let manual =
        [&b"%PDF-1.4\n-----BEGIN CERTIFICATE-----\n(yours)\n-----END CERTIFICATE-----\n"[..], &[b'x'; 2 * HEAD]];
    for contents in [whole(&manual.concat(), Looks::Unknown), piped(&manual.concat(), Looks::Unknown)] {
        assert_eq!((contents.found.len(), contents.faults), (0, vec![]));
    }
}
