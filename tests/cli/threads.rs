//! However few threads the system gives, the result is the same.
#![cfg(target_os = "linux")]

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::common::pki::{Ca, folder};
use crate::common::{AT, not_run, pem, read, testdata};

/// Who runs nothing else, for whoever is exempt from limits on processes.
const NOBODY: u32 = 65534;

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// What comes of a program where its user may have so many processes and threads in all.
fn with_processes(limit: u32, program: &str, arguments: &[&str]) -> std::io::Result<Output> {
    let mut command = Command::new("bash");
    command.args(["-c", &format!("ulimit -c 0; ulimit -u {limit} || exit 99; exec \"$0\" \"$@\""), program]);
    command.args(arguments).current_dir("/").stdin(Stdio::null());
    if is_root() {
        command.gid(NOBODY).uid(NOBODY);
    }
    command.output()
}

/// Whether the limit is one: nothing can be begun beside the process itself, and the program is in reach.
fn is_limited(program: &str) -> bool {
    let refused = with_processes(1, "timeout", &["9", "true"]).is_ok_and(|output| output.status.code() == Some(125));
    refused && with_processes(1, program, &["--version"]).is_ok_and(|output| output.status.success())
}

#[test]
fn where_the_system_gives_fewer_threads_or_none_the_work_is_done_all_the_same() {
    let program = env!("CARGO_BIN_EXE_certpath");
    if !is_limited(program) {
        return not_run("no other user may run the program, or a limit on processes does not hold");
    }
    // More certificates than are given back one by one by a program that ends.
    let many: String = (0..1100).map(|count| pem(&Ca::root(&format!("Root {count}")).der)).collect();
    let place = folder(&[
        ("pki/root.cer", &read(testdata("loop/root.cer"))),
        ("pki/client.cer", &read(testdata("loop/client.cer"))),
        ("many/many.pem", many.as_bytes()),
    ]);
    let open = |path: &Path| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("a folder of one's own");
    };
    open(place.path());
    let at = |name: &str| place.path().join(name).to_string_lossy().into_owned();
    let (pki, root, client, many) = (at("pki"), at("pki/root.cer"), at("pki/client.cer"), at("many"));
    for command in [
        vec!["inspect", &pki],
        vec!["chain", &pki],
        vec!["audit", &pki, "--fail-on", "never"],
        vec!["verify", "--trust", &root, "--intermediates", &pki, &client],
        vec!["diff", &pki, &root],
        vec!["inspect", &many],
        vec!["diff", &many, &pki],
    ] {
        let command = [&command[..], &["--at", AT, "-f", "json"]].concat();
        let unlimited = Command::new(program).args(&command).current_dir("/").output().expect("it runs");
        for limit in [1, 2, 5] {
            for jobs in [&[][..], &["--jobs", "1"], &["--jobs", "64"]] {
                let arguments = [&command[..], jobs].concat();
                let limited = with_processes(limit, program, &arguments).expect("it runs");
                let said = String::from_utf8_lossy(&limited.stderr);
                assert_eq!(limited.status.code(), unlimited.status.code(), "{arguments:?}, {limit}: {said}");
                assert!(limited.stdout == unlimited.stdout && said.is_empty(), "{arguments:?}, {limit}: {said}");
            }
        }
    }
}
