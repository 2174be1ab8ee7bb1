//! Signing keyless, and what an independent verifier says to it.

use chainsign_sandbox::{GithubWorkflow, Misbehaviour, Sandbox, TokenRequest};
use sigstore_trust_root::TrustedRoot;
use sigstore_types::Bundle;
use sigstore_verify::{Error, VerificationPolicy, VerificationResult, Verifier};

use crate::client::{
    COMMIT, EMAIL, Log, WORKFLOW, certificate_request, chain, claims, key, post_json, sign_message,
    sign_with, start_now, trust_config,
};

pub(crate) const MESSAGE: &[u8] = b"a message";

/// Verifies with sigstore-rust: the sandbox's root, the usual identity.
pub(crate) fn verify(
    sandbox: &Sandbox,
    bundle: &[u8],
    message: &[u8],
) -> Result<VerificationResult, Error> {
    verify_as(sandbox, EMAIL, bundle, message)
}

fn verify_as(
    sandbox: &Sandbox,
    identity: &str,
    bundle: &[u8],
    message: &[u8],
) -> Result<VerificationResult, Error> {
    let root = TrustedRoot::from_json(&trust_config(sandbox)["trustedRoot"].to_string()).unwrap();
    let bundle: Bundle = serde_json::from_slice(bundle).unwrap();
    let policy = VerificationPolicy::new(identity, sandbox.issuer());
    Verifier::new(&root).unwrap().verify(message, &bundle, &policy)
}

#[tokio::test]
async fn what_is_signed_verifies() {
    let sandbox = start_now().await;
    for log in [Log::V1, Log::V2] {
        let bundle = sign_message(&sandbox, MESSAGE, log).await;
        let result = verify(&sandbox, &bundle, MESSAGE).unwrap();
        assert!(result.sct_verified() && result.tlog_verified() && result.certificate_verified());
        assert_eq!(result.issuer(), Some(sandbox.issuer()));
        // The timestamp; and, in version 1, the log's own time.
        let times = if log == Log::V1 { 2 } else { 1 };
        assert_eq!(result.verified_timestamps().len(), times);
    }
}

#[tokio::test]
async fn another_message_does_not_verify() {
    let sandbox = start_now().await;
    for log in [Log::V1, Log::V2] {
        let bundle = sign_message(&sandbox, MESSAGE, log).await;
        let error = verify(&sandbox, &bundle, b"another message").unwrap_err();
        assert!(matches!(error, Error::ArtifactMismatch(_)), "{error:?}");
    }
}

#[tokio::test]
async fn another_sandbox_does_not_vouch_for_it() {
    let (sandbox, other) = (start_now().await, start_now().await);
    let bundle = sign_message(&sandbox, MESSAGE, Log::V1).await;
    let root = TrustedRoot::from_json(&trust_config(&other)["trustedRoot"].to_string()).unwrap();
    let bundle: Bundle = serde_json::from_slice(&bundle).unwrap();
    let policy = VerificationPolicy::new(EMAIL, sandbox.issuer());
    let error = Verifier::new(&root).unwrap().verify(MESSAGE, &bundle, &policy).unwrap_err();
    assert!(matches!(error, Error::Timestamp(_)), "{error:?}");
}

#[tokio::test]
async fn unknown_checkpoint_signatures_do_not_disturb() {
    let sandbox = start_now().await;
    sandbox.misbehave([Misbehaviour::UnknownCheckpointSignatures]);
    // The order is drawn anew each time.
    for round in 0..4u8 {
        for log in [Log::V1, Log::V2] {
            let bundle = sign_message(&sandbox, &[round], log).await;
            verify(&sandbox, &bundle, &[round]).unwrap();
        }
    }
}

#[tokio::test]
async fn a_workflow_signs_under_the_sandboxs_issuer() {
    let sandbox = start_now().await;
    let workflow = GithubWorkflow::new(WORKFLOW, COMMIT).unwrap();
    let token = sandbox.token(TokenRequest::github_workflow(workflow)).unwrap();
    let subject = claims(&token)["sub"].as_str().unwrap().to_owned();
    let request = certificate_request(&token, &subject, &key());
    let leaf = chain(&post_json(&sandbox, "/api/v2/signingCert", &request).await).swap_remove(0);
    let bundle = sign_with(&sandbox, leaf, MESSAGE, Log::V1).await;
    let identity = format!("https://github.com/{WORKFLOW}");
    let result = verify_as(&sandbox, &identity, &bundle, MESSAGE).unwrap();
    assert_eq!(result.issuer(), Some(sandbox.issuer()));
    let error = verify(&sandbox, &bundle, MESSAGE).unwrap_err();
    assert!(matches!(error, Error::IdentityMismatch { .. }), "{error:?}");
}
