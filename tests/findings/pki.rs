//! A small PKI as AD CS makes it, what a test puts beside it, and what the audit says of each file.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use certpath::Time;
use certpath::ops::{AuditOutcome, AuditRequest, Request, audit};
use certpath::source::Source;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, SanType, SerialNumber, SubjectPublicKeyInfo,
    date_time_ymd,
};

use crate::der_writer::element;

/// RSA keys take long to make: two for all tests.
pub(crate) fn key(which: usize) -> &'static KeyPair {
    static KEYS: [OnceLock<KeyPair>; 2] = [OnceLock::new(), OnceLock::new()];
    KEYS[which].get_or_init(|| KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap())
}

pub(crate) fn openssl(arguments: &[&str]) -> Vec<u8> {
    let start = || Command::new("openssl").args(arguments).stderr(Stdio::null()).output();
    let output = crate::start::patiently(start).expect("openssl is there");
    assert!(output.status.success(), "openssl {arguments:?}");
    output.stdout
}

/// The public key of an RSA key of that length, or of a curve.
pub(crate) fn public_key(algorithm: &str, option: &str) -> SubjectPublicKeyInfo {
    let private = openssl(&["genpkey", "-algorithm", algorithm, "-pkeyopt", option]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    std::fs::write(&file, private).unwrap();
    let public = openssl(&["pkey", "-in", file.to_str().unwrap(), "-pubout"]);
    SubjectPublicKeyInfo::from_pem(&String::from_utf8(public).unwrap()).unwrap()
}

pub(crate) fn at() -> Time {
    Time::parse("2026-11-22T12:00:00Z").unwrap()
}

pub(crate) fn common(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject
}

pub(crate) fn distribution(uris: &[&str]) -> Vec<CrlDistributionPoint> {
    vec![CrlDistributionPoint { uris: uris.iter().map(|uri| (*uri).to_owned()).collect() }]
}

pub(crate) fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = common(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.crl_distribution_points = distribution(&["http://pki.contoso.com/root.crl"]);
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2040, 1, 1));
    params
}

pub(crate) fn client(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = common(name);
    params.subject_alt_names = vec![SanType::DnsName(Ia5String::try_from(name).unwrap())];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.crl_distribution_points = distribution(&["ldap:///CN=CDP,DC=contoso", "http://pki.contoso.com/issuing.crl"]);
    params.use_authority_key_identifier_extension = true;
    params.serial_number = Some(SerialNumber::from_slice(name.as_bytes()));
    (params.not_before, params.not_after) = (date_time_ymd(2026, 6, 1), date_time_ymd(2027, 6, 1));
    params
}

/// A public key of that many bits whose private key nobody has: making a real one takes long.
pub(crate) fn any_rsa_key(bits: usize) -> SubjectPublicKeyInfo {
    let mut modulus = vec![0xff; bits.div_ceil(8)];
    modulus[0] >>= (8 - bits % 8) % 8;
    if modulus[0] & 0x80 != 0 {
        modulus.insert(0, 0);
    }
    let key = element(0x30, &[element(2, &modulus), element(2, &[1, 0, 1])].concat());
    let algorithm = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    let bit_string = element(3, &[&[0][..], &key].concat());
    SubjectPublicKeyInfo::from_der(&element(0x30, &[&algorithm[..], &bit_string].concat())).unwrap()
}

/// A folder with a root, an issuing CA, and what a test puts beside them.
pub(crate) struct Pki {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) root: Issuer<'static, &'static KeyPair>,
    pub(crate) issuing: Issuer<'static, &'static KeyPair>,
}

impl Pki {
    pub(crate) fn new() -> Self {
        Self::with(ca("Contoso Root CA"), ca("Contoso Issuing CA 1"))
    }

    pub(crate) fn with(mut root: CertificateParams, issuing: CertificateParams) -> Self {
        let folder = tempfile::tempdir().unwrap();
        root.crl_distribution_points.clear();
        let root_der = root.self_signed(key(0)).unwrap();
        let root = Issuer::new(root, key(0));
        let issuing_der = issuing.signed_by(key(1), &root).unwrap();
        std::fs::write(folder.path().join("root.cer"), root_der.der()).unwrap();
        std::fs::write(folder.path().join("issuing.cer"), issuing_der.der()).unwrap();
        Self { folder, root, issuing: Issuer::new(issuing, key(1)) }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, file: &str, der: &[u8]) {
        std::fs::write(self.path().join(file), der).unwrap();
    }

    pub(crate) fn issue(&self, params: &CertificateParams) -> Vec<u8> {
        params.signed_by(key(1), &self.issuing).unwrap().der().to_vec()
    }

    pub(crate) fn add(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) {
        let mut params = client(name);
        change(&mut params);
        self.write(&format!("{name}.cer"), &self.issue(&params));
    }

    pub(crate) fn request(&self) -> AuditRequest {
        AuditRequest::new(Request::new(vec![Source::Path(self.path().to_path_buf())], at()))
    }

    pub(crate) fn audit(&self) -> (BTreeMap<String, String>, AuditOutcome) {
        run(&self.request())
    }
}

/// For each file the verdict and the findings as `fail: key-length/too-short`, and what the audit came to.
pub(crate) fn run(request: &AuditRequest) -> (BTreeMap<String, String>, AuditOutcome) {
    let mut results = BTreeMap::new();
    let outcome = audit(
        request,
        |audited| {
            let file =
                Path::new(&*audited.entry.occurrences[0].source).file_stem().unwrap().to_str().unwrap().to_owned();
            let own = audited.findings.iter().map(|finding| format!("{}/{}", finding.code(), finding.case.name));
            let inherited = audited.inherited.iter().map(|code| format!("inherited {code}"));
            let all: Vec<String> = own.chain(inherited).collect();
            (file, format!("{}: {}", audited.verdict.name(), all.join(", ")))
        },
        |(file, result)| {
            results.insert(file, result);
        },
    )
    .unwrap();
    (results, outcome)
}
