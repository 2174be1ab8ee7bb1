//! An image takes memory for its names only. In a process of its own, so that nothing else counts.

#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests make files and stop")]

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use chainsign_artifact::{Limits, image};
use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm, StreamDigester};

/// Fifty thousand small files, and one of 256 MiB.
#[test]
fn a_large_image_takes_less_than_24_mebibytes() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = folder.path().join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    let (layer, size) = write_layer(folder.path());
    std::fs::rename(folder.path().join("layer"), blobs.join(layer.hex())).unwrap();
    let put = |text: String| {
        let digest = ArtifactDigest::sha256(text.as_bytes());
        std::fs::write(blobs.join(digest.hex()), &text).unwrap();
        format!(r#""digest":"{digest}","size":{}"#, text.len())
    };
    let config = put(format!(
        r#"{{"os":"linux","architecture":"amd64","rootfs":{{"type":"layers","diff_ids":["{layer}"]}}}}"#
    ));
    let oci = "application/vnd.oci.image";
    let manifest = put(format!(
        r#"{{"schemaVersion":2,"config":{{"mediaType":"{oci}.config.v1+json",{config}}},"layers":[{{"mediaType":"{oci}.layer.v1.tar","digest":"{layer}","size":{size}}}]}}"#
    ));
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{oci}.manifest.v1+json",{manifest}}}]}}"#
    );
    std::fs::write(folder.path().join("index.json"), index).unwrap();
    std::fs::write(folder.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();

    let images = image::open(folder.path(), &Limits::default()).unwrap().unwrap();
    let mut files = 0;
    let limits = Limits::default();
    images.all()[0].files([DigestAlgorithm::Sha256], &limits, &mut |_| files += 1).unwrap();
    assert_eq!(files, FILES + 1);
    let peak = peak_kibibytes();
    assert!(peak < 24 << 10, "found {peak} KiB at the peak");
}

const FILES: usize = 50_000;
const LARGE: u64 = 256 << 20;

/// Writes a tar, and returns its digest and size.
fn write_layer(folder: &Path) -> (ArtifactDigest, u64) {
    let mut file = BufWriter::new(File::create(folder.join("layer")).unwrap());
    let mut digester = StreamDigester::new([DigestAlgorithm::Sha256]);
    let mut size = 0;
    let mut write = |bytes: &[u8]| {
        digester.update(bytes);
        file.write_all(bytes).unwrap();
        size += bytes.len() as u64;
    };
    for number in 0..FILES {
        write(&header(&format!("usr/share/some/folder/{}/{number}", number % 100), 0));
    }
    write(&header("large", LARGE));
    let zeros = vec![0; 1 << 20];
    for _ in 0..LARGE >> 20 {
        write(&zeros);
    }
    write(&[0; 1024]);
    file.flush().unwrap();
    let digest = digester.finish().get(DigestAlgorithm::Sha256).cloned();
    (digest.unwrap(), size)
}

fn header(name: &str, size: u64) -> [u8; 512] {
    let mut header = [0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    header[148..156].fill(b' ');
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// The most memory this process ever had resident (`VmHWM`, proc(5)).
fn peak_kibibytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
