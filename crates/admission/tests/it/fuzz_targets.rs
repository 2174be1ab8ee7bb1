//! What is fuzzed of this crate, each with what must hold of any input. libFuzzer (`fuzz/`) and
//! `cargo test` run the same.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use base64::Engine as _;
use chainsign_admission::review::{self, Decision, Webhook};
use chainsign_admission::{Error, Options, Use, dockerfile, manifest};
use chainsign_core::digest::ArtifactDigest;

use crate::target::Target;

pub(crate) const TARGETS: [Target; 3] = [
    Target { name: "admission_dockerfile", run: dockerfile, seeds: dockerfile_seeds },
    Target { name: "admission_manifest", run: manifest, seeds: manifest_seeds },
    Target { name: "admission_review", run: review, seeds: review_seeds },
];

/// A Dockerfile, with what must hold of a manifest.
fn dockerfile(bytes: &[u8]) -> bool {
    let options = dockerfile::Options::default();
    let Ok(read) = dockerfile::read(bytes, "f", &options) else { return false };
    let pinned = match read.pin(&digests(read.images())) {
        Ok(pinned) => pinned,
        Err(Error::NotEditable { .. }) => return true,
        Err(other) => panic!("{other}"),
    };
    let again = dockerfile::read(&pinned, "f", &options).unwrap();
    same_places(read.images(), again.images());
    assert_eq!(again.unread(), read.unread());
    assert_eq!(again.pin(&BTreeMap::new()).unwrap(), pinned);
    true
}

fn dockerfile_seeds() -> Vec<Vec<u8>> {
    let seeds: [&[u8]; 3] = [
        include_bytes!("../../testdata/dockerfiles/everything"),
        include_bytes!("../../testdata/dockerfiles/continued"),
        b"ARG A=b\nFROM \"a:$A\" as c\nRUN --mount=from=d,target=/x true\nFROM c\nCOPY --from=e:1 a b\n",
    ];
    seeds.map(<[u8]>::to_vec).to_vec()
}

/// A manifest. With a digest behind each reference it has the same images in the same places, and is not changed
/// again.
fn manifest(bytes: &[u8]) -> bool {
    let options = Options::default();
    let Ok(read) = manifest::read(bytes, "f", &options) else { return false };
    let pinned = match read.pin(&digests(read.images())) {
        Ok(pinned) => pinned,
        Err(Error::NotEditable { .. }) => return true,
        Err(other) => panic!("{other}"),
    };
    let again = manifest::read(&pinned, "f", &options).unwrap();
    same_places(read.images(), again.images());
    assert_eq!(again.unread(), read.unread());
    assert_eq!(again.pin(&BTreeMap::new()).unwrap(), pinned);
    true
}

fn manifest_seeds() -> Vec<Vec<u8>> {
    let seeds: [&[u8]; 4] = [
        include_bytes!("../../testdata/manifests/kinds.yaml"),
        include_bytes!("../../testdata/manifests/crlf.yaml"),
        include_bytes!("../../testdata/manifests/pods.json"),
        b"kind: Pod\napiVersion: v1\nx: &x {image: a/b}\nspec:\n containers:\n - {<<: *x, name: n}\n - {image: \"q/r\"}\n",
    ];
    seeds.map(<[u8]>::to_vec).to_vec()
}

/// A review. Its response says its UID; it allows only if every image was allowed and everything was read; and what its
/// patch makes of the object needs no other patch.
fn review(bytes: &[u8]) -> bool {
    let options = Options::default();
    let Ok(read) = review::read(bytes, &options) else { return false };
    let digests = digests(read.images());
    let allow = |digest: ArtifactDigest| Decision::Allow { digest };
    let decisions: BTreeMap<_, _> =
        digests.into_iter().map(|(it, digest)| (it, allow(digest))).collect();
    let response = read.respond(&decisions, Webhook::Mutating);
    let cut_short = read.fault().is_some() || !read.unread().is_empty();
    assert_eq!(response.is_allowed(), !cut_short);
    if !read.images().is_empty() {
        assert!(!read.respond(&BTreeMap::new(), Webhook::Mutating).is_allowed());
    }
    let response = serde_json::to_value(response).unwrap();
    assert_eq!(response["response"]["uid"], read.uid());
    if let Some(patch) = response["response"]["patch"].as_str() {
        let patch = base64::engine::general_purpose::STANDARD.decode(patch).unwrap();
        let patch: Vec<serde_json::Value> = serde_json::from_slice(&patch).unwrap();
        let mut asked: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        for step in &patch {
            let place = asked["request"]["object"].pointer_mut(step["path"].as_str().unwrap());
            *place.unwrap() = step["value"].clone();
        }
        let again = review::read(asked.to_string().as_bytes(), &options).unwrap();
        assert!(again.images().iter().all(|image| image.image.digest.is_some()));
    }
    true
}

fn review_seeds() -> Vec<Vec<u8>> {
    let seeds: [&[u8]; 4] = [
        include_bytes!("../../testdata/reviews/pod-create.json"),
        include_bytes!("../../testdata/reviews/pod-ephemeralcontainers.json"),
        include_bytes!("../../testdata/reviews/cronjob-create.json"),
        include_bytes!("../../testdata/reviews/deployment-update-restart.json"),
    ];
    seeds.map(<[u8]>::to_vec).to_vec()
}

fn digests(images: &[Use]) -> BTreeMap<String, ArtifactDigest> {
    let digest = |image: &Use| {
        let made = ArtifactDigest::sha256(image.written.as_bytes());
        (image.written.clone(), image.image.digest.clone().unwrap_or(made))
    };
    images.iter().map(digest).collect()
}

fn same_places(before: &[Use], after: &[Use]) {
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(after) {
        assert_eq!((&before.place, &before.role), (&after.place, &after.role));
        assert_eq!((&before.image.name, &before.image.tag), (&after.image.name, &after.image.tag));
        assert!(after.image.digest.is_some());
    }
}
