//! Live stores, filled by Windows itself and read back.
#![allow(clippy::print_stderr)]

use std::collections::BTreeMap;

use super::{is_missing, read_store, read_stores_for_trust};
use crate::source::contents::{Contents, Format, Found, Kind, ProblemCode};
use crate::source::properties::{Properties, StoreName};
use crate::source::provider::{Evidence, KeyKeeper, ProviderFamily};
use crate::source::store_source::{StoreLocation, StoreSource};
use crate::source::testing::patiently;
use crate::source::{registry, serialized_store, text};
use crate::time::Time;

#[path = "../../../tests/windows/crypt32.rs"]
mod crypt32;
use crypt32::{Key, Store};

/// A user's store of its own name, gone when the test ends: harmless on anyone's Windows.
struct OwnStore(String);

impl OwnStore {
    fn new(test: &str) -> Self {
        Self(format!("certpath test {test} {}", std::process::id()))
    }

    fn open(&self) -> Store {
        Store::system(false, &self.0)
    }

    fn source(&self) -> StoreSource {
        StoreSource::new(StoreLocation::CurrentUser, &self.0)
    }
}

impl Drop for OwnStore {
    fn drop(&mut self) {
        crypt32::delete_system(false, &self.0);
    }
}

fn certificate(name: &str) -> Vec<u8> {
    rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate").cert.der().to_vec()
}

fn crl() -> Vec<u8> {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut parameters = rcgen::CertificateParams::default();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let issuer = rcgen::Issuer::new(parameters, key);
    let list = rcgen::CertificateRevocationListParams {
        this_update: rcgen::date_time_ymd(2024, 1, 1),
        next_update: rcgen::date_time_ymd(2034, 1, 1),
        crl_number: rcgen::SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: rcgen::KeyIdMethod::Sha256,
    };
    list.signed_by(&issuer).expect("a CRL").der().to_vec()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

fn by_der(contents: &Contents) -> BTreeMap<&[u8], &Found> {
    contents.found.iter().map(|found| (found.der.as_slice(), found)).collect()
}

fn properties<'a>(contents: &'a Contents, der: &[u8]) -> &'a Properties {
    by_der(contents).get(der).expect("the certificate was read").properties.as_deref().expect("with properties")
}

const CLIENT_AUTHENTICATION: [u8; 12] = [0x30, 0x0a, 0x06, 0x08, 0x2b, 6, 1, 5, 5, 7, 3, 2];

#[test]
fn certificates_and_crls_come_out_byte_for_byte_with_their_store() {
    let own = OwnStore::new("bytes");
    let (first, second, list) = (certificate("first"), certificate("second"), crl());
    let store = own.open();
    store.add(&first, None, &[]);
    store.add(&second, None, &[]);
    store.add_crl(&list);
    drop(store);
    let contents = read_store(&own.source());
    assert_eq!(contents.faults, []);
    assert_eq!(contents.found.len(), 3);
    let found = by_der(&contents);
    assert_eq!(found[first.as_slice()].kind, Kind::Certificate);
    assert_eq!(found[second.as_slice()].kind, Kind::Certificate);
    assert_eq!(found[list.as_slice()].kind, Kind::Crl);
    for found in &contents.found {
        assert_eq!(found.format, Format::WindowsStore);
        let store = found.properties.as_ref().and_then(|properties| properties.store.clone());
        assert_eq!(store, Some(StoreName { location: Some("CurrentUser".into()), name: own.0.as_str().into() }));
    }
}

#[test]
fn the_key_provider_is_read_without_the_key() {
    let own = OwnStore::new("keys");
    let (cng, csp, bare) = (certificate("cng"), certificate("csp"), certificate("bare"));
    let store = own.open();
    let ksp = "Microsoft Software Key Storage Provider";
    store.add(&cng, Some(&Key { container: "te-1", provider: ksp, provider_type: 0, machine: true }), &[]);
    let rsa = "Microsoft RSA SChannel Cryptographic Provider";
    store.add(&csp, Some(&Key { container: "schlüssel", provider: rsa, provider_type: 12, machine: false }), &[]);
    store.add(&bare, None, &[]);
    drop(store);
    let contents = read_store(&own.source());

    let with_ksp = properties(&contents, &cng);
    assert!(with_ksp.has_private_key);
    assert_eq!(with_ksp.key_container.as_deref(), Some("te-1"));
    let provider = with_ksp.key_provider.as_ref().expect("a provider");
    assert_eq!(provider.family, ProviderFamily::Cng);
    assert_eq!(provider.name.as_deref(), Some(ksp));
    assert_eq!((provider.provider_type, provider.machine_key), (Some(0), Some(true)));
    assert_eq!(provider.evidence, Evidence::KeyProviderInfo);

    let with_csp = properties(&contents, &csp);
    assert_eq!(with_csp.key_container.as_deref(), Some("schlüssel"));
    let provider = with_csp.key_provider.as_ref().expect("a provider");
    assert_eq!(provider.family, ProviderFamily::Capi);
    assert_eq!(provider.name.as_deref(), Some(rsa));
    assert_eq!((provider.provider_type, provider.machine_key), (Some(12), Some(false)));

    let without = properties(&contents, &bare);
    assert!(!without.has_private_key);
    assert_eq!(without.key_provider, None);
}

#[test]
fn what_a_store_entry_adds_and_forbids_is_read() {
    let own = OwnStore::new("properties");
    let der = certificate("restricted");
    let moment = |text: &str| Time::parse(text).expect("a time");
    let filetime = |text: &str| ((moment(text).unix() + 11_644_473_600) * 10_000_000).to_le_bytes();
    let kept = own.open().add(
        &der,
        None,
        &[
            (11, &utf16("Zertifikat für die Prüfung")),
            (19, &[]),
            (9, &CLIENT_AUTHENTICATION),
            (104, &filetime("2024-05-06T07:08:09Z")),
            (122, &CLIENT_AUTHENTICATION),
            (126, &filetime("2023-01-01T00:00:00Z")),
            (127, &[0x30, 0]),
        ],
    );
    let contents = read_store(&own.source());
    assert_eq!(contents.faults, []);
    let read = properties(&contents, &der);
    assert_eq!(read.friendly_name.as_deref(), Some("Zertifikat für die Prüfung"));
    let usages = |list: &Option<Vec<crate::certificate::Oid>>| -> Option<Vec<String>> {
        list.as_ref().map(|oids| oids.iter().map(ToString::to_string).collect())
    };
    let client = Some(vec!["1.3.6.1.5.5.7.3.2".to_owned()]);
    assert!(kept.contains(&11) && kept.contains(&9), "{kept:?}");
    assert_eq!(usages(&read.restrictions.enhanced_key_usage), client);
    let expected = |id: u32| kept.contains(&id);
    assert_eq!(read.archived, expected(19));
    assert_eq!(read.restrictions.disallowed_from, expected(104).then(|| moment("2024-05-06T07:08:09Z")));
    assert_eq!(usages(&read.restrictions.disallowed_usages), client.filter(|_| expected(122)));
    assert_eq!(read.restrictions.not_before, expected(126).then(|| moment("2023-01-01T00:00:00Z")));
    assert_eq!(usages(&read.restrictions.not_before_usages), expected(127).then(Vec::new));
}

#[test]
fn a_property_that_is_not_what_it_should_be_is_reported_and_hides_nothing() {
    let own = OwnStore::new("damaged");
    let der = certificate("damaged");
    own.open().add(&der, None, &[(9, &[1, 2, 3]), (11, &utf16("still here"))]);
    let contents = read_store(&own.source());
    assert_eq!(properties(&contents, &der).friendly_name.as_deref(), Some("still here"));
    let [fault] = contents.faults.as_slice() else { panic!("one fault: {:?}", contents.faults) };
    assert_eq!(fault.code, ProblemCode::Damaged);
    assert!(fault.message.contains("property 9"), "{}", fault.message);
}

#[test]
fn a_thumbprint_takes_one_certificate_and_one_that_is_not_there_is_said() {
    let own = OwnStore::new("thumbprint");
    let (wanted, other) = (certificate("wanted"), certificate("other"));
    let store = own.open();
    store.add(&wanted, None, &[]);
    store.add(&other, None, &[]);
    store.add_crl(&crl());
    drop(store);
    let thumbprint = crypt32::describe(&wanted).expect("a certificate").thumbprint;
    let path = format!("{}\\{thumbprint}", own.source());
    let source = StoreSource::parse(&path).expect("a store").expect("well formed");
    let contents = read_store(&source);
    assert_eq!(contents.faults, []);
    assert_eq!(contents.found.iter().map(|found| &found.der).collect::<Vec<_>>(), [&wanted]);
    assert!(!is_missing(&source) && !is_missing(&own.source()));

    let path = format!("{}\\{}", own.source(), "00".repeat(20));
    let source = StoreSource::parse(&path).expect("a store").expect("well formed");
    assert!(is_missing(&source));
    let contents = read_store(&source);
    assert!(contents.found.is_empty());
    assert_eq!(contents.faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), [ProblemCode::NotFound]);
}

#[test]
fn a_store_that_is_not_there_is_said_and_not_made() {
    let own = OwnStore::new("absent");
    for _ in 0..2 {
        assert!(is_missing(&own.source()));
        let contents = read_store(&own.source());
        assert!(contents.found.is_empty());
        let [fault] = contents.faults.as_slice() else { panic!("one fault: {:?}", contents.faults) };
        assert_eq!(fault.code, ProblemCode::NotFound);
        assert!(fault.message.contains("Get-ChildItem Cert:\\CurrentUser lists"), "{}", fault.message);
    }
}

#[test]
fn a_location_alone_is_all_its_stores() {
    let own = OwnStore::new("location");
    let der = certificate("somewhere");
    own.open().add(&der, None, &[]);
    let contents = read_store(&StoreSource::parse(r"Cert:\CurrentUser").expect("a store").expect("well formed"));
    let store = properties(&contents, &der).store.as_ref().expect("a store");
    assert_eq!(*store.name, *own.0);
}

#[test]
fn a_store_in_active_directory_is_refused_with_the_command_that_exports_it() {
    let contents = read_store(&StoreSource::new(StoreLocation::CurrentUser, "userds"));
    let [fault] = contents.faults.as_slice() else { panic!("one fault: {:?}", contents.faults) };
    assert_eq!(fault.code, ProblemCode::Unsupported);
    assert!(fault.message.contains("| Export-Certificate -FilePath userds.sst -Type SST"), "{}", fault.message);
}

/// Writes to the machine's own stores, so only where these may be thrown away.
#[test]
fn trust_comes_from_the_stores_of_machine_and_user() {
    if std::env::var_os("CERTPATH_DISPOSABLE_WINDOWS").is_none() {
        eprintln!(
            "not run: it writes to the Root stores; set CERTPATH_DISPOSABLE_WINDOWS where they may be thrown away"
        );
        return;
    }
    let stores =
        [(true, "Root"), (false, "Root"), (true, "CA"), (false, "CA"), (true, "Disallowed"), (false, "Disallowed")];
    let certificates = stores.map(|(machine, name)| certificate(&format!("{machine} {name}")));
    for ((machine, name), der) in stores.into_iter().zip(&certificates) {
        Store::system(machine, name).add(der, None, &[]);
    }
    let trust = read_stores_for_trust();
    let holders =
        [&trust.roots, &trust.roots, &trust.intermediates, &trust.intermediates, &trust.disallowed, &trust.disallowed];
    for (((_, name), der), contents) in stores.into_iter().zip(&certificates).zip(holders) {
        let store = properties(contents, der).store.as_ref().expect("a store");
        assert!(store.is(name), "{store:?} is not {name}");
        let elsewhere = [&trust.roots, &trust.intermediates, &trust.disallowed]
            .into_iter()
            .filter(|other| !std::ptr::eq(*other, contents));
        assert!(elsewhere.flat_map(|other| &other.found).all(|found| found.der != *der));
    }
}

#[test]
fn a_serialized_store_that_windows_wrote_is_read_as_the_store_itself() {
    let own = OwnStore::new("serialized");
    let (cng, plain, list) = (certificate("cng"), certificate("plain"), crl());
    let ksp = "Microsoft Platform Crypto Provider";
    let key = Key { container: "te-2", provider: ksp, provider_type: 0, machine: true };
    let usage: (u32, &[u8]) = (9, &CLIENT_AUTHENTICATION);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("written by crypt32.sst");
    for store in [own.open(), Store::memory()] {
        store.add(&cng, Some(&key), &[(11, &utf16("with a key"))]);
        store.add(&plain, None, &[usage]);
        store.add_crl(&list);
        store.save(&file);
    }
    let from_file = serialized_store::read(&std::fs::read(&file).expect("the file"));
    let from_store = read_store(&own.source());
    assert_eq!((from_file.faults.as_slice(), from_store.faults.as_slice()), (&[][..], &[][..]));
    assert_eq!(by_der(&from_file).keys().collect::<Vec<_>>(), by_der(&from_store).keys().collect::<Vec<_>>());
    assert_eq!(from_file.found.len(), 3);
    for der in [&cng, &plain] {
        let mut live = properties(&from_store, der).clone();
        // A file does not tell which store it was.
        live.store = None;
        assert_eq!(*properties(&from_file, der), live);
    }
    let provider = properties(&from_file, &cng).key_provider.as_ref().expect("a provider");
    assert_eq!((provider.family, provider.keeper), (ProviderFamily::Cng, KeyKeeper::Tpm));
}

#[test]
fn a_registry_export_that_windows_wrote_is_read_as_the_store_itself() {
    let own = OwnStore::new("registry");
    let (csp, plain) = (certificate("csp"), certificate("plain"));
    let provider = "Microsoft Enhanced RSA and AES Cryptographic Provider";
    let key = Key { container: "le-3", provider, provider_type: 24, machine: false };
    let store = own.open();
    store.add(&csp, Some(&key), &[(11, &utf16("mit Schlüssel"))]);
    store.add(&plain, None, &[(9, &CLIENT_AUTHENTICATION)]);
    drop(store);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("export.reg");
    let mut command = std::process::Command::new("reg");
    command
        .arg("export")
        .arg(format!("HKCU\\Software\\Microsoft\\SystemCertificates\\{}", own.0))
        .args([file.as_os_str(), "/y".as_ref()]);
    let exported = patiently(|| command.output()).expect("reg.exe");
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    let from_file = registry::read(&text::normalise(&std::fs::read(&file).expect("the file")));
    let from_store = read_store(&own.source());
    assert_eq!((from_file.faults.as_slice(), from_store.faults.as_slice()), (&[][..], &[][..]));
    assert_eq!(by_der(&from_file).keys().collect::<Vec<_>>(), by_der(&from_store).keys().collect::<Vec<_>>());
    for der in [&csp, &plain] {
        let (file, live) = (properties(&from_file, der), properties(&from_store, der));
        assert_eq!(file.store.as_ref().map(|store| &store.name), live.store.as_ref().map(|store| &store.name));
        assert_eq!(file.key_provider, live.key_provider);
        assert_eq!(file.key_container, live.key_container);
        assert_eq!(file.friendly_name, live.friendly_name);
        assert_eq!(file.restrictions, live.restrictions);
    }
}
