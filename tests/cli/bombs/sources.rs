//! Files, folders and pipes without an end, or with more in them than can be held.
#![cfg(target_os = "linux")]

use std::process::Command;

use base64::Engine as _;

use super::{bounded, bounded_to, certificate, client_with_names, ed25519, every_command, extension};
use crate::common::pki::{Ca, folder};
use crate::common::{AT, array, json_of, not_run, pem, read, repository, testdata, write};
use crate::der_writer::{element, sequence};

#[test]
fn a_file_of_two_gigabytes_is_not_held_in_memory() {
    let place = tempfile::tempdir().expect("a folder");
    let heads: [(&str, &[u8]); 5] = [
        ("zeros.cer", b""),
        ("store.sst", b"\0\0\0\0CERT"),
        ("message.p7b", b"\x30\x84\x7f\xff\xff\xf0\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"),
        ("key.pfx", b"\x30\x84\x7f\xff\xff\xf0\x02\x01\x03"),
        ("block.pem", b"-----BEGIN CERTIFICATE-----\nMIIB"),
    ];
    for (file, head) in heads {
        let path = place.path().join(file);
        write(&path, head);
        let sparse = std::fs::OpenOptions::new().write(true).open(&path).expect("a file");
        if sparse.set_len(2 << 30).is_err() {
            not_run("a file of 2 GiB: the file system has none");
            return;
        }
        let path = path.to_str().expect("a path");
        let output = bounded_to(&["inspect", "--format", "json", path], "", 1024 * 1024);
        assert!([2, 3].contains(&output.status), "{file}: {} {}", output.status, output.stderr);
        if output.status == 3 {
            assert!(!output.problems().is_empty(), "{file}");
        } else {
            assert!(!output.stderr.is_empty(), "{file}");
        }
    }
}

#[test]
fn hundreds_of_large_files_are_not_held_side_by_side() {
    let root = Ca::root("Root");
    let leaf = client_with_names(&root, 200_000);
    let folder = folder(&[("root.cer", &root.der), ("0.cer", &leaf)]);
    for number in 1..300 {
        std::fs::hard_link(folder.path().join("0.cer"), folder.path().join(format!("{number}.cer"))).expect("a link");
    }
    assert!(300 * leaf.len() > 1 << 30);
    let path = folder.path().to_str().expect("a path");
    let output = bounded_to(&["audit", "--at", AT, "--format", "json", path], "", 1024 * 1024);
    assert_eq!(array(&output.json()["certificates"]).len(), 1, "{}", output.stderr);
}

#[test]
fn settings_without_an_end_are_refused_and_a_folder_is_told_as_one() {
    for (settings, told) in [("/dev/zero", "expected at most 16 MiB, found more"), ("/dev", "found a folder")] {
        let output = bounded(&["explain", "--config", settings], "");
        assert_eq!((output.status, output.stderr.contains(told)), (2, true), "{}", output.stderr);
    }
}

#[test]
fn settings_that_come_through_a_pipe_are_heeded() {
    let root = Ca::root("Root");
    let folder = folder(&[("root.cer", &root.der), ("client.cer", &root.client("client.test"))]);
    let path = folder.path().to_str().expect("a path");
    let severities = |config: &[&str], stdin: &str| {
        let report = bounded(&[&["audit", "--at", AT, "--format", "json"], config, &[path]].concat(), stdin).json();
        let certificates = array(&report["certificates"]);
        let findings = certificates.iter().flat_map(|certificate| array(&certificate["findings"]));
        let of_key = findings.filter(|finding| finding["id"] == "key-algorithm");
        of_key.map(|finding| finding["severity"].to_string()).collect::<Vec<_>>()
    };
    let piped = "printf '[severity]\\nkey-algorithm = \"info\"\\n' |";
    assert_eq!(severities(&["--config", "/dev/stdin"], piped), ["\"info\""]);
    assert_ne!(severities(&[], ""), ["\"info\""]);
}

#[test]
fn what_lies_deeper_than_a_path_may_be_long_is_a_problem() {
    let place = tempfile::tempdir().expect("a folder");
    let deep: std::path::PathBuf = (0..12).map(|_| "d".repeat(180)).collect();
    // Two such trees, one below the other, which no path leads through as a whole.
    for tree in ["upper", "lower"] {
        std::fs::create_dir_all(place.path().join(tree).join(&deep)).expect("a folder");
    }
    write(place.path().join("lower").join(&deep).join("root.cer"), &Ca::root("Deepest Root").der);
    write(place.path().join("upper/root.cer"), &Ca::root("Upper Root").der);
    std::fs::rename(place.path().join("lower"), place.path().join("upper").join(&deep).join("lower")).expect("moved");
    let path = place.path().join("upper");
    let output = bounded(&["inspect", "--format", "json", path.to_str().expect("a path")], "");
    let problems = output.problems();
    assert_eq!((output.status, array(&output.json()["certificates"]).len(), problems.len()), (3, 1, 1), "{problems:?}");
    assert!(problems[0].contains("its path is too long"), "{problems:?}");
}

#[test]
fn endless_pipes_end() {
    for endless in [
        "yes |",
        "yes | tr -d '\\n' |",
        "cat /dev/zero |",
        "cat /dev/urandom |",
        "(printf '%s\\n' '-----BEGIN CERTIFICATE-----'; yes AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA) |",
        "(printf '0\\x84\\x7f\\xff\\xff\\xff'; cat /dev/zero) |",
        "(printf '\\x00\\x00\\x00\\x00CERT'; cat /dev/zero) |",
    ] {
        let output = bounded(&["inspect", "--format", "json", "-"], endless);
        assert!([2, 3].contains(&output.status), "{endless} {}: {}", output.status, output.stderr);
    }
}

#[test]
fn a_folder_of_links_pipes_and_devices_is_walked_once() {
    use std::os::unix::fs::symlink;
    let root = Ca::root("Walked Root");
    let folder = folder(&[("a/b/root.cer", &root.der)]);
    let at = |path: &str| folder.path().join(path);
    symlink(folder.path(), at("a/up")).expect("a link");
    symlink(at("a"), at("a/b/again")).expect("a link");
    symlink("self", at("self")).expect("a link");
    symlink("/dev/zero", at("zero.cer")).expect("a link");
    symlink("/dev/urandom", at("random.pem")).expect("a link");
    symlink("/dev/tty", at("tty.cer")).expect("a link");
    symlink("nowhere", at("dangling.cer")).expect("a link");
    assert!(Command::new("mkfifo").arg(at("pipe.cer")).status().is_ok_and(|status| status.success()));
    // Ten links a level, ten levels: as many ways as there are grains of sand.
    for level in 0..10 {
        let dir = at(&format!("maze/{level}"));
        std::fs::create_dir_all(&dir).expect("a folder");
        for way in 0..10 {
            symlink(format!("../{}", (level + 1) % 10), dir.join(format!("{way}"))).expect("a link");
        }
    }
    let report = bounded(&["inspect", "--format", "json", folder.path().to_str().expect("a path")], "");
    assert_eq!(array(&report.json()["certificates"]).len(), 1, "{}", report.stderr);
}

#[test]
fn a_folder_a_thousand_deep_is_walked() {
    let place = tempfile::tempdir().expect("a folder");
    let root = Ca::root("Deep Root");
    write(place.path().join("root.cer"), &root.der);
    // Deeper than a path can be long: each level is entered from the one above.
    let script =
        "cd \"$1\" && for n in $(seq 1500); do mkdir deep && cd deep || exit 1; done; cp \"$1/root.cer\" copy.cer";
    let made = Command::new("bash").args(["-c", script, "bash"]).arg(place.path()).status();
    assert!(made.is_ok_and(|status| status.success()));
    let report = bounded(&["inspect", "--format", "json", place.path().to_str().expect("a path")], "");
    assert_eq!(array(&report.json()["certificates"]).len(), 1);
    // What Rust's own removal of a folder does not reach.
    let _ = Command::new("rm").arg("-rf").arg(place.path()).status();
}

#[test]
fn links_to_nothing_deep_within_folders_cost_no_look_at_each_folder_above_them() {
    let place = tempfile::tempdir().expect("a folder");
    write(place.path().join("root.cer"), &Ca::root("Linked Root").der);
    let deep = place.path().join("a/".repeat(1900));
    std::fs::create_dir_all(&deep).expect("folders");
    for number in 0..400 {
        std::os::unix::fs::symlink("nowhere", deep.join(format!("{number}.cer"))).expect("a link");
    }
    let report = bounded(&["inspect", "--format", "json", place.path().to_str().expect("a path")], "");
    assert_eq!((report.status, report.problems().len()), (3, 400));
    // Named one by one, too.
    let list: String = (0..100).map(|number| format!("{}{number}\n", deep.display())).collect();
    let list = folder(&[("list.txt", list.as_bytes())]);
    let list = list.path().join("list.txt");
    let report = bounded(&["inspect", "--format", "json", "--paths-from", list.to_str().expect("a path")], "");
    assert_eq!(report.status, 2, "{}", report.stderr);
    let _ = Command::new("rm").arg("-rf").arg(place.path()).status();
}

#[test]
fn files_that_ask_for_millions_of_iterations_are_bounded_and_named() {
    let root = Ca::root("Locked Root");
    let folder = folder(&[("root.pem", pem(&root.der).as_bytes())]);
    let file = folder.path().join("0.pfx");
    let made = Command::new("openssl")
        .args(["pkcs12", "-export", "-nokeys", "-iter", "1000000", "-passout", "pass:secret", "-in"])
        .arg(folder.path().join("root.pem"))
        .arg("-out")
        .arg(&file)
        .status();
    if !made.is_ok_and(|status| status.success()) {
        not_run("PKCS#12 files of a million iterations: openssl does not make one");
        return;
    }
    let bytes = read(&file);
    // More than are ever computed, and as many as three bytes hold: of the encryption and of the MAC.
    for (name, count) in [("beyond.pfx", [2, 3, 0x4c, 0x4b, 0x41]), ("most.pfx", [2, 3, 0x7f, 0xff, 0xff])] {
        let mut changed = bytes.clone();
        let places: Vec<usize> =
            (0..bytes.len() - 4).filter(|at| bytes[*at..*at + 5] == [2, 3, 0x0f, 0x42, 0x40]).collect();
        assert_eq!(places.len(), 2);
        places.iter().for_each(|at| changed[*at..*at + 5].copy_from_slice(&count));
        write(folder.path().join(name), changed);
    }
    let output = bounded(&["inspect", "--format", "json", folder.path().to_str().expect("a path")], "");
    assert_eq!(output.status, 3, "{}", output.stderr);
    let problems = output.problems();
    assert_eq!(problems.len(), 3, "each file that was not opened is named: {problems:?}");
    let beyond = problems.iter().filter(|message| message.contains("iterations of its key derivation"));
    assert_eq!(beyond.count(), 2, "{problems:?}");
}

#[test]
fn texts_of_a_million_beginnings_end_soon() {
    let place = tempfile::tempdir().expect("a folder");
    let put = |name: &str, bytes: Vec<u8>| write(place.path().join(name), bytes);
    // Behind what is whole, so that the beginning tells the format.
    let certificate = base64::engine::general_purpose::STANDARD.encode(Ca::root("Root").der);
    let padded = format!("{}=\n", certificate.trim_end_matches('='));
    put("padded-and-blank.txt", [padded.as_bytes(), &b"AA==".repeat(1 << 18), &b" ".repeat(1 << 20)].concat());
    put(
        "ends-in-one-cell.csv",
        [&b"RequestID,RawCertificate\n1,\""[..], &b"-----END X-----\n".repeat(1 << 19)].concat(),
    );
    let table = [&b"RequestID,RawCertificate\n"[..], &b"1,hello\n".repeat(300)].concat();
    put("objects-in-one-line.csv", [&table[..], &b"\x30\x81\x04\x30\x02\xa0\x00".repeat(1 << 18)].concat());
    let registry = b"Windows Registry Editor Version 5.00\r\n\r\n";
    let mixed = b"-\0-\0-\0-\0-\0B\0E\0G\0I\0N\0 \0\x30\x80\x30\x80".repeat(1 << 18);
    put("encodings.reg", [&registry[..], &b"; hello\r\n".repeat(200), &mixed].concat());
    put("blocks.reg", [&registry[..], &b"-----BEGIN CERT-----\n".repeat(1 << 18)].concat());
    put("messages.cer", b"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02".repeat(1 << 18));
    put("certificates.cer", b"\x30\x04\x30\x02\xa0\x00".repeat(1 << 20));
    put("padding.cer", b"MA==\n".repeat(1 << 20));
    put("padding-in-a-block.pem", [b"-----BEGIN CERTIFICATE-----\n", &b"MA==\n".repeat(1 << 20)[..]].concat());
    put("objects.cer", b"\x30\x03\x30\x01\x00".repeat(1 << 20));
    put("null.p7b", b"\x30\x00".repeat(1 << 20));
    put("begins.pem", b"-----BEGIN CERTIFICATE-----".repeat(1 << 18));
    put("ends.pem", b"-----END CERTIFICATE-----".repeat(1 << 18));
    put("half.pem", b"-----BEGIN ".repeat(1 << 20));
    put("dashes.pem", b"-".repeat(16 << 20));
    put("colons.pem", [b"-----BEGIN CERTIFICATE-----\n", &b"a:b\n".repeat(1 << 20)[..]].concat());
    put(
        "rows.txt",
        [b"  RequestID   Issued Request ID  Long\r\n", &b"Row 1:\r\n  Request ID: 0x1 (1)\r\n".repeat(200_000)[..]]
            .concat(),
    );
    put("quotes.csv", [b"\"RequestID\",\"Binary Certificate\"\r\n", &b"\"".repeat(8 << 20)[..]].concat());
    put("quotes-in-lines.csv", [b"\"RequestID\",\"Binary Certificate\"\r\n", &b"\"\r\n".repeat(1 << 20)[..]].concat());
    put("hex.cer", b"30 82 01 00 30 82\n".repeat(300_000));
    put("runs.cer", b"30 82 01 00 zz 30 82 01 00 zz\n".repeat(200_000));
    let key = "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\SystemCertificates\\Root\\Certificates\\00]\r\n\"Blob\"=hex:03,00,\\\r\n";
    put("keys.reg", ["Windows Registry Editor Version 5.00\r\n\r\n", &key.repeat(50_000)].concat().into_bytes());
    put("values.sst", [b"\0\0\0\0CERT".as_slice(), &b"\x03\0\0\0\x01\0\0\0\0\0\0\0".repeat(500_000)].concat());
    put("certificates.sst", [b"\0\0\0\0CERT".as_slice(), &b"\x20\0\0\0\x01\0\0\0\0\0\0\0".repeat(500_000)].concat());
    let mut files: Vec<_> =
        std::fs::read_dir(place.path()).expect("a folder").flatten().map(|entry| entry.path()).collect();
    files.sort();
    for file in files {
        let output = bounded(&["inspect", "--format", "json", file.to_str().expect("a path")], "");
        assert!([2, 3].contains(&output.status), "{}: {} {}", file.display(), output.status, output.stderr);
    }
}

#[test]
fn depth_is_bounded_in_every_format() {
    let place = tempfile::tempdir().expect("a folder");
    let put = |name: &str, bytes: Vec<u8>| write(place.path().join(name), bytes);
    // Definite lengths, each of which holds: from the inside out.
    let mut nested = vec![5, 0];
    for _ in 0..20_000 {
        nested = element(0x30, &nested);
        if nested.len() > 400_000 {
            break;
        }
    }
    put("definite.cer", nested.clone());
    put(
        "octets.p7b",
        [b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80".as_slice(), &b"\x24\x80".repeat(100_000)]
            .concat(),
    );
    put(
        "octets.pfx",
        [
            b"\x30\x80\x02\x01\x03\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x80".as_slice(),
            &b"\x24\x80".repeat(100_000),
        ]
        .concat(),
    );
    put("sequences.pfx", [b"\x30\x80\x02\x01\x03".as_slice(), &b"\x30\x80".repeat(100_000)].concat());
    let key = ed25519();
    let subject = sequence(&[&element(0x31, &sequence(&[&[6, 3, 0x55, 4, 3], &nested]))]);
    for (file, oid) in
        [("san.cer", &[0x55, 0x1d, 17]), ("points.cer", &[0x55, 0x1d, 31]), ("constraints.cer", &[0x55, 0x1d, 30])]
    {
        put(file, certificate(&subject, &subject, &key, &key, &[extension(oid, &nested)]));
    }
    let output = bounded(&["inspect", "--format", "json", place.path().to_str().expect("a path")], "");
    assert_eq!(output.status, 3, "{}", output.stderr);
    every_command(place.path().to_str().expect("a path"));
}

#[test]
fn a_block_of_a_certificate_is_read_as_far_as_the_table_of_limits_says() {
    let table = read(repository("docs/formats.md"));
    let table = String::from_utf8_lossy(&table);
    let row = table.lines().find(|line| line.starts_with("| one PEM block of a certificate |")).expect("its row");
    let sizes: Vec<usize> = row.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [sure, never] = sizes[..] else { panic!("expected two sizes in {row}") };
    let place = tempfile::tempdir().expect("a folder");
    let file = place.path().join("block.pem");
    for (mebibytes, is_limit) in [(sure, false), (never + 1, true)] {
        let body = "A".repeat(64) + "\n";
        let lines = (mebibytes << 20) / body.len() - 1;
        let block = ["-----BEGIN CERTIFICATE-----\n", &body.repeat(lines), "-----END CERTIFICATE-----\n"].concat();
        write(&file, block);
        let root = testdata("loop").join("root.cer");
        let report = json_of("inspect", &[&file, &root], &[]).status(3).json();
        let has_limit = array(&report["problems"]).iter().any(|problem| problem["code"] == "limit");
        assert_eq!(has_limit, is_limit, "{mebibytes} MiB: {}", report["problems"]);
    }
}
