//! What must be true of a container image.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Denied, Digest, Glob, OneOrMany, Opt, PlatformName, Required, Text};

/// What must be true of the container image that the artifact is, on every platform that it is for.
/// All of it is read from the image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Image {
    /// When these rules apply. Always, if left out: an artifact that is no image fails.
    #[serde(default)]
    pub(crate) when: Opt<ImageCondition>,
    /// The platforms that it must be for, and no other: linux/amd64.
    #[serde(default)]
    pub(crate) platforms: Opt<At<OneOrMany<PlatformName>>>,
    /// As whom it runs.
    #[serde(default)]
    pub(crate) user: Opt<User>,
    /// The program and the arguments that always come first, word by word.
    #[serde(default)]
    pub(crate) entrypoint: Opt<Vec<String>>,
    /// The arguments, or the program, unless others are given, word by word.
    #[serde(default)]
    pub(crate) command: Opt<Vec<String>>,
    /// The variables that it sets.
    #[serde(default)]
    pub(crate) environment: Opt<At<Environment>>,
    /// The image that it must say it was built on, in an annotation of its manifest or in a label.
    #[serde(default)]
    pub(crate) base: Opt<At<Base>>,
    /// Whether it may have a shell: a file that can be run and has the name of one.
    #[serde(default)]
    pub(crate) shell: Opt<Denied>,
    /// Whether it may have a program that installs packages, told likewise.
    #[serde(default)]
    pub(crate) package_manager: Opt<Denied>,
    /// Whether it may have files that give rights to whoever runs them: set-user-ID, set-group-ID,
    /// capabilities.
    #[serde(default)]
    pub(crate) elevated_files: Opt<Denied>,
    /// Whether it must have certificates of authorities where Go looks for them.
    #[serde(default)]
    pub(crate) ca_certificates: Opt<Required>,
    /// Labels that it must have, with their values.
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, At<Text>>,
    /// Annotations that its manifest must have, with their values.
    #[serde(default)]
    pub(crate) annotations: BTreeMap<String, At<Text>>,
}

/// When the image rules apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ImageCondition {
    /// To images. What is certainly none is skipped.
    Image,
}

/// As whom an image runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum User {
    /// As a number that is not 0. A name is an error: which number it stands for is decided when the
    /// image runs.
    NonRoot,
}

/// The variables that an image sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Environment {
    /// Names that it must not set: `*` is any text.
    #[serde(default)]
    pub(crate) forbid: Vec<At<Glob>>,
    /// Values that no variable must have.
    #[serde(default)]
    pub(crate) forbid_values: Vec<At<Text>>,
    /// Variables that it must set, with their values.
    #[serde(default)]
    pub(crate) values: BTreeMap<String, At<Text>>,
}

/// The image that an image was built on. Where both are written, both must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Base {
    /// Its digest: one of these.
    #[serde(default)]
    pub(crate) digests: Vec<Digest>,
    /// Its name as it is written there: one of these. `*` is anything without a slash, `**` anything.
    #[serde(default)]
    pub(crate) names: Vec<At<Glob>>,
}
