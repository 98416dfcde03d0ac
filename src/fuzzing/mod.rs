//! What the fuzz targets run: one function a reader, each with what must hold whatever the bytes are. Built for fuzzing and for
//! the tests, which run every function over the seeds.

mod certificates;
mod der;
mod joined;
mod mesh;
mod outputs;
mod readers;
mod revocation;
mod signatures;
mod structures;
mod texts;

#[cfg(test)]
mod tests;

pub use certificates::{certificate, crl, extension, name, name_constraints};
pub use joined::joined;
pub use mesh::mesh;
pub use outputs::{file_names, outputs};
pub use readers::{
    base64, batches, certutil, certutil_csv, hexdump, input, pem, pkcs7, pkcs12, registry_blob, registry_export,
    serialized_store,
};
pub use revocation::revocation;
pub use signatures::signature;
pub use structures::structures;
pub use texts::{arguments, encodings, settings, wildcard};

/// A target: its name, and what it runs.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("arguments", arguments),
    ("base64", base64),
    ("batches", batches),
    ("certificate", certificate),
    ("certutil", certutil),
    ("certutil_csv", certutil_csv),
    ("crl", crl),
    ("encodings", encodings),
    ("extension", extension),
    ("file_names", file_names),
    ("hexdump", hexdump),
    ("input", input),
    ("joined", joined),
    ("mesh", mesh),
    ("name", name),
    ("name_constraints", name_constraints),
    ("outputs", outputs),
    ("pem", pem),
    ("pkcs7", pkcs7),
    ("pkcs12", pkcs12),
    ("registry_blob", registry_blob),
    ("registry_export", registry_export),
    ("revocation", revocation),
    ("serialized_store", serialized_store),
    ("settings", settings),
    ("signature", signature),
    ("structures", structures),
    ("wildcard", wildcard),
];

/// Two parts of an input: the first byte says how much is in the first.
fn two_parts(data: &[u8]) -> (&[u8], &[u8]) {
    let Some((first, rest)) = data.split_first() else { return (&[], &[]) };
    rest.split_at(usize::from(*first).min(rest.len()))
}

/// Where a certificate of a target was found.
fn occurrence() -> crate::source::Occurrence {
    crate::source::Occurrence {
        source: "fuzz".into(),
        format: crate::source::Format::Der,
        index: 0,
        position: crate::source::Position::Whole,
        properties: None,
    }
}

/// The moment at which everything is judged.
fn moment() -> crate::Time {
    crate::Time::from_unix(1_800_000_000)
}
