//! Windows' own hand in the tests: fills stores, writes serialized stores, and says what it reads in a certificate.
#![allow(unsafe_code, dead_code, unreachable_pub, clippy::print_stderr)]

use std::ffi::c_void;
use std::path::Path;
use std::{io, ptr};

use windows_sys::Win32::Security::Cryptography::{
    CERT_CONTEXT, CERT_KEY_PROV_INFO_PROP_ID, CERT_NAME_STR_REVERSE_FLAG, CERT_STORE_ADD_REPLACE_EXISTING,
    CERT_STORE_DELETE_FLAG, CERT_STORE_PROV_MEMORY, CERT_STORE_PROV_SYSTEM_W, CERT_STORE_SAVE_AS_STORE,
    CERT_STORE_SAVE_TO_FILENAME_W, CERT_SYSTEM_STORE_CURRENT_USER, CERT_SYSTEM_STORE_LOCAL_MACHINE, CERT_X500_NAME_STR,
    CRYPT_INTEGER_BLOB, CRYPT_KEY_PROV_INFO, CertAddEncodedCRLToStore, CertAddEncodedCertificateToStore,
    CertCloseStore, CertCreateCertificateContext, CertFreeCertificateContext, CertGetCertificateContextProperty,
    CertNameToStrW, CertOpenStore, CertSaveStore, CertSetCertificateContextProperty, HCERTSTORE, X509_ASN_ENCODING,
};

/// A store that can be written. What was added is in a system store at the latest when this is dropped.
pub struct Store(HCERTSTORE);

/// What a store entry says of its key.
pub struct Key {
    pub container: &'static str,
    pub provider: &'static str,
    pub provider_type: u32,
    pub machine: bool,
}

impl Store {
    /// A system store, made if it is not there.
    pub fn system(machine: bool, name: &str) -> Self {
        let name = wide(name);
        // SAFETY: the name is NUL-terminated and lives until after the call.
        Self::checked(unsafe { CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, location(machine), name.as_ptr().cast()) })
    }

    /// A store in memory.
    pub fn memory() -> Self {
        // SAFETY: this provider takes no parameter.
        Self::checked(unsafe { CertOpenStore(CERT_STORE_PROV_MEMORY, 0, 0, 0, ptr::null()) })
    }

    fn checked(handle: HCERTSTORE) -> Self {
        assert!(!handle.is_null(), "{}", io::Error::last_os_error());
        Self(handle)
    }

    /// Adds a certificate with properties, each as the bytes of its value. Returns the properties that this crypt32 keeps:
    /// Wine's does not know the later ones.
    pub fn add(&self, der: &[u8], key: Option<&Key>, properties: &[(u32, &[u8])]) -> Vec<u32> {
        let mut context: *mut CERT_CONTEXT = ptr::null_mut();
        let length = u32::try_from(der.len()).expect("a small certificate");
        // SAFETY: the pointers are to live data of the lengths given.
        unsafe {
            check(CertAddEncodedCertificateToStore(
                self.0,
                X509_ASN_ENCODING,
                der.as_ptr(),
                length,
                CERT_STORE_ADD_REPLACE_EXISTING,
                &mut context,
            ));
        }
        if let Some(key) = key {
            let (mut container, mut provider) = (wide(key.container), wide(key.provider));
            let info = CRYPT_KEY_PROV_INFO {
                pwszContainerName: container.as_mut_ptr(),
                pwszProvName: provider.as_mut_ptr(),
                dwProvType: key.provider_type,
                dwFlags: if key.machine { 0x20 } else { 0 },
                dwKeySpec: u32::from(key.provider_type != 0),
                ..CRYPT_KEY_PROV_INFO::default()
            };
            // SAFETY: the structure and its strings live until after the call, which copies them.
            unsafe {
                let info: *const CRYPT_KEY_PROV_INFO = &info;
                check(CertSetCertificateContextProperty(context, CERT_KEY_PROV_INFO_PROP_ID, 0, info.cast()));
            }
        }
        let mut kept = Vec::new();
        for (id, value) in properties {
            let blob = CRYPT_INTEGER_BLOB {
                cbData: u32::try_from(value.len()).expect("a small value"),
                pbData: value.as_ptr().cast_mut(),
            };
            // SAFETY: as above; the value is only read.
            let done = unsafe {
                let blob: *const CRYPT_INTEGER_BLOB = &blob;
                CertSetCertificateContextProperty(context, *id, 0, blob.cast())
            };
            if done != 0 {
                kept.push(*id);
            } else {
                eprintln!("not run: this crypt32 does not keep property {id}");
            }
        }
        // SAFETY: the context came from the call above and is not used again.
        unsafe { CertFreeCertificateContext(context) };
        kept
    }

    pub fn add_crl(&self, der: &[u8]) {
        let length = u32::try_from(der.len()).expect("a small CRL");
        // SAFETY: the pointer is to live data of that length; no context is asked for.
        unsafe {
            check(CertAddEncodedCRLToStore(
                self.0,
                X509_ASN_ENCODING,
                der.as_ptr(),
                length,
                CERT_STORE_ADD_REPLACE_EXISTING,
                ptr::null_mut(),
            ));
        }
    }

    /// Writes a serialized store (.sst).
    pub fn save(&self, file: &Path) {
        let name = wide(file.to_str().expect("a path in Unicode"));
        // SAFETY: the name is NUL-terminated; the call only reads it.
        unsafe {
            check(CertSaveStore(
                self.0,
                X509_ASN_ENCODING,
                CERT_STORE_SAVE_AS_STORE,
                CERT_STORE_SAVE_TO_FILENAME_W,
                name.as_ptr().cast_mut().cast(),
                0,
            ));
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: opened once, closed once.
        unsafe { CertCloseStore(self.0, 0) };
    }
}

/// Removes a system store with all that is in it.
pub fn delete_system(machine: bool, name: &str) {
    let name = wide(name);
    // SAFETY: with this flag no handle is returned.
    unsafe {
        CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, location(machine) | CERT_STORE_DELETE_FLAG, name.as_ptr().cast());
    }
}

/// A certificate as Windows reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// As .NET's X509Certificate2.Subject, which is made by the same call.
    pub subject: String,
    pub issuer: String,
    /// Upper-case hex, the most significant byte first.
    pub serial: String,
    /// Upper-case hex.
    pub thumbprint: String,
}

/// What Windows says of a certificate; `None` if it refuses to read it.
pub fn describe(der: &[u8]) -> Option<Description> {
    let length = u32::try_from(der.len()).ok()?;
    // SAFETY: the context is checked before use, its parts live as long as it, and it is freed at the end.
    unsafe {
        let context = CertCreateCertificateContext(X509_ASN_ENCODING, der.as_ptr(), length);
        if context.is_null() {
            return None;
        }
        let info = &*(*context).pCertInfo;
        let serial = match info.SerialNumber.cbData {
            0 => Vec::new(),
            size => std::slice::from_raw_parts(info.SerialNumber.pbData, size as usize).to_vec(),
        };
        let mut thumbprint = [0u8; 20];
        let mut size = 20;
        let buffer: *mut c_void = thumbprint.as_mut_ptr().cast();
        check(CertGetCertificateContextProperty(context, 3, buffer, &mut size));
        let description = Description {
            subject: name(&info.Subject),
            issuer: name(&info.Issuer),
            // Windows keeps integers with the least significant byte first.
            serial: serial.iter().rev().map(|byte| format!("{byte:02X}")).collect(),
            thumbprint: thumbprint.iter().map(|byte| format!("{byte:02X}")).collect(),
        };
        CertFreeCertificateContext(context);
        Some(description)
    }
}

/// # Safety
///
/// The blob's pointer and length must belong together.
unsafe fn name(encoded: &CRYPT_INTEGER_BLOB) -> String {
    let form = CERT_X500_NAME_STR | CERT_NAME_STR_REVERSE_FLAG;
    // SAFETY: the caller's promise; the buffer has the length that the first call asks for.
    let units = unsafe {
        let length = CertNameToStrW(X509_ASN_ENCODING, encoded, form, ptr::null_mut(), 0);
        let mut units = vec![0u16; length as usize];
        CertNameToStrW(X509_ASN_ENCODING, encoded, form, units.as_mut_ptr(), length);
        units
    };
    String::from_utf16_lossy(units.split(|&unit| unit == 0).next().unwrap_or_default())
}

fn location(machine: bool) -> u32 {
    if machine { CERT_SYSTEM_STORE_LOCAL_MACHINE } else { CERT_SYSTEM_STORE_CURRENT_USER }
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

fn check(done: windows_sys::core::BOOL) {
    assert!(done != 0, "{}", io::Error::last_os_error());
}
