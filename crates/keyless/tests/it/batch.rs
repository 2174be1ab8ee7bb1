//! Many things, one certificate.

use std::num::NonZeroUsize;
use std::time::Duration;

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::material::SignedContent;
use chainsign_keyless::{Error, Session, ToSign, UnverifiedBundle};

use crate::fake::{Answer, Fake, To, given, open, token, token_of};

fn contents(count: usize) -> Vec<ToSign> {
    (0..count).map(|index| ToSign::Artifact(content(index))).collect()
}

fn content(index: usize) -> ArtifactDigest {
    ArtifactDigest::sha256(index.to_string().as_bytes())
}

fn signed(bundle: UnverifiedBundle) -> ArtifactDigest {
    match open(bundle).0.content {
        SignedContent::Message { digest: Some(digest), .. } => digest,
        other => panic!("{other:?}"),
    }
}

fn limit(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap()
}

#[tokio::test]
async fn uploads_overlap_up_to_the_limit_and_results_are_in_order() {
    // Earlier requests are slower, so that answers arrive out of order.
    let fake = Fake::start(|seen, nth, mut answer| {
        if seen.to == To::Rekor1 {
            answer.delay = Duration::from_millis(if nth % 4 == 0 { 60 } else { 15 });
        }
        answer
    })
    .await;
    let bundles = fake.session().sign_all(contents(12), limit(4)).await.unwrap();
    let digests: Vec<_> = bundles.into_iter().map(signed).collect();
    assert_eq!(digests, (0..12).map(content).collect::<Vec<_>>());
    assert_eq!(fake.seen(To::Fulcio).len(), 1);
    assert_eq!(fake.seen(To::Rekor1).len(), 12);
    assert!((2..=4).contains(&fake.most_running()), "{}", fake.most_running());
}

#[tokio::test]
async fn a_failure_names_what_was_done_and_what_was_not() {
    let third = content(2).hex();
    let fake = Fake::start(move |seen, _, answer| {
        let text = String::from_utf8_lossy(&seen.body);
        match seen.to == To::Rekor1 && text.contains(&third) {
            true => Answer::status(400, r#"{"code":400,"message":"no"}"#),
            false => answer,
        }
    })
    .await;
    let incomplete = fake.session().sign_all(contents(50), limit(1)).await.unwrap_err();
    assert_eq!(
        incomplete.to_string(),
        format!(
            "2 signed, 1 failed, 47 not started; number 3: the transparency log at {} answered with status 400: no",
            fake.url
        )
    );
    let [(2, Error::Status { status: 400, .. })] = &incomplete.failed[..] else {
        panic!("{incomplete:?}")
    };
    assert_eq!(incomplete.not_started, 3..50);
    let done: Vec<_> =
        incomplete.done.into_iter().map(|(index, bundle)| (index, signed(bundle))).collect();
    assert_eq!(done, [(0, content(0)), (1, content(1))]);
    assert_eq!(fake.seen(To::Rekor1).len(), 3);
}

#[tokio::test]
async fn what_was_started_is_awaited_after_a_failure() {
    let fake = Fake::start(|seen, nth, mut answer| match (seen.to, nth) {
        (To::Rekor1, 0) => Answer::status(400, ""),
        (To::Rekor1, _) => {
            answer.delay = Duration::from_millis(50);
            answer
        }
        _ => answer,
    })
    .await;
    let incomplete = fake.session().sign_all(contents(50), limit(5)).await.unwrap_err();
    let logged = fake.seen(To::Rekor1).len();
    assert_eq!(incomplete.done.len() + 1, logged);
    assert_eq!(incomplete.not_started, logged..50);
    assert_eq!(incomplete.failed.len(), 1);
}

#[tokio::test]
async fn without_a_certificate_one_content_fails_and_none_is_started() {
    let fake = Fake::always(To::Fulcio, |_| Answer::status(500, "")).await;
    let incomplete = fake.session().sign_all(contents(50), limit(8)).await.unwrap_err();
    let [(0, Error::Status { status: 500, .. })] = &incomplete.failed[..] else {
        panic!("{incomplete:?}")
    };
    assert_eq!((incomplete.done.len(), incomplete.not_started), (0, 1..50));
    // The attempts of one request.
    assert_eq!(fake.seen(To::Fulcio).len(), 3);

    let nothing = fake.session().sign_all(Vec::new(), limit(8)).await.unwrap();
    assert_eq!((nothing.len(), fake.seen(To::Fulcio).len()), (0, 3));
}

#[tokio::test]
async fn a_batch_takes_its_contents_as_it_needs_them() {
    let fake = Fake::honest().await;
    let taken = std::cell::Cell::new(0);
    let endless = (0_usize..).map(|index| {
        taken.set(taken.get() + 1);
        ToSign::Artifact(content(index))
    });
    let session = fake.session();
    let mut batch = session.batch(endless, limit(3));
    for wanted in 0..10 {
        let (index, bundle) = batch.next().await.unwrap();
        assert_eq!((index, signed(bundle.unwrap())), (wanted, content(wanted)));
    }
    assert_eq!(batch.started(), taken.get());
    assert!(taken.get() <= 10 + 3 * 4, "{}", taken.get());
}

#[tokio::test]
async fn equal_contents_are_different_entries() {
    let fake = Fake::honest().await;
    let contents = vec![ToSign::Artifact(content(0)); 3];
    fake.session().sign_all(contents, limit(1)).await.unwrap();
    let bodies: std::collections::HashSet<_> =
        fake.seen(To::Rekor1).into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies.len(), 3);
}

#[tokio::test]
async fn the_certificate_is_renewed_when_it_runs_out() {
    let fake = Fake::honest().await;
    let session = fake.session();
    let sign = async || session.sign(ToSign::Artifact(content(0))).await;
    sign().await.unwrap();
    fake.advance(540);
    sign().await.unwrap();
    assert_eq!(fake.seen(To::Fulcio).len(), 1);
    fake.advance(1);
    session.requirements().await.unwrap();
    assert_eq!(fake.seen(To::Fulcio).len(), 1);
    sign().await.unwrap();
    assert_eq!(fake.seen(To::Fulcio).len(), 2);
}

#[tokio::test]
async fn a_given_token_that_has_expired_by_then_is_not_used_again() {
    let fake = Fake::honest().await;
    let claims = serde_json::json!({
        "iss": "https://issuer.test", "sub": "s", "aud": "sigstore", "exp": crate::fake::NOW - 60,
    });
    let session = Session::keyless(fake.services(), given(&token_of(&claims)));
    let error = session.sign(ToSign::Artifact(content(0))).await.unwrap_err();
    assert!(matches!(error, Error::TokenExpired { .. }), "{error}");
    assert_eq!(fake.all_seen().len(), 0);
    // By the same clock the other token is still good.
    Session::keyless(fake.services(), given(&token())).requirements().await.unwrap();
}
