//! What every black-box test needs: the built program, temporary folders, the project's PKIs, and independent oracles.
#![allow(dead_code)]

pub(crate) mod openssl;
pub(crate) mod pki;
mod start;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

pub(crate) use start::patiently;

/// The moment at which tests judge, unless they ask about another.
pub(crate) const AT: &str = "2025-06-01T00:00:00Z";

/// One run of the program.
pub(crate) struct Run {
    command: assert_cmd::Command,
    shown: String,
}

impl Run {
    pub(crate) fn new<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_certpath"));
        command.timeout(Duration::from_secs(120)).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        let mut run = Self { command, shown: "certpath".to_owned() };
        for argument in arguments {
            run = run.arg(argument);
        }
        run
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.shown.push(' ');
        self.shown.push_str(&argument.as_ref().to_string_lossy());
        self.command.arg(argument);
        self
    }

    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.command.write_stdin(bytes);
        self
    }

    pub(crate) fn dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it. A panic, a signal, a status that is not documented or a hang fails the test here, whatever it is about.
    pub(crate) fn output(mut self) -> Output {
        let output = patiently(|| self.command.output()).expect("the program starts");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!stderr.contains("panicked at"), "{}\npanicked: {stderr}", self.shown);
        let Some(status) = output.status.code() else { panic!("{}\nwas killed or hung: {stderr}", self.shown) };
        assert!((0..=5).contains(&status), "{}\nstatus {status} is not documented: {stderr}", self.shown);
        Output { shown: self.shown, status, stdout: output.stdout, stderr }
    }
}

/// What a run left behind.
pub(crate) struct Output {
    shown: String,
    pub(crate) status: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Output {
    /// Fails unless the status is this one.
    #[track_caller]
    pub(crate) fn status(self, expected: i32) -> Self {
        assert!(
            self.status == expected,
            "{}\nexpected status {expected}, found {}\n--- stderr\n{}\n--- stdout\n{}",
            self.shown,
            self.status,
            self.stderr,
            self.text().chars().take(4000).collect::<String>()
        );
        self
    }

    /// Fails if anything stands on standard error.
    #[track_caller]
    pub(crate) fn silent(self) -> Self {
        assert!(self.stderr.is_empty(), "{}\nstandard error is not empty: {}", self.shown, self.stderr);
        self
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Both streams: what a person sees.
    pub(crate) fn seen(&self) -> String {
        format!("{}{}", self.text(), self.stderr)
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|error| panic!("{}\nno JSON: {error}\n{}\n{}", self.shown, self.text(), self.stderr))
    }
}

/// `certpath ARGUMENTS…` at [`AT`].
pub(crate) fn certpath<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Output {
    Run::new(arguments).output()
}

/// `certpath COMMAND SOURCES… --at AT --format json`.
pub(crate) fn json_of(command: &str, sources: &[&Path], more: &[&str]) -> Output {
    let mut run = Run::new([command]);
    for source in sources {
        run = run.arg(source);
    }
    if command != "inspect" || !more.contains(&"--at") {
        run = run.arg("--at").arg(AT);
    }
    run = run.arg("--format").arg("json");
    for more in more {
        run = run.arg(more);
    }
    run.output()
}

/// Each command that takes settings and writes a result, with what it needs.
pub(crate) fn each_command<'a>(pki: &'a str, root: &'a str, client: &'a str) -> Vec<Vec<&'a str>> {
    vec![
        vec!["inspect", pki],
        vec!["chain", pki],
        vec!["audit", pki],
        vec!["export", pki, "--out", "no-such-place"],
        vec!["plan"],
        vec!["verify", "--trust", root, client],
        vec!["diff", pki, pki],
        vec!["explain"],
    ]
}

/// A file or folder of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A PKI under testdata/pki.
pub(crate) fn testdata(name: &str) -> PathBuf {
    repository("testdata/pki").join(name)
}

pub(crate) fn read(path: impl AsRef<Path>) -> Vec<u8> {
    let path = path.as_ref();
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
    let path = path.as_ref();
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).expect("a folder for a test's file");
    }
    std::fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Every file under a folder, by its path from there with `/`, in order.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut files: Vec<String> = walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| {
            entry.path().strip_prefix(folder).ok().map(|path| path.to_string_lossy().replace('\\', "/"))
        })
        .collect();
    files.sort();
    files
}

/// The SHA-256 of these bytes, as certpath prints it.
pub(crate) fn sha256(der: &[u8]) -> String {
    use sha2::Digest;
    hex(&sha2::Sha256::digest(der))
}

/// The thumbprint of these bytes, as Windows shows it.
pub(crate) fn thumbprint(der: &[u8]) -> String {
    use sha1::Digest;
    hex(&sha1::Sha1::digest(der)).to_uppercase()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// DER as a PEM block.
pub(crate) fn pem(der: &[u8]) -> String {
    pem::encode_config(
        &pem::Pem::new("CERTIFICATE", der),
        pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF),
    )
}

/// The strings of a JSON array.
#[track_caller]
pub(crate) fn strings(value: &Value) -> Vec<String> {
    let Some(array) = value.as_array() else { panic!("no array: {value}") };
    array.iter().map(|item| item.as_str().unwrap_or_else(|| panic!("no string: {item}")).to_owned()).collect()
}

/// The elements of a JSON array.
#[track_caller]
pub(crate) fn array(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("no array: {value}"))
}

/// The corpora that others made, or `None` after saying by name what was not run.
pub(crate) fn corpora(part: &str) -> Option<PathBuf> {
    let found =
        std::env::var_os("CERTPATH_CORPORA").map(PathBuf::from).into_iter().chain([repository("../shared/corpora")]);
    for base in found {
        if base.join(part).exists() {
            return Some(base);
        }
    }
    not_run(&format!("the corpora are not there (CERTPATH_CORPORA): {part}"));
    None
}

/// Says by name that this test did not run, and why.
pub(crate) fn not_run(why: &str) {
    use std::io::Write;
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    // Past the capture of the test harness: what was not run is to be seen.
    let _ = writeln!(std::io::stderr(), "NOT RUN {name}: {why}");
}
