//! The JSON Schema of policy files, made from the types that read them.

use crate::language::Document;

/// The JSON Schema (draft 2020-12) of a policy, as it is shipped in `policies/schema/`. Indented,
/// with a final line end.
pub fn json_schema() -> String {
    let schema = schemars::schema_for!(Document);
    // A schema is a tree of JSON values: writing it to memory cannot fail.
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}
