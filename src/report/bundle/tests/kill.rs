//! A kill at any moment: each export is whole under one name.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::*;
use crate::source::testing::patiently;

const TARGET: &str = "CERTPATH_TEST_EXPORT_TO";
const AT_WORK: &str = "at work";

/// The process that is killed: exports two different bundles in turn, for ever. Runs only where the test below starts it.
#[test]
fn the_one_that_is_killed() {
    let Some(target) = std::env::var_os(TARGET) else { return };
    let bundles = [bundle_of("cross-signed"), bundle_of("renewed-same-key")];
    for (round, bundle) in bundles.iter().cycle().enumerate() {
        write(bundle, Path::new(&target), &forced()).unwrap();
        if round == 1 {
            writeln!(std::io::stdout(), "{AT_WORK}").unwrap();
        }
    }
}

#[test]
fn a_kill_at_any_moment_leaves_each_export_whole_under_one_name() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("cmg");
    let mut interrupted = 0;
    for round in 0..60u32 {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "report::bundle::tests::kill::the_one_that_is_killed", "--nocapture"])
            .env(TARGET, &target)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = patiently(|| command.spawn()).unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.contains(AT_WORK)), "round {round}");
        // Each time at another moment of the export.
        std::thread::sleep(Duration::from_micros(u64::from(round * 7919 % 10_000)));
        child.kill().unwrap();
        child.wait().unwrap();

        let names = names_in(folder.path());
        let mut whole = 0;
        for name in &names {
            if name == "cmg" || name.contains(".certpath-new-") || name.contains(".certpath-old-") {
                is_whole(&folder.path().join(name)).unwrap_or_else(|error| panic!("round {round}: {error}"));
                whole += 1;
            } else {
                assert!(name.contains(".certpath-partial-") || name.contains(".certpath-deleting-"), "{name}");
            }
        }
        // Between the two renames nothing is in the place, and both exports are beside it.
        let is_in_place = names.iter().any(|name| name == "cmg");
        assert!(whole >= if is_in_place { 1 } else { 2 }, "round {round}: {names:?}");
        interrupted += usize::from(names.len() > 1);
        for name in names.iter().filter(|name| *name != "cmg") {
            std::fs::remove_dir_all(folder.path().join(name)).unwrap();
        }
    }
    assert!(interrupted > 0, "every one of the kills fell between two exports");
}
