//! The cache of another client: read, verified, and never written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chainsign_core::digest::ArtifactDigest;
use chainsign_trust::{Cache, Checked, Error, Freshness, Network, Origin, TrustMaterial};
use jiff::Timestamp;

use crate::tuf::{Edition, Tuf, hours};

/// sigstore-go's folder, filled at a time: its names, and only the last root.
async fn sigstore_go(tuf: &Tuf, at: Timestamp) -> tempfile::TempDir {
    let ours = tempfile::tempdir().unwrap();
    tuf.obtain(&Cache::at(ours.path()), Network::Now, at).await.unwrap();
    let source = fs::read_dir(ours.path()).unwrap().next().unwrap().unwrap().path();
    let folder = tempfile::tempdir().unwrap();
    let theirs = below(folder.path(), tuf);
    fs::create_dir_all(theirs.join("targets")).unwrap();
    for name in [
        "root.json",
        "timestamp.json",
        "snapshot.json",
        "targets.json",
        "targets/trusted_root.json",
        "targets/signing_config.v0.2.json",
    ] {
        fs::copy(source.join(name), theirs.join(name)).unwrap();
    }
    touch(&theirs, at);
    folder
}

fn below(folder: &Path, tuf: &Tuf) -> PathBuf {
    folder.join(tuf.url.replace('/', "-"))
}

fn touch(theirs: &Path, at: Timestamp) {
    let file = fs::File::options().write(true).open(theirs.join("timestamp.json")).unwrap();
    file.set_modified(SystemTime::from(at)).unwrap();
}

/// Every file with its content.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

async fn obtain(
    tuf: &Tuf,
    other: &Path,
    ours: Option<&Cache>,
    network: Network,
    now: Timestamp,
) -> Result<TrustMaterial, Error> {
    let repository = tuf.repository().with_sigstore_cache(other);
    let before = contents(other);
    let obtained = repository.obtain(ours, network, now).await;
    assert!(contents(other) == before, "the other folder was written");
    obtained
}

#[track_caller]
fn from_other(material: &TrustMaterial, other: &Path, edition: &Edition) -> Checked {
    assert_eq!(material.trusted_root.digest(), &ArtifactDigest::sha256(&edition.trusted_root));
    let Origin::Repository(checked) = &material.origin else { panic!("{material:?}") };
    assert!(checked.other.as_ref().is_some_and(|folder| folder.starts_with(other)), "{checked:?}");
    checked.clone()
}

#[tokio::test]
async fn it_stands_in_where_there_is_no_cache_and_no_network() {
    let mut tuf = Tuf::start().await;
    let other = sigstore_go(&tuf, hours(0)).await;
    let other = other.path();
    // However old, and with its age.
    let material = obtain(&tuf, other, None, Network::Offline, hours(9999)).await.unwrap();
    let checked = from_other(&material, other, &Edition::first());
    assert_eq!((checked.at, &checked.freshness), (hours(0), &Freshness::Cached));
    assert!(material.signing_config.is_some());
    assert_eq!(material.origin.age(hours(9999)), Some(jiff::SignedDuration::from_hours(9999)));
    // It does not keep the repository from being asked, however young it is.
    tuf.asked();
    let material = obtain(&tuf, other, None, Network::WhenStale, hours(0)).await.unwrap();
    let Origin::Repository(checked) = &material.origin else { panic!("{material:?}") };
    assert_eq!((&checked.freshness, &checked.other), (&Freshness::Refreshed, &None));
    assert!(!tuf.asked().is_empty());
    // When that fails, as long as it has not expired.
    tuf.stop().await;
    let almost = hours(7 * 24) - jiff::SignedDuration::from_secs(1);
    let material = obtain(&tuf, other, None, Network::WhenStale, almost).await.unwrap();
    let checked = from_other(&material, other, &Edition::first());
    assert!(matches!(checked.freshness, Freshness::RefreshFailed { .. }), "{checked:?}");
    let error = obtain(&tuf, other, None, Network::WhenStale, hours(7 * 24)).await.unwrap_err();
    assert!(
        matches!(&error, Error::Refresh { cached_until: Some(until), .. } if *until == hours(7 * 24)),
        "{error}"
    );
}

#[tokio::test]
async fn a_cache_of_our_own_goes_before_it() {
    let mut tuf = Tuf::start().await;
    let ours = tempfile::tempdir().unwrap();
    let ours = Cache::at(ours.path());
    tuf.obtain(&ours, Network::Now, hours(0)).await.unwrap();
    tuf.publish(&Edition::second(hours(1)));
    let other = sigstore_go(&tuf, hours(1)).await;
    tuf.stop().await;
    for network in [Network::Offline, Network::WhenStale] {
        let material = obtain(&tuf, other.path(), Some(&ours), network, hours(30)).await.unwrap();
        let Origin::Repository(checked) = &material.origin else { panic!("{material:?}") };
        assert_eq!((checked.at, &checked.other), (hours(0), &None), "{network:?}");
    }
}

/// The one root that sigstore-go keeps is the next after ours, or ours.
#[tokio::test]
async fn a_rotated_root_is_followed_by_one() {
    let tuf = Tuf::start().await;
    tuf.put("2.root.json", tuf.root(2, &[tuf.key()], tuf.key()));
    let other = sigstore_go(&tuf, hours(0)).await;
    let material = obtain(&tuf, other.path(), None, Network::Offline, hours(1)).await.unwrap();
    assert_eq!(from_other(&material, other.path(), &Edition::first()).root_version, 2);
}

#[tokio::test]
async fn what_is_not_the_repositorys_is_not_there() {
    let tuf = Tuf::start().await;
    let mut faults = Vec::new();
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 5] = [
        ("another target", |folder| {
            fs::write(folder.join("targets/trusted_root.json"), "{}").unwrap()
        }),
        ("a changed timestamp", |folder| {
            let path = folder.join("timestamp.json");
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, text.replace("2026", "2027")).unwrap();
            touch(folder, hours(0));
        }),
        ("no snapshot", |folder| fs::remove_file(folder.join("snapshot.json")).unwrap()),
        ("no timestamp", |folder| fs::remove_file(folder.join("timestamp.json")).unwrap()),
        // It says that it was asked when what it has had expired.
        ("a later time", |folder| touch(folder, hours(8 * 24))),
    ];
    for (what, damage) in damages {
        let other = sigstore_go(&tuf, hours(0)).await;
        damage(&below(other.path(), &tuf));
        match obtain(&tuf, other.path(), None, Network::Offline, hours(9 * 24)).await {
            Err(Error::NothingCached { .. }) => {}
            found => faults.push(format!("{what}: {found:?}")),
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
