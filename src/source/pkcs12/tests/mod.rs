//! Whole files: by OpenSSL and others in `files`, by hand in `by_hand`, and with one damaged place in `damaged`.

#![expect(clippy::print_stderr, reason = "tests name what they did not run")]

mod by_hand;
mod damaged;
mod files;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use super::*;
use crate::der_writer::element_of;
use crate::source::contents::{Found, Kind};
use crate::source::passwords::Passwords;
use crate::source::properties::Properties;
use crate::source::testing::patiently;

const KSP: &str = "Microsoft Software Key Storage Provider";

fn corpora() -> Option<PathBuf> {
    let place = std::env::var_os("CERTPATH_CORPORA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora"), PathBuf::from);
    place.join("formats").is_dir().then_some(place)
}

fn read(bytes: &[u8], name: &str, passwords: &Passwords) -> Contents {
    super::read(bytes, ReadContext { name, passwords })
}

fn passwords(given: &[&str]) -> Passwords {
    Passwords::new(given.iter().map(|password| (*password).to_owned()))
}

fn fingerprints(contents: &Contents) -> BTreeSet<String> {
    let certificates = contents.found.iter().filter(|found| found.kind == Kind::Certificate);
    certificates.map(|found| Sha256::digest(&found.der)[..8].iter().map(|b| format!("{b:02x}")).collect()).collect()
}

fn keys(contents: &Contents) -> Vec<&Properties> {
    let keys = contents.found.iter().filter(|found| found.kind == Kind::PrivateKey);
    keys.map(|key| key.properties.as_deref().unwrap()).collect()
}

fn certificates(contents: &Contents) -> Vec<&Found> {
    contents.found.iter().filter(|found| found.kind == Kind::Certificate).collect()
}

/// Keys and certificates that OpenSSL makes once for all tests.
struct Pki {
    dir: tempfile::TempDir,
}

impl Pki {
    fn get() -> &'static Self {
        static PKI: OnceLock<Pki> = OnceLock::new();
        PKI.get_or_init(|| {
            let pki = Self { dir: tempfile::tempdir().unwrap() };
            for name in ["client", "other", "ca", "second-ca"] {
                let (subject, key, out) = (format!("/CN={name}"), format!("{name}.key"), format!("{name}.pem"));
                pki.openssl(&[
                    "req",
                    "-x509",
                    "-newkey",
                    "ec",
                    "-pkeyopt",
                    "ec_paramgen_curve:P-256",
                    "-nodes",
                    "-days",
                    "30",
                    "-subj",
                    &subject,
                    "-keyout",
                    &key,
                    "-out",
                    &out,
                ]);
            }
            std::fs::write(pki.path("cas.pem"), [pki.file("ca.pem"), pki.file("second-ca.pem")].concat()).unwrap();
            pki
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn file(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    fn try_openssl(&self, arguments: &[&str]) -> Result<(), String> {
        let mut command = Command::new("openssl");
        let output = patiently(|| command.args(arguments).current_dir(self.dir.path()).output());
        let output = output.map_err(|error| error.to_string())?;
        output.status.success().then_some(()).ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn openssl(&self, arguments: &[&str]) {
        self.try_openssl(arguments).unwrap_or_else(|error| panic!("openssl {arguments:?}: {error}"));
    }

    fn der(&self, name: &str) -> Vec<u8> {
        pem::parse(self.file(&format!("{name}.pem"))).unwrap().into_contents()
    }

    /// A PFX of the client's key and certificate, with these arguments more.
    fn export(&self, arguments: &[&str]) -> Vec<u8> {
        self.try_export(arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
    }

    fn try_export(&self, arguments: &[&str]) -> Result<Vec<u8>, String> {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let out = format!("{}.pfx", NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        let mut all = vec!["pkcs12", "-export", "-out", &out];
        if !arguments.contains(&"-in") {
            all.extend(["-inkey", "client.key", "-in", "client.pem"]);
        }
        all.extend(arguments);
        self.try_openssl(&all)?;
        Ok(self.file(&out))
    }
}

/// A locked part under PBES2 with AES-256, by another library's derivation.
fn encrypted_part(safe: &[u8], password: &str) -> Vec<u8> {
    use aws_lc_rs::pbkdf2;
    use cbc::cipher::block_padding::Pkcs7;
    use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
    let mut key = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA1, 1000.try_into().unwrap(), &[1; 8], password.as_bytes(), &mut key);
    let mut padded = safe.to_vec();
    padded.resize(safe.len() + 16, 0);
    let encryptor = cbc::Encryptor::<aes::Aes256>::new_from_slices(&key, &[2; 16]).unwrap();
    let ciphertext = encryptor.encrypt_padded::<Pkcs7>(&mut padded, safe.len()).unwrap().to_vec();
    locked_part(&[3, 0xe8], &ciphertext)
}

/// A part that says it is locked with PBES2, of this iteration count.
fn locked_part(iterations: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    locked_part_with(&[1; 8], iterations, ciphertext)
}

fn locked_part_with(salt: &[u8], iterations: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    let kdf = element_of(
        0x30,
        &[&oid("1.2.840.113549.1.5.12"), &element_of(0x30, &[&element_of(4, &[salt]), &element_of(2, &[iterations])])],
    );
    let cipher = element_of(0x30, &[&oid("2.16.840.1.101.3.4.1.42"), &element_of(4, &[&[2; 16]])]);
    let scheme = element_of(0x30, &[&oid("1.2.840.113549.1.5.13"), &element_of(0x30, &[&kdf, &cipher])]);
    let content = element_of(0x30, &[&oid("1.2.840.113549.1.7.1"), &scheme, &element_of(0x80, &[ciphertext])]);
    element_of(0x30, &[&oid("1.2.840.113549.1.7.6"), &element_of(0xa0, &[&element_of(0x30, &[&[2, 1, 0], &content])])])
}

fn oid(dotted: &str) -> Vec<u8> {
    element_of(6, &[crate::certificate::Oid::parse(dotted).unwrap().as_bytes()])
}

/// The same PFX without its MAC.
fn without_mac(bytes: &[u8]) -> Vec<u8> {
    let pfx = Reader::new(bytes, Origin::At(0)).required("a PFX").unwrap();
    let mut fields = pfx.children();
    for _ in 0..2 {
        fields.next().unwrap();
    }
    element_of(tag::SEQUENCE, &[&pfx.content[..pfx.content.len() - fields.rest().len()]])
}
