//! Whole files: by OpenSSL, by others, and by hand.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::source::contents::Kind;
use crate::source::properties::Properties;
use crate::source::provider::{Evidence, ProviderFamily};

const KSP: &str = "Microsoft Software Key Storage Provider";

fn corpora() -> Option<PathBuf> {
    let place = std::env::var_os("CERTPATH_CORPORA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora"), PathBuf::from);
    place.join("formats").is_dir().then_some(place)
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

use crate::source::contents::Found;

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
        let output = Command::new("openssl").args(arguments).current_dir(self.dir.path()).output();
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

#[test]
fn every_pfx_of_the_corpus_gives_its_certificates() {
    let Some(corpora) = corpora() else {
        eprintln!("not run, there is no corpora folder: every_pfx_of_the_corpus_gives_its_certificates");
        return;
    };
    let index = std::fs::read(corpora.join("formats/index.json")).unwrap();
    let index: Vec<serde_json::Value> = serde_json::from_slice(&index).unwrap();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for entry in index.iter().filter(|entry| entry["kind"] == "pfx" || entry["kind"] == "sst") {
        let text = |field: &str| entry[field].as_str().unwrap_or_default();
        let bytes = std::fs::read(corpora.join("formats").join(text("file"))).unwrap();
        let contents = if entry["kind"] == "sst" {
            assert!(crate::source::serialized_store::is_serialized_store(&bytes));
            crate::source::serialized_store::read(&bytes)
        } else {
            if text("expect") == "read" {
                assert!(is_pkcs12(&bytes), "{}", text("file"));
            }
            read(&bytes, text("file"), &passwords(&["wrong", text("password")]))
        };
        let expected = text("certs").split(',').filter(|hash| !hash.is_empty()).map(str::to_owned).collect();
        seen += 1;
        if text("expect") == "read" && (fingerprints(&contents) != expected || !contents.faults.is_empty()) {
            wrong.push(format!("{}: {:?} {:?}", text("file"), fingerprints(&contents), contents.faults));
        }
        if text("expect") != "read" && contents.found.is_empty() && contents.faults.is_empty() {
            wrong.push(format!("{}: passed over in silence", text("file")));
        }
    }
    assert!(seen > 80, "only {seen} files");
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn every_key_of_the_corpus_names_its_provider_without_a_password() {
    let Some(corpora) = corpora() else {
        eprintln!("not run, there is no corpora folder: every_key_of_the_corpus_names_its_provider_without_a_password");
        return;
    };
    let truth = std::fs::read_to_string(corpora.join("formats/key_provider_truth.tsv")).unwrap();
    let rows: Vec<Vec<&str>> = truth.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    let files: BTreeSet<&str> = rows.iter().map(|row| row[0]).collect();
    assert!(files.len() > 15);
    for file in files {
        let bytes = std::fs::read(corpora.join("formats").join(file)).unwrap();
        let contents = read(&bytes, file, &passwords(&[]));
        let found: BTreeSet<&str> =
            keys(&contents).iter().filter_map(|key| key.key_provider.as_ref()?.name.as_deref()).collect();
        let expected: BTreeSet<&str> = rows.iter().filter(|row| row[0] == file).map(|row| row[3]).collect();
        assert_eq!(found, expected, "{file}");
        for key in keys(&contents) {
            let provider = key.key_provider.as_ref().unwrap();
            let family = if provider.name.as_deref() == Some(KSP) { ProviderFamily::Cng } else { ProviderFamily::Capi };
            assert_eq!((provider.family, provider.evidence), (family, Evidence::Pkcs12Attribute), "{file}");
        }
    }
}

/// `openssl pkcs12 -info` is the judge of what each file holds: it made them.
#[test]
fn every_encryption_and_mac_that_openssl_writes_is_read() {
    let pki = Pki::get();
    let expected = BTreeSet::from_iter(["client", "ca", "second-ca"].map(|name| pki.der(name)));
    let base = ["-certfile", "cas.pem", "-passout", "pass:pa\u{df}word"];
    let encryptions = [
        "AES-128-CBC",
        "AES-192-CBC",
        "AES-256-CBC",
        "DES-EDE3-CBC",
        "PBE-SHA1-3DES",
        "PBE-SHA1-2DES",
        "PBE-SHA1-RC2-40",
        "PBE-SHA1-RC2-128",
        "PBE-SHA1-RC4-40",
        "PBE-SHA1-RC4-128",
        "PBE-SHA1-DES",
        "PBE-SHA1-RC2-64",
        "NONE",
    ];
    let mut variants: Vec<Vec<&str>> =
        encryptions.iter().map(|e| vec!["-legacy", "-certpbe", *e, "-keypbe", *e]).collect();
    for mac in ["sha1", "sha224", "sha256", "sha384", "sha512", "sha512-224", "sha512-256"] {
        variants.push(vec!["-macalg", mac]);
        variants.push(vec!["-macalg", mac, "-iter", "1", "-nomaciter"]);
    }
    variants.extend([
        vec![],
        vec!["-legacy"],
        vec!["-descert"],
        vec!["-nomac"],
        vec!["-legacy", "-nomac"],
        vec!["-twopass"],
    ]);
    variants.retain(|variant| *variant != ["-twopass"]);
    let mut read_variants = 0;
    for variant in variants {
        let bytes = match pki.try_export(&[&base[..], &variant].concat()) {
            Ok(bytes) => bytes,
            // This OpenSSL may be built without it.
            Err(error) => {
                eprintln!("not run, openssl does not write {variant:?}: {error}");
                continue;
            }
        };
        let contents = read(&bytes, "file", &passwords(&["no", "pa\u{df}word"]));
        let found = certificates(&contents).iter().map(|found| found.der.clone()).collect();
        assert_eq!((&contents.faults, &expected), (&vec![], &found), "{variant:?}");
        assert_eq!(keys(&contents).len(), 1);
        assert!(is_pkcs12(&bytes));
        read_variants += 1;
    }
    assert!(read_variants > 20, "only {read_variants}");
}

#[test]
fn the_certificates_are_those_that_another_reader_finds() {
    let bytes = Pki::get().export(&["-certfile", "cas.pem", "-passout", "pass:p"]);
    let contents = read(&bytes, "file", &passwords(&["p"]));
    let store = p12_keystore::KeyStore::from_pkcs12(&bytes, "p", p12_keystore::Pkcs12ImportPolicy::Strict).unwrap();
    let (_, chain) = store.private_key_chain().unwrap();
    let client = chain.certs()[0].as_der();
    assert!(certificates(&contents).iter().any(|found| {
        found.der == client && found.properties.as_ref().is_some_and(|properties| properties.has_private_key)
    }));
}

#[test]
fn a_key_is_paired_with_its_certificate_and_with_no_other() {
    let pki = Pki::get();
    let bytes = pki.export(&[
        "-certfile",
        "cas.pem",
        "-CSP",
        KSP,
        "-LMK",
        "-name",
        "te-1",
        "-caname",
        "The CA",
        "-passout",
        "pass:p",
    ]);
    let contents = read(&bytes, "file", &passwords(&["p"]));
    assert_eq!(contents.faults, []);
    for found in certificates(&contents) {
        let properties = found.properties.as_deref();
        if found.der == pki.der("client") {
            let properties = properties.unwrap();
            let provider = properties.key_provider.as_ref().unwrap();
            assert!(properties.has_private_key);
            assert_eq!((provider.name.as_deref(), provider.machine_key), (Some(KSP), Some(true)));
            assert_eq!(provider.family, ProviderFamily::Cng);
            assert_eq!(properties.key_container.as_deref(), Some("te-1"));
            assert_eq!(properties.friendly_name.as_deref(), Some("te-1"));
        } else {
            assert!(
                properties.is_none_or(|properties| !properties.has_private_key && properties.key_provider.is_none())
            );
        }
    }
    let named: Vec<_> =
        certificates(&contents).iter().filter_map(|found| found.properties.as_ref()?.friendly_name.clone()).collect();
    assert_eq!(named, ["te-1", "The CA"]);
    let [key] = keys(&contents)[..] else { panic!("{contents:?}") };
    assert_eq!(key.key_container.as_deref(), Some("te-1"));
}

#[test]
fn a_key_without_a_provider_leaves_the_family_unknown() {
    let contents = read(&Pki::get().export(&["-passout", "pass:"]), "file", &passwords(&[]));
    assert_eq!(contents.faults, []);
    let provider = certificates(&contents)[0].properties.as_ref().unwrap().key_provider.clone().unwrap();
    assert_eq!((provider.family, provider.evidence), (ProviderFamily::Unknown, Evidence::Pkcs12NoProvider));
    assert_eq!((provider.name, provider.machine_key), (None, None));
}

#[test]
fn what_is_known_without_the_password_is_said_without_it() {
    let bytes = Pki::get().export(&["-CSP", KSP, "-passout", "pass:secret"]);
    let contents = read(&bytes, "file", &passwords(&["wrong"]));
    assert_eq!(certificates(&contents).len(), 0);
    let provider = keys(&contents)[0].key_provider.clone().unwrap();
    assert_eq!((provider.family, provider.machine_key), (ProviderFamily::Cng, Some(false)));
    let [fault] = contents.faults.as_slice() else { panic!("{contents:?}") };
    assert_eq!(fault.code, ProblemCode::Password);
    for said in [KSP, "--password-env", "--password-file", "the one given"] {
        assert!(fault.message.contains(said), "{}", fault.message);
    }
}

#[test]
fn plain_certificates_need_no_password_though_the_key_does() {
    let pki = Pki::get();
    let bytes = pki.export(&["-certpbe", "NONE", "-passout", "pass:secret"]);
    let asked = passwords(&[]).with_prompt(|name| panic!("asked for {name}"));
    let contents = read(&bytes, "file", &asked);
    assert_eq!((contents.faults.as_slice(), certificates(&contents).len()), ([].as_slice(), 1));
}

#[test]
fn a_key_bag_in_an_encrypted_part_is_found_and_nothing_of_it_is_kept() {
    let pki = Pki::get();
    let bytes = pki.export(&["-CSP", KSP, "-passout", "pass:"]);
    let contents = read(&bytes, "file", &passwords(&[]));
    assert!(contents.found.iter().all(|found| found.kind != Kind::PrivateKey || found.der.is_empty()));
}

#[test]
fn a_wrong_password_is_told_apart_from_a_damaged_file() {
    let pki = Pki::get();
    for variant in [["-macalg", "sha256"].as_slice(), &["-nomac"], &["-legacy"], &["-legacy", "-nomac"]] {
        let bytes = pki.export(&[&["-certfile", "cas.pem", "-passout", "pass:right"], variant].concat());
        let code = |bytes: &[u8], password| {
            let contents = read(bytes, "file", &passwords(&[password]));
            contents.faults.first().map(|fault| fault.code)
        };
        assert_eq!(code(&bytes, "right"), None);
        assert_eq!(code(&bytes, "wrong"), Some(ProblemCode::Password), "{variant:?}");
        // Somewhere in the certificates, and at the very end of their encryption.
        let plain_key = bytes.windows(4).position(|window| window == [0xa0, 0x82, 0x04, 0]).unwrap_or(400);
        for at in [plain_key + 200, 600] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(code(&damaged, "wrong"), Some(ProblemCode::Password), "{variant:?} at {at}");
            if !variant.contains(&"-nomac") {
                assert_eq!(code(&damaged, "right"), Some(ProblemCode::Damaged), "{variant:?} at {at}");
            }
        }
    }
    let mut bytes = pki.export(&["-passout", "pass:right"]);
    // The MAC's value stands before its salt and its iterations, at the very end.
    let at = bytes.len() - 30;
    bytes[at] ^= 1;
    let contents = read(&bytes, "file", &passwords(&["right"]));
    assert_eq!(certificates(&contents).len(), 1);
    assert_eq!(contents.faults[0].code, ProblemCode::Damaged);
    assert!(contents.faults[0].message.contains("MAC"));
}

#[test]
fn a_person_is_asked_once_and_the_second_reading_remembers() {
    let pki = Pki::get();
    let bytes = pki.export(&["-passout", "pass:typed"]);
    let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = asked.clone();
    let passwords = passwords(&["wrong"]).with_prompt(move |name| {
        log.lock().unwrap().push(name.to_owned());
        Some(if log.lock().unwrap().len() == 1 { "mistyped" } else { "typed" }.to_owned())
    });
    for _ in 0..2 {
        let contents = read(&bytes, "a.pfx", &passwords);
        assert_eq!((contents.faults.as_slice(), certificates(&contents).len()), ([].as_slice(), 1));
    }
    let again = pki.export(&["-passout", "pass:typed", "-nomac"]);
    assert_eq!(read(&again, "b.pfx", &passwords).faults, []);
    assert_eq!(*asked.lock().unwrap(), ["a.pfx", "a.pfx"]);
}

/// DER by hand.
fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut length = content.len().to_be_bytes().to_vec();
    length.drain(..length.iter().take_while(|byte| **byte == 0).count().min(length.len() - 1));
    let header = if content.len() < 0x80 {
        vec![tag, content.len() as u8]
    } else {
        [&[tag, 0x80 | length.len() as u8], length.as_slice()].concat()
    };
    [header, content].concat()
}

/// The same with an indefinite length.
fn indefinite(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    [&[tag, 0x80], parts.concat().as_slice(), &[0, 0]].concat()
}

fn oid(dotted: &str) -> Vec<u8> {
    tlv(6, &[crate::certificate::Oid::parse(dotted).unwrap().as_bytes()])
}

fn data(content: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&oid("1.2.840.113549.1.7.1"), &tlv(0xa0, &[&tlv(4, &[content])])])
}

fn certificate_bag(der: &[u8], attributes: &[u8]) -> Vec<u8> {
    let bag = tlv(0x30, &[&oid("1.2.840.113549.1.9.22.1"), &tlv(0xa0, &[&tlv(4, &[der])])]);
    tlv(0x30, &[&oid("1.2.840.113549.1.12.10.1.3"), &tlv(0xa0, &[&bag]), attributes])
}

fn pfx(parts: &[&[u8]], mac: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&[2, 1, 3], &data(&tlv(0x30, parts)), mac])
}

/// A locked part, of noise, with PBES2 and this iteration count.
fn locked_part(iterations: &[u8]) -> Vec<u8> {
    let kdf = tlv(0x30, &[&oid("1.2.840.113549.1.5.12"), &tlv(0x30, &[&tlv(4, &[&[1; 8]]), &tlv(2, &[iterations])])]);
    let cipher = tlv(0x30, &[&oid("2.16.840.1.101.3.4.1.42"), &tlv(4, &[&[2; 16]])]);
    let scheme = tlv(0x30, &[&oid("1.2.840.113549.1.5.13"), &tlv(0x30, &[&kdf, &cipher])]);
    let content = tlv(0x30, &[&oid("1.2.840.113549.1.7.1"), &scheme, &tlv(0x80, &[&[3; 64]])]);
    tlv(0x30, &[&oid("1.2.840.113549.1.7.6"), &tlv(0xa0, &[&tlv(0x30, &[&[2, 1, 0], &content])])])
}

fn mac_data(iterations: &[u8]) -> Vec<u8> {
    let digest = tlv(0x30, &[&tlv(0x30, &[&oid("1.3.14.3.2.26"), &[5, 0]]), &tlv(4, &[&[7; 20]])]);
    tlv(0x30, &[&digest, &tlv(4, &[&[1; 8]]), &tlv(2, &[iterations])])
}

#[test]
fn indefinite_lengths_pieces_and_bags_within_bags_are_read() {
    let (one, two) = ([0x30, 1, 1], [0x30, 1, 2]);
    let nested = |inner: &[u8]| tlv(0x30, &[&oid("1.2.840.113549.1.12.10.1.6"), &tlv(0xa0, &[&tlv(0x30, &[inner])])]);
    let safe = tlv(0x30, &[&certificate_bag(&one, &[]), &nested(&nested(&certificate_bag(&two, &[])))]);
    let (first, second) = safe.split_at(20);
    let pieces = indefinite(0x24, &[&tlv(4, &[first]), &tlv(4, &[second])]);
    let part = indefinite(0x30, &[&oid("1.2.840.113549.1.7.1"), &indefinite(0xa0, &[&pieces])]);
    let parts = indefinite(0x30, &[&part, &data(&safe)]);
    let content = indefinite(0xa0, &[&indefinite(0x24, &[&tlv(4, &[&parts[..9]]), &tlv(4, &[&parts[9..]])])]);
    let bytes = indefinite(0x30, &[&[2, 1, 3], &indefinite(0x30, &[&oid("1.2.840.113549.1.7.1"), &content])]);
    assert!(is_pkcs12(&bytes));
    let contents = read(&bytes, "file", &passwords(&[]));
    assert_eq!(contents.faults, []);
    let found: Vec<_> = contents.found.iter().map(|found| found.der.as_slice()).collect();
    assert_eq!(found, [one, two, one, two]);
}

#[test]
fn the_attributes_that_windows_and_java_write_are_read_or_passed_over() {
    let attribute = |id: &str, value: &[u8]| tlv(0x30, &[&oid(id), &tlv(0x31, &[value])]);
    let name = tlv(30, &["\u{c4}".encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>().as_slice()]);
    let archived = attribute("1.3.6.1.4.1.311.17.3.19", &tlv(4, &[]));
    let disallowed = attribute("1.3.6.1.4.1.311.17.3.104", &tlv(4, &[&131_277_024_000_000_000u64.to_le_bytes()]));
    let origin = attribute("1.3.6.1.4.1.311.17.3.71", &tlv(4, &[b"p\0c\0\0\0"]));
    let java = attribute("2.16.840.1.113894.746875.1.1", &oid("2.5.29.37.0"));
    let good = tlv(0x31, &[&attribute("1.2.840.113549.1.9.20", &name), &archived, &disallowed, &origin, &java]);
    let odd = tlv(
        0x31,
        &[&attribute("1.2.840.113549.1.9.20", &[1, 1, 0xff]), &attribute("1.2.840.113549.1.9.21", &[1, 1, 0])],
    );
    let broken = tlv(0x31, &[&[0x30, 5, 6]]);
    let safe = tlv(
        0x30,
        &[
            &certificate_bag(&[0x30, 0], &good),
            &certificate_bag(&[0x30, 0], &odd),
            &certificate_bag(&[0x30, 0], &broken),
        ],
    );
    let contents = read(&pfx(&[&data(&safe)], &[]), "file", &passwords(&[]));
    let [first, second, third] = contents.found.as_slice() else { panic!("{contents:?}") };
    let properties = first.properties.as_ref().unwrap();
    assert_eq!(properties.friendly_name.as_deref(), Some("\u{c4}"));
    assert!(properties.archived && properties.restrictions.disallowed_from.is_some());
    assert_eq!((&second.properties, &third.properties), (&None, &None));
    assert_eq!(contents.faults.len(), 1, "{contents:?}");
}

#[test]
fn crls_are_found_secrets_passed_over_and_what_is_unknown_named() {
    let crl = tlv(0x30, &[&oid("1.2.840.113549.1.9.23.1"), &tlv(0xa0, &[&tlv(4, &[&[0x30, 0]])])]);
    let bag = |kind: &str, value: &[u8]| tlv(0x30, &[&oid(kind), &tlv(0xa0, &[value])]);
    let sdsi = tlv(0x30, &[&oid("1.2.840.113549.1.9.22.2"), &tlv(0xa0, &[&tlv(22, &[b"sdsi"])])]);
    let safe = tlv(
        0x30,
        &[
            &bag("1.2.840.113549.1.12.10.1.4", &crl),
            &bag("1.2.840.113549.1.12.10.1.5", &[5, 0]),
            &bag("1.2.840.113549.1.12.10.1.3", &sdsi),
            &bag("1.2.840.113549.1.12.10.1.9", &[5, 0]),
            &[5, 0],
            &certificate_bag(&[0x30, 0], &[]),
        ],
    );
    let enveloped = tlv(0x30, &[&oid("1.2.840.113549.1.7.3"), &tlv(0xa0, &[&[5, 0]])]);
    let contents = read(&pfx(&[&enveloped, &data(&safe)], &[]), "file", &passwords(&[]));
    let kinds: Vec<_> = contents.found.iter().map(|found| found.kind).collect();
    assert_eq!(kinds, [Kind::Crl, Kind::Certificate]);
    let codes: Vec<_> = contents.faults.iter().map(|fault| fault.code).collect();
    assert_eq!(codes, [ProblemCode::Unsupported, ProblemCode::Unsupported, ProblemCode::Damaged]);
}

#[test]
fn positions_are_those_of_the_bags() {
    let (one, two) = (certificate_bag(&[0x30, 1, 1], &[]), certificate_bag(&[0x30, 1, 2], &[]));
    let bytes = pfx(&[&data(&tlv(0x30, &[&one, &two]))], &[]);
    for found in read(&bytes, "file", &passwords(&[])).found {
        let Position::Byte(at) = found.position else { panic!("{found:?}") };
        let bag = if found.der[2] == 1 { &one } else { &two };
        assert!(bytes[at as usize..].starts_with(bag));
    }
}

/// RFC 9579, the keys and the HMAC by another library.
#[test]
fn pbmac1_is_checked() {
    use aws_lc_rs::{hmac, pbkdf2};
    let cases = [
        (pbkdf2::PBKDF2_HMAC_SHA256, 9, hmac::HMAC_SHA256, 9, 32usize),
        (pbkdf2::PBKDF2_HMAC_SHA512, 11, hmac::HMAC_SHA256, 9, 20),
        (pbkdf2::PBKDF2_HMAC_SHA256, 9, hmac::HMAC_SHA512, 11, 64),
    ];
    for (derivation, prf, mac_algorithm, mac_number, length) in cases {
        // The password, and so whether the MAC was what told, is seen by which outcome noise gets.
        let parts = [locked_part(&[1])];
        let safe = tlv(0x30, &[&parts[0]]);
        let mut key = vec![0; length];
        pbkdf2::derive(derivation, 2048.try_into().unwrap(), b"saltsalt", "k\u{e9}y".as_bytes(), &mut key);
        let value = hmac::sign(&hmac::Key::new(mac_algorithm, &key), &safe);
        let hmac_id = |number| tlv(0x30, &[&oid(&format!("1.2.840.113549.2.{number}")), &[5, 0]]);
        let kdf = |key_length: &[u8]| {
            let parameters = tlv(0x30, &[&tlv(4, &[b"saltsalt"]), &tlv(2, &[&[8, 0]]), key_length, &hmac_id(prf)]);
            tlv(0x30, &[&oid("1.2.840.113549.1.5.12"), &parameters])
        };
        let file = |key_length: &[u8]| {
            let parameters = tlv(0x30, &[&kdf(key_length), &hmac_id(mac_number)]);
            let algorithm = tlv(0x30, &[&oid("1.2.840.113549.1.5.14"), &parameters]);
            let digest = tlv(0x30, &[&algorithm, &tlv(4, &[value.as_ref()])]);
            pfx(&[&parts[0]], &tlv(0x30, &[&digest, &tlv(4, &[b"not used"]), &[2, 1, 1]]))
        };
        let bytes = file(&[2, 1, length as u8]);
        let pfx = Pfx::parse(&bytes).unwrap_or_else(|fault| panic!("{fault:?}"));
        let passwords = passwords(&[]);
        let mut attempts = passwords.for_file("file", &bytes);
        let mac = pfx.mac.as_ref().unwrap();
        assert_eq!(mac.matches(&Password::new("k\u{e9}y"), &pfx.safe, &mut attempts), Ok(true));
        assert_eq!(mac.matches(&Password::new("key"), &pfx.safe, &mut attempts), Ok(false));
        for lie in [[].as_slice(), &[2, 1, 0], &[2, 1, 0xff], &[2, 5, 0x7f, 0xff, 0xff, 0xff, 0xff]] {
            let contents = read(&file(lie), "file", &passwords);
            assert_eq!(contents.faults[0].code, ProblemCode::Damaged, "{lie:02x?}");
        }
    }
}

#[test]
fn a_million_iterations_are_computed_and_a_billion_are_refused() {
    let million = Pki::get().export(&["-iter", "1000000", "-passout", "pass:right"]);
    assert_eq!(read(&million, "file", &passwords(&["right"])).faults, []);
    assert_eq!(read(&million, "file", &passwords(&["wrong"])).faults[0].code, ProblemCode::Password);

    let started = Instant::now();
    for iterations in [&[0x3b, 0x9a, 0xca, 0][..], &[0x7f; 8], &[0x7f; 60]] {
        for file in [
            pfx(&[&locked_part(iterations)], &mac_data(iterations)),
            pfx(&[&locked_part(iterations)], &[]),
            pfx(&[&locked_part(iterations), &data(&tlv(0x30, &[&certificate_bag(&[0x30, 0], &[])]))], &[]),
        ] {
            let contents = read(&file, "file", &passwords(&["one", "two"]));
            assert_eq!(contents.faults.len(), 1, "{contents:?}");
            assert_eq!(contents.faults[0].code, ProblemCode::Limit);
        }
    }
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    for iterations in [[0].as_slice(), &[0xff], &[]] {
        let contents = read(&pfx(&[&locked_part(iterations)], &[]), "file", &passwords(&[]));
        assert_eq!(contents.faults[0].code, ProblemCode::Damaged);
    }
}

#[test]
fn many_costly_parts_share_one_budget() {
    let parts: Vec<_> = (0..1000).map(|_| locked_part(&[0x4c, 0x4b, 0x40])).collect();
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let started = Instant::now();
    let contents = read(&pfx(&parts, &mac_data(&[0x4c, 0x4b, 0x40])), "file", &passwords(&["a", "b", "c"]));
    assert_eq!(contents.faults[0].code, ProblemCode::Limit, "{contents:?}");
    assert_eq!(contents.faults.len(), 1);
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn a_file_is_read_or_a_fault_at_every_truncation() {
    let bytes = Pki::get().export(&["-CSP", KSP, "-passout", "pass:", "-iter", "1"]);
    for length in 0..bytes.len() {
        let contents = read(&bytes[..length], "file", &passwords(&[]));
        assert!(!contents.faults.is_empty(), "{length} bytes of {}", bytes.len());
        assert!(
            contents.faults.iter().all(|fault| matches!(fault.code, ProblemCode::Truncated | ProblemCode::Damaged))
        );
    }
    assert_eq!(read(&bytes, "file", &passwords(&[])).faults, []);
    assert_eq!(read(&[bytes.as_slice(), b"\r\n"].concat(), "file", &passwords(&[])).faults, []);
    let contents = read(&[bytes.as_slice(), b"more"].concat(), "file", &passwords(&[]));
    assert_eq!((certificates(&contents).len(), contents.faults[0].code), (1, ProblemCode::Damaged));
}

#[test]
fn bags_that_nest_without_end_are_refused_in_time() {
    let mut bag = certificate_bag(&[0x30, 0], &[]);
    for _ in 0..500 {
        bag = tlv(0x30, &[&oid("1.2.840.113549.1.12.10.1.6"), &tlv(0xa0, &[&tlv(0x30, &[&bag])])]);
    }
    let contents = read(&pfx(&[&data(&tlv(0x30, &[&bag]))], &[]), "file", &passwords(&[]));
    assert_eq!(contents.faults[0].code, ProblemCode::Limit);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read(&bytes, "file", &passwords(&["p"]));
        is_pkcs12(&bytes);
        crate::source::serialized_store::read(&bytes);
        crate::source::serialized_store::read_blob(&bytes);
        crate::source::serialized_store::is_registry_blob(&bytes);
        crate::source::registry::read(&bytes);
        crate::source::registry::is_registry_export(&bytes);
    }

    #[test]
    fn any_damage_is_read_without_a_panic(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        static FILES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
        let files = FILES.get_or_init(|| {
            let all = [["-legacy", "-iter", "1"].as_slice(), &["-iter", "1"], &["-keypbe", "NONE", "-certpbe", "NONE", "-nomac"]];
            all.iter().map(|more| Pki::get().export(&[&["-CSP", KSP, "-LMK", "-passout", "pass:"], *more].concat())).collect()
        });
        for file in files {
            let mut bytes = file.clone();
            for (at, value) in &flips {
                bytes[at.index(file.len())] = *value;
            }
            read(&bytes, "file", &passwords(&["p"]));
        }
    }

    #[test]
    fn any_elements_are_read_without_a_panic(
        elements in prop::collection::vec((0u32..130, prop::collection::vec(any::<u8>(), 0..40)), 0..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = b"\0\0\0\0CERT".to_vec();
        for (id, value) in &elements {
            bytes.extend(crate::source::store_properties::tests::element(*id, value));
        }
        let bytes = &bytes[..=cut.index(bytes.len())];
        crate::source::serialized_store::read(bytes);
        crate::source::serialized_store::read_blob(bytes.get(8..).unwrap_or_default());
    }
}
