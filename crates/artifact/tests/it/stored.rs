//! Facts that are kept and read back.

use std::path::Path;

use chainsign_artifact::image;
use chainsign_artifact::{ArtifactFacts, Limits, OpenArtifact};
use chainsign_core::digest::DigestAlgorithm;
use chainsign_gosbom::Depth;

/// What is written of facts that were read back is what was written of them at first, byte for byte,
/// and so is every digest and every word that a rule looks at.
#[test]
fn facts_are_read_back_as_they_were_kept() {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
    let mut limits = Limits::default();
    limits.go.depth = Depth::SecondRecords;
    for name in [
        "demo/shipcheck",
        "demo/README.md",
        "images/docker.tar.gz",
        "images/zstd.tar",
        "images/crane.tar",
        "images/oci",
        "gosbom/build.sh",
    ] {
        let path = testdata.join(name);
        let algorithms = [DigestAlgorithm::Sha256, DigestAlgorithm::Sha512];
        let facts = match image::open(&path, &limits) {
            Ok(Some(images)) if path.is_dir() => images.facts(algorithms, &limits).unwrap(),
            _ => OpenArtifact::open(&path).unwrap().facts(algorithms, &limits).unwrap(),
        };
        let kept = serde_json::to_string(&facts).unwrap();
        let back: ArtifactFacts = serde_json::from_str(&kept).unwrap();
        assert_eq!(serde_json::to_string(&back).unwrap(), kept, "{name}");
        assert_eq!(back.digests, facts.digests);
        assert_eq!((back.name.as_str(), back.size), (facts.name.as_str(), facts.size));
        // All of it, but where in the file more could be read.
        let shown = |facts: &ArtifactFacts| without_places(&format!("{facts:#?}"));
        assert_eq!(shown(&back), shown(&facts), "{name}");
    }
}

/// Without the fields of a Go image that only a reader of the file uses.
fn without_places(shown: &str) -> String {
    let mut kept = Vec::new();
    let mut until: Option<String> = None;
    for line in shown.lines() {
        if let Some(end) = &until {
            if line == end {
                until = None;
            }
            continue;
        }
        let field = line.trim_start();
        if field == "data: [" || field == "function_tables: [" {
            let indent = &line[..line.len() - field.len()];
            until = Some(format!("{indent}],"));
            continue;
        }
        if field == "data: []," || field == "function_tables: []," {
            continue;
        }
        kept.push(line);
    }
    kept.join("\n")
}
