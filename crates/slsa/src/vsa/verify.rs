//! "How to verify" of the specification, step by step.

use chainsign_core::digest::{ArtifactDigests, DigestMatch};
use chainsign_core::identity::TextMatcher;
use chainsign_core::predicate::{PredicateType, VSA};
use chainsign_core::statement::Statement;

use super::{Outcome, Property, Summary, VerifiedLevels, read};
use crate::Error;

/// What came of verifying the signature over a summary, which somebody else does: this crate checks no
/// signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    /// It is by the signer of [`Expected`], under a root of trust that was configured beforehand.
    Expected,
    /// It is not, for this reason.
    Other(String),
}

/// What a consumer expects of a summary. One pair of signer and verifier: a signer who may speak for
/// one verifier must not be believed about another.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The artifact: its digests, and those of the image in it, each set alone.
    pub artifact: &'a [&'a ArtifactDigests],
    /// The verifier for which that signer speaks.
    pub verifier: &'a TextMatcher,
    /// As what the artifact is to be used.
    pub resource_uri: &'a TextMatcher,
    /// Everything that must have been verified.
    pub levels: &'a [Property],
}

/// The step of "How to verify" that a summary did not pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// Step 1: nobody signed it who may.
    #[error("{reason}")]
    Signature {
        /// Why.
        reason: String,
    },
    /// Step 2: it is about another artifact.
    #[error("found a summary of {found}, wanted one of {wanted}")]
    Subject {
        /// The digests of its subjects, or how many there are.
        found: String,
        /// The digests of the artifact.
        wanted: String,
    },
    /// Step 3: it is no summary.
    #[error("found a statement of type {found}, wanted {VSA}")]
    PredicateType {
        /// The type.
        found: PredicateType,
    },
    /// It is one, and does not say what the following steps look at.
    #[error(transparent)]
    Unreadable(#[from] Error),
    /// Step 4: it is by a verifier for which the signer may not speak.
    #[error("found a summary by the verifier {found}, wanted {wanted}")]
    Verifier {
        /// The verifier.
        found: String,
        /// The one wanted.
        wanted: String,
    },
    /// Step 5: the artifact was verified as something else.
    #[error("found a summary of the resource {found}, wanted {wanted}")]
    Resource {
        /// The resource.
        found: String,
        /// The one wanted.
        wanted: String,
    },
    /// Step 6: it says that verification failed.
    #[error("found a summary that says FAILED, wanted PASSED")]
    Failed,
    /// Step 7: less was verified than is wanted.
    #[error("found {found}, wanted {wanted}")]
    Levels {
        /// What was verified.
        found: VerifiedLevels,
        /// The first property that is wanted and not among it.
        wanted: Property,
    },
}

impl StepError {
    /// The step's number in the specification. What cannot be read is found out between the third and
    /// the fourth.
    pub fn step(&self) -> u8 {
        match self {
            Self::Signature { .. } => 1,
            Self::Subject { .. } => 2,
            Self::PredicateType { .. } | Self::Unreadable(_) => 3,
            Self::Verifier { .. } => 4,
            Self::Resource { .. } => 5,
            Self::Failed => 6,
            Self::Levels { .. } => 7,
        }
    }
}

/// Holds a statement against what is expected, by the seven steps of
/// <https://slsa.dev/spec/v1.2/verification_summary#how-to-verify>.
///
/// On success the summary is one of this artifact, as this resource, passed, by this verifier, with all
/// of these levels. Its policy, age and inputs are not looked at: that is the specification's optional
/// step, which is the caller's.
///
/// # Errors
/// The first step that is not passed.
pub fn verify(
    signature: &Signature,
    statement: &Statement,
    expected: &Expected<'_>,
) -> Result<Summary, StepError> {
    signed(signature)?; // 1
    about(statement, expected.artifact)?; // 2
    is_summary(statement)?; // 3
    let summary = read(statement)?;
    by_verifier(&summary, expected.verifier)?; // 4
    of_resource(&summary, expected.resource_uri)?; // 5
    let levels = passed(&summary)?; // 6
    at_levels(levels, expected.levels)?; // 7
    Ok(summary)
}

fn signed(signature: &Signature) -> Result<(), StepError> {
    match signature {
        Signature::Expected => Ok(()),
        Signature::Other(reason) => Err(StepError::Signature { reason: reason.clone() }),
    }
}

/// Any subject will do. One that agrees in one digest and disagrees in another is none.
fn about(statement: &Statement, artifact: &[&ArtifactDigests]) -> Result<(), StepError> {
    let is_artifact = |stated: &ArtifactDigests| {
        artifact.iter().any(|known| matches!(stated.compare(known), DigestMatch::Match(_)))
    };
    let stated = statement.subject.iter().filter_map(|subject| subject.digest.acceptable().ok());
    if stated.clone().any(|stated| is_artifact(&stated)) {
        return Ok(());
    }
    let listed = |sets: &mut dyn Iterator<Item = &ArtifactDigests>| {
        let texts: Vec<_> = sets.flatten().map(ToString::to_string).collect();
        texts.join(", ")
    };
    let found = match statement.subject.len() {
        1 => listed(&mut stated.collect::<Vec<_>>().iter()),
        more => format!("{more} other artifacts"),
    };
    Err(StepError::Subject { found, wanted: listed(&mut artifact.iter().copied()) })
}

fn is_summary(statement: &Statement) -> Result<(), StepError> {
    match statement.predicate_type == VSA {
        true => Ok(()),
        false => Err(StepError::PredicateType { found: statement.predicate_type.clone() }),
    }
}

fn by_verifier(summary: &Summary, wanted: &TextMatcher) -> Result<(), StepError> {
    let found = summary.verifier.as_str();
    match wanted.matches(found) {
        true => Ok(()),
        false => Err(StepError::Verifier { found: found.to_owned(), wanted: wanted.to_string() }),
    }
}

fn of_resource(summary: &Summary, wanted: &TextMatcher) -> Result<(), StepError> {
    let found = &summary.resource_uri;
    match wanted.matches(found) {
        true => Ok(()),
        false => Err(StepError::Resource { found: found.clone(), wanted: wanted.to_string() }),
    }
}

fn passed(summary: &Summary) -> Result<&VerifiedLevels, StepError> {
    match &summary.outcome {
        Outcome::Passed(levels) => Ok(levels),
        Outcome::Failed => Err(StepError::Failed),
    }
}

fn at_levels(found: &VerifiedLevels, wanted: &[Property]) -> Result<(), StepError> {
    match wanted.iter().find(|wanted| !found.show(wanted)) {
        None => Ok(()),
        Some(missing) => Err(StepError::Levels { found: found.clone(), wanted: missing.clone() }),
    }
}
