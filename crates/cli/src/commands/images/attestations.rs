//! `verify-attestation`: the attestations about images that somebody made, of one type.

use chainsign_core::Limits;
use chainsign_core::image::ImageReference;
use chainsign_core::predicate::PredicateType;
use chainsign_registry::Wanted;
use chainsign_verify::{VerifiedBundle, Verifier};
use jiff::Timestamp;

use super::{Platforms, RegistryRequest, ToFetch, fetch};
use crate::commands::trust::{Need, Trust, TrustRequest};
use crate::commands::verify::documents::parse;
use crate::commands::verify::{Demand, GivenRoot, says, verify_as_any};
use crate::failure::Failure;

/// Attestations about images, to be verified.
#[derive(Debug)]
pub struct VerifyAttestationRequest {
    /// The images.
    pub images: Vec<ImageReference>,
    /// Which images of an index are meant.
    pub platforms: Platforms,
    /// The registries.
    pub registry: RegistryRequest,
    /// What they must be.
    pub predicate_type: PredicateType,
    /// Who must have made them.
    pub demand: Demand,
    /// The trusted root.
    pub trust: TrustRequest,
    /// The time for which they are verified.
    pub now: Timestamp,
}

/// An attestation that verifies.
#[derive(Debug)]
pub struct VerifiedAttestation {
    /// The image, with its digest.
    pub image: String,
    /// Where it was found.
    pub origin: String,
    /// The evidence; it has an envelope.
    pub bundle: VerifiedBundle,
}

/// Verifies all attestations of the type about each image. Of each image there is at least one.
///
/// # Errors
/// Exit 1 with the most telling reason where an image has none that verifies: `no-attestation`, or a
/// refusal's own. Exit 2 as [`failure`](super::failure), and `evidence-unavailable` for an image of which
/// an attestation could not be read and no other verifies.
pub fn verify_attestation(
    request: &VerifyAttestationRequest,
) -> Result<(Vec<VerifiedAttestation>, Option<GivenRoot>), Failure> {
    let trust = request.trust.load_for(Need::of(&request.demand))?;
    let requirements = Trust::requirements(trust.as_ref(), &request.demand);
    let keys_only = Verifier::keys_only();
    let verifier = trust.as_ref().map_or(&keys_only, |trust| &trust.verifier);
    let images: Vec<_> = request
        .images
        .iter()
        .map(|reference| ToFetch { reference: reference.clone(), inside: None })
        .collect();
    let mut verified = Vec::new();
    for fetched in fetch(&request.registry, &request.platforms, Wanted::Attestations, &images)? {
        for image in fetched? {
            let before = verified.len();
            let mut failures: Vec<(String, Failure)> = Vec::new();
            for document in parse(&image.files)? {
                let (origin, image_name) = (document.origin, image.name());
                let one = || -> Result<Option<VerifiedBundle>, Failure> {
                    let malformed = |error: &chainsign_core::Error| {
                        Failure::no("malformed-evidence", error.to_string())
                    };
                    let material = document.material.as_ref().map_err(malformed)?;
                    if material.predicate_type(&Limits::default()).as_ref()
                        != Some(&request.predicate_type)
                    {
                        // Another attestation is not this one refused.
                        return Ok(None);
                    }
                    let identities = image.facts.identities();
                    let now = request.now;
                    let bundle = verify_as_any(verifier, material, identities, &requirements, now)?;
                    says(&request.demand, &bundle).map(|()| Some(bundle))
                };
                match one() {
                    Ok(Some(bundle)) => {
                        verified.push(VerifiedAttestation { image: image_name, origin, bundle });
                    }
                    Ok(None) => {}
                    Err(failure) => failures.push((origin, failure)),
                }
            }
            if verified.len() > before {
                continue;
            }
            failures.extend(image.unread.iter().map(|it| (it.origin.clone(), it.failure())));
            return Err(none(&image.name(), &request.predicate_type, &failures));
        }
    }
    Ok((verified, trust.as_ref().map(GivenRoot::of)))
}

/// No attestation of the type verifies; every refusal is told.
fn none(image: &str, wanted: &PredicateType, failures: &[(String, Failure)]) -> Failure {
    let Some((_, worst)) = failures.iter().max_by_key(|(_, failure)| failure.exit) else {
        let message = format!("found no attestation of type {wanted} about {image}");
        return Failure::no("no-attestation", message)
            .hint("`chainsign tree` shows what is stored about it; --type says which is wanted");
    };
    let lines: Vec<_> =
        failures.iter().map(|(origin, it)| format!("{origin}: {}", it.message)).collect();
    Failure { message: lines.join("\n       "), ..worst.clone() }
}
