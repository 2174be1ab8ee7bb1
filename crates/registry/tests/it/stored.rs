use chainsign_core::digest::ArtifactDigest;
use chainsign_core::predicate::{COSIGN_SIGN, PredicateType};
use chainsign_registry::{
    AddressFault, Content, ContentKind, Error, Limit, Registry, Resolved, Store, Subject, ToAttach,
    Wanted,
};
use chainsign_sandbox::{ReferrersApi, Sandbox};
use jiff::Timestamp;
use serde_json::json;

use crate::front::{Answer, Front, image_with_bundle, impatient, registry, sandbox};
use crate::image::{BUNDLE, INDEX, MANIFEST, Repository, annotations, digest};

const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

async fn resolve(registry: &Registry, sandbox: &Sandbox, reference: &str) -> Resolved {
    let host = sandbox.url().trim_start_matches("http://");
    registry.resolve(&format!("{host}/{reference}").parse().unwrap()).await.unwrap()
}

fn bundle(bytes: &str) -> ToAttach {
    ToAttach::Bundle {
        bytes: bytes.into(),
        media_type: BUNDLE.to_owned(),
        predicate_type: Some(PredicateType::from_alias_or_uri(COSIGN_SIGN).unwrap()),
        created: Timestamp::from_second(1_795_262_400).unwrap(),
    }
}

fn signature(payload: &str, text: &str) -> ToAttach {
    ToAttach::SimpleSigning {
        payload: payload.into(),
        annotations: annotations(&[("dev.cosignproject.cosign/signature", text)]),
    }
}

/// What is written is what is found, with the referrers API and without.
#[tokio::test]
async fn every_layout_is_written_and_found() {
    for referrers in [ReferrersApi::Offered, ReferrersApi::Absent] {
        let sandbox = sandbox(referrers).await;
        let image = Repository::new(sandbox.url(), "acme/app").image("v1").await;
        let hex = digest(&image).hex();
        let registry = registry();
        let resolved = resolve(&registry, &sandbox, "acme/app:v1").await;
        let nothing = registry.attached(&resolved, Wanted::Everything).await.unwrap();
        assert!(nothing.items.is_empty() && nothing.unread.is_empty(), "{nothing:?}");
        assert_eq!(nothing.looked_in.len(), 5);

        let of_bundle = match referrers {
            ReferrersApi::Offered => Store::Referrers,
            ReferrersApi::Absent => Store::FallbackTag(format!("sha256-{hex}")),
        };
        let envelope = ToAttach::Envelope {
            bytes: b"{\"envelope\":1}".to_vec(),
            annotations: annotations(&[("predicateType", "https://example.com/x")]),
        };
        let media_type = "application/vnd.cyclonedx+json".to_owned();
        let sbom = ToAttach::Sbom { bytes: b"{\"sbom\":1}".to_vec(), media_type };
        for (document, store) in [
            (bundle("{\"one\":1}"), of_bundle.clone()),
            (bundle("{\"two\":2}"), of_bundle.clone()),
            (signature("{\"p\":1}", "AQ=="), Store::SignatureTag(format!("sha256-{hex}.sig"))),
            (signature("{\"p\":1}", "Ag=="), Store::SignatureTag(format!("sha256-{hex}.sig"))),
            (envelope, Store::AttestationTag(format!("sha256-{hex}.att"))),
            (sbom, Store::SbomTag(format!("sha256-{hex}.sbom"))),
        ] {
            let stored = registry.attach(&resolved, &document).await.unwrap();
            assert_eq!(stored.store, store);
            let again = registry.attach(&resolved, &document).await.unwrap();
            assert_eq!(again, stored, "twice is once");
        }
        let found = registry.attached(&resolved, Wanted::Everything).await.unwrap();
        assert!(found.unread.is_empty(), "{:?}", found.unread);
        let mut contents: Vec<_> = found.items.iter().map(|item| item.content.clone()).collect();
        contents[..2].sort_by_key(|content| format!("{content:?}"));
        assert_eq!(
            contents,
            [
                Content::Bundle(b"{\"one\":1}".to_vec()),
                Content::Bundle(b"{\"two\":2}".to_vec()),
                Content::SimpleSigning(b"{\"p\":1}".to_vec()),
                Content::SimpleSigning(b"{\"p\":1}".to_vec()),
                Content::Envelope(b"{\"envelope\":1}".to_vec()),
                Content::Sbom(b"{\"sbom\":1}".to_vec()),
            ]
        );
        let first = &found.items[0].annotations;
        assert_eq!(first["dev.sigstore.bundle.predicateType"], COSIGN_SIGN);
        assert_eq!(first["dev.sigstore.bundle.content"], "dsse-envelope");
        assert_eq!(first["org.opencontainers.image.created"], "2026-11-21T12:00:00Z");
        assert_eq!(found.items[0].artifact_type.as_deref(), Some(BUNDLE));
        let of_signature = "dev.cosignproject.cosign/signature";
        assert_eq!(found.items[2].annotations[of_signature], "AQ==");
        assert_eq!(found.items[3].annotations[of_signature], "Ag==");

        registry.remove(&resolved, &found.items[..3]).await.unwrap();
        let left = registry.attached(&resolved, Wanted::Signatures).await.unwrap();
        assert_eq!(left.items.len(), 1, "{left:?}");
        assert_eq!(left.items[0].annotations[of_signature], "Ag==");
        registry.remove(&resolved, &found.items[..3]).await.unwrap();
    }
}

#[tokio::test]
async fn only_what_is_wanted_is_fetched() {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    Repository::new(sandbox.url(), "app").image("v1").await;
    let registry = registry();
    let resolved = resolve(&registry, &sandbox, "app:v1").await;
    for document in [bundle("{}"), signature("{}", "AQ==")] {
        registry.attach(&resolved, &document).await.unwrap();
    }
    let kinds = |wanted| {
        let (registry, resolved) = (registry.clone(), resolved.clone());
        async move {
            let found = registry.attached(&resolved, wanted).await.unwrap();
            found.items.into_iter().map(|item| item.content).collect::<Vec<_>>()
        }
    };
    let not = Content::NotFetched;
    assert_eq!(
        kinds(Wanted::Listing).await,
        [not(ContentKind::Bundle), not(ContentKind::SimpleSigning)]
    );
    assert_eq!(kinds(Wanted::Attestations).await, [Content::Bundle(b"{}".to_vec())]);
}

#[tokio::test]
async fn signatures_can_have_a_repository_of_their_own() {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    let host = sandbox.url().trim_start_matches("http://").to_owned();
    Repository::new(sandbox.url(), "app").image("v1").await;
    let mut options = impatient();
    options.signatures_in = Some(format!("{host}/signatures").parse().unwrap());
    options.tag_prefix = Some("pre-".to_owned());
    let elsewhere = Registry::new(options).unwrap();
    let resolved = resolve(&elsewhere, &sandbox, "app:v1").await;
    // Nobody has written to it, so that there is no such repository: nothing is stored.
    let found = elsewhere.attached(&resolved, Wanted::Signatures).await.unwrap();
    assert!(found.items.is_empty());
    elsewhere.attach(&resolved, &bundle("{}")).await.unwrap();
    let stored = elsewhere.attach(&resolved, &signature("{}", "AQ==")).await.unwrap();
    assert_eq!(stored.name.to_string(), format!("{host}/signatures"));
    let tag = format!("pre-sha256-{}.sig", resolved.digest().hex());
    assert_eq!(stored.store, Store::SignatureTag(tag));
    assert_eq!(elsewhere.attached(&resolved, Wanted::Signatures).await.unwrap().items.len(), 2);
    let own = registry().attached(&resolved, Wanted::Signatures).await.unwrap();
    assert!(own.items.is_empty());
}

/// One that is no good is named, and hides no other.
#[tokio::test]
async fn what_cannot_be_read_is_named_and_hides_nothing() {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    let repository = Repository::new(sandbox.url(), "app");
    let image = repository.image("v1").await;
    let other = repository.image("v2").await;
    repository.bundle(&image, b"{}").await;
    let layer = repository.blob(BUNDLE, b"[]").await;
    // A list says that this is about v1; it says that it is about v2.
    let of_other = repository.artifact(BUNDLE, &other, std::slice::from_ref(&layer)).await;
    let of_other = repository.manifest(None, &of_other).await;
    let of_nothing = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "layers": [layer],
        "config": repository.blob("application/json", b"{}").await,
    });
    let of_nothing = repository.manifest(None, &of_nothing).await;
    let absent = json!({
        "mediaType": MANIFEST, "size": 3, "digest": format!("sha256:{}", "0".repeat(64)),
    });
    let list = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [of_other, of_nothing],
    });
    let tag = format!("sha256-{}", digest(&image).hex());
    repository.manifest(Some(&tag), &list).await;
    let front = Front::of(&sandbox).await;
    let with_absent =
        list.to_string().replace("[{", &format!("[{{\"digest\":\"md5:00\"}},{absent},{{"));
    front.plays(move |heard| {
        heard.gets(&format!("/manifests/{tag}")).then(|| {
            let answer = Answer::new(200);
            answer
                .header("content-type", "application/vnd.oci.image.index.v1+json")
                .body(with_absent.clone())
        })
    });
    let registry = registry();
    let resolved = registry.resolve(&front.reference("app:v1")).await.unwrap();
    let found = registry.attached(&resolved, Wanted::Signatures).await.unwrap();
    assert_eq!(found.items.len(), 1);
    assert_eq!(found.items[0].content, Content::Bundle(b"{}".to_vec()));
    let mut about: Vec<_> = found.unread.iter().map(|one| format!("{:?}", one.error)).collect();
    about.sort();
    assert_eq!(about.len(), 4, "{about:#?}");
    for (found, wanted) in
        about.iter().zip(["Malformed ", "NotFound ", "OtherSubject ", "OtherSubject "])
    {
        assert!(found.starts_with(wanted), "{about:#?}");
    }
    let subjects: Vec<_> = found
        .unread
        .iter()
        .filter_map(|one| match &one.error {
            Error::OtherSubject { found, .. } => Some(found.clone()),
            _ => None,
        })
        .collect();
    assert!(subjects.contains(&Subject::None));
    assert!(subjects.contains(&Subject::Digest(digest(&other))));
    assert!(found.unread.iter().all(|one| one.error.is_about_content()));
}

#[tokio::test]
async fn what_others_wrote_under_a_tag_stays_as_it_is() {
    let sandbox = sandbox(ReferrersApi::Absent).await;
    let repository = Repository::new(sandbox.url(), "app");
    let image = repository.image("v1").await;
    let tag = format!("sha256-{}", digest(&image).hex());
    let mut theirs = repository.image("v2").await;
    theirs["x-own"] = json!({ "kept": [1.50, true] });
    let list = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [theirs], "annotations": { "a": "b" },
    });
    repository.manifest(Some(&tag), &list).await;
    let mut layer = repository.blob(SIMPLE_SIGNING, b"{}").await;
    layer["annotations"] = json!({ "theirs": "1" });
    let signatures = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "layers": [layer],
        "config": repository.blob("application/json", b"{}").await,
    });
    repository.manifest(Some(&format!("{tag}.sig")), &signatures).await;
    let registry = registry();
    let resolved = resolve(&registry, &sandbox, "app:v1").await;
    registry.attach(&resolved, &bundle("{}")).await.unwrap();
    registry.attach(&resolved, &signature("{}", "AQ==")).await.unwrap();
    let read = async |tag: &str| {
        let resolved = resolve(&registry, &sandbox, &format!("app:{tag}")).await;
        serde_json::from_slice::<serde_json::Value>(resolved.bytes()).unwrap()
    };
    let after = read(&tag).await;
    assert_eq!(after["manifests"][0], theirs);
    assert_eq!(after["annotations"], list["annotations"]);
    assert_eq!(after["manifests"].as_array().unwrap().len(), 2);
    let after = read(&format!("{tag}.sig")).await;
    assert_eq!(after["layers"][0], layer);
    assert_eq!(after["layers"].as_array().unwrap().len(), 2);
}

/// Something else under a tag is not written over.
#[tokio::test]
async fn a_tag_of_another_kind_is_left_alone() {
    let sandbox = sandbox(ReferrersApi::Absent).await;
    let repository = Repository::new(sandbox.url(), "app");
    let image = repository.image("v1").await;
    let tag = format!("sha256-{}", digest(&image).hex());
    repository.image(&tag).await;
    let registry = registry();
    let resolved = resolve(&registry, &sandbox, "app:v1").await;
    let error = registry.attach(&resolved, &bundle("{}")).await.unwrap_err();
    assert!(matches!(&error, Error::ForeignField { field, .. } if field == "config"), "{error}");
    let error = registry.attached(&resolved, Wanted::Listing).await.unwrap_err();
    assert!(matches!(&error, Error::OtherMediaType { found, .. } if found == MANIFEST), "{error}");
}

/// Many write at the same time, and nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_many_write_one_tag() {
    let sandbox = sandbox(ReferrersApi::Absent).await;
    Repository::new(sandbox.url(), "app").image("v1").await;
    let registry = registry();
    let resolved = resolve(&registry, &sandbox, "app:v1").await;
    let writers: Vec<_> = (0..6)
        .map(|number| {
            let (registry, resolved) = (registry.clone(), resolved.clone());
            tokio::spawn(async move {
                registry.attach(&resolved, &bundle(&number.to_string())).await.unwrap()
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let found = registry.attached(&resolved, Wanted::Signatures).await.unwrap();
    assert_eq!(found.items.len(), 6);
}

/// Somebody else's list was written over ours: ours is added to it.
#[tokio::test]
async fn an_update_that_is_lost_is_made_again() {
    let sandbox = sandbox(ReferrersApi::Absent).await;
    let image = Repository::new(sandbox.url(), "app").image("v1").await;
    let tag = format!("sha256-{}", digest(&image).hex());
    let front = Front::of(&sandbox).await;
    let end = format!("/manifests/{tag}");
    let mut lost = 0;
    front.plays(move |heard| {
        let loses = heard.method == "PUT" && heard.path.ends_with(&end) && lost < 2;
        lost += i32::from(loses);
        loses.then(|| Answer::new(201))
    });
    let registry = registry();
    let resolved = registry.resolve(&front.reference("app:v1")).await.unwrap();
    registry.attach(&resolved, &bundle("{}")).await.unwrap();
    let found = registry.attached(&resolved, Wanted::Signatures).await.unwrap();
    assert_eq!(found.items.len(), 1);
}

/// A tag that somebody resets each time is given up on, by name.
#[tokio::test]
async fn an_update_that_keeps_being_lost_is_an_error() {
    let sandbox = sandbox(ReferrersApi::Absent).await;
    let image = Repository::new(sandbox.url(), "app").image("v1").await;
    let tag = format!("sha256-{}", digest(&image).hex());
    let front = Front::of(&sandbox).await;
    let end = format!("/manifests/{tag}");
    front.plays(move |heard| heard.gets(&end).then(|| Answer::new(404)));
    let registry = registry();
    let resolved = registry.resolve(&front.reference("app:v1")).await.unwrap();
    let error = registry.attach(&resolved, &bundle("{}")).await.unwrap_err();
    assert!(matches!(&error, Error::LostUpdate { attempts: 6, .. }), "{error}");
}

/// A million referrers, and a page of a million entries that are none.
#[tokio::test]
async fn a_list_without_end_is_not_read_to_the_end() {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    Repository::new(sandbox.url(), "app").image("v1").await;
    let front = Front::of(&sandbox).await;
    let registry = registry();
    let resolved = registry.resolve(&front.reference("app:v1")).await.unwrap();
    let index = |entries: &str| format!(r#"{{"schemaVersion":2,"manifests":[{entries}]}}"#);
    let many = index(&vec!["{}"; 1_000_000].join(","));
    let page = |body: String| {
        let media_type = "application/vnd.oci.image.index.v1+json";
        Answer::new(200).header("content-type", media_type).body(body)
    };
    front.plays(move |heard| heard.gets_in("/referrers/").then(|| page(many.clone())));
    let error = registry.attached(&resolved, Wanted::Listing).await.unwrap_err();
    let is = |error: &Error, wanted: Limit| matches!(error, Error::LimitReached { limit, .. } if *limit == wanted);
    assert!(is(&error, Limit::Items), "{error}");
    let empty = index("");
    front.plays(move |heard| {
        let link = "</v2/app/referrers/again>; rel=\"next\"";
        heard.gets_in("/referrers/").then(|| page(empty.clone()).header("link", link))
    });
    front.heard();
    let error = registry.attached(&resolved, Wanted::Listing).await.unwrap_err();
    assert!(is(&error, Limit::Pages), "{error}");
    let asked = front.heard().iter().filter(|heard| heard.gets_in("/referrers/")).count();
    assert_eq!(asked, 100);
}

/// However it is written where the next page is, it is read; what cannot be understood is no end of the list.
#[tokio::test]
async fn the_next_page_is_not_lost() {
    let (sandbox, ..) = image_with_bundle().await;
    let front = Front::of(&sandbox).await;
    let registry = registry();
    let resolved = registry.resolve(&front.reference("app:v1")).await.unwrap();
    let again = format!("/v2/app/referrers/{}?page=1,2", resolved.digest());
    for (links, wanted) in [
        (vec![format!("<{again}>; rel=\"next\"")], Ok(1)),
        (vec!["</style.css>; rel=preload".to_owned(), format!("<{again}>;rel=next")], Ok(1)),
        (vec![format!("<{again}>; rel=\"prev\"")], Ok(0)),
        (vec![format!("{again}; rel=\"next\"")], Err(AddressFault::Malformed)),
    ] {
        let sent = links.clone();
        front.plays(move |heard| {
            let first = heard.gets_in("/referrers/") && !heard.path.contains('?');
            first.then(|| {
                let answer = Answer::new(200).header("content-type", INDEX);
                let answer = answer.body(r#"{"schemaVersion":2,"manifests":[]}"#);
                sent.iter().fold(answer, |answer, link| answer.header("link", link.clone()))
            })
        });
        let found = match registry.attached(&resolved, Wanted::Signatures).await {
            Ok(found) => Ok(found.items.len()),
            Err(Error::Redirect { reason, .. }) => Err(reason),
            Err(other) => panic!("{links:?}: {other}"),
        };
        assert_eq!(found, wanted, "{links:?}");
    }
}

/// A place that says something else of a manifest than another does hides it in neither.
#[tokio::test]
async fn one_place_hides_nothing_in_another() {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    let repository = Repository::new(sandbox.url(), "app");
    let image = repository.image("v1").await;
    let tag = format!("sha256-{}", digest(&image).hex());
    let bundle = repository.bundle(&image, b"{}").await;
    let list = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [bundle] });
    repository.manifest(Some(&tag), &list).await;
    let signatures = json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "layers": [repository.blob(SIMPLE_SIGNING, b"{}").await],
        "config": repository.blob("application/json", b"{}").await,
    });
    let signatures = repository.manifest(Some(&format!("{tag}.sig")), &signatures).await;
    let front = Front::of(&sandbox).await;
    let mut other_size = bundle.clone();
    other_size["size"] = 1.into();
    // cosign's manifest names no subject: it is about the image by its tag only.
    let said = json!({ "schemaVersion": 2, "manifests": [other_size, signatures] }).to_string();
    front.plays(move |heard| {
        let answer = Answer::new(200).header("content-type", INDEX);
        heard.gets_in("/referrers/").then(|| answer.body(said.clone()))
    });
    let registry = registry();
    let resolved = registry.resolve(&front.reference("app:v1")).await.unwrap();
    let found = registry.attached(&resolved, Wanted::Signatures).await.unwrap();
    let stores: Vec<_> = found.items.iter().map(|item| item.store.clone()).collect();
    let wanted = [Store::FallbackTag(tag.clone()), Store::SignatureTag(format!("{tag}.sig"))];
    assert_eq!(stores, wanted, "{found:?}");
    assert_eq!(found.unread.len(), 1);
    assert!(matches!(found.unread[0].error, Error::OtherSize { wanted: 1, .. }), "{found:?}");
}

/// Who says that something is larger than anything that is read keeps nothing else from being read.
#[tokio::test]
async fn a_document_that_is_too_large_hides_no_other() {
    let (sandbox, repository, image) = image_with_bundle().await;
    let mut layer = repository.blob(BUNDLE, b"{\"large\":1}").await;
    layer["size"] = (1_u64 << 60).into();
    let artifact = repository.artifact(BUNDLE, &image, &[layer]).await;
    repository.manifest(None, &artifact).await;
    let registry = registry();
    let resolved = resolve(&registry, &sandbox, "app:v1").await;
    let found = registry.attached(&resolved, Wanted::Signatures).await.unwrap();
    assert_eq!((found.items.len(), found.unread.len()), (1, 1));
    match &found.unread[0].error {
        Error::LimitReached { limit: Limit::DocumentBytes, .. } => {}
        other => panic!("{other}"),
    }
}

/// cosign's tags of such a digest are longer than a tag can be: there is nothing to ask for.
#[tokio::test]
async fn what_is_no_tag_is_not_asked_for() {
    let front = Front::alone().await;
    let config = json!({ "mediaType": "application/json", "size": 2, "digest": ArtifactDigest::sha256(b"{}") });
    let manifest = json!({ "schemaVersion": 2, "config": config, "layers": [] }).to_string();
    let digest = chainsign_core::digest::DigestAlgorithm::Sha512.digest(manifest.as_bytes());
    front.plays(move |heard| match heard.path.rsplit('/').next().unwrap() {
        name if name.starts_with("sha512:") && heard.gets_in("/manifests/") => {
            Some(Answer::new(200).header("content-type", MANIFEST).body(manifest.clone()))
        }
        "" => Some(Answer::new(200)),
        name => Some(Answer::new(if name.len() > 128 { 400 } else { 404 })),
    });
    let registry = registry();
    let reference = front.reference(&format!("app@{digest}"));
    let (image, found) = registry.resolve_attached(&reference, Wanted::Everything).await.unwrap();
    assert_eq!(image.digest(), &digest);
    let tag = format!("sha512-{}", &digest.hex()[..64]);
    assert_eq!(found.looked_in, [Store::Referrers, Store::FallbackTag(tag)]);
}

/// GHSA-95pr-fxf5-86gv, GHSA-88jx-383q-w4qc: what is stored about an image is bounded.
#[tokio::test]
async fn limits_are_named() {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    let repository = Repository::new(sandbox.url(), "app");
    let image = repository.image("v1").await;
    // Three pages of the sandbox.
    for number in 0..45 {
        repository.bundle(&image, number.to_string().as_bytes()).await;
    }
    let attached = async |change: fn(&mut chainsign_registry::Limits)| {
        let mut options = impatient();
        change(&mut options.limits);
        let registry = Registry::new(options).unwrap();
        let resolved = resolve(&registry, &sandbox, "app:v1").await;
        registry.attached(&resolved, Wanted::Signatures).await
    };
    assert_eq!(attached(|_| {}).await.unwrap().items.len(), 45);
    type Change = fn(&mut chainsign_registry::Limits);
    let cases: [(Change, Limit, u64); 4] = [
        (|limits| limits.items = 44, Limit::Items, 44),
        (|limits| limits.pages = 2, Limit::Pages, 2),
        (|limits| limits.documents_bytes = 79, Limit::DocumentsBytes, 79),
        (|limits| limits.manifest_bytes = 4000, Limit::ManifestBytes, 4000),
    ];
    for (change, wanted, value) in cases {
        match attached(change).await {
            Err(Error::LimitReached { limit, allowed, .. }) => {
                assert_eq!((limit, allowed), (wanted, value));
            }
            Err(other) => panic!("{other}, wanted {wanted}"),
            Ok(_) => panic!("no error, wanted {wanted}"),
        }
    }
    let found = attached(|limits| limits.document_bytes = 1).await.unwrap();
    assert_eq!((found.items.len(), found.unread.len()), (10, 35));
}
