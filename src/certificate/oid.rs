//! Object identifiers: the ones that rules depend on, and the names by which people know them.

use std::fmt;

/// An object identifier, by the content bytes of its encoding.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Oid(Box<[u8]>);

impl Oid {
    /// From the content bytes of an encoded OBJECT IDENTIFIER.
    pub(crate) fn from_content(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The content bytes of its encoding.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// From dotted decimals, such as `1.3.6.1.5.5.7.3.2`, with or without a leading `OID.`. `None` where it is none, has an arc beyond
    /// 128 bits, or is longer than any object identifier (1,024 bytes).
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("OID.").or_else(|| text.strip_prefix("oid.")).unwrap_or(text);
        let arcs = text.split('.').map(|arc| arc.parse::<u128>().ok()).collect::<Option<Vec<_>>>()?;
        let [first, second, rest @ ..] = arcs.as_slice() else { return None };
        if *first > 2 || (*first < 2 && *second > 39) {
            return None;
        }
        let mut bytes = Vec::new();
        for arc in std::iter::once((first * 40).checked_add(*second)?).chain(rest.iter().copied()) {
            let mut groups = vec![(arc & 0x7f) as u8];
            let mut left = arc >> 7;
            while left > 0 {
                groups.push((left & 0x7f) as u8 | 0x80);
                left >>= 7;
            }
            groups.reverse();
            bytes.extend(groups);
        }
        (bytes.len() <= LONGEST).then(|| Self(bytes.into()))
    }

    /// The name that Windows or the RFC gives it.
    pub fn name(&self) -> Option<&'static str> {
        name(&self.0)
    }
}

impl PartialEq<[u8]> for Oid {
    fn eq(&self, other: &[u8]) -> bool {
        *self.0 == *other
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&dotted(&self.0))
    }
}

/// How many bytes an object identifier has at most that is read from numbers and shown as them.
const LONGEST: usize = 1024;

/// Dotted decimals of the content bytes; an arc beyond 128 bits, one that is cut off, and what is longer than any object identifier is
/// shown as bytes.
pub(crate) fn dotted(content: &[u8]) -> String {
    if content.len() > LONGEST {
        return unreadable(content);
    }
    let mut text = String::with_capacity(content.len() * 4);
    let mut rest = content;
    while let Some((arc, after)) = arc(rest) {
        rest = after;
        // The first two are one number.
        let first = if text.is_empty() { arc.min(80) / 40 } else { 0 };
        if text.is_empty() {
            push_arc(&mut text, first);
        }
        text.push('.');
        push_arc(&mut text, arc - first * 40);
    }
    if rest.is_empty() && !text.is_empty() { text } else { unreadable(content) }
}

/// The first arc, and what follows it; `None` where there is none, or none of at most 128 bits.
fn arc(content: &[u8]) -> Option<(u128, &[u8])> {
    if let [byte @ ..0x80, rest @ ..] = content {
        return Some((u128::from(*byte), rest));
    }
    let last = content.iter().position(|byte| byte & 0x80 == 0)?;
    let (groups, rest) = content.split_at(last + 1);
    let bits = |byte: &u8| byte & 0x7f;
    // Most arcs fit into a register.
    let arc = if groups.len() <= 9 {
        groups.iter().fold(0, |arc: u64, byte| arc << 7 | u64::from(bits(byte))).into()
    } else {
        groups.iter().try_fold(0, |arc: u128, byte| (arc >> 121 == 0).then_some(arc << 7 | u128::from(bits(byte))))?
    };
    Some((arc, rest))
}

fn push_arc(text: &mut String, arc: u128) {
    let mut decimal = itoa::Buffer::new();
    // Most have one digit, and nearly all are divided much faster as these.
    match u64::try_from(arc) {
        Ok(arc @ ..10) => text.push(char::from(b'0' + arc as u8)),
        Ok(arc) => text.push_str(decimal.format(arc)),
        Err(_) => text.push_str(decimal.format(arc)),
    }
}

fn unreadable(content: &[u8]) -> String {
    let hex: String = content.iter().take(32).map(|byte| format!("{byte:02x}")).collect();
    format!("(unreadable OID {hex})")
}

macro_rules! oids {
    ($($(#[$doc:meta])* $name:ident = [$($byte:expr),+] $label:expr;)+) => {
        $($(#[$doc])* pub(crate) const $name: &[u8] = &[$($byte),+];)+
        pub(crate) fn name(content: &[u8]) -> Option<&'static str> {
            match content { $(c if c == $name => { let label: &'static str = $label; (!label.is_empty()).then_some(label) })+ _ => None }
        }
    };
}

oids! {
    // Attribute types.
    COMMON_NAME = [0x55, 4, 3] "CN";
    SURNAME = [0x55, 4, 4] "SN";
    SERIAL_NUMBER = [0x55, 4, 5] "SERIALNUMBER";
    COUNTRY = [0x55, 4, 6] "C";
    LOCALITY = [0x55, 4, 7] "L";
    STATE = [0x55, 4, 8] "S";
    STREET = [0x55, 4, 9] "STREET";
    ORGANIZATION = [0x55, 4, 10] "O";
    ORGANIZATIONAL_UNIT = [0x55, 4, 11] "OU";
    TITLE = [0x55, 4, 12] "T";
    DESCRIPTION = [0x55, 4, 13] "Description";
    POSTAL_CODE = [0x55, 4, 17] "PostalCode";
    PO_BOX = [0x55, 4, 18] "POBox";
    PHONE = [0x55, 4, 20] "Phone";
    X21_ADDRESS = [0x55, 4, 24] "X21Address";
    GIVEN_NAME = [0x55, 4, 42] "G";
    INITIALS = [0x55, 4, 43] "I";
    DN_QUALIFIER = [0x55, 4, 46] "dnQualifier";
    DOMAIN_COMPONENT = [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25] "DC";
    EMAIL_ADDRESS = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1] "E";
    // Extended key usages.
    SERVER_AUTH = [0x2b, 6, 1, 5, 5, 7, 3, 1] "Server Authentication";
    CLIENT_AUTH = [0x2b, 6, 1, 5, 5, 7, 3, 2] "Client Authentication";
    CODE_SIGNING = [0x2b, 6, 1, 5, 5, 7, 3, 3] "Code Signing";
    EMAIL_PROTECTION = [0x2b, 6, 1, 5, 5, 7, 3, 4] "Secure Email";
    IPSEC_END_SYSTEM = [0x2b, 6, 1, 5, 5, 7, 3, 5] "IP security end system";
    IPSEC_TUNNEL = [0x2b, 6, 1, 5, 5, 7, 3, 6] "IP security tunnel termination";
    IPSEC_USER = [0x2b, 6, 1, 5, 5, 7, 3, 7] "IP security user";
    TIME_STAMPING = [0x2b, 6, 1, 5, 5, 7, 3, 8] "Time Stamping";
    OCSP_SIGNING = [0x2b, 6, 1, 5, 5, 7, 3, 9] "OCSP Signing";
    IPSEC_IKE_INTERMEDIATE = [0x2b, 6, 1, 5, 5, 8, 2, 2] "IP security IKE intermediate";
    ANY_EXTENDED_KEY_USAGE = [0x55, 0x1d, 37, 0] "Any Extended Key Usage";
    ANY_APPLICATION_POLICY = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 10, 12, 1] "All application policies";
    SMART_CARD_LOGON = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 2] "Smart Card Logon";
    ENROLLMENT_AGENT = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 1] "Certificate Request Agent";
    ENCRYPTING_FILE_SYSTEM = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 10, 3, 4] "Encrypting File System";
    CA_EXCHANGE = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 5] "Private Key Archival";
    KEY_RECOVERY_AGENT = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 6] "Key Recovery Agent";
    KDC_AUTHENTICATION = [0x2b, 6, 1, 5, 2, 3, 5] "KDC Authentication";
    // Certificate and CRL extensions.
    SUBJECT_DIRECTORY_ATTRIBUTES = [0x55, 0x1d, 9] "Subject Directory Attributes";
    SUBJECT_KEY_IDENTIFIER = [0x55, 0x1d, 14] "Subject Key Identifier";
    KEY_USAGE = [0x55, 0x1d, 15] "Key Usage";
    SUBJECT_ALTERNATIVE_NAME = [0x55, 0x1d, 17] "Subject Alternative Name";
    ISSUER_ALTERNATIVE_NAME = [0x55, 0x1d, 18] "Issuer Alternative Name";
    BASIC_CONSTRAINTS = [0x55, 0x1d, 19] "Basic Constraints";
    CRL_NUMBER = [0x55, 0x1d, 20] "CRL Number";
    REASON_CODE = [0x55, 0x1d, 21] "CRL Reason Code";
    HOLD_INSTRUCTION = [0x55, 0x1d, 23] "Hold Instruction Code";
    INVALIDITY_DATE = [0x55, 0x1d, 24] "Invalidity Date";
    DELTA_CRL_INDICATOR = [0x55, 0x1d, 27] "Delta CRL Indicator";
    ISSUING_DISTRIBUTION_POINT = [0x55, 0x1d, 28] "Issuing Distribution Point";
    CERTIFICATE_ISSUER = [0x55, 0x1d, 29] "Certificate Issuer";
    NAME_CONSTRAINTS = [0x55, 0x1d, 30] "Name Constraints";
    CRL_DISTRIBUTION_POINTS = [0x55, 0x1d, 31] "CRL Distribution Points";
    CERTIFICATE_POLICIES = [0x55, 0x1d, 32] "Certificate Policies";
    ANY_POLICY = [0x55, 0x1d, 32, 0] "Any Policy";
    POLICY_MAPPINGS = [0x55, 0x1d, 33] "Policy Mappings";
    AUTHORITY_KEY_IDENTIFIER = [0x55, 0x1d, 35] "Authority Key Identifier";
    POLICY_CONSTRAINTS = [0x55, 0x1d, 36] "Policy Constraints";
    EXTENDED_KEY_USAGE = [0x55, 0x1d, 37] "Enhanced Key Usage";
    FRESHEST_CRL = [0x55, 0x1d, 46] "Freshest CRL";
    INHIBIT_ANY_POLICY = [0x55, 0x1d, 54] "Inhibit Any Policy";
    AUTHORITY_INFORMATION_ACCESS = [0x2b, 6, 1, 5, 5, 7, 1, 1] "Authority Information Access";
    SUBJECT_INFORMATION_ACCESS = [0x2b, 6, 1, 5, 5, 7, 1, 11] "Subject Information Access";
    OCSP_NO_CHECK = [0x2b, 6, 1, 5, 5, 7, 48, 1, 5] "OCSP No Check";
    ACCESS_OCSP = [0x2b, 6, 1, 5, 5, 7, 48, 1] "OCSP";
    ACCESS_CA_ISSUERS = [0x2b, 6, 1, 5, 5, 7, 48, 2] "Certification Authority Issuer";
    // Microsoft's extensions and names.
    MS_TEMPLATE_NAME = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2] "Certificate Template Name";
    MS_TEMPLATE = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 7] "Certificate Template Information";
    MS_CA_VERSION = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 1] "CA Version";
    MS_PREVIOUS_CA_HASH = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 2] "Previous CA Certificate Hash";
    MS_CRL_VIRTUAL_BASE = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 3] "Virtual Base CRL Number";
    MS_CRL_NEXT_PUBLISH = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 4] "Next CRL Publish";
    MS_APPLICATION_POLICIES = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 10] "Application Policies";
    MS_APPLICATION_POLICY_MAPPINGS = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 11] "Application Policy Mappings";
    MS_APPLICATION_POLICY_CONSTRAINTS = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 12] "Application Policy Constraints";
    MS_CROSS_CA_VERSION = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 22] "Cross CA Version";
    MS_CROSS_CERT_DIST_POINTS = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 10, 9, 1] "Cross-Certificate Distribution Points";
    MS_SID_EXTENSION = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 25, 2] "SID Security Extension";
    MS_SID = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 25, 2, 1] "Object SID";
    MS_USER_PRINCIPAL_NAME = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 3] "Principal Name";
    MS_NTDS_REPLICATION = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 25, 1] "DS Object Guid";
    // Keys and signatures.
    RSA_ENCRYPTION = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1] "RSA";
    MD2_WITH_RSA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 2] "md2RSA";
    MD5_WITH_RSA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4] "md5RSA";
    SHA1_WITH_RSA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5] "sha1RSA";
    RSASSA_PSS = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10] "RSASSA-PSS";
    SHA256_WITH_RSA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11] "sha256RSA";
    SHA384_WITH_RSA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12] "sha384RSA";
    SHA512_WITH_RSA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13] "sha512RSA";
    SHA224_WITH_RSA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 14] "sha224RSA";
    OIW_SHA1_WITH_RSA = [0x2b, 0x0e, 3, 2, 29] "sha1RSA";
    DSA = [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1] "DSA";
    SHA1_WITH_DSA = [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3] "sha1DSA";
    SHA224_WITH_DSA = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 1] "sha224DSA";
    SHA256_WITH_DSA = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 2] "sha256DSA";
    QT_CPS = [0x2b, 6, 1, 5, 5, 7, 2, 1] "CPS";
    QT_USER_NOTICE = [0x2b, 6, 1, 5, 5, 7, 2, 2] "User Notice";
    EC_PUBLIC_KEY = [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1] "EC";
    SHA1_WITH_ECDSA = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1] "sha1ECDSA";
    SHA224_WITH_ECDSA = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1] "sha224ECDSA";
    SHA256_WITH_ECDSA = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2] "sha256ECDSA";
    SHA384_WITH_ECDSA = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3] "sha384ECDSA";
    SHA512_WITH_ECDSA = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4] "sha512ECDSA";
    P256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7] "P-256";
    P384 = [0x2b, 0x81, 4, 0, 34] "P-384";
    P521 = [0x2b, 0x81, 4, 0, 35] "P-521";
    P192 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1] "P-192";
    P224 = [0x2b, 0x81, 4, 0, 33] "P-224";
    SECP256K1 = [0x2b, 0x81, 4, 0, 10] "secp256k1";
    BRAINPOOL_P256R1 = [0x2b, 0x24, 3, 3, 2, 8, 1, 1, 7] "brainpoolP256r1";
    BRAINPOOL_P384R1 = [0x2b, 0x24, 3, 3, 2, 8, 1, 1, 11] "brainpoolP384r1";
    BRAINPOOL_P512R1 = [0x2b, 0x24, 3, 3, 2, 8, 1, 1, 13] "brainpoolP512r1";
    ED25519 = [0x2b, 0x65, 112] "Ed25519";
    ED448 = [0x2b, 0x65, 113] "Ed448";
    ML_DSA_44 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 17] "ML-DSA-44";
    ML_DSA_65 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 18] "ML-DSA-65";
    ML_DSA_87 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 19] "ML-DSA-87";
    SHA1 = [0x2b, 0x0e, 3, 2, 26] "SHA-1";
    SHA224 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4] "SHA-224";
    SHA256 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1] "SHA-256";
    SHA384 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2] "SHA-384";
    SHA512 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3] "SHA-512";
    MGF1 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8] "MGF1";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_decimals_and_bytes_are_each_others_inverse() {
        for text in [
            "1.3.6.1.5.5.7.3.2",
            "2.5.29.17",
            "2.999.3",
            "0.9.2342.19200300.100.1.25",
            "1.3.6.1.4.1.311.21.8.16777216.4294967295",
            "2.25.9223372036854775807.9223372036854775808.18446744073709551616",
            "2.25.340282366920938463463374607431768211455",
            "2.47",
        ] {
            assert_eq!(Oid::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(*Oid::parse("1.3.6.1.5.5.7.3.2").unwrap().as_bytes(), *CLIENT_AUTH);
        assert_eq!(dotted(MS_TEMPLATE), "1.3.6.1.4.1.311.21.7");
        assert_eq!(dotted(MS_USER_PRINCIPAL_NAME), "1.3.6.1.4.1.311.20.2.3");
    }

    #[test]
    fn an_arc_without_an_end_is_shown_as_bytes() {
        assert!(dotted(&[0x2a, 0x80]).starts_with("(unreadable"));
        assert!(dotted(&[0xff; 40]).starts_with("(unreadable"));
        let of_more_bits = [&[0x2a, 0x84][..], &[0x80; 17], &[0]].concat();
        assert!(dotted(&of_more_bits).starts_with("(unreadable"));
        assert!(dotted(&[]).starts_with("(unreadable"));
        assert_eq!(dotted(&[1; LONGEST]).len(), 2 * LONGEST + 1);
        assert!(dotted(&[1; LONGEST + 1]).starts_with("(unreadable"));
    }

    #[test]
    fn text_that_is_no_oid_is_none() {
        for text in ["", "1", "3.1", "1.40", "1.2.x", "1..2", "clientAuth"] {
            assert_eq!(Oid::parse(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_read_that_are_shown_as_numbers() {
        let longest = "1.2".to_owned() + &".3".repeat(LONGEST - 1);
        assert_eq!(Oid::parse(&longest).unwrap().to_string(), longest);
        assert_eq!(Oid::parse(&(longest + ".3")), None);
    }
}
