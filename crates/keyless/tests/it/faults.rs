//! What each service can do wrong, and that nothing is built on it.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chainsign_core::material::LogId;
use chainsign_core::trust::ServiceKind;
use chainsign_keyless::{Error, Services, Session, ToSign, UnverifiedBundle};
use der::asn1::{Int, OctetString};
use p256::ecdsa::{SigningKey, VerifyingKey};
use p256::pkcs8::EncodePrivateKey as _;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection};
use serde_json::{Value, json};

use crate::fake::{
    self, Answer, Fake, To, certificate_for, digest, given, open, stamp, stamped, token,
};

async fn sign(fake: &Fake) -> Result<UnverifiedBundle, Error> {
    fake.session().sign(ToSign::Artifact(digest())).await
}

/// The error, which must have come when the log had its entry.
#[track_caller]
fn after_publication(fake: &Fake, error: Error) -> Error {
    match error {
        Error::AfterPublication { published, source } => {
            assert_eq!(published.len(), 1);
            assert_eq!((published[0].index, &published[0].log), (1000, &fake.url));
            *source
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_passing_failure_is_repeated() {
    for to in [To::Fulcio, To::Rekor1, To::Tsa] {
        for status in [408, 429, 500, 502, 503, 504] {
            let fake = Fake::first(to, move |_| Answer::status(status, "later")).await;
            sign(&fake).await.unwrap();
            assert_eq!(fake.seen(to).len(), 2, "{to:?} {status}");
        }
    }
}

#[tokio::test]
async fn what_will_not_pass_is_not_repeated() {
    for status in [302, 400, 401, 403, 404, 405, 422, 501] {
        let message = r#"{"code":3,"message":"bad\nthing"}"#;
        let fault = move |_| Answer::status(status, message).with_header("location", "/elsewhere");
        let fake = Fake::always(To::Fulcio, fault).await;
        let error = sign(&fake).await.unwrap_err();
        let wanted = format!(
            "the certificate authority at {} answered with status {status}: bad thing",
            fake.url
        );
        assert_eq!(error.to_string(), wanted);
        assert_eq!(fake.all_seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn attempts_are_counted() {
    let fake = Fake::always(To::Rekor1, |_| Answer::status(503, "<h1>busy</h1>")).await;
    let error = sign(&fake).await.unwrap_err();
    assert!(
        matches!(&error, Error::Status { status: 503, message, retry_after: None, .. } if message == "<h1>busy</h1>"),
        "{error:?}"
    );
    assert_eq!(fake.seen(To::Rekor1).len(), 3);
}

#[tokio::test]
async fn retry_after_is_respected_in_both_forms() {
    for after in ["1", "date"] {
        let fake = Fake::start(move |seen, nth, answer| {
            if seen.to != To::Fulcio || nth > 0 {
                return answer;
            }
            // One second after the clock of the test.
            let date = "Sat, 21 Nov 2026 12:00:01 GMT";
            let after = if after == "date" { date } else { after };
            Answer::status(429, "").with_header("retry-after", after)
        })
        .await;
        assert_eq!(fake.now().to_string(), "2026-11-21T12:00:00Z");
        let start = Instant::now();
        sign(&fake).await.unwrap();
        assert!(start.elapsed() >= Duration::from_secs(1), "{after} {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_service_that_asks_for_a_long_pause_is_not_waited_for() {
    let fault = |_| Answer::status(429, "slow down").with_header("retry-after", "3600");
    let fake = Fake::always(To::Rekor1, fault).await;
    let error = sign(&fake).await.unwrap_err();
    assert!(
        matches!(&error, Error::Status { status: 429, retry_after: Some(after), .. } if after.as_secs() == 3600),
        "{error:?}"
    );
    assert_eq!(fake.seen(To::Rekor1).len(), 1);
}

#[tokio::test]
async fn a_slow_service_is_given_up() {
    let fake = Fake::always(To::Fulcio, |mut answer| {
        answer.delay = Duration::from_secs(60);
        answer
    })
    .await;
    let mut options = Fake::options();
    options.timeouts.certificate = Duration::from_millis(30);
    let session = Session::keyless(fake.services_with(1, options), given(&token()));
    let error = session.sign(ToSign::Artifact(digest())).await.unwrap_err();
    let wanted = format!("no answer from the certificate authority at {} (3 attempts)", fake.url);
    assert_eq!(error.to_string(), wanted);
    assert!(matches!(error, Error::Unreachable { attempts: 3, .. }), "{error}");
}

/// Another attempt would meet the same certificate.
#[tokio::test]
async fn a_service_whose_certificate_is_not_trusted_is_asked_once() {
    let key = SigningKey::from_slice(&[8; 32]).unwrap();
    let chain = vec![fake::certificate(key.verifying_key()).into()];
    let key = PrivateKeyDer::try_from(key.to_pkcs8_der().unwrap().as_bytes().to_vec()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|it| it.with_no_client_auth().with_single_cert(chain, key));
    let (listener, config) = (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::new(config.unwrap()));
    let url = format!("https://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut server = ServerConnection::new(Arc::clone(&config)).unwrap();
            // The client hangs up.
            let _ = server.complete_io(&mut connection.unwrap());
        }
    });
    let fake = Fake::honest().await;
    let mut selection = fake.selection(1);
    selection.certificate_authority.as_mut().unwrap().url = url.clone();
    let services = Services::new(selection, Fake::options(), fake.clock()).unwrap();
    let session = Session::keyless(services, given(&token()));
    let error = session.sign(ToSign::Artifact(digest())).await.unwrap_err();
    let wanted = format!(
        "no answer from the certificate authority at {url}: its certificate is not trusted"
    );
    assert_eq!(error.to_string(), wanted);
    assert!(matches!(error, Error::Untrusted { .. }), "{error:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_service_that_is_not_there_is_named() {
    let fake = Fake::honest().await;
    let mut selection = fake.selection(1);
    // A port that is taken, so that nobody else gets it, and at which nobody listens.
    let nobody = tokio::net::TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    selection.transparency_logs[0].url = url.clone();
    let services = Services::new(selection, Fake::options(), fake.clock()).unwrap();
    let session = Session::keyless(services, given(&token()));
    let error = session.sign(ToSign::Artifact(digest())).await.unwrap_err();
    assert!(
        matches!(&error, Error::Unreachable { endpoint, .. } if endpoint.kind == ServiceKind::TransparencyLog && endpoint.url == url),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_oversized_answer_is_not_read_to_its_end() {
    for (to, kind) in [
        (To::Fulcio, ServiceKind::CertificateAuthority),
        (To::Rekor1, ServiceKind::TransparencyLog),
        (To::Tsa, ServiceKind::TimestampAuthority),
    ] {
        let fake = Fake::always(to, |mut answer| {
            answer.body.resize(9 << 20, b' ');
            answer
        })
        .await;
        let error = match sign(&fake).await.unwrap_err() {
            Error::AfterPublication { source, .. } if to == To::Tsa => *source,
            error => error,
        };
        assert!(
            matches!(&error, Error::AnswerTooLarge { endpoint, limit } if endpoint.kind == kind && *limit <= 1 << 20),
            "{error:?}"
        );
        assert_eq!(fake.seen(to).len(), 1);
    }
}

#[tokio::test]
async fn an_authority_that_quotes_the_token_is_not_quoted() {
    // Real tokens are longer than what is kept of a message.
    for before in ["bad token", &"very ".repeat(55)] {
        let message = format!("{before} {}", token());
        let fake = Fake::always(To::Fulcio, move |_| {
            Answer::json(&json!({ "code": 3, "message": message })).with_status(400)
        })
        .await;
        let error = sign(&fake).await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains(&format!("{before} (secret)")), "{text}");
        assert!(!text.contains(&token()[..10]), "{text}");
    }
}

#[tokio::test]
async fn a_certificate_for_another_key_is_refused() {
    let fake = Fake::always(To::Fulcio, |_| {
        let key = SigningKey::from_slice(&[8; 32]).unwrap();
        certificate_for(&VerifyingKey::from(&key))
    })
    .await;
    let error = sign(&fake).await.unwrap_err();
    assert!(
        matches!(&error, Error::CertifiedAnotherKey { found, wanted, .. } if found != wanted),
        "{error:?}"
    );
    assert_eq!(fake.seen(To::Rekor1).len(), 0);
}

#[tokio::test]
async fn a_detached_sct_is_refused() {
    let fake = Fake::always(To::Fulcio, |answer| {
        answer.changed(|json| {
            let chain = json["signedCertificateEmbeddedSct"]["chain"].take();
            *json = json!({ "signedCertificateDetachedSct": {
                "chain": chain, "signedCertificateTimestamp": "e30=",
            } });
        })
    })
    .await;
    let error = sign(&fake).await.unwrap_err();
    assert!(matches!(error, Error::DetachedSct { .. }), "{error:?}");
}

#[track_caller]
fn malformed(error: &Error, kind: ServiceKind, wanted: &str) {
    let Error::MalformedAnswer { endpoint, reason } = error else { panic!("{error:?}") };
    assert_eq!(endpoint.kind, kind);
    assert!(reason.starts_with(wanted), "found {reason:?}, wanted {wanted:?}");
}

#[tokio::test]
async fn a_malformed_certificate_answer_says_what_is_wrong() {
    let embedded = "signedCertificateEmbeddedSct";
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 6] = [
        (|json| *json = json!([]), "its JSON is not valid: "),
        (|json| *json = json!({}), "found no signedCertificateEmbeddedSct"),
        (
            |json| json["signedCertificateDetachedSct"] = json!({}),
            "found two certificates, wanted one",
        ),
        (
            |json| json["signedCertificateEmbeddedSct"]["chain"]["certificates"] = json!([]),
            "found an empty chain",
        ),
        (
            |json| json["signedCertificateEmbeddedSct"]["chain"]["certificates"][0] = json!("x"),
            "its certificate is not PEM of CERTIFICATE: ",
        ),
        (
            |json| {
                let certificates =
                    &mut json["signedCertificateEmbeddedSct"]["chain"]["certificates"];
                certificates[0] = certificates[1].clone();
            },
            "its certificate: ",
        ),
    ];
    for (change, wanted) in cases {
        let fake = Fake::always(To::Fulcio, move |answer| answer.changed(change)).await;
        let error = sign(&fake).await.unwrap_err();
        malformed(&error, ServiceKind::CertificateAuthority, wanted);
    }
    let duplicate = format!(r#"{{"{embedded}":{{}},"{embedded}":{{}}}}"#);
    let fake = Fake::always(To::Fulcio, move |_| Answer::status(200, &duplicate)).await;
    let error = sign(&fake).await.unwrap_err();
    malformed(&error, ServiceKind::CertificateAuthority, "its JSON has the key ");
}

/// Changes what a Rekor v1 answer says the entry is.
fn changed_body(answer: Answer, change: impl FnOnce(&mut Value)) -> Answer {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    answer.changed(|json| {
        let entry = json.as_object_mut().unwrap().values_mut().next().unwrap();
        let body = match entry.get("body") {
            Some(_) => &mut entry["body"],
            None => panic!("{entry}"),
        };
        let mut stored =
            serde_json::from_slice(&STANDARD.decode(body.as_str().unwrap()).unwrap()).unwrap();
        change(&mut stored);
        *body = json!(STANDARD.encode(stored.to_string()));
    })
}

#[tokio::test]
async fn an_entry_about_something_else_is_refused() {
    type Change = fn(&mut Value);
    let artifact: [(Change, &str); 6] = [
        (|e| e["spec"]["data"]["hash"]["value"] = json!("00"), "spec.data.hash.value"),
        (|e| e["spec"]["data"]["hash"]["algorithm"] = json!("sha1"), "spec.data.hash.algorithm"),
        (|e| e["spec"]["signature"]["content"] = json!("AA=="), "spec.signature.content"),
        (
            |e| e["spec"]["signature"]["publicKey"]["content"] = json!("AA=="),
            "spec.signature.publicKey.content",
        ),
        (|e| e["kind"] = json!("rekord"), "kind"),
        (|e| e["spec"]["data"]["url"] = json!("http://x"), "spec.data.url"),
    ];
    let statement: [(Change, &str); 4] = [
        (|e| e["spec"]["payloadHash"]["value"] = json!("00"), "spec.payloadHash.value"),
        (|e| e["spec"]["envelopeHash"] = Value::Null, "spec.envelopeHash"),
        (|e| e["spec"]["signatures"][0]["verifier"] = json!("AA=="), "spec.signatures[0].verifier"),
        (
            |e| {
                let first = e["spec"]["signatures"][0].clone();
                e["spec"]["signatures"].as_array_mut().unwrap().push(first);
            },
            "spec.signatures",
        ),
    ];
    let statement = statement.map(|case| (case, ToSign::Statement(b"{}".to_vec())));
    let artifact = artifact.map(|case| (case, ToSign::Artifact(digest())));
    for ((change, wanted), content) in artifact.into_iter().chain(statement) {
        let fake = Fake::always(To::Rekor1, move |answer| changed_body(answer, change)).await;
        let error = fake.session().sign(content).await.unwrap_err();
        assert!(
            matches!(&error, Error::LoggedSomethingElse { differs, .. } if differs == wanted),
            "found {error:?}, wanted {wanted}"
        );
    }
}

#[tokio::test]
async fn an_entry_of_rekor_v2_about_something_else_is_refused() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let fake = Fake::always(To::Rekor2, |answer| {
        answer.changed(|json| {
            let body = STANDARD.decode(json["canonicalizedBody"].as_str().unwrap()).unwrap();
            let mut stored: Value = serde_json::from_slice(&body).unwrap();
            stored["spec"]["hashedRekordV002"]["data"]["digest"] = json!("AA==");
            json["canonicalizedBody"] = json!(STANDARD.encode(stored.to_string()));
        })
    })
    .await;
    let session = Session::keyless(fake.services_with(2, Fake::options()), given(&token()));
    let error = session.sign(ToSign::Artifact(digest())).await.unwrap_err();
    let wanted = "spec.hashedRekordV002.data.digest";
    assert!(
        matches!(&error, Error::LoggedSomethingElse { differs, .. } if differs == wanted),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_malformed_entry_says_what_is_wrong() {
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 7] = [
        (|json| *json = json!({}), "found none or several entries, wanted one"),
        (|json| json["other"] = json["0"].clone(), "its JSON is not valid: "),
        (|json| only(json)["logIndex"] = json!(-1), "its JSON is not valid: "),
        (|json| only(json)["logID"] = json!("00"), "logID has 1 bytes, wanted 32"),
        (
            |json| only(json)["verification"]["inclusionProof"] = Value::Null,
            "its entry has no inclusionProof",
        ),
        (
            |json| only(json)["verification"]["signedEntryTimestamp"] = Value::Null,
            "its entry has no signedEntryTimestamp",
        ),
        (
            |json| {
                only(json)["verification"]["inclusionProof"]["hashes"] =
                    json!(vec!["00".repeat(32); 65]);
            },
            "found an inclusion proof of more hashes than any tree needs",
        ),
    ];
    for (change, wanted) in cases {
        let fake = Fake::always(To::Rekor1, move |answer| answer.changed(change)).await;
        let error = sign(&fake).await.unwrap_err();
        malformed(&error, ServiceKind::TransparencyLog, wanted);
    }
}

fn only(entries: &mut Value) -> &mut Value {
    entries.as_object_mut().unwrap().values_mut().next().unwrap()
}

/// The log takes the entry, and says that it had it.
async fn conflicting(location: &'static str, fault: fn(Answer) -> Answer) -> Fake {
    Fake::start(move |seen, _, answer| match seen.to {
        To::Rekor1 => {
            let location = location.replace("{id}", &"0".repeat(80));
            let text = r#"{"code":409,"message":"an equivalent entry already exists"}"#;
            Answer::status(409, text).with_header("location", location)
        }
        To::Rekor1Entry => fault(answer),
        _ => answer,
    })
    .await
}

#[tokio::test]
async fn an_entry_that_was_there_already_is_fetched_and_bound() {
    for location in ["/api/v1/log/entries/{id}", "http://elsewhere.test/{id}", "{id}"] {
        let fake = conflicting(location, |answer| answer).await;
        let bundle = sign(&fake).await.unwrap();
        assert_eq!(bundle.log_index(), Some(1000));
        let (material, _) = open(bundle);
        assert_eq!(material.log_entries[0].log_id, LogId([9; 32]));
        assert_eq!(fake.seen(To::Rekor1Entry).len(), 1, "{location}");
    }
}

#[tokio::test]
async fn a_conflict_is_no_way_to_bind_something_else() {
    let fake = conflicting("/api/v1/log/entries/{id}", |answer| {
        changed_body(answer, |entry| entry["spec"]["data"]["hash"]["value"] = json!("00"))
    })
    .await;
    let error = sign(&fake).await.unwrap_err();
    assert!(
        matches!(&error, Error::LoggedSomethingElse { differs, .. } if differs == "spec.data.hash.value"),
        "{error:?}"
    );
    for location in ["", "/api/v1/log/entries/0/../../x", "/api/v1/log/entries/ABCDEF"] {
        let fake = conflicting(location, |answer| answer).await;
        let error = sign(&fake).await.unwrap_err();
        let wanted = "found a conflict that names no entry, wanted a Location";
        malformed(&error, ServiceKind::TransparencyLog, wanted);
        assert_eq!(fake.seen(To::Rekor1Entry).len() + fake.seen(To::Elsewhere).len(), 0);
    }
}

#[tokio::test]
async fn a_conflict_of_rekor_v2_names_the_entry() {
    let fault = |_| Answer::status(409, "").with_header("x-log-index", "17");
    let fake = Fake::always(To::Rekor2, fault).await;
    let session = Session::keyless(fake.services_with(2, Fake::options()), given(&token()));
    let error = session.sign(ToSign::Artifact(digest())).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("the transparency log at {} has this entry already, with the index 17", fake.url)
    );
    assert!(matches!(error, Error::AlreadyLogged { index: Some(17), .. }), "{error:?}");
    assert_eq!(fake.seen(To::Rekor2).len(), 1);
}

#[tokio::test]
async fn a_timestamp_of_something_else_is_refused_and_the_entry_named() {
    let other = |change: fn(&mut x509_tsp::TstInfo)| {
        move |mut answer: Answer| {
            let mut info = stamped(&answer.body);
            change(&mut info);
            answer.body = stamp(info);
            answer
        }
    };
    let imprint = other(|info| {
        info.message_imprint.hashed_message = OctetString::new([0; 32]).unwrap();
    });
    let nonce = other(|info| info.nonce = Some(Int::new(&[1]).unwrap()));
    let no_nonce = other(|info| info.nonce = None);
    for (fault, wanted) in [(imprint, "message imprint"), (nonce, "nonce"), (no_nonce, "nonce")] {
        let fake = Fake::always(To::Tsa, fault).await;
        let error = after_publication(&fake, sign(&fake).await.unwrap_err());
        assert!(
            matches!(&error, Error::TimestampOfSomethingElse { differs, .. } if *differs == wanted),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_declined_timestamp_says_why() {
    // TimeStampResp { status 2 (rejection), statusString { UTF8String "no" } }
    let declined = [0x30, 0x0b, 0x30, 0x09, 0x02, 0x01, 0x02, 0x30, 0x04, 0x0c, 0x02, b'n', b'o'];
    let fake = Fake::always(To::Tsa, move |mut answer| {
        answer.body = declined.to_vec();
        answer
    })
    .await;
    let error = sign(&fake).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("failed when entry 1000 of {} was public already", fake.url)
    );
    let error = after_publication(&fake, error);
    assert_eq!(
        error.to_string(),
        format!("the timestamp authority at {}/api/v1/timestamp declined: status 2: no", fake.url)
    );
}

#[tokio::test]
async fn a_malformed_timestamp_is_refused() {
    let fake = Fake::always(To::Tsa, |mut answer| {
        answer.body.pop();
        answer
    })
    .await;
    let error = after_publication(&fake, sign(&fake).await.unwrap_err());
    malformed(&error, ServiceKind::TimestampAuthority, "");
}

#[tokio::test]
async fn without_a_proven_time_nothing_is_asked() {
    let fake = Fake::honest().await;
    let mut selection = fake.selection(2);
    selection.timestamp_authorities.clear();
    let services = Services::new(selection, Fake::options(), fake.clock()).unwrap();
    let session = Session::keyless(services, given(&token()));
    let error = session.sign(ToSign::Artifact(digest())).await.unwrap_err();
    assert!(matches!(error, Error::NoProvenTime), "{error:?}");
    assert_eq!(fake.all_seen().len(), 0);
}
