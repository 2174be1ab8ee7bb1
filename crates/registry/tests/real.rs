//! A real registry, which `.ci/interop registry` starts: TLS, basic authentication, and images that skopeo
//! copied there.
//!
//! `CHAINSIGN_REGISTRY` is its `HOST:PORT`; without it nothing is run. `CHAINSIGN_REGISTRY_CA` is the
//! file of its authority, `CHAINSIGN_REGISTRY_REFERRERS` is `offered` if it says that it lists a referrer, and the user is
//! `dev` with the password `secret`.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use chainsign_core::predicate::{COSIGN_SIGN, PredicateType};
use chainsign_registry::{
    Asker, Content, Credentials, Error, Item, Options, Platforms, Registry, Secret, Store,
    ToAttach, Wanted,
};

struct Real {
    host: String,
    referrers: String,
    authority: Vec<u8>,
}

impl Real {
    #[expect(clippy::print_stdout, reason = "a check that is left out is said")]
    fn of_environment() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok();
        let Some(host) = variable("CHAINSIGN_REGISTRY") else {
            println!("skipped: CHAINSIGN_REGISTRY names no registry");
            return None;
        };
        let authority = std::fs::read(variable("CHAINSIGN_REGISTRY_CA").unwrap()).unwrap();
        let referrers = variable("CHAINSIGN_REGISTRY_REFERRERS").unwrap();
        Some(Real { host, referrers, authority })
    }

    fn options(&self) -> Options {
        let password = Secret::new("secret".to_owned());
        let mut options = Options {
            credentials: Credentials::Basic { username: "dev".to_owned(), password },
            ..Options::default()
        };
        options.tls.authorities = self.authority.clone();
        options
    }
}

#[tokio::test]
async fn everything_about_an_image() {
    let Some(real) = Real::of_environment() else { return };
    let registry = Registry::new(real.options()).unwrap();
    let reference = format!("{}/acme/app:all", real.host).parse().unwrap();
    let image = registry.resolve(&reference).await.unwrap();
    assert_eq!(image.children().count(), 2);
    let before = registry.attached(&image, Wanted::Everything).await.unwrap();
    assert!(before.unread.is_empty(), "{:?}", before.unread);

    let name = |text: &str| text.to_owned();
    let bundle = ToAttach::Bundle {
        bytes: b"{\"a\":1}".to_vec(),
        media_type: name("application/vnd.dev.sigstore.bundle.v0.3+json"),
        predicate_type: Some(PredicateType::from_alias_or_uri(COSIGN_SIGN).unwrap()),
        created: jiff::Timestamp::UNIX_EPOCH,
    };
    let stored = registry.attach(&image, &bundle).await.unwrap();
    let tag = format!("sha256-{}", image.digest().hex());
    match real.referrers.as_str() {
        "offered" => assert_eq!(stored.store, Store::Referrers),
        _ => assert_eq!(stored.store, Store::FallbackTag(tag.clone())),
    }
    let signature = ToAttach::SimpleSigning {
        payload: b"{\"p\":1}".to_vec(),
        annotations: [(name("dev.cosignproject.cosign/signature"), name("AQ=="))].into(),
    };
    let envelope = ToAttach::Envelope {
        bytes: b"{\"e\":1}".to_vec(),
        annotations: [(name("predicateType"), name("https://example.com/x"))].into(),
    };
    let sbom = ToAttach::Sbom {
        bytes: b"{\"s\":1}".to_vec(),
        media_type: name("application/vnd.cyclonedx+json"),
    };
    for document in [&signature, &envelope, &sbom] {
        registry.attach(&image, document).await.unwrap();
    }
    let found = registry.attached(&image, Wanted::Everything).await.unwrap();
    assert!(found.unread.is_empty(), "{:?}", found.unread);
    // The digest of a manifest with layers changes with each of them.
    let same = |one: &Item, other: &Item| {
        (&one.digest, &one.annotations) == (&other.digest, &other.annotations)
    };
    let is_new = |item: &&Item| !before.items.iter().any(|known| same(known, item));
    let new: Vec<_> = found.items.iter().filter(is_new).collect();
    let contents: Vec<_> = new.iter().map(|item| item.content.clone()).collect();
    assert_eq!(
        contents,
        [
            Content::Bundle(b"{\"a\":1}".to_vec()),
            Content::SimpleSigning(b"{\"p\":1}".to_vec()),
            Content::Envelope(b"{\"e\":1}".to_vec()),
            Content::Sbom(b"{\"s\":1}".to_vec()),
        ]
    );
    let new: Vec<_> = new.into_iter().cloned().collect();
    registry.remove(&image, &new).await.unwrap();
    let after = registry.attached(&image, Wanted::Everything).await.unwrap();
    assert_eq!(after.items.len(), before.items.len());
    for (after, before) in after.items.iter().zip(&before.items) {
        assert!(same(after, before), "{after:?}");
        assert_eq!(after.content, before.content);
    }
}

#[tokio::test]
async fn an_image_as_files() {
    let Some(real) = Real::of_environment() else { return };
    let registry = Registry::new(real.options()).unwrap();
    let cache = tempfile::tempdir().unwrap();
    for (tag, platforms) in [("all", 2), ("scratch", 1), ("distroless", 1), ("shell", 1)] {
        let reference = format!("{}/acme/app:{tag}", real.host).parse().unwrap();
        let image = registry.resolve(&reference).await.unwrap();
        let pulled = registry.pull(&image, &Platforms::All, cache.path()).await.unwrap();
        let limits = chainsign_artifact::Limits::default();
        let images = chainsign_artifact::image::open(pulled.path(), &limits).unwrap().unwrap();
        assert_eq!(images.all().len(), platforms, "{tag}");
    }
}

#[tokio::test]
async fn who_may_not_is_told() {
    let Some(real) = Real::of_environment() else { return };
    let reference = format!("{}/acme/app:all", real.host).parse().unwrap();
    let mut options = real.options();
    options.credentials = Credentials::Anonymous;
    let error = Registry::new(options).unwrap().resolve(&reference).await.unwrap_err();
    assert!(matches!(&error, Error::Unauthorized { who: Asker::Anonymous, .. }), "{error:?}");
    let mut options = real.options();
    let password = Secret::new("wrong".to_owned());
    options.credentials = Credentials::Basic { username: "dev".to_owned(), password };
    let error = Registry::new(options).unwrap().resolve(&reference).await.unwrap_err();
    assert!(matches!(&error, Error::Unauthorized { who: Asker::Known, .. }), "{error:?}");
    // An authority that is not believed: nothing is sent, and plain http is not fallen back to.
    let mut options = real.options();
    options.tls.authorities.clear();
    options.retry.attempts = 1;
    let error = Registry::new(options).unwrap().resolve(&reference).await.unwrap_err();
    assert!(matches!(&error, Error::Untrusted { .. }), "{error:?}");
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_not_there() {
    let Some(real) = Real::of_environment() else { return };
    let registry = Registry::new(real.options()).unwrap();
    let absent = format!("{}/acme/app:absent", real.host).parse().unwrap();
    let error = registry.resolve(&absent).await.unwrap_err();
    assert!(matches!(&error, Error::NotFound { .. }), "{error:?}");
}
