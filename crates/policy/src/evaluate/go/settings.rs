//! One build setting: as Go recorded it.

use super::{GoImage, modules};
use crate::settings::Recording;
use crate::verdict::{Reason, Rule, RuleId};

/// Holds the recorded value against the wanted one.
///
/// Go leaves out what has its default. What that absence means is known for each setting; where it
/// can mean that Go left the value out on purpose, it is an error, never a value.
pub(super) fn rule(id: RuleId, image: &GoImage<'_>, name: &str, wanted: &str) -> Rule {
    let info = match modules(&id, image) {
        Ok(info) => info,
        Err(rule) => return *rule,
    };
    let trimmed = info.setting("-trimpath") == Some("true");
    let found = match (info.setting(name), Recording::of(name)) {
        (Some(found), _) => found,
        (None, Some(Recording::WhenTrue)) => "false",
        (None, Some(Recording::WhenSet)) => "",
        (None, Some(Recording::WhenSetWithoutTrimpath)) if !trimmed => "",
        (None, Some(Recording::WithCgoWithoutTrimpath))
            if !trimmed && info.setting("CGO_ENABLED") == Some("0") =>
        {
            ""
        }
        (None, Some(Recording::WhenSetWithoutTrimpath | Recording::WithCgoWithoutTrimpath))
            if trimmed =>
        {
            let message = format!("{name} cannot be known: the binary was built with -trimpath");
            return Rule::error(id, Reason::NotKnowable, message);
        }
        (None, Some(Recording::Stamp)) => {
            let message =
                format!("the binary has no version control stamp, wanted {name}={wanted}");
            return Rule::fail(id, Reason::NotStamped, message)
                .compared("no stamp", wanted)
                .hint(STAMP_HINT);
        }
        (None, _) => {
            let message = format!("the binary does not record {name}, wanted {wanted}");
            return Rule::fail(id, Reason::NotRecorded, message).compared("nothing", wanted);
        }
    };
    if found == wanted {
        return Rule::pass(id, format!("{name}={found}")).compared(found, wanted);
    }
    let rule =
        Rule::fail(id, Reason::ValueMismatch, format!("found {name}={found}, wanted {wanted}"))
            .compared(found, wanted);
    match (name, wanted) {
        ("vcs.modified", "false") => rule
            .hint("build from a clean checkout: files that the build makes belong in .gitignore"),
        _ => rule,
    }
}

/// Why binaries have no stamp.
pub(super) const STAMP_HINT: &str = "Go stamps a binary when git is installed where it is built, \
     .git is in the build's context, and it is built from the module's folder, not from a file; \
     -buildvcs=true makes it an error when it cannot";
