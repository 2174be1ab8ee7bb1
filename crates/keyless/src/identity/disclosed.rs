use chainsign_core::identity::{FulcioExtensions, Issuer, SubjectAlternativeName};

use super::{IdentityToken, TokenClaims};
use crate::Error;

/// What a certificate for a token would make public, by Fulcio's own configuration.
///
/// It follows from the token's claims (fulcio `pkg/identity/*/principal.go`,
/// `config/identity/config.yaml` and `docs/oid-info.md`). An authority that is configured otherwise
/// may say something else: what counts is the certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disclosed {
    /// Who; `None` where the authority's configuration alone decides it.
    pub subject: Option<SubjectAlternativeName>,
    /// Who says so: the token's issuer, or the one behind it that it names.
    pub issuer: Issuer,
    /// What else.
    pub extensions: FulcioExtensions,
    /// Whether that is all.
    pub coverage: Coverage,
}

/// Whether everything that a certificate would say is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// It is.
    Complete,
    /// The authority's configuration for this issuer may add to it.
    Partial,
}

impl IdentityToken {
    /// What a certificate for this token would make public. Nobody is asked.
    ///
    /// # Errors
    /// [`Error::TokenMalformed`] for claims that are no strict JSON.
    pub fn disclosed(&self) -> Result<Disclosed, Error> {
        let claims = TokenClaims::of(self)?;
        let text = |name: &str| claims.text(name);
        let uri = |uri: String| Some(SubjectAlternativeName::Uri(uri));
        let (subject, extensions, coverage) = if let Some(email) = text("email") {
            let subject = Some(SubjectAlternativeName::Email(email));
            (subject, FulcioExtensions::default(), Coverage::Complete)
        } else if let Some(workflow) = text("job_workflow_ref") {
            (uri(format!("{GITHUB}/{workflow}")), github(&text), Coverage::Complete)
        } else if let Some(config) = text("ci_config_ref_uri") {
            (uri(format!("https://{config}")), gitlab(&text), Coverage::Complete)
        } else {
            let (subject, coverage) = match self.exact_subject() {
                Some(subject) if subject.starts_with("https://buildkite.com/") => {
                    (uri(subject), Coverage::Partial)
                }
                Some(subject) => (uri(subject), Coverage::Complete),
                None => (None, Coverage::Partial),
            };
            (subject, FulcioExtensions::default(), coverage)
        };
        let extensions = FulcioExtensions { token_subject: text("sub"), ..extensions };
        Ok(Disclosed { subject, issuer: self.upstream_issuer(), extensions, coverage })
    }
}

fn github(text: &dyn Fn(&str) -> Option<String>) -> FulcioExtensions {
    let below = |name: &str| text(name).map(|path| format!("{GITHUB}/{path}"));
    let run = || {
        let (repository, run) = (below("repository")?, text("run_id")?);
        Some(format!("{repository}/actions/runs/{run}/attempts/{}", text("run_attempt")?))
    };
    FulcioExtensions {
        github_workflow_trigger: text("event_name"),
        github_workflow_sha: text("sha"),
        github_workflow_name: text("workflow"),
        github_workflow_repository: text("repository"),
        github_workflow_ref: text("ref"),
        build_signer_uri: below("job_workflow_ref"),
        build_signer_digest: text("job_workflow_sha"),
        runner_environment: text("runner_environment"),
        source_repository_uri: below("repository"),
        source_repository_digest: text("sha"),
        source_repository_ref: text("ref"),
        source_repository_identifier: text("repository_id"),
        source_repository_owner_uri: below("repository_owner"),
        source_repository_owner_identifier: text("repository_owner_id"),
        build_config_uri: below("workflow_ref"),
        build_config_digest: text("workflow_sha"),
        build_trigger: text("event_name"),
        run_invocation_uri: run(),
        source_repository_visibility_at_signing: text("repository_visibility"),
        deployment_environment: text("environment"),
        ..FulcioExtensions::default()
    }
}

fn gitlab(text: &dyn Fn(&str) -> Option<String>) -> FulcioExtensions {
    let below = |name: &str| text(name).map(|path| format!("{GITLAB}/{path}"));
    let config = || text("ci_config_ref_uri").map(|config| format!("https://{config}"));
    let reference = || {
        let kind = if text("ref_type")? == "branch" { "heads" } else { "tags" };
        Some(format!("refs/{kind}/{}", text("ref")?))
    };
    let job = || Some(format!("{}/-/jobs/{}", below("project_path")?, text("job_id")?));
    FulcioExtensions {
        build_signer_uri: config(),
        build_signer_digest: text("ci_config_sha"),
        runner_environment: text("runner_environment"),
        source_repository_uri: below("project_path"),
        source_repository_digest: text("sha"),
        source_repository_ref: reference(),
        source_repository_identifier: text("project_id"),
        source_repository_owner_uri: below("namespace_path"),
        source_repository_owner_identifier: text("namespace_id"),
        build_config_uri: config(),
        build_config_digest: text("ci_config_sha"),
        build_trigger: text("pipeline_source"),
        run_invocation_uri: job(),
        source_repository_visibility_at_signing: text("project_visibility"),
        deployment_environment: text("environment"),
        ..FulcioExtensions::default()
    }
}

const GITHUB: &str = "https://github.com";
const GITLAB: &str = "https://gitlab.com";
