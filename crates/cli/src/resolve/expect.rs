//! `verify --source-uri`

use chainsign_core::identity::{IdentityMatcher, TextMatcher};
use chainsign_slsa::Error;
use chainsign_slsa::expect::{Expectations, ExpectedTag};
use chainsign_slsa::source::Repository;

use super::verify::demand_of;
use crate::commands::verify::{Decide, DemandedSigner, ProvenanceDemand};
use crate::failure::Failure;
use crate::flags::expect::ExpectFlags;
use crate::flags::shared::SignerFlags;

/// What decides, where `--source-uri` was given.
///
/// # Errors
/// `bad-flag` for values that are none, and for flags that name another signer than a workflow on GitHub.
pub(super) fn decide(flags: ExpectFlags, signer: SignerFlags) -> Result<Option<Decide>, Failure> {
    let Some(source) = &flags.source_uri else { return Ok(None) };
    let mut expectations = Expectations::new(repository(source)?);
    expectations.tag = match (flags.source_tag, flags.source_versioned_tag) {
        (Some(tag), _) => Some(ExpectedTag::Exact(tag)),
        (None, Some(version)) => {
            let version = version.parse().map_err(bad("--source-versioned-tag"))?;
            Some(ExpectedTag::Version(version))
        }
        (None, None) => None,
    };
    expectations.branch = flags.source_branch;
    let builder = flags.builder_id.map(|id| id.parse().map_err(bad("--builder-id")));
    expectations.builder = builder.transpose()?;
    for (name, value) in flags.build_workflow_input {
        if expectations.inputs.insert(name.clone(), value).is_some() {
            let message = format!("--build-workflow-input: found {name} twice, wanted it once");
            return Err(Failure::undecided("bad-flag", message));
        }
    }
    let demand = demand_of(&signer, DemandedSigner::Identity(workflow(&signer)?));
    Ok(Some(Decide::Provenance(Box::new(ProvenanceDemand { demand, expectations }))))
}

fn repository(text: &str) -> Result<Repository, Failure> {
    let repository: Repository = text.parse().map_err(bad("--source-uri"))?;
    // The expectations of a build on GitHub are known, and no others.
    match repository
        .as_str()
        .strip_prefix("https://github.com/")
        .map(|path| path.split('/').count())
    {
        Some(2) => Ok(repository),
        _ => {
            let message =
                format!("--source-uri: found {repository}, wanted a repository on github.com");
            Err(Failure::undecided("bad-flag", message).hint(
                "for builds elsewhere write a policy: `attestations.….slsa` takes any producer's provenance",
            ))
        }
    }
}

/// Any workflow on GitHub: which one it may be is among the expectations.
fn workflow(signer: &SignerFlags) -> Result<IdentityMatcher, Failure> {
    let others = [
        signer.key.is_some(),
        signer.certificate_identity.is_some(),
        signer.certificate_identity_regexp.is_some(),
        signer.certificate_oidc_issuer_regexp.is_some(),
        signer.certificate_github_workflow_trigger.is_some(),
        signer.certificate_github_workflow_sha.is_some(),
        signer.certificate_github_workflow_name.is_some(),
        signer.certificate_github_workflow_repository.is_some(),
        signer.certificate_github_workflow_ref.is_some(),
    ];
    if others.contains(&true) {
        let message = "found --source-uri together with flags that say who must have signed";
        return Err(Failure::undecided("bad-flag", message)
            .hint("name the workflow that may have built it with --builder-id"));
    }
    let issuer = signer.certificate_oidc_issuer.clone().unwrap_or_else(|| ISSUER.to_owned());
    let subject = SUBJECT.parse().map_err(|error: chainsign_core::Error| {
        Failure::because("bad-flag", "the subject of a workflow", &error)
    })?;
    Ok(IdentityMatcher {
        subject: TextMatcher::Pattern(subject),
        issuer: TextMatcher::Exact(issuer),
    })
}

fn bad(flag: &'static str) -> impl Fn(Error) -> Failure {
    move |error| Failure::because("bad-flag", flag, &error)
}

/// slsa-verifier `verifiers/internal/gha/builder.go`.
const ISSUER: &str = "https://token.actions.githubusercontent.com";
const SUBJECT: &str = r"https://github\.com/.+@.+";
