//! Names that attack: neutral in every output, whatever medium it is for.

use crate::common::pki::{Ca, folder, name};
use crate::common::{AT, Run, repository, testdata};

/// Characters that make a terminal show something else than what is there.
pub(crate) fn deceives(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{200b}'..='\u{200d}' | '\u{feff}' | '\u{2028}' | '\u{2029}')
}

fn hostile() -> tempfile::TempDir {
    let names = [
        "esc\u{1b}[2J\u{1b}]0;owned\u{7}",
        "c1\u{9b}31m",
        "bidi\u{202e}gnp.exe\u{2066}x",
        "marks\u{200e}\u{200f}\u{061c}",
        "null\0byte",
        "new\nline: VALID\r\n\u{2028}sep",
        "backspace\u{8}\u{8}\u{8}del\u{7f}",
        "zero\u{200b}width\u{feff}",
        "tab\tcell",
        "]8;;http://evil.test\u{7}link",
    ];
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for (n, common) in names.iter().enumerate() {
        let root = Ca::root_with(name(&format!("{n} {common}")), |_| {});
        let issuing = root.issue_ca(common);
        files.push((
            format!("{n}-client.cer"),
            issuing.client_with("host.test", |options| options.subject = name(common)),
        ));
        files.push((format!("{n}-root.cer"), root.der));
        // every other issuing CA is missing: names in messages too
        if n % 2 == 0 {
            files.push((format!("{n}-issuing.cer"), issuing.der));
        }
    }
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    folder(&files)
}

#[test]
fn no_name_reaches_the_terminal_as_a_command() {
    let made = hostile();
    for source in [testdata("hostile-names"), made.path().to_owned()] {
        for command in ["inspect", "chain", "audit"] {
            for format in ["table", "csv", "json", "ndjson"] {
                let output = Run::new([command, "--at", AT, "--format", format]).arg(&source).output();
                let seen = output.seen().replace("\r\n", "\n");
                let bad: Vec<char> = seen.chars().filter(|c| deceives(*c)).collect();
                assert!(bad.is_empty(), "{command} {format}: {bad:?}");
            }
        }
        let place = tempfile::tempdir().expect("a folder");
        let output = Run::new(["export", "--at", AT, "--allow-incomplete", "--out"])
            .arg(place.path().join("out"))
            .arg(&source)
            .output();
        assert!(output.seen().chars().all(|c| !deceives(c)), "{:?}", output.seen());
    }
}

#[test]
fn a_newline_in_a_name_does_not_make_a_line_of_the_tree() {
    let output = Run::new(["chain", "--at", AT, "--fail-on", "never"]).arg(hostile().path()).output();
    assert!(
        !output
            .text()
            .lines()
            .any(|line| line.trim_start_matches([' ', '│', '└', '─', '├']).starts_with("line: VALID")),
        "{}",
        output.text()
    );
}

#[cfg(unix)]
#[test]
fn hostile_file_names_are_neutral_too() {
    let root = Ca::root("Plain Root");
    let folder =
        folder(&[("a\u{1b}[31m\u{202e}.cer", &root.der), ("bad\u{1b}]0;x\u{7}.cer", b"\x30\x82\x03\x00\x30\x82")]);
    for format in ["table", "csv", "json"] {
        let output = Run::new(["inspect", "--at", AT, "--format", format]).arg(folder.path()).output().status(3);
        let seen = output.seen().replace("\r\n", "\n");
        assert!(seen.chars().all(|c| !deceives(c)), "{format}: {seen:?}");
    }
}

#[test]
fn an_argument_that_is_wrong_is_quoted_harmlessly() {
    let output = Run::new(["inspect", "/no/such/\u{1b}[31mfile\u{202e}"]).output().status(2);
    assert!(output.seen().chars().all(|c| !deceives(c)), "{:?}", output.seen());
}

#[test]
fn neither_an_argument_nor_the_settings_reach_the_terminal_as_a_command() {
    const EVIL: &str = "no\u{1b}]0;x\u{7}\u{1b}[31m\u{202e}such";
    let harmless = |arguments: &[&str]| {
        let output = Run::new(arguments).output().status(2);
        assert!(output.stderr.contains("no") && output.stderr.contains("such"), "{arguments:?}: {:?}", output.seen());
        assert!(output.seen().chars().all(|c| !deceives(c)), "{arguments:?}: {:?}", output.seen());
    };
    // As a file whose name begins with hyphens comes from a wildcard.
    harmless(&["inspect", &format!("--{EVIL}")]);
    harmless(&["inspect", "--format", EVIL, "."]);
    harmless(&[EVIL]);
    harmless(&["inspect", "--select", EVIL, "."]);
    harmless(&["inspect", "--paths-from", EVIL]);
    harmless(&["inspect", "--password-file", EVIL, "."]);
    harmless(&["inspect", "--password-env", EVIL, "."]);
    harmless(&["inspect", &format!("Cert:\\{EVIL}")]);
    harmless(&["explain", EVIL]);
    harmless(&["schema", EVIL]);
    harmless(&["plan", "--identity", EVIL]);
    let escaped = EVIL.escape_unicode().to_string().replace("\\u{", "\\U{").replace('}', "");
    let escaped: String = escaped.split("\\U{").skip(1).map(|code| format!("\\U{code:0>8}")).collect();
    for settings in [
        format!("[severity]\ncdp = \"{escaped}\""),
        format!("[severity]\n\"{escaped}\" = \"error\""),
        format!("\"{escaped}\" = 1"),
    ] {
        let place = folder(&[("site.toml", settings.as_bytes())]);
        harmless(&["explain", "--config", place.path().join("site.toml").to_str().expect("a path")]);
    }
}

#[test]
fn html_of_hostile_names_holds_no_markup_of_theirs() {
    let output =
        Run::new(["audit", "--at", AT, "--format", "html"]).arg(repository("testdata/pki/hostile-names")).output();
    let text = output.text();
    assert!(text.to_lowercase().contains("<html"), "{}", output.seen());
    assert!(!text.contains("<script>alert(1)") && !text.contains("</script>alert"), "markup came through");
    assert!(!text.contains('\u{1b}'));
}
