//! The JSON Schema of policy files, made from the types that read them.

use crate::language::{Document, SetDocument, SuiteDocument};

/// The JSON Schema (draft 2020-12) of a policy, as it is shipped in `policies/schema/`. Indented,
/// with a final line end.
pub fn json_schema() -> String {
    text(&schemars::schema_for!(Document))
}

/// The JSON Schema of a policy set, shipped likewise.
pub fn set_json_schema() -> String {
    text(&schemars::schema_for!(SetDocument))
}

/// The JSON Schema of a test file, shipped likewise.
pub fn test_json_schema() -> String {
    text(&schemars::schema_for!(SuiteDocument))
}

fn text(schema: &schemars::Schema) -> String {
    // A schema is a tree of JSON values: writing it to memory cannot fail.
    let mut text = serde_json::to_string_pretty(schema).unwrap_or_default();
    text.push('\n');
    text
}
