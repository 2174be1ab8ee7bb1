//! What tokens say.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::request::{GithubWorkflow, TokenRequest, TokenSubject};

/// The claims of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) sub: String,
    pub(crate) iat: i64,
    pub(crate) nbf: i64,
    pub(crate) exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nonce: Option<String>,
    #[serde(flatten)]
    pub(crate) email: Option<EmailClaims>,
    #[serde(flatten)]
    pub(crate) github: Option<GithubClaims>,
}

/// The claims of a person's token, as Dex issues them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EmailClaims {
    pub(crate) email: String,
    pub(crate) email_verified: bool,
    pub(crate) federated_claims: FederatedClaims,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FederatedClaims {
    connector_id: String,
    user_id: String,
}

/// The claims of a GitHub Actions token
/// (docs.github.com, "OpenID Connect reference", "OIDC token claims"). All are text there too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GithubClaims {
    pub(crate) actor: String,
    pub(crate) actor_id: String,
    pub(crate) base_ref: String,
    pub(crate) event_name: String,
    pub(crate) head_ref: String,
    pub(crate) job_workflow_ref: String,
    pub(crate) job_workflow_sha: String,
    pub(crate) jti: String,
    #[serde(rename = "ref")]
    pub(crate) reference: String,
    pub(crate) ref_protected: String,
    pub(crate) ref_type: String,
    pub(crate) repository: String,
    pub(crate) repository_id: String,
    pub(crate) repository_owner: String,
    pub(crate) repository_owner_id: String,
    pub(crate) repository_visibility: String,
    pub(crate) run_attempt: String,
    pub(crate) run_id: String,
    pub(crate) run_number: String,
    pub(crate) runner_environment: String,
    pub(crate) sha: String,
    pub(crate) workflow: String,
    pub(crate) workflow_ref: String,
    pub(crate) workflow_sha: String,
}

impl Claims {
    /// The claims asked for, valid from now on.
    pub(super) fn new(
        request: &TokenRequest,
        nonce: Option<&str>,
        issuer: &str,
        now: Timestamp,
    ) -> Self {
        let now = now.as_second();
        let (sub, email, github) = match &request.subject {
            TokenSubject::Email(address) => {
                (address.clone(), Some(email_claims(address, issuer)), None)
            }
            TokenSubject::GithubWorkflow(workflow) => {
                let GithubWorkflow { caller, .. } = workflow.as_ref();
                let sub = format!("repo:{}:ref:{}", caller.repository, caller.reference);
                (sub, None, Some(github_claims(workflow)))
            }
        };
        Claims {
            iss: issuer.to_owned(),
            aud: request.audience.clone(),
            sub,
            iat: now,
            nbf: now,
            exp: now.saturating_add(request.lifetime.as_secs()),
            nonce: nonce.map(str::to_owned),
            email,
            github,
        }
    }
}

fn email_claims(address: &str, issuer: &str) -> EmailClaims {
    let connector_id = issuer.to_owned();
    let federated_claims = FederatedClaims { connector_id, user_id: address.to_owned() };
    EmailClaims { email: address.to_owned(), email_verified: true, federated_claims }
}

fn github_claims(workflow: &GithubWorkflow) -> GithubClaims {
    let GithubWorkflow { job, caller, commit, event } = workflow;
    let path = caller.whole.strip_prefix(&caller.repository).unwrap_or_default();
    let path = path.trim_start_matches('/').split('@').next().unwrap_or_default();
    let own_workflow = job.repository == caller.repository;
    GithubClaims {
        actor: caller.owner.clone(),
        actor_id: number_for(&caller.owner),
        base_ref: String::new(),
        event_name: event.clone(),
        head_ref: String::new(),
        job_workflow_ref: job.whole.clone(),
        job_workflow_sha: if own_workflow { commit.clone() } else { commit_for(&job.whole) },
        jti: commit_for(&format!("{workflow:?}")),
        reference: caller.reference.clone(),
        ref_protected: "false".to_owned(),
        ref_type: if caller.reference.starts_with("refs/tags/") { "tag" } else { "branch" }.into(),
        repository: caller.repository.clone(),
        repository_id: number_for(&caller.repository),
        repository_owner: caller.owner.clone(),
        repository_owner_id: number_for(&caller.owner),
        repository_visibility: "public".to_owned(),
        run_attempt: "1".to_owned(),
        run_id: "1".to_owned(),
        run_number: "1".to_owned(),
        runner_environment: "github-hosted".to_owned(),
        sha: commit.clone(),
        // The name of a workflow that has none is its path.
        workflow: path.to_owned(),
        workflow_ref: caller.whole.clone(),
        workflow_sha: commit.clone(),
    }
}

/// A number that stands for a name: always the same one.
fn number_for(name: &str) -> String {
    let digest = chainsign_core::digest::ArtifactDigest::sha256(name.as_bytes());
    let number = digest.bytes().iter().take(4).fold(0u64, |n, byte| n << 8 | u64::from(*byte));
    number.to_string()
}

/// A commit that stands for a name: always the same one.
fn commit_for(name: &str) -> String {
    chainsign_core::digest::ArtifactDigest::sha256(name.as_bytes()).hex()[..40].to_owned()
}
