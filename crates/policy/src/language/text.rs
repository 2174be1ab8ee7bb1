//! Text that is wanted: exactly, or by a pattern over the whole of it.

use std::borrow::Cow;
use std::fmt;

use chainsign_core::Error;
use chainsign_core::identity::{Pattern, TextMatcher};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};

/// A text, or `{pattern: REGULAR EXPRESSION}` for the whole text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextMatch(pub(crate) TextMatcher);

impl TextMatch {
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.0.matches(text)
    }
}

impl fmt::Display for TextMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for TextMatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visit)
    }
}

struct Visit;

impl<'de> Visitor<'de> for Visit {
    type Value = TextMatch;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text in quotes, or `pattern:` with a regular expression")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<TextMatch, E> {
        if text.is_empty() {
            return Err(E::custom("found an empty text, wanted the text to match"));
        }
        Ok(TextMatch(TextMatcher::Exact(text.to_owned())))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TextMatch, A::Error> {
        let written = Written::deserialize(de::value::MapAccessDeserializer::new(map))?;
        let pattern: Pattern = written.pattern.parse().map_err(|error: Error| {
            // The last line says what is wrong, those before draw it.
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            de::Error::custom(format!("found the pattern {:?}: {reason}", written.pattern))
        })?;
        Ok(TextMatch(TextMatcher::Pattern(pattern)))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    pattern: String,
}

impl JsonSchema for TextMatch {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The exact text, or `pattern` with a regular expression for the whole text.",
            "anyOf": [
                {"type": "string", "minLength": 1},
                {
                    "type": "object",
                    "properties": {"pattern": {"type": "string", "minLength": 1}},
                    "required": ["pattern"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}
