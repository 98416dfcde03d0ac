//! Small inputs that ask for much: each ends within its time and memory, and what is beyond a limit is said.
#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{CustomExtension, KeyPair, PublicKeyData as _, SigningKey as _};
use serde_json::Value;

use crate::common::pki::{Ca, folder, name};
use crate::common::{AT, array, files, json_of, not_run, pem, read, repository, testdata, write};
use crate::der_writer::{element, sequence};

/// How long anything may take, also unoptimised, on a machine that does other things too.
const TIME: Duration = Duration::from_secs(100);
/// Address space, in KiB: of it the program itself and its threads take some hundred MiB.
const MEMORY: u32 = 2 * 1024 * 1024;

struct Bounded {
    status: i32,
    stdout: Vec<u8>,
    stderr: String,
}

impl Bounded {
    #[track_caller]
    fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.stdout);
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error}: {} {:.2000}", self.stderr, text))
    }

    /// The messages of all problems.
    #[track_caller]
    fn problems(&self) -> Vec<String> {
        let report = self.json();
        array(&report["problems"]).iter().map(|problem| problem["message"].to_string()).collect()
    }
}

/// Runs `certpath ARGUMENTS` within [`TIME`] and [`MEMORY`], its input from `stdin`, a shell command.
#[track_caller]
fn bounded(arguments: &[&str], stdin: &str) -> Bounded {
    bounded_to(arguments, stdin, MEMORY)
}

#[track_caller]
fn bounded_to(arguments: &[&str], stdin: &str, memory: u32) -> Bounded {
    let start = Instant::now();
    let script = format!("ulimit -v {memory}; {stdin} timeout --signal=KILL {} \"$0\" \"$@\"", TIME.as_secs());
    let output = Command::new("bash")
        .args(["-c", &script, env!("CARGO_BIN_EXE_certpath")])
        .args(arguments)
        .args(["--jobs", "2", "--no-progress"])
        .env("MALLOC_ARENA_MAX", "4")
        .stdin(Stdio::null())
        .output()
        .expect("bash runs");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let taken = start.elapsed();
    let Some(status) = output.status.code() else { panic!("{arguments:?} was killed after {taken:?}: {stderr}") };
    assert!((0..=5).contains(&status), "{arguments:?}: status {status} after {taken:?}: {stderr}");
    assert!(!stderr.contains("panicked at"), "{arguments:?}: {stderr}");
    Bounded { status, stdout: output.stdout, stderr }
}

/// Each command that looks at one folder of certificates, in the formats that differ in how they are made.
fn every_command(path: &str) {
    for arguments in [
        &["inspect", "--format", "json"][..],
        &["inspect", "--format", "csv"],
        &["inspect"],
        &["chain", "--format", "json"],
        &["chain"],
        &["audit", "--format", "json"],
        &["audit", "--format", "html"],
        &["audit"],
    ] {
        let output = bounded(&[arguments, &["--at", AT, path]].concat(), "");
        assert!([0, 1, 3].contains(&output.status), "{arguments:?}: {} {}", output.status, output.stderr);
    }
}

fn attribute(value: &str) -> Vec<u8> {
    sequence(&[&[6, 3, 0x55, 4, 11], &element(12, value.as_bytes())])
}

/// A certificate with names and extensions as they are given.
fn certificate(subject: &[u8], issuer: &[u8], key: &KeyPair, signer: &KeyPair, extensions: &[Vec<u8>]) -> Vec<u8> {
    let algorithm = sequence(&[&[6, 3, 0x2b, 0x65, 0x70]]);
    let extensions = element(0xa3, &sequence(&[&extensions.concat()]));
    let validity = sequence(&[&element(0x17, b"200101000000Z"), &element(0x17, b"400101000000Z")]);
    let serial = [2, 1, 7];
    let version = [0xa0, 3, 2, 1, 2];
    let spki = key.subject_public_key_info();
    let signed = sequence(&[&version, &serial, &algorithm, issuer, &validity, subject, &spki, &extensions]);
    let signature = signer.sign(&signed).expect("it can be signed");
    sequence(&[&signed, &algorithm, &element(3, &[&[0], &signature[..]].concat())])
}

fn extension(oid: &[u8], content: &[u8]) -> Vec<u8> {
    sequence(&[&element(6, oid), &element(4, content)])
}

fn ed25519() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key can be made")
}

const BASIC_CONSTRAINTS_CA: &[u8] = &[0x30, 0x0f, 6, 3, 0x55, 0x1d, 0x13, 1, 1, 0xff, 4, 5, 0x30, 3, 1, 1, 0xff];

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
fn a_certificate_with_a_hundred_thousand_names_is_read_in_full() {
    let names: Vec<u8> = (0..100_000).flat_map(|n| element(0x82, format!("host-{n}.contoso.com").as_bytes())).collect();
    let root = Ca::root("Root");
    let names = CustomExtension::from_oid_content(&[2, 5, 29, 17], sequence(&[&names]));
    let leaf = root.client_with("many.test", |options| {
        options.sans = Vec::new();
        options.extensions = vec![names];
    });
    let folder = folder(&[("root.cer", &root.der), ("leaf.cer", &leaf)]);
    let path = folder.path().to_str().expect("a path").to_owned();
    let report = bounded(&["inspect", "--at", AT, "--format", "json", &path], "").json();
    let most = array(&report["certificates"]).iter().map(|one| array(&one["subjectAlternativeNames"]).len()).max();
    assert_eq!(most, Some(100_000));
    every_command(&path);
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

fn name_constraints(excluded: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let subtrees: Vec<u8> = excluded.flat_map(|base| sequence(&[&base])).collect();
    extension(&[0x55, 0x1d, 30], &sequence(&[&element(0xa1, &subtrees)]))
}

fn alternative_names(names: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    extension(&[0x55, 0x1d, 17], &sequence(&[&names.flatten().collect::<Vec<u8>>()]))
}

/// What `chain` says of a certificate with these names, below a root with these constraints.
#[track_caller]
fn constrained(constraints: Vec<u8>, names: Vec<u8>) -> String {
    let (root_name, client) = (sequence(&[&element(0x31, &attribute("Root"))]), sequence(&[]));
    let key = ed25519();
    let root = certificate(&root_name, &root_name, &key, &key, &[BASIC_CONSTRAINTS_CA.to_vec(), constraints]);
    let leaf = certificate(&client, &root_name, &key, &key, &[names]);
    let folder = folder(&[("root.cer", &root), ("leaf.cer", &leaf)]);
    let path = folder.path().to_str().expect("a path");
    bounded(&["chain", "--at", AT, "--format", "json", path], "").json()["clients"][0]["paths"][0].to_string()
}

#[test]
fn constraints_of_one_form_are_not_looked_through_for_each_name_of_another() {
    let hosts = (0..200_000).map(|n| element(0x82, format!("h{n}").as_bytes()));
    let addresses = (0..200_000).map(|n| element(0x86, format!("a:{n}").as_bytes()));
    let path = constrained(name_constraints(hosts), alternative_names(addresses));
    assert!(path.contains("\"status\":\"valid\""), "{path:.2000}");
}

#[test]
fn comparisons_of_long_names_count_by_their_length() {
    // Alike but for the last part.
    let long = |last: &str| {
        let parts: Vec<u8> = (0..2000).flat_map(|n| element(0x31, &attribute(&format!("part {n}")))).collect();
        element(0xa4, &sequence(&[&parts, &element(0x31, &attribute(last))]))
    };
    let bases = (0..200).map(|n| long(&format!("base {n}")));
    let path = constrained(name_constraints(bases), alternative_names((0..200).map(|n| long(&format!("name {n}")))));
    assert!(path.contains("comparisons"), "{path:.2000}");

    let hosts = (0..50_000).map(|n| element(0x86, format!("host-{n}.test").as_bytes()));
    let address = element(0x86, format!("http://client.test/{}", "a".repeat(1_000_000)).as_bytes());
    let path = constrained(name_constraints(hosts), alternative_names(std::iter::once(address)));
    assert!(path.contains("comparisons"), "{path:.2000}");
}

#[test]
fn comparisons_are_limited_for_all_paths_of_a_certificate_together() {
    let name = |name: &str| sequence(&[&element(0x31, &attribute(name))]);
    let (root_name, policy_name, issuing_name) = (name("Root"), name("Policy"), name("Issuing"));
    let (root_key, policy_key, issuing_key) = (ed25519(), ed25519(), ed25519());
    let mut certificates =
        vec![certificate(&root_name, &root_name, &root_key, &root_key, &[BASIC_CONSTRAINTS_CA.to_vec()])];
    for number in 0..30 {
        let hosts = (0..400).map(|n| element(0x82, format!("x{number}-{n}.test").as_bytes()));
        let extensions = [BASIC_CONSTRAINTS_CA.to_vec(), name_constraints(hosts)];
        certificates.push(certificate(&policy_name, &root_name, &policy_key, &root_key, &extensions));
        certificates.push(certificate(&issuing_name, &policy_name, &issuing_key, &policy_key, &extensions));
    }
    let hosts = (0..600).map(|n| element(0x82, format!("host-{n}.test").as_bytes()));
    certificates.push(certificate(
        &name("client"),
        &issuing_name,
        &root_key,
        &issuing_key,
        &[alternative_names(hosts)],
    ));
    let bundle: String = certificates.iter().map(|der| pem(der)).collect();
    let folder = folder(&[("mesh.pem", bundle.as_bytes())]);
    let path = folder.path().to_str().expect("a path");
    let report = bounded(&["chain", "--at", AT, "--format", "json", path], "").json();
    assert!(report["clients"][0].to_string().contains("comparisons"));
    assert_eq!(report["clients"][0]["exhausted"], true);
}

#[test]
fn the_policies_of_many_paths_do_not_take_the_memory() {
    let name = |name: &str| sequence(&[&element(0x31, &attribute(name))]);
    let (root_name, policy_name, issuing_name) = (name("Root"), name("Policy"), name("Issuing"));
    let (root_key, policy_key, issuing_key) = (ed25519(), ed25519(), ed25519());
    let mut certificates =
        vec![certificate(&root_name, &root_name, &root_key, &root_key, &[BASIC_CONSTRAINTS_CA.to_vec()])];
    let policy = |n: usize| vec![6, 4, 0x2a, 0x80 | (n >> 7) as u8, n as u8 & 0x7f, 1];
    let listed: Vec<u8> = (128..628).flat_map(|n| sequence(&[&policy(n)])).collect();
    let listed = extension(&[0x55, 0x1d, 32], &sequence(&[&listed]));
    for number in 0..100 {
        let mappings: Vec<u8> = (0..2000)
            .flat_map(|n| sequence(&[&policy(128 + n / 4), &policy(128 + (n / 4 * 7 + n % 4 * 13 + number) % 500)]))
            .collect();
        let mappings = extension(&[0x55, 0x1d, 33], &sequence(&[&mappings]));
        let extensions = [BASIC_CONSTRAINTS_CA.to_vec(), listed.clone(), mappings];
        certificates.push(certificate(&policy_name, &root_name, &policy_key, &root_key, &extensions));
        certificates.push(certificate(&issuing_name, &policy_name, &issuing_key, &policy_key, &extensions));
    }
    certificates.push(certificate(&name("client"), &issuing_name, &root_key, &issuing_key, &[listed]));
    let bundle: String = certificates.iter().map(|der| pem(der)).collect();
    let folder = folder(&[("mesh.pem", bundle.as_bytes())]);
    let path = folder.path().to_str().expect("a path");
    let report = bounded_to(&["chain", "--at", AT, "--format", "json", path], "", 1024 * 1024).json();
    assert_eq!(report["clients"][0]["paths"][0]["status"], "valid");
    assert_eq!(report["clients"][0]["exhausted"], true);
}

#[test]
fn names_of_a_hundred_thousand_parts_are_compared_and_printed() {
    let key = ed25519();
    let wide: Vec<u8> = (0..100_000).flat_map(|n| attribute(&format!("{n}"))).collect();
    let shouted: Vec<u8> = (0..100_000).rev().flat_map(|n| attribute(&format!(" {n} "))).collect();
    let long: Vec<u8> = (0..100_000).flat_map(|n| element(0x31, &attribute(&format!("{n}")))).collect();
    let blank: Vec<u8> = (0..100_000).flat_map(|n| element(0x31, &attribute(&format!(" {n}")))).collect();
    let constraints = BASIC_CONSTRAINTS_CA[..].to_vec();
    for (own, spelt) in [(&element(0x31, &wide), &element(0x31, &shouted)), (&long, &blank)] {
        let (own, spelt) = (sequence(&[own]), sequence(&[spelt]));
        let root = certificate(&own, &own, &key, &key, std::slice::from_ref(&constraints));
        let client = sequence(&[&element(0x31, &attribute("client"))]);
        let leaf = certificate(&client, &spelt, &key, &key, &[extension(&[0x55, 0x1d, 14], &[4, 1, 1])]);
        let folder = folder(&[("root.cer", &root), ("leaf.cer", &leaf)]);
        let path = folder.path().to_str().expect("a path").to_owned();
        let chain = bounded(&["chain", "--at", AT, "--format", "json", &path], "");
        assert_eq!(chain.json()["clients"][0]["paths"][0]["status"], "valid", "{}", chain.stderr);
        every_command(&path);
    }
}

#[test]
fn a_hundred_thousand_extensions_are_one_certificate() {
    let key = ed25519();
    let subject = sequence(&[&element(0x31, &attribute("client"))]);
    let many = |from: u32| -> Vec<Vec<u8>> {
        (from..from + 100_000)
            .map(|n| extension(&[0x2a, 0x80 | (n >> 14) as u8, 0x80 | (n >> 7) as u8, n as u8 & 0x7f], &[5, 0]))
            .collect()
    };
    let leaf = certificate(&subject, &subject, &key, &key, &many(1 << 14));
    // And a list of revoked certificates with as many.
    let algorithm = sequence(&[&[6, 3, 0x2b, 0x65, 0x70]]);
    let wrapped = element(0xa0, &sequence(&[&many(1 << 14).concat()]));
    let signed = sequence(&[&[2, 1, 1], &algorithm, &subject, &element(0x17, b"250101000000Z"), &wrapped]);
    let signature = key.sign(&signed).expect("it can be signed");
    let list = sequence(&[&signed, &algorithm, &element(3, &[&[0], &signature[..]].concat())]);
    let folder = folder(&[("leaf.cer", &leaf), ("list.crl", &list)]);
    every_command(folder.path().to_str().expect("a path"));
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

#[test]
fn a_file_of_two_gigabytes_is_not_held_in_memory() {
    let place = tempfile::tempdir().expect("a folder");
    let heads: [(&str, &[u8]); 5] = [
        ("zeros.cer", b""),
        ("store.sst", b"\0\0\0\0CERT"),
        ("message.p7b", b"\x30\x84\x7f\xff\xff\xf0\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"),
        ("key.pfx", b"\x30\x84\x7f\xff\xff\xf0\x02\x01\x03"),
        ("block.pem", b"-----BEGIN CERTIFICATE-----\nMIIB"),
    ];
    for (file, head) in heads {
        let path = place.path().join(file);
        write(&path, head);
        let sparse = std::fs::OpenOptions::new().write(true).open(&path).expect("a file");
        if sparse.set_len(2 << 30).is_err() {
            not_run("a file of 2 GiB: the file system has none");
            return;
        }
        let path = path.to_str().expect("a path");
        let output = bounded_to(&["inspect", "--format", "json", path], "", 1024 * 1024);
        assert!([2, 3].contains(&output.status), "{file}: {} {}", output.status, output.stderr);
        if output.status == 3 {
            assert!(!output.problems().is_empty(), "{file}");
        } else {
            assert!(!output.stderr.is_empty(), "{file}");
        }
    }
}

#[test]
fn hundreds_of_large_files_are_not_held_side_by_side() {
    let names: Vec<u8> = (0..200_000).flat_map(|n| element(0x82, format!("host-{n}.contoso.com").as_bytes())).collect();
    let root = Ca::root("Root");
    let names = CustomExtension::from_oid_content(&[2, 5, 29, 17], sequence(&[&names]));
    let leaf = root.client_with("many.test", |options| {
        options.sans = Vec::new();
        options.extensions = vec![names];
    });
    let folder = folder(&[("root.cer", &root.der), ("0.cer", &leaf)]);
    for number in 1..300 {
        std::fs::hard_link(folder.path().join("0.cer"), folder.path().join(format!("{number}.cer"))).expect("a link");
    }
    assert!(300 * leaf.len() > 1 << 30);
    let path = folder.path().to_str().expect("a path");
    let output = bounded_to(&["audit", "--at", AT, "--format", "json", path], "", 1024 * 1024);
    assert_eq!(array(&output.json()["certificates"]).len(), 1, "{}", output.stderr);
}

#[test]
fn endless_pipes_end() {
    for endless in [
        "yes |",
        "yes | tr -d '\\n' |",
        "cat /dev/zero |",
        "cat /dev/urandom |",
        "(printf '%s\\n' '-----BEGIN CERTIFICATE-----'; yes AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA) |",
        "(printf '0\\x84\\x7f\\xff\\xff\\xff'; cat /dev/zero) |",
        "(printf '\\x00\\x00\\x00\\x00CERT'; cat /dev/zero) |",
    ] {
        let output = bounded(&["inspect", "--format", "json", "-"], endless);
        assert!([2, 3].contains(&output.status), "{endless} {}: {}", output.status, output.stderr);
    }
}

#[test]
fn a_folder_of_links_pipes_and_devices_is_walked_once() {
    use std::os::unix::fs::symlink;
    let root = Ca::root("Walked Root");
    let folder = folder(&[("a/b/root.cer", &root.der)]);
    let at = |path: &str| folder.path().join(path);
    symlink(folder.path(), at("a/up")).expect("a link");
    symlink(at("a"), at("a/b/again")).expect("a link");
    symlink("self", at("self")).expect("a link");
    symlink("/dev/zero", at("zero.cer")).expect("a link");
    symlink("/dev/urandom", at("random.pem")).expect("a link");
    symlink("/dev/tty", at("tty.cer")).expect("a link");
    symlink("nowhere", at("dangling.cer")).expect("a link");
    assert!(Command::new("mkfifo").arg(at("pipe.cer")).status().is_ok_and(|status| status.success()));
    // Ten links a level, ten levels: as many ways as there are grains of sand.
    for level in 0..10 {
        let dir = at(&format!("maze/{level}"));
        std::fs::create_dir_all(&dir).expect("a folder");
        for way in 0..10 {
            symlink(format!("../{}", (level + 1) % 10), dir.join(format!("{way}"))).expect("a link");
        }
    }
    let report = bounded(&["inspect", "--format", "json", folder.path().to_str().expect("a path")], "");
    assert_eq!(array(&report.json()["certificates"]).len(), 1, "{}", report.stderr);
}

#[test]
fn a_folder_a_thousand_deep_is_walked() {
    let place = tempfile::tempdir().expect("a folder");
    let root = Ca::root("Deep Root");
    write(place.path().join("root.cer"), &root.der);
    // Deeper than a path can be long: each level is entered from the one above.
    let script =
        "cd \"$1\" && for n in $(seq 1500); do mkdir deep && cd deep || exit 1; done; cp \"$1/root.cer\" copy.cer";
    let made = Command::new("bash").args(["-c", script, "bash"]).arg(place.path()).status();
    assert!(made.is_ok_and(|status| status.success()));
    let report = bounded(&["inspect", "--format", "json", place.path().to_str().expect("a path")], "");
    assert_eq!(array(&report.json()["certificates"]).len(), 1);
    // What Rust's own removal of a folder does not reach.
    let _ = Command::new("rm").arg("-rf").arg(place.path()).status();
}

#[test]
fn files_that_ask_for_millions_of_iterations_are_bounded_and_named() {
    let root = Ca::root("Locked Root");
    let folder = folder(&[("root.pem", pem(&root.der).as_bytes())]);
    let file = folder.path().join("0.pfx");
    let made = Command::new("openssl")
        .args(["pkcs12", "-export", "-nokeys", "-iter", "1000000", "-passout", "pass:secret", "-in"])
        .arg(folder.path().join("root.pem"))
        .arg("-out")
        .arg(&file)
        .status();
    if !made.is_ok_and(|status| status.success()) {
        not_run("PKCS#12 files of a million iterations: openssl does not make one");
        return;
    }
    let bytes = read(&file);
    // More than are ever computed, and as many as three bytes hold: of the encryption and of the MAC.
    for (name, count) in [("beyond.pfx", [2, 3, 0x4c, 0x4b, 0x41]), ("most.pfx", [2, 3, 0x7f, 0xff, 0xff])] {
        let mut changed = bytes.clone();
        let places: Vec<usize> =
            (0..bytes.len() - 4).filter(|at| bytes[*at..*at + 5] == [2, 3, 0x0f, 0x42, 0x40]).collect();
        assert_eq!(places.len(), 2);
        places.iter().for_each(|at| changed[*at..*at + 5].copy_from_slice(&count));
        write(folder.path().join(name), changed);
    }
    let output = bounded(&["inspect", "--format", "json", folder.path().to_str().expect("a path")], "");
    assert_eq!(output.status, 3, "{}", output.stderr);
    let problems = output.problems();
    assert_eq!(problems.len(), 3, "each file that was not opened is named: {problems:?}");
    let beyond = problems.iter().filter(|message| message.contains("iterations of its key derivation"));
    assert_eq!(beyond.count(), 2, "{problems:?}");
}

#[test]
fn texts_of_a_million_beginnings_end_soon() {
    let place = tempfile::tempdir().expect("a folder");
    let put = |name: &str, bytes: Vec<u8>| write(place.path().join(name), bytes);
    put("padding.cer", b"MA==\n".repeat(1 << 20));
    put("padding-in-a-block.pem", [b"-----BEGIN CERTIFICATE-----\n", &b"MA==\n".repeat(1 << 20)[..]].concat());
    put("objects.cer", b"\x30\x03\x30\x01\x00".repeat(1 << 20));
    put("null.p7b", b"\x30\x00".repeat(1 << 20));
    put("begins.pem", b"-----BEGIN CERTIFICATE-----".repeat(1 << 18));
    put("ends.pem", b"-----END CERTIFICATE-----".repeat(1 << 18));
    put("half.pem", b"-----BEGIN ".repeat(1 << 20));
    put("dashes.pem", b"-".repeat(16 << 20));
    put("colons.pem", [b"-----BEGIN CERTIFICATE-----\n", &b"a:b\n".repeat(1 << 20)[..]].concat());
    put(
        "rows.txt",
        [b"  RequestID   Issued Request ID  Long\r\n", &b"Row 1:\r\n  Request ID: 0x1 (1)\r\n".repeat(200_000)[..]]
            .concat(),
    );
    put("quotes.csv", [b"\"RequestID\",\"Binary Certificate\"\r\n", &b"\"".repeat(8 << 20)[..]].concat());
    put("quotes-in-lines.csv", [b"\"RequestID\",\"Binary Certificate\"\r\n", &b"\"\r\n".repeat(1 << 20)[..]].concat());
    put("hex.cer", b"30 82 01 00 30 82\n".repeat(300_000));
    put("runs.cer", b"30 82 01 00 zz 30 82 01 00 zz\n".repeat(200_000));
    let key = "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\SystemCertificates\\Root\\Certificates\\00]\r\n\"Blob\"=hex:03,00,\\\r\n";
    put("keys.reg", ["Windows Registry Editor Version 5.00\r\n\r\n", &key.repeat(50_000)].concat().into_bytes());
    put("values.sst", [b"\0\0\0\0CERT".as_slice(), &b"\x03\0\0\0\x01\0\0\0\0\0\0\0".repeat(500_000)].concat());
    put("certificates.sst", [b"\0\0\0\0CERT".as_slice(), &b"\x20\0\0\0\x01\0\0\0\0\0\0\0".repeat(500_000)].concat());
    let mut files: Vec<_> =
        std::fs::read_dir(place.path()).expect("a folder").flatten().map(|entry| entry.path()).collect();
    files.sort();
    for file in files {
        let output = bounded(&["inspect", "--format", "json", file.to_str().expect("a path")], "");
        assert!([2, 3].contains(&output.status), "{}: {} {}", file.display(), output.status, output.stderr);
    }
}

#[test]
fn depth_is_bounded_in_every_format() {
    let place = tempfile::tempdir().expect("a folder");
    let put = |name: &str, bytes: Vec<u8>| write(place.path().join(name), bytes);
    // Definite lengths, each of which holds: from the inside out.
    let mut nested = vec![5, 0];
    for _ in 0..20_000 {
        nested = element(0x30, &nested);
        if nested.len() > 400_000 {
            break;
        }
    }
    put("definite.cer", nested.clone());
    put(
        "octets.p7b",
        [b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80".as_slice(), &b"\x24\x80".repeat(100_000)]
            .concat(),
    );
    put(
        "octets.pfx",
        [
            b"\x30\x80\x02\x01\x03\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x80".as_slice(),
            &b"\x24\x80".repeat(100_000),
        ]
        .concat(),
    );
    put("sequences.pfx", [b"\x30\x80\x02\x01\x03".as_slice(), &b"\x30\x80".repeat(100_000)].concat());
    let key = ed25519();
    let subject = sequence(&[&element(0x31, &sequence(&[&[6, 3, 0x55, 4, 3], &nested]))]);
    for (file, oid) in
        [("san.cer", &[0x55, 0x1d, 17]), ("points.cer", &[0x55, 0x1d, 31]), ("constraints.cer", &[0x55, 0x1d, 30])]
    {
        put(file, certificate(&subject, &subject, &key, &key, &[extension(oid, &nested)]));
    }
    let output = bounded(&["inspect", "--format", "json", place.path().to_str().expect("a path")], "");
    assert_eq!(output.status, 3, "{}", output.stderr);
    every_command(place.path().to_str().expect("a path"));
}

#[test]
fn a_block_of_a_certificate_is_read_as_far_as_the_table_of_limits_says() {
    let table = read(repository("docs/formats.md"));
    let table = String::from_utf8_lossy(&table);
    let row = table.lines().find(|line| line.starts_with("| one PEM block of a certificate |")).expect("its row");
    let sizes: Vec<usize> = row.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [sure, never] = sizes[..] else { panic!("expected two sizes in {row}") };
    let place = tempfile::tempdir().expect("a folder");
    let file = place.path().join("block.pem");
    for (mebibytes, is_limit) in [(sure, false), (never + 1, true)] {
        let body = "A".repeat(64) + "\n";
        let lines = (mebibytes << 20) / body.len() - 1;
        let block = ["-----BEGIN CERTIFICATE-----\n", &body.repeat(lines), "-----END CERTIFICATE-----\n"].concat();
        write(&file, block);
        let root = testdata("loop").join("root.cer");
        let report = json_of("inspect", &[&file, &root], &[]).status(3).json();
        let has_limit = array(&report["problems"]).iter().any(|problem| problem["code"] == "limit");
        assert_eq!(has_limit, is_limit, "{mebibytes} MiB: {}", report["problems"]);
    }
}
