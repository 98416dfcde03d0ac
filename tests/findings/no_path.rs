//! Who has no valid path fails: what `chain` refuses and `export` leaves out is an error of `audit`, whatever refused it.

use certpath::cmg::Settings;
use certpath::ops::{AuditRequest, chain};
use rcgen::{
    CertificateRevocationListParams, ExtendedKeyUsagePurpose, Issuer, KeyIdMethod, KeyUsagePurpose, SerialNumber,
    date_time_ymd,
};

use crate::pki::{Pki, any_rsa_key, ca, client, key, run};

/// What the audit says of pc1, which has no valid path.
fn refused(request: &AuditRequest) -> String {
    assert!(!chain(&request.request).unwrap().is_complete());
    run(request).0["pc1"].clone()
}

#[test]
fn a_status_that_is_not_known_and_must_be_is_an_error() {
    let pki = Pki::new();
    pki.add("pc1", |_| {});
    let mut request = pki.request();
    request.request.require_revocation = true;
    assert!(refused(&request).starts_with("fail: path-invalid/refused"), "no CRL tells of the CA either");
    let of_root = CertificateRevocationListParams {
        this_update: date_time_ymd(2026, 11, 1),
        next_update: date_time_ymd(2026, 12, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    pki.write("root.crl", of_root.signed_by(&pki.root).unwrap().der());
    assert_eq!(refused(&request), "fail: revocation-unknown/required");
    request.request.settings.parameters.cmg_revocation = false;
    assert_eq!(refused(&request), "fail: revocation-unknown/required", "it was asked for, whatever the CMG asks");
    request.request.require_revocation = false;
    assert_eq!(run(&request).0["pc1"], "pass: revocation-unknown/unknown");
}

#[test]
fn a_signature_that_nothing_here_can_check_is_an_error_unless_the_settings_weigh_it_otherwise() {
    let pki = Pki::new();
    let mut der = pki.issue(&client("pc1"));
    // sha256WithRSAEncryption, in both places, becomes an algorithm that nobody knows.
    let known = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
    let places: Vec<usize> = (0..der.len()).filter(|at| der[*at..].starts_with(&known)).collect();
    assert_eq!(places.len(), 2);
    places.iter().for_each(|at| der[at + 8] = 99);
    pki.write("pc1.cer", &der);
    let mut request = pki.request();
    assert_eq!(refused(&request), "fail: signature/unsupported");
    request.request.settings = Settings::parse("[severity]\nsignature = \"warning\"\n").unwrap();
    assert_eq!(refused(&request), "warn: signature/unsupported");
}

#[test]
fn a_ca_with_a_key_below_1024_bits_and_the_clients_below_it_have_errors() {
    let pki = Pki::new();
    let short = ca("Contoso Issuing CA 2");
    pki.write("short.cer", short.signed_by(&any_rsa_key(992), &pki.root).unwrap().der());
    let mut params = client("pc1");
    params.use_authority_key_identifier_extension = false;
    pki.write("pc1.cer", params.signed_by(key(0), &Issuer::new(short, key(1))).unwrap().der());
    assert_eq!(refused(&pki.request()), "fail: signature/unsupported");

    // Where only CAs are audited, everything weighs.
    std::fs::remove_file(pki.path().join("pc1.cer")).unwrap();
    let (_, outcome) = run(&pki.request());
    let of_cas = outcome.issuers.iter().flat_map(|issuer| &issuer.findings);
    let found: Vec<_> = of_cas.map(|one| (one.code().id(), one.case.name, one.severity.name())).collect();
    assert_eq!(found, [("key-length", "ca-refused", "error")]);
}

#[test]
fn a_warning_about_a_usage_hides_nothing_where_the_path_is_refused_for_it() {
    let pki = Pki::new();
    pki.add("pc1", |params| params.key_usages = vec![KeyUsagePurpose::KeyEncipherment]);
    assert_eq!(refused(&pki.request()), "fail: path-invalid/refused, key-usage/no-digital-signature");
    // The policy of any application is no extended key usage of any use: for chain it is no client's at all.
    let any_policy = vec![1, 3, 6, 1, 4, 1, 311, 10, 12, 1];
    pki.add("pc1", |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(any_policy)]);
    assert_eq!(pki.audit().0["pc1"], "fail: path-invalid/refused, eku/any-only");
}
