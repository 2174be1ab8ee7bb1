//! The fields that a policy writes, found by its schema.

use std::fmt;

use serde_json::{Map, Value};

/// A field that is written.
pub(super) struct Field {
    pub(super) path: Path,
    /// Whether it may be left out.
    pub(super) optional: bool,
    /// Set where it is a value, not a place for others.
    pub(super) leaf: Option<Leaf>,
}

/// A value, and what its place takes.
pub(super) struct Leaf {
    /// The type's name in the schema; empty for one without a name.
    pub(super) type_name: String,
    /// The words that it takes, where these are all.
    pub(super) words: Vec<String>,
    pub(super) value: Value,
}

/// Where a field is.
#[derive(Clone, Debug, Default)]
pub(super) struct Path(Vec<Step>);

#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Index(usize),
}

/// The fields that decide something, in the order of the policy.
pub(super) fn of(schema: &Value, written: &Value) -> Vec<Field> {
    let mut fields = Vec::new();
    let walk = Walk { definitions: schema.get("$defs") };
    walk.value(schema, "Document", written, &Path::default(), &mut fields);
    fields
}

struct Walk<'a> {
    definitions: Option<&'a Value>,
}

impl Walk<'_> {
    /// Recursion is bounded by the nesting that the YAML reader allows.
    fn value(
        &self,
        schema: &Value,
        type_name: &str,
        value: &Value,
        path: &Path,
        fields: &mut Vec<Field>,
    ) {
        let (schema, type_name) = self.resolved(schema, type_name);
        let alternatives = ["anyOf", "oneOf"].iter().filter_map(|key| schema.get(key));
        let mut alternatives = alternatives.filter_map(Value::as_array).flatten();
        match value {
            Value::Object(members) => {
                let fits = |it: &&Value| {
                    let (it, _) = self.resolved(it, "");
                    let known = it.get("properties").and_then(Value::as_object);
                    known.is_some_and(|known| members.keys().all(|key| known.contains_key(key)))
                };
                match alternatives.find(fits) {
                    Some(alternative) => self.value(alternative, type_name, value, path, fields),
                    None => self.members(schema, type_name, members, path, fields),
                }
            }
            Value::Array(items) => {
                let is_list = |it: &&Value| it.get("items").is_some();
                let schema = alternatives.find(is_list).unwrap_or(schema);
                let Some(of_item) = schema.get("items") else { return };
                for (index, item) in items.iter().enumerate() {
                    let path = path.below(Step::Index(index));
                    let optional = items.len() > 1 || schema.get("minItems").is_none();
                    self.field(of_item, type_name, item, path, optional, fields);
                }
            }
            _ => {}
        }
    }

    fn members(
        &self,
        schema: &Value,
        type_name: &str,
        members: &Map<String, Value>,
        path: &Path,
        fields: &mut Vec<Field>,
    ) {
        let required = schema.get("required").and_then(Value::as_array);
        let required = |key: &str| required.is_some_and(|keys| keys.iter().any(|it| it == key));
        for (key, value) in members {
            if SHOWN_ONLY.contains(&(type_name, key.as_str())) {
                continue;
            }
            let own = schema.get("properties").and_then(|it| it.get(key));
            let pattern = || schema.get("patternProperties")?.as_object()?.values().next();
            let other = || schema.get("additionalProperties").filter(|it| it.is_object());
            let Some(of_value) = own.or_else(pattern).or_else(other) else { continue };
            let path = path.below(Step::Key(key.clone()));
            let optional = !required(key) && !PLACES.contains(&(type_name, key.as_str()));
            self.field(of_value, type_name, value, path, optional, fields);
        }
    }

    fn field(
        &self,
        schema: &Value,
        parent: &str,
        value: &Value,
        path: Path,
        optional: bool,
        fields: &mut Vec<Field>,
    ) {
        let leaf = match value {
            Value::Object(_) | Value::Array(_) => None,
            value => Some(self.leaf(schema, value.clone())),
        };
        fields.push(Field { path: path.clone(), optional, leaf });
        self.value(schema, parent, value, &path, fields);
    }

    fn leaf(&self, schema: &Value, value: Value) -> Leaf {
        let (schema, type_name) = self.resolved(schema, "");
        // A value that may also be a list of them.
        let one = schema.get("anyOf").and_then(Value::as_array).and_then(|all| all.first());
        let (schema, type_name) = match one {
            Some(one) if one.get("$ref").is_some() => self.resolved(one, type_name),
            _ => (schema, type_name),
        };
        let constants = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
        let constants = constants.filter_map(|it| it.get("const"));
        let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
        let words = constants.chain(listed).filter_map(Value::as_str).map(str::to_owned);
        Leaf { type_name: type_name.to_owned(), words: words.collect(), value }
    }

    /// Follows a reference. Definitions refer to each other in circles only through values.
    fn resolved<'b>(&'b self, schema: &'b Value, name: &'b str) -> (&'b Value, &'b str) {
        let reference = schema.get("$ref").and_then(Value::as_str);
        let named = reference.and_then(|reference| reference.rsplit('/').next());
        let found = named.and_then(|named| Some((self.definitions?.get(named)?, named)));
        found.unwrap_or((schema, name))
    }
}

impl Path {
    fn below(&self, step: Step) -> Path {
        let mut path = self.clone();
        path.0.push(step);
        path
    }

    /// The place in a policy.
    pub(super) fn in_tree<'a>(&self, tree: &'a mut Value) -> Option<&'a mut Value> {
        self.0.iter().try_fold(tree, |place, step| match step {
            Step::Key(key) => place.get_mut(key),
            Step::Index(index) => place.get_mut(index),
        })
    }

    /// Takes the place out of a policy.
    pub(super) fn take_out(&self, tree: &mut Value) -> Option<()> {
        let (last, parent) = self.0.split_last()?;
        match (last, Path(parent.to_vec()).in_tree(tree)?) {
            (Step::Key(key), Value::Object(members)) => members.remove(key).map(drop),
            (Step::Index(index), Value::Array(items)) if *index < items.len() => {
                items.remove(*index);
                Some(())
            }
            _ => None,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if index == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// What a policy shows or opens and does not decide by: type and key.
const SHOWN_ONLY: [(&str, &str); 15] = [
    ("Document", "apiVersion"),
    ("Document", "kind"),
    // It changes what follows from an outcome, not the outcome.
    ("Document", "mode"),
    ("Metadata", "name"),
    ("Metadata", "version"),
    // Files. What is in them is held against what pins them, and against the evidence.
    ("Root", "file"),
    ("KeyAuthority", "file"),
    ("Exception", "id"),
    ("Exception", "reason"),
    ("Exception", "approvedBy"),
    ("CelRule", "id"),
    ("CelRule", "message"),
    ("Forbidden", "reason"),
    // They let a policy load, and change nothing in it.
    ("KeylessAuthority", "dangerousAnySubject"),
    ("Exception", "dangerousWaiveSignature"),
];

/// Places for others, which nobody leaves out by mistake.
const PLACES: [(&str, &str); 3] =
    [("Document", "metadata"), ("Document", "trust"), ("Document", "authorities")];
