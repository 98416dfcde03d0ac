//! `certpath export` over CAs that certify each other, and over hierarchies too deep to be meant.

use crate::common::pki::{Ca, Options, folder, fresh_key, name};
use crate::common::{files, json_of, pem, sha256};
use crate::export::{Export, subject_of};

/// A root, CAs that all certify each other, and the certificates of both: none of them leads to the root yet.
fn mesh(name: &str, count: usize) -> (Ca, Vec<Ca>, Vec<Vec<u8>>) {
    let root = Ca::root(&format!("{name} Root"));
    let cas: Vec<Ca> = (0..count).map(|n| Ca::root(&format!("{name} CA {n}"))).collect();
    let mut certificates = vec![root.der.clone()];
    for (n, ca) in cas.iter().enumerate() {
        for (m, other) in cas.iter().enumerate() {
            if n != m {
                certificates.push(ca.cross_certify(other).der);
            }
        }
    }
    (root, cas, certificates)
}

#[test]
fn a_mesh_of_cross_certificates_ends_soon_with_a_short_path() {
    let (root, cas, mut certificates) = mesh("Mesh", 12);
    // one door into the mesh, seven steps at most from the client's CA; the client's own CA has none
    let door = root.cross_certify(&cas[3]).der;
    certificates.push(door.clone());
    let step = cas[3].cross_certify_with(&cas[0], |options| options.to = (2055, 6, 1)).der;
    certificates.push(step);
    certificates.push(cas[0].client("mesh.test"));
    let bundle: String = certificates.iter().map(|der| pem(der)).collect();
    let folder = folder(&[("mesh.pem", bundle.as_bytes())]);
    let export = Export::of(&[folder.path()], &["--allow-incomplete"]);
    assert!(files(&export.dir().join("roots")).len() == 1, "{}", export.output.seen());
    let (roots, intermediates) = (export.written("roots"), export.written("intermediates"));
    assert_eq!(roots.into_iter().next(), Some(root.der.clone()));
    // every certificate lasts as long, so the fewest win: client, CA 0 by CA 3, CA 3 by the root, root
    assert_eq!(intermediates.len(), 2, "{:?}", intermediates.iter().map(|der| subject_of(der)).collect::<Vec<_>>());
    assert!(intermediates.contains(&door));
}

#[test]
fn a_chain_too_deep_to_be_meant_ends_with_a_verdict() {
    let mut certificates = Vec::new();
    let mut ca = Ca::root("Deep CA 0");
    certificates.push(ca.der.clone());
    for n in 1..=200 {
        ca = ca.issue_ca(&format!("Deep CA {n}"));
        certificates.push(ca.der.clone());
    }
    certificates.push(ca.client("deep.test"));
    let bundle: String = certificates.iter().map(|der| pem(der)).collect();
    let folder = folder(&[("deep.pem", bundle.as_bytes())]);
    let export = Export::of(&[folder.path()], &[]);
    assert!([0, 5].contains(&export.output.status), "{}", export.output.seen());
    if export.output.status == 0 {
        assert_eq!(export.written("intermediates").len(), 200);
    } else {
        export.left_nothing();
    }
}

#[test]
fn a_mesh_of_hundreds_of_cross_certificates_is_bounded_with_a_way_out_and_without() {
    let (root, cas, mut certificates) = mesh("Large Mesh", 22);
    certificates.push(cas[0].client("mesh.test"));
    let bundle = |certificates: &[Vec<u8>]| certificates.iter().map(|der| pem(der)).collect::<String>();
    let closed = folder(&[("mesh.pem", bundle(&certificates).as_bytes())]);
    let started = std::time::Instant::now();
    let refused = Export::of(&[closed.path()], &[]);
    assert_eq!(refused.output.status, 5, "{}", refused.output.seen());
    refused.left_nothing();
    certificates.push(root.cross_certify(&cas[12]).der);
    let open = folder(&[("mesh.pem", bundle(&certificates).as_bytes())]);
    let export = Export::of(&[open.path()], &[]);
    assert_eq!(export.output.status, 0, "{}", export.output.seen());
    assert_eq!(export.written("intermediates").len(), 2);
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn the_ca_that_is_named_by_its_key_identifier_is_found_among_more_of_its_name_than_are_ever_looked_at() {
    const LOOKED_AT: usize = 1_601;
    let root = Ca::root("Crowded Root");
    let mut others: Vec<Vec<u8>> = (0..LOOKED_AT + 99).map(|_| Ca::root("Crowded CA").der).collect();
    others.sort_by_key(|der| sha256(der));
    // They are looked at by their SHA-256: one behind those that are.
    let key = fresh_key();
    let issuing = (0..=u8::MAX).map(|serial| {
        let change = |options: &mut Options| (options.key, options.serial) = (Some(key.clone()), vec![1, serial]);
        root.issue_ca_with(name("Crowded CA"), change)
    });
    let mut issuing = issuing.filter(|ca| sha256(&ca.der) > sha256(&others[LOOKED_AT]));
    let issuing = issuing.next().expect("one of 256 is behind");
    let bundle: String = others.iter().map(|der| pem(der)).collect();
    let client = issuing.client("crowded.test");
    let files = [
        ("root.cer", root.der.as_slice()),
        ("others.pem", bundle.as_bytes()),
        ("issuing.cer", &issuing.der),
        ("client.cer", &client),
    ];
    let export = Export::of(&[folder(&files).path()], &[]);
    assert_eq!(export.output.status, 0, "{}", export.output.seen());
    assert!(export.written("intermediates").contains(&issuing.der));
}

#[test]
fn diff_takes_a_ca_that_names_a_host_and_is_for_clients_for_what_it_is() {
    let root = Ca::root("Appliance Root");
    let issuing = root.issue_ca_with(name("Appliance CA"), |options| {
        let host = rcgen::string::Ia5String::try_from("ca1.contoso.com").expect("a host name");
        options.sans = vec![rcgen::SanType::DnsName(host)];
        options.eku = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    });
    let old = folder(&[("root.cer", &root.der)]);
    let new = folder(&[("root.cer", &root.der), ("issuing.cer", &issuing.der)]);
    let report = json_of("diff", &[old.path(), new.path()], &[]).status(0).json();
    assert_eq!(report["add"][0]["sha256"], sha256(&issuing.der).as_str(), "{report}");
}
