//! Wrong values that a place takes.

use serde_json::{Value, json};

use super::Known;
use super::fields::Leaf;

/// Values to try, the likeliest to be noticed first. Those that do not load are no wrong values.
pub(super) fn values(leaf: &Leaf, known: &Known) -> Vec<Value> {
    let mut values = match leaf.type_name.as_str() {
        "Name" => texts(&known.names),
        "Digest" => texts(&known.digests),
        "Sha256" | "LogIdHex" => vec![json!("0".repeat(64)), json!("f".repeat(64))],
        "Time" => texts(&known.times),
        "Age" => texts(&["1s", "999999999w", "52000w"]),
        "GoVersion" => texts(&["99.0", "1.0"]),
        "Glob" => texts(&["nothing.invalid/**", "**"]),
        "PackageUrl" => texts(&["pkg:golang/nobody.invalid/nothing"]),
        "Versions" => texts(&["<0.0.0", ">=0.0.0"]),
        "Predicate" => texts(&PREDICATES),
        "Text" => {
            let found = leaf.value.as_str().unwrap_or_default();
            texts(&[&format!("{found}-wrong"), "nobody@nobody.invalid", NOWHERE, &"0".repeat(40)])
        }
        "SettingValue" => texts(&["wrong"]),
        "VerifiedLevel" => texts(&["SLSA_BUILD_LEVEL_255", "WRONG"]),
        _ => Vec::new(),
    };
    values.extend(leaf.words.iter().map(|word| json!(word)));
    match &leaf.value {
        Value::Bool(value) => values.push(json!(!value)),
        Value::Number(number) => {
            let number = number.as_i64().unwrap_or_default();
            let others = [1, -1, 1_000].map(|by| number.saturating_add(by));
            values.extend(others.map(|number| json!(number)));
        }
        Value::String(text) if values.is_empty() => {
            // An expression, a pattern, or a word of somebody else's.
            values.push(json!(format!("!({text})")));
            values.push(json!(NOWHERE_PATTERN));
            values.push(json!("wrong"));
            values.extend(texts(&known.rules));
        }
        _ => {}
    }
    values.retain(|value| *value != leaf.value);
    values
}

/// Adds an authority that nobody meets, for names to point at.
pub(super) fn add_nobody(policy: &mut Value) {
    let root = policy.pointer("/trust/roots").and_then(Value::as_object);
    let mut nobody = json!({"issuer": NOWHERE, "subject": NOWHERE});
    if let Some(root) = root.and_then(|roots| roots.keys().next()) {
        nobody["root"] = json!(root);
    }
    if let Some(authorities) = policy.get_mut("authorities").and_then(Value::as_object_mut) {
        authorities.insert(NOBODY.to_owned(), json!({"keyless": nobody}));
    }
}

fn texts(texts: &[impl AsRef<str>]) -> Vec<Value> {
    texts.iter().map(|text| json!(text.as_ref())).collect()
}

/// The name of an authority that nobody meets.
pub(super) const NOBODY: &str = "nobody-of-the-mutation-test";
const NOWHERE: &str = "https://nobody.invalid/nobody/nothing";
/// Fixes what patterns of identities must fix.
const NOWHERE_PATTERN: &str = r"https://nobody\.invalid/nobody/nothing/.*";
/// Of every kind that rules may be about.
const PREDICATES: [&str; 7] = [
    "https://nobody.invalid/predicate",
    "slsaprovenance02",
    "slsaprovenance1",
    "cyclonedx",
    "spdxjson",
    "vuln",
    "https://in-toto.io/attestation/vulns/v0.1",
];
