//! Microsoft serialized certificate stores (.sst), and registry `Blob` values as files (\[MS-OSHARED\] 2.3.2.5).

use crate::source::contents::{Contents, Format, Position, ProblemCode};
use crate::source::store_properties::{self, Elements, End};

/// Behind the version: "CERT".
const FILE_TYPE: &[u8] = b"CERT";

/// The version and the type.
const FILE_HEADER: usize = 8;

/// X509_ASN_ENCODING, alone or with PKCS_7_ASN_ENCODING.
const ENCODINGS: [u32; 2] = [1, 0x0001_0001];

/// Whether it begins as a serialized store does.
pub(crate) fn is_serialized_store(bytes: &[u8]) -> bool {
    // The version is checked by `read`, which can say so.
    bytes.get(4..FILE_HEADER) == Some(FILE_TYPE) && bytes.get(1..4) == Some(&[0; 3])
}

/// Read a serialized store.
pub(crate) fn read(bytes: &[u8]) -> Contents {
    if bytes.get(4..FILE_HEADER) != Some(FILE_TYPE) {
        let message = "expected the header of a serialized store, 00 00 00 00 and \"CERT\"";
        return Contents::fault(ProblemCode::Damaged, Position::Byte(0), message);
    }
    if bytes[..4] != [0; 4] {
        let message = format!("only version 0 of serialized stores is known, and this one's is {}", bytes[0]);
        return Contents::fault(ProblemCode::Unsupported, Position::Byte(0), message);
    }
    store_properties::read(bytes, FILE_HEADER, End::Marker, Format::SerializedStore, |at| Position::Byte(at as u64))
}

/// How long a serialized store is, its end marker included; `None` where it has none.
pub(crate) fn length(bytes: &[u8]) -> Option<usize> {
    let mut elements = Elements::new(bytes, FILE_HEADER);
    while let Ok(Some(element)) = elements.next() {
        if element.is_end() {
            return Some(elements.at());
        }
    }
    None
}

/// Whether it is what a registry `Blob` value is, saved as a file as under `%APPDATA%\Microsoft\SystemCertificates\My\Certificates`: elements
/// without a header. The first must be whole, of a property id and of X.509's encoding; and the second begin likewise.
pub(crate) fn is_registry_blob(bytes: &[u8]) -> bool {
    let mut elements = Elements::new(bytes, 0);
    let mut plausible = || match elements.next() {
        Ok(Some(element)) => {
            let object = matches!(element.id, 32..=34);
            ((1..=0x7f).contains(&element.id) || (0x8000..=0xffff).contains(&element.id))
                && ENCODINGS.contains(&element.encoding)
                && (!object || element.value.first() == Some(&0x30))
        }
        // An end after the first element, and a second that is cut off.
        Ok(None) | Err(_) => true,
    };
    !bytes.is_empty() && Elements::new(bytes, 0).next().is_ok() && plausible() && plausible()
}

/// Read a registry `Blob` value from a file.
pub(crate) fn read_blob(bytes: &[u8]) -> Contents {
    store_properties::read(bytes, 0, End::Bytes, Format::RegistryBlob, |at| Position::Byte(at as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::contents::Kind;
    use crate::source::provider::ProviderFamily;
    use crate::source::store_properties::tests::{element, utf16};
    use crate::source::testing::certificate;

    const END: [u8; 12] = [0; 12];

    fn store(elements: &[Vec<u8>]) -> Vec<u8> {
        [b"\0\0\0\0CERT".to_vec(), elements.concat(), END.to_vec()].concat()
    }

    fn key_prov_info(provider_type: u32) -> Vec<u8> {
        let (container, provider) = (utf16("te-1"), utf16("Microsoft Software Key Storage Provider"));
        let numbers = [28, 28 + container.len() as u32, provider_type, 0x20, 0, 0, 0];
        [numbers.iter().flat_map(|n| n.to_le_bytes()).collect(), container, provider].concat()
    }

    #[test]
    fn properties_are_those_of_the_certificate_behind_them() {
        let bytes = store(&[
            element(11, &utf16("A")),
            element(32, &[0x30, 0]),
            element(32, &[0x30, 1, 5]),
            element(2, &key_prov_info(0)),
            element(19, &[]),
            element(34, &[0x30, 0]),
            element(2, &key_prov_info(0)),
            element(3, &[9; 20]),
            element(32, &[0x30, 2, 5, 0]),
            element(33, &[0x30, 0]),
        ]);
        assert!(is_serialized_store(&bytes));
        let contents = read(&bytes);
        assert_eq!(contents.faults, []);
        let [named, bare, keyed, crl] = contents.found.as_slice() else { panic!("{contents:?}") };
        assert_eq!(named.properties.as_ref().unwrap().friendly_name.as_deref(), Some("A"));
        assert_eq!((&bare.properties, bare.der.as_slice()), (&None, [0x30, 1, 5].as_slice()));
        let properties = keyed.properties.as_ref().unwrap();
        assert!(properties.has_private_key && !properties.archived);
        assert_eq!(properties.key_provider.as_ref().unwrap().family, ProviderFamily::Cng);
        assert_eq!(properties.key_container.as_deref(), Some("te-1"));
        assert_eq!((crl.kind, &crl.properties), (Kind::Crl, &None));
        assert_eq!(named.position, Position::Byte(8 + 16));
    }

    #[test]
    fn the_vector_of_the_specification_is_read_whatever_its_encoding_type() {
        let mut bytes = store(&[element(11, &[0x41, 0, 0, 0]), element(32, &[0x30, 0])]);
        assert_eq!(bytes.len(), 8 + 16 + 14 + 12);
        bytes[12] = 0;
        bytes[28] = 7;
        let contents = read(&bytes);
        assert_eq!((contents.found.len(), contents.faults.len()), (1, 0));
    }

    #[test]
    fn a_store_that_is_cut_off_anywhere_gives_what_stands_before_and_says_so() {
        let bytes = store(&[element(11, &utf16("A")), element(32, &[0x30, 0]), element(32, &[0x30, 1, 5])]);
        for length in 8..bytes.len() {
            let contents = read(&bytes[..length]);
            assert_eq!(contents.faults.len(), 1, "{length} bytes: {contents:?}");
            assert_eq!(contents.faults[0].code, ProblemCode::Truncated);
            let whole = [8 + 16 + 14, 8 + 16 + 14 + 15].iter().filter(|end| length >= **end).count();
            assert_eq!(contents.found.len(), whole, "{length} bytes");
        }
        for length in 0..8 {
            assert_eq!(read(&bytes[..length]).faults[0].code, ProblemCode::Damaged);
        }
    }

    #[test]
    fn what_stands_behind_the_end_marker_is_reported() {
        let mut bytes = store(&[element(32, &[0x30, 0])]);
        bytes.extend([0; 500]);
        assert_eq!(read(&bytes).faults, []);
        bytes.push(1);
        assert_eq!(read(&bytes).faults[0].code, ProblemCode::Damaged);
        let mut newer = store(&[]);
        assert!(read(&newer).faults.is_empty() && read(&newer).found.is_empty());
        newer[0] = 1;
        assert!(is_serialized_store(&newer));
        assert_eq!(read(&newer).faults[0].code, ProblemCode::Unsupported);
    }

    /// Three entries with a name each, and where the element of the second certificate begins.
    fn three_entries() -> (Vec<u8>, usize) {
        let entry = |number| [element(11, &utf16("A")), element(32, &certificate(number))].concat();
        let bytes = store(&[entry(0), entry(1), entry(2)]);
        (bytes, 8 + entry(0).len() + element(11, &utf16("A")).len())
    }

    #[test]
    fn a_certificate_under_another_id_is_reported_and_read() {
        let (good, at) = three_entries();
        assert_eq!((read(&good).found.len(), read(&good).faults), (3, vec![]));
        for bit in 0..32 {
            let mut bytes = good.clone();
            bytes[at + bit / 8] ^= 1 << (bit % 8);
            let contents = read(&bytes);
            let ders: Vec<_> = contents.found.iter().map(|found| found.der.clone()).collect();
            assert_eq!(ders, [certificate(0), certificate(1), certificate(2)], "bit {bit}");
            assert!(contents.found.iter().all(|found| found.kind == Kind::Certificate), "bit {bit}");
            assert_eq!(contents.found[1].properties, contents.found[0].properties, "bit {bit}");
            let [fault] = contents.faults.as_slice() else { panic!("bit {bit}: {:?}", contents.faults) };
            assert_eq!((fault.code, fault.position), (ProblemCode::Damaged, Position::Byte(at as u64)));
        }
        // As the list of CRLs, where it is told by its shape alone.
        let contents = read(&store(&[element(33, &certificate(0))]));
        assert_eq!((contents.found[0].kind, contents.faults.len()), (Kind::Certificate, 1));
    }

    #[test]
    fn one_damaged_bit_of_a_header_loses_no_certificate_silently() {
        let (good, _) = three_entries();
        let inside = |at: usize| {
            (0..3).any(|number| {
                let der = certificate(number);
                let start = good.windows(der.len()).position(|window| window == der).unwrap();
                (start..start + der.len()).contains(&at)
            })
        };
        for at in (4..good.len()).filter(|at| !inside(*at)) {
            for bit in 0..8 {
                let mut bytes = good.clone();
                bytes[at] ^= 1 << bit;
                let contents = read(&bytes);
                assert!(contents.found.len() == 3 || !contents.faults.is_empty(), "byte {at}, bit {bit}");
            }
        }
    }

    #[test]
    fn a_damaged_certificate_under_an_unknown_id_is_reported_and_not_taken_for_whole() {
        let mut der = certificate(0);
        der.truncate(100);
        let contents = read(&store(&[element(0x8020, &der), element(32, &certificate(1))]));
        assert_eq!((contents.found.len(), contents.faults.len()), (1, 1));
        assert!(contents.faults[0].message.contains("not whole"), "{contents:?}");
        // A hash may begin like a certificate, and other values may be structures.
        let hash = [0x30, 0x12, 0x30, 0x10, 0xa0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        let usages = [0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];
        let more = [element(3, &hash), element(9, &usages), element(109, &certificate(2)), element(0x8001, b"x")];
        assert_eq!(read(&store(&[more.concat(), element(32, &certificate(1))])).faults, []);
    }

    #[test]
    fn an_end_marker_with_a_length_ends_nothing() {
        let behind = element(32, &certificate(1));
        for value in [vec![0; 3], certificate(0)[..40].to_vec(), b"anything".to_vec()] {
            let contents = read(&store(&[element(0, &value), behind.clone()]));
            assert_eq!((contents.found.len(), contents.faults.len()), (1, 1), "{contents:?}");
            assert_eq!(contents.faults[0].position, Position::Byte(8));
        }
        let blob = [element(0, &certificate(0)), element(11, &utf16("A"))].concat();
        let contents = read_blob(&blob);
        assert_eq!((contents.found.len(), contents.faults.len()), (1, 1), "{contents:?}");
    }

    #[test]
    fn lengths_that_lie_take_no_memory() {
        for length in [3u32, 0x7fff_ffff, u32::MAX] {
            let mut lying = element(32, &[0x30, 0]);
            lying[8..12].copy_from_slice(&length.to_le_bytes());
            let contents = read(&[b"\0\0\0\0CERT".to_vec(), element(32, &[0x30, 0]), lying].concat());
            assert_eq!((contents.found.len(), contents.faults.len()), (1, 1));
            assert!(contents.faults[0].message.contains(&length.to_string()), "{contents:?}");
        }
    }

    #[test]
    fn a_blob_may_have_its_properties_behind_the_certificate() {
        let blob = [element(3, &[1; 20]), element(32, &[0x30, 0]), element(2, &key_prov_info(1))].concat();
        assert!(is_registry_blob(&blob) && !is_serialized_store(&blob));
        let contents = read_blob(&blob);
        assert_eq!(contents.faults, []);
        let properties = contents.found[0].properties.as_ref().unwrap();
        assert_eq!(properties.key_provider.as_ref().unwrap().family, ProviderFamily::Capi);
        assert_eq!(contents.found[0].format, Format::RegistryBlob);
    }

    #[test]
    fn a_blob_without_a_certificate_is_reported() {
        let blob = element(11, &utf16("A"));
        assert_eq!(read_blob(&blob).faults[0].code, ProblemCode::Damaged);
        let cut = &[element(3, &[1; 20]), element(32, &[0x30, 3, 1, 2, 3])].concat()[..40];
        assert!(is_registry_blob(cut));
        assert_eq!(read_blob(cut).faults[0].code, ProblemCode::Truncated);
    }

    #[test]
    fn other_bytes_are_no_blob() {
        for bytes in
            [b"".as_slice(), b"-----BEGIN CERTIFICATE-----", &[0x30, 0x82, 1, 0], &[0; 64], &[1; 64], b"\x03\0\0\0"]
        {
            assert!(!is_registry_blob(bytes), "{bytes:?}");
        }
        assert!(!is_registry_blob(&element(32, b"no certificate")));
    }

    #[test]
    fn a_hundred_thousand_certificates_are_read_in_one_go() {
        let one = [element(11, &utf16("Contoso")), element(32, &[&[0x30, 0x82, 1, 0], [7u8; 256].as_slice()].concat())];
        let many = store(&vec![one.concat(); 100_000]);
        let contents = read(&many);
        assert_eq!((contents.found.len(), contents.faults.len()), (100_000, 0));
    }

    #[test]
    fn a_flood_of_empty_certificates_or_of_faults_takes_little_memory() {
        let contents = read(&store(&[element(9, &[]).repeat(100_000)]));
        assert_eq!(contents.faults.len(), crate::source::contents::MAX_FAULTS + 1);
        let contents = read(&store(&[element(32, &[]).repeat(1_000_001)]));
        assert_eq!((contents.found.len(), contents.faults[0].code), (1_000_000, ProblemCode::Limit));
    }
}
