//! What an SBOM must say.

use crate::evidence::Testimony;
use crate::language::Sbom;
use crate::verdict::{Reason, Rule, RuleId};

/// Every rule, in the order of [`rule_ids`].
pub(super) fn rules(id: &RuleId, wanted: &Sbom, candidate: &Testimony) -> Vec<Rule> {
    vec![components(id.below(COMPONENTS), wanted, candidate)]
}

/// The ids of the rules.
pub(super) fn rule_ids(id: &RuleId) -> Vec<RuleId> {
    vec![id.below(COMPONENTS)]
}

/// Written or not, one component at least: an empty SBOM is no SBOM.
fn components(id: RuleId, wanted: &Sbom, candidate: &Testimony) -> Rule {
    let wanted = wanted.min_components.map_or(1, |least| least.get());
    let found = match candidate.sbom() {
        Ok(sbom) => sbom.components,
        Err(reason) => {
            return Rule::fail(
                id,
                Reason::Unreadable,
                format!("the SBOM cannot be read: {reason}"),
            );
        }
    };
    let wanted_text = format!("{wanted} or more");
    if u32::try_from(found).is_ok_and(|found| found < wanted) {
        let message = format!("found {found} components, wanted {wanted_text}");
        return Rule::fail(id, Reason::TooFewComponents, message).compared(found, wanted_text);
    }
    Rule::pass(id, format!("lists {found} components")).compared(found, wanted_text)
}

const COMPONENTS: &str = "minComponents";
