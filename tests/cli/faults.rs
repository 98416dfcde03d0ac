//! What goes wrong for real: bytes that are damaged anywhere, writes that fail, a process that is killed.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::common::{AT, Run, array, files, patiently, pem, read, repository, sha256, testdata, write};

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit.max(1)
    }
}

/// Whole inputs of every form that testdata has.
fn whole() -> Vec<Vec<u8>> {
    let contoso = repository("testdata/contoso");
    let mut whole: Vec<Vec<u8>> = [
        "clients/PC001.cer",
        "clients/PC003.txt",
        "from-pki-team/mail.txt",
        "from-pki-team/chain.p7b",
        "from-pki-team/issuing-2.b64",
        "other/SMS.sst",
        "other/codesigning.pem",
    ]
    .iter()
    .map(|file| read(contoso.join(file)))
    .collect();
    whole.push(pem(&read(testdata("loop/root.cer"))).into_bytes());
    whole
}

#[test]
fn whatever_is_done_to_a_certificate_file_is_either_read_or_reported() {
    let (whole, mut random) = (whole(), Random(20250601));
    let place = tempfile::tempdir().expect("a folder");
    for n in 0..600 {
        let mut bytes = whole[random.below(whole.len())].clone();
        match random.below(6) {
            0 => bytes.truncate(random.below(bytes.len())),
            1 => {
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
            }
            2 => {
                let at = random.below(bytes.len());
                bytes.remove(at);
            }
            3 => {
                let (from, more) = (random.below(bytes.len()), whole[random.below(whole.len())].clone());
                bytes.splice(from..from, more);
            }
            4 => {
                // lengths of encodings stand near the beginning
                let at = random.below(bytes.len().min(40));
                bytes[at] = u8::try_from(random.below(256)).unwrap_or(0);
            }
            _ => {
                let (from, to) = (random.below(bytes.len()), random.below(bytes.len()));
                bytes.drain(from.min(to)..from.max(to));
            }
        }
        write(place.path().join(format!("{n:03}.cer")), bytes);
    }
    let report =
        Run::new(["inspect", "--format", "json", "--at", AT]).arg(place.path()).output().status(3).silent().json();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for certificate in array(&report["certificates"]) {
        for source in array(&certificate["sources"]) {
            seen.insert(name(&source["path"]));
        }
    }
    for problem in array(&report["problems"]) {
        seen.insert(name(&problem["source"]));
    }
    let silent: Vec<String> = (0..600)
        .map(|n| format!("{n:03}.cer"))
        .filter(|file| !seen.contains(file))
        // what is known to be another thing, a CMS message for instance, is passed by in a folder, and said where it was named
        .filter(|file| {
            let named = Run::new(["inspect", "--format", "json"]).arg(place.path().join(file)).output().json();
            array(&named["problems"]).is_empty()
        })
        .collect();
    assert!(silent.is_empty(), "neither read nor reported: {silent:?}");
    for command in ["chain", "audit"] {
        Run::new([command, "--format", "json", "--at", AT]).arg(place.path()).output().status(3);
    }
}

fn name(path: &Value) -> String {
    let path = path.as_str().unwrap_or_default();
    let at = path.find(".cer").unwrap_or(path.len());
    path[at.saturating_sub(3)..(at + 4).min(path.len())].to_owned()
}

/// Whether this folder is an export with everything that its manifest names, byte for byte.
fn is_whole(dir: &Path) -> bool {
    let Ok(bytes) = std::fs::read(dir.join("manifest.json")) else { return false };
    let Ok(manifest) = serde_json::from_slice::<Value>(&bytes) else { return false };
    let entries: Vec<&Value> =
        ["roots", "intermediates"].iter().filter_map(|role| manifest[*role].as_array()).flatten().collect();
    !entries.is_empty()
        && ["README.txt", "Import-CmgCertificates.ps1"].iter().all(|file| dir.join(file).exists())
        && entries.iter().all(|entry| {
            let file = entry["file"].as_str().unwrap_or_default();
            std::fs::read(dir.join(file)).is_ok_and(|der| entry["sha256"] == sha256(&der).as_str())
        })
}

#[test]
fn an_export_that_is_killed_leaves_each_export_whole_under_one_name() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("out");
    let export = |source: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_certpath"));
        command.args(["export", "--at", AT, "--force", "--out"]).arg(&out).arg(testdata(source));
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        command
    };
    let start = std::time::Instant::now();
    assert!(patiently(|| export("cross-signed").status()).expect("it runs").success());
    // From at once to when it has ended.
    let step = start.elapsed() / 36;
    for round in 0..40_u32 {
        let source = if round % 2 == 0 { "renewed-new-key" } else { "hostile-names" };
        let mut child = patiently(|| export(source).spawn()).expect("it runs");
        std::thread::sleep(step * round);
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
        if out.exists() {
            assert!(is_whole(&out), "round {round}: {:?}", files(place.path()));
        } else {
            let whole = std::fs::read_dir(place.path())
                .expect("a folder")
                .filter_map(Result::ok)
                .filter(|entry| is_whole(&entry.path()))
                .count();
            assert!(whole >= 1, "round {round}: no whole export is left: {:?}", files(place.path()));
            // the next run finds its place free
            for entry in std::fs::read_dir(place.path()).expect("a folder").filter_map(Result::ok) {
                std::fs::remove_dir_all(entry.path()).expect("removed");
            }
            assert!(patiently(|| export("cross-signed").status()).expect("it runs").success());
        }
    }
    assert!(
        patiently(|| export("loop").status()).expect("it runs").success(),
        "what a kill left behind does not hinder the next run"
    );
    assert!(is_whole(&out));
}

/// Runs with files limited to so many KiB: a write beyond fails as on a full disk.
#[cfg(unix)]
fn with_small_files(kib: u32, arguments: &str) -> std::process::Output {
    std::process::Command::new("bash")
        .args([
            "-c",
            &format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" {arguments}"),
            env!("CARGO_BIN_EXE_certpath"),
        ])
        .output()
        .expect("bash runs")
}

#[test]
#[cfg(unix)]
fn a_write_that_fails_is_status_4_and_leaves_nothing_that_looks_whole() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("out");
    let output = with_small_files(
        1,
        &format!("export --at {AT} --out '{}' '{}'", out.display(), testdata("hostile-names").display()),
    );
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert_eq!(files(place.path()), Vec::<String>::new(), "{said}");
    assert!(said.contains("out"), "{said}");
    let file = place.path().join("report.json");
    let output = with_small_files(
        1,
        &format!("inspect --format json --output '{}' '{}'", file.display(), testdata("hostile-names").display()),
    );
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(files(place.path()), Vec::<String>::new());
}

#[test]
#[cfg(unix)]
fn a_forced_export_that_fails_leaves_the_old_one() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("out");
    Run::new(["export", "--at", AT, "--out"]).arg(&out).arg(testdata("loop")).output().status(0);
    let before: Vec<Vec<u8>> = files(&out).iter().map(|file| read(out.join(file))).collect();
    let output = with_small_files(
        1,
        &format!("export --force --at {AT} --out '{}' '{}'", out.display(), testdata("hostile-names").display()),
    );
    assert_eq!(output.status.code(), Some(4));
    let after: Vec<Vec<u8>> = files(&out).iter().map(|file| read(out.join(file))).collect();
    assert_eq!(before, after);
    assert_eq!(std::fs::read_dir(place.path()).expect("a folder").count(), 1);
}

#[test]
fn only_many_certificates_of_standard_input_need_a_place_for_a_temporary_file_and_the_message_names_it() {
    let client = read(testdata("loop/client.cer"));
    let audit = |input: Vec<u8>| {
        let run = Run::new(["audit", "--at", AT, "--format", "json", "--fail-on", "never", "-"]);
        run.env("TMPDIR", "/no/such/place").env("TMP", "/no/such/place").stdin(input).output()
    };
    assert_eq!(array(&audit(client.clone()).status(0).json()["certificates"]).len(), 1);
    if cfg!(unix) {
        // The same certificate over and over is written down as often as it is met.
        let many = pem(&client).repeat((26 << 20) / client.len());
        let refused = audit(many.into_bytes()).status(4);
        assert!(refused.stderr.contains("in /no/such/place") && refused.stdout.is_empty(), "{}", refused.seen());
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_result_that_a_full_disk_cuts_off_is_told_with_what_to_do() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_certpath"))
        .args(["inspect", "--format", "json"])
        .arg(testdata("loop"))
        .stdout(full)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code() == Some(4) && said.contains("standard output") && said.contains("make room"),
        "{said}"
    );
}

#[test]
fn nesting_and_lengths_that_lie_end_soon() {
    let place = tempfile::tempdir().expect("a folder");
    let mut nested = Vec::new();
    for _ in 0..100_000 {
        nested.extend([0x30, 0x80]);
    }
    write(place.path().join("nested.cer"), &nested);
    write(
        place.path().join("nested-pkcs7.p7b"),
        [b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02".as_slice(), &b"\xa0\x80\x30\x80".repeat(50_000)]
            .concat(),
    );
    write(place.path().join("huge-length.cer"), b"\x30\x84\xff\xff\xff\xff\x30\x82\x01\x00");
    write(place.path().join("huge-length-9.cer"), b"\x30\x89\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00");
    write(place.path().join("sst.sst"), b"\0\0\0\0CERT\x20\0\0\0\x01\0\0\0\xff\xff\xff\xff0\x82");
    write(place.path().join("begin.pem"), "-----BEGIN CERTIFICATE-----\n".repeat(50_000));
    write(place.path().join("base64.cer"), "A".repeat(4 << 20));
    write(place.path().join("zeros.cer"), vec![0; 4 << 20]);
    let report = Run::new(["inspect", "--format", "json", "--at", AT]).arg(place.path()).output();
    assert!([2, 3].contains(&report.status), "{}", report.stderr);
}
