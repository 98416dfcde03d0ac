//! Hierarchies that have more ways, names or policies than anyone can go through.
#![cfg(target_os = "linux")]

use rcgen::{CustomExtension, KeyPair};
use tempfile::TempDir;

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
fn a_thousand_constraints_above_a_hundred_thousand_names_are_no_hundred_million_comparisons() {
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
    assert_eq!(report.json()["clients"][0]["paths"][0]["status"], "valid", "{}", report.stderr);
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

fn name_constraints(excluded: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let subtrees: Vec<u8> = excluded.flat_map(|base| sequence(&[&base])).collect();
    extension(&[0x55, 0x1d, 30], &sequence(&[&element(0xa1, &subtrees)]))
}

fn alternative_names(names: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    extension(&[0x55, 0x1d, 17], &sequence(&[&names.flatten().collect::<Vec<u8>>()]))
}

/// Certificates with these names, below a root with these constraints.
fn constrained(constraints: Vec<u8>, clients: impl Iterator<Item = Vec<u8>>) -> TempDir {
    let (root_name, client) = (sequence(&[&element(0x31, &attribute("Root"))]), sequence(&[]));
    let key = ed25519();
    let root = certificate(&root_name, &root_name, &key, &key, &[BASIC_CONSTRAINTS_CA.to_vec(), constraints]);
    let clients = clients.map(|names| pem(&certificate(&client, &root_name, &key, &key, &[names])));
    folder(&[("root.cer", &root), ("clients.pem", clients.collect::<String>().as_bytes())])
}

/// What `chain` says of each of them.
#[track_caller]
fn paths(folder: &TempDir) -> Vec<String> {
    let path = folder.path().to_str().expect("a path");
    let report = bounded(&["chain", "--at", AT, "--format", "json", path], "").json();
    array(&report["clients"]).iter().map(|client| client["paths"][0].to_string()).collect()
}

#[test]
fn a_name_is_looked_up_however_many_constraints_of_its_form_and_of_others_a_ca_has() {
    let hosts = (0..200_000).map(|n| element(0x82, format!("h{n}").as_bytes()));
    let one_name = |name: String| alternative_names(std::iter::once(element(0x82, name.as_bytes())));
    let clients = (0..2000).map(|n| one_name(format!("pc{n}.contoso.com"))).chain([one_name("pc.h199999".to_owned())]);
    let paths = paths(&constrained(name_constraints(hosts.clone()), clients));
    let (last, others) = paths.split_last().expect("clients");
    assert!(others.len() == 2000 && others.iter().all(|path| path.contains("\"status\":\"valid\"")));
    assert!(last.contains("no name within DNS Name=h199999, excluded by"), "{last:.2000}");

    let addresses = (0..200_000).map(|n| element(0x86, format!("a:{n}").as_bytes()));
    let paths = self::paths(&constrained(name_constraints(hosts), std::iter::once(alternative_names(addresses))));
    assert!(paths[0].contains("\"status\":\"valid\""), "{:.2000}", paths[0]);
}

#[test]
fn comparisons_of_long_names_count_by_their_length() {
    // Alike but for the last part.
    let long = |last: &str| {
        let parts: Vec<u8> = (0..2000).flat_map(|n| element(0x31, &attribute(&format!("part {n}")))).collect();
        element(0xa4, &sequence(&[&parts, &element(0x31, &attribute(last))]))
    };
    let bases = (0..200).map(|n| long(&format!("base {n}")));
    let names = alternative_names((0..200).map(|n| long(&format!("name {n}"))));
    let names = paths(&constrained(name_constraints(bases), std::iter::once(names)));
    assert!(names[0].contains("\"status\":\"valid\""), "{:.2000}", names[0]);

    // Within as many domains as it has dots.
    let mailbox = element(0x81, format!("a@{}b", "a.".repeat(500_000)).as_bytes());
    let constraints = name_constraints(std::iter::once(element(0x81, b"host.test")));
    let names = paths(&constrained(constraints, std::iter::once(alternative_names(std::iter::once(mailbox)))));
    assert!(names[0].contains("comparisons"), "{:.2000}", names[0]);
}

/// A client certificate below `count` certificates of one issuing CA by one policy CA, and as many of that by a root: so many ways
/// times so many. The certificates of each number have the extensions of that number.
fn cross_certified(count: usize, extensions: impl Fn(usize) -> Vec<Vec<u8>>, client: Vec<u8>) -> TempDir {
    let name = |name: &str| sequence(&[&element(0x31, &attribute(name))]);
    let (root_name, policy_name, issuing_name) = (name("Root"), name("Policy"), name("Issuing"));
    let (root_key, policy_key, issuing_key) = (ed25519(), ed25519(), ed25519());
    let ca = BASIC_CONSTRAINTS_CA.to_vec();
    let mut certificates = vec![certificate(&root_name, &root_name, &root_key, &root_key, std::slice::from_ref(&ca))];
    for number in 0..count {
        let extensions = [vec![ca.clone()], extensions(number)].concat();
        certificates.push(certificate(&policy_name, &root_name, &policy_key, &root_key, &extensions));
        certificates.push(certificate(&issuing_name, &policy_name, &issuing_key, &policy_key, &extensions));
    }
    certificates.push(certificate(&name("client"), &issuing_name, &root_key, &issuing_key, &[client]));
    let bundle: String = certificates.iter().map(|der| pem(der)).collect();
    folder(&[("mesh.pem", bundle.as_bytes())])
}

#[test]
fn comparisons_are_limited_for_all_paths_of_a_certificate_together() {
    let constraints = |number| {
        let hosts = (0..400).map(|n| element(0x82, format!("x{number}-{n}.test").as_bytes()));
        vec![name_constraints(hosts)]
    };
    // Below twenty CAs.
    for (names, is_exhausted) in [(1000, false), (15_000, true)] {
        let hosts = (0..names).map(|n| element(0x82, format!("host-{n}.test").as_bytes()));
        let folder = cross_certified(10, constraints, alternative_names(hosts));
        let path = folder.path().to_str().expect("a path");
        let report = bounded(&["chain", "--at", AT, "--format", "json", path], "").json();
        assert_eq!(report["clients"][0]["exhausted"].as_bool().unwrap_or_default(), is_exhausted);
    }
}

/// What `chain` says of so many certificates, by the extensions of their root, of the CA between, and their own.
#[track_caller]
fn below_one_ca(
    count: usize,
    of_root: &[Vec<u8>],
    of_ca: &[Vec<u8>],
    of_clients: &[Vec<u8>],
) -> Vec<serde_json::Value> {
    let name = |name: &str| sequence(&[&element(0x31, &attribute(name))]);
    let (root_key, key, root_name, ca_name) = (ed25519(), ed25519(), name("Root"), name("CA"));
    let ca = |extensions: &[Vec<u8>]| [&[BASIC_CONSTRAINTS_CA.to_vec()], extensions].concat();
    let root = certificate(&root_name, &root_name, &root_key, &root_key, &ca(of_root));
    let between = certificate(&ca_name, &root_name, &key, &root_key, &ca(of_ca));
    let client = |n| pem(&certificate(&name(&format!("client {n}")), &ca_name, &key, &key, of_clients));
    let clients = (0..count).map(client).collect::<String>();
    let folder = folder(&[("root.cer", &root), ("ca.cer", &between), ("clients.pem", clients.as_bytes())]);
    let path = folder.path().to_str().expect("a path");
    let output = bounded(&["chain", "--at", AT, "--format", "json", path], "");
    // Of each no more is told than anybody reads.
    assert!(output.stdout.len() < count * 20_000, "{}", output.stdout.len());
    array(&output.json()["clients"]).to_vec()
}

#[test]
fn the_policies_of_a_ca_are_not_copied_for_each_certificate_below() {
    let policy =
        |n: usize| sequence(&[&[6, 5, 0x2a, 3, 0x80 | (n >> 14) as u8, 0x80 | (n >> 7) as u8, n as u8 & 0x7f]]);
    let policies =
        |count| extension(&[0x55, 0x1d, 32], &sequence(&[&(0..count).flat_map(policy).collect::<Vec<u8>>()]));
    let explicit = extension(&[0x55, 0x1d, 36], &sequence(&[&[0x80, 1, 0]]));
    let any = [0x55, 0x1d, 32, 0];
    let any_and_new = sequence(&[&sequence(&[&element(6, &any)]), &sequence(&[&[6, 2, 0x2a, 9]])]);
    for of_clients in [policies(1), extension(&[0x55, 0x1d, 32], &any_and_new)] {
        let clients = below_one_ca(2000, &[], &[policies(90_000), explicit.clone()], &[of_clients]);
        assert!(clients.iter().all(|client| client["paths"][0]["status"] == "valid"), "{}", clients[0]);
    }
}

#[test]
fn long_names_that_an_anchor_permits_are_not_told_of_each_certificate_below() {
    let permitted: Vec<u8> =
        (0..49).flat_map(|n| sequence(&[&element(0x86, format!("{n}{}", "n".repeat(80_000)).as_bytes())])).collect();
    let constraints = extension(&[0x55, 0x1d, 30], &sequence(&[&element(0xa0, &permitted)]));
    let clients = below_one_ca(200, &[constraints], &[], &[]);
    let limits = &clients[0]["paths"][0]["anchorConstraints"];
    let told = array(&limits["permitted"]).len() as u64;
    assert_eq!(limits["moreNames"].as_u64(), Some(49 - told), "{limits:.2000}");
}

#[test]
fn an_authority_key_identifier_of_ten_thousand_names_is_not_read_again_for_each_candidate() {
    let name = |name: &str| sequence(&[&element(0x31, &attribute(name))]);
    let ca_name = name("Many Keys");
    let root = || {
        let key = ed25519();
        pem(&certificate(&ca_name, &ca_name, &key, &key, &[BASIC_CONSTRAINTS_CA.to_vec()]))
    };
    let names = [0xa4, 2, 0x30, 0].repeat(10_000);
    let authority = extension(&[0x55, 0x1d, 35], &sequence(&[&element(0xa1, &names)]));
    let signer = ed25519();
    let client = |n| {
        pem(&certificate(&name(&format!("client {n}")), &ca_name, &signer, &signer, std::slice::from_ref(&authority)))
    };
    let bundle: String = (0..420).map(|_| root()).chain((0..200).map(client)).collect();
    let folder = folder(&[("all.pem", bundle.as_bytes())]);
    let path = folder.path().to_str().expect("a path");
    let report = bounded(&["chain", "--at", AT, "--format", "json", path], "").json();
    assert_eq!(array(&report["clients"]).len(), 200);
}

#[test]
fn the_policies_of_many_paths_do_not_take_the_memory() {
    let policy = |n: usize| vec![6, 4, 0x2a, 0x80 | (n >> 7) as u8, n as u8 & 0x7f, 1];
    let listed: Vec<u8> = (128..628).flat_map(|n| sequence(&[&policy(n)])).collect();
    let listed = extension(&[0x55, 0x1d, 32], &sequence(&[&listed]));
    let policies = |number| {
        let mappings: Vec<u8> = (0..2000)
            .flat_map(|n| sequence(&[&policy(128 + n / 4), &policy(128 + (n / 4 * 7 + n % 4 * 13 + number) % 500)]))
            .collect();
        vec![listed.clone(), extension(&[0x55, 0x1d, 33], &sequence(&[&mappings]))]
    };
    let folder = cross_certified(100, policies, listed.clone());
    let path = folder.path().to_str().expect("a path");
    let report = bounded_to(&["chain", "--at", AT, "--format", "json", path], "", 1024 * 1024).json();
    assert_eq!(report["clients"][0]["paths"][0]["status"], "valid");
    assert_eq!(report["clients"][0]["exhausted"], true);
}

#[test]
fn thousands_of_certificates_of_one_ca_are_not_gone_through_for_each_that_replaces_one() {
    let keys = [ed25519(), ed25519()];
    let name = sequence(&[&element(0x31, &attribute("Contoso Root"))]);
    let side = |from: u32, key: &KeyPair| -> String {
        let one = |n: u32| {
            let own = extension(&[0x55, 0x1d, 14], &element(4, &n.to_be_bytes()));
            pem(&certificate(&name, &name, key, key, &[BASIC_CONSTRAINTS_CA.to_vec(), own]))
        };
        (from..from + 12_000).map(one).collect()
    };
    let (before, same, other) = (side(0, &keys[0]), side(1_000_000, &keys[0]), side(2_000_000, &keys[1]));
    for (after, relation) in [(same, "renewed-same-key"), (other, "renewed-new-key")] {
        let folder = folder(&[("before.pem", before.as_bytes()), ("after.pem", after.as_bytes())]);
        let [before, after] = ["before.pem", "after.pem"].map(|name| folder.path().join(name));
        let sides = [&before, &after].map(|path| path.to_str().expect("a path"));
        let report = bounded(&["diff", "--format", "json", sides[0], sides[1]], "").json();
        let pairs = array(&report["pairs"]);
        assert_eq!(pairs.len(), 12_000);
        assert!(pairs.iter().all(|pair| pair["relation"] == relation), "{}", pairs[0]);
    }
}
