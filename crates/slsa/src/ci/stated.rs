use jiff::Timestamp;
use serde_json::Value;

use crate::source::{GitCommit, GitRef, Repository};
use crate::{BuildType, BuilderId};

/// What the caller states. It goes before what the CI system says, and fills what it does not say.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Stated {
    /// Who ran the build.
    pub builder_id: Option<BuilderId>,
    /// The kind of build, where no CI system has one of its own.
    pub build_type: Option<BuildType>,
    /// The kind of build where neither a CI system nor the caller says it; if there is none,
    /// [`BuildType::GENERIC`].
    pub default_build_type: Option<BuildType>,
    /// The repository.
    pub repository: Option<Repository>,
    /// The branch or tag.
    pub reference: Option<GitRef>,
    /// The commit.
    pub commit: Option<GitCommit>,
    /// The run.
    pub invocation_id: Option<String>,
    /// When it began.
    pub started_on: Option<Timestamp>,
    /// When it ended.
    pub finished_on: Option<Timestamp>,
    /// Further external parameters.
    pub parameters: Vec<(String, Value)>,
    /// Variables of the environment that are external parameters of this build: those that
    /// whoever started it could set.
    pub variables: Vec<NamedVariable>,
}

/// A variable of the environment that the caller wants in the provenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedVariable {
    /// Its name.
    pub name: String,
    /// Whether its value may be seen.
    pub show: Show,
}

/// What of a variable goes into the provenance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Its value, unless name or value look like a secret.
    Value,
    /// Its name, and `[MASKED]` for its value, as GitLab writes it.
    Name,
}
