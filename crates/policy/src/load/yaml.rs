//! Reading YAML strictly: one spelling, no surprises, bounded work.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_saphyr::Error as YamlError;

use crate::error::{LoadError, Place};

/// Reads one document.
///
/// Refused: unknown and duplicate keys, anchors, aliases and merge keys, tags, more than one
/// document, and plain scalars that a YAML reader may take for something other than text where
/// text is meant. The file may have [`BYTES`] bytes and nest [`DEPTH`] levels.
///
/// # Errors
/// [`LoadError::TooLarge`], [`LoadError::NotUtf8`], [`LoadError::OtherDocument`] when
/// `apiVersion` and `kind` are not these, and the variants that speak of keys and values.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8], kind: &'static str) -> Result<T, LoadError> {
    let text = text(bytes)?;
    let found = header(text)?;
    if found != kind {
        return Err(LoadError::OtherDocument { key: "kind", found, wanted: kind });
    }
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| load_error(&error))
}

/// Reads a document as a tree of values, whatever its keys are.
///
/// # Errors
/// As [`read`] has them for YAML.
pub(crate) fn generic(bytes: &[u8]) -> Result<serde_json::Value, LoadError> {
    serde_saphyr::from_str_with_options(text(bytes)?, options()).map_err(|error| load_error(&error))
}

/// The kind of a document of this language.
///
/// # Errors
/// As [`read`] has them for what is not one.
pub(super) fn kind(bytes: &[u8]) -> Result<String, LoadError> {
    header(text(bytes)?)
}

fn text(bytes: &[u8]) -> Result<&str, LoadError> {
    if bytes.len() > BYTES {
        return Err(LoadError::TooLarge { found: bytes.len(), limit: BYTES });
    }
    std::str::from_utf8(bytes).map_err(|error| LoadError::NotUtf8 { at: error.valid_up_to() })
}

/// Looks at `apiVersion` and `kind` first: a file for another program would otherwise be met with
/// a complaint about its keys.
fn header(text: &str) -> Result<String, LoadError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Header {
        api_version: Option<String>,
        kind: Option<String>,
    }
    let header: Header =
        serde_saphyr::from_str_with_options(text, options()).map_err(|error| load_error(&error))?;
    let missing = |key: &str| LoadError::MissingKey { at: START, key: key.to_owned() };
    match header.api_version {
        Some(found) if found == API_VERSION => header.kind.ok_or_else(|| missing("kind")),
        Some(found) => {
            Err(LoadError::OtherDocument { key: "apiVersion", found, wanted: API_VERSION })
        }
        None => Err(missing("apiVersion")),
    }
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_anchors: 0,
            max_aliases: 0,
            max_documents: 1,
            max_depth: DEPTH,
            max_nodes: NODES,
        },
        merge_keys: serde_saphyr::MergeKeyPolicy::Error,
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::Error,
        strict_booleans: true,
        reject_unsupported_tags: true,
        reject_tagged_field_names: true,
        no_schema: true,
        with_snippet: false,
    }
}

fn load_error(error: &YamlError) -> LoadError {
    let error = error.without_snippet();
    let at = error.location().map_or(Place::default(), |location| Place {
        line: location.line(),
        column: location.column(),
    });
    let words = |words: &[&'static str]| words.iter().map(|word| (*word).to_owned()).collect();
    let value = |reason: String| LoadError::Value { at, reason };
    let yaml = |reason: &str| LoadError::Yaml { at, reason: reason.to_owned() };
    match error {
        YamlError::SerdeUnknownField { field, expected, .. } => {
            LoadError::UnknownKey { at, key: field.clone(), wanted: words(expected) }
        }
        YamlError::SerdeUnknownVariant { variant, expected, .. } => {
            LoadError::UnknownValue { at, found: variant.clone(), wanted: words(expected) }
        }
        YamlError::SerdeMissingField { field, .. } => {
            LoadError::MissingKey { at, key: (*field).to_owned() }
        }
        YamlError::DuplicateMappingKey { key, .. } => {
            LoadError::DuplicateKey { at, key: key.clone().unwrap_or_default() }
        }
        YamlError::SerdeInvalidType { unexpected, expected, .. }
        | YamlError::SerdeInvalidValue { unexpected, expected, .. } => {
            value(format!("found {}, wanted {}", plain(unexpected), plain(expected)))
        }
        YamlError::QuotingRequired { value: found, .. } if found != NULL => {
            value(format!("found {found} without quotes, wanted text: write \"{found}\""))
        }
        YamlError::QuotingRequired { .. } | YamlError::NullIntoString { .. } => {
            value("found no value, wanted one".to_owned())
        }
        YamlError::InvalidBooleanStrict { .. } => value("wanted true or false".to_owned()),
        YamlError::InvalidScalar { .. } => value("wanted a whole number".to_owned()),
        YamlError::Unexpected { expected, .. } => {
            value(format!("wanted a {}", expected.trim_end_matches(" start")))
        }
        YamlError::ExternallyTaggedEnumExpectedScalarOrMapping { .. } => {
            value("wanted one word, or one key with its value".to_owned())
        }
        YamlError::ExpectedMappingEndAfterEnumVariantValue { .. } => {
            value("found a second key, wanted one only".to_owned())
        }
        YamlError::Message { msg, .. } => value(msg.clone()),
        YamlError::UnknownAnchor { .. } => yaml("found an alias (*name), wanted none"),
        YamlError::MergeKeyNotAllowed { .. } => yaml("found a merge key (<<), wanted none"),
        YamlError::UnsupportedTag { tag, .. } => yaml(&format!("found the tag {tag}, wanted none")),
        YamlError::Budget { breach, .. } => yaml(&budget(breach)),
        other => yaml(&without_place(&other.to_string())),
    }
}

fn budget(breach: &serde_saphyr::budget::BudgetBreach) -> String {
    use serde_saphyr::budget::BudgetBreach;
    match breach {
        BudgetBreach::Anchors { .. } => "found an anchor (&name), wanted none".to_owned(),
        BudgetBreach::Aliases { .. } => "found an alias (*name), wanted none".to_owned(),
        BudgetBreach::Documents { .. } => "found a second document, wanted one".to_owned(),
        BudgetBreach::Depth { .. } => {
            format!("found more than {DEPTH} levels, wanted at most that")
        }
        BudgetBreach::Nodes { .. } => {
            format!("found more than {NODES} values, wanted at most that")
        }
        other => format!("a limit was reached: {other:?}"),
    }
}

/// The words of serde for types, in words for people.
fn plain(words: &str) -> &str {
    match words {
        "unit value" => "no value",
        words if words.starts_with("a nonzero") => "a whole number above 0",
        "u64" | "u8" => "a whole number",
        other => other,
    }
}

/// The parser's first line, without the place that is reported beside it.
fn without_place(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.rfind(" at line ").map_or(line, |end| &line[..end]).to_owned()
}

/// How the parser reports a value that is not there.
const NULL: &str = "~";
const API_VERSION: &str = "chainsign.dev/v1";
const START: Place = Place { line: 1, column: 1 };

/// A policy for a large company has some hundred authorities and exceptions: far below this.
const BYTES: usize = 1 << 20;
const DEPTH: usize = 32;
const NODES: usize = 50_000;
