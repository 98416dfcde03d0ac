//! What a block is: by its label, and where that is wrong by its first bytes.

use zeroize::Zeroizing;

use crate::source::base64_body;
use crate::source::objects::Expected;
use crate::source::pkcs12;
use crate::source::shape::{Shape, is_object, shape};

/// What a label promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    Object(Expected),
    PrivateKey,
    /// A certificate request, a public key, parameters: plainly something else.
    Foreign,
}

pub(crate) fn meaning(label: &[u8]) -> Label {
    let label = label.to_ascii_uppercase();
    match label.as_slice() {
        b"CERTIFICATE" | b"X509 CERTIFICATE" | b"X.509 CERTIFICATE" => Label::Object(Expected::Certificate),
        b"TRUSTED CERTIFICATE" => Label::Object(Expected::TrustedCertificate),
        b"X509 CRL" | b"CRL" => Label::Object(Expected::Crl),
        b"PKCS7" | b"PKCS #7 SIGNED DATA" | b"PKCS#7 SIGNED DATA" | b"CMS" => Label::Object(Expected::Pkcs7),
        b"CERTIFICATE REQUEST" | b"NEW CERTIFICATE REQUEST" | b"ATTRIBUTE CERTIFICATE" => Label::Foreign,
        label if label.ends_with(b"PRIVATE KEY") => Label::PrivateKey,
        // As GnuTLS and routers write it.
        b"PKCS12" | b"PKCS#12" | b"PKCS #12" => Label::Object(Expected::Pkcs12),
        // A label that is not in use, but speaks of certificates.
        label if memchr::memmem::find(label, b"CERT").is_some() => Label::Object(Expected::Anything),
        _ => Label::Foreign,
    }
}

/// Whether a label is in use for something else: a label that nobody knows may be a damaged one.
pub(crate) fn is_known_other(label: &[u8]) -> bool {
    let label = label.to_ascii_uppercase();
    let ends = |end: &[u8]| label.ends_with(end);
    [&b" REQUEST"[..], b"PUBLIC KEY", b"PARAMETERS", b"ATTRIBUTE CERTIFICATE", b"PUBLIC KEY BLOCK", b"STATIC KEY V1"]
        .into_iter()
        .any(ends)
        || label.starts_with(b"PGP ")
}

/// How much of a body tells what it is: in a list, or in a certificate of version 1, that stands behind the issuer's name.
const BODY_HEAD: usize = 4096;
/// What tells a private key from everything else, so that no more of one is decoded.
const KEY_HEAD: usize = 32;

/// Whether a text that begins with a block's body begins as a certificate, a CRL, PKCS#7 or PKCS#12.
pub(super) fn begins_as_object(body: &[u8]) -> bool {
    let head = &body[..body.len().min(BODY_HEAD)];
    let head = &head[..super::FIND_DASHES.find(head).unwrap_or(head.len())];
    let mut scratch = Zeroizing::new(Vec::new());
    let mut decoded = |text: &[u8]| {
        Zeroizing::new(match base64_body::decode(text, &mut scratch) {
            // What is cut, or damaged further on, tells by what stands before that.
            Err(bad) => base64_body::decode(&text[..bad.offset()], &mut scratch).unwrap_or_default(),
            Ok(decoded) => decoded,
        })
    };
    let first = decoded(&head[..head.len().min(KEY_HEAD)]);
    // Headers, indentation and line ends may leave nothing of so little.
    if first.len() >= KEY_HEAD / 2 && matches!(shape(&first), Shape::None | Shape::PrivateKey) {
        return false;
    }
    let beginning = decoded(head);
    is_object(&beginning) || pkcs12::is_pkcs12(&beginning)
}
