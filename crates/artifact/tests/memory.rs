//! Digesting takes constant memory. In a process of its own, so that nothing else counts.

#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests read files and stop")]

use chainsign_artifact::{Limits, OpenArtifact};
use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};

#[test]
fn one_gibibyte_takes_less_than_16_mebibytes() {
    // Sparse: it takes no space, and is hashed like any other.
    let file = tempfile::tempfile().unwrap();
    file.set_len(1 << 30).unwrap();
    let artifact = OpenArtifact::from_file("zeros", file).unwrap();
    let facts = artifact.facts([DigestAlgorithm::Sha256], &Limits::default()).unwrap();
    // `head -c 1073741824 /dev/zero | sha256sum`
    let digest = "49bc20df15e412a64472421e13fe86ff1c5165e18b2afccf160d4dc19fe68a14";
    let wanted = ArtifactDigest::from_hex(DigestAlgorithm::Sha256, digest).unwrap();
    assert_eq!(facts.digests, wanted.into());
    let peak = peak_kibibytes();
    assert!(peak < 16 << 10, "found {peak} KiB at the peak");
}

/// The most memory this process ever had resident (`VmHWM`, proc(5)).
fn peak_kibibytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
