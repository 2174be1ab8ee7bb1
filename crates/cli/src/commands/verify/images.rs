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
    let read = read(request, judge)?;
    let mut found = Vec::new();
    for (place, target) in request.targets.iter().enumerate() {
        let name = target.name();
        let reference = match &target.place {
            Place::File(path) => {
                let used_as = target.used_as.as_ref();
                found.push((place, Found::File { path, name, used_as }));
                continue;
            }
            Place::Image(reference) => reference,
        };
        // What no rule is about is not decided on, whatever it is.
        match judge.inside(&name).and_then(|_| read.of(reference)) {
            Ok(all) => found.extend(
                all.into_iter()
                    .map(|fetched| (place, Found::Image { fetched, name: name.clone() })),
            ),
            Err(failure) => found.push((place, Found::Nothing { reference, name, failure })),
        }
    }
    Ok(found)
}

/// Images by the references to them. Of an index there may be several.
struct Read<'a>(BTreeMap<&'a ImageReference, Result<Vec<Arc<Fetched>>, Failure>>);

impl Read<'_> {
    fn of(&self, reference: &ImageReference) -> Result<Vec<Arc<Fetched>>, Failure> {
        let missing = || Failure::undecided("system", format!("{reference} was not read"));
        self.0.get(reference).cloned().unwrap_or_else(|| Err(missing()))
    }
}

/// Reads every image that something is to be decided on, as deep as the deepest look at it needs.
fn read<'a>(request: &'a VerifyRequest, judge: &Judge<'_>) -> Result<Read<'a>, Failure> {
    let mut wanted: BTreeMap<&ImageReference, Option<Limits>> = BTreeMap::new();
    for target in &request.targets {
        if let (Place::Image(reference), Ok(inside)) = (&target.place, judge.inside(&target.name()))
        {
            let known = wanted.entry(reference).or_default();
            let depth = |limits: &Option<Limits>| limits.as_ref().map(|limits| limits.go.depth);
            if depth(&inside) > depth(known) {
                *known = inside;
            }
        }
    }
    if wanted.is_empty() {
        return Ok(Read(BTreeMap::new()));
    }
    let to_fetch = wanted.iter().map(|(reference, inside)| ToFetch {
        reference: (*reference).clone(),
        inside: inside.clone(),
    });
    let to_fetch: Vec<_> = to_fetch.collect();
    let fetched = images::fetch(&request.registry, &request.platforms, judge.wanted(), &to_fetch)?;
    let shared =
        |all: Result<Vec<Fetched>, Failure>| all.map(|all| all.into_iter().map(Arc::new).collect());
    Ok(Read(wanted.into_keys().zip(fetched.into_iter().map(shared)).collect()))
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
