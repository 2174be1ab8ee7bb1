use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use chainsign_artifact::Limits;
use chainsign_core::digest::ArtifactDigest;
use chainsign_registry::{Error, Limit, Platforms, Pulled, Registry, Resolved};
use chainsign_sandbox::{ReferrersApi, Sandbox};
use serde_json::json;

use crate::front::{Answer, Front, impatient, registry, sandbox};
use crate::image::{INDEX, Repository};

/// An index of an image for amd64 and one for arm64, and something of BuildKit's.
async fn with_index() -> Sandbox {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    let repository = Repository::new(sandbox.url(), "app");
    let mut manifests = Vec::new();
    for (tag, os, architecture) in
        [("one", "linux", "amd64"), ("two", "linux", "arm64"), ("three", "unknown", "unknown")]
    {
        let mut child = repository.image(tag).await;
        child["platform"] = json!({ "os": os, "architecture": architecture });
        manifests.push(child);
    }
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
    let index = repository.manifest(Some("all"), &index).await;
    let outer = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [index] });
    repository.manifest(Some("outer"), &outer).await;
    sandbox
}

async fn resolved(registry: &Registry, front: &Front, reference: &str) -> Resolved {
    registry.resolve(&front.reference(reference)).await.unwrap()
}

/// The platforms of the images that the crate which judges images finds there.
fn opened(pulled: &Pulled) -> Vec<String> {
    let images = chainsign_artifact::image::open(pulled.path(), &Limits::default());
    let images = images.unwrap().unwrap();
    images.all().iter().map(|image| image.facts().platform.to_string()).collect()
}

fn blobs(folder: &Path) -> usize {
    fs::read_dir(folder.join("blobs/sha256")).map_or(0, Iterator::count)
}

#[tokio::test]
async fn what_is_pulled_is_a_layout() {
    let sandbox = with_index().await;
    let front = Front::of(&sandbox).await;
    let cache = tempfile::tempdir().unwrap();
    let registry = registry();
    let all = resolved(&registry, &front, "app:all").await;
    let pulled = registry.pull(&all, &Platforms::All, cache.path()).await.unwrap();
    assert_eq!(opened(&pulled), ["linux/amd64", "linux/arm64"]);
    assert_eq!(pulled.images().len(), 2);
    // The index, and of each image manifest, configuration and layer.
    assert_eq!(blobs(pulled.path()), 7);
    assert_eq!(blobs(cache.path()), 4);

    // An index in an index.
    let outer = resolved(&registry, &front, "app:outer").await;
    let outer = registry.pull(&outer, &Platforms::All, cache.path()).await.unwrap();
    assert_eq!(opened(&outer), ["linux/amd64", "linux/arm64"]);
    assert_eq!(outer.images().len(), 2);

    let only = Platforms::Only(vec!["linux/arm64".parse().unwrap()]);
    front.heard();
    let one = registry.pull(&all, &only, cache.path()).await.unwrap();
    assert_eq!(opened(&one), ["linux/arm64"]);
    assert_eq!(front.heard().iter().filter(|heard| heard.gets_in("/blobs/")).count(), 0);
    let single = resolved(&registry, &front, "app:one").await;
    let single = registry.pull(&single, &only, cache.path()).await.unwrap();
    assert_eq!(opened(&single).len(), 1);

    let path = pulled.path().to_owned();
    drop(pulled);
    assert!(!path.exists());
    assert_eq!(opened(&one), ["linux/arm64"]);
}

#[tokio::test]
async fn a_platform_that_is_not_there_is_named() {
    let sandbox = with_index().await;
    let front = Front::of(&sandbox).await;
    let cache = tempfile::tempdir().unwrap();
    let registry = registry();
    let all = resolved(&registry, &front, "app:all").await;
    let only = Platforms::Only(vec!["linux/s390x".parse().unwrap()]);
    match registry.pull(&all, &only, cache.path()).await.unwrap_err() {
        Error::NoSuchPlatform { wanted, found, .. } => {
            assert_eq!(
                (wanted.as_str(), found.as_str()),
                ("linux/s390x", "linux/amd64, linux/arm64")
            );
        }
        other => panic!("{other}"),
    }
}

/// What was kept and is no good any more is had anew; what comes and is no good is not kept.
#[tokio::test]
async fn only_what_a_digest_says_is_kept() {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    Repository::new(sandbox.url(), "app").image("v1").await;
    let layer = ArtifactDigest::sha256(b"v1");
    let front = Front::of(&sandbox).await;
    let cache = tempfile::tempdir().unwrap();
    let kept = cache.path().join("blobs/sha256").join(layer.hex());
    let registry = registry();
    let image = resolved(&registry, &front, "app:v1").await;
    for (body, wanted) in
        [("v2", "OtherDigest { "), ("v", "OtherSize { "), ("v1 and more", "OtherSize { ")]
    {
        let end = format!("/blobs/{layer}");
        front.plays(move |heard| heard.gets(&end).then(|| Answer::new(200).body(body)));
        let error = registry.pull(&image, &Platforms::All, cache.path()).await.unwrap_err();
        assert!(format!("{error:?}").starts_with(wanted), "{body}: {error:?}");
        assert!(!kept.exists());
    }
    let left = fs::read_dir(cache.path().join("layouts")).unwrap().count();
    assert_eq!(left, 0, "nothing half-done stays");

    let mut first = true;
    let end = format!("/blobs/{layer}");
    front.plays(move |heard| {
        let fails = heard.gets(&end) && std::mem::take(&mut first);
        fails.then(|| Answer::new(503))
    });
    registry.pull(&image, &Platforms::All, cache.path()).await.unwrap();
    fs::write(&kept, "damaged").unwrap();
    let again = registry.pull(&image, &Platforms::All, cache.path()).await.unwrap();
    let there = again.path().join("blobs/sha256").join(layer.hex());
    assert_eq!(fs::read(there).unwrap(), b"v1");
    assert_eq!(fs::read(&kept).unwrap(), b"v1");
}

#[tokio::test]
async fn the_least_recently_used_goes_first() {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    let repository = Repository::new(sandbox.url(), "app");
    for tag in ["old", "new", "now"] {
        repository.image(tag).await;
    }
    let front = Front::of(&sandbox).await;
    let cache = tempfile::tempdir().unwrap();
    let mut options = impatient();
    options.limits.cache_bytes = 700;
    let registry = Registry::new(options).unwrap();
    let layer = |tag: &str| ArtifactDigest::sha256(tag.as_bytes()).hex();
    let is_kept = |tag: &str| cache.path().join("blobs/sha256").join(layer(tag)).exists();
    let age = |hours: u64| {
        for entry in fs::read_dir(cache.path().join("used")).unwrap() {
            let file = fs::File::options().write(true).open(entry.unwrap().path()).unwrap();
            let time = file.metadata().unwrap().modified().unwrap();
            file.set_modified(time - Duration::from_secs(3600 * hours)).unwrap();
        }
    };
    for tag in ["old", "new"] {
        let image = resolved(&registry, &front, &format!("app:{tag}")).await;
        registry.pull(&image, &Platforms::All, cache.path()).await.unwrap();
        age(2);
    }
    assert!(is_kept("old") && is_kept("new"));
    let padding = cache.path().join("blobs/sha256").join("0".repeat(64));
    fs::write(&padding, vec![0; 300]).unwrap();
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    fs::File::options().write(true).open(&padding).unwrap().set_modified(long_ago).unwrap();
    let image = resolved(&registry, &front, "app:now").await;
    registry.pull(&image, &Platforms::All, cache.path()).await.unwrap();
    assert!(!padding.exists(), "what has no mark is as old as it is");
    assert!(is_kept("now"));
    let total: u64 = fs::read_dir(cache.path().join("blobs/sha256"))
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!(total <= 700, "{total}");
}

#[tokio::test]
async fn layers_are_bounded() {
    let sandbox = with_index().await;
    let front = Front::of(&sandbox).await;
    let cache = tempfile::tempdir().unwrap();
    let mut options = impatient();
    options.limits.layer_bytes = 2;
    let registry = Registry::new(options).unwrap();
    let image = resolved(&registry, &front, "app:one").await;
    match registry.pull(&image, &Platforms::All, cache.path()).await.unwrap_err() {
        Error::LimitReached { limit: Limit::LayerBytes, allowed: 2, .. } => {}
        other => panic!("{other}"),
    }
}

/// As two processes would: nothing is shared but the folder.
#[tokio::test(flavor = "multi_thread")]
async fn many_can_pull_at_the_same_time() {
    let sandbox = with_index().await;
    let front = Front::of(&sandbox).await;
    let cache = tempfile::tempdir().unwrap();
    let pulls: Vec<_> = (0..8)
        .map(|_| {
            let (reference, cache) = (front.reference("app:all"), cache.path().to_owned());
            tokio::spawn(async move {
                let registry = registry();
                let image = registry.resolve(&reference).await.unwrap();
                registry.pull(&image, &Platforms::All, &cache).await.unwrap()
            })
        })
        .collect();
    for pull in pulls {
        assert_eq!(opened(&pull.await.unwrap()), ["linux/amd64", "linux/arm64"]);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_folder_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt as _;

    let sandbox = with_index().await;
    let front = Front::of(&sandbox).await;
    let cache = tempfile::tempdir().unwrap();
    let registry = registry();
    let image = resolved(&registry, &front, "app:one").await;
    let folder = cache.path().join("new/folder");
    registry.pull(&image, &Platforms::All, &folder).await.unwrap();
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
}
