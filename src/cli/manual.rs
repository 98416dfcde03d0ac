//! The manual page: one, with the options of every command, in roff.

use clap::CommandFactory;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli::args::{Arguments, EXIT_STATUS};

/// The page as `man` reads it, in ASCII.
pub(crate) fn page() -> Vec<u8> {
    let mut program = Arguments::command().disable_help_subcommand(true);
    program.build();
    let man = Man::new(program.clone());
    let mut page = rendered(|out| man.render_title(out));
    // Paths and names of stores are to be copied as they stand.
    page.push_str(".nh\n");
    page.push_str(&rendered(|out| man.render_name_section(out)));
    page.push_str(&rendered(|out| man.render_synopsis_section(out)));
    page.push_str(&rendered(|out| man.render_description_section(out)));
    page.push_str(&commands(&program));
    page.push_str(&rendered(|out| man.render_options_section(out)));
    for command in program.get_subcommands() {
        page.push_str(&section(command));
    }
    page.push_str(&exit_status());
    page.push_str(&rendered(|out| man.render_version_section(out)));
    ascii(&page).into_bytes()
}

fn rendered(render: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    // Writing into memory cannot fail.
    let _ = render(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// A line a command.
fn commands(program: &clap::Command) -> String {
    let mut roff = Roff::new();
    roff.control("SH", ["COMMANDS"]);
    for command in program.get_subcommands() {
        roff.control("TP", []);
        roff.text([bold(command.get_name())]);
        roff.text([roman(about(command))]);
    }
    roff.render()
}

fn about(command: &clap::Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

/// A command's section: what it does, how it is called, its options under their headings, and examples.
fn section(command: &clap::Command) -> String {
    // They stand among the program's own.
    let own = ["help", "version"].into_iter().fold(command.clone(), |command, id| {
        let has_it = command.get_arguments().any(|argument| argument.get_id() == id);
        if has_it { command.mut_arg(id, |argument| argument.hide(true)) } else { command }
    });
    let mut head = Roff::new();
    head.control("SH", [format!("CERTPATH {}", command.get_name().to_uppercase()).as_str()]);
    head.text([roman(about(command))]);
    let mut tail = Roff::new();
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    if let Some(lines) = examples.strip_prefix("Examples:\n") {
        tail.control("SS", ["EXAMPLES"]);
        tail.control("nf", []);
        for line in lines.lines() {
            tail.text([roman(line.trim())]);
        }
        tail.control("fi", []);
    }
    let man = Man::new(own.clone());
    let mut parts = rendered(|out| man.render_synopsis_section(out));
    if own.get_arguments().any(|argument| !argument.is_hide_set()) {
        parts.push_str(&rendered(|out| man.render_options_section(out)));
    }
    // A line of text never begins with a point.
    let parts = parts.replace("\n.SH ", "\n.SS ");
    [head.render(), parts, tail.render()].concat()
}

fn exit_status() -> String {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for (status, meaning) in EXIT_STATUS.lines().filter_map(|line| line.trim().split_once("  ")) {
        roff.control("TP", []);
        roff.text([bold(status)]);
        roff.text([roman(meaning)]);
    }
    roff.render()
}

/// Characters beyond ASCII by their numbers, so that it does not matter which encoding `man` takes the page for.
fn ascii(page: &str) -> String {
    let mut out = String::with_capacity(page.len());
    for c in page.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            out.push_str(&format!("\\[u{:04X}]", u32::from(c)));
        }
    }
    out
}
