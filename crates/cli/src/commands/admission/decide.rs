//! Images, each resolved once, verified once, and decided on as what runs it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::image::ImageReference;
use chainsign_policy::TargetName;
use chainsign_registry::Registry;
use futures_util::future::join_all;

use crate::commands::images;
use crate::commands::verify::{
    Decide, Place, TargetOutcome, TargetToVerify, UsedAs, VerifyRequest, prepare, verify_prepared,
};
use crate::failure::{Exit, Failure};
use crate::network;

/// An image to be decided on.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) reference: ImageReference,
    /// As what it is decided on.
    pub(super) name: TargetName,
}

/// What was decided on every image.
#[derive(Debug)]
pub(super) struct Answers {
    /// All outcomes, each once.
    pub(super) outcomes: Vec<TargetOutcome>,
    /// For each image that was asked about, in the same order.
    pub(super) each: Vec<Answer>,
}

/// What was decided on one image.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    /// What its reference led to.
    pub(super) digest: Option<ArtifactDigest>,
    /// Its outcomes: of every policy that is about it, and of every platform if each was decided on by itself.
    outcomes: Vec<usize>,
}

impl Answers {
    /// The outcomes of one image.
    pub(super) fn of(&self, answer: &Answer) -> impl Iterator<Item = &TargetOutcome> {
        answer.outcomes.iter().filter_map(|index| self.outcomes.get(*index))
    }

    /// The worst of them. What nothing was decided on is undecided.
    pub(super) fn exit(&self, answer: &Answer) -> Exit {
        self.of(answer).map(TargetOutcome::exit).max().unwrap_or(Exit::Undecided)
    }
}

/// Resolves every reference, and decides on every image. Who writes the file names the registries: those of images
/// that no policy is about are not asked.
///
/// # Errors
/// What concerns all of them: registries that cannot be spoken to at all, a policy or trusted root that is
/// unusable.
pub(super) fn decide(mut request: VerifyRequest, asked: &[Asked]) -> Result<Answers, Failure> {
    if let Decide::Layout(_) = request.decide {
        let message =
            "found --layout for the images that a file names, wanted --policy or an identity";
        return Err(Failure::undecided("bad-flag", message));
    }
    let prepared = prepare(&request)?;
    let registry = request.registry.connect()?;
    let resolved = resolve(&registry, asked.iter().filter(|it| prepared.is_about(&it.name)))?;
    let key =
        |reference: &ImageReference, name: &TargetName| (reference.clone(), format!("{name:?}"));

    let mut targets = Vec::new();
    let mut keys = Vec::new();
    let mut outcomes = Vec::new();
    // By digest and by what runs it: where its outcomes are.
    let mut known: BTreeMap<(ImageReference, String), Vec<usize>> = BTreeMap::new();
    for it in asked {
        match resolved.get(&it.reference).unwrap_or(&Ok(it.reference.clone())) {
            Ok(pinned) => {
                let of = key(pinned, &it.name);
                if !known.contains_key(&of) {
                    known.insert(of.clone(), Vec::new());
                    keys.push(of);
                    let used_as = Some(UsedAs { name: it.name.clone(), digest: None });
                    targets.push(TargetToVerify { place: Place::Image(pinned.clone()), used_as });
                }
            }
            Err(failure) => {
                let places = known.entry(key(&it.reference, &it.name)).or_default();
                if places.is_empty() {
                    places.push(outcomes.len());
                    outcomes.push(unresolved(it, failure));
                }
            }
        }
    }
    if !targets.is_empty() {
        request.targets = targets;
        for (of, decided) in keys.iter().zip(verify_prepared(&request, prepared)?) {
            let places = known.entry(of.clone()).or_default();
            places.extend(outcomes.len()..outcomes.len() + decided.len());
            outcomes.extend(decided);
        }
    }
    let answer = |it: &Asked| {
        let pinned = resolved.get(&it.reference).and_then(|it| it.as_ref().ok());
        let places = known.get(&key(pinned.unwrap_or(&it.reference), &it.name));
        Answer {
            digest: pinned.and_then(|pinned| pinned.digest.clone()),
            outcomes: places.cloned().unwrap_or_default(),
        }
    };
    Ok(Answers { each: asked.iter().map(answer).collect(), outcomes })
}

type Resolved<'a> = BTreeMap<&'a ImageReference, Result<ImageReference, Failure>>;

/// What each reference leads to, all asked at the same time. A digest leads to itself.
fn resolve<'a>(
    registry: &Registry,
    asked: impl Iterator<Item = &'a Asked>,
) -> Result<Resolved<'a>, Failure> {
    let mut resolved: Resolved<'a> = BTreeMap::new();
    let mut tags = Vec::new();
    for Asked { reference, .. } in asked {
        let digest = reference.digest.clone();
        match digest.map(|digest| ImageReference::pinned(reference.name.clone(), digest)) {
            Some(pinned) => drop(resolved.insert(reference, Ok(pinned))),
            None if tags.contains(&reference) => {}
            None => tags.push(reference),
        }
    }
    if tags.is_empty() {
        return Ok(resolved);
    }
    let each = tags.iter().map(async |reference| match registry.resolve(reference).await {
        Ok(image) => Ok(ImageReference::pinned(reference.name.clone(), image.digest().clone())),
        Err(error) => Err(images::failure(&error)),
    });
    let found = network::block_on(async || Ok(join_all(each).await))?;
    resolved.extend(tags.iter().copied().zip(found));
    Ok(resolved)
}

fn unresolved(asked: &Asked, failure: &Failure) -> TargetOutcome {
    TargetOutcome {
        target: PathBuf::from(asked.reference.to_string()),
        used_as: Some(asked.name.clone()),
        looked_in: Vec::new(),
        given: None,
        asked: Vec::new(),
        decided: Err(failure.clone()),
    }
}
