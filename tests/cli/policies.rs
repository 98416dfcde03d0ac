//! Certificate policies: what is said of each, and which of them a path is valid under.

use rcgen::CustomExtension;
use serde_json::Value;

use crate::common::openssl::openssl;
use crate::common::pki::{Ca, folder, name};
use crate::common::{AT, Run, array};
use crate::der_writer::{element, sequence};

const CPS: [u8; 8] = [0x2b, 6, 1, 5, 5, 7, 2, 1];
const USER_NOTICE: [u8; 8] = [0x2b, 6, 1, 5, 5, 7, 2, 2];

/// 1.3.6.1.4.1.55555.`last`.
fn policy(last: u8) -> Vec<u8> {
    element(0x06, &[0x2b, 6, 1, 4, 1, 0x83, 0xb2, 0x03, last])
}

fn dotted(last: u8) -> String {
    format!("1.3.6.1.4.1.55555.{last}")
}

/// A policy with an address and a notice.
fn described(last: u8, cps: &str, notice: &str) -> Vec<u8> {
    let cps = sequence(&[&element(0x06, &CPS), &element(0x16, cps.as_bytes())]);
    let numbers = sequence(&[&element(0x02, &[1]), &element(0x02, &[2])]);
    let reference = sequence(&[&element(0x0c, b"Northwind Legal"), &numbers]);
    let notice = sequence(&[&reference, &element(0x0c, notice.as_bytes())]);
    let notice = sequence(&[&element(0x06, &USER_NOTICE), &notice]);
    sequence(&[&policy(last), &sequence(&[&cps, &notice])])
}

fn policies(listed: &[Vec<u8>]) -> CustomExtension {
    let listed: Vec<&[u8]> = listed.iter().map(Vec::as_slice).collect();
    CustomExtension::from_oid_content(&[2, 5, 29, 32], sequence(&listed))
}

fn mapping(from: u8, to: u8) -> CustomExtension {
    CustomExtension::from_oid_content(&[2, 5, 29, 33], sequence(&[&sequence(&[&policy(from), &policy(to)])]))
}

fn plain(last: u8) -> Vec<u8> {
    sequence(&[&policy(last)])
}

fn verify(folder: &tempfile::TempDir, more: &[&str]) -> Run {
    let run = Run::new(["verify", "--at", AT, "--trust"]).arg(folder.path().join("root.cer"));
    let run = run.arg("--intermediates").arg(folder.path().join("issuing.cer")).arg(folder.path().join("client.cer"));
    more.iter().fold(run, |run, more| run.arg(more))
}

#[test]
fn inspect_shows_what_is_said_of_a_policy_as_openssl_does() {
    let (cps, notice) = ("http://pki.northwind.test/cps", "For tests \u{1b}[31monly");
    let root = Ca::root("Northwind Root");
    let client = root.client_with("pc1.northwind.test", |options| {
        options.extensions.push(policies(&[described(7, cps, notice), plain(8)]));
    });
    let folder = folder(&[("client.cer", &client)]);
    let report = Run::new(["inspect", "--format", "json"]).arg(folder.path()).output().status(0).json();
    let details = array(&report["certificates"][0]["policyDetails"]);
    assert_eq!(details.len(), 2);
    assert_eq!(details[0]["oid"], dotted(7));
    let qualifiers = array(&details[0]["qualifiers"]);
    assert_eq!(qualifiers[0]["cps"], cps);
    assert_eq!(qualifiers[1]["text"], notice);
    assert_eq!(qualifiers[1]["organization"], "Northwind Legal");
    assert_eq!(qualifiers[1]["numbers"], serde_json::json!([1, 2]));
    assert!(array(&details[1]["qualifiers"]).is_empty());
    let printed = openssl(&["x509", "-inform", "DER", "-noout", "-text"], &client).expect("OpenSSL reads it");
    for told in [&format!("CPS: {cps}"), &"Organization: Northwind Legal".to_owned(), &dotted(7), &dotted(8)] {
        assert!(printed.contains(told.as_str()), "{printed}");
    }
    let text = Run::new(["inspect"]).arg(folder.path()).output().status(0).text();
    for told in [cps, "For tests \\u{1b}[31monly (Northwind Legal, notice 1, 2)", &dotted(7), &dotted(8)] {
        assert!(text.contains(told), "{told}: {text}");
    }
}

#[test]
fn qualifiers_that_cannot_be_read_are_told_and_the_policy_is_still_shown() {
    let root = Ca::root("Northwind Root");
    let broken = sequence(&[&policy(7), &sequence(&[&sequence(&[&element(0x06, &USER_NOTICE), &[5, 0]])])]);
    let client = root.client_with("pc1.northwind.test", |options| options.extensions.push(policies(&[broken])));
    let folder = folder(&[("client.cer", &client)]);
    let report = Run::new(["inspect", "--format", "json"]).arg(folder.path()).output().status(0).json();
    let certificate = &report["certificates"][0];
    assert_eq!(certificate["policies"][0], dotted(7));
    assert!(certificate["unreadable"].to_string().contains("policy qualifiers"), "{certificate}");
    let text = Run::new(["inspect"]).arg(folder.path()).output().status(0).text();
    assert!(text.contains(&dotted(7)), "{text}");
}

#[test]
fn verify_gives_the_policies_of_the_path_under_the_names_of_the_authority_that_the_user_knows() {
    let root = Ca::root("Northwind Root");
    let issuing = root.issue_ca_with(name("Northwind Issuing"), |options| {
        options.extensions.push(policies(&[described(1, "http://pki.northwind.test/1", "by the root"), plain(2)]));
        options.extensions.push(mapping(1, 11));
    });
    let client = issuing.client_with("pc1.northwind.test", |options| {
        options
            .extensions
            .push(policies(&[described(11, "http://pki.northwind.test/11", "by the issuing CA"), plain(3)]));
    });
    let folder = folder(&[("root.cer", &root.der), ("issuing.cer", &issuing.der), ("client.cer", &client)]);
    let of = |more: &[&str]| {
        let report = verify(&folder, &[&["--format", "json"], more].concat()).output().json();
        let names = array(&report["policies"]).iter().map(|one| one["oid"].as_str().unwrap_or_default().to_owned());
        (report["valid"] == true, names.collect::<Vec<_>>(), report)
    };
    let (is_valid, names, report) = of(&[]);
    assert!(is_valid);
    assert_eq!(names, [dotted(1)]);
    // RFC 9618 section 5.5: those of the node, of what is above it and of what is below it.
    let said: Vec<&Value> = array(&report["policies"][0]["qualifiers"]).iter().map(|one| &one["cps"]).collect();
    let uris: Vec<&str> = said.iter().filter_map(|cps| cps.as_str()).collect();
    assert_eq!(uris, ["http://pki.northwind.test/1", "http://pki.northwind.test/11"]);
    let (is_valid, names, _) = of(&["--policy", &dotted(2)]);
    assert!(is_valid && names.is_empty(), "nothing demands a policy, and this one is not valid along the path");
    let (is_valid, names, _) = of(&["--policy", &dotted(1), "--require-explicit-policy"]);
    assert!(is_valid && names == [dotted(1)]);
    let (is_valid, names, _) = of(&["--policy", &dotted(11), "--require-explicit-policy"]);
    assert!(!is_valid && names.is_empty(), "the user knows the policy by the root's name");
    let text = verify(&folder, &["-v"]).output().status(0).text();
    let (_, told) = text.split_once("Policies that the path is valid under").expect("a heading");
    assert!(told.contains(&dotted(1)) && told.contains("CPS: http://pki.northwind.test/11"), "{text}");
    assert!(!verify(&folder, &[]).output().text().contains("Policies that"));
}

/// What one CA says of any policy is said of each of the hundreds below it: a report of a few hundred KiB of input stays small.
#[test]
fn what_is_said_of_any_policy_does_not_multiply_with_the_policies_below() {
    let any = element(0x06, &[0x55, 0x1d, 0x20, 0]);
    let notices: Vec<Vec<u8>> = (0..8_u8)
        .map(|number| {
            let uri = format!("http://pki.northwind.test/{number}/{}", "x".repeat(8_000));
            sequence(&[&element(0x06, &CPS), &element(0x16, uri.as_bytes())])
        })
        .collect();
    let notices: Vec<&[u8]> = notices.iter().map(Vec::as_slice).collect();
    let root = Ca::root("Northwind Root");
    let issuing = root.issue_ca_with(name("Northwind Issuing"), |options| {
        options.extensions.push(policies(&[sequence(&[&any, &sequence(&notices)])]));
    });
    let client = issuing.client_with("pc1.northwind.test", |options| {
        let all: Vec<Vec<u8>> =
            (0..=u8::MAX).map(|one| sequence(&[&element(0x06, &[0x2a, one & 0x7f, one >> 7])])).collect();
        options.extensions.push(policies(&all));
    });
    let folder = folder(&[("root.cer", &root.der), ("issuing.cer", &issuing.der), ("client.cer", &client)]);
    let report = verify(&folder, &["--format", "json"]).output().status(0).json();
    let told = array(&report["policies"]);
    assert_eq!(told.len(), 256);
    assert_eq!(array(&told[0]["qualifiers"]).len(), 8);
    // Sixteen MiB, if nothing bounded them.
    let size = report["policies"].to_string().len();
    assert!((1 << 20..(1 << 20) + 65_536).contains(&size), "{size}");
}
