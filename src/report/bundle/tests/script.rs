//! `Import-CmgCertificates.ps1`, as another parser of PowerShell reads it.

use tree_sitter::{Node, Parser, Tree};

use super::*;
use crate::cmg::testing::Draft;
use crate::report::bundle::{manifest, powershell};

fn parse(script: &str) -> Tree {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).unwrap();
    parser.parse(script, None).unwrap()
}

fn walk<'tree>(node: Node<'tree>, found: &mut Vec<Node<'tree>>) {
    found.push(node);
    for index in 0..node.child_count() {
        if let Some(child) = node.child(u32::try_from(index).unwrap()) {
            walk(child, found);
        }
    }
}

/// The text of every node of a kind.
fn texts<'a>(tree: &Tree, script: &'a str, kind: &str) -> Vec<&'a str> {
    let mut nodes = Vec::new();
    walk(tree.root_node(), &mut nodes);
    nodes.iter().filter(|node| node.kind() == kind).map(|node| &script[node.byte_range()]).collect()
}

/// The names of every command that the script would run.
fn commands(tree: &Tree, script: &str) -> Vec<String> {
    let mut names: Vec<String> = texts(tree, script, "command_name").into_iter().map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

fn script_of(bundle: &Bundle) -> String {
    let bytes = powershell::script(&manifest(bundle, true));
    assert!(bytes.is_ascii());
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    assert_eq!(text.matches('\r').count(), text.matches("\r\n").count());
    text
}

/// A bundle whose certificates have these names.
fn named(names: &[String]) -> Bundle {
    let mut bundle = empty();
    for (index, name) in names.iter().enumerate() {
        let mut draft = Draft::ca(name);
        draft.serial = u8::try_from(index % 100 + 1).unwrap();
        let list = if index % 2 == 0 { &mut bundle.roots } else { &mut bundle.intermediates };
        list.push(entry(draft.self_signed().certificate, "x.cer"));
    }
    bundle
}

#[test]
fn the_script_parses_and_runs_only_the_cmdlets_that_it_should() {
    let script = script_of(&bundle_of("cross-signed"));
    let tree = parse(&script);
    assert!(!tree.root_node().has_error(), "{}", tree.root_node().to_sexp());
    assert_eq!(
        commands(&tree, &script),
        [
            "ForEach-Object",
            "Format-Count",
            "Get-CMSiteComponent",
            "Get-FileHash",
            "Get-Module",
            "Get-PSDrive",
            "Get-SiteCertificateSetting",
            "Import-Module",
            "Pop-Location",
            "Push-Location",
            "Set-CMCloudManagementGateway",
            "Set-CMSite",
            "Set-StrictMode",
            "Where-Object",
            "Write-Output",
        ]
    );
}

#[test]
fn the_files_the_script_names_are_the_files_of_the_export() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("cmg");
    let manifest = export(&bundle_of("renewed-new-key"), &target);
    let script = String::from_utf8(std::fs::read(target.join("Import-CmgCertificates.ps1")).unwrap()).unwrap();
    let mut named = Vec::new();
    for line in script.lines().filter(|line| line.starts_with("    @{ Folder = ")) {
        let value = |key: &str| {
            let (_, rest) = line.split_once(&format!("{key} = '")).unwrap();
            rest.split_once('\'').unwrap().0.to_owned()
        };
        let store = if value("Folder") == "roots" { "RootCA" } else { "IntermediateCA" };
        assert_eq!(value("Store"), store);
        named.push((format!("{}/{}", value("Folder"), value("File")), value("Sha256"), value("Thumbprint")));
    }
    let expected: Vec<_> = manifest
        .roots
        .iter()
        .chain(&manifest.intermediates)
        .map(|entry| (entry.file.clone(), entry.sha256.clone(), entry.thumbprint.clone()))
        .collect();
    assert_eq!(named, expected);
}

/// What a hostile name could try: each ends a string, a line, a comment or a block where quoting is wrong.
const HOSTILE: [&str; 14] = [
    "'; Remove-Item -Recurse C:\\ #",
    "\u{2019}; Remove-Item -Recurse C:\\ #",
    "\u{201b}\u{2018}\u{201a}); Stop-Computer; ('",
    "#> Stop-Computer <#",
    "\r\nStop-Computer\r\n",
    "\u{2028}Stop-Computer\u{2029}\u{85}Stop-Computer",
    "$(Stop-Computer) `$(Stop-Computer) ${env:PATH}",
    "'@\r\nStop-Computer\r\n@'",
    "\"; Stop-Computer; \"",
    "' } Stop-Computer @{ '",
    "`'; Stop-Computer; `'",
    "{0} {1} {9999}",
    "\0'\u{1a}; Stop-Computer",
    "#certificates\n",
];

#[test]
fn no_name_gets_out_of_its_string() {
    let plain = script_of(&named(&["a".to_owned(), "b".to_owned()]));
    let expected = commands(&parse(&plain), &plain);
    let comments = texts(&parse(&plain), &plain, "comment").len();
    for name in HOSTILE.map(str::to_owned).into_iter().chain(["x'".repeat(50_000)]) {
        let script = script_of(&named(&[name.clone(), name.clone()]));
        let tree = parse(&script);
        assert!(!tree.root_node().has_error(), "{name:?}");
        assert_eq!(commands(&tree, &script), expected, "{name:?}");
        assert_eq!(texts(&tree, &script, "comment").len(), comments, "{name:?}");
        assert_eq!(script.lines().count(), plain.lines().count(), "{name:?}");
    }
}

#[test]
fn the_hostile_names_of_testdata_stay_in_their_strings_too() {
    let bundle = bundle_of("hostile-names");
    let script = script_of(&bundle);
    let tree = parse(&script);
    assert!(!tree.root_node().has_error());
    let plain = script_of(&bundle_of("cross-signed"));
    assert_eq!(commands(&tree, &script), commands(&parse(&plain), &plain));
    let entries = script.lines().filter(|line| line.starts_with("    @{ Folder = ")).count();
    assert_eq!(entries, bundle.roots.len() + bundle.intermediates.len());
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]
    #[test]
    fn any_name_at_all_leaves_the_script_as_it_is(name in proptest::prelude::any::<String>()) {
        let plain = script_of(&named(&["a".to_owned()]));
        let script = script_of(&named(&[name]));
        let tree = parse(&script);
        assert!(!tree.root_node().has_error());
        assert_eq!(commands(&tree, &script), commands(&parse(&plain), &plain));
        assert_eq!(script.lines().count(), plain.lines().count());
    }
}

#[test]
fn the_line_of_the_readme_for_ccmsetup_is_one_plain_argument_whatever_the_roots_are_called() {
    let names = ["Contoso Root CA", "A $(Start-Process calc) `n", "B \u{201d}; calc #", "C %PATH% \\", "D & calc"];
    let mut bundle = empty();
    for name in names {
        bundle.roots.push(entry(Draft::ca(name).self_signed().certificate, "root.cer"));
    }
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("cmg");
    write(&bundle, &target, &BundleOptions { all_cas: true, ..BundleOptions::default() }).unwrap();
    let text = std::fs::read_to_string(target.join("README.txt")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("  CCMCERTISSUERS=")).unwrap();
    assert_eq!(line, "\"CN=Contoso Root CA | CN=D & calc\"");
    assert_eq!(text.matches("Not in it, because it cannot be written there: ").count(), 3);
    let command = format!("Write-Output {line}");
    let tree = parse(&command);
    assert!(!tree.root_node().has_error());
    assert_eq!(commands(&tree, &command), ["Write-Output"]);
    for kind in ["variable", "sub_expression"] {
        assert!(texts(&tree, &command, kind).is_empty());
    }
}
