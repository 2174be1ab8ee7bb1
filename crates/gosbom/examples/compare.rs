//! Compares a Go binary with an SBOM of any tool, or with another binary.
//!
//! `cargo run -p chainsign-gosbom --example compare -- BINARY SBOM|BINARY [covers]`
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "an example opens files and prints"
)]

use std::error::Error;

use chainsign_gosbom::diff::{Mode, ModuleSet, compare};
use chainsign_gosbom::{Limits, read};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(actual), Some(stated)) = (arguments.next(), arguments.next()) else {
        return Err("wanted BINARY and SBOM".into());
    };
    let mode = match arguments.next().as_deref() {
        Some("covers") => Mode::Covers,
        _ => Mode::Equal,
    };
    let of_binary = |bytes: &Vec<u8>| -> Result<ModuleSet, Box<dyn Error>> {
        Ok(ModuleSet::of_slices(&read(bytes, &Limits::default())?.slices)?)
    };
    let actual = of_binary(&std::fs::read(actual)?)?;
    let stated = std::fs::read(stated)?;
    let stated = match stated.first() {
        Some(b'{') => ModuleSet::from_sbom(&stated)?,
        _ => of_binary(&stated)?,
    };
    print!("{}", compare(&actual, &stated, mode));
    Ok(())
}
