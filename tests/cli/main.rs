//! Black-box tests of the command line: what docs and scripts rely on, seen from outside.
//!
//! One program for all of them, so that it is linked once.

#[path = "../common/mod.rs"]
mod common;
