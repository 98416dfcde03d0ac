//! Windows' certificate store functions, behind types that are safe to use: the only module with `unsafe` in it.
//!
//! Stores are opened for reading only, and as they are: none is created. No private key is opened: what is read of one is the
//! note beside the certificate that says where it is kept.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::mem::{offset_of, replace, size_of};
use std::{io, ptr, slice};

use windows_sys::Win32::Foundation::{CRYPT_E_NOT_FOUND, ERROR_NO_MORE_FILES, ERROR_SUCCESS, SetLastError};
use windows_sys::Win32::Security::Cryptography::{
    CERT_CONTEXT, CERT_KEY_PROV_INFO_PROP_ID, CERT_STORE_ENUM_ARCHIVED_FLAG, CERT_STORE_OPEN_EXISTING_FLAG,
    CERT_STORE_PROV_SYSTEM_W, CERT_STORE_READONLY_FLAG, CERT_SYSTEM_STORE_CURRENT_USER, CERT_SYSTEM_STORE_INFO,
    CERT_SYSTEM_STORE_LOCAL_MACHINE, CRL_CONTEXT, CRYPT_KEY_PROV_INFO, CRYPT_MACHINE_KEYSET, CertCloseStore,
    CertEnumCRLsInStore, CertEnumCertificatesInStore, CertEnumSystemStore, CertFreeCRLContext,
    CertFreeCertificateContext, CertGetCertificateContextProperty, CertOpenStore, HCERTSTORE,
};

use crate::source::provider::{KeyProvInfo, utf16_until_nul};
use crate::source::store_source::StoreLocation;

/// A property beyond this is left out: the largest in use, a friendly name or a list of usages, has some hundred bytes.
const MAX_PROPERTY: u32 = 1 << 20;

/// An open system store; closed when dropped.
pub(super) struct SystemStore(HCERTSTORE);

impl SystemStore {
    /// Opens the store with all its physical stores (group policy, enterprise, third-party roots) merged, as Windows does.
    pub(super) fn open(location: StoreLocation, name: &str) -> io::Result<Self> {
        let flags = location_flag(location)
            | CERT_STORE_READONLY_FLAG
            | CERT_STORE_OPEN_EXISTING_FLAG
            | CERT_STORE_ENUM_ARCHIVED_FLAG;
        let name: Vec<u16> = name.encode_utf16().chain([0]).collect();
        // SAFETY: for this provider the parameter is a NUL-terminated UTF-16 name, which lives until after the call.
        let store = unsafe { CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, flags, name.as_ptr().cast()) };
        if store.is_null() { Err(io::Error::last_os_error()) } else { Ok(Self(store)) }
    }

    /// Shows each certificate in turn, archived ones too. An error is that of the enumeration, after what it still gave.
    pub(super) fn for_each_certificate(&self, mut visit: impl FnMut(&CertificateEntry)) -> io::Result<()> {
        let mut entry = CertificateEntry(ptr::null());
        loop {
            let previous = replace(&mut entry.0, ptr::null());
            // SAFETY: the store is open; the call takes over and frees `previous`, which nothing refers to any more.
            entry.0 = unsafe {
                SetLastError(ERROR_SUCCESS);
                CertEnumCertificatesInStore(self.0, previous)
            };
            if entry.0.is_null() {
                return end_of_enumeration();
            }
            visit(&entry);
        }
    }

    /// Shows each CRL's encoding in turn.
    pub(super) fn for_each_crl(&self, mut visit: impl FnMut(&[u8])) -> io::Result<()> {
        let mut entry = CrlEntry(ptr::null());
        loop {
            let previous = replace(&mut entry.0, ptr::null());
            // SAFETY: as for certificates.
            entry.0 = unsafe {
                SetLastError(ERROR_SUCCESS);
                CertEnumCRLsInStore(self.0, previous)
            };
            if entry.0.is_null() {
                return end_of_enumeration();
            }
            visit(entry.der());
        }
    }
}

impl Drop for SystemStore {
    fn drop(&mut self) {
        // SAFETY: the handle came from CertOpenStore and is closed once. No context outlives the borrow of the store.
        unsafe { CertCloseStore(self.0, 0) };
    }
}

/// A certificate in a store, for as long as it is visited.
pub(super) struct CertificateEntry(*const CERT_CONTEXT);

impl CertificateEntry {
    pub(super) fn der(&self) -> &[u8] {
        // SAFETY: entries that are visited are never null; Windows keeps a context unchanged until it is freed.
        unsafe { bytes((*self.0).pbCertEncoded, (*self.0).cbCertEncoded) }
    }

    /// The value of a property that is plain bytes; `None` if the entry has none.
    pub(super) fn property(&self, id: u32) -> Option<Vec<u8>> {
        // This one holds pointers into itself.
        if id == CERT_KEY_PROV_INFO_PROP_ID {
            return None;
        }
        self.property_buffer(id).map(|buffer| buffer.as_bytes().to_vec())
    }

    /// Where the private key is kept, if the entry says that there is one.
    pub(super) fn key_provider_info(&self) -> Option<KeyProvInfo> {
        let buffer = self.property_buffer(CERT_KEY_PROV_INFO_PROP_ID)?;
        let (bytes, start) = (buffer.as_bytes(), buffer.words.as_ptr() as usize);
        let number = |field: usize| Some(u32::from_le_bytes(*bytes.get(field..)?.first_chunk()?));
        // The strings stand behind the structure, in the same buffer: a pointer elsewhere is not followed.
        let text = |field: usize| {
            let pointer = usize::from_le_bytes(*bytes.get(field..)?.first_chunk()?);
            Some(utf16_until_nul(bytes.get(pointer.checked_sub(start)?..)?))
        };
        if bytes.len() < size_of::<CRYPT_KEY_PROV_INFO>() {
            return None;
        }
        Some(KeyProvInfo {
            container: text(offset_of!(CRYPT_KEY_PROV_INFO, pwszContainerName)),
            provider: text(offset_of!(CRYPT_KEY_PROV_INFO, pwszProvName)),
            provider_type: number(offset_of!(CRYPT_KEY_PROV_INFO, dwProvType))?,
            machine_key: number(offset_of!(CRYPT_KEY_PROV_INFO, dwFlags))? & CRYPT_MACHINE_KEYSET != 0,
        })
    }

    fn property_buffer(&self, id: u32) -> Option<Buffer> {
        // Another program may change the property between asking for its size and for its value.
        for _ in 0..3 {
            let mut length = 0;
            // SAFETY: the context is alive; without a buffer the call writes only the length.
            if unsafe { CertGetCertificateContextProperty(self.0, id, ptr::null_mut(), &mut length) } == 0
                || length > MAX_PROPERTY
            {
                return None;
            }
            let mut buffer = Buffer { words: vec![0; (length as usize).div_ceil(size_of::<u64>())], length: 0 };
            let room: *mut c_void = buffer.words.as_mut_ptr().cast();
            // SAFETY: `room` has `length` bytes, aligned for every structure that a property can be.
            if unsafe { CertGetCertificateContextProperty(self.0, id, room, &mut length) } != 0 {
                buffer.length = length as usize;
                return Some(buffer);
            }
        }
        None
    }
}

impl Drop for CertificateEntry {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the context came from the enumeration, which was not given it back.
            unsafe { CertFreeCertificateContext(self.0) };
        }
    }
}

struct CrlEntry(*const CRL_CONTEXT);

impl CrlEntry {
    fn der(&self) -> &[u8] {
        // SAFETY: as for certificates.
        unsafe { bytes((*self.0).pbCrlEncoded, (*self.0).cbCrlEncoded) }
    }
}

impl Drop for CrlEntry {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: as for certificates.
            unsafe { CertFreeCRLContext(self.0) };
        }
    }
}

/// A property's value, aligned.
struct Buffer {
    words: Vec<u64>,
    length: usize,
}

impl Buffer {
    fn as_bytes(&self) -> &[u8] {
        let length = self.length.min(self.words.len() * size_of::<u64>());
        // SAFETY: any eight bytes are a u64 and the reverse; the length is within the vector.
        unsafe { slice::from_raw_parts(self.words.as_ptr().cast(), length) }
    }
}

/// The names of a location's stores.
pub(super) fn store_names(location: StoreLocation) -> io::Result<Vec<String>> {
    unsafe extern "system" fn remember(
        name: *const c_void,
        _flags: u32,
        _info: *const CERT_SYSTEM_STORE_INFO,
        _reserved: *const c_void,
        names: *mut c_void,
    ) -> windows_sys::core::BOOL {
        // SAFETY: without the relocate flag `name` is a NUL-terminated UTF-16 string; `names` is what is handed over below,
        // and nothing else uses it during the enumeration.
        let (name, names) = unsafe { (text_at(name.cast()), &mut *names.cast::<Vec<String>>()) };
        names.push(name);
        1
    }
    let mut names: Vec<String> = Vec::new();
    // SAFETY: the callback gets `names` as the pointer it expects, and only until the call returns.
    let done =
        unsafe { CertEnumSystemStore(location_flag(location), ptr::null(), (&raw mut names).cast(), Some(remember)) };
    if done == 0 && names.is_empty() { Err(io::Error::last_os_error()) } else { Ok(names) }
}

fn location_flag(location: StoreLocation) -> u32 {
    match location {
        StoreLocation::LocalMachine => CERT_SYSTEM_STORE_LOCAL_MACHINE,
        StoreLocation::CurrentUser => CERT_SYSTEM_STORE_CURRENT_USER,
    }
}

/// Tells an enumeration that came to its end from one that broke off.
fn end_of_enumeration() -> io::Result<()> {
    let error = io::Error::last_os_error();
    let code = error.raw_os_error().unwrap_or_default();
    let ends = [ERROR_SUCCESS.cast_signed(), CRYPT_E_NOT_FOUND, ERROR_NO_MORE_FILES.cast_signed()];
    if ends.contains(&code) { Ok(()) } else { Err(error) }
}

/// # Safety
///
/// `start` must be null or point to `length` bytes that stay as they are for as long as the result is used.
unsafe fn bytes<'a>(start: *const u8, length: u32) -> &'a [u8] {
    if start.is_null() {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts(start, length as usize) }
}

/// # Safety
///
/// `start` must be null or point to a NUL-terminated UTF-16 string.
unsafe fn text_at(start: *const u16) -> String {
    if start.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise: up to the NUL, all may be read.
    let units = unsafe {
        let length = (0..).take_while(|&i| *start.add(i) != 0).count();
        slice::from_raw_parts(start, length)
    };
    String::from_utf16_lossy(units)
}
