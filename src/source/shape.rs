//! What an encoded structure is, by its first elements: only headers are looked at, so the beginning of a file is enough.

use crate::certificate::tlv::tag;
use crate::source::ber;

/// What a CA is asked with (RFC 2986), and what is sometimes sent in place of what it issued.
pub(crate) const REQUEST: &str = "a certificate request";

/// The structures that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Certificate,
    Crl,
    /// ContentInfo of RFC 2315 and RFC 5652.
    Pkcs7,
    Pkcs12,
    PrivateKey,
    /// Something that is whole and known, but holds no certificate.
    Other(&'static str),
    /// A SEQUENCE, but none that is known.
    Unknown,
    /// No SEQUENCE at all.
    None,
}

/// 1.2.840.113549.1.7, under which the content types of PKCS#7 stand.
pub(crate) const PKCS7: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07];

const CONTEXT_0: u8 = tag::context_constructed(0);
const ENUMERATED: u8 = 0x0a;

/// The tags and contents of the first elements of one level, as far as they are at hand.
fn level<const N: usize>(mut bytes: &[u8]) -> [Option<(u8, &[u8])>; N] {
    let mut found = [None; N];
    for slot in &mut found {
        let Some(element) = ber::content_at_hand(bytes) else { break };
        *slot = Some(element);
        let Ok(header) = ber::header(bytes) else { break };
        // Past an indefinite length nothing is known: what is told apart here has them only on the outside.
        let Some(length) = header.length else { break };
        bytes = bytes.get(header.size.saturating_add(length)..).unwrap_or_default();
    }
    found
}

fn tags<const N: usize>(bytes: &[u8]) -> [u8; N] {
    level::<N>(bytes).map(|element| element.map_or(0, |(tag, _)| tag))
}

fn unsigned(bytes: &[u8]) -> Option<u8> {
    match bytes {
        [value] if *value < 0x80 => Some(*value),
        _ => None,
    }
}

/// What begins with `bytes`.
pub(crate) fn shape(bytes: &[u8]) -> Shape {
    let Some((tag::SEQUENCE, outer)) = ber::content_at_hand(bytes) else { return Shape::None };
    let [first, second, third] = level::<3>(outer);
    match (first, second) {
        (Some((tag::OID, oid)), _) if oid.starts_with(&PKCS7) => Shape::Pkcs7,
        (Some((tag::OID, _)), Some((CONTEXT_0, _))) => Shape::Other("CMS of another type than signed data"),
        (Some((tag::INTEGER, version)), second) => numbered(unsigned(version), second, third),
        (Some((tag::SEQUENCE, inner)), second) => signed(inner, second.map_or(0, |(tag, _)| tag)),
        _ => Shape::Unknown,
    }
}

/// Whether it begins as something that is read wherever it is met: a certificate, a CRL or PKCS#7.
pub(crate) fn is_object(bytes: &[u8]) -> bool {
    matches!(shape(bytes), Shape::Certificate | Shape::Crl | Shape::Pkcs7)
}

/// RFC 6960 4.2.1: a status, and what an object identifier says is in it.
pub(crate) fn is_ocsp_response(bytes: &[u8]) -> bool {
    let begins = || {
        let (_, response) = ber::content_at_hand(bytes)?;
        let [status, content] = level::<2>(response);
        let [(content_tag, content), (status, _)] = [content?, status?];
        let [inner] = level::<1>(content);
        Some(status == ENUMERATED && content_tag == CONTEXT_0 && tags::<2>(inner?.1) == [tag::OID, tag::OCTET_STRING])
    };
    begins().unwrap_or(false)
}

/// RFC 3161 2.4.2: a status, and a token, which is PKCS#7.
pub(crate) fn is_time_stamp_response(bytes: &[u8]) -> bool {
    let begins = || {
        let (_, response) = ber::content_at_hand(bytes)?;
        let [status, token] = level::<2>(response);
        let [(status_tag, status), (token_tag, token)] = [status?, token?];
        let is_status = status_tag == tag::SEQUENCE && tags::<1>(status) == [tag::INTEGER];
        Some(is_status && token_tag == tag::SEQUENCE && begins_with_pkcs7(token))
    };
    begins().unwrap_or(false)
}

/// Whether the three parts of a signed structure (RFC 5280 4.1.1) fill it exactly: a length that lies does not.
pub(crate) fn is_filled(raw: &[u8]) -> bool {
    let Ok(ber::Header { length: Some(length), size, .. }) = ber::header(raw) else {
        // An indefinite length was found by its end mark, so it is right.
        return true;
    };
    let Some(mut rest) = raw.get(size..size.saturating_add(length)) else { return false };
    for _ in 0..3 {
        let Ok(ber::Header { length: Some(length), size, .. }) = ber::header(rest) else { return false };
        let Some(after) = rest.get(size.saturating_add(length)..) else { return false };
        rest = after;
    }
    rest.is_empty()
}

/// Whether this is what a certificate of version 2 or 3 holds, whatever its tag. Attribute certificates may begin likewise, but have no
/// serial number there.
pub(crate) fn is_certificate_content(content: &[u8]) -> bool {
    let [first, second, third] = level::<3>(content);
    let algorithm_and_signature = [second, third].map(|element| element.map_or(0, |(tag, _)| tag));
    first.is_some_and(|(tag, inner)| {
        tag == tag::SEQUENCE
            && tags::<4>(inner) == [CONTEXT_0, tag::INTEGER, tag::SEQUENCE, tag::SEQUENCE]
            && algorithm_and_signature == [tag::SEQUENCE, tag::BIT_STRING]
    })
}

/// Structures that begin with a version.
fn numbered(version: Option<u8>, second: Option<(u8, &[u8])>, third: Option<(u8, &[u8])>) -> Shape {
    let third_tag = third.map(|(tag, _)| tag);
    match (version, second) {
        // RFC 7292 4: PFX, version 3, and a ContentInfo.
        (Some(3), Some((tag::SEQUENCE, content))) if begins_with_pkcs7(content) => Shape::Pkcs12,
        // RFC 5958: PrivateKeyInfo.
        (Some(0 | 1), Some((tag::SEQUENCE, algorithm))) if tags::<1>(algorithm) == [tag::OID] => {
            if third_tag.is_none_or(|tag| tag == tag::OCTET_STRING) { Shape::PrivateKey } else { Shape::Unknown }
        }
        // RFC 8017 A.1.2: RSAPrivateKey; and a DSA key.
        (Some(0), Some((tag::INTEGER, _))) => Shape::PrivateKey,
        // RFC 5915: ECPrivateKey.
        (Some(1), Some((tag::OCTET_STRING, _))) => Shape::PrivateKey,
        (_, Some((tag::INTEGER, _))) => Shape::Other("an RSA public key or parameters"),
        _ => Shape::Unknown,
    }
}

fn begins_with_pkcs7(content: &[u8]) -> bool {
    level::<1>(content)[0].is_some_and(|(tag, oid)| tag == tag::OID && oid.starts_with(&PKCS7))
}

/// Structures that begin with a SEQUENCE: what is signed, as a rule.
fn signed(inner: &[u8], second: u8) -> Shape {
    let inner_tags = tags::<5>(inner);
    match inner_tags {
        // RFC 5280 4.1: tbsCertificate, with a version.
        [CONTEXT_0, ..] => Shape::Certificate,
        // RFC 5280 5.1: tbsCertList; version 1 has no version.
        [tag::INTEGER, tag::SEQUENCE, tag::SEQUENCE, tag::UTC_TIME | tag::GENERALIZED_TIME, ..]
        | [tag::SEQUENCE, tag::SEQUENCE, tag::UTC_TIME | tag::GENERALIZED_TIME, ..] => Shape::Crl,
        // RFC 2986: certificationRequestInfo.
        [tag::INTEGER, tag::SEQUENCE, tag::SEQUENCE, CONTEXT_0 | 0, _] if second == tag::SEQUENCE => {
            Shape::Other(REQUEST)
        }
        // RFC 5280 4.1: version 1 leaves the version out.
        [tag::INTEGER, tag::SEQUENCE, tag::SEQUENCE, tag::SEQUENCE, _] => Shape::Certificate,
        // RFC 5755: acinfo.
        [tag::INTEGER, tag::SEQUENCE, CONTEXT_0, ..] => Shape::Other("an attribute certificate"),
        [tag::OID, ..] if second == tag::BIT_STRING => Shape::Other("a public key"),
        // RFC 5958: EncryptedPrivateKeyInfo.
        [tag::OID, ..] if second == tag::OCTET_STRING => Shape::PrivateKey,
        _ => Shape::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::testing::patiently;
    use proptest::prelude::*;
    use std::process::Command;

    /// What `openssl` writes for these arguments; `None` where there is none.
    fn openssl(arguments: &str, input: &[u8]) -> Option<Vec<u8>> {
        use std::io::Write as _;
        let mut command = Command::new("openssl");
        command
            .args(arguments.split(' '))
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null());
        let mut child = patiently(|| command.spawn()).ok()?;
        child.stdin.take()?.write_all(input).ok()?;
        Some(child.wait_with_output().ok()?.stdout)
    }

    #[test]
    fn what_openssl_writes_is_told_apart() {
        let Some(key) = openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -outform PEM", b"") else {
            crate::source::testing::not_run("openssl is not installed");
            return;
        };
        let der = |arguments: &str| openssl(arguments, &key).unwrap();
        assert_eq!(shape(&der("pkey -outform DER")), Shape::PrivateKey);
        assert_eq!(shape(&der("pkey -traditional -outform DER")), Shape::PrivateKey);
        assert_eq!(shape(&der("pkcs8 -topk8 -passout pass:x -outform DER")), Shape::PrivateKey);
        assert_eq!(shape(&der("pkey -pubout -outform DER")), Shape::Other("a public key"));
        let request = der("req -new -key /dev/stdin -subj /CN=x -outform DER");
        if !request.is_empty() {
            assert_eq!(shape(&request), Shape::Other(REQUEST));
        }
    }

    #[test]
    fn a_certificate_shows_in_its_first_bytes() {
        let made = rcgen::generate_simple_self_signed(vec!["a.example".into()]).unwrap();
        let der = made.cert.der();
        assert_eq!(shape(der), Shape::Certificate);
        assert_eq!(shape(&der[..16]), Shape::Certificate);
        assert_eq!(shape(&made.signing_key.serialize_der()), Shape::PrivateKey);
        assert_eq!(shape(b"-----BEGIN"), Shape::None);
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_shape(bytes: Vec<u8>) {
            let _ = (shape(&bytes), is_ocsp_response(&bytes), is_time_stamp_response(&bytes));
        }
    }
}
