//! From what Windows says of a store to what every reader yields.

use std::io;

use sha1::{Digest, Sha1};

use super::TrustStores;
use super::crypt32::{self, CertificateEntry, SystemStore};
use crate::source::contents::{Contents, Fault, Format, Found, Kind, Position, ProblemCode};
use crate::source::properties::{Properties, StoreName, shared};
use crate::source::store_properties;
use crate::source::store_source::{StoreLocation, StoreSource};

/// What is read beside the key's location (wincrypt.h, `CERT_…_PROP_ID`): the usages and times that limit trust, the friendly name, and
/// whether the entry is archived.
const PROPERTIES: [u32; 7] = [9, 11, 19, 104, 122, 126, 127];

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

/// Whether Windows has no such store, or the store no such certificate. What may not be read may be there.
pub(crate) fn is_missing(source: &StoreSource) -> bool {
    let Some(name) = source.store.as_deref().filter(|name| !name.eq_ignore_ascii_case(ACTIVE_DIRECTORY_STORE)) else {
        return false;
    };
    match (SystemStore::open(source.location, name), source.thumbprint) {
        (Err(error), _) => code(&error) == NOT_FOUND,
        (Ok(_), None) => false,
        (Ok(store), Some(wanted)) => {
            let mut found = false;
            let read = store.for_each_certificate(|entry| found |= Sha1::digest(entry.der()).as_slice() == wanted);
            read.is_ok() && !found
        }
    }
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
            found.properties = Some(Box::new(Properties { store: store_name(&source), ..Properties::default() }));
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

/// As an occurrence tells where it was found.
fn store_name(source: &StoreSource) -> Option<StoreName> {
    let name = source.store.clone()?;
    Some(StoreName { location: Some(source.location.name().into()), name: name.into() })
}

const NOT_FOUND: u32 = 2;
const ACCESS_DENIED: u32 = 5;

/// Windows' own code: crypt32 gives it sometimes as it is and sometimes as HRESULT.
fn code(error: &io::Error) -> u32 {
    let code = error.raw_os_error().unwrap_or_default().cast_unsigned();
    if code >> 16 == 0x8007 { code & 0xffff } else { code }
}

fn refusal(source: &StoreSource, error: &io::Error) -> Contents {
    let (code, message) = match code(error) {
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
    let mut properties = Properties { store: store_name(source), ..Properties::default() };
    if let Some(info) = entry.key_provider_info() {
        properties.has_private_key = true;
        properties.key_provider = Some(info.key_provider());
        properties.key_container = info.container.as_deref().map(shared);
    }
    for id in PROPERTIES {
        let Some(value) = entry.property(id) else { continue };
        if let Err(problem) = store_properties::apply(id, &value, &mut properties) {
            let thumbprint: String = Sha1::digest(entry.der()).iter().map(|byte| format!("{byte:02X}")).collect();
            let message = format!("the certificate {thumbprint} in {source}: {problem}");
            contents.faults.push(Fault::new(ProblemCode::Damaged, Position::Whole, message));
        }
    }
    let mut found = Found::new(Kind::Certificate, entry.der().to_vec(), Format::WindowsStore, Position::Whole);
    found.properties = Some(Box::new(properties));
    contents.found.push(found);
    contents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_this_account_may_not_read_is_named_with_what_to_do() {
        let store = StoreSource::new(StoreLocation::LocalMachine, "SMS");
        for refused in [5, 0x8007_0005_u32.cast_signed()] {
            let contents = refusal(&store, &io::Error::from_raw_os_error(refused));
            let [fault] = contents.faults.as_slice() else { panic!("one fault: {:?}", contents.faults) };
            assert_eq!(fault.code, ProblemCode::Unreadable);
            assert!(
                fault.message.contains(r"Cert:\LocalMachine\SMS") && fault.message.contains("Run as administrator")
            );
        }
    }

    #[test]
    fn a_failure_of_another_kind_is_told_in_windows_own_words() {
        let store = StoreSource::new(StoreLocation::CurrentUser, "My");
        let error = io::Error::from_raw_os_error(1450);
        let contents = refusal(&store, &error);
        assert!(contents.faults.iter().all(|fault| fault.message.contains(&error.to_string())));
        assert_eq!(contents.faults.len(), 1);
    }
}
