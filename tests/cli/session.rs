//! The sessions shown in README.md and docs: each command, run for real, prints what stands there.
//!
//! A session is a fenced block marked `console`. `$ certpath …` is run in a folder that holds testdata; what follows, up to the next `$`,
//! is its output, standard error included. `[..]` stands for any part of a line, a line `...` for any lines, and `? N` for an exit status
//! that is not 0. Commands of other programs are shown, not run.

use std::path::Path;

use crate::common::{Run, files, read, repository};

struct Step {
    line: usize,
    command: String,
    expected: Vec<String>,
    status: i32,
}

fn steps(markdown: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let (mut inside, mut running) = (false, false);
    for (number, line) in markdown.lines().enumerate() {
        let fence = line.trim_start();
        if let Some(info) = fence.strip_prefix("```") {
            inside = !inside && info.trim() == "console";
            running = false;
        } else if inside && let Some(command) = line.strip_prefix("$ ") {
            running = command.starts_with("certpath ");
            if running {
                steps.push(Step { line: number + 1, command: command.to_owned(), expected: Vec::new(), status: 0 });
            }
        } else if inside
            && running
            && let Some(step) = steps.last_mut()
        {
            match line.strip_prefix("? ").and_then(|status| status.parse().ok()) {
                Some(status) => step.status = status,
                None => step.expected.push(line.to_owned()),
            }
        }
    }
    for step in &mut steps {
        while step.expected.last().is_some_and(|line| line.trim().is_empty()) {
            step.expected.pop();
        }
    }
    steps
}

/// The words of a command line, as a POSIX shell splits it; no expansions.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut any) = (Vec::new(), String::new(), None, false);
    for c in command.chars() {
        match quote {
            Some(end) if c == end => quote = None,
            Some(_) => word.push(c),
            None if c == '\'' || c == '"' => {
                quote = Some(c);
                any = true;
            }
            None if c.is_whitespace() => {
                if any || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                any = false;
            }
            None => word.push(c),
        }
    }
    if any || !word.is_empty() {
        words.push(word);
    }
    words
}

fn line_matches(expected: &str, found: &str) -> bool {
    let mut parts = expected.trim_end().split("[..]");
    let Some(mut rest) = found.trim_end().strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

fn matches(expected: &[String], found: &[&str]) -> bool {
    match expected.split_first() {
        None => found.is_empty(),
        Some((line, more)) if line.trim() == "..." => (0..=found.len()).any(|skip| matches(more, &found[skip..])),
        Some((line, more)) => {
            found.split_first().is_some_and(|(first, rest)| line_matches(line, first) && matches(more, rest))
        }
    }
}

/// The sessions were printed on Unix. On Windows paths have other separators, and what is no console gets lines of ASCII.
fn as_here(text: &str) -> String {
    if !cfg!(windows) {
        return text.to_owned();
    }
    let drawn = [("\\", "/"), ("├", "|"), ("│", "|"), ("└", "`"), ("─", "-")];
    drawn.iter().fold(text.to_owned(), |text, (there, here)| text.replace(there, here))
}

fn play(markdown: &Path) -> usize {
    let text = String::from_utf8(read(markdown)).expect("text");
    let place = tempfile::tempdir().expect("a folder");
    for file in files(&repository("testdata")) {
        crate::common::write(place.path().join("testdata").join(&file), read(repository("testdata").join(&file)));
    }
    let steps = steps(&text);
    for step in &steps {
        let words = words(&step.command);
        assert!(
            !words.iter().any(|word| ["|", ">", "&&"].contains(&word.as_str())),
            "{}: pipes are shown, not run",
            step.command
        );
        let output = Run::new(&words[1..]).dir(place.path()).output();
        let seen = as_here(&output.seen());
        let expected: Vec<String> = step.expected.iter().map(|line| as_here(line)).collect();
        let found: Vec<&str> = seen.trim_end().lines().collect();
        let at = format!("{} line {}: $ {}", markdown.display(), step.line, step.command);
        assert_eq!(output.status, step.status, "{at}\n{seen}");
        assert!(matches(&expected, &found), "{at}\n--- shown\n{}\n--- printed\n{seen}", step.expected.join("\n"));
    }
    steps.len()
}

#[test]
fn the_sessions_of_the_readme_and_of_docs_are_real() {
    let readme = play(&repository("README.md"));
    assert!(readme >= 1, "README.md shows a session");
    for file in files(&repository("docs")).iter().filter(|file| file.ends_with(".md")) {
        play(&repository("docs").join(file));
    }
}

#[test]
fn a_session_that_is_not_what_was_printed_is_seen() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(matches(&lines("a\n...\nz [..] 3"), &["a", "b", "c", "z is 3"]));
    assert!(!matches(&lines("a\nb"), &["a"]));
    assert!(!matches(&lines("a"), &["a", "b"]));
    assert!(!line_matches("a [..] b", "a b c"));
    assert_eq!(words("certpath chain 'a b' \"\" c"), ["certpath", "chain", "a b", "", "c"]);
    let read = steps("```console\n$ cargo build\nx\n$ certpath explain CP9\nno\n? 2\n```\n$ certpath no\n");
    assert_eq!(read.len(), 1);
    assert_eq!((read[0].status, read[0].expected.as_slice()), (2, ["no".to_owned()].as_slice()));
}
