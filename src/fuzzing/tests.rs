//! Every target over the seeds, so that what the fuzzer checks is checked where there is no fuzzer.

use std::path::{Path, PathBuf};

use super::{TARGETS, mesh};
use crate::source::testing::{corpus, not_run};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files(&entry.path(), found),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
}

/// The files of testdata, and what becomes of them when they are cut short or a byte is another.
#[test]
fn every_target_holds_over_testdata_whole_and_damaged() {
    let mut paths = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata"), &mut paths);
    paths.sort();
    assert!(paths.len() > 50);
    for path in paths {
        let bytes = std::fs::read(&path).unwrap();
        if bytes.len() > 64 * 1024 {
            continue;
        }
        let mut damaged = bytes.clone();
        if let Some(byte) = damaged.get_mut(bytes.len() * 2 / 3) {
            *byte ^= 0x41;
        }
        for input in [&bytes[..], &bytes[..bytes.len() / 2], &damaged] {
            for (_, target) in TARGETS {
                target(input);
            }
        }
    }
}

/// What the fuzzer has gathered, where it has been run; and the collections of trouble, where they are at hand.
#[test]
fn every_target_holds_over_what_the_fuzzer_gathered() {
    let gathered = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (name, target) in TARGETS {
        let mut inputs = Vec::new();
        files(&gathered.join(name), &mut inputs);
        if inputs.is_empty() {
            not_run(&format!("the gathered inputs of the fuzz target {name} (.ci/fuzz gathers them)"));
        }
        inputs.sort();
        for input in inputs.iter().step_by(1 + inputs.len() / 200) {
            target(&std::fs::read(input).unwrap());
        }
    }
}

#[test]
fn the_targets_hold_over_the_corpora_of_malformed_files() {
    let Some(folder) = corpus("malformed") else { return };
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    paths.sort();
    for path in paths.iter().step_by(1 + paths.len() / 400) {
        let bytes = std::fs::read(path).unwrap();
        if bytes.len() <= 16 * 1024 {
            TARGETS.iter().for_each(|(_, target)| target(&bytes));
        }
    }
}

#[test]
fn every_target_is_a_binary_of_the_fuzzers_crate() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/Cargo.toml");
    let Ok(manifest) = std::fs::read_to_string(manifest) else {
        return not_run("the comparison with fuzz/Cargo.toml, which is not in the package");
    };
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is missing in fuzz/Cargo.toml");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % end.max(1)
    }

    /// A file, or what stands in it from some SEQUENCE on, with a few bytes changed, repeated or left out.
    fn damage(&mut self, files: &[Vec<u8>]) -> Vec<u8> {
        let file = &files[self.below(files.len())];
        let sequences: Vec<usize> = memchr::memchr_iter(0x30, file).collect();
        let from =
            if self.below(2) == 0 { 0 } else { sequences.get(self.below(sequences.len())).copied().unwrap_or(0) };
        let mut bytes = file[from..].to_vec();
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len());
            let (from, length) = (self.below(file.len()), self.below(64));
            match self.below(6) {
                0 => bytes.truncate(at),
                // Where lengths end and begin to lie.
                1 => bytes.splice(at..at, [0x80, 0x84, 0xff, 0x00][..=self.below(3)].iter().copied()).for_each(drop),
                2 => bytes.splice(at..at, file[from..file.len().min(from + length)].iter().copied()).for_each(drop),
                3 => drop(bytes.drain(at..bytes.len().min(at + length))),
                _ if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                _ => {}
            }
        }
        bytes
    }
}

/// A short run for every change; `.ci/fuzz` runs for hours, and looks where it has not been.
#[test]
fn every_target_holds_over_a_thousand_damaged_inputs() {
    let mut paths = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata"), &mut paths);
    paths.sort();
    let files: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    let files: Vec<Vec<u8>> = files.into_iter().filter(|file| (1..=4096).contains(&file.len())).collect();
    assert!(files.len() > 50);
    for (seed, (_, target)) in (1..).zip(TARGETS) {
        let mut dice = Dice(seed);
        for _ in 0..1000 {
            target(&dice.damage(&files));
        }
    }
}

#[test]
fn meshes_of_a_few_hundred_shapes_hold() {
    let mut dice = Dice(1);
    for size in 0..300 {
        let bytes: Vec<u8> = (0..4 * (size % 14)).map(|_| dice.below(256) as u8).collect();
        mesh(&bytes);
    }
}
