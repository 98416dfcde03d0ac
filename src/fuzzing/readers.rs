//! The readers of every format: no input makes one panic, hand over more than it was given, or keep silent about what it was given.

use std::sync::{Arc, LazyLock};

use base64::Engine as _;

use crate::certificate::general_name::hex;
use crate::ops::scan;
use crate::source::batches::{Batches, Layout};
use crate::source::contents::{Contents, Fault, Format, Found, Kind, Position};
use crate::source::lines;
use crate::source::passwords::ReadContext;
use crate::source::read::read_bytes;
use crate::source::sniff::{self, Content, Looks};
use crate::source::{
    Passwords, base64_body, certutil as certutil_view, certutil_csv as csv, hexdump as dump, pem as blocks,
    pkcs7 as cms, pkcs12 as pfx, registry, serialized_store as store, text,
};

/// Passwords of the seeds; and a budget that ends soon, so that no input takes long.
static PASSWORDS: LazyLock<Passwords> = LazyLock::new(|| {
    Passwords::new(["secret", "password", "changeit", "1234"].map(str::to_owned)).with_hashes_per_file(20_000)
});

/// What holds for whatever was read of `length` bytes.
fn settle(contents: Contents, length: usize) {
    let objects: usize = contents.found.iter().map(|found| found.der.len()).sum();
    assert!(objects <= length, "{objects} bytes of objects in {length} bytes");
    for found in &contents.found {
        assert!(found.kind != Kind::PrivateKey || found.der.is_empty(), "the bytes of a private key are never kept");
    }
    // A message is a sentence, and each has some cause in the bytes.
    let messages: usize = contents.faults.iter().map(|fault| fault.message.len()).sum();
    assert!(messages <= 256 * 1024 + 64 * length, "{messages} bytes of messages about {length} bytes");
    let parcel = scan::decode(&Arc::from("fuzz"), false, contents);
    for (certificate, _) in &parcel.certificates {
        assert!(certificate.der().len() <= length);
    }
}

fn context() -> ReadContext<'static> {
    ReadContext { name: "fuzz", passwords: &PASSWORDS }
}

/// What there is in a file that was named.
pub(super) fn named(data: &[u8]) -> Contents {
    read_bytes(data, Looks::Named, context())
}

/// Any bytes, as a file that was named: something is found in it, or something is said of it.
pub fn input(data: &[u8]) {
    let named = named(data);
    assert!(!named.found.is_empty() || !named.faults.is_empty(), "neither used nor reported");
    let met = read_bytes(data, Looks::Unknown, context()).found;
    let is_named = |met: &Found| named.found.iter().any(|found| found.der == met.der);
    assert!(met.iter().all(is_named), "found only where nothing is expected");
    settle(named, data.len());
}

/// PEM, in whatever text.
pub fn pem(data: &[u8]) {
    let text = text::normalise(data);
    settle(blocks::read(&text, context()).resolve(true), text.len());
    let _ = blocks::read(&text, context()).resolve(false);
}

/// What is compared of an object.
fn key(found: &Found) -> (Kind, String, Position, Option<&str>) {
    use sha2::Digest as _;
    let id = found.properties.as_ref().and_then(|properties| properties.request_id.as_deref());
    (found.kind, hex(&sha2::Sha256::digest(&found.der)), found.position, id)
}

/// A long text in batches of any size: together they hold what the whole holds.
pub fn batches(data: &[u8]) {
    let Some((size, rest)) = data.split_first() else { return };
    let text = text::normalise(rest);
    let (layout, whole) = match sniff::sniff_text(&text) {
        Content::CertutilView(view) => (Layout::Rows(view.clone()), view.read(&text, 1, context()).resolve(true)),
        Content::CertutilCsv(table) => (Layout::Table(table.clone()), table.read(&text, 1, true, context())),
        _ => (Layout::Blocks { newline: lines::newline(&text) }, blocks::read(&text, context()).resolve(true)),
    };
    let mut parts = Contents::default();
    for batch in Batches::new(&*text, layout, true, None).with_batch(64 + 16 * usize::from(*size)) {
        parts.append(batch.read(context()));
    }
    let keys = |contents: &'_ Contents| format!("{:?}", contents.found.iter().map(key).collect::<Vec<_>>());
    assert_eq!(keys(&parts), keys(&whole));
    // That a table has sizes in place of certificates is said once by each part.
    let told = |faults: &mut Vec<Fault>| {
        let sizes = faults.extract_if(.., |fault| certutil_view::tells_sizes(fault)).count() > 0;
        faults.sort_by_key(|fault| (fault.position, fault.message.clone()));
        sizes
    };
    let mut faults = whole.faults;
    assert_eq!(told(&mut parts.faults), told(&mut faults));
    assert_eq!(parts.faults, faults);
}

/// Bare base64, and the bodies of PEM blocks.
pub fn base64(data: &[u8]) {
    let mut scratch = Vec::new();
    if let Ok(decoded) = base64_body::decode(data, &mut scratch) {
        assert!(decoded.len() <= data.len());
    }
    if let Ok(strict) = base64::engine::general_purpose::STANDARD.decode(data) {
        assert_eq!(base64_body::decode(data, &mut scratch).ok(), Some(strict), "what is base64 is read as it");
    }
    let _ = base64_body::is_bare(data);
    settle(base64_body::read(data, |bytes, _| cms::read(bytes, |_| Position::Whole)).0, data.len());
    base64_body::runs(data, 64, |run| assert!(run.len() >= 64));
}

/// The output of `certutil -view`.
pub fn certutil(data: &[u8]) {
    let text = text::normalise(data);
    if let Some(view) = certutil_view::view(&text[..text.len().min(sniff::HEAD)]) {
        settle(view.read(&text, 1, context()).resolve(true), text.len());
    }
}

/// A CSV with a column of certificates.
pub fn certutil_csv(data: &[u8]) {
    let text = text::normalise(data);
    if let Some(table) = csv::table(&text[..text.len().min(sniff::HEAD)]) {
        settle(table.read(&text, 1, true, context()), text.len());
        let _ = table.read(&text, 1, false, context());
        let _ = (table.whole_rows(&text, true), table.whole_rows(&text, false));
    }
}

/// The dumps of `certutil` and of hex viewers.
pub fn hexdump(data: &[u8]) {
    let _ = dump::is_dump(data);
    settle(dump::read(data, 1), data.len());
}

/// PKCS#7, in DER or BER.
pub fn pkcs7(data: &[u8]) {
    settle(cms::read(data, |offset| Position::Byte(offset as u64)), data.len());
}

/// PKCS#12.
pub fn pkcs12(data: &[u8]) {
    let _ = pfx::is_pkcs12(data);
    settle(pfx::read(data, context()), data.len());
}

/// Microsoft's serialized store.
pub fn serialized_store(data: &[u8]) {
    let _ = store::is_serialized_store(data);
    settle(store::read(data), data.len());
}

/// A `Blob` of the registry.
pub fn registry_blob(data: &[u8]) {
    let _ = store::is_registry_blob(data);
    settle(store::read_blob(data), data.len());
}

/// A registry export.
pub fn registry_export(data: &[u8]) {
    let text = text::normalise(data);
    let _ = (registry::is_registry_export(&text), registry::find(&text));
    let _ = registry::read_joined(&text, 1);
    let contents = registry::read(&text);
    assert!(contents.found.iter().all(|found| found.format == Format::RegistryExport));
    settle(contents, data.len());
}
