//! Audits of certificates with one defect each: every one gets its finding and its verdict, and those in order get none.
//!
//! Made with rcgen, and with OpenSSL where rcgen refuses (SHA-1); keys of odd lengths are OpenSSL's.

mod authorities;
#[allow(dead_code)]
#[path = "../../src/der_writer.rs"]
mod der_writer;
mod no_path;
mod pki;
#[path = "../common/start.rs"]
mod start;
mod stores;

use std::collections::BTreeMap;

use certpath::Time;
use certpath::cmg::{ProfileName, Settings};
use certpath::ops::AuditOutcome;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension, DistinguishedName,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, RevocationReason,
    RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};

use crate::pki::{Pki, any_rsa_key, at, ca, client, common, distribution, key, openssl, public_key, run};

fn extension(oid: &[u64], content: &[u8]) -> CustomExtension {
    CustomExtension::from_oid_content(oid, content.to_vec())
}

#[test]
fn each_defect_of_a_client_certificate_has_its_finding_and_verdict() {
    let pki = Pki::new();
    let mut expected: BTreeMap<&str, &str> = BTreeMap::new();
    let mut case = |name: &'static str, result: &'static str, change: &dyn Fn(&mut CertificateParams)| {
        pki.add(name, change);
        expected.insert(name, result);
    };
    case("clean", "pass: ", &|_| {});
    case("expired", "fail: validity/expired", &|params| params.not_after = date_time_ymd(2026, 11, 21));
    case("early", "fail: validity/not-yet", &|params| params.not_before = date_time_ymd(2026, 12, 1));
    case("expiring", "warn: validity/expiring", &|params| params.not_after = date_time_ymd(2026, 12, 10));
    case("outliving", "warn: validity/outlives-issuer", &|params| params.not_after = date_time_ymd(2041, 1, 1));
    case("server", "fail: eku/missing-purpose", &|params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    case("no-eku", "warn: eku/absent", &|params| params.extended_key_usages.clear());
    case("no-encipherment", "warn: key-usage/no-key-encipherment", &|params| {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    });
    case("no-key-usage", "warn: key-usage/absent", &|params| params.key_usages.clear());
    case("claims-to-be-a-ca", "warn: basic-constraints/leaf-is-ca", &|params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    case("may-sign", "warn: basic-constraints/leaf-is-ca", &|params| {
        params.key_usages.push(KeyUsagePurpose::KeyCertSign);
    });
    case("no-cdp", "fail: cdp/none", &|params| params.crl_distribution_points.clear());
    case("ldap-cdp", "fail: cdp/unreachable", &|params| {
        params.crl_distribution_points = distribution(&["ldap:///CN=CDP", "http://ca1.contoso.local/a.crl"]);
    });
    case("nameless", "fail: subject/none", &|params| {
        params.distinguished_name = DistinguishedName::new();
        params.subject_alt_names.clear();
    });
    case("two-names", "warn: subject/several-alternative-names", &|params| {
        params.subject_alt_names.push(SanType::DnsName(Ia5String::try_from("other").unwrap()));
    });
    case("wide", "warn: characters/subject", &|params| params.distinguished_name = common("東京-PC"));
    case("template", "pass: template/version-1", &|params| {
        let machine = b"\x1e\x0e\0M\0a\0c\0h\0i\0n\0e";
        params.custom_extensions = vec![extension(&[1, 3, 6, 1, 4, 1, 311, 20, 2], machine)];
    });
    case("sid", "pass: sid-extension/present", &|params| {
        let sid =
            b"\x30\x25\xa0\x23\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x19\x02\x01\xa0\x15\x04\x13S-1-5-21-1-2-3-1105";
        params.custom_extensions = vec![extension(&[1, 3, 6, 1, 4, 1, 311, 25, 2], sid)];
    });
    let (results, outcome) = pki.audit();
    let expected: BTreeMap<String, String> =
        expected.into_iter().map(|(name, result)| (name.to_owned(), result.to_owned())).collect();
    assert_eq!(results, expected);
    for issuer in &outcome.issuers {
        assert!(issuer.findings.is_empty(), "{:?}", issuer.findings);
    }
}

#[test]
fn keys_that_microsoft_does_not_document_are_found_by_length_and_algorithm() {
    let pki = Pki::new();
    let mut expected = BTreeMap::new();
    for (name, algorithm, option, result) in [
        ("rsa1024", "RSA", "rsa_keygen_bits:1024", "fail: key-length/too-short"),
        ("rsa2048", "RSA", "rsa_keygen_bits:2048", "pass: "),
        ("rsa3072", "RSA", "rsa_keygen_bits:3072", "warn: key-length/undocumented"),
        ("p256", "EC", "ec_paramgen_curve:P-256", "fail: key-algorithm/not-rsa"),
    ] {
        let certificate = client(name).signed_by(&public_key(algorithm, option), &pki.issuing).unwrap();
        pki.write(&format!("{name}.cer"), certificate.der());
        expected.insert(name.to_owned(), result.to_owned());
    }
    for (bits, result) in
        [(2047, "fail: key-length/too-short"), (4096, "pass: "), (8192, "warn: key-length/undocumented")]
    {
        let name = format!("rsa{bits}");
        let certificate = client(&name).signed_by(&any_rsa_key(bits), &pki.issuing).unwrap();
        pki.write(&format!("{name}.cer"), certificate.der());
        expected.insert(name, result.to_owned());
    }
    assert_eq!(pki.audit().0, expected);
}

#[test]
fn a_sha1_signature_is_a_warning_md5_and_a_damaged_one_are_errors_and_sha2_is_in_order() {
    // OpenSSL issues from now on, whenever that is: everything else outlasts it.
    let lasting = |name| {
        let mut params = ca(name);
        params.not_after = date_time_ymd(2199, 1, 1);
        params
    };
    let pki = Pki::with(lasting("Contoso Root CA"), lasting("Contoso Issuing CA 1"));
    let mut params = client("damaged");
    params.not_after = date_time_ymd(2199, 1, 1);
    let mut damaged = pki.issue(&params);
    *damaged.last_mut().unwrap() ^= 1;
    pki.write("damaged.cer", &damaged);

    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(file("ca.key"), key(1).serialize_pem()).unwrap();
    std::fs::write(
        file("sha1.cnf"),
        "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=clientAuth\n\
         subjectAltName=DNS:sha1\ncrlDistributionPoints=URI:http://pki.contoso.com/issuing.crl\nauthorityKeyIdentifier=keyid\n",
    )
    .unwrap();
    openssl(&[
        "req",
        "-new",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        &file("key"),
        "-subj",
        "/CN=sha1",
        "-out",
        &file("csr"),
    ]);
    let issuing = pki.path().join("issuing.cer");
    for hash in ["sha1", "md5", "sha384", "sha512"] {
        let (issuing, option) = (issuing.to_str().unwrap(), format!("-{hash}"));
        let (csr, key, extensions) = (file("csr"), file("ca.key"), file("sha1.cnf"));
        let request = ["x509", "-req", "-in", &csr, "-CA", issuing, "-CAkey", &key, &option, "-extfile", &extensions];
        let serial = ["-set_serial", "77", "-days", "365", "-outform", "DER"];
        pki.write(&format!("{hash}.cer"), &openssl(&[&request[..], &serial].concat()));
    }
    let mut request = pki.request();
    request.request.at = Time::now().max(at());
    let (results, _) = run(&request);
    // They have one subject, so beside the hash they are duplicates of each other.
    let results: BTreeMap<&str, String> =
        results.iter().map(|(name, result)| (name.as_str(), result.replace(", subject/duplicate", ""))).collect();
    assert_eq!(results["sha1"], "warn: signature-hash/sha-1");
    assert_eq!(results["md5"], "fail: signature-hash/broken");
    assert_eq!(results["sha384"], "warn: subject/duplicate");
    assert_eq!(results["sha512"], "warn: subject/duplicate");
    assert_eq!(results["damaged"], "fail: signature/bad");
}

#[test]
fn dsa_is_told_as_the_algorithm_of_a_key_and_of_a_signature_and_not_as_a_missing_issuer() {
    let pki = Pki::new();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (parameters, ca_key, request, extensions) = (file("parameters"), file("ca.key"), file("csr"), file("cnf"));
    openssl(&["genpkey", "-genparam", "-algorithm", "DSA", "-out", &parameters]);
    openssl(&["genpkey", "-paramfile", &parameters, "-out", &ca_key]);
    let (root, days) = (file("root.pem"), ["-days", "30000"]);
    let authority = ["-subj", "/CN=DSA CA", "-addext", "keyUsage=critical,keyCertSign,cRLSign"];
    openssl(&[&["req", "-x509", "-key", &ca_key, "-out", &root], &authority[..], &days[..]].concat());
    pki.write("root.pem", &std::fs::read(&root).unwrap());
    for (name, is_dsa) in [("rsa", false), ("dsa", true)] {
        let key = file(name);
        if is_dsa {
            openssl(&["genpkey", "-paramfile", &parameters, "-out", &key]);
        } else {
            openssl(&["genpkey", "-algorithm", "RSA", "-out", &key]);
        }
        let words = format!(
            "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=clientAuth\n\
             subjectAltName=DNS:{name}\ncrlDistributionPoints=URI:http://pki.contoso.com/issuing.crl\n"
        );
        std::fs::write(&extensions, words).unwrap();
        openssl(&["req", "-new", "-key", &key, "-subj", &format!("/CN={name}"), "-out", &request]);
        let issue = ["x509", "-req", "-in", &request, "-CA", &root, "-CAkey", &ca_key, "-extfile", &extensions];
        let rest = ["-sha256", "-set_serial", "77", "-days", "365", "-outform", "DER"];
        pki.write(&format!("{name}.cer"), &openssl(&[&issue[..], &rest].concat()));
    }
    let mut request = pki.request();
    request.request.at = Time::now().max(at());
    let (results, _) = run(&request);
    assert_eq!(results["rsa"], "fail: signature-hash/dsa");
    assert_eq!(results["dsa"], "fail: key-algorithm/not-rsa, signature-hash/dsa");
}

#[test]
fn a_missing_issuer_and_a_faulty_ca_are_told_apart() {
    let pki = Pki::new();
    pki.add("pc1", |_| {});
    std::fs::remove_file(pki.path().join("issuing.cer")).unwrap();
    assert_eq!(pki.audit().0["pc1"], "fail: path-incomplete/missing-issuer");

    let mut expired = ca("Contoso Issuing CA 1");
    expired.not_after = date_time_ymd(2026, 11, 1);
    let pki = Pki::with(ca("Contoso Root CA"), expired);
    pki.add("pc1", |params| params.not_after = date_time_ymd(2027, 6, 1));
    let (results, outcome) = pki.audit();
    assert!(results["pc1"].starts_with("fail: path-invalid/refused"), "{}", results["pc1"]);
    assert!(results["pc1"].contains("inherited validity"), "{}", results["pc1"]);
    assert!(
        outcome.issuers.iter().any(|issuer| issuer.findings.iter().any(|finding| finding.code().id() == "validity"))
    );
}

#[test]
fn findings_at_a_ca_belong_to_it_and_its_clients_inherit_their_codes() {
    let mut issuing = ca("Contoso Issuing CA 1");
    issuing.crl_distribution_points = distribution(&["ldap:///CN=CDP"]);
    let pki = Pki::with(ca("Contoso Root CA"), issuing);
    pki.add("pc1", |_| {});
    let (results, outcome) = pki.audit();
    assert_eq!(results["pc1"], "fail: inherited cdp");
    let of_issuers: Vec<String> = outcome
        .issuers
        .iter()
        .flat_map(|issuer| &issuer.findings)
        .map(|finding| format!("{}/{}", finding.code(), finding.case.name))
        .collect();
    assert_eq!(of_issuers, ["cdp/unreachable"]);
}

#[test]
fn revocation_off_makes_unreachable_crls_information() {
    let pki = Pki::new();
    pki.add("pc1", |params| params.crl_distribution_points.clear());
    let mut request = pki.request();
    request.request.settings.parameters.cmg_revocation = false;
    assert_eq!(run(&request).0["pc1"], "pass: cdp/none");
}

#[test]
fn two_clients_of_one_name_are_found() {
    let pki = Pki::new();
    pki.add("pc1", |params| params.distinguished_name = common("PC7"));
    pki.add("pc2", |params| params.distinguished_name = common("pc7"));
    pki.add("pc3", |_| {});
    let (results, _) = pki.audit();
    assert_eq!(results["pc1"], "warn: subject/duplicate");
    assert_eq!(results["pc2"], "warn: subject/duplicate");
    assert_eq!(results["pc3"], "pass: ");
}

#[test]
fn a_renewed_client_certificate_passes_beside_the_old_one() {
    let pki = Pki::new();
    let renewed = |params: &mut CertificateParams, name: &str| {
        params.distinguished_name = common(name);
        params.not_before = date_time_ymd(2026, 9, 1);
        params.not_after = date_time_ymd(2027, 9, 1);
    };
    let other_key = public_key("RSA", "rsa_keygen_bits:2048");
    pki.add("old", |params| params.distinguished_name = common("PC7"));
    let mut params = client("new");
    renewed(&mut params, "PC7");
    pki.write("new.cer", params.signed_by(&other_key, &pki.issuing).unwrap().der());
    pki.add("old8", |params| params.distinguished_name = common("PC8"));
    pki.add("new8", |params| renewed(params, "PC8"));
    let (results, outcome) = pki.audit();
    for name in ["old", "new", "old8", "new8"] {
        assert_eq!(results[name], "pass: subject/renewed", "{name}");
    }
    assert_eq!(outcome.verdict, certpath::cmg::Verdict::Pass);
}

#[test]
fn two_roots_of_one_name_are_ambiguous_and_their_clients_inherit_it() {
    let pki = Pki::new();
    pki.add("pc1", |_| {});
    let mut other = ca("Contoso Root CA");
    other.crl_distribution_points.clear();
    pki.write("root-2.cer", other.self_signed(key(1)).unwrap().der());
    let (results, outcome) = pki.audit();
    assert_eq!(results["pc1"], "warn: inherited name-ambiguous");
    let ambiguous =
        outcome.issuers.iter().filter(|issuer| issuer.findings.iter().any(|f| f.code().id() == "name-ambiguous"));
    assert_eq!(ambiguous.count(), 2);
}

#[test]
fn an_exception_lowers_a_finding_and_one_that_matched_nothing_is_reported() {
    let pki = Pki::new();
    pki.add("pc1", |params| params.key_usages.clear());
    let mut request = pki.request();
    request.request.settings = Settings::parse(
        "[[exception]]\nfinding = \"key-usage\"\nsubject = \"CN=pc1\"\nreason = \"lab\"\n\
         [[exception]]\nfinding = \"eku\"\nsubject = \"CN=gone\"\nreason = \"was a printer\"\n",
    )
    .unwrap();
    let (results, outcome) = run(&request);
    assert_eq!(results["pc1"], "pass: key-usage/absent");
    let unused: Vec<&str> = outcome.findings.iter().map(|finding| finding.case.name).collect();
    assert_eq!(unused, ["unmatched"]);
    assert!(outcome.findings[0].message.contains("was a printer"));
}

#[test]
fn revoked_and_held_certificates_are_found_and_those_no_crl_tells_of_are_unknown() {
    let serial = |name: &str| SerialNumber::from_slice(name.as_bytes());
    let entry = |name, reason| RevokedCertParams {
        serial_number: serial(name),
        revocation_time: date_time_ymd(2026, 10, 1),
        reason_code: Some(reason),
        invalidity_date: None,
    };
    let list = |revoked_certs, next_update| CertificateRevocationListParams {
        this_update: date_time_ymd(2026, 11, 1),
        next_update,
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs,
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let pki = Pki::new();
    for name in ["clean", "stolen", "held"] {
        pki.add(name, |_| {});
    }
    let revoked =
        vec![entry("stolen", RevocationReason::KeyCompromise), entry("held", RevocationReason::CertificateHold)];
    let of_issuing = list(revoked.clone(), date_time_ymd(2026, 12, 1));
    pki.write("issuing.crl", of_issuing.signed_by(&pki.issuing).unwrap().der());
    let of_root = list(Vec::new(), date_time_ymd(2026, 12, 1));
    pki.write("root.crl", of_root.signed_by(&pki.root).unwrap().der());
    let (results, _) = pki.audit();
    assert_eq!(results["clean"], "pass: ");
    assert_eq!(results["stolen"], "fail: revoked/revoked");
    assert_eq!(results["held"], "fail: revoked/hold");

    let stale = list(revoked, date_time_ymd(2026, 11, 20));
    pki.write("issuing.crl", stale.signed_by(&pki.issuing).unwrap().der());
    assert_eq!(pki.audit().0["clean"], "warn: revocation-unknown/stale");
}

#[test]
fn old_versions_take_two_roots_and_four_intermediates() {
    let pki = Pki::new();
    pki.add("pc1", |_| {});
    for number in 1..=2 {
        let mut root = ca(&format!("Fabrikam Root CA {number}"));
        root.crl_distribution_points.clear();
        pki.write(&format!("root-{number}.cer"), root.self_signed(key(number - 1)).unwrap().der());
        let issuer = Issuer::new(root, key(number - 1));
        let name = format!("fabrikam{number}");
        pki.write(&format!("{name}.cer"), client(&name).signed_by(key(0), &issuer).unwrap().der());
    }
    let mut request = pki.request();
    let limits = |outcome: &AuditOutcome| -> Vec<String> {
        outcome.findings.iter().map(|finding| format!("{}/{}", finding.code(), finding.case.name)).collect()
    };
    assert_eq!(limits(&run(&request).1), [""; 0]);
    request.request.settings.parameters.site_version = Some(1902);
    assert_eq!(limits(&run(&request).1), ["cmg-limit/too-many-roots"]);

    // An exception holds that names any of the CAs that are too many, in every run.
    for (exceptions, expected) in [
        (&["Contoso Root CA"][..], Some("Contoso Root CA")),
        (&["Fabrikam Root CA 2"], Some("Fabrikam Root CA 2")),
        (&["Litware Root CA"], None),
        (&["Litware Root CA", "Fabrikam Root CA 1", "Contoso Root CA"], Some("Fabrikam Root CA 1")),
    ] {
        let exception =
            |name| format!("[[exception]]\nfinding = \"cmg-limit\"\nsubject = \"CN={name}\"\nreason = \"{name}\"\n");
        let text: String = exceptions.iter().map(exception).collect();
        for _ in 0..8 {
            request.request.settings = Settings::parse(&text).unwrap();
            request.request.settings.parameters.site_version = Some(1902);
            let (_, outcome) = run(&request);
            assert_eq!(outcome.findings[0].exception.as_deref(), expected);
            assert_eq!(outcome.verdict == certpath::cmg::Verdict::Fail, expected.is_none());
        }
    }
}

#[test]
fn servers_are_judged_by_the_profile_of_their_role() {
    let pki = Pki::new();
    pki.add("contosocmg.contoso.com", |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]);
    pki.add("contoso-cmg.contoso.com", |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]);
    pki.add("client.contoso.com", |_| {});
    let mut request = pki.request();
    request.profile = ProfileName::CmgServer;
    let (results, _) = run(&request);
    assert_eq!(results["contosocmg.contoso.com"], "pass: ");
    assert_eq!(results["contoso-cmg.contoso.com"], "warn: service-name/prefix");
    assert_eq!(results["client.contoso.com"], "fail: eku/missing-purpose");
    request.profile = ProfileName::ManagementPoint;
    let (results, _) = run(&request);
    assert_eq!(results["contoso-cmg.contoso.com"], "pass: ");
}

#[test]
fn a_cross_certificate_and_a_renewed_ca_are_told_at_the_ca() {
    let pki = Pki::new();
    pki.add("pc1", |_| {});
    // The issuing CA's name and key, certified by another root as well.
    let mut other = ca("Litware Root CA");
    other.crl_distribution_points.clear();
    let other_key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    pki.write("litware.cer", other.self_signed(&other_key).unwrap().der());
    let litware = Issuer::new(other, &other_key);
    pki.write("cross.cer", ca("Contoso Issuing CA 1").signed_by(key(1), &litware).unwrap().der());
    // The issuing CA, renewed with its key.
    let mut renewed = ca("Contoso Issuing CA 1");
    (renewed.not_before, renewed.not_after) = (date_time_ymd(2025, 1, 1), date_time_ymd(2045, 1, 1));
    pki.write("issuing-2.cer", renewed.signed_by(key(1), &pki.root).unwrap().der());
    let (_, outcome) = pki.audit();
    let codes: Vec<&str> =
        outcome.issuers.iter().flat_map(|issuer| &issuer.findings).map(|finding| finding.code().id()).collect();
    assert!(codes.contains(&"cross-certificate"), "{codes:?}");
    assert!(codes.contains(&"ca-superseded"), "{codes:?}");
}
