//! Any CI system: what the caller states, and nothing else.

use super::field::Origin;
use super::lookup::{Found, FoundSource, Lookup};
use crate::{BuildFacts, BuildType, Error};

pub(super) fn describe(lookup: &mut Lookup<'_>) -> Result<BuildFacts, Error> {
    let own = Found::new(BuildType(BuildType::GENERIC.to_owned()), Origin::Fixed);
    let build_type = match &lookup.stated.build_type {
        Some(stated) => Found::new(stated.clone(), Origin::Stated),
        None => own,
    };
    let mut facts = lookup.facts_of(build_type, None)?;
    lookup.own_source(&mut facts, FoundSource::default());
    lookup.variables_go_to("parameters");
    lookup.run(&mut facts, None, None);
    Ok(facts)
}
