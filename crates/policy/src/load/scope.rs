//! Which targets a policy is about, and what it takes from their names.

use std::collections::BTreeSet;

use crate::error::LoadError;
use crate::glob::{Captures, Glob};
use crate::language::{At, Match, Names};
use crate::target::TargetName;

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
    let Some(known) = known else {
        let reason = "found an empty `match`, wanted `images` or `files`".to_owned();
        return Err(LoadError::Value { at: scope.at, reason });
    };
    Ok(known.into_iter().map(|name| (name.to_owned(), "sample".to_owned())).collect())
}

/// The glob that includes the target, with what it captures. `None` if none does or one excludes
/// it. The first in the order of the file that matches counts.
pub(super) fn matches(scope: &Match, target: &TargetName) -> Option<(String, Captures)> {
    let (names, name) = match target {
        TargetName::Image(image) => (scope.images.as_ref()?, image.as_str()),
        TargetName::File(name) => (scope.files.as_ref()?, name.as_str()),
    };
    if names.exclude.iter().any(|glob| glob.value.0.matches(name)) {
        return None;
    }
    let includes = |glob: &Glob| Some((glob.as_str().to_owned(), glob.captures(name)?));
    names.include.iter().find_map(|glob| includes(&glob.value.0))
}

/// What is included, as written.
pub(super) fn globs(scope: &Match) -> Vec<String> {
    let globs = lists(scope).flat_map(|names| &names.include);
    globs.map(|glob| glob.value.0.as_str().to_owned()).collect()
}

fn lists(scope: &Match) -> impl Iterator<Item = &Names> {
    [scope.images.as_ref(), scope.files.as_ref()].into_iter().flatten()
}
