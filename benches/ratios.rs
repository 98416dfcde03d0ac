//! What the commands cost, as ratios in one run: against the floor (reading, hashing and checking the signatures, on all cores) and
//! against `openssl verify`.
//!
//! `cargo bench --bench ratios [-- N]` makes N (10,000) client certificates in a temporary folder and measures each command on it.

#![allow(clippy::print_stdout, reason = "a measurement is there to be printed")]

#[allow(dead_code)]
#[path = "../src/der_writer.rs"]
mod der_writer;
mod made;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY};
use base64::Engine;
use certpath::certificate::Certificate;
use made::Layout;
use rayon::prelude::*;
use sha2::Digest;

const RUNS: usize = 5;

fn time(run: &mut impl FnMut()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

/// The best of several runs: whatever else the machine does only makes one slower.
fn best(mut run: impl FnMut()) -> Duration {
    (0..RUNS).map(|_| time(&mut run)).min().unwrap_or_default()
}

/// The best of several runs, and of as many of the floor in turns with them: a machine that is slow for a while is slow for both.
fn beside(floor: &mut impl FnMut(), mut run: impl FnMut()) -> (Duration, Duration) {
    let both = (0..RUNS).map(|_| (time(floor), time(&mut run)));
    both.reduce(|one, two| (one.0.min(two.0), one.1.min(two.1))).unwrap_or_default()
}

fn decode(file: &Path) -> Vec<u8> {
    let text = std::fs::read(file).unwrap();
    let body: Vec<u8> =
        text.split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"-")).flatten().copied().collect();
    base64::engine::general_purpose::STANDARD.decode(body).unwrap()
}

/// The parts that a signature check needs, cut out as simply as the made certificates allow.
fn parts(der: &[u8]) -> (&[u8], &[u8]) {
    let length = usize::from(der[6]) << 8 | usize::from(der[7]);
    (&der[4..8 + length], &der[der.len() - 256..])
}

fn certpath(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_certpath"));
    command.args(arguments).stdout(Stdio::null());
    command
}

fn line(what: &str, took: Duration, floor: Duration, openssl: Option<Duration>, count: usize) {
    let seconds = took.as_secs_f64();
    let against = openssl.map_or_else(String::new, |openssl| format!("{:8.0}x", openssl.as_secs_f64() / seconds));
    println!(
        "{what:<44} {:>9.1} ms {:>7.2} us each {:>7.2} x floor {against}",
        seconds * 1e3,
        seconds * 1e6 / count as f64,
        seconds / floor.as_secs_f64(),
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let count = arguments.first().and_then(|count| count.parse().ok()).unwrap_or(10_000);
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    made::make(folder, count, "rsa", Layout::Folder, 0);
    let files: Vec<PathBuf> = (0..count).map(|number| folder.join(format!("clients/pc{number:07}.pem"))).collect();
    let issuing = Certificate::from_der(&std::fs::read(folder.join("issuing.cer")).unwrap()).unwrap();
    let spki = issuing.subject_public_key_info();
    let key = ParsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, &spki[spki.len() - 270..]).unwrap();

    println!("{count} PEM files of one issuing CA, {} threads; the best of {RUNS} runs", rayon::current_num_threads());
    println!("{:<44} {:>12} {:>15} {:>15} {:>9}", "", "time", "", "", "openssl");
    let mut check = || {
        files.par_iter().for_each(|file| {
            let der = decode(file);
            black_box((sha2::Sha256::digest(&der), sha1::Sha1::digest(&der)));
            let (signed, signature) = parts(&der);
            key.verify_sig(signed, signature).unwrap();
        });
    };
    let floor = best(&mut check);
    line("floor: read, hash, check the signature", floor, floor, None, count);
    let mut read = || {
        files.par_iter().for_each(|file| {
            let der = decode(file);
            black_box((sha2::Sha256::digest(&der), sha1::Sha1::digest(&der)));
            black_box(x509_parser::parse_x509_certificate(&der).unwrap());
        });
    };
    let reading = best(&mut read);
    line("floor of inspect: read, hash, parse", reading, reading, None, count);

    // As its users call it, which has it look into the system's own store for each certificate; and without that.
    let openssl = openssl_verify(folder, &["-CAfile"], &files);
    match openssl {
        Some(openssl) => {
            line("openssl verify -CAfile, one process", openssl, floor, None, count);
            if let Some(alone) =
                openssl_verify(folder, &["-no-CAfile", "-no-CApath", "-no-CAstore", "-trusted"], &files)
            {
                line("openssl verify -trusted, one process", alone, floor, None, count);
            }
        }
        None => println!("openssl verify was not run: there is no openssl, or it refused"),
    }

    let name = folder.to_str().unwrap();
    for format in ["table", "csv", "ndjson", "json"] {
        let (floor, took) = beside(&mut check, || {
            certpath(&["audit", name, "-f", format, "--fail-on", "never"]).status().unwrap();
        });
        line(&format!("certpath audit -f {format}"), took, floor, openssl, count);
    }
    for format in ["table", "json", "ndjson"] {
        let (floor, took) = beside(&mut check, || {
            certpath(&["chain", name, "-f", format]).status().unwrap();
        });
        line(&format!("certpath chain -f {format}"), took, floor, openssl, count);
    }
    let mut number = 0;
    let (floor, took) = beside(&mut check, || {
        number += 1;
        let out = folder.join(format!("../{}-{number}", folder.file_name().unwrap().to_string_lossy()));
        certpath(&["export", name, "--out", out.to_str().unwrap()]).status().unwrap();
        std::fs::remove_dir_all(out).unwrap();
    });
    line("certpath export", took, floor, openssl, count);
    for format in ["csv", "ndjson"] {
        let (reading, took) = beside(&mut read, || {
            certpath(&["inspect", name, "-f", format]).status().unwrap();
        });
        line(&format!("certpath inspect -f {format} (its own floor)"), took, reading, None, count);
    }
    one_certificate(&files[0]);
    depth(count.min(2_000));
}

/// `openssl verify` of all files in one process, with the root behind these options.
fn openssl_verify(folder: &Path, root: &[&str], files: &[PathBuf]) -> Option<Duration> {
    // -CAfile takes PEM alone.
    let pem = folder.join("root.pem");
    let converted =
        Command::new("openssl").arg("x509").arg("-in").arg(folder.join("root.cer")).arg("-out").arg(&pem).status();
    if !converted.is_ok_and(|status| status.success()) {
        return None;
    }
    let mut openssl = Command::new("openssl");
    openssl.arg("verify").args(root).arg(&pem);
    openssl.arg("-untrusted").arg(folder.join("issuing.cer")).args(files).stdout(Stdio::null());
    let start = Instant::now();
    let status = openssl.status();
    let took = start.elapsed();
    // The folder is what certpath reads.
    let _ = std::fs::remove_file(pem);
    status.is_ok_and(|status| status.success()).then_some(took)
}

/// The whole process, start-up included.
fn one_certificate(file: &Path) {
    const TIMES: u32 = 100;
    let each = |mut command: Command| {
        let took = best(|| (0..TIMES).for_each(|_| assert!(command.status().unwrap().success()))) / TIMES;
        took.as_secs_f64() * 1e3
    };
    let mut openssl = Command::new("openssl");
    openssl.args(["x509", "-noout", "-text", "-in"]).arg(file).stdout(Stdio::null());
    let ours = each(certpath(&["inspect", file.to_str().unwrap()]));
    println!(
        "\none certificate, the whole process: certpath inspect {ours:.2} ms, openssl x509 {:.2} ms",
        each(openssl)
    );
}

/// How cost grows with the length of the path.
fn depth(count: usize) {
    println!("\naudit of {count} certificates, by CAs on the path:");
    for depth in [0, 2, 6] {
        let place = tempfile::tempdir().unwrap();
        made::make(place.path(), count, "rsa", Layout::Folder, depth);
        let name = place.path().to_str().unwrap();
        let took = best(|| {
            certpath(&["audit", name, "-f", "csv", "--fail-on", "never"]).status().unwrap();
        });
        println!("  {:>2} CAs: {:>7.1} ms", depth + 2, took.as_secs_f64() * 1e3);
    }
}
