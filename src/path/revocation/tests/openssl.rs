//! OpenSSL as the maker of lists, and as an independent judge of them.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use super::pki::{Ca, at, with_own_key};
use crate::certificate::crl::build::{self, Entry, List, full_name, uri};
use crate::certificate::{Certificate, Crl};
use crate::der_writer::{element, sequence};
use crate::path::revocation::{CrlStore, RevocationStatus, status};
use crate::source::testing::patiently;

fn openssl(folder: &Path, arguments: &[&str]) -> bool {
    let output = patiently(|| Command::new("openssl").args(arguments).current_dir(folder).output());
    output.expect("these tests need the openssl command").status.success()
}

fn write_pem(folder: &Path, name: &str, label: &str, ders: &[&[u8]]) {
    let text: String = ders.iter().map(|der| pem::encode(&pem::Pem::new(label, *der))).collect();
    std::fs::write(folder.join(name), text).unwrap();
}

fn read_pem(folder: &Path, name: &str) -> Vec<u8> {
    pem::parse(std::fs::read(folder.join(name)).unwrap()).unwrap().into_contents()
}

const CONFIG: &str = "
[ca]
default_ca = d
[d]
database = index.txt
serial = serial
crlnumber = crlnumber
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 3650
default_crl_days = 30
policy = p
crl_extensions = c
[p]
commonName = supplied
[c]
authorityKeyIdentifier = keyid
[req]
distinguished_name = dn
[dn]
[v3_ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
";

#[test]
fn what_openssl_revoked_is_revoked_for_its_reason() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    for (name, content) in [("c.cnf", CONFIG), ("index.txt", ""), ("serial", "7FFF\n"), ("crlnumber", "0A\n")] {
        std::fs::write(folder.join(name), content).unwrap();
    }
    let run = |arguments: &str| {
        let arguments: Vec<_> = arguments.split(' ').collect();
        assert!(openssl(folder, &arguments), "{arguments:?}");
    };
    let key = "-newkey rsa:2048 -nodes";
    run(&format!("req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=CA -days 3650 -config c.cnf -extensions v3_ca"));
    let reasons = [
        Some("keyCompromise"),
        Some("CACompromise"),
        Some("affiliationChanged"),
        Some("superseded"),
        Some("cessationOfOperation"),
        Some("certificateHold"),
        Some("unspecified"),
        None,
    ];
    run(&format!("req {key} -keyout user.key -out user.csr -subj /CN=user -config c.cnf"));
    for (number, reason) in reasons.iter().enumerate() {
        let subject = format!("/CN=user{number}");
        run(&format!("ca -batch -config c.cnf -in user.csr -out {number}.pem -subj {subject} -notext"));
        if let Some(reason) = reason {
            run(&format!("ca -config c.cnf -revoke {number}.pem -crl_reason {reason}"));
        }
    }
    run("ca -config c.cnf -gencrl -out crl.pem");
    let issuer = Certificate::from_vec(read_pem(folder, "ca.pem")).unwrap();
    let crl = Crl::from_vec(read_pem(folder, "crl.pem")).unwrap();
    assert_eq!(crl.number().unwrap().to_string(), "10");
    assert_eq!(crl.len(), 7);
    let now = crl.this_update().unwrap();
    let crl = Arc::new(crl);
    let store = CrlStore::new(vec![crl.clone()], now);
    let store_of_later = CrlStore::new(vec![crl], now.plus_days(31));
    for (number, expected) in reasons.iter().enumerate() {
        let user = Certificate::from_vec(read_pem(folder, &format!("{number}.pem"))).unwrap();
        let found = status(&user, with_own_key(&issuer), &store, &());
        match (&found, expected) {
            (RevocationStatus::Good, None) => {}
            (RevocationStatus::Revoked { reason, at, .. }, Some(expected)) => {
                // OpenSSL leaves out unspecified, as RFC 5280 section 5.3.1 asks.
                let name = reason.map_or("unspecified", |reason| reason.name());
                assert!(name.eq_ignore_ascii_case(expected), "{name} is not {expected}");
                assert!(at.is_some());
            }
            other => panic!("{number}: {other:?}"),
        }
        let later = status(&user, with_own_key(&issuer), &store_of_later, &());
        assert!(!later.is_good(), "the list has expired: {later}");
    }
}

/// Whether OpenSSL takes the certificate with these lists.
fn openssl_accepts(folder: &Path, root: &Ca, user: &Ca, crls: &[Arc<Crl>]) -> bool {
    write_pem(folder, "root.pem", "CERTIFICATE", &[root.certificate.der()]);
    write_pem(folder, "user.pem", "CERTIFICATE", &[user.certificate.der()]);
    let ders: Vec<_> = crls.iter().map(|crl| crl.der()).collect();
    write_pem(folder, "crls.pem", "X509 CRL", &ders);
    let moment = at().unix().to_string();
    let arguments = "verify -crl_check -extended_crl -use_deltas -CAfile root.pem -CRLfile crls.pem -attime";
    let mut arguments: Vec<_> = arguments.split(' ').collect();
    arguments.extend([&moment, "user.pem"]);
    openssl(folder, &arguments)
}

#[test]
fn openssl_takes_and_refuses_the_same_lists() {
    const URL: &str = "http://pki.contoso.com/ca.crl";
    let root = Ca::root("Contoso CA");
    let serial: &[u8] = &[0x11, 0x22];
    let plain = root.user("PC1", serial);
    let with_point = root.user_at(serial, &sequence(&[&full_name(&uri(URL))]));
    let with_reasons = root.user_at(serial, &sequence(&[&full_name(&uri(URL)), &build::reasons(1, &[1, 2])]));
    let listed = Entry::new(serial).reason(1);
    let limited = |point: Vec<u8>| List { point: Some(point), ..root.list() };
    let delta = |entry: Option<Entry>| List {
        base: Some(10),
        number: Some(11),
        entries: entry.into_iter().collect(),
        ..root.list()
    };
    let expired = List { next_update: Some("260201000000Z".to_owned()), ..root.list() };
    let future = List { this_update: "260801000000Z".to_owned(), ..root.list() };
    let at_url = limited(full_name(&uri(URL)));
    let freshest = |mut list: List| {
        // OpenSSL looks for delta CRLs where the list points to some.
        let content = sequence(&[&sequence(&[&full_name(&uri(URL))])]);
        list.extensions.push(build::extension(crate::certificate::oid::FRESHEST_CRL, false, &content));
        list
    };
    let some_reasons = |bits: &[usize]| limited([full_name(&uri(URL)), build::reasons(3, bits)].concat());
    let scenarios: Vec<(&str, &Ca, Vec<List>)> = vec![
        ("nothing", &plain, vec![]),
        ("an empty list", &plain, vec![root.list()]),
        ("listed", &plain, vec![root.list().entry(listed.clone())]),
        ("expired", &plain, vec![expired.clone()]),
        ("future", &plain, vec![future]),
        ("expired and current", &plain, vec![expired, root.list()]),
        ("no point in the certificate", &plain, vec![at_url.clone()]),
        ("the same point", &with_point, vec![at_url.clone()]),
        ("the same point, listed", &with_point, vec![at_url.clone().entry(listed.clone())]),
        ("another point", &with_point, vec![limited(full_name(&uri("http://pki.contoso.com/other.crl")))]),
        ("for users", &plain, vec![limited(element(0x81, &[255]))]),
        ("for CAs", &plain, vec![limited(element(0x82, &[255]))]),
        ("for attribute certificates", &plain, vec![limited(element(0x85, &[255]))]),
        ("some reasons", &with_point, vec![some_reasons(&[1, 2])]),
        ("all reasons in two", &with_point, vec![some_reasons(&[1, 2, 3]), some_reasons(&[4, 5, 6, 7, 8])]),
        ("a point for some reasons", &with_reasons, vec![at_url]),
        ("delta, silent", &plain, vec![freshest(root.list()), delta(None)]),
        ("delta, listed", &plain, vec![freshest(root.list()), delta(Some(listed.clone()))]),
        (
            "delta, removed",
            &plain,
            vec![freshest(root.list().entry(Entry::new(serial).reason(6))), delta(Some(Entry::new(serial).reason(8)))],
        ),
        ("delta alone", &plain, vec![delta(None)]),
        ("unknown critical extension", &plain, {
            let mut list = root.list();
            list.extensions.push(build::extension(&[0x2a, 3, 4], true, &[5, 0]));
            vec![list]
        }),
    ];
    let temporary = tempfile::tempdir().unwrap();
    let mut differences = Vec::new();
    for (name, user, lists) in scenarios {
        let crls: Vec<_> = lists.iter().map(|list| root.sign(list)).collect();
        let ours = root.judge(user, &crls.iter().collect::<Vec<_>>());
        if ours.is_good() != openssl_accepts(temporary.path(), &root, user, &crls) {
            differences.push(format!("{name}: {ours}"));
        }
    }
    assert_eq!(differences, Vec::<String>::new());
}

/// A sequence that is the same in every run.
struct Choices(u64);

impl Choices {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn one_of<'a, T>(&mut self, choice: &'a [T]) -> &'a T {
        &choice[self.below(choice.len())]
    }
}

/// Left out is where OpenSSL 3 departs from RFC 5280: points that are limited to some reasons beside lists for all points, delta CRLs
/// for some reasons (it takes them for complete ones), and two lists of one date.
#[test]
fn what_is_good_is_good_for_openssl_too() {
    const A: &str = "http://pki.contoso.com/a.crl";
    const B: &str = "http://pki.contoso.com/b.crl";
    let root = Ca::root("Contoso CA");
    let serial: &[u8] = &[0x11, 0x22];
    let point = |url: &str| sequence(&[&full_name(&uri(url))]);
    let users = [
        root.user("PC1", serial),
        root.user_at(serial, &point(A)),
        root.user_at(serial, &sequence(&[&full_name(&[uri(A), uri(B)].concat())])),
        root.user_at(serial, &[point(A), point(B)].concat()),
        root.ca("Issuing CA", serial),
    ];
    let points = [
        None,
        None,
        Some(full_name(&uri(A))),
        Some(full_name(&uri(B))),
        Some(element(0x81, &[255])),
        Some(element(0x82, &[255])),
        Some(element(0x84, &[255])),
        Some(build::reasons(3, &[1, 2, 3, 4])),
        Some(build::reasons(3, &[5, 6, 7, 8])),
        Some([full_name(&uri(A)), build::reasons(3, &[1, 2, 3, 4])].concat()),
        Some([full_name(&uri(A)), build::reasons(3, &[5, 6, 7, 8])].concat()),
    ];
    let freshest = build::extension(crate::certificate::oid::FRESHEST_CRL, false, &sequence(&[&point(A)]));
    let temporary = tempfile::tempdir().unwrap();
    let (mut good, mut differences) = (0, Vec::new());
    let mut choices = Choices(1);
    for round in 0..150 {
        let user = choices.one_of(&users);
        let mut lists = Vec::new();
        for number in 0..1 + choices.below(3) {
            let mut list =
                List { point: choices.one_of(&points).clone(), number: Some(10 + number as u64), ..root.list() };
            list.this_update = format!("26{}0{}000000Z", choices.one_of(&["01", "03", "08"]), number + 1);
            list.next_update = Some((*choices.one_of(&["260401000000Z", "270101000000Z", "270101000000Z"])).to_owned());
            let reason = *choices.one_of(&[None, None, None, None, Some(1), Some(6)]);
            list.entries.extend(reason.map(|reason| Entry::new(serial).reason(reason)));
            list.extensions.push(freshest.clone());
            let has_reasons = list.point.as_ref().is_some_and(|point| point.windows(2).any(|two| two == [0x83, 3]));
            if !has_reasons && choices.below(4) == 0 {
                list.base = Some(9 + choices.below(3) as u64);
            }
            lists.push(root.sign(&list));
        }
        let ours = root.judge(user, &lists.iter().collect::<Vec<_>>());
        if ours.is_good() {
            good += 1;
            if !openssl_accepts(temporary.path(), &root, user, &lists) {
                differences.push(format!("round {round}: {lists:?}"));
            }
        }
    }
    assert!(good > 20, "{good} good");
    assert_eq!(differences, Vec::<String>::new());
}
