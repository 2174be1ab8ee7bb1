//! `provenance`: what is known about a build, and what its binaries say.

pub mod subjects;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use chainsign_gosbom::{BuildInfo, Depth};
use chainsign_keyless::Options;
use chainsign_keyless::identity::{TokenClaims, TokenSource};
use chainsign_slsa::ci::{self, Ci, Described, Field, Look, Origin, Stated};
use chainsign_slsa::{BuildFacts, Error, OnCommitMismatch, Predicate, generate};
use jiff::Timestamp;

use self::subjects::{PassedOver, SubjectsRequest};
use super::sign::service_failure;
use super::{artifact, sbom};
use crate::failure::Failure;

/// Provenance to make.
#[derive(Debug)]
pub struct ProvenanceRequest {
    /// The CI system that is asked.
    pub ci: Ci,
    /// What it says in the environment: the variables of its description, and those that are
    /// named in `stated`.
    pub environment: BTreeMap<String, String>,
    /// Where an identity token is to be had whose claims say more.
    pub token: Option<TokenSource>,
    /// What the caller states.
    pub stated: Stated,
    /// Go binaries to take the stamp from.
    pub binaries: Vec<PathBuf>,
    /// What to do when a binary names another commit.
    pub on_mismatch: OnCommitMismatch,
    /// What it is about. Without any a predicate is made, else a statement.
    pub subjects: SubjectsRequest,
}

/// Provenance, and where its values are from.
#[derive(Debug)]
pub struct Made {
    /// The predicate or the statement: JSON with a line end.
    pub document: Vec<u8>,
    /// The CI system that was asked.
    pub ci: Ci,
    /// Whether the claims of a token were read.
    pub token: TokenRead,
    /// Where each value is from.
    pub fields: Vec<Field>,
    /// The commits that the stated one overrides: who says so, and which.
    pub overridden: Vec<(&'static str, String)>,
    /// What GoReleaser lists that is no subject.
    pub passed_over: PassedOver,
}

/// Whether the claims of a token were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRead {
    /// They were.
    Yes,
    /// There is no token, and the CI system gives none that would say anything.
    NotOffered,
    /// There is no token, though the CI system can give one.
    Missing,
}

/// Makes an SLSA v1 predicate, or a statement with it.
///
/// A token service is asked only where the request names one; the claims of its token are read, not
/// verified.
///
/// # Errors
/// `commit-mismatch` (exit 1) when a binary says another commit than the CI system;
/// `digest-mismatch` (exit 1) when a file is not what GoReleaser made; `not-said` when the CI
/// system does not say what its build type needs; `bad-environment` and `bad-identity-token` for
/// values that cannot be used; `bad-flag`, `bad-subjects`; as [`artifact::open`] and
/// [`sbom::go_binary`]; when a token service must be asked also as signing.
pub async fn provenance(request: &ProvenanceRequest) -> Result<Made, Failure> {
    let claims = match &request.token {
        Some(source) => Some(read_claims(source).await?),
        None => None,
    };
    let described = describe(request, claims.as_ref())?;
    let predicate = predicate(&described.facts, &request.binaries, request.on_mismatch)?;
    let (document, passed_over) = match request.subjects.is_empty() {
        true => {
            (predicate.to_json().map_err(|error| fault(&error))?.get().into(), PassedOver::new())
        }
        false => {
            let (subjects, passed_over) = request.subjects.collect()?;
            let statement = subjects.statement(&predicate).map_err(|error| fault(&error))?;
            let json = statement.to_json().map_err(|error| {
                Failure::because("bad-flag", "the statement cannot be written", &error)
            })?;
            (json, passed_over)
        }
    };
    let token = match (&claims, request.ci.claims().is_empty()) {
        (Some(_), _) => TokenRead::Yes,
        (None, true) => TokenRead::NotOffered,
        (None, false) => TokenRead::Missing,
    };
    Ok(Made {
        document: [document, b"\n".to_vec()].concat(),
        ci: request.ci,
        token,
        fields: described.explain(&predicate),
        overridden: overridden(&predicate),
        passed_over,
    })
}

/// The predicate of these facts and Go binaries.
///
/// # Errors
/// As [`provenance`].
pub fn predicate(
    facts: &BuildFacts,
    binaries: &[PathBuf],
    on_mismatch: OnCommitMismatch,
) -> Result<Predicate, Failure> {
    let mut contents = Vec::new();
    for path in binaries {
        let artifact = artifact::open(path)?;
        contents.push((artifact.name().to_owned(), sbom::content(&artifact, Depth::BuildInfo)?));
    }
    let mut infos: Vec<&BuildInfo> = Vec::new();
    for (name, content) in &contents {
        infos.extend(sbom::go_binary(name, content)?.slices.iter().map(|slice| &slice.build_info));
    }
    generate(facts, &infos, on_mismatch).map_err(|error| fault(&error))
}

/// An error of the provenance crate with its exit code and advice.
pub fn fault(error: &Error) -> Failure {
    let message = error.to_string();
    match error {
        Error::CommitMismatch { stamped, .. } => Failure::no("commit-mismatch", message).hint(
            format!("build that commit; or, if {stamped} is right, say so: --source-commit names the commit, and what it overrides is recorded"),
        ),
        Error::SeveralCis { first, second } => Failure::undecided("several-cis", message)
            .hint(format!("say which one runs the build: --ci {} or --ci {}", first.name(), second.name())),
        Error::NotSaid { ci, what, .. } => Failure::undecided("not-said", message)
            .hint(missing(*ci, what)),
        Error::Value { origin: Origin::Claim(_), .. } => {
            Failure::undecided("bad-identity-token", message)
        }
        Error::Value { .. } | Error::VariableUnset { .. } => {
            Failure::undecided("bad-environment", message)
        }
        Error::FixedBuildType { .. } => Failure::undecided("bad-flag", message)
            .hint("leave --build-type out, or add --ci generic"),
        Error::NoVariables { .. } => Failure::undecided("bad-flag", message)
            .hint("state it: --parameter KEY=VALUE; a verifier has to allow it"),
        Error::SubjectTwice { .. } => Failure::undecided("bad-subjects", message)
            .hint("name each once; files of one name in several folders go into a checksum file"),
        Error::TooManySubjects { .. } => Failure::undecided("bad-subjects", message)
            .hint("make several statements: one is signed, logged and fetched as a whole"),
        Error::SubjectName { .. } | Error::NoSubjects | Error::Artifacts { .. } => {
            Failure::undecided("bad-subjects", message)
        }
        error => Failure::because("bad-flag", "the provenance cannot be written", error),
    }
}

/// What to do about a value that a CI system does not say.
fn missing(ci: Ci, what: &str) -> String {
    match (ci, what) {
        (Ci::CloudBuild, "builder id") => {
            "name it: --builder-id URI; a build without a trigger has no name of its own".to_owned()
        }
        (_, "builder id") => {
            "name it: --builder-id URI, by which your verifiers know this builder".to_owned()
        }
        (_, "repository with its host") => "state it: --source-uri URI".to_owned(),
        (_, "commit") => "state it: --source-commit COMMIT".to_owned(),
        (_, "ref") => "state it: --source-ref REF".to_owned(),
        (Ci::CloudBuild, _) => {
            "hand the substitutions to the step: `options: automapSubstitutions: true`".to_owned()
        }
        (ci, _) => format!(
            "is this a job of {ci}? Its variables must reach this command; or describe the build by hand: --ci generic"
        ),
    }
}

fn describe(
    request: &ProvenanceRequest,
    claims: Option<&TokenClaims>,
) -> Result<Described, Failure> {
    let environment = |name: &str| request.environment.get(name).cloned();
    let claims = claims.map(|claims| |name: &str| claims.text(name));
    let claims = claims.as_ref().map(|claims| claims as &Look<'_>);
    ci::describe(request.ci, &environment, claims, &request.stated).map_err(|error| fault(&error))
}

async fn read_claims(source: &TokenSource) -> Result<TokenClaims, Failure> {
    let claims = source.claims(&Options::default(), Arc::new(Timestamp::now)).await;
    claims.map_err(|error| service_failure(&error))
}

/// What `commitOverride` in the predicate says was not taken.
fn overridden(predicate: &Predicate) -> Vec<(&'static str, String)> {
    let parameters = &predicate.build_definition.internal_parameters;
    let Some(both) = parameters.get("commitOverride") else { return Vec::new() };
    let says = |(name, who): (&str, &'static str)| Some((who, both[name].as_str()?.to_owned()));
    [("stamped", "the binary"), ("reported", "the CI system")]
        .into_iter()
        .filter_map(says)
        .collect()
}
