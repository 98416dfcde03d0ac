use super::*;
use crate::source::testing::{base64, block, certificate, certificate_block, openssl, without_passwords};
use proptest::prelude::*;

fn read(text: &[u8], first_line: u64) -> BlockContents {
    let part = Part { first_line, newline: newline(text), is_of_long: false, within: Within::Text };
    super::read_part(text, &part, without_passwords())
}

fn read_text(text: &str) -> Contents {
    read(text.as_bytes(), 1).resolve(true)
}

fn ders(contents: &Contents) -> Vec<Vec<u8>> {
    contents.found.iter().map(|found| found.der.clone()).collect()
}

#[test]
fn blocks_are_read_in_order_with_their_lines_whatever_stands_around_them() {
    let text = format!("subject=CN = a\n\n{}\nissuer=x\n{}", certificate_block(0), certificate_block(1));
    let contents = read_text(&text);
    assert!(contents.faults.is_empty(), "{:?}", contents.faults);
    assert_eq!(ders(&contents), [certificate(0), certificate(1)]);
    let second = 1 + text[..text.rfind("-----BEGIN").unwrap()].matches('\n').count() as u64;
    assert_eq!(contents.found[0].position, Position::Line(3));
    assert_eq!(contents.found[1].position, Position::Line(second));
}

#[test]
fn every_way_of_writing_a_block_that_was_met_is_read() {
    let der = certificate(0);
    let plain = certificate_block(0);
    let one_line = base64(&der);
    let variants = [
        plain.clone(),
        plain.replace('\n', "\r\n"),
        plain.replace('\n', "\r"),
        plain.trim_end().to_owned(),
        plain.lines().map(|line| format!("    {line}\n")).collect(),
        plain.lines().map(|line| format!("\t{line}  \n")).collect(),
        plain.lines().map(|line| format!("> {line}\n")).collect(),
        plain.lines().map(|line| format!("> > {line}\r\n")).collect(),
        plain.lines().map(|line| format!("# {line}\n")).collect(),
        plain.replace('\n', "\n\n"),
        plain.replace("-----\nMII", "-----\n\nMII"),
        plain.replace("-----\nMII", "-----\nProc-Type: 4,CRL\nDEK-Info: x,\n y\n\nMII"),
        plain.replace("-----\nMII", "-----\r\nComment: \"x\"\r\n\r\nMII"),
        format!("-----BEGIN CERTIFICATE-----\n{one_line}\n-----END CERTIFICATE-----"),
        format!("-----BEGIN CERTIFICATE-----{one_line}-----END CERTIFICATE-----"),
        format!("-----BEGIN CERTIFICATE----- {one_line} -----END CERTIFICATE-----"),
        format!("{{\"cert\": \"{}\"}}", plain.replace('\n', "\\n")),
        format!("{{\"cert\": \"{}\"}}", plain.replace('\n', "\\r\\n")),
        plain.lines().map(|line| format!("  \"{line}\",\n")).collect(),
        plain.lines().map(|line| format!("{line}\\\n")).collect(),
        plain.replace("CERTIFICATE", "X509 CERTIFICATE"),
        plain.replace("CERTIFICATE", "certificate"),
        plain.replace('=', ""),
        format!("-----------------\n-----{plain}"),
        format!("text -----BEGIN -----\n-----BEGIN\n{plain}"),
    ];
    for text in variants {
        let contents = read_text(&text);
        assert_eq!(ders(&contents), std::slice::from_ref(&der), "{text}\n{:?}", contents.faults);
        assert!(contents.faults.is_empty(), "{text}\n{:?}", contents.faults);
    }
}

#[test]
fn files_that_were_joined_without_a_line_end_keep_both_blocks() {
    let text = format!("{}{}", certificate_block(0).trim_end(), certificate_block(1));
    assert!(text.contains("----------"));
    assert_eq!(ders(&read_text(&text)), [certificate(0), certificate(1)]);
}

#[test]
fn a_damaged_block_is_named_with_line_and_finding_and_hides_no_neighbour() {
    let bad = certificate_block(1).replacen("MII", "M!I", 1);
    let contents = read_text(&format!("{}{bad}{}", certificate_block(0), certificate_block(2)));
    assert_eq!(ders(&contents), [certificate(0), certificate(2)]);
    let [fault] = contents.faults.as_slice() else { panic!("{:?}", contents.faults) };
    let begin = certificate_block(0).lines().count() as u64 + 1;
    assert_eq!(fault.position, Position::Line(begin + 1));
    assert_eq!(fault.code, ProblemCode::Damaged);
    assert!(fault.message.contains("'!'") && fault.message.contains("expected base64"), "{}", fault.message);
}

#[test]
fn a_block_without_an_end_is_truncated_and_hides_no_neighbour() {
    let whole = certificate_block(0);
    let cut = &whole[..whole.len() / 2];
    for text in [format!("{cut}\n{}", certificate_block(1)), format!("{}{cut}", certificate_block(1))] {
        let contents = read_text(&text);
        assert_eq!(ders(&contents), [certificate(1)]);
        assert_eq!(contents.faults.len(), 1, "{:?}", contents.faults);
        assert_eq!(contents.faults[0].code, ProblemCode::Truncated);
    }
    // What is whole without its last line is used, and said to lack it.
    let text = format!("{}issuer=x\n{}", whole.replace("-----END CERTIFICATE-----\n", ""), certificate_block(1));
    let contents = read_text(&text);
    assert_eq!(ders(&contents), [certificate(0), certificate(1)]);
    assert_eq!(contents.faults.len(), 1, "{:?}", contents.faults);
}

#[test]
fn an_end_with_another_label_is_used_and_reported() {
    let text = certificate_block(0).replace("END CERTIFICATE", "END X509 CRL");
    let contents = read_text(&text);
    assert_eq!(ders(&contents), [certificate(0)]);
    assert!(contents.faults[0].message.contains("END X509 CRL"), "{:?}", contents.faults);
}

#[test]
fn a_block_without_its_beginning_is_reported() {
    let text = certificate_block(0);
    let contents = read_text(&text[text.len() / 2..]);
    assert_eq!(contents.faults.len(), 1);
    assert!(contents.faults[0].message.contains("BEGIN"), "{:?}", contents.faults);
}

#[test]
fn what_follows_the_certificate_in_a_block_is_reported() {
    let mut der = certificate(0);
    der.extend(b"extra");
    let contents = read_text(&block("CERTIFICATE", &der));
    assert_eq!(ders(&contents), [certificate(0)]);
    assert!(contents.faults[0].message.contains("5 more bytes"), "{:?}", contents.faults);
}

#[test]
fn a_label_that_does_not_fit_its_content_is_no_obstacle() {
    assert_eq!(ders(&read_text(&block("PKCS7", &certificate(0)))), [certificate(0)]);
    assert_eq!(ders(&read_text(&block("CERTIFICATE CHAIN", &certificate(0)))), [certificate(0)]);
}

#[test]
fn other_blocks_are_passed_over_and_private_keys_only_noted() {
    let text = ["PUBLIC KEY", "CERTIFICATE REQUEST", "DH PARAMETERS", "PGP MESSAGE"]
        .map(|label| block(label, b"whatever stands in there, it is of no use"))
        .concat();
    let contents = read_text(&text);
    assert!(contents.found.is_empty() && contents.faults.is_empty());
    let key = block("ENCRYPTED PRIVATE KEY", b"a secret that must not be kept anywhere");
    let contents = read_text(&format!("{key}{}", certificate_block(0)));
    assert_eq!(contents.found[0].kind, Kind::PrivateKey);
    assert!(contents.found[0].der.is_empty());
    assert_eq!(contents.found[1].der, certificate(0));
}

#[test]
fn a_block_that_markup_spoils_is_damage_wherever_it_is_met() {
    let around = |before: &str, after: &str| -> String {
        certificate_block(0).lines().map(|line| format!("{before}{line}{after}\n")).collect()
    };
    let shorter: String =
        base64(&certificate(0)).as_bytes().chunks(40).map(|line| String::from_utf8_lossy(line) + "<br>\n").collect();
    for text in [
        around("", "<br>"),
        around("<div>", "</div>"),
        around("", "\\par"),
        around("\"", "\\n\" +"),
        around("  \"", "\\n\"  \\"),
        around("2026-01-01 12:00:00 INFO ", ""),
        around("| ", " | x |"),
        certificate_block(0).lines().enumerate().map(|(number, line)| format!("{number}: {line}\n")).collect(),
        certificate_block(0).replace('\n', "`r`n"),
        // In shorter lines, too.
        format!("-----BEGIN CERTIFICATE-----<br>\n{shorter}-----END CERTIFICATE-----"),
        // And without its beginning.
        around("", "<br>").replacen("-----BEGIN CERTIFICATE-----", "", 1),
    ] {
        let contents = read(text.as_bytes(), 1).resolve(false);
        assert_eq!((contents.found.len(), contents.faults.is_empty()), (0, false), "{text}");
    }
    let hash = "5d41402abc4b2a76b9719d911017c592aabbccddeeff00112233445566778899";
    for mention in [
        "-----BEGIN CERTIFICATE-----<br>\nMII...<br>\n-----END CERTIFICATE-----".to_owned(),
        format!(
            "grep -e '-----BEGIN CERTIFICATE-----' file # {hash}\n/opt/vendor/share/certificates/bundle.pem\n-----END CERTIFICATE-----"
        ),
    ] {
        assert_eq!(read(mention.as_bytes(), 1).resolve(false).faults, [], "{mention}");
    }
}

#[test]
fn a_script_that_names_the_boundaries_is_no_damage_unless_it_looks_like_a_certificate() {
    let script =
        "$pem = \"-----BEGIN CERTIFICATE-----`n\" + [Convert]::ToBase64String($der) + \"-----END CERTIFICATE-----\"\n";
    assert!(read(script.as_bytes(), 1).resolve(false).faults.is_empty());
    assert_eq!(read(script.as_bytes(), 1).resolve(true).faults.len(), 1);
    let manual =
        format!("-----BEGIN CERTIFICATE-----\n(your certificate)\n-----END CERTIFICATE-----\n{}", certificate_block(0));
    assert_eq!(read(manual.as_bytes(), 1).resolve(false).faults.len(), 1);
}

#[test]
fn openssls_trust_settings_are_no_part_of_the_certificate() {
    let Some(text) =
        openssl(&["x509", "-trustout", "-addtrust", "clientAuth", "-setalias", "x"], certificate_block(0).as_bytes())
    else {
        return;
    };
    assert!(text.starts_with(b"-----BEGIN TRUSTED CERTIFICATE-----"));
    let contents = read(&text, 1).resolve(true);
    assert_eq!(ders(&contents), [certificate(0)]);
    assert!(contents.faults.is_empty(), "{:?}", contents.faults);
}

#[test]
fn what_openssl_pkcs12_prints_beside_a_certificate_is_kept() {
    let made = rcgen::generate_simple_self_signed(vec!["client.example".into()]).unwrap();
    let text = format!("{}{}", made.cert.pem(), made.signing_key.serialize_pem());
    let folder = tempfile::tempdir().unwrap();
    let pfx = folder.path().join("x.pfx");
    let pfx = pfx.to_str().unwrap();
    let name = "Microsoft Software Key Storage Provider";
    let input = folder.path().join("x.pem");
    std::fs::write(&input, text).unwrap();
    let input = input.to_str().unwrap();
    let arguments =
        ["pkcs12", "-export", "-in", input, "-out", pfx, "-passout", "pass:x", "-name", "The client", "-CSP", name];
    if openssl(&arguments, b"").is_none() {
        return;
    }
    let printed = openssl(&["pkcs12", "-in", pfx, "-passin", "pass:x", "-nodes"], b"").unwrap();
    let contents = read(&printed, 1).resolve(true);
    let found = contents.found.iter().find(|found| found.kind == Kind::Certificate).unwrap();
    assert_eq!(found.der, made.cert.der().to_vec());
    let properties = found.properties.as_ref().unwrap();
    assert_eq!(properties.friendly_name.as_deref(), Some("The client"));
    assert!(properties.has_private_key);
    assert_eq!(properties.key_provider.as_ref().unwrap().name.as_deref(), Some(name));
}

#[test]
fn well_formed_text_is_read_as_the_pem_crate_reads_it() {
    let text: String = (0..8).map(certificate_block).collect();
    let theirs: Vec<Vec<u8>> = pem::parse_many(&text).unwrap().into_iter().map(pem::Pem::into_contents).collect();
    assert_eq!(ders(&read_text(&text)), theirs);
}

/// Text that is no boundary.
fn noise() -> impl Strategy<Value = String> {
    "[ -~\u{e4}\u{20ac}\n\t]{0,200}".prop_filter("no boundary", |noise| !noise.contains("---"))
}

proptest! {
    #[test]
    fn every_good_block_comes_out_whatever_noise_is_between(
        parts in prop::collection::vec((noise(), 0..8usize), 0..12),
        tail in noise(),
        ending in 0..3usize,
    ) {
        let text: String = parts.iter().map(|(noise, number)| format!("{noise}\n{}", certificate_block(*number))).collect();
        let text = (text + &tail).replace('\n', ["\n", "\r\n", "\r"][ending]);
        let contents = read_text(&text);
        let expected: Vec<Vec<u8>> = parts.iter().map(|(_, number)| certificate(*number)).collect();
        prop_assert_eq!(ders(&contents), expected);
        prop_assert!(contents.faults.is_empty(), "{:?}", contents.faults);
    }

    #[test]
    fn damage_in_one_block_costs_that_block_at_most(position: prop::sample::Index, byte: u8) {
        let damaged = certificate_block(1);
        let mut damaged = damaged.into_bytes();
        let place = position.index(damaged.len());
        damaged[place] = byte;
        let text = [certificate_block(0).as_bytes(), &damaged, certificate_block(2).as_bytes()].concat();
        let contents = read(&text, 1).resolve(true);
        let found = ders(&contents);
        prop_assert!(found.contains(&certificate(0)));
        prop_assert!(found.contains(&certificate(2)));
        prop_assert!(found.contains(&certificate(1)) || found.len() == 3 || !contents.faults.is_empty());
    }

    #[test]
    fn any_bytes_are_split_without_loss(text: Vec<u8>) {
        let _ = read(&text, 1);
        prop_assert_eq!(pieces(&text, 1, b'\n').filter(|piece| matches!(piece, Piece::Tail(_))).count(), 1);
    }

    #[test]
    fn any_text_of_boundaries_is_split(
        parts in prop::collection::vec(
            prop::sample::select(vec!["-----BEGIN ", "-----END ", "CERTIFICATE", "-----", "\n", "MIIB", "-", " ", "X509 CRL", ":"]),
            0..60,
        )
    ) {
        let _ = read_text(&parts.concat());
    }
}
