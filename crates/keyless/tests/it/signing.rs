//! What is sent when everything goes well, and what comes out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_core::encoding::pem_encode;
use chainsign_core::key::{KeyAlgorithm, PublicKey};
use chainsign_core::material::{Credential, SignedContent, SignedMaterial};
use chainsign_core::requirements::{Requirements, SignerRequirement};
use chainsign_core::signer::{SignFuture, SignInput, Signer, SignerCredential};
use chainsign_core::verifier::BundleVerifier;
use chainsign_core::{Limits, artifact, formats};
use chainsign_keyless::{Error, PublicEntry, Session, ToSign, sign};
use der::Decode as _;
use jiff::Timestamp;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::ecdsa::{DerSignature, VerifyingKey};
use p256::pkcs8::DecodePublicKey as _;
use serde_json::json;
use x509_tsp::TimeStampReq;

use crate::fake::{EMAIL, Fake, ISSUER, To, digest, given, open, token};

fn leaf(material: &SignedMaterial) -> &[u8] {
    match &material.credential {
        Credential::Certificate { leaf, .. } => leaf,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn verify_signature(certificate: &[u8], digest: &ArtifactDigest, signature: &[u8]) {
    use der::Encode as _;
    let certificate = x509_cert::Certificate::from_der(certificate).unwrap();
    let spki = certificate.tbs_certificate.subject_public_key_info.to_der().unwrap();
    let key = VerifyingKey::from_public_key_der(&spki).unwrap();
    let signature = DerSignature::from_bytes(signature).unwrap();
    key.verify_prehash(digest.bytes(), &signature).unwrap();
}

#[tokio::test]
async fn an_artifact_is_logged_by_its_digest_on_rekor_v1() {
    let fake = Fake::honest().await;
    let bundle = fake.session().sign(ToSign::Artifact(digest())).await.unwrap();
    assert_eq!(bundle.log_index(), Some(1000));
    assert_eq!(bundle.published(), [PublicEntry { log: fake.url.clone(), index: 1000 }]);
    let (material, bytes) = open(bundle);
    assert_eq!(formats::bundle::parse(&bytes, &Limits::default()).unwrap(), material);
    let SignedContent::Message { digest: Some(signed), signature } = &material.content else {
        panic!("{material:?}")
    };
    assert_eq!(*signed, digest());
    verify_signature(leaf(&material), signed, signature);

    let [request] = &fake.seen(To::Rekor1)[..] else { panic!() };
    assert_eq!(request.headers["content-type"], "application/json");
    let certificate = pem_encode("CERTIFICATE", leaf(&material));
    let entry = json!({
        "apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
            "data": { "hash": { "algorithm": "sha256", "value": digest().hex() } },
            "signature": {
                "content": STANDARD.encode(signature),
                "publicKey": { "content": STANDARD.encode(&certificate) },
            },
        },
    });
    assert_eq!(request.json(), entry);
    assert!(!certificate.contains('\r'));

    let [entry] = &material.log_entries[..] else { panic!() };
    assert_eq!((entry.kind.as_str(), entry.version.as_str()), ("hashedrekord", "0.0.1"));
    assert_eq!(entry.log_id.hex(), "09".repeat(32));
    assert_eq!(entry.signed_entry_timestamp.as_deref(), Some(b"set".as_slice()));
    let proof = entry.inclusion_proof.as_ref().unwrap();
    assert_eq!((proof.log_index, proof.tree_size), (0, 1));

    let [query] = &fake.seen(To::Tsa)[..] else { panic!() };
    assert_eq!(query.headers["content-type"], "application/timestamp-query");
    let query = TimeStampReq::from_der(&query.body).unwrap();
    let wanted = ArtifactDigest::sha256(signature);
    assert_eq!(query.message_imprint.hashed_message.as_bytes(), wanted.bytes());
    assert!(query.nonce.unwrap().as_bytes().len() == 8);
    assert_eq!(material.timestamps.len(), 1);
}

#[tokio::test]
async fn a_statement_is_logged_as_an_envelope_on_rekor_v1() {
    let fake = Fake::honest().await;
    let payload = br#"{"_type":"https://in-toto.io/Statement/v1"}"#.to_vec();
    let bundle = fake.session().sign(ToSign::Statement(payload.clone())).await.unwrap();
    let (material, _) = open(bundle);
    let SignedContent::Envelope(envelope) = &material.content else { panic!("{material:?}") };
    assert_eq!(envelope.payload.0, payload);
    assert_eq!(envelope.payload_type, "application/vnd.in-toto+json");
    let signature = &envelope.signatures[0].sig.0;
    verify_signature(leaf(&material), &ArtifactDigest::sha256(&envelope.pae()), signature);
    let [entry] = &material.log_entries[..] else { panic!() };
    assert_eq!((entry.kind.as_str(), entry.version.as_str()), ("dsse", "0.0.1"));

    let [request] = &fake.seen(To::Rekor1)[..] else { panic!() };
    let request = request.json();
    let proposed = &request["spec"]["proposedContent"];
    let certificate = pem_encode("CERTIFICATE", leaf(&material));
    assert_eq!(proposed["verifiers"], json!([STANDARD.encode(certificate)]));
    let sent: serde_json::Value =
        serde_json::from_str(proposed["envelope"].as_str().unwrap()).unwrap();
    assert_eq!(
        sent,
        json!({
            "payload": STANDARD.encode(&payload), "payloadType": "application/vnd.in-toto+json",
            "signatures": [{ "sig": STANDARD.encode(signature) }],
        })
    );
}

#[tokio::test]
async fn both_are_hashedrekord_entries_on_rekor_v2() {
    let fake = Fake::honest().await;
    let session = Session::keyless(fake.services_with(2, Fake::options()), given(&token()));
    let payload = b"{}".to_vec();
    let pae = chainsign_core::dsse::pae("application/vnd.in-toto+json", &payload);
    for (content, logged) in [
        (ToSign::Artifact(digest()), digest()),
        (ToSign::Statement(payload), ArtifactDigest::sha256(&pae)),
    ] {
        let (material, _) = open(session.sign(content).await.unwrap());
        let signature = match &material.content {
            SignedContent::Message { signature, .. }
            | SignedContent::SimpleSigning { signature, .. } => signature,
            SignedContent::Envelope(envelope) => &envelope.signatures[0].sig.0,
        };
        let request = fake.seen(To::Rekor2).pop().unwrap();
        assert_eq!(
            request.json(),
            json!({ "hashedRekordRequestV002": {
                "digest": STANDARD.encode(logged.bytes()),
                "signature": { "content": STANDARD.encode(signature), "verifier": {
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "x509Certificate": { "rawBytes": STANDARD.encode(leaf(&material)) },
                } },
            } })
        );
        let [entry] = &material.log_entries[..] else { panic!() };
        assert_eq!((entry.kind.as_str(), entry.version.as_str()), ("hashedrekord", "0.0.2"));
        assert_eq!((entry.integrated_time, &entry.signed_entry_timestamp), (None, &None));
    }
}

#[tokio::test]
async fn the_token_goes_to_the_certificate_authority_and_nowhere_else() {
    let fake = Fake::honest().await;
    let session = fake.session();
    session.sign(ToSign::Artifact(digest())).await.unwrap();
    session.sign(ToSign::Statement(b"{}".to_vec())).await.unwrap();
    let token = token();
    for seen in fake.all_seen() {
        let text = String::from_utf8_lossy(&seen.body).into_owned();
        assert_eq!(text.contains(&token), seen.to == To::Fulcio, "{seen:?}");
        assert!(!seen.headers.contains_key("authorization"), "{seen:?}");
        let agent = seen.headers["user-agent"].to_str().unwrap();
        assert!(agent.starts_with("chainsign/"), "{agent}");
    }
}

#[tokio::test]
async fn a_session_knows_what_its_bundles_must_show() {
    let fake = Fake::honest().await;
    let session = fake.session();
    let requirements = session.requirements().await.unwrap();
    let SignerRequirement::Identity(matchers) = &requirements.signer else { panic!() };
    let wanted = chainsign_core::identity::IdentityMatcher::exact(EMAIL, ISSUER);
    assert_eq!(matchers[..], [wanted]);
    let count = |number: Option<std::num::NonZeroUsize>| number.map_or(0, |number| number.get());
    assert_eq!(count(requirements.transparency_logs), 1);
    assert_eq!(count(requirements.certificate_transparency_logs), 1);
    assert_eq!(count(requirements.timestamp_authorities), 1);
    // The log's own time and the authority's.
    assert_eq!(count(requirements.time_authorities), 2);
    session.sign(ToSign::Artifact(digest())).await.unwrap();
    assert_eq!(fake.seen(To::Fulcio).len(), 1);
}

#[tokio::test]
async fn what_does_not_verify_keeps_its_bytes_and_names_its_public_entry() {
    #[derive(Debug)]
    struct Suspicious;
    impl BundleVerifier for Suspicious {
        type Verified = ();
        type Refusal = std::io::Error;
        fn verify(
            &self,
            _: &SignedMaterial,
            _: artifact::Artifact<'_>,
            _: &Requirements,
            _: Timestamp,
        ) -> Result<(), std::io::Error> {
            Err(std::io::Error::other("no"))
        }
    }
    let fake = Fake::honest().await;
    let bundle = fake.session().sign(ToSign::Artifact(digest())).await.unwrap();
    assert!(!format!("{bundle:?}").contains("MII"), "{bundle:?}");
    let requirements = Requirements::keyless(SignerRequirement::AnyIdentity);
    let artifact = artifact::Artifact::Bytes(b"artifact");
    let refused = bundle.release(&Suspicious, artifact, &requirements, fake.now()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "the signature that was just made does not verify: no; already public: entry 1000 of {}",
            fake.url
        )
    );
}

/// A key that the user keeps: another algorithm, and no certificate.
struct KeptKey {
    key: PublicKey,
    algorithm: KeyAlgorithm,
}

impl Signer for KeptKey {
    fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }
    fn credential(&self) -> SignerCredential<'_> {
        SignerCredential::Key(&self.key)
    }
    fn sign<'a>(&'a self, input: SignInput<'a>) -> SignFuture<'a> {
        let signature = match input {
            SignInput::Digest(digest) => [b"over ", digest.algorithm().name().as_bytes()].concat(),
            SignInput::Message(_) => b"over the message".to_vec(),
        };
        Box::pin(std::future::ready(Ok(signature)))
    }
}

#[tokio::test]
async fn a_kept_key_is_logged_stamped_and_bundled_the_same_way() {
    let fake = Fake::honest().await;
    let key = PublicKey::from_spki([1, 2, 3]);
    let signer = KeptKey { key: key.clone(), algorithm: KeyAlgorithm::EcdsaP384Sha384 };
    let digest = DigestAlgorithm::Sha384.digest(b"artifact");
    let bundle = sign(ToSign::Artifact(digest.clone()), &signer, &fake.services()).await.unwrap();
    let (material, _) = open(bundle);
    let hint = STANDARD.encode(key.fingerprint().bytes());
    assert_eq!(material.credential, Credential::Key { hint });
    let request = fake.seen(To::Rekor1).pop().unwrap().json();
    let hash = &request["spec"]["data"]["hash"];
    assert_eq!(*hash, json!({ "algorithm": "sha384", "value": digest.hex() }));
    let stored = &request["spec"]["signature"]["publicKey"]["content"];
    assert_eq!(*stored, STANDARD.encode(key.to_pem()));

    let services = fake.services_with(2, Fake::options());
    sign(ToSign::Artifact(digest), &signer, &services).await.unwrap();
    let request = fake.seen(To::Rekor2).pop().unwrap().json();
    let verifier = &request["hashedRekordRequestV002"]["signature"]["verifier"];
    assert_eq!(
        *verifier,
        json!({ "keyDetails": "PKIX_ECDSA_P384_SHA_384", "publicKey": { "rawBytes": "AQID" } })
    );
    let requirements = services.requirements(SignerRequirement::Key(key));
    assert_eq!(requirements.certificate_transparency_logs, None);
    assert_eq!(fake.seen(To::Fulcio).len(), 0);
}

#[tokio::test]
async fn a_digest_of_another_algorithm_is_refused_before_anything_is_signed() {
    let fake = Fake::honest().await;
    let digest = DigestAlgorithm::Sha512.digest(b"artifact");
    let error = fake.session().sign(ToSign::Artifact(digest)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "a key of PKIX_ECDSA_P256_SHA_256 signs sha256 digests, found sha512"
    );
    let signer = KeptKey { key: PublicKey::from_spki([1]), algorithm: KeyAlgorithm::Ed25519 };
    let artifact = ToSign::Artifact(crate::fake::digest());
    let error = sign(artifact, &signer, &fake.services()).await.unwrap_err();
    assert!(
        matches!(error, Error::Unsupported { what: "the digest of an artifact", .. }),
        "{error}"
    );
    // A message signature over a statement can be logged as an envelope, but not by its digest.
    let statement = ToSign::Statement(b"{}".to_vec());
    sign(statement.clone(), &signer, &fake.services()).await.unwrap();
    let error =
        sign(statement, &signer, &fake.services_with(2, Fake::options())).await.unwrap_err();
    assert!(
        matches!(error, Error::Unsupported { what: "what is logged by its digest", .. }),
        "{error}"
    );
    assert_eq!(fake.seen(To::Rekor2).len(), 0);
}
