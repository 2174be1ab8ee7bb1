//! The services that take part, and the session with them.

use std::sync::Arc;

use chainsign_core::digest::DigestAlgorithm;
use chainsign_core::key::KeyAlgorithm;
use chainsign_core::requirements::SignerRequirement;
use chainsign_core::trust::{Service, ServiceSelection, ValidFor};
use chainsign_keyless::{Options, Services, Session};
use chainsign_keys::KeyKind;
use jiff::Timestamp;

use super::{SignWith, service_failure};
use crate::commands::trust::{Trust, TrustRequest};
use crate::failure::Failure;

/// Which services take part.
#[derive(Debug)]
pub struct ServicesRequest {
    /// The Sigstore whose they are, and under whose root the fresh signature is verified.
    pub trust: TrustRequest,
    /// The certificate authority, where it is not the signing config's.
    pub certificate_authority: Option<String>,
    /// Transparency logs.
    pub logs: Wanted,
    /// Timestamp authorities.
    pub timestamps: Wanted,
}

impl ServicesRequest {
    /// What the Sigstore's own signing config says.
    pub fn configured(trust: TrustRequest) -> Self {
        ServicesRequest {
            trust,
            certificate_authority: None,
            logs: Wanted::AsConfigured,
            timestamps: Wanted::AsConfigured,
        }
    }
}

/// Which services of a kind are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Those of the signing config.
    AsConfigured,
    /// None.
    None,
    /// The one at this address.
    At(String),
}

/// Ready to sign.
pub(in crate::commands) struct Signing {
    pub(in crate::commands) session: Session,
    pub(in crate::commands) algorithm: KeyAlgorithm,
}

/// In which form a log gets to know what was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::commands) enum Form {
    /// By its digest.
    Digest,
    /// As an envelope with a statement.
    Envelope,
}

/// The session that a request asks for. Nothing is asked of a service yet.
///
/// # Errors
/// `no-signing-config`, `bad-trust`, and what services cannot be used for.
pub(in crate::commands) fn prepare(
    request: &ServicesRequest,
    trust: &Trust,
    signer: SignWith,
    form: Form,
) -> Result<Signing, Failure> {
    let selection = selection(request, trust, &signer)?;
    let logs: Vec<u32> =
        selection.transparency_logs.iter().map(|log| log.major_api_version).collect();
    let services = Services::new(selection, Options::default(), Arc::new(Timestamp::now));
    let services = services.map_err(|error| service_failure(&error))?;
    let key = match signer {
        SignWith::Identity(tokens) => {
            let session = Session::keyless(services, tokens);
            return Ok(Signing { session, algorithm: KeyAlgorithm::EcdsaP256Sha256 });
        }
        SignWith::Key(key) => *key,
    };
    let algorithm = algorithm(key.kind(), form, &logs);
    let requirement = SignerRequirement::Key(key.public_key().clone());
    let signer = key.into_signer_with(algorithm);
    let signer = signer.map_err(|error| crate::commands::token::failure(&error))?;
    let session = Session::with_signer(services, Arc::new(signer), requirement);
    Ok(Signing { session, algorithm })
}

/// The digest of a file that an algorithm signs, or names it by.
pub(super) fn digest_algorithm(algorithm: KeyAlgorithm) -> DigestAlgorithm {
    algorithm.prehash().unwrap_or(DigestAlgorithm::Sha256)
}

/// As cosign and sigstore-go choose it: Ed25519ph where a log knows what was signed by its digest,
/// which are all logs of files and Rekor v2 also of envelopes; else Ed25519.
fn algorithm(kind: KeyKind, form: Form, log_versions: &[u32]) -> KeyAlgorithm {
    let by_digest = match form {
        Form::Digest => !log_versions.is_empty(),
        Form::Envelope => log_versions.iter().any(|version| *version > 1),
    };
    match kind {
        KeyKind::Ed25519 if by_digest => KeyAlgorithm::Ed25519Ph,
        other => other.algorithms()[0],
    }
}

fn selection(
    request: &ServicesRequest,
    trust: &Trust,
    signer: &SignWith,
) -> Result<ServiceSelection, Failure> {
    let by_key = matches!(signer, SignWith::Key(_));
    let without_config = (by_key || request.certificate_authority.is_some())
        && request.logs != Wanted::AsConfigured
        && request.timestamps != Wanted::AsConfigured;
    let mut selection = match &trust.signing_config {
        None if without_config => ServiceSelection::default(),
        None => return Err(no_config(trust, by_key)),
        Some(config) => {
            let mut config = config.clone();
            // What is not used may be out of order.
            if by_key || request.certificate_authority.is_some() {
                config.certificate_authorities.clear();
                config.oidc_issuers.clear();
            }
            if request.logs != Wanted::AsConfigured {
                config.transparency_logs.clear();
            }
            if request.timestamps != Wanted::AsConfigured {
                config.timestamp_authorities.clear();
            }
            config.select(Services::LOG_VERSIONS, Timestamp::now()).map_err(|error| {
                let doing = format!("the signing config ({})", trust.origin);
                Failure::because("bad-trust", &doing, &error)
            })?
        }
    };
    if let Some(url) = &request.certificate_authority
        && !by_key
    {
        selection.certificate_authority = Some(at(url));
    }
    if let Wanted::At(url) = &request.logs {
        selection.transparency_logs = vec![at(url)];
    }
    if let Wanted::At(url) = &request.timestamps {
        selection.timestamp_authorities = vec![at(url)];
    }
    Ok(selection)
}

/// A service by its address alone: of version 1, as every client of cosign's flags expects.
fn at(url: &str) -> Service {
    let valid_for = ValidFor { start: Timestamp::UNIX_EPOCH, end: None };
    Service { url: url.to_owned(), major_api_version: 1, valid_for, operator: String::new() }
}

fn no_config(trust: &Trust, by_key: bool) -> Failure {
    let message =
        format!("found no signing config ({}), wanted the services to sign with", trust.origin);
    let failure = Failure::undecided("no-signing-config", message)
        .hint("name one with --signing-config or --trust-config; `chainsign sandbox start` writes one to try");
    match by_key {
        true => failure
            .hint("a key can sign without any: --tlog-upload=false --use-signing-config=false"),
        false => failure,
    }
}
