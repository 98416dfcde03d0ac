//! The documentation: what it shows exists. Its sessions are played in `session`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::common::{certpath, files, read, repository};
use crate::powershell::{error_in, parse};

/// Every page: its path from the repository's root, and its text.
fn pages() -> Vec<(String, String)> {
    let in_docs = files(&repository("docs")).into_iter().filter(|file| file.ends_with(".md"));
    let mut names: Vec<String> = in_docs.map(|file| format!("docs/{file}")).collect();
    names.extend(["README.md", "SECURITY.md", "CHANGELOG.md", "testdata/README.md"].map(str::to_owned));
    names
        .into_iter()
        .map(|name| {
            let text = String::from_utf8(read(repository(&name))).expect("text");
            (name, text)
        })
        .collect()
}

/// The lines of code blocks, with what stands behind ```` ``` ````; indented blocks have nothing there.
fn code(text: &str) -> Vec<(usize, &str, &str)> {
    let mut fence: Option<&str> = None;
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if let Some(info) = line.strip_prefix("```") {
            fence = if fence.is_some() { None } else { Some(info.trim()) };
        } else if let Some(info) = fence {
            lines.push((number + 1, info, line));
        } else if line.starts_with("    ") {
            lines.push((number + 1, "", line));
        }
    }
    lines
}

#[test]
fn the_recipes_for_powershell_parse() {
    let mut recipes = 0;
    for (name, text) in pages() {
        let mut script = String::new();
        let mut lines = code(&text).into_iter().filter(|(_, info, _)| *info == "powershell").peekable();
        while let Some((number, _, line)) = lines.next() {
            script.push_str(line);
            script.push('\n');
            if lines.peek().is_none_or(|(next, ..)| *next != number + 1) {
                assert_eq!(error_in(&parse(&script), &script), None, "{name}, the block that ends at line {number}");
                recipes += 1;
                script.clear();
            }
        }
    }
    assert!(recipes >= 8, "{recipes} recipes");
}

#[test]
fn the_options_that_are_shown_exist() {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let mut seen = 0;
    for (name, text) in pages() {
        for (number, _, line) in code(&text) {
            for call in line
                .split(['|', ';', '\''])
                .filter_map(|part| part.trim_start_matches(['$', ' ']).strip_prefix("certpath "))
            {
                let mut words = call.split_whitespace();
                let Some(command) = words.next().filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()))
                else {
                    continue;
                };
                let help =
                    known.entry(command.to_owned()).or_insert_with(|| certpath([command, "--help"]).status(0).text());
                for option in words.filter(|word| word.starts_with("--")) {
                    seen += 1;
                    let is_known =
                        help.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).any(|word| word == option);
                    assert!(is_known, "{name} line {number}: certpath {command} has no {option}");
                }
            }
        }
    }
    assert!(seen > 30, "{seen} options");
}

/// The anchors of a page, as GitHub makes them of its headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    headings
        .map(|heading| {
            let kept = heading.to_lowercase();
            kept.chars()
                .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect()
}

#[test]
fn the_links_between_pages_lead_somewhere() {
    let mut links = 0;
    for (name, text) in pages() {
        for target in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target) {
            if target.contains("://") {
                continue;
            }
            links += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let page = if file.is_empty() {
                repository(&name)
            } else {
                repository(&name).parent().unwrap_or(Path::new(".")).join(file)
            };
            assert!(page.exists(), "{name}: there is no {target}");
            if !anchor.is_empty() {
                let text = String::from_utf8(read(&page)).expect("text");
                assert!(anchors(&text).contains(anchor), "{name}: there is no such heading: {target}");
            }
        }
    }
    assert!(links > 30, "{links} links");
}
