use std::path::PathBuf;

use chainsign_artifact::OpenArtifact;
use chainsign_core::artifact::Artifact;
use chainsign_core::digest::{ArtifactDigest, ArtifactDigests};
use chainsign_core::formats::detached::{self, Detached, DetachedSignature};
use chainsign_core::material::{Format, SignedMaterial};
use chainsign_core::requirements::Requirements;
use chainsign_core::verifier::BundleVerifier as _;
use chainsign_core::{Limits, formats};
use chainsign_verify::{Confusion, Instance, Refusal, VerifiedBundle, Verifier};
use jiff::Timestamp;

use super::targets::GivenRoot;
use super::{BlobEvidence, Demand, Formats, Kind, Target, VerifyBlobRequest};
use crate::commands::artifact;
use crate::commands::trust::{Need, Trust};
use crate::failure::Failure;
use crate::files;

/// A blob whose bundle was verified.
#[derive(Debug)]
pub struct VerifiedBlob {
    /// The artifact's name: its path, or its digest.
    pub target: String,
    /// The evidence.
    pub bundle: VerifiedBundle,
    /// The trusted root that it was verified under, if one was needed.
    pub given: Option<GivenRoot>,
    /// The flags that weakened what was demanded.
    pub weakened: Vec<&'static str>,
}

/// Verifies one bundle for one artifact: signer, certificate, log, time, signature and subject, as
/// the requirements of [`Demand`](super::Demand) say.
///
/// # Errors
/// Exit 1 with the refusal's own reason when the evidence says no, `malformed-evidence` when the
/// bundle cannot be read, `wrong-type` when it holds something else. Exit 2 for files that cannot
/// be read and trust that cannot be had.
pub fn verify_blob(request: &VerifyBlobRequest) -> Result<VerifiedBlob, Failure> {
    let material = material(&request.evidence, &request.kind)?;
    let older = matches!(material.format, Format::CosignBundle | Format::Detached);
    if request.formats == Formats::CosignOnly && !older {
        let message = "found a Sigstore bundle, wanted one of cosign's older format";
        return Err(
            Failure::no("wrong-format", message).hint("leave out --new-bundle-format=false")
        );
    }
    let trust = request.trust.load_for(Need::of(&request.demand))?;
    let requirements = Trust::requirements(trust.as_ref(), &request.demand);
    let keys_only = Verifier::keys_only();
    let verifier = trust.as_ref().map_or(&keys_only, |trust| &trust.verifier);
    let subject = Subject::open(&request.target, &material)?;
    let bundle = subject.verify(verifier, &material, &requirements, request.now)?;
    of_kind(&request.kind, &bundle)?;
    says(&request.demand, &bundle)?;
    let weakened = request.demand.weakened();
    Ok(VerifiedBlob {
        target: subject.name(),
        bundle,
        given: trust.as_ref().map(GivenRoot::of),
        weakened,
    })
}

fn material(evidence: &BlobEvidence, kind: &Kind) -> Result<SignedMaterial, Failure> {
    let files = match evidence {
        BlobEvidence::Bundle(path) => {
            return parse(&path.display().to_string(), &files::read("bundle", path)?);
        }
        BlobEvidence::Detached(files) => files,
    };
    let read = |what: &str, path: &Option<PathBuf>| {
        path.as_deref().map(|path| files::read(what, path)).transpose()
    };
    let certificate = read("certificate", &files.certificate)?;
    let chain = read("certificate chain", &files.chain)?;
    let sct = read("signed certificate timestamp", &files.sct)?;
    let timestamp = read("timestamp", &files.timestamp)?;
    let log_entry = read("log entry", &files.log_entry)?;
    let detached = Detached {
        signature: match kind {
            Kind::Any => DetachedSignature::Base64(&files.signature),
            Kind::Attestation(_) => DetachedSignature::Envelope(&files.signature),
        },
        certificate: certificate.as_deref(),
        chain: chain.as_deref(),
        sct: sct.as_deref(),
        timestamp: timestamp.as_deref(),
        log_entry: log_entry.as_deref(),
    };
    detached::parse(&detached, &Limits::default())
        .map_err(|error| unreadable("the signature", &error))
}

fn parse(name: &str, document: &[u8]) -> Result<SignedMaterial, Failure> {
    formats::parse(document, &Limits::default()).map_err(|error| unreadable(name, &error))
}

fn unreadable(name: &str, error: &chainsign_core::Error) -> Failure {
    let message = format!("{name}: {error}");
    match error {
        chainsign_core::Error::LimitReached { .. } => Failure::undecided("limit-reached", message),
        _ => Failure::no("malformed-evidence", message),
    }
}

/// A refusal with its exit code and advice.
pub fn refused(refusal: &Refusal) -> Failure {
    let failure = Failure::no(refusal.reason(), refusal.to_string());
    match refusal.confusion() {
        Some(Confusion::OtherInstance { instance }) => failure
            .hint(format!("verify it under that instance's trusted root: {}", named(*instance))),
        _ => match refusal {
            Refusal::IssuerNotTrusted { .. } => failure.hint(
                "if another Sigstore is meant, name it: --trust-config FILE, --trusted-root FILE or --instance NAME",
            ),
            Refusal::NoTrustedRoot { .. } => {
                Failure { exit: crate::failure::Exit::Undecided, ..failure }
            }
            Refusal::CertificateInsteadOfKey { .. } => failure.hint(
                "it was signed keyless: use --certificate-identity and --certificate-oidc-issuer",
            ),
            Refusal::TooFewLogs { found: 0, unused, .. } if unused.is_empty() => failure.hint(
                "it has no log entry; a key's signature may be meant to be without: --insecure-ignore-tlog",
            ),
            Refusal::KeyInsteadOfCertificate { .. } => {
                failure.hint("it was signed by a key: use --key")
            }
            Refusal::SubjectMismatch { .. } | Refusal::MessageDigestMismatch { .. } => failure
                .hint("it was changed after signing, or the signature belongs to something else"),
            _ => failure,
        },
    }
}

/// The flag that names an instance.
fn named(instance: Instance) -> &'static str {
    match instance {
        Instance::PublicGood => "--instance public-good",
        Instance::Staging => "--instance staging",
        Instance::GitHub => "--instance github",
        _ => "--trusted-root FILE",
    }
}

/// The artifact as the verifier needs it: opened once, digested once.
enum Subject {
    File(OpenArtifact, ArtifactDigests),
    Digest(ArtifactDigests),
}

impl Subject {
    fn open(target: &Target, material: &SignedMaterial) -> Result<Self, Failure> {
        match target {
            Target::Digest(digest) => Ok(Subject::Digest(digest.clone().into())),
            Target::File(path) => {
                let artifact = artifact::open(path)?;
                let algorithms = material.digest_algorithms(&Limits::default());
                let digests = artifact.digests(algorithms);
                let digests = digests.map_err(|error| artifact::failure(&error))?;
                Ok(Subject::File(artifact, digests))
            }
        }
    }

    fn name(&self) -> String {
        match self {
            Subject::File(artifact, _) => artifact.name().to_owned(),
            Subject::Digest(digests) => digests.iter().map(ToString::to_string).collect(),
        }
    }

    fn verify(
        &self,
        verifier: &Verifier,
        material: &SignedMaterial,
        requirements: &Requirements,
        now: Timestamp,
    ) -> Result<VerifiedBundle, Failure> {
        let (Subject::File(_, digests) | Subject::Digest(digests)) = self;
        let outcome = verifier.verify(material, Artifact::Digests(digests), requirements, now);
        match (outcome, self) {
            // Pure Ed25519 signs the message itself: only then is the file read into memory.
            (Err(Refusal::MessageNeeded { .. }), Subject::File(artifact, _)) => {
                let bytes = artifact.bytes(WHOLE_MESSAGE_BYTES);
                let bytes = bytes.map_err(|error| artifact::failure(&error))?;
                verifier.verify(material, Artifact::Bytes(&bytes), requirements, now)
            }
            // The algorithm is the key's, not the one that the material names: cosign before it followed
            // the registry signed SHA-256 with every curve.
            (Err(Refusal::DigestNeeded { algorithm, .. }), Subject::File(artifact, digests))
                if digests.get(algorithm).is_none() =>
            {
                let known = digests.iter().map(ArtifactDigest::algorithm);
                let digests = artifact.digests(known.chain([algorithm]));
                let digests = digests.map_err(|error| artifact::failure(&error))?;
                verifier.verify(material, Artifact::Digests(&digests), requirements, now)
            }
            (outcome, _) => outcome,
        }
        .map_err(|refusal| refused(&refusal))
    }
}

fn of_kind(kind: &Kind, bundle: &VerifiedBundle) -> Result<(), Failure> {
    let Kind::Attestation(wanted) = kind else { return Ok(()) };
    let found = match bundle.statement() {
        Some(statement) if statement.predicate_type == *wanted => return Ok(()),
        Some(statement) => format!("an attestation of type {}", statement.predicate_type),
        None => "a signature over the file itself".to_owned(),
    };
    let message = format!("the bundle holds {found}, wanted an attestation of type {wanted}");
    Err(Failure::no("wrong-type", message))
}

/// The certificate says what was asked for beyond its identity.
pub(in crate::commands) fn says(demand: &Demand, bundle: &VerifiedBundle) -> Result<(), Failure> {
    for (name, wanted) in &demand.extensions {
        let identity = bundle.identity();
        let found = identity.and_then(|identity| identity.extensions.by_name(name).flatten());
        if found != Some(wanted) {
            let found = found.map_or_else(|| "nothing".to_owned(), |found| format!("{found:?}"));
            let message = format!("the certificate says {found} as {name}, wanted {wanted:?}");
            return Err(Failure::no("extension-mismatch", message));
        }
    }
    Ok(())
}

/// What the verifier takes as a whole message at most.
const WHOLE_MESSAGE_BYTES: usize = 128 << 20;
