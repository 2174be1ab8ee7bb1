//! Does any case notice when the policy is changed?
//!
//! A policy that loads and passes says nothing about what it refuses. Here every field that is
//! written gets wrong values that still load, and everything that may be left out is left out, one
//! at a time; a change after which every case still comes out as it expects is one that no case
//! would notice if somebody made it.
//!
//! Which fields there are and what they take is read from the schema of the language, so that a new
//! field takes part without being listed here.

mod fields;
mod wrong;

use serde_json::Value;

use super::suite::{Prepared, Suite};
use crate::error::LoadError;
use crate::language::Document;
use crate::load;
use crate::policy::Policy;
use fields::{Field, Leaf};

/// A field of a policy, and what became of changing it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mutation {
    /// The field's place in the policy: `attestations.sbom.by[0]`.
    pub field: String,
    /// How it was changed.
    pub change: FieldChange,
    /// What became of it.
    pub result: MutationResult,
}

/// How a field was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldChange {
    /// It got wrong values.
    WrongValue,
    /// It was taken out.
    TakenOut,
}

/// What became of a changed field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MutationResult {
    /// A case came out otherwise.
    Noticed {
        /// The value that did it, where it got one.
        value: Option<String>,
        /// The case.
        case: String,
        /// What came out otherwise: the rule that failed, else in words.
        difference: String,
    },
    /// The changed policy did not load any more: what the field pins was held against it.
    Refused {
        /// Why.
        error: LoadError,
    },
    /// Every case came out as before.
    Unnoticed {
        /// The values that were tried, where it got some.
        tried: Vec<String>,
    },
    /// No wrong value is known with which the policy loads: the place takes one word only, or the
    /// rest of the policy contradicts any other.
    NoWrongValue,
}

impl Mutation {
    /// Whether the cases do not test this field.
    pub fn is_untested(&self) -> bool {
        matches!(self.result, MutationResult::Unnoticed { .. })
    }
}

/// Changes every field in turn and puts the cases to what comes of it.
pub(super) fn run(suite: &Suite<'_>, cases: &[&Prepared]) -> Vec<Mutation> {
    // It has been loaded before: it is YAML, and its schema is JSON.
    let Ok(written) = load::generic(suite.yaml()) else { return Vec::new() };
    let schema = serde_json::to_value(schemars::schema_for!(Document)).unwrap_or_default();
    let known = Known::new(suite.policy(), &written, cases);
    let shape = shape_of(suite, &written).unwrap_or_default();
    let bench = Bench { suite, cases, written: &written, known, shape };
    let fields = fields::of(&schema, &written);
    let mut mutations = Vec::new();
    for field in fields.iter().take(FIELDS) {
        if let Some(leaf) = &field.leaf {
            mutations.push(bench.wrong_value(field, leaf));
        }
        if field.optional {
            mutations.extend(bench.taken_out(field));
        }
    }
    mutations
}

/// What wrong values can be made of.
struct Known {
    /// The names that the policy defines, and one that nobody meets.
    names: Vec<String>,
    /// The ids of its rules.
    rules: Vec<String>,
    /// Digests that mean something in the cases.
    digests: Vec<String>,
    /// Times shortly before and after those of the cases.
    times: Vec<String>,
}

impl Known {
    fn new(policy: &Policy, written: &Value, cases: &[&Prepared]) -> Self {
        let defined = ["/authorities", "/trust/roots", "/attestations"];
        let of = |place: &&str| written.pointer(place).and_then(Value::as_object);
        let names = defined.iter().filter_map(of).flat_map(|names| names.keys().cloned());
        let mut digests: Vec<_> =
            cases.iter().flat_map(|case| case.digests()).map(|it| it.to_string()).collect();
        digests.sort();
        digests.dedup();
        let day = jiff::SignedDuration::from_hours(24);
        let times = cases.iter().flat_map(|case| case.times());
        let around = |time: jiff::Timestamp| {
            [time.checked_add(day), time.checked_sub(day)].map(|time| Some(time.ok()?.to_string()))
        };
        let mut times: Vec<_> = times.flat_map(around).flatten().collect();
        times.sort();
        times.dedup();
        Known {
            names: [wrong::NOBODY.to_owned()].into_iter().chain(names).collect(),
            rules: policy.rule_ids().iter().map(ToString::to_string).collect(),
            digests,
            times,
        }
    }
}

struct Bench<'a> {
    suite: &'a Suite<'a>,
    cases: &'a [&'a Prepared],
    written: &'a Value,
    known: Known,
    /// The policy as it is, to recognise changes that change nothing.
    shape: String,
}

impl Bench<'_> {
    fn wrong_value(&self, field: &Field, leaf: &Leaf) -> Mutation {
        let mut tried = Vec::new();
        let mut refused = None;
        for value in wrong::values(leaf, &self.known) {
            let mut changed = self.written.clone();
            let Some(place) = field.path.in_tree(&mut changed) else { continue };
            *place = value.clone();
            let value = shown(&value);
            match self.load(changed) {
                Err(error @ LoadError::FileDigest { .. }) => refused = Some(error),
                Err(_) => {}
                Ok(policy) => {
                    if let Some((case, difference)) = self.noticed(&policy) {
                        let value = Some(value);
                        let result = MutationResult::Noticed { value, case, difference };
                        return self.mutation(field, FieldChange::WrongValue, result);
                    }
                    tried.push(value);
                }
            }
        }
        let result = match refused {
            Some(error) => MutationResult::Refused { error },
            None if tried.is_empty() => MutationResult::NoWrongValue,
            None => MutationResult::Unnoticed { tried },
        };
        self.mutation(field, FieldChange::WrongValue, result)
    }

    /// `None` where the policy does not load without it, or means the same.
    fn taken_out(&self, field: &Field) -> Option<Mutation> {
        let mut changed = self.written.clone();
        field.path.take_out(&mut changed)?;
        let policy = self.load(changed).ok()?;
        if shape(&policy) == self.shape {
            return None;
        }
        let result = match self.noticed(&policy) {
            Some((case, difference)) => MutationResult::Noticed { value: None, case, difference },
            None => MutationResult::Unnoticed { tried: Vec::new() },
        };
        Some(self.mutation(field, FieldChange::TakenOut, result))
    }

    fn mutation(&self, field: &Field, change: FieldChange, result: MutationResult) -> Mutation {
        Mutation { field: field.path.to_string(), change, result }
    }

    /// Loads a changed policy. JSON is YAML too.
    fn load(&self, mut changed: Value) -> Result<Policy, LoadError> {
        wrong::add_nobody(&mut changed);
        self.suite.load_instead(changed.to_string().as_bytes())
    }

    /// The first case that comes out otherwise, and how.
    fn noticed(&self, policy: &Policy) -> Option<(String, String)> {
        self.cases.iter().find_map(|case| {
            let difference = match case.judge(policy, self.suite.root(), self.suite.roots()) {
                Ok(verdict) => {
                    let difference = case.expected.differences(&verdict).into_iter().next()?;
                    case.expected.unexpected(&verdict).unwrap_or(difference)
                }
                Err(error) => error.to_string(),
            };
            Some((case.name.clone(), difference))
        })
    }
}

fn shape_of(suite: &Suite<'_>, written: &Value) -> Option<String> {
    let mut same = written.clone();
    wrong::add_nobody(&mut same);
    suite.load_instead(same.to_string().as_bytes()).ok().map(|policy| shape(&policy))
}

/// What a policy means, without its digest and the places of its text.
fn shape(policy: &Policy) -> String {
    let model = policy.model();
    let text = format!("{model:?}").replace(&format!("{:?}", model.identity.digest), "");
    let mut shape = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, place)) = rest.split_once("Place {") {
        shape.push_str(before);
        rest = place.split_once('}').map_or("", |(_, after)| after);
    }
    shape.push_str(rest);
    shape
}

/// A value as it is shown: on one line, cut off where it is long.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A large policy has some hundred fields; each costs an evaluation of every case.
const FIELDS: usize = 2_000;
const SHOWN: usize = 80;
