//! Artifact rules (in-toto specification, section 4.3.3): what may be among the materials and products of a step or an
//! inspection, and from where it must come.
//!
//! Every rule takes files out of a queue; `DISALLOW` fails for what it still finds there. What no rule takes out is
//! allowed: a layout says `DISALLOW *` where it is not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;

use super::model::{Inspection, Link, Step};
use super::{Files, Inspected, LayoutError, wildcard};

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub(super) enum ArtifactRule {
    Create(String),
    Delete(String),
    Modify(String),
    Allow(String),
    Require(String),
    Disallow(String),
    Match(Box<Match>),
}

/// `MATCH pattern [IN prefix] WITH (MATERIALS|PRODUCTS) [IN prefix] FROM step`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Match {
    pattern: String,
    source_prefix: String,
    with: Side,
    destination_prefix: String,
    from: String,
}

/// Materials or products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Materials,
    Products,
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Self::Materials => "materials",
            Self::Products => "products",
        }
    }
}

/// What rules are applied to.
pub(super) struct Item<'a> {
    /// `step package`, `inspection untar`
    name: String,
    materials: &'a Files,
    products: &'a Files,
    expected_materials: &'a [ArtifactRule],
    expected_products: &'a [ArtifactRule],
}

impl<'a> Item<'a> {
    pub(super) fn of_step(step: &'a Step, materials: &'a Files, products: &'a Files) -> Self {
        Item {
            name: format!("step {}", step.name),
            materials,
            products,
            expected_materials: &step.expected_materials,
            expected_products: &step.expected_products,
        }
    }

    pub(super) fn of_inspection(inspection: &'a Inspection, seen: &'a Inspected) -> Self {
        Item {
            name: format!("inspection {}", inspection.name),
            materials: &seen.materials,
            products: &seen.products,
            expected_materials: &inspection.expected_materials,
            expected_products: &inspection.expected_products,
        }
    }
}

/// How much matching a layout may cost.
pub(super) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Budget(MATCHING)
    }
}

impl Budget {
    fn matches(&mut self, pattern: &str, name: &str) -> Result<bool, LayoutError> {
        let cost = (pattern.len() + 1).saturating_mul(name.len() + 1);
        let limit = LayoutError::LimitReached { what: "comparisons of names", limit: MATCHING };
        self.0 = self.0.checked_sub(cost).ok_or(limit)?;
        Ok(wildcard::matches(pattern, name))
    }
}

/// Applies all rules of a step or an inspection. `links` are those of all steps.
pub(super) fn apply(
    item: &Item<'_>,
    links: &BTreeMap<String, &Link>,
    budget: &mut Budget,
) -> Result<(), LayoutError> {
    for (side, files, rules) in [
        (Side::Materials, item.materials, item.expected_materials),
        (Side::Products, item.products, item.expected_products),
    ] {
        let mut queue: BTreeSet<&str> = files.keys().map(String::as_str).collect();
        for rule in rules {
            let taken = taken(rule, side, item, &queue, links, budget)?;
            queue.retain(|path| !taken.contains(path));
        }
    }
    Ok(())
}

/// The files that a rule takes out of the queue.
fn taken<'a>(
    rule: &ArtifactRule,
    side: Side,
    item: &Item<'a>,
    queue: &BTreeSet<&'a str>,
    links: &BTreeMap<String, &Link>,
    budget: &mut Budget,
) -> Result<BTreeSet<&'a str>, LayoutError> {
    let pattern = match rule {
        ArtifactRule::Match(wanted) => return matched(wanted, side, item, queue, links, budget),
        ArtifactRule::Require(path) => {
            return match queue.contains(path.as_str()) {
                true => Ok(BTreeSet::new()),
                false => Err(LayoutError::Required {
                    item: item.name.clone(),
                    side: side.name(),
                    rule: rule.to_string(),
                    path: path.clone(),
                }),
            };
        }
        ArtifactRule::Create(pattern)
        | ArtifactRule::Delete(pattern)
        | ArtifactRule::Modify(pattern)
        | ArtifactRule::Allow(pattern)
        | ArtifactRule::Disallow(pattern) => pattern,
    };
    let mut filtered = BTreeSet::new();
    for path in queue {
        if budget.matches(pattern, path)? {
            filtered.insert(*path);
        }
    }
    let (before, after) =
        (|path: &str| item.materials.get(path), |path: &str| item.products.get(path));
    match rule {
        ArtifactRule::Create(_) => filtered.retain(|path| before(path).is_none() && after(path).is_some()),
        ArtifactRule::Delete(_) => filtered.retain(|path| before(path).is_some() && after(path).is_none()),
        ArtifactRule::Modify(_) => filtered.retain(|path| {
            matches!((before(path), after(path)), (Some(before), Some(after)) if before != after)
        }),
        ArtifactRule::Disallow(_) => {
            if let Some(path) = filtered.first() {
                return Err(LayoutError::Disallowed {
                    item: item.name.clone(),
                    side: side.name(),
                    rule: rule.to_string(),
                    path: (*path).to_owned(),
                });
            }
        }
        ArtifactRule::Allow(_) | ArtifactRule::Require(_) | ArtifactRule::Match(_) => {}
    }
    Ok(filtered)
}

/// The files of the queue that another step recorded with the same digests.
fn matched<'a>(
    wanted: &Match,
    side: Side,
    item: &Item<'a>,
    queue: &BTreeSet<&'a str>,
    links: &BTreeMap<String, &Link>,
    budget: &mut Budget,
) -> Result<BTreeSet<&'a str>, LayoutError> {
    let mut taken = BTreeSet::new();
    let Some(link) = links.get(&wanted.from) else { return Ok(taken) };
    let theirs = match wanted.with {
        Side::Materials => &link.materials,
        Side::Products => &link.products,
    };
    let ours = match side {
        Side::Materials => item.materials,
        Side::Products => item.products,
    };
    for path in queue {
        let Some(base) = path.strip_prefix(wanted.source_prefix.as_str()) else { continue };
        if !budget.matches(&wanted.pattern, base)? {
            continue;
        }
        let there = theirs.get(&format!("{}{base}", wanted.destination_prefix));
        // A file without a digest is the same as nothing.
        let same = |digest: &&chainsign_core::digest::DigestSet| {
            !digest.0.is_empty() && Some(*digest) == there
        };
        if ours.get(*path).filter(same).is_some() {
            taken.insert(*path);
        }
    }
    Ok(taken)
}

impl TryFrom<Vec<String>> for ArtifactRule {
    type Error = String;

    /// Words of the language are read in any case, as in-toto does.
    fn try_from(words: Vec<String>) -> Result<Self, String> {
        let wrong = || format!("found the rule {:?}, wanted one of in-toto's", words.join(" "));
        let [kind, pattern, rest @ ..] = words.as_slice() else { return Err(wrong()) };
        let pattern = pattern.clone();
        let kind = kind.to_ascii_uppercase();
        match (kind.as_str(), rest) {
            ("CREATE", []) => Ok(ArtifactRule::Create(pattern)),
            ("DELETE", []) => Ok(ArtifactRule::Delete(pattern)),
            ("MODIFY", []) => Ok(ArtifactRule::Modify(pattern)),
            ("ALLOW", []) => Ok(ArtifactRule::Allow(pattern)),
            ("REQUIRE", []) => Ok(ArtifactRule::Require(pattern)),
            ("DISALLOW", []) => Ok(ArtifactRule::Disallow(pattern)),
            ("MATCH", rest) => {
                let (source_prefix, rest) = prefix(rest);
                let [with, side, rest @ ..] = rest else { return Err(wrong()) };
                let with =
                    match (with.eq_ignore_ascii_case("WITH"), side.to_ascii_uppercase().as_str()) {
                        (true, "MATERIALS") => Side::Materials,
                        (true, "PRODUCTS") => Side::Products,
                        _ => return Err(wrong()),
                    };
                let (destination_prefix, rest) = prefix(rest);
                match rest {
                    [from, step] if from.eq_ignore_ascii_case("FROM") => {
                        let from = step.clone();
                        let wanted =
                            Match { pattern, source_prefix, with, destination_prefix, from };
                        Ok(ArtifactRule::Match(Box::new(wanted)))
                    }
                    _ => Err(wrong()),
                }
            }
            _ => Err(wrong()),
        }
    }
}

/// `IN folder`, if that comes next: the folder with a slash behind it.
fn prefix(words: &[String]) -> (String, &[String]) {
    match words {
        [word, folder, rest @ ..] if word.eq_ignore_ascii_case("IN") => {
            let folder = folder.trim_end_matches('/');
            (if folder.is_empty() { String::new() } else { format!("{folder}/") }, rest)
        }
        _ => (String::new(), words),
    }
}

impl fmt::Display for ArtifactRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(pattern) => write!(f, "CREATE {pattern}"),
            Self::Delete(pattern) => write!(f, "DELETE {pattern}"),
            Self::Modify(pattern) => write!(f, "MODIFY {pattern}"),
            Self::Allow(pattern) => write!(f, "ALLOW {pattern}"),
            Self::Require(pattern) => write!(f, "REQUIRE {pattern}"),
            Self::Disallow(pattern) => write!(f, "DISALLOW {pattern}"),
            Self::Match(wanted) => write!(f, "MATCH {} FROM {}", wanted.pattern, wanted.from),
        }
    }
}

/// Steps of the matcher: some seconds at most. The demo of in-toto takes 2,000.
const MATCHING: usize = 1 << 31;
