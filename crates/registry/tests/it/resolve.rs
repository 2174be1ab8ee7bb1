use chainsign_core::digest::ArtifactDigest;
use chainsign_registry::{Error, Kind, PlainHttp};
use chainsign_sandbox::ReferrersApi;
use serde_json::json;

use crate::front::{Answer, Front, image_with_bundle, impatient, registry, sandbox};
use crate::image::{INDEX, MANIFEST, Repository, digest};

#[tokio::test]
async fn a_reference_is_resolved_once_and_pinned() {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    let pushed = Repository::new(sandbox.url(), "acme/app").image("v1").await;
    let host = sandbox.url().trim_start_matches("http://");
    let registry = registry();
    let by_tag = registry.resolve(&format!("{host}/acme/app:v1").parse().unwrap()).await.unwrap();
    assert_eq!(by_tag.digest(), &digest(&pushed));
    assert_eq!(by_tag.reference().to_string(), format!("{host}/acme/app:v1@{}", digest(&pushed)));
    let Kind::Image(manifest) = by_tag.kind() else { panic!("{:?}", by_tag.kind()) };
    assert_eq!(manifest.layers.len(), 1);
    let by_digest = registry.resolve(by_tag.reference()).await.unwrap();
    assert_eq!(by_digest.bytes(), by_tag.bytes());
    assert_eq!(ArtifactDigest::sha256(by_digest.bytes()), digest(&pushed));
}

#[tokio::test]
async fn children_of_an_index_are_read_by_digest() {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    let repository = Repository::new(sandbox.url(), "app");
    let mut child = repository.image("one").await;
    child["platform"] = json!({ "os": "linux", "architecture": "arm64", "variant": "v8" });
    let mut other = repository.image("two").await;
    other["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [child, other] });
    repository.manifest(Some("all"), &index).await;
    let host = sandbox.url().trim_start_matches("http://");
    let registry = registry();
    let index = registry.resolve(&format!("{host}/app:all").parse().unwrap()).await.unwrap();
    let children: Vec<_> = index.children().collect();
    assert_eq!(children.len(), 1);
    let platform = children[0].platform.as_ref().unwrap();
    assert_eq!(platform.to_string(), "linux/arm64/v8");
    assert!(platform.is(&"linux/arm64".parse().unwrap()));
    assert!(!platform.is(&"linux/arm64/v7".parse().unwrap()));
    let child = registry.child(&index, children[0]).await.unwrap();
    assert_eq!(child.digest(), &children[0].digest);

    let mut smaller = children[0].clone();
    smaller.size -= 1;
    let error = registry.child(&index, &smaller).await.unwrap_err();
    assert!(
        matches!(&error, Error::OtherSize { found, wanted, .. } if *found == wanted + 1),
        "{error}"
    );
}

/// Each document with the error that it is.
#[tokio::test]
async fn documents_that_say_two_things_are_refused() {
    let front = Front::alone().await;
    let empty = json!({ "mediaType": "application/json", "size": 2, "digest": ArtifactDigest::sha256(b"{}") });
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": empty, "layers": [],
    });
    let with = |name: &str, value: serde_json::Value| {
        let mut document = manifest.clone();
        document[name] = value;
        document.to_string()
    };
    let twice = manifest.to_string().replace(r#""layers":[]"#, r#""layers":[],"layers":[]"#);
    let cases = [
        (MANIFEST, with("manifests", json!([])), "ForeignField"),
        (MANIFEST, with("Layers", json!([])), "ForeignField"),
        (INDEX, manifest.to_string(), "OtherMediaType"),
        (MANIFEST, with("mediaType", json!(INDEX)), "OtherMediaType"),
        ("text/html", with("mediaType", json!(null)), "UnknownMediaType"),
        (MANIFEST, with("schemaVersion", json!(1)), "Malformed"),
        (MANIFEST, with("layers", json!([{ "digest": "md5:00" }])), "Malformed"),
        (MANIFEST, twice, "Malformed"),
        (MANIFEST, "[]".to_owned(), "Malformed"),
        (MANIFEST, format!("{manifest} x"), "Malformed"),
    ];
    let mut wrong = Vec::new();
    for (media_type, document, wanted) in cases {
        let body = document.clone();
        front.plays(move |heard| match heard.path.as_str() {
            "/v2/" => Some(Answer::new(200)),
            _ => Some(Answer::new(200).header("content-type", media_type).body(body.clone())),
        });
        let found = registry().resolve(&front.reference("app")).await;
        let found = found.map_or_else(|error| format!("{error:?}"), |_| "Ok".to_owned());
        if !found.starts_with(&format!("{wanted} ")) {
            wrong.push(format!("{document}: found {found}, wanted {wanted}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A header that is not there contradicts nothing; what the document is must then be in it.
#[tokio::test]
async fn a_document_can_say_by_itself_what_it_is() {
    let front = Front::alone().await;
    let empty = json!({ "mediaType": "application/json", "size": 2, "digest": ArtifactDigest::sha256(b"{}") });
    let manifest = json!({ "schemaVersion": 2, "config": empty, "layers": [] });
    let mut with_type = manifest.clone();
    with_type["mediaType"] = MANIFEST.into();
    for (document, wanted) in [(with_type, None), (manifest, Some("UnknownMediaType { "))] {
        let body = document.to_string();
        front.plays(move |_| Some(Answer::new(200).body(body.clone())));
        let found = registry().resolve(&front.reference("app")).await.err();
        let found = found.map(|error| format!("{error:?}"));
        assert_eq!(found.is_some(), wanted.is_some(), "{found:?}");
        assert!(found.unwrap_or_default().starts_with(wanted.unwrap_or_default()));
    }
}

/// CVE-2023-47630: the registry does not decide what the digest is.
#[tokio::test]
async fn a_digest_is_that_of_the_bytes() {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    let repository = Repository::new(sandbox.url(), "app");
    let (one, two) = (repository.image("one").await, repository.image("two").await);
    let front = Front::of(&sandbox).await;
    let wanted_other = digest(&one);
    let stated = wanted_other.clone();
    let bytes = {
        let host = sandbox.url().trim_start_matches("http://");
        let two = registry().resolve(&format!("{host}/app:two").parse().unwrap()).await.unwrap();
        two.bytes().to_vec()
    };
    front.plays(move |heard| {
        heard.gets_in("/manifests/").then(|| {
            Answer::new(200)
                .header("content-type", MANIFEST)
                .header("docker-content-digest", stated.to_string())
                .body(bytes.clone())
        })
    });
    // By tag the header is wrong, by digest the body is.
    for reference in ["app:one".to_owned(), format!("app@{wanted_other}")] {
        let error = registry().resolve(&front.reference(&reference)).await.unwrap_err();
        match error {
            Error::OtherDigest { found, wanted, .. } => {
                assert_eq!((found, wanted), (digest(&two), digest(&one)), "{reference}");
            }
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_tag_that_moves_moves_nothing_that_was_resolved() {
    let (sandbox, repository, before) = image_with_bundle().await;
    let host = sandbox.url().trim_start_matches("http://");
    let registry = registry();
    let resolved = registry.resolve(&format!("{host}/app:v1").parse().unwrap()).await.unwrap();
    let other = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
        "config": repository.blob("application/json", b"{ }").await,
    });
    repository.manifest(Some("v1"), &other).await;
    let attached = registry.attached(&resolved, chainsign_registry::Wanted::Signatures).await;
    assert_eq!(attached.unwrap().items.len(), 1);
    assert_eq!(resolved.digest(), &digest(&before));
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_not_there() {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    Repository::new(sandbox.url(), "app").image("v1").await;
    let host = sandbox.url().trim_start_matches("http://");
    let error = registry().resolve(&format!("{host}/app:v2").parse().unwrap()).await.unwrap_err();
    assert_eq!(error.to_string(), format!("manifest v2 of {host}/app is not there"));
    assert!(matches!(error, Error::NotFound { .. }));
    let error = registry().resolve(&format!("{host}/other").parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, Error::RepositoryUnknown { .. }), "{error}");
}

#[tokio::test]
async fn plain_http_is_for_loopback_only_and_not_even_there_when_forbidden() {
    let front = Front::alone().await;
    front.plays(|_| Some(Answer::new(200)));
    let mut options = impatient();
    options.plain_http = PlainHttp::Never;
    let registry = chainsign_registry::Registry::new(options).unwrap();
    let error = registry.resolve(&front.reference("app")).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { attempts: 2, .. }), "{error}");
    assert!(front.heard().is_empty());
}
