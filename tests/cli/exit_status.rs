//! Every row of the table of exit statuses, and which comes first where several apply.

use std::ffi::OsStr;

use crate::common::pki::{Ca, folder};
use crate::common::{AT, Output, Run, array, each_command, patiently, pem, read, repository, testdata, write};

fn run(arguments: &[&str]) -> Output {
    Run::new(arguments).output()
}

fn path(pki: &str) -> String {
    testdata(pki).to_string_lossy().into_owned()
}

#[test]
fn status_0_for_each_command_when_all_is_well() {
    let out = tempfile::tempdir().expect("a folder");
    let out = out.path().join("out").to_string_lossy().into_owned();
    let (pki, root, client) = (path("loop"), path("loop/root.cer"), path("loop/client.cer"));
    for arguments in [
        vec!["inspect", &pki],
        vec!["chain", &pki, "--at", AT],
        vec!["export", &pki, "--at", AT, "--out", &out],
        vec!["verify", "--trust", &root, "--intermediates", &pki, "--at", AT, "--purpose", "client", &client],
        vec!["explain"],
        vec!["schema", "inspect"],
        vec!["completions", "powershell"],
        vec!["man"],
        vec!["--help"],
        vec!["--version"],
        vec!["export", "--help"],
    ] {
        let output = run(&arguments);
        assert_eq!(output.status, 0, "{arguments:?}: {}", output.seen());
        assert!(!output.stdout.is_empty(), "{arguments:?} prints something");
        assert_eq!(output.stderr, "", "{arguments:?}");
    }
}

#[test]
fn status_1_for_findings_and_for_what_is_not_valid() {
    run(&["chain", &path("missing-intermediate"), "--at", AT]).status(1).silent();
    let (root, client) = (path("missing-intermediate/root.cer"), path("missing-intermediate/client.cer"));
    let output = run(&["verify", "--trust", &root, "--at", AT, &client]).status(1);
    assert!(output.seen().contains("Gap Issuing CA"), "{}", output.seen());
    run(&[
        "verify",
        "--trust",
        &path("loop/root.cer"),
        "--intermediates",
        &path("loop"),
        "--at",
        "2060-01-01T00:00:00Z",
        &path("loop/client.cer"),
    ])
    .status(1);
}

#[test]
fn status_2_for_usage() {
    let pki = path("loop");
    for arguments in [
        vec![],
        vec!["no-such-command"],
        vec!["inspect"],
        vec!["inspect", "--no-such-option", &pki],
        vec!["inspect", &pki, "--format", "yaml"],
        vec!["chain", &pki, "--at", "yesterday"],
        vec!["chain", &pki, "--at", "2025-13-01T00:00:00Z"],
        vec!["export", &pki],
        vec!["chain", &pki, "--fail-on", "perhaps"],
        vec!["chain", &pki, "--jobs", "minus one"],
        vec!["chain", &pki, "--select", "Nonsense:x"],
        vec!["chain", &pki, "--config", "/no/such/settings.toml"],
        vec!["chain", &pki, "--password-env", "CERTPATH_NO_SUCH_VARIABLE"],
        vec!["chain", &pki, "--password-file", "/no/such/file"],
        vec!["verify", "--trust", &pki],
        vec!["explain", "CP9999"],
        vec!["schema", "no-such-command"],
        vec!["completions", "no-such-shell"],
    ] {
        let output = run(&arguments);
        assert_eq!(output.status, 2, "{arguments:?}: {}", output.seen());
        assert!(output.stdout.is_empty(), "{arguments:?}: messages go to standard error, not {}", output.text());
        assert!(!output.stderr.is_empty(), "{arguments:?} says what is wrong");
    }
}

#[test]
fn no_threads_at_all_are_refused_with_what_is_expected() {
    for jobs in ["0", "-1", "all"] {
        let output = Run::new(["chain", &format!("--jobs={jobs}")]).arg(testdata("loop")).output().status(2);
        assert!(output.stderr.contains("expected a number of threads from 1 on"), "{}", output.stderr);
    }
}

#[test]
fn status_2_for_a_source_that_does_not_exist_wherever_it_is_named() {
    let (pki, client) = (path("loop"), path("loop/client.cer"));
    for arguments in [
        vec!["inspect", "/no/such/file"],
        vec!["inspect", &pki, "/no/such/file"],
        vec!["chain", &pki, "--trust", "/no/such/file"],
        vec!["chain", &pki, "--intermediates", "/no/such/file"],
        vec!["chain", &pki, "--crl", "/no/such/file"],
        vec!["inspect", "--paths-from", "/no/such/list"],
        vec!["verify", "--trust", "/no/such/file", &client],
    ] {
        let output = run(&arguments);
        assert_eq!(output.status, 2, "{arguments:?}: {}", output.seen());
        assert!(output.stderr.contains("/no/such/"), "{arguments:?} names it: {}", output.stderr);
    }
}

#[test]
fn what_lies_behind_a_file_is_not_there_and_the_message_names_the_file() {
    let place = folder(&[("root.cer", &read(testdata("loop/root.cer")))]);
    let root = place.path().join("root.cer").to_string_lossy().into_owned();
    // Windows takes the one for the file itself now and then.
    let slash = if cfg!(windows) { format!("{root}\\y") } else { format!("{root}/") };
    let (below, pki) = (format!("{root}/x"), path("loop"));
    let told = format!("found that {root} is a file");
    for arguments in [vec!["inspect", &slash], vec!["inspect", &pki, &below], vec!["chain", &pki, "--trust", &slash]] {
        let output = run(&arguments).status(2);
        assert!(output.stderr.contains(&told), "{arguments:?}: {}", output.stderr);
    }
    let list = place.path().join("list.txt");
    write(&list, format!("{root}\n{slash}\n"));
    let output = Run::new(["inspect", "-f", "json", "--paths-from"]).arg(&list).output().status(3);
    let problem = &output.json()["problems"][0];
    let message = problem["message"].as_str().unwrap_or_default();
    assert!(message.contains(&told) && problem["code"] == "not-found", "{problem}");
}

#[test]
fn status_2_for_no_certificate_at_all() {
    let empty = tempfile::tempdir().expect("a folder");
    let text = folder(&[("notes.txt", b"nothing here\n")]);
    for command in ["inspect", "chain"] {
        for place in [empty.path(), text.path()] {
            let output = Run::new([command, "--at", AT]).arg(place).output().status(2);
            assert!(!output.stderr.is_empty());
        }
    }
    for command in ["chain", "audit"] {
        for format in ["table", "json", "ndjson", "csv"] {
            let output = Run::new([command, "--at", AT, "--format", format]).arg(text.path()).output().status(2);
            assert!(output.stdout.is_empty(), "{command} {format}: no torso of a result: {}", output.seen());
        }
    }
    Run::new(["inspect", "-"]).stdin("").output().status(2);
    Run::new(["export", "--out"]).arg(empty.path().join("out")).arg(text.path()).output().status(2);
}

#[test]
#[cfg(not(windows))]
fn a_live_store_elsewhere_than_on_windows_is_refused_with_the_way_to_export_it() {
    let output = run(&["inspect", "Cert:\\LocalMachine\\My"]).status(2);
    assert!(output.stderr.contains("Export") || output.stderr.contains("certutil"), "{}", output.stderr);
}

#[test]
fn status_3_for_what_looked_like_a_certificate_and_could_not_be_read() {
    let output = run(&["inspect", &path("damaged"), "--format", "json"]).status(3);
    assert!(!array(&output.json()["problems"]).is_empty());
    let folder = folder(&[("bad.cer", b"\x30\x82\x03\x00\x30\x82"), ("root.cer", &Ca::root("Three").der)]);
    Run::new(["inspect"]).arg(folder.path()).output().status(3);
}

#[test]
fn status_3_for_a_line_of_paths_from_that_is_wrong() {
    let list = format!("{}\n/no/such/file\n", testdata("loop").display());
    let output = Run::new(["inspect", "--paths-from", "-", "--format", "json"]).stdin(list).output().status(3);
    let report = output.json();
    assert_eq!(array(&report["certificates"]).len(), 5);
    assert!(report["problems"].to_string().contains("/no/such/file"), "{}", report["problems"]);
}

#[test]
#[cfg(unix)]
fn what_exists_but_cannot_be_read_is_a_problem_and_not_a_stop() {
    let folder = folder(&[("root.cer", &Ca::root("Link").der)]);
    std::os::unix::fs::symlink("/no/such/target", folder.path().join("broken.cer")).expect("a link");
    std::os::unix::fs::symlink(folder.path(), folder.path().join("round")).expect("a link");
    let output = Run::new(["inspect", "--format", "json"]).arg(folder.path()).output();
    assert!([0, 3].contains(&output.status), "{}", output.seen());
    assert_eq!(array(&output.json()["certificates"]).len(), 1);
    assert!(output.json()["problems"].to_string().contains("broken.cer") || output.status == 0);
}

#[test]
#[cfg(unix)]
fn a_pipe_in_a_walked_folder_does_not_hang() {
    let folder = folder(&[("root.cer", &Ca::root("Pipe").der)]);
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("pipe.cer")).status().expect("mkfifo");
    assert!(made.success());
    let output = Run::new(["inspect", "--format", "json"]).arg(folder.path()).output();
    assert!([0, 3].contains(&output.status), "{}", output.seen());
    assert_eq!(array(&output.json()["certificates"]).len(), 1);
}

#[test]
fn status_4_when_the_output_cannot_be_written() {
    let place = folder(&[("file", b"x")]);
    let beyond = place.path().join("file/result.json").to_string_lossy().into_owned();
    run(&["inspect", &path("loop"), "--format", "json", "--output", &beyond]).status(4);
    run(&["inspect", &path("loop"), "-o", &place.path().join("no/such/folder/x").to_string_lossy()]).status(4);
}

#[test]
fn an_output_that_cannot_be_made_is_told_by_the_name_that_was_given_and_with_what_to_do() {
    let place = folder(&[("file", b"x")]);
    for (name, told) in [
        (
            "nope/x",
            "nope/x: the output could not be written: there is no folder nope; make it first, or correct the path",
        ),
        ("file/x", "file/x: the output could not be written: file is no folder; correct the path"),
    ] {
        let output = Run::new(["plan", "-o", name]).dir(place.path()).output().status(4);
        assert_eq!(output.stderr.trim_end(), format!("certpath: {told}"));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_status_4() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_certpath"))
        .args(["inspect", &path("loop"), "--format", "json"])
        .stdout(full)
        .stderr(std::process::Stdio::null())
        .status()
        .expect("it runs");
    assert_eq!(status.code(), Some(4));
}

#[test]
#[cfg(target_os = "linux")]
fn an_export_whose_summary_cannot_be_written_is_whole_and_says_so() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("cmg");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_certpath"))
        .args(["export", &path("cross-signed"), "--out"])
        .arg(&out)
        .stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full"))
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{told}");
    assert!(told.contains("the export itself is whole, in") && told.contains("cmg"), "{told}");
    assert!(out.join("manifest.json").is_file());
}

#[test]
fn a_reader_that_goes_away_is_status_0() {
    use std::process::{Command, Stdio};
    // More than a pipe holds.
    let text = pem(&Ca::root("Pipe").der).repeat(2000);
    let folder = folder(&[("many.pem", text.as_bytes())]);
    for format in ["table", "json", "ndjson", "csv"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_certpath"));
        command.args(["inspect", &path("loop"), "--format", format]).arg(folder.path());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = patiently(|| command.spawn()).expect("it runs");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{format}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stderr.is_empty(), "{format}");
    }
}

#[test]
fn output_goes_whole_into_a_file_and_never_over_an_input() {
    let place = tempfile::tempdir().expect("a folder");
    let file = place.path().join("result.json");
    let output = Run::new(["inspect", "--at", AT, "--format", "json", "-o"])
        .arg(&file)
        .arg(testdata("loop"))
        .output()
        .status(0)
        .silent();
    assert!(output.stdout.is_empty());
    let direct = Run::new(["inspect", "--at", AT, "--format", "json"]).arg(testdata("loop")).output();
    assert_eq!(read(&file), direct.stdout);
    let input = place.path().join("root.cer");
    let der = read(testdata("loop/root.cer"));
    write(&input, &der);
    let refused = Run::new(["inspect", "-o"]).arg(&input).arg(&input).output();
    assert!([2, 4].contains(&refused.status), "{}", refused.seen());
    assert_eq!(read(&input), der);
    // nor by another spelling, nor as a file of a folder that is walked
    let around = place.path().join(".").join("root.cer");
    Run::new(["inspect", "-o"]).arg(&around).arg(place.path()).output();
    assert_eq!(read(&input), der);
    Run::new(["chain", "--trust"]).arg(&input).arg("-o").arg(&input).arg(testdata("loop")).output();
    assert_eq!(read(&input), der);
}

#[test]
fn output_never_replaces_what_a_folder_or_a_list_brings_with_it_whatever_it_is_called() {
    let place = folder(&[
        ("mail.txt", pem(&read(testdata("loop/root.cer"))).as_bytes()),
        ("client", &read(testdata("loop/client.cer"))),
        ("site.toml", b"[severity]\n"),
        ("passwords", b"one\n"),
        (
            "damaged.log",
            b"-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQMIIBszCCAVmgAwIBAgIUQ\n-----END CERTIFICATE-----\n",
        ),
    ]);
    let at = |name: &str| place.path().join(name);
    write(at("list.txt"), format!("\"{}\"\r\n", at("client").display()));
    let names = ["mail.txt", "client", "site.toml", "passwords", "damaged.log", "list.txt"];
    let before: Vec<Vec<u8>> = names.iter().map(|name| read(at(name))).collect();
    let refuse = |arguments: &[&OsStr], target: &str| {
        let output = Run::new(arguments).arg("-f").arg("csv").arg("-o").arg(at(target)).output().status(2);
        assert!(output.seen().contains("one of the inputs"), "{}", output.seen());
        let now: Vec<Vec<u8>> = names.iter().map(|name| read(at(name))).collect();
        assert_eq!(now, before);
    };
    let (folder, client, list) = (place.path().as_os_str(), at("client"), at("list.txt"));
    let (client, list) = (client.as_os_str(), list.as_os_str());
    let [inspect, chain, trust, diff, paths, config, password] =
        ["inspect", "chain", "--trust", "diff", "--paths-from", "--config", "--password-file"].map(OsStr::new);
    for target in ["mail.txt", "client", "damaged.log"] {
        refuse(&[inspect, folder], target);
    }
    refuse(&[chain, trust, folder, client], "mail.txt");
    refuse(&[diff, folder, client], "mail.txt");
    refuse(&[inspect, paths, list], "client");
    refuse(&[inspect, paths, list], "list.txt");
    refuse(&[inspect, config, at("site.toml").as_os_str(), client], "site.toml");
    refuse(&[inspect, password, at("passwords").as_os_str(), client], "passwords");
    #[cfg(unix)]
    {
        let folder_by_link = at("link");
        std::os::unix::fs::symlink(place.path(), &folder_by_link).expect("a link");
        refuse(&[inspect, folder_by_link.as_os_str()], "mail.txt");
    }
    // A report is no input, and the next one may stand in its place.
    for (format, name) in
        [("csv", "report.csv"), ("json", "report.json"), ("ndjson", "report"), ("table", "report.txt")]
    {
        for command in [inspect, chain] {
            let run = || {
                let run = Run::new([command, folder]).arg("--at").arg(AT).arg("-f").arg(format);
                run.arg("-o").arg(at(name)).output()
            };
            let first = run();
            let report = read(at(name));
            assert_eq!(run().status, first.status, "{format}");
            assert!(read(at(name)) == report, "{format}");
        }
    }
}

#[test]
fn status_5_when_export_is_refused() {
    let out = tempfile::tempdir().expect("a folder");
    let out = out.path().join("out").to_string_lossy().into_owned();
    run(&["export", &path("missing-intermediate"), "--at", AT, "--out", &out]).status(5);
}

#[test]
fn the_first_that_applies_of_2_4_5_3_1() {
    let place = folder(&[("file", b"x"), ("bad.cer", b"\x30\x82\x03\x00\x30\x82")]);
    let (bad, beyond) = (
        place.path().join("bad.cer").to_string_lossy().into_owned(),
        place.path().join("file/out").to_string_lossy().into_owned(),
    );
    let gap = path("missing-intermediate");
    let out = place.path().join("out").to_string_lossy().into_owned();
    // 3 before 1
    run(&["chain", &gap, &bad, "--at", AT]).status(3);
    // 5 before 3
    run(&["export", &gap, &bad, "--at", AT, "--out", &out]).status(5);
    // 4 before 3 and before 1
    run(&["chain", &gap, &bad, "--at", AT, "--output", &beyond]).status(4);
    run(&["export", &path("damaged"), "--at", AT, "--out", &beyond]).status(4);
    // 2 before all
    run(&["chain", &gap, &bad, "/no/such/file", "--at", AT, "--output", &beyond]).status(2);
    // never: findings do not count, problems do
    run(&["chain", &gap, &bad, "--at", AT, "--fail-on", "never"]).status(3);
    // a problem among what export could still write
    run(&["export", &path("damaged"), "--at", AT, "--out", &out]).status(3);
}

#[test]
fn standard_error_is_empty_on_success() {
    for format in ["table", "json", "ndjson", "csv"] {
        run(&["inspect", &path("loop"), "--format", format]).status(0).silent();
        run(&["chain", &path("loop"), "--at", AT, "--format", format]).status(0).silent();
    }
    let out = tempfile::tempdir().expect("a folder");
    run(&["export", &path("loop"), "--at", AT, "--out", &out.path().join("o").to_string_lossy()]).status(0).silent();
}

#[test]
fn problems_are_records_of_the_report_and_lines_on_standard_error_for_csv_only() {
    for format in ["json", "ndjson"] {
        let output = run(&["inspect", &path("damaged"), "--format", format]).status(3).silent();
        assert!(output.text().contains("truncated.cer"));
    }
    let output = run(&["inspect", &path("damaged"), "--format", "csv"]).status(3);
    assert!(output.stderr.contains("truncated.cer"), "{}", output.stderr);
    let output = run(&["inspect", &path("damaged")]).status(3);
    assert!(output.seen().contains("truncated.cer"), "{}", output.seen());
}

#[test]
fn a_password_is_never_the_value_of_an_argument() {
    let help = ["inspect", "chain", "export"].map(|command| run(&[command, "--help"]).status(0).text()).concat();
    assert!(!help.contains("--password <") && !help.contains("--password="), "{help}");
    assert!(help.contains("--password-env") && help.contains("--password-file"));
    run(&["inspect", &path("loop"), "--password", "secret"]).status(2);
}

#[test]
fn a_folder_that_only_helps_verify_and_was_dropped_for_being_empty_counts_as_empty_and_is_noted() {
    let (root, client) = (path("two-roots-one-name/root-right.cer"), path("two-roots-one-name/client.cer"));
    let (issuing, absent) = (path("two-roots-one-name/issuing.cer"), path("two-roots-one-name/crls"));
    let run = |more: &[&str]| {
        let arguments = ["verify", "--trust", &root, "--intermediates", &issuing, "--at", AT, "--format", "json"];
        Run::new(arguments.into_iter().chain(more.iter().copied()).chain([client.as_str()])).output()
    };
    let output = run(&["--crl", &absent]).status(0).silent();
    assert!(output.json()["problems"].to_string().contains("crls"), "{}", output.text());
    run(&["--intermediates", &absent]).status(0);
    run(&["--crl", &format!("{absent}/deeper")]).status(2);
    run(&["--crl", &absent, "--require-revocation"]).status(1);
    // an empty folder asks for nothing, and whatever else is there was to tell
    let place = folder(&[
        ("empty/.keep", b""),
        ("cut.crl", &read(repository("testdata/contoso/from-pki-team/root.crl"))[..300]),
    ]);
    std::fs::remove_file(place.path().join("empty/.keep")).expect("it goes");
    let at = |name: &str| place.path().join(name).to_string_lossy().into_owned();
    run(&["--crl", &at("empty")]).status(0);
    for name in [at("cut.crl"), path("loop/root.cer")] {
        let output = run(&["--crl", &name]).status(3);
        assert_eq!((&output.json()["valid"], array(&output.json()["problems"]).len()), (&false.into(), 1));
    }
}

#[test]
fn settings_that_are_wrong_or_absent_stop_every_command_that_takes_them() {
    let place = folder(&[("wrong.toml", b"foo = 1\n")]);
    let (wrong, absent) = (place.path().join("wrong.toml"), place.path().join("absent.toml"));
    let (wrong, absent) = (wrong.to_string_lossy(), absent.to_string_lossy());
    let (pki, root, client, out) =
        (path("loop"), path("loop/root.cer"), path("loop/client.cer"), path("no-such-place"));
    for arguments in [
        vec!["inspect", &pki],
        vec!["chain", &pki],
        vec!["audit", &pki],
        vec!["export", &pki, "--out", &out],
        vec!["plan"],
        vec!["verify", "--trust", &root, &client],
        vec!["diff", &pki, &pki],
        vec!["explain"],
    ] {
        for (settings, told) in [(&wrong, "foo"), (&absent, "absent.toml")] {
            let output = Run::new(&arguments).arg("--config").arg(&**settings).output().status(2);
            assert!(output.stdout.is_empty() && output.stderr.contains(told), "{arguments:?}: {}", output.seen());
        }
    }
}

#[test]
fn settings_in_utf16_are_read_and_what_is_in_no_such_form_is_refused_with_what_to_do() {
    let utf16 = |text: &str| -> Vec<u8> {
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
    };
    let place = folder(&[
        ("right.toml", &utf16("[severity]\r\n")),
        ("wrong.toml", &utf16("[severity]\r\nfoo = 1\r\n")),
        ("ansi.toml", b"reason = \"M\xfcller\"\n"),
    ]);
    for (file, status, told) in
        [("right.toml", 0, ""), ("wrong.toml", 2, "line 2"), ("ansi.toml", 2, "byte 11 is not UTF-8: save it as UTF-8")]
    {
        let output = Run::new(["explain", "--config"]).arg(place.path().join(file)).output().status(status);
        assert!(output.stderr.contains(told), "{file}: {}", output.stderr);
    }
}

#[test]
fn no_command_writes_its_result_over_its_settings() {
    let place = folder(&[("site.toml", b"[severity]\n")]);
    let settings = place.path().join("site.toml");
    let (pki, root, client) = (path("loop"), path("loop/root.cer"), path("loop/client.cer"));
    for arguments in each_command(&pki, &root, &client) {
        let output = Run::new(&arguments).arg("--config").arg(&settings).arg("-o").arg(&settings).output().status(2);
        assert!(output.stderr.contains("one of the inputs"), "{arguments:?}: {}", output.stderr);
        assert_eq!(read(&settings), b"[severity]\n");
    }
}

#[test]
fn the_command_line_refuses_the_numbers_that_the_settings_refuse() {
    let place = tempfile::tempdir().expect("a folder");
    let settings = place.path().join("site.toml");
    let pki = path("loop");
    for (key, expected, wrong, right) in [
        ("expiring-days", "a number of days up to 36500", &["36501", "4000000000"][..], &["0", "36500"][..]),
        ("site-version", "four digits, such as 2309", &["12", "999", "10000", "99999"], &["1000", "2403", "9999"]),
    ] {
        for number in wrong.iter().chain(right) {
            let status = if wrong.contains(number) { 2 } else { 0 };
            crate::common::write(&settings, format!("[parameters]\n{key} = {number}\n"));
            let run = || Run::new(["audit", "--at", AT, "--fail-on", "never", &pki]);
            let in_file = run().arg("--config").arg(&settings).output().status(status);
            let in_command = run().arg(format!("--{key}")).arg(number).output().status(status);
            for output in [in_file, in_command] {
                assert_eq!(output.stderr.contains(expected), status == 2, "{key} {number}: {}", output.stderr);
            }
        }
    }
}
