//! PFX files that others wrote: the corpus, and OpenSSL in place.

use super::*;
use crate::source::provider::{Evidence, ProviderFamily};
use crate::source::read::read_bytes;
use crate::source::sniff::Looks;
use crate::source::testing;

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
    variants.extend([vec![], vec!["-legacy"], vec!["-descert"], vec!["-nomac"]]);
    variants.extend(["AES-256-CBC", "PBE-SHA1-3DES"].map(|encryption| vec!["-nomac", "-certpbe", encryption]));
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
    let named: Vec<_> = certificates(&contents)
        .iter()
        .filter_map(|found| found.properties.as_ref()?.friendly_name.as_deref())
        .collect();
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

/// As GnuTLS and routers write it, beside what else a text holds.
#[test]
fn a_pfx_in_a_pem_block_is_read_as_the_file_is() {
    let pki = Pki::get();
    let bytes = pki.export(&["-certfile", "cas.pem", "-CSP", KSP, "-passout", "pass:right"]);
    let cut = &bytes[..bytes.len() - 100];
    for label in ["PKCS12", "PKCS#12", "pkcs12", "PKCS #12"] {
        for (der, password) in [(&bytes[..], "right"), (&bytes, "wrong"), (cut, "right")] {
            let text = format!("# from the router\n{}{}", testing::certificate_block(0), testing::block(label, der));
            let line = 1 + text[..text.rfind("-----BEGIN").unwrap()].matches('\n').count() as u64;
            let passwords = passwords(&[password]);
            let context = ReadContext { name: "file", passwords: &passwords };
            let mut contents = read_bytes(text.as_bytes(), Looks::Unknown, context);
            assert_eq!(contents.found.remove(0).der, testing::certificate(0));
            let file = read(der, "file", &passwords);
            let found = |contents: &Contents| -> Vec<_> {
                let found = contents.found.iter();
                found.map(|found| (found.kind, found.der.clone(), found.format, found.properties.clone())).collect()
            };
            assert_eq!(found(&contents), found(&file), "{label} {password}");
            let faults = |contents: &Contents| -> Vec<_> {
                contents.faults.iter().map(|fault| (fault.code, fault.message.clone())).collect()
            };
            assert_eq!(faults(&contents), faults(&file), "{label} {password}");
            assert_eq!(file.faults.is_empty(), der.len() == bytes.len() && password == "right");
            let positions = contents.found.iter().map(|found| found.position);
            let positions = positions.chain(contents.faults.iter().map(|fault| fault.position));
            assert_eq!(positions.filter(|position| *position != Position::Line(line)).count(), 0, "{contents:?}");
        }
    }
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

/// Java's key stores and trust stores, in its present and its former encryption.
#[test]
fn what_keytool_writes_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let keytool = |arguments: &str| {
        let common = ["-storetype", "PKCS12", "-storepass", "changeit", "-noprompt"];
        let mut command = Command::new("keytool");
        command.args(arguments.split(' ')).args(common).current_dir(dir.path());
        let output = patiently(|| command.output())?;
        if output.status.success() { Ok(()) } else { Err(std::io::Error::other(format!("{output:?}"))) }
    };
    let commands = [
        "-genkeypair -alias one -keyalg EC -dname CN=one -keystore keys.p12",
        "-genkeypair -alias two -keyalg EC -dname CN=two -keystore keys.p12",
        "-genseckey -alias secret -keyalg AES -keysize 128 -keystore keys.p12",
        "-exportcert -alias one -file one.cer -keystore keys.p12",
        "-importcert -alias trusted -file one.cer -keystore trust.p12",
        "-J-Dkeystore.pkcs12.legacy -importcert -alias trusted -file one.cer -keystore former.p12",
    ];
    if let Err(error) = commands.iter().try_for_each(|arguments| keytool(arguments)) {
        eprintln!("not run, keytool is not to be had: what_keytool_writes_is_read: {error}");
        return;
    }
    let read = |name: &str| read(&std::fs::read(dir.path().join(name)).unwrap(), name, &passwords(&["changeit"]));
    let store = read("keys.p12");
    assert_eq!((store.faults.as_slice(), keys(&store).len()), ([].as_slice(), 2));
    let named: Vec<_> = certificates(&store).iter().map(|found| found.properties.as_deref().unwrap()).collect();
    assert!(named.iter().all(|properties| properties.has_private_key && properties.key_container.is_none()));
    assert_eq!(named.iter().map(|p| p.friendly_name.as_deref().unwrap()).collect::<Vec<_>>(), ["one", "two"]);
    for name in ["trust.p12", "former.p12"] {
        let store = read(name);
        assert_eq!(store.faults, [], "{name}");
        let [trusted] = certificates(&store)[..] else { panic!("{store:?}") };
        assert_eq!(trusted.der, std::fs::read(dir.path().join("one.cer")).unwrap());
        let properties = trusted.properties.as_ref().unwrap();
        assert_eq!((properties.friendly_name.as_deref(), properties.has_private_key), (Some("trusted"), false));
    }
}

#[test]
fn a_wrong_password_is_told_apart_from_a_damaged_file() {
    let pki = Pki::get();
    let code = |bytes: &[u8], password| {
        let contents = read(bytes, "file", &passwords(&[password]));
        contents.faults.first().map(|fault| fault.code)
    };
    for encryption in ["AES-256-CBC", "PBE-SHA1-3DES"] {
        let arguments = ["-certpbe", encryption, "-certfile", "cas.pem", "-passout", "pass:right"];
        let with_mac = pki.export(&arguments);
        for (has_mac, bytes) in [(false, without_mac(&with_mac)), (true, with_mac)] {
            assert_eq!(code(&bytes, "right"), None);
            assert_eq!(code(&bytes, "wrong"), Some(ProblemCode::Password), "{encryption} {has_mac}");
            let pfx = Pfx::parse(&bytes).unwrap_or_else(|fault| panic!("{fault:?}"));
            let (parts, _) = pfx.parts();
            let locked =
                parts.iter().find_map(|part| if let Part::Locked(locked) = part { Some(locked) } else { None });
            let ciphertext = locked.unwrap().ciphertext.as_ref();
            let start = bytes.windows(ciphertext.len()).position(|window| window == ciphertext).unwrap();
            // Each byte of CBC makes noise of its own block and turns over its own bits of the next: so the third of these is sure to spoil
            // the padding, where noise of the last block would, once in a few hundred times, be a padding by chance.
            let block = if encryption == "AES-256-CBC" { 16 } else { 8 };
            for at in [0, ciphertext.len() / 2, ciphertext.len() - block - 1] {
                let mut damaged = bytes.clone();
                damaged[start + at] ^= 1;
                assert_eq!(code(&damaged, "wrong"), Some(ProblemCode::Password), "{encryption} {has_mac} at {at}");
                // In the middle of a certificate only the MAC can tell.
                if has_mac || at != ciphertext.len() / 2 {
                    assert_eq!(code(&damaged, "right"), Some(ProblemCode::Damaged), "{encryption} {has_mac} at {at}");
                }
            }
        }
    }
    // One certificate, and so one bag: wherever its first bytes are damaged, identifiers behind them are left.
    let bytes = without_mac(&pki.export(&["-nokeys", "-passout", "pass:right"]));
    let pfx = Pfx::parse(&bytes).unwrap_or_else(|fault| panic!("{fault:?}"));
    let (parts, _) = pfx.parts();
    let [Part::Locked(locked)] = parts.as_slice() else { panic!("not one locked part") };
    let ciphertext = locked.ciphertext.as_ref();
    let start = bytes.windows(ciphertext.len()).position(|window| window == ciphertext).unwrap();
    for at in 0..48 {
        let mut damaged = bytes.clone();
        damaged[start + at] ^= 0x80;
        assert_eq!(code(&damaged, "wrong"), Some(ProblemCode::Password), "at {at}");
        let right = code(&damaged, "right");
        assert!(right.is_some_and(|code| code != ProblemCode::Password), "{right:?} at {at}");
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
    let again = without_mac(&pki.export(&["-passout", "pass:typed"]));
    assert_eq!(read(&again, "b.pfx", &passwords).faults, []);
    assert_eq!(*asked.lock().unwrap(), ["a.pfx", "a.pfx"]);
}
