//! What a CI system says about the build that runs in it.
//!
//! Every system has a module that knows where its values are: in the claims of the job's identity
//! token, or in the environment. Both are handed in as lookups by name, so that only names that are
//! written down here are ever asked for; nothing is enumerated, and a secret beside them cannot get
//! into provenance.
//!
//! **What it is worth.** The environment belongs to the job: whoever wrote the steps can set it. The
//! claims of a token are the platform's own words, if the token is genuine. It is not verified
//! here, and need not be: whoever signs the provenance proves the same claims to the certificate
//! authority, which writes them into the certificate, and a policy holds the provenance against
//! that. So a claim goes before a variable, and where the two disagree the claim counts and
//! [`Field::overruled`] says so. What the caller states goes before both.

mod cloud_build;
mod detect;
mod field;
mod generic;
mod github;
mod gitlab;
mod jenkins;
mod lookup;
mod stated;
mod tekton;
mod variables;

use std::fmt;

pub use detect::detect;
pub use field::{Field, FieldKind, Origin, Overruled};
pub use stated::{NamedVariable, Show, Stated};

use crate::{BuildFacts, Error, Predicate};
use lookup::Lookup;

/// A kind of CI system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Ci {
    /// GitHub Actions.
    Github,
    /// GitLab CI/CD.
    Gitlab,
    /// Google Cloud Build.
    CloudBuild,
    /// Tekton Pipelines.
    Tekton,
    /// Jenkins.
    Jenkins,
    /// Any other: nothing is known but what is stated.
    Generic,
}

impl Ci {
    /// All of them.
    pub const ALL: [Ci; 6] =
        [Ci::Github, Ci::Gitlab, Ci::CloudBuild, Ci::Tekton, Ci::Jenkins, Ci::Generic];

    /// A word for it: `github`, `gitlab`, `cloud-build`, `tekton`, `jenkins`, `generic`.
    pub fn name(self) -> &'static str {
        match self {
            Ci::Github => "github",
            Ci::Gitlab => "gitlab",
            Ci::CloudBuild => "cloud-build",
            Ci::Tekton => "tekton",
            Ci::Jenkins => "jenkins",
            Ci::Generic => "generic",
        }
    }

    /// The environment variables that are asked for, beside those that
    /// [`Stated::variables`] names.
    pub fn variables(self) -> &'static [&'static str] {
        match self {
            Ci::Github => github::VARIABLES,
            Ci::Gitlab => gitlab::VARIABLES,
            Ci::CloudBuild => cloud_build::VARIABLES,
            Ci::Tekton => tekton::VARIABLES,
            Ci::Jenkins => jenkins::VARIABLES,
            Ci::Generic => &[],
        }
    }

    /// The claims of an identity token that are asked for.
    pub fn claims(self) -> &'static [&'static str] {
        match self {
            Ci::Github => github::CLAIMS,
            Ci::Gitlab => gitlab::CLAIMS,
            Ci::CloudBuild | Ci::Tekton | Ci::Jenkins | Ci::Generic => &[],
        }
    }
}

impl fmt::Display for Ci {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ci::Github => "GitHub Actions",
            Ci::Gitlab => "GitLab CI",
            Ci::CloudBuild => "Google Cloud Build",
            Ci::Tekton => "Tekton",
            Ci::Jenkins => "Jenkins",
            Ci::Generic => "what was stated",
        })
    }
}

/// Values by name: variables of an environment, or claims of a token. An empty value counts as
/// none.
pub type Look<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// A build as its CI system describes it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Described {
    /// The facts, for [`generate`](crate::generate).
    pub facts: BuildFacts,
    /// Where each of them is from.
    pub fields: Vec<Field>,
}

impl Described {
    /// Where every value of a predicate is from that was generated from these facts: the fields,
    /// and what the binaries said.
    pub fn explain(&self, predicate: &Predicate) -> Vec<Field> {
        field::with_binaries(&self.fields, predicate)
    }
}

/// Describes the build that runs in a job of this CI system.
///
/// `environment` and `claims` are asked for names in [`Ci::variables`] and [`Ci::claims`] only. The
/// build types and their fields are in the crate's documentation.
///
/// # Errors
/// [`Error::NotSaid`] when a value that the build type needs is nowhere; [`Error::Value`] when one
/// cannot be what it is for, is longer than 4,096 bytes, or has a password in it;
/// [`Error::VariableUnset`] when a variable is named that is not there; [`Error::FixedBuildType`] when another
/// build type is stated than the system's own; [`Error::ReservedParameter`] when a stated
/// parameter has the name of one of its fields; [`Error::NoVariables`] when variables are named and
/// the build type has no place for them.
pub fn describe(
    ci: Ci,
    environment: &Look<'_>,
    claims: Option<&Look<'_>>,
    stated: &Stated,
) -> Result<Described, Error> {
    let mut lookup = Lookup::new(ci, environment, claims, stated);
    let mut facts = match ci {
        Ci::Github => github::describe(&mut lookup),
        Ci::Gitlab => gitlab::describe(&mut lookup),
        Ci::CloudBuild => cloud_build::describe(&mut lookup),
        Ci::Tekton => tekton::describe(&mut lookup),
        Ci::Jenkins => jenkins::describe(&mut lookup),
        Ci::Generic => generic::describe(&mut lookup),
    }?;
    lookup.add_parameters(&mut facts)?;
    Ok(Described { facts, fields: lookup.into_fields() })
}
