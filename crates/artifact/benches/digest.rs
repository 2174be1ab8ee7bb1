//! Hashing a file against its floor: the same algorithm over the same bytes in memory.
#![expect(clippy::unwrap_used, reason = "a bench stops where it fails")]

use std::io::Write as _;

use chainsign_artifact::{Limits, OpenArtifact};
use chainsign_core::digest::{DigestAlgorithm, StreamDigester};

fn main() {
    divan::main();
}

const SIZE: usize = 256 << 20;

fn file() -> OpenArtifact {
    let mut file = tempfile::tempfile().unwrap();
    let part = vec![0x5a; 1 << 20];
    for _ in 0..SIZE >> 20 {
        file.write_all(&part).unwrap();
    }
    OpenArtifact::from_file("bench", file).unwrap()
}

#[divan::bench(sample_count = 10)]
fn floor(bencher: divan::Bencher<'_, '_>) {
    let bytes = vec![0x5a; SIZE];
    bencher.counter(divan::counter::BytesCount::new(SIZE)).bench(|| {
        let mut digester = StreamDigester::new([DigestAlgorithm::Sha256]);
        digester.update(&bytes);
        digester.finish()
    });
}

#[divan::bench(sample_count = 10)]
fn digests(bencher: divan::Bencher<'_, '_>) {
    let artifact = file();
    bencher
        .counter(divan::counter::BytesCount::new(SIZE))
        .bench(|| artifact.digests([DigestAlgorithm::Sha256]).unwrap());
}

#[divan::bench(sample_count = 10)]
fn facts(bencher: divan::Bencher<'_, '_>) {
    let artifact = file();
    bencher
        .counter(divan::counter::BytesCount::new(SIZE))
        .bench(|| artifact.facts([DigestAlgorithm::Sha256], &Limits::default()).unwrap());
}
