#![doc = include_str!("../README.md")]

pub mod commands;
pub mod demo;
pub mod failure;
pub mod files;
pub mod flags;
mod interrupt;
mod network;
pub mod parallel;
pub mod password;
pub mod person;
pub mod plain;
pub mod printer;
pub mod render;
pub mod resolve;
pub mod tarball;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use crate::failure::Exit;

/// Parses the process's arguments, does what they say, and answers with the exit code.
///
/// A panic is a bug; it is reported and answered with "could not find out", never with yes.
pub fn main() -> ExitCode {
    let run = || {
        let arguments: Vec<_> = std::env::args_os().collect();
        render::run(flags::parse(&arguments).unwrap_or_else(|error| error.exit()))
    };
    let exit = catch_unwind(AssertUnwindSafe(run)).unwrap_or(Exit::Undecided);
    ExitCode::from(exit.code())
}
