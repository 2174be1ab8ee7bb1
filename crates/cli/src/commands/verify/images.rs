//! Targets that are images in registries.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chainsign_artifact::Limits;
use chainsign_core::image::ImageReference;
use chainsign_policy::TargetName;

use super::VerifyRequest;
use super::documents;
use super::gather::{Gathered, Named, Place, UsedAs, image, workload};
use super::targets::Judge;
use crate::commands::images::{self, Fetched, ToFetch};
use crate::failure::Failure;

/// A target, after the registries were asked.
pub(super) enum Found<'a> {
    /// A file.
    File { path: &'a Path, name: TargetName, used_as: Option<&'a UsedAs> },
    /// An image, or one image of an index.
    Image { fetched: Arc<Fetched>, name: TargetName },
    /// An image that could not be read.
    Nothing { reference: &'a ImageReference, name: TargetName, failure: Failure },
}

impl Found<'_> {
    pub(super) fn name(&self) -> &TargetName {
        match self {
            Found::File { name, .. } | Found::Image { name, .. } | Found::Nothing { name, .. } => {
                name
            }
        }
    }

    /// As what it is decided on, where it is not what was named.
    pub(super) fn used_as(&self) -> Option<TargetName> {
        match self {
            Found::File { name, .. } => image(name),
            Found::Image { name, .. } | Found::Nothing { name, .. } => workload(name),
        }
    }

    /// As reports name it.
    pub(super) fn written(&self) -> PathBuf {
        match self {
            Found::File { path, .. } => path.to_path_buf(),
            Found::Image { fetched, .. } => PathBuf::from(fetched.name()),
            Found::Nothing { reference, .. } => PathBuf::from(reference.to_string()),
        }
    }
}

/// Finds every target: images are read from their registries, each once however often it is named. Each is
/// with the place of the target in the request; an index may be several.
///
/// # Errors
/// As [`images::fetch`].
pub(super) fn find<'a>(
    request: &'a VerifyRequest,
    judge: &Judge<'_>,
) -> Result<Vec<(usize, Found<'a>)>, Failure> {
    let mut wanted: BTreeMap<&ImageReference, Option<Limits>> = BTreeMap::new();
    let mut refused: Vec<Option<Failure>> = Vec::new();
    for target in &request.targets {
        let Place::Image(reference) = &target.place else {
            refused.push(None);
            continue;
        };
        match judge.inside(&target.name()) {
            Ok(inside) => {
                let known = wanted.entry(reference).or_default();
                // The deeper look serves both.
                *known = match (known.take(), inside) {
                    (Some(one), Some(other)) if one.go.depth >= other.go.depth => Some(one),
                    (one, None) => one,
                    (_, other) => other,
                };
                refused.push(None);
            }
            Err(failure) => refused.push(Some(failure)),
        }
    }
    let to_fetch: Vec<_> = wanted
        .iter()
        .map(|(reference, inside)| ToFetch {
            reference: (*reference).clone(),
            inside: inside.clone(),
        })
        .collect();
    let fetched = match to_fetch.as_slice() {
        [] => Vec::new(),
        images => images::fetch(&request.registry, &request.platforms, images)?,
    };
    let fetched: BTreeMap<_, _> = wanted
        .into_keys()
        .zip(fetched)
        .map(|(reference, all)| {
            (reference, all.map(|all| all.into_iter().map(Arc::new).collect::<Vec<_>>()))
        })
        .collect();
    let mut found = Vec::new();
    for (place, (target, refused)) in request.targets.iter().zip(refused).enumerate() {
        let name = target.name();
        let reference = match &target.place {
            Place::File(path) => {
                let used_as = target.used_as.as_ref();
                found.push((place, Found::File { path, name, used_as }));
                continue;
            }
            Place::Image(reference) => reference,
        };
        let all = match (refused, fetched.get(reference)) {
            (Some(failure), _) => Err(failure),
            (None, Some(all)) => all.clone(),
            (None, None) => Ok(Vec::new()),
        };
        match all {
            Ok(all) => found.extend(
                all.into_iter()
                    .map(|fetched| (place, Found::Image { fetched, name: name.clone() })),
            ),
            Err(failure) => found.push((place, Found::Nothing { reference, name, failure })),
        }
    }
    Ok(found)
}

/// Everything that a decision about an image looks at: what its registry has, and what was named.
///
/// # Errors
/// `unreadable` and `limit-reached`, as for files.
pub(super) fn gather(
    fetched: &Fetched,
    name: &TargetName,
    named: &Named,
) -> Result<Gathered, Failure> {
    let mut files = fetched.files.clone();
    files.extend(documents::read_files(&named.documents)?);
    documents::within_limit(&files)?;
    Ok(Gathered {
        target: PathBuf::from(fetched.name()),
        name: name.clone(),
        used_as: workload(name),
        documents: documents::parse(&files)?,
        files,
        unread: fetched.unread.clone(),
        facts: Arc::clone(&fetched.facts),
        looked_in: fetched.looked_in.clone(),
    })
}
