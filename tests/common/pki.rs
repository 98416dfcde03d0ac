//! Certificates that a test makes in place: a CA is a line, and what is odd about it a closure.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, SanType, SerialNumber, date_time_ymd,
};

/// What a certificate says, with the usual filled in; a test changes what it is about.
pub(crate) struct Options {
    pub(crate) subject: DistinguishedName,
    /// `Some`: BasicConstraints stands in it, with this `cA`.
    pub(crate) ca: Option<bool>,
    pub(crate) path_length: Option<u8>,
    pub(crate) key_usage: Vec<KeyUsagePurpose>,
    pub(crate) eku: Vec<ExtendedKeyUsagePurpose>,
    pub(crate) sans: Vec<SanType>,
    pub(crate) name_constraints: Option<NameConstraints>,
    /// First day, as year, month, day.
    pub(crate) from: (i32, u8, u8),
    pub(crate) to: (i32, u8, u8),
    pub(crate) ski: bool,
    pub(crate) aki: bool,
    pub(crate) serial: Vec<u8>,
    pub(crate) extensions: Vec<CustomExtension>,
    /// Sign for this key instead of a fresh one.
    pub(crate) key: Option<Arc<KeyPair>>,
    /// Name the issuer otherwise than it names itself.
    pub(crate) issuer_name: Option<DistinguishedName>,
}

static SERIAL: AtomicU64 = AtomicU64::new(1);

impl Options {
    fn new(subject: DistinguishedName) -> Self {
        Self {
            subject,
            ca: None,
            path_length: None,
            key_usage: Vec::new(),
            eku: Vec::new(),
            sans: Vec::new(),
            name_constraints: None,
            from: (2020, 1, 1),
            to: (2056, 1, 1),
            ski: true,
            aki: true,
            serial: (0x4000_0000_0000_0000 + SERIAL.fetch_add(1, Ordering::Relaxed)).to_be_bytes().to_vec(),
            extensions: Vec::new(),
            key: None,
            issuer_name: None,
        }
    }

    fn ca(subject: DistinguishedName) -> Self {
        Self {
            ca: Some(true),
            key_usage: vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign],
            ..Self::new(subject)
        }
    }

    /// A client as the template Workstation Authentication makes it.
    fn client(host: &str) -> Self {
        Self {
            key_usage: vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment],
            eku: vec![ExtendedKeyUsagePurpose::ClientAuth],
            sans: rcgen::string::Ia5String::try_from(host).map(SanType::DnsName).into_iter().collect(),
            from: (2024, 1, 1),
            to: (2054, 1, 1),
            ..Self::new(name(host))
        }
    }

    fn params(&self, key: &KeyPair) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name = self.subject.clone();
        (params.not_before, params.not_after) = (day(self.from), day(self.to));
        params.serial_number = Some(SerialNumber::from_slice(&self.serial));
        params.is_ca = IsCa::NoCa;
        params.key_usages.clone_from(&self.key_usage);
        params.extended_key_usages.clone_from(&self.eku);
        params.subject_alt_names.clone_from(&self.sans);
        params.name_constraints.clone_from(&self.name_constraints);
        params.use_authority_key_identifier_extension = self.aki;
        // By hand: rcgen ties the subject key identifier to BasicConstraints.
        if self.ski {
            let mut octets = vec![0x04, 20];
            octets.extend(params.key_identifier(key));
            params.custom_extensions.push(CustomExtension::from_oid_content(&[2, 5, 29, 14], octets));
        }
        if let Some(ca) = self.ca {
            let mut content = Vec::new();
            if ca {
                content.extend([0x01, 0x01, 0xff]);
            }
            if let Some(length) = self.path_length {
                content.extend([0x02, 0x01, length]);
            }
            let mut sequence = vec![0x30, u8::try_from(content.len()).expect("short")];
            sequence.extend(content);
            let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 19], sequence);
            extension.set_criticality(true);
            params.custom_extensions.push(extension);
        }
        params.custom_extensions.extend(self.extensions.iter().cloned());
        params
    }
}

fn day((year, month, day): (i32, u8, u8)) -> time::OffsetDateTime {
    date_time_ymd(year, month, day)
}

/// `CN=common`.
pub(crate) fn name(common: &str) -> DistinguishedName {
    name_of(&[(DnType::CommonName, DnValue::Utf8String(common.to_owned()))])
}

pub(crate) fn name_of(attributes: &[(DnType, DnValue)]) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    for (kind, value) in attributes {
        name.push(kind.clone(), value.clone());
    }
    name
}

/// An extension that nobody knows.
pub(crate) fn unknown_extension(critical: bool) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 55555, 1], vec![0x05, 0x00]);
    extension.set_criticality(critical);
    extension
}

/// An RSA key; the default of the builder is P-256, which costs nothing to make.
pub(crate) fn rsa() -> Arc<KeyPair> {
    Arc::new(
        KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).expect("an RSA key can be made"),
    )
}

pub(crate) fn fresh_key() -> Arc<KeyPair> {
    Arc::new(KeyPair::generate().expect("a key can be made"))
}

/// A CA that can sign.
#[derive(Clone)]
pub(crate) struct Ca {
    pub(crate) der: Vec<u8>,
    pub(crate) subject: DistinguishedName,
    pub(crate) key: Arc<KeyPair>,
}

impl Ca {
    /// A self-signed CA.
    pub(crate) fn root(common: &str) -> Self {
        Self::root_with(name(common), |_| {})
    }

    pub(crate) fn root_with(subject: DistinguishedName, change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options::ca(subject);
        options.aki = false;
        change(&mut options);
        let key = options.key.clone().unwrap_or_else(fresh_key);
        let certificate = options.params(&key).self_signed(&*key).expect("a certificate can be signed");
        Self { der: certificate.der().to_vec(), subject: options.subject, key }
    }

    /// A CA under this one.
    pub(crate) fn issue_ca(&self, common: &str) -> Self {
        self.issue_ca_with(name(common), |_| {})
    }

    pub(crate) fn issue_ca_with(&self, subject: DistinguishedName, change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options::ca(subject);
        options.to = (2055, 1, 1);
        change(&mut options);
        let key = options.key.clone().unwrap_or_else(fresh_key);
        Self { der: self.sign(&options, &key), subject: options.subject, key }
    }

    /// Another CA's name and key, certified by this one.
    pub(crate) fn cross_certify(&self, other: &Self) -> Self {
        self.cross_certify_with(other, |_| {})
    }

    pub(crate) fn cross_certify_with(&self, other: &Self, change: impl FnOnce(&mut Options)) -> Self {
        self.issue_ca_with(other.subject.clone(), |options| {
            options.key = Some(Arc::clone(&other.key));
            change(options);
        })
    }

    /// A root again, with the same name and key.
    pub(crate) fn renew_root(&self, change: impl FnOnce(&mut Options)) -> Self {
        Self::root_with(self.subject.clone(), |options| {
            options.key = Some(Arc::clone(&self.key));
            change(options);
        })
    }

    /// A client certificate for a host.
    pub(crate) fn client(&self, host: &str) -> Vec<u8> {
        self.client_with(host, |_| {})
    }

    pub(crate) fn client_with(&self, host: &str, change: impl FnOnce(&mut Options)) -> Vec<u8> {
        let mut options = Options::client(host);
        change(&mut options);
        let key = options.key.clone().unwrap_or_else(fresh_key);
        self.sign(&options, &key)
    }

    fn sign(&self, options: &Options, key: &KeyPair) -> Vec<u8> {
        let mut own = CertificateParams::default();
        own.distinguished_name = options.issuer_name.clone().unwrap_or_else(|| self.subject.clone());
        let issuer = Issuer::from_params(&own, &*self.key);
        options.params(key).signed_by(key, &issuer).expect("a certificate can be signed").der().to_vec()
    }
}

/// A folder with these files in it.
pub(crate) fn folder(certificates: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (file, bytes) in certificates {
        super::write(folder.path().join(file), bytes);
    }
    folder
}
