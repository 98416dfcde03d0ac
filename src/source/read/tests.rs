use super::*;
use crate::source::contents::Kind;
#[cfg(unix)]
use crate::source::testing::not_run;
use crate::source::testing::{base64, certificate, certificate_block, corpus, openssl, utf16, without_passwords};
use proptest::prelude::*;

fn read_as(bytes: &[u8], looks: Looks) -> Contents {
    read_bytes(bytes, looks, without_passwords())
}

fn ders(contents: &Contents) -> Vec<Vec<u8>> {
    contents.found.iter().map(|found| found.der.clone()).collect()
}

fn input(path: &Path, is_explicit: bool) -> Input {
    let looks = if is_explicit { Looks::Named } else { Looks::of(path) };
    Input { name: path.display().to_string(), origin: Origin::File(path.into()), looks, is_explicit, is_regular: false }
}

fn read_file(path: &Path) -> Contents {
    let mut contents = Contents::default();
    read_input(&input(path, true), &Passwords::default(), |part| contents.append(part));
    contents
}

#[test]
fn one_certificate_is_found_in_every_form_by_content_alone() {
    let der = certificate(0);
    let text = certificate_block(0);
    let bare = base64(&der);
    let lines: String =
        bare.as_bytes().chunks(64).map(|line| format!("{}\r\n", std::str::from_utf8(line).unwrap())).collect();
    let forms = [
        (der.clone(), Format::Der),
        (text.clone().into_bytes(), Format::Pem),
        (format!("\u{feff}{text}").into_bytes(), Format::Pem),
        (utf16(&text, false), Format::Pem),
        (utf16(&text, true), Format::Pem),
        (utf16(&text.replace('\n', "\r\n"), false)[2..].to_vec(), Format::Pem),
        (utf16(&text, true)[2..].to_vec(), Format::Pem),
        (bare.clone().into_bytes(), Format::Base64),
        (lines.clone().into_bytes(), Format::Base64),
        (utf16(&lines, false), Format::Base64),
        (format!("\u{feff}{lines}").into_bytes(), Format::Base64),
    ];
    for (bytes, format) in forms {
        for looks in [Looks::Certificate, Looks::Unknown] {
            let contents = read_as(&bytes, looks);
            assert!(contents.faults.is_empty(), "{format:?}: {:?}", contents.faults);
            assert_eq!(ders(&contents), std::slice::from_ref(&der), "{format:?}");
            assert_eq!(contents.found[0].format, format);
        }
    }
}

#[test]
fn pkcs7_is_read_as_der_pem_and_bare_base64() {
    let text = format!("{}{}", certificate_block(0), certificate_block(1));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.pem");
    std::fs::write(&path, &text).unwrap();
    let path = path.to_str().unwrap();
    let Some(der) = openssl(&["crl2pkcs7", "-nocrl", "-certfile", path, "-outform", "DER"], b"") else { return };
    let pem = openssl(&["crl2pkcs7", "-nocrl", "-certfile", path], b"").unwrap();
    for bytes in [der.clone(), pem.clone(), base64(&der).into_bytes(), utf16(std::str::from_utf8(&pem).unwrap(), false)]
    {
        let contents = read_as(&bytes, Looks::Unknown);
        assert!(contents.faults.is_empty(), "{:?}", contents.faults);
        assert_eq!(ders(&contents), [certificate(0), certificate(1)]);
        assert!(contents.found.iter().all(|found| found.format == Format::Pkcs7));
    }
}

#[test]
fn what_is_plainly_something_else_is_a_problem_only_where_it_looks_like_a_certificate() {
    for bytes in [
        &b""[..],
        b"\r\n",
        b"{\"a\": 1}",
        b"PK\x03\x04\0\0",
        &[0; 100],
        b"================ Certificate 0 ====\nCert Hash(sha1): 32",
    ] {
        assert!(read_as(bytes, Looks::Unknown).faults.is_empty());
        let faults = read_as(bytes, Looks::Certificate).faults;
        assert_eq!(faults.len(), 1, "{bytes:?}");
        assert!(faults[0].message.starts_with("expected"), "{}", faults[0].message);
    }
}

#[test]
fn what_is_known_to_be_another_thing_is_said_where_it_was_named_or_is_called_a_certificate() {
    let request = "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n";
    let settings = "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_CURRENT_USER\\Software\\X]\r\n\"a\"=\"b\"\r\n";
    for bytes in [request, settings] {
        for (looks, count) in [(Looks::Unknown, 0), (Looks::Certificate, 1), (Looks::Named, 1)] {
            assert_eq!(read_as(bytes.as_bytes(), looks).faults.len(), count, "{bytes} {looks:?}");
        }
    }
}

#[test]
fn a_request_where_a_certificate_was_meant_is_called_so_in_every_form() {
    let key = rcgen::KeyPair::generate().unwrap();
    let request = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap().serialize_request(&key).unwrap();
    let text = request.pem().unwrap();
    let new = text.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST");
    let bare = base64(request.der());
    for bytes in [&request.der()[..], text.as_bytes(), new.as_bytes(), bare.as_bytes()] {
        assert!(read_as(bytes, Looks::Unknown).is_empty());
        let faults = read_as(bytes, Looks::Certificate).faults;
        assert!(faults.len() == 1 && faults[0].message.contains("found a certificate request"), "{faults:?}");
    }
}

#[test]
fn several_certificates_in_bare_base64_are_all_read() {
    let [first, second] = [0, 1].map(|number| base64(&certificate(number)));
    let text = format!("{first}\r\n\r\n{second}\r\n");
    let contents = read_as(text.as_bytes(), Looks::Unknown);
    assert!(contents.faults.is_empty(), "{:?}", contents.faults);
    assert_eq!(ders(&contents), [certificate(0), certificate(1)]);
    let contents = read_as(format!("{first}\n(and so on)\n").as_bytes(), Looks::Unknown);
    assert_eq!(ders(&contents), [certificate(0)]);
    assert_eq!(contents.faults[0].position, Position::Line(2));
}

#[test]
fn an_archive_says_how_to_get_at_what_is_in_it() {
    let faults = read_as(b"PK\x03\x04\0\0\0\0", Looks::Named).faults;
    assert!(faults[0].message.contains("unpack it"), "{faults:?}");
}

#[test]
fn what_begins_as_a_certificate_and_is_cut_off_is_a_problem_whatever_its_name() {
    let der = certificate(0);
    let contents = read_as(&der[..der.len() / 2], Looks::Unknown);
    assert_eq!(contents.faults[0].code, ProblemCode::Truncated);
    let bare = base64(&der);
    let contents = read_as(&bare.as_bytes()[..200], Looks::Unknown);
    assert_eq!(contents.faults[0].code, ProblemCode::Truncated, "{:?}", contents.faults);
}

#[test]
fn the_dump_of_s_client_is_text_with_blocks() {
    let text = format!(
        "CONNECTED(00000003)\n---\nCertificate chain\n 0 s:CN = a.example\n   i:CN = ca\n{} 1 s:CN = ca\n{}---\nServer certificate\n\
         subject=CN = a.example\n---\nSSL handshake has read 3000 bytes\n",
        certificate_block(0),
        certificate_block(1)
    );
    let contents = read_as(text.as_bytes(), Looks::Unknown);
    assert!(contents.faults.is_empty(), "{:?}", contents.faults);
    assert_eq!(ders(&contents), [certificate(0), certificate(1)]);
}

#[test]
fn a_long_text_in_utf16_is_read_in_batches_as_if_it_were_short() {
    let text: String = (0..8000).map(certificate_block).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.txt");
    for bytes in [text.clone().into_bytes(), utf16(&text, false)] {
        assert!(bytes.len() as u64 > SMALL / 2);
        std::fs::write(&path, &bytes).unwrap();
        let contents = read_file(&path);
        assert!(contents.faults.is_empty(), "{:?}", contents.faults);
        assert_eq!(contents.found.len(), 8000);
        assert_eq!(contents.found[7999].der, certificate(7999));
    }
    assert!(matches!(open(&input(&path, true), &Passwords::default(), None), Opened::Batches(_)));
}

#[test]
fn a_large_file_that_is_something_else_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk.img");
    // Sparse: it takes no room.
    std::fs::File::create(&path).unwrap().set_len(3 << 30).unwrap();
    let before = std::time::Instant::now();
    let mut parts = 0;
    read_input(&input(&path, false), &Passwords::default(), |contents| {
        assert!(contents.found.is_empty() && contents.faults.is_empty());
        parts += 1;
    });
    assert_eq!(parts, 1);
    assert!(before.elapsed().as_millis() < 1000, "{:?}", before.elapsed());
}

#[test]
fn a_large_file_of_a_format_that_is_read_whole_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.p7b");
    std::fs::write(&path, b"\x30\x84\x7f\xff\xff\xff\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02").unwrap();
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(2 << 30).unwrap();
    let contents = read_file(&path);
    assert_eq!(contents.faults[0].code, ProblemCode::Limit);
    assert!(contents.faults[0].message.contains("512 MiB"), "{}", contents.faults[0].message);
}

#[test]
fn a_file_that_is_gone_is_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    let contents = read_file(&folder.path().join("gone.cer"));
    assert_eq!(contents.faults[0].code, ProblemCode::NotFound);
}

#[test]
fn a_file_without_room_beside_the_others_waits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.pem");
    std::fs::write(&path, certificate_block(0)).unwrap();
    let size = std::fs::metadata(&path).unwrap().len();
    let room = Room::new(2 * size + 1);
    let look = || open(&input(&path, false), &Passwords::default(), Some(&room));
    assert!(matches!(look(), Opened::Whole(_)));
    assert!(matches!(look(), Opened::Whole(_)));
    assert!(matches!(look(), Opened::Later));
}

#[test]
fn a_file_that_grows_while_it_is_read_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing.pem");
    let text: String = (0..8000).map(certificate_block).collect();
    let mut bytes = text.clone().into_bytes();
    bytes.extend(text.as_bytes());
    std::fs::write(&path, &bytes).unwrap();
    let Opened::Batches(batches) = open(&input(&path, true), &Passwords::default(), None) else {
        panic!("not in batches")
    };
    let mut contents = Contents::default();
    for (index, batch) in batches.enumerate() {
        if index == 0 {
            use std::io::Write as _;
            let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
            file.write_all(certificate_block(0).as_bytes()).unwrap();
        }
        contents.append(batch.read(without_passwords()));
    }
    assert!(contents.found.len() >= 16_000);
    let last = contents.faults.last().unwrap();
    assert_eq!(last.code, ProblemCode::Unreadable);
    assert!(last.message.contains("changed"), "{}", last.message);
}

#[cfg(target_os = "linux")]
#[test]
fn files_that_the_system_makes_up_and_endless_devices_are_bounded() {
    assert!(read_file(Path::new("/proc/self/status")).found.is_empty());
    let contents = read_file(Path::new("/dev/zero"));
    assert_eq!(contents.faults.len(), 1);
    let contents = read_file(Path::new("/dev/null"));
    assert_eq!(contents.faults[0].code, ProblemCode::Empty);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_where_it_was_named_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    let Ok(status) = std::process::Command::new("mkfifo").arg(&path).status() else {
        not_run("mkfifo is not installed");
        return;
    };
    assert!(status.success());
    assert!(
        matches!(open(&input(&path, false), &Passwords::default(), None), Opened::Whole(contents) if contents.faults.len() == 1)
    );
    let writer = std::thread::spawn({
        let path = path.clone();
        move || std::fs::write(path, certificate_block(0))
    });
    let contents = read_file(&path);
    writer.join().unwrap().unwrap();
    assert_eq!(ders(&contents), [certificate(0)]);
}

#[test]
fn every_file_of_the_corpora_is_used_or_reported() {
    let mut count = 0;
    for name in ["formats", "malformed", "real_cas", "cases"] {
        let Some(folder) = corpus(name) else { return };
        for entry in
            walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file())
        {
            let contents = read_file(entry.path());
            assert!(!contents.found.is_empty() || !contents.faults.is_empty(), "{}", entry.path().display());
            count += 1;
        }
    }
    assert!(count > 1000, "{count} files");
}

#[test]
fn what_openssl_and_go_read_of_the_malformed_is_read() {
    let Some(folder) = corpus("malformed") else { return };
    let table = std::fs::read_to_string(folder.join("parse_oracle.tsv")).unwrap();
    let mut lines = table.lines();
    let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let column = |name: &str| header.iter().position(|column| column.contains(name)).unwrap();
    let (file, openssl, go) = (column("file"), column("openssl"), column("go"));
    let mut count = 0;
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        if cells[openssl] == "ok" && cells[go] == "ok" {
            let contents = read_file(&folder.join(cells[file]));
            assert!(
                contents.found.iter().any(|found| found.kind == Kind::Certificate),
                "{line}: {:?}",
                contents.faults
            );
            count += 1;
        }
    }
    assert!(count > 100, "{count} files");
}

proptest! {
    #[test]
    fn any_bytes_that_look_like_a_certificate_are_used_or_reported(bytes: Vec<u8>) {
        let contents = read_as(&bytes, Looks::Certificate);
        prop_assert!(!contents.found.is_empty() || !contents.faults.is_empty());
        let _ = read_as(&bytes, Looks::Unknown);
    }
}
