//! Any CI system: what the caller states, and nothing else.

use super::Stated;
use super::field::Origin;
use super::lookup::{Found, FoundSource, Lookup};
use crate::{BuildFacts, BuildType, Error};

pub(super) fn describe(lookup: &mut Lookup<'_>) -> Result<BuildFacts, Error> {
    let Stated { build_type, default_build_type, .. } = lookup.stated;
    let generic = || BuildType(BuildType::GENERIC.to_owned());
    let build_type = match build_type {
        Some(stated) => Found::new(stated.clone(), Origin::Stated),
        None => Found::new(default_build_type.clone().unwrap_or_else(generic), Origin::Fixed),
    };
    let mut facts = lookup.facts_of(build_type, None)?;
    lookup.own_source(&mut facts, FoundSource::default());
    lookup.variables_go_to("parameters");
    lookup.run(&mut facts, None, None);
    Ok(facts)
}
