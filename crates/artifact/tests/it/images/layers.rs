//! Blobs of layers, and what they may cost.

use chainsign_artifact::archive::{ArchiveFormat, ArchiveLimit};

use super::*;
use crate::make::{Tar, gzip};
use crate::make_image::{LAYER, digest, plain};

/// One raw block of zstd (RFC 8878).
fn zstd(bytes: &[u8]) -> Vec<u8> {
    assert!(bytes.len() < 1 << 17, "one block");
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0];
    out.extend((bytes.len() as u32).to_le_bytes());
    let block = (bytes.len() as u32) << 3 | 1;
    out.extend(&block.to_le_bytes()[..3]);
    out.extend(bytes);
    out
}

#[test]
fn layers_are_packed_as_their_media_type_says() {
    let tar = Tar::default().file("a", b"x").end();
    let docker = "application/vnd.docker.image.rootfs";
    let good = [
        (tar.clone(), LAYER.to_owned()),
        (gzip(&tar), format!("{LAYER}+gzip")),
        (zstd(&tar), format!("{LAYER}+zstd")),
        (gzip(&tar), "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip".to_owned()),
        (gzip(&tar), format!("{docker}.diff.tar.gzip")),
        (gzip(&tar), format!("{docker}.foreign.diff.tar.gzip")),
        (zstd(&tar), format!("{docker}.diff.tar.zstd")),
        (tar.clone(), format!("{docker}.diff.tar")),
        (gzip(&tar), format!("{docker}.diff.tar")),
    ];
    for (blob, media_type) in good {
        let (_folder, images) = image_of(&[LayerOf::packed(&tar, blob, &media_type)]);
        assert_eq!(files(&images.all()[0]), ["0 a: 1 bytes"], "{media_type}");
    }
    let bad = [
        (tar.clone(), format!("{LAYER}+gzip"), "no compression", "gzip"),
        (zstd(&tar), format!("{LAYER}+gzip"), "zstd", "gzip"),
        (gzip(&tar), LAYER.to_owned(), "gzip", "no compression"),
    ];
    for (blob, media_type, found, wanted) in bad {
        let layer = digest(&tar).parse().unwrap();
        let wanted = ImageFault::Packing { layer, found, wanted };
        assert_eq!(layers_fault(&[LayerOf::packed(&tar, blob, &media_type)]), wanted);
    }
}

#[test]
fn layers_may_be_empty_and_need_no_end() {
    let open = Tar::default().file("a", b"x").open();
    let layers = [Vec::new(), vec![0; 1024], open.clone(), open[..513].to_vec()];
    assert_eq!(flattened(&layers), ["3 a: 1 bytes"]);
    let cut = open[..512].to_vec();
    let fault = Fault::Truncated { format: ArchiveFormat::Tar, part: "a file" };
    assert_eq!(layers_fault(&plain(std::slice::from_ref(&cut))), layer_fault(&cut, fault));
}

#[test]
fn a_layer_is_the_one_that_was_named() {
    let tar = Tar::default().file("a", b"x").end();
    let other = Tar::default().file("a", b"y").end();
    // The configuration names another tar.
    let layer = LayerOf { diff_id: digest(&other), ..LayerOf::plain(&tar) };
    let (found, wanted) = (digest(&tar).parse().unwrap(), digest(&other).parse().unwrap());
    assert_eq!(layers_fault(&[layer]), ImageFault::OtherLayer { found, wanted });
    // The blob is another one, whatever else is wrong with it.
    let mut broken = tar.clone();
    broken[148] = b'9';
    for blob in [other, broken] {
        let mut files = Files::of_image(&plain(std::slice::from_ref(&tar)));
        files.put(&make::blob_path(&digest(&tar)), &blob);
        let (_folder, images) = folder(&files);
        let found = fault(files_within(&images.unwrap().all()[0], &Limits::default()));
        let wanted = ImageFault::OtherBlob {
            found: digest(&blob).parse().unwrap(),
            wanted: digest(&tar).parse().unwrap(),
        };
        assert_eq!(found, wanted);
    }
}

#[test]
fn a_layer_has_the_size_that_was_stated_and_nothing_behind_it() {
    let tar = Tar::default().file("a", b"x").end();
    let path = make::blob_path(&digest(&tar));
    let mut files = Files::of_image(&plain(std::slice::from_ref(&tar)));
    files.put(&path, &tar[..tar.len() - 1]);
    let (_folder, images) = folder(&files);
    let found = fault(files_within(&images.unwrap().all()[0], &Limits::default()));
    let (size, short) = (tar.len() as u64, tar.len() as u64 - 1);
    let wanted =
        ImageFault::OtherSize { digest: digest(&tar).parse().unwrap(), found: short, wanted: size };
    assert_eq!(found, wanted);

    files.0.remove(&path);
    let (_folder, images) = folder(&files);
    let found = fault(files_within(&images.unwrap().all()[0], &Limits::default()));
    assert_eq!(found, ImageFault::Missing { what: path });

    let more = [&tar[..], b"x"].concat();
    let fault = Fault::Trailing { offset: 512 };
    assert_eq!(layers_fault(&plain(std::slice::from_ref(&more))), layer_fault(&more, fault));
}

#[test]
fn bombs_are_stopped() {
    let zeros = Tar::default().file("zeros", &vec![0; 20 << 20]).end();
    let bomb = LayerOf::packed(&zeros, gzip(&zeros), &format!("{LAYER}+gzip"));
    let allowed = Limits::default().archive.decompressed_floor;
    let limit = ArchiveLimit::Decompressed;
    assert_eq!(layers_fault(&[bomb]), layer_fault(&zeros, Fault::LimitReached { limit, allowed }));
    // All layers count together, and one blob that is named twice is paid for once.
    let mut limits = Limits::default();
    limits.archive.decompressed_floor = 5000;
    limits.archive.ratio = 0;
    let tar = Tar::default().file("a", &[0; 2000]).end();
    let layer = LayerOf::packed(&tar, gzip(&tar), &format!("{LAYER}+gzip"));
    let (_folder, images) = image_of(&[layer.clone(), layer]);
    let found = fault(files_within(&images.all()[0], &limits));
    assert_eq!(found, layer_fault(&tar, Fault::LimitReached { limit, allowed: 5000 }));

    let mut limits = Limits::default();
    limits.archive.entries = 3;
    let two = Tar::default().file("a", b"").file("b", b"").end();
    let (_folder, images) = image_of(&plain(&[two.clone(), two.clone()]));
    let found = fault(files_within(&images.all()[0], &limits));
    let fault = Fault::LimitReached { limit: ArchiveLimit::Entries, allowed: 3 };
    assert_eq!(found, layer_fault(&two, fault));
}
