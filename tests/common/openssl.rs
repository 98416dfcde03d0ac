//! The OpenSSL command line as an independent oracle.

use std::io::Write;
use std::process::{Command, Stdio};

/// What `openssl ARGUMENTS…` prints, or `None` when it fails.
pub(crate) fn openssl(arguments: &[&str], stdin: &[u8]) -> Option<String> {
    let mut command = Command::new("openssl");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = super::patiently(|| command.spawn()).expect("these tests need the openssl command");
    let mut pipe = child.stdin.take().expect("a pipe");
    let bytes = stdin.to_vec();
    let writer = std::thread::spawn(move || {
        let _ = pipe.write_all(&bytes);
    });
    let output = child.wait_with_output().expect("openssl ends");
    let _ = writer.join();
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What OpenSSL says about a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Upper hex, as printed: a negative number begins with `-`.
    pub(crate) serial: String,
    pub(crate) sha1: String,
    pub(crate) sha256: String,
    pub(crate) not_before: String,
    pub(crate) not_after: String,
    /// RFC 2253, most specific first.
    pub(crate) subject: String,
    pub(crate) issuer: String,
}

/// `openssl x509` on one DER certificate.
pub(crate) fn facts(der: &[u8]) -> Option<Facts> {
    let one = |more: &[&str]| {
        let mut arguments = vec!["x509", "-inform", "DER", "-noout"];
        arguments.extend_from_slice(more);
        openssl(&arguments, der)
    };
    let both = one(&[
        "-serial",
        "-dates",
        "-subject",
        "-issuer",
        "-nameopt",
        "RFC2253,-esc_msb,utf8,-esc_ctrl",
        "-dateopt",
        "iso_8601",
    ])?;
    let line =
        |label: &str| both.lines().find_map(|line| line.strip_prefix(label)).map(str::to_owned).unwrap_or_default();
    let fingerprint = |hash: &str| {
        one(&["-fingerprint", hash])
            .and_then(|text| text.trim().split_once('=').map(|(_, value)| value.replace(':', "")))
    };
    Some(Facts {
        serial: line("serial="),
        sha1: fingerprint("-sha1")?,
        sha256: fingerprint("-sha256")?.to_lowercase(),
        not_before: line("notBefore=").replace(' ', "T"),
        not_after: line("notAfter=").replace(' ', "T"),
        subject: line("subject="),
        issuer: line("issuer="),
    })
}

/// `openssl verify`: does it find a path for this leaf?
pub(crate) fn verifies(trust: &[&[u8]], untrusted: &[&[u8]], leaf: &[u8], at: i64, purpose: Option<&str>) -> bool {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, certificates: &[&[u8]]| {
        let path = folder.path().join(name);
        std::fs::write(&path, certificates.iter().map(|der| super::pem(der)).collect::<String>()).expect("a file");
        path.to_string_lossy().into_owned()
    };
    let (trust_file, untrusted_file, leaf_file) =
        (file("trust", trust), file("untrusted", untrusted), file("leaf", &[leaf]));
    let at = at.to_string();
    let mut arguments = vec!["verify", "-attime", &at, "-auth_level", "0", "-CAfile", &trust_file];
    if let Some(purpose) = purpose {
        arguments.extend(["-purpose", purpose]);
    }
    if !untrusted.is_empty() {
        arguments.extend(["-untrusted", &untrusted_file]);
    }
    arguments.push(&leaf_file);
    openssl(&arguments, b"").is_some()
}

/// A certificate and its key in PKCS#12 without a password, the key bag naming this provider.
pub(crate) fn pkcs12(certificate: &[u8], key: &rcgen::KeyPair, provider: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let inside = |file: &str| folder.path().join(file).to_string_lossy().into_owned();
    let (certificate_file, key_file, made) = (inside("client.pem"), inside("key.pem"), inside("client.pfx"));
    super::write(&certificate_file, super::pem(certificate));
    super::write(&key_file, key.serialize_pem());
    let named = ["-in", &certificate_file, "-inkey", &key_file, "-CSP", provider, "-out", &made];
    openssl(&[&["pkcs12", "-export", "-passout", "pass:"][..], &named].concat(), b"").expect("OpenSSL writes PKCS#12");
    super::read(&made)
}
