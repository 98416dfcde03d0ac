//! A CA on which no audited certificate hangs fails no audit, and every format says so.

use serde_json::Value;

use crate::common::{Output, Run, array, testdata};

/// The old root of this renewed pair has expired by then.
fn audit(format: &str, sources: &[&str]) -> Output {
    let run = Run::new(["audit", "--at", "2031-01-01", "--cmg-revocation", "off", "--fail-on", "warning"]);
    let run = run.arg("--format").arg(format);
    sources.iter().fold(run, |run, source| run.arg(testdata(source))).output()
}

#[test]
fn the_expired_root_of_a_renewed_pair_fails_no_audit_in_any_format() {
    for format in ["table", "json", "ndjson", "csv", "html"] {
        let output = audit(format, &["renewed-same-key"]).status(0).silent();
        match format {
            "table" => assert!(
                output.text().contains("validity (no audited certificate hangs on it)"),
                "it is listed: {}",
                output.text()
            ),
            "html" => assert!(output.text().contains("no audited certificate hangs on it")),
            _ => {}
        }
    }
    let found = audit("json", &["renewed-same-key"]).json();
    assert_eq!(found["summary"]["verdict"], "pass");
    let issuers = array(&found["issuers"]);
    let old = issuers.iter().find(|issuer| issuer["certificate"]["notAfter"] == "2030-01-01T00:00:00Z");
    let old = old.expect("the old root");
    assert_eq!((&old["concernsClients"], &old["clients"]), (&Value::Bool(false), &Value::from(0)));
    let expired = array(&old["findings"]).iter().find(|finding| finding["id"] == "validity").expect("it is listed");
    assert_eq!((&expired["severity"], &expired["severityWithClients"]), (&"info".into(), &"error".into()));
    assert_eq!(issuers.iter().filter(|issuer| issuer["concernsClients"] == true).count(), 2);
}

#[test]
fn without_any_client_the_expired_root_counts() {
    let found = audit("json", &["renewed-same-key/root-0.cer", "renewed-same-key/root-1.cer"]).status(1).json();
    assert_eq!(found["summary"]["verdict"], "fail");
    assert!(array(&found["issuers"]).iter().all(|issuer| issuer.get("concernsClients").is_none()), "{found}");
}
