//! Hierarchies that have more ways, names or policies than anyone can go through.

use rcgen::{CustomExtension, KeyPair};

use super::{
    BASIC_CONSTRAINTS_CA, MEMORY, attribute, bounded, bounded_to, certificate, ed25519, every_command, extension,
};
use crate::common::pki::{Ca, folder, name};
use crate::common::{AT, array, files, pem, read};
use crate::der_writer::{element, sequence};

#[test]
fn a_mesh_of_two_thousand_cross_certificates_ends_soon_with_the_short_path() {
    let root = Ca::root("Mesh Root");
    let cas: Vec<Ca> = (0..45).map(|n| Ca::root(&format!("Mesh CA {n}"))).collect();
    let mut certificates: Vec<Vec<u8>> = vec![root.der.clone()];
    for one in &cas {
        for other in cas.iter().filter(|other| other.subject != one.subject) {
            certificates.push(one.cross_certify(other).der);
        }
    }
    let door = root.cross_certify(&cas[3]).der;
    certificates.push(door.clone());
    certificates.extend((0..20).map(|n| cas[n].client(&format!("client-{n}.test"))));
    assert!(certificates.len() > 2000);
    let bundle: String = certificates.iter().map(|der| pem(der)).collect();
    let folder = folder(&[("mesh.pem", bundle.as_bytes())]);
    let source = folder.path().join("mesh.pem");
    let source = source.to_str().expect("a path");

    let out = folder.path().join("out");
    let export = bounded(&["export", "--at", AT, "--out", out.to_str().expect("a path"), source], "");
    assert_eq!(export.status, 0, "{}", export.stderr);
    assert_eq!(files(&out.join("roots")).len(), 1);
    let written: Vec<Vec<u8>> =
        files(&out.join("intermediates")).iter().map(|file| read(out.join("intermediates").join(file))).collect();
    assert!(written.contains(&door));
    // Of each of the other nineteen CAs, the one certificate that CA 3 gave it.
    assert_eq!(written.len(), 20, "{:?}", files(&out.join("intermediates")));

    let chain = bounded(&["chain", "--at", AT, "--format", "json", source], "");
    let report = chain.json();
    assert_eq!(array(&report["clients"]).len(), 20);
    for client in array(&report["clients"]) {
        assert_eq!(client["paths"][0]["status"], "valid");
        assert!(array(&client["paths"][0]["certificates"]).len() <= 4, "the shortest is chosen");
    }
    let audit = bounded(&["audit", "--at", AT, "--format", "json", source], "");
    assert!([0, 1].contains(&audit.status), "{}", audit.stderr);
}

#[test]
fn a_hundred_cas_of_one_name_that_sign_each_other_without_key_identifiers_end_soon() {
    let keys: Vec<KeyPair> = (0..100).map(|_| ed25519()).collect();
    let one_name = sequence(&[&element(0x31, &attribute("One Name"))]);
    let constraints = BASIC_CONSTRAINTS_CA[..].to_vec();
    let mut certificates = Vec::new();
    for (number, key) in keys.iter().enumerate() {
        for step in [1, 2, 3, 5, 8, 13, 21, 34] {
            let signer = &keys[(number + step) % keys.len()];
            certificates.push(certificate(&one_name, &one_name, key, signer, std::slice::from_ref(&constraints)));
        }
    }
    let client = sequence(&[&element(0x31, &attribute("client"))]);
    certificates.push(certificate(&client, &one_name, &keys[0], &keys[7], &[extension(&[0x55, 0x1d, 14], &[4, 1, 1])]));
    let bundle: String = certificates.iter().map(|der| pem(der)).collect();
    let folder = folder(&[("mesh.pem", bundle.as_bytes())]);
    every_command(folder.path().to_str().expect("a path"));
}

#[test]
fn twenty_thousand_certificates_of_one_ca_name_and_key_take_little_memory_and_say_what_was_left_out() {
    let (key, stranger) = (ed25519(), ed25519());
    let ca = sequence(&[&element(0x31, &attribute("One Name, One Key"))]);
    let client = sequence(&[&element(0x31, &attribute("client"))]);
    let root = |n: u32| {
        let number = extension(&[0x2a, 3], &n.to_be_bytes());
        certificate(&ca, &ca, &key, &key, &[BASIC_CONSTRAINTS_CA.to_vec(), number])
    };
    let mut bundle: String = (0..20_000).map(|n| pem(&root(n))).collect();
    let leaf = certificate(&client, &ca, &stranger, &key, &[extension(&[0x55, 0x1d, 14], &[4, 1, 1])]);
    bundle += &pem(&leaf);
    let folder = folder(&[("renewed.pem", bundle.as_bytes())]);
    let path = folder.path().to_str().expect("a path");
    let chain = bounded_to(&["chain", "--at", AT, "--format", "json", path], "", MEMORY / 2);
    let report = chain.json();
    assert_eq!(report["clients"][0]["paths"][0]["status"], "valid", "{}", chain.stderr);
    assert_eq!(report["clients"][0]["exhausted"], true, "not every one was gone through");
    let audit = bounded_to(&["audit", "--at", AT, path], "", MEMORY / 2);
    assert!([0, 1].contains(&audit.status), "{}", audit.stderr);
}

#[test]
fn a_thousand_constraints_above_a_hundred_thousand_names_end_on_a_budget_that_is_named() {
    let names: Vec<u8> = (0..100_000).flat_map(|n| element(0x82, format!("host-{n}.contoso.com").as_bytes())).collect();
    let subtrees: Vec<u8> =
        (0..1000).flat_map(|n| sequence(&[&element(0x82, format!("zone-{n}.test").as_bytes())])).collect();
    let constraints = sequence(&[&element(0xa1, &subtrees)]);
    let root = Ca::root_with(name("Root"), |options| {
        options.extensions = vec![CustomExtension::from_oid_content(&[2, 5, 29, 30], constraints)];
    });
    let leaf = root.client_with("many.test", |options| {
        options.sans = Vec::new();
        options.extensions = vec![CustomExtension::from_oid_content(&[2, 5, 29, 17], sequence(&[&names]))];
    });
    let folder = folder(&[("root.cer", &root.der), ("leaf.cer", &leaf)]);
    let path = folder.path().to_str().expect("a path").to_owned();
    let report = bounded(&["chain", "--at", AT, "--format", "json", &path], "");
    assert_eq!(report.status, 1, "{}", report.stderr);
    assert!(report.json().to_string().contains("comparisons"));
    every_command(&path);
}

#[test]
fn policies_that_are_mapped_to_each_other_end_soon() {
    let policy = |n: u8| element(6, &[0x2a, 3, n]);
    let policies: Vec<u8> = (1..=60).flat_map(|n| sequence(&[&policy(n)])).collect();
    let mappings: Vec<u8> =
        (1..=60).flat_map(|one| (1..=60).flat_map(move |two| sequence(&[&policy(one), &policy(two)]))).collect();
    let demands = sequence(&[&[0x80, 1, 0]]);
    let all = |oid: &[u64], content: &[u8]| CustomExtension::from_oid_content(oid, sequence(&[content]));
    let root = Ca::root("Policy Root");
    let mut ca = root.clone();
    let mut bundle = pem(&root.der);
    for depth in 0..20 {
        ca = ca.issue_ca_with(name(&format!("Policy CA {depth}")), |options| {
            options.extensions = vec![all(&[2, 5, 29, 32], &policies), all(&[2, 5, 29, 33], &mappings)];
            if depth == 0 {
                options.extensions.push(CustomExtension::from_oid_content(&[2, 5, 29, 36], demands.clone()));
            }
        });
        bundle += &pem(&ca.der);
    }
    bundle +=
        &pem(&ca.client_with("policy.test", |options| options.extensions = vec![all(&[2, 5, 29, 32], &policies)]));
    let folder = folder(&[("chain.pem", bundle.as_bytes())]);
    every_command(folder.path().to_str().expect("a path"));
}
