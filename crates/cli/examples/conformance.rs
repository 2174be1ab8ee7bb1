//! A client for the Sigstore conformance suite (its `cli_protocol.md`): the suite's arguments in,
//! the library's requests out.
//!
//! ```text
//! conformance sign-bundle [--staging] [--in-toto] --identity-token TOKEN --bundle FILE
//!     [--trusted-root FILE] [--signing-config FILE] FILE
//! conformance verify-bundle [--staging] --bundle FILE
//!     (--certificate-identity ID --certificate-oidc-issuer URL | --key FILE)
//!     [--trusted-root FILE] FILE_OR_DIGEST
//! ```

use std::path::PathBuf;
use std::process::ExitCode;

use chainsign::commands::sign::{
    self, BundleOutput, FileToSign, ServicesRequest, SignRequest, SignWith, SignedAlready,
};
use chainsign::commands::trust::TrustRequest;
use chainsign::commands::verify::{
    BlobEvidence, Demand, DemandedSigner, Formats, Kind, Target, VerifyBlobRequest, verify_blob,
};
use chainsign::failure::Failure;
use chainsign::files;
use chainsign::printer::{OutputFormat, Printer};
use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_core::identity::IdentityMatcher;
use chainsign_core::key::PublicKey;
use chainsign_keyless::identity::{SecretText, TokenSource};
use chainsign_trust::Instance;
use clap::{Args, Parser};
use jiff::Timestamp;

#[derive(Parser)]
enum Cli {
    SignBundle(SignBundle),
    VerifyBundle(VerifyBundle),
}

#[derive(Args)]
struct Trust {
    #[arg(long)]
    staging: bool,
    #[arg(long)]
    trusted_root: Option<PathBuf>,
    #[arg(long)]
    signing_config: Option<PathBuf>,
}

#[derive(Args)]
struct SignBundle {
    #[command(flatten)]
    trust: Trust,
    #[arg(long)]
    in_toto: bool,
    #[arg(long)]
    identity_token: String,
    #[arg(long)]
    bundle: PathBuf,
    file: PathBuf,
}

#[derive(Args)]
struct VerifyBundle {
    #[command(flatten)]
    trust: Trust,
    #[arg(long)]
    bundle: PathBuf,
    #[arg(long, requires = "certificate_oidc_issuer", conflicts_with = "key")]
    certificate_identity: Option<String>,
    #[arg(long)]
    certificate_oidc_issuer: Option<String>,
    #[arg(long)]
    key: Option<PathBuf>,
    file_or_digest: String,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse() {
        Cli::SignBundle(arguments) => sign_bundle(arguments),
        Cli::VerifyBundle(arguments) => verify_bundle(arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            Printer { format: OutputFormat::Text }.failure(&failure);
            ExitCode::from(failure.exit.code())
        }
    }
}

fn sign_bundle(arguments: SignBundle) -> Result<(), Failure> {
    let statement = match arguments.in_toto {
        true => Some(files::read("statement", &arguments.file)?),
        false => None,
    };
    let file = FileToSign::into_bundle(arguments.file, BundleOutput::File(arguments.bundle));
    let request = SignRequest {
        files: vec![file],
        what: match statement {
            Some(json) => sign::What::Statement { json, about: Vec::new() },
            None => sign::What::Files,
        },
        services: ServicesRequest::configured(trust(arguments.trust)),
        signer: SignWith::Identity(TokenSource::Given(SecretText::new(arguments.identity_token))),
        folders: Vec::new(),
        signed_already: SignedAlready::SignAgain,
        timeout: None,
    };
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::because("system", "cannot start the network runtime", &error))?;
    runtime.block_on(sign::sign(request, sign::Silent))?.only().map(|_| ())
}

fn verify_bundle(arguments: VerifyBundle) -> Result<(), Failure> {
    let signer = match (arguments.key, arguments.certificate_identity) {
        (Some(path), _) => {
            let key = PublicKey::from_pem(&files::read("public key", &path)?)
                .map_err(|error| Failure::because("bad-flag", "--key", &error))?;
            DemandedSigner::Key(key)
        }
        (None, subject) => {
            let issuer = arguments.certificate_oidc_issuer;
            let (Some(subject), Some(issuer)) = (subject, issuer) else {
                return Err(Failure::undecided(
                    "no-identity",
                    "found neither an identity nor a key",
                ));
            };
            DemandedSigner::Identity(IdentityMatcher::exact(subject, issuer))
        }
    };
    let request = VerifyBlobRequest {
        formats: Formats::Any,
        target: target(&arguments.file_or_digest),
        evidence: BlobEvidence::Bundle(arguments.bundle),
        kind: Kind::Any,
        demand: Demand::new(signer),
        trust: trust(arguments.trust),
        now: Timestamp::now(),
    };
    verify_blob(&request).map(|_| ())
}

fn trust(arguments: Trust) -> TrustRequest {
    let Trust { staging, trusted_root, signing_config } = arguments;
    match trusted_root {
        Some(trusted_root) => TrustRequest::Files { trusted_root, signing_config },
        None if staging => TrustRequest::Embedded(Instance::Staging),
        None => TrustRequest::Embedded(Instance::PublicGood),
    }
}

/// The protocol's rule: a SHA-256 digest that is not a path on disk, else a path.
fn target(given: &str) -> Target {
    let path = PathBuf::from(given);
    match given.parse::<ArtifactDigest>() {
        Ok(digest) if digest.algorithm() == DigestAlgorithm::Sha256 && !path.exists() => {
            Target::Digest(digest)
        }
        _ => Target::File(path),
    }
}
