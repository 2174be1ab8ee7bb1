//! `verify-blob`, `verify-blob-attestation`, `verify`

use std::path::PathBuf;

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::identity::{IdentityMatcher, Pattern, TextMatcher};
use chainsign_core::key::PublicKey;
use chainsign_core::predicate::PredicateType;
use jiff::Timestamp;

use super::trust;
use crate::commands::verify::{
    Decide, Demand, Kind, LogDemand, Target, VerifyBlobRequest, VerifyRequest,
};
use crate::failure::Failure;
use crate::files::{self, beside};
use crate::flags::shared::SignerFlags;
use crate::flags::verify::{VerifyBlobAttestationFlags, VerifyBlobFlags, VerifyFlags};

/// `verify-blob`
///
/// # Errors
/// `bad-flag`, and as [`demand`].
pub fn verify_blob(flags: VerifyBlobFlags, now: Timestamp) -> Result<VerifyBlobRequest, Failure> {
    let target = target(&flags.target)?;
    let bundle = match (flags.bundle, &target) {
        (Some(bundle), _) => bundle,
        (None, Target::File(path)) => {
            let bundle = beside(path, ".sigstore.json");
            if !bundle.exists() {
                let message = format!("found no signature: {} is not there", bundle.display());
                return Err(Failure::no("unsigned", message).hint("name the bundle with --bundle"));
            }
            bundle
        }
        (None, _) => {
            let message = "found no --bundle, and nothing beside which to look for one";
            return Err(
                Failure::undecided("bad-flag", message).hint("name the bundle with --bundle")
            );
        }
    };
    Ok(VerifyBlobRequest {
        target,
        bundle,
        kind: Kind::Any,
        demand: demand(flags.signer)?,
        trust: trust::trust(flags.trust),
        now,
    })
}

/// `verify-blob-attestation`
///
/// # Errors
/// `bad-flag`, and as [`demand`].
pub fn verify_blob_attestation(
    flags: VerifyBlobAttestationFlags,
    now: Timestamp,
) -> Result<VerifyBlobRequest, Failure> {
    let predicate_type = PredicateType::from_alias_or_uri(&flags.predicate_type)
        .map_err(|error| Failure::because("bad-flag", "--type", &error))?;
    Ok(VerifyBlobRequest {
        target: target(&flags.target)?,
        bundle: flags.bundle,
        kind: Kind::Attestation(predicate_type),
        demand: demand(flags.signer)?,
        trust: trust::trust(flags.trust),
        now,
    })
}

/// `verify`
///
/// # Errors
/// `bad-flag`, and as [`demand`].
pub fn verify(flags: VerifyFlags, now: Timestamp) -> Result<VerifyRequest, Failure> {
    if flags.copy_to.is_some() && flags.targets.len() > 1 {
        let message = format!("found {} targets with --copy-to, wanted one", flags.targets.len());
        return Err(Failure::undecided("bad-flag", message));
    }
    let given = flags.signer.certificate_identity.is_some()
        || flags.signer.certificate_identity_regexp.is_some()
        || flags.signer.key.is_some();
    let decide = match flags.policy {
        Some(_) if given => {
            let message = "found --policy together with an identity or a key";
            return Err(Failure::undecided("bad-flag", message)
                .hint("put the identity into the policy's authorities"));
        }
        Some(policy) => Decide::Policy(policy),
        None => Decide::Signer(demand(flags.signer)?),
    };
    Ok(VerifyRequest {
        targets: flags.targets,
        decide,
        bundles: flags.bundle,
        folders: flags.attestations,
        copy_to: flags.copy_to,
        trust: trust::trust(flags.trust),
        now: flags.dangerous_at.unwrap_or(now),
    })
}

/// Who must have signed.
///
/// # Errors
/// `no-identity` when the flags name nobody, or only half of somebody; `bad-flag` for a pattern or
/// a key that is not one.
pub fn demand(flags: SignerFlags) -> Result<Demand, Failure> {
    if let Some(path) = flags.key {
        let pem = files::read("public key", &path)?;
        let key = PublicKey::from_pem(&pem).map_err(|error| {
            Failure::because("bad-flag", &format!("--key {}", path.display()), &error)
        })?;
        let log = if flags.insecure_ignore_tlog { LogDemand::Ignore } else { LogDemand::Require };
        return Ok(Demand::Key(key, log));
    }
    let subject = matcher(
        flags.certificate_identity,
        flags.certificate_identity_regexp,
        "--certificate-identity-regexp",
    )?;
    let issuer = matcher(
        flags.certificate_oidc_issuer,
        flags.certificate_oidc_issuer_regexp,
        "--certificate-oidc-issuer-regexp",
    )?;
    match (subject, issuer) {
        (Some(subject), Some(issuer)) => Ok(Demand::Identity(IdentityMatcher { subject, issuer })),
        (subject, issuer) => {
            let missing = match (subject, issuer) {
                (None, None) => "neither an identity nor a key",
                (None, _) => "an issuer without an identity",
                _ => "an identity without an issuer",
            };
            let message = format!("found {missing}: nobody is named who must have signed");
            Err(Failure::undecided("no-identity", message)
                .hint("add --certificate-identity and --certificate-oidc-issuer, or --key"))
        }
    }
}

fn matcher(
    exact: Option<String>,
    pattern: Option<String>,
    flag: &str,
) -> Result<Option<TextMatcher>, Failure> {
    match (exact, pattern) {
        (Some(text), _) => Ok(Some(TextMatcher::Exact(text))),
        (None, Some(text)) => {
            let pattern: Pattern =
                text.parse().map_err(|error| Failure::because("bad-flag", flag, &error))?;
            Ok(Some(TextMatcher::Pattern(pattern)))
        }
        (None, None) => Ok(None),
    }
}

/// A file, or a digest. A text that is both is refused rather than guessed.
fn target(given: &str) -> Result<Target, Failure> {
    let path = PathBuf::from(given);
    if given == "-" {
        return Ok(Target::File(path));
    }
    match given.parse::<ArtifactDigest>() {
        Ok(_) if path.exists() => {
            let message = format!("{given} is a digest, and also a file here");
            Err(Failure::undecided("bad-flag", message)
                .hint(format!("write ./{given} for the file")))
        }
        Ok(digest) => Ok(Target::Digest(digest)),
        Err(_) => Ok(Target::File(path)),
    }
}
