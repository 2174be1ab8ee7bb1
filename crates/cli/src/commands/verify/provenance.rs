//! Provenance that must be as expected, without a policy.

use chainsign_slsa::expect::{Expectations, SigningWorkflow};
use chainsign_slsa::{BuilderId, Source};
use chainsign_verify::VerifiedBundle;

use crate::failure::Failure;

/// How an artifact was built, by provenance that is as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// Who built it.
    pub builder: BuilderId,
    /// From what.
    pub source: Source,
}

/// The bundle holds provenance of a build that is as expected, signed by a workflow that may say so.
///
/// # Errors
/// `wrong-type` for anything but provenance; `malformed-evidence` for provenance that cannot be read; the reason
/// of the first expectation that is not met.
pub(super) fn says(expected: &Expectations, bundle: &VerifiedBundle) -> Result<Built, Failure> {
    let Some(statement) = bundle.statement() else {
        let message = "found a signature over the file itself, wanted SLSA provenance";
        return Err(Failure::no("wrong-type", message));
    };
    let provenance = chainsign_slsa::read(statement).map_err(|error| match error {
        chainsign_slsa::Error::PredicateType { .. } => Failure::no("wrong-type", error.to_string()),
        error => Failure::no("malformed-evidence", error.to_string()),
    })?;
    let checked = expected.check(&workflow(bundle), &provenance);
    let hint = |failure: Failure| {
        match failure.reason.as_str() {
        "untrusted-builder" => failure.hint(
            "if this workflow may build it, name it with --builder-id; a policy takes any workflow at any ref",
        ),
        _ => failure,
    }
    };
    match checked {
        Ok(builder) => Ok(Built { builder, source: provenance.source }),
        Err(error) => Err(hint(Failure::no(error.reason(), error.to_string()))),
    }
}

/// What the certificate says: the subject, and the repository whose workflow was started. Older certificates
/// name that as OWNER/REPO.
fn workflow(bundle: &VerifiedBundle) -> SigningWorkflow {
    let Some(identity) = bundle.identity() else { return SigningWorkflow::new("a key", None) };
    let extensions = &identity.extensions;
    let older = extensions.github_workflow_repository.as_ref();
    let older = older.map(|path| format!("https://github.com/{path}"));
    let uri = extensions.source_repository_uri.clone();
    let repository = match (uri, older) {
        // Two that differ are none.
        (Some(uri), Some(older)) if uri != older => None,
        (uri, older) => uri.or(older),
    };
    let repository = repository.and_then(|repository| repository.parse().ok());
    SigningWorkflow::new(identity.subject.as_str(), repository)
}
