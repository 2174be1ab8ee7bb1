//! Prints the CycloneDX SBOM of a Go binary.
//!
//! `cargo run -p chainsign-gosbom --example sbom -- FILE [1.4|1.5|1.6|1.7]`
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "an example opens files and prints"
)]

use std::error::Error;

use chainsign_gosbom::sbom::{Sbom, SpecVersion, Subject};
use chainsign_gosbom::{Limits, read};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("wanted the path of a Go binary")?;
    let version = match arguments.next().as_deref() {
        Some("1.4") => SpecVersion::V1_4,
        Some("1.5") => SpecVersion::V1_5,
        Some("1.7") => SpecVersion::V1_7,
        _ => SpecVersion::V1_6,
    };
    let bytes = std::fs::read(&path)?;
    let binary = read(&bytes, &Limits::default())?;
    let sbom = Sbom::of_binary(&binary, &Subject::new(path));
    print!("{}", String::from_utf8(sbom.to_cyclonedx_json(version))?);
    Ok(())
}
