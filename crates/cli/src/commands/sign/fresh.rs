//! A signature that was just made: verified as anybody will, before anybody gets it.

use chainsign_core::artifact::Artifact;
use chainsign_core::material::SignedMaterial;
use chainsign_core::{Limits, formats};
use chainsign_keyless::{PublicEntry, Session, UnverifiedBundle};
use chainsign_verify::{VerifiedBundle, Verifier};
use jiff::Timestamp;

use super::service_failure;
use crate::commands::verify::refused;
use crate::failure::{Exit, Failure};

/// A bundle that verifies.
pub(in crate::commands) struct Fresh {
    pub(in crate::commands) bytes: Vec<u8>,
    pub(in crate::commands) material: SignedMaterial,
    pub(in crate::commands) verified: VerifiedBundle,
    pub(in crate::commands) published: Vec<PublicEntry>,
}

/// Verifies a fresh bundle for the identity or key of the session.
///
/// # Errors
/// `refused-own`, with what is public nevertheless.
pub(in crate::commands) async fn release(
    bundle: UnverifiedBundle,
    artifact: Artifact<'_>,
    session: &Session,
    verifier: &Verifier,
) -> Result<Fresh, Failure> {
    let requirements = session.requirements().await.map_err(|error| service_failure(&error))?;
    let published = bundle.published().to_vec();
    let released = bundle.release(verifier, artifact, &requirements, Timestamp::now());
    let (verified, bytes) = released.map_err(|error| {
        let failure = Failure {
            exit: Exit::Undecided,
            reason: "refused-own".to_owned(),
            message: format!("the fresh signature does not verify: {error}"),
            ..refused(&error.refusal)
        };
        failure.hint("nothing was written; the services and the trusted root do not fit together")
    })?;
    let material = formats::parse(&bytes, &Limits::default()).map_err(|error| {
        Failure::because("refused-own", "the fresh bundle cannot be read", &error)
    })?;
    Ok(Fresh { bytes, material, verified, published })
}
