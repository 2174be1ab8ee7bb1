//! Lists the programs inside archives and packages.
//!
//! `cargo run -p chainsign-artifact --example files -- FILE…`
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::path::Path;

use chainsign_artifact::archive::InnerContent;
use chainsign_artifact::{Limits, OpenArtifact};
use chainsign_core::digest::DigestAlgorithm;

fn main() -> Result<(), Box<dyn Error>> {
    for path in std::env::args_os().skip(1) {
        let artifact = OpenArtifact::open(Path::new(&path))?;
        let (mut files, mut programs) = (0, Vec::new());
        let outcome = artifact.files([DigestAlgorithm::Sha256], &Limits::default(), &mut |file| {
            files += 1;
            match &file.content {
                InnerContent::GoBinary { digests, .. } => {
                    programs.push(format!("  {file}: Go, {digests:?}"));
                }
                InnerContent::NotGo { reason, .. } => programs.push(format!("  {file}: {reason}")),
                InnerContent::Archive(Err(fault)) => programs.push(format!("  {file}: {fault}")),
                _ => {}
            }
        });
        match outcome {
            Ok(facts) => println!("{}: {}, {files} files", facts.name, facts.format),
            Err(error) => println!("{error} (after {files} files)"),
        }
        for program in programs {
            println!("{program}");
        }
    }
    Ok(())
}
