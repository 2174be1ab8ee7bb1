use std::path::PathBuf;

use chainsign_core::digest::ArtifactDigest;
use chainsign_trust::{
    Cache, Checked, Error, Freshness, Instance, Network, Origin, Repository, TrustMaterial,
};

use crate::tuf::{Edition, Key, Tuf, hours};

/// A cache in a folder of its own.
fn cache() -> (tempfile::TempDir, Cache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path().join("made when needed"));
    (folder, cache)
}

/// Where the cache keeps the repository's files.
fn folder(cache: &Cache) -> PathBuf {
    std::fs::read_dir(cache.folder()).unwrap().next().unwrap().unwrap().path()
}

#[track_caller]
fn checked(material: &TrustMaterial) -> &Checked {
    match &material.origin {
        Origin::Repository(checked) => checked,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn is_edition(material: &TrustMaterial, edition: &Edition) {
    assert_eq!(material.trusted_root.digest(), &ArtifactDigest::sha256(&edition.trusted_root));
}

#[tokio::test]
async fn the_repository_is_asked_once_a_day() {
    let tuf = Tuf::start().await;
    let (_folder, cache) = cache();
    let first = tuf.obtain(&cache, Network::WhenStale, hours(0)).await.unwrap();
    is_edition(&first, &Edition::first());
    assert!(first.signing_config.is_some());
    let Checked { at, expires, root_version, freshness, cache_fault, .. } = checked(&first);
    assert_eq!((*at, *expires, *root_version), (hours(0), hours(7 * 24), 1));
    assert_eq!((freshness, cache_fault), (&Freshness::Refreshed, &None));
    assert_eq!(tuf.asked()[..3], ["2.root.json", "timestamp.json", "1.snapshot.json"]);

    let almost = hours(24) - jiff::SignedDuration::from_secs(1);
    let cached = tuf.obtain(&cache, Network::WhenStale, almost).await.unwrap();
    is_edition(&cached, &Edition::first());
    assert_eq!((checked(&cached).at, &checked(&cached).freshness), (hours(0), &Freshness::Cached));
    assert_eq!(cached.origin.to_string(), format!("cache of {}", tuf.url));
    assert!(tuf.asked().is_empty());

    let again = tuf.obtain(&cache, Network::WhenStale, hours(24)).await.unwrap();
    assert_eq!(
        (checked(&again).at, &checked(&again).freshness),
        (hours(24), &Freshness::Refreshed)
    );
    // Nothing has changed, so that nothing else is asked for.
    assert_eq!(tuf.asked(), ["2.root.json", "timestamp.json"]);

    tuf.obtain(&cache, Network::Now, hours(24)).await.unwrap();
    assert_eq!(tuf.asked(), ["2.root.json", "timestamp.json"]);
}

#[tokio::test]
async fn what_expires_within_the_day_is_asked_for_when_it_has() {
    let tuf = Tuf::start().await;
    let (_folder, cache) = cache();
    tuf.publish(&Edition { expires: hours(2), ..Edition::first() });
    tuf.obtain(&cache, Network::WhenStale, hours(0)).await.unwrap();
    tuf.publish(&Edition::second(hours(0)));
    let before = hours(2) - jiff::SignedDuration::from_secs(1);
    let material = tuf.obtain(&cache, Network::WhenStale, before).await.unwrap();
    is_edition(&material, &Edition::first());
    let material = tuf.obtain(&cache, Network::WhenStale, hours(2)).await.unwrap();
    is_edition(&material, &Edition::second(hours(0)));
}

#[tokio::test]
async fn a_new_edition_replaces_the_cached_one() {
    let tuf = Tuf::start().await;
    let (_folder, cache) = cache();
    tuf.obtain(&cache, Network::WhenStale, hours(0)).await.unwrap();
    let edition = Edition::second(hours(1));
    tuf.publish(&edition);
    is_edition(&tuf.obtain(&cache, Network::WhenStale, hours(1)).await.unwrap(), &Edition::first());
    is_edition(&tuf.obtain(&cache, Network::Now, hours(1)).await.unwrap(), &edition);
    tuf.asked();
    is_edition(&tuf.obtain(&cache, Network::Offline, hours(2)).await.unwrap(), &edition);
    assert!(tuf.asked().is_empty());
    let mut files: Vec<_> = std::fs::read_dir(folder(&cache))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    // No versions pile up, and no temporary file is left.
    assert_eq!(
        files,
        [
            ".lock",
            "checked",
            "root.json",
            "root_history",
            "snapshot.json",
            "targets",
            "targets.json",
            "timestamp.json"
        ]
    );
}

#[tokio::test]
async fn an_unreachable_repository_is_replaced_by_a_cache_that_has_not_expired() {
    let mut tuf = Tuf::start().await;
    let (_folder, cache) = cache();
    tuf.obtain(&cache, Network::WhenStale, hours(0)).await.unwrap();
    tuf.stop().await;
    let almost = hours(7 * 24) - jiff::SignedDuration::from_secs(1);
    for network in [Network::WhenStale, Network::Now] {
        let material = tuf.obtain(&cache, network, almost).await.unwrap();
        is_edition(&material, &Edition::first());
        let Freshness::RefreshFailed { reason } = &checked(&material).freshness else {
            panic!("{material:?}")
        };
        assert!(reason.contains("2.root.json"), "{reason}");
        assert_eq!(checked(&material).at, hours(0));
    }
    let error = tuf.obtain(&cache, Network::WhenStale, hours(7 * 24)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the TUF repository {} could not be refreshed, and what is cached expired at 2026-11-28T12:00:00Z",
            tuf.url
        )
    );
    // What is allowed to be old still is what the repository said.
    let material = tuf.obtain(&cache, Network::Offline, hours(9999)).await.unwrap();
    is_edition(&material, &Edition::first());
    assert_eq!(material.origin.age(hours(9999)), Some(jiff::SignedDuration::from_hours(9999)));
}

#[tokio::test]
async fn without_a_cache_nothing_stands_in() {
    let mut tuf = Tuf::start().await;
    let material = tuf.repository().obtain(None, Network::WhenStale, hours(0)).await.unwrap();
    is_edition(&material, &Edition::first());
    tuf.stop().await;
    let error = tuf.repository().obtain(None, Network::Now, hours(0)).await.unwrap_err();
    assert!(matches!(error, Error::Refresh { cached_until: None, .. }), "{error:?}");
    let (_folder, cache) = cache();
    let error = tuf.obtain(&cache, Network::Offline, hours(0)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("nothing of the TUF repository {} is cached, and no network is allowed", tuf.url)
    );
}

#[tokio::test]
async fn offline_an_instance_has_what_is_embedded() {
    let (_folder, cache) = cache();
    for instance in Instance::ALL {
        let repository = Repository::of(instance);
        let material = repository.obtain(Some(&cache), Network::Offline, hours(0)).await.unwrap();
        assert_eq!(material.origin, Origin::Embedded(instance));
        assert!(!cache.folder().exists());
        // That its embedded TUF root is one is checked where the network is used.
        Repository::custom(repository.url(), instance.repository_root()).unwrap();
    }
}

#[tokio::test]
async fn versions_never_go_down() {
    let tuf = Tuf::start().await;
    let (_folder, cache) = cache();
    let edition = Edition::second(hours(0));
    tuf.publish(&edition);
    tuf.obtain(&cache, Network::Now, hours(0)).await.unwrap();
    tuf.publish(&Edition::first());
    let material = tuf.obtain(&cache, Network::Now, hours(48)).await.unwrap();
    is_edition(&material, &edition);
    let Freshness::RefreshFailed { reason } = &checked(&material).freshness else {
        panic!("{material:?}")
    };
    assert_eq!(reason, "rollback detected for timestamp: trusted version 2 > new version 1");
}

#[tokio::test]
async fn the_root_rotates_only_with_the_old_keys_signature() {
    let tuf = Tuf::start().await;
    let (_folder, cache) = cache();
    let stranger = Key::new();
    tuf.put("2.root.json", tuf.root(2, &[&stranger], &stranger));
    let error = tuf.obtain(&cache, Network::Now, hours(0)).await.unwrap_err();
    let Error::Refresh { source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(
        source.to_string(),
        "signature threshold not met for role root: 0/1 valid signatures"
    );

    // The same keys again: any change must be signed by them.
    tuf.put("2.root.json", tuf.root(2, &[tuf.key()], tuf.key()));
    let material = tuf.obtain(&cache, Network::Now, hours(0)).await.unwrap();
    assert_eq!(checked(&material).root_version, 2);
    let material = tuf.obtain(&cache, Network::Offline, hours(0)).await.unwrap();
    assert_eq!(checked(&material).root_version, 2);
}

/// What a mirror can do without a key: nothing that is believed, and nothing that gets into the cache.
#[tokio::test]
async fn a_mirror_can_only_take_away() {
    type Attack = fn(&Tuf);
    let attacks: [(&str, i64, Attack, &str); 7] = [
        ("freeze", 7 * 24 + 1, |_| {}, "timestamp metadata expired"),
        (
            "snapshot of another edition",
            24,
            |tuf| tuf.copy("2.snapshot.json", "3.snapshot.json"),
            "snapshot version 2 does not match timestamp pin 3",
        ),
        (
            "targets of another edition",
            24,
            |tuf| tuf.copy("2.targets.json", "3.targets.json"),
            "targets.json version 2 does not match snapshot pin 3",
        ),
        (
            "another target",
            24,
            |tuf| tuf.replace("trusted_root.json", b"{}"),
            "trusted_root.json: length 2 != pinned",
        ),
        (
            "endless timestamp",
            24,
            |tuf| tuf.put("timestamp.json", vec![b' '; 1 << 25]),
            "content-length 33554432 exceeds max",
        ),
        ("one signature twice", 24, Tuf::repeat_signature, "duplicate signature key id"),
        ("a signature under another id", 24, Tuf::rename_signature, "0/1 valid signatures"),
    ];
    let mut wrong = Vec::new();
    for (name, hour, attack, wanted) in attacks {
        let tuf = Tuf::start().await;
        let (_folder, cache) = cache();
        let second = Edition::second(hours(0));
        tuf.publish(&second);
        tuf.obtain(&cache, Network::Now, hours(0)).await.unwrap();
        if name != "freeze" {
            tuf.publish(&Edition { version: 3, expires: second.expires, ..Edition::first() });
        }
        attack(&tuf);
        let reason = match tuf.obtain(&cache, Network::Now, hours(hour)).await {
            Ok(material) => match &checked(&material).freshness {
                Freshness::RefreshFailed { reason } => {
                    is_edition(&material, &second);
                    reason.clone()
                }
                other => format!("{other:?}"),
            },
            Err(Error::Refresh { source, .. }) => source.to_string(),
            Err(other) => other.to_string(),
        };
        if !reason.contains(wanted) {
            wrong.push(format!("{name}: {reason}"));
        }
        let kept = tuf.obtain(&cache, Network::Offline, hours(hour)).await.unwrap();
        is_edition(&kept, &second);
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn a_cache_that_was_tampered_with_is_taken_for_none() {
    let mut tuf = Tuf::start().await;
    let (_folder, cache) = cache();
    for name in ["targets/trusted_root.json", "timestamp.json", "checked"] {
        tuf.obtain(&cache, Network::Now, hours(0)).await.unwrap();
        let path = folder(&cache).join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replacen("20", "30", 1)).unwrap();
        tuf.asked();
        let material = tuf.obtain(&cache, Network::WhenStale, hours(0)).await.unwrap();
        is_edition(&material, &Edition::first());
        assert!(!tuf.asked().is_empty(), "{name}");
    }
    tuf.stop().await;
    let path = folder(&cache).join("targets/trusted_root.json");
    std::fs::write(&path, "{}").unwrap();
    let error = tuf.obtain(&cache, Network::Offline, hours(0)).await.unwrap_err();
    assert!(matches!(error, Error::NothingCached { .. }), "{error:?}");
    let error = tuf.obtain(&cache, Network::WhenStale, hours(0)).await.unwrap_err();
    assert!(matches!(error, Error::Refresh { cached_until: None, .. }), "{error:?}");
}

#[tokio::test]
async fn a_refresh_that_was_cut_off_heals() {
    let tuf = Tuf::start().await;
    let (_folder, cache) = cache();
    tuf.obtain(&cache, Network::Now, hours(0)).await.unwrap();
    let kept = std::fs::read(folder(&cache).join("timestamp.json")).unwrap();
    let edition = Edition::second(hours(0));
    tuf.publish(&edition);
    tuf.obtain(&cache, Network::Now, hours(0)).await.unwrap();
    // All files are new but one.
    std::fs::write(folder(&cache).join("timestamp.json"), kept).unwrap();
    let error = tuf.obtain(&cache, Network::Offline, hours(0)).await.unwrap_err();
    assert!(matches!(error, Error::NothingCached { .. }), "{error:?}");
    is_edition(&tuf.obtain(&cache, Network::WhenStale, hours(0)).await.unwrap(), &edition);
    is_edition(&tuf.obtain(&cache, Network::Offline, hours(0)).await.unwrap(), &edition);
}

#[tokio::test]
async fn a_repository_without_a_signing_config_has_none() {
    let tuf = Tuf::start().await;
    let (_folder, cache) = cache();
    tuf.publish(&Edition { signing_config: None, version: 2, ..Edition::first() });
    let material = tuf.obtain(&cache, Network::Now, hours(0)).await.unwrap();
    assert!(material.signing_config.is_none());
    assert!(tuf.obtain(&cache, Network::Offline, hours(0)).await.unwrap().signing_config.is_none());
}

#[tokio::test]
async fn an_authentic_target_that_cannot_be_read_does_not_replace_the_cached_one() {
    let tuf = Tuf::start().await;
    let (_folder, cache) = cache();
    tuf.obtain(&cache, Network::Now, hours(0)).await.unwrap();
    let trusted_root = br#"{"mediaType":"of-the-future"}"#.to_vec();
    tuf.publish(&Edition { trusted_root, ..Edition::second(hours(0)) });
    let material = tuf.obtain(&cache, Network::Now, hours(0)).await.unwrap();
    is_edition(&material, &Edition::first());
    let Freshness::RefreshFailed { reason } = &checked(&material).freshness else {
        panic!("{material:?}")
    };
    assert!(reason.starts_with("unsupported media type of trusted root"), "{reason}");
}

#[tokio::test]
async fn a_cache_that_cannot_be_written_is_said() {
    let tuf = Tuf::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file");
    std::fs::write(&file, "").unwrap();
    let cache = Cache::at(file);
    let material = tuf.obtain(&cache, Network::WhenStale, hours(0)).await.unwrap();
    is_edition(&material, &Edition::first());
    assert!(checked(&material).cache_fault.is_some(), "{material:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_refresh_once() {
    let tuf = Tuf::start().await;
    let (_folder, cache) = cache();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let (repository, cache) = (tuf.repository(), cache.clone());
        tasks.spawn(
            async move { repository.obtain(Some(&cache), Network::WhenStale, hours(0)).await },
        );
    }
    let materials: Vec<_> = tasks.join_all().await;
    for material in materials {
        is_edition(&material.unwrap(), &Edition::first());
    }
    let asked = tuf.asked();
    assert_eq!(asked.iter().filter(|name| *name == "timestamp.json").count(), 1, "{asked:?}");
}

#[test]
fn what_cannot_be_a_repository_is_refused() {
    let root = Instance::PublicGood.repository_root();
    for (url, wanted) in [
        ("tuf.test", "relative URL without a base"),
        ("file:///etc", "wanted an http or https URL"),
    ] {
        let error = Repository::custom(url, root).unwrap_err();
        assert!(matches!(&error, Error::Address { reason, .. } if reason == wanted), "{error:?}");
    }
    let mut tampered = root.to_vec();
    let place = tampered.windows(9).position(|bytes| bytes == b"\"version\"").unwrap();
    tampered[place + 11] = b'9';
    for root in [b"{}".as_slice(), &tampered] {
        let error = Repository::custom("https://tuf.test/", root).unwrap_err();
        assert!(matches!(&error, Error::Bootstrap { url, .. } if url == "https://tuf.test"));
    }
}
