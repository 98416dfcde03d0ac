//! `Import-CmgCertificates.ps1`: it parses, and no name that a certificate may have becomes code.
//!
//! The parser is tree-sitter's grammar of PowerShell. Beside it stands a strict reader of the quoting alone, because what decides is
//! whether a name can end its literal.

use std::path::Path;

use crate::common::pki::{Ca, folder, name};
use crate::common::{AT, Run, array, read, repository, testdata};

fn script(source: &Path, more: &[&str]) -> String {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("out");
    let mut run = Run::new(["export", "--at", AT, "--out"]).arg(&out).arg(source);
    for more in more {
        run = run.arg(more);
    }
    run.output().status(0);
    String::from_utf8(read(out.join("Import-CmgCertificates.ps1"))).expect("the script is text")
}

pub(crate) fn parse(script: &str) -> tree_sitter::Tree {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).expect("the grammar fits");
    parser.parse(script, None).expect("it ends")
}

/// The first place that does not parse.
pub(crate) fn error_in(tree: &tree_sitter::Tree, script: &str) -> Option<String> {
    let mut cursor = tree.walk();
    let mut deepest = None;
    let mut todo = vec![tree.root_node()];
    while let Some(node) = todo.pop() {
        if node.is_error() || node.is_missing() {
            let line = script.lines().nth(node.start_position().row).unwrap_or_default();
            deepest = Some(format!("line {}: {line}", node.start_position().row + 1));
        }
        todo.extend(node.children(&mut cursor));
    }
    deepest
}

#[derive(Debug, PartialEq, Eq, Clone)]
enum Piece {
    Code(String),
    /// What a single-quoted literal holds.
    Verbatim(String),
    /// What a double-quoted one holds: variables and `$()` run in it.
    Expandable(String),
    Comment,
}

/// PowerShell's quoting and comments, and nothing else. The four single and three double typographic quotes are quotes too
/// (about_Quoting_Rules).
fn pieces(script: &str) -> Result<Vec<Piece>, String> {
    const SINGLE: [char; 5] = ['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'];
    const DOUBLE: [char; 4] = ['"', '\u{201c}', '\u{201d}', '\u{201e}'];
    let text: Vec<char> = script.chars().collect();
    let (mut pieces, mut code, mut at) = (Vec::new(), String::new(), 0);
    while let Some(&c) = text.get(at) {
        let next = text.get(at + 1).copied();
        let word_before =
            code.chars().last().is_some_and(|before| !before.is_whitespace() && !"(){};,=|".contains(before));
        if c == '@' && next.is_some_and(|next| SINGLE.contains(&next) || DOUBLE.contains(&next)) {
            return Err("a here-string: its end depends on line ends".to_owned());
        }
        if c == '`' {
            code.extend([c].into_iter().chain(next));
            at += 2;
        } else if c == '#' && !word_before {
            pieces.push(Piece::Code(std::mem::take(&mut code)));
            pieces.push(Piece::Comment);
            while text.get(at).is_some_and(|c| !['\r', '\n'].contains(c)) {
                at += 1;
            }
        } else if c == '<' && next == Some('#') {
            pieces.push(Piece::Code(std::mem::take(&mut code)));
            pieces.push(Piece::Comment);
            let end = text[at..].windows(2).position(|pair| pair == ['#', '>']).ok_or("a comment has no end")?;
            at += end + 2;
        } else if SINGLE.contains(&c) || DOUBLE.contains(&c) {
            let quotes: &[char] = if SINGLE.contains(&c) { &SINGLE } else { &DOUBLE };
            let expandable = DOUBLE.contains(&c);
            let mut content = String::new();
            at += 1;
            loop {
                let Some(&c) = text.get(at) else { return Err(format!("a literal has no end: {content}")) };
                if expandable && c == '`' {
                    content.extend(text.get(at + 1));
                    at += 2;
                } else if quotes.contains(&c) && text.get(at + 1).is_some_and(|next| quotes.contains(next)) {
                    content.push(c);
                    at += 2;
                } else if quotes.contains(&c) {
                    at += 1;
                    break;
                } else {
                    content.push(c);
                    at += 1;
                }
            }
            pieces.push(Piece::Code(std::mem::take(&mut code)));
            pieces.push(if expandable { Piece::Expandable(content) } else { Piece::Verbatim(content) });
        } else {
            code.push(c);
            at += 1;
        }
    }
    pieces.push(Piece::Code(code));
    Ok(pieces)
}

fn code(script: &str) -> String {
    pieces(script)
        .unwrap_or_else(|error| panic!("{error}"))
        .into_iter()
        .map(|piece| match piece {
            Piece::Code(code) => code,
            Piece::Verbatim(_) => "''".to_owned(),
            Piece::Expandable(content) => format!("\"{content}\""),
            Piece::Comment => String::new(),
        })
        .collect()
}

#[test]
fn the_reader_of_quotes_knows_what_ends_a_literal() {
    let verbatim = |text: &str| Piece::Verbatim(text.to_owned());
    assert!(pieces("'a''b'").is_ok_and(|pieces| pieces.contains(&verbatim("a'b"))));
    assert!(pieces("'a\u{2019}; Remove-Item x").is_ok_and(|pieces| pieces.contains(&verbatim("a"))));
    assert!(pieces("'a").is_err());
    assert_eq!(code("x # '\ny <# \" #> z"), "x \ny  z");
}

#[test]
fn the_script_parses_as_powershell_and_is_ascii() {
    for (source, more) in [
        (repository("testdata/contoso"), vec![]),
        (testdata("hostile-names"), vec![]),
        (testdata("renewed-new-key"), vec!["--all-paths"]),
        (testdata("two-roots-one-name"), vec!["--all-cas"]),
    ] {
        let script = script(&source, &more);
        assert!(script.is_ascii());
        let tree = parse(&script);
        assert!(!tree.root_node().has_error(), "{}: {:?}", source.display(), error_in(&tree, &script));
        pieces(&script).unwrap_or_else(|error| panic!("{}: {error}", source.display()));
    }
}

#[test]
fn the_parser_sees_what_is_broken() {
    for broken in ["if ($x) {", "'a", "$a = @{ 'x' = }", "function {"] {
        assert!(parse(broken).root_node().has_error(), "{broken}");
    }
}

/// Roots and issuing CAs with these names, as many as there are, and a client each.
fn named(names: &[String]) -> tempfile::TempDir {
    let mut files = Vec::new();
    for (n, common) in names.iter().enumerate() {
        let root = Ca::root(common);
        let issuing = root.issue_ca(common);
        files.push((format!("{n}-client"), issuing.client_with("host.test", |options| options.subject = name(common))));
        files.push((format!("{n}-issuing"), issuing.der));
        files.push((format!("{n}-root"), root.der));
    }
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    folder(&files)
}

#[test]
fn names_never_change_the_code() {
    let hostile: Vec<String> = [
        "'; Remove-Item C:\\ -Recurse; '",
        "\u{2019}; Stop-Computer; \u{2018}",
        "\u{201a}; Stop-Computer; \u{201b}",
        "\u{201d}; Stop-Computer; \u{201c}",
        "$(Stop-Computer)",
        "`$env:PATH `n",
        "\"; Stop-Computer; \"",
        "#> Stop-Computer <#",
        "'@\nStop-Computer\n@'",
        "line\r\nStop-Computer\r\n",
        "line\u{2028}Stop-Computer\u{85}",
        "{0} {1:x}",
        "a' + (Stop-Computer) + 'b",
        "''''",
        "\u{ff07}; \u{ff02}; \u{ff04}(x)",
        "-WhatIf:$false",
        "; } finally { Stop-Computer",
        "\0 Stop-Computer",
    ]
    .map(str::to_owned)
    .to_vec();
    let harmless: Vec<String> = (0..hostile.len()).map(|n| format!("Harmless {n}")).collect();
    let (hostile, harmless) = (script(named(&hostile).path(), &[]), script(named(&harmless).path(), &[]));
    assert_eq!(code(&hostile), code(&harmless), "the code between the literals");
    for (name, script) in [("hostile", &hostile), ("harmless", &harmless)] {
        let tree = parse(script);
        assert!(!tree.root_node().has_error(), "{name}: {:?}", error_in(&tree, script));
        for piece in pieces(script).unwrap_or_default() {
            if let Piece::Expandable(content) = &piece {
                assert!(
                    !content.contains("Stop-Computer") && !content.contains("Harmless"),
                    "{name}: a name in {piece:?}"
                );
            }
        }
    }
    assert_eq!(
        parse(&hostile).root_node().to_sexp().matches("command_name").count(),
        parse(&harmless).root_node().to_sexp().matches("command_name").count()
    );
}

#[test]
fn it_does_what_it_is_for_and_no_more() {
    let script = script(&repository("testdata/contoso"), &[]);
    let code = code(&script);
    for words in [
        "Set-CMCloudManagementGateway",
        "$PSScriptRoot",
        "SupportsShouldProcess",
        "ShouldProcess",
        "$Name",
        "$SiteCode",
        "CARootCert",
    ] {
        assert!(code.contains(words), "{words} is not in the code");
    }
    assert!(script.contains("SHA256"));
    assert!(
        script.contains("New-CMCloudManagementGateway") && !code.contains("New-CMCloudManagementGateway"),
        "only in a comment"
    );
    for never in ["Invoke-Expression", "iex ", "Invoke-WebRequest", "Start-Process", "DownloadString", "Add-Type"] {
        assert!(!code.to_lowercase().contains(&never.to_lowercase()), "{never}");
    }
    // the site's list of trusted roots is touched behind -SiteCode and a switch of its own
    let site = code.find("Set-CMSite").expect("Set-CMSite is there");
    assert!(code[..site].contains("[switch]") || code[..site].contains("[Switch]"), "a switch stands before it");
}

#[test]
fn every_file_stands_in_it_with_its_role_and_hash() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("out");
    Run::new(["export", "--at", AT, "--out"]).arg(&out).arg(repository("testdata/contoso")).output().status(0);
    let script = String::from_utf8(read(out.join("Import-CmgCertificates.ps1"))).expect("text");
    let manifest: serde_json::Value = serde_json::from_slice(&read(out.join("manifest.json"))).expect("JSON");
    for entry in array(&manifest["roots"]).iter().chain(array(&manifest["intermediates"])) {
        let hash = entry["sha256"].as_str().expect("a hash");
        assert!(script.to_lowercase().contains(hash), "{hash} is not in the script");
    }
    assert!(script.contains("RootCA") && script.contains("IntermediateCA"));
}
