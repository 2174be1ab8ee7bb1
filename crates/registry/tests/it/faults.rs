use std::time::Duration;

use chainsign_core::digest::ArtifactDigest;
use chainsign_registry::{Asker, Error, Registry, Wanted};
use chainsign_sandbox::ReferrersApi;

use crate::front::{
    Answer, Front, Heard, image_with_bundle, impatient, raw, registry, sandbox, told,
};
use crate::image::Repository;

/// What a place answers, and what then is said: never that there is nothing.
#[tokio::test]
async fn a_list_that_fails_is_an_error_and_never_empty() {
    let sandbox = sandbox(ReferrersApi::Absent).await;
    Repository::new(sandbox.url(), "app").image("v1").await;
    let front = Front::of(&sandbox).await;
    let html = || Answer::new(200).header("content-type", "text/html").body("<p>log in</p>");
    let places: [fn(&Heard) -> bool; 3] = [
        |heard| heard.gets_in("/referrers/"),
        |heard| heard.gets_in("/manifests/sha256-") && !heard.gets(".sig"),
        |heard| heard.gets(".sig"),
    ];
    let unknown = r#"{"errors":[{"code":"NAME_UNKNOWN","message":"x"}]}"#;
    type Answers = fn() -> Answer;
    let answers: [(Answers, &str); 7] = [
        (|| Answer::new(401).header("www-authenticate", "Basic realm=\"x\""), "Unauthorized"),
        (|| Answer::new(403), "Forbidden"),
        (|| Answer::new(429).header("retry-after", "0"), "Throttled"),
        (|| Answer::new(500), "Status"),
        (|| Answer::new(503), "Status"),
        (|| Answer::new(418), "Status"),
        (|| Answer { delay: Duration::from_secs(60), ..Answer::new(200) }, "Deadline"),
    ];
    let mut wrong = Vec::new();
    let mut check = async |place: fn(&Heard) -> bool, answer: &dyn Fn() -> Answer, wanted: &str| {
        let answer = answer();
        let mut options = impatient();
        options.timeout = Duration::from_secs(if wanted == "Deadline" { 1 } else { 10 });
        let registry = Registry::new(options).unwrap();
        front.plays(|_| None);
        let resolved = registry.resolve(&front.reference("app:v1")).await.unwrap();
        front.plays(move |heard| {
            place(heard).then(|| Answer {
                status: answer.status,
                headers: answer.headers.clone(),
                body: answer.body.clone(),
                delay: answer.delay,
            })
        });
        let found = match registry.attached(&resolved, Wanted::Signatures).await {
            Ok(found) => format!("{found:?}"),
            Err(error) => format!("{error:?}"),
        };
        if !found.starts_with(&format!("{wanted} ")) {
            wrong.push(format!("found {found}, wanted {wanted}"));
        }
    };
    for (answer, wanted) in answers {
        for place in places {
            check(place, &answer, wanted).await;
        }
    }
    check(places[0], &html, "OtherMediaType").await;
    check(places[1], &html, "OtherMediaType").await;
    check(places[0], &|| Answer::new(404).body(unknown), "RepositoryUnknown").await;
    check(places[2], &|| Answer::new(404).body(unknown), "RepositoryUnknown").await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    Repository::new(sandbox.url(), "app").image("v1").await;
    let front = Front::of(&sandbox).await;
    for status in [408, 429, 500, 502, 503, 504] {
        let mut left = 1;
        front.plays(move |heard| {
            let refused = heard.gets_in("/manifests/") && left > 0;
            left -= i32::from(refused);
            refused.then(|| Answer::new(status).header("retry-after", "0"))
        });
        registry().resolve(&front.reference("app:v1")).await.unwrap();
    }
    front.heard();
    front.plays(|heard| heard.gets_in("/manifests/").then(|| Answer::new(501)));
    let error = registry().resolve(&front.reference("app:v1")).await.unwrap_err();
    assert!(matches!(&error, Error::Status { status: 501, .. }), "{error}");
    let asked = front.heard().into_iter().filter(|heard| heard.gets_in("/manifests/"));
    assert_eq!(asked.count(), 1);
}

/// A pause that is too long is not waited for, and is told.
#[tokio::test]
async fn a_registry_that_wants_too_long_a_pause_is_not_asked_again() {
    let front = Front::alone().await;
    front.plays(|heard| match heard.path.as_str() {
        "/v2/" => Some(Answer::new(200)),
        _ => Some(Answer::new(429).header("retry-after", "3600")),
    });
    let error = registry().resolve(&front.reference("app")).await.unwrap_err();
    let hour = Some(Duration::from_secs(3600));
    assert!(matches!(&error, Error::Throttled { retry_after, .. } if *retry_after == hour));
    assert_eq!(
        error.to_string(),
        format!(
            "manifest latest of {}/app could not be had: the registry has had too many requests, and wants a pause of 3600 s",
            front.host
        )
    );
}

#[tokio::test]
async fn who_is_refused_is_told_what_and_as_whom() {
    let front = Front::alone().await;
    let said = r#"{"errors":[{"code":"DENIED","message":"requested access\nis denied"}]}"#;
    front.plays(move |heard| match heard.path.as_str() {
        "/v2/" => Some(Answer::new(200)),
        _ => Some(Answer::new(403).body(said)),
    });
    let error = registry().resolve(&front.reference("app")).await.unwrap_err();
    let wanted = format!(
        "not allowed to read manifest latest of {}/app without credentials: refused: requested access is denied",
        front.host
    );
    assert_eq!(error.to_string(), wanted);
    assert!(matches!(error, Error::Forbidden { who: Asker::Anonymous, .. }));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_none() {
    let host =
        raw("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{")
            .await;
    let error = registry().resolve(&format!("{host}/app").parse().unwrap()).await.unwrap_err();
    assert!(matches!(&error, Error::Unreachable { attempts: 2, .. }), "{}", told(&error));
}

/// A document that is not what its digest says, or not as long as said, is named.
#[tokio::test]
async fn documents_are_what_their_digests_say() {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    let repository = Repository::new(sandbox.url(), "app");
    let image = repository.image("v1").await;
    repository.bundle(&image, b"{\"a\":1}").await;
    let blob = ArtifactDigest::sha256(b"{\"a\":1}");
    let front = Front::of(&sandbox).await;
    for (body, wanted) in [
        ("{\"b\":1}", "OtherDigest { "),
        ("{}", "OtherSize { "),
        ("{\"a\":1} and more", "OtherSize { "),
    ] {
        let end = format!("/blobs/{blob}");
        front.plays(move |heard| heard.gets(&end).then(|| Answer::new(200).body(body)));
        let registry = registry();
        let resolved = registry.resolve(&front.reference("app:v1")).await.unwrap();
        let found = registry.attached(&resolved, Wanted::Signatures).await.unwrap();
        assert!(found.items.is_empty());
        let error = format!("{:?}", found.unread[0].error);
        assert!(error.starts_with(wanted), "{body}: {error}");
        // Bytes of another digest say nothing of those that were asked for.
        assert_eq!(found.unread[0].error.is_about_content(), wanted == "OtherSize { ");
    }
}

/// That a document could not be had is told apart from that it is not what it should be.
#[tokio::test]
async fn a_document_that_could_not_be_had_is_not_found_out() {
    let (sandbox, ..) = image_with_bundle().await;
    let front = Front::of(&sandbox).await;
    front.plays(|heard| heard.gets_in("/blobs/").then(|| Answer::new(500)));
    let registry = registry();
    let resolved = registry.resolve(&front.reference("app:v1")).await.unwrap();
    let found = registry.attached(&resolved, Wanted::Signatures).await.unwrap();
    assert!(matches!(found.unread[0].error, Error::Status { status: 500, .. }));
    assert!(!found.unread[0].error.is_about_content());
}

/// Listing and reading are three rounds, and some more time on a busy machine: the places, the
/// manifests, the documents. One after the other, they would be thirteen.
#[tokio::test]
async fn what_can_be_asked_at_the_same_time_is() {
    let sandbox = sandbox(ReferrersApi::Offered).await;
    let repository = Repository::new(sandbox.url(), "app");
    let image = repository.image("v1").await;
    for number in 0..5 {
        repository.bundle(&image, number.to_string().as_bytes()).await;
    }
    let registry = registry();
    let host = sandbox.url().trim_start_matches("http://");
    let resolved = registry.resolve(&format!("{host}/app:v1").parse().unwrap()).await.unwrap();
    let delay = Duration::from_millis(300);
    let service = chainsign_sandbox::Service::Registry;
    sandbox.misbehave([chainsign_sandbox::Misbehaviour::Slow { service, delay }]);
    let before = registry.traffic().requests;
    let started = std::time::Instant::now();
    let found = registry.attached(&resolved, Wanted::Signatures).await.unwrap();
    let rounds = started.elapsed().as_secs_f64() / delay.as_secs_f64();
    assert_eq!(found.items.len(), 5);
    // Three places, five manifests, five documents.
    assert_eq!(registry.traffic().requests - before, 13);
    assert!((3.0..6.0).contains(&rounds), "{rounds} rounds");

    // By digest, the image is read meanwhile.
    let started = std::time::Instant::now();
    let (same, found) =
        registry.resolve_attached(resolved.reference(), Wanted::Signatures).await.unwrap();
    let rounds = started.elapsed().as_secs_f64() / delay.as_secs_f64();
    assert_eq!((same.digest(), found.items.len()), (resolved.digest(), 5));
    assert!((3.0..6.0).contains(&rounds), "{rounds} rounds");
}

/// What registries say that have no such API, and that it is no answer of a place which is there.
#[tokio::test]
async fn an_api_that_is_not_there_has_nothing() {
    let sandbox = sandbox(ReferrersApi::Absent).await;
    Repository::new(sandbox.url(), "app").image("v1").await;
    let front = Front::of(&sandbox).await;
    for status in [400, 404, 405, 406, 501] {
        let registry = registry();
        let resolved = registry.resolve(&front.reference("app:v1")).await.unwrap();
        front.plays(move |heard| heard.gets_in("/referrers/").then(|| Answer::new(status)));
        let found = registry.attached(&resolved, Wanted::Signatures).await.unwrap();
        assert!(found.items.is_empty() && found.unread.is_empty());
        if status == 404 {
            continue;
        }
        front.plays(move |heard| heard.gets(".sig").then(|| Answer::new(status)));
        let error = registry.attached(&resolved, Wanted::Signatures).await.unwrap_err();
        assert!(matches!(&error, Error::Status { status: found, .. } if *found == status));
        front.plays(|_| None);
    }
}
