//! What is expected of a build on GitHub Actions, in slsa-verifier's words and with its meaning.
//!
//! `slsa-verifier verify-artifact --source-uri … --source-tag … --builder-id …`: what it refuses is
//! refused here, in the same order (github.com/slsa-framework/slsa-verifier `verifiers/internal/gha`: `builder.go`,
//! `provenance.go`). Where this is stricter, [`Expectations::check`] says so. Whether the signature is good, and whether
//! the provenance is about the artifact, has been found out before.

mod builder;
mod context;

use std::collections::BTreeMap;

use crate::source::{GitRef, Repository, VersionPrefix};
use crate::{BuilderId, Producer, Provenance};

pub use builder::{BuilderReference, SigningWorkflow};

use builder::Trusted;
use context::Context;

/// What a build is expected to be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expectations {
    /// The repository on github.com whose workflow was started, and whose source was built.
    pub source: Repository,
    /// The branch that was built, or, for a tag, the branch that GitHub's event names.
    pub branch: Option<String>,
    /// The tag that was built.
    pub tag: Option<ExpectedTag>,
    /// Who built it; one of the builders of slsa-github-generator, if `None`.
    pub builder: Option<BuilderReference>,
    /// What whoever started the workflow by hand entered.
    pub inputs: BTreeMap<String, String>,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedTag {
    /// This one.
    Exact(String),
    /// A version of this series.
    Version(VersionPrefix),
}

/// What is not as expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unexpected {
    /// The signer is no workflow on GitHub.
    #[error("found the signer {found}, wanted a workflow on https://github.com at a ref")]
    Signer {
        /// The signer.
        found: String,
    },
    /// The workflow that signed is not one that is trusted.
    #[error("found the workflow {found}, wanted {wanted}")]
    Workflow {
        /// The workflow.
        found: String,
        /// The one wanted, or those that are trusted if none is named.
        wanted: String,
    },
    /// The workflow that signed is not a release of the builder.
    #[error("found the builder at {found}, wanted it at a tag vX.Y.Z")]
    BuilderRef {
        /// The ref.
        found: String,
    },
    /// The provenance names another builder than the one that signed, or that is wanted.
    #[error("found the builder {found}, wanted {wanted}")]
    Builder {
        /// The builder that the provenance names.
        found: String,
        /// The one wanted.
        wanted: String,
    },
    /// The kind of build is not one whose parameters are known.
    #[error("found the build type {found}, wanted one of slsa-github-generator's or GitHub's own")]
    BuildType {
        /// The build type.
        found: String,
    },
    /// A place that names the source names another one.
    #[error("found {found} as {what}, wanted {wanted}")]
    Source {
        /// The place.
        what: &'static str,
        /// The source there.
        found: String,
        /// The one wanted.
        wanted: String,
    },
    /// It was built from another branch.
    #[error("found the branch {found}, wanted {wanted}")]
    Branch {
        /// The branch.
        found: String,
        /// The one wanted.
        wanted: String,
    },
    /// It was built from another tag.
    #[error("found the tag {found}, wanted {wanted}")]
    Tag {
        /// The tag.
        found: String,
        /// The one wanted.
        wanted: String,
    },
    /// The workflow was started with another input.
    #[error("found {found:?} as the input {name}, wanted {wanted:?}")]
    Input {
        /// The input's name.
        name: String,
        /// Its value.
        found: String,
        /// The one wanted.
        wanted: String,
    },
    /// The provenance does not say what is asked for.
    #[error("the provenance does not say {what}")]
    NotSaid {
        /// What.
        what: String,
    },
}

impl Unexpected {
    /// Which expectation was not met, as a stable word.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Signer { .. } | Self::Workflow { .. } | Self::BuilderRef { .. } => {
                "untrusted-builder"
            }
            Self::Builder { .. } => "other-builder",
            Self::BuildType { .. } => "unknown-build-type",
            Self::Source { .. } => "other-source",
            Self::Branch { .. } => "other-branch",
            Self::Tag { .. } => "other-tag",
            Self::Input { .. } => "other-input",
            Self::NotSaid { .. } => "not-said",
        }
    }
}

impl Expectations {
    /// Nothing but the source.
    pub fn new(source: Repository) -> Self {
        Expectations { source, branch: None, tag: None, builder: None, inputs: BTreeMap::new() }
    }

    /// Holds a verified provenance and the workflow that signed it against all expectations, and gives back
    /// who built it.
    ///
    /// Stricter than slsa-verifier: the tag that GitHub's event names must be the ref that was built; builders
    /// of JReleaser, whose tags carry a language, are refused.
    ///
    /// # Errors
    /// The first expectation that is not met.
    pub fn check(
        &self,
        signer: &SigningWorkflow,
        provenance: &Provenance,
    ) -> Result<BuilderId, Unexpected> {
        let trusted = builder::trusted(signer, self.builder.as_ref())?;
        self.repository("the repository of the certificate", signer.repository.as_ref())?;
        known(provenance, &trusted)?;
        let builder = builder::named(provenance, signer, &trusted, self.builder.as_ref())?;
        let context = Context::of(provenance, &trusted)?;
        self.source(provenance, &context)?;
        self.branch(&context)?;
        self.tag(&context)?;
        self.inputs(&context)?;
        Ok(builder)
    }

    /// The workflow that was started and the source that was built are of one repository, and of one ref
    /// where both say one.
    fn source(&self, provenance: &Provenance, context: &Context<'_>) -> Result<(), Unexpected> {
        let (repository, triggered) = &context.trigger;
        self.repository("the repository of the workflow", Some(repository))?;
        let built = provenance.dependencies.first().and_then(|first| first.source());
        self.repository("the first dependency", built.as_ref().map(|built| &built.repository))?;
        match (built.and_then(|built| built.reference), context.may_build_other_ref) {
            (Some(reference), _) if reference == *triggered => Ok(()),
            // Such a builder may commit as part of a release.
            (None, true) => Ok(()),
            (found, _) => Err(Unexpected::Source {
                what: "the ref of the first dependency",
                found: found.map_or_else(|| "none".to_owned(), |it| it.to_string()),
                wanted: triggered.to_string(),
            }),
        }
    }

    fn repository(&self, what: &'static str, found: Option<&Repository>) -> Result<(), Unexpected> {
        if found == Some(&self.source) {
            return Ok(());
        }
        Err(Unexpected::Source {
            what,
            found: found.map_or_else(|| "nothing".to_owned(), ToString::to_string),
            wanted: self.source.to_string(),
        })
    }

    fn branch(&self, context: &Context<'_>) -> Result<(), Unexpected> {
        let Some(wanted) = &self.branch else { return Ok(()) };
        let found = context.branch()?;
        match found.branch() {
            Some(branch) if branch == wanted => Ok(()),
            _ => Err(Unexpected::Branch { found: found.to_string(), wanted: wanted.clone() }),
        }
    }

    fn tag(&self, context: &Context<'_>) -> Result<(), Unexpected> {
        let Some(wanted) = &self.tag else { return Ok(()) };
        let found = context.tag()?;
        let (good, wanted) = match wanted {
            ExpectedTag::Exact(wanted) => (found.tag() == Some(wanted), wanted.clone()),
            ExpectedTag::Version(wanted) => {
                (found.tag().is_some_and(|tag| wanted.contains(tag)), wanted.to_string())
            }
        };
        match good {
            true => Ok(()),
            false => Err(Unexpected::Tag { found: found.to_string(), wanted }),
        }
    }

    fn inputs(&self, context: &Context<'_>) -> Result<(), Unexpected> {
        for (name, wanted) in &self.inputs {
            let found = context.input(name)?;
            if found != wanted {
                let (name, found) = (name.clone(), found.to_owned());
                return Err(Unexpected::Input { name, found, wanted: wanted.clone() });
            }
        }
        Ok(())
    }
}

/// Only of these kinds of build is it known who chooses what. GitHub's own is that of any workflow: it is
/// believed of one that is named.
fn known(provenance: &Provenance, trusted: &Trusted) -> Result<(), Unexpected> {
    match (provenance.producer(), trusted) {
        (Producer::SlsaGitHubGenerator, _) | (Producer::GitHubActions, Trusted::Named) => Ok(()),
        _ => {
            let found = provenance.build_type.as_ref();
            let found = found.map_or_else(|| "none".to_owned(), ToString::to_string);
            Err(Unexpected::BuildType { found })
        }
    }
}

fn not_said(what: impl Into<String>) -> Unexpected {
    Unexpected::NotSaid { what: what.into() }
}

/// A ref in a text of the provenance.
fn reference(what: &str, text: &str) -> Result<GitRef, Unexpected> {
    text.parse().map_err(|_| not_said(what))
}
