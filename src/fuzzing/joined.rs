//! Files that people and programs join: each byte of an input is a piece of one, a block, a row, a heading, a dump, a line of prose,
//! whole or damaged. So what two pieces make of each other is met within a few bytes.

use std::sync::LazyLock;

use base64::Engine as _;
use sha1::{Digest as _, Sha1};

use crate::certificate::oid;
use crate::der_writer::{element, sequence};
use crate::fuzzing::{der, readers};

/// How many certificates there are.
const CERTIFICATES: usize = 4;
/// More pieces than this make no other text.
const MOST: usize = 48;

static MADE: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    // As long as the shortest that is met: shorter base64 can be anything.
    let subject = |number| format!("PC00{number}.workstations.of.the.sales.department.contoso.com");
    let subject = |number: usize| der::name(oid::COMMON_NAME, 12, subject(number).as_bytes());
    let made = (0..CERTIFICATES).filter_map(|number| der::certificate(&subject(number), Vec::new()));
    made.map(|certificate| certificate.der().to_vec()).collect()
});

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn lines(bytes: &[u8], end: &str) -> String {
    base64(bytes).as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned() + end).collect()
}

fn block(label: &str, bytes: &[u8], end: &str) -> String {
    format!("-----BEGIN {label}-----{end}{}-----END {label}-----{end}", lines(bytes, end))
}

fn digits(bytes: &[u8], between: &str) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}{between}")).collect()
}

/// A serialized store's element of a certificate, as it is in a `Blob` of the registry too.
fn store_element(der: &[u8]) -> Vec<u8> {
    [&[0x20, 0, 0, 0, 1, 0, 0, 0][..], &(der.len() as u32).to_le_bytes(), der].concat()
}

/// Signed data without signers.
fn pkcs7(der: &[u8]) -> Vec<u8> {
    const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    let none: &[u8] = &[0x31, 0];
    let content = sequence(&[&element(6, DATA)]);
    let signed = sequence(&[&[2, 1, 1], none, &content, &element(0xa0, der), none]);
    sequence(&[&element(6, SIGNED_DATA), &element(0xa0, &signed)])
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The piece of a byte: six bits say what it is, two which certificate is in it.
fn piece(byte: u8) -> Vec<u8> {
    let der = &MADE[usize::from(byte >> 6)];
    let number = byte >> 6;
    let sound = block("CERTIFICATE", der, "\n");
    let text = match byte & 0x3f {
        0 => sound,
        1 => block("CERTIFICATE", der, "\r\n"),
        2 => block("X509 CERTIFICATE", der, "\n"),
        3 => sound.replace("-----END CERTIFICATE-----\n", ""),
        4 => sound.replacen("\nMI", "\nM!", 1),
        5 => sound[..150].to_owned(),
        6 => sound.replacen("-----\n", "-----\nProc-Type: 4,CLEAR\n\n", 1),
        7 => "-----END CERTIFICATE-----\n".to_owned(),
        8 => "-----BEGIN CERTIFICATE-----\n".to_owned(),
        9 => lines(der, "\n"),
        10 => base64(der),
        11 => lines(der, "\r\n"),
        12 => der.chunks(16).map(|line| digits(line, " ") + "\n").collect(),
        13 => der.chunks(16).zip(0..).map(|(line, at)| format!("  {:04x}  {}\r\n", at * 16, digits(line, " "))).collect(),
        14 => return der.clone(),
        15 => format!("Row {number}:\r\n  Issued Request ID: 0x{number:x} ({number})\r\n  Binary Certificate:\r\n{sound}\r\n"),
        16 => "Schema:\r\n  Column Name  Localized Name  Type  MaxLength\r\n  RawCertificate  Binary Certificate  Binary  16384 -- Indexed\r\n\r\n".to_owned(),
        17 => "\"Issued Request ID\",\"Binary Certificate\"\r\n".to_owned(),
        18 => "Issued Request ID\tBinary Certificate\n".to_owned(),
        19 => "RequestID;RawCertificate;Name\n".to_owned(),
        20 => "#TYPE Selected.System.Management.Automation.PSCustomObject\r\n".to_owned(),
        21 => "sep=;\r\n".to_owned(),
        22 => format!("\"{number}\",\"{sound}\"\r\n"),
        23 => format!("{number},{}\n", base64(der)),
        24 => format!("{number}\t{}\r\n", base64(der)),
        25 => format!("{number};{};PC00{number}\n", base64(der)),
        26 => format!("\"{number}\",\"0x{}\"\r\n", digits(der, "")),
        27 => format!("\"{number}\",\"EMPTY\"\n"),
        28 => format!("\"{number}\",\"1657 Bytes\"\n"),
        29 => format!("\"{number}\",\"{}", &base64(der)[..100]),
        30 => "\"".to_owned(),
        31 => "\n".to_owned(),
        32 => "\r\n\r\n".to_owned(),
        33 => ",".to_owned(),
        34 => "\t".to_owned(),
        35 => " ".to_owned(),
        36 => "\r".to_owned(),
        37 => "-----".to_owned(),
        38 => "Certificates of the issuing CA\n".to_owned(),
        39 => "Bag Attributes\n    friendlyName: VPN\n    localKeyID: 01 00 00 00 \n".to_owned(),
        40 => "subject=CN = PC001\n\nissuer=CN = PC001\n\n".to_owned(),
        41 => "\u{feff}".to_owned(),
        42 => "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n".to_owned(),
        43 => block("PKCS7", &pkcs7(der), "\n"),
        44 => block("CERTIFICATE", &pkcs7(der), "\n"),
        45 => return pkcs7(der),
        46 => "Windows Registry Editor Version 5.00\r\n\r\n".to_owned(),
        47 => format!(
            "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\SystemCertificates\\CA\\Certificates\\{}]\r\n\"Blob\"=hex:{}\r\n",
            digits(&Sha1::digest(der), ""),
            digits(&store_element(der), ",").trim_end_matches(',')
        ),
        48 => return [b"\0\0\0\0CERT", &store_element(der)[..], &[0; 12]].concat(),
        49 => return store_element(der),
        50 => return vec![0; 40],
        51 => return b"PK\x03\x04\x14\0\0\0\0\0".to_vec(),
        52 => return utf16(&sound),
        53 => return utf16(&format!("\u{feff}{sound}")),
        54 => return utf16(&sound).iter().skip(1).copied().collect(),
        55 => format!("<ds:X509Certificate>{}</ds:X509Certificate>\n", base64(der)),
        56 => format!("{{\"cert\":\"{}\"}},\n", sound.replace('\n', "\\n")),
        57 => sound.lines().map(|line| format!("    {line}\n")).collect(),
        58 => sound.lines().map(|line| format!("> {line}\r\n")).collect(),
        59 => "================ Certificate 0 ================\r\nSerial Number: 4d\r\nIssuer: CN=x\r\nCert Hash(sha1): 32 c6 b7\r\n".to_owned(),
        60 => sound.replace("-----\n", "-----").replace('\n', ""),
        61 => "z\u{fc}rich \u{2028}\n".to_owned(),
        62 => return vec![0xff],
        _ => format!("{number}"),
    };
    text.into_bytes()
}

/// Whether the piece of this byte has a block that nothing before it makes less sound.
fn is_sound(byte: u8) -> bool {
    matches!(byte & 0x3f, 0 | 1 | 15 | 22)
}

/// Whether the piece of this byte is text whose dashes are all those of whole boundaries.
fn is_plain(byte: u8) -> bool {
    matches!(byte & 0x3f, 0..=4 | 6..=13 | 15..=28 | 30..=36 | 38..=44 | 46 | 47 | 55..=59 | 61 | 63)
}

/// Whether the piece of this byte is whole, and read by itself.
fn holds_certificate(byte: u8) -> bool {
    matches!(byte & 0x3f, 0..=3 | 6 | 9..=15 | 22 | 43..=45 | 48 | 49 | 52 | 53 | 56..=58 | 60)
}

/// Whether the piece of this byte begins with base64, or with hexadecimal digits.
fn begins_with_digits(byte: u8) -> bool {
    matches!(byte & 0x3f, 9..=12)
}

/// Pieces one behind the other, as a file that was named and as a text in batches of any size. What is read by itself is read or some
/// problem told; sound blocks are read among all pieces that are text.
pub fn joined(data: &[u8]) {
    let Some((size, pieces)) = data.split_first() else { return };
    let pieces = &pieces[..pieces.len().min(MOST)];
    let file: Vec<u8> = pieces.iter().flat_map(|byte| piece(*byte)).collect();
    readers::input(&file);
    readers::batches(&[&[*size][..], &file].concat());
    let contents = readers::named(&file);
    let is_read = |byte: &u8| contents.found.iter().any(|found| found.der == MADE[usize::from(byte >> 6)]);
    // Right behind digits it can be a part of something else: it is read where it is whole, and damage of it is not told.
    let is_behind_digits = pieces.windows(2).any(|pair| pair[0] & 0x3f == 63 && begins_with_digits(pair[1]));
    if contents.faults.is_empty() && !is_behind_digits {
        let lost = pieces.iter().find(|byte| holds_certificate(**byte) && !is_read(byte));
        assert_eq!(lost, None, "it was left out in silence");
    }
    if pieces.iter().all(|byte| is_plain(*byte)) {
        let lost = pieces.iter().find(|byte| is_sound(**byte) && !is_read(byte));
        assert_eq!(lost, None, "a sound block was not read");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_that_hold_a_certificate_give_it_by_themselves_or_below_their_heading() {
        let found = |pieces: &[u8]| {
            let file: Vec<u8> = pieces.iter().flat_map(|byte| piece(*byte)).collect();
            readers::named(&file).found.iter().any(|found| found.der == MADE[0])
        };
        for kind in (0..64).filter(|kind| holds_certificate(*kind) || *kind == 54) {
            assert!(found(&[kind]), "{kind}");
        }
        for (heading, row) in [(17, 22), (17, 23), (17, 26), (18, 24), (19, 25), (16, 15), (46, 47)] {
            assert!(found(&[heading, row]), "{heading}, {row}");
        }
    }
}
