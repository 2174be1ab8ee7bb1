//! What must be true of a Go binary.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use super::{At, Glob, GoVersion, Name, OneOrMany, Opt, Required};

/// What must be true of the Go binary that the artifact is, or of every Go binary in the archive or
/// image that it is. All of it is read from the binaries.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Go {
    /// When these rules apply. Always, if left out: an artifact that is not a Go binary fails.
    #[serde(default)]
    pub(crate) when: Opt<GoCondition>,
    /// The paths of the Go programs in an archive or image: these and no other, each at least once.
    /// `*` is anything without a slash, `**` anything.
    #[serde(default)]
    pub(crate) programs: Opt<At<OneOrMany<Glob>>>,
    /// The oldest Go release that may have built it.
    #[serde(default)]
    pub(crate) min_version: Opt<GoVersion>,
    /// Build settings that Go recorded, with their values: "-trimpath", CGO_ENABLED, vcs.modified
    /// and the like.
    #[serde(default)]
    pub(crate) settings: BTreeMap<String, At<SettingValue>>,
    /// Whether modules may have been replaced.
    #[serde(default)]
    pub(crate) replace: Opt<Replace>,
    /// Whether it may need a loader or libraries.
    #[serde(default, rename = "static")]
    pub(crate) static_linking: Opt<Static>,
    /// How it must be protected, as its headers show.
    #[serde(default)]
    pub(crate) hardening: Opt<At<Hardening>>,
    /// Whether everything else in the binary that names modules must agree with its build
    /// information: the function table, and the runtime's copy. What build information hides is
    /// found by it.
    #[serde(default)]
    pub(crate) records: Opt<Records>,
    /// How its modules must compare with those of an SBOM.
    #[serde(default)]
    pub(crate) modules: Opt<ModulesJoin>,
    /// Which SBOM must list every Go program by its digest: those in an archive or image, or the one
    /// that the artifact is.
    #[serde(default)]
    pub(crate) listed: Opt<ListedJoin>,
    /// With what its version control stamp must agree.
    #[serde(default)]
    pub(crate) commit: Opt<CommitJoin>,
    /// Which parameters of the build, as a provenance names them, Go must have recorded.
    #[serde(default)]
    pub(crate) parameters: Opt<At<ParametersJoin>>,
}

/// When the Go rules apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum GoCondition {
    /// To Go binaries, to archives and images with one in it, and to everything of which that cannot
    /// be told (packed, malformed). What is certainly no Go binary and has none in it is skipped.
    GoBinary,
}

/// The value of a build setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SettingValue(pub(crate) String);

impl<'de> Deserialize<'de> for SettingValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visit)
    }
}

struct Visit;

impl Visitor<'_> for Visit {
    type Value = SettingValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, a whole number, or text in quotes")
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<SettingValue, E> {
        Ok(SettingValue(text.to_owned()))
    }
    fn visit_bool<E: de::Error>(self, value: bool) -> Result<SettingValue, E> {
        Ok(SettingValue(value.to_string()))
    }
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<SettingValue, E> {
        Ok(SettingValue(value.to_string()))
    }
    fn visit_i64<E: de::Error>(self, value: i64) -> Result<SettingValue, E> {
        Ok(SettingValue(value.to_string()))
    }
}

impl JsonSchema for SettingValue {
    fn schema_name() -> Cow<'static, str> {
        "SettingValue".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The value as Go records it. Numbers with a point need quotes.",
            "type": ["string", "boolean", "integer"],
        })
    }
}

/// Whether modules may have been replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Replace {
    /// No module of the binary may come from a `replace` directive.
    Deny,
}

/// Whether the binary may need a loader or libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Static {
    /// It needs neither a program loader nor a shared library.
    Require,
}

/// How the binary must be protected, as its headers show. What a format cannot say is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Hardening {
    /// It can be loaded at any address.
    #[serde(default)]
    pub(crate) pie: Opt<Required>,
    /// It has no symbol table and no debug information.
    #[serde(default)]
    pub(crate) stripped: Opt<Required>,
    /// How much relocated data is read-only after start-up (ELF).
    #[serde(default)]
    pub(crate) relro: Opt<MinRelro>,
    /// Symbols are bound at start-up (ELF).
    #[serde(default)]
    pub(crate) bind_now: Opt<Required>,
    /// It does not ask for an executable stack.
    #[serde(default)]
    pub(crate) executable_stack: Opt<Denied>,
}

/// How much relocated data is read-only after start-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum MinRelro {
    /// All but the table of lazily bound functions.
    Partial,
    /// All of it.
    Full,
}

/// Something that must not be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Denied {
    Deny,
}

/// Whether the records in a binary must agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Records {
    Agree,
}

/// How the binary's modules must compare with those of an SBOM: path, version and sum. Of an archive
/// or image every Go binary is compared, with what the SBOM says of it where that is told apart.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ModulesJoin {
    /// The SBOM of this attestation lists the same modules.
    Equal(At<Name>),
    /// The SBOM of this attestation lists at least these modules, as one of an image or of a
    /// source tree does.
    Covers(At<Name>),
}

/// Which SBOM must list every Go program by its digest.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListedJoin {
    /// The attestation with the SBOM.
    pub(crate) sbom: At<Name>,
}

/// Which parameters of the build, as a provenance names them, Go must have recorded.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ParametersJoin {
    /// The attestation with the provenance.
    pub(crate) of: At<Name>,
    /// Build settings that Go recorded, each with the parameter whose value it must have.
    pub(crate) settings: BTreeMap<String, At<Parameter>>,
}

/// A parameter of a build: a name, or a JSON pointer such as /inputs/goos.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Parameter {
    /// One that whoever started the build chose.
    External(String),
    /// One that the builder chose.
    Internal(String),
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::External(name) => write!(f, "external parameter {name}"),
            Self::Internal(name) => write!(f, "internal parameter {name}"),
        }
    }
}

/// With what the binary's version control stamp must agree.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CommitJoin {
    /// The provenance attestation whose commit it must be.
    pub(crate) equals: At<Name>,
}
