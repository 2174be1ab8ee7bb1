//! Prints the packages and modules in a Go binary's function table, and what its module list
//! says otherwise.
//!
//! `cargo run -p chainsign-gosbom --example packages -- FILE`
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "an example opens files and prints"
)]

use std::error::Error;

use chainsign_gosbom::{Limits, pclntab, read, runtime_copy};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("wanted a Go binary")?;
    let bytes = std::fs::read(&path)?;
    let limits = Limits::default();
    for slice in &read(&bytes, &limits)?.slices {
        println!("runtime's copy: {:?}", runtime_copy(&bytes, slice, &limits)?);
        let Some(table) = pclntab::read(&bytes, slice, &limits)? else {
            println!("no function table");
            continue;
        };
        println!(
            "{:?} at {:#x}: {} functions, {} files, {} packages",
            table.format,
            table.offset,
            table.functions,
            table.files.len(),
            table.packages.len()
        );
        for module in &table.modules {
            println!("\t{} {}", module.path, module.version);
        }
        match slice.build_info.modules() {
            Ok(info) => println!("{:#?}", table.compare(info)),
            Err(reason) => println!("{reason}"),
        }
    }
    Ok(())
}
