//! The program `certpath`.

use std::process::ExitCode;

fn main() -> ExitCode {
    certpath::cli::main()
}
