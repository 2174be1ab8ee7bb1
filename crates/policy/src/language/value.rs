//! Small values, each with one spelling.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::str::FromStr;

use chainsign_artifact::image::{Platform, PlatformError};
use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_core::predicate::PredicateType;
use chainsign_gosbom::GoRelease;
use jiff::{SignedDuration, Timestamp};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use crate::error::Place;

/// A value with its place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) at: Place,
}

impl<T> Deref for At<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Default> Default for At<T> {
    fn default() -> Self {
        At { value: T::default(), at: Place::default() }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = serde_saphyr::Spanned::<T>::deserialize(deserializer)?;
        let at = Place { line: spanned.referenced.line(), column: spanned.referenced.column() };
        Ok(At { value: spanned.value, at })
    }
}

/// A key that need not be written; written, it needs a value.
///
/// `Option` would read `key:` without a value as "not written", so that a rule somebody meant to
/// fill in would silently not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opt<T>(pub(crate) Option<T>);

impl<T> Default for Opt<T> {
    fn default() -> Self {
        Opt(None)
    }
}

impl<T> Deref for Opt<T> {
    type Target = Option<T>;
    fn deref(&self) -> &Option<T> {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Opt<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(|value| Opt(Some(value)))
    }
}

/// One value, or a list of at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OneOrMany<T>(pub(crate) Vec<T>);

impl<T> Deref for OneOrMany<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Values<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Values<T> {
            type Value = OneOrMany<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name, or a list of names")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                let one = T::deserialize(de::value::StrDeserializer::<E>::new(text))?;
                Ok(OneOrMany(vec![one]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element()? {
                    values.push(value);
                }
                if values.is_empty() {
                    return Err(de::Error::custom("found an empty list, wanted at least one name"));
                }
                Ok(OneOrMany(values))
            }
        }
        deserializer.deserialize_any(Values(PhantomData))
    }
}

/// Values that are text: how they are parsed, and what the schema says about them.
macro_rules! text_values {
    ($($(#[doc = $doc:literal])* $name:ident($inner:ty) = $parse:expr, $schema:tt;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) struct $name(pub(crate) $inner);

        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                let parse: fn(&str) -> Result<$inner, String> = $parse;
                parse(text).map($name)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

text_values! {
    /// The name of an authority, a root, an attestation or a policy.
    Name(String) = name, {
        "description": "Letters, digits, `-` and `_`; starts with a letter or a digit; at most 63.",
        "type": "string",
        "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$",
    };

    /// A moment, RFC 3339.
    Time(Timestamp) = |text| {
        let wrong = |_| format!("found {text:?}, wanted a time such as 2027-06-30T00:00:00Z");
        text.parse().map_err(wrong)
    }, {
        "description": "A moment, such as 2027-06-30T00:00:00Z.",
        "type": "string",
        "format": "date-time",
    };

    /// A length of time.
    Age(SignedDuration) = age, {
        "description": "A length of time: a number and `s`, `m`, `h`, `d` or `w`, such as 30d.",
        "type": "string",
        "pattern": "^[1-9][0-9]{0,8}[smhdw]$",
    };

    /// A digest with its algorithm.
    Digest(ArtifactDigest) = |text| text.parse().map_err(|error: chainsign_core::Error| error.to_string()), {
        "description": "A digest such as sha256:… in lower-case hexadecimal.",
        "type": "string",
        "pattern": "^(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$",
    };

    /// The id of a log.
    LogIdHex([u8; 32]) = |text| {
        let wrong = || format!("found {text:?}, wanted 64 lower-case hexadecimal digits");
        let bytes = chainsign_core::encoding::hex_decode("value", text).map_err(|_| wrong())?;
        bytes.try_into().map_err(|_| wrong())
    }, {
        "description": "The id of a log as 64 lower-case hexadecimal digits.",
        "type": "string",
        "pattern": "^[0-9a-f]{64}$",
    };

    /// A SHA-256 digest without its algorithm's name.
    Sha256(ArtifactDigest) = |text| {
        let wrong = |_| format!("found {text:?}, wanted 64 lower-case hexadecimal digits");
        ArtifactDigest::from_hex(DigestAlgorithm::Sha256, text).map_err(wrong)
    }, {
        "description": "A SHA-256 digest as 64 lower-case hexadecimal digits.",
        "type": "string",
        "pattern": "^[0-9a-f]{64}$",
    };

    /// A glob over names.
    Glob(chainsign_core::glob::Glob) = str::parse, {
        "description": "A glob: `*` is anything without a slash, `**` anything, `{name}` captures one \
                        segment.",
        "type": "string",
        "minLength": 1,
        "maxLength": 512,
    };

    /// A package, without a version.
    PackageUrl(crate::purl::Purl) = |text| {
        let purl: crate::purl::Purl = text.parse()?;
        match purl.version() {
            None => Ok(purl),
            Some(version) => Err(format!("found version {version} in {text:?}, wanted it in `versions`")),
        }
    }, {
        "description": "A package URL without a version, such as pkg:golang/github.com/evil/pkg.",
        "type": "string",
        "pattern": "^pkg:[^@]+$",
    };

    /// A range of versions.
    Versions(crate::version::VersionRange) = str::parse, {
        "description": "Comparisons that must all hold, such as \">=1.2.0, <1.4.2\".",
        "type": "string",
        "pattern": "^\\s*(<|>|<=|>=|=)[^,]+(,\\s*(<|>|<=|>=|=)[^,]+)*$",
    };

    /// The type of a predicate.
    Predicate(PredicateType) = |text| {
        PredicateType::from_alias_or_uri(text).map_err(|error| error.to_string())
    }, {
        "description": "A predicate type: an absolute URI, or a short name as cosign has them \
                        (slsaprovenance1, cyclonedx, spdxjson, vuln, openvex, …).",
        "type": "string",
        "minLength": 1,
    };

    /// What a verifier found out about an artifact.
    VerifiedLevel(chainsign_slsa::vsa::Property) = |text| {
        text.parse().map_err(|error: chainsign_slsa::Error| error.to_string())
    }, {
        "description": "What a verifier found out: a level of SLSA such as SLSA_BUILD_LEVEL_3, a property of \
                        SLSA, or a value of the verifier's own that does not begin with SLSA_.",
        "type": "string",
        "minLength": 1,
    };

    /// What an image runs on.
    PlatformName(Platform) = |text| text.parse().map_err(|error: PlatformError| error.to_string()), {
        "description": "A platform in Go's words: linux/amd64, linux/arm/v7.",
        "type": "string",
        "pattern": "^[a-z0-9.-]+/[a-z0-9.-]+(/[a-z0-9.-]+)?$",
    };

    /// A Go release.
    GoVersion(GoRelease) = |text| {
        let wrong = || format!("found {text:?}, wanted a Go release such as \"1.25\" or \"1.25.3\"");
        GoRelease::parse(text).ok_or_else(wrong)
    }, {
        "description": "A Go release such as \"1.25\" or \"1.25.3\", in quotes.",
        "type": "string",
        "pattern": "^(go)?[0-9]+(\\.[0-9]+)?(\\.[0-9]+|rc[0-9]+|beta[0-9]+)?$",
    };
}

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&spoken(self.0))
    }
}

/// A length of time in the largest unit up to days that says it exactly.
pub(crate) fn spoken(duration: SignedDuration) -> String {
    let seconds = duration.as_secs();
    let (_, unit, seconds_of_unit) =
        UNITS[1..].iter().find(|(_, _, of)| seconds != 0 && seconds % of == 0).unwrap_or(&UNITS[4]);
    format!("{}{unit}", seconds / seconds_of_unit)
}

fn name(text: &str) -> Result<String, String> {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if starts && text.len() <= 63 && text.chars().all(inner) {
        return Ok(text.to_owned());
    }
    let shown: String = text.chars().take(80).collect();
    Err(format!(
        "found {shown:?}, wanted a name of at most 63 letters, digits, `-` and `_` that starts \
         with a letter or a digit"
    ))
}

fn age(text: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("found {text:?}, wanted a length of time such as 30d, 12h or 90m");
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let (_, _, seconds) = UNITS.into_iter().find(|(c, _, _)| *c == unit).ok_or_else(wrong)?;
    let digits = &text[..text.len() - unit.len_utf8()];
    let canonical = !digits.starts_with('0')
        && (1..=9).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    let count: i64 = if canonical { digits.parse().map_err(|_| wrong())? } else { 0 };
    match count.checked_mul(seconds) {
        Some(seconds) if seconds > 0 => Ok(SignedDuration::from_secs(seconds)),
        _ => Err(wrong()),
    }
}

/// Largest first.
const UNITS: [(char, &str, i64); 5] =
    [('w', "w", 604_800), ('d', "d", 86_400), ('h', "h", 3_600), ('m', "m", 60), ('s', "s", 1)];

/// Wrappers that leave no trace in the schema.
macro_rules! transparent_schema {
    ($($name:ident)*) => {$(
        impl<T: JsonSchema> JsonSchema for $name<T> {
            fn inline_schema() -> bool {
                T::inline_schema()
            }
            fn schema_name() -> Cow<'static, str> {
                T::schema_name()
            }
            fn schema_id() -> Cow<'static, str> {
                T::schema_id()
            }
            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                T::json_schema(generator)
            }
        }
    )*};
}

transparent_schema! { At Opt }

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({
            "anyOf": [one, {"type": "array", "items": one, "minItems": 1}],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_one_spelling() {
        let of = |text: &str| text.parse::<Age>().map(|age| age.0.as_secs());
        assert_eq!(of("30d"), Ok(2_592_000));
        assert_eq!(of("2w"), Ok(1_209_600));
        assert_eq!(of("5m").map(|_| "5m".parse::<Age>().unwrap().to_string()), Ok("5m".to_owned()));
        for wrong in ["", "d", "0d", "030d", "30", "30 d", "-1d", "1y", "9999999999w", "1.5h"] {
            let wanted =
                format!("found {wrong:?}, wanted a length of time such as 30d, 12h or 90m");
            assert_eq!(of(wrong), Err(wanted));
        }
    }

    #[test]
    fn names_are_short_and_plain() {
        assert!("github-release_2".parse::<Name>().is_ok());
        for wrong in ["", "-a", "a b", "a.b", "ä", &"a".repeat(64)] {
            let error = wrong.parse::<Name>().unwrap_err();
            assert!(error.contains("wanted a name of at most 63"), "{error}");
        }
    }
}
