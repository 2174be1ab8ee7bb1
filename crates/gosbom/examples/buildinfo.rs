//! Prints what a Go binary says about itself, in the form of `go version -m`.
//!
//! `cargo run -p chainsign-gosbom --example buildinfo -- FILE…`
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "an example opens files and prints"
)]

use std::error::Error;

use chainsign_gosbom::{Limits, read};

fn main() -> Result<(), Box<dyn Error>> {
    for path in std::env::args_os().skip(1) {
        let bytes = std::fs::read(&path)?;
        let binary = match read(&bytes, &Limits::default()) {
            Ok(binary) => binary,
            Err(error) => {
                println!("{}: {error}", path.display());
                continue;
            }
        };
        for slice in &binary.slices {
            let version = slice.build_info.go_version();
            let version = version.map_or("unknown Go version", |version| version.as_str());
            println!("{}: {version}", path.display());
            match slice.build_info.modules() {
                Ok(_) => {
                    for line in String::from_utf8_lossy(slice.build_info.raw_modules()).lines() {
                        println!("\t{line}");
                    }
                }
                Err(reason) => println!("\t({reason})"),
            }
            println!("\t{:?} at {:#x}", slice.facts, slice.build_info_offset);
        }
    }
    Ok(())
}
