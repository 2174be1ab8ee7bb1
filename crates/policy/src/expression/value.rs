//! What expressions look at.

use std::collections::{BTreeMap, HashMap};

use cel::{Context, Value};
use jiff::Timestamp;

/// The variables of one evaluation.
pub(crate) struct Variables {
    now: Timestamp,
    values: BTreeMap<&'static str, Value>,
    attestations: BTreeMap<String, Value>,
    longest: usize,
}

impl Variables {
    /// `now` alone.
    pub(crate) fn new(now: Timestamp) -> Self {
        Variables { now, values: BTreeMap::new(), attestations: BTreeMap::new(), longest: 0 }
    }

    /// `predicate`.
    pub(crate) fn predicate(&mut self, value: &Measured) {
        self.longest = self.longest.max(value.longest);
        self.values.insert("predicate", value.value.clone());
    }

    /// `go`.
    pub(crate) fn go(&mut self, value: &Measured) {
        self.longest = self.longest.max(value.longest);
        self.values.insert("go", value.value.clone());
    }

    /// `att.NAME`.
    /// `att.NAME`. Without a proven time there is no `signedAt`, and asking for it is an error.
    pub(crate) fn attestation(
        &mut self,
        name: &str,
        predicate: &Measured,
        signer: &str,
        signed: Option<i64>,
    ) {
        self.longest = self.longest.max(predicate.longest);
        let mut fields = HashMap::from([
            ("predicate".to_owned(), predicate.value.clone()),
            ("signer".to_owned(), Value::from(signer)),
        ]);
        fields.extend(signed.map(|signed| ("signedAt".to_owned(), Value::Int(signed))));
        self.attestations.insert(name.to_owned(), fields.into());
    }

    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    pub(super) fn add_to(&self, context: &mut Context<'_, '_>) {
        context.add_variable_from_value("now", Value::Int(self.now.as_second()));
        for (name, value) in &self.values {
            context.add_variable_from_value(*name, value.clone());
        }
        if !self.attestations.is_empty() {
            let attestations: HashMap<String, Value> =
                self.attestations.clone().into_iter().collect();
            context.add_variable_from_value("att", Value::from(attestations));
        }
    }
}

/// A value, and the length of the longest list, map or text in it: what bounds the cost of a loop.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    value: Value,
    longest: usize,
}

/// A value of JSON. Its nesting is bounded by the parser of the statement.
pub(crate) fn of_json(json: &serde_json::Value) -> Measured {
    let mut longest = 0;
    Measured { value: convert(json, &mut longest), longest }
}

fn convert(json: &serde_json::Value, longest: &mut usize) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => Value::Int(value),
            (None, Some(value)) => Value::UInt(value),
            (None, None) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(text) => Value::String(text.clone().into()),
        serde_json::Value::Array(items) => {
            *longest = (*longest).max(items.len());
            let items: Vec<Value> = items.iter().map(|item| convert(item, longest)).collect();
            Value::List(items.into())
        }
        serde_json::Value::Object(members) => {
            *longest = (*longest).max(members.len());
            let members: HashMap<String, Value> = members
                .iter()
                .map(|(name, value)| (name.clone(), convert(value, longest)))
                .collect();
            members.into()
        }
    }
}
