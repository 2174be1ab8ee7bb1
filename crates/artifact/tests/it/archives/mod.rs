//! Archives and packages: those that tools make, and those that were made to deceive.

mod limits;
mod packages;
mod tar;
mod tools;
mod zip;

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use chainsign_artifact::archive::{ArchiveFacts, Fault, InnerContent, InnerFile};
use chainsign_artifact::{Error, Limits, OpenArtifact};
use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

/// A small Go binary.
fn go_binary() -> Vec<u8> {
    let file = std::fs::File::open(testdata().join("gosbom/real/toy-linux-386.gz")).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    bytes
}

fn open(bytes: &[u8]) -> OpenArtifact {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    OpenArtifact::from_file("test", file).unwrap()
}

fn walked(
    artifact: &OpenArtifact,
    limits: &Limits,
) -> (Result<ArchiveFacts, Error>, Vec<InnerFile>) {
    let mut files = Vec::new();
    let outcome = artifact.files([DigestAlgorithm::Sha256], limits, &mut |file| files.push(file));
    (outcome, files)
}

/// Reads an archive that must be good: its files, each with a word for what it is.
#[track_caller]
fn files(bytes: &[u8]) -> Vec<String> {
    let (outcome, files) = walked(&open(bytes), &Limits::default());
    let facts = outcome.unwrap();
    assert_eq!(facts.digests, ArtifactDigest::sha256(bytes).into());
    assert_eq!(facts.size, bytes.len() as u64);
    files.iter().map(described).collect()
}

fn described(file: &InnerFile) -> String {
    let what = match &file.content {
        InnerContent::GoBinary { binary, .. } => {
            let modules = binary.slices[0].build_info.modules().unwrap();
            format!("Go {}", modules.path)
        }
        InnerContent::NotGo { reason, .. } => reason.to_string(),
        InnerContent::Archive(Ok(format)) => format.to_string(),
        InnerContent::Archive(Err(fault)) => format!("fault: {fault}"),
        InnerContent::HardLink { target } => format!("same as {target}"),
        InnerContent::Data => format!("{} bytes", file.size),
        other => panic!("{other:?}"),
    };
    format!("{file}: {what}")
}

/// Reads an archive that must be refused.
#[track_caller]
fn refused(bytes: &[u8], wanted: Fault) {
    refused_within(bytes, &Limits::default(), wanted);
}

#[track_caller]
fn refused_within(bytes: &[u8], limits: &Limits, wanted: Fault) {
    match walked(&open(bytes), limits).0 {
        Err(Error::Archive { fault, .. }) => assert_eq!(fault, wanted),
        other => panic!("found {other:?}, wanted {wanted:?}"),
    }
}
