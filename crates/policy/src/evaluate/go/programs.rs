//! Which Go programs an archive or image holds.
//!
//! An attestation about an archive says nothing about a program that was put beside the others: its
//! modules may all be listed, its commit may be the right one. These rules ask for the programs
//! themselves, by their paths and by their digests.

use super::{Place, Programs};
use crate::evidence::Testimony;
use crate::language::{self, At, OneOrMany};
use crate::verdict::{Reason, Rule, RuleId};
use chainsign_core::glob::Glob;

/// Every program has a path that is wanted, and so have all its other names; every wanted path is
/// that of a program.
pub(super) fn only(id: RuleId, all: &Programs<'_>, wanted: &At<OneOrMany<language::Glob>>) -> Rule {
    let listed = wanted.iter().map(|glob| glob.0.as_str()).collect::<Vec<_>>().join(", ");
    if all.place == Place::Itself {
        let message =
            format!("the artifact is a Go binary, wanted an archive or image with {listed}");
        return Rule::fail(id, Reason::NothingInside, message)
            .compared("no archive and no image", listed);
    }
    let paths = || all.programs.iter().flat_map(|program| &program.paths);
    // The root of an image may be written.
    let matches = |glob: &Glob, path: &str| glob.matches(path) || glob.matches(&format!("/{path}"));
    let place = all.place.word();
    let others: Vec<_> =
        paths().filter(|path| !wanted.iter().any(|glob| matches(&glob.0, path))).copied().collect();
    if let Some(first) = others.first() {
        let more = more(others.len());
        let message =
            format!("the {place} also holds the Go program {first}{more}, wanted {listed}");
        return Rule::fail(id, Reason::ProgramNotAllowed, message)
            .compared(first, listed)
            .with(others.iter().skip(1).copied())
            .hint("leave it out of the release, or add its path if it belongs there");
    }
    let missing = wanted.iter().find(|glob| !paths().any(|path| matches(&glob.0, path)));
    if let Some(missing) = missing {
        let missing = missing.0.as_str();
        let message = format!("the {place} holds no Go program {missing}");
        return Rule::fail(id, Reason::ProgramMissing, message)
            .compared("no such program", missing)
            .with(paths().copied());
    }
    let message = format!("the Go programs of the {place} are {listed}");
    Rule::pass(id, message).with(paths().copied())
}

/// The SBOM lists every program by its digest.
pub(super) fn listed(id: RuleId, all: &Programs<'_>, candidate: &Testimony) -> Rule {
    let sbom = match candidate.sbom() {
        Ok(sbom) => sbom,
        Err(reason) => {
            let message = format!("the SBOM cannot be read: {reason}");
            return Rule::fail(id, Reason::Unreadable, message);
        }
    };
    let origin = &candidate.origin;
    let name = |program: &super::view::GoProgram<'_>| {
        let digests: Vec<_> = program.digests.iter().map(ToString::to_string).collect();
        let path = program.paths.first().map_or_else(String::new, |path| format!("{path} "));
        format!("{path}({})", digests.join(", "))
    };
    let unlisted: Vec<_> =
        all.programs.iter().filter(|it| !sbom.lists(it.digests)).map(name).collect();
    let wanted = "every Go program, by its digest";
    if let Some(first) = unlisted.first() {
        let more = more(unlisted.len());
        let message = format!("{origin} does not list {first}{more}, wanted {wanted}");
        return Rule::fail(id, Reason::ProgramNotListed, message)
            .compared(first, wanted)
            .with(unlisted.iter().skip(1))
            .hint("make the SBOM from what is released: `chainsign sbom` lists digests");
    }
    Rule::pass(id, format!("{origin} lists {} by digest", all.number()))
        .with(all.programs.iter().map(name))
}

fn more(count: usize) -> String {
    match count - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    }
}
