//! `certpath diff`: what goes, what comes, and which of them belong together.

use crate::common::pki::{Ca, folder};
use crate::common::{AT, Run, repository};

#[test]
fn a_ca_whose_renewal_is_on_both_sides_is_replaced_by_it() {
    let pki = |name: &str| repository("testdata/pki/renewed-same-key").join(name);
    let [old, new] = ["root-0.cer", "root-1.cer"].map(|name| std::fs::read(pki(name)).expect("it is there"));
    let (before, after) = (folder(&[("0.cer", &old), ("1.cer", &new)]), folder(&[("1.cer", &new)]));
    let run = |format: &str| {
        Run::new(["diff", "--at", AT, "--format", format]).arg(before.path()).arg(after.path()).output().status(0)
    };
    let text = run("table").text();
    assert!(
        text.contains("which has its key: nothing below it is lost") && !text.contains("nothing replaces"),
        "{text}"
    );
    let document = run("json").json();
    assert_eq!(document["pairs"][0]["new"], document["keep"][0]["sha256"], "{document}");
}

#[test]
fn a_side_without_a_ca_certificate_is_refused_by_its_name() {
    let root = Ca::root("Contoso Root CA");
    let (cas, clients) = (folder(&[("root.cer", &root.der)]), folder(&[("pc1.cer", &root.client("pc1.contoso.test"))]));
    for sides in [[cas.path(), clients.path()], [clients.path(), cas.path()], [clients.path(), clients.path()]] {
        let output = sides.iter().fold(Run::new(["diff", "--at", AT]), Run::arg).output().status(2);
        let told = format!("{}: expected CA certificates to compare, found none", clients.path().display());
        assert!(output.stdout.is_empty() && output.stderr.contains(&told), "{}", output.seen());
    }
}

#[test]
fn a_side_that_holds_no_ca_certificate_is_refused_below_given_anchors_too_and_one_with_none_below_them_is_compared() {
    let (root, other) = (Ca::root("Contoso Root CA"), Ca::root("Fabrikam Root CA"));
    let client = root.client("pc1.contoso.test");
    let (cas, clients) = (folder(&[("root.cer", &root.der)]), folder(&[("pc1.cer", &client)]));
    let others = folder(&[("other.cer", &other.der)]);
    let diff = |sides: [&tempfile::TempDir; 2], trust: std::path::PathBuf, more: &[&str]| {
        let run = more.iter().fold(Run::new(["diff", "--at", AT, "--trust"]).arg(trust), Run::arg);
        sides.iter().fold(run, |run, side| run.arg(side.path())).output()
    };
    let anchor = || cas.path().join("root.cer");
    for sides in [[&clients, &cas], [&cas, &clients]] {
        let refused = diff(sides, anchor(), &[]).status(2);
        let told = format!("{}: expected CA certificates to compare, found none", clients.path().display());
        assert!(refused.stdout.is_empty() && refused.stderr.contains(&told), "{}", refused.seen());
    }
    let text = diff([&others, &cas], anchor(), &[]).status(0).text();
    assert!(text.contains("1 CA certificate to add, 0 to remove"), "{text}");
    for more in [&[][..], &["--first"]] {
        let refused = diff([&cas, &cas], clients.path().join("pc1.cer"), more).status(2);
        let told = "--trust holds no CA certificate that a path can end at (certificates: 1): name the roots there";
        assert!(refused.stdout.is_empty() && refused.stderr.contains(told), "{}", refused.seen());
    }
}
