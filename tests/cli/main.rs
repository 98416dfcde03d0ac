//! Black-box tests of the command line: what docs and scripts rely on, seen from outside.
//!
//! One program for all of them, so that it is linked once.

#![allow(clippy::print_stdout)]

#[path = "../common/mod.rs"]
mod common;
#[allow(dead_code)]
#[path = "../../src/der_writer.rs"]
mod der_writer;

mod advice;
mod audit;
mod bombs;
mod chain;
mod chain_table;
mod csv;
mod determinism;
mod diff;
mod documentation;
mod exit_status;
mod explanations;
mod export;
mod export_folder;
mod faults;
mod hostile_names;
mod inspect;
mod json_contract;
mod manual;
mod meshes;
mod name_constraints;
mod ndjson;
mod old_roots;
mod oracles;
mod output_places;
mod policies;
mod powershell;
mod problems;
mod second_reading;
mod selection;
mod session;
mod standard_input;
mod threads;
mod unused_cas;
mod windows_differences;
