//! What a token is asked for.

use jiff::SignedDuration;

use crate::Error;

/// Which token to issue: for whom, for which audience, how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    pub(crate) subject: TokenSubject,
    pub(crate) audience: String,
    pub(crate) lifetime: SignedDuration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenSubject {
    Email(String),
    GithubWorkflow(Box<GithubWorkflow>),
}

impl TokenRequest {
    /// A token for a person. The address needs one `@`, a dotted domain, and printable ASCII
    /// without blanks; at most 254 characters.
    ///
    /// # Errors
    /// [`Error::Identity`].
    pub fn email(address: &str) -> Result<Self, Error> {
        let dotted =
            |domain: &str| domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
        let valid = address.len() <= 254
            && address.bytes().all(|byte| byte.is_ascii_graphic())
            && address.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty() && !domain.contains('@') && dotted(domain)
            });
        if !valid {
            return Err(identity(
                "e-mail address",
                address,
                "an address such as dev@sandbox.invalid",
            ));
        }
        Ok(Self::new(TokenSubject::Email(address.to_owned())))
    }

    /// A token with the claims of a GitHub Actions workflow run.
    pub fn github_workflow(workflow: GithubWorkflow) -> Self {
        Self::new(TokenSubject::GithubWorkflow(Box::new(workflow)))
    }

    /// For another audience than `sigstore`. Fulcio refuses such a token.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// For another lifetime than ten minutes. Zero or less gives a token that has expired.
    pub fn lifetime(mut self, lifetime: SignedDuration) -> Self {
        self.lifetime = lifetime;
        self
    }

    fn new(subject: TokenSubject) -> Self {
        TokenRequest { subject, audience: AUDIENCE.to_owned(), lifetime: LIFETIME }
    }
}

/// A run of a GitHub Actions workflow, as the claims of its token describe it.
///
/// The issuer is always the sandbox's own URL, never GitHub's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GithubWorkflow {
    /// The workflow that runs the job: what the certificate names.
    pub(crate) job: WorkflowReference,
    /// The workflow that was triggered; another one when `job` is a reusable workflow.
    pub(crate) caller: WorkflowReference,
    pub(crate) commit: String,
    pub(crate) event: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WorkflowReference {
    pub(crate) owner: String,
    /// `OWNER/REPO`
    pub(crate) repository: String,
    /// `OWNER/REPO/.github/workflows/FILE@REF`
    pub(crate) whole: String,
    /// `refs/heads/main`
    pub(crate) reference: String,
}

impl GithubWorkflow {
    /// A run of the workflow `OWNER/REPO/.github/workflows/FILE@REF`, where REF is a full one such
    /// as `refs/heads/main`, triggered by a push of the given commit (40 or 64 lower-case
    /// hexadecimal digits).
    ///
    /// # Errors
    /// [`Error::Identity`].
    pub fn new(workflow: &str, commit: &str) -> Result<Self, Error> {
        let job = WorkflowReference::parse(workflow)?;
        let hexadecimal = commit.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !hexadecimal || !matches!(commit.len(), 40 | 64) {
            let wanted = "40 or 64 lower-case hexadecimal digits";
            return Err(identity("commit", commit, wanted));
        }
        let caller = job.clone();
        Ok(GithubWorkflow { job, caller, commit: commit.to_owned(), event: "push".to_owned() })
    }

    /// The workflow is a reusable one, called by this other workflow, to whose repository the
    /// commit belongs.
    ///
    /// # Errors
    /// [`Error::Identity`].
    pub fn called_by(mut self, workflow: &str) -> Result<Self, Error> {
        self.caller = WorkflowReference::parse(workflow)?;
        Ok(self)
    }

    /// Triggered by another event than `push`, e.g. `workflow_dispatch`: lower-case letters and
    /// underscores.
    ///
    /// # Errors
    /// [`Error::Identity`].
    pub fn event(mut self, event: &str) -> Result<Self, Error> {
        if event.is_empty() || !event.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_')) {
            return Err(identity("event", event, "lower-case letters and underscores"));
        }
        self.event = event.to_owned();
        Ok(self)
    }
}

impl WorkflowReference {
    fn parse(text: &str) -> Result<Self, Error> {
        let wrong = || identity("workflow", text, WORKFLOW_FORM);
        let plain = |part: &str| {
            !matches!(part, "" | "." | "..")
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        let (path, reference) = text.split_once('@').ok_or_else(wrong)?;
        let [owner, name, ".github", "workflows", file] = path.split('/').collect::<Vec<_>>()[..]
        else {
            return Err(wrong());
        };
        let full = reference.strip_prefix("refs/").is_some_and(|rest| {
            rest.contains('/') && rest.bytes().all(|byte| byte.is_ascii_graphic())
        });
        if !(plain(owner) && plain(name) && plain(file) && full) {
            return Err(wrong());
        }
        Ok(WorkflowReference {
            owner: owner.to_owned(),
            repository: format!("{owner}/{name}"),
            whole: text.to_owned(),
            reference: reference.to_owned(),
        })
    }
}

fn identity(what: &'static str, found: &str, wanted: &'static str) -> Error {
    Error::Identity { what, found: found.chars().take(200).collect(), wanted }
}

/// What Fulcio wants in `aud` (fulcio `config/identity/config.yaml`, `ClientID`).
pub(crate) const AUDIENCE: &str = "sigstore";

const LIFETIME: SignedDuration = SignedDuration::from_mins(10);

const WORKFLOW_FORM: &str =
    "OWNER/REPO/.github/workflows/FILE@REF with a full ref such as refs/heads/main";
