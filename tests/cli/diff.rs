//! `certpath diff`: what goes, what comes, and which of them belong together.

use crate::common::pki::folder;
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
