use super::*;
use crate::report::testing;

fn page(number: usize) -> String {
    let mut out = Vec::new();
    testing::write_page(&mut out, testing::audit(number));
    String::from_utf8(out).unwrap()
}

fn data(page: &str) -> serde_json::Value {
    let (_, rest) = page.split_once("id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn the_policy_allows_this_script_and_this_style_and_nothing_else() {
    // What every browser's documentation gives for the empty text.
    assert_eq!(policy_hash(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    let page = page(3);
    assert!(page.contains(&format!("script-src '{}'; style-src '{}'", policy_hash(SCRIPT), policy_hash(STYLE))));
    assert!(page.contains("default-src 'none'"));
    assert!(!page.contains(" style=\""), "an attribute would need a policy that is not strict");
}

#[test]
fn nothing_is_fetched_from_elsewhere() {
    let page = page(3).replace("http://www.w3.org/2000/svg", "");
    for fetching in ["src=\"", "url(", "@import", "<link", "<iframe", "http://", "https://"] {
        assert!(!page.contains(fetching), "{fetching}");
    }
}

#[test]
fn hostile_names_stay_text_in_markup_and_in_data() {
    let page = page(50);
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    for markup in ["<img", "<svg onload", "onerror=document.title='owned'>, O", "\u{202e}"] {
        assert!(!page.contains(markup), "{markup}");
    }
    let rows = data(&page);
    let subjects: Vec<&str> = rows["rows"].as_array().unwrap().iter().map(|row| row[1].as_str().unwrap()).collect();
    assert!(subjects.contains(&"CN=</script><script>document.title='owned'</script>, O=Hostile"));
    assert!(subjects.contains(&"CN=\\u{202e}moc.osotnoc\\u{202c}, O=Hostile"));
}

#[test]
fn every_row_stands_in_the_data_the_worst_first() {
    let data = data(&page(2_000));
    let rows = data["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2_000);
    let verdicts: Vec<u64> = rows.iter().map(|row| row[0].as_u64().unwrap()).collect();
    assert!(verdicts.is_sorted_by(|one, two| one >= two));
    for row in rows {
        for finding in row[4].as_array().unwrap() {
            assert!(data["findings"][finding.as_u64().unwrap() as usize]["message"].is_string());
        }
        assert!(data["paths"][row[6].as_u64().unwrap() as usize].is_array());
    }
}

#[test]
fn each_ca_is_drawn_with_its_number_of_certificates() {
    let report = testing::audit(500);
    let page = page(500);
    let picture = page.split_once("chain-title\">").unwrap().1.split_once("</svg>").unwrap().0;
    for issuer in &report.issuers {
        assert!(picture.contains(&format!("<title>{}</title>", escape(&issuer.certificate.subject))));
        assert!(picture.contains(&format!(">{}<", count_text(issuer.clients))));
    }
}

fn count_text(number: u64) -> String {
    crate::report::style::count(number, "certificate", "certificates")
}

#[test]
fn an_audit_of_nothing_is_a_page_too() {
    let mut report = testing::audit(0);
    report.issuers.clear();
    let mut out = Vec::new();
    testing::write_page(&mut out, report);
    assert!(String::from_utf8(out).unwrap().contains("No CA certificate was found."));
}

#[test]
fn a_row_is_the_same_without_a_script_also_where_the_certificate_was_found_and_in_how_many_more_places() {
    let page = page(12);
    let shown = page.split_once("<tbody id=\"rows\">").unwrap().1.split_once("</tbody>").unwrap().0;
    assert!(shown.contains(":31 and 1 more</td></tr>"), "{shown}");
    for row in data(&page)["rows"].as_array().unwrap() {
        assert!(shown.contains(&format!(">{}</td></tr>", escape(row[9].as_str().unwrap()))), "{row}");
    }
}

#[test]
fn each_case_of_a_finding_is_told_with_its_own_severity_and_number() {
    let report = testing::audit(500);
    let page = page(500);
    let validity = report.summary.codes.iter().find(|code| code.id == "validity").unwrap();
    assert_eq!(validity.cases.len(), 2);
    for case in &validity.cases {
        let (severity, count) = (case.severity.name(), case.count);
        let start = format!("<span class=\"badge {severity}\">{severity}</span> {count} <code");
        assert!(page.contains(&format!("{start} class=\"faint\">{}</code> {}</li>", case.case, case.title)), "{page}");
    }
}
