//! What the contributor documentation lists is what there is.

use std::collections::BTreeSet;
use std::path::Path;

/// The tests below `folder` that are compiled on Unix and not on Windows: by an attribute of their own or of their file.
fn tests_for_unix_alone(folder: &Path, found: &mut BTreeSet<String>) {
    const UNIX: [&str; 4] = ["cfg(unix)", "cfg(not(windows))", "cfg(target_os = \"linux\")", "cfg(all(unix"];
    let is_unix = |line: &str| UNIX.iter().any(|condition| line.contains(condition));
    for entry in walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok) {
        if entry.path().extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).expect("a source file");
        let whole_file = text.lines().any(|line| line.starts_with("#![cfg(") && is_unix(line));
        let mut attributes: Vec<&str> = Vec::new();
        for line in text.lines().map(str::trim) {
            if line.starts_with("#[") {
                attributes.push(line);
            } else if let Some(rest) = line.strip_prefix("fn ") {
                let is_test = attributes.contains(&"#[test]");
                if is_test && (whole_file || attributes.iter().any(|attribute| is_unix(attribute))) {
                    found.insert(rest.split('(').next().unwrap_or_default().to_owned());
                }
                attributes.clear();
            } else if !line.starts_with("//") {
                attributes.clear();
            }
        }
    }
}

#[test]
fn the_list_of_tests_that_are_unix_alone_is_complete() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    for folder in ["src", "tests"] {
        tests_for_unix_alone(&root.join(folder), &mut found);
    }
    let text = std::fs::read_to_string(root.join("docs/contributing.md")).expect("the document");
    let list =
        text.split_once("<!-- unix-only:").and_then(|(_, rest)| rest.split_once("<!-- end -->")).expect("a list").0;
    let listed: BTreeSet<String> =
        list.lines().filter_map(|line| line.strip_prefix("- `")?.strip_suffix('`')).map(str::to_owned).collect();
    let as_list = found.iter().map(|name| format!("- `{name}`\n")).collect::<String>();
    assert!(listed == found, "docs/contributing.md should list:\n{as_list}");
}
