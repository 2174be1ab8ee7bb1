//! What the usual tools write: `testdata/archives/build.sh`.

use super::*;

const LONG: &str = "app/share/a-name-that-is-longer-than-the-hundred-bytes-which-the-first-tar-had-room-for-and-that-needs-more/and-then-some-more-behind-it: 5 bytes";

#[track_caller]
fn check(name: &str, wanted: &[&str]) {
    let bytes = std::fs::read(testdata().join("archives").join(name)).unwrap();
    let mut found = files(&bytes);
    found.sort();
    assert_eq!(found, wanted, "{name}");
}

#[test]
fn tar_in_every_form() {
    let wanted = [
        "app/bin/app: Go example.com/Toy/app/cmd/toy",
        "app/bin/same: same as app/bin/app",
        "app/share/README: 14 bytes",
        LONG,
    ];
    for name in ["gnu.tar.gz", "pax.tar.xz", "gnu.tar.zst"] {
        check(name, &wanted);
    }
}

#[test]
fn packages() {
    let wanted = [
        ".PKGINFO: 14 bytes",
        ".SIGN.RSA.key.rsa.pub: 16 bytes",
        "app/bin/app: Go example.com/Toy/app/cmd/toy",
        "app/bin/same: same as app/bin/app",
        "app/share/README: 14 bytes",
        LONG,
    ];
    check("app.apk", &wanted);
    let wanted =
        ["usr/bin/app: Go example.com/Toy/app/cmd/toy", "usr/bin/same: same as usr/bin/app"];
    check("app.deb", &wanted);
}

#[test]
fn zip_has_no_hard_links() {
    let wanted = [
        "app/bin/app: Go example.com/Toy/app/cmd/toy",
        "app/bin/same: Go example.com/Toy/app/cmd/toy",
        "app/share/README: 14 bytes",
        LONG,
    ];
    check("app.zip", &wanted);
}

/// Every byte matters: whichever is changed, or cut off, the archive's digest is another one or it
/// is refused. Nothing panics.
#[test]
fn damage_is_survived() {
    for name in ["gnu.tar.gz", "pax.tar.xz", "gnu.tar.zst", "app.deb", "app.zip", "app.apk"] {
        let bytes = std::fs::read(testdata().join("archives").join(name)).unwrap();
        let digest = ArtifactDigest::sha256(&bytes).into();
        let step = bytes.len() / 20;
        for at in (0..bytes.len()).step_by(step) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x55;
            if let Ok(facts) = walked(&open(&damaged), &Limits::default()).0 {
                assert_ne!(facts.digests, digest, "{name} at {at}");
            }
            let cut = walked(&open(&bytes[..at]), &Limits::default()).0;
            assert!(matches!(cut, Err(Error::Archive { .. })), "{name} cut at {at}: {cut:?}");
        }
    }
}
