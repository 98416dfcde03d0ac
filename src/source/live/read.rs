//! From what Windows says of a store to what every reader yields.

use std::io;

use sha1::{Digest, Sha1};

use super::TrustStores;
use super::crypt32::{self, CertificateEntry, SystemStore};
use crate::certificate::Oid;
use crate::certificate::tlv::{Tlv, tag};
use crate::source::contents::{Contents, Fault, Format, Found, Kind, Position, ProblemCode};
use crate::source::properties::Properties;
use crate::source::provider::KeyProvider;
use crate::source::store_source::{StoreLocation, StoreSource};
use crate::time::Time;

/// The properties that are read, beside the key's location: those that say what the entry is for, or limit its trust.
const PROPERTIES: [u32; 7] = [
    property::ENHANCED_KEY_USAGE,
    property::FRIENDLY_NAME,
    property::ARCHIVED,
    property::DISALLOWED_FROM,
    property::DISALLOWED_USAGES,
    property::NOT_BEFORE,
    property::NOT_BEFORE_USAGES,
];

mod property {
    pub(super) const ENHANCED_KEY_USAGE: u32 = 9;
    pub(super) const FRIENDLY_NAME: u32 = 11;
    pub(super) const ARCHIVED: u32 = 19;
    pub(super) const DISALLOWED_FROM: u32 = 104;
    pub(super) const DISALLOWED_USAGES: u32 = 122;
    pub(super) const NOT_BEFORE: u32 = 126;
    pub(super) const NOT_BEFORE_USAGES: u32 = 127;
}

/// The user's certificates in Active Directory: opening it asks a domain controller.
const ACTIVE_DIRECTORY_STORE: &str = "UserDS";

/// Reads a store, every store of a location, or one certificate.
pub(crate) fn read_store(source: &StoreSource) -> Contents {
    let Some(name) = &source.store else {
        return read_location(source.location);
    };
    let mut contents = read_one(source.location, name, source.thumbprint.as_ref());
    if source.thumbprint.is_some() && contents.found.is_empty() && contents.faults.is_empty() {
        let message = format!(
            "expected a certificate of this thumbprint, found none such in Cert:\\{}\\{name}",
            source.location.name()
        );
        contents.faults.push(Fault::new(ProblemCode::NotFound, Position::Whole, message));
    }
    contents
}

/// Reads the stores from which Windows takes trust: of the machine and of the user.
pub(crate) fn read_stores_for_trust() -> TrustStores {
    let read = |name: &str| {
        let mut contents = Contents::default();
        for location in StoreLocation::ALL {
            let mut part = read_one(location, name, None);
            // An account that never had such a store trusts and distrusts nothing by it.
            part.faults.retain(|fault| fault.code != ProblemCode::NotFound);
            contents.append(part);
        }
        contents
    };
    TrustStores { roots: read("Root"), intermediates: read("CA"), disallowed: read("Disallowed") }
}

fn read_location(location: StoreLocation) -> Contents {
    let mut names = match crypt32::store_names(location) {
        Ok(names) => names,
        Err(error) => {
            let message = format!("the stores of Cert:\\{} cannot be listed: {error}", location.name());
            return Contents::fault(ProblemCode::Unreadable, Position::Whole, message);
        }
    };
    names.retain(|name| !name.eq_ignore_ascii_case(ACTIVE_DIRECTORY_STORE));
    names.sort();
    let mut contents = Contents::default();
    for name in names {
        contents.append(read_one(location, &name, None));
    }
    contents
}

fn read_one(location: StoreLocation, name: &str, thumbprint: Option<&[u8; 20]>) -> Contents {
    let source = StoreSource::new(location, name);
    if name.eq_ignore_ascii_case(ACTIVE_DIRECTORY_STORE) {
        let message = format!(
            "{source} lies in Active Directory, and nothing is read over a network; write it to a file and give that: {}",
            source.export_command()
        );
        return Contents::fault(ProblemCode::Unsupported, Position::Whole, message);
    }
    let store = match SystemStore::open(location, name) {
        Ok(store) => store,
        Err(error) => return refusal(&source, &error),
    };
    let mut contents = Contents::default();
    let certificates = store.for_each_certificate(|entry| {
        if thumbprint.is_none_or(|wanted| Sha1::digest(entry.der()).as_slice() == wanted) {
            contents.append(certificate(&source, entry));
        }
    });
    let crls = if thumbprint.is_none() {
        store.for_each_crl(|der| {
            let mut found = Found::new(Kind::Crl, der.to_vec(), Format::WindowsStore, Position::Whole);
            found.properties = Some(Box::new(Properties { store: source.store_name(), ..Properties::default() }));
            contents.found.push(found);
        })
    } else {
        Ok(())
    };
    for error in [certificates, crls].into_iter().filter_map(Result::err) {
        let message = format!("{source} was not read to its end: {error}");
        contents.faults.push(Fault::new(ProblemCode::Unreadable, Position::Whole, message));
    }
    contents
}

fn refusal(source: &StoreSource, error: &io::Error) -> Contents {
    const NOT_FOUND: u32 = 2;
    const ACCESS_DENIED: u32 = 5;
    let code = error.raw_os_error().unwrap_or_default().cast_unsigned();
    // crypt32 gives Windows' own codes sometimes as they are and sometimes as HRESULT.
    let code = if code >> 16 == 0x8007 { code & 0xffff } else { code };
    let (code, message) = match code {
        NOT_FOUND => (
            ProblemCode::NotFound,
            format!(
                "there is no store {source}; Get-ChildItem Cert:\\{} lists those that there are",
                source.location.name()
            ),
        ),
        ACCESS_DENIED => (
            ProblemCode::Unreadable,
            format!("this account may not read {source}; start PowerShell with \"Run as administrator\" and try again"),
        ),
        _ => (ProblemCode::Unreadable, format!("{source} cannot be opened: {error}")),
    };
    Contents::fault(code, Position::Whole, message)
}

fn certificate(source: &StoreSource, entry: &CertificateEntry) -> Contents {
    let mut contents = Contents::default();
    let mut properties = Properties { store: source.store_name(), ..Properties::default() };
    if let Some(key) = entry.key_location() {
        properties.has_private_key = true;
        properties.key_provider =
            Some(KeyProvider::from_key_provider_info(key.provider.as_deref(), key.provider_type, key.machine_key));
        properties.key_container = key.container;
    }
    for id in PROPERTIES {
        let Some(value) = entry.property(id) else { continue };
        if apply(&mut properties, id, &value).is_none() {
            let thumbprint: String = Sha1::digest(entry.der()).iter().map(|byte| format!("{byte:02X}")).collect();
            let message = format!("property {id} of the certificate {thumbprint} in {source} is not what it should be");
            contents.faults.push(Fault::new(ProblemCode::Damaged, Position::Whole, message));
        }
    }
    let mut found = Found::new(Kind::Certificate, entry.der().to_vec(), Format::WindowsStore, Position::Whole);
    found.properties = Some(Box::new(properties));
    contents.found.push(found);
    contents
}

/// `None` where the value has not the form that the property demands.
fn apply(properties: &mut Properties, id: u32, value: &[u8]) -> Option<()> {
    let restrictions = &mut properties.restrictions;
    match id {
        property::ENHANCED_KEY_USAGE => restrictions.enhanced_key_usage = Some(usages(value)?),
        property::FRIENDLY_NAME => properties.friendly_name = Some(text(value)),
        property::ARCHIVED => properties.archived = true,
        property::DISALLOWED_FROM => restrictions.disallowed_from = Some(filetime(value)?),
        property::DISALLOWED_USAGES => restrictions.disallowed_usages = Some(usages(value)?),
        property::NOT_BEFORE => restrictions.not_before = Some(filetime(value)?),
        property::NOT_BEFORE_USAGES => restrictions.not_before_usages = Some(usages(value)?),
        _ => {}
    }
    Some(())
}

fn usages(value: &[u8]) -> Option<Vec<Oid>> {
    let mut cursor = Tlv::only_of(value, tag::SEQUENCE, "a list of usages").ok()?.children();
    let mut usages = Vec::new();
    while !cursor.is_empty() {
        usages.push(Oid::from_content(cursor.expect(tag::OID, "a usage").ok()?.value));
    }
    Some(usages)
}

fn filetime(value: &[u8]) -> Option<Time> {
    Some(Time::from_filetime(u64::from_le_bytes(value.try_into().ok()?)))
}

fn text(value: &[u8]) -> String {
    let units = value.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    char::decode_utf16(units.take_while(|&unit| unit != 0)).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}
