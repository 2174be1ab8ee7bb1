//! Prints the SBOM of a Go binary: CycloneDX of a version, or SPDX.
//!
//! `cargo run -p chainsign-gosbom --example sbom -- FILE [1.4|1.5|1.6|1.7|spdx]`
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
    let format = arguments.next().unwrap_or_default();
    let bytes = std::fs::read(&path)?;
    let binary = read(&bytes, &Limits::default())?;
    let sbom = Sbom::of_binary(&binary, &Subject::new(path));
    let json = match format.as_str() {
        "spdx" => sbom.to_spdx_json(),
        "1.4" => sbom.to_cyclonedx_json(SpecVersion::V1_4),
        "1.5" => sbom.to_cyclonedx_json(SpecVersion::V1_5),
        "1.7" => sbom.to_cyclonedx_json(SpecVersion::V1_7),
        _ => sbom.to_cyclonedx_json(SpecVersion::V1_6),
    };
    print!("{}", String::from_utf8(json)?);
    Ok(())
}
