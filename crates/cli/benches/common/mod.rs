//! The floor of everything that reads a file whole.

use std::io::Read as _;
use std::path::Path;

use chainsign_core::digest::{DigestAlgorithm, StreamDigester};

/// One SHA-256 pass.
pub(crate) fn digest(path: &Path) {
    let mut file = std::fs::File::open(path).unwrap();
    let mut digester = StreamDigester::new([DigestAlgorithm::Sha256]);
    let mut part = vec![0; 256 << 10];
    loop {
        match file.read(&mut part).unwrap() {
            0 => break,
            count => digester.update(&part[..count]),
        }
    }
    assert!(digester.finish().get(DigestAlgorithm::Sha256).is_some());
}
