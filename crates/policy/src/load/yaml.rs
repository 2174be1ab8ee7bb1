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
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8], kind: &'static str) -> Result<T, LoadError> {
    if bytes.len() > BYTES {
        return Err(LoadError::TooLarge { found: bytes.len(), limit: BYTES });
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| LoadError::NotUtf8 { at: error.valid_up_to() })?;
    header(text, kind)?;
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| load_error(&error))
}

/// Looks at `apiVersion` and `kind` first: a file for another program would otherwise be met with
/// a complaint about its keys.
fn header(text: &str, kind: &'static str) -> Result<(), LoadError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Header {
        api_version: Option<String>,
        kind: Option<String>,
    }
    let header: Header =
        serde_saphyr::from_str_with_options(text, options()).map_err(|error| load_error(&error))?;
    let same = |key, found: Option<String>, wanted: &'static str| match found {
        Some(found) if found == wanted => Ok(()),
        Some(found) => Err(LoadError::OtherDocument { key, found, wanted }),
        None => Err(LoadError::MissingKey { at: START, key: key.to_owned() }),
    };
    same("apiVersion", header.api_version, API_VERSION)?;
    same("kind", header.kind, kind)
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
            LoadError::Value { at, reason: format!("found {unexpected}, wanted {expected}") }
        }
        YamlError::QuotingRequired { value, .. } => LoadError::Value {
            at,
            reason: format!("found {value} without quotes, wanted text: write \"{value}\""),
        },
        YamlError::NullIntoString { .. } => {
            LoadError::Value { at, reason: "found no value, wanted text".to_owned() }
        }
        YamlError::Message { msg, .. } => LoadError::Value { at, reason: msg.clone() },
        YamlError::Budget { breach, .. } => LoadError::Yaml { at, reason: budget(breach) },
        other => LoadError::Yaml { at, reason: first_line(&other.to_string()) },
    }
}

fn budget(breach: &serde_saphyr::budget::BudgetBreach) -> String {
    use serde_saphyr::budget::BudgetBreach;
    match breach {
        BudgetBreach::Anchors { .. } => "found an anchor (&name), wanted none".to_owned(),
        BudgetBreach::Aliases { .. } => "found an alias (*name), wanted none".to_owned(),
        other => format!("a limit was reached: {other:?}"),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

const API_VERSION: &str = "chainsign.dev/v1";
const START: Place = Place { line: 1, column: 1 };

/// A policy for a large company has some hundred authorities and exceptions: far below this.
const BYTES: usize = 1 << 20;
const DEPTH: usize = 32;
const NODES: usize = 50_000;
