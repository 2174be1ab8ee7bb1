//! Lists the images in folders and archives, and the programs in them.
//!
//! `cargo run -p chainsign-artifact --example image -- PATH…`
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::path::Path;

use chainsign_artifact::Limits;
use chainsign_artifact::archive::InnerContent;
use chainsign_artifact::image::{self, Image};
use chainsign_core::digest::DigestAlgorithm;

fn main() -> Result<(), Box<dyn Error>> {
    let limits = Limits::default();
    for path in std::env::args_os().skip(1) {
        let path = Path::new(&path);
        let Some(images) = image::open(path, &limits)? else {
            println!("{}: no images", path.display());
            continue;
        };
        println!("{}: {}", images.name(), images.format());
        for image in images.all() {
            print(image, &limits)?;
        }
        for other in images.others() {
            println!("  {} {}: {:?}", other.digest, other.media_type, other.kind);
        }
    }
    Ok(())
}

fn print(image: &Image, limits: &Limits) -> Result<(), Box<dyn Error>> {
    let facts = image.facts();
    let digest = facts.manifest.as_ref().unwrap_or(&facts.id);
    println!("  {digest} {} {}", facts.platform, facts.names.join(" "));
    let mut files = 0;
    image.files([DigestAlgorithm::Sha256], limits, &mut |found| {
        files += 1;
        let what = match &found.file.content {
            InnerContent::GoBinary { digests, .. } => format!("Go, {digests:?}"),
            InnerContent::NotGo { reason, .. } => reason.to_string(),
            InnerContent::Archive(Err(fault)) => fault.to_string(),
            _ => return,
        };
        println!("    layer {} {}: {what}", found.layer.position, found.file);
    })?;
    println!("    {files} files in {} layers", facts.layers.len());
    Ok(())
}
