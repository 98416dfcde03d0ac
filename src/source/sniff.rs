//! What is this? From content alone; a name only tells whether something that cannot be read is worth a word.

use std::path::Path;

use crate::source::base64_body;
use crate::source::certutil::{self, View};
use crate::source::certutil_csv::{self, Table};
use crate::source::hexdump;
use crate::source::pem;
use crate::source::pkcs12;
use crate::source::registry;
use crate::source::serialized_store;
use crate::source::shape::{REQUEST, Shape, shape};
use crate::source::text;

/// What an input is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Empty,
    /// Text with PEM blocks in it.
    Pem,
    CertutilView(View),
    CertutilCsv(Table),
    RegistryExport,
    /// Base64 without a header.
    Base64,
    HexDump,
    /// A listing that names certificates but does not hold them.
    Listing(Listing),
    OtherText,
    /// Certificates, CRLs, PKCS#7 or private keys, one behind the other.
    Objects,
    Pkcs12,
    SerializedStore,
    RegistryBlob,
    /// Known to be something else that is encoded so.
    Foreign(&'static str),
    OtherBinary,
}

/// Programs whose listings were met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listing {
    CertutilStore,
    PowerShell,
    OpensslText,
}

impl Listing {
    /// What was found, and the command that writes the certificates themselves.
    pub(crate) fn advice(self) -> &'static str {
        match self {
            Self::CertutilStore => {
                "a listing of certutil, which names certificates but does not hold them; export them, for instance with \
                 Get-ChildItem Cert:\\LocalMachine\\My | Export-Certificate -Type SST -FilePath my.sst"
            }
            Self::PowerShell => {
                "a listing of PowerShell, which names certificates but does not hold them; export them, for instance with \
                 Get-ChildItem Cert:\\LocalMachine\\My | Export-Certificate -Type SST -FilePath my.sst"
            }
            Self::OpensslText => {
                "the text of openssl x509 without the certificate itself; leave -noout away, so that the PEM block follows"
            }
        }
    }
}

/// Whether a name, or the way something was given, says that it holds certificates: what to say of it if it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looks {
    /// It was named itself: whatever it is, something is said of it.
    Named,
    /// Its name says so: something is said unless it is known to be another thing.
    Certificate,
    /// Nothing is said unless its content is a certificate's.
    Unknown,
}

/// Extensions of files that hold certificates, CRLs or stores of them.
const EXTENSIONS: [&str; 19] = [
    "cer",
    "crt",
    "cert",
    "certs",
    "pem",
    "der",
    "p7b",
    "p7c",
    "p7s",
    "p7",
    "pkcs7",
    "spc",
    "stl",
    "pfx",
    "p12",
    "pkcs12",
    "sst",
    "crl",
    "ca-bundle",
];

impl Looks {
    pub(crate) fn of(path: &Path) -> Self {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension)) {
            Self::Certificate
        } else {
            Self::Unknown
        }
    }
}

/// How much of a text is looked at for what tells its format.
pub(crate) const HEAD: usize = 64 * 1024;

/// What begins with `bytes`: a whole input, or the first [`HEAD`] bytes of it.
pub(crate) fn sniff(bytes: &[u8]) -> Content {
    if bytes.is_empty() {
        Content::Empty
    } else if is_text(bytes) {
        sniff_text(&text::normalise(bytes))
    } else {
        sniff_binary(bytes)
    }
}

/// Whether it is text, and not an encoding that happens to have few bytes that are no characters.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    text::is_text(bytes) && matches!(shape(bytes), Shape::None | Shape::Unknown)
}

/// The same for a normalised text.
pub(crate) fn sniff_text(text: &[u8]) -> Content {
    let head = &text[..text.len().min(HEAD)];
    let trimmed = head.trim_ascii_start();
    if registry::is_registry_export(trimmed) {
        return Content::RegistryExport;
    }
    let is_pem = pem::is_pem(text);
    if is_pem && trimmed.starts_with(b"-----BEGIN ") {
        return Content::Pem;
    }
    if let Some(view) = certutil::view(head) {
        return Content::CertutilView(view);
    }
    // A line of another form, and one of base64 of a certificate, are no table with a heading.
    if let Some(table) = certutil_csv::table(head)
        && !base64_body::is_bare(head)
        && !hexdump::is_dump(head)
    {
        return Content::CertutilCsv(table);
    }
    if is_pem {
        return Content::Pem;
    }
    if trimmed.is_empty() {
        return if head.len() == text.len() { Content::Empty } else { Content::OtherText };
    }
    let mut labels = pem::pieces(head, 1, b'\n').filter_map(|piece| match piece {
        pem::Piece::Block(block) => Some(block.label),
        _ => None,
    });
    if let Some(first) = labels.next() {
        let all_known = pem::is_known_other(first) && labels.all(pem::is_known_other);
        return match first.to_ascii_uppercase().ends_with(b"CERTIFICATE REQUEST") {
            _ if !all_known => Content::OtherText,
            true => Content::Foreign(REQUEST),
            false => Content::Foreign("PEM of something else"),
        };
    }
    if base64_body::is_bare(head) {
        return Content::Base64;
    }
    if hexdump::is_dump(head) {
        return Content::HexDump;
    }
    listing(head).map_or(Content::OtherText, Content::Listing)
}

fn listing(head: &[u8]) -> Option<Listing> {
    let has = |needle: &str| memchr::memmem::find(head, needle.as_bytes()).is_some();
    if has("(sha1):") && has("================") {
        Some(Listing::CertutilStore)
    } else if has("Microsoft.PowerShell.Security\\Certificate::")
        || (has("Thumbprint") && has("----------") && has("Subject"))
    {
        Some(Listing::PowerShell)
    } else if has("Certificate:") && has("Signature Algorithm:") && has("Serial Number:") {
        Some(Listing::OpensslText)
    } else {
        None
    }
}

/// The same for what is no text.
pub(crate) fn sniff_binary(bytes: &[u8]) -> Content {
    if serialized_store::is_serialized_store(bytes) {
        return Content::SerializedStore;
    }
    match shape(bytes) {
        Shape::Certificate | Shape::Crl | Shape::Pkcs7 | Shape::PrivateKey => Content::Objects,
        _ if pkcs12::is_pkcs12(bytes) => Content::Pkcs12,
        Shape::Pkcs12 => Content::Pkcs12,
        Shape::Other(name) => Content::Foreign(name),
        Shape::Unknown | Shape::None if serialized_store::is_registry_blob(bytes) => Content::RegistryBlob,
        Shape::Unknown | Shape::None => Content::OtherBinary,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stores_are_told_by_their_first_bytes() {
        assert_eq!(sniff(b"\0\0\0\0CERT\x20\0\0\0"), Content::SerializedStore);
        let blob = b"\x03\0\0\0\x01\0\0\0\x02\0\0\0ab\x20\0\0\0\x01\0\0\0\x02\0\0\0\x30\0";
        assert_eq!(sniff(blob), Content::RegistryBlob);
        assert_eq!(sniff(b"\x03\0\0\0\x07\0\0\0\x02\0\0\0ab"), Content::OtherBinary);
        assert_eq!(sniff(b"\xff\xfeR\0E\0G\0E\0D\0I\0T\x004\0\r\0\n\0"), Content::RegistryExport);
        assert_eq!(sniff(b"REGEDIT4\r\n"), Content::RegistryExport);
    }

    #[test]
    fn what_is_plainly_something_else_is_called_so() {
        assert_eq!(sniff(b"{\"json\": true}"), Content::OtherText);
        assert_eq!(sniff(b"PK\x03\x04\0\0\0\0"), Content::OtherBinary);
        assert_eq!(sniff(b"\x7fELF\x02\x01\x01\0\0\0"), Content::OtherBinary);
        assert_eq!(sniff(&[0; 4096]), Content::OtherBinary);
        assert_eq!(sniff(b" \r\n"), Content::Empty);
        assert_eq!(
            sniff(b"-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n"),
            Content::Foreign("PEM of something else")
        );
    }

    #[test]
    fn listings_are_known_and_their_advice_names_a_command() {
        let certutil = b"My \"Personal\"\r\n================ Certificate 0 ================\r\nSerial Number: 4d\r\nIssuer: CN=x\r\n\
            Cert Hash(sha1): 32 c6 b7\r\nCertUtil: -store command completed successfully.\r\n";
        assert_eq!(sniff(certutil), Content::Listing(Listing::CertutilStore));
        let powershell =
            b"   PSParentPath: Microsoft.PowerShell.Security\\Certificate::LocalMachine\\My\r\n\r\nThumbprint\r\n";
        assert_eq!(sniff(powershell), Content::Listing(Listing::PowerShell));
        assert!(Listing::CertutilStore.advice().contains("Export-Certificate"));
    }

    #[test]
    fn names_tell_what_looks_like_a_certificate() {
        for name in ["a.CER", "b/c.p7b", "x.Pem", "root.crl", "my.sst", "list.stl"] {
            assert_eq!(Looks::of(Path::new(name)), Looks::Certificate, "{name}");
        }
        for name in ["a.txt", "cer", "README", "x.pem.bak", "notes.docx", "settings.reg"] {
            assert_eq!(Looks::of(Path::new(name)), Looks::Unknown, "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_something(bytes: Vec<u8>) {
            let _ = sniff(&bytes);
        }
    }
}
