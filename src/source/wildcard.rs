//! `*` and `?` in a path, which Windows leaves to the program to expand.

use std::path::{Path, PathBuf};

/// Whether a name fits a pattern, without regard to case.
fn fits(pattern: &str, name: &str) -> bool {
    let lower = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<Vec<char>>();
    let (pattern, name) = (lower(pattern), lower(name));
    let (mut at, mut place) = (0, 0);
    // Where the last star stands, and how far the name was when it was met: only that one is ever gone back to.
    let mut star: Option<(usize, usize)> = None;
    while place < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, place));
                at += 1;
            }
            Some('?') => {
                at += 1;
                place += 1;
            }
            Some(character) if *character == name[place] => {
                at += 1;
                place += 1;
            }
            _ => match star {
                Some((position, met)) => {
                    star = Some((position, met + 1));
                    at = position + 1;
                    place = met + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|character| *character == '*')
}

fn is_pattern(part: &str) -> bool {
    part.contains(['*', '?'])
}

/// The paths that a pattern stands for, in order; the pattern itself where it has no wildcard or fits nothing. `list` tells the
/// names in a folder.
pub(crate) fn expand(pattern: &str, list: impl Fn(&Path) -> Vec<String>) -> Vec<PathBuf> {
    // The prefix of Windows' long paths has a question mark that is none.
    let (prefix, rest) = match pattern.strip_prefix("\\\\?\\") {
        Some(rest) => ("\\\\?\\", rest),
        None => ("", pattern),
    };
    if !is_pattern(rest) {
        return vec![PathBuf::from(pattern)];
    }
    let mut paths = vec![prefix.to_owned()];
    for part in rest.split_inclusive(['\\', '/']) {
        let name = part.trim_end_matches(['\\', '/']);
        let separator = &part[name.len()..];
        if !is_pattern(name) {
            paths.iter_mut().for_each(|path| path.push_str(part));
            continue;
        }
        let mut next = Vec::new();
        for path in &paths {
            let folder = if path.is_empty() { Path::new(".") } else { Path::new(path) };
            let mut names = list(folder);
            names.sort();
            let fitting = names.iter().filter(|found| fits(name, found));
            next.extend(fitting.map(|found| format!("{path}{found}{separator}")));
        }
        paths = next;
    }
    if paths.is_empty() { vec![PathBuf::from(pattern)] } else { paths.into_iter().map(PathBuf::from).collect() }
}

/// The names in a folder, as far as it can be read.
#[cfg_attr(not(windows), allow(dead_code))]
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_fit_patterns_as_on_windows() {
        for (pattern, name) in
            [("*.cer", "Root.CER"), ("*", "x"), ("?.pem", "a.pem"), ("a*b*c", "aXbXbc"), ("*.*", "a.b"), ("ÄB*", "äbc")]
        {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("*.cer", "a.cer.txt"), ("?", ""), ("a?", "a"), ("", "a"), ("a*b", "a")] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn every_part_of_a_path_is_expanded_in_order() {
        let list = |folder: &Path| match folder.to_str().unwrap() {
            "pki\\" => vec!["b".to_owned(), "a".to_owned()],
            "pki\\a\\" => vec!["2.cer".to_owned(), "1.cer".to_owned(), "x.txt".to_owned()],
            "pki\\b\\" => vec!["3.cer".to_owned()],
            _ => Vec::new(),
        };
        let expanded = expand("pki\\*\\*.cer", list);
        assert_eq!(expanded, ["pki\\a\\1.cer", "pki\\a\\2.cer", "pki\\b\\3.cer"].map(PathBuf::from));
        assert_eq!(expand("pki\\*.p7b", list), [PathBuf::from("pki\\*.p7b")]);
        assert_eq!(expand("\\\\?\\C:\\a.cer", list), [PathBuf::from("\\\\?\\C:\\a.cer")]);
    }

    proptest! {
        #[test]
        fn many_stars_cost_little(stars in 1..40usize) {
            let pattern = "a*".repeat(stars) + "b";
            prop_assert!(!fits(&pattern, &"a".repeat(2000)));
        }
    }
}
