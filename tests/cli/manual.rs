//! `certpath man`: one page, whole, that `man` can show.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::common::{Run, not_run};

fn page() -> String {
    Run::new(["man"]).output().status(0).silent().text()
}

/// The commands, as the help lists them.
fn commands() -> Vec<String> {
    let help = Run::new(["--help"]).output().status(0).text();
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = list.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    names.map(str::to_owned).collect()
}

/// The words of a text that are long options.
fn options(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let mut options: Vec<String> =
        words.filter(|word| word.starts_with("--") && word.len() > 2).map(str::to_owned).collect();
    options.sort();
    options.dedup();
    options
}

#[test]
fn the_manual_page_has_every_option_of_every_command_in_the_commands_own_section() {
    let page = page().replace("\\-", "-");
    let commands = commands();
    assert!(commands.len() > 9, "{commands:?}");
    for command in commands {
        let heading = format!(".SH \"CERTPATH {}\"\n", command.to_uppercase());
        let (_, section) = page.split_once(&heading).unwrap_or_else(|| panic!("no section of {command} in\n{page}"));
        let section = section.split("\n.SH ").next().unwrap_or_default();
        let help = Run::new([command.as_str(), "--help"]).output().status(0).text();
        for option in options(&help).iter().filter(|option| !["--help", "--version"].contains(&option.as_str())) {
            assert!(section.contains(option.as_str()), "{option} of {command} is not in\n{section}");
        }
    }
}

#[test]
fn the_manual_page_tells_the_exit_statuses_and_refers_to_no_other_page() {
    let page = page().replace("\\-", "-");
    assert!(page.is_ascii(), "{page}");
    assert_eq!(page.matches("\n.TH ").count() + usize::from(page.starts_with(".TH ")), 1, "{page}");
    let (_, statuses) = page.split_once(".SH \"EXIT STATUS\"\n").unwrap_or_else(|| panic!("no EXIT STATUS in\n{page}"));
    for status in 0..=5 {
        assert!(statuses.contains(&format!(".TP\n\\fB{status}\\fR\n")), "{status} is not in\n{statuses}");
    }
    assert!(!page.contains("(1)") && !page.contains("EXTRA"), "{page}");
}

#[test]
fn groff_shows_the_manual_page_without_a_warning() {
    let page = page();
    let mut command = Command::new("groff");
    command.args(["-man", "-Tutf8", "-ww"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else { return not_run("groff is not there") };
    let mut pipe = child.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || {
        let _ = pipe.write_all(page.as_bytes());
    });
    let output = child.wait_with_output().expect("groff ends");
    let _ = writer.join();
    let warnings = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && warnings.is_empty(), "{warnings}");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("SubjectStr:…"), "{shown}");
}
