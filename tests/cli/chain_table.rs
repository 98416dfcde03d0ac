//! What the table of `certpath chain` tells of many client certificates at once, and what it keeps of them.

use crate::common::pki::{Ca, folder};
use crate::common::{AT, Run, pem, thumbprint};

#[test]
fn the_one_that_ends_first_and_the_first_of_the_sources_stand_for_the_rest() {
    let (root, other) = (Ca::root("Root A"), Ca::root("Root B"));
    let issuing = root.issue_ca("Issuing");
    let crossed = other.cross_certify_with(&issuing, |options| options.to = (2050, 1, 1));
    let namesake = root.issue_ca("Issuing");
    let mut clients = Vec::new();
    let mut bundle = String::new();
    for n in 0..3000_u16 {
        // A hundred and fifty dates, in no order.
        let (month, day) = (n * 7 % 10, n * 11 % 15);
        let [month, day] = [month, day].map(|number| u8::try_from(number + 1).expect("small"));
        let der = issuing.client_with(&format!("pc{n:04}.test"), |options| {
            options.to = (2040, month, day);
            options.key = Some(root.key.clone());
        });
        bundle += &pem(&der);
        clients.push((month, day, thumbprint(&der), n));
    }
    for n in 0..5 {
        let server = issuing.client_with(&format!("server{n}.test"), |options| {
            options.eku = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        });
        bundle += &pem(&server);
    }
    let cas = [&root, &other, &issuing, &crossed, &namesake].map(|ca| pem(&ca.der)).concat();
    let folder = folder(&[("cas.pem", cas.as_bytes()), ("clients.pem", bundle.as_bytes())]);
    let table =
        |jobs: &str| Run::new(["chain", "--at", AT, "--jobs", jobs]).arg(folder.path()).output().status(0).text();

    let text = table("2");
    assert_eq!(table("1"), text);
    clients.sort();
    let expected: Vec<String> = clients.iter().map(|(.., n)| format!("pc{n:04}.test")).collect();
    let rows = text.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with("pc")));
    let shown: Vec<&str> = rows.take(clients.len()).collect();
    assert_eq!(shown, expected);
    let part =
        |heading: &str| text.split(&format!("\n{heading}\n")).nth(1).unwrap_or_else(|| panic!("{heading}: {text}"));
    let first = &expected[0];
    assert!(part("Other valid paths, not chosen").starts_with(&format!("  {first} and 2,999 more\n")));
    let refused = part("Considered and refused");
    assert!(refused.contains("\n      as issuer of pc0000.test and 2,999 more\n      key identifier:"), "{refused}");
    assert!(part("Passed over").starts_with("  - server0.test and 4 more: "));
}

/// How much of the memory of `certpath ARGUMENTS` was resident at most when it began to write, in KiB.
#[cfg(target_os = "linux")]
fn resident_when_written(arguments: &[&str]) -> u64 {
    use std::io::Read;
    use std::process::{Command, Stdio};

    let mut child = Command::new(env!("CARGO_BIN_EXE_certpath"))
        .args(arguments)
        .args(["--jobs", "2", "--no-progress"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("certpath runs");
    let mut output = child.stdout.take().expect("its output");
    output.read_exact(&mut [0]).expect("a first byte");
    // More than a pipe holds is still to come, so that it waits.
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("its status");
    let mut rest = Vec::new();
    output.read_to_end(&mut rest).expect("the rest");
    assert!(rest.len() > 1 << 19, "{}", rest.len());
    assert_eq!(child.wait().expect("its end").code(), Some(0));
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the peak");
    peak.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[cfg(target_os = "linux")]
#[test]
fn of_a_client_certificate_no_more_is_kept_than_its_line() {
    let root = Ca::root("Root");
    let padding = rcgen::CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 55555, 2], vec![4; 4000]);
    let bundle = |numbers: std::ops::Range<u32>| -> String {
        let client = |n| {
            root.client_with(&format!("pc{n}.test"), |options| {
                options.key = Some(root.key.clone());
                options.extensions.push(padding.clone());
            })
        };
        numbers.map(|n| pem(&client(n))).collect()
    };
    // Both are more than is kept of what was read.
    let (few, more) = (bundle(0..6000), bundle(6000..12_000));
    let folder = folder(&[("root.cer", &root.der), ("few.pem", few.as_bytes()), ("more.pem", more.as_bytes())]);
    let path = |file: &str| folder.path().join(file).to_str().expect("a path").to_owned();
    let (root, few, more) = (path("root.cer"), path("few.pem"), path("more.pem"));
    let one = resident_when_written(&["chain", "--at", AT, &root, &few]);
    let two = resident_when_written(&["chain", "--at", AT, &root, &few, &more]);
    assert!(two < one + 12_000, "{one} KiB, and {two} KiB of twice as many, which have {} KiB", 6000 * 4);
}

#[test]
fn clients_whose_missing_issuers_share_no_more_than_the_name_are_told_apart() {
    let (old, new) = (Ca::root("Issuing CA"), Ca::root("Issuing CA"));
    let clients = [old.client("pc1.test"), old.client("pc2.test"), new.client("pc3.test")];
    let folder = folder(&[("1.cer", &clients[0]), ("2.cer", &clients[1]), ("3.cer", &clients[2])]);
    let text = Run::new(["chain", "--at", AT]).arg(folder.path()).output().status(1).text();
    assert_eq!(text.matches("? Issuing CA  missing").count(), 2, "{text}");
    assert_eq!(text.matches("key identifier: ").count(), 2, "{text}");
    assert!(text.contains("Incomplete: 2 client certificates") && text.contains("Incomplete: 1 client certificate:"));
}

#[test]
fn how_many_paths_there_are_is_told_for_all_clients_of_a_group() {
    let (root, other) = (Ca::root("Root A"), Ca::root("Root B"));
    let issuing = root.issue_ca("Issuing");
    let crossed = other.cross_certify_with(&issuing, |options| {
        options.to = (2050, 1, 1);
        options.name_constraints = Some(rcgen::NameConstraints {
            permitted_subtrees: vec![rcgen::GeneralSubtree::DnsName("b.test".to_owned())],
            excluded_subtrees: Vec::new(),
        });
    });
    let first = issuing.client_with("pc1.a.test", |options| options.to = (2040, 1, 1));
    let folder = folder(&[
        ("root.cer", &root.der),
        ("other.cer", &other.der),
        ("issuing.cer", &issuing.der),
        ("crossed.cer", &crossed.der),
        ("1.cer", &first),
        ("2.cer", &issuing.client("pc2.b.test")),
    ]);
    let text = Run::new(["chain", "--at", AT]).arg(folder.path()).output().status(0).text();
    assert!(text.contains("2 client certificates  valid, each by the best of its 1 to 2 paths"), "{text}");
}

#[test]
fn what_export_does_is_told_also_where_it_would_refuse() {
    let root = Ca::root("Root");
    let mut files = vec![("root.cer", root.der.clone()), ("1.cer", root.client("pc1.test"))];
    let shown = |files: &[(&str, Vec<u8>)], status| {
        let named: Vec<(&str, &[u8])> = files.iter().map(|(name, der)| (*name, der.as_slice())).collect();
        let text = Run::new(["chain", "--at", AT]).arg(folder(&named).path()).output().status(status).text();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(shown(&files, 0).ends_with("`certpath export` with the same sources and `--out DIR` writes them."));
    files.push(("2.cer", Ca::root("Missing").client("pc2.test")));
    let text = shown(&files, 1);
    assert!(text.contains("refuses to write them as long as 1 client certificate has no valid path"), "{text}");
    assert!(text.contains("with `--allow-incomplete` it writes them"), "{text}");
}
