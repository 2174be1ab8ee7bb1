//! Keys that are kept: every kind, with every version of the log and without one, through the same
//! steps as ephemeral ones.

use std::sync::Arc;

use chainsign_core::Limits;
use chainsign_core::artifact::Artifact;
use chainsign_core::digest::{ArtifactDigest, ArtifactDigests, DigestAlgorithm};
use chainsign_core::key::KeyAlgorithm;
use chainsign_core::requirements::SignerRequirement;
use chainsign_core::trust::{ClientTrustConfig, ServiceSelection};
use chainsign_keyless::{EphemeralKey, Error, Options, Services, Session, ToSign};
use chainsign_keys::{KeyKind, PrivateKey};
use chainsign_sandbox::{OfferedLogs, Sandbox, TokenRequest};
use chainsign_verify::{Refusal, Verifier};
use jiff::Timestamp;

use crate::fake::EMAIL;
use crate::sandbox::{BLOB, statement};

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_key_signs_with_every_version_of_the_log_and_without() {
    let mut faults = Vec::new();
    for logs in [Some(OfferedLogs::V1), Some(OfferedLogs::V2), None] {
        let options = chainsign_sandbox::Options {
            offered_logs: logs.unwrap_or(OfferedLogs::V1),
            ..Default::default()
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        let config = ClientTrustConfig::parse(sandbox.trust_config(), &Limits::default()).unwrap();
        let mut selection =
            config.signing_config.select(Services::LOG_VERSIONS, Timestamp::now()).unwrap();
        // A key needs nobody to certify it.
        selection.certificate_authority = None;
        if logs.is_none() {
            selection = ServiceSelection::default();
        }
        let verifier = Verifier::new(&config.trusted_root);
        for kind in KeyKind::ALL {
            // Making these takes seconds, and nothing but their size differs.
            if matches!(kind, KeyKind::Rsa3072 | KeyKind::Rsa4096) {
                continue;
            }
            for algorithm in kind.algorithms() {
                // The sandbox's logs do not know these.
                let unknown =
                    matches!(algorithm, KeyAlgorithm::Ed25519Ph | KeyAlgorithm::RsaPss2048Sha256);
                if unknown && logs.is_some() {
                    continue;
                }
                for what in [What::Digest, What::Message, What::Statement] {
                    let signed = sign(kind, *algorithm, what, &selection, &verifier).await;
                    let wanted = wanted(*algorithm, what, logs);
                    if signed != wanted {
                        let case = format!("{algorithm} {what:?} {logs:?}");
                        faults.push(format!("{case}: {signed:?}, wanted {wanted:?}"));
                    }
                }
            }
        }
        sandbox.stop().await;
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_certificate_authority_no_identity_is_certified() {
    let sandbox = Sandbox::start(chainsign_sandbox::Options::default()).await.unwrap();
    let token = sandbox.token(TokenRequest::email(EMAIL).unwrap()).unwrap();
    let token =
        chainsign_keyless::identity::IdentityToken::parse(&token, Timestamp::now()).unwrap();
    let services = services(ServiceSelection::default());
    let key = EphemeralKey::generate().unwrap();
    let error = key.certify(&token, &services).await.unwrap_err();
    assert!(matches!(error, Error::NoCertificateAuthority), "{error:?}");
}

#[derive(Clone, Copy, Debug)]
enum What {
    Digest,
    Message,
    Statement,
}

/// What pure Ed25519 cannot do, and what Rekor v1 does not take, fails, and nothing else.
fn wanted(algorithm: KeyAlgorithm, what: What, logs: Option<OfferedLogs>) -> Result<(), String> {
    let cannot = match (algorithm, what, logs) {
        (KeyAlgorithm::Ed25519, What::Digest, _) => "the digest of an artifact",
        (KeyAlgorithm::Ed25519, What::Message, Some(_))
        | (KeyAlgorithm::Ed25519, What::Statement, Some(OfferedLogs::V2)) => {
            "what is logged by its digest"
        }
        (
            KeyAlgorithm::EcdsaP384Sha384 | KeyAlgorithm::EcdsaP521Sha512,
            What::Statement,
            Some(OfferedLogs::V1),
        ) => "a statement for Rekor v1, which verifies statements with SHA-256",
        _ => return Ok(()),
    };
    Err(format!("a key of {algorithm} cannot sign {cannot}"))
}

/// Signs, and verifies that it is this key's over this artifact and over no other.
async fn sign(
    kind: KeyKind,
    algorithm: KeyAlgorithm,
    what: What,
    selection: &ServiceSelection,
    verifier: &Verifier,
) -> Result<(), String> {
    let key = PrivateKey::generate(kind).unwrap();
    let requirement = SignerRequirement::Key(key.public_key().clone());
    let signer = Arc::new(key.into_signer_with(algorithm).unwrap());
    let session = Session::with_signer(services(selection.clone()), signer, requirement);
    let digest = algorithm.prehash().unwrap_or(DigestAlgorithm::Sha256).digest(BLOB);
    let content = match what {
        What::Digest => ToSign::Artifact(digest),
        What::Message => ToSign::Message(BLOB.into()),
        What::Statement => ToSign::Statement(statement(BLOB)),
    };
    let bundle = session.sign(content.clone()).await.map_err(|error| error.to_string())?;
    let requirements = session.requirements().await.unwrap();
    let (verified, _) = bundle
        .release(verifier, Artifact::Bytes(BLOB), &requirements, Timestamp::now())
        .map_err(|error| error.to_string())?;
    let logs = selection.transparency_logs.len();
    if verified.log_entries().len() != logs {
        return Err(format!("{} log entries, wanted {logs}", verified.log_entries().len()));
    }
    let bundle = session.sign(content).await.map_err(|error| error.to_string())?;
    let other = ArtifactDigests::from(ArtifactDigest::sha256(b"another"));
    let artifact = match (what, algorithm.prehash()) {
        (What::Statement, _) => Artifact::Digests(&other),
        _ => Artifact::Bytes(b"another"),
    };
    match bundle.release(verifier, artifact, &requirements, Timestamp::now()) {
        Err(refused)
            if matches!(
                refused.refusal,
                Refusal::MessageDigestMismatch { .. } | Refusal::SubjectMismatch { .. }
            ) =>
        {
            Ok(())
        }
        Err(refused) => Err(format!("another artifact: {}", refused.refusal)),
        Ok(_) => Err("another artifact verifies".to_owned()),
    }
}

fn services(selection: ServiceSelection) -> Services {
    Services::new(selection, Options::default(), Arc::new(Timestamp::now)).unwrap()
}
