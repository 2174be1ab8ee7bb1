//! The second records: what else in a binary says which modules are in it.
//!
//! Build information can be edited after linking. The runtime keeps a copy of it, and the function
//! table names the modules that functions came from. What they say and the build information does
//! not is a contradiction; that they say nothing about a module is none.

use chainsign_gosbom::RuntimeCopy;
use chainsign_gosbom::pclntab::Trace;

use super::{GoImage, modules};
use crate::verdict::{Reason, Rule, RuleId};

/// Nothing else in the image contradicts its build information.
pub(super) fn rule(id: RuleId, image: &GoImage<'_>) -> Rule {
    let info = match modules(&id, image) {
        Ok(info) => info,
        Err(rule) => return *rule,
    };
    let Some(records) = image.second_records else {
        let message = "the function table and the runtime's copy of the build information were \
                       not read";
        return Rule::error(id, Reason::NotKnowable, message);
    };
    let mut differences = Vec::new();
    if let RuntimeCopy::Differs { .. } = records.runtime_copy {
        differences.push("the runtime's copy of the module list is another one".to_owned());
    }
    let comparison = records.function_table.as_ref().map(|table| table.compare(info));
    if let Some(comparison) = &comparison {
        let hidden = comparison.unlisted_modules.iter();
        differences.extend(hidden.map(|module| {
            format!("{} {} is compiled in and not listed", module.path, module.version)
        }));
        for module in &comparison.listed {
            if let Trace::OtherVersions(found) = &module.trace {
                let (path, listed, found) = (&module.path, &module.version, found.join(", "));
                differences.push(format!("{path} is listed as {listed}, compiled in is {found}"));
            }
        }
        let packages = comparison.unlisted_packages.iter();
        differences.extend(
            packages.map(|package| format!("the package {package} belongs to no listed module")),
        );
    }
    let wanted = "nothing that contradicts the build information";
    if let Some(first) = differences.first() {
        let more = match differences.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        return Rule::fail(id, Reason::RecordsDiffer, format!("{first}{more}, wanted {wanted}"))
            .compared(first, wanted)
            .with(differences.iter().skip(1));
    }
    let copy = match records.runtime_copy {
        RuntimeCopy::Same => Some("the runtime's copy of the module list is the same"),
        _ => None,
    };
    let table = comparison.map(|comparison| {
        let traced = |trace: &Trace| *trace != Trace::None;
        let seen = comparison.listed.iter().filter(|module| traced(&module.trace)).count();
        format!(
            "the function table shows {seen} of {} listed modules, and no other",
            comparison.listed.len()
        )
    });
    if copy.is_none() && table.is_none() {
        let message = "there is no second record to hold the build information against";
        return Rule::error(id, Reason::NotKnowable, message);
    }
    Rule::pass(id, "nothing contradicts the build information").with(copy).with(table)
}
