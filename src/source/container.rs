//! Files that certificates are sent in and that something else unpacks: what each is, and how to get at what is in it.

use std::fmt;
use std::ops::Range;

use crate::source::contents::{Fault, Position, ProblemCode};
use crate::source::shape;

/// A kind of file in which certificates are sent, but not in a form that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Container {
    name: &'static str,
    advice: &'static str,
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.name, self.advice)
    }
}

impl Container {
    /// What is said where something was found in it all the same: a text that is stored as it is.
    pub(crate) fn beside_blocks(self) -> Fault {
        let message = format!(
            "expected a file that can be read whole, found {}, in which only what stands there as PEM was read; {}",
            self.name, self.advice
        );
        Fault::new(ProblemCode::Unsupported, Position::Whole, message)
    }
}

const UNPACK: &str = "unpack it, and give the folder";
const SEND: &str = "have the certificates sent as files of their own";

/// What each begins with.
const BEGINNINGS: [(&[u8], &str, &str); 14] = [
    (b"PK\x03\x04", "a ZIP archive", UNPACK),
    (b"PK\x07\x08", "a ZIP archive", UNPACK),
    (b"\x1f\x8b", "a gzip archive", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (b"\xfd7zXZ\0", "an xz archive", UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", UNPACK),
    (b"MSCF\0\0\0\0", "a cabinet file", "unpack it with expand, and give the folder"),
    (b"\xd0\xcf\x11\xe0", "an Outlook message or Office document", "save what is attached to it"),
    (b"\xfe\xed\xfe\xed", "a Java key store", KEYTOOL),
    (b"\xce\xce\xce\xce", "a Java key store", KEYTOOL),
    (b"%PDF-", "a PDF document", SEND),
    (b"\x7fELF", "a program", SEND),
    (b"\xcf\xfa\xed\xfe", "a program", SEND),
];
const KEYTOOL: &str = "convert it with keytool -importkeystore -deststoretype PKCS12";

/// What something that begins with `bytes` is, if it is one of these.
pub(crate) fn container(bytes: &[u8]) -> Option<Container> {
    let known = |name, advice| Some(Container { name, advice });
    if let Some((_, name, advice)) = BEGINNINGS.iter().find(|(beginning, ..)| bytes.starts_with(beginning)) {
        known(name, advice)
    } else if is_tar(bytes) {
        known("a tar archive", UNPACK)
    } else if is_bzip2(bytes) {
        known("a bzip2 archive", UNPACK)
    } else if is_windows_program(bytes) {
        known("a program", SEND)
    } else if shape::is_ocsp_response(bytes) {
        known("an OCSP response", "openssl ocsp -noverify -text -respin FILE prints the certificates in it")
    } else if shape::is_time_stamp_response(bytes) {
        known(
            "a time-stamp response",
            "openssl ts -reply -in FILE -token_out -out token.p7s writes the PKCS#7 that is in it",
        )
    } else {
        None
    }
}

/// POSIX.1: a header of 512 bytes with its magic, which GNU tar ends with a space, and with its checksum, in octal, for which its own
/// field counts as spaces. The magic alone is met in names, such as "Neustar Inc".
fn is_tar(bytes: &[u8]) -> bool {
    const CHECKSUM: Range<usize> = 148..156;
    let Some(header) = bytes.first_chunk::<512>() else { return false };
    if !matches!(&header[257..263], b"ustar\0" | b"ustar ") {
        return false;
    }
    let digits =
        header[CHECKSUM].iter().skip_while(|byte| **byte == b' ').take_while(|byte| matches!(byte, b'0'..=b'7'));
    let told = digits.fold(0u32, |told, digit| told * 8 + u32::from(digit - b'0'));
    let sum = header.iter().enumerate().map(|(at, byte)| if CHECKSUM.contains(&at) { b' ' } else { *byte });
    told == sum.map(u32::from).sum::<u32>()
}

/// A digit for the size of its blocks, and the first block's magic.
fn is_bzip2(bytes: &[u8]) -> bool {
    bytes.starts_with(b"BZh") && bytes.get(4..10) == Some(b"1AY&SY")
}

/// A program of DOS that points to one of Windows.
fn is_windows_program(bytes: &[u8]) -> bool {
    let place = bytes.get(0x3c..0x40).and_then(|place| place.try_into().ok()).map(u32::from_le_bytes);
    let place = place.and_then(|place| usize::try_from(place).ok());
    bytes.starts_with(b"MZ")
        && place.is_some_and(|place| bytes.get(place..).is_some_and(|rest| rest.starts_with(b"PE\0\0")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::testing::{certificate, not_run, openssl, patiently};
    use std::process::Command;

    fn name(bytes: &[u8]) -> Option<&'static str> {
        container(bytes).map(|container| container.name)
    }

    #[test]
    fn what_programs_pack_is_told_by_its_first_bytes() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.cer"), certificate(0)).unwrap();
        for (command, name_of) in [
            ("tar -cf a.tar a.cer", "a tar archive"),
            ("tar --format=gnu -cf a.tar a.cer", "a tar archive"),
            ("gzip -k a.cer", "a gzip archive"),
            ("bzip2 -k a.cer", "a bzip2 archive"),
            ("xz -k a.cer", "an xz archive"),
            ("zstd -q a.cer", "a Zstandard archive"),
            ("zip -q a.zip a.cer", "a ZIP archive"),
            ("7z a a.7z a.cer", "a 7z archive"),
        ] {
            let mut words = command.split(' ');
            let mut packer = Command::new(words.next().unwrap());
            packer.args(words).current_dir(folder.path()).stdout(std::process::Stdio::null());
            match patiently(|| packer.status()) {
                Ok(status) if status.success() => {}
                _ => {
                    not_run(command);
                    continue;
                }
            }
            let others = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
            let packed = others.filter(|path| path.extension() != Some("cer".as_ref())).collect::<Vec<_>>();
            assert_eq!(packed.len(), 1, "{command}");
            assert_eq!(name(&std::fs::read(&packed[0]).unwrap()), Some(name_of), "{command}");
            std::fs::remove_file(&packed[0]).unwrap();
        }
        assert_eq!(name(&std::fs::read(std::env::current_exe().unwrap()).unwrap()), Some("a program"));
    }

    #[test]
    fn what_is_read_is_none_of_them() {
        for bytes in
            [&certificate(0)[..], b"-----BEGIN CERTIFICATE-----", b"MZ and other words", b"BZh is no archive", b"PK"]
        {
            assert_eq!(container(bytes), None);
        }
        let text = [&b"a".repeat(257)[..], b"ustaring at a word"].concat();
        assert_eq!(container(&text), None);
    }

    #[test]
    fn a_certificate_with_the_magic_of_tar_where_tar_has_it_is_a_certificate() {
        let key = rcgen::KeyPair::generate().unwrap();
        let of = |length: usize| {
            let mut parameters = rcgen::CertificateParams::default();
            let organisation = format!("{}Neustar Inc", "a".repeat(length));
            parameters.distinguished_name.push(rcgen::DnType::OrganizationName, organisation);
            parameters.self_signed(&key).unwrap().der().to_vec()
        };
        let certificate = (0..200).map(of).find(|der| der[257..].starts_with(b"ustar ")).unwrap();
        assert!(certificate.len() > 512, "as long as a header");
        assert_eq!(container(&certificate), None);
    }

    #[test]
    fn responses_are_called_what_they_are_and_their_advice_gives_the_certificates() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let run = |arguments: &str| {
            let arguments: Vec<String> =
                arguments.split(' ').map(|word| word.strip_prefix('@').map_or_else(|| word.to_owned(), path)).collect();
            openssl(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), b"")
        };
        let request = "req -x509 -newkey rsa:2048 -nodes -keyout @k.pem -out @ca.pem -subj /CN=ca -addext \
                       extendedKeyUsage=critical,timeStamping";
        if run(request).is_none() {
            return;
        }
        std::fs::write(path("index"), "").unwrap();
        run("ocsp -issuer @ca.pem -cert @ca.pem -reqout @request");
        run("ocsp -index @index -rsigner @ca.pem -rkey @k.pem -CA @ca.pem -reqin @request -respout @ocsp -ndays 1");
        let response = std::fs::read(path("ocsp")).unwrap();
        assert_eq!(name(&response), Some("an OCSP response"));
        assert_eq!(name(&response[..60]), Some("an OCSP response"), "by its beginning");
        let printed = run("ocsp -noverify -text -respin @ocsp").unwrap();
        assert!(memchr::memmem::find(&printed, b"-----BEGIN CERTIFICATE-----").is_some());

        std::fs::write(path("serial"), "01").unwrap();
        let settings = format!(
            "[t]\nserial={}\ndefault_policy=1.2.3.4\ndigests=sha256\nsigner_digest=sha256\ness_cert_id_alg=sha256\n",
            path("serial")
        );
        std::fs::write(path("settings"), settings).unwrap();
        run("ts -query -data @ca.pem -sha256 -cert -out @query");
        run("ts -reply -config @settings -section t -signer @ca.pem -inkey @k.pem -queryfile @query -out @stamp");
        assert_eq!(name(&std::fs::read(path("stamp")).unwrap()), Some("a time-stamp response"));
        run("ts -reply -in @stamp -token_out -out @token");
        let token = std::fs::read(path("token")).unwrap();
        assert_eq!((shape::shape(&token), container(&token)), (shape::Shape::Pkcs7, None));
    }
}
