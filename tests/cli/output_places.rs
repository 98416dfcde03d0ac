//! What `--output` leads to: links are followed and stay, devices and pipes are written to and never replaced.
//!
//! Whoever runs these tests may be one who can replace a device of the system. Each test that names one first makes sure, at a
//! pipe in a folder of its own, that this does not happen to what is no regular file.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{Run, files, read, testdata, write};

/// What is to stand in the output.
fn expected() -> Vec<u8> {
    Run::new(["plan", "--format", "json"]).output().status(0).stdout
}

fn plan_into(path: &Path) -> crate::common::Output {
    Run::new(["plan", "--format", "json", "-o"]).arg(path).output()
}

fn pipe(path: PathBuf) -> PathBuf {
    assert!(Command::new("mkfifo").arg(&path).status().is_ok_and(|status| status.success()), "mkfifo");
    path
}

/// What arrives at the other end of a pipe that is the output by this name. The reader waits for no writer, so that a program that
/// never opens the pipe fails the test and does not hang it.
fn through(pipe: &Path, name: &Path) -> Vec<u8> {
    let child = Command::new(env!("CARGO_BIN_EXE_certpath"))
        .args(["plan", "--format", "json", "-o"])
        .arg(name)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let is_pipe = || fs::symlink_metadata(pipe).expect("it is there").file_type().is_fifo();
    let (from, to) = (pipe.to_path_buf(), pipe.with_extension("arrived"));
    let reader = std::thread::spawn({
        let to = to.clone();
        move || {
            let mut reader = Command::new("cat").arg(from).stdout(fs::File::create(to).expect("a file")).spawn()?;
            let start = Instant::now();
            while reader.try_wait()?.is_none() {
                if start.elapsed() > Duration::from_secs(30) {
                    reader.kill()?;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            std::io::Result::Ok(())
        }
    });
    let output = child.wait_with_output().expect("it ends");
    reader.join().expect("no panic").expect("cat");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(is_pipe(), "{}: the pipe was replaced", pipe.display());
    let arrived = read(&to);
    fs::remove_file(to).expect("it goes");
    arrived
}

/// Fails before anything is done to a device where a pipe would be replaced.
fn make_sure_that_what_is_no_file_is_not_replaced() {
    let place = tempfile::tempdir().expect("a folder");
    let pipe = pipe(place.path().join("pipe"));
    let link = place.path().join("link");
    symlink(&pipe, &link).expect("a link");
    for name in [&pipe, &link] {
        assert_eq!(through(&pipe, name), expected());
    }
}

#[test]
fn a_pipe_is_written_to_and_stays_by_its_own_name_and_through_a_link() {
    make_sure_that_what_is_no_file_is_not_replaced();
}

#[test]
fn links_stay_and_the_file_that_they_lead_to_is_written() {
    let place = tempfile::tempdir().expect("a folder");
    let at = |name: &str| place.path().join(name);
    let elsewhere = at("elsewhere");
    fs::create_dir(&elsewhere).expect("a folder");
    write(at("elsewhere/old.json"), "old");
    symlink(at("elsewhere/old.json"), at("absolute")).expect("a link");
    symlink("elsewhere/old.json", at("relative")).expect("a link");
    symlink("relative", at("chain")).expect("a link");
    symlink("elsewhere", at("folder")).expect("a link");
    symlink("../elsewhere/new.json", at("elsewhere/dangling")).expect("a link");
    for (name, target) in [
        ("absolute", "elsewhere/old.json"),
        ("relative", "elsewhere/old.json"),
        ("chain", "elsewhere/old.json"),
        ("folder/old.json", "elsewhere/old.json"),
        ("elsewhere/dangling", "elsewhere/new.json"),
        ("folder/dangling", "elsewhere/new.json"),
    ] {
        let before = fs::read_link(at(name)).ok();
        plan_into(&at(name)).status(0).silent();
        assert_eq!(fs::read_link(at(name)).ok(), before, "{name}: the link stays");
        assert!(fs::symlink_metadata(at(target)).expect("it is there").is_file());
        assert_eq!(read(at(target)), expected(), "{name}");
        match target {
            "elsewhere/old.json" => write(at(target), "old"),
            _ => fs::remove_file(at(target)).expect("it goes"),
        }
    }
    assert_eq!(files(place.path()), ["elsewhere/old.json"], "nothing else is left");
}

#[test]
fn a_list_or_passwords_that_the_shell_redirects_are_not_written_over() {
    let place = tempfile::tempdir().expect("a folder");
    let (list, root) = (place.path().join("list.txt"), testdata("loop/root.cer"));
    let text = format!("{}\n", root.display());
    write(&list, &text);
    for (option, sources) in [("--paths-from", vec![]), ("--password-file", vec![&root])] {
        let output = Command::new(env!("CARGO_BIN_EXE_certpath"))
            .args(["inspect", option, "-", "-o"])
            .arg(&list)
            .args(sources)
            .stdin(fs::File::open(&list).expect("it is there"))
            .output()
            .expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{option}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(read(&list), text.as_bytes(), "{option}");
    }
}

#[test]
fn what_a_link_leads_to_is_left_whole_where_the_run_fails() {
    let place = tempfile::tempdir().expect("a folder");
    let at = |name: &str| place.path().join(name);
    write(at("elsewhere/result.json"), "old");
    symlink("elsewhere/result.json", at("link")).expect("a link");
    Run::new(["inspect", "/no/such/file", "-o"]).arg(at("link")).output().status(2);
    assert_eq!(read(at("link")), b"old");
    // nor is an input written to through one
    let der = read(testdata("loop/root.cer"));
    write(at("root.cer"), &der);
    symlink("root.cer", at("result")).expect("a link");
    Run::new(["inspect", "-o"]).arg(at("result")).arg(at("root.cer")).output().status(2);
    assert_eq!(read(at("root.cer")), der);
    assert_eq!(files(place.path()), ["elsewhere/result.json", "root.cer"]);
}

#[test]
fn links_that_lead_nowhere_are_status_4_and_stay() {
    let place = tempfile::tempdir().expect("a folder");
    let at = |name: &str| place.path().join(name);
    symlink("two", at("one")).expect("a link");
    symlink("one", at("two")).expect("a link");
    symlink("no/such/folder/x", at("beyond")).expect("a link");
    symlink(".", at("here")).expect("a link");
    for name in ["one", "beyond", "here"] {
        let output = plan_into(&at(name)).status(4);
        assert!(output.stderr.contains(&at(name).display().to_string()), "it is named: {}", output.stderr);
        assert!(fs::symlink_metadata(at(name)).expect("it is there").is_symlink(), "{name}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn devices_are_written_to_and_stay() {
    make_sure_that_what_is_no_file_is_not_replaced();
    let place = tempfile::tempdir().expect("a folder");
    for (device, status) in [("/dev/null", 0), ("/dev/full", 4)] {
        let link = place.path().join(device.trim_start_matches("/dev/"));
        symlink(device, &link).expect("a link");
        let output = plan_into(&link).status(status);
        assert_eq!(output.stderr.contains(&link.display().to_string()), status == 4, "{}", output.stderr);
        assert!(fs::symlink_metadata(device).expect("it is there").file_type().is_char_device(), "{device}");
        assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink(), "{device}");
    }
}

/// A shell's line in an empty folder; what it prints, and what it leaves in the file `out`.
#[cfg(target_os = "linux")]
fn shell(shell: &str, line: &str) -> (String, String) {
    let place = tempfile::tempdir().expect("a folder");
    let output = Command::new(shell)
        .args(["-c", line])
        .env("CERTPATH", env!("CARGO_BIN_EXE_certpath"))
        .current_dir(place.path())
        .output()
        .expect("a shell");
    assert!(output.stderr.is_empty(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&fs::read(place.path().join("out")).unwrap_or_default()))
}

#[test]
#[cfg(target_os = "linux")]
fn what_the_shell_holds_open_is_written_to_where_it_stands() {
    make_sure_that_what_is_no_file_is_not_replaced();
    let expected = String::from_utf8(expected()).expect("text");
    let plan = "\"$CERTPATH\" plan --format json -o";
    assert_eq!(shell("sh", &format!("{plan} /dev/stdout | cat")).0, expected);
    assert_eq!(shell("sh", &format!("{plan} /dev/fd/3 3>&1 | cat")).0, expected);
    let between = format!("before\n{expected}after\n");
    let line = format!("{{ echo before; {plan} /dev/stdout; echo after; }} > out");
    assert_eq!(shell("sh", &line).1, between);
    let line = format!("exec 3>>out; echo before >&3; {plan} /dev/fd/3; echo after >&3");
    assert_eq!(shell("sh", &line).1, between);
    if Command::new("bash").arg("--version").output().is_ok() {
        assert_eq!(shell("bash", &format!("{plan} >(cat)")).0, expected);
        // Who looks at the beginning alone is no fault.
        assert_eq!(shell("bash", &format!("{plan} >(head -n 1) && sleep 1")).0, "{\n");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_needs_no_certificate_is_status_4_too_where_standard_output_is_full() {
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["help", "chain"],
        &["export", "--help"],
        &["completions", "bash"],
        &["man"],
        &["schema", "chain"],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        let output =
            Command::new(env!("CARGO_BIN_EXE_certpath")).args(arguments).stdout(full).output().expect("it runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{arguments:?}: {told}");
        assert!(told.contains("standard output: the output could not be written"), "{arguments:?}: {told}");
    }
}

#[test]
fn a_reader_of_the_help_who_goes_away_is_status_0() {
    for arguments in [&["--help"][..], &["man"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_certpath"));
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = command.args(arguments).stdout(writer).stderr(Stdio::piped()).output().expect("it runs");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stderr.is_empty(), "{arguments:?}");
    }
}
