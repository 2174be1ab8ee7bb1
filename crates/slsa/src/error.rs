use chainsign_core::predicate::PredicateType;

use crate::StampedCommit;
use crate::ci::{Ci, Origin};
use crate::source::GitCommit;

/// Why provenance could not be written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The statement is about something else.
    #[error("predicate type is {found}, wanted {wanted}")]
    PredicateType {
        /// The predicate type found.
        found: PredicateType,
        /// The ones that could have been read.
        wanted: &'static str,
    },
    /// The predicate is not shaped as its version says.
    #[error("{what} is not valid: {reason} (line {line}, column {column} of it)")]
    Shape {
        /// Which part of the predicate.
        what: &'static str,
        /// The parser's words.
        reason: String,
        /// Line within that part, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// A required value is not there, or is null or empty, which is the same.
    #[error("found no {what}, wanted one")]
    Missing {
        /// Which value.
        what: &'static str,
    },
    /// The result of a verification is neither of the two that there are.
    #[error("verification result is {found:?}, wanted PASSED or FAILED")]
    VerificationResult {
        /// The text found, at most 80 characters of it.
        found: String,
    },
    /// A text is not something that was verified of an artifact.
    #[error(
        "not a verified level: found {found:?}, wanted for example SLSA_BUILD_LEVEL_3, or a value that \
         does not begin with SLSA_"
    )]
    VerifiedLevel {
        /// The text found, at most 80 characters of it.
        found: String,
    },
    /// A value that must be a JSON object is not.
    #[error("{what} is not an object")]
    NotAnObject {
        /// Which value.
        what: &'static str,
    },
    /// A time is not an RFC 3339 timestamp.
    #[error("{what} is not a timestamp: found {found:?}, wanted for example 2026-11-20T10:00:00Z")]
    Time {
        /// Which time.
        what: &'static str,
        /// The text found, at most 80 characters of it.
        found: String,
    },
    /// A bound of [`Limits`](crate::Limits) was reached.
    #[error("{what}: found more than {limit}, wanted at most that")]
    LimitReached {
        /// What was counted.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
    /// The document names two values for one thing, so that two readers could believe two things.
    #[error("found two values for {what}: {first:?} and {second:?}, wanted one")]
    Ambiguous {
        /// What it is.
        what: &'static str,
        /// One value.
        first: String,
        /// The other.
        second: String,
    },
    /// A value that must be an absolute URI is not.
    #[error("{what} is not an absolute URI: found {found:?}")]
    Uri {
        /// Which value.
        what: &'static str,
        /// The text found.
        found: String,
    },
    /// A text does not name a repository.
    #[error("not the URI of a repository: {reason}")]
    Repository {
        /// What was found and what was wanted. Never contains user names or passwords.
        reason: String,
    },
    /// A text is not a commit id.
    #[error("not a git commit: found {found:?}, wanted 40 or 64 lower-case hexadecimal digits")]
    Commit {
        /// The text found, at most 80 characters of it.
        found: String,
    },
    /// A text is not the name of a git ref.
    #[error(
        "not a git ref: found {found:?}, wanted for example refs/heads/main or refs/tags/v1.2.3"
    )]
    Ref {
        /// The text found, at most 80 characters of it.
        found: String,
    },
    /// A text is not the start of a semantic version.
    #[error("not a version: found {found:?}, wanted vX, vX.Y or vX.Y.Z")]
    Version {
        /// The text found, at most 80 characters of it.
        found: String,
    },
    /// The binary was built from another commit than the one that was stated.
    #[error("the binary was built from {stamped}, but the commit stated is {stated}")]
    CommitMismatch {
        /// The commit that the caller stated.
        stated: GitCommit,
        /// What the binary says.
        stamped: StampedCommit,
    },
    /// Two binaries of one build say that they were built from different commits.
    #[error("the binaries were built from different commits: {first} and {second}")]
    StampsDiffer {
        /// What one binary says.
        first: StampedCommit,
        /// What another one says.
        second: StampedCommit,
    },
    /// Two binaries of one build contain the same module version with different contents.
    #[error("the binaries have different contents for {module}: {first} and {second}")]
    ModuleSumsDiffer {
        /// The module's package URL.
        module: String,
        /// One sum.
        first: String,
        /// The other.
        second: String,
    },
    /// A parameter has a name that the generator fills itself.
    #[error("{parameters} must not have {name:?}: it is filled from the other facts")]
    ReservedParameter {
        /// `externalParameters` or `internalParameters`.
        parameters: &'static str,
        /// The name.
        name: String,
    },
    /// The environment is that of two CI systems.
    #[error("found {first} and {second} at once, wanted one")]
    SeveralCis {
        /// One.
        first: Ci,
        /// The other.
        second: Ci,
    },
    /// The CI system does not say what its build type must have.
    #[error("{ci} does not say the {what}{}", places(*.claim, *.variable))]
    NotSaid {
        /// The system.
        ci: Ci,
        /// What is missing.
        what: &'static str,
        /// The claim that would say it.
        claim: Option<&'static str>,
        /// The variable that would say it.
        variable: Option<&'static str>,
    },
    /// A claim or variable cannot be what it is for.
    #[error("the {origin} cannot be used: {reason}")]
    Value {
        /// Which one.
        origin: Origin,
        /// What was found and what was wanted. Never contains user names or passwords.
        reason: String,
    },
    /// A build type was stated for a CI system that has its own.
    #[error("{ci} has the build type {wanted}, found another")]
    FixedBuildType {
        /// The system.
        ci: Ci,
        /// Its build type.
        wanted: &'static str,
    },
    /// A variable was named that is not in the environment.
    #[error("the variable {name} is not set, or empty")]
    VariableUnset {
        /// The variable.
        name: String,
    },
    /// A name that no subject can have.
    #[error("not a name for a subject: found {found:?}, wanted some without control characters")]
    SubjectName {
        /// The name, at most 80 characters of it.
        found: String,
    },
    /// A name stands for two subjects.
    #[error("two subjects are named {name:?}, wanted one for each name")]
    SubjectTwice {
        /// The name.
        name: String,
    },
    /// More subjects than one statement may have.
    #[error("found more than {limit} subjects for one statement")]
    TooManySubjects {
        /// The bound: [`Subjects::MOST`](crate::subjects::Subjects::MOST).
        limit: usize,
    },
    /// A statement was asked for that is about nothing.
    #[error("found no subject, wanted at least one")]
    NoSubjects,
    /// A text is not a name with a digest.
    #[error("not a name with a digest: found {found:?}, wanted {wanted}")]
    NamedDigest {
        /// The text, at most 160 characters of it.
        found: String,
        /// What was wanted.
        wanted: &'static str,
    },
    /// A file is not GoReleaser's list of artifacts, or the list lacks something.
    #[error("GoReleaser's list of artifacts cannot be used: {reason}")]
    Artifacts {
        /// What was found and what was wanted.
        reason: String,
    },
    /// Variables were named for a build type that has no parameter for them.
    #[error("the build type of {ci} has no place for variables")]
    NoVariables {
        /// The system.
        ci: Ci,
    },
}

/// Where a value was looked for.
fn places(claim: Option<&str>, variable: Option<&str>) -> String {
    match (claim, variable) {
        (Some(claim), Some(variable)) => {
            format!(": found neither the claim {claim} nor the variable {variable}")
        }
        (Some(claim), None) => format!(": found no claim {claim}"),
        (None, Some(variable)) => format!(": found no variable {variable}"),
        (None, None) => String::new(),
    }
}

impl Error {
    pub(crate) fn shape(what: &'static str, error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let reason = text.rfind(" at line ").map_or(text.as_str(), |end| &text[..end]);
        let reason = reason.to_owned();
        Error::Shape { what, reason, line: error.line(), column: error.column() }
    }
}
