//! Text that is wanted, as a policy writes it.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};

/// A text, or `{pattern: REGULAR EXPRESSION}` for the whole text. `{name}` in it stands for what
/// `match` captured.
///
/// [`crate::load`] makes a [`TextMatch`](crate::model::TextMatch) of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    Exact(String),
    Pattern(String),
}

impl Text {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Exact(text) | Self::Pattern(text) => text,
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visit)
    }
}

struct Visit;

impl<'de> Visitor<'de> for Visit {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text in quotes, or `pattern:` with a regular expression")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
        if text.is_empty() {
            return Err(E::custom("found an empty text, wanted the text to match"));
        }
        Ok(Text::Exact(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Text, A::Error> {
        let written = Written::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(Text::Pattern(written.pattern))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    pattern: String,
}

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The exact text, or `pattern` with a regular expression for the whole \
                            text. {name} stands for what `match` captured under that name.",
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
