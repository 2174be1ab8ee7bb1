//! Who built it: the workflow that signed, and the builder that the provenance names.

use std::fmt;
use std::str::FromStr;

use super::Unexpected;
use crate::source::{Repository, VersionPrefix};
use crate::{BuilderId, Error, Provenance};

/// A builder as slsa-verifier's `--builder-id` names it: a URI, with or without `@` and a version.
///
/// Without one any version will do. A version is a ref, or the tag alone: `@v2.1.0` is `@refs/tags/v2.1.0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuilderReference {
    name: String,
    version: Option<String>,
}

/// The workflow that signed, as its certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SigningWorkflow {
    /// The certificate's subject: `https://github.com/OWNER/REPO/.github/workflows/FILE@REF`.
    pub subject: String,
    /// The repository of the workflow that was started, which may have called the one that signed.
    pub repository: Option<Repository>,
}

impl SigningWorkflow {
    /// Puts together what a certificate says.
    pub fn new(subject: impl Into<String>, repository: Option<Repository>) -> Self {
        SigningWorkflow { subject: subject.into(), repository }
    }

    fn parts(&self) -> Result<(&str, &str), Unexpected> {
        let parts = self.subject.split_once('@');
        let good = |(name, _): &(&str, &str)| name.starts_with("https://github.com/");
        parts.filter(good).ok_or_else(|| Unexpected::Signer { found: self.subject.clone() })
    }
}

impl FromStr for BuilderReference {
    type Err = Error;

    /// # Errors
    /// [`Error::Uri`] for what is not a URI with at most one `@`, and something behind it.
    fn from_str(text: &str) -> Result<Self, Error> {
        crate::generate::absolute_uri("builder id", text)?;
        let wrong = || Error::Uri { what: "builder id", found: text.chars().take(80).collect() };
        let (name, version) = match text.split_once('@') {
            None => (text, None),
            Some((_, version)) if version.is_empty() || version.contains('@') => {
                return Err(wrong());
            }
            Some((name, version)) => (name, Some(version.to_owned())),
        };
        Ok(BuilderReference { name: name.to_owned(), version })
    }
}

impl fmt::Display for BuilderReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.version.as_ref().map_or(Ok(()), |version| write!(f, "@{version}"))
    }
}

impl BuilderReference {
    /// Whether a builder with this name at this ref is meant.
    fn is(&self, name: &str, reference: &str) -> bool {
        let tag = || reference.strip_prefix("refs/tags/");
        self.name == name
            && self.version.as_deref().is_none_or(|it| it == reference || Some(it) == tag())
    }
}

/// Why a workflow is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trusted {
    /// It is a builder of slsa-github-generator.
    Default,
    /// It is the one that is wanted.
    Named,
    /// It builds what another builder says, and names that one in the provenance.
    Delegator,
}

/// Whether the workflow that signed is one that may speak for a builder.
pub(super) fn trusted(
    signer: &SigningWorkflow,
    wanted: Option<&BuilderReference>,
) -> Result<Trusted, Unexpected> {
    let (name, reference) = signer.parts()?;
    let is_one_of =
        |files: &[&str]| name.strip_prefix(GENERATOR).is_some_and(|file| files.contains(&file));
    let trusted = match wanted {
        _ if is_one_of(&DELEGATORS) => Trusted::Delegator,
        None if is_one_of(&BUILDERS) => Trusted::Default,
        Some(wanted) if wanted.is(name, reference) => Trusted::Named,
        _ => {
            let of_generator = || format!("a builder under {GENERATOR}");
            let wanted = wanted.map_or_else(of_generator, ToString::to_string);
            return Err(Unexpected::Workflow { found: signer.subject.clone(), wanted });
        }
    };
    match is_release(reference) {
        true => Ok(trusted),
        false => Err(Unexpected::BuilderRef { found: reference.to_owned() }),
    }
}

/// Whether the provenance names the builder that may stand in it.
pub(super) fn named(
    provenance: &Provenance,
    signer: &SigningWorkflow,
    trusted: &Trusted,
    wanted: Option<&BuilderReference>,
) -> Result<BuilderId, Unexpected> {
    let found = provenance.builder_id.clone().ok_or_else(|| super::not_said("the builder"))?;
    let other = |wanted: String| Err(Unexpected::Builder { found: found.0.clone(), wanted });
    if *trusted != Trusted::Delegator {
        // Who signed is who built.
        return if found.0 == signer.subject { Ok(found) } else { other(signer.subject.clone()) };
    }
    let Some((name, reference)) = found.0.split_once('@') else {
        return other("a builder at a tag".to_owned());
    };
    if !is_release(reference) {
        return Err(Unexpected::BuilderRef { found: reference.to_owned() });
    }
    match wanted {
        Some(wanted) if wanted.is(name, reference) => Ok(found),
        Some(wanted) => other(wanted.to_string()),
        None if name.starts_with(GENERATOR) => Ok(found),
        None => other(format!("a builder under {GENERATOR}")),
    }
}

/// A tag of the form vX.Y.Z, without pre-release and build metadata.
fn is_release(reference: &str) -> bool {
    let Some(tag) = reference.strip_prefix("refs/tags/") else { return false };
    let whole = tag.parse::<VersionPrefix>().is_ok() && tag.split('.').count() == 3;
    whole && !tag.contains(['-', '+'])
}

/// slsa-verifier `verifiers/internal/gha/slsaprovenance/common/builders.go`.
const GENERATOR: &str =
    "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/";
const BUILDERS: [&str; 3] =
    ["generator_generic_slsa3.yml", "builder_go_slsa3.yml", "builder_container-based_slsa3.yml"];
const DELEGATORS: [&str; 2] =
    ["delegator_generic_slsa3.yml", "delegator_lowperms-generic_slsa3.yml"];
