//! Defects of the place where a certificate lies, told by a registry export of the store: each has its finding and verdict.

use certpath::cmg::{ProfileName, Verdict};

use crate::authorities::crl_of_month;
use crate::pki::{Pki, ca, client, common, key, run};

/// One property of a store entry, or the certificate itself, as the registry keeps it.
fn element(id: u32, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).unwrap();
    [&id.to_le_bytes()[..], &1u32.to_le_bytes(), &length.to_le_bytes(), value].concat()
}

/// CRYPT_KEY_PROV_INFO as it is kept: type 0 is CNG.
fn provider(name: &str, kind: u32) -> Vec<u8> {
    let utf16 = |text: &str| text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let container = utf16("te-1");
    let numbers = [28, 28 + u32::try_from(container.len()).unwrap(), kind, 0x20, 0, 0, u32::from(kind != 0)];
    let mut value: Vec<u8> = numbers.into_iter().flat_map(u32::to_le_bytes).collect();
    value.extend(container);
    value.extend(utf16(name));
    element(2, &value)
}

fn cng() -> Vec<u8> {
    provider("Microsoft Software Key Storage Provider", 0)
}

fn csp() -> Vec<u8> {
    provider("Microsoft RSA SChannel Cryptographic Provider", 12)
}

/// `reg export` of one entry of a computer's store.
fn registry_export(store: &str, der: &[u8], properties: &[Vec<u8>]) -> Vec<u8> {
    use sha1::Digest;
    let thumbprint: String = sha1::Sha1::digest(der).iter().map(|byte| format!("{byte:02X}")).collect();
    let blob = [properties.concat(), element(0x20, der)].concat();
    let bytes: Vec<String> = blob.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\SystemCertificates\\{store}\\\
         Certificates\\{thumbprint}]\r\n\"Blob\"=hex:{}\r\n",
        bytes.join(",")
    )
    .into_bytes()
}

fn file(pki: &Pki, name: &str) -> Vec<u8> {
    std::fs::read(pki.path().join(name)).unwrap()
}

#[test]
fn a_client_in_a_personal_store_is_judged_by_what_its_entry_says() {
    let pki = Pki::new();
    let archived = element(19, &[]);
    for (name, store, properties, expected) in [
        ("cng", "My", vec![cng()], "pass: "),
        ("csp", "My", vec![csp()], "pass: key-provider/csp"),
        ("keyless", "My", vec![], "fail: private-key/absent"),
        ("archived", "My", vec![cng(), archived], "warn: trust-restricted/archived"),
        ("refused", "Disallowed", vec![], "fail: disallowed/listed"),
    ] {
        let der = pki.issue(&client(name));
        pki.write(&format!("{name}.reg"), &registry_export(store, &der, &properties));
        assert_eq!(pki.audit().0[name], expected);
        std::fs::remove_file(pki.path().join(format!("{name}.reg"))).unwrap();
    }
}

#[test]
fn two_places_that_disagree_about_the_provider_are_a_conflict() {
    let pki = Pki::new();
    let der = pki.issue(&client("pc1"));
    pki.write("pc1.reg", &registry_export("My", &der, &[cng()]));
    assert_eq!(pki.audit().0["pc1"], "pass: ");
    pki.write("pc1-other.reg", &registry_export("My", &der, &[csp()]));
    let (results, _) = pki.audit();
    let found: Vec<&String> = results.values().collect();
    assert_eq!(found.len(), 1, "one certificate in two places is one certificate");
    assert!(found[0].starts_with("warn: provider-conflict/families"), "{found:?}");
}

/// What is found at the CAs when one of them lies in a store.
fn of_authority(name: &str, store: &str, properties: &[Vec<u8>]) -> (String, Vec<String>) {
    let pki = Pki::new();
    pki.add("pc1", |_| {});
    let der = file(&pki, name);
    pki.write("store.reg", &registry_export(store, &der, properties));
    let (results, outcome) = pki.audit();
    let found = outcome.issuers.iter().flat_map(|issuer| &issuer.findings);
    (results["pc1"].clone(), found.map(|finding| format!("{}/{}", finding.code(), finding.case.name)).collect())
}

#[test]
fn a_ca_in_the_wrong_store_is_found_and_its_clients_inherit_it() {
    let (client, found) = of_authority("issuing.cer", "Root", &[]);
    assert_eq!(client, "fail: inherited store-placement");
    assert_eq!(found, ["store-placement/not-self-signed-in-root"]);
    let (client, found) = of_authority("root.cer", "CA", &[]);
    assert_eq!(client, "warn: inherited store-placement");
    assert_eq!(found, ["store-placement/root-among-intermediates"]);
    for (name, store) in [("issuing.cer", "CA"), ("root.cer", "Root")] {
        assert_eq!(of_authority(name, store, &[]), ("pass: ".to_owned(), Vec::new()), "{name} in {store}");
    }
}

#[test]
fn a_ca_that_windows_distrusts_fails_its_clients() {
    let (client, found) = of_authority("issuing.cer", "Disallowed", &[]);
    assert_eq!(client, "fail: path-invalid/refused, inherited disallowed");
    assert_eq!(found, ["disallowed/listed"]);
    // Server Authentication alone.
    let usages = element(9, b"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01");
    let (client, mut found) = of_authority("root.cer", "Root", &[usages]);
    assert_eq!(client, "fail: path-invalid/refused, inherited path-invalid, inherited trust-restricted");
    found.sort();
    assert_eq!(found, ["path-invalid/refused", "trust-restricted/usage"]);
}

#[test]
fn what_the_site_made_is_told_apart_from_the_pki() {
    let pki = Pki::new();
    pki.add("pc1", |_| {});
    let mut issuing = ca("SMS Issuing");
    issuing.crl_distribution_points.clear();
    pki.write("sms.cer", issuing.self_signed(key(1)).unwrap().der());
    let issuer = rcgen::Issuer::new(issuing, key(1));
    let mut role = client("role");
    role.distinguished_name = common("SMS Role SSL Certificate");
    pki.write("role.cer", role.signed_by(key(1), &issuer).unwrap().der());
    let (results, outcome) = pki.audit();
    assert_eq!(results["role"], "pass: site-generated/certificate");
    assert_eq!(results["pc1"], "pass: ");
    let at_fault = outcome.issuers.iter().filter(|issuer| !issuer.findings.is_empty());
    let names: Vec<String> = at_fault.map(|issuer| issuer.entry.certificate.subject().to_string()).collect();
    assert_eq!(names, ["CN=SMS Issuing"]);
}

#[test]
fn a_friendly_name_takes_no_finding_from_a_certificate_of_the_pki_in_whatever_order_places_give_it() {
    let friendly =
        |name: &str| element(11, &name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    for names in [["my client", "SMS Signing Certificate"], ["SMS Signing Certificate", "my client"]] {
        let pki = Pki::new();
        let mut expired = client("expired");
        expired.not_after = rcgen::date_time_ymd(2026, 11, 21);
        for (name, der) in [("expired", pki.issue(&expired)), ("pc1", pki.issue(&client("pc1")))] {
            for (place, friendly_name) in names.iter().enumerate() {
                let properties = [friendly(friendly_name), cng()];
                let file = format!("{place}/{name}.reg");
                std::fs::create_dir_all(pki.path().join(place.to_string())).unwrap();
                pki.write(&file, &registry_export("My", &der, &properties));
            }
        }
        let (results, outcome) = pki.audit();
        assert_eq!(results["expired"], "fail: validity/expired");
        assert_eq!(results["pc1"], "pass: ");
        assert_eq!(outcome.certificates, 2);
        let found = certpath::ops::chain(&pki.request().request).unwrap();
        let clients: Vec<_> = found.clients.iter().map(|one| one.entry.certificate.subject().to_string()).collect();
        assert_eq!(clients, ["CN=pc1"]);
        let reasons: Vec<_> = found.passed_over.iter().map(|over| over.reason.clone()).collect();
        assert_eq!(reasons, ["it expired at 2026-11-21T00:00:00Z"]);
    }
}

#[test]
fn a_management_points_certificate_with_a_cng_key_is_in_order_but_for_the_enrollment_points() {
    let pki = Pki::new();
    let mut server = client("mp1.contoso.com");
    server.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    pki.write("mp1.reg", &registry_export("My", &pki.issue(&server), &[cng()]));
    let mut request = pki.request();
    request.profile = ProfileName::ManagementPoint;
    assert_eq!(run(&request).0["mp1"], "pass: key-provider/cng-unsupported");
}

#[test]
fn what_is_not_self_signed_among_the_roots_fails_the_audit_whatever_hangs_on_it() {
    let pki = Pki::new();
    pki.add("pc1", |_| {});
    let other = ca("Contoso Issuing CA 9").signed_by(key(1), &pki.root).unwrap();
    for (store, verdict) in [("CA", Verdict::Pass), ("Root", Verdict::Fail)] {
        pki.write("store.reg", &registry_export(store, other.der(), &[]));
        let (results, outcome) = pki.audit();
        assert_eq!(results["pc1"], "pass: ", "{store}");
        assert_eq!(outcome.verdict, verdict, "{store}");
    }
    // Where it lies in the store of untrusted certificates alone, it is where it belongs.
    pki.write("store.reg", &registry_export("Disallowed", other.der(), &[]));
    assert_eq!(pki.audit().1.verdict, Verdict::Pass);
    pki.write("other.cer", other.der());
    assert_eq!(pki.audit().1.verdict, Verdict::Fail);
}

/// A FILETIME: 100 nanoseconds since 1601.
fn filetime(moment: &str) -> Vec<u8> {
    let seconds = certpath::Time::parse(moment).unwrap().unix() + 11_644_473_600;
    (seconds * 10_000_000).to_le_bytes().to_vec()
}

/// Clients are valid from 2026-06-01 on.
#[test]
fn what_was_issued_after_the_date_of_the_roots_store_entry_is_refused_and_what_was_before_is_not() {
    let server = b"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01";
    let client = b"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02";
    let at = |moment: &str, usages: Option<&[u8]>| {
        let mut properties = vec![element(126, &filetime(moment))];
        properties.extend(usages.map(|usages| element(127, usages)));
        of_authority("root.cer", "Root", &properties)
    };
    let refused = "fail: path-invalid/refused, inherited trust-restricted";
    for (moment, usages, expected) in [
        ("2026-05-31T23:59:59Z", None, refused),
        ("2026-06-01T00:00:00Z", None, "warn: inherited trust-restricted"),
        ("2026-05-31T23:59:59Z", Some(&client[..]), refused),
        ("2026-05-31T23:59:59Z", Some(&server[..]), "pass: "),
    ] {
        assert_eq!(at(moment, usages).0, expected, "{moment} {usages:?}");
    }
}

#[test]
fn a_refusal_for_the_date_of_issue_has_both_values() {
    let pki = Pki::new();
    pki.add("pc1", |_| {});
    let root = file(&pki, "root.cer");
    pki.write("store.reg", &registry_export("Root", &root, &[element(126, &filetime("2026-01-01T00:00:00Z"))]));
    let found = certpath::ops::chain(&pki.request().request).unwrap();
    let path = &found.clients[0].verdict.paths[0];
    let (at_fault, failure) = path.failure.as_ref().unwrap();
    assert_eq!(at_fault.subject().to_string(), "CN=pc1");
    assert_eq!(failure.check.name(), "store-restriction");
    assert!(failure.expected.contains("2026-01-01T00:00:00Z"), "{}", failure.expected);
    assert!(failure.found.contains("2026-06-01T00:00:00Z"), "{}", failure.found);
    // Another root of that name and key, which no entry limits, is a way round: the same CA, renewed.
    let mut renewed = ca("Contoso Root CA");
    renewed.crl_distribution_points.clear();
    renewed.not_before = rcgen::date_time_ymd(2021, 1, 1);
    pki.write("renewed.cer", renewed.self_signed(key(0)).unwrap().der());
    let found = certpath::ops::chain(&pki.request().request).unwrap();
    assert_eq!(found.clients[0].verdict.paths[0].status.name(), "valid");
}

/// Which of two entries of one root is read first says nothing: what either limits holds.
#[test]
fn every_store_entry_of_a_root_limits_it_in_either_order() {
    let client = b"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02";
    let limits = [element(9, client), element(104, &filetime("2026-01-01T00:00:00Z"))];
    for [first, second] in [[0, 1], [1, 0]] {
        let pki = Pki::new();
        pki.add("pc1", |_| {});
        let root = file(&pki, "root.cer");
        for (name, limit) in [("1.reg", first), ("2.reg", second)] {
            pki.write(name, &registry_export("Root", &root, &[limits[limit].clone()]));
        }
        let (results, _) = pki.audit();
        assert!(results["pc1"].starts_with("fail: "), "{}", results["pc1"]);
    }
}

/// A root whose new server certificates are not trusted goes on telling which client certificate is revoked: the CA below it was
/// renewed after the date, and signs the list with its new key.
#[test]
fn a_date_for_servers_takes_no_list_of_revoked_clients_away() {
    let server = b"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01";
    let pki = Pki::new();
    pki.add("stolen", |_| {});
    let new_key = rcgen::KeyPair::generate().unwrap();
    let mut renewed = ca("Contoso Issuing CA 1");
    renewed.not_before = rcgen::date_time_ymd(2026, 2, 1);
    pki.write("renewed.cer", renewed.signed_by(&new_key, &pki.root).unwrap().der());
    let revoked = rcgen::RevokedCertParams {
        serial_number: rcgen::SerialNumber::from_slice(b"stolen"),
        revocation_time: rcgen::date_time_ymd(2026, 10, 1),
        reason_code: Some(rcgen::RevocationReason::KeyCompromise),
        invalidity_date: None,
    };
    // The one who signs the list must not be revoked itself.
    pki.write("root.crl", crl_of_month(11).signed_by(&pki.root).unwrap().der());
    let mut list = crl_of_month(11);
    list.revoked_certs.push(revoked);
    pki.write("issuing.crl", list.signed_by(&rcgen::Issuer::new(renewed, &new_key)).unwrap().der());
    assert!(pki.audit().0["stolen"].starts_with("fail: revoked/revoked"));
    let root = file(&pki, "root.cer");
    for date in [126, 104] {
        let limits =
            [element(date, &filetime("2026-01-01T00:00:00Z")), element(if date == 126 { 127 } else { 122 }, server)];
        pki.write("store.reg", &registry_export("Root", &root, &limits));
        let result = &pki.audit().0["stolen"];
        assert!(result.starts_with("fail: revoked/revoked"), "{date}: {result}");
    }
}

#[test]
fn an_anchor_of_thousands_of_usages_is_told_by_the_first() {
    let pki = Pki::new();
    pki.add("pc1", |_| {});
    let root = file(&pki, "root.cer");
    let mut usages = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02".to_vec();
    (0..1_000_u16).for_each(|one| usages.extend([6, 4, 0x2a, 3, 0x80 | (one >> 7) as u8, one as u8 & 0x7f]));
    let length = u16::try_from(usages.len()).unwrap().to_be_bytes();
    let usages = [&[0x30, 0x82], &length[..], &usages].concat();
    pki.write("store.reg", &registry_export("Root", &root, &[element(9, &usages)]));
    let found = certpath::ops::chain(&pki.request().request).unwrap();
    let path = &found.clients[0].verdict.paths[0];
    assert_eq!(path.status.name(), "valid");
    let limits = path.anchor_constraints.as_deref().unwrap();
    assert_eq!(limits.restrictions.enhanced_key_usage.as_ref().unwrap().len(), 50);
    assert_eq!(limits.more_usages, 951);
}
