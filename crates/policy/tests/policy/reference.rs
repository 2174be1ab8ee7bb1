//! `docs/policy-reference.md` is what the types say.
//! Regenerate: `SNAPSHOTS=overwrite cargo test -p chainsign-policy --test policy reference`

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chainsign_policy::{json_schema, set_json_schema, test_json_schema};
use serde_json::{Map, Value};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policy-reference.md");

#[test]
#[expect(clippy::disallowed_methods, reason = "the test compares a file")]
fn the_reference_is_that_of_the_types() {
    let found = reference();
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        std::fs::write(PATH, &found).unwrap();
    }
    let wanted = std::fs::read_to_string(PATH).unwrap();
    assert!(found == wanted, "docs/policy-reference.md differs; see the head of this file");
}

fn reference() -> String {
    let mut text = String::from(HEAD);
    for (title, about, schema) in [
        ("Policy", "`kind: Policy`: what an artifact must meet.", json_schema()),
        ("PolicySet", "`kind: PolicySet`: several policies.", set_json_schema()),
        ("PolicyTest", "`kind: PolicyTest`: cases of a policy.", test_json_schema()),
    ] {
        let schema: Value = serde_json::from_str(&schema).unwrap();
        let mut page =
            Page { schema: &schema, kind: title, text: String::new(), queue: Vec::new() };
        write!(page.text, "\n# {title}\n\n{about}\n").unwrap();
        page.object(&schema);
        let mut done = BTreeSet::new();
        while !page.queue.is_empty() {
            let name = page.queue.remove(0);
            if done.insert(name.clone()) {
                page.definition(&name);
            }
        }
        text.push_str(&page.text);
    }
    text
}

struct Page<'a> {
    schema: &'a Value,
    kind: &'a str,
    text: String,
    /// Types that were named, in the order of their first mention.
    queue: Vec<String>,
}

impl Page<'_> {
    fn definition(&mut self, name: &str) {
        let definition = self.schema["$defs"][name].clone();
        write!(self.text, "\n## {}\n", heading(self.kind, name)).unwrap();
        self.description(&definition);
        for alternatives in ["oneOf", "anyOf"] {
            self.alternatives(&definition[alternatives]);
        }
        if definition.get("properties").is_some() {
            self.object(&definition);
        }
        for (key, what) in [("pattern", "Matches"), ("minimum", "At least"), ("maximum", "At most")]
        {
            if let Some(value) = definition.get(key) {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                write!(self.text, "\n{what} `{value}`.\n").unwrap();
            }
        }
    }

    fn description(&mut self, schema: &Value) {
        if let Some(text) = schema["description"].as_str() {
            write!(self.text, "\n{}\n", one_line(text)).unwrap();
        }
    }

    /// A word and what it means, or a form.
    fn alternatives(&mut self, alternatives: &Value) {
        let Some(alternatives) = alternatives.as_array() else { return };
        self.text.push('\n');
        for it in alternatives {
            let form = match it["const"].as_str() {
                Some(word) => format!("`{word}`"),
                None => self.type_of(it),
            };
            let about = it["description"]
                .as_str()
                .map_or(String::new(), |it| format!(": {}", one_line(it)));
            writeln!(self.text, "- {form}{about}").unwrap();
        }
    }

    fn object(&mut self, schema: &Value) {
        let none = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&none);
        let required: Vec<_> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        self.text.push_str("\n| key | value | |\n|---|---|---|\n");
        for (key, value) in properties {
            let needed = if required.contains(&key.as_str()) { " (required)" } else { "" };
            let form = self.type_of(value).replace('|', "\\|");
            let about =
                one_line(value["description"].as_str().unwrap_or_default()).replace('|', "\\|");
            writeln!(self.text, "| `{key}`{needed} | {form} | {about} |").unwrap();
        }
    }

    fn type_of(&mut self, schema: &Value) -> String {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap().to_owned();
            self.queue.push(name.clone());
            let heading = heading(self.kind, &name);
            return format!("[{name}](#{})", heading.to_lowercase().replace(' ', "-"));
        }
        for alternatives in ["anyOf", "oneOf"] {
            if let Some(alternatives) = schema[alternatives].as_array() {
                let all: Vec<_> = alternatives.iter().map(|it| self.type_of(it)).collect();
                return all.join(" or ");
            }
        }
        if let Some(words) = schema["enum"].as_array() {
            let words: Vec<_> =
                words.iter().map(|word| format!("`{}`", word.as_str().unwrap())).collect();
            return words.join(" or ");
        }
        if let Some(word) = schema["const"].as_str() {
            return format!("`{word}`");
        }
        match schema["type"].as_str() {
            Some("array") => format!("list of {}", self.type_of(&schema["items"])),
            Some("object") => self.map(schema),
            Some("string") => "text".to_owned(),
            Some("boolean") => "`true` or `false`".to_owned(),
            Some("integer") => "whole number".to_owned(),
            _ => match schema["type"].as_array() {
                Some(types) => {
                    let types =
                        types.iter().map(|it| self.type_of(&serde_json::json!({"type": it})));
                    types.collect::<Vec<_>>().join(" or ")
                }
                None => "anything".to_owned(),
            },
        }
    }

    /// Keys of the user's own, or one key.
    fn map(&mut self, schema: &Value) -> String {
        let pattern = schema["patternProperties"].as_object().and_then(|it| it.values().next());
        let values = pattern.or(schema.get("additionalProperties").filter(|it| it.is_object()));
        if let Some(values) = values {
            return format!("a key for each, with {}", self.type_of(&values.clone()));
        }
        if schema.get("additionalProperties") == Some(&Value::Bool(true)) {
            return "a key for each, with anything".to_owned();
        }
        let keys = schema["properties"].as_object().into_iter().flatten();
        let keys: Vec<_> =
            keys.map(|(key, value)| format!("`{key}:` {}", self.type_of(value))).collect();
        keys.join(", ")
    }
}

/// Names are there once on the page: a type that two kinds have is told apart.
fn heading(kind: &str, name: &str) -> String {
    format!("{kind} {name}")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

const HEAD: &str = "<!-- Made from the types by a test: see crates/policy/tests/policy/reference.rs. -->

Every key of the policy language. [policy.md](policy.md) is the guide; the same as a JSON Schema, for
editors: `chainsign policy schema`.
";
