//! Being wrong on purpose: each way is seen by an independent verifier, for its own reason.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use chainsign_sandbox::{ErrorStatus, Fork, Misbehaviour, Options, Requests, Sandbox, Service};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::client::{
    Log, NOW, at_fixed_time, certificate, claims, email_token, get, hashedrekord, key, key_pem,
    log_entry_v1, note, parsed, post_json, root_of, sha256, sign, sign_message, start, start_now,
    timestamp,
};
use crate::end_to_end::{MESSAGE, verify};

/// Checks the verifier's first words for a bundle that is signed while the sandbox misbehaves.
/// Before and after, bundles verify.
async fn refused(misbehaviour: Misbehaviour, log: Log, wanted: &str) {
    let sandbox = start_now().await;
    let good = sign_message(&sandbox, b"before", log).await;
    verify(&sandbox, &good, b"before").unwrap();
    sandbox.misbehave([misbehaviour.clone()]);
    let bad = sign_message(&sandbox, MESSAGE, log).await;
    let error = verify(&sandbox, &bad, MESSAGE).unwrap_err().to_string();
    assert!(error.starts_with(wanted), "{misbehaviour:?} {log:?}: {error}");
    sandbox.misbehave([]);
    let good = sign_message(&sandbox, b"after", log).await;
    verify(&sandbox, &good, b"after").unwrap();
}

fn skewed(service: Service, hours: i64) -> Misbehaviour {
    Misbehaviour::SkewedClock { service, ahead: SignedDuration::from_hours(hours) }
}

#[tokio::test]
async fn certificates_can_be_wrong() {
    let sct = "invalid signed certificate timestamp: SCT signature verification failed:";
    let unverified = format!("{sct} Verification error: ECDSA_P256_SHA256 signature invalid");
    let unknown = format!("{sct} Verification error: key not found");
    let missing = "invalid signed certificate timestamp: certificate is missing SCT extension";
    let expired = "certificate chain is invalid: certificate chain validation failed: CertExpired";
    refused(Misbehaviour::SctOfAnotherCertificate, Log::V1, &unverified).await;
    refused(Misbehaviour::SctByUnknownLog, Log::V1, &unknown).await;
    refused(Misbehaviour::NoSct, Log::V1, missing).await;
    refused(Misbehaviour::ExpiredCertificate, Log::V1, expired).await;
    // Before the log's key was valid.
    refused(skewed(Service::CtLog, -3), Log::V1, &unknown).await;
}

#[tokio::test]
async fn logs_can_lie() {
    let proof = "invalid inclusion proof: inclusion proof verification failed: root hash mismatch";
    let checkpoint = "Bundle error: inclusion proof root hash does not match checkpoint root hash";
    let without = Misbehaviour::ForkedTree(Fork::WithoutTheEntry);
    let other_checkpoint = Misbehaviour::ForkedTree(Fork::OnlyTheCheckpoint);
    let promise = Misbehaviour::EntryTimestampOfAnotherEntry;
    refused(promise, Log::V1, "invalid inclusion promise").await;
    refused(without.clone(), Log::V1, proof).await;
    refused(without, Log::V2, proof).await;
    refused(other_checkpoint.clone(), Log::V1, checkpoint).await;
    // Version 2 has no root but the checkpoint's.
    refused(other_checkpoint, Log::V2, proof).await;
}

#[tokio::test]
async fn timestamps_can_be_wrong() {
    let expired = "certificate chain is invalid: certificate chain validation failed: CertExpired";
    let imprint = "invalid RFC 3161 timestamp: TSA timestamp verification failed: Timestamp message hash mismatch";
    refused(Misbehaviour::TimestampOfAnotherMessage, Log::V2, imprint).await;
    refused(skewed(Service::TimestampAuthority, 1), Log::V2, expired).await;
}

/// Each view is right by itself; together they show two logs under one name.
#[tokio::test]
async fn a_fork_shows_only_to_who_compares_heads() {
    let sandbox = start_now().await;
    sandbox.misbehave([Misbehaviour::ForkedTree(Fork::OtherLeaves)]);
    for log in [Log::V1, Log::V2] {
        for message in [b"first", b"other"] {
            let bundle = sign_message(&sandbox, message, log).await;
            verify(&sandbox, &bundle, message).unwrap();
        }
    }
    let entry = hashedrekord(&sha256(b"x"), &sign(&key(), b"x"), &key_pem(&key()));
    let forked = log_entry_v1(&post_json(&sandbox, "/api/v1/log/entries", &entry).await, "");
    let proof = forked.inclusion_proof.clone().unwrap();
    assert_eq!(root_of(&forked), Some(proof.root_hash));
    let head = get(&sandbox, "/api/v1/log").await.json();
    assert_eq!((proof.tree_size, &head["treeSize"]), (5, &json!(4)));
    // The hash over the first two leaves is in both proofs, and is not the same.
    let honest = get(&sandbox, "/api/v1/log/entries?logIndex=3").await;
    let honest = log_entry_v1(&honest, "").inclusion_proof.unwrap();
    assert_eq!((honest.hashes.len(), proof.hashes.len()), (2, 3));
    assert_ne!(honest.hashes[1], proof.hashes[1]);
}

#[tokio::test]
async fn every_service_has_its_own_clock() {
    let hour = 3600;
    let sandbox = start().await;
    sandbox.misbehave([
        skewed(Service::Oidc, -1),
        skewed(Service::Fulcio, 2),
        skewed(Service::RekorV1, 3),
    ]);
    assert_eq!(claims(&email_token(&sandbox))["iat"], NOW - hour);
    let entry = hashedrekord(&sha256(b"x"), &sign(&key(), b"x"), &key_pem(&key()));
    let answer = post_json(&sandbox, "/api/v1/log/entries", &entry).await;
    assert_eq!(log_entry_v1(&answer, "").integrated_time, Some(NOW + 3 * hour));
    // Fulcio, whose clock is ahead, finds the token expired.
    let request = crate::client::certificate_request(&email_token(&sandbox), "", &key());
    let refusal = post_json(&sandbox, "/api/v2/signingCert", &request).await;
    assert_eq!(refusal.json()["message"], "There was an error processing the identity token");
    sandbox.misbehave([skewed(Service::Oidc, 2), skewed(Service::Fulcio, 2)]);
    let validity = parsed(&certificate(&sandbox, &key()).await).tbs_certificate.validity;
    assert_eq!(validity.not_before.to_unix_duration().as_secs() as i64, NOW + 2 * hour);
}

#[tokio::test]
async fn an_expired_certificate_ended_an_hour_ago() {
    let misbehaviour = vec![Misbehaviour::ExpiredCertificate];
    let sandbox = Sandbox::start(Options { misbehaviour, ..at_fixed_time() }).await.unwrap();
    let validity = parsed(&certificate(&sandbox, &key()).await).tbs_certificate.validity;
    let seconds = |time: x509_cert::time::Time| time.to_unix_duration().as_secs() as i64;
    assert_eq!(seconds(validity.not_before), NOW - 4200);
    assert_eq!(seconds(validity.not_after), NOW - 3600);
}

#[tokio::test]
async fn unknown_signatures_stand_before_and_after_the_logs_own() {
    let sandbox = start().await;
    sandbox.misbehave([Misbehaviour::UnknownCheckpointSignatures]);
    let mut places = BTreeSet::new();
    for _ in 0..64 {
        let checkpoint = get(&sandbox, "/checkpoint").await;
        let (_, lines) = note(checkpoint.text());
        let names: Vec<_> = lines.iter().map(|(name, _)| *name).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, ["localhost", "localhost", "witness.sandbox.invalid"]);
        // C2SP tlog-cosignature: key id, time, Ed25519 signature.
        let witness = lines.iter().find(|(name, _)| *name == "witness.sandbox.invalid");
        assert_eq!(witness.unwrap().1.len(), 4 + 8 + 64);
        places.insert(names.iter().position(|name| *name == "witness.sandbox.invalid"));
    }
    assert!(places.contains(&Some(0)) && places.contains(&Some(2)), "{places:?}");
}

/// One request to each service, and the form in which it refuses.
const SERVICES: [(Service, &str); 8] = [
    (Service::Oidc, "/keys"),
    (Service::Fulcio, "/api/v2/trustBundle"),
    (Service::CtLog, "/ct/ct/v1/get-sth"),
    (Service::RekorV1, "/api/v1/log"),
    (Service::RekorV2, "/checkpoint"),
    (Service::TimestampAuthority, "/api/v1/timestamp/certchain"),
    (Service::Tuf, "/timestamp.json"),
    (Service::Registry, "/v2/"),
];

#[tokio::test]
async fn a_service_can_refuse_and_recover() {
    let sandbox = start().await;
    let message = "the sandbox was told to refuse";
    let refusal = |service, code, grpc| match service {
        Service::Oidc => json!({ "error": "server_error", "error_description": message }),
        Service::Fulcio | Service::RekorV2 => {
            json!({ "code": grpc, "message": message, "details": [] })
        }
        Service::Registry => {
            let code = if code == 429 { "TOOMANYREQUESTS" } else { "UNKNOWN" };
            json!({ "errors": [{ "code": code, "message": message }] })
        }
        _ => json!({ "code": code, "message": message }),
    };
    for (code, status, grpc, retry_after) in [
        (ErrorStatus::TooManyRequests, 429, 8, "1"),
        (ErrorStatus::InternalServerError, 500, 13, ""),
        (ErrorStatus::BadGateway, 502, 14, ""),
        (ErrorStatus::ServiceUnavailable, 503, 14, "1"),
        (ErrorStatus::GatewayTimeout, 504, 4, ""),
    ] {
        for (service, path) in SERVICES {
            let requests = Requests::First(NonZeroU32::new(2).unwrap());
            sandbox.misbehave([Misbehaviour::Status { service, code, requests }]);
            for _ in 0..2 {
                let answer = get(&sandbox, path).await;
                assert_eq!(answer.header("retry-after"), retry_after);
                let wanted: Value = refusal(service, status, grpc);
                assert_eq!(answer.refusal(), (status, wanted), "{service:?}");
            }
            assert_eq!(get(&sandbox, path).await.status, 200, "{service:?}");
        }
    }
    let (service, code) = (Service::RekorV1, ErrorStatus::BadGateway);
    sandbox.misbehave([Misbehaviour::Status { service, code, requests: Requests::All }]);
    for _ in 0..3 {
        assert_eq!(get(&sandbox, "/api/v1/log").await.status, 502);
        // The others go on.
        assert_eq!(get(&sandbox, "/checkpoint").await.status, 200);
    }
}

#[tokio::test]
async fn a_service_can_be_slow() {
    let sandbox = start().await;
    let delay = Duration::from_millis(300);
    sandbox.misbehave([Misbehaviour::Slow { service: Service::TimestampAuthority, delay }]);
    let before = Instant::now();
    assert_eq!(timestamp(&sandbox, b"message").await.status, 200);
    assert!(before.elapsed() >= delay);
}

#[tokio::test]
async fn a_service_can_answer_too_much() {
    let sandbox = start().await;
    let padding = 3 << 20;
    for (service, path) in SERVICES {
        sandbox.misbehave([Misbehaviour::Oversized { service, padding }]);
        let large = get(&sandbox, path).await.body;
        sandbox.misbehave([]);
        let blanks = large.iter().rev().take_while(|byte| **byte == b' ').count();
        assert_eq!(blanks, padding, "{service:?}");
    }
}
