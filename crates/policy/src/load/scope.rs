//! Which targets a policy is about, and what it takes from their names.

use std::collections::BTreeSet;

use crate::error::LoadError;
use crate::language::{self, At, Kubernetes, Match, Name, Names, OneOrMany};
use crate::target::{TargetName, Workload};
use chainsign_core::glob::{Captures, Glob};

/// A text for every capture, for loading the policy before there is a target.
///
/// # Errors
/// [`LoadError::Value`] when nothing is included, or when globs capture different names: a text
/// that one of them does not capture would have no value.
pub(super) fn samples(scope: Option<&At<Match>>) -> Result<Captures, LoadError> {
    let Some(scope) = scope else { return Ok(Captures::new()) };
    let mut known: Option<BTreeSet<&str>> = None;
    for names in lists(scope) {
        if names.include.is_empty() {
            let reason = "found an empty `include`, wanted at least one glob".to_owned();
            return Err(LoadError::Value { at: scope.at, reason });
        }
        for glob in &names.include {
            let captured: BTreeSet<_> = glob.value.0.names().collect();
            let known = known.get_or_insert_with(|| captured.clone());
            if *known != captured {
                let reason = format!(
                    "found captures {captured:?} in {:?}, wanted {known:?} as in the others",
                    glob.value.0.as_str()
                );
                return Err(LoadError::Value { at: glob.at, reason });
            }
        }
    }
    if let Some(kubernetes) = scope.kubernetes.as_ref() {
        workloads(kubernetes)?;
    }
    let known = known.or(scope.kubernetes.as_ref().map(|_| BTreeSet::new()));
    let Some(known) = known else {
        let reason = "found an empty `match`, wanted `images`, `files` or `kubernetes`".to_owned();
        return Err(LoadError::Value { at: scope.at, reason });
    };
    Ok(known.into_iter().map(|name| (name.to_owned(), "sample".to_owned())).collect())
}

/// The glob that includes the target, with what it captures. `None` if none does or one excludes
/// it. The first in the order of the file that matches counts.
pub(super) fn matches(scope: &Match, target: &TargetName) -> Option<(String, Captures)> {
    let (names, name) = match (target, scope.kubernetes.as_ref()) {
        (TargetName::Image(image), None) => (scope.images.as_ref()?, image.as_str()),
        // The policy is about what workloads run.
        (TargetName::Image(_), Some(_)) => return None,
        (TargetName::Workload(workload), kubernetes) => {
            if kubernetes.is_some_and(|kubernetes| !runs(kubernetes, workload)) {
                return None;
            }
            match (scope.images.as_ref(), kubernetes) {
                (Some(names), _) => (names, workload.image.as_str()),
                (None, Some(_)) => return Some(("kubernetes".to_owned(), Captures::new())),
                (None, None) => return None,
            }
        }
        (TargetName::File(name), _) => (scope.files.as_ref()?, name.as_str()),
    };
    if names.exclude.iter().any(|glob| glob.value.0.matches(name)) {
        return None;
    }
    let includes = |glob: &Glob| Some((glob.as_str().to_owned(), glob.captures(name)?));
    names.include.iter().find_map(|glob| includes(&glob.value.0))
}

/// Whether a workload is one of these.
fn runs(wanted: &Kubernetes, workload: &Workload) -> bool {
    let namespace = |names: &Names| {
        let among = |globs: &[At<language::Glob>]| {
            globs.iter().any(|glob| glob.value.0.matches(&workload.namespace))
        };
        among(&names.include) && !among(&names.exclude)
    };
    let kind = |kinds: &At<OneOrMany<Name>>| kinds.iter().any(|it| it.as_str() == workload.kind);
    wanted.namespaces.as_ref().is_none_or(namespace)
        && wanted.kinds.as_ref().is_none_or(kind)
        && wanted.labels.iter().all(|(name, value)| workload.labels.get(name) == Some(value))
}

/// Namespaces capture nothing: what they are called says nothing about what is in an image.
fn workloads(written: &At<Kubernetes>) -> Result<(), LoadError> {
    let Some(names) = written.namespaces.as_ref() else { return Ok(()) };
    if names.include.is_empty() {
        let reason = "found an empty `include`, wanted at least one glob".to_owned();
        return Err(LoadError::Value { at: written.at, reason });
    }
    names.include.iter().chain(&names.exclude).try_for_each(|glob| super::plain(glob, glob.at))
}

/// What is included, as written.
pub(super) fn globs(scope: &Match) -> Vec<String> {
    let globs = lists(scope).flat_map(|names| &names.include);
    let workloads = scope.kubernetes.as_ref().map(|_| "kubernetes".to_owned());
    globs.map(|glob| glob.value.0.as_str().to_owned()).chain(workloads).collect()
}

fn lists(scope: &Match) -> impl Iterator<Item = &Names> {
    [scope.images.as_ref(), scope.files.as_ref()].into_iter().flatten()
}
