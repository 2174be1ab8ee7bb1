//! End to end: signed against the sandbox, verified by the verifier that the binary uses.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use chainsign_core::Limits;
use chainsign_core::artifact::Artifact;
use chainsign_core::digest::{ArtifactDigest, ArtifactDigests};
use chainsign_core::identity::{IdentityMatcher, SubjectAlternativeName};
use chainsign_core::key::KeyAlgorithm;
use chainsign_core::predicate::PredicateType;
use chainsign_core::requirements::{Requirements, SignerRequirement};
use chainsign_core::signer::{SignFuture, SignInput, Signer, SignerCredential};
use chainsign_core::statement::{Statement, Subject};
use chainsign_core::trust::ClientTrustConfig;
use chainsign_keyless::identity::{Coverage, IdentityToken};
use chainsign_keyless::{
    CertifiedKey, EphemeralKey, Options, Refused, Services, Session, ToSign, UnverifiedBundle, sign,
};
use chainsign_sandbox::{
    ErrorStatus, Fork, GithubWorkflow, Misbehaviour, OfferedLogs, Requests, Sandbox, Service,
    TokenRequest,
};
use chainsign_verify::{CheckId, Refusal, VerifiedBundle, Verifier};
use jiff::{SignedDuration, Timestamp};
use serde_json::value::RawValue;

use crate::fake::{EMAIL, given};

pub(crate) const BLOB: &[u8] = b"the artifact";

struct Setup {
    sandbox: Sandbox,
    verifier: Verifier,
    session: Session,
}

impl Setup {
    async fn new(offered_logs: OfferedLogs) -> Self {
        let options = chainsign_sandbox::Options { offered_logs, ..Default::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        let config = ClientTrustConfig::parse(sandbox.trust_config(), &Limits::default()).unwrap();
        let selection =
            config.signing_config.select(Services::LOG_VERSIONS, Timestamp::now()).unwrap();
        let mut options = Options::default();
        options.retry.pause = Duration::from_millis(2);
        let services = Services::new(selection, options, Arc::new(Timestamp::now)).unwrap();
        let token = sandbox.token(TokenRequest::email(EMAIL).unwrap()).unwrap();
        let session = Session::keyless(services, given(&token));
        Setup { verifier: Verifier::new(&config.trusted_root), sandbox, session }
    }

    fn token(&self) -> String {
        self.sandbox.token(TokenRequest::email(EMAIL).unwrap()).unwrap()
    }

    async fn sign(&self) -> UnverifiedBundle {
        self.session.sign(ToSign::Artifact(ArtifactDigest::sha256(BLOB))).await.unwrap()
    }

    async fn release(
        &self,
        bundle: UnverifiedBundle,
        blob: &[u8],
    ) -> Result<(VerifiedBundle, Vec<u8>), Refused<Refusal>> {
        let requirements = self.session.requirements().await.unwrap();
        let digests = ArtifactDigests::from(ArtifactDigest::sha256(blob));
        let artifact = Artifact::Digests(&digests);
        bundle.release(&self.verifier, artifact, &requirements, Timestamp::now())
    }

    /// The same for another session.
    async fn release_by(
        &self,
        session: &Session,
        bundle: UnverifiedBundle,
    ) -> Result<(VerifiedBundle, Vec<u8>), Refused<Refusal>> {
        let requirements = session.requirements().await.unwrap();
        let digests = ArtifactDigests::from(ArtifactDigest::sha256(BLOB));
        let artifact = Artifact::Digests(&digests);
        bundle.release(&self.verifier, artifact, &requirements, Timestamp::now())
    }
}

pub(crate) fn statement(blob: &[u8]) -> Vec<u8> {
    let digests = ArtifactDigests::from(ArtifactDigest::sha256(blob));
    let predicate = RawValue::from_string(r#"{"a":  1}"#.to_owned()).unwrap();
    let predicate_type = PredicateType::from_alias_or_uri("https://example.com/p").unwrap();
    let subject = vec![Subject::new("artifact", &digests)];
    Statement::new(subject, predicate_type, predicate).to_json().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_and_a_statement_verify_on_both_versions_of_the_log() {
    for (offered, kinds) in [
        (OfferedLogs::V1, [("hashedrekord", "0.0.1"), ("dsse", "0.0.1")]),
        (OfferedLogs::V2, [("hashedrekord", "0.0.2"), ("hashedrekord", "0.0.2")]),
    ] {
        let setup = Setup::new(offered).await;
        let bundle = setup.sign().await;
        let first = bundle.log_index().unwrap();
        let (verified, bytes) = setup.release(bundle, BLOB).await.unwrap();
        let identity = verified.identity().unwrap();
        assert_eq!(identity.subject, SubjectAlternativeName::Email(EMAIL.to_owned()));
        assert_eq!(identity.issuer.0, setup.sandbox.issuer());
        let material = crate::fake::parse_bundle(&bytes);
        let kind = |entry: &chainsign_core::material::LogEntry| {
            (entry.kind.clone(), entry.version.clone())
        };
        let owned = |(kind, version): (&str, &str)| (kind.to_owned(), version.to_owned());
        assert_eq!(kind(&material.log_entries[0]), owned(kinds[0]));

        let payload = statement(BLOB);
        let bundle = setup.session.sign(ToSign::Statement(payload.clone())).await.unwrap();
        assert_eq!(bundle.log_index(), Some(first + 1));
        let (verified, bytes) = setup.release(bundle, BLOB).await.unwrap();
        assert_eq!(verified.payload(), Some(payload.as_slice()));
        assert_eq!(kind(&crate::fake::parse_bundle(&bytes).log_entries[0]), owned(kinds[1]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflows_token_signs_as_that_workflow() {
    let setup = Setup::new(OfferedLogs::V1).await;
    let workflow = "acme/app/.github/workflows/release.yml@refs/tags/v1";
    let workflow = GithubWorkflow::new(workflow, &"ab".repeat(20)).unwrap();
    let token = setup.sandbox.token(TokenRequest::github_workflow(workflow)).unwrap();
    let session = Session::keyless(setup.session.services().clone(), given(&token));
    let setup = Setup { session, ..setup };
    let (verified, _) = setup.release(setup.sign().await, BLOB).await.unwrap();
    let uri = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1";
    let wanted = SubjectAlternativeName::Uri(uri.to_owned());
    assert_eq!(verified.identity().unwrap().subject, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_share_a_certificate() {
    let setup = Setup::new(OfferedLogs::V1).await;
    let blobs: Vec<String> = (0..20).map(|index| format!("blob {index}")).collect();
    let contents = blobs
        .iter()
        .map(|blob| ToSign::Artifact(ArtifactDigest::sha256(blob.as_bytes())))
        .collect();
    let limit = NonZeroUsize::new(8).unwrap();
    let bundles = setup.session.sign_all(contents, limit).await.unwrap();
    let mut certificates = std::collections::HashSet::new();
    for (bundle, blob) in bundles.into_iter().zip(&blobs) {
        let (_, bytes) = setup.release(bundle, blob.as_bytes()).await.unwrap();
        match crate::fake::parse_bundle(&bytes).credential {
            chainsign_core::material::Credential::Certificate { leaf, .. } => {
                certificates.insert(leaf);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(certificates.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_for_another_artifact_or_identity_is_kept() {
    let setup = Setup::new(OfferedLogs::V1).await;
    let refused = setup.release(setup.sign().await, b"another").await.unwrap_err();
    assert_eq!(refused.refusal.check(), CheckId::Subject, "{refused}");
    assert_eq!(refused.published.len(), 1);

    let requirements = setup.session.requirements().await.unwrap();
    let other = IdentityMatcher::exact("other@sandbox.invalid", setup.sandbox.issuer());
    let requirements =
        Requirements { signer: SignerRequirement::Identity(vec![other]), ..requirements };
    let bundle = setup.sign().await;
    let index = bundle.log_index().unwrap();
    let refused = bundle
        .release(&setup.verifier, Artifact::Bytes(BLOB), &requirements, Timestamp::now())
        .unwrap_err();
    assert_eq!(refused.refusal.check(), CheckId::Identity, "{refused}");
    assert_eq!(refused.published[0].index, index);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_gets_wrong_is_found_before_anything_is_written() {
    let setup = Setup::new(OfferedLogs::V1).await;
    for (misbehaviour, check) in [
        (Misbehaviour::SctOfAnotherCertificate, CheckId::Sct),
        (Misbehaviour::SctByUnknownLog, CheckId::Sct),
        (Misbehaviour::NoSct, CheckId::Sct),
        (Misbehaviour::ExpiredCertificate, CheckId::CertificateValidity),
        (Misbehaviour::ForkedTree(Fork::WithoutTheEntry), CheckId::InclusionProof),
        (Misbehaviour::ForkedTree(Fork::OnlyTheCheckpoint), CheckId::Checkpoint),
        (Misbehaviour::EntryTimestampOfAnotherEntry, CheckId::SignedEntryTimestamp),
    ] {
        setup.sandbox.misbehave([misbehaviour.clone()]);
        let session = Session::keyless(setup.session.services().clone(), given(&setup.token()));
        let content = ToSign::Artifact(ArtifactDigest::sha256(BLOB));
        let bundle = session.sign(content).await.unwrap();
        let refused = setup.release(bundle, BLOB).await.unwrap_err();
        assert_eq!(refused.refusal.check(), check, "{misbehaviour:?}: {refused}");
        assert_eq!(refused.published.len(), 1, "{misbehaviour:?}");
    }
    setup.sandbox.misbehave([]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_that_recovers_is_waited_for() {
    let setup = Setup::new(OfferedLogs::V1).await;
    let first = |service| Misbehaviour::Status {
        service,
        code: ErrorStatus::ServiceUnavailable,
        requests: Requests::First(NonZeroU32::new(2).unwrap()),
    };
    let services = [Service::Fulcio, Service::RekorV1, Service::TimestampAuthority];
    setup.sandbox.misbehave(services.map(first));
    setup.release(setup.sign().await, BLOB).await.unwrap();
}

/// A signer that gives the same signature again, as deterministic algorithms do.
struct Repeating {
    key: CertifiedKey,
    first: tokio::sync::OnceCell<Vec<u8>>,
}

impl Signer for Repeating {
    fn algorithm(&self) -> KeyAlgorithm {
        self.key.algorithm()
    }
    fn credential(&self) -> SignerCredential<'_> {
        self.key.credential()
    }
    fn sign<'a>(&'a self, input: SignInput<'a>) -> SignFuture<'a> {
        let first = self.first.get_or_try_init(move || self.key.sign(input));
        Box::pin(async move { Ok(first.await?.clone()) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_is_there_already_is_bound_again() {
    let setup = Setup::new(OfferedLogs::V1).await;
    let token = IdentityToken::parse(&setup.token(), Timestamp::now()).unwrap();
    let services = setup.session.services();
    let key = EphemeralKey::generate().unwrap().certify(&token, services).await.unwrap();
    let signer = Repeating { key, first: tokio::sync::OnceCell::new() };
    let content = || ToSign::Artifact(ArtifactDigest::sha256(BLOB));
    let first = sign(content(), &signer, services).await.unwrap();
    let second = sign(content(), &signer, services).await.unwrap();
    assert_eq!(first.published(), second.published());
    setup.release(first, BLOB).await.unwrap();
    setup.release(second, BLOB).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_may_carry_other_signatures() {
    let setup = Setup::new(OfferedLogs::V1).await;
    setup.sandbox.misbehave([Misbehaviour::UnknownCheckpointSignatures]);
    setup.release(setup.sign().await, BLOB).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timestamp_of_another_message_is_not_even_bundled() {
    let setup = Setup::new(OfferedLogs::V1).await;
    setup.sandbox.misbehave([Misbehaviour::TimestampOfAnotherMessage]);
    let content = ToSign::Artifact(ArtifactDigest::sha256(BLOB));
    let error = setup.session.sign(content).await.unwrap_err();
    let chainsign_keyless::Error::AfterPublication { source, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(
        matches!(
            **source,
            chainsign_keyless::Error::TimestampOfSomethingElse { differs: "message imprint", .. }
        ),
        "{source}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_whose_clock_is_behind_is_no_obstacle_and_one_ahead_is_found() {
    let setup = Setup::new(OfferedLogs::V1).await;
    let skewed = |seconds| Misbehaviour::SkewedClock {
        service: Service::Fulcio,
        ahead: SignedDuration::from_secs(seconds),
    };
    setup.sandbox.misbehave([skewed(-30)]);
    setup.release(setup.sign().await, BLOB).await.unwrap();

    setup.sandbox.misbehave([skewed(30)]);
    let session = Session::keyless(setup.session.services().clone(), given(&setup.token()));
    let bundle = session.sign(ToSign::Artifact(ArtifactDigest::sha256(BLOB))).await.unwrap();
    let refused = setup.release(bundle, BLOB).await.unwrap_err();
    assert_eq!(refused.refusal.check(), CheckId::CertificateValidity, "{refused}");
}

/// What is told before signing is what the certificate says afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_discloses_what_its_certificate_will_say() {
    let setup = Setup::new(OfferedLogs::V1).await;
    let workflow = "acme/app/.github/workflows/r.yml@refs/tags/v1";
    let called = GithubWorkflow::new(workflow, &"1".repeat(40)).unwrap();
    let called = called.called_by("acme/other/.github/workflows/c.yml@refs/heads/main").unwrap();
    let mut faults = Vec::new();
    for request in [TokenRequest::email(EMAIL).unwrap(), TokenRequest::github_workflow(called)] {
        let token = setup.sandbox.token(request).unwrap();
        let told = IdentityToken::parse(&token, Timestamp::now()).unwrap().disclosed().unwrap();
        let session = Session::keyless(setup.session.services().clone(), given(&token));
        let bundle = session.sign(ToSign::Artifact(ArtifactDigest::sha256(BLOB))).await.unwrap();
        let (verified, _) = setup.release_by(&session, bundle).await.unwrap();
        let found = verified.identity().unwrap();
        if (told.subject.as_ref(), &told.issuer, &told.extensions)
            != (Some(&found.subject), &found.issuer, &found.extensions)
            || told.coverage != Coverage::Complete
        {
            faults.push(format!("told {told:#?}, found {found:#?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
