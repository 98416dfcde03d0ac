//! What tests of the readers share: certificates made in place, and OpenSSL as an oracle.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use base64::Engine as _;

use crate::source::passwords::{Passwords, ReadContext};

#[path = "../../tests/common/start.rs"]
mod start;
pub(crate) use start::patiently;

/// Some self-signed certificates: making them is slow, so that tests take them from here.
static CERTIFICATES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    (0..8)
        .map(|number| {
            let made = rcgen::generate_simple_self_signed(vec![format!("{number}.example")]).unwrap();
            made.cert.der().to_vec()
        })
        .collect()
});

/// The certificate of this number, whatever the number.
pub(crate) fn certificate(number: usize) -> Vec<u8> {
    CERTIFICATES[number % CERTIFICATES.len()].clone()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A block as OpenSSL writes it.
pub(crate) fn block(label: &str, bytes: &[u8]) -> String {
    let text = base64(bytes);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

pub(crate) fn certificate_block(number: usize) -> String {
    block("CERTIFICATE", &certificate(number))
}

/// PKCS#7 and PKCS#12 without a password that hold this certificate alone; `None` where there is no OpenSSL.
pub(crate) fn pkcs7_and_pkcs12(number: usize) -> Option<[Vec<u8>; 2]> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.pem");
    std::fs::write(&path, certificate_block(number)).unwrap();
    let path = path.to_str().unwrap();
    let pkcs7 = openssl(&["crl2pkcs7", "-nocrl", "-certfile", path, "-outform", "DER"], b"")?;
    Some([pkcs7, openssl(&["pkcs12", "-export", "-nokeys", "-in", path, "-passout", "pass:"], b"")?])
}

/// For what needs no password.
pub(crate) fn without_passwords() -> ReadContext<'static> {
    static NONE: LazyLock<Passwords> = LazyLock::new(Passwords::default);
    ReadContext { name: "x", passwords: &NONE }
}

/// UTF-16 with a byte-order mark.
pub(crate) fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
    let unit = |unit: u16| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
    [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(unit).collect()
}

/// Says what was not run.
#[allow(clippy::print_stdout)]
pub(crate) fn not_run(what: &str) {
    println!("not run: {what}");
}

/// What `openssl` writes for these arguments and this input; `None`, and a line that says so, where it cannot be run.
pub(crate) fn openssl(arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let mut command = Command::new("openssl");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let spawned = patiently(|| command.spawn());
    let Ok(mut child) = spawned else {
        not_run(&format!("openssl {} (openssl is not installed)", arguments.join(" ")));
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

/// A folder of the corpora; `None`, and a line that says so, where they are not at hand.
pub(crate) fn corpus(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("CERTPATH_CORPORA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora"), PathBuf::from);
    let folder = root.join(name);
    if folder.exists() {
        return Some(folder);
    }
    not_run(&format!("the corpora's {name} is not at hand"));
    None
}
