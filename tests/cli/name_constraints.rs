//! What `inspect` shows of the names that a CA permits and excludes below it.

use rcgen::{CidrSubnet, GeneralSubtree, NameConstraints};

use crate::common::pki::{Ca, folder, name};
use crate::common::{AT, Run, json_of, openssl, strings};

fn constrained() -> Ca {
    Ca::root_with(name("Contoso Root CA"), |options| {
        options.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![
                GeneralSubtree::DnsName("contoso.test".to_owned()),
                GeneralSubtree::DirectoryName(name("Contoso")),
                GeneralSubtree::IpAddress(CidrSubnet::V4([10, 1, 0, 0], [255, 255, 0, 0])),
            ],
            excluded_subtrees: vec![GeneralSubtree::Rfc822Name("lab.contoso.test".to_owned())],
        });
    })
}

#[test]
fn the_names_that_a_ca_permits_and_excludes_are_shown_by_inspect_as_openssl_reads_them() {
    let root = constrained();
    let place = folder(&[("root.cer", &root.der)]);
    let found = json_of("inspect", &[place.path()], &[]).status(0).json()["certificates"][0].clone();
    let constraints = &found["nameConstraints"];
    let permitted = ["DNS Name=contoso.test", "Directory Address=CN=Contoso", "IP Address=10.1.0.0/255.255.0.0"];
    assert_eq!(strings(&constraints["permitted"]), permitted);
    assert_eq!(strings(&constraints["excluded"]), ["RFC822 Name=lab.contoso.test"]);
    assert!(found["otherExtensions"].is_null(), "{found}");
    let read = openssl::openssl(&["x509", "-inform", "DER", "-noout", "-ext", "nameConstraints"], &root.der);
    let read = read.expect("a certificate");
    for of_openssl in ["DNS:contoso.test", "IP:10.1.0.0/255.255.0.0", "email:lab.contoso.test"] {
        assert!(read.contains(of_openssl), "{read}");
    }
    assert_eq!(constraints["critical"], read.contains("critical"));

    let text = Run::new(["inspect", "--at", AT]).arg(place.path()).output().status(0).text();
    let lines: Vec<String> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in
        ["Name constraints critical", "permitted DNS Name=contoso.test", "excluded RFC822 Name=lab.contoso.test"]
    {
        assert!(lines.iter().any(|shown| shown == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("Other extension"), "{text}");
}
